//! Small corpora with the text that must stay and the paragraphs that must go.
//!
//! `testdata/corpora/NAME` holds `input` or `input.jsonl`, `args` (more flags, optional), `expected`
//! or `expected.jsonl`, and `removed.txt`: id, reason and text of each removed span. With `BLESS=1`
//! in the environment the last two are written instead of compared.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::environment::{TestEnv, files, root, skipped};

fn check(name: &str) {
    let corpus = root().join("testdata/corpora").join(name);
    let env = TestEnv::new();
    clean(&env, &corpus, &flags(&corpus));
    let (kept, ending) = if env.exists("in") { ("out", "") } else { ("out.jsonl", ".jsonl") };
    let found = removed(&env);
    if std::env::var_os("BLESS").is_some() {
        copy(&env.path(kept), &corpus.join(format!("expected{ending}")));
        fs::write(corpus.join("removed.txt"), found).unwrap();
        return;
    }
    assert_eq!(found, fs::read_to_string(corpus.join("removed.txt")).unwrap(), "{name}");
    let expected = corpus.join(format!("expected{ending}"));
    let names = if expected.is_dir() { files(&expected) } else { vec![String::new()] };
    for file in names {
        let of = |path: &Path| if file.is_empty() { path.to_owned() } else { path.join(&file) };
        let read = |path: &Path| fs::read_to_string(of(path)).unwrap();
        assert_eq!(read(&env.path(kept)), read(&expected), "{name} {file}");
    }
}

fn flags(corpus: &Path) -> Vec<String> {
    let flags = fs::read_to_string(corpus.join("args")).unwrap_or_default();
    flags.split_whitespace().map(str::to_owned).collect()
}

/// Cleans the input of `corpus` in `env`, and checks that the audit restores it.
fn clean(env: &TestEnv, corpus: &Path, flags: &[String]) {
    let (from, to, out) = if corpus.join("input").is_dir() {
        ("input", "in", "out")
    } else {
        ("input.jsonl", "in.jsonl", "out.jsonl")
    };
    copy(&corpus.join(from), &env.path(to));
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let paths = ["clean", to, "-o", out, "--removed", "removed.jsonl", "--quiet"];
    env.done(&[&paths, flags.as_slice()].concat());
    env.done(&["restore", out, "removed.jsonl", "-o", "restored"]);
    let restored = env.path("restored");
    if restored.is_dir() {
        for file in files(&restored) {
            assert_eq!(
                env.text(&format!("restored/{file}")),
                env.text(&format!("{to}/{file}")),
                "{file}"
            );
        }
    } else {
        assert_eq!(env.text("restored"), env.text(to));
    }
}

fn removed(env: &TestEnv) -> String {
    let line = |row: Value| {
        let field = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{} {}: {}\n", field("id"), field("reason"), Value::from(field("text").trim()))
    };
    env.rows("removed.jsonl").into_iter().map(line).collect()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for file in files(from) {
            let target = to.join(&file);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(from.join(file), target).unwrap();
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

#[test]
fn a_doubled_footer_goes_with_its_heading_and_nothing_else() {
    check("doubled-footer");
}

#[test]
fn notes_in_brackets_and_the_whole_essay_stay() {
    check("bracketed-notes");
}

#[test]
fn boilerplate_of_a_small_site_goes_and_its_stories_stay() {
    check("small-site");
}

#[test]
fn a_story_fetched_often_is_no_boilerplate() {
    check("refetched-story");
}

#[test]
fn of_syndicated_copies_the_first_stays() {
    check("syndication");
}

#[test]
fn counters_go_in_every_language_and_figures_stay() {
    check("counters");
}

#[test]
fn the_doubled_footer_is_found_by_its_form_not_by_its_words() {
    let corpus = root().join("testdata/corpora/doubled-footer");
    let rename = |text: &str| {
        [
            ("The Morning Kettle", "Die Abendglocke Online"),
            ("we pour it strong", "we ring it late"),
            ("we brew it strong", "we strike it late"),
            ("Wake up with us", "Sit down with us"),
            ("26 views", "1,204 views"),
        ]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let env = TestEnv::new();
    let page = |folder: &str| {
        rename(&fs::read_to_string(corpus.join(folder).join("harbour-bridge.txt")).unwrap())
    };
    env.write("in/page.txt", page("input"));
    env.done(&["clean", "in", "-o", "out", "--quiet"]);
    assert_eq!(env.text("out/page.txt"), page("expected"));
}

/// Two pages that are not the project's to publish; the same things as above must hold there.
#[test]
fn the_seed_pages_lose_their_boilerplate_and_no_sentence() {
    let Some(seeds) = crate::environment::data("../seeds") else { return };
    let (essay, page) = ("000_816499dd76eecb27.txt", "002_6211a8372bd5aff8.txt");
    if !seeds.join(essay).exists() || !seeds.join(page).exists() {
        return skipped("the seed pages are not in the folder beside the data");
    }
    check_seeds(&seeds, (essay, page), str::to_owned);
    check_seeds(&seeds, (essay, page), |text| {
        text.replace("The Daily Caffeine", "Nordhem Tidings")
            .replace("26 views", "3,017 views")
            .replace(
                "Start your day with us. Stay informed. Stay caffeinated.",
                "Read. Think. Rest.",
            )
    });
}

fn check_seeds(seeds: &Path, (essay, page): (&str, &str), rename: impl Fn(&str) -> String) {
    let env = TestEnv::new();
    let read = |name: &str| rename(&fs::read_to_string(seeds.join(name)).unwrap());
    env.write(&format!("in/{essay}"), read(essay)).write(&format!("in/{page}"), read(page));
    env.done(&["clean", "in", "-o", "out", "--quiet"]);
    assert_eq!(env.text(&format!("out/{essay}")), read(essay));
    let goes = |line: &str| {
        line.ends_with(" views")
            || line == "You may also like"
            || line.starts_with("At The Daily")
            || line.starts_with("At Nordhem")
            || line.starts_with("Start your day")
            || line.starts_with("Read. Think.")
    };
    let text = read(page);
    let staying = text.lines().filter(|line| !goes(line.trim()) && !line.trim().is_empty());
    let out = env.text(&format!("out/{page}"));
    let stayed = out.lines().filter(|line| !line.trim().is_empty());
    assert_eq!(stayed.collect::<Vec<_>>(), staying.collect::<Vec<_>>());
}
