//! The same bytes out, whatever the threads, batches, cuts and order of merges.

use dechaff_crawl::{Profile, Settings, generate};

use crate::environment::TestEnv;

const RUN: [&str; 3] = ["--removed", "removed.jsonl", "--quiet"];

/// A crawl of `bytes` bytes as `crawl.jsonl`; sites are few, so that their lines recur.
pub(crate) fn crawl(env: &TestEnv, bytes: u64) -> String {
    let settings = Settings { seed: 7, sites: 12, words: 8_000, profile: Profile::News };
    let mut lines = Vec::new();
    generate(settings, bytes, &mut lines, None).unwrap();
    env.write("crawl.jsonl", &lines);
    String::from_utf8(lines).unwrap()
}

/// Cleans `input` and gives the cleaned bytes and the audit.
fn clean(env: &TestEnv, input: &str, flags: &[&str]) -> (Vec<u8>, Vec<u8>) {
    env.done(&[&["clean", input, "-o", "out.jsonl"], RUN.as_slice(), flags].concat());
    (env.read("out.jsonl"), env.read("removed.jsonl"))
}

/// Rows of an audit without the places that depend on how the input was cut into files.
fn placeless(env: &TestEnv, name: &str) -> Vec<serde_json::Value> {
    let mut rows = env.rows(name);
    for row in &mut rows {
        let fields = row.as_object_mut().unwrap();
        fields.shift_remove("file");
        fields.shift_remove("record");
    }
    rows
}

#[test]
fn threads_and_batches_do_not_show() {
    let env = TestEnv::new();
    crawl(&env, 250_000);
    let one = clean(&env, "crawl.jsonl", &["--threads", "1"]);
    assert!(one.1.len() > 10_000, "the crawl has something to remove");
    for (threads, batch) in [("2", "4096"), ("7", "4096"), ("1", "1"), ("2", "3"), ("7", "3")] {
        let flags = ["--threads", threads, "--batch", batch];
        assert!(clean(&env, "crawl.jsonl", &flags) == one, "{threads} threads, batch {batch}");
    }
    assert!(clean(&env, "crawl.jsonl", &["--memory", "0"]) == one, "spilled");
}

/// Cuts the crawl into ten files, right between near-copies where it has some.
fn cut(env: &TestEnv, lines: &str) -> usize {
    let copied = "The keepers of the nine dams agreed to use one and the same horn before they \
                  open a gate, and anglers below the fourth were glad of it.";
    let near = copied.replace("were glad of it", "said nothing of it");
    let mut parts = vec![String::new(); 10];
    let total = lines.lines().count();
    for (at, line) in lines.lines().enumerate() {
        parts[at * 10 / total].extend([line, "\n"]);
    }
    for (at, part) in parts.iter_mut().enumerate() {
        let record = |place: &str, text: &str| {
            serde_json::json!({ "id": format!("{place}-{at}"), "site": format!("{place}-{at}.example"), "text": text })
                .to_string()
                + "\n"
        };
        part.insert_str(
            0,
            &record("head", &format!("Page {at} begins, as pages do, on its own terms.\n{near}")),
        );
        part.push_str(&record("tail", &format!("Page {at} has an end.\n{copied}")));
    }
    for (at, part) in parts.iter().enumerate() {
        env.write(&format!("parts/part-{at}.jsonl"), part);
    }
    env.write("whole.jsonl", parts.concat());
    parts.len()
}

#[test]
fn one_file_and_its_parts_give_the_same() {
    let env = TestEnv::new();
    let lines = crawl(&env, 250_000);
    let parts = cut(&env, &lines);
    let (whole, _) = clean(&env, "whole.jsonl", &[]);
    let rows = placeless(&env, "removed.jsonl");
    assert!(rows.iter().any(|row| row["id"] == "head-3"), "a near-copy astride a cut goes");

    let flags = ["--removed", "parts.removed.jsonl", "--quiet", "--threads", "2"];
    env.done(&[&["clean", "parts", "-o", "out"], flags.as_slice()].concat());
    let joined = |folder: &str| -> Vec<u8> {
        (0..parts).flat_map(|at| env.read(&format!("{folder}/part-{at}.jsonl"))).collect()
    };
    assert!(joined("out") == whole, "cleaned in parts");
    assert_eq!(placeless(&env, "parts.removed.jsonl"), rows);

    learn_and_merge(&env, parts);
    let strip = ["strip", "parts", "--index", "all.idx", "-o", "stripped", "--quiet"];
    env.done(&[strip.as_slice(), &["--removed", "stripped.removed.jsonl"]].concat());
    assert!(joined("stripped") == whole, "learned in parts, merged and stripped");
    assert_eq!(env.read("stripped.removed.jsonl"), env.read("parts.removed.jsonl"));
}

/// Learns each part, merges them in three ways, and demands the same index each time.
fn learn_and_merge(env: &TestEnv, parts: usize) {
    let index = |at: usize| format!("part-{at}.idx");
    for at in 0..parts {
        env.done(&["learn", &format!("parts/part-{at}.jsonl"), "-o", &index(at), "--quiet"]);
    }
    let merge = |from: &[String], to: &str| {
        let from: Vec<&str> = from.iter().map(String::as_str).collect();
        env.done(&[&["merge"], from.as_slice(), &["-o", to]].concat());
    };
    let all: Vec<String> = (0..parts).map(index).collect();
    merge(&all, "all.idx");
    let back: Vec<String> = all.iter().rev().cloned().collect();
    merge(&back, "back.idx");
    assert!(env.read("back.idx") == env.read("all.idx"), "order of merging");
    merge(&all[..3], "left.idx");
    merge(&all[3..], "right.idx");
    merge(&["right.idx".into(), "left.idx".into()], "grouped.idx");
    assert!(env.read("grouped.idx") == env.read("all.idx"), "grouping of merges");
    env.done(&["learn", "parts", "-o", "learned.idx", "--quiet"]);
    assert!(env.read("learned.idx") == env.read("all.idx"), "learned at once");
    merge(&["all.idx".into()], "same.idx");
    assert!(env.read("same.idx") == env.read("all.idx"), "merging one index changes nothing");
}

#[test]
fn strip_from_another_folder_is_clean() {
    let env = TestEnv::new();
    crawl(&env, 150_000);
    let (cleaned, audit) = clean(&env, "crawl.jsonl", &[]);
    env.done(&["learn", "crawl.jsonl", "-o", "crawl.idx", "--quiet"]);
    env.write("elsewhere/deep/other-name.jsonl", env.read("crawl.jsonl"));
    let strip = ["strip", "elsewhere/deep/other-name.jsonl", "--index", "crawl.idx"];
    env.done(&[&strip, ["-o", "out.jsonl"].as_slice(), &RUN].concat());
    assert!(env.read("out.jsonl") == cleaned);
    let audit =
        String::from_utf8(audit).unwrap().replace("\"crawl.jsonl\"", "\"other-name.jsonl\"");
    assert!(env.text("removed.jsonl") == audit);
}

#[test]
fn a_title_said_twice_is_no_title_of_another_document() {
    // An index that keeps what one document alone holds must say no more than the counts of
    // `clean`, which drop that.
    let env = TestEnv::new();
    let places = ["Ashby", "Brook", "Coldwell", "Dunmere", "Eastleigh", "Fenwick"];
    let lines = places.map(|place| {
        let title = format!("{place} opens its new market hall");
        let body = format!("Traders of {place} had waited eleven years for a roof of their own.");
        let text = [&*title, &*body, &*title, "Subscribe to our morning newsletter"].join("\n");
        let line = serde_json::json!({ "id": place, "site": "market.example", "text": text });
        format!("{line}\n")
    });
    env.write("markets.jsonl", lines.concat().as_bytes());
    let cleaned = clean(&env, "markets.jsonl", &[]);
    assert!(!cleaned.1.is_empty(), "the call goes");
    env.done(&["learn", "markets.jsonl", "-o", "markets.idx", "--quiet"]);
    let strip = ["strip", "markets.jsonl", "--index", "markets.idx", "-o", "out.jsonl"];
    env.done(&[strip.as_slice(), &RUN].concat());
    assert!((env.read("out.jsonl"), env.read("removed.jsonl")) == cleaned);
}

#[test]
fn folders_of_text_strip_from_another_place_as_they_clean() {
    let env = TestEnv::new();
    for page in 0..6 {
        let text = format!(
            "Story {}.\n\nAll rights reserved by the Askel Post.\n",
            "abcdef".get(page..=page).unwrap()
        );
        env.write(&format!("in/{page}.txt"), &text).write(&format!("far/away/{page}.txt"), &text);
    }
    env.done(&["clean", "in", "-o", "cleaned", "--quiet"]);
    env.done(&["learn", "in", "-o", "in.idx", "--quiet"]);
    env.done(&["strip", "far/away", "--index", "in.idx", "-o", "stripped", "--quiet"]);
    for page in 0..6 {
        let (cleaned, stripped) = (format!("cleaned/{page}.txt"), format!("stripped/{page}.txt"));
        assert_eq!(env.text(&cleaned), env.text(&stripped));
    }
}

#[test]
fn a_saved_index_is_the_learned_one_and_carries_on() {
    let env = TestEnv::new();
    let lines = crawl(&env, 150_000);
    cut(&env, &lines);
    env.done(&["clean", "whole.jsonl", "-o", "out.jsonl", "--save-index", "saved.idx", "-q"]);
    env.done(&["learn", "whole.jsonl", "-o", "learned.idx", "-q"]);
    assert!(env.read("saved.idx") == env.read("learned.idx"));
    env.write(
        "tomorrow.jsonl",
        "{\"id\":\"new\",\"site\":\"new.example\",\"text\":\"A new day.\"}\n",
    );
    let clean = ["clean", "tomorrow.jsonl", "-o", "new.jsonl", "--index", "saved.idx", "-q"];
    env.done(&[clean.as_slice(), &["--save-index", "both.idx"]].concat());
    let again = ["clean", "whole.jsonl", "-o", "again.jsonl", "--index", "saved.idx", "-q"];
    env.run(&again).expect(1).says(&["whole.jsonl", "--force"]);
    assert!(!env.exists("again.jsonl"));
}
