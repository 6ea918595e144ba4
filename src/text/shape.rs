//! The shape of a page's paragraphs: what can be said of each by its characters alone.
//!
//! Nothing here knows a language. What ends a sentence, what separates clauses and what closes a
//! quotation are sets of characters over all scripts; words are hashes, so that a page's own
//! prose can tell which of them are function words.

use super::look::{SPACELESS_WORDS, words};
use super::tokenize::{Token, tokenize};
use crate::document::Span;

/// The shape of one paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state")]
pub struct ParagraphShape {
    /// Words; a character of a script without spaces is less than one.
    pub words: f64,
    /// Whether it ends as a sentence does, closing marks aside.
    pub is_ended: bool,
    /// Whether it ends in a colon.
    pub is_announcing: bool,
    /// Commas and semicolons.
    pub commas: u32,
    /// Sentence ends inside it.
    pub inner_ends: u32,
    /// Share of its characters that are digits, in 0..=1.
    pub digits: f64,
    /// Share of its words that begin with a capital, in 0..=1; 0 in scripts without capitals.
    pub capitals: f64,
    /// Whether an address of the web or of mail stands in it.
    pub has_address: bool,
    /// Whether it is short and a date, a time or a year stands in it.
    pub is_dated: bool,
    /// Mean letters and digits of its tokens.
    pub token_chars: f64,
    /// Range of its tokens in [`PageShape::tokens`].
    pub tokens: (usize, usize),
}

/// The shape of all paragraphs of a page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PageShape {
    /// The paragraphs, in order.
    pub paragraphs: Vec<ParagraphShape>,
    /// Hashes of the tokens of all paragraphs, in order.
    pub tokens: Vec<u64>,
}

impl PageShape {
    /// The shape of the paragraphs `spans` of `text`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dechaff::{Span, text::shape::PageShape};
    /// let shape = PageShape::new("Home\nRain fell, and rose.", [Span::new(0, 4), Span::new(5, 25)]);
    /// assert!(shape.paragraphs[1].is_ended && !shape.paragraphs[0].is_ended);
    /// assert_eq!((shape.paragraphs[1].words, shape.paragraphs[1].commas), (4.0, 1));
    /// ```
    pub fn new(text: &str, spans: impl IntoIterator<Item = Span>) -> Self {
        let mut shape = Self::default();
        let mut tokens: Vec<Token> = Vec::new();
        for span in spans {
            let paragraph = span.of(text);
            tokens.clear();
            tokenize(paragraph, &mut tokens);
            let start = shape.tokens.len();
            shape.tokens.extend(tokens.iter().map(|token| token.hash));
            let range = (start, shape.tokens.len());
            shape.paragraphs.push(paragraph_shape(paragraph, range));
        }
        shape
    }

    /// The token hashes of one of its paragraphs.
    pub fn tokens_of(&self, paragraph: &ParagraphShape) -> &[u64] {
        &self.tokens[paragraph.tokens.0..paragraph.tokens.1]
    }
}

/// Longer paragraphs are no lines of dates.
const DATED_WORDS_MAX: f64 = 12.0;

fn paragraph_shape(text: &str, tokens: (usize, usize)) -> ParagraphShape {
    let count = u32::try_from(tokens.1 - tokens.0).unwrap_or(u32::MAX);
    let words = words(text, count);
    debug_assert!(words >= SPACELESS_WORDS * f64::from(count) - 1e-6);
    let mut counts = Counts::default();
    text.chars().for_each(|c| counts.next(c));
    let body = text.trim_end_matches(is_closing);
    let last = body.chars().next_back();
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
    ParagraphShape {
        words,
        is_ended: last.is_some_and(is_end),
        is_announcing: matches!(last, Some(':' | '：')),
        commas: counts.commas,
        inner_ends: inner_ends(text),
        digits: share(counts.digits, counts.chars),
        capitals: if counts.has_case { share(counts.capital_words, counts.words) } else { 0.0 },
        has_address: has_address(text),
        is_dated: words < DATED_WORDS_MAX && counts.digits > 0 && is_dated(text),
        token_chars: share(counts.alphanumeric, count),
        tokens,
    }
}

/// What one pass over the characters counts.
#[derive(Default)]
struct Counts {
    chars: u32,
    digits: u32,
    alphanumeric: u32,
    commas: u32,
    /// Runs without white space that begin with a letter.
    words: u32,
    capital_words: u32,
    has_case: bool,
    is_in_word: bool,
}

impl Counts {
    fn next(&mut self, c: char) {
        self.chars += 1;
        self.commas += u32::from(is_comma(c));
        if c.is_whitespace() {
            self.is_in_word = false;
            return;
        }
        let begins_word = !std::mem::replace(&mut self.is_in_word, true);
        if c.is_alphabetic() {
            self.alphanumeric += 1;
            self.has_case = self.has_case || c.is_lowercase() || c.is_uppercase();
            self.words += u32::from(begins_word);
            self.capital_words += u32::from(begins_word && c.is_uppercase());
        } else if c.is_numeric() {
            self.alphanumeric += 1;
            self.digits += 1;
        }
    }
}

/// Sentence ends that something follows: a full stop before white space, closing marks between
/// them allowed, or an ideographic one.
fn inner_ends(text: &str) -> u32 {
    let mut characters = text.chars();
    characters.next_back();
    let (mut ends, mut after_stop) = (0, false);
    for c in characters {
        match c {
            '。' | '！' | '？' => {
                ends += 1;
                after_stop = false;
            }
            '.' | '!' | '?' | '…' => after_stop = true,
            '"' | '”' | '»' | ')' | '’' if after_stop => {}
            _ => {
                ends += u32::from(after_stop && c.is_whitespace());
                after_stop = false;
            }
        }
    }
    ends
}

fn has_address(text: &str) -> bool {
    text.contains('@') || text.contains("http") || text.contains("www.")
}

/// Whether two digits stand around a mark of dates and times, or four digits in a row.
fn is_dated(text: &str) -> bool {
    let (mut run, mut after_mark) = (0, false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c.is_numeric() {
            run += 1;
            if run >= 4 || after_mark {
                return true;
            }
        } else {
            after_mark = run > 0 && matches!(c, ':' | '/' | '.' | '-' | '年' | '月');
            run = 0;
            if after_mark && characters.peek().is_none_or(|next| !next.is_numeric()) {
                after_mark = false;
            }
        }
    }
    false
}

fn is_end(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '．' | '؟' | '۔' | '।' | ';' | '；')
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '）' | '】' | '」' | '』' | '›' | '“')
}

fn is_comma(c: char) -> bool {
    matches!(c, ',' | '，' | '、' | '،' | '؛' | ';' | '；')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, f64)]) {
        let shape = PageShape::new(text, [Span::new(0, text.len())]).paragraphs[0];
        for &(name, value) in expected {
            let found = match name {
                "words" => shape.words,
                "ended" => f64::from(u8::from(shape.is_ended)),
                "announcing" => f64::from(u8::from(shape.is_announcing)),
                "commas" => f64::from(shape.commas),
                "inner" => f64::from(shape.inner_ends),
                "digits" => shape.digits,
                "capitals" => shape.capitals,
                "address" => f64::from(u8::from(shape.has_address)),
                "dated" => f64::from(u8::from(shape.is_dated)),
                _ => shape.token_chars,
            };
            assert!((found - value).abs() < 1e-9, "{name} of {text:?}: {found}");
        }
    }

    #[test]
    fn prose_has_ends_and_commas() {
        check("He said: \"No.\" Then, at 5, he left.", &[("ended", 1.0), ("inner", 1.0)]);
        check("One, two; three?)", &[("ended", 1.0), ("commas", 2.0), ("inner", 0.0)]);
        check("他说。她来了！好", &[("inner", 2.0), ("words", 3.6), ("ended", 0.0)]);
        check("قال الوزير، ثم غادر؟", &[("ended", 1.0), ("commas", 1.0), ("words", 4.0)]);
    }

    #[test]
    fn headings_have_capitals_and_colons() {
        check("Read More Here", &[("capitals", 1.0), ("chars", 4.0), ("announcing", 0.0)]);
        check("see also:", &[("capitals", 0.0), ("announcing", 1.0)]);
        check("中文", &[("capitals", 0.0)]);
    }

    #[test]
    fn dates_and_addresses_are_seen() {
        check("12:57", &[("dated", 1.0), ("digits", 0.8)]);
        check("Nov 2026", &[("dated", 1.0)]);
        check("2011年11月", &[("dated", 1.0)]);
        check("3 of 12.", &[("dated", 0.0)]);
        check("mail@paper.example", &[("address", 1.0)]);
        check("", &[("dated", 0.0), ("words", 0.0)]);
    }
}
