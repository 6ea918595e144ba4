//! `dechaff completions` and `dechaff man`: made from the same definitions as the help.

use std::path::Path;

use clap::CommandFactory;

use super::{Outcome, args};
use crate::error::{Error, Result};
use crate::io::write::{Output, Staged};

const NAME: &str = "dechaff";

/// Prints the completions of a shell.
pub(super) fn completions(command: &args::Completions) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut args::Arguments::command(), NAME, &mut script);
    super::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

/// Prints the manual page, or writes one for each subcommand as well.
pub(super) fn man(command: &args::Man) -> Result<Outcome> {
    let mut all = args::Arguments::command();
    all.build();
    let Some(folder) = &command.output else {
        super::print(&String::from_utf8_lossy(&page(&all)?))?;
        return Ok(Outcome::Done);
    };
    let mut staged = Staged::default();
    let subcommands = all.get_subcommands().filter(|command| command.get_name() != "help");
    for command in std::iter::once(&all).chain(subcommands) {
        let name = command.get_display_name().unwrap_or(NAME);
        write(&folder.join(format!("{name}.1")), &page(command)?, &mut staged)?;
    }
    staged.commit()?;
    Ok(Outcome::Done)
}

fn page(command: &clap::Command) -> Result<Vec<u8>> {
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(command.clone()).render(&mut page);
    made.map_err(|error| Error::io("write", "the manual page", error))?;
    Ok(page)
}

fn write(path: &Path, page: &[u8], staged: &mut Staged) -> Result<()> {
    let mut output = Output::create(path)?;
    output.write(page)?;
    output.finish(staged)
}
