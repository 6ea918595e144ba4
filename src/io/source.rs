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
    /// Rows of fields between delimiters, under a header.
    Csv {
        /// Between fields.
        delimiter: u8,
    },
    /// Web archive records: pages, or text made of them (WET).
    Warc,
    /// Columns of rows.
    Parquet,
}

/// Endings that tell a format, for messages.
pub const ENDINGS: &str =
    ".txt .jsonl .ndjson .csv .tsv .warc .wet (also .gz .zst .bz2 .xz), .parquet";

impl Format {
    /// The format and compression that a file name tells.
    pub fn of_name(name: &str) -> Option<(Self, Compression)> {
        let lower = name.to_ascii_lowercase();
        let (compression, stem) = Compression::of_name(&lower);
        let format = match Path::new(stem).extension()?.to_str()? {
            "txt" | "text" => Self::Text,
            "jsonl" | "ndjson" => Self::Jsonl,
            "csv" => Self::Csv { delimiter: b',' },
            "tsv" | "tab" => Self::Csv { delimiter: b'\t' },
            "warc" | "wet" | "wat" | "arc" => Self::Warc,
            "parquet" if compression == Compression::None => Self::Parquet,
            _ => return None,
        };
        Some((format, compression))
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Jsonl => "JSONL",
            Self::Csv { delimiter: b'\t' } => "TSV",
            Self::Csv { .. } => "CSV",
            Self::Warc => "WARC",
            Self::Parquet => "Parquet",
        }
    }

    /// What is written for an input of this format.
    #[must_use]
    pub fn written(self) -> Self {
        match self {
            Self::Warc => Self::Jsonl,
            format => format,
        }
    }

    /// The name of the output for an input with this key, where names are mirrored.
    ///
    /// # Examples
    ///
    /// ```
    /// use dechaff::io::source::Format;
    /// assert_eq!(Format::Warc.output_key("a/crawl.wet.gz"), "a/crawl.wet.jsonl.gz");
    /// assert_eq!(Format::Jsonl.output_key("a/part.jsonl.gz"), "a/part.jsonl.gz");
    /// ```
    pub fn output_key(self, key: &str) -> String {
        if self.written() == self {
            return key.to_owned();
        }
        let stem = Compression::of_name(key).1;
        let ending = key.get(stem.len()..).unwrap_or("");
        format!("{stem}.jsonl{ending}")
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
    /// Whether a directory was named, or these are a shard of several, so that the output is one too.
    pub has_directory: bool,
}

/// One of several parts that the inputs are cut into, for processes or machines of their own.
///
/// # Examples
///
/// ```
/// use dechaff::io::source::Shard;
/// let shard: Shard = "3/12".parse().unwrap();
/// assert_eq!(shard.name(), "03-of-12");
/// assert_eq!(shard.range(120), 20..30);
/// assert!("0/4".parse::<Shard>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// A name that sorts as the shards do.
    pub fn name(self) -> String {
        let width = self.of.to_string().len();
        format!("{:0width$}-of-{}", self.number, self.of)
    }

    /// Which of `count` inputs, in their order, belong to it.
    pub fn range(self, count: usize) -> std::ops::Range<usize> {
        let border = |number: usize| {
            let at = number as u128 * count as u128 / self.of as u128;
            usize::try_from(at).unwrap_or(count)
        };
        border(self.number - 1)..border(self.number)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(number, of)| {
            Some(Self { number: number.parse().ok()?, of: of.parse().ok()? })
        });
        let shard = parsed.filter(|shard| (1..=shard.of).contains(&shard.number));
        shard.ok_or_else(|| "give a shard and how many there are, as in 1/4".to_owned())
    }
}

impl Sources {
    /// Leaves only what belongs to `shard`; what could not be looked into is told by the first one.
    ///
    /// # Errors
    ///
    /// When standard input is among the inputs.
    pub fn cut(&mut self, shard: Shard) -> Result<()> {
        if self.sources.iter().any(|source| !matches!(source.place, Place::Path(_))) {
            return Err(Error::settings("standard input cannot be cut into shards; give files"));
        }
        self.has_directory |= self.sources.len() > 1;
        let range = shard.range(self.sources.len());
        self.sources.truncate(range.end);
        self.sources.drain(..range.start);
        if shard.number > 1 {
            self.skipped = 0;
            self.unreadable.clear();
        }
        Ok(())
    }
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
        let what = format!("no input file found; names end in {ENDINGS}; or give --format");
        return Err(Error::settings(what));
    }
    Ok(found)
}

impl Source {
    /// Opens the input, decompressed; `read` counts the bytes read as they are stored.
    ///
    /// Reading fails where more than `expansion_max` bytes come out of a stored one.
    ///
    /// # Errors
    ///
    /// When it cannot be opened.
    pub fn open(
        &self,
        expansion_max: u64,
        read: &Arc<AtomicU64>,
    ) -> Result<Box<dyn BufRead + Send>> {
        let inner: Box<dyn Read + Send> = match &self.place {
            Place::Stdin => Box::new(std::io::stdin()),
            Place::Path(_) | Place::Spool(_) => Box::new(self.file()?),
        };
        let stored = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner, read: read.clone(), stored: stored.clone() };
        let reader = self.compression.reader(counted)?;
        if self.compression == Compression::None {
            return Ok(reader);
        }
        Ok(Box::new(Expansion { reader, stored, given: 0, most: expansion_max }))
    }

    /// The file behind the input, at its start.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or is standard input.
    pub fn file(&self) -> Result<File> {
        let refused = |e| Error::io("open", &self.key, e);
        match &self.place {
            Place::Path(path) => File::open(path).map_err(|e| Error::io("open", path, e)),
            Place::Spool(file) => {
                let mut file = file.try_clone().map_err(refused)?;
                file.rewind().map_err(refused)?;
                Ok(file)
            }
            Place::Stdin => Err(Error::malformed(&self.key, "this format needs a file")),
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

    /// How many bytes come out of a stored one, about: compressed text is taken to be of the usual
    /// kind.
    pub fn expansion(&self) -> u64 {
        match (self.format, self.compression) {
            (Format::Parquet, _) | (_, Compression::Gzip) => 3,
            (_, Compression::None) => 1,
            (_, Compression::Zstd | Compression::Bzip2 | Compression::Xz) => 4,
        }
    }

    /// Bytes that come out of the input, about; none where nobody knows, as of a pipe.
    pub fn expected_bytes(&self) -> Option<u64> {
        match self.place {
            Place::Stdin => None,
            Place::Path(_) | Place::Spool(_) => {
                Some(self.stored_bytes().saturating_mul(self.expansion()))
            }
        }
    }

    /// The folder part of the key; empty at the top.
    pub fn folder(&self) -> &str {
        self.key.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

/// Refuses to give out much more than is stored: a decompression bomb.
struct Expansion {
    reader: Box<dyn BufRead + Send>,
    stored: Arc<AtomicU64>,
    given: u64,
    most: u64,
}

/// So much may come out whatever is stored: small files of one repeated character are harmless.
const EXPANSION_FREE_BYTES: u64 = 64 << 20;

impl BufRead for Expansion {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.given > EXPANSION_FREE_BYTES {
            let stored = self.stored.load(Ordering::Relaxed);
            if self.given / self.most > stored {
                let what = format!(
                    "{stored} stored bytes have given {} already, more than --max-expansion {}",
                    self.given, self.most
                );
                return Err(std::io::Error::other(what));
            }
        }
        self.reader.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.given += bytes as u64;
        self.reader.consume(bytes);
    }
}

impl Read for Expansion {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let buffered = self.fill_buf()?;
        let read = buffered.len().min(out.len());
        let (out, buffered) = (out.get_mut(..read), buffered.get(..read));
        if let (Some(out), Some(buffered)) = (out, buffered) {
            out.copy_from_slice(buffered);
        }
        self.consume(read);
        Ok(read)
    }
}

/// Counts what is read through it.
struct Counted<R> {
    inner: R,
    /// Over all inputs.
    read: Arc<AtomicU64>,
    /// Of this input.
    stored: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        self.stored.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn stdin(format: Format, passes: Passes, folder: &Path) -> Result<Source> {
    let place = match passes {
        Passes::One if format != Format::Parquet => Place::Stdin,
        Passes::One | Passes::Two => {
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
        let what = format!("its name tells no format ({ENDINGS})");
        Error::settings(format!("{}: {what}; give --format", path.display()))
    })?;
    Ok(Source { key: name, place: Place::Path(path.to_owned()), format, compression })
}

fn directory_name(path: &Path) -> Option<String> {
    let name = path.canonicalize().ok()?;
    Some(name.file_name()?.to_string_lossy().into_owned())
}

fn walk(root: &Path, prefix: Option<&str>, format: Option<Format>, found: &mut Sources) {
    let entries = WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
    // What this program keeps beside its outputs is no input.
    let is_own = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(".dechaff");
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !is_own(entry.file_name())) {
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
