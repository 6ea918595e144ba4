//! Brings an audit and the texts it is about together, document by document, in bounded memory.

use std::path::Path;
use std::sync::Arc;

use super::audit::{AuditRows, rows};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::io::compress::Compression;
use crate::io::read::{Batch, BatchReader, Fields, Limits, Record};
use crate::io::source::Sources;
use crate::report::audit::AuditRow;

/// What the texts beside an audit are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// What the run left.
    Cleaned,
    /// What the run read, or wrote with the removed spans marked only.
    Original,
}

/// The texts an audit is about.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// The files.
    pub sources: &'a Sources,
    /// Which fields mean what.
    pub fields: &'a Fields,
    /// How much is read at a time.
    pub limits: &'a Limits,
    /// What they are.
    pub kind: TextKind,
}

/// One document of a run.
#[derive(Debug)]
pub struct Joined {
    /// The document with its original text, where there are texts.
    pub document: Option<Document>,
    /// What was removed from it, in order.
    pub rows: Vec<AuditRow>,
}

/// Calls `visit` with each document: all of the texts, or without texts those that lost something.
///
/// # Errors
///
/// When something cannot be read, the audit does not belong to the texts, or `visit` fails.
pub fn for_each(
    audit: &Path,
    texts: Option<Texts>,
    mut visit: impl FnMut(&Joined) -> Result<()>,
) -> Result<()> {
    let name = audit.display().to_string();
    let mut audit: AuditRows = rows(open(audit)?, &name).peekable();
    if let Some(texts) = texts {
        let mut records = 0;
        for number in 0..texts.sources.sources.len() {
            join_source(number, &texts, &mut audit, &mut |joined| {
                records += 1;
                visit(&joined)
            })?;
        }
        let Some(left) = audit.next().transpose()? else { return Ok(()) };
        let place = format!("{name}: {} record {} (id {})", left.file, left.record, left.id);
        let what = "stands in none of the texts; are these the texts of that run?";
        return Err(Error::malformed(place, what));
    }
    while let Some(first) = audit.next().transpose()? {
        let rows = rows_after(first, &mut audit)?;
        visit(&Joined { document: None, rows })?;
    }
    Ok(())
}

/// Opens an audit, decompressed as its name tells.
///
/// # Errors
///
/// When it cannot be opened.
pub fn open(path: &Path) -> Result<Box<dyn std::io::BufRead + Send>> {
    let file = std::fs::File::open(path).map_err(|e| Error::io("open", path, e))?;
    let name = path.to_string_lossy().to_lowercase();
    Compression::of_name(&name).0.reader(file)
}

fn join_source(
    number: usize,
    texts: &Texts,
    audit: &mut AuditRows,
    visit: &mut dyn FnMut(Joined) -> Result<()>,
) -> Result<()> {
    let source = &texts.sources.sources[number];
    let key = texts.sources.has_directory.then_some(source.key.as_str());
    let mut dropped = 0;
    let mut reader =
        BatchReader::open(source, number, (texts.fields, texts.limits), &Arc::default())?;
    while let Some(batch) = reader.next_batch(texts.limits) {
        for record in decoded(&batch, texts, number) {
            let Record::Document(decoded) = record else { continue };
            while texts.kind == TextKind::Cleaned
                && let Some(first) = next_if(audit, key, |row| row.dropped.is_some())?
            {
                dropped += 1;
                visit(dropped_document(rows_after(first, audit)?))?;
            }
            let document = decoded.document;
            let record = decoded.place.record + dropped;
            let own = next_if(audit, key, |row| row.id == document.id || row.record == record)?;
            let rows = own.map_or(Ok(Vec::new()), |first| rows_after(first, audit))?;
            visit(whole(document, rows, texts.kind)?)?;
        }
    }
    while texts.kind == TextKind::Cleaned
        && let Some(first) = next_if(audit, key, |row| row.dropped.is_some())?
    {
        visit(dropped_document(rows_after(first, audit)?))?;
    }
    Ok(())
}

fn decoded<'a>(
    batch: &'a Batch,
    texts: &'a Texts,
    number: usize,
) -> impl Iterator<Item = Record<'a>> {
    batch.decode(&texts.sources.sources[number], texts.fields, texts.limits)
}

/// The next row when it is of the file `key` (of any without one) and `is_wanted`.
fn next_if(
    audit: &mut AuditRows,
    key: Option<&str>,
    is_wanted: impl Fn(&AuditRow) -> bool,
) -> Result<Option<AuditRow>> {
    let is_next = |row: &Result<AuditRow>| match row {
        Ok(row) => key.is_none_or(|key| row.file == key) && is_wanted(row),
        Err(_) => true,
    };
    audit.next_if(is_next).transpose()
}

/// `first` and the rows of the same record.
fn rows_after(first: AuditRow, audit: &mut AuditRows) -> Result<Vec<AuditRow>> {
    let mut rows = vec![first];
    while let Some(row) = next_if(audit, None, |row| {
        row.record == rows[0].record && row.file == rows[0].file && row.start >= rows[0].end
    })? {
        rows.push(row);
    }
    Ok(rows)
}

/// A record that was left out: only white space stood between its removed spans.
fn dropped_document(rows: Vec<AuditRow>) -> Joined {
    let text = rows.iter().map(|row| row.text.as_str()).collect::<String>();
    let document = Document::new(&*rows[0].id, &*rows[0].site, text);
    let is_whole = rows[0].start == 0 && rows.windows(2).all(|pair| pair[0].end == pair[1].start);
    Joined { document: is_whole.then_some(document), rows }
}

/// Puts the removed spans back where they were.
fn whole(mut document: Document, rows: Vec<AuditRow>, kind: TextKind) -> Result<Joined> {
    let misfit = |row: &AuditRow| {
        let place = format!("{} record {} (id {})", row.file, row.record, row.id);
        let what = match kind {
            TextKind::Cleaned => {
                "its removed span does not fit the cleaned text; for texts that are whole give \
                 --original"
            }
            TextKind::Original => {
                "its removed span does not stand in the text; is this the input of that run?"
            }
        };
        Error::malformed(place, what)
    };
    if kind == TextKind::Original {
        let stands = |row: &&AuditRow| document.text.get(row.start..row.end) == Some(&row.text);
        if let Some(row) = rows.iter().find(|row| !stands(row)) {
            return Err(misfit(row));
        }
        return Ok(Joined { document: Some(document), rows });
    }
    let mut text = String::new();
    let mut at = 0_usize;
    for row in &rows {
        let kept = row.start.checked_sub(text.len()).and_then(|kept| at.checked_add(kept));
        let kept = kept.and_then(|to| Some((document.text.get(at..to)?, to)));
        let (kept, to) = kept.ok_or_else(|| misfit(row))?;
        text.push_str(kept);
        text.push_str(&row.text);
        at = to;
    }
    text.push_str(document.text.get(at..).unwrap_or_default());
    document.text = text;
    Ok(Joined { document: Some(document), rows })
}
