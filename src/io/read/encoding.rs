//! Text that is not UTF-8: which encoding it is in, told as browsers tell it, and what it says.
//!
//! The order is: byte order mark, valid UTF-8, UTF-16 by its zero bytes, UTF-8 with a few damaged
//! places, and then what [`chardetng`] finds likely. What no character stands for becomes U+FFFD;
//! it is counted, and its first place kept.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{CoderResult, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::{Malformed, utf8};

/// The encoding of an input that was not plain UTF-8, and how much of it could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodingNote {
    /// Its name in the Encoding Standard.
    pub encoding: &'static str,
    /// Sequences that stand for no character.
    pub invalid: u64,
    /// First byte of the first of them, counted in the text as decoded for a stream of records,
    /// and in the file's own bytes for a text file.
    pub first: Option<u64>,
}

/// Text, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    pub(crate) text: Cow<'a, str>,
    pub(crate) note: Option<EncodingNote>,
}

/// One damaged place in this many bytes is still text; with more the encoding was not told right.
const BYTES_PER_DAMAGE: usize = 50;
/// How much of a stream is looked at to tell its encoding.
const SNIFFED_BYTES: usize = 256 << 10;

/// Decodes a whole text; a byte order mark of UTF-8 stays with it.
pub(crate) fn decode(bytes: &[u8]) -> Result<Text<'_>, Malformed> {
    let valid = utf8(bytes);
    // Zero bytes are UTF-8 too, but what has them at every other place is UTF-16.
    let has_zeros = memchr::memchr(0, bytes).is_some();
    let encoding = if valid.is_ok() && !has_zeros { None } else { detect(bytes, None) };
    let (encoding, not_utf8) = match (encoding, valid) {
        (Some(encoding), Err(what)) => (encoding, what),
        (Some(encoding), Ok(_)) if encoding != UTF_8 => (encoding, Malformed(String::new())),
        (_, Ok(text)) => return Ok(Text { text: Cow::Borrowed(text), note: None }),
        (None, Err(what)) => {
            return Err(Malformed(format!("is no text: it {} and has zero bytes", what.0)));
        }
    };
    let (text, note) = decode_as(bytes, encoding);
    if usize::try_from(note.invalid).is_ok_and(|n| n > 1 + bytes.len() / BYTES_PER_DAMAGE) {
        let what = format!("{}, and is no text in any encoding known", not_utf8.0);
        return Err(Malformed(what));
    }
    Ok(Text { text: Cow::Owned(text), note: Some(note) })
}

/// The encoding that `bytes` are likely in; `hint` is a top-level domain. Nothing for binary data.
pub(crate) fn detect(bytes: &[u8], hint: Option<&str>) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding);
    }
    let zeros = [0, 1].map(|odd| bytes.iter().skip(odd).step_by(2).filter(|b| **b == 0).count());
    let pairs = bytes.len() / 2;
    match zeros {
        [0, 0] => {}
        [0, low] if low * 4 > pairs => return Some(UTF_16LE),
        [high, 0] if high * 4 > pairs => return Some(UTF_16BE),
        _ => return None,
    }
    if is_damaged_utf8(bytes) {
        return Some(UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    Some(detector.guess(hint.map(str::as_bytes), Utf8Detection::Allow))
}

/// Whether nearly all that is not ASCII is UTF-8: eight characters for each damaged place.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good >= 8 * bad
}

/// Decodes `bytes`, a byte order mark taken off.
pub(crate) fn decode_as(bytes: &[u8], encoding: &'static Encoding) -> (String, EncodingNote) {
    let mut note = EncodingNote { encoding: encoding.name(), invalid: 0, first: None };
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text = String::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or(&[]);
        let needed = decoder.max_utf8_buffer_length_without_replacement(rest.len());
        text.reserve(needed.unwrap_or(rest.len()).max(16));
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        at += read;
        match result {
            DecoderResult::InputEmpty => return (text, note),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(bad, after) => {
                text.push('\u{fffd}');
                note.invalid += 1;
                let place = at.saturating_sub(usize::from(bad) + usize::from(after));
                note.first.get_or_insert(place as u64);
            }
        }
    }
}

/// A stream of records in UTF-8, and what there is to say about how it came to be that.
pub(super) struct Opened {
    pub(super) reader: Box<dyn BufRead + Send>,
    pub(super) damage: Option<Damage>,
}

/// Which records a stream holds, as far as their encoding goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legacy {
    /// Only a byte order mark tells of another encoding than UTF-8.
    Marked,
    /// It may be in any encoding.
    Any,
}

/// What could not be decoded so far.
#[derive(Debug, Clone)]
pub(super) struct Damage {
    encoding: &'static Encoding,
    invalid: Arc<AtomicU64>,
    first: Arc<AtomicU64>,
}

impl Damage {
    pub(super) fn note(&self) -> EncodingNote {
        let invalid = self.invalid.load(Ordering::Relaxed);
        let first = (invalid > 0).then(|| self.first.load(Ordering::Relaxed));
        EncodingNote { encoding: self.encoding.name(), invalid, first }
    }
}

/// Looks at the head of a stream and decodes it when it is not in UTF-8.
pub(super) fn open(mut reader: Box<dyn BufRead + Send>, legacy: Legacy) -> Opened {
    let head = match reader.fill_buf() {
        Ok(head) => head,
        // The error is the input's, to be told with its place when records are read.
        Err(error) => {
            let reader = Box::new(BufReader::new(Failed(Some(error))));
            return Opened { reader, damage: None };
        }
    };
    let head = head.get(..SNIFFED_BYTES).unwrap_or(head);
    let encoding = match Encoding::for_bom(head) {
        // What begins with such a mark and has no zero byte behind it is broken, not UTF-16.
        Some(_) if legacy == Legacy::Marked && memchr::memchr(0, head).is_none() => None,
        Some((encoding, _)) => Some(encoding).filter(|encoding| *encoding != UTF_8),
        None if legacy == Legacy::Marked => None,
        None if memchr::memchr(0, head).is_none() && is_utf8_head(head) => None,
        None => detect(head, None).filter(|encoding| *encoding != UTF_8),
    };
    let Some(encoding) = encoding else { return Opened { reader, damage: None } };
    let damage = Damage { encoding, invalid: Arc::default(), first: Arc::default() };
    let decoding = Decoding {
        reader,
        decoder: encoding.new_decoder_with_bom_removal(),
        damage: damage.clone(),
        decoded: Vec::new(),
        at: 0,
        before: 0,
        is_done: false,
    };
    Opened { reader: Box::new(decoding), damage: Some(damage) }
}

/// A stream that could not be read.
struct Failed(Option<std::io::Error>);

impl Read for Failed {
    fn read(&mut self, _out: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Whether a head is UTF-8, but for a character that is cut off at its end.
fn is_utf8_head(head: &[u8]) -> bool {
    std::str::from_utf8(head).err().is_none_or(|error| error.error_len().is_none())
}

/// Decodes a stream as it is read.
struct Decoding {
    reader: Box<dyn BufRead + Send>,
    decoder: encoding_rs::Decoder,
    damage: Damage,
    /// Decoded text, of which `at` bytes were read.
    decoded: Vec<u8>,
    at: usize,
    /// Bytes decoded before these.
    before: u64,
    is_done: bool,
}

impl BufRead for Decoding {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        while self.at == self.decoded.len() && !self.is_done {
            self.before += self.decoded.len() as u64;
            self.decoded.resize(SNIFFED_BYTES, 0);
            self.at = 0;
            let input = self.reader.fill_buf().inspect_err(|_| self.decoded.clear())?;
            let is_last = input.is_empty();
            let (result, read, written, is_damaged) =
                self.decoder.decode_to_utf8(input, &mut self.decoded, is_last);
            self.reader.consume(read);
            self.decoded.truncate(written);
            self.is_done = is_last && result == CoderResult::InputEmpty;
            if is_damaged {
                self.note_damage();
            }
        }
        Ok(self.decoded.get(self.at..).unwrap_or(&[]))
    }

    fn consume(&mut self, bytes: usize) {
        self.at += bytes;
    }
}

impl Decoding {
    fn note_damage(&self) {
        let mut places = memchr::memmem::find_iter(&self.decoded, "\u{fffd}".as_bytes());
        let first = places.next().unwrap_or(0) as u64;
        let count = 1 + places.count() as u64;
        if self.damage.invalid.fetch_add(count, Ordering::Relaxed) == 0 {
            self.damage.first.store(self.before + first, Ordering::Relaxed);
        }
    }
}

impl Read for Decoding {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let mut decoded = self.fill_buf()?;
        let read = decoded.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], encoding: &str, text: &str, invalid: Option<u64>) {
        let decoded = decode(bytes).expect("it is text");
        assert_eq!(decoded.text, text);
        let note = decoded.note.expect("it is not UTF-8");
        assert_eq!((note.encoding, note.first), (encoding, invalid));
    }

    #[test]
    fn encodings_are_told_as_browsers_tell_them() {
        let russian = "Вода в реке поднялась за ночь, и мост закрыли для проезда.";
        let german = "Die Brücke über den Fluß wurde nachts für Fußgänger geöffnet.";
        let chinese = "河水一夜之间上涨，大桥因此关闭，居民们只好绕道而行。";
        let japanese = "川の水が一晩で上がり、橋は閉じられた。住民は遠回りをした。";
        for (text, encoding) in [
            (russian, encoding_rs::WINDOWS_1251),
            (german, encoding_rs::WINDOWS_1252),
            (chinese, encoding_rs::GBK),
            (japanese, encoding_rs::SHIFT_JIS),
        ] {
            check(&encoding.encode(text).0, encoding.name(), text, None);
        }
        let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(order).collect()
        };
        check(&utf16("\u{feff}Rain.", u16::to_be_bytes), "UTF-16BE", "Rain.", None);
        check(&utf16("Rain fell.", u16::to_le_bytes), "UTF-16LE", "Rain fell.", None);
        check(&utf16(&format!("\u{feff}{russian}"), u16::to_le_bytes), "UTF-16LE", russian, None);
    }

    #[test]
    fn damage_is_counted_and_located() {
        let mut bytes = "Größe, Fähre, Brücke, Öl, Käse, Tür, Gemüse, Übung.".as_bytes().to_vec();
        bytes.insert(9, 0xFF);
        let decoded = decode(&bytes).expect("it is text");
        let note = decoded.note.expect("a byte is wrong");
        assert_eq!((note.encoding, note.invalid, note.first), ("UTF-8", 1, Some(9)));
        assert!(decoded.text.starts_with("Größe, \u{fffd}F"), "{}", decoded.text);
    }

    #[test]
    fn binary_data_is_no_text() {
        let bytes: Vec<u8> =
            (0..4096_u64).map(|n| crate::hash::stable(&n.to_le_bytes()).to_le_bytes()[0]).collect();
        assert!(decode(&bytes).is_err());
    }

    #[test]
    fn a_stream_is_decoded_as_it_is_read() {
        let text = "номер,текст\n1,Вода в реке поднялась за ночь\n".repeat(20_000);
        let bytes = encoding_rs::WINDOWS_1251.encode(&text).0.into_owned();
        let opened = open(Box::new(std::io::Cursor::new(bytes)), Legacy::Any);
        let mut read = String::new();
        let mut reader = opened.reader;
        reader.read_to_string(&mut read).expect("it is UTF-8 now");
        assert_eq!(read, text);
        let note = opened.damage.map(|damage| damage.note()).expect("it was decoded");
        assert_eq!((note.encoding, note.invalid), ("windows-1251", 0));
    }
}
