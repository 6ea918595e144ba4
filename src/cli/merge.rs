//! `dechaff merge`.

use super::{Outcome, args};
use crate::config::Config;
use crate::error::Result;
use crate::index::{Index, Keep};
use crate::io::source::Sources;
use crate::pipeline::{Job, Monitor};

pub(super) fn run(command: &args::Merge, monitor: Monitor) -> Result<Outcome> {
    let config = Config { is_forced: command.force, ..Config::new()? };
    let indexes: Vec<Index> =
        command.indexes.iter().map(|path| Index::open(path)).collect::<Result<_>>()?;
    let sources = Sources::default();
    let job = Job::new(&sources, &config, monitor)?;
    let keep = if command.prune { Keep::Repeated } else { Keep::All };
    job.merge(&indexes.iter().collect::<Vec<_>>(), &command.output, keep)?.commit()?;
    Ok(Outcome::Done)
}
