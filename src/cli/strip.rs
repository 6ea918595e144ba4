//! `dechaff strip`.

use super::{Outcome, args, progress, settings, showing};
use crate::error::Result;
use crate::index::Index;
use crate::pipeline::{Job, Monitor};

pub(super) fn run(command: &args::Strip, monitor: Monitor) -> Result<Outcome> {
    let mut config = settings::config(&command.inputs)?;
    settings::decide(&mut config, &command.decisions)?;
    let index = Index::open(&command.index)?;
    let sources = settings::sources(&command.inputs, &config, showing::passes(&command.decisions))?;
    let targets = settings::targets(&command.inputs, &command.decisions, &sources)?;
    settings::refuse_overwriting(&targets, &[], &sources)?;
    let showing = showing::Showing::new(&command.decisions, &config)?;
    let targets = showing.with_audit(targets);
    let job = Job::new(&sources, &config, monitor)?;
    let bar = progress::Bar::start(&job, progress::Passes::Clean, command.inputs.quiet);
    let (summary, staged) = job.strip(&index, &targets)?;
    staged.commit()?;
    showing.finish(bar, &summary, (&job, targets.rejects.as_deref()), command.inputs.verbose)?;
    Ok(super::outcome(&summary))
}
