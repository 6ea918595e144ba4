//! What a run keeps beside its output, so that the same run can go on after an interruption.
//!
//! The inputs are worked on in portions. What was made of a portion lies in a folder of its own,
//! whose name is a hash of all that it follows from: the inputs' sizes and times, the settings and,
//! for cleaned text, the index. It is made under a name that ends in `.tmp` and renamed when it is
//! whole; its manifest names the files in it with their sizes and digests, so that damage is found
//! and what does not fit any more is made anew.
//!
//! When all is there, a journal says which file gets which name. A run that is killed while names
//! are given is ended by the next one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use walkdir::WalkDir;

use super::lock::Kind;
use super::source::{Place, Source, Sources};
use super::write::{folder_of, temporary_beside};
use crate::error::{Error, Result};
use crate::hash::stable;

/// The folder beside an output where a run keeps what it has done.
#[derive(Debug)]
pub struct Work {
    folder: PathBuf,
    /// A portion is closed when its inputs have so many bytes.
    portion_bytes: u64,
}

/// What a folder of finished work holds, and what is to be known about it.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest<T> {
    about: T,
    files: BTreeMap<String, Content>,
}

/// What a file holds.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    bytes: u64,
    digest: u64,
}

const MANIFEST: &str = "manifest.json";
const JOURNAL: &str = "commit.json";

impl Work {
    /// The work of a run that writes `output`, with what an earlier one has left of it; a portion is
    /// closed at `portion_bytes` of input.
    ///
    /// # Errors
    ///
    /// When the folder beside the output cannot be made.
    pub fn open(output: &Path, kind: Kind, portion_bytes: u64) -> Result<Self> {
        let folder = match kind {
            Kind::Folder | Kind::Shared => output.join(".dechaff-resume"),
            Kind::Shard(shard) => output.join(format!(".dechaff-resume-{}", shard.name())),
            Kind::File => {
                let name = output.file_name().unwrap_or_default().to_string_lossy();
                folder_of(output).join(format!(".dechaff-resume-{name}"))
            }
        };
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("make the folder", &folder, e))?;
        Ok(Self { folder, portion_bytes })
    }

    /// Cuts the inputs into portions, by their order and sizes; there is one at least.
    pub(crate) fn portions(&self, sources: &Sources) -> Vec<Range<usize>> {
        let (mut portions, mut start, mut bytes) = (Vec::new(), 0, 0);
        for (number, source) in sources.sources.iter().enumerate() {
            bytes += source.stored_bytes();
            if bytes >= self.portion_bytes {
                portions.push(start..number + 1);
                (start, bytes) = (number + 1, 0);
            }
        }
        if start < sources.sources.len() || portions.is_empty() {
            portions.push(start..sources.sources.len());
        }
        portions
    }

    /// An empty folder for work that is called `name` when it is whole.
    pub(crate) fn begin(&self, name: &str) -> Result<PathBuf> {
        let unfinished = self.folder.join(format!("{name}.tmp"));
        for folder in [&unfinished, &self.folder.join(name)] {
            remove_folder(folder)?;
        }
        let refused = |e| Error::io("make the folder", &unfinished, e);
        std::fs::create_dir_all(&unfinished).map_err(refused)?;
        Ok(unfinished)
    }

    /// Ends the work `name`; gives the folder where it lies now.
    pub(crate) fn finish(&self, name: &str, about: &impl Serialize) -> Result<PathBuf> {
        let unfinished = self.folder.join(format!("{name}.tmp"));
        let manifest = Manifest { about, files: contents(&unfinished)? };
        write_json(&unfinished.join(MANIFEST), &manifest)?;
        let whole = self.folder.join(name);
        std::fs::rename(&unfinished, &whole).map_err(|e| Error::io("keep", &whole, e))?;
        Ok(whole)
    }

    /// The finished work `name` when it is there and is what it was.
    pub(crate) fn kept<T: DeserializeOwned>(&self, name: &str) -> Option<(PathBuf, T)> {
        let whole = self.folder.join(name);
        let Manifest { about, files } = read_json(&whole.join(MANIFEST))?;
        let found = contents(&whole).ok()?;
        let is_intact = found.iter().filter(|(name, _)| *name != MANIFEST).eq(&files);
        is_intact.then_some((whole, about))
    }

    /// Removes finished work of another run: what begins with `kind` and is not in `names`.
    pub(crate) fn prune(&self, kind: &str, names: &[String]) -> Result<()> {
        let refused = |e| Error::io("read the folder", &self.folder, e);
        for entry in std::fs::read_dir(&self.folder).map_err(refused)? {
            let name = entry.map_err(refused)?.file_name().to_string_lossy().into_owned();
            if name.starts_with(kind) && !names.contains(&name) {
                remove_folder(&self.folder.join(name))?;
            }
        }
        Ok(())
    }

    /// Ends the commit of the run `run` where one was begun, and tells what was kept about it.
    pub(crate) fn begun_commit<T: DeserializeOwned>(&self, run: u64) -> Result<Option<T>> {
        let path = self.folder.join(JOURNAL);
        let Some(journal) = read_json::<JournalFile<T>>(&path) else { return Ok(None) };
        if journal.run != run {
            // Another run has put some of its outputs in place; this one replaces them.
            std::fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
            return Ok(None);
        }
        for Move { from, to } in journal.moves {
            give_name(&from.path(), &to.path())?;
        }
        remove_folder(&self.folder)?;
        Ok(Some(journal.about))
    }

    /// The journal of a commit of the run `run`.
    pub(crate) fn journal(&self, run: u64, about: &impl Serialize) -> Result<Journal> {
        let about = serde_json::to_value(about).map_err(|e| Error::malformed("journal", e))?;
        Ok(Journal { folder: self.folder.clone(), run, about, kept: 0 })
    }
}

/// What of an input tells that it is the same file still: name, size and time.
pub(crate) fn identity(source: &Source) -> Result<u64> {
    let Place::Path(path) = &source.place else {
        let what = "standard input cannot be read again, so --resume needs files";
        return Err(Error::settings(what));
    };
    let since = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).ok();
    let found = path.metadata().ok().map(|metadata| {
        let modified = metadata.modified().ok().and_then(since).map_or(0, |time| time.as_nanos());
        (metadata.len(), modified)
    });
    Ok(stable(format!("{} {:?} {found:?}", source.key, source.format).as_bytes()))
}

/// A commit to be: what is written down before the first output gets its name.
#[derive(Debug)]
pub(crate) struct Journal {
    folder: PathBuf,
    run: u64,
    about: serde_json::Value,
    /// How many files it has taken in.
    kept: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct JournalFile<T> {
    run: u64,
    about: T,
    moves: Vec<Move>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Move {
    from: Spelled,
    to: Spelled,
}

/// A path: text where it is UTF-8, else its bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Spelled {
    Text(String),
    Bytes(Vec<u8>),
}

impl Spelled {
    fn of(path: &Path) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }

    fn path(&self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            #[cfg(unix)]
            Self::Bytes(bytes) => {
                use std::os::unix::ffi::OsStrExt;
                std::ffi::OsStr::from_bytes(bytes).into()
            }
            #[cfg(not(unix))]
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        }
    }
}

impl Journal {
    /// Gives a temporary file a name that is not taken for what a killed run left; tells it.
    ///
    /// In the folder of the run it is gone with that, whenever the run is killed.
    pub(super) fn keep(&mut self, file: NamedTempFile) -> std::io::Result<PathBuf> {
        self.kept += 1;
        let kept = self.folder.join(format!("output-{}", self.kept));
        match file.persist(&kept) {
            Ok(_) => Ok(kept),
            Err(refused) if refused.error.kind() == std::io::ErrorKind::CrossesDevices => {
                let kept = refused.file.path().with_extension("kept");
                refused.file.persist(&kept)?;
                Ok(kept)
            }
            Err(refused) => Err(refused.error),
        }
    }

    /// Gives all files their names, in such a way that it can be ended after a kill.
    pub(super) fn commit(self, moves: &[(PathBuf, PathBuf)]) -> Result<()> {
        let Self { folder, run, about, .. } = self;
        let spelled =
            |(from, to): &(PathBuf, PathBuf)| Move { from: Spelled::of(from), to: Spelled::of(to) };
        let journal = JournalFile { run, about, moves: moves.iter().map(spelled).collect() };
        write_json(&folder.join(JOURNAL), &journal)?;
        for (from, to) in moves {
            give_name(from, to)?;
        }
        remove_folder(&folder)
    }
}

/// Renames a file; one that is there no more has its name already.
fn give_name(from: &Path, to: &Path) -> Result<()> {
    if !from.exists() {
        return Ok(());
    }
    let refused = |e| Error::io("put in place", to, e);
    std::fs::create_dir_all(folder_of(to)).map_err(refused)?;
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            copy(from, to)?.persist(to).map_err(|e| refused(e.error))?;
            std::fs::remove_file(from).map_err(refused)
        }
        renamed => renamed.map_err(refused),
    }
}

/// A copy of a file under a temporary name beside its place `to`.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<NamedTempFile> {
    let mut copied = temporary_beside(to)?;
    let mut file = File::open(from).map_err(|e| Error::io("open", from, e))?;
    std::io::copy(&mut file, &mut copied).map_err(|e| Error::io("write", to, e))?;
    Ok(copied)
}

/// All files in a folder, by their names in there.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|e| Error::io("read the folder", folder, e.into()))?;
        if entry.file_type().is_file() {
            let relative = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
            names.push(parts.collect::<Vec<_>>().join("/"));
        }
    }
    Ok(names)
}

fn contents(folder: &Path) -> Result<BTreeMap<String, Content>> {
    let content = |name: String| {
        let path = folder.join(&name);
        Ok((name, content(&path).map_err(|e| Error::io("read", &path, e))?))
    };
    files(folder)?.into_iter().map(content).collect()
}

/// Size and digest of a file: a hash of the hashes of its pieces.
fn content(path: &Path) -> std::io::Result<Content> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; 1 << 20];
    let (mut bytes, mut digest) = (0, 0_u64);
    loop {
        let mut filled = 0;
        while let Some(room) = piece.get_mut(filled..).filter(|room| !room.is_empty()) {
            match file.read(room)? {
                0 => break,
                read => filled += read,
            }
        }
        let read = piece.get(..filled).unwrap_or(&[]);
        if read.is_empty() {
            return Ok(Content { bytes, digest });
        }
        bytes += read.len() as u64;
        digest = stable(&[digest, stable(read)].map(u64::to_le_bytes).concat());
    }
}

/// Nothing when the file is not there or says something else: then the work is done anew.
fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value).map_err(|e| Error::malformed(path.display(), e))?;
    let mut file = temporary_beside(path)?;
    let refused = |e| Error::io("write", path, e);
    std::io::Write::write_all(&mut file, &bytes).map_err(refused)?;
    file.as_file().sync_all().map_err(refused)?;
    file.persist(path).map_err(|e| refused(e.error))?;
    Ok(())
}

fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", folder, e)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_was_broken_off_is_ended_by_the_same_run() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = |name: &str| folder.path().join(name);
        let work = Work::open(&path("out"), Kind::Folder, 1).expect("the folder is ours");
        let kept = work.begin("strip-1").expect("the folder is ours");
        std::fs::write(kept.join("a"), "one").expect("there is room");
        std::fs::write(kept.join("b"), "two").expect("there is room");
        let kept = work.finish("strip-1", &()).expect("the folder is ours");
        // The second name cannot be given: something stands there.
        std::fs::create_dir_all(path("out/b/x")).expect("there is room");
        let moves = [(kept.join("a"), path("out/a")), (kept.join("b"), path("out/b"))];
        let journal = work.journal(7, &"about").expect("it has a JSON form");
        assert!(journal.commit(&moves).expect_err("it is a folder").is_io());
        std::fs::remove_dir_all(path("out/b")).expect("it is ours");

        let about: Option<String> = work.begun_commit(7).expect("nothing is in the way");
        assert_eq!(about.as_deref(), Some("about"));
        assert_eq!(std::fs::read_to_string(path("out/a")).expect("it is there"), "one");
        assert_eq!(std::fs::read_to_string(path("out/b")).expect("it is there"), "two");
        assert_eq!(files(&path("out")).expect("it is there"), ["a", "b"]);
    }

    #[test]
    fn what_was_taken_in_before_a_kill_goes_with_the_folder_of_the_run() {
        let folder = tempfile::tempdir().expect("there is room");
        let out = folder.path().join("out");
        let mut killed = Work::open(&out, Kind::Folder, 1).expect("ours").journal(7, &()).unwrap();
        killed.keep(temporary_beside(&out.join("audit")).expect("ours")).expect("there is room");
        drop(killed);
        assert_eq!(files(&out).expect("it is there"), [".dechaff-resume/output-1"]);
        let work = Work::open(&out, Kind::Folder, 1).expect("the folder is ours");
        assert!(work.begun_commit::<()>(7).expect("nothing is in the way").is_none());
        let mut journal = work.journal(7, &()).expect("it has a JSON form");
        let kept = journal.keep(temporary_beside(&out.join("audit")).expect("ours")).expect("room");
        journal.commit(&[(kept, out.join("audit"))]).expect("nothing is in the way");
        assert_eq!(files(&out).expect("it is there"), ["audit"]);
    }

    #[test]
    fn the_commit_of_another_run_is_not_ended() {
        let folder = tempfile::tempdir().expect("there is room");
        let out = folder.path().join("out");
        let work = Work::open(&out, Kind::File, 1).expect("the folder is ours");
        let journal = work.journal(7, &()).expect("it has a JSON form");
        let nowhere = folder.path().join("no/such");
        std::fs::create_dir_all(nowhere.join("x")).expect("there is room");
        let moves = [(folder.path().join("no"), nowhere)];
        assert!(journal.commit(&moves).is_err());
        assert!(work.begun_commit::<()>(8).expect("the folder is ours").is_none());
        assert!(work.begun_commit::<()>(7).expect("the folder is ours").is_none());
    }
}
