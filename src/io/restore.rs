//! Cleaned files and their audit give the originals back.

use std::io::BufRead;
use std::iter::Peekable;

use super::read::jsonl::{LiteralWalk, canonical};
use super::write::Output;
use crate::error::{Error, Result};
use crate::report::audit::{AuditRow, Reject};

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

/// What belongs to one file of a restoration.
pub struct Restoration<'a, 'b> {
    /// The file's key in the audit; nothing where the audit is of one file only.
    pub key: Option<&'a str>,
    /// The audit, at or before this file's rows.
    pub audit: &'a mut AuditRows<'b>,
    /// Records that were set aside, of this file, by record number.
    pub rejects: Vec<Reject>,
}

impl std::fmt::Debug for Restoration<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restoration").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Restoration<'_, '_> {
    /// Writes the original of a text file.
    ///
    /// # Errors
    ///
    /// When the audit does not fit the text, or `out` cannot be written.
    pub fn text(&mut self, cleaned: &[u8], out: &mut Output) -> Result<()> {
        if let Some(bytes) = self.rejects.first().and_then(Reject::bytes) {
            return out.write(&bytes);
        }
        let rows = self.rows_of(0)?;
        let mut at = 0;
        let mut removed = 0;
        for row in &rows {
            let to = row.start.checked_sub(removed).ok_or_else(|| misfit(row))?;
            let kept = cleaned.get(at..to).ok_or_else(|| misfit(row))?;
            out.write(kept)?;
            out.write(row.text.as_bytes())?;
            at = to;
            removed += row.text.len();
        }
        out.write(cleaned.get(at..).unwrap_or(&[]))
    }

    /// Writes the originals of a JSONL file's lines.
    ///
    /// # Errors
    ///
    /// When the audit does not fit the records, or `out` cannot be written.
    pub fn jsonl(
        &mut self,
        cleaned: &mut dyn BufRead,
        text_field: &str,
        out: &mut Output,
    ) -> Result<()> {
        let mut record = 0;
        let mut offset = 0;
        let mut line = Vec::new();
        loop {
            self.absent_records(&mut record, &mut offset, out)?;
            line.clear();
            let read = cleaned.read_until(b'\n', &mut line);
            read.map_err(|e| Error::io("read", self.key.unwrap_or("the cleaned file"), e))?;
            if line.is_empty() {
                return Ok(());
            }
            let is_blank = line.trim_ascii().is_empty();
            let rows = if is_blank { Vec::new() } else { self.rows_of(record)? };
            if !rows.is_empty() {
                line = restored_line(&line, &rows, text_field)?;
            }
            out.write(&line)?;
            offset += line.len() as u64;
            record += u64::from(!is_blank);
        }
    }

    /// Writes what stands at `offset` and is not in the cleaned file: rejects and dropped records.
    ///
    /// The offset decides, because blank lines before them are in the cleaned file.
    fn absent_records(
        &mut self,
        record: &mut u64,
        offset: &mut u64,
        out: &mut Output,
    ) -> Result<()> {
        loop {
            let bytes = if self.rejects.first().is_some_and(|reject| reject.offset == *offset) {
                self.rejects.remove(0).bytes().unwrap_or_default()
            } else if let Some(dropped) = self.dropped(*record, *offset)? {
                dropped.into_bytes()
            } else {
                return Ok(());
            };
            out.write(&bytes)?;
            *offset += bytes.len() as u64;
            *record += 1;
        }
    }

    /// The whole record, when it was dropped; its rows are passed then.
    fn dropped(&mut self, record: u64, offset: u64) -> Result<Option<String>> {
        let key = self.key;
        let is_dropped = self.audit.peek().is_some_and(|row| {
            row.as_ref().is_ok_and(|row| {
                key.is_none_or(|key| row.file == key)
                    && row.record == record
                    && row.offset == Some(offset)
                    && row.dropped.is_some()
            })
        });
        if !is_dropped {
            return Ok(None);
        }
        Ok(self.rows_of(record)?.into_iter().find_map(|row| row.dropped))
    }

    fn rows_of(&mut self, record: u64) -> Result<Vec<AuditRow>> {
        let key = self.key;
        let mut rows = Vec::new();
        while let Some(row) = self.audit.next_if(|row| match row {
            Ok(row) => key.is_none_or(|key| row.file == key) && row.record == record,
            Err(_) => true,
        }) {
            rows.push(row?);
        }
        Ok(rows)
    }
}

fn restored_line(line: &[u8], rows: &[AuditRow], text_field: &str) -> Result<Vec<u8>> {
    let literal = crate::io::read::jsonl::text_literal(line, text_field);
    let (start, end) = literal.map_err(|what| Error::malformed(&rows[0].id, what.0))?;
    let inner = std::str::from_utf8(&line[start..end]).map_err(|_| misfit(&rows[0]))?;
    let mut walk = LiteralWalk::new(inner);
    let mut restored = line[..start].to_vec();
    let mut at = 0;
    let mut removed = 0;
    for row in rows {
        let to = row.start.checked_sub(removed).ok_or_else(|| misfit(row))?;
        let to = walk.literal_at(to).ok_or_else(|| misfit(row))?;
        restored.extend_from_slice(&line[start + at..start + to]);
        match &row.raw {
            Some(raw) => restored.extend_from_slice(raw.as_bytes()),
            None => restored.extend_from_slice(canonical(&row.text).as_bytes()),
        }
        at = to;
        removed += row.text.len();
    }
    restored.extend_from_slice(&line[start + at..]);
    Ok(restored)
}

fn misfit(row: &AuditRow) -> Error {
    let what = "its removed span does not fit the cleaned text; is this the audit of that run?";
    Error::malformed(format!("{} record {} (id {})", row.file, row.record, row.id), what)
}
