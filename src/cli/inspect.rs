//! `dechaff inspect`.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Outcome, args};
use crate::error::{Error, Result};
use crate::index::{Index, PARTITIONS};
use crate::report::summary::one_line;
use crate::text::shingle::Kind;

pub(super) fn run(command: &args::Inspect) -> Result<Outcome> {
    let index = Index::open(&command.index)?;
    let shown = match &command.site {
        Some(site) => templates(&index, site, command.top)?,
        None => overview(&index, command.top),
    };
    super::print(&shown)?;
    Ok(Outcome::Done)
}

fn overview(index: &Index, top: usize) -> String {
    let recipe = index.recipe();
    let mut shown = String::new();
    let mut line = |text: String| shown.extend([text.as_str(), "\n"]);
    line(format!(
        "{} documents of {} sites from {} inputs",
        index.documents(),
        index.sites().len(),
        index.inputs().len()
    ));
    line(format!(
        "paragraphs: {:?}, shingles of {} tokens, windows of {}",
        recipe.paragraph, recipe.shingle_len, recipe.window
    ));
    let mut sites: Vec<_> = index.sites().iter().collect();
    sites.sort_by_key(|site| (std::cmp::Reverse(site.documents), &site.name));
    for site in sites.into_iter().take(top) {
        line(format!("  {:>9}  {}", site.documents, one_line(&site.name, 80)));
    }
    shown
}

/// What recurs on a site, most documents first.
fn templates(index: &Index, site: &str, top: usize) -> Result<String> {
    let number = index
        .site(site)
        .ok_or_else(|| Error::settings(format!("the index has counted no site {site:?}")))?;
    let mut found = BTreeSet::new();
    for row in (0..PARTITIONS).flat_map(|partition| index.rows(partition)) {
        if row.fingerprint.kind() != Kind::Paragraph {
            continue;
        }
        let sites = row.sites();
        let Some(count) = sites.iter().find(|count| count.site == number) else { continue };
        if let (true, Some(text)) = (count.documents > 1, index.text(row.fingerprint)) {
            found.insert((std::cmp::Reverse(count.documents), text.to_owned()));
            if found.len() > top {
                found.pop_last();
            }
        }
    }
    let mut shown = String::new();
    for (documents, text) in found {
        let written = writeln!(shown, "{:>9}  {}", documents.0, one_line(&text, 120));
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    Ok(shown)
}
