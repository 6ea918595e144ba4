//! Arrow tables in, Arrow tables out.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Int64Array, LargeStringArray, ListArray, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use dechaff::batch::{self, Record};
use dechaff::config::Config;
use dechaff::engine::Stripped;
use dechaff::{Index, without};
use pyo3::exceptions::{PyKeyError, PyTypeError};
use pyo3::prelude::*;

use crate::column::{Column, Places, records};

/// Which column of a table means what; a dictionary in Python.
#[derive(Debug, Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Names {
    pub(crate) text: String,
    site: Option<String>,
    id: Option<String>,
    order: Option<String>,
    /// The new column for removed spans, where they are wanted.
    pub(crate) removed: Option<String>,
}

impl Names {
    /// Where the text stands.
    ///
    /// Only strings can be cleaned in place.
    pub(crate) fn text_at(&self, schema: &Schema) -> PyResult<usize> {
        let at = at(schema, &self.text)?;
        match schema.field(at).data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(at),
            other => {
                let what = format!("column {:?} holds {other}, not strings", self.text);
                Err(PyTypeError::new_err(what))
            }
        }
    }

    /// The records of a batch.
    pub(crate) fn records(&self, batch: &RecordBatch, first: u64) -> PyResult<Vec<Option<Record>>> {
        let column = |name: &String| Column::from_array(batch.column(at(&batch.schema(), name)?));
        let optional = |name: &Option<String>| name.as_ref().map(column).transpose();
        let places = Places {
            sites: optional(&self.site)?,
            ids: optional(&self.id)?,
            orders: optional(&self.order)?,
        };
        let texts = Column::from_array(batch.column(self.text_at(&batch.schema())?))?;
        records(&texts, &places, first)
    }
}

fn at(schema: &Schema, name: &str) -> PyResult<usize> {
    schema.index_of(name).map_err(|_| {
        let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
        PyKeyError::new_err(format!("no column {name:?}; there are {}", names.join(", ")))
    })
}

/// A record, where the row has one, and the judgment on it.
pub(crate) type Judged = (Option<Record>, Option<Stripped>);

/// The text that stays, where it changed.
pub(crate) fn changed(judged: &Judged) -> Option<String> {
    let (Some(record), Some(stripped)) = judged else { return None };
    let is_changed = !stripped.removals.is_empty();
    is_changed.then(|| without(&record.document.text, &stripped.spans()))
}

/// The column `texts` with its changed values replaced, in its own type.
pub(crate) fn cleaned(texts: &ArrayRef, judged: &[Judged]) -> PyResult<ArrayRef> {
    let made: Vec<Option<Cow<str>>> = judged.iter().map(|of| changed(of).map(Cow::Owned)).collect();
    if made.iter().all(Option::is_none) {
        return Ok(Arc::clone(texts));
    }
    let values = made.into_iter().zip(judged).map(|(made, of)| made.or_else(|| unchanged(of)));
    Ok(match texts.data_type() {
        DataType::LargeUtf8 => Arc::new(values.collect::<LargeStringArray>()),
        DataType::Utf8View => Arc::new(values.collect::<StringViewArray>()),
        DataType::Utf8 => Arc::new(values.collect::<StringArray>()),
        other => return Err(PyTypeError::new_err(format!("texts are {other}, not strings"))),
    })
}

fn unchanged((record, _): &Judged) -> Option<Cow<'_, str>> {
    record.as_ref().map(|record| Cow::Borrowed(record.document.text.as_str()))
}

/// The fields of one removed span.
fn removal_fields() -> Fields {
    let field = |name, kind| Field::new(name, kind, false);
    Fields::from(vec![
        field("start", DataType::Int64),
        field("end", DataType::Int64),
        field("reason", DataType::Utf8),
        field("text", DataType::Utf8),
        field("evidence", DataType::Utf8),
    ])
}

fn removal_item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(removal_fields()), true))
}

/// `schema` with a column of removed spans behind its own.
pub(crate) fn with_removed(schema: &SchemaRef, name: Option<&str>) -> SchemaRef {
    let Some(name) = name else { return Arc::clone(schema) };
    let mut fields: Vec<FieldRef> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(name, DataType::List(removal_item()), true)));
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// One list of removed spans a row; null where the text is.
pub(crate) fn removed(judged: &[Judged], index: &Index, config: &Config) -> ArrayRef {
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let (mut reasons, mut texts, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for (record, stripped) in judged {
        valid.push(record.is_some());
        let (Some(record), Some(stripped)) = (record, stripped) else {
            lengths.push(0);
            continue;
        };
        lengths.push(stripped.removals.len());
        let rows = batch::evidence(stripped, &record.document.id, index, config);
        for (removal, row) in stripped.removals.iter().zip(rows) {
            starts.push(byte(removal.span.start));
            ends.push(byte(removal.span.end));
            reasons.push(removal.reason.name());
            texts.push(removal.span.of(&record.document.text));
            evidence.push(serde_json::to_string(&row).expect("evidence has a JSON form"));
        }
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(starts)),
        Arc::new(Int64Array::from(ends)),
        Arc::new(StringArray::from(reasons)),
        Arc::new(StringArray::from(texts)),
        Arc::new(StringArray::from(evidence)),
    ];
    let rows = StructArray::new(removal_fields(), columns, None);
    let offsets = arrow_buffer::OffsetBuffer::from_lengths(lengths);
    Arc::new(ListArray::new(removal_item(), offsets, Arc::new(rows), Some(valid.into())))
}

fn byte(at: usize) -> i64 {
    i64::try_from(at).expect("a text has fewer than 2^63 bytes")
}
