//! A progress bar on a terminal, and the summary at the end.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::pipeline::Job;
use crate::report::Summary;

/// What a run does with each reading of its inputs, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passes {
    /// Counts, then cleans.
    CountAndClean,
    /// Counts.
    Count,
    /// Cleans.
    Clean,
}

impl Passes {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::CountAndClean => &["counting", "cleaning"],
            Self::Count => &["counting"],
            Self::Clean => &["cleaning"],
        }
    }
}

/// Watches a run from its own thread.
pub(super) struct Bar {
    is_quiet: bool,
    start: Instant,
    is_done: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

const TICK: Duration = Duration::from_millis(100);
/// Cleaning a byte takes about this many times what counting it does; measured, and good enough
/// for a guess before the first byte is cleaned.
const CLEANING: f64 = 1.5;

impl Bar {
    /// Starts watching a job.
    pub(super) fn start(job: &Job, passes: Passes, is_quiet: bool) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let mut bar = Self { is_quiet, start: Instant::now(), is_done, watcher: None };
        if is_quiet || !std::io::stderr().is_terminal() {
            return bar;
        }
        let total = job.sources.sources.iter().map(crate::io::source::Source::stored_bytes).sum();
        let mut course = Course { names: passes.names(), total, before: 0.0, pass: 0 };
        let shown = ProgressBar::new(total);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} %  {msg}") {
            shown.set_style(style);
        }
        let (read, is_done, start) =
            (job.monitor.read_bytes.clone(), bar.is_done.clone(), bar.start);
        bar.watcher = Some(std::thread::spawn(move || {
            while !is_done.load(Ordering::Relaxed) {
                let seconds = start.elapsed().as_secs_f64();
                let at = course.at(read.load(Ordering::Relaxed), seconds);
                shown.set_prefix(at.name);
                shown.set_position(at.read);
                shown.set_message(at.told());
                std::thread::sleep(TICK);
            }
            shown.finish_and_clear();
        }));
        bar
    }

    /// Ends the bar of a run whose summary is printed elsewhere.
    pub(super) fn finish_silently(mut self, summary: &Summary, rejects: Option<&Path>) {
        self.stop();
        if !self.is_quiet {
            self.warn(summary, rejects);
        }
    }

    /// Ends the bar and tells what was done, and which file has the records set aside.
    pub(super) fn finish(mut self, summary: &Summary, rejects: Option<&Path>) {
        let seconds = self.stop();
        if !self.is_quiet {
            super::message(summary.to_string().trim_end());
            super::message(&speed(summary, seconds));
            self.warn(summary, rejects);
        }
    }

    /// Ends the bar of a run that only counted.
    pub(super) fn finish_counting(mut self, summary: &Summary, rejects: Option<&Path>) {
        let seconds = self.stop();
        if !self.is_quiet {
            super::message(&format!("counted {} documents", summary.documents));
            super::message(&speed(summary, seconds));
            self.warn(summary, rejects);
        }
    }

    #[expect(clippy::unused_self, reason = "only a bar that was not quiet warns")]
    fn warn(&self, summary: &Summary, rejects: Option<&Path>) {
        for unreadable in &summary.unreadable {
            super::message(&format!("warning: {unreadable}"));
        }
        match rejects {
            _ if summary.rejected == 0 => {}
            Some(path) => {
                super::message(&format!("warning: unreadable records are in {}", path.display()));
            }
            None => super::message("warning: unreadable records are kept nowhere; see --rejects"),
        }
        if summary.sites == 1 && summary.documents > 1 {
            let what = "note: all documents are taken for one site; see --site-from";
            super::message(what);
        }
    }

    fn stop(&mut self) -> f64 {
        self.is_done.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            drop(watcher.join());
        }
        self.start.elapsed().as_secs_f64()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How far a run is, pass by pass: each has its own speed.
#[derive(Debug)]
struct Course {
    /// What each pass does.
    names: &'static [&'static str],
    /// Bytes of one pass.
    total: u64,
    /// Seconds that the passes before this one took.
    before: f64,
    /// The pass that runs.
    pass: usize,
}

/// A point of a course.
#[derive(Debug, PartialEq)]
struct Point {
    name: &'static str,
    /// Bytes read in this pass.
    read: u64,
    /// Bytes a second in this pass.
    rate: f64,
    /// Seconds left over all passes, once that can be told.
    left: Option<f64>,
}

impl Course {
    /// Where the run is when `read` bytes were read in all passes together, after `seconds`.
    #[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
    fn at(&mut self, read: u64, seconds: f64) -> Point {
        let last = self.names.len() - 1;
        while self.pass < last && self.total > 0 && read > self.total * (self.pass as u64 + 1) {
            self.pass += 1;
            self.before = seconds;
        }
        let own = read.saturating_sub(self.total * self.pass as u64).min(self.total);
        let rate = own as f64 / (seconds - self.before).max(1e-3);
        let rest = (self.total - own) as f64 / rate;
        let later = CLEANING * self.total as f64 / rate * (last - self.pass) as f64;
        let is_known = own > 0 && seconds - self.before > 0.5;
        Point {
            name: self.names[self.pass],
            read: own,
            rate,
            left: is_known.then_some(rest + later),
        }
    }
}

impl Point {
    fn told(&self) -> String {
        let left = self.left.map(|left| {
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds of a run")]
            #[expect(clippy::cast_sign_loss, reason = "time left is not negative")]
            let seconds = left.round() as u64;
            match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
                (0, 0, s) => format!("  {s} s left"),
                (0, m, s) => format!("  {m} min {s} s left"),
                (h, m, _) => format!("  {h} h {m} min left"),
            }
        });
        format!("{:.0} MB/s{}", self.rate / 1e6, left.unwrap_or_default())
    }
}

fn speed(summary: &Summary, seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let megabytes = summary.text_bytes as f64 / 1e6;
    format!("{seconds:.1} s, {:.0} MB/s", megabytes / seconds.max(1e-9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(passes: Passes) -> Course {
        Course { names: passes.names(), total: 600, before: 0.0, pass: 0 }
    }

    #[track_caller]
    fn check(point: &Point, name: &str, read: u64, left: f64) {
        assert_eq!((point.name, point.read), (name, read));
        assert!((point.left.unwrap() - left).abs() < 1e-6, "{point:?}");
    }

    #[test]
    fn the_time_of_the_second_pass_is_counted_in_the_first() {
        let mut course = course(Passes::CountAndClean);
        // Half of the first pass in 3 seconds: 3 more, then 9 for cleaning.
        check(&course.at(300, 3.0), "counting", 300, 12.0);
        check(&course.at(600, 6.0), "counting", 600, 9.0);
    }

    #[test]
    fn the_second_pass_goes_by_its_own_speed() {
        let mut course = course(Passes::CountAndClean);
        course.at(600, 6.0);
        // Counts are added up until 10 s, which is no reading.
        assert_eq!(course.at(601, 10.0).left, None);
        check(&course.at(700, 12.0), "cleaning", 100, 10.0);
        check(&course.at(1200, 22.0), "cleaning", 600, 0.0);
    }

    #[test]
    fn one_pass_is_all_there_is() {
        check(&course(Passes::Count).at(200, 2.0), "counting", 200, 4.0);
        check(&course(Passes::Clean).at(900, 2.0), "cleaning", 600, 0.0);
        assert_eq!(course(Passes::Clean).at(0, 9.0).left, None, "nothing was read yet");
    }

    #[test]
    fn times_are_told_as_people_say_them() {
        let told = |left| Point { name: "", read: 0, rate: 52e6, left }.told();
        assert_eq!(told(None), "52 MB/s");
        assert_eq!(told(Some(8.4)), "52 MB/s  8 s left");
        assert_eq!(told(Some(125.0)), "52 MB/s  2 min 5 s left");
        assert_eq!(told(Some(7325.0)), "52 MB/s  2 h 2 min left");
    }
}
