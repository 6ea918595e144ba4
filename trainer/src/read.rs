//! JSON lines, plain or packed with zstd.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

/// Corpora are packed with windows of up to 2 to this power bytes.
const WINDOW_LOG_MAX: u32 = 31;

/// The rows of a file, one JSON value a line.
///
/// # Errors
///
/// When the file cannot be opened; a row that cannot be read is an error in its place.
pub(crate) fn rows<T: DeserializeOwned>(
    path: &Path,
) -> Result<impl Iterator<Item = Result<T>> + use<'_, T>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "zst") {
        let mut decoder = zstd::Decoder::new(file)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        Box::new(decoder)
    } else {
        Box::new(file)
    };
    let lines = BufReader::with_capacity(1 << 16, reader).lines().enumerate();
    Ok(lines.map(move |(at, line)| {
        let place = || format!("{}:{}", path.display(), at + 1);
        serde_json::from_str(&line.with_context(place)?).with_context(place)
    }))
}
