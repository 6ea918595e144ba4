//! Small corpora: the engine says what the oracle says.
#![no_main]

use std::sync::LazyLock;

use dechaff::decide::ProfileChoice;
use dechaff::{Config, Document, clean, naive};
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config::default();
    // The oracle knows no pages.
    config.policy.profile = ProfileChoice::Article;
    config
});

fuzz_target!(|pages: Vec<(bool, &str)>| {
    // The engine samples documents: the two agree where a site has no more than the sample.
    let documents: Vec<Document> = (0..)
        .zip(pages.into_iter().take(7))
        .map(|(id, (site, text)): (u32, _)| {
            Document::new(id.to_string(), if site { "a" } else { "b" }, text)
        })
        .collect();
    assert_eq!(clean(&documents, &CONFIG).unwrap(), naive::clean(&documents, &CONFIG));
});
