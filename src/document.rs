//! What goes through the pipeline: documents, and byte spans of their text.

use serde::{Deserialize, Serialize};

/// One article record: its identifier, the site it was scraped from and its text.
///
/// # Examples
///
/// ```
/// let document = dechaff::Document::new("a/1", "example.com", "Headline\n\nBody.");
/// assert_eq!(document.text.len(), 15);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Document {
    /// The record's own identifier, or `FILE:LINE` where it has none.
    pub id: String,
    /// The site whose template the text may carry; empty when all documents are one site.
    pub site: String,
    /// The text as it was scraped.
    pub text: String,
}

impl Document {
    /// A document from its three parts.
    pub fn new(id: impl Into<String>, site: impl Into<String>, text: impl Into<String>) -> Self {
        Self { id: id.into(), site: site.into(), text: text.into() }
    }
}

/// A half-open range of bytes of a document's original UTF-8 text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`.
    ///
    /// # Panics
    ///
    /// When `start` lies behind `end`.
    pub fn new(start: usize, end: usize) -> Self {
        assert!(start <= end, "a span must not end before it starts: {start}..{end}");
        Self { start, end }
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The part of `text` that the span covers.
    ///
    /// # Panics
    ///
    /// When the span does not lie in `text` on character borders.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).expect("a span lies in its text on character borders")
    }
}

/// The text that stays when `removed` (sorted, disjoint spans of `text`) is taken out.
///
/// # Panics
///
/// When the spans are not sorted, disjoint and inside `text` on character borders.
///
/// # Examples
///
/// ```
/// use dechaff::{Span, without};
/// assert_eq!(without("one two three", &[Span::new(3, 7)]), "one three");
/// ```
pub fn without(text: &str, removed: &[Span]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for span in removed {
        kept.push_str(Span::new(at, span.start).of(text));
        at = span.end;
    }
    kept.push_str(Span::new(at, text.len()).of(text));
    kept
}
