//! What a long run is expected to need, said before it begins; a run that lacks room is refused.

use std::path::{Path, PathBuf};

use super::args::{Decisions, Inputs};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::io::space::{FileSystem, room};
use crate::pipeline::estimate::{Estimate, Plan, Room, too_small};
use crate::pipeline::{Job, Targets};

/// When the estimate is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// Nobody wants to hear.
    Never,
    /// When the run is long.
    Long,
    /// This is a try.
    Always,
}

impl Telling {
    /// What the flags ask for.
    pub(super) fn of(inputs: &Inputs, decisions: Option<&Decisions>) -> Self {
        match decisions {
            _ if inputs.quiet => Self::Never,
            Some(decisions) if decisions.dry_run => Self::Always,
            _ => Self::Long,
        }
    }
}

/// A run is long that is expected to take so many seconds.
const LONG_SECONDS: u64 = 60;

/// Tells what `plan` needs, and refuses it where the disk will not do; `index` is where one is saved.
pub(super) fn announce(
    job: &Job,
    plan: Option<Plan>,
    (targets, index): (&Targets, Option<&Path>),
    telling: Telling,
) -> Result<()> {
    let Some(plan) = plan else { return Ok(()) };
    let estimate = Estimate::of(&plan);
    let rooms = rooms(&estimate, job.config, (targets, index));
    let is_told = match telling {
        Telling::Never => false,
        Telling::Long => estimate.seconds >= LONG_SECONDS,
        Telling::Always => true,
    };
    if is_told {
        let has_guess = job.sources.sources.iter().any(|source| source.expansion() > 1);
        let guess = if has_guess { "; how far compressed inputs grow is a guess" } else { "" };
        let cleaned = match &targets.out {
            None => format!(", and the cleaned text up to {}", bytes(estimate.cleaned_bytes)),
            Some(_) => String::new(),
        };
        super::message(&format!("{}{cleaned}{guess}", told(&estimate, plan.threads, &rooms)));
    }
    let Some(room) = too_small(&rooms) else { return Ok(()) };
    let what = format!(
        "{} may need {}, and {} are free there",
        room.place,
        bytes(room.needed_bytes),
        bytes(room.free_bytes)
    );
    if !job.config.is_forced {
        return Err(Error::limit(format!(
            "{what}; nothing was begun. --force begins all the same"
        )));
    }
    if telling != Telling::Never {
        super::message(&format!("warning: {what}"));
    }
    Ok(())
}

/// What the run needs, file system by file system.
fn rooms(
    estimate: &Estimate,
    config: &Config,
    (targets, index): (&Targets, Option<&Path>),
) -> Vec<Room> {
    let needs: [(Option<PathBuf>, u64); 4] = [
        (Some(config.temporary_folder.clone()), estimate.temporary_bytes),
        (targets.out.clone(), estimate.cleaned_bytes),
        (targets.removed.clone(), estimate.audit_bytes),
        (index.map(Path::to_owned), estimate.index_bytes),
    ];
    let mut rooms: Vec<(FileSystem, Room)> = Vec::new();
    for (path, needed_bytes) in needs {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else { continue };
        let Some((file_system, free_bytes)) = room(&path).filter(|_| needed_bytes > 0) else {
            continue;
        };
        let place = path.display().to_string();
        if let Some((_, known)) = rooms.iter_mut().find(|(other, _)| *other == file_system) {
            known.needed_bytes = known.needed_bytes.saturating_add(needed_bytes);
            known.place.extend([" + ", &place]);
        } else {
            rooms.push((file_system, Room { place, needed_bytes, free_bytes }));
        }
    }
    rooms.into_iter().map(|(_, room)| room).collect()
}

fn told(estimate: &Estimate, threads: u64, rooms: &[Room]) -> String {
    let room = |room: &Room| {
        let (needed, free) = (bytes(room.needed_bytes), bytes(room.free_bytes));
        format!("up to {needed} in {} ({free} free)", room.place)
    };
    let rooms: Vec<String> = rooms.iter().map(room).collect();
    let disk = if rooms.is_empty() { "nothing to speak of".to_owned() } else { rooms.join(", ") };
    let (time, memory) = (time(estimate.seconds), bytes(estimate.memory_bytes));
    let threads = if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
    format!("expected: {time} on {threads}, {memory} of memory; on disk {disk}")
}

fn bytes(count: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")];
    match units.into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) if count < 10 * unit => {
            format!("{}.{} {name}", count / unit, count % unit * 10 / unit)
        }
        Some((unit, name)) => format!("{} {name}", count / unit),
        None => "less than 1 MB".to_owned(),
    }
}

fn time(seconds: u64) -> String {
    match seconds {
        0..10 => "seconds".to_owned(),
        10..120 => format!("about {seconds} s"),
        120..7200 => format!("about {} min", seconds / 60),
        _ => format!("about {} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_told_as_people_say_it() {
        let estimate = Estimate {
            seconds: 754,
            memory_bytes: 1_150_000_000,
            temporary_bytes: 4_200_000_000,
            cleaned_bytes: 0,
            audit_bytes: 0,
            index_bytes: 0,
        };
        let room = Room {
            place: "/tmp".to_owned(),
            needed_bytes: 4_200_000_000,
            free_bytes: 41_000_000_000,
        };
        assert_eq!(
            told(&estimate, 2, &[room]),
            "expected: about 12 min on 2 threads, 1.1 GB of memory; on disk up to 4.2 GB in /tmp \
             (41 GB free)"
        );
    }

    #[test]
    fn sizes_and_times_have_few_digits() {
        assert_eq!(bytes(999), "less than 1 MB");
        assert_eq!(bytes(9_990_000), "9.9 MB");
        assert_eq!(bytes(12_000_000_000_000), "12 TB");
        assert_eq!(
            [5, 59, 121, 9_000].map(time),
            ["seconds", "about 59 s", "about 2 min", "about 2 h"]
        );
    }
}
