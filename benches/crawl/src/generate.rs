//! Streaming a crawl of a given size, and counting what is in it.

use crate::crawl::{Crawl, Profile, Settings};
use crate::record::Document;
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::io::Write;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Documents.
    pub documents: u64,
    /// Bytes of the crawl, the gold labels not counted.
    pub bytes: u64,
    /// By gold letter: paragraphs and the bytes of their text.
    pub letters: BTreeMap<char, (u64, u64)>,
}

/// Writes whole documents to `crawl` until they take `bytes` bytes or a little more, and their
/// labels to `gold` where that is given; a larger crawl begins with the bytes of a smaller one
/// (`Profile::Twice` apart, whose second half begins at half the size).
///
/// # Errors
/// When the settings are out of range or a writer fails.
pub fn generate<'a>(
    settings: Settings,
    bytes: u64,
    crawl: &'a mut dyn Write,
    gold: Option<&'a mut dyn Write>,
) -> anyhow::Result<Totals> {
    let mut generator = Crawl::new(settings)?;
    let mut sink = Sink { crawl, gold, buffer: Vec::new(), totals: Totals::default() };
    let mut document = Document::default();
    let twice = settings.profile == Profile::Twice;
    let first_bytes = if twice { bytes / 2 } else { bytes };
    while sink.totals.bytes < first_bytes {
        generator.next_document(&mut document);
        sink.write(&document)?;
    }
    if twice {
        for number in 0..sink.totals.documents {
            generator.copy_document(number, &mut document);
            sink.write(&document)?;
        }
    }
    Ok(sink.totals)
}

struct Sink<'a> {
    crawl: &'a mut dyn Write,
    gold: Option<&'a mut dyn Write>,
    buffer: Vec<u8>,
    totals: Totals,
}

impl Sink<'_> {
    fn write(&mut self, document: &Document) -> anyhow::Result<()> {
        self.buffer.clear();
        document.write_record(&mut self.buffer);
        self.crawl.write_all(&self.buffer).context("cannot write the crawl")?;
        self.totals.documents += 1;
        self.totals.bytes += length(self.buffer.len());
        for (letter, paragraph) in document.letters.chars().zip(document.text.split('\n')) {
            let entry = self.totals.letters.entry(letter).or_default();
            entry.0 += 1;
            entry.1 += length(paragraph.len());
        }
        if let Some(gold) = &mut self.gold {
            self.buffer.clear();
            document.write_gold(&mut self.buffer);
            gold.write_all(&self.buffer).context("cannot write the gold labels")?;
        }
        Ok(())
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
