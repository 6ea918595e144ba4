//! What can be wrong with inputs, outputs and arguments, and what each gets.

use crate::environment::TestEnv;

const CLEAN: [&str; 4] = ["clean", "in.jsonl", "-o", "out.jsonl"];
const GOOD: &str = "{\"id\":\"1\",\"text\":\"Rain.\\n26 views\\nSun.\"}\n";
const CLEANED: &str = "{\"id\":\"1\",\"text\":\"Rain.\\nSun.\"}\n";

/// A file of a good line, a bad one and a good one: the bad one is set aside with its place.
#[track_caller]
fn check_line(bad: &[u8], error: &str) {
    let env = TestEnv::new();
    env.write("in.jsonl", [GOOD.as_bytes(), bad, b"\n", GOOD.as_bytes()].concat());
    env.run(&CLEAN).expect(3);
    assert_eq!(env.text("out.jsonl"), CLEANED.repeat(2));
    let rejects = env.rows("out.jsonl.rejects.jsonl");
    assert_eq!(rejects.len(), 1);
    let reject = &rejects[0];
    assert_eq!(reject["file"], "in.jsonl");
    assert_eq!((&reject["line"], &reject["offset"]), (&2.into(), &GOOD.len().into()));
    assert!(reject["error"].as_str().unwrap().contains(error), "{reject}");
    let mut strict = CLEAN.to_vec();
    strict[3] = "strict.jsonl";
    strict.push("--strict");
    env.run(&strict).expect(1).says(&["in.jsonl:2"]);
    assert!(!env.exists("strict.jsonl") && !env.exists("strict.jsonl.rejects.jsonl"));
}

#[test]
fn a_broken_line_is_set_aside() {
    check_line(b"{\"id\":\"2\",\"text\":\"Rain", "is no JSON object");
    check_line(b"not JSON", "is no JSON object");
    check_line(b"[\"text\"]", "is no JSON object");
    check_line(b"{\"text\":\"a\"} {\"text\":\"b\"}", "behind its JSON object");
    check_line(b"{\"text\":\"a\",}", "");
    check_line(&vec![b'['; 20_000], "");
    check_line(
        &b"{\"text\":\"a\",\"x\":".iter().copied().chain(vec![b'['; 20_000]).collect::<Vec<_>>(),
        "",
    );
}

#[test]
fn a_record_without_text_is_set_aside() {
    check_line(b"{\"id\":\"2\"}", "has no field \"text\"");
    check_line(b"{}", "has no field \"text\"");
    check_line(b"{\"text\":7}", "that is no string");
    check_line(b"{\"text\":null}", "that is no string");
    check_line(b"{\"text\":\"\\ud800\"}", "lone surrogate");
}

#[test]
fn bytes_that_are_not_utf8_are_set_aside_as_digits() {
    check_line(b"{\"text\":\"\xFF\"}", "is not UTF-8 at byte 9");
    let env = TestEnv::new();
    env.write("in.jsonl", b"\xFF\xFE\n");
    env.run(&CLEAN).expect(3);
    assert_eq!(env.rows("out.jsonl.rejects.jsonl")[0]["raw_hex"], "fffe0a");
}

#[test]
fn text_files_that_are_no_text_are_set_aside() {
    let env = TestEnv::new();
    env.write("in/a.txt", b"Rain.\nfine\n\xC3\x28\0\n").write("in/b.txt", "Rain.\n26 views");
    env.run(&["clean", "in", "-o", "out"]).expect(3);
    assert_eq!(env.text("out/b.txt"), "Rain.");
    let reject = &env.rows("out.rejects.jsonl")[0];
    assert_eq!(reject["file"], "a.txt");
    assert!(reject["error"].as_str().unwrap().contains("line 3"), "{reject}");
}

#[test]
fn rejects_go_where_the_user_says() {
    let env = TestEnv::new();
    env.write("in.jsonl", "x\n");
    env.run(&[CLEAN.as_slice(), &["--rejects", "aside.jsonl"]].concat()).expect(3);
    assert_eq!(env.files(), ["aside.jsonl", "in.jsonl", "out.jsonl"]);
}

#[test]
fn an_empty_file_gives_an_empty_file() {
    let env = TestEnv::new();
    env.write("in.jsonl", "").write("in/a.txt", "").write("in/b.jsonl", "");
    env.done(&CLEAN);
    assert_eq!(env.text("out.jsonl"), "");
    env.done(&["clean", "in", "-o", "out"]);
    assert_eq!((env.text("out/a.txt"), env.text("out/b.jsonl")), (String::new(), String::new()));
    env.done(&["learn", "in.jsonl", "-o", "none.idx"]);
    env.done(&["strip", "in.jsonl", "--index", "none.idx", "-o", "stripped.jsonl"]);
}

#[test]
fn a_file_that_is_missing_fails_alone_and_is_passed_over_among_others() {
    let env = TestEnv::new();
    env.run(&CLEAN).expect(1).says(&["in.jsonl"]);
    env.write("other.jsonl", GOOD);
    env.run(&["clean", "in.jsonl", "other.jsonl", "-o", "out"]).expect(3).says(&["in.jsonl"]);
    assert_eq!(env.text("out/other.jsonl"), CLEANED);
    let strict = ["clean", "in.jsonl", "other.jsonl", "-o", "strict", "--strict"];
    env.run(&strict).expect(1);
    assert!(!env.exists("strict/other.jsonl"));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_no_more_is_passed_over() {
    let env = TestEnv::new();
    env.write("in/a.jsonl", GOOD);
    std::os::unix::fs::symlink(env.path("gone.jsonl"), env.path("in/b.jsonl")).unwrap();
    env.run(&["clean", "in", "-o", "out"]).expect(3).says(&["b.jsonl"]);
    assert_eq!(env.text("out/a.jsonl"), CLEANED);
    assert!(!env.exists("out/b.jsonl"));
}

#[test]
fn a_compressed_file_that_breaks_off_gives_what_was_whole() {
    let env = TestEnv::new();
    let lines: String = (0..9_000).map(|n| GOOD.replace("\"1\"", &format!("\"{n}\""))).collect();
    let whole = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    env.write("in.jsonl.zst", &whole[..whole.len() - 20]);
    env.run(&["clean", "in.jsonl.zst", "-o", "out.jsonl", "--keep-copies", "all"]).expect(3);
    let rejects = env.rows("out.jsonl.rejects.jsonl");
    assert!(rejects[0]["error"].as_str().unwrap().contains("breaks off"), "{rejects:?}");
    env.write("in.jsonl.gz", "no gzip at all");
    env.run(&["clean", "in.jsonl.gz", "-o", "out.jsonl"]).expect(3);
}

#[test]
fn a_directory_without_readable_files_is_wrong_usage() {
    let env = TestEnv::new();
    env.write("in/notes.doc", "x");
    env.run(&["clean", "in", "-o", "out"]).expect(2).says(&["no input file found"]);
    assert!(!env.exists("out"));
}

#[test]
fn files_of_other_names_are_counted() {
    let env = TestEnv::new();
    env.write("in/a.jsonl", GOOD).write("in/notes.doc", "x");
    env.done(&["clean", "in", "-o", "out"]).says(&["1 files passed over"]);
}

#[test]
fn equal_ids_are_documents_of_their_own() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD.repeat(3));
    env.done(&[CLEAN.as_slice(), &["--removed", "removed.jsonl"]].concat());
    assert_eq!(env.text("out.jsonl"), CLEANED.repeat(3));
    assert_eq!(env.rows("removed.jsonl").len(), 3);
}

#[test]
fn an_output_that_cannot_be_written_fails() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD).write("file", "x");
    env.run(&["clean", "in.jsonl", "-o", "file/out.jsonl"]).expect(1).says(&["file"]);
    let removed = ["--removed", "file/removed.jsonl"];
    env.run(&[CLEAN.as_slice(), &removed].concat()).expect(1);
    assert_eq!(env.files(), ["file", "in.jsonl"]);
    env.run(&["clean", "in.jsonl", "file", "-o", "out"]).expect(2);
}

#[test]
fn an_output_never_takes_the_place_of_an_input() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD).write("in/a.jsonl", GOOD);
    env.run(&["clean", "in.jsonl", "-o", "in.jsonl"]).expect(2).says(&["is an input"]);
    env.run(&["clean", "in.jsonl", "-o", "./in/../in.jsonl"]).expect(2);
    env.run(&["clean", "in", "-o", "in"]).expect(2).says(&["is an input"]);
    for flag in ["--removed", "--save-index", "--summary", "--rejects"] {
        env.run(&[CLEAN.as_slice(), &[flag, "in.jsonl"]].concat()).expect(2).says(&["is an input"]);
    }
    env.run(&["learn", "in.jsonl", "-o", "in.jsonl"]).expect(2).says(&["is an input"]);
    assert_eq!((env.text("in.jsonl"), env.text("in/a.jsonl")), (GOOD.into(), GOOD.into()));
}

#[test]
fn two_outputs_of_one_name_are_refused() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD);
    let twice = [CLEAN.as_slice(), &["--removed", "out.jsonl"]].concat();
    env.run(&twice).expect(2).says(&["out.jsonl"]);
    let twice = [CLEAN.as_slice(), &["--removed", "x", "--save-index", "./x"]].concat();
    env.run(&twice).expect(2).says(&["x"]);
    assert_eq!(env.files(), ["in.jsonl"]);
}

#[test]
fn wrong_arguments_are_wrong_usage() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD).write("in.doc", "x").write("b/in.jsonl", GOOD);
    let check = |arguments: &[&str], part: &str| drop(env.run(arguments).expect(2).says(&[part]));
    check(&["clean", "in.jsonl", "-o", "out.jsonl", "--no-such-flag"], "--no-such-flag");
    check(&["clean", "in.jsonl", "-o", "x", "--format", "docx"], "docx");
    check(&["clean", "in.doc", "-o", "x"], "--format");
    check(&["clean", "in.jsonl"], "--output");
    check(&["clean", "-o", "x"], "INPUT");
    check(&["clean", "in.jsonl", "-o", "x", "--max-removed", "2"], "0 to 1");
    check(&["clean", "in.jsonl", "-o", "x", "--memory", "lots"], "--memory");
    check(&["clean", "in.jsonl", "-o", "x", "--scope", "planet"], "planet");
    check(&["clean", "in.jsonl", "b/in.jsonl", "-o", "x"], "same name");
    check(&["clean", "in.jsonl", "b", "-o", "-"], "directory");
    check(&["polish"], "polish");
    assert_eq!(env.files(), ["b/in.jsonl", "in.doc", "in.jsonl"]);
}

#[test]
fn a_damaged_index_is_refused() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD).done(&["learn", "in.jsonl", "-o", "in.idx", "-q"]);
    let index = env.read("in.idx");
    let strip = ["strip", "in.jsonl", "--index", "bad.idx", "-o", "out.jsonl"];
    for bad in [&index[..index.len() / 2], &index[..10], &[], b"{}".as_slice()] {
        env.write("bad.idx", bad).run(&strip).expect(1).says(&["bad.idx"]);
    }
    for at in [9, 100, index.len() / 2, index.len() - 30] {
        let mut bad = index.clone();
        bad[at] ^= 1;
        env.write("bad.idx", bad).run(&strip).expect(1).says(&["bad.idx"]);
    }
    env.run(&["merge", "in.idx", "in.idx", "-o", "sum.idx"]).expect(1).says(&["--force"]);
    env.done(&["merge", "in.idx", "in.idx", "-o", "sum.idx", "--force"]);
    assert!(!env.exists("out.jsonl"));
}

#[test]
fn a_record_over_the_limit_passes_through_unjudged() {
    let env = TestEnv::new();
    let large = format!("{{\"id\":\"2\",\"text\":\"26 views\\n{}\"}}\n", "long ".repeat(100));
    env.write("in.jsonl", format!("{GOOD}{large}"));
    let limit = ["--max-record-bytes", "200"];
    env.done(&[CLEAN.as_slice(), &limit].concat()).says(&["1 records over --max-record-bytes"]);
    assert_eq!(env.text("out.jsonl"), format!("{CLEANED}{large}"));
}

/// A run may not be stopped by a panic, whatever a file holds.
#[test]
fn arbitrary_bytes_do_not_stop_a_run() {
    let env = TestEnv::new();
    let mut state = 1_u64;
    let mut bytes = Vec::new();
    for _ in 0..60_000 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let byte = (state >> 56) as u8;
        bytes.push(b"{}[]\":,\\u00d8text \n\n"[usize::from(byte) % 20] ^ (byte & 0x80));
    }
    env.write("in/a.jsonl", &bytes).write("in/b.txt", &bytes).write("in/c.jsonl.gz", &bytes);
    env.write("in/d.txt.zst", &bytes);
    let ran = env.run(&["clean", "in", "-o", "out"]).expect(3);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}
