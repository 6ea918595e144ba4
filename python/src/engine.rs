//! The engine behind `dechaff.Stripper`: settings, what was counted, and a pool of threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use dechaff::batch::{self, Part, Record};
use dechaff::config::Config;
use dechaff::engine::Stripped;
use dechaff::error::{Error, Result};
use dechaff::index::build::Texts;
use dechaff::index::{Assembly, Keep};
use dechaff::io::write::{Output, Staged};
use dechaff::report::audit::EvidenceRow;
use dechaff::text::{Sketch, Sketcher};
use dechaff::{Index, Stripper};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};
use pyo3_arrow::{PyChunkedArray, PyTable};
use rayon::prelude::*;

use crate::column::{Column, Places, records};
use crate::error::OrRaise as _;
use crate::exchange::Rows;
use crate::settings::Settings;
use crate::table::{self, Judged, Names};

/// Documents that one thread takes at a time.
const BATCH_DOCUMENTS: usize = 64;
/// Documents between two looks at the interpreter: for signals and for progress.
const SLICE_DOCUMENTS: usize = 8192;

/// Start, end, reason, text, evidence in JSON.
type RemovalRow = (usize, usize, &'static str, String, String);
/// Start, end, the reason where it goes, evidence in JSON.
type ParagraphRow = (usize, usize, Option<&'static str>, String);

/// Counts and judges; `dechaff.Stripper` is its public face.
#[pyclass(frozen)]
pub(crate) struct Engine {
    config: Config,
    pool: OnceLock<rayon::ThreadPool>,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    /// All that was counted before `part`.
    index: Option<Arc<Index>>,
    /// What was counted since.
    part: Option<Part>,
    records: u64,
}

#[pymethods]
impl Engine {
    #[new]
    fn py_new(settings: Settings) -> PyResult<Self> {
        let config = settings.config().or_raise()?;
        Ok(Self { config, pool: OnceLock::new(), counted: Mutex::default() })
    }

    /// Counts texts; `progress` is called with the number of documents done.
    fn partial_fit(
        &self,
        py: Python<'_>,
        texts: Column,
        places: Places,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let records = records(&texts, &places, self.counted().records)?;
        self.count(py, &records, progress.as_ref())
    }

    /// Counts the rows of a table, batch by batch as they come.
    fn partial_fit_table(
        &self,
        py: Python<'_>,
        table: AnyRecordBatch,
        names: Names,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        for batch in table.into_reader()? {
            let batch = batch.map_err(pyo3_arrow::error::PyArrowError::from)?;
            let records = names.records(&batch, self.counted().records)?;
            self.count(py, &records, progress.as_ref())?;
        }
        Ok(())
    }

    /// The cleaned texts of a list, unchanged ones as `None`.
    fn transform(
        &self,
        py: Python<'_>,
        texts: Column,
        places: Places,
        first: u64,
    ) -> PyResult<Vec<Option<String>>> {
        let records = records(&texts, &places, first)?;
        let judged = self.judge(py, records)?.1;
        Ok(py.detach(|| judged.iter().map(table::changed).collect()))
    }

    /// The cleaned texts of an Arrow column, as a column of the same type.
    fn transform_column(
        &self,
        py: Python<'_>,
        texts: AnyArray,
        places: Places,
        first: u64,
    ) -> PyResult<PyChunkedArray> {
        let (chunks, field) = texts.into_chunked_array()?.into_inner();
        let column =
            Column::from_chunked(&PyChunkedArray::try_new(chunks.clone(), field.clone())?)?;
        let judged = self.judge(py, records(&column, &places, first)?)?.1;
        let mut rest = judged.as_slice();
        let mut cleaned = Vec::with_capacity(chunks.len());
        for chunk in &chunks {
            let (here, behind) = rest.split_at(chunk.len());
            rest = behind;
            cleaned.push(table::cleaned(chunk, here)?);
        }
        PyChunkedArray::try_new(cleaned, field)
    }

    /// The table with its texts cleaned, and a column of removed spans where one is named.
    fn transform_table(
        &self,
        py: Python<'_>,
        table: AnyRecordBatch,
        names: Names,
        first: u64,
    ) -> PyResult<PyTable> {
        let reader = table.into_reader()?;
        let schema = reader.schema();
        let made = table::with_removed(&schema, names.removed.as_deref());
        let at = names.text_at(&schema)?;
        let (mut batches, mut first) = (Vec::new(), first);
        for batch in reader {
            let batch = batch.map_err(pyo3_arrow::error::PyArrowError::from)?;
            let records = names.records(&batch, first)?;
            first += batch.num_rows() as u64;
            let (index, judged) = self.judge(py, records)?;
            let mut columns = batch.columns().to_vec();
            columns[at] = table::cleaned(&columns[at], &judged)?;
            if names.removed.is_some() {
                columns.push(table::removed(&judged, &index, &self.config));
            }
            let batch = arrow_array::RecordBatch::try_new(Arc::clone(&made), columns);
            batches.push(batch.map_err(pyo3_arrow::error::PyArrowError::from)?);
        }
        PyTable::try_new(batches, made)
    }

    /// For each text its removed spans as (start, end, reason, text, evidence in JSON).
    fn removals(
        &self,
        py: Python<'_>,
        texts: Column,
        places: Places,
        first: u64,
    ) -> PyResult<Vec<Vec<RemovalRow>>> {
        let (index, judged) = self.judge(py, records(&texts, &places, first)?)?;
        let of = |(record, stripped): &Judged| {
            let (Some(record), Some(stripped)) = (record, stripped) else { return Vec::new() };
            let rows = batch::evidence(stripped, &record.document.id, &index, &self.config);
            let row = |(removal, row): (&dechaff::engine::Removal, EvidenceRow)| {
                let evidence = serde_json::to_string(&row).expect("evidence has a JSON form");
                let text = removal.span.of(&record.document.text).to_owned();
                (removal.span.start, removal.span.end, removal.reason.name(), text, evidence)
            };
            stripped.removals.iter().zip(rows).map(row).collect()
        };
        Ok(judged.iter().map(of).collect())
    }

    /// For each paragraph of one text (start, end, reason, evidence in JSON).
    fn explain(
        &self,
        py: Python<'_>,
        texts: Column,
        places: Places,
        first: u64,
    ) -> PyResult<Vec<ParagraphRow>> {
        let (index, mut judged) = self.judge(py, records(&texts, &places, first)?)?;
        let Some((Some(record), Some(stripped))) = judged.pop() else { return Ok(Vec::new()) };
        let paragraphs = stripped.sketch.paragraphs.iter().zip(&stripped.evidence).enumerate();
        let rows = paragraphs.map(|(number, (paragraph, evidence))| {
            let removal = stripped.removals.iter().find(|removal| removal.paragraph == number);
            let row = EvidenceRow::all(evidence, &record.document.id, &index);
            let evidence = serde_json::to_string(&row).expect("evidence has a JSON form");
            let reason = removal.map(|removal| removal.reason.name());
            (paragraph.span.start, paragraph.span.end, reason, evidence)
        });
        Ok(rows.collect())
    }

    /// Writes the index; it appears under its name when it is whole.
    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| {
            let index = self.index()?;
            let mut staged = Staged::default();
            let mut output = Output::create(&path)?;
            output.write(index.as_bytes())?;
            output.finish(&mut staged)?;
            staged.commit()
        })
        .or_raise()
    }

    /// Takes the index of a file in place of all that was counted.
    fn load(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        self.replace(py.detach(|| Index::open(Path::new(&path))).or_raise()?)
    }

    /// The same engine for one part: `rows` are what a join gave it, this index is what all share.
    fn of_part(&self, py: Python<'_>, rows: AnyRecordBatch) -> PyResult<Self> {
        let rows = Rows::new(rows)?;
        let index = py.detach(|| batch::index_of_part(&*self.index()?, &rows.rows())).or_raise()?;
        let engine =
            Self { config: self.config.clone(), pool: OnceLock::new(), counted: Mutex::default() };
        engine.replace(index)?;
        Ok(engine)
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let index = py.detach(|| self.index()).or_raise()?;
        Ok(PyBytes::new(py, index.as_bytes()))
    }

    fn load_bytes(&self, py: Python<'_>, bytes: Vec<u8>) -> PyResult<()> {
        self.replace(py.detach(|| Index::from_bytes(bytes)).or_raise()?)
    }

    /// Adds what other engines counted.
    fn merge(&self, py: Python<'_>, others: Vec<PyRef<'_, Self>>) -> PyResult<()> {
        let others: Vec<&Self> = others.iter().map(|other| &**other).collect();
        let merged = py.detach(|| {
            let mut indexes = vec![self.index()?];
            for other in others {
                indexes.push(other.index()?);
            }
            let indexes: Vec<&Index> = indexes.iter().map(AsRef::as_ref).collect();
            Assembly::new(&indexes, None, Keep::All)?.into_index()
        });
        self.replace(merged.or_raise()?)
    }

    /// Number of documents counted.
    fn documents(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(py.detach(|| self.index()).or_raise()?.documents())
    }

    /// The sites counted, with the number of their documents.
    fn sites(&self, py: Python<'_>) -> PyResult<Vec<(String, u64)>> {
        let index = py.detach(|| self.index()).or_raise()?;
        Ok(index.sites().iter().map(|site| (site.name.clone(), site.documents)).collect())
    }

    /// Forgets all that was counted.
    fn clear(&self) {
        *self.counted() = Counted::default();
    }
}

impl Engine {
    fn counted(&self) -> MutexGuard<'_, Counted> {
        // What was counted before a panic is whole: a document is added or it is not.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replace(&self, index: Index) -> PyResult<()> {
        if index.recipe() != self.config.recipe {
            let what = "was made with another paragraph setting";
            return Err(Error::index("given", what)).or_raise();
        }
        let records = index.documents() as u64;
        *self.counted() = Counted { index: Some(Arc::new(index)), part: None, records };
        Ok(())
    }

    fn pool(&self) -> Result<&rayon::ThreadPool> {
        if let Some(pool) = self.pool.get() {
            return Ok(pool);
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.config.threads).build();
        let pool = pool.map_err(|e| Error::settings(format!("cannot start threads: {e}")))?;
        Ok(self.pool.get_or_init(|| pool))
    }

    /// Runs `work` on batches, in parallel where there is more than one thread.
    fn batches<T: Send>(
        &self,
        records: &[Option<Record>],
        work: impl Fn(&[Option<Record>]) -> Vec<T> + Sync,
    ) -> Result<Vec<T>> {
        if self.config.threads == 1 || records.len() <= BATCH_DOCUMENTS {
            return Ok(work(records));
        }
        let batches = || {
            let made: Vec<Vec<T>> = records.par_chunks(BATCH_DOCUMENTS).map(&work).collect();
            made.into_iter().flatten().collect()
        };
        Ok(self.pool()?.install(batches))
    }

    fn count(
        &self,
        py: Python<'_>,
        records: &[Option<Record>],
        progress: Option<&Py<PyAny>>,
    ) -> PyResult<()> {
        for slice in records.chunks(SLICE_DOCUMENTS) {
            py.detach(|| self.count_slice(slice)).or_raise()?;
            py.check_signals()?;
            if let Some(progress) = progress {
                progress.call1(py, (slice.len(),))?;
            }
        }
        Ok(())
    }

    fn count_slice(&self, records: &[Option<Record>]) -> Result<()> {
        let sketches = self.batches(records, |batch| {
            let mut sketcher = Sketcher::new(self.config.recipe);
            let mut sketch = |record: &Record| sketcher.sketch(&record.document);
            batch.iter().map(|record| record.as_ref().map(&mut sketch)).collect()
        })?;
        let mut counted = self.counted();
        counted.records += records.len() as u64;
        let part = counted.part.get_or_insert_with(|| Part::new(&self.config, Texts::Keep));
        let both = records.iter().zip(sketches);
        let both =
            both.filter_map(|(record, sketch): (_, Option<Sketch>)| record.as_ref().zip(sketch));
        both.into_iter().try_for_each(|(record, sketch)| part.add_sketch(record, &sketch))
    }

    /// All that was counted.
    fn index(&self) -> Result<Arc<Index>> {
        let mut counted = self.counted();
        if let (Some(index), None) = (&counted.index, &counted.part) {
            return Ok(Arc::clone(index));
        }
        let older: Vec<&Index> = counted.index.as_deref().into_iter().collect();
        let index = match &counted.part {
            Some(part) => part.index(&older)?,
            None => Assembly::new(&[], None, Keep::All)?.into_index()?,
        };
        let index = Arc::new(index);
        counted.part = None;
        counted.index = Some(Arc::clone(&index));
        Ok(index)
    }

    fn judge(
        &self,
        py: Python<'_>,
        records: Vec<Option<Record>>,
    ) -> PyResult<(Arc<Index>, Vec<Judged>)> {
        let judged = py.detach(|| {
            let index = self.index()?;
            let stripped = self.batches(&records, |batch| self.strip(batch, &index))?;
            Ok((index, records.into_iter().zip(stripped).collect()))
        });
        judged.or_raise()
    }

    fn strip(&self, batch: &[Option<Record>], index: &Index) -> Vec<Option<Stripped>> {
        let mut stripper = Stripper::new(index, &self.config);
        let mut strip = |record: &Record| batch::strip_one(&mut stripper, record);
        batch.iter().map(|record| record.as_ref().map(&mut strip)).collect()
    }
}
