//! `dechaff explain`.

use std::fmt::Write;
use std::sync::Arc;

use serde::Serialize;

use super::{Outcome, args, settings};
use crate::config::Config;
use crate::decide::{Profile, score};
use crate::document::Document;
use crate::engine::Stripped;
use crate::error::{Error, Result};
use crate::index::Index;
use crate::io::read::{BatchReader, Record};
use crate::io::source::{Passes, Sources};
use crate::pipeline::{Job, Monitor};
use crate::report::audit::EvidenceRow;
use crate::report::summary::one_line;
use crate::text::plain::escaped_json;

pub(super) fn run(command: &args::Explain, monitor: Monitor) -> Result<Outcome> {
    let mut config = settings::config(&command.inputs)?;
    config.policy.profile = settings::profile(command.profile);
    let sources = settings::sources(&command.inputs, &config, Passes::Two)?;
    let job = Job::new(&sources, &config, monitor)?;
    let index = match &command.index {
        Some(path) => Index::open(path)?,
        None => job.learn_temporary()?,
    };
    let found = job.explain(&index, &command.id)?;
    let (document, stripped) = found.ok_or_else(|| {
        let like = first_id(&sources, &config).map(|id| format!("; the first one's is {id:?}"));
        let what = format!("no readable record has the id {:?}", command.id);
        Error::settings(what + &like.unwrap_or_default())
    })?;
    let explained = Explained::new(&document, &stripped, &index, &config.policy.weights);
    let shown = if command.json {
        let json =
            serde_json::to_string(&explained).map_err(|e| Error::malformed(&document.id, e))?;
        escaped_json(&json) + "\n"
    } else {
        explained.in_words()
    };
    super::print(&shown)?;
    Ok(Outcome::Done)
}

/// The id of the first document that can be read, as an example.
fn first_id(sources: &Sources, config: &Config) -> Option<String> {
    let Config { fields, limits, .. } = config;
    let source = sources.sources.first()?;
    let mut reader = BatchReader::open(source, 0, (fields, limits), &Arc::default()).ok()?;
    let batch = reader.next_batch(limits)?;
    batch.decode(source, fields, limits).find_map(|record| match record {
        Record::Document(decoded) => Some(decoded.document.id),
        Record::Between(_) | Record::Malformed { .. } => None,
    })
}

/// A document, paragraph by paragraph.
#[derive(Debug, Serialize)]
struct Explained<'a> {
    id: &'a str,
    site: &'a str,
    /// As what it was judged.
    profile: &'static str,
    /// It would have lost more than `--max-removed` and was kept.
    guarded: bool,
    paragraphs: Vec<Paragraph<'a>>,
}

#[derive(Debug, Serialize)]
struct Paragraph<'a> {
    start: usize,
    end: usize,
    /// Why it goes; nothing where it stays.
    reason: Option<&'static str>,
    text: &'a str,
    evidence: EvidenceRow,
}

/// Inputs of a score that are named.
const INPUTS_SHOWN: usize = 3;

impl<'a> Explained<'a> {
    fn new(
        document: &'a Document,
        stripped: &Stripped,
        index: &Index,
        weights: &score::Weights,
    ) -> Self {
        let features = score::features(&stripped.evidence);
        let mut removals = stripped.removals.iter().peekable();
        let paragraph = |(at, evidence): (usize, _)| {
            let span = stripped.sketch.paragraphs[at].span;
            let removal = removals.next_if(|removal| removal.paragraph == at);
            let row = EvidenceRow::all(evidence, &document.id, index);
            let row = row.with_score(weights.score(&features[at]));
            let loudest = || weights.loudest(&features[at], INPUTS_SHOWN);
            Paragraph {
                start: span.start,
                end: span.end,
                reason: removal.map(|removal| removal.reason.name()),
                text: span.of(&document.text),
                evidence: match (stripped.profile, row.score) {
                    (Profile::Article, Some(_)) => row.with_inputs(&loudest()),
                    _ => row,
                },
            }
        };
        Self {
            id: &document.id,
            site: &document.site,
            profile: stripped.profile.name(),
            guarded: stripped.is_guarded,
            paragraphs: stripped.evidence.iter().enumerate().map(paragraph).collect(),
        }
    }

    fn in_words(&self) -> String {
        let gone = self.paragraphs.iter().filter(|paragraph| paragraph.reason.is_some()).count();
        let mut shown = format!(
            "{} of {}, judged as {}: {gone} of {} paragraphs go\n",
            one_line(self.id, 100),
            if self.site.is_empty() { "no site".to_owned() } else { one_line(self.site, 80) },
            self.profile,
            self.paragraphs.len(),
        );
        if self.guarded {
            shown.push_str("it would have lost more than --max-removed, so it stays whole\n");
        }
        for paragraph in &self.paragraphs {
            let text = one_line(paragraph.text, 100);
            let verdict = paragraph.reason.unwrap_or("keep");
            let mut written = writeln!(shown, "\n{verdict:<12}{text}");
            for said in words(&paragraph.evidence, self.id, self.profile) {
                written = written.and_then(|()| writeln!(shown, "{:12}  {said}", ""));
            }
            debug_assert!(written.is_ok(), "writing to a string cannot fail");
        }
        shown
    }
}

/// What speaks for and against a paragraph of the document `id`, a sentence each.
fn words(row: &EvidenceRow, id: &str, profile: &str) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(rule) = &row.rule {
        said.push(format!("matches the pattern {}", one_line(rule, 80)));
    }
    if let Some(documents) = row.documents {
        let share = 100.0 * row.rate.unwrap_or(0.0);
        let contexts = row.contexts.unwrap_or(0);
        said.push(format!(
            "on {documents} documents of the site ({share:.1} %), otherwise different ones: {contexts}"
        ));
    }
    if let Some(template) = row.template {
        said.push(format!("{:.1} % of it is in the site's template", 100.0 * template));
    }
    if let (Some(containment), Some(witness)) = (row.containment, &row.witness) {
        let by = match row.paragraph {
            Some(paragraph) if witness == id => format!("paragraph {} above", paragraph + 1),
            _ => one_line(witness, 80),
        };
        said.push(format!("{:.1} % of it is said by {by}", 100.0 * containment));
    }
    if let Some(score) = row.score {
        let what = if profile == "page" { "article" } else { "boilerplate" };
        let inputs = row.inputs.iter().flatten();
        let inputs: Vec<String> = inputs.map(|(name, part)| format!("{name} {part}")).collect();
        let by = if inputs.is_empty() { String::new() } else { format!(": {}", inputs.join(", ")) };
        said.push(format!("score {score} for {what}{by}"));
    }
    said
}
