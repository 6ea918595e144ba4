//! Columns of strings, from Python lists and from Arrow, and the records that they make.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray, StringViewArray};
use arrow_schema::DataType;
use dechaff::Document;
use dechaff::batch::Record;
use dechaff::io::read::jsonl::order_key;
use dechaff::io::read::site::{SiteFrom, site};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3_arrow::PyChunkedArray;
use pyo3_arrow::input::AnyArray;

/// A column of strings, nulls among them, read in place.
pub(crate) struct Column(Vec<Chunk>);

enum Chunk {
    List(Vec<Option<PyBackedStr>>),
    Small(StringArray),
    Large(LargeStringArray),
    View(StringViewArray),
}

impl<'py> FromPyObject<'_, 'py> for Column {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let has = |name| object.hasattr(name);
        if has("__arrow_c_array__")? || has("__arrow_c_stream__")? {
            let array: AnyArray = object.extract()?;
            return Self::from_chunked(&array.into_chunked_array()?);
        }
        let strings = object.extract::<Vec<Option<PyBackedStr>>>().map_err(|error| {
            let what = "expected a list of strings or an Arrow column of strings";
            PyTypeError::new_err(format!("{what}: {error}"))
        })?;
        Ok(Self(vec![Chunk::List(strings)]))
    }
}

impl Column {
    /// A column from Arrow; what is no string yet (numbers, dictionaries) is spelled out.
    pub(crate) fn from_chunked(column: &PyChunkedArray) -> PyResult<Self> {
        column.chunks().iter().map(Chunk::new).collect::<PyResult<_>>().map(Self)
    }

    /// A column from one Arrow array.
    pub(crate) fn from_array(array: &ArrayRef) -> PyResult<Self> {
        Ok(Self(vec![Chunk::new(array)?]))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Chunk::len).sum()
    }

    /// The values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.iter().flat_map(|chunk| (0..chunk.len()).map(|at| chunk.get(at)))
    }
}

impl Chunk {
    fn new(array: &ArrayRef) -> PyResult<Self> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Small(array.as_string().clone()),
            DataType::LargeUtf8 => Self::Large(array.as_string().clone()),
            DataType::Utf8View => Self::View(array.as_string_view().clone()),
            _ => {
                let cast = arrow_cast::cast(array, &DataType::LargeUtf8);
                let cast = cast.map_err(|error| PyTypeError::new_err(error.to_string()))?;
                Self::Large(cast.as_string().clone())
            }
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::List(strings) => strings.len(),
            Self::Small(array) => array.len(),
            Self::Large(array) => array.len(),
            Self::View(array) => array.len(),
        }
    }

    fn get(&self, at: usize) -> Option<&str> {
        match self {
            Self::List(strings) => strings[at].as_deref(),
            Self::Small(array) => array.is_valid(at).then(|| array.value(at)),
            Self::Large(array) => array.is_valid(at).then(|| array.value(at)),
            Self::View(array) => array.is_valid(at).then(|| array.value(at)),
        }
    }
}

/// What is known of each record beside its text; a dictionary in Python.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Places {
    pub(crate) sites: Option<Column>,
    pub(crate) ids: Option<Column>,
    pub(crate) orders: Option<Column>,
}

/// Makes one record a row, none where the text is null; without an order they count from `first`.
pub(crate) fn records(
    texts: &Column,
    places: &Places,
    first: u64,
) -> PyResult<Vec<Option<Record>>> {
    let Places { sites, ids, orders } = places;
    for (name, column) in [("sites", sites), ("ids", ids), ("orders", orders)] {
        if let Some(column) = column.as_ref().filter(|column| column.len() != texts.len()) {
            let (len, of) = (column.len(), texts.len());
            return Err(PyValueError::new_err(format!("{len} {name} for {of} texts")));
        }
    }
    let mut sites = sites.as_ref().map(Column::iter);
    let mut ids = ids.as_ref().map(Column::iter);
    let mut orders = orders.as_ref().map(Column::iter);
    let mut made = Vec::with_capacity(texts.len());
    for (number, text) in (0_u64..).zip(texts.iter()) {
        let named = sites.as_mut().and_then(|sites| sites.next().flatten());
        let id = ids.as_mut().and_then(|ids| ids.next().flatten()).unwrap_or_default();
        let order = orders.as_mut().map(|orders| order_key(orders.next().flatten().unwrap_or("")));
        made.push(text.map(|text| {
            let document = Document::new(id, site(SiteFrom::Field, named, None, ""), text);
            // Integers are their own record numbers, as where a file's lines are counted.
            let (order, record) =
                order.map_or((0, first + number), |order| (order, order ^ (1 << 63)));
            Record { document, order, record }
        }));
    }
    Ok(made)
}
