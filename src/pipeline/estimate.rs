//! What a run will need, told before it begins: a pure function of sizes and settings.
//!
//! The factors are bytes for each byte of decompressed input, measured on crawls of 100 to 400 MB
//! from the generator in `benches/crawl` and on 311 MB of news (docs/performance.md): the largest
//! that was met, so that a run is not begun that ends for want of room. Text without repeats takes
//! less time and the same room.

use super::Saving;
use crate::index::Keep;
use crate::index::build::Texts;

/// What is done with the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Count, then strip.
    Clean,
    /// Count.
    Learn,
    /// Strip by an index.
    Strip,
}

/// Whether what is done is kept, so that the run can be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Each portion is kept until all are done.
    Kept,
    /// Nothing is kept.
    None,
}

/// Sizes and settings that tell what a run will need.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// What is done.
    pub task: Task,
    /// Bytes of the inputs, decompressed.
    pub input_bytes: u64,
    /// Bytes of the index that the run begins from.
    pub older_bytes: u64,
    /// The index that is written.
    pub saving: Option<Saving>,
    /// What counts may take in memory.
    pub memory_bytes: u64,
    /// Threads that work.
    pub threads: u64,
    /// Whether the run can be continued.
    pub resume: Resume,
}

/// What a run is expected to need, at most.
///
/// # Examples
///
/// ```
/// use dechaff::pipeline::estimate::{Estimate, Plan, Resume, Task};
/// let plan = Plan {
///     task: Task::Clean,
///     input_bytes: 100_000_000,
///     older_bytes: 0,
///     saving: None,
///     memory_bytes: 1 << 30,
///     threads: 1,
///     resume: Resume::None,
/// };
/// let estimate = Estimate::of(&plan);
/// assert_eq!(estimate.temporary_bytes, 130_000_000);
/// assert_eq!(estimate.index_bytes, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Seconds of the whole run.
    pub seconds: u64,
    /// Anonymous memory.
    pub memory_bytes: u64,
    /// In the temporary folder.
    pub temporary_bytes: u64,
    /// Cleaned text, and what is kept beside it until the run is done.
    pub cleaned_bytes: u64,
    /// The audit.
    pub audit_bytes: u64,
    /// The index that is written.
    pub index_bytes: u64,
}

/// Thousandths of a byte for each byte of input: what is counted of it, before it is added up.
const TUPLES: u64 = 950;
/// The first texts of paragraphs, where they are kept.
const TEXTS: u64 = 900;
/// The sketches and answers that a second pass reads.
const SKETCHES: u64 = 950;
/// Rows of what recurs.
const REPEATED: u64 = 350;
/// All rows, with and without texts.
const INDEX: [u64; 2] = [2_750, 2_100];
/// Rows of what recurs, with entries and texts.
const PRUNED: u64 = 550;
/// Cleaned text is never more than the input.
const CLEANED: u64 = 1_000;
/// An audit repeats what it removes and says why.
const AUDIT: u64 = 1_100;
/// Anonymous memory that grows with the input: what is known of documents, and where batches begin.
const DOCUMENTS: u64 = 10;

/// Memory of the program, and of the batches that a thread has under way.
const PROGRAM_BYTES: u64 = 24 << 20;
const THREAD_BYTES: u64 = 24 << 20;

/// Thousandths of a nanosecond of one core for each byte of input.
const fn time(task: Task) -> u64 {
    match task {
        Task::Clean => 45_000,
        Task::Learn => 25_000,
        Task::Strip => 60_000,
    }
}

impl Estimate {
    /// What `plan` will need.
    pub fn of(plan: &Plan) -> Self {
        let of_input = |thousandths: u64| scaled(plan.input_bytes, thousandths);
        let nanoseconds = of_input(time(plan.task)) / plan.threads.max(1);
        let counted = if plan.task == Task::Strip { [0, 0] } else { counted(plan) };
        // Partitions differ in size: some spill before all the memory is used, and then all are
        // spilled in the end.
        let share = plan.memory_bytes / counted.iter().filter(|&&n| n > 0).count().max(1) as u64;
        let spilled: u64 = counted.iter().filter(|&&bytes| bytes > share / 5 * 4).sum();
        let index_bytes =
            plan.saving.map_or(0, |saving| of_input(index(saving)) + plan.older_bytes);
        let second_pass = match (plan.task, plan.resume) {
            (Task::Clean, Resume::None) if plan.saving.is_some() => of_input(SKETCHES),
            (Task::Clean, Resume::None) => of_input(SKETCHES + REPEATED) + plan.older_bytes,
            _ => 0,
        };
        let cleaned = if plan.task == Task::Learn { 0 } else { of_input(CLEANED) };
        let kept = match plan.resume {
            // The counts of all portions, and their sum.
            Resume::Kept if plan.task != Task::Strip => {
                of_input(INDEX[0]) + index_bytes.max(of_input(REPEATED) + plan.older_bytes)
            }
            _ => 0,
        };
        let in_memory = plan.memory_bytes.min(counted.iter().sum());
        let under_way = PROGRAM_BYTES + plan.threads.min(1 << 16) * THREAD_BYTES;
        Self {
            seconds: nanoseconds / 1_000_000_000,
            memory_bytes: in_memory + under_way + of_input(DOCUMENTS),
            temporary_bytes: spilled + second_pass,
            cleaned_bytes: cleaned + kept,
            audit_bytes: if plan.task == Task::Learn { 0 } else { of_input(AUDIT) },
            index_bytes,
        }
    }
}

/// What is counted before it is added up: tuples, texts.
fn counted(plan: &Plan) -> [u64; 2] {
    let has_texts = plan.saving.is_some_and(|saving| saving.texts == Texts::Keep);
    let texts = if has_texts { TEXTS } else { 0 };
    [TUPLES, texts].map(|thousandths| scaled(plan.input_bytes, thousandths))
}

fn index(saving: Saving) -> u64 {
    match (saving.keep, saving.texts) {
        (Keep::All, Texts::Keep) => INDEX[0],
        (Keep::All, Texts::Omit) => INDEX[1],
        (Keep::Repeated | Keep::Answered, _) => PRUNED,
    }
}

/// At most so much that many of them can be added.
fn scaled(bytes: u64, thousandths: u64) -> u64 {
    const MOST: u64 = u64::MAX / 64;
    let scaled = u128::from(bytes) * u128::from(thousandths) / 1000;
    u64::try_from(scaled).unwrap_or(MOST).min(MOST)
}

/// Bytes that a run needs on one file system, and what is free there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// The place that is named to the user.
    pub place: String,
    /// What the run needs there.
    pub needed_bytes: u64,
    /// What is free there.
    pub free_bytes: u64,
}

/// A run that needs less finds out quickly for itself.
const SMALL_BYTES: u64 = 64 << 20;

/// The first of `rooms` that will not do.
///
/// # Examples
///
/// ```
/// use dechaff::pipeline::estimate::{Room, too_small};
/// let room = |needed_bytes, free_bytes| Room { place: "out".into(), needed_bytes, free_bytes };
/// assert_eq!(too_small(&[room(1 << 30, 2 << 30)]), None);
/// assert_eq!(too_small(&[room(3 << 30, 2 << 30)]), Some(&room(3 << 30, 2 << 30)));
/// ```
pub fn too_small(rooms: &[Room]) -> Option<&Room> {
    rooms.iter().find(|room| room.needed_bytes > SMALL_BYTES && room.needed_bytes > room.free_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn plan(task: Task, megabytes: u64, memory_bytes: u64) -> Plan {
        Plan {
            task,
            input_bytes: megabytes * MB,
            older_bytes: 0,
            saving: None,
            memory_bytes,
            threads: 2,
            resume: Resume::None,
        }
    }

    const ALL: Option<Saving> = Some(Saving { texts: Texts::Keep, keep: Keep::All });

    /// Demands that what was measured is within the estimate, which is at most `most` times as much.
    #[track_caller]
    fn check(estimate: u64, measured: u64, most: u64) {
        let range = measured..=measured * most / 100;
        assert!(range.contains(&estimate), "{estimate} for {measured}");
    }

    #[test]
    fn what_was_measured_is_within_the_estimate() {
        // (input MB, --memory, MB of temporary files at the peak), of `clean` on a crawl.
        for (megabytes, memory, temporary) in
            [(100, 64, 210), (100, 512, 114), (258, 64, 552), (258, 512, 302), (1000, 512, 2151)]
        {
            let estimate = Estimate::of(&plan(Task::Clean, megabytes, memory << 20));
            check(estimate.temporary_bytes, temporary * MB, 120);
        }
        // (input MB, --memory, threads, MiB of anonymous memory at the peak), of the same.
        for (megabytes, memory, threads, anonymous) in [
            (100, 64, 1, 69),
            (100, 512, 1, 105),
            (258, 64, 2, 107),
            (258, 512, 2, 286),
            (1000, 512, 2, 540),
            (4000, 512, 1, 528),
        ] {
            let plan = Plan { threads, ..plan(Task::Clean, megabytes, memory << 20) };
            check(Estimate::of(&plan).memory_bytes, anonymous << 20, 170);
        }
        let learn = |megabytes, memory: u64| {
            let plan = Plan { saving: ALL, ..plan(Task::Learn, megabytes, memory << 20) };
            Estimate::of(&plan)
        };
        check(learn(100, 64).temporary_bytes, 170 * MB, 115);
        check(learn(258, 64).temporary_bytes, 470 * MB, 115);
        check(learn(100, 64).index_bytes, 224 * MB, 125);
    }

    #[test]
    fn a_run_that_fits_into_memory_spills_nothing() {
        let learn = Plan { saving: ALL, ..plan(Task::Learn, 100, 1 << 30) };
        assert_eq!(Estimate::of(&learn).temporary_bytes, 0);
        assert_eq!(Estimate::of(&plan(Task::Strip, 9_000, 1 << 20)).temporary_bytes, 0);
    }

    #[test]
    fn more_input_needs_more_and_more_memory_needs_less_disk() {
        for task in [Task::Clean, Task::Learn, Task::Strip] {
            let [less, more] = [1_000, 2_000].map(|size| Estimate::of(&plan(task, size, 1 << 28)));
            assert!(less.seconds < more.seconds && less.memory_bytes < more.memory_bytes);
            let roomy = Estimate::of(&plan(task, 2_000, 1 << 30));
            assert!(roomy.temporary_bytes <= more.temporary_bytes);
            assert!(roomy.memory_bytes >= more.memory_bytes);
        }
    }

    #[test]
    fn an_older_index_is_written_again_with_the_new_counts() {
        let older = Plan { older_bytes: 7 * MB, saving: ALL, ..plan(Task::Clean, 100, 1 << 30) };
        assert_eq!(Estimate::of(&older).index_bytes, (275 + 7) * MB);
        let pruned = Saving { texts: Texts::Keep, keep: Keep::Repeated };
        let pruned = Plan { saving: Some(pruned), ..older };
        assert_eq!(Estimate::of(&pruned).index_bytes, (55 + 7) * MB);
    }

    #[test]
    fn what_is_kept_for_a_continuation_lies_beside_the_output() {
        let kept = Plan { resume: Resume::Kept, ..plan(Task::Clean, 100, 1 << 30) };
        let (kept, plain) = (Estimate::of(&kept), Estimate::of(&plan(Task::Clean, 100, 1 << 30)));
        assert!(kept.cleaned_bytes > plain.cleaned_bytes + 275 * MB);
        assert!(kept.temporary_bytes < plain.temporary_bytes);
    }

    #[test]
    fn sizes_beyond_all_bounds_are_large_and_not_a_panic() {
        let estimate = Estimate::of(&Plan { saving: ALL, ..plan(Task::Clean, u64::MAX / MB, 0) });
        assert!(estimate.temporary_bytes > 1 << 56);
    }
}
