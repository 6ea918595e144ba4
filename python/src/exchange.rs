//! The functions of `dechaff::batch` over Arrow, for engines that move rows between machines.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Int32Array, Int64Array, LargeBinaryArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use dechaff::batch::{self, Row};
use dechaff::config::Config;
use dechaff::error::{Error, Result};
use dechaff::index::Keep;
use dechaff::index::build::Texts;
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3_arrow::PyTable;
use pyo3_arrow::input::AnyRecordBatch;

use crate::error::OrRaise as _;
use crate::settings::Settings;
use crate::table::Names;

/// Counts one part of the documents; its rows are then merged with those of other parts.
#[pyclass(frozen)]
pub(crate) struct Part {
    config: Config,
    texts: Texts,
    counted: Mutex<Option<batch::Part>>,
}

#[pymethods]
impl Part {
    /// An empty part; `texts` is whether the first text of what recurs is kept: "keep", "omit".
    #[new]
    fn py_new(settings: Settings, texts: &str) -> PyResult<Self> {
        let texts = match texts {
            "keep" => Texts::Keep,
            "omit" => Texts::Omit,
            other => return Err(PyValueError::new_err(format!("texts knows no {other:?}"))),
        };
        Ok(Self { config: settings.config().or_raise()?, texts, counted: Mutex::default() })
    }

    /// Counts the rows of a batch and gives back how many bytes of text the part has now.
    fn add(&self, py: Python<'_>, table: AnyRecordBatch, names: Names) -> PyResult<u64> {
        let mut text_bytes = 0;
        for batch in table.into_reader()? {
            let batch = batch.map_err(pyo3_arrow::error::PyArrowError::from)?;
            let records = names.records(&batch, 0)?;
            text_bytes = py
                .detach(|| {
                    let mut part = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
                    let part =
                        part.get_or_insert_with(|| batch::Part::new(&self.config, self.texts));
                    records.iter().flatten().try_for_each(|record| part.add(record))?;
                    Ok(part.text_bytes())
                })
                .or_raise()?;
        }
        Ok(text_bytes)
    }

    /// The rows (part, partition, bytes) of what was counted since the last call.
    fn rows(&self, py: Python<'_>) -> PyResult<PyTable> {
        let rows = py.detach(|| {
            let part = self.counted.lock().unwrap_or_else(PoisonError::into_inner).take();
            part.map_or_else(|| Ok(Vec::new()), batch::Part::into_rows)
        });
        to_table(&rows.or_raise()?)
    }
}

/// Adds the counts in `rows`, partition by partition.
#[pyfunction]
pub(crate) fn merge(
    py: Python<'_>,
    documents: AnyRecordBatch,
    rows: AnyRecordBatch,
    keep: &str,
) -> PyResult<PyTable> {
    let keep = keep_of(keep)?;
    let (documents, rows) = (from_table(documents)?, from_table(rows)?);
    to_table(&py.detach(|| batch::merge(&documents, &rows, keep)).or_raise()?)
}

/// Writes the index to `path`; `merged` gives one table of merged rows after the other.
#[pyfunction]
pub(crate) fn assemble(
    documents: AnyRecordBatch,
    merged: &Bound<'_, PyAny>,
    keep: &str,
    path: PathBuf,
) -> PyResult<()> {
    let documents = from_table(documents)?;
    let mut refused = None;
    let rows = merged.try_iter()?.flat_map(|table| {
        let rows = table.and_then(|table| from_table(table.extract()?));
        rows.unwrap_or_else(|error| {
            refused = Some(error);
            Vec::new()
        })
    });
    let write = || -> Result<()> {
        let file = std::fs::File::create(&path).map_err(|e| Error::io("create", &path, e))?;
        let out = std::io::BufWriter::new(file);
        batch::assemble(&documents, rows, keep_of(keep).unwrap_or(Keep::All), out).map(drop)
    };
    let written = write();
    refused.map_or(written.or_raise(), Err)
}

fn keep_of(name: &str) -> PyResult<Keep> {
    match name {
        "all" => Ok(Keep::All),
        "repeated" => Ok(Keep::Repeated),
        other => Err(PyValueError::new_err(format!("keep knows no {other:?}"))),
    }
}

fn to_table(rows: &[Row]) -> PyResult<PyTable> {
    let field = |name, kind| Field::new(name, kind, false);
    let schema = Arc::new(Schema::new(vec![
        field("part", DataType::Int64),
        field("partition", DataType::Int32),
        field("bytes", DataType::LargeBinary),
    ]));
    let number = |row: &Row| i32::try_from(row.partition).expect("partitions are few");
    let batch = RecordBatch::try_new(
        Arc::clone(&schema),
        vec![
            // Spark has no unsigned integers.
            Arc::new(rows.iter().map(|row| row.part.cast_signed()).collect::<Int64Array>()),
            Arc::new(rows.iter().map(number).collect::<Int32Array>()),
            Arc::new(rows.iter().map(|row| Some(&row.bytes)).collect::<LargeBinaryArray>()),
        ],
    );
    let batch = batch.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    PyTable::try_new(vec![batch], schema)
}

fn from_table(table: AnyRecordBatch) -> PyResult<Vec<Row>> {
    let wrong = || PyTypeError::new_err("expected rows of part, partition and bytes");
    let mut rows = Vec::new();
    for batch in table.into_reader()? {
        let batch = batch.map_err(pyo3_arrow::error::PyArrowError::from)?;
        let column = |name| batch.column_by_name(name).ok_or_else(wrong);
        let parts = column("part")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
        let numbers = column("partition")?.as_primitive_opt::<Int32Type>().ok_or_else(wrong)?;
        let bytes = arrow_cast::cast(column("bytes")?, &DataType::LargeBinary);
        let bytes = bytes.map_err(|_| wrong())?;
        let bytes = bytes.as_binary::<i64>();
        for at in 0..batch.num_rows() {
            let partition = u32::try_from(numbers.value(at)).map_err(|_| wrong())?;
            let (part, bytes) = (parts.value(at).cast_unsigned(), bytes.value(at).to_vec());
            rows.push(Row { part, partition, bytes });
        }
    }
    Ok(rows)
}
