//! The cases of `testdata/cases/clean.toml`, by the library and by the command line. The Python package
//! runs the same file.

use dechaff::batch::{Record, sketch, strip};
use dechaff::decide::{KeepCopies, Patterns, Scopes};
use dechaff::index::{Index, Keep, build::Texts};
use dechaff::io::read::jsonl::order_key;
use dechaff::io::read::site::{SiteFrom, site};
use dechaff::{Config, Document, without};
use serde::Deserialize;

use crate::environment::{TestEnv, root};

#[derive(Deserialize)]
struct File {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    options: Options,
    documents: Vec<Given>,
    cleaned: Vec<String>,
    reasons: Vec<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    keep_copies: Option<String>,
    scope: Option<Vec<String>>,
    max_removed: Option<f64>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    id: String,
    site: String,
    text: String,
    order: Option<String>,
}

fn cases() -> Vec<Case> {
    let path = root().join("testdata/cases/clean.toml");
    let file: File = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(file.case.len() > 10);
    file.case
}

fn config(options: &Options) -> Config {
    let mut config = Config::default();
    let policy = &mut config.policy;
    policy.keep_copies = match options.keep_copies.as_deref() {
        None => policy.keep_copies,
        Some("all") => KeepCopies::All,
        Some("none") => KeepCopies::None,
        Some(other) => panic!("{other}"),
    };
    if let Some(scope) = &options.scope {
        let has = |name: &str| scope.iter().any(|scope| scope == name);
        policy.scopes =
            Scopes { document: has("document"), site: has("site"), corpus: has("corpus") };
    }
    policy.removed_max = options.max_removed.unwrap_or(policy.removed_max);
    config.rules.allow = Patterns::parse(&options.allow.join("\n"), "allow").unwrap();
    config.rules.deny = Patterns::parse(&options.deny.join("\n"), "deny").unwrap();
    config
}

#[test]
fn the_library_gives_what_the_cases_say() {
    for case in cases() {
        let config = config(&case.options);
        let record = |(number, given): (u64, &Given)| {
            let site = site(SiteFrom::Field, Some(&given.site), None, "");
            let document = Document::new(given.id.as_str(), site, given.text.as_str());
            let order = given.order.as_deref().map_or(0, order_key);
            Record { document, order, record: number }
        };
        let records: Vec<Record> = (0..).zip(&case.documents).map(record).collect();
        let rows = sketch(&records, &config, Texts::Omit).unwrap();
        let (documents, counts) = rows.split_at(1);
        let numbers = dechaff::batch::number(documents.to_vec()).unwrap();
        let merged = dechaff::batch::merge(&numbers, counts, Keep::All).unwrap();
        let bytes = dechaff::batch::assemble(documents.to_vec(), merged, Keep::All, Vec::new());
        let bytes = bytes.unwrap();
        let index = Index::from_bytes(bytes).unwrap();
        let stripped = strip(&records, &index, &config);
        let texts: Vec<String> = records
            .iter()
            .zip(&stripped)
            .map(|(record, stripped)| without(&record.document.text, &stripped.spans()))
            .collect();
        assert_eq!(texts, case.cleaned, "{}", case.name);
        let reasons: Vec<Vec<&str>> = stripped
            .iter()
            .map(|stripped| stripped.removals.iter().map(|r| r.reason.name()).collect())
            .collect();
        assert_eq!(reasons, case.reasons, "{}", case.name);
    }
}

#[test]
fn the_command_line_gives_what_the_cases_say() {
    for case in cases() {
        let env = TestEnv::new();
        let line = |given: &Given| {
            let Given { id, site, text, order } = given;
            serde_json::json!({"id": id, "site": site, "day": order, "text": text}).to_string()
                + "\n"
        };
        env.write("in.jsonl", case.documents.iter().map(line).collect::<String>());
        env.write("allow.txt", case.options.allow.join("\n"));
        env.write("deny.txt", case.options.deny.join("\n"));
        let mut typed: Vec<String> = "clean in.jsonl -o out.jsonl --removed removed.jsonl -q \
            --allow allow.txt --deny deny.txt"
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        if case.documents.iter().any(|given| given.order.is_some()) {
            typed.extend(["--order-field".into(), "day".into()]);
        }
        if let Some(which) = &case.options.keep_copies {
            typed.extend(["--keep-copies".into(), which.clone()]);
        }
        if let Some(scope) = &case.options.scope {
            typed.extend(["--scope".into(), scope.join(",")]);
        }
        if let Some(share) = case.options.max_removed {
            typed.extend(["--max-removed".into(), share.to_string()]);
        }
        env.done(&typed.iter().map(String::as_str).collect::<Vec<_>>());
        let texts: Vec<_> = env.rows("out.jsonl").iter().map(|row| row["text"].clone()).collect();
        assert_eq!(texts, case.cleaned, "{}", case.name);
        let rows = env.rows("removed.jsonl");
        for (given, reasons) in case.documents.iter().zip(&case.reasons) {
            let own = rows.iter().filter(|row| row["id"] == given.id.as_str());
            let own: Vec<_> = own.map(|row| row["reason"].clone()).collect();
            assert_eq!(&own, reasons, "{}", case.name);
        }
    }
}
