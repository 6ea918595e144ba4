//! Any text: paragraphs tile it, sketches are the same again, removed spans restore it.
#![no_main]

use dechaff::text::Sketcher;
use dechaff::text::sketch::Recipe;
use dechaff::text::split::{ParagraphMode, paragraphs, removal_spans};
use dechaff::{Document, Span, without};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u8, u64)| {
    let (text, mode, gone) = input;
    let mode =
        [ParagraphMode::Auto, ParagraphMode::Line, ParagraphMode::Block][usize::from(mode % 3)];
    let spans = paragraphs(text, mode);
    assert!(spans.iter().all(|span| !span.of(text).trim().is_empty()));
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
    let gone: Vec<bool> = (0..spans.len()).map(|at| gone >> (at % 64) & 1 == 1).collect();
    let removed = removal_spans(&spans, &gone, text.len());
    assert!(removed.windows(2).all(|pair| pair[0].end <= pair[1].start));
    let kept = without(text, &removed);
    let taken: usize = removed.iter().map(|span: &Span| span.len()).sum();
    assert_eq!(kept.len() + taken, text.len());
    let document = Document::new("id", "site", text);
    let mut sketcher = Sketcher::new(Recipe { paragraph: mode, ..Recipe::default() });
    let sketch = sketcher.sketch(&document);
    assert_eq!(sketch, sketcher.sketch(&document));
    assert_eq!(sketch.paragraphs.len(), spans.len());
});
