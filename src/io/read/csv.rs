//! CSV and TSV with a header (RFC 4180): the bytes of each field are found in the record as it was
//! read, so that what is not removed text keeps its spelling.
//!
//! The `csv` crate reads records without their place in the bytes; a test holds that it sees the
//! same fields.

use std::borrow::Cow;
use std::sync::Arc;

use super::encoding::Opened;
use super::records::{Ends, Records, Splitter};
use super::spelling::Spelling;
use super::{Decoded, Fields, Layout, Limits, Malformed, RecordPlace, jsonl, utf8};
use crate::document::{Document, Span};
use crate::error::Error;
use crate::io::source::Source;

/// What the header says: which column is what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    delimiter: u8,
    columns: usize,
    text: usize,
    id: Option<usize>,
    url: Option<usize>,
    site: Option<usize>,
    order: Option<usize>,
}

/// Where a field lies in its record, quotes left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    span: Span,
    spelling: Spelling,
}

/// Tells records apart: a line end inside quotes is text.
#[derive(Debug)]
pub(crate) struct Quotes {
    delimiter: u8,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A field begins.
    Start,
    /// In a field without quotes, or behind the closing quote.
    Bare,
    /// In a quoted field.
    Quoted,
    /// Behind a quote in a quoted field: the end, or the first of two.
    Quote,
}

impl State {
    fn after(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Start | Self::Quote, b'"') | (Self::Quoted, _) => Self::Quoted,
            (_, b'\n') => Self::Start,
            (_, byte) if byte == delimiter => Self::Start,
            _ => Self::Bare,
        }
    }
}

impl Quotes {
    pub(crate) fn new(delimiter: u8) -> Self {
        Self { delimiter, state: State::Start }
    }
}

impl Splitter for Quotes {
    fn ends(&mut self, piece: &[u8]) -> Ends {
        for byte in piece {
            self.state = self.state.after(*byte, self.delimiter);
        }
        let is_end = piece.ends_with(b"\n") && self.state == State::Start;
        if is_end { Ends::Here } else { Ends::Later }
    }
}

/// The fields of a record, in order.
fn fields(raw: &[u8], delimiter: u8) -> Result<Vec<Field>, Malformed> {
    let end = raw.strip_suffix(b"\n").unwrap_or(raw);
    let end = end.strip_suffix(b"\r").unwrap_or(end).len();
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let (field, next) = field(raw, Span::new(at, end), delimiter)?;
        fields.push(field);
        match next {
            Some(next) => at = next,
            None => return Ok(fields),
        }
    }
}

/// The field at the start of `rest`, and where the next one starts.
fn field(raw: &[u8], rest: Span, delimiter: u8) -> Result<(Field, Option<usize>), Malformed> {
    let bytes = raw.get(rest.start..rest.end).unwrap_or(&[]);
    if bytes.first() != Some(&b'"') {
        let length = memchr::memchr(delimiter, bytes);
        let end = rest.start + length.unwrap_or(bytes.len());
        let field = Field { span: Span::new(rest.start, end), spelling: Spelling::Unquoted };
        return Ok((field, length.map(|_| end + 1)));
    }
    let mut at = 1;
    loop {
        let rest_of = bytes.get(at..).unwrap_or(&[]);
        let Some(quote) = memchr::memchr(b'"', rest_of) else {
            return Err(Malformed("has a quote that is not closed".to_owned()));
        };
        at += quote;
        match bytes.get(at + 1) {
            Some(b'"') => at += 2,
            next @ (None | Some(_)) if next.is_none_or(|next| *next == delimiter) => {
                let span = Span::new(rest.start + 1, rest.start + at);
                let next = next.map(|_| rest.start + at + 2);
                return Ok((Field { span, spelling: Spelling::Quoted }, next));
            }
            _ => return Err(Malformed("has text behind a closing quote".to_owned())),
        }
    }
}

/// What a field says.
fn value(raw: &[u8], field: Field) -> Result<Cow<'_, str>, Malformed> {
    let text = utf8(raw.get(field.span.start..field.span.end).unwrap_or(&[]))?;
    Ok(match field.spelling {
        Spelling::Quoted if text.contains('"') => Cow::Owned(text.replace("\"\"", "\"")),
        _ => Cow::Borrowed(text),
    })
}

impl Header {
    /// Reads the header; of columns with the same name the last counts, as Python has it.
    pub(crate) fn parse(raw: &[u8], delimiter: u8, names: &Fields) -> Result<Self, Malformed> {
        let fields = fields(raw, delimiter)?;
        let columns = fields.iter().map(|field| value(raw, *field));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let find = |name: &str| columns.iter().rposition(|column| column == name);
        let text = find(&names.text).ok_or_else(|| {
            let known = columns.join(", ");
            let what = "has no column";
            Malformed(format!("{what} {:?}, only {known}; see --text-field", names.text))
        })?;
        Ok(Self {
            delimiter,
            columns: columns.len(),
            text,
            id: find(&names.id),
            url: find(&names.url),
            site: find(&names.site),
            order: names.order.as_deref().and_then(find),
        })
    }
}

/// Reads a record off its bytes.
pub(super) fn decode<'a>(
    raw: &'a [u8],
    place: RecordPlace,
    (source, names): (&Source, &Fields),
    header: &Header,
) -> Result<Decoded<'a>, Malformed> {
    let fields = fields(raw, header.delimiter)?;
    if fields.len() != header.columns {
        let what = format!("has {} fields where the header has {}", fields.len(), header.columns);
        return Err(Malformed(what));
    }
    utf8(raw)?;
    let of = |column: Option<usize>| -> Result<Option<Cow<'a, str>>, Malformed> {
        let found = column.map(|column| value(raw, fields[column])).transpose()?;
        Ok(found.filter(|value| !value.is_empty()))
    };
    let id = of(header.id)?.map(Cow::into_owned);
    let (site, url) = (of(header.site)?, of(header.url)?);
    let field = fields[header.text];
    Ok(Decoded {
        document: Document {
            id: id.unwrap_or_else(|| format!("{}:{}", source.key, place.line)),
            site: jsonl::site_of(names, source, site.as_deref(), url.as_deref()),
            text: value(raw, field)?.into_owned(),
        },
        raw: Cow::Borrowed(raw),
        text: field.span,
        spelling: field.spelling,
        order: of(header.order)?.map_or(0, |order| jsonl::order_key(&order)),
        ..Decoded::unjudged(raw, place)
    })
}

/// Where the text lies in a record of a cleaned file, and how it is spelled.
pub(crate) fn text_field(raw: &[u8], header: &Header) -> Result<(Span, Spelling), Malformed> {
    let fields = fields(raw, header.delimiter)?;
    let missing = || Malformed("has too few fields".to_owned());
    let field = fields.get(header.text).ok_or_else(missing)?;
    Ok((field.span, field.spelling))
}

/// A reader of records whose header was read; the header passes through.
pub(super) fn reader(
    opened: Opened,
    delimiter: u8,
    (names, limits): (&Fields, &Limits),
    key: &str,
) -> crate::error::Result<Records<Quotes>> {
    let mut records = Records::new(opened, Quotes::new(delimiter), Layout::Text);
    let (bytes, start) =
        records.header(limits).map_err(|broken| Error::malformed(key, broken.what))?;
    let header = bytes.get(start..).unwrap_or(&[]);
    let header = Header::parse(header, delimiter, names)
        .map_err(|what| Error::malformed(format!("{key}:1"), what.0))?;
    Ok(records.with_header(bytes, Layout::Csv(Arc::new(header))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &[&str]) {
        let found = fields(raw.as_bytes(), b',').expect("it is a record");
        let values: Vec<_> =
            found.iter().map(|field| value(raw.as_bytes(), *field).expect("UTF-8")).collect();
        assert_eq!(values, expected, "{raw:?}");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(raw.as_bytes());
        let record = reader.records().next().expect("one").expect("UTF-8");
        assert_eq!(record.iter().collect::<Vec<_>>(), expected, "the csv crate on {raw:?}");
    }

    #[test]
    fn fields_are_what_the_csv_crate_reads() {
        check("a,b,c\n", &["a", "b", "c"]);
        check("a,\"b\nc, \"\"d\"\"\",\r\n", &["a", "b\nc, \"d\"", ""]);
        check("\"\",\"\"\"\"", &["", "\""]);
        check("a\"b,c", &["a\"b", "c"]);
    }

    #[test]
    fn broken_quotes_are_told() {
        let told = |raw: &str| fields(raw.as_bytes(), b',').unwrap_err().0;
        assert_eq!(told("a,\"b"), "has a quote that is not closed");
        assert_eq!(told("a,\"b\"c\n"), "has text behind a closing quote");
    }

    #[test]
    fn a_record_ends_outside_quotes() {
        let mut quotes = Quotes::new(b',');
        assert_eq!(quotes.ends(b"a,\"b\n"), Ends::Later);
        assert_eq!(quotes.ends(b"\"\"c\n"), Ends::Later);
        assert_eq!(quotes.ends(b"d\"\n"), Ends::Here);
        assert_eq!(quotes.ends(b"a\"b\n"), Ends::Here);
    }

    #[test]
    fn the_text_column_must_be_there() {
        let error = Header::parse(b"id,body\n", b',', &Fields::default()).unwrap_err();
        assert_eq!(error.0, "has no column \"text\", only id, body; see --text-field");
    }
}
