//! `dechaff explain`.

use std::fmt::Write;

use super::{Outcome, args, settings};
use crate::error::{Error, Result};
use crate::index::Index;
use crate::io::source::Passes;
use crate::pipeline::{Job, Monitor};
use crate::report::audit::EvidenceRow;
use crate::report::summary::one_line;
use crate::text::plain::escaped_json;

pub(super) fn run(command: &args::Explain, monitor: Monitor) -> Result<Outcome> {
    let mut config = settings::config(&command.inputs)?;
    config.policy.profile = settings::profile(command.profile);
    let sources = settings::sources(&command.inputs, &config, Passes::Two)?;
    let job = Job::new(&sources, &config, monitor)?;
    let index = match &command.index {
        Some(path) => Index::open(path)?,
        None => job.learn_temporary()?,
    };
    let found = job.explain(&index, &command.id)?.ok_or_else(|| {
        Error::settings(format!("no readable record has the id {:?}", command.id))
    })?;
    let mut shown = String::new();
    let (document, stripped) = found;
    let mut removals = stripped.removals.iter().peekable();
    for (at, evidence) in stripped.evidence.iter().enumerate() {
        let text = one_line(stripped.sketch.paragraphs[at].span.of(&document.text), 100);
        let removal = removals.next_if(|removal| removal.paragraph == at);
        let verdict = removal.map_or("keep", |removal| removal.reason.name());
        let row = EvidenceRow::all(evidence, &document.id, &index);
        let row = serde_json::to_string(&row).map_err(|e| Error::malformed(&document.id, e))?;
        let row = escaped_json(&row);
        let written = writeln!(shown, "{verdict:<12}{text}\n{:12}{row}", "");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    super::print(&shown)?;
    Ok(Outcome::Done)
}
