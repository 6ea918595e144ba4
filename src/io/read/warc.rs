//! WARC and WET (ISO 28500): records with text become documents, others are passed over and counted.
//!
//! Records are told apart on the reading thread by their `Content-Length`; what holds no text is
//! never kept. Where a length is wrong the reader goes on at the next line that begins a record,
//! and sets aside what lies between. The output is JSONL: `id`, `url`, `date`, `text`.

use std::borrow::Cow;
use std::io::{BufRead, Read};

use super::encoding::{self, EncodingNote};
use super::http::{self, header_value};
use super::spelling::Spelling;
use super::{
    Batch, Broken, Decoded, Fields, Filled, Layout, Limits, Malformed, RawRecord, RecordPlace,
    Size, jsonl,
};
use crate::document::{Document, Span};
use crate::io::source::Source;

/// Reads records off a stream.
pub(super) struct Reader {
    stream: Box<dyn BufRead + Send>,
    next: RecordPlace,
    /// The first line of the next record, where it was read already.
    ahead: Vec<u8>,
}

/// A record's own header and the line of its version.
const HEADER_BYTES_MAX: usize = 1 << 20;

/// What is to be done with a record.
enum Kind {
    /// It may hold text.
    Text,
    /// It holds none; what it is.
    Other(String),
}

impl Reader {
    pub(super) fn new(stream: Box<dyn BufRead + Send>) -> Self {
        let next = RecordPlace { record: 0, line: 1, offset: 0 };
        Self { stream, next, ahead: Vec::new() }
    }

    pub(super) fn fill(&mut self, limits: &Limits, batch: &mut Batch) -> Result<Filled, Broken> {
        batch.layout = Layout::Warc;
        while batch.records.len() < limits.batch_documents && batch.bytes.len() < limits.batch_bytes
        {
            let start = batch.bytes.len();
            let place = self.next;
            match self.record(limits, batch) {
                Ok(Filled::More) => {}
                Ok(Filled::Done) => return Ok(Filled::Done),
                Err(what) => {
                    batch.bytes.truncate(start);
                    return Err(Broken { place, what: what.to_string() });
                }
            }
        }
        Ok(Filled::More)
    }

    /// Reads one record, or one stretch of bytes that are none.
    fn record(&mut self, limits: &Limits, batch: &mut Batch) -> std::io::Result<Filled> {
        let mut line = std::mem::take(&mut self.ahead);
        while line.trim_ascii().is_empty() {
            line.clear();
            if self.line(HEADER_BYTES_MAX, &mut line)? == 0 {
                return Ok(Filled::Done);
            }
        }
        let start = batch.bytes.len();
        let mut place = self.next;
        place.offset -= line.len() as u64;
        batch.bytes.append(&mut line);
        if !batch.bytes[start..].starts_with(b"WARC/") {
            if place.offset == 0 && batch.bytes.starts_with(b"filedesc://") {
                let what = "is an ARC file, the format before WARC; convert it, for instance with \
                            `warcio recompress`";
                return Err(std::io::Error::other(what));
            }
            return self.stray(start, place, limits, batch);
        }
        let header_end = loop {
            let line = batch.bytes.len();
            let read = self.line(HEADER_BYTES_MAX, &mut batch.bytes)?;
            if read == 0 {
                return Err(broken_off("its header"));
            }
            if batch.bytes[line..].trim_ascii().is_empty() {
                break batch.bytes.len();
            }
            if batch.bytes.len() - start > HEADER_BYTES_MAX {
                return self.stray(start, place, limits, batch);
            }
        };
        self.body((start, header_end), place, limits, batch)
    }

    fn body(
        &mut self,
        (start, header_end): (usize, usize),
        place: RecordPlace,
        limits: &Limits,
        batch: &mut Batch,
    ) -> std::io::Result<Filled> {
        let header = &batch.bytes[start..header_end];
        let length = header_value(header, "content-length").and_then(|n| n.parse::<u64>().ok());
        let Some(length) = length else {
            return self.stray(start, place, limits, batch);
        };
        let kind = kind(header);
        if let Kind::Other(what) = kind {
            batch.bytes.truncate(start);
            self.pass_over(length)?;
            *batch.passed_over.entry(what).or_default() += 1;
            return Ok(Filled::More);
        }
        if length > limits.record_bytes_max as u64 {
            self.pass_over(length)?;
            self.push(start, place, Size::Oversized, batch);
            return Ok(Filled::More);
        }
        let mut bounded = (&mut self.stream).take(length);
        let read = bounded.read_to_end(&mut batch.bytes)? as u64;
        self.next.offset += read;
        if read < length {
            let what = format!("the record's {length} bytes, of which there are {read}");
            return Err(broken_off(&what));
        }
        match other_response(&batch.bytes[start..], header_end - start) {
            Some(what) => {
                batch.bytes.truncate(start);
                *batch.passed_over.entry(what).or_default() += 1;
            }
            None if self.is_at_border()? => self.push(start, place, Size::Within, batch),
            None => self.push(start, place, Size::Misstated, batch),
        }
        Ok(Filled::More)
    }

    /// Whether what comes next may stand behind a record.
    fn is_at_border(&mut self) -> std::io::Result<bool> {
        let next = self.stream.fill_buf()?;
        let first = next.first();
        Ok(first.is_none_or(|byte| matches!(byte, b'\r' | b'\n'))
            || b"WARC/1.".starts_with(next.get(..7).unwrap_or(next)))
    }

    /// Takes in the bytes up to the next line that begins a record.
    fn stray(
        &mut self,
        start: usize,
        place: RecordPlace,
        limits: &Limits,
        batch: &mut Batch,
    ) -> std::io::Result<Filled> {
        let mut kept = batch.bytes.len() - start;
        loop {
            let mut line = Vec::new();
            let read = self.line(HEADER_BYTES_MAX, &mut line)?;
            if read == 0 || line.starts_with(b"WARC/1.") {
                self.ahead = line;
                break;
            }
            kept += read;
            if kept <= limits.record_bytes_max {
                batch.bytes.append(&mut line);
            }
        }
        self.push(start, place, Size::Within, batch);
        Ok(Filled::More)
    }

    fn push(&mut self, start: usize, place: RecordPlace, size: Size, batch: &mut Batch) {
        let place = RecordPlace { record: self.next.record, line: self.next.line, ..place };
        batch.records.push(RawRecord { start, end: batch.bytes.len(), place, size });
        self.next.record += 1;
        self.next.line += 1;
    }

    /// Appends a line of at most `most` bytes.
    fn line(&mut self, most: usize, bytes: &mut Vec<u8>) -> std::io::Result<usize> {
        let read = (&mut self.stream).take(most as u64).read_until(b'\n', bytes)?;
        self.next.offset += read as u64;
        Ok(read)
    }

    fn pass_over(&mut self, length: u64) -> std::io::Result<()> {
        let mut bounded = (&mut self.stream).take(length);
        let passed = std::io::copy(&mut bounded, &mut std::io::sink())?;
        self.next.offset += passed;
        if passed < length {
            let what = format!("the record's {length} bytes, of which there are {passed}");
            return Err(broken_off(&what));
        }
        Ok(())
    }
}

fn broken_off(what: &str) -> std::io::Error {
    let what = format!("the file ends inside {what}");
    std::io::Error::new(std::io::ErrorKind::UnexpectedEof, what)
}

/// Whether a record may hold text, by its header.
fn kind(header: &[u8]) -> Kind {
    let value = |name| header_value(header, name).unwrap_or_default().to_ascii_lowercase();
    let record_type = value("warc-type");
    let media = value("content-type");
    let media = media.split(';').next().unwrap_or_default().trim().to_owned();
    let target = value("warc-target-uri");
    let scheme = target.trim_start_matches('<').split_once(':').map_or("", |(scheme, _)| scheme);
    match record_type.as_str() {
        // What a crawler says of its own run is kept under addresses such as metadata://.
        "resource" if !matches!(scheme, "" | "http" | "https" | "ftp" | "file") => {
            Kind::Other(format!("resource of {scheme}:"))
        }
        "conversion" if media.is_empty() || media == "text/plain" => Kind::Text,
        "response" if media == "application/http" || media.is_empty() => Kind::Text,
        "response" | "resource" if is_text(&media) => Kind::Text,
        "conversion" | "response" | "resource" => Kind::Other(format!("{record_type} of {media}")),
        "" => Kind::Other("without a type".to_owned()),
        _ => Kind::Other(record_type),
    }
}

fn is_html(media: &str) -> bool {
    matches!(media, "text/html" | "application/xhtml+xml")
}

fn is_text(media: &str) -> bool {
    is_html(media) || media == "text/plain"
}

/// What a record is when it is a response that holds no text.
fn other_response(record: &[u8], header_end: usize) -> Option<String> {
    let (header, payload) = record.split_at(header_end);
    if !header_value(header, "warc-type")?.eq_ignore_ascii_case("response") {
        return None;
    }
    let head = http::head(payload)?;
    if head.status != 200 {
        return Some(format!("response with status {}", head.status));
    }
    match head.media_type() {
        Some(media) => (!is_text(&media)).then(|| format!("response of {media}")),
        None => (!looks_like_html(payload)).then(|| "response without a type".to_owned()),
    }
}

fn looks_like_html(payload: &[u8]) -> bool {
    let head = payload.get(..4096.min(payload.len())).unwrap_or(&[]).to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html"]
        .iter()
        .any(|sign| memchr::memmem::find(&head, sign).is_some())
}

/// Reads a document off a record.
pub(super) fn decode<'a>(
    raw: &'a [u8],
    place: RecordPlace,
    (source, fields): (&Source, &Fields),
    (limits, size): (&Limits, Size),
) -> Result<Decoded<'a>, Malformed> {
    if !raw.starts_with(b"WARC/") {
        let what = "these bytes are no WARC record; is the length of the one before wrong?";
        return Err(Malformed(what.to_owned()));
    }
    let header_end = blank_line_end(raw);
    let (header, payload) = raw.split_at(header_end);
    let value = |name| header_value(header, name);
    let length = value("content-length").unwrap_or_default();
    if size == Size::Oversized {
        let what = "bytes, more than --max-record-bytes; its header is set aside";
        return Err(Malformed(format!("has {length} {what}")));
    }
    if size == Size::Misstated {
        return Err(Malformed(format!(
            "has a wrong Content-Length: no record ends after {length} bytes"
        )));
    }
    if length.parse() != Ok(payload.len()) {
        return Err(Malformed(format!("has no usable Content-Length: {length:?}")));
    }
    let (text, note) = text(header, payload, limits)?;
    let trimmed = |name| {
        let value = value(name)?;
        Some(value.trim_start_matches('<').trim_end_matches('>').to_owned())
    };
    let id = trimmed("warc-record-id").filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| format!("{}:{}", source.key, place.line));
    let url = trimmed("warc-target-uri");
    let date = value("warc-date").map(Cow::into_owned);
    let from = jsonl::site_of(fields, source, None, url.as_deref());
    let (json, span) = json_record(&id, (url.as_deref(), date.as_deref()), &text);
    Ok(Decoded {
        document: Document { id, site: from, text },
        raw: Cow::Owned(json.into_bytes()),
        text: span,
        spelling: Spelling::Json,
        order: date.map_or(0, |date| jsonl::order_key(&date)),
        encoding: note,
        ..Decoded::unjudged(&[], place)
    })
}

/// One past the blank line that ends a header.
fn blank_line_end(raw: &[u8]) -> usize {
    let mut at = 0;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        at += line.len();
        if line.trim_ascii().is_empty() {
            break;
        }
    }
    at
}

/// The text of a payload.
fn text(
    header: &[u8],
    payload: &[u8],
    limits: &Limits,
) -> Result<(String, Option<EncodingNote>), Malformed> {
    let is_conversion = header_value(header, "warc-type").is_some_and(|kind| kind == "conversion");
    if is_conversion {
        return decoded(payload, None, None);
    }
    let url = header_value(header, "warc-target-uri").unwrap_or_default();
    let domain = top_level_domain(&url);
    let (body, media, charset) = if let Some(head) = http::head(payload) {
        (head.body(payload, limits.record_bytes_max)?, head.media_type(), head.charset())
    } else {
        let media = header_value(header, "content-type").unwrap_or_default();
        let charset = http::charset_of(&media);
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        (Cow::Borrowed(payload), Some(media), charset)
    };
    let is_page = media.is_none_or(|media| is_html(&media) || media == "application/http");
    let charset = charset.or_else(|| is_page.then(|| meta_charset(&body)).flatten());
    let (text, note) = decoded(&body, charset.as_deref(), domain.as_deref())?;
    if is_page { Ok((page_text(&text)?, note)) } else { Ok((text, note)) }
}

#[cfg(feature = "html")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
fn page_text(page: &str) -> Result<String, Malformed> {
    Ok(super::html::text(page))
}

#[cfg(not(feature = "html"))]
fn page_text(_page: &str) -> Result<String, Malformed> {
    Err(Malformed("is a page, and this build lacks the feature `html`".to_owned()))
}

/// The text in the encoding that the byte order mark, `charset` or the bytes themselves tell.
fn decoded(
    bytes: &[u8],
    charset: Option<&str>,
    domain: Option<&str>,
) -> Result<(String, Option<EncodingNote>), Malformed> {
    let named = charset.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
    let is_utf8 = simdutf8::basic::from_utf8(bytes).is_ok();
    let encoding = match (encoding_rs::Encoding::for_bom(bytes), named) {
        (Some((marked, _)), _) => marked,
        // Valid UTF-8 that is not ASCII is never another encoding, whatever is said.
        _ if is_utf8 => encoding_rs::UTF_8,
        (None, Some(named)) => named,
        (None, None) => encoding::detect(bytes, domain)
            .ok_or_else(|| Malformed("is no text: there are zero bytes".to_owned()))?,
    };
    let (text, note) = encoding::decode_as(bytes, encoding);
    let is_plain = encoding == encoding_rs::UTF_8 && note.invalid == 0;
    Ok((text, (!is_plain).then_some(note)))
}

/// The encoding that a page's head names.
fn meta_charset(page: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(page.get(..4096.min(page.len()))?).to_ascii_lowercase();
    let mut rest = head.as_str();
    while let Some(at) = rest.find("<meta") {
        rest = rest.get(at + 5..)?;
        let tag = rest.get(..rest.find('>').unwrap_or(rest.len()))?;
        if let Some(charset) = http::charset_of(tag) {
            // A page that can be read as ASCII up to here is not in UTF-16.
            let is_wide = charset.starts_with("utf-16");
            return Some(if is_wide { "utf-8".to_owned() } else { charset });
        }
    }
    None
}

fn top_level_domain(url: &str) -> Option<String> {
    let host = url::Url::parse(url).ok()?.host_str()?.to_owned();
    let last = host.rsplit('.').next()?;
    last.bytes().all(|b| b.is_ascii_lowercase() || b == b'-').then(|| last.to_owned())
}

/// The record as JSON, and where its text lies in there.
fn json_record(id: &str, (url, date): (Option<&str>, Option<&str>), text: &str) -> (String, Span) {
    let mut json = String::with_capacity(text.len() + text.len() / 16 + 256);
    json.push('{');
    for (name, value) in [("id", Some(id)), ("url", url), ("date", date)] {
        if let Some(value) = value {
            for part in ["\"", name, "\":\"", &jsonl::canonical(value), "\","] {
                json.push_str(part);
            }
        }
    }
    json.push_str("\"text\":\"");
    let start = json.len();
    json.push_str(&jsonl::canonical(text));
    let span = Span::new(start, json.len());
    json.push_str("\"}\n");
    (json, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charset_of_a_page_is_found() {
        let check = |page: &str, expected: Option<&str>| {
            assert_eq!(meta_charset(page.as_bytes()).as_deref(), expected, "{page}");
        };
        check("<META CHARSET=koi8-r>", Some("koi8-r"));
        let long = "<meta http-equiv=content-type content='text/html; charset=Shift_JIS'>";
        check(long, Some("shift_jis"));
        check("<meta name=x><meta charset='utf-16le'>", Some("utf-8"));
        check("<p>charset=x", None);
    }

    #[test]
    fn records_spell_their_text_as_json_does() {
        let (json, span) = json_record("a", (None, Some("2026")), "one \"two\"\n");
        assert_eq!(json, "{\"id\":\"a\",\"date\":\"2026\",\"text\":\"one \\\"two\\\"\\n\"}\n");
        assert_eq!(json.get(span.start..span.end), Some("one \\\"two\\\"\\n"));
    }
}
