//! Paragraphs: the unit that is kept or dropped.

use memchr::memchr_iter;
use serde::{Deserialize, Serialize};

use crate::document::Span;

/// What makes a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParagraphMode {
    /// Blocks where the document is hard-wrapped, else lines.
    #[default]
    Auto,
    /// Every non-blank line.
    Line,
    /// Every run of non-blank lines.
    Block,
}

/// The paragraphs of `text` in order, each from its first to past its last non-blank byte.
///
/// # Examples
///
/// ```
/// use dechaff::text::split::{ParagraphMode, paragraphs};
/// let spans = paragraphs("One\n\n  Two \n", ParagraphMode::Line);
/// assert_eq!(spans.iter().map(|s| (s.start, s.end)).collect::<Vec<_>>(), [(0, 3), (7, 10)]);
/// ```
pub fn paragraphs(text: &str, mode: ParagraphMode) -> Vec<Span> {
    let lines = Lines::new(text);
    match mode {
        ParagraphMode::Block => lines.into_blocks(),
        ParagraphMode::Auto if lines.are_hard_wrapped(text) => lines.into_blocks(),
        ParagraphMode::Auto | ParagraphMode::Line => lines.into_paragraphs(),
    }
}

/// The span to remove for each paragraph of which `removed` says so, sorted and disjoint.
///
/// A span runs from the paragraph's first byte to the next paragraph's first byte, for the last
/// paragraph from the end of the one before (or from its own first byte, when that one goes too).
///
/// # Panics
///
/// When `removed` and `paragraphs` differ in length.
pub fn removal_spans(paragraphs: &[Span], removed: &[bool], text_bytes: usize) -> Vec<Span> {
    assert_eq!(paragraphs.len(), removed.len(), "one flag a paragraph");
    let last = paragraphs.len().saturating_sub(1);
    let mut spans = Vec::new();
    for (i, paragraph) in paragraphs.iter().enumerate().filter(|(i, _)| removed[*i]) {
        let span = if i < last {
            Span::new(paragraph.start, paragraphs[i + 1].start)
        } else if i == 0 {
            Span::new(0, text_bytes)
        } else if removed[i - 1] {
            Span::new(paragraph.start, text_bytes)
        } else {
            Span::new(paragraphs[i - 1].end, text_bytes)
        };
        spans.push(span);
    }
    spans
}

/// The non-blank lines of a text, and which of them follow a blank line.
struct Lines {
    spans: Vec<Span>,
    /// Index of the first line of each block (run of lines without a blank one between).
    block_starts: Vec<usize>,
}

/// Lines narrower than this are not the product of wrapping.
const WRAP_WIDTH_MIN: usize = 40;
/// Lines wider than this are paragraphs, not wrapped lines.
const WRAP_WIDTH_MAX: usize = 120;
/// A wrapped line is short of the width by at most one long word.
const WRAP_SLACK: usize = 18;

impl Lines {
    fn new(text: &str) -> Self {
        let mut lines = Self { spans: Vec::new(), block_starts: Vec::new() };
        let mut start = 0;
        let mut after_blank = true;
        for end in memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            let line = Span::new(start, end).of(text);
            let body = line.trim();
            if body.is_empty() {
                after_blank = true;
            } else {
                let first = start + (line.len() - line.trim_start().len());
                if after_blank {
                    lines.block_starts.push(lines.spans.len());
                }
                lines.spans.push(Span::new(first, first + body.len()));
                after_blank = false;
            }
            start = end + 1;
        }
        lines
    }

    fn into_paragraphs(self) -> Vec<Span> {
        self.spans
    }

    fn into_blocks(self) -> Vec<Span> {
        self.blocks().map(|block| Span::new(block[0].start, block[block.len() - 1].end)).collect()
    }

    fn blocks(&self) -> impl Iterator<Item = &[Span]> {
        let ends = self.block_starts.iter().skip(1).copied().chain([self.spans.len()]);
        self.block_starts.iter().zip(ends).map(|(&start, end)| &self.spans[start..end])
    }

    /// Whether blocks of several lines are the rule and nearly all of their lines but the last
    /// end where a common right margin makes them end.
    fn are_hard_wrapped(&self, text: &str) -> bool {
        let wrapped_blocks = self.blocks().filter(|block| block.len() >= 2).count();
        let inner_lines = self.spans.len() - self.block_starts.len();
        if wrapped_blocks < 2 || inner_lines < 4 || inner_lines * 3 < self.spans.len() {
            return false;
        }
        let inner = self.blocks().flat_map(|block| &block[..block.len() - 1]);
        let mut widths: Vec<usize> = inner.map(|line| line.of(text).chars().count()).collect();
        widths.sort_unstable();
        let margin = widths[widths.len() * 9 / 10];
        let full = widths.iter().filter(|&&w| w + WRAP_SLACK >= margin && w <= margin + 4).count();
        (WRAP_WIDTH_MIN..=WRAP_WIDTH_MAX).contains(&margin) && full * 10 >= widths.len() * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, mode: ParagraphMode, expected: &[&str]) {
        let found: Vec<&str> = paragraphs(text, mode).iter().map(|span| span.of(text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn lines_are_paragraphs_without_their_white_space() {
        check("", ParagraphMode::Auto, &[]);
        check(" \n\t\n", ParagraphMode::Auto, &[]);
        check("a\r\n\r\n\u{a0}b \n c", ParagraphMode::Auto, &["a", "b", "c"]);
    }

    #[test]
    fn blocks_join_the_lines_between_blank_ones() {
        check("a\nb\n\nc\n", ParagraphMode::Block, &["a\nb", "c"]);
    }

    #[test]
    fn a_hard_wrapped_text_is_seen_by_its_right_margin() {
        let wrapped = "The council met on Tuesday to talk about the new bridge,\n\
            which has been planned for more than eleven years and was\nnever built.\n\n\
            Its members agreed that the money would have to come from\n\
            somewhere else, and that the old bridge could be mended in\nthe meantime.\n";
        let spans = paragraphs(wrapped, ParagraphMode::Auto);
        assert_eq!(spans.len(), 2);
        check("one\ntwo\n\nthree\nfour\n", ParagraphMode::Auto, &["one", "two", "three", "four"]);
    }

    #[test]
    fn the_last_span_takes_the_white_space_before_it() {
        let text = "a\n\nb\n\nc\n";
        let spans = paragraphs(text, ParagraphMode::Line);
        let of = |removed: &[bool]| removal_spans(&spans, removed, text.len());
        assert_eq!(of(&[true, false, false]), [Span::new(0, 3)]);
        assert_eq!(of(&[false, false, true]), [Span::new(4, 8)]);
        assert_eq!(of(&[false, true, true]), [Span::new(3, 6), Span::new(6, 8)]);
    }
}
