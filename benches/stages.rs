//! What each stage costs, alone, on one thread, in bytes of JSONL a second: `cargo bench`.
//!
//! The input is a generated crawl of 4 MB, the same on every machine. Stages do not add up to a run:
//! here all is in the caches that a crawl of gigabytes does not fit into. They are for comparing a
//! change with what was before; docs/performance.md has whole runs.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_main};
use dechaff::decide::{Evidence, Gatherer, Reason, context};
use dechaff::index::build::Texts;
use dechaff::index::merge::Workspace;
use dechaff::index::{Assembly, Builder, Finder, Index, Keep, PARTITIONS};
use dechaff::io::read::{Batch, BatchReader, Record};
use dechaff::io::source::{Passes, Sources, find};
use dechaff::io::write::Cleaned;
use dechaff::report::audit::{AuditRow, EvidenceRow};
use dechaff::text::tokenize::Tokenizer;
use dechaff::text::{Sketch, Sketcher};
use dechaff::{Config, Document, Stripper};
use dechaff_crawl::{Profile, Settings, generate};

const BYTES: u64 = 4_000_000;

/// A crawl, and what each stage makes of it for the next.
struct Crawl {
    sources: Sources,
    config: Config,
    bytes: u64,
    documents: Vec<Document>,
    sketches: Vec<Sketch>,
    index: Index,
    evidence: Vec<Vec<Evidence>>,
    /// Holds the file while it is read.
    _folder: tempfile::TempDir,
}

impl Crawl {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is a folder for temporary files");
        let path: PathBuf = folder.path().join("crawl.jsonl");
        let mut lines = Vec::new();
        let settings = Settings { seed: 1, sites: 40, words: 20_000, profile: Profile::News };
        generate(settings, BYTES, &mut lines, None).expect("the settings are in range");
        std::fs::write(&path, &lines).expect("the folder can be written");
        let sources = find(&[path], None, Passes::Two, folder.path()).expect("the file is there");
        let config = Config::default();
        let documents: Vec<Document> = batches(&sources, &config)
            .iter()
            .flat_map(|batch| decoded(batch, &sources, &config))
            .collect();
        let mut maker = Sketcher::new(config.recipe);
        let sketches: Vec<Sketch> =
            documents.iter().map(|document| maker.sketch(document)).collect();
        let builder = counted(&documents, &sketches, &config);
        let assembly = Assembly::new(&[], Some(&builder), Keep::Repeated);
        let index = assembly.and_then(Assembly::into_index).expect("the counts fit into memory");
        let bytes = lines.len() as u64;
        let mut crawl = Self {
            sources,
            config,
            bytes,
            documents,
            sketches,
            index,
            evidence: Vec::new(),
            _folder: folder,
        };
        crawl.evidence = crawl.gather();
        crawl
    }

    fn gather(&self) -> Vec<Vec<Evidence>> {
        let Config { rules, policy, page_model, .. } = &self.config;
        let gatherer = Gatherer::new(&self.index, rules, policy, page_model);
        let mut finder = Finder::search(&self.index);
        let subjects = (0..).zip(self.documents.iter().zip(&self.sketches));
        let all = subjects.map(|(record, (document, sketch))| {
            gatherer.gather(document, sketch, ("crawl.jsonl", record), &mut finder)
        });
        all.collect()
    }
}

fn batches(sources: &Sources, config: &Config) -> Vec<Batch> {
    let Config { fields, limits, .. } = config;
    let source = &sources.sources[0];
    let reader = BatchReader::open(source, 0, (fields, limits), &Arc::default());
    let mut reader = reader.expect("the file is there");
    std::iter::from_fn(|| reader.next_batch(limits)).collect()
}

fn decoded(batch: &Batch, sources: &Sources, config: &Config) -> Vec<Document> {
    let records = batch.decode(&sources.sources[0], &config.fields, &config.limits);
    let documents = records.filter_map(|record| match record {
        Record::Document(decoded) => Some(decoded.document),
        Record::Between(_) | Record::Malformed { .. } => None,
    });
    documents.collect()
}

fn counted(documents: &[Document], sketches: &[Sketch], config: &Config) -> Builder {
    let folder = &config.temporary_folder;
    let mut builder = Builder::new(config.recipe, config.memory_bytes, folder, Texts::Omit);
    builder.begin_input("crawl.jsonl");
    builder.begin_batch();
    for (record, (document, sketch)) in (0..).zip(documents.iter().zip(sketches)) {
        builder.add(document, record, 0, sketch).expect("the counts fit into memory");
    }
    builder
}

/// Guards the way from bytes to documents: finding lines and the text value, UTF-8, escapes.
fn reading_jsonl(crawl: &Crawl, group: &mut Group) {
    measure(group, "reading_jsonl", || {
        let read = batches(&crawl.sources, &crawl.config);
        let documents = read.iter().flat_map(|batch| decoded(batch, &crawl.sources, &crawl.config));
        documents.count()
    });
}

/// Guards the classes of characters, the hashing of words and the slots of numbers and dates.
fn tokens(crawl: &Crawl, group: &mut Group) {
    let (mut tokenizer, mut tokens) = (Tokenizer::default(), Vec::new());
    measure(group, "tokens", || {
        for document in &crawl.documents {
            tokens.clear();
            tokenizer.tokenize(&document.text, &mut tokens);
            black_box(&tokens);
        }
    });
}

/// Guards all that is made of a text alone: paragraphs, tokens, shingles, winnowing, repeats.
fn sketches(crawl: &Crawl, group: &mut Group) {
    let mut sketcher = Sketcher::new(crawl.config.recipe);
    measure(group, "sketches", || {
        for document in &crawl.documents {
            black_box(sketcher.sketch(document));
        }
    });
}

/// Guards the one serial part of the first pass: tuples into their partitions.
fn counting(crawl: &Crawl, group: &mut Group) {
    measure(group, "counting", || counted(&crawl.documents, &crawl.sketches, &crawl.config));
}

/// Guards the adding up between the passes of `clean`: what recurs, and the answers to each tuple.
fn repeated_and_answers(crawl: &Crawl, group: &mut Group) {
    let builder = counted(&crawl.documents, &crawl.sketches, &crawl.config);
    let assembly = Assembly::new(&[], Some(&builder), Keep::Answered).expect("one recipe");
    let mut workspace = Workspace::default();
    measure(group, "repeated_and_answers", || {
        for partition in 0..PARTITIONS {
            let made = assembly.answered(partition, crawl.config.memory_bytes, &mut workspace);
            black_box(made).expect("nothing was spilled");
        }
    });
}

/// Guards the adding up of an index that is kept, where every tuple is a row: `learn`, `merge`.
fn whole_index(crawl: &Crawl, group: &mut Group) {
    let builder = counted(&crawl.documents, &crawl.sketches, &crawl.config);
    let assembly = Assembly::new(&[], Some(&builder), Keep::All).expect("one recipe");
    measure(group, "whole_index", || {
        for partition in 0..PARTITIONS {
            black_box(assembly.partition(partition)).expect("nothing was spilled");
        }
    });
}

/// Guards the largest part of a second pass: look-ups by search, witnesses, coverage, scores.
fn evidence(crawl: &Crawl, group: &mut Group) {
    measure(group, "evidence", || crawl.gather());
}

/// Guards the verdicts, which are arithmetic on gathered numbers and must stay free of charge.
fn verdicts(crawl: &Crawl, group: &mut Group) {
    measure(group, "verdicts", || {
        for evidence in &crawl.evidence {
            black_box(context::judge(evidence, &crawl.config.policy));
        }
    });
}

/// Guards the writing end: spans cut out of the raw JSON, and an audit row for each of them.
fn audit_and_writing(crawl: &Crawl, group: &mut Group) {
    let read = batches(&crawl.sources, &crawl.config);
    let mut stripper = Stripper::new(&crawl.index, &crawl.config);
    let mut judged = Vec::new();
    let records = |batch| {
        let source = &crawl.sources.sources[0];
        Batch::decode(batch, source, &crawl.config.fields, &crawl.config.limits)
    };
    for record in read.iter().flat_map(records) {
        let Record::Document(decoded) = record else { continue };
        let verdicts = stripper.strip(&decoded.document, ("crawl.jsonl", decoded.place.record));
        judged.push((decoded, verdicts));
    }
    measure(group, "audit_and_writing", || {
        let (mut cleaned, mut audit) = (Cleaned::new(&read[0]), Vec::new());
        for (decoded, verdicts) in &judged {
            let literals = decoded.literals(&verdicts.spans());
            cleaned.splice(decoded, &literals);
            for removal in &verdicts.removals {
                let row = row(&decoded.document, removal, &crawl.index);
                serde_json::to_writer(&mut audit, &row).expect("a row has a JSON form");
            }
        }
        (cleaned, audit)
    });
}

fn row(document: &Document, removal: &dechaff::engine::Removal, index: &Index) -> AuditRow {
    let reason: Reason = removal.reason;
    AuditRow {
        id: document.id.clone(),
        site: document.site.clone(),
        start: removal.span.start,
        end: removal.span.end,
        reason,
        text: removal.span.of(&document.text).to_owned(),
        evidence: EvidenceRow::new(&removal.evidence, reason, &document.id, index),
        file: "crawl.jsonl".to_owned(),
        record: 0,
        raw: None,
        dropped: None,
        offset: None,
    }
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn measure<T>(group: &mut Group, name: &str, mut stage: impl FnMut() -> T) {
    group.bench_function(name, |bencher| bencher.iter(&mut stage));
}

/// Runs the stages that the arguments of `cargo bench` name, or all of them.
fn stages() {
    let crawl = Crawl::new();
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut group = criterion.benchmark_group("stages");
    group.throughput(Throughput::Bytes(crawl.bytes)).sampling_mode(SamplingMode::Flat);
    for stage in STAGES {
        stage(&crawl, &mut group);
    }
    group.finish();
}

/// In the order of a run.
const STAGES: [fn(&Crawl, &mut Group); 9] = [
    reading_jsonl,
    tokens,
    sketches,
    counting,
    repeated_and_answers,
    whole_index,
    evidence,
    verdicts,
    audit_and_writing,
];

criterion_main!(stages);
