//! What a newcomer gets wrong is answered with what to do.

use std::process::{Command, Stdio};

/// Runs a command line in a folder with a page, a broken JSONL file and a settings file.
fn check(line: &str, code: i32, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page.txt"), "Rain fell.\n26 views\n").unwrap();
    std::fs::write(folder.path().join("broken.jsonl"), "{\"text\":\"a\"}\n{\"text\":\n").unwrap();
    std::fs::write(folder.path().join("dechaff.toml"), "# Mine.\nremoves = \"r\"\n").unwrap();
    let mut dechaff = Command::new(env!("CARGO_BIN_EXE_dechaff"));
    let dechaff = dechaff.args(line.split(' ')).current_dir(folder.path()).stdin(Stdio::null());
    let output = dechaff.output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}: {told}");
    for what in says {
        assert!(told.contains(what), "{line}: {told:?} should say {what:?}");
    }
}

#[test]
fn wrong_words_are_met_with_the_right_ones() {
    check("clean page.txt -o x.txt --remvoed r", 2, &["--removed"]);
    check("claen page.txt -o x.txt", 2, &["clean"]);
    check("clean page.txt -o x.txt --max-removed 90", 2, &["outside 0 to 1"]);
    check("clean page.txt -o x.txt --memory 2X", 2, &["K, M, G or T"]);
    check("clean page.txt", 2, &["-o OUT", "--dry-run"]);
    check("clean page.txt -o x --mark --drop-empty", 2, &["--mark", "--drop-empty"]);
    let told = ["dechaff.toml:2: ", "--removes", "a similar one is --removed"];
    check("clean page.txt -o x.txt --config dechaff.toml", 2, &told);
}

#[test]
fn what_is_not_there_is_said_to_be_so() {
    check("clean nowhere -o x", 1, &["cannot open nowhere"]);
    check("clean nowhere.jsonl -o x", 1, &["cannot open nowhere.jsonl"]);
    check("clean dechaff.toml -o x", 2, &["dechaff.toml", "give --format"]);
}

#[test]
fn unreadable_records_are_said_to_lie_somewhere() {
    check("clean broken.jsonl -o x.jsonl", 3, &["1 records", "x.jsonl.rejects.jsonl"]);
    check("learn broken.jsonl -o x.idx", 3, &["x.idx.rejects.jsonl"]);
    check("clean broken.jsonl -o -", 3, &["kept nowhere; see --rejects"]);
}
