//! Inputs: which files a command line names, in which order, and what they hold.

use std::fs::File;
use std::io::{BufRead, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use walkdir::WalkDir;

use super::compress::Compression;
use crate::error::{Error, Result};

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One document.
    Text,
    /// A JSON object a line.
    Jsonl,
}

impl Format {
    /// The format and compression that a file name tells.
    pub fn of_name(name: &str) -> Option<(Self, Compression)> {
        let lower = name.to_ascii_lowercase();
        let (compression, stem) = Compression::of_name(&lower);
        let format = match Path::new(stem).extension()?.to_str()? {
            "txt" | "text" => Self::Text,
            "jsonl" | "ndjson" => Self::Jsonl,
            _ => return None,
        };
        Some((format, compression))
    }
}

/// One input file.
#[derive(Debug)]
pub struct Source {
    /// Path relative to the argument it was found under, `/` between folders; orders the inputs.
    pub key: String,
    /// Where it is read from.
    pub place: Place,
    /// What it holds.
    pub format: Format,
    /// How it is compressed.
    pub compression: Compression,
}

/// Where an input is read from.
#[derive(Debug)]
pub enum Place {
    /// A file.
    Path(PathBuf),
    /// Standard input, copied to an unnamed file because it is read twice.
    Spool(File),
    /// Standard input, read once.
    Stdin,
}

/// The inputs found, and how many files were passed over because of their names.
#[derive(Debug, Default)]
pub struct Sources {
    /// By key.
    pub sources: Vec<Source>,
    /// Files of directories whose names tell no format.
    pub skipped: u64,
    /// What could not be looked into, as messages.
    pub unreadable: Vec<String>,
    /// Whether a directory was named, so that the output is one too.
    pub has_directory: bool,
}

/// Whether inputs are read once or twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passes {
    /// Standard input may be streamed.
    One,
    /// Standard input is spooled first.
    Two,
}

/// Finds the inputs that `arguments` name: files, directories (walked) and `-`.
///
/// With several directories each key begins with its directory's name.
///
/// # Errors
///
/// When a named file has no known format and `format` is not given, two inputs would have the same
/// key, standard input cannot be spooled to `folder`, or nothing is found.
pub fn find(
    arguments: &[PathBuf],
    format: Option<Format>,
    passes: Passes,
    folder: &Path,
) -> Result<Sources> {
    let mut found = Sources::default();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            found.sources.push(stdin(format.unwrap_or(Format::Jsonl), passes, folder)?);
        } else if argument.is_dir() {
            found.has_directory = true;
            let prefix = (arguments.len() > 1).then(|| directory_name(argument)).flatten();
            walk(argument, prefix.as_deref(), format, &mut found);
        } else {
            found.sources.push(file(argument, format)?);
        }
    }
    found.sources.sort_by(|a, b| a.key.as_bytes().cmp(b.key.as_bytes()));
    if let Some(pair) = found.sources.windows(2).find(|pair| pair[0].key == pair[1].key) {
        let what = "two inputs have the same name, so that their outputs would too";
        return Err(Error::settings(format!("{}: {what}; clean them apart", pair[0].key)));
    }
    if found.sources.is_empty() {
        let what = "no input file found; names end in .txt .jsonl or .ndjson (also .gz, .zst)";
        return Err(Error::settings(format!("{what}, or give --format")));
    }
    Ok(found)
}

impl Source {
    /// Opens the input, decompressed; `read` counts the bytes read as they are stored.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(&self, read: &Arc<AtomicU64>) -> Result<Box<dyn BufRead + Send>> {
        let refused = |e| Error::io("open", &self.key, e);
        match &self.place {
            Place::Path(path) => {
                let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
                self.compression.reader(Counted { inner: file, read: read.clone() })
            }
            Place::Spool(file) => {
                let mut file = file.try_clone().map_err(refused)?;
                file.rewind().map_err(refused)?;
                self.compression.reader(Counted { inner: file, read: read.clone() })
            }
            Place::Stdin => {
                self.compression.reader(Counted { inner: std::io::stdin(), read: read.clone() })
            }
        }
    }

    /// Bytes on disk, where that is known.
    pub fn stored_bytes(&self) -> u64 {
        let metadata = match &self.place {
            Place::Path(path) => path.metadata(),
            Place::Spool(file) => file.metadata(),
            Place::Stdin => return 0,
        };
        metadata.map_or(0, |metadata| metadata.len())
    }

    /// The folder part of the key; empty at the top.
    pub fn folder(&self) -> &str {
        self.key.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn stdin(format: Format, passes: Passes, folder: &Path) -> Result<Source> {
    let place = match passes {
        Passes::One => Place::Stdin,
        Passes::Two => {
            let refused = |e| Error::io("spool standard input to", folder, e);
            let mut spool = tempfile::tempfile_in(folder).map_err(refused)?;
            std::io::copy(&mut std::io::stdin().lock(), &mut spool).map_err(refused)?;
            Place::Spool(spool)
        }
    };
    Ok(Source { key: "stdin".to_owned(), place, format, compression: Compression::None })
}

fn file(path: &Path, format: Option<Format>) -> Result<Source> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Error::settings(format!("{} names no file", path.display())))?;
    let (compression, _) = Compression::of_name(&name);
    let known = format.map(|format| (format, compression)).or_else(|| Format::of_name(&name));
    let (format, compression) = known.ok_or_else(|| {
        if let Err(error) = path.metadata() {
            return Error::io("open", path, error);
        }
        let what = "its name tells no format (.txt .jsonl .ndjson, also .gz .zst)";
        Error::settings(format!("{}: {what}; give --format", path.display()))
    })?;
    Ok(Source { key: name, place: Place::Path(path.to_owned()), format, compression })
}

fn directory_name(path: &Path) -> Option<String> {
    let name = path.canonicalize().ok()?;
    Some(name.file_name()?.to_string_lossy().into_owned())
}

fn walk(root: &Path, prefix: Option<&str>, format: Option<Format>, found: &mut Sources) {
    for entry in WalkDir::new(root).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                found.unreadable.push(error.to_string());
                continue;
            }
        };
        if !entry.file_type().is_file() {
            continue;
        }
        let name = entry.file_name().to_string_lossy();
        let compression = Compression::of_name(&name).0;
        let known = Format::of_name(&name).map(|(named, _)| format.unwrap_or(named));
        let Some(format) = known else {
            found.skipped += 1;
            continue;
        };
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let parts = relative.components().map(|part| part.as_os_str().to_string_lossy());
        let parts: Vec<_> = prefix.map(Into::into).into_iter().chain(parts).collect();
        found.sources.push(Source {
            key: parts.join("/"),
            place: Place::Path(entry.path().to_owned()),
            format,
            compression,
        });
    }
}
