//! What an HTTP response in a WARC record holds: head, transfer coding and content coding undone.

use std::borrow::Cow;
use std::io::Read;

use super::Malformed;

/// The head of a response, and where its body starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head<'a> {
    pub(super) status: u16,
    lines: &'a [u8],
    body: usize,
}

/// Reads the head; nothing when there is none.
pub(super) fn head(response: &[u8]) -> Option<Head<'_>> {
    let version_end = memchr::memchr(b' ', response).filter(|_| response.starts_with(b"HTTP/"))?;
    let digits = response.get(version_end + 1..version_end + 4)?;
    let status = std::str::from_utf8(digits).ok()?.parse().ok()?;
    let (lines, body) = match memchr::memmem::find(response, b"\r\n\r\n") {
        Some(end) => (end, end + 4),
        None => memchr::memmem::find(response, b"\n\n")
            .map_or((response.len(), response.len()), |end| (end, end + 2)),
    };
    Some(Head { status, lines: response.get(..lines)?, body })
}

impl<'a> Head<'a> {
    /// The value of a header line; the first, when it stands twice.
    pub(super) fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        header_value(self.lines, name)
    }

    /// The type of the body without its parameters, in lower case.
    pub(super) fn media_type(&self) -> Option<String> {
        let value = self.value("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            .filter(|media| !media.is_empty())
    }

    /// The encoding that the head names.
    pub(super) fn charset(&self) -> Option<String> {
        charset_of(&self.value("content-type")?)
    }

    /// The body as its sender had it, at most `bytes_max` of it.
    pub(super) fn body(
        &self,
        response: &'a [u8],
        bytes_max: usize,
    ) -> Result<Cow<'a, [u8]>, Malformed> {
        let body = response.get(self.body..).unwrap_or(&[]);
        let is_chunked = self
            .value("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        let body = if is_chunked { unchunked(body) } else { Cow::Borrowed(body) };
        let coding = self.value("content-encoding").unwrap_or_default().to_ascii_lowercase();
        match coding.trim() {
            "gzip" | "x-gzip" if body.starts_with(&[0x1F, 0x8B]) => {
                decompressed(flate2::bufread::MultiGzDecoder::new(&*body), bytes_max)
            }
            "deflate" => {
                let zlib = flate2::bufread::ZlibDecoder::new(&*body);
                let raw = flate2::bufread::DeflateDecoder::new(&*body);
                decompressed(zlib, bytes_max)
                    .or_else(|_| decompressed(raw, bytes_max))
                    .or(Ok(Cow::Owned(body.to_vec())))
            }
            "zstd" if body.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) => {
                let decoder = zstd::stream::read::Decoder::with_buffer(&*body)
                    .map_err(|e| Malformed(format!("has a body that cannot be read: {e}")))?;
                decompressed(decoder, bytes_max)
            }
            "br" => {
                Err(Malformed("has a body compressed with brotli, which is not read".to_owned()))
            }
            // Archivers often undo the coding and leave the header.
            _ => Ok(body),
        }
    }
}

/// The parameter `charset` of a content type.
pub(super) fn charset_of(content_type: &str) -> Option<String> {
    let lower = content_type.to_ascii_lowercase();
    let at = lower.find("charset")?;
    let value = lower.get(at + "charset".len()..)?.trim_start().strip_prefix('=')?;
    let value = value.trim_start().trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c == ';' || c == '"' || c == '\'' || c.is_whitespace());
    Some(value.get(..end.unwrap_or(value.len()))?.to_owned()).filter(|name| !name.is_empty())
}

/// The value of the first line `name: value` among `lines`.
pub(super) fn header_value<'a>(lines: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    lines.split(|byte| *byte == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let is_it = line.get(..colon)?.trim_ascii().eq_ignore_ascii_case(name.as_bytes());
        is_it.then(|| String::from_utf8_lossy(line.get(colon + 1..).unwrap_or(&[]).trim_ascii()))
    })
}

/// A body without its chunk sizes; from the first size that is none on, the body as it is.
fn unchunked(body: &[u8]) -> Cow<'_, [u8]> {
    let mut whole = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((size, data)) = chunk_size(rest) {
        if size == 0 {
            return Cow::Owned(whole);
        }
        let (chunk, behind) = data.split_at(size.min(data.len()));
        whole.extend_from_slice(chunk);
        rest = behind.strip_prefix(b"\r\n").or(behind.strip_prefix(b"\n")).unwrap_or(behind);
    }
    if whole.is_empty() {
        return Cow::Borrowed(body);
    }
    whole.extend_from_slice(rest);
    Cow::Owned(whole)
}

fn chunk_size(rest: &[u8]) -> Option<(usize, &[u8])> {
    let end = memchr::memchr(b'\n', rest.get(..rest.len().min(64))?)?;
    let line = std::str::from_utf8(rest.get(..end)?).ok()?;
    let digits = line.split(';').next()?.trim();
    Some((usize::from_str_radix(digits, 16).ok()?, rest.get(end + 1..)?))
}

/// What `reader` gives; of a body that breaks off, what came before.
fn decompressed(reader: impl Read, bytes_max: usize) -> Result<Cow<'static, [u8]>, Malformed> {
    let mut body = Vec::new();
    let read = reader.take(bytes_max as u64 + 1).read_to_end(&mut body);
    if body.len() > bytes_max {
        let what = "has a body that unpacks to more than --max-record-bytes";
        return Err(Malformed(what.to_owned()));
    }
    match read {
        Err(error) if body.is_empty() => {
            Err(Malformed(format!("has a body that cannot be unpacked: {error}")))
        }
        _ => Ok(Cow::Owned(body)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(response: &str, expected: &str) {
        let head = head(response.as_bytes()).expect("there is a head");
        let body = head.body(response.as_bytes(), 1 << 10).expect("it can be read");
        assert_eq!(String::from_utf8_lossy(&body), expected, "{response}");
    }

    #[test]
    fn bodies_are_unchunked_as_far_as_they_are_chunked() {
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        check("HTTP/1.0 200 OK\n\nRain.", "Rain.");
        check(&format!("{chunked}4\r\nRain\r\n1;x=y\r\n.\r\n0\r\n\r\n"), "Rain.");
        check(&format!("{chunked}<p>Rain."), "<p>Rain.");
        check(&format!("{chunked}4\r\nRain\r\nno size"), "Rainno size");
        check(&format!("{chunked}ff\r\nRain cut o"), "Rain cut o");
    }

    #[test]
    fn a_packed_body_must_keep_to_the_limit() {
        use std::io::Write;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&[b'a'; 5000]).expect("to memory");
        let mut response = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
        response.extend(packed.finish().expect("to memory"));
        let head = head(&response).expect("there is a head");
        assert_eq!(head.body(&response, 5000).expect("small enough").len(), 5000);
        assert!(head.body(&response, 4999).is_err());
    }

    #[test]
    fn charsets_are_found_however_they_are_quoted() {
        assert_eq!(charset_of("text/html; Charset = \"KOI8-R\""), Some("koi8-r".to_owned()));
        assert_eq!(charset_of("text/html; charset=utf-8;x"), Some("utf-8".to_owned()));
        assert_eq!(charset_of("text/html"), None);
    }
}
