//! Cleaned files and their audit give the originals back.

use std::io::BufRead;

use crate::document::Span;
use crate::error::{Error, Result};
use crate::io::read::records::{Lines, Splitter, read_whole};
use crate::io::read::spelling::{Spelling, Walk};
use crate::io::read::{Malformed, csv, jsonl};
use crate::io::source::Format;
use crate::io::write::Output;
use crate::report::audit::{AuditRow, AuditRows, Reject};

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
        // Spans are counted from behind a byte order mark.
        let mark = if cleaned.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let mut removed = 0;
        for row in &rows {
            let to = (mark + row.start).checked_sub(removed).ok_or_else(|| misfit(row))?;
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
        let locate = |line: &[u8]| {
            let (start, end) = jsonl::text_literal(line, text_field)?;
            Ok((Span::new(start, end), Spelling::Json))
        };
        self.records(cleaned, Lines, (&locate, 0), out)
    }

    /// Writes the originals of a CSV file's records.
    ///
    /// # Errors
    ///
    /// When the audit does not fit the records, or `out` cannot be written.
    pub fn csv(
        &mut self,
        cleaned: &mut dyn BufRead,
        (delimiter, text_field): (u8, &str),
        out: &mut Output,
    ) -> Result<()> {
        let name = self.key.unwrap_or("the cleaned file");
        let mut head = Vec::new();
        let mut offset = 0;
        let mut splitter = csv::Quotes::new(delimiter);
        while head.trim_ascii().is_empty() {
            let read = read_whole(cleaned, &mut splitter, &mut head);
            read.map_err(|e| Error::io("read", name, e))?;
            if head.is_empty() {
                return Ok(());
            }
            out.write(&head)?;
            offset += head.len() as u64;
        }
        let fields = crate::io::read::Fields { text: text_field.to_owned(), ..Default::default() };
        let mark = if head.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        let header = csv::Header::parse(head.get(mark..).unwrap_or(&[]), delimiter, &fields)
            .map_err(|what| Error::malformed(name, what.0))?;
        let locate = |record: &[u8]| csv::text_field(record, &header);
        self.records(cleaned, splitter, (&locate, offset), out)
    }

    fn records(
        &mut self,
        cleaned: &mut dyn BufRead,
        mut splitter: impl Splitter,
        (locate, mut offset): (&Locate, u64),
        out: &mut Output,
    ) -> Result<()> {
        let mut record = 0;
        let mut bytes = Vec::new();
        loop {
            self.absent_records(&mut record, &mut offset, out)?;
            let read = read_whole(cleaned, &mut splitter, &mut bytes);
            read.map_err(|e| Error::io("read", self.key.unwrap_or("the cleaned file"), e))?;
            if bytes.is_empty() {
                return Ok(());
            }
            let is_blank = bytes.trim_ascii().is_empty();
            let rows = if is_blank { Vec::new() } else { self.rows_of(record)? };
            if !rows.is_empty() {
                bytes = restored_record(&bytes, &rows, locate)?;
            }
            out.write(&bytes)?;
            offset += bytes.len() as u64;
            record += u64::from(!is_blank);
        }
    }

    /// Writes the rows of a Parquet file with the texts they had.
    ///
    /// # Errors
    ///
    /// When the audit does not fit the rows, or `out` cannot be written.
    #[cfg(feature = "parquet")]
    pub fn parquet(
        &mut self,
        source: &crate::io::source::Source,
        text_field: &str,
        out: &mut Output,
    ) -> Result<()> {
        use crate::io::read::{BatchReader, Fields, Limits};
        use crate::io::write::{Cleaned, parquet::EditedRows};
        let fields = Fields { text: text_field.to_owned(), ..Fields::default() };
        let limits = Limits::default();
        let read = std::sync::Arc::default();
        let mut reader = BatchReader::open(source, 0, (&fields, &limits), &read)?;
        let locate = |text: &[u8]| Ok((Span::new(0, text.len()), Spelling::Plain));
        while let Some(batch) = reader.next_batch(&limits) {
            if let Some(broken) = &batch.broken {
                return Err(Error::malformed(&source.key, &broken.what));
            }
            let Some(rows) = batch.rows() else { continue };
            let mut edited = EditedRows::new(rows);
            for (row, record) in (0..rows.batch.num_rows()).zip(rows.first..) {
                let removed = self.rows_of(record)?;
                if let (Some(text), [_, ..]) = (rows.text(row), removed.as_slice()) {
                    let text = restored_record(text.as_bytes(), &removed, &locate)?;
                    let text = String::from_utf8(text).map_err(|_| misfit(&removed[0]))?;
                    edited.set(record, text);
                }
            }
            out.write_cleaned(&Cleaned::Rows(Box::new(edited.apply()?)))?;
        }
        Ok(())
    }

    /// Writes what stands at `offset` and is not in the cleaned file: rejects and dropped records.
    ///
    /// The offset decides, because blank lines before them are in the cleaned file. Where the
    /// original is an archive the record's number does, and its rejects are no lines.
    fn absent_records(
        &mut self,
        record: &mut u64,
        offset: &mut u64,
        out: &mut Output,
    ) -> Result<()> {
        loop {
            let bytes = if self
                .rejects
                .first()
                .is_some_and(|reject| !is_archived(reject) && reject.offset == *offset)
            {
                self.rejects.remove(0).bytes().unwrap_or_default()
            } else if self.rejects.first().is_some_and(|r| is_archived(r) && r.record == *record) {
                self.rejects.remove(0);
                Vec::new()
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
                is_of(key, &row.file)
                    && row.record == record
                    && row.offset.is_none_or(|place| place == offset)
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
            Ok(row) => is_of(key, &row.file) && row.record == record,
            Err(_) => true,
        }) {
            rows.push(row?);
        }
        Ok(rows)
    }
}

/// Whether a reject was set aside from an archive, of which JSONL was made.
fn is_archived(reject: &Reject) -> bool {
    Format::of_name(&reject.file).is_some_and(|(format, _)| format.written() != format)
}

/// Whether the file with this name in the audit is the one with this key in the output.
fn is_of(key: Option<&str>, file: &str) -> bool {
    key.is_none_or(|key| {
        let format = Format::of_name(file).map(|(format, _)| format);
        file == key || format.is_some_and(|format| format.output_key(file) == key)
    })
}

/// Where a record spells its text, and how.
type Locate<'a> = dyn Fn(&[u8]) -> Result<(Span, Spelling), Malformed> + 'a;

fn restored_record(record: &[u8], rows: &[AuditRow], locate: &Locate) -> Result<Vec<u8>> {
    let (span, spelling) = locate(record).map_err(|what| Error::malformed(&rows[0].id, what.0))?;
    let (start, end) = (span.start, span.end);
    let inner = std::str::from_utf8(&record[start..end]).map_err(|_| misfit(&rows[0]))?;
    let mut walk = Walk::new(spelling, inner);
    let mut restored = record[..start].to_vec();
    let mut at = 0;
    let mut removed = 0;
    for row in rows {
        let to = row.start.checked_sub(removed).ok_or_else(|| misfit(row))?;
        let to = walk.literal_at(to).ok_or_else(|| misfit(row))?;
        restored.extend(inner.as_bytes().get(at..to).ok_or_else(|| misfit(row))?);
        match &row.raw {
            Some(raw) => restored.extend_from_slice(raw.as_bytes()),
            None => restored.extend_from_slice(spelling.canonical(&row.text).as_bytes()),
        }
        at = to;
        removed += row.text.len();
    }
    restored.extend_from_slice(&record[start + at..]);
    Ok(restored)
}

fn misfit(row: &AuditRow) -> Error {
    let what = "its removed span does not fit the cleaned text; is this the audit of that run?";
    Error::malformed(format!("{} record {} (id {})", row.file, row.record, row.id), what)
}
