//! What a whole document looks like: the text of a page, or an article taken out of one.
//!
//! A page's text is full of short lines that end no sentence, many of them in a row: menus,
//! teasers, footers. An article taken out of a page has few.

use unicode_normalization::char::is_combining_mark;

use super::sketch::{Ending, ParagraphSketch};
use super::tokenize::is_spaceless;

/// What a document looks like, by its short lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Look {
    /// Like an article.
    #[default]
    Article,
    /// Rather like a page: worth a vote among the documents of its site.
    Doubtful,
    /// So much like a page that it needs no other document to say so.
    Page,
}

/// A paragraph of fewer words that ends no sentence is a short line.
const SHORT_WORDS: f64 = 8.0;
/// What one character of a script without spaces is of a word.
pub const SPACELESS_WORDS: f64 = 0.6;
/// A document with fewer short lines has nothing that would be worth taking out.
const SHORT_MIN: usize = 10;

/// What a document looks like, given its text and paragraphs.
///
/// # Examples
///
/// ```
/// use dechaff::{Document, text::{Sketcher, look::Look}};
/// let look = |text: &str| Sketcher::default().sketch(&Document::new("1", "", text)).look;
/// assert_eq!(look("The river rose in the night.\nBy noon it had fallen."), Look::Article);
/// assert_eq!(look("Home\nNews\nSports\nLocal\nAbout\nHelp\nShop\nJobs\nLogin\nTerms"), Look::Page);
/// ```
pub fn look(text: &str, paragraphs: &[ParagraphSketch]) -> Look {
    let (mut short, mut run, mut longest) = (0_usize, 0_usize, 0_usize);
    for paragraph in paragraphs {
        if is_short_line(paragraph, paragraph.span.of(text)) {
            short += 1;
            run += 1;
            longest = longest.max(run);
        } else {
            run = 0;
        }
    }
    let all = paragraphs.len();
    if short < SHORT_MIN {
        Look::Article
    } else if longest >= 5 && 10 * short >= 4 * all {
        Look::Page
    } else if longest >= 4 && 10 * short >= 3 * all {
        Look::Doubtful
    } else {
        Look::Article
    }
}

fn is_short_line(paragraph: &ParagraphSketch, text: &str) -> bool {
    if matches!(paragraph.ending, Ending::Sentence | Ending::Question) {
        return false;
    }
    let tokens = f64::from(paragraph.tokens);
    // Characters need counting only where they can change the answer.
    tokens < SHORT_WORDS
        || (tokens * SPACELESS_WORDS < SHORT_WORDS && words(text, paragraph.tokens) < SHORT_WORDS)
}

/// How many words a paragraph of so many tokens has: a character of a script without spaces is
/// less than a word.
pub(crate) fn words(text: &str, tokens: u32) -> f64 {
    if text.is_ascii() {
        return f64::from(tokens);
    }
    let is_token = |c: char| is_spaceless(c) && (c.is_alphanumeric() || is_combining_mark(c));
    let spaceless = text.chars().filter(|&c| is_token(c)).count();
    let spaceless = f64::from(u32::try_from(spaceless).unwrap_or(u32::MAX).min(tokens));
    f64::from(tokens) - spaceless + SPACELESS_WORDS * spaceless
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::text::Sketcher;

    fn check(lines: &[(&str, usize)], expected: Look) {
        let text: String = lines.iter().map(|(line, times)| line.repeat(*times)).collect();
        let found = Sketcher::default().sketch(&Document::new("1", "", text.clone())).look;
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn many_short_lines_in_a_row_are_a_page() {
        let prose = "The old mill by the river was sold to a cook.\n";
        check(&[], Look::Article);
        check(&[("Home\n", 9)], Look::Article);
        check(&[("Home\n", 10)], Look::Page);
        check(&[("Home\n", 10), (prose, 15)], Look::Page);
        check(&[("Home\n", 10), (prose, 20)], Look::Doubtful);
        check(&[("Home\n", 10), (prose, 40)], Look::Article);
        check(&[(prose, 40)], Look::Article);
    }

    #[test]
    fn characters_of_scripts_without_spaces_are_less_than_words() {
        check(&[("中文中文中文中文中文中文中\n", 10)], Look::Page);
        check(&[("中文中文中文中文中文中文中文\n", 10)], Look::Article);
    }
}
