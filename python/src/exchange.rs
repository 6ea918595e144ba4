//! The functions of `dechaff::batch` over Arrow, for engines that move rows between machines.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Int32Array, Int64Array, LargeBinaryArray, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use dechaff::batch::{self, Row};
use dechaff::config::Config;
use dechaff::error::Error;
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

/// Numbers all documents; `documents` gives one table of their rows after the other.
#[pyfunction]
pub(crate) fn number(documents: &Bound<'_, PyAny>) -> PyResult<PyTable> {
    let (documents, refused) = tables(documents)?;
    let numbers = batch::number(documents);
    refused.check()?;
    to_table(&numbers.or_raise()?)
}

/// Adds the counts in `rows`, partition by partition.
#[pyfunction]
pub(crate) fn merge(
    py: Python<'_>,
    numbers: AnyRecordBatch,
    rows: AnyRecordBatch,
    keep: &str,
) -> PyResult<PyTable> {
    let keep = keep_of(keep)?;
    let (numbers, rows) = (Rows::new(numbers)?, Rows::new(rows)?);
    to_table(&py.detach(|| batch::merge(&numbers.rows(), &rows.rows(), keep)).or_raise()?)
}

/// The shared rows, and the rows of the parts.
#[pyfunction]
pub(crate) fn join(
    py: Python<'_>,
    numbers: AnyRecordBatch,
    rows: AnyRecordBatch,
    parts_max: usize,
) -> PyResult<(PyTable, PyTable)> {
    let (numbers, rows) = (Rows::new(numbers)?, Rows::new(rows)?);
    let joined = py.detach(|| batch::join(&numbers.rows(), &rows.rows(), parts_max)).or_raise()?;
    Ok((to_table(&joined.shared)?, to_table(&joined.parts)?))
}

/// Writes the index to `path`; `documents` and `merged` give one table of rows after the other.
#[pyfunction]
pub(crate) fn assemble(
    documents: &Bound<'_, PyAny>,
    merged: &Bound<'_, PyAny>,
    keep: &str,
    path: PathBuf,
) -> PyResult<()> {
    let keep = keep_of(keep)?;
    let (documents, refused_documents) = tables(documents)?;
    let (merged, refused_merged) = tables(merged)?;
    let file = std::fs::File::create(&path).map_err(|e| Error::io("create", &path, e));
    let out = std::io::BufWriter::new(file.or_raise()?);
    let written = batch::assemble(documents, merged, keep, out);
    refused_documents.check()?;
    refused_merged.check()?;
    written.map(drop).or_raise()
}

/// What went wrong while rows were taken from Python, where they end then.
#[derive(Clone, Default)]
struct Refused(Rc<RefCell<Option<PyErr>>>);

impl Refused {
    fn check(&self) -> PyResult<()> {
        self.0.take().map_or(Ok(()), Err)
    }
}

/// The rows of an iterable of tables, one table at a time.
fn tables<'py>(
    tables: &Bound<'py, PyAny>,
) -> PyResult<(impl Iterator<Item = Row> + use<'py>, Refused)> {
    let (refused, mut tables) = (Refused::default(), tables.try_iter()?);
    let noted = refused.clone();
    let rows = std::iter::from_fn(move || {
        let table = tables.next()?;
        match table.and_then(|table| Rows::new(table.extract()?)) {
            Ok(rows) => Some(rows.into_owned()),
            Err(error) => {
                *noted.0.borrow_mut() = Some(error);
                None
            }
        }
    });
    Ok((rows.flatten(), refused))
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

/// Rows of part, partition and bytes, in place.
pub(crate) struct Rows(Vec<(Int64Array, Int32Array, LargeBinaryArray)>);

impl Rows {
    pub(crate) fn new(table: AnyRecordBatch) -> PyResult<Self> {
        let wrong = || PyTypeError::new_err("expected rows of part, partition and bytes");
        let mut batches = Vec::new();
        for batch in table.into_reader()? {
            let batch = batch.map_err(pyo3_arrow::error::PyArrowError::from)?;
            let column = |name| batch.column_by_name(name).ok_or_else(wrong);
            let parts = column("part")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
            let numbers = column("partition")?.as_primitive_opt::<Int32Type>().ok_or_else(wrong)?;
            if numbers.values().iter().any(|&number| number < 0) {
                return Err(wrong());
            }
            let bytes = arrow_cast::cast(column("bytes")?, &DataType::LargeBinary);
            let bytes = bytes.map_err(|_| wrong())?.as_binary().clone();
            batches.push((parts.clone(), numbers.clone(), bytes));
        }
        Ok(Self(batches))
    }

    pub(crate) fn rows(&self) -> Vec<Row<&[u8]>> {
        self.iter().collect()
    }

    fn into_owned(self) -> Vec<Row> {
        let owned = |Row { part, partition, bytes }: Row<&[u8]>| Row {
            part,
            partition,
            bytes: bytes.to_vec(),
        };
        self.iter().map(owned).collect()
    }

    fn iter(&self) -> impl Iterator<Item = Row<&[u8]>> {
        self.0.iter().flat_map(|(parts, numbers, bytes)| {
            (0..parts.len()).map(|at| Row {
                part: parts.value(at).cast_unsigned(),
                partition: numbers.value(at).cast_unsigned(),
                bytes: bytes.value(at),
            })
        })
    }
}
