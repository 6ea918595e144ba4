//! Small corpora as files: what the pipeline writes is what the oracle keeps.
#![no_main]

use std::sync::LazyLock;

use dechaff::decide::ProfileChoice;
use dechaff::io::source::{Passes, find};
use dechaff::pipeline::{Job, Monitor, Targets};
use dechaff::{Config, Document, naive};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config { threads: 1, memory_bytes: 0, ..Config::default() };
    config.limits.batch_documents = 2;
    // The oracle knows no pages.
    config.policy.profile = ProfileChoice::Article;
    config
});

fuzz_target!(|pages: Vec<(bool, bool, &str)>| {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let mut files = [String::new(), String::new()];
    let mut documents = [Vec::new(), Vec::new()];
    // The engine samples documents: the two agree where a site has no more than the sample.
    for (id, (file, site, text)) in pages.into_iter().take(7).enumerate() {
        let site = if site { "a" } else { "b" };
        let record = serde_json::json!({ "id": id.to_string(), "site": site, "text": text });
        files[usize::from(file)].push_str(&format!("{record}\n"));
        documents[usize::from(file)].push(Document::new(id.to_string(), site, text));
    }
    let input = folder.path().join("in");
    std::fs::create_dir(&input).expect("it is new");
    for (name, lines) in ["a.jsonl", "b.jsonl"].iter().zip(&files) {
        std::fs::write(input.join(name), lines).expect("it can be written");
    }
    let sources = find(&[input], None, Passes::Two, folder.path()).expect("both are there");
    let out = folder.path().join("out");
    let targets = Targets { out: Some(out.clone()), is_folder: true, ..Targets::default() };
    let job = Job::new(&sources, &CONFIG, Monitor::default()).expect("one thread can be had");
    let (_, staged) = job.clean(None, None, &targets).expect("every line is a record");
    staged.commit().expect("the folder is there");
    let kept = naive::clean(&documents.concat(), &CONFIG);
    let written = ["a.jsonl", "b.jsonl"].map(|name| std::fs::read_to_string(out.join(name)));
    let written = written.map(|text| text.expect("it was written")).concat();
    let texts: Vec<String> = written
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("a record")["text"]
                .as_str()
                .expect("a text")
                .to_owned()
        })
        .collect();
    assert_eq!(texts, kept);
});
