//! The `dechaff` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dechaff::cli::main()
}
