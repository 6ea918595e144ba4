//! The engine without files: documents in, verdicts out. The pipeline is made of the same pieces.

use crate::config::Config;
use crate::decide::score::{Features, Weights};
use crate::decide::{Evidence, Gatherer, Profile, Reason, context};
use crate::document::{Document, Span, without};
use crate::error::Result;
use crate::index::build::Texts;
use crate::index::{Assembly, Builder, Finder, Index, Keep};
use crate::report::audit::EvidenceRow;
use crate::text::split::removal_spans;
use crate::text::{Sketch, Sketcher};

/// One removed paragraph of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Removal {
    /// What is taken out of the text, white space that goes with the paragraph included.
    pub span: Span,
    /// Index of the paragraph.
    pub paragraph: usize,
    /// Why.
    pub reason: Reason,
    /// What the verdict rests on.
    pub evidence: Evidence,
}

/// A document that was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Stripped {
    /// What goes, in order.
    pub removals: Vec<Removal>,
    /// As what it was judged.
    pub profile: Profile,
    /// It would have lost more than it may and was kept, duplicates aside.
    pub is_guarded: bool,
    /// The evidence on every paragraph.
    pub evidence: Vec<Evidence>,
    /// What the document looks like to the engine.
    pub sketch: Sketch,
}

impl Stripped {
    /// The removed spans, sorted and disjoint.
    pub fn spans(&self) -> Vec<Span> {
        self.removals.iter().map(|removal| removal.span).collect()
    }

    /// What each removal rests on, as the audit shows it; `id` is the document's.
    pub fn evidence_rows(
        &self,
        id: &str,
        index: &Index,
        weights: &Weights,
    ) -> impl Iterator<Item = EvidenceRow> {
        let mut features = None;
        self.removals.iter().map(move |removal| {
            let row = EvidenceRow::new(&removal.evidence, removal.reason, id, index);
            if !matches!(removal.reason, Reason::Boilerplate | Reason::Orphan) {
                return row;
            }
            let features = features.get_or_insert_with(|| Features::new(&self.evidence));
            row.scored(removal.reason, weights, &features.of(removal.paragraph))
        })
    }
}

/// Judges documents against an index.
#[derive(Debug)]
pub struct Stripper<'a> {
    gatherer: Gatherer<'a>,
    config: &'a Config,
    sketcher: Sketcher,
    finder: Finder<'a>,
}

impl<'a> Stripper<'a> {
    /// A stripper that judges by `index` under `config`.
    pub fn new(index: &'a Index, config: &'a Config) -> Self {
        let gatherer = Gatherer::new(index, &config.rules, &config.policy, &config.page_model);
        let (sketcher, finder) = (Sketcher::new(index.recipe()), Finder::search(index));
        Self { gatherer, config, sketcher, finder }
    }

    /// Judges `document`, which is record `record` of the input `key`.
    pub fn strip(&mut self, document: &Document, place: (&str, u64)) -> Stripped {
        let sketch = self.sketcher.sketch(document);
        let evidence = self.gatherer.gather(document, &sketch, place, &mut self.finder);
        self.judge(document, sketch, evidence)
    }

    /// Judges `document`, of which `sketch` was made, by the rows that `finder` finds.
    pub(crate) fn strip_sketched(
        &self,
        document: &Document,
        sketch: Sketch,
        place: (&str, u64),
        finder: &mut Finder<'a>,
    ) -> Stripped {
        let evidence = self.gatherer.gather(document, &sketch, place, finder);
        self.judge(document, sketch, evidence)
    }

    fn judge(&self, document: &Document, sketch: Sketch, evidence: Vec<Evidence>) -> Stripped {
        let judgment = context::judge(&evidence, &self.config.policy);
        let gone: Vec<bool> = judgment.verdicts.iter().map(|v| v.reason().is_some()).collect();
        let spans: Vec<Span> = sketch.paragraphs.iter().map(|paragraph| paragraph.span).collect();
        let removed = judgment.verdicts.iter().enumerate();
        let removed = removed.filter_map(|(at, verdict)| Some((at, verdict.reason()?)));
        let removals = removed
            .zip(removal_spans(&spans, &gone, document.text.len()))
            .map(|((paragraph, reason), span)| Removal {
                span,
                paragraph,
                reason,
                evidence: evidence[paragraph].clone(),
            })
            .collect();
        let is_page = evidence.first().is_some_and(|evidence| evidence.page.is_some());
        let profile = if is_page { Profile::Page } else { Profile::Article };
        Stripped { removals, profile, is_guarded: judgment.is_guarded, evidence, sketch }
    }
}

/// Counts `documents`; position is their order.
///
/// # Errors
///
/// When counts must be spilled and the temporary folder cannot be written.
///
/// # Examples
///
/// ```
/// use dechaff::{Config, Document, learn, strip};
/// let pages: Vec<Document> = (0..9)
///     .map(|n| {
///         let name = ["ash", "birch", "cedar", "elm", "fir", "hazel", "larch", "oak", "yew"][n];
///         let text = format!("The {name} is a tree of its own kind.\nAll rights reserved by Us");
///         Document::new(name, "a.example", text)
///     })
///     .collect();
/// let config = Config::default();
/// let index = learn(&pages, &config)?;
/// let cleaned = strip(&pages, &index, &config);
/// assert_eq!(cleaned[0], "The ash is a tree of its own kind.");
/// # Ok::<(), dechaff::Error>(())
/// ```
pub fn learn(documents: &[Document], config: &Config) -> Result<Index> {
    let folder = &config.temporary_folder;
    let mut builder = Builder::new(config.recipe, config.memory_bytes, folder, Texts::Keep);
    builder.begin_input("");
    let mut sketcher = Sketcher::new(config.recipe);
    for (record, document) in (0..).zip(documents) {
        builder.add(document, record, 0, &sketcher.sketch(document))?;
    }
    Assembly::new(&[], Some(&builder), Keep::All)?.into_index()
}

/// The texts of `documents` without what `index` speaks against.
pub fn strip(documents: &[Document], index: &Index, config: &Config) -> Vec<String> {
    let mut stripper = Stripper::new(index, config);
    let strip = |(record, document): (u64, &Document)| {
        let judged = stripper.strip(document, ("", record));
        without(&document.text, &judged.spans())
    };
    (0..).zip(documents).map(strip).collect()
}

/// The texts of `documents` without what they themselves show to be boilerplate or repetition.
///
/// # Errors
///
/// When counts must be spilled and the temporary folder cannot be written.
///
/// # Examples
///
/// ```
/// use dechaff::{Config, Document, clean};
/// let page = Document::new("1", "", "Rain fell all night.\n26 views\nThe river rose.");
/// assert_eq!(clean(&[page], &Config::default())?, ["Rain fell all night.\nThe river rose."]);
/// # Ok::<(), dechaff::Error>(())
/// ```
pub fn clean(documents: &[Document], config: &Config) -> Result<Vec<String>> {
    Ok(strip(documents, &learn(documents, config)?, config))
}
