//! The record of what went and why: one removed span a line, and one line for each record that
//! could not be read.

use std::io::BufRead;
use std::iter::Peekable;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::decide::score::{FEATURES, Weights};
use crate::decide::{Evidence, Reason};
use crate::error::{Error, Result};
use crate::index::Index;

/// The rows of an audit, in order.
pub type AuditRows<'a> = Peekable<Box<dyn Iterator<Item = Result<AuditRow>> + 'a>>;

/// Reads the rows of a JSONL file; `name` is for messages.
pub fn rows<'a, T: serde::de::DeserializeOwned + 'a>(
    reader: impl BufRead + 'a,
    name: &'a str,
) -> Box<dyn Iterator<Item = Result<T>> + 'a> {
    Box::new((1..).zip(reader.lines()).map(move |(number, line): (u64, _)| {
        let line = line.map_err(|e| Error::io("read", name, e))?;
        let place = format!("{name}:{number}");
        serde_json::from_str(&line).map_err(|e| Error::malformed(place, e))
    }))
}

/// One removed span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// The document's id.
    pub id: String,
    /// The document's site.
    pub site: String,
    /// First byte of the span in the original text.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Why it went.
    pub reason: Reason,
    /// The removed bytes of the text.
    pub text: String,
    /// What the verdict rests on.
    pub evidence: EvidenceRow,
    /// The input's key.
    pub file: String,
    /// The record's number in its input, from 0.
    pub record: u64,
    /// How the record spelled the span, where that is not how this program would.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<String>,
    /// The whole record, line end included, on the first row of a record that was dropped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dropped: Option<String>,
    /// First byte of a dropped record in the decompressed input.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offset: Option<u64>,
}

/// The evidence as the audit shows it; what played no part is left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// Documents that hold the paragraph: of the site for boilerplate, of the corpus for duplicates.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub documents: Option<u64>,
    /// Share of the site's documents that hold it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rate: Option<f64>,
    /// How many of the documents looked at are otherwise different.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contexts: Option<u32>,
    /// Share of its tokens in shingles of the site's template.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub template: Option<f64>,
    /// Share of its tokens that the witness says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub containment: Option<f64>,
    /// For a duplicate: share of its numbers that the witness says in the same place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub numbers: Option<f64>,
    /// The document that says it, for a repeat the document itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub witness: Option<String>,
    /// For a repeat: the number of the earlier paragraph, from 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paragraph: Option<u32>,
    /// The rule or pattern that took it out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// How much it looks like boilerplate, or on a whole page like part of the article; above 0 it
    /// is taken for that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub score: Option<f64>,
    /// What weighed most in the score, the greatest first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub inputs: Option<Map<String, Value>>,
}

/// Inputs of a score that the audit names.
const INPUTS_SHOWN: usize = 3;

impl EvidenceRow {
    /// What of `evidence` bears on `reason`, for the document `id`.
    pub fn new(evidence: &Evidence, reason: Reason, id: &str, index: &Index) -> Self {
        let mut row = Self::default();
        let site = &evidence.site;
        if matches!(reason, Reason::Boilerplate | Reason::Orphan) && site.documents > 0 {
            row.documents = Some(u64::from(site.documents));
            #[expect(clippy::cast_precision_loss, reason = "document counts lie below 2^52")]
            let rate = f64::from(site.documents) / site.of_documents.max(1) as f64;
            row.rate = Some(rounded(rate));
            row.contexts = Some(site.contexts);
            row.template = (site.template > 0.0).then(|| rounded(site.template));
        }
        match reason {
            Reason::Duplicate => {
                row.containment = evidence.witness.map(|witness| rounded(witness.containment));
                row.numbers = evidence.witness.map(|witness| rounded(witness.numbers));
                row.documents = evidence.witness.map(|witness| u64::from(witness.documents));
                row.witness = evidence.witness.map(|witness| index.id(witness.number).to_owned());
            }
            Reason::Repeat | Reason::Boilerplate => {
                let repeat = evidence.repeat;
                row.containment = repeat.map(|repeat| rounded(repeat.containment));
                row.witness = repeat.map(|_| id.to_owned());
                row.paragraph = repeat.map(|repeat| repeat.of);
            }
            Reason::Rule => row.rule = evidence.denied.clone().or_else(|| evidence.rule.clone()),
            Reason::Orphan => {}
            Reason::Page => {
                if let Some(page) = &evidence.page {
                    row.score = Some(rounded(page.score));
                    row.inputs = Some(inputs(page.inputs.iter()));
                }
            }
        }
        row
    }
}

impl EvidenceRow {
    /// Adds the score of a paragraph that has evidence from its site.
    #[must_use]
    pub fn with_score(mut self, score: f64) -> Self {
        self.score = self.score.or(self.rate.map(|_| rounded(score)));
        self
    }

    /// Adds what the score of `features` says, as far as it bears on `reason`.
    #[must_use]
    pub fn scored(self, reason: Reason, weights: &Weights, features: &[f64; FEATURES]) -> Self {
        match reason {
            Reason::Boilerplate => self
                .with_score(weights.score(features))
                .with_inputs(&weights.loudest(features, INPUTS_SHOWN)),
            Reason::Orphan => self.with_score(weights.score(features)),
            _ => self,
        }
    }

    /// Adds the loudest inputs of a score.
    #[must_use]
    pub fn with_inputs(mut self, loudest: &[(&str, f64)]) -> Self {
        self.inputs = Some(inputs(loudest.iter()));
        self
    }

    /// All evidence on a paragraph of the document `id`, whatever the verdict.
    pub fn all(evidence: &Evidence, id: &str, index: &Index) -> Self {
        let site = Self::new(evidence, Reason::Boilerplate, id, index);
        let corpus = Self::new(evidence, Reason::Duplicate, id, index);
        let page = Self::new(evidence, Reason::Page, id, index);
        let rule = Self::new(evidence, Reason::Rule, id, index).rule;
        let site = Self { score: page.score, inputs: page.inputs, ..site };
        match evidence.repeat {
            Some(_) => Self { rule, ..site },
            None => Self { rule, containment: corpus.containment, witness: corpus.witness, ..site },
        }
    }
}

/// The inputs of a score with what each adds to it.
fn inputs<'a>(parts: impl Iterator<Item = &'a (&'a str, f64)>) -> Map<String, Value> {
    parts.map(|(name, part)| ((*name).to_owned(), rounded(*part).into())).collect()
}

/// A record that could not be read, or the end of an input that broke off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The input's key.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// First byte in the decompressed input.
    pub offset: u64,
    /// The record's number in its input, from 0.
    pub record: u64,
    /// What is wrong.
    pub error: String,
    /// The record's bytes where they are UTF-8, line end included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw: Option<String>,
    /// The record's bytes as hexadecimal digits where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw_hex: Option<String>,
}

impl Reject {
    /// The record's bytes as they were read.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        if let Some(raw) = &self.raw {
            return Some(raw.clone().into_bytes());
        }
        let digits = self.raw_hex.as_ref()?.as_bytes();
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).map(pair).collect()
    }

    /// Puts the record's bytes in.
    #[must_use]
    pub fn with_bytes(mut self, bytes: &[u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            self.raw = Some(text.to_owned());
        } else {
            let hex = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
            self.raw_hex = Some(hex.filter_map(|d| char::from_digit(d.into(), 16)).collect());
        }
        self
    }
}

/// Four decimals are enough to read and are the same on every machine.
fn rounded(share: f64) -> f64 {
    (share * 10_000.0).round() / 10_000.0
}

/// One line of JSON.
pub(crate) fn json_line(row: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(row).expect("rows of strings and numbers have a JSON form");
    line.push(b'\n');
    line
}
