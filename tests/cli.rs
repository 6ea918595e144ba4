//! The flags and the streams of the command.

use std::io::Read;
use std::process::Stdio;

use crate::determinism::crawl;
use crate::environment::{Ran, TestEnv, jsonl};

const STORY: &str =
    "The ferryman pulled a piano out of the river on Wednesday morning, strings and all.";

/// Ten pages of one site under one template, each its own story.
fn pages() -> String {
    let names = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "oak", "pine", "yew"];
    let stories = [
        "A storm took it down at night, and nobody in the street slept before three.",
        "It was planted by a school class whose members are grandparents now.",
        "Its shade is claimed by two cafes, and the court will have to decide.",
        "Beetles were found under the bark, but the gardener calls them harmless.",
        "A ladder has leaned against the trunk since autumn and has no owner.",
        "Every spring the brass band plays below, and every spring it rains.",
        "The council counted its rings by radar and quarreled over the number.",
        "Children say that a key hangs in the crown, too high for any of them.",
        "Lightning spared it twice, which the insurer did not want to believe.",
        "Its needles block the gutter of the old post office year after year.",
    ];
    let story = |(name, story): (&&str, &&str)| {
        format!(
            "The {name} of the park\n{story}\nAll rights reserved by the Park Post, in print and online"
        )
    };
    let texts: Vec<String> = names.iter().zip(&stories).map(story).collect();
    let documents: Vec<_> =
        names.iter().zip(&texts).map(|(id, text)| (*id, "park.example", text.as_str())).collect();
    jsonl(&documents)
}

/// One run over `input`; gives its cleaned records' texts.
fn texts(input: &str, flags: &[&str]) -> Vec<String> {
    let env = TestEnv::new();
    env.write("in.jsonl", input);
    env.done(&[&["clean", "in.jsonl", "-o", "out.jsonl", "--quiet"], flags].concat());
    env.rows("out.jsonl").iter().map(|row| row["text"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn templates_go_from_every_page() {
    let texts = texts(&pages(), &[]);
    assert!(texts.iter().all(|text| !text.contains("rights") && text.lines().count() == 2));
}

#[test]
fn keep_copies_chooses_the_copies_that_stay() {
    let other = "Something else stands on this page.";
    let input = jsonl(&[
        ("1", "a.example", &format!("{STORY}\n{other}")),
        ("2", "b.example", &format!("Another page begins so.\n{STORY}")),
        ("3", "c.example", &format!("A third page begins so.\n{STORY}")),
    ]);
    let stay = |which| {
        let texts = texts(&input, &["--keep-copies", which]);
        texts.iter().map(|text| text.contains(STORY)).collect::<Vec<_>>()
    };
    assert_eq!(stay("first"), [true, false, false]);
    assert_eq!(stay("all"), [true, true, true]);
    assert_eq!(stay("none"), [false, false, false]);
}

#[test]
fn scope_says_where_repetition_is_looked_for() {
    let twice = format!("26 views\n{STORY}\nSomething else.\n{STORY}");
    let input = pages() + &jsonl(&[("1", "a.example", &twice), ("2", "b.example", STORY)]);
    let left = |scope| {
        let texts = texts(&input, &["--scope", scope]);
        let count = |of: &str| texts.iter().filter(|text| text.contains(of)).count();
        let stories = texts.iter().map(|text| text.matches(STORY).count()).sum::<usize>();
        (count("rights"), count("26 views"), stories)
    };
    assert_eq!(left("document,site,corpus"), (0, 0, 1));
    assert_eq!(left("document"), (10, 0, 2));
    assert_eq!(left("site"), (0, 1, 3));
    assert_eq!(left("corpus").0, 1, "of ten copies the first stays");
}

#[test]
fn allow_keeps_and_deny_takes_out() {
    let env = TestEnv::new();
    env.write("allow.txt", "// ours\nall rights reserved by *\n\n# views\n");
    env.write("deny.txt", "the yew of the park\n");
    env.write("in.jsonl", pages() + &jsonl(&[("v", "v.example", "26 views\nA line that stays.")]));
    let flags = ["--allow", "allow.txt", "--deny", "deny.txt", "--removed", "removed.jsonl", "-q"];
    env.done(&[&["clean", "in.jsonl", "-o", "out.jsonl"], flags.as_slice()].concat());
    let rows = env.rows("removed.jsonl");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(
        (&rows[0]["reason"], &rows[0]["text"]),
        (&"rule".into(), &"The yew of the park\n".into())
    );
    assert_eq!(rows[0]["evidence"]["rule"], "the yew of the park");
    env.write("bad.txt", "fine words\n!!!\n");
    let bad = ["clean", "in.jsonl", "-o", "x.jsonl", "--deny", "bad.txt"];
    env.run(&bad).expect(1).says(&["bad.txt:2"]);
}

#[test]
fn mark_keeps_the_text_and_adds_the_spans() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"id\":\"1\", \"text\":\"Rain.\\n26 views\\nSun.\" }\r\n{\"id\":\"2\",\"text\":\"Calm.\"}\n");
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl", "--mark", "-q"]);
    let rows = env.rows("out.jsonl");
    assert_eq!(rows[0]["text"], "Rain.\n26 views\nSun.");
    assert_eq!(
        rows[0]["removed"],
        serde_json::json!([{ "start": 6, "end": 15, "reason": "rule" }])
    );
    assert!(rows[1].get("removed").is_none(), "an unchanged record is as it was");
    env.write("a.txt", "Rain.");
    env.run(&["clean", "a.txt", "-o", "b.txt", "--mark"]).expect(2);
}

#[test]
fn drop_empty_leaves_emptied_records_out() {
    let input =
        jsonl(&[("1", "a.example", STORY), ("2", "b.example", STORY), ("3", "c.example", "End.")]);
    assert_eq!(texts(&input, &[]), [STORY, "", "End."]);
    assert_eq!(texts(&input, &["--drop-empty"]), [STORY, "End."]);
}

#[test]
fn a_document_that_would_lose_too_much_stays_whole() {
    let input = jsonl(&[("1", "a.example", "26 views\nRain."), ("2", "a.example", "26 views")]);
    assert_eq!(texts(&input, &[]), ["Rain.", "26 views"]);
    assert_eq!(texts(&input, &["--max-removed", "0.3"]), ["26 views\nRain.", "26 views"]);
}

#[test]
fn past_max_removed_total_nothing_is_put_in_place() {
    let env = TestEnv::new();
    env.write("in.jsonl", pages());
    let clean = ["clean", "in.jsonl", "-o", "out.jsonl", "--removed", "removed.jsonl"];
    let index = ["--save-index", "x.idx"];
    let ran = env.run(&[&clean, index.as_slice(), &["--max-removed-total", "0.1"]].concat());
    ran.expect(1).says(&["--max-removed-total", "park.example"]);
    assert_eq!(env.files(), ["in.jsonl"]);
    env.done(&[clean.as_slice(), &["--max-removed-total", "0.9"]].concat());
}

#[test]
fn a_dry_run_writes_the_audit_and_the_summary_only() {
    let env = TestEnv::new();
    env.write("in.jsonl", pages());
    let flags = ["--dry-run", "--removed", "removed.jsonl", "--summary", "summary.json"];
    env.done(&[&["clean", "in.jsonl"], flags.as_slice()].concat()).says(&["10 documents"]);
    assert_eq!(env.files(), ["in.jsonl", "removed.jsonl", "summary.json"]);
    let summary = &env.rows("summary.json")[0];
    assert_eq!(summary["documents"], 10);
    assert_eq!(summary["removed"]["boilerplate"]["spans"], 10);
    assert_eq!(summary["inputs"][0]["key"], "in.jsonl");
    assert_eq!(env.rows("removed.jsonl").len(), 10);
}

#[test]
fn the_site_comes_from_where_the_user_says() {
    let env = TestEnv::new();
    let record = r#"{"id":"1","site":"Field.example","url":"https://news.www.example.co.uk:8080/a","text":"Rain.\n26 views\nSun."}"#;
    env.write("in/deep/a.jsonl", format!("{record}\n"));
    let site = |from: &str| {
        let flags = ["--removed", "removed.jsonl", "-q", "--site-from", from];
        env.done(&[&["clean", "in", "-o", "out"], flags.as_slice()].concat());
        env.rows("removed.jsonl")[0]["site"].as_str().unwrap().to_owned()
    };
    assert_eq!(site("field"), "field.example");
    assert_eq!(site("url"), "news.www.example.co.uk");
    assert_eq!(site("domain"), "example.co.uk");
    assert_eq!(site("folder"), "deep");
    assert_eq!(site("none"), "");
}

#[test]
fn the_order_field_decides_which_copy_is_first() {
    let record = |id: &str, day: &str| {
        serde_json::json!({ "id": id, "site": id, "day": day, "text": format!("{STORY}\nPage {id} ends.") })
            .to_string()
            + "\n"
    };
    let input = record("late", "2031-05-02") + &record("early", "2031-05-01T09:00");
    let stay = |flags: &[&str]| {
        let texts = texts(&input, flags);
        texts.iter().map(|text| text.contains(STORY)).collect::<Vec<_>>()
    };
    assert_eq!(stay(&[]), [true, false]);
    assert_eq!(stay(&["--order-field", "day"]), [false, true]);
}

#[test]
fn fields_have_the_names_the_user_gives() {
    let env = TestEnv::new();
    env.write(
        "in.jsonl",
        "{\"nr\":\"n1\",\"host\":\"H.example\",\"body\":\"Rain.\\n26 views\\nSun.\"}\n",
    );
    let fields = ["--text-field", "body", "--id-field", "nr", "--site-field", "host", "-q"];
    let paths = ["clean", "in.jsonl", "-o", "out.jsonl", "--removed", "removed.jsonl"];
    env.done(&[paths.as_slice(), &fields].concat());
    assert_eq!(env.rows("out.jsonl")[0]["body"], "Rain.\nSun.");
    let row = &env.rows("removed.jsonl")[0];
    assert_eq!((&row["id"], &row["site"]), (&"n1".into(), &"h.example".into()));
}

#[test]
fn standard_input_and_output_stream() {
    let env = TestEnv::new();
    let ran = env.fed(&["clean", "-", "-o", "-", "-q"], pages().as_bytes()).expect(0);
    let cleaned = String::from_utf8(ran.stdout).unwrap();
    assert!(cleaned.lines().count() == 10 && !cleaned.contains("rights"));
    env.write("in.jsonl", pages()).done(&["learn", "in.jsonl", "-o", "in.idx", "-q"]);
    let strip = ["strip", "-", "--index", "in.idx", "-o", "-", "-q"];
    let ran = env.fed(&strip, pages().as_bytes()).expect(0);
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), cleaned);
    let text = ["clean", "-", "--format", "txt", "-o", "-", "-q"];
    assert_eq!(env.fed(&text, b"Rain.\n26 views\nSun.").expect(0).stdout, b"Rain.\nSun.");
    assert_eq!(env.files(), ["in.idx", "in.jsonl"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let env = TestEnv::new();
    crawl(&env, 1_000_000);
    let mut child = env
        .command(&["clean", "crawl.jsonl", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut [0; 100]).unwrap();
    drop(pipe);
    let ran = Ran::from(child.wait_with_output().unwrap()).expect(0);
    assert!(!ran.stderr.contains("roken pipe"), "{}", ran.stderr);
}

#[test]
fn several_inputs_go_into_a_folder_that_mirrors_them() {
    let env = TestEnv::new();
    env.write("a/x.jsonl", pages()).write("b/deep/y.txt", "Rain.\n26 views").write("c.txt", "Sun.");
    env.done(&["clean", "a", "b", "c.txt", "-o", "out", "-q"]);
    assert_eq!(env.text("out/b/deep/y.txt"), "Rain.");
    assert_eq!(env.text("out/c.txt"), "Sun.");
    assert!(env.exists("out/a/x.jsonl"));
}

#[test]
fn explain_and_inspect_show_what_is_known() {
    let env = TestEnv::new();
    env.write("in.jsonl", pages());
    env.done(&["learn", "in.jsonl", "-o", "in.idx", "-q"]);
    let explain = ["explain", "in.jsonl", "--id", "oak", "--index", "in.idx"];
    let shown = String::from_utf8(env.done(&explain).stdout).unwrap();
    assert!(shown.starts_with("oak of park.example, judged as article: 1 of 3 "), "{shown}");
    assert!(shown.contains("boilerplate All rights reserved"), "{shown}");
    assert!(shown.contains("on 10 documents of the site (100.0 %)"), "{shown}");
    let json = env.done(&[&explain[..], &["--json"]].concat()).stdout;
    let explained: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let [title, _, rights] = explained["paragraphs"].as_array().unwrap().as_slice() else {
        panic!("{explained}")
    };
    assert_eq!(
        (&title["text"], &title["reason"]),
        (&"The oak of the park".into(), &serde_json::Value::Null)
    );
    assert_eq!(rights["reason"], "boilerplate");
    assert_eq!(rights["evidence"]["documents"], 10);
    env.run(&["explain", "in.jsonl", "--id", "nobody"]).expect(2).says(&["nobody", "\"ash\""]);
    let inspect = ["inspect", "in.idx", "--site", "park.example"];
    let shown = String::from_utf8(env.done(&inspect).stdout).unwrap();
    assert!(shown.contains("All rights reserved"), "{shown}");
    env.done(&["inspect", "in.idx"]);
}

#[test]
fn an_index_keeps_no_text_where_none_is_wanted() {
    let env = TestEnv::new();
    env.write("in.jsonl", pages());
    env.done(&["learn", "in.jsonl", "-o", "with.idx", "-q"]);
    env.done(&["learn", "in.jsonl", "-o", "without.idx", "--no-text", "-q"]);
    let holds = |name: &str| {
        let bytes = env.read(name);
        bytes.windows(10).any(|window| window == b"All rights")
    };
    assert!(holds("with.idx") && !holds("without.idx"));
}

/// Ctrl-C in the middle of a run that reads from a pipe nobody closes.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_nothing_behind() {
    use std::io::Write;
    let env = TestEnv::new();
    env.write("in.jsonl", pages());
    env.done(&["learn", "in.jsonl", "-o", "in.idx", "-q"]);
    let strip = ["strip", "-", "--index", "in.idx", "-o", "out.jsonl", "--batch", "1"];
    let mut child = env
        .command(&[strip.as_slice(), &["--removed", "removed.jsonl"]].concat())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    for _ in 0..30 {
        pipe.write_all(pages().as_bytes()).unwrap();
    }
    // The temporary file stands there once the run is under way.
    while !env.files().iter().any(|name| name.starts_with(".dechaff-")) {
        std::thread::yield_now();
    }
    let killed =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    // The next read must end for the run to see that it is over.
    while pipe.write_all(pages().as_bytes()).is_ok() {}
    drop(pipe);
    Ran::from(child.wait_with_output().unwrap()).expect(130).says(&["nothing was put in place"]);
    assert_eq!(env.files(), ["in.idx", "in.jsonl"]);
}
