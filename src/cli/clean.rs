//! `dechaff clean`.

use super::estimate::{Telling, announce};
use super::{Outcome, args, progress, settings, showing};
use crate::error::Result;
use crate::index::{Index, Keep, build::Texts};
use crate::io::source::Passes;
use crate::pipeline::estimate::Task;
use crate::pipeline::{Job, Monitor, Saving};

pub(super) fn run(command: &args::Clean, monitor: Monitor) -> Result<Outcome> {
    let mut config = settings::config(&command.inputs)?;
    settings::decide(&mut config, &command.decisions)?;
    let older = command.index.as_deref().map(Index::open).transpose()?;
    if let Some(older) = &older {
        config.recipe = older.recipe();
    }
    let sources = settings::sources(&command.inputs, &config, Passes::Two)?;
    let targets = settings::targets((&command.inputs, None), &command.decisions, &sources)?;
    let saved = command.save_index.as_deref();
    settings::refuse_overwriting(&targets, saved.as_slice(), &sources)?;
    let locks = settings::lock(&targets, saved.as_slice(), None)?;
    let showing = showing::Showing::new(&command.decisions, &config)?;
    showing.check_resuming(&command.resuming)?;
    let targets = showing.with_audit(targets);
    let texts = if command.no_text { Texts::Omit } else { Texts::Keep };
    let keep = if command.prune { Keep::Repeated } else { Keep::All };
    let save = saved.map(|path| (path, Saving { texts, keep }));
    let work = settings::work(&command.resuming, &targets, None)?;
    let job = Job::new(&sources, &config, monitor)?.resuming(work);
    let plan = job.plan(Task::Clean, older.as_ref(), save.map(|(_, saving)| saving));
    let telling = Telling::of(&command.inputs, Some(&command.decisions));
    announce(&job, plan, (&targets, saved), telling)?;
    let bar = progress::Bar::start(&job, progress::Passes::CountAndClean, command.inputs.quiet);
    let (summary, staged) = job.clean(older.as_ref(), save, &targets)?;
    staged.commit()?;
    drop(locks);
    showing.finish(bar, &summary, (&job, targets.rejects.as_deref()), command.inputs.verbose)?;
    Ok(super::outcome(&summary))
}
