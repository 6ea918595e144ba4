//! Reviewable lists of patterns that a paragraph matches as a whole.
//!
//! A pattern is a line of words; case and punctuation do not count, `#` stands for a run of
//! numbers, dates or identifiers, `*` for any words or none. It is compared token by token, so it
//! cannot blow up on hostile text.

use crate::error::{Error, Result};
use crate::hash::HashMap;
use crate::text::Fingerprint;
use crate::text::shingle::paragraph_fingerprints;
use crate::text::tokenize::{Token, tokenize};

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
    fn a_pattern_without_a_word_is_refused_by_line() {
        let error = Patterns::parse("fine\n\n * # *", "deny.txt").unwrap_err();
        assert!(error.to_string().starts_with("deny.txt:3: "), "{error}");
    }
}
