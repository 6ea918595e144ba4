//! The documents promise nothing that is not there: every shell command in them runs, every flag
//! they name exists, and docs/commands.md has every flag there is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DOCUMENTS: [&str; 2] = ["README.md", "docs/guide.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The blocks of a document that are marked `sh`, in order.
fn shell_blocks(document: &str) -> Vec<String> {
    let fenced = document.split("```").skip(1).step_by(2);
    fenced.filter_map(|block| Some(block.strip_prefix("sh\n")?.to_owned())).collect()
}

/// The long flags that a text names.
fn flags(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c == '-';
    let words = text.split(|c: char| !is_part(c));
    let named = words.filter_map(|word| word.strip_prefix("--")).map(|name| name.trim_matches('-'));
    named.filter(|name| !name.is_empty()).map(|name| format!("--{name}")).collect()
}

fn help(arguments: &[&str]) -> String {
    let mut dechaff = Command::new(env!("CARGO_BIN_EXE_dechaff"));
    let output = dechaff.args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The subcommands that the help lists.
fn subcommands() -> Vec<String> {
    let help = help(&["--help"]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// What docs/commands.md holds: the help of every subcommand.
fn commands() -> String {
    let mut text = "# Commands\n\nWhat `dechaff help` and `dechaff COMMAND -h` tell.\n".to_owned();
    let mut add = |name: &str, help: &str| {
        let lines: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
        text.extend(["\n## ", name, "\n\n```text\n", &lines.join("\n"), "\n```\n"]);
    };
    add("dechaff", &help(&["-h"]));
    for name in subcommands() {
        add(&format!("dechaff {name}"), &help(&[&name, "-h"]));
    }
    text
}

/// The folders and files that the documents speak of, made of the sample pages.
fn lay_out(folder: &Path) {
    let pages = root().join("testdata/sample/pages");
    let mut lines = [String::new(), String::new()];
    let mut articles = String::new();
    let mut at = 0;
    for site in ["harborpost", "hillgazette"] {
        fs::create_dir_all(folder.join("pages").join(site)).unwrap();
        let mut paths: Vec<PathBuf> =
            fs::read_dir(pages.join(site)).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap();
            fs::write(folder.join("pages").join(site).join(name), &text).unwrap();
            let id = name.strip_suffix(".txt").unwrap();
            let url = format!("https://www.{site}.example/{id}");
            let record = serde_json::json!({
                "id": id, "url": url, "published": "2024-03-12", "text": text
            });
            lines[at % 2].extend([record.to_string().as_str(), "\n"]);
            let record = serde_json::json!({"uid": id, "link": url, "outlet": site, "body": text});
            articles.extend([record.to_string().as_str(), "\n"]);
            at += 1;
        }
    }
    for (day, lines) in ["monday", "tuesday"].iter().zip(&lines) {
        fs::create_dir_all(folder.join(day)).unwrap();
        fs::write(folder.join(day).join(format!("{day}.jsonl")), lines).unwrap();
    }
    fs::create_dir_all(folder.join("shards")).unwrap();
    fs::write(folder.join("shards/part-0000.jsonl"), &lines[0]).unwrap();
    fs::write(folder.join("shards/part-0001.jsonl"), &lines[1]).unwrap();
    fs::write(folder.join("articles.jsonl"), articles).unwrap();
    fs::write(folder.join("keep.txt"), "// By-lines.\nBy * | *\n").unwrap();
    let guide = read("docs/guide.md");
    let settings = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    fs::write(folder.join("dechaff.toml"), settings.expect("the guide shows a file")).unwrap();
    fs::write(folder.join("drop.txt"), "send letters *\n").unwrap();
}

#[cfg(unix)]
#[test]
fn every_command_of_the_documents_runs() {
    let binary = Path::new(env!("CARGO_BIN_EXE_dechaff"));
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(binary.parent().unwrap().to_owned())
        .chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(folders).unwrap();
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    let is_run = |block: &&String| {
        block.starts_with("dechaff") || (has_python && block.starts_with("python3"))
    };
    for document in DOCUMENTS {
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path());
        let text = read(document);
        let blocks = shell_blocks(&text);
        for block in blocks.iter().filter(is_run) {
            let mut shell = Command::new("sh");
            let output = shell.args(["-euc", block]).current_dir(folder.path());
            let output = output.env("PATH", &path).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{document}:\n{block}\n{told}");
        }
    }
}

#[test]
fn the_readme_command_runs_from_a_fresh_clone() {
    let readme = read("README.md");
    let command = readme.lines().find(|line| line.starts_with("cargo run --release -- clean"));
    let arguments = command.expect("the README names it").split_once(" -- ").unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    let mut dechaff = Command::new(env!("CARGO_BIN_EXE_dechaff"));
    for argument in arguments.split(' ') {
        match argument {
            "cleaned" | "removed.jsonl" => dechaff.arg(folder.path().join(argument)),
            other => dechaff.arg(other),
        };
    }
    let output = dechaff.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let cleaned = fs::read_to_string(folder.path().join("cleaned/harborpost/03-dredging.txt"));
    let cleaned = cleaned.unwrap();
    assert!(cleaned.starts_with("Dredging starts in the north channel\n\nBy Ines Calloway"));
    assert!(
        cleaned.trim_end().ends_with("who runs two boats. \u{201c}So dig.\u{201d}"),
        "{cleaned}"
    );
    assert!(!cleaned.contains("312 views"));
}

#[test]
fn the_documents_name_no_flag_that_is_not_there() {
    let known = flags(&commands());
    let of_others = ["--open", "--path", "--release"].map(str::to_owned).into();
    let named = &flags(&DOCUMENTS.map(read).concat()) - &of_others;
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_list_of_commands_is_the_help() {
    let path = root().join("docs/commands.md");
    let expected = commands();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let found = read("docs/commands.md").replace("\r\n", "\n");
    assert!(found == expected, "docs/commands.md is not the help; BLESS=1 writes it anew");
}

#[test]
fn every_subcommand_is_in_the_documents() {
    let documents = DOCUMENTS.map(read).concat();
    let known = subcommands();
    assert!(known.len() > 6, "{known:?}");
    for subcommand in known {
        assert!(documents.contains(&format!("dechaff {subcommand} ")), "{subcommand}");
    }
}

#[test]
fn every_fault_names_a_test_that_is_there() {
    let table = read("docs/reliability.md");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 20, "{}", rows.len());
    for row in rows {
        let test = row.split('`').rfind(|part| part.contains("::")).unwrap_or_default();
        let (module, function) = test.split_once("::").unwrap_or_else(|| panic!("no test: {row}"));
        let source = read(&format!("tests/{module}.rs"));
        assert!(source.contains(&format!("fn {function}()")), "{test}");
    }
}
