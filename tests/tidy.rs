//! Rules of the sources that no lint knows.

use std::fs;

use crate::environment::{files, root};

/// A module may import only those that stand before it.
const ORDER: [&str; 16] = [
    "error", "hash", "varint", "document", "text", "index", "decide", "io", "report", "restore",
    "config", "engine", "batch", "naive", "pipeline", "cli",
];

/// The lines of a source that are code, without its tests.
fn code(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn sources() -> Vec<String> {
    files(&root().join("src"))
        .into_iter()
        .filter(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "rs"))
        .collect()
}

#[test]
fn modules_import_what_stands_before_them() {
    let rank = |name: &str| ORDER.iter().position(|&module| module == name);
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.split(['/', '.']).next().unwrap();
        let Some(own) = rank(module) else { continue };
        let code = code(&format!("src/{source}"));
        for import in code.split("crate::").skip(1) {
            let end = import.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(import.len());
            let (name, _) = import.split_at(end);
            if rank(name).is_some_and(|other| other > own) {
                wrong.push(format!("{source} imports {name}"));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn deciding_knows_no_files_and_text_knows_no_index() {
    for source in sources() {
        let code = code(&format!("src/{source}"));
        let forbidden: &[&str] = match source.split('/').next().unwrap() {
            "text" => &["std::fs", "std::io", "crate::index"],
            "decide" => &["std::fs", "std::io", "crate::io"],
            _ => &[],
        };
        for name in forbidden {
            assert!(!code.contains(name), "{source} uses {name}");
        }
    }
    for source in sources().iter().filter(|name| !name.starts_with("pipeline")) {
        assert!(!code(&format!("src/{source}")).contains("rayon::"), "{source} uses rayon");
    }
}

#[test]
fn nothing_is_left_to_do() {
    for folder in ["src", "tests", "benches"] {
        for name in files(&root().join(folder))
            .iter()
            .filter(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "rs"))
        {
            let text = fs::read_to_string(root().join(folder).join(name)).unwrap();
            for word in [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()] {
                assert!(!text.contains(&word), "{folder}/{name} has a {word}");
            }
        }
    }
}

#[test]
fn every_corpus_is_used_and_described() {
    let golden = fs::read_to_string(root().join("tests/golden.rs")).unwrap();
    let readme = fs::read_to_string(root().join("testdata/README.md")).unwrap();
    for entry in fs::read_dir(root().join("testdata/corpora")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(golden.contains(&format!("check(\"{name}\")")), "{name} has no test");
        assert!(readme.contains(&format!("`{name}`")), "{name} is not described");
    }
}
