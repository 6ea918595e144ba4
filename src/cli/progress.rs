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

/// Watches a run from its own thread.
pub(super) struct Bar {
    is_quiet: bool,
    start: Instant,
    is_done: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

const TICK: Duration = Duration::from_millis(100);

impl Bar {
    /// Starts watching a job that reads its inputs `passes` times.
    pub(super) fn start(job: &Job, passes: u64, is_quiet: bool) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let mut bar = Self { is_quiet, start: Instant::now(), is_done, watcher: None };
        if is_quiet || !std::io::stderr().is_terminal() {
            return bar;
        }
        let total = job.sources.sources.iter().map(crate::io::source::Source::stored_bytes);
        let shown = ProgressBar::new(passes * total.sum::<u64>());
        let template = "{bar:30} {percent:>3} %  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            shown.set_style(style);
        }
        let (read, is_done) = (job.monitor.read_bytes.clone(), bar.is_done.clone());
        bar.watcher = Some(std::thread::spawn(move || {
            while !is_done.load(Ordering::Relaxed) {
                shown.set_position(read.load(Ordering::Relaxed));
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

fn speed(summary: &Summary, seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let megabytes = summary.text_bytes as f64 / 1e6;
    format!("{seconds:.1} s, {:.0} MB/s", megabytes / seconds.max(1e-9))
}
