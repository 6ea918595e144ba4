//! The report, the diff and the lists of templates, as the command line makes them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dechaff::decide::Patterns;
use tempfile::TempDir;

/// A folder with the test data and the outputs of one run over it.
struct Run {
    folder: TempDir,
}

impl Run {
    /// Cleans `testdata/report/input.jsonl` with the usual outputs and `flags`.
    fn new(flags: &[&str]) -> Self {
        let run = Self { folder: tempfile::tempdir().unwrap() };
        let input = testdata("report/input.jsonl");
        let outputs = ["-o", "out.jsonl", "--removed", "removed.jsonl", "--save-index", "all.idx"];
        let output = run.dechaff(
            &[
                &["clean", input.to_str().unwrap(), "--summary", "summary.json"],
                &outputs[..],
                flags,
            ]
            .concat(),
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
        run
    }

    fn dechaff(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dechaff"));
        command.args(arguments).current_dir(self.folder.path()).output().unwrap()
    }

    fn stdout(&self, arguments: &[&str]) -> String {
        let output = self.dechaff(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).to_owned()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// Whether a character would act on a terminal or reorder a line.
fn acts(character: char) -> bool {
    character != '\n' && dechaff::text::plain::is_hostile(character)
}

#[test]
fn the_report_of_a_run_is_that_of_its_audit() {
    let run = Run::new(&["--report", "run.html"]);
    run.stdout(&["report", "removed.jsonl", "out.jsonl", "-o", "cleaned.html"]);
    let input = testdata("report/input.jsonl");
    let input = input.to_str().unwrap();
    run.stdout(&["report", "removed.jsonl", input, "--original", "-o", "original.html"]);
    assert!(run.read("run.html") == run.read("cleaned.html"), "by the cleaned texts");
    assert!(run.read("run.html") == run.read("original.html"), "by the original texts");
}

#[test]
fn the_audit_alone_gives_a_report_and_the_summary_adds_the_totals() {
    let run = Run::new(&[]);
    let arguments = ["report", "removed.jsonl", "--summary", "summary.json", "-o", "alone.html"];
    let json = run.stdout(&[&arguments[..], &["--json"]].concat());
    let digest: serde_json::Value = serde_json::from_str(&json).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&run.read("summary.json")).unwrap();
    assert_eq!(digest["totals"]["text_bytes"], summary["text_bytes"]);
    assert_eq!(digest["totals"]["documents"], summary["documents"]);
    assert_eq!(digest["totals"]["changed"], summary["changed"]);
    assert_eq!(digest["documents"].as_array().unwrap().len(), 0);
}

#[test]
fn texts_of_another_run_are_refused() {
    let run = Run::new(&[]);
    let other = "{\"id\":\"x\",\"site\":\"s\",\"text\":\"Short.\"}\n";
    std::fs::write(run.folder.path().join("other.jsonl"), other).unwrap();
    let output = run.dechaff(&["report", "removed.jsonl", "other.jsonl", "-o", "never.html"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("does not fit"), "{}", text(&output.stderr));
    assert!(!run.folder.path().join("never.html").exists());
}

#[test]
fn every_figure_is_recomputed_by_another_program() {
    let run = Run::new(&["--report", "run.html"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/recompute_report.py");
    let checked = Command::new("python3")
        .args([script.as_os_str(), "run.html".as_ref(), "removed.jsonl".as_ref()])
        .arg("out.jsonl")
        .current_dir(run.folder.path())
        .output();
    let Ok(checked) = checked else {
        skipped("python3 is not there, so the figures of the report are not recomputed");
        return;
    };
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(text(&checked.stdout).ends_with("figures agree\n"));
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped(what: &str) {
    eprintln!("SKIPPED: {what}");
}

#[test]
fn no_text_of_a_page_is_markup_of_the_report() {
    let run = Run::new(&["--report", "run.html"]);
    let page = run.read("run.html");
    assert!(page.contains("default-src 'none'"));
    assert_eq!(page.matches("<script").count(), 2, "the data and the program of the page");
    assert!(!page.contains("<img") && !page.contains("<b>03"));
    assert!(page.contains("\\u003cscript\\u003ewindow.pwned=1"), "it is shown all the same");
    let bidi = |c: char| acts(c) && c != '\t';
    assert_eq!(page.chars().find(|c| bidi(*c)), None);
}

#[test]
fn nothing_that_drives_a_terminal_is_printed() {
    let run = Run::new(&[]);
    let input = testdata("report/input.jsonl");
    let input = input.to_str().unwrap();
    let site = ["--site", "harbour-post.example"];
    let id = "harbour/<b>03</b>\u{202e}";
    for arguments in [
        &["clean", input, "--dry-run", "--diff"][..],
        &["clean", input, "--dry-run", "--json"],
        &["explain", input, "--id", id],
        &["explain", input, "--id", "no \u{1b}[31m such"],
        &["inspect", "all.idx", site[0], site[1]],
        &["inspect", "all.idx", site[0], site[1], "--json"],
        &["inspect", "all.idx", site[0], site[1], "--patterns"],
        &["report", "no\u{1b}[2Jsuch.jsonl", "-o", "x.html"],
    ] {
        let output = run.dechaff(arguments);
        for stream in [&output.stdout, &output.stderr] {
            assert_eq!(text(stream).chars().find(|c| acts(*c)), None, "{arguments:?}");
        }
    }
}

#[test]
fn a_dry_run_shows_its_diff_and_writes_nothing() {
    let run = Run { folder: tempfile::tempdir().unwrap() };
    let input = testdata("report/input.jsonl");
    let shown = run.stdout(&["clean", input.to_str().unwrap(), "--dry-run", "--diff"]);
    assert!(shown.starts_with("--- input.jsonl record 0 harbour/00\n+++ "), "{shown}");
    assert!(shown.contains("\n-Sign up for the harbour post morning letter"), "{shown}");
    assert_eq!(std::fs::read_dir(run.folder.path()).unwrap().count(), 0);
}

#[test]
fn the_summary_as_json_is_on_standard_output() {
    let run = Run { folder: tempfile::tempdir().unwrap() };
    let input = testdata("report/input.jsonl");
    let arguments = ["clean", input.to_str().unwrap(), "--dry-run", "--json", "--verbose"];
    let output = run.dechaff(&arguments);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["documents"], 42);
    assert!(text(&output.stderr).contains("setting keep-copies: first"));
    assert!(text(&output.stderr).contains("input input.jsonl: 42 documents"));
}

#[test]
fn exported_templates_are_read_back_by_deny_and_allow() {
    let run = Run::new(&[]);
    for site in ["harbour-post.example", "valley-times.example"] {
        let list = run.stdout(&["inspect", "all.idx", "--site", site, "--patterns"]);
        let patterns = Patterns::parse(&list, "exported").unwrap();
        let json = run.stdout(&["inspect", "all.idx", "--site", site, "--json"]);
        let shown: serde_json::Value = serde_json::from_str(&json).unwrap();
        let templates = shown["templates"].as_array().unwrap();
        assert!(templates.len() >= 2, "{json}");
        for template in templates {
            let text = template["text"].as_str().unwrap();
            assert!(patterns.find(text).is_some(), "{text:?} in {list}");
            assert!(template["rate"].as_f64().unwrap() <= 1.0);
        }
        std::fs::write(run.folder.path().join("list.txt"), &list).unwrap();
        let input = testdata("report/input.jsonl");
        let input = input.to_str().unwrap();
        let removed = |flag: &str, name: &str| {
            run.stdout(&["clean", input, "--dry-run", "--removed", name, flag, "list.txt"]);
            run.read(name)
        };
        let rows = |audit: &str| -> Vec<serde_json::Value> {
            audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        for row in rows(&removed("--allow", "allowed.jsonl")) {
            assert_eq!(patterns.find(row["text"].as_str().unwrap()), None, "{row}");
        }
        let denied = rows(&removed("--deny", "denied.jsonl"));
        let by_list = denied.iter().filter(|row| row["reason"] == "rule").count();
        assert!(by_list >= 14 * 2, "{by_list}");
    }
}

#[test]
fn templates_are_sorted_as_asked() {
    let run = Run::new(&[]);
    let sorted = |by: &str| -> Vec<String> {
        let site = "harbour-post.example";
        let arguments = ["inspect", "all.idx", "--site", site, "--json", "--sort", by];
        let shown: serde_json::Value = serde_json::from_str(&run.stdout(&arguments)).unwrap();
        let templates = shown["templates"].as_array().unwrap().iter();
        templates.map(|template| template["text"].as_str().unwrap().to_owned()).collect()
    };
    assert!(sorted("name").is_sorted());
    assert!(sorted("length").iter().rev().map(String::len).is_sorted());
}
