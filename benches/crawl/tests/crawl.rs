//! What a generated crawl promises, checked on documents and on the program.

use dechaff_crawl::{Crawl, Document, Kind, Profile, Settings, Totals, generate};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

const NEWS: Settings = Settings { seed: 1, sites: 60, words: 60_000, profile: Profile::News };
const UNIQUE: Settings = Settings { profile: Profile::Unique, ..NEWS };
const TWICE: Settings = Settings { profile: Profile::Twice, ..NEWS };

/// Crawl and gold in memory.
fn written(settings: Settings, bytes: u64) -> anyhow::Result<(Vec<u8>, Vec<u8>, Totals)> {
    let (mut crawl, mut gold) = (Vec::new(), Vec::new());
    let totals = generate(settings, bytes, &mut crawl, Some(&mut gold))?;
    Ok((crawl, gold, totals))
}

fn documents(settings: Settings, count: usize) -> anyhow::Result<Vec<Document>> {
    let mut crawl = Crawl::new(settings)?;
    let mut document = Document::default();
    Ok((0..count)
        .map(|_| {
            crawl.next_document(&mut document);
            document.clone()
        })
        .collect())
}

/// Every paragraph: its document's index, its letter, its family, its text.
fn paragraphs(documents: &[Document]) -> impl Iterator<Item = (usize, char, Option<u64>, &str)> {
    documents.iter().enumerate().flat_map(|(index, document)| {
        let families: BTreeMap<usize, u64> = document.families.iter().copied().collect();
        document.letters.chars().zip(document.text.split('\n')).enumerate().map(
            move |(place, (letter, text))| (index, letter, families.get(&place).copied(), text),
        )
    })
}

/// 64-bit FNV-1a.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn distance(one: &[&str], other: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, word) in one.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, candidate) in other.iter().enumerate() {
            let cost = corner + usize::from(word != candidate);
            corner = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}

#[test]
fn same_settings_same_bytes() -> anyhow::Result<()> {
    for settings in [NEWS, UNIQUE, TWICE] {
        let first = written(settings, 300_000)?;
        assert!(first == written(settings, 300_000)?, "{settings:?}");
        assert!(first.0 != written(Settings { seed: 2, ..settings }, 300_000)?.0);
        let target = 300_000..330_000;
        assert!(target.contains(&first.0.len()), "{settings:?}: {}", first.0.len());
        assert_eq!(first.0.len() as u64, first.2.bytes);
    }
    Ok(())
}

/// The bytes of version 1. Whoever changes them on purpose says so in the changelog.
#[test]
fn bytes_are_frozen() {
    let sums = [NEWS, UNIQUE, TWICE].map(|settings| {
        written(settings, 500_000)
            .map(|(crawl, gold, _)| (checksum(&crawl), checksum(&gold)))
            .unwrap_or_default()
    });
    let frozen = [
        (6_702_543_966_404_327_346, 7_898_664_960_760_579_392),
        (10_503_223_897_142_553_777, 18_249_704_555_583_569_657),
        (13_507_983_949_486_890_540, 1_842_008_532_145_101_517),
    ];
    assert_eq!(sums, frozen);
}

#[test]
fn a_larger_crawl_begins_with_a_smaller_one() -> anyhow::Result<()> {
    for settings in [NEWS, UNIQUE] {
        let (small, small_gold, _) = written(settings, 200_000)?;
        let (large, large_gold, _) = written(settings, 500_000)?;
        assert!(large.starts_with(&small) && large_gold.starts_with(&small_gold));
    }
    Ok(())
}

#[test]
fn every_document_has_a_letter_a_paragraph_and_an_id_of_its_own() -> anyhow::Result<()> {
    let mut ids = BTreeSet::new();
    for document in documents(NEWS, 3_000)? {
        let count = document.text.split('\n').count();
        assert_eq!(count, document.letters.len());
        assert!((8..=40).contains(&count), "{count} paragraphs");
        assert!(document.text.split('\n').all(|paragraph| !paragraph.trim().is_empty()));
        assert!(document.url.starts_with(&format!("https://{}/", document.site)));
        assert!(ids.insert(document.id));
    }
    Ok(())
}

#[test]
fn copies_are_what_their_letter_says() -> anyhow::Result<()> {
    let documents = documents(NEWS, 4_000)?;
    let mut origins: BTreeMap<u64, &str> = BTreeMap::new();
    let mut seen: BTreeMap<char, u32> = BTreeMap::new();
    for (index, letter, family, text) in paragraphs(&documents) {
        *seen.entry(letter).or_default() += 1;
        assert_eq!(family.is_some(), "BSI123".contains(letter), "{letter}");
        let Some(family) = family else { continue };
        if letter == 'B' {
            assert!(origins.insert(family, text).is_none(), "two originals of {family}");
            continue;
        }
        let place = &documents[index].id;
        let Some(origin) = origins.get(&family) else { panic!("{place}: copied before written") };
        let (low, top) = match letter {
            '1' => (2, 10),
            '2' => (10, 20),
            '3' => (20, 35),
            _ => (0, 0),
        };
        let words: Vec<&str> = origin.split(' ').collect();
        let changed = 100 * distance(&words, &text.split(' ').collect::<Vec<_>>());
        let range = low * words.len()..=top * words.len();
        assert!(range.contains(&changed), "{place}: {letter}\n{origin}\n{text}");
    }
    for letter in "HVRSI123BKb".chars() {
        assert!(seen.get(&letter).is_some_and(|&times| times > 50), "{letter}: {seen:?}");
    }
    Ok(())
}

#[test]
fn content_is_said_once() -> anyhow::Result<()> {
    let documents = documents(NEWS, 4_000)?;
    let mut said = BTreeSet::new();
    for (index, letter, _, text) in paragraphs(&documents) {
        if "BK".contains(letter) {
            assert!(said.insert(text), "{}: {text}", documents[index].id);
        }
    }
    Ok(())
}

#[test]
fn exact_lines_belong_to_their_site() -> anyhow::Result<()> {
    let documents = documents(Settings { sites: 20, ..NEWS }, 4_000)?;
    let mut lines: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
    for (index, letter, _, text) in paragraphs(&documents) {
        if letter == 'H' {
            lines.entry((&documents[index].site, text)).or_default().insert(index);
        }
    }
    for (line, on) in lines {
        assert!(on.len() > 10, "{line:?} on {} documents only", on.len());
    }
    Ok(())
}

#[test]
fn syndication_crosses_sites_and_fetching_again_does_not() -> anyhow::Result<()> {
    let documents = documents(NEWS, 4_000)?;
    let mut home: BTreeMap<u64, (&str, &str)> = BTreeMap::new();
    for (index, letter, family, _) in paragraphs(&documents) {
        let (document, Some(family)) = (&documents[index], family) else { continue };
        let here = (document.site.as_str(), document.url.as_str());
        match (document.kind, letter) {
            (Kind::Original, 'B') => {
                home.insert(family, here);
            }
            (Kind::Syndicated | Kind::Edited, _) => assert_ne!(home[&family].0, here.0),
            (Kind::Recrawled, _) => assert_eq!(home[&family], here),
            (Kind::Original, _) => {}
        }
    }
    Ok(())
}

/// Shares of crawl-100 in hundredths of a percent of the paragraphs; the generated ones are near.
#[test]
fn letters_have_the_shares_of_the_labelled_crawl() -> anyhow::Result<()> {
    let totals = written(Settings { sites: 300, ..NEWS }, 15_000_000)?.2;
    let paragraphs: u64 = totals.letters.values().map(|(paragraphs, _)| paragraphs).sum();
    for (letter, expected) in [
        ('H', 1569),
        ('V', 1151),
        ('R', 913),
        ('S', 598),
        ('I', 26),
        ('1', 82),
        ('2', 51),
        ('3', 51),
        ('B', 5203),
        ('K', 39),
        ('b', 316),
    ] {
        let share = totals.letters.get(&letter).map_or(0, |(count, _)| count * 10_000 / paragraphs);
        let near = expected * 7 / 10..=expected * 13 / 10;
        assert!(near.contains(&share), "{letter}: {share}, in crawl-100 {expected}");
    }
    Ok(())
}

#[test]
fn unique_repeats_nothing() -> anyhow::Result<()> {
    let documents = documents(UNIQUE, 4_000)?;
    let mut said = BTreeSet::new();
    for (_, letter, _, text) in paragraphs(&documents) {
        assert_eq!(letter, 'B');
        assert!(said.insert(text), "{text}");
    }
    Ok(())
}

#[test]
fn twice_says_every_document_twice() -> anyhow::Result<()> {
    let (crawl, gold, totals) = written(TWICE, 400_000)?;
    let text_of = |line: &str| line.split("\"text\": ").nth(1).map(str::to_owned);
    let crawl = String::from_utf8(crawl)?;
    let texts: Vec<Option<String>> = crawl.lines().map(text_of).collect();
    let (first, second) = texts.split_at(texts.len() / 2);
    assert_eq!(first, second);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len());
    let ids: BTreeSet<_> = crawl.lines().map(|line| line.split('"').nth(3)).collect();
    assert_eq!(ids.len() as u64, totals.documents);
    assert_eq!(totals.letters[&'B'], totals.letters[&'S']);
    assert_eq!(String::from_utf8(gold)?.lines().count(), texts.len());
    Ok(())
}

#[test]
fn one_site_is_enough_and_too_many_are_refused() -> anyhow::Result<()> {
    assert!(written(Settings { sites: 1, ..NEWS }, 100_000)?.2.documents > 10);
    for wrong in [
        Settings { sites: 0, ..NEWS },
        Settings { sites: u32::MAX, ..NEWS },
        Settings { words: 10, ..NEWS },
        Settings { words: u32::MAX, ..NEWS },
    ] {
        assert!(written(wrong, 1).is_err(), "{wrong:?}");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "writes 1 GB to nowhere: cargo test --release -- --ignored"]
fn memory_does_not_grow() -> anyhow::Result<()> {
    generate(NEWS, 1_000_000_000, &mut std::io::sink(), Some(&mut std::io::sink()))?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: Option<u64> =
        peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok());
    assert!(kibibytes.is_some_and(|peak| peak < 200_000), "{peak:?}");
    Ok(())
}

fn program(arguments: &[&str]) -> anyhow::Result<Output> {
    Ok(Command::new(env!("CARGO_BIN_EXE_dechaff-crawl")).args(arguments).output()?)
}

#[test]
fn the_program_writes_what_the_library_writes() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("dechaff-crawl-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let gold = folder.join("gold.jsonl");
    let gold_path = gold.display().to_string();
    let output = program(&["--bytes", "200K", "--sites", "60", "-o", "-", "--gold", &gold_path])?;
    let (crawl, labels, _) = written(NEWS, 200_000)?;
    assert!(output.status.success() && output.stdout == crawl);
    assert_eq!(std::fs::read(&gold)?, labels);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

#[test]
fn the_program_refuses_what_it_cannot_do() -> anyhow::Result<()> {
    for (arguments, code) in [
        (&["--bytes", "1X", "-o", "-"][..], 2),
        (&["--bytes", "1K"], 2),
        (&["--bytes", "1K", "-o", "-", "--profile", "other"], 2),
        (&["--bytes", "1K", "-o", "-", "--gold", "-"], 1),
        (&["--bytes", "1K", "-o", "-", "--sites", "0"], 1),
        (&["--bytes", "1K", "-o", "/nowhere/at/all"], 1),
    ] {
        let output = program(arguments)?;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty());
    }
    Ok(())
}
