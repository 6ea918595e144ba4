//! How a record spells its text, so that spans of the text can be found and put back in the record.

use std::borrow::Cow;

use super::jsonl::{self, LiteralWalk};
use crate::document::Span;

/// How the bytes of a record spell the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// As they are: the text in UTF-8.
    #[default]
    Plain,
    /// Inside a JSON string, with escapes.
    Json,
    /// Inside a quoted CSV field, where a quote is doubled.
    Quoted,
    /// In a CSV field without quotes, which must not begin with one.
    Unquoted,
}

impl Spelling {
    /// Where `spans` of the text (sorted, disjoint, on character borders) lie in its spelling.
    ///
    /// # Panics
    ///
    /// When a span reaches beyond the text.
    pub fn spans(self, inner: &str, spans: &[Span]) -> Vec<Span> {
        match self {
            Self::Plain | Self::Unquoted => spans.to_vec(),
            Self::Json => jsonl::literal_spans(inner, spans),
            Self::Quoted => {
                let mut walk = Walk::new(self, inner);
                let mut at = |place| walk.literal_at(place).expect("a span lies in its text");
                spans.iter().map(|span| Span::new(at(span.start), at(span.end))).collect()
            }
        }
    }

    /// How this program spells `text`.
    pub fn canonical(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Plain | Self::Unquoted => Cow::Borrowed(text),
            Self::Json => Cow::Owned(jsonl::canonical(text)),
            Self::Quoted => Cow::Owned(text.replace('"', "\"\"")),
        }
    }
}

/// Walks a spelling and the text it spells side by side.
pub(crate) enum Walk<'a> {
    Plain,
    Json(LiteralWalk<'a>),
    Quoted { bytes: &'a [u8], literal: usize, text: usize },
}

impl<'a> Walk<'a> {
    pub(crate) fn new(spelling: Spelling, inner: &'a str) -> Self {
        match spelling {
            Spelling::Plain | Spelling::Unquoted => Self::Plain,
            Spelling::Json => Self::Json(LiteralWalk::new(inner)),
            Spelling::Quoted => Self::Quoted { bytes: inner.as_bytes(), literal: 0, text: 0 },
        }
    }

    /// The place in the spelling of byte `place` of the text; nothing when the text is shorter or an
    /// escape would be cut. Calls must not go back.
    pub(crate) fn literal_at(&mut self, place: usize) -> Option<usize> {
        match self {
            Self::Plain => Some(place),
            Self::Json(walk) => walk.literal_at(place),
            Self::Quoted { bytes, literal, text } => {
                while *text < place {
                    let rest = bytes.get(*literal..).unwrap_or(&[]);
                    let plain = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    let step = plain.min(place - *text);
                    if step > 0 {
                        *literal += step;
                        *text += step;
                    } else if rest.is_empty() {
                        break;
                    } else {
                        *literal += 2.min(rest.len());
                        *text += 1;
                    }
                }
                (*text == place).then_some(*literal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_found_behind_doubled_quotes() {
        let check = |inner: &str, span: (usize, usize), expected: (usize, usize)| {
            let found = Spelling::Quoted.spans(inner, &[Span::new(span.0, span.1)]);
            assert_eq!(found, [Span::new(expected.0, expected.1)], "{inner}");
        };
        check(r#"a ""b"" c"#, (2, 5), (2, 7));
        check(r#"a ""b"" c"#, (6, 7), (8, 9));
        check(r#""""""#, (0, 2), (0, 4));
        assert_eq!(Spelling::Quoted.canonical(r#"say "so""#), r#"say ""so"""#);
    }
}
