//! The index as a file: versions that were written are read for ever or refused by name, and pruned
//! indexes say that they are.
//!
//! `testdata/index/vF-tT.idx` is what version F of the format and T of the text rules make of the
//! sample pages: `dechaff learn testdata/sample/pages -o testdata/index/vF-tT.idx`. With `BLESS=1` in
//! the environment the file of the present versions is written; older ones are never written again.

use std::fs;

use dechaff::index::format::FORMAT_VERSION;
use dechaff::text::tokenize::NORMALIZER_VERSION;

use crate::determinism::crawl;
use crate::environment::{TestEnv, files, root};

/// Versions of format and text rules that this program reads; it refuses all others.
const READ: [(u32, u32); 1] = [(2, 2)];

const CLEAN: [&str; 4] = ["--removed", "removed.jsonl", "-q", "-o"];

/// Cleans by `command` into `out`; gives the audit.
fn audit(env: &TestEnv, command: &[&str], out: &str) -> Vec<u8> {
    env.done(&[command, &CLEAN, &[out]].concat());
    env.read("removed.jsonl")
}

/// All cleaned files below `folder` with their bytes.
fn cleaned(env: &TestEnv, folder: &str) -> Vec<(String, Vec<u8>)> {
    let names = files(&env.path(folder)).into_iter();
    names.map(|name| (name.clone(), env.read(&format!("{folder}/{name}")))).collect()
}

/// The versions that the name of a golden index tells.
fn versions(name: &str) -> (u32, u32) {
    let versions = name.strip_prefix('v').and_then(|rest| rest.strip_suffix(".idx"));
    let (format, text) = versions.and_then(|rest| rest.split_once("-t")).expect("named vF-tT.idx");
    (format.parse().unwrap(), text.parse().unwrap())
}

/// All of an index but its header, which names the Unicode version of the compiler.
fn sections(bytes: &[u8]) -> &[u8] {
    let (body, trailer) = bytes.split_at(bytes.len() - 24);
    let length = u64::from_le_bytes(*trailer.first_chunk().unwrap());
    &body[..body.len() - usize::try_from(length).unwrap()]
}

#[test]
fn the_index_of_the_present_version_has_not_changed() {
    let env = TestEnv::new();
    let pages = root().join("testdata/sample/pages");
    env.done(&["learn", pages.to_str().unwrap(), "-o", "now.idx", "-q"]);
    let golden = format!("testdata/index/v{FORMAT_VERSION}-t{NORMALIZER_VERSION}.idx");
    let golden = root().join(golden);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(&golden, env.read("now.idx")).unwrap();
    }
    let golden = fs::read(&golden).expect("a new version has its golden file: BLESS=1 writes it");
    let what = "an index that other bytes are written for needs a version of its own";
    assert!(sections(&golden) == sections(&env.read("now.idx")), "{what}");
}

#[test]
fn every_index_that_was_ever_written_is_read_or_refused_by_name() {
    let env = TestEnv::new();
    let pages = root().join("testdata/sample/pages");
    let pages = pages.to_str().unwrap();
    let expected = audit(&env, &["clean", pages], "cleaned");
    assert!(!expected.is_empty());
    let folder = root().join("testdata/index");
    let mut read = 0;
    for name in files(&folder) {
        let golden = folder.join(&name);
        let strip = ["strip", pages, "--index", golden.to_str().unwrap()];
        let (format, text) = versions(&name);
        if READ.contains(&(format, text)) {
            read += 1;
            assert!(audit(&env, &strip, "stripped") == expected, "{name}: audit");
            assert!(cleaned(&env, "stripped") == cleaned(&env, "cleaned"), "{name}: text");
            continue;
        }
        let version = if format == FORMAT_VERSION {
            format!("was made with text rules {text}")
        } else {
            format!("has format version {format}")
        };
        env.run(&[&strip, ["-o", "refused"].as_slice()].concat()).expect(1).says(&[&version]);
    }
    assert_eq!(read, READ.len(), "each version that is read has its golden file");
}

#[test]
fn a_later_version_is_refused_by_name() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"Rain.\"}\n").done(&["learn", "in.jsonl", "-o", "in.idx"]);
    let mut bytes = env.read("in.idx");
    bytes[8..12].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
    env.write("later.idx", bytes);
    let says = format!("has format version {}", FORMAT_VERSION + 1);
    env.run(&["inspect", "later.idx"]).expect(1).says(&["later.idx", &says]);
}

#[test]
fn a_pruned_index_judges_its_own_documents_as_the_whole_one_does() {
    let env = TestEnv::new();
    crawl(&env, 150_000);
    let saved = ["clean", "crawl.jsonl", "--prune", "--save-index", "saved.idx"];
    let cleaned = (audit(&env, &["clean", "crawl.jsonl"], "out.jsonl"), env.read("out.jsonl"));
    assert!((audit(&env, &saved, "out.jsonl"), env.read("out.jsonl")) == cleaned, "while saving");
    env.done(&["learn", "crawl.jsonl", "--prune", "-o", "pruned.idx", "-q"]);
    assert!(env.read("saved.idx") == env.read("pruned.idx"));
    let strip = ["strip", "crawl.jsonl", "--index", "pruned.idx"];
    assert!((audit(&env, &strip, "out.jsonl"), env.read("out.jsonl")) == cleaned, "stripped by it");

    env.done(&["learn", "crawl.jsonl", "-o", "whole.idx", "-q"]);
    assert!(env.read("pruned.idx").len() * 2 < env.read("whole.idx").len());
    env.done(&["merge", "whole.idx", "--prune", "-o", "later.idx"]);
    assert!(env.read("later.idx") == env.read("pruned.idx"), "pruned later");
    env.done(&["merge", "pruned.idx", "-o", "again.idx"]);
    assert!(env.read("again.idx") == env.read("pruned.idx"), "merging one changes nothing");
    let resumed = ["learn", "crawl.jsonl", "--prune", "-o", "resumed.idx", "--resume", "-q"];
    env.done(&resumed);
    assert!(env.read("resumed.idx") == env.read("pruned.idx"), "counted in portions");
}

#[test]
fn a_sum_with_a_pruned_index_says_so_and_sums_in_any_order() {
    let env = TestEnv::new();
    let lines = crawl(&env, 120_000);
    let lines: Vec<&str> = lines.split_inclusive('\n').collect();
    let third = lines.len() / 3;
    for (at, part) in lines.chunks(third + 1).enumerate() {
        env.write(&format!("{at}.jsonl"), part.concat());
        let prune: &[&str] = if at == 1 { &["--prune"] } else { &[] };
        let learn = [format!("{at}.jsonl"), "-o".into(), format!("{at}.idx")];
        let learn: Vec<&str> = learn.iter().map(String::as_str).collect();
        env.done(&[&["learn", "-q"], learn.as_slice(), prune].concat());
    }
    let merge = |from: &[&str], to| env.done(&[&["merge", "-o", to], from].concat());
    merge(&["0.idx", "1.idx", "2.idx"], "sum.idx");
    merge(&["2.idx", "1.idx"], "part.idx");
    merge(&["part.idx", "0.idx"], "grouped.idx");
    assert!(env.read("grouped.idx") == env.read("sum.idx"));
    let says_pruned = |name: &str| {
        let shown = String::from_utf8(env.done(&["inspect", name]).stdout).unwrap();
        let json = env.done(&["inspect", name, "--json"]).stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["pruned"].as_bool(), Some(shown.contains("\npruned: ")));
        json["pruned"] == true
    };
    assert!(says_pruned("1.idx") && says_pruned("sum.idx") && !says_pruned("0.idx"));
    // What two parts hold once each is there only when it is pruned last.
    merge(&["0.idx", "2.idx", "--prune"], "last.idx");
    env.done(&["learn", "0.jsonl", "2.jsonl", "--prune", "-o", "at-once.idx", "-q"]);
    assert!(env.read("last.idx") == env.read("at-once.idx"));
}

#[test]
fn what_was_counted_once_is_not_counted_twice() {
    let env = TestEnv::new();
    crawl(&env, 60_000);
    env.write("copy.jsonl", env.read("crawl.jsonl"));
    let twice = ["learn", "crawl.jsonl", "copy.jsonl", "-o", "twice.idx", "-q"];
    let says = ["the same documents as", "--force"];
    env.run(&twice).expect(1).says(&says);
    assert!(!env.exists("twice.idx"));
    env.done(&[twice.as_slice(), &["--force"]].concat());
    for prune in [&[][..], &["--prune"]] {
        env.done(&[&["learn", "crawl.jsonl", "-o", "one.idx", "-q"], prune].concat());
        let merge = [&["merge", "one.idx", "one.idx", "-o", "sum.idx"], prune].concat();
        env.run(&merge).expect(1).says(&says);
        env.done(&[merge.as_slice(), &["--force"]].concat());
        let clean = ["clean", "copy.jsonl", "-o", "out.jsonl", "--index", "one.idx", "-q"];
        let clean = [&clean, ["--save-index", "both.idx"].as_slice(), prune].concat();
        env.run(&clean).expect(1).says(&says);
        assert!(!env.exists("both.idx") && !env.exists("out.jsonl"));
        env.done(&[clean.as_slice(), &["--force"]].concat());
        fs::remove_file(env.path("both.idx")).unwrap();
        fs::remove_file(env.path("out.jsonl")).unwrap();
    }
}
