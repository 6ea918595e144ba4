//! Sites left out: which part of a split a site belongs to.

/// The part, of `folds`, that a site belongs to: that of its registrable domain, so that one
/// owner's sites stay together.
///
/// # Examples
///
/// ```
/// use dechaff_trainer::folds::fold_of;
/// assert_eq!(fold_of("news.example.com", 5), fold_of("sport.example.com", 5));
/// ```
pub fn fold_of(site: &str, folds: u64) -> u64 {
    hash(psl::domain_str(site).unwrap_or(site)) % folds
}

/// A hash that is the same on every machine.
pub(crate) fn hash(text: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(text.as_bytes())
}
