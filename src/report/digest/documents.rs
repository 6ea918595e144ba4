//! Documents shown whole: what stayed and what went, in order.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::audit::{AuditRow, EvidenceRow};
use super::super::join::Joined;
use super::{DocumentName, RemovalView};
use crate::document::{Document, Span};
use crate::hash::HashMap;
use crate::text::plain::visible;

/// One document with its removed spans.
#[derive(Debug, Clone, Serialize)]
pub struct DocumentView {
    /// Which.
    pub document: DocumentName,
    /// The site.
    pub site: String,
    /// Bytes of its text.
    pub bytes: usize,
    /// Bytes removed.
    pub removed: usize,
    /// Its text in order.
    pub parts: Vec<Part>,
}

/// A run of text that stayed, or a span that went.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// Its text, cut short in the middle.
    pub text: String,
    /// Bytes left out of the middle.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: usize,
    /// What follows what was left out.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rest: String,
    /// Why it went; nothing where it stayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// What the verdict rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRow>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Which documents to show, those of least rank first when there are too many.
#[derive(Default)]
pub(super) struct Gallery {
    wanted: HashMap<(String, u64), usize>,
    wanted_ids: HashMap<String, usize>,
    found: BTreeMap<(usize, u64), DocumentView>,
    seen: u64,
    documents_max: usize,
}

/// Characters of a kept run and of a removed span before their middle is left out.
const KEPT_CHARACTERS: usize = 900;
const REMOVED_CHARACTERS: usize = 1500;
/// Parts of a document that are shown.
const PARTS_MAX: usize = 400;

impl Gallery {
    pub(super) fn new(documents_max: usize) -> Self {
        Self { documents_max, ..Self::default() }
    }

    /// Wants the documents of `removals` and, where `removals` name one, their witnesses.
    pub(super) fn want(&mut self, removals: &[RemovalView]) {
        for removal in removals {
            let rank = self.wanted.len() + self.wanted_ids.len();
            let name = (removal.document.file.clone(), removal.document.record);
            self.wanted.entry(name).or_insert(rank);
            if let Some(witness) = &removal.evidence.witness
                && *witness != removal.document.id
            {
                self.wanted_ids.entry(witness.clone()).or_insert(rank + 1);
            }
        }
    }

    /// Takes a document in when it is wanted; `is_example` when something else shows it.
    pub(super) fn add(&mut self, joined: &Joined, is_example: Option<usize>) {
        let Some(document) = &joined.document else { return };
        self.seen += 1;
        let by_place = joined
            .rows
            .first()
            .and_then(|row| self.wanted.get(&(visible(&row.file), row.record)).copied());
        let by_id = || self.wanted_ids.get(&visible(&document.id)).copied();
        let Some(rank) = by_place.or_else(by_id).or(is_example) else { return };
        self.found.insert((rank, self.seen), view(document, &joined.rows));
        if self.found.len() > self.documents_max {
            self.found.pop_last();
        }
    }

    /// The documents, in the order they were wanted.
    pub(super) fn into_documents(self) -> Vec<DocumentView> {
        self.found.into_values().collect()
    }
}

fn view(document: &Document, rows: &[AuditRow]) -> DocumentView {
    let mut parts = Vec::new();
    let mut at = 0;
    for row in rows {
        if parts.len() >= PARTS_MAX {
            break;
        }
        if at < row.start {
            parts.push(Part::new(Span::new(at, row.start).of(&document.text), KEPT_CHARACTERS));
        }
        let mut evidence = row.evidence.clone();
        evidence.witness = evidence.witness.as_deref().map(visible);
        evidence.rule = evidence.rule.as_deref().map(visible);
        parts.push(Part {
            reason: Some(row.reason.name()),
            evidence: Some(evidence),
            ..Part::new(&row.text, REMOVED_CHARACTERS)
        });
        at = row.end;
    }
    if at < document.text.len() {
        parts.push(Part::new(
            Span::new(at, document.text.len()).of(&document.text),
            KEPT_CHARACTERS,
        ));
    }
    let first = rows.first();
    DocumentView {
        document: first.map_or_else(
            || DocumentName { file: String::new(), record: 0, id: visible(&document.id) },
            DocumentName::new,
        ),
        site: visible(&document.site),
        bytes: document.text.len(),
        removed: rows.iter().map(|row| row.text.len()).sum(),
        parts,
    }
}

impl Part {
    fn new(text: &str, characters: usize) -> Self {
        let cut = |at: usize| text.char_indices().nth(at).map(|(byte, _)| byte);
        let tail = characters / 3;
        let mut part = Self {
            text: visible(text),
            left_out: 0,
            rest: String::new(),
            reason: None,
            evidence: None,
        };
        if cut(characters).is_none() {
            return part;
        }
        let head = cut(characters - tail).unwrap_or(text.len());
        let rest = text.char_indices().rev().nth(tail.saturating_sub(1));
        let rest = rest.map_or(text.len(), |(byte, _)| byte).max(head);
        part.text = visible(text.get(..head).unwrap_or_default());
        part.rest = visible(text.get(rest..).unwrap_or_default());
        part.left_out = rest - head;
        part
    }
}
