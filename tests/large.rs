//! Large runs: cut into shards, interrupted and continued, and alone on their outputs.

use std::ffi::OsString;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use crate::determinism::crawl;
use crate::environment::{TestEnv, files};

/// A folder `in` of a dozen files, one of them packed and one in a folder of its own.
fn lay_out(env: &TestEnv) {
    let lines = crawl(env, 120_000);
    let lines: Vec<&str> = lines.split_inclusive('\n').collect();
    let border = |number: usize| number * lines.len() / 12;
    for number in 0..12 {
        let text = lines[border(number)..border(number + 1)].concat() + "not JSON\n";
        match number {
            3 => env.write("in/b/part.jsonl", text),
            5 => env.write("in/part-05.jsonl.gz", gzip(text.as_bytes())),
            _ => env.write(&format!("in/part-{number:02}.jsonl"), text),
        };
    }
    fs::remove_file(env.path("crawl.jsonl")).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// All files below `folder` of the environment with their bytes.
fn bytes(env: &TestEnv, folder: &str) -> Vec<(String, Vec<u8>)> {
    let names = files(&env.path(folder)).into_iter();
    names.map(|name| (name.clone(), env.read(&format!("{folder}/{name}")))).collect()
}

#[test]
fn shards_together_are_the_whole_run() {
    let env = TestEnv::new();
    lay_out(&env);
    let flags = ["--removed", "whole/removed.jsonl", "--summary", "whole/summary.json", "-q"];
    env.run(&[&["clean", "in", "-o", "whole/out"], flags.as_slice()].concat()).expect(3);
    let shards = ["1/3", "2/3", "3/3"];
    for (number, shard) in shards.iter().enumerate() {
        let index = format!("{number}.idx");
        env.run(&["learn", "in", "--shard", shard, "-o", &index, "-q"]).expect(3);
    }
    env.done(&["merge", "2.idx", "0.idx", "1.idx", "-o", "all.idx"]);
    env.run(&["learn", "in", "-o", "learned.idx", "-q"]).expect(3);
    assert!(env.read("all.idx") == env.read("learned.idx"), "shards merged are the whole");
    let runs = shards.iter().enumerate().map(|(number, shard)| {
        let removed = format!("removed-{number}.jsonl");
        let strip = ["strip", "in", "--shard", shard, "--index", "all.idx", "-o", "out", "-q"];
        env.command(&[&strip, ["--removed", &removed].as_slice()].concat()).spawn().unwrap()
    });
    for mut run in runs.collect::<Vec<_>>() {
        assert_eq!(run.wait().unwrap().code(), Some(3));
    }
    assert!(bytes(&env, "out") == bytes(&env, "whole/out"), "cleaned text");
    let joined = |name: fn(usize) -> String| -> Vec<u8> {
        (0..shards.len()).flat_map(|number| env.read(&name(number))).collect()
    };
    let removed = joined(|number| format!("removed-{number}.jsonl"));
    assert!(removed == env.read("whole/removed.jsonl"), "audit");
    let rejects = joined(|number| format!("out.rejects-{}-of-3.jsonl", number + 1));
    assert!(rejects == env.read("whole/out.rejects.jsonl"), "rejects");
}

#[test]
fn a_shard_of_nothing_is_done_and_standard_input_has_no_shards() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"Rain.\"}\n");
    env.done(&["learn", "in.jsonl", "--shard", "1/2", "-o", "1.idx", "-q"]);
    env.done(&["learn", "in.jsonl", "--shard", "2/2", "-o", "2.idx", "-q"]);
    env.done(&["merge", "1.idx", "2.idx", "-o", "all.idx"]);
    let strip = ["strip", "in.jsonl", "--index", "all.idx", "-o", "out.jsonl", "-q"];
    for (shard, is_there) in [("1/2", false), ("2/2", true)] {
        env.done(&[strip.as_slice(), &["--shard", shard]].concat());
        assert_eq!(env.exists("out.jsonl"), is_there, "shard {shard}");
    }
    let learn = ["learn", "-", "--shard", "1/2", "-o", "x.idx"];
    env.run(&learn).expect(2).says(&["standard input cannot be cut"]);
    env.run(&["learn", "in.jsonl", "--shard", "3/2", "-o", "x.idx"]).expect(2);
}

/// What a run with these flags gives, all outputs of it; it is `folder` that they lie in.
const CLEAN: [&str; 6] = ["clean", "in", "-q", "--threads", "1", "--checkpoint"];

fn outputs(folder: &str) -> Vec<String> {
    let flags = [
        ("-o", "out"),
        ("--removed", "removed.jsonl.zst"),
        ("--summary", "summary.json"),
        ("--save-index", "saved.idx"),
    ];
    flags.iter().flat_map(|(flag, name)| [(*flag).to_owned(), format!("{folder}/{name}")]).collect()
}

fn clean<'a>(checkpoint: &'a str, outputs: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    let outputs = outputs.iter().map(String::as_str);
    CLEAN.into_iter().chain([checkpoint]).chain(outputs).chain(more.iter().copied()).collect()
}

#[test]
fn a_run_that_is_killed_goes_on_and_gives_the_same_bytes() {
    let env = TestEnv::new();
    lay_out(&env);
    let whole = outputs("whole");
    env.run(&clean("1", &whole, &[])).expect(3);
    let expected = bytes(&env, "whole");
    assert_eq!(expected.len(), 16, "twelve files, rejects, audit, summary, index");
    let outputs = outputs("resumed");
    for checkpoint in ["1", "30K"] {
        let arguments = clean(checkpoint, &outputs, &["--resume"]);
        // Killed later each time, so that every stage is met; a run that ends ends the test.
        let mut delay = Duration::from_millis(20);
        let mut kills = 0;
        loop {
            let mut command = env.command(&arguments);
            let mut run = command.stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(delay);
            if run.try_wait().unwrap().is_some_and(|status| status.code() == Some(3)) {
                break;
            }
            run.kill().unwrap();
            if run.wait().unwrap().code() == Some(3) {
                break;
            }
            let is_begun = env.exists("resumed/out");
            let halves = if is_begun { bytes(&env, "resumed/out") } else { Vec::new() };
            let named = halves.iter().filter(|(name, _)| !name.starts_with(".dechaff"));
            for (name, half) in named {
                let name = format!("out/{name}");
                let known = expected.iter().find(|(other, _)| *other == name).map(|(_, b)| b);
                assert!(known == Some(half), "{name} is not whole");
            }
            kills += 1;
            delay += Duration::from_millis(15);
        }
        assert!(kills > 0, "no run was killed in time");
        let found = bytes(&env, "resumed");
        let names = |all: &[(String, Vec<u8>)]| -> Vec<String> {
            all.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&found), names(&expected));
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            assert!(found == expected, "{name} differs with --checkpoint {checkpoint}");
        }
        fs::remove_dir_all(env.path("resumed")).unwrap();
    }
}

/// The folders of finished work that begin with `kind`.
fn kept(env: &TestEnv, kind: &str) -> usize {
    let Ok(entries) = fs::read_dir(env.path("out/.dechaff-resume")) else { return 0 };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(kind)).count()
}

#[test]
fn what_was_done_is_not_done_again_unless_it_changed() {
    let env = TestEnv::new();
    lay_out(&env);
    let strict = ["clean", "in", "-o", "out", "--resume", "--checkpoint", "1", "-q"];
    // The limit is passed when all is done and nothing has its name yet.
    let limited = [&strict[..], &["--max-removed-total", "0"]].concat();
    env.run(&limited).expect(1).says(&["nothing was put in place"]);
    assert_eq!((kept(&env, "count-"), kept(&env, "whole-"), kept(&env, "strip-")), (12, 1, 12));
    let times = |kind: &str| -> Vec<_> {
        let folder = fs::read_dir(env.path("out/.dechaff-resume")).unwrap();
        let entries = folder.map(Result::unwrap);
        let mut kept: Vec<_> = entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(kind))
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .collect();
        kept.sort();
        kept
    };
    let before = (times("count-"), times("strip-"));
    env.run(&limited).expect(1);
    assert!((times("count-"), times("strip-")) == before, "all of it is kept");

    // Damage is found; the counts made anew are the same, so all else is kept.
    let damaged = &before.0[0].0;
    env.write(&format!("out/.dechaff-resume/{}/index", damaged.to_string_lossy()), "x");
    env.run(&limited).expect(1);
    let mended = times("count-");
    let same = |one: &[(OsString, SystemTime)], other: &[(OsString, SystemTime)]| {
        one.iter().filter(|entry| other.contains(entry)).count()
    };
    assert_eq!(same(&mended, &before.0), 11, "one of twelve is made anew");
    assert!(times("strip-") == before.1, "by the same counts");

    // An input that has changed is counted anew, and all are stripped by the new counts.
    env.write("in/part-11.jsonl", "{\"text\":\"Rain fell.\"}\n");
    env.run(&limited).expect(1);
    assert_eq!(same(&times("count-"), &mended), 11, "one of twelve has changed");
    assert_eq!(same(&times("strip-"), &before.1), 0, "by other counts");

    env.run(&strict).expect(3);
    assert!(!env.exists("out/.dechaff-resume"), "nothing is left when it is whole");
    env.run(&["clean", "in", "-o", "plain", "-q"]).expect(3);
    assert!(bytes(&env, "out") == bytes(&env, "plain"));
}

#[test]
fn a_run_on_top_of_an_older_index_can_be_continued() {
    let env = TestEnv::new();
    lay_out(&env);
    let old =
        "{\"id\":\"old\",\"site\":\"s.example\",\"text\":\"Rain fell all night on the hills.\"}\n";
    env.write("old.jsonl", old).write("older.jsonl", "{\"text\":\"Snow.\"}\n");
    env.done(&["learn", "older.jsonl", "-o", "older.idx", "-q"]);
    env.done(&[
        "clean",
        "old.jsonl",
        "-o",
        "x.jsonl",
        "--index",
        "older.idx",
        "--save-index",
        "old.idx",
        "-q",
    ]);
    let flags = ["--index", "old.idx", "-q"];
    let plain = ["clean", "in", "-o", "plain/out", "--save-index", "plain/new.idx"];
    env.run(&[&plain, flags.as_slice()].concat()).expect(3);
    let resumed = ["clean", "in", "-o", "resumed/out", "--save-index", "resumed/new.idx"];
    let more = ["--resume", "--checkpoint", "20K"];
    env.run(&[&resumed, flags.as_slice(), &more].concat()).expect(3);
    assert!(bytes(&env, "resumed") == bytes(&env, "plain"));
}

#[test]
fn learn_and_strip_can_be_continued() {
    let env = TestEnv::new();
    lay_out(&env);
    env.run(&["learn", "in", "-o", "plain.idx", "-q"]).expect(3);
    let resume = ["--resume", "--checkpoint", "20K", "-q"];
    env.run(&[&["learn", "in", "-o", "resumed.idx"], resume.as_slice()].concat()).expect(3);
    assert!(env.read("resumed.idx") == env.read("plain.idx"));
    assert!(env.read("resumed.idx.rejects.jsonl") == env.read("plain.idx.rejects.jsonl"));
    env.run(&["strip", "in", "--index", "plain.idx", "-o", "plain/out", "-q"]).expect(3);
    let strip = ["strip", "in", "--index", "plain.idx", "-o", "resumed/out"];
    env.run(&[strip.as_slice(), &resume].concat()).expect(3);
    assert!(bytes(&env, "resumed") == bytes(&env, "plain"));
    let one = ["strip", "in/part-00.jsonl", "--index", "plain.idx", "-o", "one.jsonl"];
    env.run(&[one.as_slice(), &resume].concat()).expect(3);
    assert!(env.read("one.jsonl") == env.read("plain/out/part-00.jsonl"));
    let left = env.files().into_iter().filter(|name| name.contains(".dechaff"));
    assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_continued_is_refused() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"Rain.\"}\n");
    let refused = [
        (&["clean", "-", "-o", "out.jsonl", "--resume"][..], "--resume needs files"),
        (&["clean", "in.jsonl", "-o", "-", "--resume"], "give -o a file or a directory"),
        (&["clean", "in.jsonl", "--dry-run", "--resume"], "give -o a file or a directory"),
        (&["clean", "in.jsonl", "-o", "out.jsonl", "--report", "r.html", "--resume"], "--removed"),
    ];
    for (arguments, what) in refused {
        env.run(arguments).expect(2).says(&[what]);
    }
}

/// A run that holds its outputs until it is ended: it waits for its input.
fn holding(env: &TestEnv) -> std::process::Child {
    let mut command = env.command(&["strip", "-", "--index", "rain.idx", "-o", "out.jsonl", "-q"]);
    let run = command.stdin(Stdio::piped()).spawn().unwrap();
    let start = std::time::Instant::now();
    let is_held = || env.files().iter().any(|name| name == ".dechaff-out.jsonl.lock");
    while !is_held() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    // The lock is signed a moment after it is taken.
    std::thread::sleep(Duration::from_millis(100));
    run
}

#[test]
fn two_runs_on_one_output_do_not_mix() {
    let env = TestEnv::new();
    let line = "{\"text\":\"Rain.\\n26 views\"}\n";
    env.write("in.jsonl", line);
    env.done(&["learn", "in.jsonl", "-o", "rain.idx", "-q"]);
    let mut first = holding(&env);
    let told = format!("out.jsonl is being written by another run (process {}", first.id());
    for second in [
        &["clean", "in.jsonl", "-o", "out.jsonl"][..],
        &["clean", "in.jsonl", "-o", "x.jsonl", "--removed", "./out.jsonl"],
        &["learn", "in.jsonl", "-o", "out.jsonl"],
    ] {
        env.run(second).expect(1).says(&[told.trim_start_matches("out.jsonl ")]);
    }
    env.done(&["clean", "in.jsonl", "-o", "other.jsonl", "-q"]);
    {
        use std::io::Write;
        first.stdin.take().unwrap().write_all(line.as_bytes()).unwrap();
    }
    assert!(first.wait().unwrap().success());
    assert_eq!(env.text("out.jsonl"), "{\"text\":\"Rain.\"}\n");
    assert_eq!(env.files(), ["in.jsonl", "other.jsonl", "out.jsonl", "rain.idx"]);
}

#[test]
fn what_a_killed_run_leaves_goes_with_the_next_one() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"Rain.\"}\n");
    env.done(&["learn", "in.jsonl", "-o", "rain.idx", "-q"]);
    let mut first = holding(&env);
    {
        use std::io::Write;
        // With its first batch the run opens its output.
        let line = "{\"text\":\"Rain.\"}\n".repeat(100_000);
        first.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }
    let is_stale = |name: &String| name.starts_with(".dechaff-") && name.contains(".tmp");
    let start = std::time::Instant::now();
    while !env.files().iter().any(is_stale) && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    // A file in use by another run is left alone.
    env.done(&["clean", "in.jsonl", "-o", "other.jsonl", "-q"]);
    assert!(env.files().iter().any(is_stale), "{:?}", env.files());
    first.kill().unwrap();
    first.wait().unwrap();
    assert!(env.files().iter().any(is_stale) && !env.exists("out.jsonl"));
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl", "-q"]);
    assert_eq!(env.files(), ["in.jsonl", "other.jsonl", "out.jsonl", "rain.idx"]);
}

#[test]
fn a_try_tells_what_the_run_will_need() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"Rain.\"}\n");
    let tried = env.done(&["clean", "in.jsonl", "--dry-run"]);
    assert!(tried.stderr.starts_with("expected: seconds on "), "{}", tried.stderr);
    assert!(tried.stderr.contains("and the cleaned text up to less than 1 MB\n"));
    assert!(!env.done(&["clean", "in.jsonl", "--dry-run", "-q"]).stderr.contains("expected"));
    // A short run needs no forecast.
    assert!(!env.done(&["clean", "in.jsonl", "-o", "out.jsonl"]).stderr.contains("expected"));
}

/// A file of 8 TB takes no room when nothing but its length is written.
#[cfg(unix)]
#[test]
fn a_run_that_the_disk_will_not_hold_is_not_begun() {
    let env = TestEnv::new();
    env.write("in.jsonl", "not JSON\n");
    let file = fs::File::options().write(true).open(env.path("in.jsonl")).unwrap();
    if let Err(error) = file.set_len(8 << 40) {
        return crate::environment::skipped(&format!("no file of 8 TB can be made: {error}"));
    }
    for begun in [
        &["clean", "in.jsonl", "-o", "out.jsonl"][..],
        &["learn", "in.jsonl", "-o", "in.idx"],
        &["clean", "in.jsonl", "-o", "out.jsonl", "--resume"],
    ] {
        let ran = env.run(begun).expect(1);
        ran.says(&["expected: about ", "TB, and ", "nothing was begun", "--force"]);
        let left = env.files().into_iter().filter(|name| !name.starts_with("out.jsonl.dechaff"));
        assert_eq!(left.collect::<Vec<_>>(), ["in.jsonl"]);
    }
    // It begins, and ends at its first record; one thread reads no further before.
    let forced = ["--force", "--strict", "--threads", "1", "--batch", "1"];
    let clean = ["clean", "in.jsonl", "-o", "out.jsonl"];
    let ran = env.run(&[clean.as_slice(), &forced].concat()).expect(1);
    assert!(!ran.stderr.contains("nothing was begun"), "{}", ran.stderr);
    ran.says(&["warning: ", "in.jsonl"]);
}
