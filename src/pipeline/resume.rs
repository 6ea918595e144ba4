//! A run that can be continued: the same stages, portion by portion, each kept when it is done.
//!
//! Counts of portions add up to those of the whole, since an index is a commutative monoid, and a
//! portion is stripped by the index of all of them. So what is kept and what is made anew give the
//! same bytes.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};

use super::assemble::write_index;
use super::{Job, Rejects, Saving, Targets};
use crate::error::{Error, Result};
use crate::hash::stable;
use crate::index::build::Texts;
use crate::index::{Index, Input, Keep};
use crate::io::resume::{self, Work};
use crate::io::write::{Output, Staged};
use crate::report::checkpoint::Checkpoint;
use crate::report::summary::Summary;

/// A job whose work is kept.
pub(super) struct Run<'a> {
    job: &'a Job<'a>,
    work: &'a Work,
    portions: Vec<Portion>,
}

/// Inputs that are worked on and kept together.
struct Portion {
    sources: Range<usize>,
    /// A hash of what tells that they are the same inputs still.
    identity: u64,
}

/// What is kept about the counts, or the cleaned text, of a portion.
#[derive(Default, Serialize, Deserialize)]
struct About {
    /// Digests of what was read, by input: another pass must read the same.
    digests: BTreeMap<usize, u64>,
    summary: Checkpoint,
}

/// What is kept about a run whose outputs are getting their names.
#[derive(Serialize, Deserialize)]
struct Done {
    summary: Checkpoint,
    index: Option<String>,
    inputs: Vec<Input>,
}

/// Names of what is kept of a portion.
const INDEX: &str = "index";
const REJECTS: &str = "rejects.jsonl";
const REMOVED: &str = "removed.jsonl";
const OUT: &str = "out";

impl<'a> Run<'a> {
    pub(super) fn new(job: &'a Job<'a>, work: &'a Work) -> Result<Self> {
        let portions = work.portions(job.sources).into_iter().map(|sources| {
            let inputs = job.sources.sources.get(sources.clone()).unwrap_or(&[]);
            let identities = inputs.iter().map(resume::identity).collect::<Result<Vec<_>>>()?;
            Ok(Portion { sources, identity: hash(&identities) })
        });
        Ok(Self { job, work, portions: portions.collect::<Result<_>>()? })
    }

    pub(super) fn learn(
        &self,
        older: &[&Index],
        targets: &Targets,
        Saving { texts, keep }: Saving,
    ) -> Result<(Summary, Staged)> {
        let path = targets.out.as_deref().unwrap_or(Path::new("-"));
        let settings = (texts == Texts::Keep, keep == Keep::All);
        let run = self.key("learn", targets, settings, older);
        if let Some(done) = self.ended_commit(run)? {
            return Ok(done);
        }
        let counted = self.count(texts, generation(older))?;
        let (indexes, pieces, mut summary) = counted.open()?;
        let all: Vec<&Index> = older.iter().copied().chain(&indexes).collect();
        let mut staged = Staged::default();
        let assembly = self.job.assemble(&all, None, keep)?;
        let partitions = self.job.partitions(&assembly);
        write_index(&assembly, partitions, path, &mut staged)?;
        join(&pieces, REJECTS, targets.rejects.as_deref(), &mut staged)?;
        staged.journal(self.work.journal(run, &Done::of(&summary, None))?);
        self.job.complete(&mut summary, None, targets, &mut staged)?;
        Ok((summary, staged))
    }

    pub(super) fn clean(
        &self,
        older: Option<&Index>,
        save: Option<(&Path, Saving)>,
        targets: &Targets,
    ) -> Result<(Summary, Staged)> {
        let temporary = Saving { texts: Texts::Omit, keep: Keep::Repeated };
        let Saving { texts, keep } = save.map_or(temporary, |(_, saving)| saving);
        let settings = (save.map(|(path, _)| path), texts == Texts::Keep, keep == Keep::All);
        let run = self.key("clean", targets, settings, older.as_slice());
        if let Some(done) = self.ended_commit(run)? {
            return Ok(done);
        }
        let counted = self.count(texts, generation(older.as_slice()))?;
        let parts = [counted.key, u64::from(keep == Keep::All), older.map_or(0, Index::checksum)];
        let name = format!("whole-{:016x}", hash(&parts));
        self.work.prune("whole-", std::slice::from_ref(&name))?;
        let folder = match self.work.kept::<()>(&name) {
            Some((folder, ())) => folder,
            None => self.sum(&counted, keep, older, &name)?,
        };
        let index = Index::open(&folder.join(INDEX))?;
        let mut staged = Staged::default();
        if let Some((path, _)) = save {
            staged.add(resume::copy(&folder.join(INDEX), path)?, path.to_owned());
        }
        let summary = self.strip_all(&index, targets, run, &mut staged)?;
        Ok((summary, staged))
    }

    pub(super) fn strip(&self, index: &Index, targets: &Targets) -> Result<(Summary, Staged)> {
        let run = self.key("strip", targets, (), &[index]);
        if let Some(done) = self.ended_commit(run)? {
            return Ok(done);
        }
        let mut staged = Staged::default();
        let summary = self.strip_all(index, targets, run, &mut staged)?;
        Ok((summary, staged))
    }

    /// What names a run: all that it follows from, and where it goes.
    fn key(
        &self,
        command: &str,
        targets: &Targets,
        settings: impl std::fmt::Debug,
        indexes: &[&Index],
    ) -> u64 {
        let Targets { out, is_folder, removed, rejects, summary, style } = targets;
        let places = [out, removed, rejects, summary].map(|path| {
            path.as_deref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.into()))
        });
        let checksums: Vec<u64> = indexes.iter().map(|index| index.checksum()).collect();
        let what = format!("{command} {places:?} {is_folder} {style:?} {settings:?} {checksums:?}");
        let portions = self.portions.iter().map(|portion| portion.identity);
        let parts = [stable(what.as_bytes()), self.job.config.fingerprint()];
        hash(&parts.into_iter().chain(portions).collect::<Vec<_>>())
    }

    /// What a run did that was killed while its outputs got their names; they have them now.
    fn ended_commit(&self, run: u64) -> Result<Option<(Summary, Staged)>> {
        let Some(done) = self.work.begun_commit::<Done>(run)? else { return Ok(None) };
        let mut summary = done.summary.summary();
        self.job.describe(&mut summary);
        (summary.index, summary.inputs) = (done.index, done.inputs);
        Ok(Some((summary, Staged::default())))
    }

    /// The counts of all portions: those that are kept, and the rest made now.
    fn count(&self, texts: Texts, generation: u32) -> Result<Kept> {
        let kind = u64::from(texts == Texts::Keep);
        let settings = [self.job.config.fingerprint(), kind, generation.into()];
        let name = |portion: &Portion| {
            format!("count-{:016x}", hash(&[&settings[..], &[portion.identity]].concat()))
        };
        let names: Vec<String> = self.portions.iter().map(name).collect();
        self.work.prune("count-", &names)?;
        let mut kept = Kept::default();
        for (portion, name) in self.portions.iter().zip(&names) {
            let found = self.kept(portion, name).map_or_else(
                || {
                    let about = self.count_portion(portion, name, (texts, generation))?;
                    Ok((self.work.finish(name, &about)?, about))
                },
                Ok,
            )?;
            let mut digests = self.job.digests.lock().expect("no reader panicked");
            digests.extend(&found.1.digests);
            drop(digests);
            kept.folders.push(found);
        }
        kept.key = hash(&names.iter().map(|name| stable(name.as_bytes())).collect::<Vec<_>>());
        Ok(kept)
    }

    fn count_portion(
        &self,
        portion: &Portion,
        name: &str,
        (texts, generation): (Texts, u32),
    ) -> Result<About> {
        let folder = self.work.begin(name)?;
        let (mut summary, mut staged) = (Summary::default(), Staged::default());
        let mut rejects = Rejects::new(Some(folder.join(REJECTS)));
        let sources = portion.sources.clone();
        let builder = self.job.count(sources, texts, (&mut summary, &mut rejects), None)?;
        let assembly = self.job.assemble(&[], Some(&builder), Keep::All)?;
        let assembly = assembly.in_generation(generation);
        let partitions = self.job.partitions(&assembly);
        write_index(&assembly, partitions, &folder.join(INDEX), &mut staged)?;
        rejects.finish(&mut staged)?;
        staged.commit()?;
        let digests = self.job.digests.lock().expect("no reader panicked");
        let digests = digests.range(portion.sources.clone()).map(|(n, digest)| (*n, *digest));
        Ok(About { digests: digests.collect(), summary: Checkpoint::of(&summary) })
    }

    /// The kept work `name` on a portion. What could not be opened is tried again each time.
    fn kept(&self, portion: &Portion, name: &str) -> Option<(PathBuf, About)> {
        let (folder, about) = self.work.kept::<About>(name)?;
        if !about.summary.unreadable.is_empty() {
            return None;
        }
        let inputs = self.job.sources.sources.get(portion.sources.clone()).unwrap_or(&[]);
        let bytes = inputs.iter().map(crate::io::source::Source::stored_bytes).sum();
        self.job.monitor.read_bytes.fetch_add(bytes, Ordering::Relaxed);
        Some((folder, about))
    }

    /// Adds up all counts; gives the folder where the sum is kept.
    fn sum(
        &self,
        counted: &Kept,
        keep: Keep,
        older: Option<&Index>,
        name: &str,
    ) -> Result<PathBuf> {
        let (indexes, _, _) = counted.open()?;
        let all: Vec<&Index> = older.into_iter().chain(&indexes).collect();
        let folder = self.work.begin(name)?;
        let mut staged = Staged::default();
        let assembly = self.job.assemble(&all, None, keep)?;
        let partitions = self.job.partitions(&assembly);
        write_index(&assembly, partitions, &folder.join(INDEX), &mut staged)?;
        staged.commit()?;
        self.work.finish(name, &())
    }

    fn strip_all(
        &self,
        index: &Index,
        targets: &Targets,
        run: u64,
        staged: &mut Staged,
    ) -> Result<Summary> {
        let what =
            format!("{:?} {} {}", targets.style, targets.is_folder, targets.removed.is_some());
        let settings = [self.job.config.fingerprint(), index.checksum(), stable(what.as_bytes())];
        let name = |portion: &Portion| {
            format!("strip-{:016x}", hash(&[&settings[..], &[portion.identity]].concat()))
        };
        let names: Vec<String> = self.portions.iter().map(name).collect();
        self.work.prune("strip-", &names)?;
        let mut kept = Kept::default();
        for (portion, name) in self.portions.iter().zip(&names) {
            let found = match self.kept(portion, name) {
                Some(found) => found,
                None => self.strip_portion(portion, name, (index, targets))?,
            };
            kept.folders.push(found);
        }
        let mut summary = kept.summary();
        let pieces = kept.paths();
        for piece in &pieces {
            place(&piece.join(OUT), targets, staged)?;
        }
        join(&pieces, REMOVED, targets.removed.as_deref(), staged)?;
        join(&pieces, REJECTS, targets.rejects.as_deref(), staged)?;
        staged.journal(self.work.journal(run, &Done::of(&summary, Some(index)))?);
        self.job.complete(&mut summary, Some(index), targets, staged)?;
        self.job.check_total(&summary)?;
        Ok(summary)
    }

    fn strip_portion(
        &self,
        portion: &Portion,
        name: &str,
        (index, targets): (&Index, &Targets),
    ) -> Result<(PathBuf, About)> {
        let folder = self.work.begin(name)?;
        let out = folder.join(OUT);
        let named = |out_of_all: &PathBuf| match out_of_all.file_name() {
            Some(name) if !targets.is_folder => out.join(name),
            _ => out.clone(),
        };
        let own = Targets {
            out: targets.out.as_ref().map(named),
            is_folder: targets.is_folder,
            removed: targets.removed.as_ref().map(|_| folder.join(REMOVED)),
            rejects: targets.rejects.as_ref().map(|_| folder.join(REJECTS)),
            summary: None,
            style: targets.style,
        };
        let mut staged = Staged::default();
        let sources = portion.sources.clone();
        let summary = self.job.strip_sources(sources, (index, None), &own, &mut staged)?;
        staged.commit()?;
        let about = About { digests: BTreeMap::new(), summary: Checkpoint::of(&summary) };
        Ok((self.work.finish(name, &about)?, about))
    }
}

/// What is kept of all portions, in their order.
#[derive(Default)]
struct Kept {
    folders: Vec<(PathBuf, About)>,
    /// A hash of their names.
    key: u64,
}

impl Kept {
    fn paths(&self) -> Vec<PathBuf> {
        self.folders.iter().map(|(folder, _)| folder.clone()).collect()
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for (_, about) in &self.folders {
            summary.add(about.summary.clone().summary());
        }
        summary
    }

    /// The indexes of counts, where they lie, and what was counted.
    fn open(&self) -> Result<(Vec<Index>, Vec<PathBuf>, Summary)> {
        let indexes = self.folders.iter().map(|(folder, _)| Index::open(&folder.join(INDEX)));
        Ok((indexes.collect::<Result<_>>()?, self.paths(), self.summary()))
    }
}

impl Done {
    fn of(summary: &Summary, index: Option<&Index>) -> Self {
        Self {
            summary: Checkpoint::of(summary),
            index: index.map(|index| format!("{:016x}", index.checksum())),
            inputs: index.map(|index| index.inputs().to_vec()).unwrap_or_default(),
        }
    }
}

/// The generation of inputs that are counted on top of `older`.
fn generation(older: &[&Index]) -> u32 {
    let generations = older.iter().flat_map(|index| index.inputs()).map(|i| i.generation);
    generations.max().map_or(0, |newest| newest + 1)
}

fn hash(parts: &[u64]) -> u64 {
    stable(&parts.iter().flat_map(|part| part.to_le_bytes()).collect::<Vec<_>>())
}

/// Gives the cleaned files of a portion their places.
fn place(out: &Path, targets: &Targets, staged: &mut Staged) -> Result<()> {
    let Some(place) = targets.out.as_deref().filter(|_| out.is_dir()) else { return Ok(()) };
    if let (false, Some(name)) = (targets.is_folder, place.file_name()) {
        staged.add_kept(out.join(name), place.to_owned());
        return Ok(());
    }
    for name in resume::files(out)? {
        staged.add_kept(out.join(&name), place.join(&name));
    }
    Ok(())
}

/// Stages what the portions have under `name`, one behind the other, for `path`.
///
/// The audit is there even when nothing went; rejects are when there are some.
fn join(pieces: &[PathBuf], name: &str, path: Option<&Path>, staged: &mut Staged) -> Result<()> {
    let Some(path) = path else { return Ok(()) };
    let mut output = None;
    for piece in pieces.iter().map(|piece| piece.join(name)).filter(|piece| piece.exists()) {
        let output = match &mut output {
            Some(output) => output,
            None => output.insert(Output::create(path)?),
        };
        copy(&piece, output)?;
    }
    output.map_or(Ok(()), |output| output.finish(staged))
}

fn copy(piece: &Path, output: &mut Output) -> Result<()> {
    let refused = |e| Error::io("read", piece, e);
    let mut file = std::fs::File::open(piece).map_err(refused)?;
    let mut bytes = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut bytes).map_err(refused)?;
        match bytes.get(..read) {
            None | Some([]) => return Ok(()),
            Some(read) => output.write(read)?,
        }
    }
}
