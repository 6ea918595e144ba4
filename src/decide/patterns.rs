//! Reviewable lists of patterns that a paragraph matches as a whole.
//!
//! A pattern is a line of words; case and punctuation do not count, `#` stands for a run of
//! numbers, dates or identifiers, `*` for any words or none. It is compared token by token, so it
//! cannot blow up on hostile text.

use unicode_normalization::char::is_combining_mark;

use crate::error::{Error, Result};
use crate::hash::HashMap;
use crate::text::Fingerprint;
use crate::text::plain::is_hostile;
use crate::text::shingle::paragraph_fingerprints;
use crate::text::tokenize::{Token, is_invisible, is_spaceless, tokenize};

/// A list of patterns, ready to be matched.
///
/// # Examples
///
/// ```
/// use dechaff::decide::Patterns;
/// let patterns = Patterns::parse("// a comment\n# views\nrelated: *\n", "mine.txt")?;
/// assert_eq!(patterns.find("1,204 views"), Some("# views"));
/// assert_eq!(patterns.find("RELATED: what happened next"), Some("related: *"));
/// assert_eq!(patterns.find("Nobody views it so"), None);
/// # Ok::<(), dechaff::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    whole: HashMap<Fingerprint, String>,
    /// Patterns with `*`, cut there into runs of tokens.
    wild: Vec<(Vec<Vec<Token>>, String)>,
}

impl Patterns {
    /// Patterns from lines; empty lines and those that start with `//` are passed over.
    ///
    /// # Errors
    ///
    /// When a line holds no word at all; `name` is the file to name then.
    pub fn parse(lines: &str, name: &str) -> Result<Self> {
        let mut patterns = Self::default();
        for (number, line) in (1..).zip(lines.lines()) {
            let line = line.trim().trim_start_matches('\u{feff}');
            if !line.is_empty() && !line.starts_with("//") && !patterns.add(line) {
                let what = "has no word to match; every pattern needs one";
                return Err(Error::malformed(format!("{name}:{number}"), what));
            }
        }
        Ok(patterns)
    }

    /// Adds one pattern; `false` when it has no word.
    pub fn add(&mut self, pattern: &str) -> bool {
        let segments: Vec<Vec<Token>> = pattern.split('*').map(template_tokens).collect();
        if segments.iter().flatten().all(|token| token.is_slot) {
            return false;
        }
        if let [only] = segments.as_slice() {
            self.whole.insert(paragraph_fingerprints(only).1, pattern.to_owned());
        } else {
            self.wild.push((segments, pattern.to_owned()));
        }
        true
    }

    /// All patterns, in an order that is the same each time.
    pub(super) fn lines(&self) -> Vec<&str> {
        let mut lines: Vec<&str> = self.whole.values().map(String::as_str).collect();
        lines.sort_unstable();
        lines.extend(self.wild.iter().map(|(_, pattern)| pattern.as_str()));
        lines
    }

    /// Adds patterns that are known to have words.
    pub(super) fn extend(&mut self, patterns: &[String]) {
        for pattern in patterns {
            let has_word = self.add(pattern);
            debug_assert!(has_word, "a built-in pattern has a word: {pattern}");
        }
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.wild.is_empty()
    }

    /// The pattern that a paragraph matches, by its masked fingerprint and, where there are
    /// patterns with `*`, its text.
    pub fn find_paragraph(&self, masked: Fingerprint, text: &str) -> Option<&str> {
        if let Some(pattern) = self.whole.get(&masked) {
            return Some(pattern);
        }
        if self.wild.is_empty() {
            return None;
        }
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        let tokens = masked_tokens(tokens);
        let found = self.wild.iter().find(|(segments, _)| matches_wild(&tokens, segments));
        found.map(|(_, pattern)| pattern.as_str())
    }

    /// The pattern that `text`, taken as one paragraph, matches.
    pub fn find(&self, text: &str) -> Option<&str> {
        let mut tokens = Vec::new();
        tokenize(text, &mut tokens);
        self.find_paragraph(paragraph_fingerprints(&tokens).1, text)
    }
}

/// The pattern of a paragraph and of all that differ from it in numbers only; nothing where it has
/// no word.
///
/// Longer patterns end in `*` after about `characters` characters.
///
/// # Examples
///
/// ```
/// use dechaff::decide::patterns::pattern_of;
/// assert_eq!(pattern_of("Posted 26/11/2020, 3 * read", 200).as_deref(), Some("Posted # read"));
/// assert_eq!(pattern_of("// Related: a b c d", 10).as_deref(), Some("Related: *"));
/// assert_eq!(pattern_of("1,204", 200), None);
/// ```
pub fn pattern_of(text: &str, characters: usize) -> Option<String> {
    let mut pattern = PatternWriter::default();
    for character in text.chars() {
        pattern.push(character);
    }
    pattern.finish_word();
    let mut pattern = pattern.pattern.trim().to_owned();
    if let Some((most, _)) = pattern.char_indices().nth(characters)
        && let Some(space) = pattern.get(..most).and_then(|head| head.rfind(' '))
    {
        pattern.truncate(space);
        pattern.push_str(" *");
    }
    let has_word = template_tokens(&pattern.replace('*', " ")).iter().any(|t| !t.is_slot);
    has_word.then_some(pattern)
}

/// Spells a pattern: slots become `#`, what means something in a pattern goes.
#[derive(Default)]
struct PatternWriter {
    pattern: String,
    word: String,
    is_slot: bool,
    /// Where the pattern ends behind its last slot, when no word has come since.
    slot_end: Option<usize>,
}

impl PatternWriter {
    fn push(&mut self, character: char) {
        let is_mark = is_combining_mark(character);
        if is_spaceless(character) && (character.is_alphanumeric() || is_mark) {
            self.finish_word();
            self.word.push(character);
            self.is_slot = character.is_numeric();
            self.finish_word();
        } else if character.is_alphanumeric() {
            self.word.push(character);
            self.is_slot |= character.is_numeric();
        } else if is_mark {
            // A mark on no letter is no token.
            if !self.word.is_empty() {
                self.word.push(character);
            }
        } else if !is_invisible(character) {
            self.finish_word();
            if matches!(character, '*' | '#') || character.is_whitespace() || is_hostile(character)
            {
                if !self.pattern.ends_with(' ') {
                    self.pattern.push(' ');
                }
            } else if !self.pattern.is_empty() {
                // Punctuation at the head says nothing, and `//` would make a comment of it.
                self.pattern.push(character);
            }
        }
    }

    fn finish_word(&mut self) {
        if self.word.is_empty() {
            return;
        }
        if self.is_slot {
            match self.slot_end {
                Some(end) => self.pattern.truncate(end),
                None => self.pattern.push('#'),
            }
            self.slot_end = Some(self.pattern.len());
        } else {
            self.pattern.push_str(&self.word);
            self.slot_end = None;
        }
        self.word.clear();
        self.is_slot = false;
    }
}

/// The tokens of a pattern, its `#` as slots.
fn template_tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    tokenize(&pattern.replace('#', " 0 "), &mut tokens);
    masked_tokens(tokens)
}

/// Runs of slots become one slot, all of them alike.
fn masked_tokens(mut tokens: Vec<Token>) -> Vec<Token> {
    tokens.dedup_by(|next, before| next.is_slot && before.is_slot);
    for token in tokens.iter_mut().filter(|token| token.is_slot) {
        token.hash = 0;
    }
    tokens
}

/// Whether `tokens` begin with the first segment, end with the last and hold the others between,
/// in order; the leftmost place for each is enough.
fn matches_wild(tokens: &[Token], segments: &[Vec<Token>]) -> bool {
    let [first, middle @ .., last] = segments else { return false };
    let Some(mut rest) = tokens.strip_prefix(first.as_slice()) else { return false };
    for segment in middle.iter().filter(|segment| !segment.is_empty()) {
        let Some(at) = rest.windows(segment.len()).position(|window| window == segment) else {
            return false;
        };
        rest = &rest[at + segment.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        let patterns = Patterns::parse(pattern, "test").unwrap();
        assert_eq!(patterns.find(text).is_some(), expected, "{pattern:?} on {text:?}");
    }

    #[test]
    fn patterns_match_whole_paragraphs() {
        check("# views", "26 Views", true);
        check("# views", "26 views today", false);
        check("read *", "Read the news", true);
        check("read *", "Read", true);
        check("* read more", "The story … Read more", true);
        check("by * for *", "By Ann Lee for the Times", true);
        check("by * for *", "By Ann Lee of the Times", false);
        check("a * a", "a", false);
    }

    #[test]
    fn a_pattern_made_of_a_text_matches_it() {
        let texts = [
            "1,204 views",
            "// not a comment",
            "*** Read more *** #hashtag",
            "so\u{ad}ft\u{200b}ly said",
            "e\u{301}t\u{e9} 2020",
            "\u{4e2d}3\u{5b57}abc\u{5b57} 1 2",
            "one\n  two\u{202e}three\u{feff}",
            "\u{301}x a\u{301}1",
        ];
        for text in texts {
            let pattern = pattern_of(text, 400).unwrap();
            check(&pattern, text, true);
            assert!(!pattern.contains('\n') && !pattern.starts_with("//"), "{pattern:?}");
        }
        let long = "word 7 and ".repeat(90);
        let pattern = pattern_of(&long, 300).unwrap();
        assert!(pattern.ends_with(" *") && pattern.len() <= 302);
        check(&pattern, &long, true);
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_made_of_a_text_matches_it(text in r"[\PC\n#*/0-9a-c \u{200b}\u{301}]{0,40}") {
            if let Some(pattern) = pattern_of(&text, 1000) {
                check(&pattern, &text, true);
            }
        }
    }

    #[test]
    fn a_pattern_without_a_word_is_refused_by_line() {
        let error = Patterns::parse("fine\n\n * # *", "deny.txt").unwrap_err();
        assert!(error.to_string().starts_with("deny.txt:3: "), "{error}");
    }
}
