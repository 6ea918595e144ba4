//! A summary of a part of a run, as it is kept for the run that continues it.
//!
//! The summary that users get is counted to its end; this one can be added up.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::summary::{Removed, Summary, Top};
use crate::decide::Reason;
use crate::decide::page::Profile;

/// What a summary holds before it is finished.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checkpoint {
    documents: u64,
    paragraphs: u64,
    text_bytes: u64,
    changed: u64,
    emptied: u64,
    guarded: u64,
    oversized: u64,
    rejected: u64,
    invalid_sequences: u64,
    profiles: BTreeMap<String, u64>,
    removed: BTreeMap<String, Removed>,
    passed_over: BTreeMap<String, u64>,
    encodings: BTreeMap<String, u64>,
    damaged: Vec<String>,
    pub(crate) unreadable: Vec<String>,
    top: Vec<(u32, String, u64, String)>,
    sites: BTreeSet<String>,
}

impl Checkpoint {
    /// Keeps a summary that is not finished.
    pub(crate) fn of(summary: &Summary) -> Self {
        let owned = |(name, value): (&&str, &u64)| ((*name).to_owned(), *value);
        Self {
            documents: summary.documents,
            paragraphs: summary.paragraphs,
            text_bytes: summary.text_bytes,
            changed: summary.changed,
            emptied: summary.emptied,
            guarded: summary.guarded,
            oversized: summary.oversized,
            rejected: summary.rejected,
            invalid_sequences: summary.invalid_sequences,
            profiles: summary.profiles.iter().map(owned).collect(),
            removed: summary.removed.iter().map(|(name, sum)| ((*name).to_owned(), *sum)).collect(),
            passed_over: summary.passed_over.clone(),
            encodings: summary.encodings.clone(),
            damaged: summary.damaged.clone(),
            unreadable: summary.unreadable.clone(),
            top: summary.top.rows().collect(),
            sites: summary.site_names.clone(),
        }
    }

    /// The summary again; names that this version does not know are left out.
    pub(crate) fn summary(self) -> Summary {
        let profiles = [Profile::Article, Profile::Page].map(Profile::name);
        let reasons = Reason::ALL.map(Reason::name);
        let mut top = Top::default();
        for (documents, site, fingerprint, text) in &self.top {
            top.add(*documents, site, *fingerprint, text);
        }
        Summary {
            documents: self.documents,
            paragraphs: self.paragraphs,
            text_bytes: self.text_bytes,
            changed: self.changed,
            emptied: self.emptied,
            guarded: self.guarded,
            oversized: self.oversized,
            rejected: self.rejected,
            invalid_sequences: self.invalid_sequences,
            profiles: known(&profiles, &self.profiles),
            removed: known(&reasons, &self.removed),
            passed_over: self.passed_over,
            encodings: self.encodings,
            damaged: self.damaged,
            unreadable: self.unreadable,
            top,
            site_names: self.sites,
            ..Summary::default()
        }
    }
}

/// The values that stand under known names.
fn known<V: Copy>(
    names: &[&'static str],
    values: &BTreeMap<String, V>,
) -> BTreeMap<&'static str, V> {
    names.iter().filter_map(|name| Some((*name, *values.get(*name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_comes_back_as_it_was() {
        let mut summary = Summary { documents: 3, text_bytes: 70, ..Summary::default() };
        summary.count(Reason::Rule, 9);
        summary.profiles.insert(Profile::Page.name(), 3);
        summary.add_encoding("a.txt", "UTF-16LE", (1, Some(4)));
        summary.top.add(5, "a.example", 7, "Subscribe");
        summary.site_names.insert("a.example".to_owned());
        summary.unreadable.push("b.txt: gone".to_owned());
        let kept = Checkpoint::of(&summary);
        let spelled = serde_json::to_string(&kept).expect("it has a JSON form");
        let read: Checkpoint = serde_json::from_str(&spelled).expect("it was just written");
        assert_eq!(read, kept);
        assert_eq!(Checkpoint::of(&read.summary()), kept);
    }
}
