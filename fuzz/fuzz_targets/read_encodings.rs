//! Any bytes as a text file, and any text in any encoding: what is decoded is counted, and text in an
//! encoding that is marked comes back.
#![no_main]

use dechaff::io::compress::Compression;
use dechaff::io::read::Limits;
use dechaff::io::source::Format;
use dechaff_fuzz::{read, source};
use encoding_rs::{UTF_16BE, UTF_16LE};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str)| {
    let (bytes, text) = input;
    for format in [Format::Text, Format::Csv { delimiter: b',' }, Format::Jsonl] {
        read(&source(bytes, format, Compression::None), &Limits::default());
    }
    if text.starts_with('\u{feff}') {
        return;
    }
    let marked = format!("\u{feff}{text}");
    for encoding in [UTF_16LE, UTF_16BE] {
        let units = marked.encode_utf16();
        let bytes: Vec<u8> = if encoding == UTF_16LE {
            units.flat_map(u16::to_le_bytes).collect()
        } else {
            units.flat_map(u16::to_be_bytes).collect()
        };
        let read = read(&source(&bytes, Format::Text, Compression::None), &Limits::default());
        assert_eq!(read.documents[0].3, text, "{}", encoding.name());
    }
});
