//! One JSON object a line: the text value is found without building a tree, and written back with
//! nothing changed but the removed bytes.

use sonic_rs::{JsonType, JsonValueTrait, LazyValue};

use super::site::{SiteFrom, site};
use super::{BYTE_ORDER_MARK, Decoded, Malformed, RecordPlace, Spelling, utf8, without_line_end};
use crate::document::{Document, Span};
use crate::io::source::Source;

/// Which fields of a record mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The text.
    pub text: String,
    /// The identifier.
    pub id: String,
    /// The address it was scraped from.
    pub url: String,
    /// The site.
    pub site: String,
    /// What orders the documents, when it is not the order of the inputs.
    pub order: Option<String>,
    /// Where the site is taken from.
    pub site_from: SiteFrom,
}

impl Default for Fields {
    fn default() -> Self {
        Self {
            text: "text".to_owned(),
            id: "id".to_owned(),
            url: "url".to_owned(),
            site: "site".to_owned(),
            order: None,
            site_from: SiteFrom::Auto,
        }
    }
}

/// The values of the fields that matter; of a key that stands twice the last value counts.
#[derive(Default)]
struct Found<'a> {
    text: Option<LazyValue<'a>>,
    id: Option<LazyValue<'a>>,
    url: Option<LazyValue<'a>>,
    site: Option<LazyValue<'a>>,
    order: Option<LazyValue<'a>>,
}

/// Reads a record off a line, its line end included or not; `place` is where the line stands.
///
/// # Errors
///
/// When the line is no JSON object with a text in the text field, or is not UTF-8.
pub fn decode<'a>(
    raw: &'a [u8],
    place: RecordPlace,
    source: &Source,
    fields: &Fields,
) -> Result<Decoded<'a>, Malformed> {
    let line = utf8(without_line_end(raw))?;
    let line = match line.as_bytes().strip_prefix(BYTE_ORDER_MARK) {
        Some(_) if place.offset == 0 => line.trim_start_matches('\u{feff}'),
        _ => line,
    };
    if is_nested_deeper(line, NESTING_MAX) {
        return Err(Malformed(format!("is nested deeper than {NESTING_MAX} levels")));
    }
    let found = find(line, fields)?;
    let missing = || Malformed(format!("has no field {:?}; see --text-field", fields.text));
    let value = found.text.as_ref().ok_or_else(missing)?;
    let literal = value.as_raw_str();
    if value.get_type() != JsonType::String {
        return Err(Malformed(format!("has a field {:?} that is no string", fields.text)));
    }
    let text = unescape(literal)
        .map_err(|what| Malformed(format!("has a field {:?} with {what}", fields.text)))?;
    let id = found.id.as_ref().and_then(scalar);
    let id = id.unwrap_or_else(|| format!("{}:{}", source.key, place.line));
    let (field, url) = (found.site.as_ref().and_then(scalar), found.url.as_ref().and_then(scalar));
    let site = site_of(fields, source, field.as_deref(), url.as_deref());
    let text_start = literal.as_ptr().addr() - raw.as_ptr().addr() + 1;
    Ok(Decoded {
        document: Document { id, site, text },
        text: Span::new(text_start, text_start + literal.len() - 2),
        spelling: Spelling::Json,
        order: found.order.as_ref().map_or(0, order),
        ..Decoded::unjudged(raw, place)
    })
}

/// The site of a record that has these values for its site and address.
pub(super) fn site_of(
    fields: &Fields,
    source: &Source,
    field: Option<&str>,
    url: Option<&str>,
) -> String {
    let folder = match source.place {
        crate::io::source::Place::Path(_) if fields.site_from == SiteFrom::Folder => {
            source.folder()
        }
        _ => "",
    };
    site(fields.site_from, field, url, folder)
}

/// The parser calls itself for each level, and the stack of a thread is small.
const NESTING_MAX: usize = 128;

/// Whether arrays and objects stand in each other more than `levels` deep.
fn is_nested_deeper(line: &str, levels: usize) -> bool {
    let bytes = line.as_bytes();
    if memchr::memchr2_iter(b'[', b'{', bytes).nth(levels).is_none() {
        return false;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => at = string_end(bytes, at + 1),
            _ => {}
        }
        if depth > levels {
            return true;
        }
        at += 1;
    }
    false
}

/// Where the string that begins at `at` is closed; the end of the line when it is not.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        if bytes[at + found] == b'"' {
            return at + found;
        }
        at += found + 2;
    }
    bytes.len()
}

/// Where the text value of a line lies, quotes left out.
pub(crate) fn text_literal(raw: &[u8], text_field: &str) -> Result<(usize, usize), Malformed> {
    let line = utf8(without_line_end(raw))?.trim_start_matches('\u{feff}');
    let fields = Fields { text: text_field.to_owned(), ..Fields::default() };
    let value = find(line, &fields)?.text;
    let value = value.ok_or_else(|| Malformed(format!("has no field {text_field:?}")))?;
    let literal = value.as_raw_str();
    let start = literal.as_ptr().addr() - raw.as_ptr().addr() + 1;
    Ok((start, start + literal.len().saturating_sub(2)))
}

fn find<'a>(line: &'a str, fields: &Fields) -> Result<Found<'a>, Malformed> {
    let mut found = Found::default();
    let mut end = None;
    for pair in sonic_rs::to_object_iter(line) {
        let (key, value) = pair.map_err(|error| {
            let error = error.to_string();
            Malformed(format!("is no JSON object: {}", error.lines().next().unwrap_or_default()))
        })?;
        let raw = value.as_raw_str();
        end = Some(raw.as_ptr().addr() - line.as_ptr().addr() + raw.len());
        if key == fields.text {
            found.text = Some(value);
        } else if key == fields.id {
            found.id = Some(value);
        } else if key == fields.url {
            found.url = Some(value);
        } else if key == fields.site {
            found.site = Some(value);
        } else if fields.order.as_ref().is_some_and(|order| key == *order) {
            found.order = Some(value);
        }
    }
    let rest = end.and_then(|end| line.get(end..)).unwrap_or("}").trim_start();
    if rest.strip_prefix('}').is_none_or(|rest| !rest.trim().is_empty()) {
        return Err(Malformed("has something behind its JSON object".to_owned()));
    }
    Ok(found)
}

/// A string or a number as text; nothing for other types.
fn scalar(value: &LazyValue) -> Option<String> {
    match value.get_type() {
        JsonType::String => unescape(value.as_raw_str()).ok().filter(|text| !text.is_empty()),
        JsonType::Number => Some(value.as_raw_str().to_owned()),
        _ => None,
    }
}

fn order(value: &LazyValue) -> u64 {
    order_key(&scalar(value).unwrap_or_default())
}

/// A place in an order: an integer is itself, a text its first 14 digits (as of an ISO date);
/// what has neither comes last. Keys compare as the values do, negative ones included.
///
/// # Examples
///
/// ```
/// use dechaff::io::read::jsonl::order_key;
/// assert!(order_key("-1") < order_key("7"));
/// assert!(order_key("2024-05-31") < order_key("2024-06-01T10:00"));
/// ```
pub fn order_key(text: &str) -> u64 {
    if let Ok(number) = text.parse::<i64>() {
        return number.cast_unsigned() ^ (1 << 63);
    }
    let digits: Vec<u64> = text.chars().filter_map(|c| c.to_digit(10)).map(u64::from).collect();
    if digits.is_empty() {
        return u64::MAX;
    }
    let padded = digits.into_iter().chain(std::iter::repeat(0)).take(14);
    padded.fold(0, |sum, digit| sum * 10 + digit) ^ (1 << 63)
}

/// The text that a JSON string literal, quotes included, spells.
pub(crate) fn unescape(literal: &str) -> Result<String, &'static str> {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or("");
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(inner.to_owned());
    }
    if let Some(text) = of_short_escapes(inner) {
        return Ok(text);
    }
    sonic_rs::from_str(literal).map_err(|_| "an escape that is no character (a lone surrogate)")
}

/// The text that a literal without its quotes spells, when all escapes in it are of two characters,
/// as they are in most texts, and nothing is bare that must be escaped: a fifth of what the parser
/// takes for it.
fn of_short_escapes(inner: &str) -> Option<String> {
    // Not `any`: a loop without an early end is vector code.
    if inner.bytes().fold(0, |bare, byte| bare | u8::from(byte < b' ')) != 0 {
        return None;
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(rest.get(..at)?);
        text.push(match rest.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            mark @ (b'"' | b'\\' | b'/') => char::from(*mark),
            _ => return None,
        });
        rest = rest.get(at + 2..)?;
    }
    text.push_str(rest);
    Some(text)
}

/// Where the bytes `spans` of the unescaped text lie in the literal `inner` (without quotes).
///
/// The spans are sorted, disjoint and on character borders.
///
/// # Panics
///
/// When a span reaches beyond the text or cuts an escape.
///
/// # Examples
///
/// ```
/// use dechaff::{Span, io::read::jsonl::literal_spans};
/// let inner = r"one\ntw\u00f6";
/// assert_eq!(literal_spans(inner, &[Span::new(3, 4), Span::new(6, 8)]), [
///     Span::new(3, 5),
///     Span::new(7, 13),
/// ]);
/// ```
pub fn literal_spans(inner: &str, spans: &[Span]) -> Vec<Span> {
    let mut walk = LiteralWalk::new(inner);
    let mut at = |text| walk.literal_at(text).expect("a span lies in its text");
    spans.iter().map(|span| Span::new(at(span.start), at(span.end))).collect()
}

/// Walks a literal and the text it spells side by side.
pub(crate) struct LiteralWalk<'a> {
    bytes: &'a [u8],
    literal: usize,
    text: usize,
}

impl<'a> LiteralWalk<'a> {
    pub(crate) fn new(inner: &'a str) -> Self {
        Self { bytes: inner.as_bytes(), literal: 0, text: 0 }
    }

    /// The place in the literal of byte `text` of the text; nothing when the text is shorter or an
    /// escape would be cut. Calls must not go back.
    pub(crate) fn literal_at(&mut self, text: usize) -> Option<usize> {
        while self.text < text {
            let rest = &self.bytes[self.literal..];
            let plain = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            let step = plain.min(text - self.text);
            if step > 0 {
                self.literal += step;
                self.text += step;
            } else if rest.is_empty() {
                break;
            } else {
                let (literal, text) = escape_lengths(rest);
                self.literal += literal;
                self.text += text;
            }
        }
        (self.text == text).then_some(self.literal)
    }
}

/// Bytes of the escape at the head of `rest`, and bytes of UTF-8 that it spells.
fn escape_lengths(rest: &[u8]) -> (usize, usize) {
    if rest.get(1) != Some(&b'u') {
        return (2.min(rest.len()), 1);
    }
    let digits = rest.get(2..6).and_then(|hex| std::str::from_utf8(hex).ok());
    let unit = digits.and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0);
    match unit {
        0..0x80 => (6.min(rest.len()), 1),
        0x80..0x800 => (6, 2),
        0xD800..0xDC00 => (12.min(rest.len()), 4),
        _ => (6, 3),
    }
}

/// How this program spells `text` inside a JSON string, quotes left out.
pub(crate) fn canonical(text: &str) -> String {
    let mut literal = serde_json::Value::from(text).to_string();
    literal.pop();
    literal.remove(0);
    literal
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn short_escapes_spell_what_the_parser_reads(
            inner in r#"([a-zé ]{0,4}|\\[nrtbf/"\\x]|\\u00e9|\n){0,9}"#,
        ) {
            let literal = format!("\"{inner}\"");
            if let Some(text) = of_short_escapes(&inner) {
                prop_assert_eq!(Some(text), serde_json::from_str::<String>(&literal).ok());
            }
        }
    }

    #[test]
    fn what_is_not_a_short_escape_is_left_to_the_parser() {
        assert_eq!(of_short_escapes(r"a\nb\\").as_deref(), Some("a\nb\\"));
        for inner in [r"\u00e9", r"\x", "a\nb", r"a\"] {
            assert_eq!(of_short_escapes(inner), None, "{inner:?}");
        }
    }
}
