//! The one error type of the library.
//!
//! A broken record is not an error: it is counted, located and set aside (see
//! [`crate::io::read::Malformed`]). An [`Error`] ends a run, or one file of it.

use std::fmt;
use std::path::Path;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a run, or one file of it, could not be done: what was wrong, where, and what to do.
///
/// # Examples
///
/// ```
/// let bytes = b"not an index";
/// let error = dechaff::Index::from_bytes(bytes.to_vec()).unwrap_err();
/// assert!(error.is_incompatible_index());
/// ```
pub struct Error(Box<Kind>);

#[derive(Debug)]
enum Kind {
    Io { place: String, source: std::io::Error },
    Malformed { place: String, what: String },
    Index { place: String, what: String },
    Settings { what: String },
    Limit { what: String },
    Busy { place: String, holder: String },
    Interrupted,
}

impl Error {
    /// An operating-system error on `path`; `action` says what was tried (`"read"`, `"write"`).
    pub fn io(action: &str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        let place = format!("cannot {action} {}", path.as_ref().display());
        Self(Box::new(Kind::Io { place, source }))
    }

    /// Input that cannot be understood; `place` names file and line or record.
    pub fn malformed(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self(Box::new(Kind::Malformed { place: place.to_string(), what: what.to_string() }))
    }

    /// An index file that is damaged, of another version, or made with other settings.
    pub fn index(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self(Box::new(Kind::Index { place: place.to_string(), what: what.to_string() }))
    }

    /// Settings that cannot be followed.
    pub fn settings(what: impl fmt::Display) -> Self {
        Self(Box::new(Kind::Settings { what: what.to_string() }))
    }

    /// A limit that the user set was passed, or there is too little room, so that nothing was put in
    /// place.
    pub fn limit(what: impl fmt::Display) -> Self {
        Self(Box::new(Kind::Limit { what: what.to_string() }))
    }

    /// Another run writes to `path`; `holder` says which.
    pub fn busy(path: &Path, holder: &str) -> Self {
        let place = path.display().to_string();
        Self(Box::new(Kind::Busy { place, holder: holder.to_owned() }))
    }

    /// The user asked to stop.
    pub fn interrupted() -> Self {
        Self(Box::new(Kind::Interrupted))
    }

    /// Whether the operating system refused something.
    pub fn is_io(&self) -> bool {
        matches!(*self.0, Kind::Io { .. })
    }

    /// Whether this is a pipe whose reader has gone, which a command treats as success.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(&*self.0, Kind::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// Whether input could not be understood.
    pub fn is_malformed_input(&self) -> bool {
        matches!(*self.0, Kind::Malformed { .. })
    }

    /// Whether an index is damaged, of another version, or made with other settings.
    pub fn is_incompatible_index(&self) -> bool {
        matches!(*self.0, Kind::Index { .. })
    }

    /// Whether the settings cannot be followed.
    pub fn is_settings(&self) -> bool {
        matches!(*self.0, Kind::Settings { .. })
    }

    /// Whether the user asked to stop.
    pub fn is_interrupted(&self) -> bool {
        matches!(*self.0, Kind::Interrupted)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Io { place, source } => write!(f, "{place}: {source}"),
            Kind::Malformed { place, what } => write!(f, "{place}: {what}"),
            Kind::Index { place, what } => write!(f, "index {place}: {what}"),
            Kind::Settings { what } | Kind::Limit { what } => f.write_str(what),
            Kind::Busy { place, holder } => {
                let what = "is being written by another run";
                write!(f, "{place} {what} ({holder}); wait for it, or give another output")
            }
            Kind::Interrupted => f.write_str("interrupted; nothing was put in place"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.0 {
            Kind::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
