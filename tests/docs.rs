//! The documents promise nothing that is not there: every shell command in them runs, every flag
//! they name exists, docs/commands.md has every flag there is, and testdata/commands.txt runs each
//! subcommand with each of its flags.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// All documents for users but the list of commands, which is the help.
fn documents() -> Vec<String> {
    let mut names = vec!["README.md".to_owned(), "python/README.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        names.push(format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    }
    names.retain(|name| name != "docs/commands.md");
    names.sort();
    assert!(names.len() > 6, "{names:?}");
    names
}

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
    fs::write(folder.join("crawl.jsonl"), lines.concat()).unwrap();
    let broken = "{\"text\": \"Rain fell.\\n26 views\"}\n{\"text\":\n";
    fs::write(folder.join("broken.jsonl"), broken).unwrap();
    lay_out_pages(folder);
    fs::write(folder.join("keep.txt"), "// By-lines.\nBy * | *\n").unwrap();
    fs::write(folder.join("allow.txt"), "// Judged.\nBy * | *\n").unwrap();
    let guide = read("docs/guide.md");
    let settings = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    fs::write(folder.join("dechaff.toml"), settings.expect("the guide shows a file")).unwrap();
    fs::write(folder.join("drop.txt"), "send letters *\n").unwrap();
}

/// Whole pages, and the text of pages as Common Crawl gives it.
fn lay_out_pages(folder: &Path) {
    fs::create_dir_all(folder.join("wet")).unwrap();
    let (mut records, mut archive) = (String::new(), String::new());
    for (number, name) in ["harbor-en", "mountain-es", "oasis-ar"].iter().enumerate() {
        let text = read(&format!("testdata/pages/{name}.txt"));
        let url = format!("https://www.{name}.example/{number}");
        let record = serde_json::json!({"id": name, "url": url, "text": text});
        records.extend([record.to_string().as_str(), "\n"]);
        let length = text.len();
        let head = format!(
            "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: {url}\r\n\
             WARC-Date: 2024-03-0{}T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:{number}>\r\n\
             Content-Type: text/plain\r\nContent-Length: {length}\r\n\r\n",
            number + 1
        );
        archive.extend([head.as_str(), &text, "\r\n\r\n"]);
    }
    fs::write(folder.join("pages.jsonl"), records).unwrap();
    fs::write(folder.join("wet/part-00000.wet"), archive).unwrap();
}

/// The search path with the command that is tested in front.
fn search_path() -> std::ffi::OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_dechaff"));
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(binary.parent().unwrap().to_owned())
        .chain(std::env::split_paths(&inherited));
    std::env::join_paths(folders).unwrap()
}

/// Commands of the documents that other checks run: what builds, and what sets up environments.
const ELSEWHERE: [&str; 6] =
    ["cargo ", "./test", "pip install", "python/", "tests/browser/run", "target/python/"];

#[cfg(unix)]
#[test]
fn every_command_of_the_documents_runs() {
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    for document in documents() {
        let folder = tempfile::tempdir().unwrap();
        lay_out(folder.path());
        for block in shell_blocks(&read(&document)) {
            if ELSEWHERE.iter().any(|other| block.starts_with(other)) {
                continue;
            }
            let is_python = block.starts_with("python3 ");
            assert!(is_python || block.starts_with("dechaff "), "{document}: who runs {block}?");
            if is_python && !has_python {
                crate::environment::skipped("python3 is not there for a command of the guide");
                continue;
            }
            let mut shell = Command::new("sh");
            let output = shell.args(["-euc", &block]).current_dir(folder.path());
            let output = output.env("PATH", search_path()).output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{document}:\n{block}\n{told}");
        }
    }
}

#[test]
fn no_command_stands_outside_of_a_block_that_is_run() {
    for document in documents() {
        for line in read(&document).lines() {
            assert!(!line.starts_with("    dechaff "), "{document}: {line}");
        }
    }
}

/// The command lines of testdata/commands.txt: exit code, line, and what it says.
fn command_lines() -> Vec<(i32, String, Vec<String>)> {
    let mut found: Vec<(i32, String, Vec<String>)> = Vec::new();
    for line in read("testdata/commands.txt").lines() {
        if let Some(says) = line.strip_prefix("? ") {
            found.last_mut().expect("a command stands above").2.push(says.to_owned());
        } else if !line.is_empty() && !line.starts_with("//") {
            let (code, line) = match line.split_once(' ') {
                Some((code, rest)) if code.parse::<i32>().is_ok() => (code.parse().unwrap(), rest),
                _ => (0, line),
            };
            found.push((code, line.to_owned(), Vec::new()));
        }
    }
    found
}

#[test]
fn every_subcommand_runs_with_every_flag() {
    let folder = tempfile::tempdir().unwrap();
    lay_out(folder.path());
    fs::create_dir(folder.path().join("out")).unwrap();
    let mut run = BTreeSet::new();
    for (code, line, says) in command_lines() {
        let typed: Vec<&str> = line.split(' ').skip(1).collect();
        let mut dechaff = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        let output = dechaff.args(&typed).current_dir(folder.path()).stdin(Stdio::null()).output();
        let output = output.unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told);
        assert_eq!(output.status.code(), Some(code), "{line}:\n{told}");
        for what in says {
            assert!(told.contains(&what), "{line} should say {what:?}:\n{told}");
        }
        run.extend(flags(&line).into_iter().map(|flag| (typed[0].to_owned(), flag)));
        // Short forms stand for their long ones.
        for (short, long) in [("-o", "--output"), ("-q", "--quiet"), ("-v", "--verbose")] {
            if typed.contains(&short) {
                run.insert((typed[0].to_owned(), long.to_owned()));
            }
        }
    }
    let mut known = BTreeSet::new();
    for subcommand in subcommands() {
        let help = help(&[&subcommand, "-h"]);
        let defined = help.lines().filter(|line| line.trim_start().starts_with('-'));
        for line in defined {
            let spelled = line.trim_start().split("  ").next().unwrap();
            known.extend(flags(spelled).into_iter().map(|flag| (subcommand.clone(), flag)));
        }
    }
    known.retain(|(_, flag)| flag != "--help");
    let missing: Vec<_> = known.difference(&run).collect();
    assert!(missing.is_empty(), "in no line of testdata/commands.txt: {missing:?}");
}

#[test]
fn the_readme_commands_run_from_a_fresh_clone() {
    let readme = read("README.md");
    let folder = tempfile::tempdir().unwrap();
    let commands: Vec<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("cargo run --release -- ")).collect();
    assert!(commands.len() >= 2, "the README names them");
    for command in commands {
        let mut dechaff = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        for argument in command.split(' ') {
            match argument {
                "cleaned" | "removed.jsonl" | "report.html" => {
                    dechaff.arg(folder.path().join(argument))
                }
                other => dechaff.arg(other),
            };
        }
        let output = dechaff.current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert!(folder.path().join("report.html").exists());
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
    let of_others = [
        "--open",
        "--path",
        "--release",
        "--bytes",
        "--sites",
        "--leave-sites-out",
        "--view",
        "--cleaned",
        "--partitions",
        "--crawl",
        "--documents",
        "--skew",
        "--ablation",
        "--crawl-gold",
        "--crawl-index",
        "--labels",
        "--table",
    ];
    let of_others = of_others.map(str::to_owned).into();
    let texts: String = documents().iter().map(|name| read(name)).collect();
    let named = &flags(&texts) - &of_others;
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
    let documents: String = documents().iter().map(|name| read(name)).collect();
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
