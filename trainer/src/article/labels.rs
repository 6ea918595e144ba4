//! Labelled documents: a letter for each line that is not blank.

use std::collections::BTreeMap as Map;
use std::path::Path;

use anyhow::{Result, bail, ensure};
use dechaff::Document;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::read::rows;

/// What people said a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The article's own: it must stay.
    Content,
    /// The site's: it must go.
    Boilerplate,
    /// Said before in the same document: it must go.
    Repeat,
    /// Metadata, disputed, or no part of these figures: it may do either.
    Either,
}

/// A document with its labels.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The document.
    pub document: Document,
    /// Its place among the records of its corpus, from 0.
    pub record: u64,
    /// Its language, for the figures only.
    pub language: String,
    /// A label for each line that is not blank.
    pub labels: Vec<Label>,
}

#[derive(Deserialize)]
struct LabelRow {
    id: String,
    #[serde(default)]
    lang: String,
    labels: String,
    #[serde(default)]
    sha256: String,
}

#[derive(Deserialize)]
struct CorpusRow {
    id: String,
    #[serde(default)]
    site: String,
    text: String,
}

#[derive(Deserialize)]
struct GoldRow {
    id: String,
    l: String,
}

/// The lines of a text that are not blank, each with its first byte.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = |line: &str| line.as_ptr() as usize - text.as_ptr() as usize;
    text.split('\n').map(str::trim).filter(|line| !line.is_empty()).map(move |l| (start(l), l))
}

/// The documents of `corpus` that one of the `labels` files has letters for: C content,
/// B boilerplate, D repeat; M (metadata) and ? may do either.
///
/// # Errors
///
/// When a file cannot be read, or letters belong to no document or to another text.
pub fn read(corpus: &Path, labels: &[impl AsRef<Path>]) -> Result<Vec<Labelled>> {
    let mut wanted: Map<String, LabelRow> = Map::new();
    for file in labels {
        for row in rows::<LabelRow>(file.as_ref())? {
            let row = row?;
            wanted.insert(row.id.clone(), row);
        }
    }
    let mut found = Vec::new();
    for (record, row) in (0..).zip(rows::<CorpusRow>(corpus)?) {
        let row = row?;
        let Some(label) = wanted.remove(&row.id) else { continue };
        let letters: Vec<Label> = label.labels.chars().map(of_news).collect::<Result<_>>()?;
        let units: Vec<&str> = lines(&row.text).map(|(_, line)| line).collect();
        let is_same = label.sha256.is_empty() || digest(&units) == label.sha256;
        ensure!(is_same && units.len() == letters.len(), "{}: labels of another text", row.id);
        found.push(Labelled {
            document: Document::new(row.id, row.site, row.text),
            record,
            language: label.lang,
            labels: letters,
        });
    }
    if let Some(id) = wanted.keys().next() {
        bail!("{} holds no document {id}", corpus.display());
    }
    Ok(found)
}

/// Every `step`-th document of a generated crawl with its gold. Site lines must go and bodies stay;
/// copies do not bear on the boilerplate score.
///
/// # Errors
///
/// When a file cannot be read, or the two do not fit together.
pub fn read_crawl(corpus: &Path, gold: &Path, step: u64) -> Result<Vec<Labelled>> {
    let mut found = Vec::new();
    let pairs = rows::<CorpusRow>(corpus)?.zip(rows::<GoldRow>(gold)?);
    for (record, (row, gold)) in (0..).zip(pairs).filter(|(record, _)| record % step == 0) {
        let (row, gold) = (row?, gold?);
        ensure!(row.id == gold.id, "{} is not the gold of {}", gold.id, row.id);
        let letters: Vec<char> = gold.l.chars().collect();
        ensure!(row.text.split('\n').count() == letters.len(), "{}: gold of another text", row.id);
        let of_lines =
            row.text.split('\n').zip(letters).filter(|(line, _)| !line.trim().is_empty());
        found.push(Labelled {
            labels: of_lines.map(|(_, letter)| of_crawl(letter)).collect(),
            document: Document::new(row.id, row.site, row.text),
            record,
            language: String::new(),
        });
    }
    Ok(found)
}

fn of_news(letter: char) -> Result<Label> {
    Ok(match letter {
        'C' => Label::Content,
        'B' => Label::Boilerplate,
        'D' => Label::Repeat,
        'M' | '?' => Label::Either,
        _ => bail!("{letter} is no label"),
    })
}

fn of_crawl(letter: char) -> Label {
    match letter {
        'B' | 'K' => Label::Content,
        'H' | 'V' | 'R' => Label::Boilerplate,
        _ => Label::Either,
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of all lines.
fn digest(lines: &[&str]) -> String {
    let digest = Sha256::digest(lines.join("\n").as_bytes());
    let number = digest.iter().take(8).fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    format!("{number:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_have_no_label() {
        let found: Vec<_> = lines("One\n \n  two \n\nthree").collect();
        assert_eq!(found, [(0, "One"), (8, "two"), (14, "three")]);
    }

    #[test]
    fn a_digest_is_that_of_the_scorers() {
        assert_eq!(digest(&["a", "b"]), "7e18f737311b2dc3");
    }
}
