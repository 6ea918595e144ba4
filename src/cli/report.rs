//! `dechaff report`.

use std::path::Path;

use super::{Outcome, args, settings};
use crate::decide::Policy;
use crate::error::{Error, Result};
use crate::io::read::{Fields, Limits, small_file};
use crate::io::source::{self, Passes};
use crate::io::write::{Output, Staged};
use crate::report::digest::{Digest, Scale, Thresholds, digest};
use crate::report::html;
use crate::report::join::{TextKind, Texts};
use crate::text::plain::escaped_json;

pub(super) fn run(command: &args::Report) -> Result<Outcome> {
    let fields = Fields {
        text: command.text_field.clone(),
        id: command.id_field.clone(),
        url: command.url_field.clone(),
        site: command.site_field.clone(),
        order: None,
        site_from: settings::site_from(command.site_from),
    };
    let format = command.format.map(settings::format);
    let find = |path: &std::path::PathBuf| {
        let paths = std::slice::from_ref(path);
        source::find(paths, format, Passes::One, &std::env::temp_dir())
    };
    let sources = command.texts.as_ref().map(find).transpose()?;
    let limits = Limits::default();
    let texts = sources.as_ref().map(|sources| Texts {
        sources,
        fields: &fields,
        limits: &limits,
        kind: if command.original { TextKind::Original } else { TextKind::Cleaned },
    });
    let scale = Scale { sample: command.sample, seed: command.seed, ..Scale::default() };
    let thresholds = Thresholds::from(&Policy::default());
    let mut digest = digest(&command.removed, texts, thresholds, &scale)?;
    if let Some(path) = &command.summary {
        add_totals(&mut digest, path)?;
    }
    let mut staged = Staged::default();
    write(&digest, &command.output, &mut staged)?;
    staged.commit()?;
    if command.json {
        let json = serde_json::to_string(&digest).map_err(|e| Error::malformed("report", e))?;
        super::print(&(escaped_json(&json) + "\n"))?;
    }
    Ok(Outcome::Done)
}

/// Stages the page of `digest` for `path`.
pub(super) fn write(digest: &Digest, path: &Path, staged: &mut Staged) -> Result<()> {
    let mut output = Output::create(path)?;
    output.write(html::page(digest).as_bytes())?;
    output.finish(staged)
}

/// Takes what the texts would have told from the summary of the run.
fn add_totals(digest: &mut Digest, path: &Path) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Totals {
        documents: u64,
        text_bytes: u64,
    }
    let totals: Totals = serde_json::from_str(&small_file(path)?)
        .map_err(|e| Error::malformed(path.display(), format!("is no summary of a run: {e}")))?;
    digest.totals.documents.get_or_insert(totals.documents);
    digest.totals.text_bytes.get_or_insert(totals.text_bytes);
    Ok(())
}
