//! Parquet out: the rows as they were read but for the text column, in the same row groups.

use std::collections::BTreeMap;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, LargeStringArray, RecordBatch, StringArray, StringViewArray};
use arrow_schema::DataType;
use parquet::arrow::ARROW_SCHEMA_META_KEY;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{WriterProperties, WriterVersion};
use tempfile::NamedTempFile;

use super::{Staged, temporary_beside};
use crate::error::{Error, Result};
use crate::io::read::parquet::{Rows, Shape};

/// Rows and the texts that changed.
#[derive(Debug)]
pub struct EditedRows {
    rows: Rows,
    /// By number in the file.
    texts: BTreeMap<u64, String>,
}

impl EditedRows {
    /// The rows as they were read.
    pub fn new(rows: &Rows) -> Self {
        Self { rows: rows.clone(), texts: BTreeMap::new() }
    }

    /// Gives the row with number `record` another text.
    pub fn set(&mut self, record: u64, text: String) {
        self.texts.insert(record, text);
    }

    /// Puts the texts into the column.
    ///
    /// # Errors
    ///
    /// When a column of 32-bit offsets cannot hold them.
    pub fn apply(mut self) -> Result<Self> {
        if self.texts.is_empty() {
            return Ok(self);
        }
        let texts = std::mem::take(&mut self.texts);
        let rows = &self.rows;
        let count = rows.batch.num_rows();
        let edited = (0..count)
            .zip(rows.first..)
            .map(|(row, record)| texts.get(&record).map(String::as_str).or_else(|| rows.text(row)));
        let at = rows.text_column();
        let column: ArrayRef = match rows.batch.column(at).data_type() {
            DataType::LargeUtf8 => Arc::new(edited.collect::<LargeStringArray>()),
            DataType::Utf8View => Arc::new(edited.collect::<StringViewArray>()),
            _ => Arc::new(edited.collect::<StringArray>()),
        };
        let mut columns = rows.batch.columns().to_vec();
        columns[at] = column;
        self.rows.batch = RecordBatch::try_new(rows.shape.schema.clone(), columns)
            .map_err(|e| Error::malformed("the text column", e))?;
        Ok(self)
    }
}

/// A file that is written, under a temporary name.
pub struct Writer {
    path: PathBuf,
    file: Option<NamedTempFile>,
    rows: Option<ArrowWriter<BufWriter<NamedTempFile>>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Writer {
    /// A file for `path`.
    ///
    /// # Errors
    ///
    /// When its folder cannot be made or written.
    pub fn create(path: &Path) -> Result<Self> {
        let file = Some(temporary_beside(path)?);
        Ok(Self { path: path.to_owned(), file, rows: None })
    }

    /// Appends rows.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    ///
    /// # Panics
    ///
    /// Never: the first rows make the writer.
    pub fn write(&mut self, edited: &EditedRows) -> Result<()> {
        let rows = &edited.rows;
        let refused = |e| Error::io("write", &self.path, std::io::Error::other(e));
        if let Some(file) = self.file.take() {
            let options = options(&rows.shape);
            let file = BufWriter::new(file);
            let schema = rows.shape.schema.clone();
            let writer = ArrowWriter::try_new_with_options(file, schema, options);
            self.rows = Some(writer.map_err(refused)?);
        }
        let writer = self.rows.as_mut().expect("it was just made");
        writer.write(&rows.batch).map_err(refused)?;
        if rows.ends_group {
            writer.flush().map_err(refused)?;
        }
        Ok(())
    }

    /// Ends the file and stages it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn finish(self, staged: &mut Staged) -> Result<()> {
        let Some(writer) = self.rows else { return Ok(()) };
        let path = self.path;
        let file =
            writer.into_inner().map_err(|e| Error::io("write", &path, std::io::Error::other(e)))?;
        let file = file.into_inner().map_err(|e| Error::io("write", &path, e.into_error()))?;
        staged.add(file, path);
        Ok(())
    }
}

/// Writes as the input was written.
fn options(shape: &Shape) -> ArrowWriterOptions {
    let metadata: &ParquetMetaData = &shape.metadata;
    let file = metadata.file_metadata();
    let mut properties = WriterProperties::builder().set_max_row_group_row_count(None);
    if file.version() > 1 {
        properties = properties.set_writer_version(WriterVersion::PARQUET_2_0);
    }
    if let Some(group) = metadata.row_groups().first() {
        for column in group.columns() {
            let path = column.column_path().clone();
            properties = properties.set_column_compression(path, column.compression());
        }
    }
    let pairs = file.key_value_metadata().cloned().unwrap_or_default();
    let has_schema = pairs.iter().any(|pair| pair.key == ARROW_SCHEMA_META_KEY);
    let pairs: Vec<_> =
        pairs.into_iter().filter(|pair| pair.key != ARROW_SCHEMA_META_KEY).collect();
    let properties = properties.set_key_value_metadata(Some(pairs)).build();
    ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(!has_schema)
}
