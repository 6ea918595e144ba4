//! Outputs: written under temporary names and put in place together when the run is done.

mod cleaned;
#[cfg(feature = "parquet")]
pub mod parquet;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::compress::{Compression, Compressor};
use super::resume::Journal;
use super::source::Format;
use crate::error::{Error, Result};
pub use cleaned::Cleaned;

/// Outputs that are whole but do not have their names yet; dropping them removes them.
#[derive(Debug, Default)]
pub struct Staged {
    files: Vec<(NamedTempFile, PathBuf)>,
    /// Files that stay where they are until they get their names.
    kept: Vec<(PathBuf, PathBuf)>,
    journal: Option<Journal>,
}

impl Staged {
    /// Gives all outputs their names.
    ///
    /// # Errors
    ///
    /// When one cannot be renamed; those before it are in place then.
    pub fn commit(self) -> Result<()> {
        let Some(mut journal) = self.journal else {
            for (file, path) in self.files {
                file.persist(&path).map_err(|e| Error::io("put in place", &path, e.error))?;
            }
            return Ok(());
        };
        let mut moves = self.kept;
        for (file, path) in self.files {
            let kept = journal.keep(file).map_err(|e| Error::io("put in place", &path, e))?;
            moves.push((kept, path));
        }
        journal.commit(&moves)
    }

    /// Takes in a file that is kept where it lies, to get the name `path` with the rest.
    pub(crate) fn add_kept(&mut self, from: PathBuf, path: PathBuf) {
        self.kept.push((from, path));
    }

    /// Makes the commit one that can be ended after a kill.
    pub(crate) fn journal(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// Takes in the outputs of another stage.
    pub fn add(&mut self, file: NamedTempFile, path: PathBuf) {
        self.files.push((file, path));
    }
}

/// One output: a file that is staged, or standard output.
#[expect(missing_debug_implementations, reason = "the zstd encoder has none")]
pub enum Output {
    /// A file under a temporary name beside its place.
    File(Box<Compressor<BufWriter<NamedTempFile>>>, PathBuf),
    /// A file of rows under a temporary name beside its place.
    #[cfg(feature = "parquet")]
    Parquet(Box<parquet::Writer>),
    /// Standard output, written as it comes.
    Stdout(BufWriter<std::io::Stdout>),
    /// Nowhere: a dry run.
    Nowhere,
}

const BUFFER_BYTES: usize = 256 << 10;

impl Output {
    /// An output for `path`, compressed as its name tells; `-` is standard output.
    ///
    /// # Errors
    ///
    /// When its folder cannot be made or written.
    pub fn create(path: &Path) -> Result<Self> {
        if path.as_os_str() == "-" {
            return Ok(Self::Stdout(BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout())));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
        let compression = Compression::of_name(&name.unwrap_or_default()).0;
        let file = temporary_beside(path)?;
        let buffered = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Self::File(Box::new(compression.writer(buffered)?), path.to_owned()))
    }

    /// An output for what is left of an input of `format`.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub fn create_for(format: Format, path: &Path) -> Result<Self> {
        match format {
            #[cfg(feature = "parquet")]
            Format::Parquet => Ok(Self::Parquet(Box::new(parquet::Writer::create(path)?))),
            _ => Self::create(path),
        }
    }

    /// Appends what is left of a batch.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write_cleaned(&mut self, cleaned: &Cleaned) -> Result<()> {
        match (cleaned, self) {
            (Cleaned::Bytes(bytes), output) => output.write(bytes),
            #[cfg(feature = "parquet")]
            (Cleaned::Rows(rows), Self::Parquet(writer)) => writer.write(rows),
            #[cfg(feature = "parquet")]
            (Cleaned::Rows(_), _) => Ok(()),
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::File(file, path) => {
                file.write_all(bytes).map_err(|e| Error::io("write", path, e))
            }
            Self::Stdout(out) => out.write_all(bytes).map_err(|e| Error::io("write", "stdout", e)),
            Self::Nowhere => Ok(()),
            // Bytes are written to it only where an input without rows is read as one with rows.
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => Ok(()),
        }
    }

    /// Ends the output and stages it.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn finish(self, staged: &mut Staged) -> Result<()> {
        match self {
            Self::File(file, path) => {
                let refused = |e| Error::io("write", &path, e);
                let file = file.finish().map_err(refused)?;
                let file =
                    file.into_inner().map_err(|e| Error::io("write", &path, e.into_error()))?;
                staged.add(file, path);
                Ok(())
            }
            Self::Stdout(mut out) => out.flush().map_err(|e| Error::io("write", "stdout", e)),
            #[cfg(feature = "parquet")]
            Self::Parquet(writer) => writer.finish(staged),
            Self::Nowhere => Ok(()),
        }
    }
}

/// How the names of temporary files begin and end.
pub(super) const TEMPORARY_START: &str = ".dechaff-";
pub(super) const TEMPORARY_ENDING: &str = ".tmp";

/// The folder that a path lies in.
pub(super) fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// A temporary file in the folder of `path`, which is made when it is missing.
pub(crate) fn temporary_beside(path: &Path) -> Result<NamedTempFile> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, e))?;
    if path.is_dir() {
        let error = std::io::Error::from(std::io::ErrorKind::IsADirectory);
        return Err(Error::io("write", path, error));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY_START).suffix(TEMPORARY_ENDING);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let file =
        builder.tempfile_in(folder).map_err(|e| Error::io("write to the folder", folder, e))?;
    // Unlocked, it is what a killed run left. Where there are no locks nothing is cleared away.
    drop(file.as_file().try_lock());
    Ok(file)
}

/// An unnamed file in `folder`, gone when it is closed.
pub(crate) fn unnamed(folder: &Path) -> Result<File> {
    tempfile::tempfile_in(folder).map_err(|e| Error::io("make a temporary file in", folder, e))
}
