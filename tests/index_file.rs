//! The index as a file: versions that were written are read for ever or refused by name.
//!
//! `testdata/index/vF-tT.idx` is what version F of the format and T of the text rules make of the
//! sample pages: `dechaff learn testdata/sample/pages -o testdata/index/vF-tT.idx`. With `BLESS=1` in
//! the environment the file of the present versions is written; older ones are never written again.

use std::fs;

use dechaff::index::format::FORMAT_VERSION;
use dechaff::text::tokenize::NORMALIZER_VERSION;

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
        let version = match format == FORMAT_VERSION {
            false => format!("has format version {format}"),
            true => format!("was made with text rules {text}"),
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
