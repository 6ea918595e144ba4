//! What holds for every input.

use dechaff::decide::Reason;
use dechaff::index::{Assembly, Keep};
use dechaff::{Config, Document, Index, Stripper, clean, learn, without};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::environment::TestEnv;

/// Paragraphs that collide, and some of any characters.
fn paragraph() -> impl Strategy<Value = String> {
    let words = "(the |river |26 |rose |fast |and |no |one |saw |it ){1,14}";
    prop_oneof![4 => words, 1 => "\\PC{0,20}", 1 => Just("26 views".to_owned())]
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let text = vec((paragraph(), "[ \n\r]{0,2}\n"), 0..6);
    let page = ("[a-b]", text).prop_map(|(site, parts)| {
        let text: String = parts.iter().flat_map(|(text, gap)| [&**text, &**gap]).collect();
        (site, text)
    });
    vec(page, 0..8).prop_map(|pages| {
        let document = |(number, (site, text)): (usize, (String, String))| {
            Document::new(number.to_string(), site, text)
        };
        pages.into_iter().enumerate().map(document).collect()
    })
}

/// Documents that share long paragraphs: each is a choice out of a few, beside lines of its own.
fn copies() -> impl Strategy<Value = Vec<Document>> {
    let words = "(the |river |rose |fast |and |no |one |saw |it |before |dawn |came ){14,22}";
    let page = ("[a-c]", vec((0..6_usize, any::<bool>()), 1..6));
    (vec(words, 6), vec(page, 2..12)).prop_map(|(pool, pages)| {
        let document = |(number, (site, choices)): (usize, (String, Vec<(usize, bool)>))| {
            let lines = choices.into_iter().map(|(choice, is_edited)| {
                let own = if is_edited { number.to_string() } else { String::new() };
                format!("{}{own}\n", pool[choice])
            });
            Document::new(number.to_string(), site, lines.collect::<String>())
        };
        pages.into_iter().enumerate().map(document).collect()
    })
}

/// What became of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Stays,
    /// It went as a word-for-word copy of another document's.
    Copy,
    /// It went because something earlier says nearly the same: a chain that the audit shows.
    NearCopy,
    Otherwise,
}

/// The paragraphs of all documents and what became of each; `older` are in the index only.
fn fates(
    (older, documents): (&[Document], &[Document]),
    index: &Index,
    config: &Config,
) -> Vec<(String, Fate)> {
    let mut stripper = Stripper::new(index, config);
    let says = |id: &str, text: &str| {
        let mut all = older.iter().chain(documents);
        all.any(|document| document.id == id && document.text.lines().any(|l| l.trim() == text))
    };
    let kept = older.iter().flat_map(|document| document.text.lines());
    let mut fates: Vec<_> = kept.map(|line| (line.trim().to_owned(), Fate::Stays)).collect();
    for (record, document) in (0..).zip(documents) {
        let judged = stripper.strip(document, ("", record));
        let text = |at: usize| judged.sketch.paragraphs[at].span.of(&document.text).trim();
        for at in 0..judged.sketch.paragraphs.len() {
            let removal = judged.removals.iter().find(|removal| removal.paragraph == at);
            let fate = match removal.map(|removal| (removal.reason, &removal.evidence)) {
                None => Fate::Stays,
                Some((Reason::Duplicate, evidence)) => match evidence.witness {
                    Some(witness) if says(index.id(witness.number), text(at)) => Fate::Copy,
                    _ => Fate::NearCopy,
                },
                Some((Reason::Repeat, evidence)) => match evidence.repeat {
                    Some(repeat) if text(repeat.of as usize) == text(at) => Fate::Otherwise,
                    _ => Fate::NearCopy,
                },
                Some(_) => Fate::Otherwise,
            };
            fates.push((text(at).to_owned(), fate));
        }
    }
    fates
}

/// Demands that of what went as a word-for-word copy another copy stays, or went for a near one.
fn check_copies(fates: &[(String, Fate)]) -> Result<(), TestCaseError> {
    for (text, _) in fates.iter().filter(|(_, fate)| *fate == Fate::Copy) {
        let mut copies = fates.iter().filter(|(other, _)| other == text);
        let is_kept = copies.any(|(_, fate)| matches!(fate, Fate::Stays | Fate::NearCopy));
        prop_assert!(is_kept, "no copy of {text:?} stays");
    }
    Ok(())
}

/// The counts of documents as a run on top of one index counts them.
fn newer_index(documents: &[Document], config: &Config) -> Index {
    let counts = learn(documents, config).unwrap();
    let counts = Assembly::unchecked(&[&counts], None, Keep::All).unwrap().in_generation(1);
    counts.into_index().unwrap()
}

/// Bytes that each document loses under `config`.
fn removed_bytes(documents: &[Document], config: &Config) -> Vec<usize> {
    let kept = clean(documents, config).unwrap();
    documents.iter().zip(kept).map(|(document, kept)| document.text.len() - kept.len()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn spans_are_sorted_and_what_stays_are_whole_paragraphs(documents in documents()) {
        let config = Config::default();
        let index = learn(&documents, &config).unwrap();
        let mut stripper = Stripper::new(&index, &config);
        for (record, document) in (0..).zip(&documents) {
            let judged = stripper.strip(document, ("", record));
            let spans = judged.spans();
            prop_assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let kept = without(&document.text, &spans);
            let removed: usize = spans.iter().map(|span| span.of(&document.text).len()).sum();
            prop_assert_eq!(kept.len() + removed, document.text.len());
            let gone: Vec<usize> = judged.removals.iter().map(|r| r.paragraph).collect();
            let staying = judged.sketch.paragraphs.iter().enumerate();
            let staying = staying.filter(|(at, _)| !gone.contains(at));
            let mut rest = kept.as_str();
            for (_, paragraph) in staying {
                let text = paragraph.span.of(&document.text);
                let at = rest.find(text);
                prop_assert!(at.is_some(), "{text:?} is not in {kept:?}");
                rest = rest.split_at(at.unwrap() + text.len()).1;
            }
            prop_assert!(rest.trim().is_empty());
        }
    }

    #[test]
    fn every_exact_duplicate_that_goes_has_a_copy_that_stays(
        documents in copies(),
        cut in 0..12_usize,
    ) {
        let config = Config::default();
        let index = learn(&documents, &config).unwrap();
        check_copies(&fates((&[], &documents), &index, &config))?;
        // The same with some of them in an index of an older generation.
        let (older, newer) = documents.split_at(cut.min(documents.len()));
        let counts = [learn(older, &config).unwrap(), newer_index(newer, &config)];
        let counts: Vec<&Index> = counts.iter().collect();
        let sum = Assembly::unchecked(&counts, None, Keep::All).unwrap().into_index().unwrap();
        check_copies(&fates((older, newer), &sum, &config))?;
    }

    #[test]
    fn merging_is_a_commutative_monoid(parts in vec(documents(), 3)) {
        let config = Config::default();
        let index = |part: usize| {
            let mut documents = parts[part].clone();
            for document in &mut documents {
                document.id = format!("{part}-{}", document.id);
            }
            learn(&documents, &config).unwrap()
        };
        let sum = |indexes: &[&Index]| {
            Assembly::unchecked(indexes, None, Keep::All).unwrap().into_index().unwrap()
        };
        let (a, b, c) = (index(0), index(1), index(2));
        let left = sum(&[&sum(&[&a, &b]), &c]);
        let right = sum(&[&a, &sum(&[&b, &c])]);
        prop_assert!(left.as_bytes() == right.as_bytes(), "associative");
        prop_assert!(sum(&[&b, &a]).as_bytes() == sum(&[&a, &b]).as_bytes(), "commutative");
        prop_assert!(sum(&[&a]).as_bytes() == a.as_bytes(), "identity");
    }

    #[test]
    fn a_higher_threshold_never_takes_more(documents in documents(), step in 0.0_f64..0.6) {
        // Without the guard, which keeps whole what would lose too much.
        let mut config = Config::default();
        config.policy.removed_max = 1.0;
        let total = |config: &Config| removed_bytes(&documents, config).iter().sum::<usize>();
        let before = total(&config);
        let raise: [fn(&mut dechaff::decide::Policy) -> &mut f64; 3] = [
            |policy| &mut policy.duplicate_containment_min,
            |policy| &mut policy.repeat_containment_min,
            |policy| &mut policy.boilerplate_score_min,
        ];
        for threshold in raise {
            let mut raised = config.clone();
            *threshold(&mut raised.policy) += step;
            prop_assert!(total(&raised) <= before);
        }
    }

    #[test]
    fn any_bytes_clean_and_come_back(bytes in vec(any::<u8>(), 0..300), text in "\\PC{0,80}") {
        let env = TestEnv::new();
        env.write("in/a.txt", &bytes).write("in/b.txt", format!("{text}\n26 views\n\n{text}"));
        env.write("in/c.jsonl", &bytes);
        let record = serde_json::json!({ "text": format!("{text}\r\n26 views\u{85}\n{text}") });
        env.write("in/d.jsonl", format!("{record}\n"));
        let code = env.run(&["clean", "in", "-o", "out", "--removed", "r.jsonl", "-q"]).code;
        prop_assert!(code == 0 || code == 3, "exit code {}", code);
        env.done(&["restore", "out", "r.jsonl", "-o", "back"]);
        // What is in another encoding comes back as UTF-8.
        let is_utf8 = std::str::from_utf8(&bytes).is_ok() && !bytes.contains(&0);
        let is_utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
        let exact = [("a.txt", is_utf8), ("b.txt", true), ("c.jsonl", !is_utf16), ("d.jsonl", true)];
        for (name, _) in exact.into_iter().filter(|(_, is_exact)| *is_exact) {
            prop_assert_eq!(env.read(&format!("back/{name}")), env.read(&format!("in/{name}")));
        }
    }
}
