//! `dechaff restore`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{Outcome, args, settings};
use crate::error::{Error, Result};
use crate::io::compress::Compression;
use crate::io::source::{self, Format, Passes, Source};
use crate::io::write::{Output, Staged};
use crate::report::Reject;
use crate::report::audit::{AuditRows, rows};
use crate::restore::Restoration;

pub(super) fn run(command: &args::Restore) -> Result<Outcome> {
    let inputs = [command.cleaned.clone()];
    let cleaned = source::find(&inputs, None, Passes::One, &std::env::temp_dir())?;
    let name = command.removed.display().to_string();
    let mut audit: AuditRows = rows(open(&command.removed)?, &name).peekable();
    let mut rejects = rejects(command)?;
    let mut staged = Staged::default();
    for source in &cleaned.sources {
        let (path, key) = if cleaned.has_directory {
            (command.output.join(&source.key), Some(source.key.as_str()))
        } else {
            (command.output.clone(), None)
        };
        let rejects = match key {
            Some(key) => rejects.remove(key).unwrap_or_default(),
            None => std::mem::take(&mut rejects).into_values().flatten().collect(),
        };
        let mut output = Output::create_for(source.format, &path)?;
        let mut restoration = Restoration { key, audit: &mut audit, rejects };
        restore(source, &command.text_field, &mut restoration, &mut output)?;
        output.finish(&mut staged)?;
    }
    if let Some(row) = audit.next() {
        let row = row?;
        let what = "has removed spans for which there is no cleaned record";
        return Err(Error::malformed(format!("{} record {}", row.file, row.record), what));
    }
    staged.commit()?;
    Ok(Outcome::Done)
}

fn restore(
    source: &Source,
    text_field: &str,
    restoration: &mut Restoration,
    output: &mut Output,
) -> Result<()> {
    #[cfg(feature = "parquet")]
    if source.format == Format::Parquet {
        return restoration.parquet(source, text_field, output);
    }
    let mut reader = source.open(u64::MAX, &std::sync::Arc::default())?;
    match source.format {
        Format::Jsonl => restoration.jsonl(&mut reader, text_field, output),
        Format::Csv { delimiter } => restoration.csv(&mut reader, (delimiter, text_field), output),
        Format::Text => {
            let mut cleaned = Vec::new();
            let read = reader.read_to_end(&mut cleaned);
            read.map_err(|e| Error::io("read", &source.key, e))?;
            restoration.text(&cleaned, output)
        }
        Format::Warc | Format::Parquet => {
            let what = format!("is {}, which is not restored", source.format.name());
            Err(Error::malformed(&source.key, what))
        }
    }
}

/// Records that were set aside, by file.
fn rejects(command: &args::Restore) -> Result<BTreeMap<String, Vec<Reject>>> {
    let beside = settings::rejects_beside(&command.cleaned, None);
    let path = command.rejects.clone().or_else(|| beside.exists().then_some(beside));
    let mut rejects: BTreeMap<String, Vec<Reject>> = BTreeMap::new();
    if let Some(path) = path {
        let name = path.display().to_string();
        for reject in rows::<Reject>(open(&path)?, &name) {
            let reject = reject?;
            rejects.entry(reject.file.clone()).or_default().push(reject);
        }
    }
    Ok(rejects)
}

fn open(path: &Path) -> Result<BufReader<Box<dyn std::io::BufRead + Send>>> {
    let file = File::open(path).map_err(|e| Error::io("open", path, e))?;
    let name = path.to_string_lossy().to_lowercase();
    Ok(BufReader::new(Compression::of_name(&name).0.reader(file)?))
}
