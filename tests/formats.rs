//! Each format in and out: what is not removed text keeps its bytes, and restore undoes the rest.

use std::io::Write;

use crate::environment::{TestEnv, data};

/// A paragraph that goes by a rule, in a text of three.
const TEXT: &str = "Rain fell all night.\n26 views\nThe river rose.";
const CLEANED: &str = "Rain fell all night.\nThe river rose.";

/// Cleans `input`, compares the output and restores the input.
#[track_caller]
fn check(name: &str, input: &[u8], expected: &[u8]) {
    let env = TestEnv::new();
    let (from, to, back) = (format!("in/{name}"), format!("out-{name}"), format!("back-{name}"));
    env.write(&from, input);
    env.done(&["clean", &from, "-o", &to, "--removed", "removed.jsonl"]);
    let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(shown(&env.read(&to)), shown(expected), "{name}");
    env.done(&["restore", &to, "removed.jsonl", "-o", &back]);
    assert_eq!(shown(&env.read(&back)), shown(input), "{name} restored");
}

#[test]
fn csv_keeps_the_spelling_of_all_else() {
    let row = |text: &str| format!("7,\"{text}\",\"a, \"\"b\"\"\"\r\n");
    let input = ["id,text,note\r\n", &row(TEXT), "8,Snow.,bare \"x\" \n"].concat();
    let expected = ["id,text,note\r\n", &row(CLEANED), "8,Snow.,bare \"x\" \n"].concat();
    check("a.csv", input.as_bytes(), expected.as_bytes());
    let marked = ["\u{feff}", &input].concat();
    check("b.csv", marked.as_bytes(), ["\u{feff}", &expected].concat().as_bytes());
    let tabs = |text: &str| text.replace(',', "\t");
    check("a.tsv", tabs(&input).as_bytes(), tabs(&expected).as_bytes());
    let quoted = "text\n\"\"\"Rain\"\" fell.\n26 views\n\"\"Sun\"\".\"\n";
    check("c.csv", quoted.as_bytes(), b"text\n\"\"\"Rain\"\" fell.\n\"\"Sun\"\".\"\n");
}

#[test]
fn an_emptied_csv_field_is_still_a_record() {
    let env = TestEnv::new();
    let text = "Rain fell all night on the hills and the river rose over the old bridge so that \
                the ferry had to carry the schoolchildren across until the engineers had looked at \
                every pillar and the mayor had signed the paper.";
    env.write("in.csv", format!("text\n{text}\n{text}\nSun.\n"));
    env.done(&["clean", "in.csv", "-o", "out.csv"]);
    let cleaned = env.text("out.csv");
    assert_eq!(cleaned, format!("text\n{text}\n\"\"\nSun.\n"));
}

#[test]
fn broken_csv_records_are_set_aside_with_their_place() {
    let env = TestEnv::new();
    env.write("in.csv", "id,text\n1,Rain.\n2\n3,\"a\"b\n4,Sun.\n");
    env.run(&["clean", "in.csv", "-o", "out.csv"]).expect(3);
    assert_eq!(env.text("out.csv"), "id,text\n1,Rain.\n4,Sun.\n");
    let rejects = env.rows("out.csv.rejects.jsonl");
    assert_eq!((&rejects[0]["line"], &rejects[0]["offset"]), (&3.into(), &16.into()));
    assert_eq!(rejects[0]["error"], "has 1 fields where the header has 2");
    assert_eq!(rejects[1]["error"], "has text behind a closing quote");
}

#[test]
fn a_csv_file_without_the_text_column_is_refused() {
    let env = TestEnv::new();
    env.write("in.csv", "id,body\n1,Rain.\n");
    let ran = env.run(&["clean", "in.csv", "-o", "out.csv"]).expect(1);
    ran.says(&["in.csv", "has no column \"text\", only id, body"]);
    env.done(&["clean", "in.csv", "-o", "out.csv", "--text-field", "body"]);
}

/// Compressed twice over: two members, frames or streams in one file.
fn packed(name: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut all = Vec::new();
    for part in parts {
        let compression = dechaff::io::compress::Compression::of_name(name).0;
        let mut writer = compression.writer(Vec::new()).unwrap();
        writer.write_all(part).unwrap();
        all.extend(writer.finish().unwrap());
    }
    all
}

fn unpacked(name: &str, bytes: &[u8]) -> Vec<u8> {
    let compression = dechaff::io::compress::Compression::of_name(name).0;
    let mut all = Vec::new();
    std::io::Read::read_to_end(&mut compression.reader(bytes).unwrap(), &mut all).unwrap();
    all
}

#[test]
fn compressed_files_of_several_members_are_read_whole_and_written_alike() {
    let record = |text: &str| serde_json::json!({ "text": text }).to_string() + "\n";
    let (one, two) = (record(TEXT), record("Snow fell on the pass."));
    for ending in ["gz", "zst", "bz2", "xz"] {
        let env = TestEnv::new();
        let name = format!("in/a.jsonl.{ending}");
        env.write(&name, packed(&name, &[one.as_bytes(), two.as_bytes()]));
        env.done(&["clean", "in", "-o", "out"]);
        let out = env.read(&format!("out/a.jsonl.{ending}"));
        let expected = record(CLEANED) + &two;
        assert_eq!(String::from_utf8(unpacked(&name, &out)).unwrap(), expected, "{ending}");
    }
}

#[test]
fn zstd_windows_of_up_to_two_gigabytes_are_read() {
    let env = TestEnv::new();
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(30).unwrap();
    encoder.write_all(b"{\"text\":\"Rain.\"}\n").unwrap();
    env.write("in.jsonl.zst", encoder.finish().unwrap());
    env.done(&["clean", "in.jsonl.zst", "-o", "out.jsonl"]);
    assert_eq!(env.text("out.jsonl"), "{\"text\":\"Rain.\"}\n");
}

#[test]
fn text_in_other_encodings_becomes_utf8_and_is_counted() {
    let russian = "Вода в реке поднялась за ночь.\n26 views\nМост закрыли для проезда.";
    let cleaned = russian.replace("26 views\n", "");
    let utf16: Vec<u8> =
        format!("\u{feff}{russian}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let windows = encoding_rs::WINDOWS_1251.encode(russian).0.into_owned();
    for (bytes, encoding) in [(utf16, "UTF-16LE"), (windows, "windows-1251")] {
        let env = TestEnv::new();
        env.write("in.txt", bytes);
        let arguments = ["clean", "in.txt", "-o", "out.txt", "--removed", "removed.jsonl"];
        let ran = env.done(&[&arguments[..], &["--summary", "summary.json"]].concat());
        ran.says(&[&format!("1 texts in {encoding}, written as UTF-8")]);
        assert_eq!(env.text("out.txt"), cleaned);
        let summary: serde_json::Value = serde_json::from_slice(&env.read("summary.json")).unwrap();
        assert_eq!(summary["encodings"][encoding], 1);
        env.done(&["restore", "out.txt", "removed.jsonl", "-o", "back.txt"]);
        assert_eq!(env.text("back.txt"), russian);
    }
    check(
        "marked.txt",
        format!("\u{feff}{TEXT}").as_bytes(),
        format!("\u{feff}{CLEANED}").as_bytes(),
    );
}

#[test]
fn invalid_sequences_are_counted_and_located() {
    let env = TestEnv::new();
    let mut bytes = "Größe, Fähre, Brücke, Öl, Käse, Tür, Gemüse, Übung.".as_bytes().to_vec();
    bytes.insert(9, 0xFF);
    env.write("in.txt", bytes);
    let ran = env.done(&["clean", "in.txt", "-o", "out.txt"]);
    ran.says(&["1 invalid sequences", "in.txt: 1 invalid in UTF-8, the first at byte 9"]);
    assert!(env.text("out.txt").starts_with("Größe, \u{fffd}F"));
}

#[test]
fn csv_in_utf16_is_read() {
    let env = TestEnv::new();
    let csv = format!("\u{feff}id,text\n1,\"{TEXT}\"\n");
    env.write("in.csv", csv.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
    env.done(&["clean", "in.csv", "-o", "out.csv"]);
    assert_eq!(env.text("out.csv"), format!("id,text\n1,\"{CLEANED}\"\n"));
}

/// Found by fuzzing: the crate that reads Parquet panics on some damaged files.
#[test]
fn a_damaged_parquet_file_is_rows_or_an_error() {
    use dechaff::io::read::{BatchReader, Fields, Limits};
    use dechaff::io::source::{Passes, find};
    let env = TestEnv::new();
    let whole = std::fs::read(crate::environment::root().join("testdata/rows.parquet")).unwrap();
    let (fields, limits) = (Fields::default(), Limits::default());
    let mut refused = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xFF;
        env.write("in.parquet", bytes);
        let paths = [env.path("in.parquet")];
        let sources = find(&paths, None, Passes::One, env.folder()).unwrap();
        let read = std::sync::Arc::default();
        let source = &sources.sources[0];
        let Ok(mut reader) = BatchReader::open(source, 0, (&fields, &limits), &read) else {
            refused += 1;
            continue;
        };
        while let Some(batch) = reader.next_batch(&limits) {
            refused += usize::from(batch.broken.is_some());
            assert!(batch.decode(source, &fields, &limits).count() <= 3);
        }
    }
    assert!(refused > 100, "{refused} of {}", whole.len());
}

/// Found by fuzzing: the crate that reads Parquet skips values that are not there, one by one.
#[test]
fn a_parquet_page_of_more_values_than_bytes_is_an_error_at_once() {
    let env = TestEnv::new();
    let mut bytes =
        std::fs::read(crate::environment::root().join("testdata/rows.parquet")).unwrap();
    // The head of the first page: a field of no meaning, a list of 2^31 - 1 numbers of 8 bytes.
    bytes[4..11].copy_from_slice(&[0xF9, 0xF7, 0xFF, 0xFF, 0xFF, 0xFF, 0x07]);
    env.write("in.parquet", bytes);
    assert_eq!(env.run(&["clean", "in.parquet", "-o", "out.parquet"]).code, 3);
    assert!(env.text("out.parquet.rejects.jsonl").contains("in.parquet"));
}

/// A WARC record.
pub(crate) fn warc(kind: &str, header: &str, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let head = format!(
        "WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:x:{length}>\r\n\
         WARC-Date: 2026-05-01T10:00:00Z\r\n{header}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), payload, b"\r\n\r\n"].concat()
}

const RESPONSE: &str =
    "WARC-Target-URI: https://www.river.example/a\r\nContent-Type: application/http\r\n";

/// A page under a head with these lines.
fn response(lines: &str, page: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html{lines}\r\n\r\n");
    warc("response", RESPONSE, &[head.as_bytes(), page].concat())
}

#[test]
fn wet_becomes_jsonl_in_one_step() {
    let header = "WARC-Target-URI: https://www.river.example/a\r\nContent-Type: text/plain\r\n";
    let wet =
        [warc("warcinfo", "", b"software: none"), warc("conversion", header, TEXT.as_bytes())];
    let env = TestEnv::new();
    env.write("crawl.wet.gz", packed("crawl.wet.gz", &[&wet[0], &wet[1]]));
    let arguments = ["clean", "crawl.wet.gz", "-o", "out.jsonl.zst", "--removed", "removed.jsonl"];
    env.done(&arguments).says(&["1 archive records passed over: warcinfo"]);
    let out = String::from_utf8(unpacked(".zst", &env.read("out.jsonl.zst"))).unwrap();
    let row = |text: &str| {
        let text = serde_json::Value::from(text);
        let length = TEXT.len();
        format!(
            "{{\"id\":\"urn:x:{length}\",\"url\":\"https://www.river.example/a\",\
             \"date\":\"2026-05-01T10:00:00Z\",\"text\":{text}}}\n"
        )
    };
    assert_eq!(out, row(CLEANED));
    assert_eq!(env.rows("removed.jsonl")[0]["site"], "river.example");
    env.done(&["restore", "out.jsonl.zst", "removed.jsonl", "-o", "back.jsonl"]);
    assert_eq!(env.text("back.jsonl"), row(TEXT));
}

#[test]
fn what_a_crawler_says_of_its_run_is_no_document() {
    let record = |target: &str| {
        let header = format!("WARC-Target-URI: {target}\r\nContent-Type: text/plain\r\n");
        warc("resource", &header, format!("Found at {target}").as_bytes())
    };
    let log = ["<metadata://crawler.example/log>", "METADATA:x"];
    let web = ["<http://a.example/1>", "https://a.example/2", "ftp://a.example/3", "FILE:///4"];
    let archive = log.iter().chain(&web).flat_map(|target| record(target)).collect::<Vec<u8>>();
    let env = TestEnv::new();
    env.write("crawl.warc", archive);
    let done = env.done(&["clean", "crawl.warc", "-o", "out.jsonl", "--max-removed", "0"]);
    done.says(&["2 archive records passed over: resource of metadata:"]);
    let texts: Vec<_> = env.rows("out.jsonl").into_iter().map(|row| row["text"].clone()).collect();
    assert_eq!(texts, web.map(|target| format!("Found at {target}")));
}

/// The texts that an archive of these records gives, and what it sets aside.
fn texts(records: &[Vec<u8>], code: i32) -> (Vec<String>, Vec<String>) {
    let env = TestEnv::new();
    env.write("in/crawl.warc", records.concat());
    env.run(&["clean", "in", "-o", "out", "--keep-copies", "all", "--max-removed", "0"])
        .expect(code);
    let field = |name: &str, field: &str| {
        let rows = if env.exists(name) { env.rows(name) } else { Vec::new() };
        rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
    };
    (field("out/crawl.warc.jsonl", "text"), field("out.rejects.jsonl", "error"))
}

#[test]
fn pages_become_text_whatever_their_body_is_coded_in() {
    let page = "<html><head><title>T</title></head><body><h1>Дождь</h1><p>Вода в реке</p></body>";
    let in_koi8 = encoding_rs::KOI8_R.encode(page).0.into_owned();
    let with_meta = page.replace("<title>", "<meta charset=koi8-r><title>");
    let with_meta = encoding_rs::KOI8_R.encode(&with_meta).0.into_owned();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(page.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let chunks = |body: &[u8]| {
        let (one, two) = body.split_at(10);
        let size = format!("\r\n{:x}\r\n", two.len());
        [b"a\r\n", one, size.as_bytes(), two, b"\r\n0\r\n\r\n"].concat()
    };
    let records = [
        response("; charset=koi8-r", &in_koi8),
        response("", &with_meta),
        response("", page.as_bytes()),
        response("; charset=utf-8\r\nTransfer-Encoding: chunked", &chunks(page.as_bytes())),
        response("\r\nContent-Encoding: gzip", &gzip),
        response("\r\nContent-Encoding: gzip", page.as_bytes()),
        response("\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip", &chunks(&gzip)),
    ];
    let (found, rejects) = texts(&records, 0);
    assert_eq!(found, vec!["Дождь\nВода в реке\n"; records.len()]);
    assert!(rejects.is_empty());
}

#[test]
fn a_wrong_length_costs_only_the_records_it_touches() {
    let good = response("", b"<p>Rain.");
    let other = String::from_utf8(response("", b"<p>Snow fell.")).unwrap();
    let length = other.lines().find(|line| line.starts_with("Content-Length")).unwrap();
    let none = other.replace(length, "Content-Length: many");
    let cut = other.replace(length, "Content-Length: 50");
    for broken in [none, cut] {
        let records = [good.clone(), broken.into_bytes(), good.clone()];
        let (found, rejects) = texts(&records, 3);
        assert_eq!(found, ["Rain.\n", "Rain.\n"]);
        assert!(rejects[0].contains("Content-Length"), "{rejects:?}");
    }
}

#[test]
fn a_truncated_archive_gives_what_was_whole() {
    let good = response("", b"<p>Rain.");
    let whole = [good.clone(), good.clone()].concat();
    for cut in 1..good.len() - 4 {
        let (found, rejects) = texts(&[whole[..good.len() + cut].to_vec()], 3);
        assert_eq!(found, ["Rain.\n"], "cut after {cut} bytes");
        assert_eq!(rejects.len(), 1, "cut after {cut} bytes: {rejects:?}");
    }
}

#[test]
fn every_archive_at_hand_is_read_or_refused_with_its_place() {
    let Some(folder) = data("warc") else { return };
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let env = TestEnv::new();
        let clean = ["clean", path.to_str().unwrap(), "-o", "out.jsonl"];
        let is_told = !name.contains(".json.");
        let ran = if is_told {
            env.run(&clean)
        } else {
            env.run(&clean).expect(2).says(&[&name, "its name tells no format", "--format"]);
            env.run(&[&clean[..], &["--format", "jsonl"]].concat())
        };
        assert!(ran.code == 0 || ran.code == 3, "{name}: {}", ran.stderr);
        let rejects = env.exists("out.jsonl.rejects.jsonl");
        assert_eq!(rejects, ran.code == 3, "{name}");
        for row in if rejects { env.rows("out.jsonl.rejects.jsonl") } else { Vec::new() } {
            assert_eq!(row["file"], *name);
            assert!(row["offset"].is_u64() && !row["error"].as_str().unwrap().is_empty(), "{row}");
        }
        let is_arc = name.contains(".arc");
        let is_bad = is_arc || name == "warcio-example-trunc.warc";
        assert_eq!(ran.code == 3, is_bad, "{name}: {}", ran.stderr);
    }
}

#[test]
fn a_real_site_comes_out_as_articles() {
    let Some(archive) = data("warc/ipwb-sample-1.warc.gz") else { return };
    let env = TestEnv::new();
    env.done(&["clean", archive.to_str().unwrap(), "-o", "out.jsonl", "--summary", "s.json"]);
    let summary: serde_json::Value = serde_json::from_slice(&env.read("s.json")).unwrap();
    assert_eq!((&summary["documents"], &summary["guarded"]), (&63.into(), &0.into()));
    assert_eq!(summary["profiles"]["page"], 63, "nobody has to say that these are pages");
    // Nothing that stands on many pages is left, and of each article there is something.
    let mut pages = std::collections::BTreeMap::<String, usize>::new();
    for row in env.rows("out.jsonl") {
        let text = row["text"].as_str().unwrap().to_owned();
        let is_article = row["url"].as_str().unwrap().contains("/post/");
        assert!(!is_article || text.len() > 500, "{}", row["url"]);
        let lines: std::collections::BTreeSet<&str> = text.lines().collect();
        for line in lines {
            *pages.entry(line.to_owned()).or_default() += 1;
        }
    }
    let chrome: Vec<_> = pages.iter().filter(|(_, pages)| **pages > 12).collect();
    assert!(chrome.is_empty(), "{chrome:?}");
}

#[test]
fn the_name_of_the_output_must_not_lie() {
    let env = TestEnv::new();
    env.write("in.jsonl", "{\"text\":\"Rain.\"}\n").write("in.warc", warc("warcinfo", "", b"x"));
    let ran = env.run(&["clean", "in.jsonl", "-o", "out.csv"]).expect(2);
    ran.says(&["the name says CSV, and what is written is JSONL"]);
    env.run(&["clean", "in.warc", "-o", "out.warc"]).expect(2);
}
