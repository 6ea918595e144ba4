//! The faults of docs/reliability.md, row by row: provoked, and what happens then.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::environment::{TestEnv, skipped};

const GOOD: &str = "{\"id\":\"1\",\"text\":\"Rain.\\n26 views\\nSun.\"}\n";
const CLEANED: &str = "{\"id\":\"1\",\"text\":\"Rain.\\nSun.\"}\n";

/// Demands that no output and no temporary file is left.
#[track_caller]
fn check_nothing_left(env: &TestEnv, inputs: &[&str]) {
    assert_eq!(env.files(), inputs, "something was left");
}

#[test]
fn no_output_takes_the_place_of_an_input() {
    for flag in ["--removed", "--rejects", "--summary", "--save-index"] {
        let env = TestEnv::new();
        env.write("in.jsonl", GOOD);
        let ran = env.run(&["clean", "in.jsonl", "-o", "out.jsonl", flag, "./in.jsonl"]).expect(2);
        ran.says(&["in.jsonl is an input"]);
        check_nothing_left(&env, &["in.jsonl"]);
    }
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD);
    fs::hard_link(env.path("in.jsonl"), env.path("linked.jsonl")).unwrap();
    env.run(&["clean", "in.jsonl", "-o", "linked.jsonl"]).expect(2).says(&["is an input"]);
    assert_eq!(env.text("in.jsonl"), GOOD);
}

#[test]
fn two_outputs_of_one_run_have_two_names() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD);
    let ran = env.run(&["clean", "in.jsonl", "-o", "x.jsonl", "--removed", "x.jsonl"]).expect(2);
    ran.says(&["the place of two outputs"]);
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_is_passed_over() {
    let env = TestEnv::new();
    env.write("in/a.jsonl", GOOD);
    std::os::unix::fs::symlink(env.path("in"), env.path("in/again")).unwrap();
    env.run(&["clean", "in", "-o", "out", "--summary", "summary.json"]).expect(3);
    assert_eq!(env.text("out/a.jsonl"), CLEANED);
    assert!(env.text("summary.json").contains("in/again"));
}

#[cfg(unix)]
#[test]
fn a_path_that_is_not_utf8_is_read_and_written() {
    use std::os::unix::ffi::OsStrExt;
    let env = TestEnv::new();
    let name = Path::new(std::ffi::OsStr::from_bytes(b"caf\xe9.jsonl"));
    fs::write(env.folder().join(name), GOOD).unwrap();
    let ran = env.command(&["clean", "-o", "out.jsonl"]).arg(name).status().unwrap();
    assert!(ran.success());
    assert_eq!(env.text("out.jsonl"), CLEANED);
}

#[test]
fn an_input_that_changes_between_the_passes_is_an_error() {
    use dechaff::io::source::{Passes, find};
    use dechaff::pipeline::{Job, Monitor, Targets};
    for change in [GOOD.repeat(3), GOOD.to_owned()] {
        let env = TestEnv::new();
        env.write("in.jsonl", GOOD.repeat(2));
        let paths = [env.path("in.jsonl")];
        let sources = find(&paths, None, Passes::Two, env.folder()).unwrap();
        let config =
            dechaff::Config { temporary_folder: env.folder().into(), ..Default::default() };
        let job = Job::new(&sources, &config, Monitor::default()).unwrap();
        let index = job.learn_temporary().unwrap();
        env.write("in.jsonl", change);
        let targets = Targets { out: Some(env.path("out.jsonl")), ..Targets::default() };
        let error = job.strip(&index, &targets).unwrap_err().to_string();
        assert!(error.contains("in.jsonl: changed between"), "{error}");
        check_nothing_left(&env, &["in.jsonl"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_read_error_is_told_with_its_place() {
    let env = TestEnv::new();
    fs::create_dir(env.path("in")).unwrap();
    // Reading there fails: nothing is mapped at address 0.
    std::os::unix::fs::symlink("/proc/self/mem", env.path("in/a.jsonl")).unwrap();
    env.write("in/b.jsonl", GOOD);
    env.run(&["clean", "in", "-o", "out"]).expect(3);
    assert_eq!(env.text("out/b.jsonl"), CLEANED);
}

/// A packed file of a good line, `times` copies of `piece` as the text of one line, and a good line.
fn write_long_line(env: &TestEnv, piece: &str, times: usize) {
    let file = fs::File::create(env.path("in.jsonl.zst")).unwrap();
    let mut packed = zstd::stream::write::Encoder::new(file, 1).unwrap();
    packed.write_all(GOOD.as_bytes()).unwrap();
    packed.write_all(b"{\"text\":\"").unwrap();
    for _ in 0..times {
        packed.write_all(piece.as_bytes()).unwrap();
    }
    packed.write_all(b"\"}\n").unwrap();
    packed.write_all(GOOD.as_bytes()).unwrap();
    packed.finish().unwrap();
}

/// Cleans that file in `kilobytes` of address space and demands that the long line came through.
fn check_long_line(env: &TestEnv, (piece, times): (&str, usize), flags: &str, kilobytes: u32) {
    let arguments = "clean in.jsonl.zst -o out.jsonl.zst --scope document --threads 1 --memory 16M";
    let limit = format!("ulimit -v {kilobytes}; exec \"$0\" {arguments}");
    let script = format!("{limit} --max-expansion 1000000 {flags}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_dechaff")]).current_dir(env.folder());
    let ran = command.output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
    assert!(told.contains("1 records over --max-record-bytes passed through"), "{told}");
    let file = fs::File::open(env.path("out.jsonl.zst")).unwrap();
    let mut unpacked = zstd::stream::read::Decoder::new(file).unwrap();
    let mut check = |expected: &[u8]| {
        let mut found = vec![0; expected.len()];
        unpacked.read_exact(&mut found).unwrap();
        assert!(found == expected, "{:?}", String::from_utf8_lossy(expected));
    };
    check(CLEANED.as_bytes());
    check(b"{\"text\":\"");
    for _ in 0..times {
        check(piece.as_bytes());
    }
    check(b"\"}\n");
    check(CLEANED.as_bytes());
    assert_eq!(unpacked.read(&mut [0]).unwrap(), 0);
}

/// A gigabyte where the program is optimized, a tenth of it elsewhere.
const LONG_LINE_BYTES: usize = if cfg!(debug_assertions) { 100 << 20 } else { 1 << 30 };

#[cfg(unix)]
#[test]
fn a_read_error_half_way_keeps_what_was_whole() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD);
    env.done(&["learn", "in.jsonl", "-o", "rain.idx", "-q"]);
    // A terminal whose other side is gone gives what was written to it, and then an error.
    let script = "import os, pty, sys
master, slave = pty.openpty()
os.write(slave, open('in.jsonl', 'rb').read() * 3)
os.close(slave)
os.dup2(master, 0)
os.execv(sys.argv[1], sys.argv[1:])";
    let mut command = Command::new("python3");
    command.args(["-c", script, env!("CARGO_BIN_EXE_dechaff")]).current_dir(env.folder());
    command.args(["strip", "-", "--index", "rain.idx", "-o", "out.jsonl", "--scope", "document"]);
    let Ok(ran) = command.output() else {
        return skipped("a read error half-way needs python3, to make a terminal");
    };
    assert_eq!(ran.status.code(), Some(3), "{}", String::from_utf8_lossy(&ran.stderr));
    // The terminal ends its lines its own way.
    assert_eq!(env.text("out.jsonl").replace('\r', ""), CLEANED.repeat(3));
    let reject = &env.rows("out.jsonl.rejects.jsonl")[0];
    assert_eq!((&reject["file"], &reject["line"]), (&"stdin".into(), &4.into()));
    assert!(reject["error"].as_str().unwrap().contains("Input/output error"), "{reject}");
}

#[test]
fn a_line_over_the_limit_streams_through_unjudged() {
    let env = TestEnv::new();
    let piece = "long ".repeat(200_000);
    let times = LONG_LINE_BYTES / piece.len();
    write_long_line(&env, &piece, times);
    check_long_line(&env, (&piece, times), "--max-record-bytes 1M", 120_000);
}

/// Tokens of a line: a hundred million where the program is optimized, a tenth of it elsewhere.
const LINE_TOKENS: usize = if cfg!(debug_assertions) { 10_000_000 } else { 100_000_000 };

#[test]
fn a_line_of_a_hundred_million_tokens_is_passed_through() {
    let env = TestEnv::new();
    let piece = "a ".repeat(100_000);
    let times = LINE_TOKENS / 100_000;
    write_long_line(&env, &piece, times);
    // The limit of every day in the large case; there, one record takes what it allows.
    let flags = if cfg!(debug_assertions) { "--max-record-bytes 4M" } else { "" };
    check_long_line(&env, (&piece, times), flags, 400_000);
}

#[test]
fn a_decompression_bomb_is_refused() {
    let env = TestEnv::new();
    let mut packed = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    packed.write_all(GOOD.as_bytes()).unwrap();
    let blank = vec![b' '; 1 << 20];
    for _ in 0..80 {
        packed.write_all(&blank).unwrap();
    }
    env.write("in.jsonl.zst", packed.finish().unwrap());
    env.run(&["clean", "in.jsonl.zst", "-o", "out.jsonl", "--max-record-bytes", "1M"]).expect(3);
    let rejects = env.text("out.jsonl.rejects.jsonl");
    assert!(rejects.contains("more than --max-expansion 1000"), "{rejects}");
}

#[test]
fn of_a_key_that_stands_twice_the_last_counts() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"26 views\\nA.\",\"text\":\"Rain.\\n26 views\\nSun.\"}\n");
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl"]);
    let expected = "{\"text\":\"26 views\\nA.\",\"text\":\"Rain.\\nSun.\"}\n";
    assert_eq!(env.text("out.jsonl"), expected);
}

#[test]
fn lone_surrogates_and_deep_nesting_are_set_aside_or_passed_on() {
    let env = TestEnv::new();
    let deep =
        format!("{{\"text\":\"Rain.\",\"x\":{}{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    env.write("in.jsonl", [GOOD, "{\"text\":\"\\ud800\"}\n", &deep, GOOD].concat());
    env.run(&["clean", "in.jsonl", "-o", "out.jsonl", "--scope", "document"]).expect(3);
    let out = env.text("out.jsonl");
    assert!(out.starts_with(CLEANED) && out.ends_with(CLEANED));
    let rejects = env.rows("out.jsonl.rejects.jsonl");
    assert!(rejects[0]["error"].as_str().unwrap().contains("lone surrogate"), "{rejects:?}");
    assert_eq!(rejects[1]["error"], "is nested deeper than 128 levels");
    let brackets = format!("{{\"text\":\"{}\\\"\",\"x\":[[1]]}}\n", "[".repeat(600));
    env.write("in.jsonl", &brackets);
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl"]);
    assert_eq!(env.text("out.jsonl"), brackets);
    assert_eq!(out.lines().count() + rejects.len(), 4);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let env = TestEnv::new();
    fs::create_dir(env.path("small")).unwrap();
    let small = env.path("small");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "none"])
        .arg(&small)
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !mounted {
        return skipped("a full disk needs root, to mount a small one");
    }
    let row = |n: u32| serde_json::json!({ "text": format!("Rain {n} fell.") }).to_string() + "\n";
    let text: String = (0..20_000).map(row).collect();
    env.write("in.jsonl", text);
    let ran = env.run(&["clean", "in.jsonl", "-o", "small/out.jsonl"]);
    let left = fs::read_dir(&small).unwrap().count();
    let unmounted = Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    ran.expect(1).says(&["out.jsonl", "No space left on device"]);
    assert_eq!(left, 0);
}

#[test]
fn a_kill_at_any_moment_leaves_no_half_output() {
    let whole = CLEANED.repeat(20_000);
    let mut done = 0;
    for delay in (0..24).map(|step| step * 40) {
        let env = TestEnv::new();
        env.write("in.jsonl", GOOD.repeat(20_000));
        let arguments = ["clean", "in.jsonl", "-o", "out.jsonl", "--scope", "document", "--quiet"];
        let mut run = env.command(&arguments).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        run.kill().unwrap();
        run.wait().unwrap();
        if env.exists("out.jsonl") {
            assert!(env.text("out.jsonl") == whole, "killed after {delay} ms");
            done += 1;
        }
        assert_eq!(env.text("in.jsonl").len(), GOOD.len() * 20_000);
    }
    assert!(done < 24, "no run was killed in time");
}

#[test]
fn an_index_cut_off_anywhere_is_refused() {
    let env = TestEnv::new();
    env.write("in.jsonl", GOOD);
    env.done(&["learn", "in.jsonl", "-o", "index"]);
    let bytes = env.read("index");
    assert!(dechaff::Index::from_bytes(bytes.clone()).is_ok());
    for length in 0..bytes.len() {
        let cut = bytes.get(..length).unwrap().to_vec();
        let error = dechaff::Index::from_bytes(cut).unwrap_err();
        assert!(error.is_incompatible_index(), "cut to {length} bytes: {error}");
    }
}

#[test]
fn hostile_documents_are_judged_in_linear_time() {
    let env = TestEnv::new();
    let same = "the same line again\\n".repeat(20_000);
    let token = "a ".repeat(200_000);
    let row = |n: u32| ["w", &n.to_string(), " a b c d e f g h\\n"].concat();
    let near: String = (0..5_000).map(row).collect();
    let records = [same, token, near].map(|text| format!("{{\"text\":\"{text}\"}}\n"));
    env.write("in.jsonl", records.concat());
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl"]);
    assert_eq!(env.text("out.jsonl").lines().count(), 3);
}

#[test]
fn documents_that_share_all_their_shingles_cost_no_more_than_their_number() {
    let env = TestEnv::new();
    // Each shingle of each document is in all the others, on sites of their own and on one site.
    let text = "round and round the river goes ".repeat(12);
    let row = |n: u32| {
        let site =
            if n.is_multiple_of(2) { "one.example".to_owned() } else { format!("{n}.example") };
        serde_json::json!({ "id": n, "site": site, "text": format!("{text}\n{text}{n} {n}") })
            .to_string()
            + "\n"
    };
    let count = if cfg!(debug_assertions) { 200 } else { 20_000 };
    env.write("in.jsonl", (0..count).map(row).collect::<String>());
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl", "-q"]);
    let first = env.text("out.jsonl").lines().next().unwrap().to_owned();
    assert!(first.contains("round and round"), "the first copy stays: {first}");
    assert_eq!(env.text("out.jsonl").lines().count(), usize::try_from(count).unwrap());
}
