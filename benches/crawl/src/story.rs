//! The stories: title and paragraphs as a pure function of seed, document and paragraph number.
//!
//! Nothing is remembered. Whoever wants to copy a paragraph of document 17 while writing document
//! 40 million has it written again, which is why memory does not grow with the crawl.

use crate::lexicon::{Lexicon, capitalize, serial_name};
use crate::random::Random;
use std::fmt::Write as _;

/// Paragraphs of one document at most, titles included; it is also the step between family numbers.
pub(crate) const PARAGRAPHS_MAX: u32 = 64;

/// Below this many words a paragraph could recur by chance, so it carries a serial name.
const WORDS_SURE: u32 = 12;

const PURPOSE_LENGTH: u64 = 1;
const PURPOSE_PARAGRAPH: u64 = 2;

/// Writes stories of one seed over one vocabulary.
#[derive(Debug, Clone)]
pub(crate) struct Stories {
    seed: u64,
    lexicon: Lexicon,
    paragraphs_min: u32,
    paragraphs_max: u32,
}

impl Stories {
    /// Stories of `paragraphs_min` to `paragraphs_max` paragraphs, the title counted.
    pub(crate) fn new(
        seed: u64,
        lexicon: Lexicon,
        paragraphs_min: u32,
        paragraphs_max: u32,
    ) -> Self {
        Self { seed, lexicon, paragraphs_min, paragraphs_max: paragraphs_max.min(PARAGRAPHS_MAX) }
    }

    /// The vocabulary the stories are written in.
    pub(crate) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// How many paragraphs document `document` has, title included: more often few than many.
    pub(crate) fn paragraphs(&self, document: u64) -> u32 {
        let mut random = Random::keyed(self.seed, PURPOSE_LENGTH, document, 0);
        let spread = self.paragraphs_max.saturating_sub(self.paragraphs_min) + 1;
        self.paragraphs_min + random.below(spread).min(random.below(spread + spread / 2))
    }

    /// The number that names a paragraph in the whole crawl; copies carry it as their family.
    pub(crate) fn family(document: u64, paragraph: u32) -> u64 {
        document * u64::from(PARAGRAPHS_MAX) + u64::from(paragraph)
    }

    /// Appends paragraph `paragraph` of document `document`; paragraph 0 is the title.
    pub(crate) fn write(&self, document: u64, paragraph: u32, out: &mut String) {
        let serial = Self::family(document, paragraph);
        let mut random =
            Random::keyed(self.seed, PURPOSE_PARAGRAPH, document, u64::from(paragraph));
        if paragraph == 0 {
            let words = random.between(6, 13);
            return self.heading(&mut random, words, serial, out);
        }
        if random.chance(50) {
            let words = random.between(2, 5);
            return self.heading(&mut random, words, serial, out);
        }
        let sentences = [1, 1, 1, 2, 2, 2, 2, 3, 3, 4][random.below(10) as usize];
        // One style of quotation mark a document, as an editor would see to.
        let quotes =
            if document.is_multiple_of(3) { ("\"", "\"") } else { ("\u{201c}", "\u{201d}") };
        for sentence in 0..sentences {
            if sentence > 0 {
                out.push(' ');
            }
            let words = 6 + random.below(13) + random.below(13);
            let serial = (sentences == 1 && words < WORDS_SURE).then_some(serial);
            if words <= 26 && random.chance(130) {
                self.quotation(&mut random, words, serial, (quotes, out));
            } else {
                self.clause(&mut random, words, serial, out);
                out.push_str(if random.chance(40) { "?" } else { "." });
            }
        }
    }

    fn heading(&self, random: &mut Random, words: u32, serial: u64, out: &mut String) {
        self.clause(random, words, Some(serial), out);
    }

    fn quotation(
        &self,
        random: &mut Random,
        words: u32,
        serial: Option<u64>,
        ((open, close), out): ((&str, &str), &mut String),
    ) {
        out.push_str(open);
        self.clause(random, words, serial, out);
        out.push(',');
        out.push_str(close);
        out.push(' ');
        out.push_str(self.lexicon.draw(random));
        out.push(' ');
        self.lexicon.person(random, out);
        out.push('.');
    }

    /// Appends words with commas, numbers and names among them, without a final stop.
    pub(crate) fn clause(
        &self,
        random: &mut Random,
        words: u32,
        serial: Option<u64>,
        out: &mut String,
    ) {
        let serial_at = serial.map(|_| random.below(words));
        for position in 0..words {
            if position > 0 {
                out.push(' ');
            }
            let turn = random.below(1000);
            if let (true, Some(serial)) = (serial_at == Some(position), serial) {
                serial_name(serial, out);
            } else if position == 0 {
                capitalize(self.lexicon.draw(random), out);
            } else if turn < 25 {
                number(random, out);
            } else if turn < 45 {
                self.lexicon.person(random, out);
            } else if turn < 55 {
                self.lexicon.place(random, out);
            } else {
                out.push_str(self.lexicon.draw(random));
            }
            if turn >= 930 && position > 0 && position + 2 < words {
                out.push(',');
            }
        }
    }
}

/// Appends a number in one of the spellings news has for them.
fn number(random: &mut Random, out: &mut String) {
    match random.below(5) {
        0 | 1 => push_number(random.between(2, 99), out),
        2 => grouped(random.between(1_000, 400_000), out),
        3 => push_number(random.between(1_950, 2_029), out),
        _ => {
            push_number(random.below(100), out);
            out.push('.');
            push_number(random.below(10), out);
        }
    }
}

/// Appends a number in decimal digits.
pub(crate) fn push_number(number: u32, out: &mut String) {
    let written = write!(out, "{number}");
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
}

/// Appends a number with a comma before each three digits.
pub(crate) fn grouped(number: u32, out: &mut String) {
    if number >= 1000 {
        grouped(number / 1000, out);
        let written = write!(out, ",{:03}", number % 1000);
        debug_assert!(written.is_ok(), "a String takes all that is written to it");
    } else {
        push_number(number, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn stories() -> Stories {
        Stories::new(5, Lexicon::new(5, 60_000), 8, 40)
    }

    #[test]
    fn a_paragraph_is_the_same_whenever_it_is_written() {
        let (stories, mut early, mut late) = (stories(), String::new(), String::new());
        stories.write(17, 3, &mut early);
        for document in 0..50 {
            stories.write(document, 1, &mut String::new());
        }
        stories.write(17, 3, &mut late);
        assert_eq!(early, late);
        assert!(!early.is_empty() && !early.contains('\n'));
    }

    #[test]
    fn no_paragraph_comes_twice() {
        let (stories, mut seen) = (stories(), BTreeSet::new());
        for document in 0..3_000 {
            for paragraph in 0..stories.paragraphs(document) {
                let mut text = String::new();
                stories.write(document, paragraph, &mut text);
                assert!(seen.insert(text), "document {document}, paragraph {paragraph}");
            }
        }
    }

    #[test]
    fn paragraphs_have_the_lengths_of_news() {
        let (stories, mut short, mut total, mut words) = (stories(), 0, 0, 0);
        for document in 0..2_000 {
            let count = stories.paragraphs(document);
            assert!((8..=40).contains(&count));
            for paragraph in 1..count {
                let mut text = String::new();
                stories.write(document, paragraph, &mut text);
                let tokens = text.split_whitespace().count();
                words += tokens;
                short += usize::from(tokens < 8);
                total += 1;
            }
        }
        assert!((36..46).contains(&(words / total)), "mean words {}", words / total);
        assert!((40..90).contains(&(1000 * short / total)), "short {short} of {total}");
    }

    #[test]
    fn grouped_numbers() {
        let mut out = String::new();
        for number in [7, 999, 1_000, 40_005, 1_234_567] {
            grouped(number, &mut out);
            out.push(' ');
        }
        assert_eq!(out, "7 999 1,000 40,005 1,234,567 ");
    }
}
