//! Cleaned output and its audit give the input back, byte for byte.

use crate::environment::{TestEnv, files};

/// Lines of every spelling that JSON allows, and some that it does not.
const ODD_LINES: &[&[u8]] = &[
    b"\xEF\xBB\xBF{\"id\":\"a\",\"site\":\"s.example\",\"text\":\"26 views\\nRain \\u00e4ll night.\"}\r\n",
    b"\n",
    ODD_LINE.as_bytes(),
    b"\n\t \r\n",
    br#"{"text":"26 views\nNot this one","id":"c","text":"Kept.\n\u0032\u0036 view\u0073\nEnd."}"#,
    b"\n{broken\n",
    br#"{"id":"a","site":"s.example","text":"26 views\nRain fell all day with the same id."}"#,
    b"\n \n",
    br#"{"id":7,"text":"318 views"}"#,
    b"\n\n",
    br#"{"id":"no text"}"#,
    b"\n\xFF\xFE not text\n",
    br#"{"id":"s","text":"a lone \ud800 surrogate"}"#,
    b"\n[1,2]\n\n",
    br#"{"id":"t","text":"tab\tand \"quotes\" and \\ stay\n26 views\n\"quoted\"\tend"} "#,
    b"\n{\"text\":\"\"}\n",
    "{\"id\":\"wide\",\"text\":\"\u{2028}lines\u{2029}\\n26 views\\n\u{1F680}\\u2028\"}\n".as_bytes(),
    br#"{"id":"end","text":"A last line without an end.\n26 views"}"#,
];

/// A line with odd spaces, escapes and surrogates.
const ODD_LINE: &str = r#"  { "text" : "One of the keepers saw the river rise before dawn.\r\n\ud83d\ude00 \/ 5 min read\n\uD83D\uDE00 stays\n1,204 views" , "id":"b", "extra": [1, {"text": "26 views"}] }  "#;

fn check(name: &str, bytes: &[u8], flags: &[&str], code: i32) {
    let env = TestEnv::new();
    env.write(name, bytes);
    let paths = ["clean", name, "-o", "out/out.jsonl", "--removed", "removed.jsonl", "--quiet"];
    env.run(&[&paths, flags].concat()).expect(code);
    env.done(&["restore", "out/out.jsonl", "removed.jsonl", "-o", "restored.jsonl"]);
    assert_eq!(
        String::from_utf8_lossy(&env.read("restored.jsonl")),
        String::from_utf8_lossy(bytes),
        "{flags:?}"
    );
    assert_eq!(env.read("restored.jsonl"), bytes);
}

#[test]
fn odd_spellings_come_back_as_they_were() {
    check("in.jsonl", &ODD_LINES.concat(), &[], 3);
    check("in.jsonl", &ODD_LINES.concat(), &["--batch", "1", "--threads", "3"], 3);
}

#[test]
fn dropped_records_come_back_whole() {
    check("in.jsonl", &ODD_LINES.concat(), &["--drop-empty", "--max-removed", "1"], 3);
}

#[test]
fn an_input_of_nothing_but_unreadable_lines_comes_back() {
    check("in.jsonl", b"x\ny\n\nz", &[], 3);
}

#[test]
fn an_empty_input_comes_back_empty() {
    check("in.jsonl", b"", &[], 0);
    check("in.jsonl", b"\n \r\n", &[], 0);
}

#[test]
fn the_unchanged_parts_of_a_changed_line_are_as_they_were() {
    let env = TestEnv::new();
    env.write("in.jsonl", ODD_LINES.concat());
    env.run(&["clean", "in.jsonl", "-o", "out.jsonl", "--quiet"]).expect(3);
    let out = String::from_utf8(env.read("out.jsonl")).unwrap();
    let odd = ODD_LINE.replace(r"\ud83d\ude00 \/ 5 min read\n", "").replace(r"\n1,204 views", "");
    assert!(out.lines().any(|line| line == odd), "{out}");
}

#[test]
fn folders_of_text_files_come_back() {
    let env = TestEnv::new();
    let page = "A story of its own kind.\n26 views\n\nIts end.\n5 min read\n\n";
    env.write("in/a.txt", page)
        .write("in/deep/b.txt", page.replace('\n', "\r\n"))
        .write("in/deep/empty.txt", "")
        .write("in/mark.txt", "\u{feff}26 views\nRest")
        .write("in/white.txt", " \n\t\n")
        .write("in/z.jsonl", ODD_LINES.concat());
    let flags = ["--removed", "removed.jsonl", "--quiet"];
    env.run(&[&["clean", "in", "-o", "out"], flags.as_slice()].concat()).expect(3);
    env.done(&["restore", "out", "removed.jsonl", "-o", "restored"]);
    assert_eq!(files(&env.path("restored")), files(&env.path("in")));
    for file in files(&env.path("in")) {
        let (restored, input) = (format!("restored/{file}"), format!("in/{file}"));
        assert_eq!(env.read(&restored), env.read(&input), "{file}");
    }
}

#[test]
fn compressed_inputs_come_back() {
    for (ending, compressed) in
        [("gz", gzip(&ODD_LINES.concat())), ("zst", zstd(&ODD_LINES.concat()))]
    {
        let env = TestEnv::new();
        let (input, out) = (format!("in.jsonl.{ending}"), format!("out.jsonl.{ending}"));
        env.write(&input, compressed);
        let flags = ["--removed", "removed.jsonl.gz", "--quiet"];
        env.run(&[&["clean", &input, "-o", &out], flags.as_slice()].concat()).expect(3);
        env.done(&["restore", &out, "removed.jsonl.gz", "-o", "restored.jsonl"]);
        assert_eq!(env.read("restored.jsonl"), ODD_LINES.concat(), "{ending}");
    }
}

#[test]
fn an_audit_of_another_run_is_refused() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"id\":\"1\",\"text\":\"Rain.\\n26 views\\nSun.\"}\n");
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl", "--removed", "removed.jsonl", "-q"]);
    env.write("other.jsonl", "{\"id\":\"1\",\"text\":\"R\"}\n");
    env.run(&["restore", "other.jsonl", "removed.jsonl", "-o", "x.jsonl"]).expect(1);
    env.write("none.jsonl", "");
    env.run(&["restore", "none.jsonl", "removed.jsonl", "-o", "x.jsonl"])
        .expect(1)
        .says(&["no cleaned record"]);
    assert!(!env.exists("x.jsonl"));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    // Two members, as concatenated files have.
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    let member = |part: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap()
    };
    [member(head), member(tail)].concat()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let (head, tail) = bytes.split_at(bytes.len() / 3);
    [zstd::encode_all(head, 1).unwrap(), zstd::encode_all(tail, 1).unwrap()].concat()
}
