//! `dechaff strip`.

use super::estimate::{Telling, announce};
use super::{Outcome, args, progress, settings, showing};
use crate::error::Result;
use crate::index::Index;
use crate::pipeline::estimate::Task;
use crate::pipeline::{Job, Monitor};

pub(super) fn run(command: &args::Strip, monitor: Monitor) -> Result<Outcome> {
    let mut config = settings::config(&command.inputs)?;
    settings::decide(&mut config, &command.decisions)?;
    let index = Index::open(&command.index)?;
    let inputs = (&command.inputs, command.shard);
    let passes = showing::passes(&command.decisions);
    let sources = settings::shard_sources(inputs, &config, passes)?;
    let targets = settings::targets(inputs, &command.decisions, &sources)?;
    settings::refuse_overwriting(&targets, &[], &sources)?;
    let locks = settings::lock(&targets, &[], command.shard)?;
    let showing = showing::Showing::new(&command.decisions, &config)?;
    showing.check_resuming(&command.resuming)?;
    let targets = showing.with_audit(targets);
    let work = settings::work(&command.resuming, &targets, command.shard)?;
    let job = Job::new(&sources, &config, monitor)?.resuming(work);
    let telling = Telling::of(&command.inputs, Some(&command.decisions));
    announce(&job, job.plan(Task::Strip, Some(&index), None), (&targets, None), telling)?;
    let bar = progress::Bar::start(&job, progress::Passes::Clean, command.inputs.quiet);
    let (summary, staged) = job.strip(&index, &targets)?;
    staged.commit()?;
    drop(locks);
    showing.finish(bar, &summary, (&job, targets.rejects.as_deref()), command.inputs.verbose)?;
    Ok(super::outcome(&summary))
}
