//! Counting: how often each fingerprint stands where, as a commutative monoid.
//!
//! [`Builder`] counts a run in bounded memory, [`merge`] adds indexes (a finished builder is one
//! more summand), [`Index`] is the finished, read-only result, [`mod@format`] its bytes.
//!
//! A row is (fingerprint, site, document count, head count, sample of documents). Counts add; the
//! sample keeps the least position and the [`SAMPLE`] documents of least identity, by the same
//! hash for all fingerprints, so that the samples of two fingerprints agree. Documents are numbered
//! by position (generation, order, input key, record), so that the least number is the first document.
//! Grouping and order of merges therefore do not show in the bytes.

pub mod answers;
pub mod build;
mod documents;
pub mod format;
pub mod merge;
pub(crate) mod parts;
mod repeated;
pub mod row;
pub mod sketches;
mod spill;
mod summands;
pub mod table;
mod tuples;

pub use answers::{Answers, Finder};
pub use build::Builder;
pub use merge::{Assembly, Keep};
pub use row::{Row, SiteCount, Totals};
pub use table::{DocumentRow, Index, Input, Site};

/// How many documents of least identity a row keeps for a site, beside the first.
pub const SAMPLE: usize = 8;
/// Rows are cut by the top bits of their fingerprint into this many partitions.
pub const PARTITIONS: usize = 256;
/// Longest text kept to show what recurs, in bytes.
pub const TEXT_BYTES_MAX: usize = 200;

/// The partition that holds a fingerprint: its top byte.
#[inline]
pub(crate) fn partition_of(fingerprint: crate::text::Fingerprint) -> usize {
    usize::from(fingerprint.0.to_le_bytes()[7])
}
