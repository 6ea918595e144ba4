//! The command line: arguments, progress and exit codes; all work is done by the public API.

mod args;
mod clean;
mod completions;
mod config_file;
mod estimate;
mod explain;
mod inspect;
mod learn;
mod merge;
mod progress;
mod report;
mod restore;
mod settings;
mod showing;
mod strip;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::pipeline::Monitor;
use crate::report::Summary;
use crate::text::plain::visible;
use args::{Arguments, Command};
use config_file::Request;

/// How a command ended, as its exit code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All was done.
    Done,
    /// Done, but some records or files were unreadable.
    SomeUnreadable,
}

/// The exit code of a process that a signal ended, as shells tell it for Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Runs the command that the process was called with.
///
/// The exit code is 0 when all was done, 1 on failure, 2 on wrong usage, 3 when all was done but
/// for records or files that could not be read. A reader that closes the pipe is no failure.
pub fn main() -> ExitCode {
    let monitor = Monitor::default();
    let stop = monitor.stop.clone();
    if let Err(error) = ctrlc::set_handler(move || interrupt(&stop)) {
        message(&format!("warning: Ctrl-C leaves temporary files behind: {error}"));
    }
    match start(monitor) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeUnreadable) => ExitCode::from(3),
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) if error.is_interrupted() => {
            message(&format!("dechaff: {error}"));
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            message(&format!("dechaff: {error}"));
            ExitCode::from(if error.is_settings() { 2 } else { 1 })
        }
    }
}

/// Asks the run to end before its next batch; when asked again, ends the process: the run may be
/// waiting for input that never comes.
#[expect(clippy::exit, reason = "the waiting thread cannot return")]
fn interrupt(stop: &AtomicBool) {
    if stop.swap(true, Ordering::Relaxed) {
        std::process::exit(INTERRUPTED.into());
    }
    message("dechaff: stopping; once more to stop at once");
}

fn start(monitor: Monitor) -> Result<Outcome> {
    let typed: Vec<std::ffi::OsString> = std::env::args_os().collect();
    match config_file::request(&typed)? {
        Request::Run(arguments) => run(*arguments, monitor),
        Request::Print(settings) => print(&settings).map(|()| Outcome::Done),
    }
}

fn run(arguments: Arguments, monitor: Monitor) -> Result<Outcome> {
    match arguments.command {
        Command::Clean(command) => clean::run(&command, monitor),
        Command::Learn(command) => learn::run(&command, monitor),
        Command::Merge(command) => merge::run(&command, monitor),
        Command::Strip(command) => strip::run(&command, monitor),
        Command::Inspect(command) => inspect::run(&command),
        Command::Explain(command) => explain::run(&command, monitor),
        Command::Restore(command) => restore::run(&command),
        Command::Completions(command) => completions::completions(&command),
        Command::Man(command) => completions::man(&command),
        Command::Report(command) => report::run(&command),
    }
}

/// What the summary says of the exit code.
fn outcome(summary: &Summary) -> Outcome {
    if summary.rejected > 0 || !summary.unreadable.is_empty() {
        Outcome::SomeUnreadable
    } else {
        Outcome::Done
    }
}

/// Tells the user something on standard error; when nobody can read it, that is no failure.
///
/// File names and ids are not ours: what would act on the terminal is made visible.
fn message(text: &str) {
    use std::io::Write;
    let written = writeln!(anstream::stderr().lock(), "{}", visible(text));
    drop(written);
}

/// Prints to standard output.
fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|e| Error::io("write", "stdout", e))
}
