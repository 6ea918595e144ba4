//! `dechaff learn`.

use super::estimate::{Telling, announce};
use super::{Outcome, args, progress, settings};
use crate::error::Result;
use crate::index::{Keep, build::Texts};
use crate::io::source::Passes;
use crate::pipeline::estimate::Task;
use crate::pipeline::{Job, Monitor, Saving, Targets};

pub(super) fn run(command: &args::Learn, monitor: Monitor) -> Result<Outcome> {
    let config = settings::config(&command.inputs)?;
    let inputs = (&command.inputs, command.shard);
    let sources = settings::shard_sources(inputs, &config, Passes::One)?;
    let rejects = command.inputs.rejects.clone();
    let targets = Targets {
        rejects: rejects.or_else(|| Some(settings::rejects_beside(&command.output, None))),
        out: Some(command.output.clone()),
        ..Targets::default()
    };
    settings::refuse_overwriting(&targets, &[], &sources)?;
    let locks = settings::lock(&targets, &[], None)?;
    let texts = if command.no_text { Texts::Omit } else { Texts::Keep };
    let keep = if command.prune { Keep::Repeated } else { Keep::All };
    let work = settings::work(&command.resuming, &targets, command.shard)?;
    let job = Job::new(&sources, &config, monitor)?.resuming(work);
    let saving = Saving { texts, keep };
    let plan = job.plan(Task::Learn, None, Some(saving));
    let places = (&targets, Some(command.output.as_path()));
    announce(&job, plan, places, Telling::of(&command.inputs, None))?;
    let bar = progress::Bar::start(&job, progress::Passes::Count, command.inputs.quiet);
    let (summary, staged) = job.learn(&[], &targets, saving)?;
    staged.commit()?;
    drop(locks);
    bar.finish_counting(&summary, targets.rejects.as_deref());
    Ok(super::outcome(&summary))
}
