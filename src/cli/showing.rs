//! What `clean` and `strip` show beside their outputs: the report, the diff, the summary as JSON.

use std::path::{Path, PathBuf};

use super::args::{Decisions, Resuming};
use super::progress::Bar;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::index::Input;
use crate::io::source::Passes;
use crate::io::write::Staged;
use crate::pipeline::{Job, Targets};
use crate::report::Summary;
use crate::report::diff::{DiffScale, diff};
use crate::report::digest::{Scale, Thresholds};
use crate::report::join::{self, TextKind, Texts};
use crate::text::plain::escaped_json;

/// What is to be shown of a run.
#[derive(Debug)]
pub(super) struct Showing<'a> {
    decisions: &'a Decisions,
    /// The audit, where something is made of it.
    audit: Option<PathBuf>,
    /// Holds an audit that was not asked for, as long as it is needed.
    folder: Option<tempfile::TempDir>,
}

/// How often standard input is read.
pub(super) fn passes(decisions: &Decisions) -> Passes {
    if decisions.report.is_some() || decisions.diff { Passes::Two } else { Passes::One }
}

impl<'a> Showing<'a> {
    /// What `decisions` ask for.
    pub(super) fn new(decisions: &'a Decisions, config: &Config) -> Result<Self> {
        let is_needed = decisions.report.is_some() || decisions.diff;
        let named = decisions.removed.clone().filter(|path| path.as_os_str() != "-");
        let mut showing = Self { decisions, audit: named.filter(|_| is_needed), folder: None };
        if is_needed && showing.audit.is_none() {
            if decisions.removed.is_some() {
                let what = "--report and --diff read the record of what went; --removed - is gone";
                return Err(Error::settings(what));
            }
            let parent = &config.temporary_folder;
            let folder = tempfile::tempdir_in(parent)
                .map_err(|e| Error::io("make a temporary folder in", parent, e))?;
            showing.audit = Some(folder.path().join("removed.jsonl"));
            showing.folder = Some(folder);
        }
        Ok(showing)
    }

    /// Refuses to continue a run whose audit is a temporary file.
    pub(super) fn check_resuming(&self, resuming: &Resuming) -> Result<()> {
        if resuming.resume && self.folder.is_some() {
            let what = "--report and --diff with --resume need the record of what went; give \
                        --removed FILE";
            return Err(Error::settings(what));
        }
        Ok(())
    }

    /// `targets` with the audit that the showing needs.
    pub(super) fn with_audit(&self, mut targets: Targets) -> Targets {
        if let Some(audit) = &self.audit {
            targets.removed = Some(audit.clone());
        }
        targets
    }

    /// Shows everything, once the outputs are in place.
    pub(super) fn finish(
        self,
        bar: Bar,
        summary: &Summary,
        (job, rejects): (&Job, Option<&Path>),
        is_verbose: bool,
    ) -> Result<()> {
        let texts = Texts {
            sources: job.sources,
            fields: &job.config.fields,
            limits: &job.config.limits,
            kind: TextKind::Original,
        };
        if let (Some(audit), Some(report)) = (&self.audit, &self.decisions.report) {
            let thresholds = Thresholds::from(&job.config.policy);
            let digest =
                crate::report::digest::digest(audit, Some(texts), thresholds, &Scale::default())?;
            let mut staged = Staged::default();
            super::report::write(&digest, report, &mut staged)?;
            staged.commit()?;
        }
        if let (Some(audit), true) = (&self.audit, self.decisions.diff) {
            print_diff(audit, texts)?;
        }
        drop(self.folder);
        if is_verbose {
            super::message(&particulars(summary));
        }
        if self.decisions.json {
            let json =
                serde_json::to_string(summary).map_err(|e| Error::malformed("summary", e))?;
            bar.finish_silently(summary, rejects);
            return super::print(&(escaped_json(&json) + "\n"));
        }
        bar.finish(summary, rejects);
        Ok(())
    }
}

/// Prints the first changed documents, and how many more there are.
fn print_diff(audit: &Path, texts: Texts) -> Result<()> {
    let scale = DiffScale::default();
    let mut changed = 0;
    join::for_each(audit, Some(texts), |joined| {
        changed += usize::from(!joined.rows.is_empty());
        if joined.rows.is_empty() || changed > scale.documents {
            return Ok(());
        }
        super::print(&diff(joined, &scale))
    })?;
    match changed.checked_sub(scale.documents) {
        Some(more @ 1..) => super::print(&format!(
            "... {more} more documents change; --report shows them by what went\n"
        )),
        _ => Ok(()),
    }
}

/// Settings and inputs, a line each.
fn particulars(summary: &Summary) -> String {
    let settings = summary.settings.iter().map(|(name, value)| format!("setting {name}: {value}"));
    let index = summary.index.iter().map(|index| format!("index: {index}"));
    let inputs = summary.inputs.iter().map(|input| {
        let Input { generation, key, digest, documents } = input;
        format!("input {key}: {documents} documents, generation {generation}, {digest:016x}")
    });
    settings.chain(index).chain(inputs).collect::<Vec<_>>().join("\n")
}
