//! `--config FILE`: flags by their long names, from a TOML file.
//!
//! What the file says becomes the default of its flag, so that what is typed wins, and every value
//! goes through the same checks. A key may belong to another subcommand than the one that runs, so
//! that one file serves them all; a key that belongs to none is refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use toml::{Spanned, Value};

use super::args::Arguments;
use crate::error::{Error, Result};
use crate::io::read::small_file;

/// What the command line asks for, the settings file included.
#[derive(Debug)]
pub(super) enum Request {
    /// To run a subcommand.
    Run(Box<Arguments>),
    /// To print the settings in force.
    Print(String),
}

/// Reads the command line `typed`; wrong usage ends the process as clap does.
///
/// # Errors
///
/// When the settings file cannot be read, or has a key or value that no flag takes.
pub(super) fn request(typed: &[OsString]) -> Result<Request> {
    let command = Arguments::command();
    let Ok(first) = lenient(command.clone()).try_get_matches_from(typed) else {
        return Ok(Request::Run(parsed(command, typed)));
    };
    let Some((name, matches)) = first.subcommand() else {
        return Ok(Request::Run(parsed(command, typed)));
    };
    let order = command.find_subcommand(name).expect("it was just parsed").clone();
    let file = matches.try_get_one::<PathBuf>("config").ok().flatten();
    let command = match file {
        Some(path) => with_file(&command, name, path)?,
        None => command,
    };
    if matches.try_get_one::<bool>("print_config").ok().flatten() != Some(&true) {
        return Ok(Request::Run(parsed(command, typed)));
    }
    let all = lenient(command).get_matches_from(typed);
    let matches = all.subcommand_matches(name).expect("it was just parsed");
    Ok(Request::Print(settings_in_force(&order, matches)))
}

fn parsed(command: clap::Command, typed: &[OsString]) -> Box<Arguments> {
    let matches = command.get_matches_from(typed);
    Box::new(Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
}

/// The command with nothing required.
fn lenient(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|subcommand| subcommand.mut_args(|arg| arg.required(false)))
}

/// The command with the settings of a file as the defaults of its subcommand `name`.
fn with_file(command: &clap::Command, name: &str, path: &Path) -> Result<clap::Command> {
    let text = small_file(path)?;
    let refuse = |at: usize, what: &str| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        Error::settings(format!("{}:{line}: {what}", path.display()))
    };
    let file: BTreeMap<Spanned<String>, Spanned<Value>> = toml::from_str(&text)
        .map_err(|e: toml::de::Error| refuse(e.span().map_or(0, |span| span.start), e.message()))?;
    let mut set = command.clone();
    for (key, value) in &file {
        let at = key.span().start;
        let Some(own) = flag(command, name, key.as_ref()) else {
            unknown(command, name, key.as_ref()).map_or(Ok(()), |what| Err(refuse(at, &what)))?;
            continue;
        };
        let words = words(own, value.as_ref()).map_err(|what| refuse(at, &what))?;
        check(command, name, own, &words).map_err(|what| refuse(at, &what))?;
        let id = own.get_id().clone();
        set = set.mut_subcommand(name, |subcommand| {
            subcommand.mut_arg(id, |arg| arg.required(false).default_values(words))
        });
    }
    Ok(set)
}

/// The flag that a key of the file means.
fn flag<'a>(command: &'a clap::Command, subcommand: &str, key: &str) -> Option<&'a Arg> {
    let mut flags = command.find_subcommand(subcommand)?.get_arguments();
    flags.find(|arg| arg.get_long() == Some(key) && is_setting(arg))
}

/// The settings file and what it makes are no settings themselves.
fn is_setting(arg: &Arg) -> bool {
    let is_value =
        matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue);
    is_value && arg.get_long().is_some_and(|name| name != "config" && name != "print-config")
}

/// What is wrong with a key that `name` does not have; nothing when another subcommand has it.
fn unknown(command: &clap::Command, name: &str, key: &str) -> Option<String> {
    if command.get_subcommands().any(|other| flag(command, other.get_name(), key).is_some()) {
        return None;
    }
    let like = try_flags(command, name, &[format!("--{key}")]).err();
    let like = like.and_then(|error| {
        error.get(ContextKind::SuggestedArg).map(|like| format!("; a similar one is {like}"))
    });
    Some(format!("no flag is named --{key}{}", like.unwrap_or_default()))
}

/// The words that a value would be typed as.
fn words(flag: &Arg, value: &Value) -> Result<Vec<String>, String> {
    let word = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        other => Err(format!("takes a string or a number, not {}", other.type_str())),
    };
    let words = match (flag.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(is_set)) => Ok(vec![is_set.to_string()]),
        (ArgAction::SetTrue, _) => Err("takes true or false".to_owned()),
        (ArgAction::Append, Value::Array(values)) => values.iter().map(word).collect(),
        (_, value) => word(value).map(|word| vec![word]),
    };
    words.map_err(|what| format!("{} {what}", flag.get_long().unwrap_or_default()))
}

/// Whether the flag takes these words.
fn check(command: &clap::Command, name: &str, flag: &Arg, words: &[String]) -> Result<(), String> {
    if matches!(flag.get_action(), ArgAction::SetTrue) {
        return Ok(());
    }
    let long = flag.get_long().unwrap_or_default();
    let typed: Vec<String> = words.iter().map(|word| format!("--{long}={word}")).collect();
    match try_flags(command, name, &typed) {
        Err(error)
            if matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation) =>
        {
            let told = error.to_string();
            let lines: Vec<&str> =
                told.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
            Err(lines.join(" ").trim_start_matches("error: ").to_owned())
        }
        _ => Ok(()),
    }
}

fn try_flags(
    command: &clap::Command,
    name: &str,
    flags: &[String],
) -> Result<ArgMatches, clap::Error> {
    let typed = ["dechaff", name].into_iter().chain(flags.iter().map(String::as_str));
    lenient(command.clone()).try_get_matches_from(typed)
}

/// All flags of a subcommand as a settings file would have them; those that are not set as comments.
fn settings_in_force(command: &clap::Command, matches: &ArgMatches) -> String {
    let mut shown = String::new();
    for flag in command.get_arguments().filter(|flag| is_setting(flag)) {
        let long = flag.get_long().unwrap_or_default();
        let raw = matches.get_raw(flag.get_id().as_str());
        let words: Option<Vec<String>> =
            raw.map(|raw| raw.map(|word| word.to_string_lossy().into_owned()).collect());
        let written = match (words.as_deref(), flag.get_action()) {
            (None, _) => writeln!(shown, "# {long} ="),
            (Some(words), ArgAction::Append) => {
                let values = words.iter().map(|word| Value::from(word.as_str())).collect();
                writeln!(shown, "{long} = {}", Value::Array(values))
            }
            (Some(words), ArgAction::SetTrue) => {
                writeln!(shown, "{long} = {}", words.concat() == "true")
            }
            (Some(words), _) => writeln!(shown, "{long} = {}", value(&words.concat())),
        };
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    }
    shown
}

/// A word as a number where it is spelled as this program spells it, else as a string.
fn value(word: &str) -> Value {
    match (word.parse::<i64>(), word.parse::<f64>()) {
        (Ok(number), _) if number.to_string() == word => Value::from(number),
        (_, Ok(number)) if number.to_string() == word && word.contains('.') => Value::from(number),
        _ => Value::from(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requested(file: &str, typed: &str) -> Result<Request> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dechaff.toml");
        std::fs::write(&path, file).unwrap();
        let config = ["--config".into(), path.into_os_string()];
        let words: Vec<OsString> = typed.split(' ').map(OsString::from).chain(config).collect();
        request(&words)
    }

    fn check_printed(file: &str, typed: &str, expected: &str) {
        let Request::Print(shown) = requested(file, typed).unwrap() else { panic!("it ran") };
        assert!(shown.lines().any(|line| line == expected), "{expected:?} in:\n{shown}");
    }

    fn check_refused(file: &str, expected: &str) {
        let told = requested(file, "dechaff clean in -o out").unwrap_err().to_string();
        assert!(told.ends_with(expected), "{told:?} should end with {expected:?}");
    }

    #[test]
    fn the_file_is_the_default_and_what_is_typed_wins() {
        let file =
            "text-field = \"body\"\nthreads = 3\nscope = [\"site\", \"document\"]\nmark = true";
        let print = "dechaff clean --print-config";
        check_printed(file, print, "text-field = \"body\"");
        check_printed(file, print, "threads = 3");
        check_printed(file, print, "mark = true");
        check_printed(file, print, "scope = [\"site\", \"document\"]");
        check_printed(file, print, "max-removed = 0.9");
        check_printed(file, print, "# order-field =");
        check_printed(file, &format!("{print} --scope corpus"), "scope = [\"corpus\"]");
        check_printed(file, &format!("{print} --text-field t"), "text-field = \"t\"");
    }

    #[test]
    fn what_is_printed_is_a_settings_file() {
        let print = "dechaff clean --print-config";
        let Request::Print(first) = requested("memory = \"2G\"", print).unwrap() else { panic!() };
        let Request::Print(again) = requested(&first, print).unwrap() else { panic!() };
        assert_eq!(first, again);
    }

    #[test]
    fn one_file_serves_all_subcommands() {
        check_printed("removed = \"r.jsonl\"", "dechaff learn --print-config", "threads = 0");
        let learn = requested("output = \"x.idx\"", "dechaff learn in");
        assert!(matches!(learn.unwrap(), Request::Run(_)));
    }

    #[test]
    fn wrong_keys_and_values_are_refused_by_line() {
        check_refused(
            "\nkeep-copy = \"all\"",
            ":2: no flag is named --keep-copy; a similar one is --keep-copies",
        );
        check_refused("config = \"x\"", ":1: no flag is named --config");
        check_refused("strict = 1", ":1: strict takes true or false");
        check_refused("threads = [1]", ":1: threads takes a string or a number, not array");
        check_refused(
            "keep-copies = \"last\"",
            ":1: invalid value 'last' for '--keep-copies <WHICH>' [possible values: first, all, none]",
        );
        check_refused("threads = 1\nthreads = 2", ":2: duplicate key");
    }
}
