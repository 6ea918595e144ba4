//! Floors of precision and recall on labelled news; they only move up.
//!
//! A paragraph is removed when at least half of its bytes lie in removed spans. B (boilerplate) and
//! D (repeat) must go, C (content) must stay, M and ? may do either.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::environment::{TestEnv, data, root};

#[derive(Default)]
struct Counts {
    gone_rightly: u32,
    gone_wrongly: u32,
    left_wrongly: u32,
}

#[test]
#[cfg_attr(debug_assertions, ignore = "cleans 311 MB; run with --release")]
fn labelled_news_keeps_its_floors() {
    let (Some(corpus), Some(labels)) = (data("news-dev.jsonl.zst"), data("news-dev.labels.jsonl"))
    else {
        return;
    };
    let env = TestEnv::new();
    let corpus = corpus.canonicalize().unwrap();
    let flags = ["--dry-run", "--removed", "removed.jsonl", "--keep-copies", "all", "--quiet"];
    env.done(&[&["clean", corpus.to_str().unwrap()], flags.as_slice()].concat());
    let labels = std::fs::read_to_string(labels).unwrap();
    let labels: BTreeMap<String, String> = labels
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|row| (string(&row["id"]), string(&row["labels"])))
        .collect();
    let removed = removed_spans(&env, &labels);
    let mut counts = Counts::default();
    let mut seen = 0;
    let reader = zstd::stream::read::Decoder::new(std::fs::File::open(corpus).unwrap());
    let mut reader = reader.unwrap();
    reader.window_log_max(31).unwrap();
    for line in BufReader::new(reader).lines() {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let Some(letters) = labels.get(row["id"].as_str().unwrap_or_default()) else { continue };
        let spans = removed.get(&string(&row["id"])).map_or(&[][..], Vec::as_slice);
        score(row["text"].as_str().unwrap(), letters, spans, &mut counts);
        seen += 1;
    }
    assert_eq!(seen, labels.len(), "every labelled document is in the corpus");
    hold_floors(&counts);
}

/// No stage holds the corpus: 311 MB are cleaned in an address space of 276 MB.
#[test]
#[cfg_attr(debug_assertions, ignore = "cleans 311 MB; run with --release")]
#[cfg(target_os = "linux")]
fn labelled_news_is_cleaned_in_less_space_than_it_takes() {
    let Some(corpus) = data("news-dev.jsonl.zst") else { return };
    let env = TestEnv::new();
    let packed = std::fs::File::open(corpus).unwrap();
    let mut packed = zstd::stream::read::Decoder::new(packed).unwrap();
    packed.window_log_max(31).unwrap();
    let mut plain = std::fs::File::create(env.path("news.jsonl")).unwrap();
    let bytes = std::io::copy(&mut packed, &mut plain).unwrap();
    drop(packed);
    let limited =
        "ulimit -v 270000; exec \"$0\" clean -q --threads 2 --memory 32M news.jsonl -o out.jsonl";
    let run = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_dechaff")])
        // Each arena reserves address space that nothing uses.
        .env("MALLOC_ARENA_MAX", "1")
        .current_dir(env.folder())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert!(bytes > 276_480_000, "the limit is below the size of the input");
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The removed spans of the labelled documents.
fn removed_spans(
    env: &TestEnv,
    labels: &BTreeMap<String, String>,
) -> BTreeMap<String, Vec<(usize, usize)>> {
    let mut spans: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    let file = std::fs::File::open(env.path("removed.jsonl")).unwrap();
    for line in BufReader::new(file).lines() {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let id = string(&row["id"]);
        if labels.contains_key(&id) {
            let at = |name: &str| usize::try_from(row[name].as_u64().unwrap()).unwrap();
            spans.entry(id).or_default().push((at("start"), at("end")));
        }
    }
    spans
}

fn score(text: &str, letters: &str, spans: &[(usize, usize)], counts: &mut Counts) {
    let mut letters = letters.chars();
    let mut start = 0;
    for line in text.split('\n') {
        let body = line.trim();
        if !body.is_empty() {
            let first = start + line.find(body).unwrap();
            let last = first + body.len();
            let shared =
                |&(from, to): &(usize, usize)| to.min(last).saturating_sub(from.max(first));
            let is_gone = 2 * spans.iter().map(shared).sum::<usize>() >= body.len();
            match (letters.next().expect("a letter a paragraph"), is_gone) {
                ('B' | 'D', true) => counts.gone_rightly += 1,
                ('B' | 'D', false) => counts.left_wrongly += 1,
                ('C', true) => counts.gone_wrongly += 1,
                _ => {}
            }
        }
        start += line.len() + 1;
    }
    assert_eq!(letters.next(), None, "a paragraph a letter");
}

#[expect(clippy::print_stderr, reason = "the figures are what one runs the gate for")]
fn hold_floors(counts: &Counts) {
    let right = f64::from(counts.gone_rightly);
    let precision = right / (right + f64::from(counts.gone_wrongly));
    let recall = right / (right + f64::from(counts.left_wrongly));
    eprintln!("labelled news: precision {precision:.3}, recall {recall:.3}");
    let floors = std::fs::read_to_string(root().join("testdata/quality.toml")).unwrap();
    let floors: toml::Table = floors.parse().unwrap();
    let floor = |name: &str| floors["news"][name].as_float().unwrap();
    assert!(precision >= floor("precision"), "precision {precision:.4}");
    assert!(recall >= floor("recall"), "recall {recall:.4}");
}
