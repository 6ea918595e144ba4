//! Parquet: rows in batches of one row group; only the text column is looked into.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, DataType, SchemaRef};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::{ChunkReader, Length};

use super::{Batch, Broken, Decoded, Fields, Filled, Layout, Limits, Record, RecordPlace, jsonl};
use crate::document::{Document, Span};
use crate::error::{Error, Result};
use crate::io::source::Source;

/// What a file of rows is like: its schema, and where it keeps what.
#[derive(Debug)]
pub struct Shape {
    /// The schema, metadata included.
    pub schema: SchemaRef,
    /// Compression, key-value metadata and row groups as they were written.
    pub metadata: Arc<ParquetMetaData>,
    text: usize,
    id: Option<usize>,
    url: Option<usize>,
    site: Option<usize>,
    order: Option<usize>,
}

/// Some rows of one row group.
#[derive(Debug, Clone)]
pub struct Rows {
    /// The columns.
    pub batch: RecordBatch,
    /// What the file is like.
    pub shape: Arc<Shape>,
    /// Number of the first row.
    pub first: u64,
    /// Whether the row group ends with these rows.
    pub ends_group: bool,
}

impl Rows {
    /// Number of the text column.
    pub fn text_column(&self) -> usize {
        self.shape.text
    }

    /// The text of a row; nothing where it is null.
    pub fn text(&self, row: usize) -> Option<&str> {
        string_at(self.batch.column(self.shape.text), row)
    }

    pub(super) fn digest(&self) -> u64 {
        (0..self.batch.num_rows()).fold(0, |digest, row| {
            let text = self.text(row).map_or(0, |text| crate::hash::stable(text.as_bytes()));
            crate::hash::stable(&[digest, text].map(u64::to_le_bytes).concat())
        })
    }

    /// The rows with a text, decoded.
    pub(super) fn decode<'a>(
        &'a self,
        source: &'a Source,
        fields: &'a Fields,
        limits: &'a Limits,
    ) -> impl Iterator<Item = Record<'a>> {
        let column = |number: Option<usize>| number.map(|number| flat(self.batch.column(number)));
        let shape = &self.shape;
        let [id, url, site, order] = [shape.id, shape.url, shape.site, shape.order].map(column);
        let value = |column: &Option<ArrayRef>, row| column.as_ref().and_then(|c| scalar(c, row));
        (0..self.batch.num_rows()).zip(self.first..).filter_map(move |(row, record)| {
            let text = self.text(row)?;
            let place = RecordPlace { record, line: record + 1, offset: 0 };
            let mut decoded = Decoded::unjudged(text.as_bytes(), place);
            decoded.is_oversized = text.len() > limits.record_bytes_max;
            if !decoded.is_oversized {
                let id = value(&id, row).filter(|id| !id.is_empty());
                let site = value(&site, row);
                let url = value(&url, row);
                decoded.document = Document {
                    id: id.unwrap_or_else(|| format!("{}:{}", source.key, place.line)),
                    site: jsonl::site_of(fields, source, site.as_deref(), url.as_deref()),
                    text: text.to_owned(),
                };
                decoded.text = Span::new(0, text.len());
                if order.is_some() {
                    let order = value(&order, row).unwrap_or_default();
                    decoded.order = jsonl::order_key(&order);
                }
            }
            Some(Record::Document(Box::new(decoded)))
        })
    }
}

/// Reads a file, one row group after the other.
pub(super) struct Reader {
    file: File,
    arrow: ArrowReaderMetadata,
    shape: Arc<Shape>,
    limits: Limits,
    group: usize,
    rows: Option<ParquetRecordBatchReader>,
    /// Rows that were read and not yet given out: it must be known whether more follow.
    ahead: Option<RecordBatch>,
    next: u64,
}

impl Reader {
    pub(super) fn open(source: &Source, fields: &Fields, limits: &Limits) -> Result<Self> {
        let refused = |e: &dyn std::fmt::Display| Error::malformed(&source.key, e);
        let file = source.file()?;
        let options = parquet::arrow::arrow_reader::ArrowReaderOptions::default();
        let load = || ArrowReaderMetadata::load(&file, options).map_err(ArrowError::from);
        let arrow = guarded(load).map_err(|e| refused(&e))?;
        let shape = Arc::new(shape(&arrow, fields).map_err(|what| refused(&what))?);
        Ok(Self { file, arrow, shape, limits: *limits, group: 0, rows: None, ahead: None, next: 0 })
    }

    pub(super) fn fill(&mut self, batch: &mut Batch) -> Result<Filled, Broken> {
        let place = RecordPlace { record: self.next, line: self.next + 1, offset: 0 };
        let groups = self.arrow.metadata().num_row_groups();
        let read = self.next_rows();
        let (rows, ends_group) = read.map_err(|error| Broken { place, what: error.to_string() })?;
        self.next += rows.num_rows() as u64;
        batch.layout = Layout::Parquet(Rows {
            batch: rows,
            shape: self.shape.clone(),
            first: place.record,
            ends_group,
        });
        Ok(if self.rows.is_none() && self.group >= groups { Filled::Done } else { Filled::More })
    }

    /// The next rows, and whether their row group ends with them.
    fn next_rows(&mut self) -> Result<(RecordBatch, bool), ArrowError> {
        if self.rows.is_none() && self.group < self.arrow.metadata().num_row_groups() {
            self.rows = Some(self.open_group()?);
            self.group += 1;
            self.ahead = self.next_ahead()?;
        }
        let Some(rows) = self.ahead.take() else {
            self.rows = None;
            return Ok((RecordBatch::new_empty(self.shape.schema.clone()), false));
        };
        self.ahead = self.next_ahead()?;
        if self.ahead.is_none() {
            self.rows = None;
        }
        Ok((rows, self.ahead.is_none()))
    }

    fn next_ahead(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let rows = &mut self.rows;
        let read = guarded(|| rows.as_mut().and_then(Iterator::next).transpose())?;
        read.map(|rows| rows.with_schema(self.shape.schema.clone())).transpose()
    }

    fn open_group(&self) -> Result<ParquetRecordBatchReader, ArrowError> {
        let group = self.arrow.metadata().row_group(self.group);
        let count = usize::try_from(group.num_rows()).unwrap_or(0).max(1);
        let bytes = usize::try_from(group.total_byte_size()).unwrap_or(0);
        let row_bytes = (bytes / count).max(1);
        let most = (self.limits.batch_bytes / row_bytes).clamp(1, self.limits.batch_documents);
        let file = Whole(self.file.try_clone()?);
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.arrow.clone());
        let builder = builder.with_row_groups(vec![self.group]).with_batch_size(most);
        guarded(|| builder.build().map_err(ArrowError::from))
    }
}

/// A file in which nothing is read behind its end: the crate that reads Parquet skips values that are
/// not there, as many as a damaged page says there are.
struct Whole(File);

/// Gives an error in place of an end: the footer always follows what is read.
struct Endless(File);

impl Length for Whole {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Whole {
    type T = BufReader<Endless>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(BufReader::new(Endless(self.0.get_read(start)?.into_inner())))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if self.len().saturating_sub(start) < length as u64 {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} are more than there are"
            )));
        }
        self.0.get_bytes(start, length)
    }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 if !into.is_empty() => Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => Ok(read),
        }
    }
}

/// What `read` gives; the crate that reads Parquet panics on some damaged files, which is an error
/// of the file here.
fn guarded<T>(read: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, ArrowError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        Err(ArrowError::ParquetError(format!("the file is damaged: {text}")))
    })
}

fn shape(arrow: &ArrowReaderMetadata, fields: &Fields) -> Result<Shape, String> {
    let schema = arrow.schema().clone();
    let find = |name: &str| schema.fields().iter().rposition(|field| field.name() == name);
    let text = find(&fields.text).ok_or_else(|| {
        let known: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let known = known.join(", ");
        format!("has no column {:?}, only {known}; see --text-field", fields.text)
    })?;
    let kind = schema.field(text).data_type();
    if !matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) {
        return Err(format!("has a column {:?} of {kind}, which is no string", fields.text));
    }
    Ok(Shape {
        text,
        id: find(&fields.id),
        url: find(&fields.url),
        site: find(&fields.site),
        order: fields.order.as_deref().and_then(find),
        metadata: arrow.metadata().clone(),
        schema: schema.clone(),
    })
}

/// A column without its dictionary.
fn flat(column: &ArrayRef) -> ArrayRef {
    let Some(dictionary) = column.as_any_dictionary_opt() else { return column.clone() };
    arrow_select::take::take(dictionary.values(), dictionary.keys(), None)
        .unwrap_or_else(|_| column.clone())
}

fn string_at(column: &ArrayRef, row: usize) -> Option<&str> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => Some(column.as_string::<i64>().value(row)),
        DataType::Utf8View => Some(column.as_string_view().value(row)),
        _ => None,
    }
}

/// A string, or a whole number (a date or time is the number it is stored as), as text.
fn scalar(column: &ArrayRef, row: usize) -> Option<String> {
    if column.is_null(row) {
        return None;
    }
    macro_rules! number {
        ($($kind:ty),*) => {$(
            if let Some(values) = column.as_primitive_opt::<$kind>() {
                return Some(values.value(row).to_string());
            }
        )*};
    }
    number!(Int32Type, Int64Type, UInt32Type, UInt64Type, Date32Type);
    number!(TimestampSecondType, TimestampMillisecondType);
    number!(TimestampMicrosecondType, TimestampNanosecondType);
    string_at(column, row).map(|text| Cow::Borrowed(text).into_owned())
}
