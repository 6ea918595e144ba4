//! Writing: judged documents into batches, batches into outputs, and what could not be read into the
//! rejects.

use std::path::PathBuf;

use super::{OutputStyle, Targets};
use crate::decide::{Reason, score};
use crate::document::{Span, without};
use crate::engine::{Removal, Stripped};
use crate::error::{Error, Result};
use crate::index::Index;
use crate::io::read::{Broken, Decoded, RecordPlace};
use crate::io::source::{Source, Sources};
use crate::io::write::{Cleaned, Output, Staged};
use crate::report::audit::{AuditRow, Reject, json_line};
use crate::report::summary::Summary;

/// A batch that was judged, ready to be written.
pub(super) struct StrippedBatch {
    pub(super) source: usize,
    pub(super) cleaned: Cleaned,
    pub(super) audit: Vec<u8>,
    pub(super) rejects: Vec<Reject>,
    pub(super) summary: Summary,
}

/// Writes one judged document into its batch.
pub(super) struct DocumentWriter<'a> {
    pub(super) source: &'a Source,
    pub(super) index: &'a Index,
    pub(super) decoded: &'a Decoded<'a>,
    pub(super) stripped: &'a Stripped,
    pub(super) weights: &'a score::Weights,
    pub(super) targets: &'a Targets,
}

impl DocumentWriter<'_> {
    pub(super) fn write(&self, drops_empty: bool, done: &mut StrippedBatch) {
        let document = &self.decoded.document;
        let summary = &mut done.summary;
        summary.documents += 1;
        summary.paragraphs += self.stripped.sketch.paragraphs.len() as u64;
        summary.text_bytes += document.text.len() as u64;
        summary.guarded += u64::from(self.stripped.is_guarded);
        *summary.profiles.entry(self.stripped.profile.name()).or_default() += 1;
        if !summary.site_names.contains(&document.site) {
            summary.site_names.insert(document.site.clone());
        }
        let spans = self.stripped.spans();
        if let Some(note) = &self.decoded.encoding {
            let damage = (note.invalid, note.first);
            summary.add_encoding(&self.source.key, note.encoding, damage);
        }
        if spans.is_empty() {
            done.cleaned.keep(self.decoded);
            return;
        }
        summary.changed += 1;
        let is_emptied = without(&document.text, &spans).trim().is_empty();
        summary.emptied += u64::from(is_emptied);
        for removal in &self.stripped.removals {
            summary.count(removal.reason, removal.span.len());
            let documents = removal.evidence.site.documents;
            if removal.reason == Reason::Boilerplate && summary.top.takes(documents) {
                let paragraph = &self.stripped.sketch.paragraphs[removal.paragraph];
                let text = crate::report::summary::one_line(paragraph.span.of(&document.text), 80);
                summary.top.add(documents, &document.site, paragraph.masked.0, &text);
            }
        }
        let literals = self.decoded.literals(&spans);
        let is_dropped = is_emptied && drops_empty;
        if self.targets.removed.is_some() {
            self.write_audit(is_dropped, &literals, &mut done.audit);
        }
        match self.targets.style {
            _ if is_dropped => {}
            OutputStyle::Cleaned => done.cleaned.splice(self.decoded, &literals),
            OutputStyle::Marked => done.cleaned.between(&self.marked()),
        }
    }

    fn marked(&self) -> Vec<u8> {
        let raw = &self.decoded.raw;
        let end = memchr::memrchr(b'}', raw).expect("the record is a JSON object");
        let spans = self.stripped.removals.iter().map(|removal| {
            serde_json::json!({
                "start": removal.span.start, "end": removal.span.end, "reason": removal.reason,
            })
        });
        let spans = spans.collect::<serde_json::Value>();
        let removed = format!(",\"removed\":{spans}");
        [&raw[..end], removed.as_bytes(), &raw[end..]].concat()
    }

    fn write_audit(&self, is_dropped: bool, literals: &[Span], audit: &mut Vec<u8>) {
        let document = &self.decoded.document;
        let is_as_read = matches!(self.decoded.raw, std::borrow::Cow::Borrowed(_));
        let utf8 = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let rows = self.stripped.evidence_rows(&document.id, self.index, self.weights);
        let removals = self.stripped.removals.iter().zip(literals).zip(rows);
        for (at, ((removal, literal), evidence)) in removals.enumerate() {
            let text = removal.span.of(&document.text);
            let raw = utf8(&self.decoded.raw[literal.start..literal.end]);
            let is_canonical = self.decoded.spelling.canonical(text) == raw;
            let Removal { span, reason, .. } = removal;
            audit.extend(json_line(&AuditRow {
                id: document.id.clone(),
                site: document.site.clone(),
                start: span.start,
                end: span.end,
                reason: *reason,
                text: text.to_owned(),
                evidence,
                file: self.source.key.clone(),
                record: self.decoded.place.record,
                raw: (!is_canonical).then_some(raw),
                dropped: (is_dropped && at == 0).then(|| utf8(&self.decoded.raw)),
                offset: (is_dropped && at == 0 && is_as_read).then_some(self.decoded.place.offset),
            }));
        }
    }
}

/// The output that belongs to the input at hand.
pub(super) struct Outputs<'a> {
    targets: &'a Targets,
    sources: &'a Sources,
    open: Option<(usize, Output)>,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(targets: &'a Targets, sources: &'a Sources) -> Self {
        Self { targets, sources, open: None }
    }

    pub(super) fn of(&mut self, source: usize, staged: &mut Staged) -> Result<&mut Output> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != source) {
            let last = self.open.take();
            let output = match (&self.targets.out, last) {
                (None, _) => Output::Nowhere,
                (Some(out), last) if self.targets.is_folder => {
                    last.map_or(Ok(()), |(_, output)| output.finish(staged))?;
                    let Source { key, format, .. } = &self.sources.sources[source];
                    Output::create_for(*format, &out.join(format.output_key(key)))?
                }
                (Some(_), Some((_, output))) => output,
                (Some(out), None) => Output::create_for(self.sources.sources[source].format, out)?,
            };
            self.open = Some((source, output));
        }
        Ok(&mut self.open.as_mut().expect("it was just opened").1)
    }

    pub(super) fn close(self, staged: &mut Staged) -> Result<()> {
        self.open.map_or(Ok(()), |(_, output)| output.finish(staged))
    }
}

/// The rejects file, made with its first row.
#[derive(Default)]
pub(super) struct Rejects {
    path: Option<PathBuf>,
    output: Option<Output>,
}

impl Rejects {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, output: None }
    }

    pub(super) fn write(&mut self, rejects: &[Reject], is_strict: bool) -> Result<()> {
        for reject in rejects {
            let place = format!("{}:{}", reject.file, reject.line);
            if is_strict {
                return Err(Error::malformed(place, &reject.error));
            }
            if let (None, Some(path)) = (&self.output, &self.path) {
                self.output = Some(Output::create(path)?);
            }
            if let Some(output) = &mut self.output {
                output.write(&json_line(reject))?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self, staged: &mut Staged) -> Result<()> {
        self.output.map_or(Ok(()), |output| output.finish(staged))
    }
}

pub(super) fn reject(source: &Source, place: RecordPlace, error: String) -> Reject {
    Reject {
        file: source.key.clone(),
        line: place.line,
        offset: place.offset,
        record: place.record,
        error,
        raw: None,
        raw_hex: None,
    }
}

pub(super) fn broken_off(source: &Source, broken: &Broken) -> Reject {
    let error = format!("the input breaks off here: {}", broken.what);
    reject(source, broken.place, error)
}
