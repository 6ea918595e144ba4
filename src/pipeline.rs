//! The order of the stages over files: the only place that runs things in parallel.
//!
//! Batches are read on the calling thread, worked on by a pool, and consumed on the calling thread
//! in the order they were read, so that nothing depends on which thread was quicker. At most
//! twice as many batches as threads are under way.

mod assemble;
pub mod estimate;
mod resume;
mod steps;
mod write;

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{Receiver, sync_channel};

use rayon::ThreadPool;

use crate::config::Config;
use crate::document::Document;
use crate::engine::{Stripped, Stripper};
use crate::error::{Error, Result};
use crate::index::build::Texts;
use crate::index::sketches::{Sketches, SketchesWriter};
use crate::index::{Answers, Builder, Finder, Index, Keep};
use crate::io::read::{Batch, Decoded, Record};
use crate::io::resume::Work;
use crate::io::source::{Source, Sources};
use crate::io::write::{Cleaned, Output, Staged, unnamed};
use crate::report::audit::{Reject, json_line};
use crate::report::summary::Summary;
use crate::text::compact::push_sketch;
use crate::text::{Sketch, Sketcher};
use assemble::write_index;
use estimate::{Plan, Resume, Task};
use steps::{Digests, Step, Steps};
use write::{DocumentWriter, Outputs, Rejects, StrippedBatch, broken_off, reject};

/// How a run is watched and stopped from outside.
#[derive(Debug, Clone, Default)]
pub struct Monitor {
    /// Bytes read so far as they are stored, over all passes.
    pub read_bytes: Arc<AtomicU64>,
    /// Set to end the run before its next batch.
    pub stop: Arc<AtomicBool>,
}

/// What a run reads, and how.
#[derive(Debug)]
pub struct Job<'a> {
    /// The inputs.
    pub sources: &'a Sources,
    /// The settings.
    pub config: &'a Config,
    /// How it is watched.
    pub monitor: Monitor,
    pool: ThreadPool,
    digests: Digests,
    /// What was done is kept here, when the run can be continued.
    work: Option<Work>,
}

/// Where a run writes.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Cleaned text: a file (`-` is standard output) or a folder; nowhere in a dry run.
    pub out: Option<PathBuf>,
    /// Whether `out` is a folder that mirrors the inputs.
    pub is_folder: bool,
    /// The audit.
    pub removed: Option<PathBuf>,
    /// Records that could not be read; the file is made when there are some.
    pub rejects: Option<PathBuf>,
    /// The summary as JSON.
    pub summary: Option<PathBuf>,
    /// How removed spans show in the output.
    pub style: OutputStyle,
}

/// How removed spans show in the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputStyle {
    /// They are gone.
    #[default]
    Cleaned,
    /// The text is whole, and the record has a field `removed` with the spans.
    Marked,
}

/// What is kept of an index that lasts.
#[derive(Debug, Clone, Copy)]
pub struct Saving {
    /// Whether texts are kept, for people to see.
    pub texts: Texts,
    /// Which rows are kept.
    pub keep: Keep,
}

/// What is wrong with an input that is not the same when it is read again.
const CHANGED: &str = "changed between counting and stripping; nothing was put in place";

impl<'a> Job<'a> {
    /// A job over `sources` under `config`.
    ///
    /// # Errors
    ///
    /// When the threads cannot be started.
    pub fn new(sources: &'a Sources, config: &'a Config, monitor: Monitor) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(config.threads).build();
        let pool = pool.map_err(|e| Error::settings(format!("cannot start threads: {e}")))?;
        Ok(Self { sources, config, monitor, pool, digests: Digests::default(), work: None })
    }

    /// The same job, which keeps what it has done in `work` and goes on with what is there.
    #[must_use]
    pub fn resuming(self, work: Option<Work>) -> Self {
        Self { work, ..self }
    }

    /// What tells the needs of a run; none where it reads a pipe.
    pub fn plan(&self, task: Task, older: Option<&Index>, saving: Option<Saving>) -> Option<Plan> {
        let sizes = self.sources.sources.iter().map(Source::expected_bytes);
        Some(Plan {
            task,
            input_bytes: sizes.sum::<Option<u64>>()?,
            older_bytes: older.map_or(0, |older| older.as_bytes().len() as u64),
            saving,
            memory_bytes: self.config.memory_bytes as u64,
            threads: self.pool.current_num_threads() as u64,
            resume: if self.work.is_some() { Resume::Kept } else { Resume::None },
        })
    }

    fn all(&self) -> Range<usize> {
        0..self.sources.sources.len()
    }

    /// Counts all inputs on top of `older` and stages the index for `path`.
    ///
    /// # Errors
    ///
    /// When an input is counted in `older` already, a limit is passed or the index cannot be written.
    pub fn learn(
        &self,
        older: &[&Index],
        targets: &Targets,
        saving: Saving,
    ) -> Result<(Summary, Staged)> {
        if let Some(work) = &self.work {
            return resume::Run::new(self, work)?.learn(older, targets, saving);
        }
        let path = targets.out.as_deref().unwrap_or(Path::new("-"));
        let mut summary = Summary::default();
        let mut rejects = Rejects::new(targets.rejects.clone());
        let builder = self.count(self.all(), saving.texts, (&mut summary, &mut rejects), None)?;
        let assembly = self.assemble(older, Some(&builder), saving.keep)?;
        let mut staged = Staged::default();
        write_index(&assembly, self.partitions(&assembly), path, &mut staged)?;
        rejects.finish(&mut staged)?;
        self.complete(&mut summary, None, targets, &mut staged)?;
        Ok((summary, staged))
    }

    /// Adds indexes and stages the sum, of which `keep` tells the rows, for `path`.
    ///
    /// # Errors
    ///
    /// When they do not fit together or the sum cannot be written.
    pub fn merge(&self, indexes: &[&Index], path: &Path, keep: Keep) -> Result<Staged> {
        let mut staged = Staged::default();
        let assembly = self.assemble(indexes, None, keep)?;
        write_index(&assembly, self.partitions(&assembly), path, &mut staged)?;
        Ok(staged)
    }

    /// Counts all inputs, then strips them; the counts, with those of `older`, go to `save`.
    ///
    /// # Errors
    ///
    /// When a limit is passed or something cannot be written.
    pub fn clean(
        &self,
        older: Option<&Index>,
        save: Option<(&Path, Saving)>,
        targets: &Targets,
    ) -> Result<(Summary, Staged)> {
        if let Some(work) = &self.work {
            return resume::Run::new(self, work)?.clean(older, save, targets);
        }
        let config = self.config;
        let temporary = Saving { texts: Texts::Omit, keep: Keep::Answered };
        let Saving { texts, keep } = save.map_or(temporary, |(_, saving)| saving);
        let folder = &config.temporary_folder;
        let mut sketches = SketchesWriter::new(unnamed(folder)?, folder);
        let told = (&mut Summary::default(), &mut Rejects::default());
        let builder = self.count(self.all(), texts, told, Some(&mut sketches))?;
        let assembly = self.assemble(older.as_slice(), Some(&builder), keep)?;
        let mut answers = assembly.answers(unnamed(folder)?, folder);
        let partitions = self.answered(&assembly, &mut answers);
        let mut staged = Staged::default();
        let index = if let Some((path, _)) = save {
            let file = write_index(&assembly, partitions, path, &mut staged)?;
            Index::map(&file, &path.display().to_string())?
        } else {
            self.map_temporary(&assembly, partitions)?
        };
        drop(assembly);
        drop(builder);
        let counted = (answers.finish()?, sketches.finish()?);
        let summary = self.strip_into(&index, Some(&counted), targets, &mut staged)?;
        Ok((summary, staged))
    }

    /// Strips all inputs by `index`.
    ///
    /// # Errors
    ///
    /// When a limit is passed or something cannot be written.
    pub fn strip(&self, index: &Index, targets: &Targets) -> Result<(Summary, Staged)> {
        if let Some(work) = &self.work {
            return resume::Run::new(self, work)?.strip(index, targets);
        }
        let mut staged = Staged::default();
        let summary = self.strip_into(index, None, targets, &mut staged)?;
        Ok((summary, staged))
    }

    /// An index of all inputs that lasts as long as the process.
    ///
    /// # Errors
    ///
    /// When a limit is passed or the temporary folder cannot be written.
    pub fn learn_temporary(&self) -> Result<Index> {
        let told = (&mut Summary::default(), &mut Rejects::default());
        let builder = self.count(self.all(), Texts::Omit, told, None)?;
        let assembly = self.assemble(&[], Some(&builder), Keep::Repeated)?;
        self.map_temporary(&assembly, self.partitions(&assembly))
    }

    /// The first document with this id, and how `index` judges it.
    ///
    /// # Errors
    ///
    /// When the run is stopped.
    pub fn explain(&self, index: &Index, id: &str) -> Result<Option<(Document, Stripped)>> {
        let mut steps = Steps::new(self, self.all());
        while let Some(step) = steps.next()? {
            let Step::Batch(_, batch) = step else { continue };
            let source = &self.sources.sources[batch.source];
            for record in batch.decode(source, &self.config.fields, &self.config.limits) {
                if let Record::Document(decoded) = record
                    && decoded.document.id == id
                {
                    let place = (source.key.as_str(), decoded.place.record);
                    let stripped =
                        Stripper::new(index, self.config).strip(&decoded.document, place);
                    return Ok(Some((decoded.document, stripped)));
                }
            }
        }
        Ok(None)
    }

    /// Counts inputs; their sketches go to `sketches`, where a second pass wants them.
    fn count(
        &self,
        sources: Range<usize>,
        texts: Texts,
        (summary, rejects): (&mut Summary, &mut Rejects),
        mut sketches: Option<&mut SketchesWriter>,
    ) -> Result<Builder> {
        let config = self.config;
        let folder = &config.temporary_folder;
        let mut builder = Builder::new(config.recipe, config.memory_bytes, folder, texts);
        let mut current = None;
        let keeps_sketches = sketches.is_some();
        let work = |step: Step| match step {
            Step::Batch(_, batch) => Ok(self.sketch_batch(&batch, keeps_sketches)),
            Step::End(source) => Err((source, None)),
            Step::Unreadable(source, error) => Err((source, Some(error))),
        };
        self.ordered(sources, work, |counted| {
            let batch = match counted {
                Ok(batch) => batch,
                Err((_, None)) => return Ok(()),
                Err((source, Some(error))) => return self.unreadable(source, &error, summary),
            };
            if current != Some(batch.source) {
                current = Some(batch.source);
                builder.begin_input(&self.sources.sources[batch.source].key);
            }
            builder.begin_batch();
            if let Some(sketches) = &mut sketches {
                sketches.batch(batch.source, &batch.sketches)?;
            }
            for (document, record, order, sketch) in &batch.sketched {
                summary.documents += 1;
                summary.text_bytes += document.text.len() as u64;
                summary.paragraphs += sketch.paragraphs.len() as u64;
                if !summary.site_names.contains(&document.site) {
                    summary.site_names.insert(document.site.clone());
                }
                builder.add(document, *record, *order, sketch)?;
            }
            summary.rejected += batch.rejects.len() as u64;
            rejects.write(&batch.rejects, config.is_strict)
        })?;
        builder.settle()?;
        Ok(builder)
    }

    fn sketch_batch(&self, batch: &Batch, keeps_sketches: bool) -> SketchedBatch {
        let source = &self.sources.sources[batch.source];
        let mut sketcher = Sketcher::new(self.config.recipe);
        let mut done = SketchedBatch { source: batch.source, ..SketchedBatch::default() };
        for record in batch.decode(source, &self.config.fields, &self.config.limits) {
            match record {
                Record::Between(_) => {}
                Record::Document(decoded) if decoded.is_oversized => {}
                Record::Document(decoded) => {
                    let sketch = sketcher.sketch(&decoded.document);
                    if keeps_sketches {
                        push_sketch(&mut done.sketches, &sketch);
                    }
                    let Decoded { document, place, order, .. } = *decoded;
                    done.sketched.push((document, place.record, order, sketch));
                }
                Record::Malformed { raw, place, what } => {
                    done.rejects.push(reject(source, place, what.0).with_bytes(raw));
                }
            }
        }
        done.rejects.extend(batch.broken.as_ref().map(|broken| broken_off(source, broken)));
        done
    }

    /// Strips all inputs, by what was found out when they were counted, where they were.
    fn strip_into(
        &self,
        index: &Index,
        counted: Option<&(Answers, Sketches)>,
        targets: &Targets,
        staged: &mut Staged,
    ) -> Result<Summary> {
        let mut summary = self.strip_sources(self.all(), (index, counted), targets, staged)?;
        self.complete(&mut summary, Some(index), targets, staged)?;
        self.check_total(&summary)?;
        Ok(summary)
    }

    /// Strips some of the inputs; the summary is not finished.
    fn strip_sources(
        &self,
        sources: Range<usize>,
        (index, counted): (&Index, Option<&(Answers, Sketches)>),
        targets: &Targets,
        staged: &mut Staged,
    ) -> Result<Summary> {
        let mut summary = Summary::default();
        let mut rejects = Rejects::new(targets.rejects.clone());
        let create =
            |path: &Option<PathBuf>| path.as_deref().map_or(Ok(Output::Nowhere), Output::create);
        let mut audit = create(&targets.removed)?;
        let mut outputs = Outputs::new(targets, self.sources);
        let work = |step: Step| match step {
            Step::Batch(number, batch) => {
                let known = counted.map(|(answers, sketches)| {
                    let number = sketches.number(batch.source, number)?;
                    let sketches: Box<dyn Iterator<Item = Sketch>> =
                        Box::new(sketches.of_batch(number));
                    Some((answers.of_batch(index, number)?, sketches))
                });
                let key = &self.sources.sources[batch.source].key;
                Ok(match known {
                    Some(None) => Err(Error::malformed(key, CHANGED)),
                    known => self.strip_batch(&batch, index, known.flatten(), targets),
                })
            }
            Step::End(source) => Err((source, None)),
            Step::Unreadable(source, error) => Err((source, Some(error))),
        };
        self.ordered(sources, work, |stripped| match stripped {
            Ok(batch) => {
                let batch = batch?;
                outputs.of(batch.source, staged)?.write_cleaned(&batch.cleaned)?;
                audit.write(&batch.audit)?;
                summary.add(batch.summary);
                rejects.write(&batch.rejects, self.config.is_strict)
            }
            Err((source, None)) => outputs.of(source, staged).map(drop),
            Err((source, Some(error))) => self.unreadable(source, &error, &mut summary),
        })?;
        outputs.close(staged)?;
        audit.finish(staged)?;
        rejects.finish(staged)?;
        Ok(summary)
    }

    fn strip_batch<'b>(
        &'b self,
        batch: &Batch,
        index: &'b Index,
        mut known: Option<Known<'b>>,
        targets: &Targets,
    ) -> Result<StrippedBatch> {
        let source = &self.sources.sources[batch.source];
        let mut stripper = Stripper::new(index, self.config);
        let mut done = StrippedBatch {
            source: batch.source,
            cleaned: Cleaned::new(batch),
            audit: Vec::new(),
            rejects: Vec::new(),
            summary: Summary::default(),
        };
        done.summary.passed_over.clone_from(&batch.passed_over);
        for note in &batch.encodings {
            let damage = (note.invalid, note.first);
            done.summary.add_encoding(&source.key, note.encoding, damage);
        }
        for record in batch.decode(source, &self.config.fields, &self.config.limits) {
            match record {
                Record::Between(bytes) => done.cleaned.between(bytes),
                Record::Document(decoded) if decoded.is_oversized => {
                    done.summary.oversized += 1;
                    done.cleaned.keep(&decoded);
                }
                Record::Document(decoded) => {
                    let place = (source.key.as_str(), decoded.place.record);
                    let document = &decoded.document;
                    let judged = match &mut known {
                        None => stripper.strip(document, place),
                        Some((finder, sketches)) => {
                            let sketch = sketches.next().filter(|sketch| sketch.is_of(document));
                            let changed = || Error::malformed(&source.key, CHANGED);
                            let sketch = sketch.ok_or_else(changed)?;
                            stripper.strip_sketched(document, sketch, place, finder)
                        }
                    };
                    let writer = DocumentWriter {
                        source,
                        index,
                        decoded: &decoded,
                        stripped: &judged,
                        weights: &self.config.policy.weights,
                        targets,
                    };
                    writer.write(self.config.drops_empty, &mut done);
                }
                Record::Malformed { raw, place, what } => {
                    done.rejects.push(reject(source, place, what.0).with_bytes(raw));
                }
            }
        }
        done.rejects.extend(batch.broken.as_ref().map(|broken| broken_off(source, broken)));
        done.summary.rejected += done.rejects.len() as u64;
        done.cleaned = done.cleaned.finish()?;
        Ok(done)
    }

    fn unreadable(&self, source: usize, error: &Error, summary: &mut Summary) -> Result<()> {
        let key = &self.sources.sources[source].key;
        if self.config.is_strict || self.sources.sources.len() == 1 {
            return Err(Error::malformed(key, error));
        }
        summary.unreadable.push(format!("{key}: {error}"));
        Ok(())
    }

    fn check_total(&self, summary: &Summary) -> Result<()> {
        let share = crate::text::repeat::ratio(
            usize::try_from(summary.removed_bytes()).unwrap_or(usize::MAX),
            usize::try_from(summary.text_bytes).unwrap_or(usize::MAX),
        );
        match self.config.removed_total_max {
            Some(most) if share > most => Err(Error::limit(format!(
                "{:.1} % of the text would go, more than --max-removed-total {most}; nothing was \
                 put in place. Most repeated:\n{summary}",
                100.0 * share
            ))),
            _ => Ok(()),
        }
    }

    fn complete(
        &self,
        summary: &mut Summary,
        index: Option<&Index>,
        targets: &Targets,
        staged: &mut Staged,
    ) -> Result<()> {
        self.describe(summary);
        if let Some(index) = index {
            summary.index = Some(format!("{:016x}", index.checksum()));
            summary.inputs = index.inputs().to_vec();
        }
        if let Some(path) = &targets.summary {
            let mut output = Output::create(path)?;
            output.write(&json_line(summary))?;
            output.finish(staged)?;
        }
        Ok(())
    }

    /// Fills in what the inputs and settings tell.
    fn describe(&self, summary: &mut Summary) {
        summary.finish();
        summary.skipped = self.sources.skipped;
        summary.unreadable.extend(self.sources.unreadable.iter().cloned());
        summary.settings = settings(self.config);
    }

    /// Reads inputs, works on the batches in parallel and consumes the results in order.
    fn ordered<U: Send>(
        &self,
        sources: Range<usize>,
        work: impl Fn(Step) -> U + Sync,
        mut consume: impl FnMut(U) -> Result<()>,
    ) -> Result<()> {
        let mut steps = Steps::new(self, sources);
        if self.pool.current_num_threads() == 1 {
            while let Some(step) = steps.next()? {
                consume(work(step))?;
            }
            return Ok(());
        }
        let under_way_max = 2 * self.pool.current_num_threads();
        self.pool.in_place_scope(|scope| {
            let mut under_way: VecDeque<Receiver<U>> = VecDeque::new();
            let mut is_done = false;
            while !is_done || !under_way.is_empty() {
                while !is_done && under_way.len() < under_way_max {
                    let Some(step) = steps.next()? else {
                        is_done = true;
                        break;
                    };
                    let (sender, receiver) = sync_channel(1);
                    let work = &work;
                    // The receiver is gone only when the run has failed already.
                    scope.spawn(move |_| drop(sender.send(work(step))));
                    under_way.push_back(receiver);
                }
                if let Some(receiver) = under_way.pop_front() {
                    // A worker that panicked ends the scope, which passes the panic on.
                    let Ok(result) = receiver.recv() else { return Ok(()) };
                    consume(result)?;
                }
            }
            Ok(())
        })
    }
}

/// What the first pass found out of a batch: the rows of its fingerprints, and its sketches.
type Known<'a> = (Finder<'a>, Box<dyn Iterator<Item = Sketch> + 'a>);

#[derive(Default)]
struct SketchedBatch {
    source: usize,
    /// The sketches as bytes, where a second pass wants them.
    sketches: Vec<u8>,
    /// Document, record number, order, sketch.
    sketched: Vec<(Document, u64, u64, Sketch)>,
    rejects: Vec<Reject>,
}

/// The settings that decide what goes, for the summary.
fn settings(config: &Config) -> std::collections::BTreeMap<String, String> {
    let policy = &config.policy;
    [
        ("profile", format!("{:?}", policy.profile).to_lowercase()),
        ("paragraph", format!("{:?}", config.recipe.paragraph).to_lowercase()),
        ("shingle", config.recipe.shingle_len.to_string()),
        ("window", config.recipe.window.to_string()),
        ("comments", format!("{:?}", policy.comments).to_lowercase()),
        ("keep-copies", format!("{:?}", policy.keep_copies).to_lowercase()),
        ("max-removed", policy.removed_max.to_string()),
        ("scope", {
            let scopes = &policy.scopes;
            let all =
                [("document", scopes.document), ("site", scopes.site), ("corpus", scopes.corpus)];
            let on = all.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name);
            on.collect::<Vec<_>>().join(",")
        }),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
