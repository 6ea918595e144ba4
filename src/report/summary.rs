//! What a run did, in numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::decide::Reason;
use crate::index::Input;
use crate::text::plain::is_hostile;

/// What a run did: the same for the same inputs and settings, but for the time it took.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Summary {
    /// Version of this program.
    pub version: String,
    /// Settings that decide what goes.
    pub settings: BTreeMap<String, String>,
    /// XXH3-64 of the index that was used, in hexadecimal.
    pub index: Option<String>,
    /// Inputs with their digests.
    pub inputs: Vec<Input>,
    /// Documents read.
    pub documents: u64,
    /// Sites they are from.
    pub sites: u64,
    /// Documents judged under each profile.
    pub profiles: BTreeMap<&'static str, u64>,
    /// Paragraphs read.
    pub paragraphs: u64,
    /// Bytes of text read.
    pub text_bytes: u64,
    /// Spans and bytes removed, by reason.
    pub removed: BTreeMap<&'static str, Removed>,
    /// Bytes removed, by scope.
    pub scopes: BTreeMap<&'static str, u64>,
    /// Documents that lost something.
    pub changed: u64,
    /// Documents that nothing was left of.
    pub emptied: u64,
    /// Documents kept because they would have lost too much.
    pub guarded: u64,
    /// Records larger than the limit, passed through unjudged.
    pub oversized: u64,
    /// Records set aside as unreadable.
    pub rejected: u64,
    /// Archive records passed over because they hold no text, by what they are.
    pub passed_over: BTreeMap<String, u64>,
    /// Inputs, or pages of web archives, that were not in UTF-8, by encoding.
    pub encodings: BTreeMap<String, u64>,
    /// Sequences that no character stands for; each became U+FFFD.
    pub invalid_sequences: u64,
    /// Where the first of them are, file by file; at most a hundred.
    pub damaged: Vec<String>,
    /// Files that could not be opened, with the reason.
    pub unreadable: Vec<String>,
    /// Files of directories passed over because of their names.
    pub skipped: u64,
    /// The paragraphs on most documents of a site.
    pub most_repeated: Vec<Repeated>,
    #[serde(skip)]
    pub(crate) top: Top,
    /// Site names, to count them.
    #[serde(skip)]
    pub(crate) site_names: BTreeSet<String>,
}

/// What went for one reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// Number of spans.
    pub spans: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A paragraph that stands on many documents of a site.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Repeated {
    /// Documents of the site that hold it.
    pub documents: u32,
    /// The site.
    pub site: String,
    /// One text of it.
    pub text: String,
}

/// The ten greatest, least text first among equals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Top(BTreeMap<(std::cmp::Reverse<u32>, String, u64), String>);

const TOP: usize = 10;
const DAMAGED_MAX: usize = 100;

impl Top {
    /// What [`Self::add`] took in and kept.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u32, String, u64, String)> {
        self.0.iter().map(|((documents, site, fingerprint), text)| {
            (documents.0, site.clone(), *fingerprint, text.clone())
        })
    }

    /// Whether [`Self::add`] would take a paragraph on so many documents in.
    pub(crate) fn takes(&self, documents: u32) -> bool {
        let is_full = self.0.len() >= TOP;
        !is_full || self.0.last_key_value().is_none_or(|(key, _)| key.0.0 <= documents)
    }

    /// Takes a paragraph in, when it is among the greatest.
    pub(crate) fn add(&mut self, documents: u32, site: &str, fingerprint: u64, text: &str) {
        if !self.takes(documents) {
            return;
        }
        let key = (std::cmp::Reverse(documents), site.to_owned(), fingerprint);
        let kept = self.0.entry(key).or_insert_with(|| text.to_owned());
        if text < kept.as_str() {
            text.clone_into(kept);
        }
        if self.0.len() > TOP {
            self.0.pop_last();
        }
    }
}

impl Summary {
    /// Adds what another part of the run did.
    pub(crate) fn add(&mut self, other: Self) {
        self.documents += other.documents;
        self.paragraphs += other.paragraphs;
        self.text_bytes += other.text_bytes;
        self.changed += other.changed;
        self.emptied += other.emptied;
        self.guarded += other.guarded;
        self.oversized += other.oversized;
        self.rejected += other.rejected;
        for (profile, documents) in other.profiles {
            *self.profiles.entry(profile).or_default() += documents;
        }
        for (what, count) in other.passed_over {
            *self.passed_over.entry(what).or_default() += count;
        }
        for (encoding, count) in other.encodings {
            *self.encodings.entry(encoding).or_default() += count;
        }
        self.invalid_sequences += other.invalid_sequences;
        self.unreadable.extend(other.unreadable);
        self.damaged.extend(other.damaged);
        self.damaged.truncate(DAMAGED_MAX);
        for (reason, removed) in other.removed {
            let sum = self.removed.entry(reason).or_default();
            sum.spans += removed.spans;
            sum.bytes += removed.bytes;
        }
        for ((documents, site, fingerprint), text) in other.top.0 {
            self.top.add(documents.0, &site, fingerprint, &text);
        }
        self.site_names.extend(other.site_names);
    }

    /// Counts a text that was not in UTF-8; `key` is its input. `invalid` sequences in it stand for
    /// no character, the `first` of them at that byte.
    pub(crate) fn add_encoding(
        &mut self,
        key: &str,
        encoding: &str,
        (invalid, first): (u64, Option<u64>),
    ) {
        *self.encodings.entry(encoding.to_owned()).or_default() += 1;
        self.invalid_sequences += invalid;
        if let Some(first) = first.filter(|_| self.damaged.len() < DAMAGED_MAX) {
            let what = format!("{invalid} invalid in {encoding}, the first at byte {first}");
            self.damaged.push(format!("{key}: {what}"));
        }
    }

    /// Counts one removed span.
    pub(crate) fn count(&mut self, reason: Reason, bytes: usize) {
        let sum = self.removed.entry(reason.name()).or_default();
        sum.spans += 1;
        sum.bytes += bytes as u64;
    }

    /// Fills in what follows from the counts.
    pub(crate) fn finish(&mut self) {
        env!("CARGO_PKG_VERSION").clone_into(&mut self.version);
        self.sites = self.site_names.len() as u64;
        for reason in Reason::ALL {
            let bytes = self.removed.entry(reason.name()).or_default().bytes;
            let scope = match reason {
                Reason::Boilerplate => "site",
                Reason::Duplicate => "corpus",
                Reason::Repeat | Reason::Rule | Reason::Orphan | Reason::Page => "document",
            };
            *self.scopes.entry(scope).or_default() += bytes;
        }
        let rows = std::mem::take(&mut self.top.0).into_iter();
        self.most_repeated = rows
            .map(|((documents, site, _), text)| Repeated { documents: documents.0, site, text })
            .collect();
    }

    /// Bytes removed for all reasons together.
    pub fn removed_bytes(&self) -> u64 {
        self.removed.values().map(|removed| removed.bytes).sum()
    }
}

impl Summary {
    /// What was passed over and what was written in another encoding.
    fn fmt_encodings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = self.passed_over.iter().map(|(what, count)| (count, what, "archive records"));
        let encodings = self.encodings.iter().map(|(name, count)| (count, name, "texts in"));
        for (count, what, of) in encodings {
            writeln!(f, "{} {of} {what}, written as UTF-8", grouped(*count))?;
        }
        for (count, what, of) in passed {
            writeln!(f, "{} {of} passed over: {what}", grouped(*count))?;
        }
        if self.invalid_sequences > 0 {
            let count = grouped(self.invalid_sequences);
            writeln!(f, "{count} invalid sequences became U+FFFD:")?;
        }
        for place in self.damaged.iter().take(TOP) {
            writeln!(f, "  {place}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |bytes: u64| {
            #[expect(clippy::cast_precision_loss, reason = "a share is shown with two digits")]
            let share = 100.0 * bytes as f64 / self.text_bytes.max(1) as f64;
            share
        };
        writeln!(
            f,
            "{} documents of {}, {} paragraphs, {} of text",
            grouped(self.documents),
            if self.sites == 1 {
                "one site".to_owned()
            } else {
                format!("{} sites", grouped(self.sites))
            },
            grouped(self.paragraphs),
            bytes(self.text_bytes),
        )?;
        let profiles = self
            .profiles
            .iter()
            .map(|(profile, documents)| format!("{profile} for {} documents", grouped(*documents)));
        if !self.profiles.is_empty() {
            writeln!(f, "profile: {}", profiles.collect::<Vec<_>>().join(", "))?;
        }
        let all = self.removed_bytes();
        writeln!(f, "removed {} ({:.2} %)", bytes(all), share(all))?;
        for reason in Reason::ALL {
            let removed = self.removed.get(reason.name()).copied().unwrap_or_default();
            if removed.spans > 0 {
                writeln!(
                    f,
                    "  {:<12} {:>10} paragraphs {:>10} ({:.2} %)",
                    reason.name(),
                    grouped(removed.spans),
                    bytes(removed.bytes),
                    share(removed.bytes),
                )?;
            }
        }
        let scopes: Vec<String> =
            self.scopes.iter().map(|(scope, taken)| format!("{scope} {}", bytes(*taken))).collect();
        writeln!(f, "  by scope: {}", scopes.join(", "))?;
        let notes = [
            (self.changed, "documents changed"),
            (self.emptied, "documents emptied"),
            (self.guarded, "documents kept whole: they would have lost more than --max-removed"),
            (self.oversized, "records over --max-record-bytes passed through unjudged"),
            (self.rejected, "records set aside as unreadable"),
            (self.skipped, "files passed over: their names tell no format"),
        ];
        for (count, note) in notes.into_iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{} {note}", grouped(count))?;
        }
        self.fmt_encodings(f)?;
        if !self.most_repeated.is_empty() {
            writeln!(f, "most repeated:")?;
        }
        for row in &self.most_repeated {
            let text: String = one_line(&row.text, 60);
            writeln!(f, "  {:>8}  {}  {text}", grouped(u64::from(row.documents)), row.site)?;
        }
        Ok(())
    }
}

/// `text` on one line of at most `characters`, what is hostile to a terminal made visible.
pub(crate) fn one_line(text: &str, characters: usize) -> String {
    let shown = text.trim().chars().map(|c| if is_hostile(c) { '·' } else { c });
    let mut line: String = shown.clone().take(characters).collect();
    if shown.count() > characters {
        line.push('…');
    }
    line
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Bytes with a decimal unit.
fn bytes(number: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let number = number as f64;
    match number {
        n if n >= 1e9 => format!("{:.2} GB", n / 1e9),
        n if n >= 1e6 => format!("{:.1} MB", n / 1e6),
        n if n >= 1e3 => format!("{:.1} kB", n / 1e3),
        n => format!("{n} bytes"),
    }
}
