//! One run at a time on one output: a locked file beside it, which the system unlocks when the run
//! ends in whatever way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use walkdir::WalkDir;

use super::source::Shard;
use super::write::{TEMPORARY_ENDING, TEMPORARY_START, folder_of};
use crate::error::{Error, Result};

/// What a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One file.
    File,
    /// A folder of files.
    Folder,
    /// A folder of files that other shards of the run fill as well.
    Shared,
    /// The files of one shard in such a folder.
    Shard(Shard),
}

/// Holds an output for one run, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: Option<File>,
    path: PathBuf,
    kind: Kind,
    /// A folder that was made for the lock.
    made: Option<PathBuf>,
}

impl Lock {
    /// Takes the output at `path` and clears away what killed runs left of it.
    ///
    /// # Errors
    ///
    /// When another run holds it, or its folder cannot be written.
    pub fn take(path: &Path, kind: Kind) -> Result<Self> {
        let (folder, name) = match kind {
            Kind::Folder | Kind::Shared => (path, ".dechaff.lock".to_owned()),
            Kind::Shard(shard) => (path, format!(".dechaff-{}.lock", shard.name())),
            Kind::File => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                (folder_of(path), format!(".dechaff-{name}.lock"))
            }
        };
        let made = (!folder.exists()).then(|| folder.to_owned());
        std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, e))?;
        let mut lock = Self { file: None, path: folder.join(name), kind, made };
        while lock.file.is_none() {
            lock.file = lock.attempt(path)?;
            if lock.file.is_some() && !lock.is_in_place() {
                // The run before has just ended, and its lock file is gone.
                lock.file = None;
            }
        }
        lock.sign();
        clear_stale(folder, kind);
        Ok(lock)
    }

    fn attempt(&self, output: &Path) -> Result<Option<File>> {
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path);
        let mut file = opened.map_err(|e| Error::io("write", &self.path, e))?;
        let locked = match self.kind {
            Kind::Shared => file.try_lock_shared(),
            Kind::File | Kind::Folder | Kind::Shard(_) => file.try_lock(),
        };
        match locked {
            // A file system without locks leaves it to the user.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who it is helps, but is not needed to refuse.
                drop(file.read_to_string(&mut holder));
                Err(Error::busy(output, &told(&holder)))
            }
        }
    }

    #[cfg(unix)]
    fn is_in_place(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let held = self.file.as_ref().and_then(|file| file.metadata().ok()).map(identity);
        held == self.path.metadata().ok().map(identity)
    }

    #[cfg(not(unix))]
    fn is_in_place(&self) -> bool {
        true
    }

    /// Says who holds it: its process, and since when.
    fn sign(&mut self) {
        let Some(file) = &mut self.file else { return };
        let who = format!("{} {}\n", std::process::id(), now());
        // It is told to people only.
        drop(file.set_len(0).and_then(|()| file.write_all(who.as_bytes())));
        drop(file.seek(SeekFrom::Start(0)));
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |elapsed| elapsed.as_secs())
}

/// What people are told about the holder that signed.
fn told(signature: &str) -> String {
    let mut words = signature.split_whitespace();
    let process = words.next().unwrap_or("unknown");
    let since: Option<u64> = words.next().and_then(|seconds| seconds.parse().ok());
    let running = since.map(|since| format!(", for {} s now", now().saturating_sub(since)));
    format!("process {process}{}", running.unwrap_or_default())
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held alone: whoever locks it later finds that it is not in place.
        let is_last = self.kind != Kind::Shared
            || self.file.as_ref().is_some_and(|file| file.try_lock().is_ok());
        if self.file.is_some() && is_last {
            drop(std::fs::remove_file(&self.path));
        }
        if let Some(made) = &self.made {
            // It stays when something is in it.
            drop(std::fs::remove_dir(made));
        }
    }
}

/// Removes temporary files of runs that were killed: those that nobody has locked.
fn clear_stale(folder: &Path, kind: Kind) {
    let start = SystemTime::now();
    let depth = match kind {
        Kind::Folder | Kind::Shared => usize::MAX,
        Kind::File | Kind::Shard(_) => 1,
    };
    let files = WalkDir::new(folder).max_depth(depth).into_iter().flatten();
    for entry in files.filter(|entry| entry.file_type().is_file()) {
        let name = entry.file_name().to_string_lossy();
        if !name.starts_with(TEMPORARY_START) || !name.ends_with(TEMPORARY_ENDING) {
            continue;
        }
        // What was made since may not be locked yet.
        let is_older = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
        if is_older.is_some_and(|modified| modified < start)
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            // One that cannot be removed does no harm.
            drop(std::fs::remove_file(entry.path()));
        }
    }
}
