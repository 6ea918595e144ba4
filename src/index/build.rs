//! Counting a run in bounded memory.

use std::path::Path;

use super::documents::Documents;
use super::spill::Spill;
use super::table::{DocumentRow, Input, Site};
use super::tuples::{Tuple, Tuples};
use super::{TEXT_BYTES_MAX, partition_of};
use crate::document::Document;
use crate::error::Result;
use crate::hash::HashMap;
use crate::text::look::Look;
use crate::text::shingle::Kind;
use crate::text::sketch::{ParagraphSketch, Recipe, Sketch};

/// Whether the first text of each fingerprint is kept, so that people can see what recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// Keep up to [`TEXT_BYTES_MAX`] bytes of each paragraph's first place.
    Keep,
    /// Keep none.
    Omit,
}

/// Counts the fingerprints of documents; [`super::Assembly`] turns it into an index.
///
/// # Examples
///
/// ```
/// use dechaff::index::{Assembly, Builder, Keep, build::Texts};
/// use dechaff::{Document, text::{Sketcher, sketch::Recipe}};
/// let mut builder = Builder::new(Recipe::default(), 1 << 20, &std::env::temp_dir(), Texts::Keep);
/// builder.begin_input("part.jsonl");
/// let document = Document::new("1", "a.example", "Subscribe to our newsletter");
/// builder.add(&document, 0, 0, &Sketcher::default().sketch(&document))?;
/// let assembly = Assembly::new(&[], Some(&builder), Keep::All)?;
/// assert_eq!(assembly.into_index()?.documents(), 1);
/// # Ok::<(), dechaff::Error>(())
/// ```
#[derive(Debug)]
pub struct Builder {
    pub(super) recipe: Recipe,
    pub(super) documents: Documents,
    pub(super) sites: Vec<Site>,
    pub(super) inputs: Vec<Input>,
    pub(super) tuples: Tuples,
    pub(super) texts: Option<Spill>,
    site_numbers: HashMap<String, u32>,
}

/// A run has fewer documents: one bit of a number says whether a paragraph is a head.
const DOCUMENTS_MAX: u32 = 1 << 31;
/// Bytes before the text in a spilled text record: fingerprint, document number, length.
pub(super) const TEXT_PREFIX_BYTES: usize = 14;

impl Builder {
    /// An empty count that keeps about `memory_bytes` in memory and the rest in `folder`.
    pub fn new(recipe: Recipe, memory_bytes: usize, folder: &Path, texts: Texts) -> Self {
        let (tuple_bytes, text_bytes) = match texts {
            Texts::Keep => (memory_bytes / 2, memory_bytes / 2),
            Texts::Omit => (memory_bytes, 0),
        };
        Self {
            recipe,
            documents: Documents::new(folder),
            sites: Vec::new(),
            inputs: Vec::new(),
            tuples: Tuples::new(tuple_bytes, folder),
            texts: (texts == Texts::Keep).then(|| Spill::new(text_bytes, folder)),
            site_numbers: HashMap::default(),
        }
    }

    /// The documents added from now on come from the input `key`.
    pub fn begin_input(&mut self, key: &str) {
        self.inputs.push(Input { generation: 0, key: key.to_owned(), digest: 0, documents: 0 });
    }

    /// The documents added from now on are the next batch, for [`super::Answers::of_batch`].
    pub fn begin_batch(&mut self) {
        self.tuples.begin_batch();
    }

    /// Counts one document: record number `record` of the current input.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be written.
    ///
    /// # Panics
    ///
    /// When no input was begun, or with more than 2^31 documents.
    pub fn add(
        &mut self,
        document: &Document,
        record: u64,
        order: u64,
        sketch: &Sketch,
    ) -> Result<()> {
        let number = self.documents.len();
        assert!(number < DOCUMENTS_MAX, "a run has fewer than 2^31 documents");
        let site = self.site_number(&document.site);
        self.sites[site as usize].documents += 1;
        self.sites[site as usize].pages += u64::from(sketch.look != Look::Article);
        let input = self.inputs.last_mut().expect("an input was begun");
        input.documents += 1;
        let mut chained = [0; 16];
        chained[..8].copy_from_slice(&input.digest.to_le_bytes());
        chained[8..].copy_from_slice(&sketch.identity.to_le_bytes());
        input.digest = crate::hash::stable(&chained);
        let row = DocumentRow {
            identity: sketch.identity,
            order,
            record,
            site,
            input: u32::try_from(self.inputs.len() - 1).expect("fewer than 2^32 inputs"),
            contexts: sketch.contexts,
        };
        self.documents.push(row, &document.id)?;
        self.add_tuples(number, sketch)?;
        self.add_texts(number, document, sketch)
    }

    /// Ends the counting: where counts have spilled, the rest follows them, so that what comes next
    /// has the memory.
    ///
    /// # Errors
    ///
    /// When the temporary folder cannot be written.
    pub fn settle(&mut self) -> Result<()> {
        self.tuples.settle()?;
        self.texts.as_mut().map_or(Ok(()), Spill::settle)
    }

    /// Bytes of what was counted of a partition.
    pub(super) fn partition_bytes(&self, partition: usize) -> usize {
        let of_texts = self.texts.as_ref().map_or(0, |texts| texts.bytes(partition));
        self.tuples.bytes(partition) + of_texts
    }

    fn add_tuples(&mut self, number: u32, sketch: &Sketch) -> Result<()> {
        // The head is counted first, its paragraph fingerprints before its heads and tails.
        let of_head = sketch.head().into_iter().flat_map(ParagraphSketch::fingerprints);
        let mut heads = of_head.filter(|fingerprint| fingerprint.kind() == Kind::Paragraph).count();
        for fingerprint in sketch.paragraph_fingerprints() {
            let is_head = heads > 0;
            heads = heads.saturating_sub(1);
            self.tuples.push(Tuple { fingerprint: fingerprint.0, number, is_head })?;
        }
        for shingle in &sketch.shingles {
            let fingerprint = shingle.fingerprint.0;
            self.tuples.push(Tuple { fingerprint, number, is_head: false })?;
        }
        Ok(())
    }

    fn add_texts(&mut self, number: u32, document: &Document, sketch: &Sketch) -> Result<()> {
        let Some(texts) = &mut self.texts else { return Ok(()) };
        let mut record = Vec::with_capacity(TEXT_PREFIX_BYTES + TEXT_BYTES_MAX);
        for paragraph in sketch.paragraphs.iter().filter(|p| p.tokens > 0) {
            let text = cut(paragraph.span.of(&document.text));
            record.clear();
            record.extend_from_slice(&paragraph.masked.0.to_le_bytes());
            record.extend_from_slice(&number.to_le_bytes());
            let len = u16::try_from(text.len()).expect("a kept text is short");
            record.extend_from_slice(&len.to_le_bytes());
            record.extend_from_slice(text.as_bytes());
            texts.push(partition_of(paragraph.masked), &record)?;
        }
        Ok(())
    }

    fn site_number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.site_numbers.get(name) {
            return number;
        }
        let number = u32::try_from(self.sites.len()).expect("fewer than 2^32 sites");
        self.sites.push(Site { name: name.to_owned(), documents: 0, pages: 0 });
        self.site_numbers.insert(name.to_owned(), number);
        number
    }
}

/// The head of `text` that is kept, cut on a character border.
fn cut(text: &str) -> &str {
    let end = (0..=TEXT_BYTES_MAX.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or("")
}
