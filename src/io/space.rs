//! Room on the file systems that a run writes to.

use std::path::{Path, PathBuf};

/// What tells file systems apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileSystem(u64);

/// The file system that `path` lies on, or would lie on, and the bytes that are free there for this
/// user; none where the system does not tell.
///
/// # Examples
///
/// ```
/// use dechaff::io::space::room;
/// let folder = std::env::temp_dir();
/// let (here, _) = room(&folder).unwrap();
/// assert_eq!(room(&folder.join("not/there/yet")).unwrap().0, here);
/// ```
pub fn room(path: &Path) -> Option<(FileSystem, u64)> {
    let folder = existing(path)?;
    Some((file_system(&folder)?, fs4::available_space(&folder).ok()?))
}

/// The nearest folder above `path` that is there, or `path` itself.
fn existing(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.ancestors().find(|folder| folder.is_dir()).map(Path::to_owned)
}

#[cfg(unix)]
fn file_system(folder: &Path) -> Option<FileSystem> {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().ok().map(|metadata| FileSystem(metadata.dev()))
}

/// A drive is a file system.
#[cfg(not(unix))]
fn file_system(folder: &Path) -> Option<FileSystem> {
    let folder = folder.canonicalize().ok()?;
    let drive = folder.components().next()?.as_os_str().to_string_lossy().into_owned();
    Some(FileSystem(crate::hash::stable(drive.as_bytes())))
}
