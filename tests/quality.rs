//! Floors of accuracy on labelled text; they only move up.
//!
//! A paragraph is removed when at least half of its bytes lie in removed spans. Of labelled news B
//! (boilerplate) and D (repeat) must go, C (content) must stay, M and ? may do either.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use dechaff::decide::ProfileChoice;
use dechaff::text::tokenize::tokenize;
use dechaff::{Config, Document, clean};
use serde_json::Value;

use crate::environment::{TestEnv, data, root};

/// Verdicts on labelled paragraphs.
#[derive(Default)]
struct Counts {
    gone_rightly: u32,
    gone_wrongly: u32,
    left_wrongly: u32,
    /// Content that went from documents that are nothing but content.
    gone_from_clean: u32,
    /// Bytes of content, and those that went.
    bytes: usize,
    bytes_lost: usize,
    /// Paragraphs of each letter, and those that went.
    letters: BTreeMap<char, (u32, u32)>,
}

impl Counts {
    fn precision(&self) -> f64 {
        share(self.gone_rightly, self.gone_rightly + self.gone_wrongly)
    }

    fn recall(&self) -> f64 {
        share(self.gone_rightly, self.gone_rightly + self.left_wrongly)
    }

    /// Share of the paragraphs with a letter that went.
    fn gone(&self, letter: char) -> f64 {
        let (all, gone) = self.letters.get(&letter).copied().unwrap_or_default();
        share(gone, all)
    }

    fn content_kept(&self) -> f64 {
        let kib = |bytes: usize| u32::try_from(bytes >> 4).unwrap();
        1.0 - share(kib(self.bytes_lost), kib(self.bytes))
    }
}

fn share(part: u32, whole: u32) -> f64 {
    f64::from(part) / f64::from(whole.max(1))
}

type Labels = BTreeMap<String, String>;

#[test]
#[cfg_attr(debug_assertions, ignore = "cleans 311 MB; run with --release")]
fn labelled_news_keeps_its_floors() {
    let (Some(corpus), Some(first)) = (data("news-dev.jsonl.zst"), data("news-dev.labels.jsonl"))
    else {
        return;
    };
    let env = TestEnv::new();
    let corpus = corpus.canonicalize().unwrap();
    let flags = ["--dry-run", "--removed", "removed.jsonl", "--keep-copies", "all", "--quiet"];
    env.done(&[&["clean", corpus.to_str().unwrap()], flags.as_slice()].concat());
    let more = root().join("testdata/labels/news-dev.jsonl");
    for (name, file) in [("news", first), ("news_more", more)] {
        let labels = labels(&file, "labels");
        let counts = score_all(&corpus, &labels, &removed_spans(&env, &labels), &NEWS);
        hold(name, "precision", counts.precision());
        hold(name, "recall", counts.recall());
        hold(name, "content_kept", counts.content_kept());
        hold(name, "repeats", counts.gone('D'));
        hold(name, "clean_paragraphs_lost", -f64::from(counts.gone_from_clean));
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "cleans 100 MB; run with --release")]
fn a_generated_crawl_keeps_its_floors() {
    let (Some(corpus), Some(gold)) =
        (data("crawl-100.jsonl.zst"), data("crawl-100.gold.jsonl.zst"))
    else {
        return;
    };
    let env = TestEnv::new();
    let corpus = corpus.canonicalize().unwrap();
    let flags = ["--dry-run", "--removed", "removed.jsonl", "--quiet"];
    env.done(&[&["clean", corpus.to_str().unwrap()], flags.as_slice()].concat());
    let labels = labels(&gold, "l");
    let counts = score_all(&corpus, &labels, &removed_spans(&env, &labels), &CRAWL);
    for (name, letter) in [
        ("site_lines", 'H'),
        ("varying_site_lines", 'V'),
        ("related_headings", 'R'),
        ("copies", 'S'),
        ("near_2_to_10", '1'),
        ("near_10_to_20", '2'),
        ("near_20_to_35", '3'),
    ] {
        hold("crawl", name, counts.gone(letter));
    }
    hold("crawl", "look_alikes_kept", 1.0 - counts.gone('K'));
    hold("crawl", "content_kept", counts.content_kept());
}

/// Whole pages against the articles that people took out of them, beside the other pages of their
/// site and alone.
#[test]
#[cfg_attr(debug_assertions, ignore = "cleans 727 pages twice; run with --release")]
fn whole_pages_keep_their_floors() {
    let (Some(pages), Some(gold)) = (data("pages-dev.jsonl.zst"), data("pages-dev.gold.jsonl.zst"))
    else {
        return;
    };
    let document =
        |row: Value| Document::new(string(&row["id"]), string(&row["site"]), string(&row["text"]));
    let pages: Vec<Document> = rows(&pages).map(document).collect();
    let gold: BTreeMap<String, Value> = rows(&gold).map(|row| (string(&row["id"]), row)).collect();
    let mut config = Config::default();
    config.policy.profile = ProfileChoice::Page;
    let beside_others = clean(&pages, &config).unwrap();
    let alone = pages.iter().flat_map(|page| clean(std::slice::from_ref(page), &config).unwrap());
    for (view, cleaned) in [("pages", beside_others), ("pages_alone", alone.collect())] {
        for (group, overlap) in page_overlaps(&pages, &gold, &cleaned) {
            hold(view, &group, overlap.f1());
        }
    }
}

/// Tokens of articles and of what was kept of their pages.
#[derive(Default)]
struct Overlap {
    shared: u32,
    kept_and_wanted: u32,
}

impl Overlap {
    fn f1(&self) -> f64 {
        share(2 * self.shared, self.kept_and_wanted)
    }
}

/// Over all pages, those of sites with three or more, and each language.
fn page_overlaps(
    pages: &[Document],
    gold: &BTreeMap<String, Value>,
    cleaned: &[String],
) -> BTreeMap<String, Overlap> {
    let mut groups: BTreeMap<String, Overlap> = BTreeMap::new();
    for (page, cleaned) in pages.iter().zip(cleaned) {
        let gold = &gold[&page.id];
        let (kept, mut wanted) = (tokens(cleaned), BTreeMap::<u64, u32>::new());
        let article = tokens(gold["text"].as_str().unwrap());
        for &token in &article {
            *wanted.entry(token).or_default() += 1;
        }
        let mut is_shared = |token: &&u64| match wanted.get_mut(token) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        };
        let shared = kept.iter().filter(|token| is_shared(token)).count();
        let several = (gold["pages_of_site"].as_u64() >= Some(3)).then_some("several");
        for group in ["all", gold["lang"].as_str().unwrap()].into_iter().chain(several) {
            let overlap = groups.entry(group.to_lowercase()).or_default();
            overlap.shared += u32::try_from(shared).unwrap();
            overlap.kept_and_wanted += u32::try_from(kept.len() + article.len()).unwrap();
        }
    }
    groups
}

fn tokens(text: &str) -> Vec<u64> {
    let mut tokens = Vec::new();
    tokenize(text, &mut tokens);
    tokens.into_iter().map(|token| token.hash).collect()
}

/// Six languages, each a site of six articles, written for this project.
#[test]
fn labelled_cases_in_six_languages_keep_their_floors() {
    for language in ["ar", "de", "en", "ja", "th", "zh"] {
        let corpus = root().join("testdata/languages").join(format!("{language}.jsonl"));
        let env = TestEnv::new();
        let path = corpus.to_str().unwrap();
        env.done(&["clean", path, "-o", "out.jsonl", "--removed", "removed.jsonl", "--quiet"]);
        let labels = labels(&corpus, "labels");
        let counts = score_all(&corpus, &labels, &removed_spans(&env, &labels), &NEWS);
        hold("languages", "precision", counts.precision());
        hold("languages", "recall", counts.recall());
    }
}

/// The same articles without what their sites put there: nothing goes.
#[test]
fn pages_without_chrome_lose_nothing() {
    let env = TestEnv::new();
    let mut clean = String::new();
    for language in ["ar", "de", "en", "ja", "th", "zh"] {
        let corpus = root().join("testdata/languages").join(format!("{language}.jsonl"));
        for row in rows(&corpus) {
            let letters = string(&row["labels"]);
            let text = string(&row["text"]);
            let lines = text.lines().zip(letters.chars()).filter(|(_, letter)| *letter == 'C');
            let lines: Vec<&str> = lines.map(|(line, _)| line).collect();
            let row = serde_json::json!({
                "id": row["id"], "site": row["site"], "text": lines.join("\n")
            });
            clean.push_str(&row.to_string());
            clean.push('\n');
        }
    }
    env.write("in.jsonl", &clean);
    env.done(&["clean", "in.jsonl", "-o", "out.jsonl", "--removed", "removed.jsonl", "--quiet"]);
    assert_eq!(env.text("removed.jsonl"), "");
    assert_eq!(env.text("out.jsonl"), clean);
}

/// No stage holds the corpus: 311 MB are cleaned in an address space of 297 MB.
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
        "ulimit -v 290000; exec \"$0\" clean -q --threads 2 --memory 16M news.jsonl -o out.jsonl";
    let run = std::process::Command::new("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_dechaff")])
        // Each arena reserves address space that nothing uses.
        .env("MALLOC_ARENA_MAX", "1")
        .current_dir(env.folder())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    assert!(bytes > 296_960_000, "the limit is below the size of the input");
}

fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Which letters must go, and which must stay; the rest may do either.
struct Meaning {
    goes: &'static str,
    stays: &'static str,
}

const NEWS: Meaning = Meaning { goes: "BD", stays: "C" };
const CRAWL: Meaning = Meaning { goes: "HVRSI123", stays: "BK" };

fn rows(path: &Path) -> impl Iterator<Item = Value> {
    let file = std::fs::File::open(path).unwrap();
    let reader: Box<dyn std::io::Read> = if path.extension().is_some_and(|e| e == "zst") {
        let mut reader = zstd::stream::read::Decoder::new(file).unwrap();
        reader.window_log_max(31).unwrap();
        Box::new(reader)
    } else {
        Box::new(file)
    };
    BufReader::new(reader).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

/// The letters of each document.
fn labels(path: &Path, field: &str) -> Labels {
    rows(path).map(|row| (string(&row["id"]), string(&row[field]))).collect()
}

/// The removed spans of the labelled documents.
fn removed_spans(env: &TestEnv, labels: &Labels) -> BTreeMap<String, Vec<(usize, usize)>> {
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

fn score_all(
    corpus: &Path,
    labels: &Labels,
    removed: &BTreeMap<String, Vec<(usize, usize)>>,
    meaning: &Meaning,
) -> Counts {
    let mut counts = Counts::default();
    let mut seen = 0;
    for row in rows(corpus) {
        let Some(letters) = labels.get(row["id"].as_str().unwrap_or_default()) else { continue };
        let spans = removed.get(&string(&row["id"])).map_or(&[][..], Vec::as_slice);
        score(row["text"].as_str().unwrap(), letters, (spans, meaning), &mut counts);
        seen += 1;
    }
    assert_eq!(seen, labels.len(), "every labelled document is in the corpus");
    counts
}

fn score(
    text: &str,
    letters: &str,
    (spans, meaning): (&[(usize, usize)], &Meaning),
    counts: &mut Counts,
) {
    let is_clean = letters.chars().all(|letter| letter == 'C');
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
            let letter = letters.next().expect("a letter a paragraph");
            let of_letter = counts.letters.entry(letter).or_default();
            *of_letter = (of_letter.0 + 1, of_letter.1 + u32::from(is_gone));
            if meaning.goes.contains(letter) {
                counts.gone_rightly += u32::from(is_gone);
                counts.left_wrongly += u32::from(!is_gone);
            } else if meaning.stays.contains(letter) {
                counts.gone_wrongly += u32::from(is_gone);
                counts.gone_from_clean += u32::from(is_gone && is_clean);
                counts.bytes += body.len();
                counts.bytes_lost += if is_gone { body.len() } else { 0 };
            }
        }
        start += line.len() + 1;
    }
    assert_eq!(letters.next(), None, "a paragraph a letter");
}

/// Holds a figure to its floor in testdata/quality.toml.
#[expect(clippy::print_stderr, reason = "the figures are what one runs the gate for")]
fn hold(table: &str, name: &str, figure: f64) {
    eprintln!("{table}: {name} {figure:.4}");
    let floors = std::fs::read_to_string(root().join("testdata/quality.toml")).unwrap();
    let floors: toml::Table = floors.parse().unwrap();
    let floor = floors[table][name].as_float().unwrap();
    assert!(figure >= floor, "{table}: {name} {figure:.4} is below its floor {floor}");
}
