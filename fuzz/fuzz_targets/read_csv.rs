//! Any bytes as CSV or TSV: nothing is lost between the records, whatever the size of batches.
#![no_main]

use dechaff::io::compress::Compression;
use dechaff::io::read::Limits;
use dechaff::io::source::Format;
use dechaff_fuzz::{read, small, source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &[u8])| {
    let (is_tab, bytes) = input;
    let delimiter = if is_tab { b'\t' } else { b',' };
    let source = source(bytes, Format::Csv { delimiter }, Compression::None);
    let whole = read(&source, &Limits::default());
    if whole.broken.is_none() && whole.rejects.is_empty() && is_plain(bytes) {
        assert_eq!(whole.written, bytes);
    }
    // Records over the small limit pass through unjudged there.
    if bytes.len() <= small().record_bytes_max {
        assert_eq!(read(&source, &small()), whole);
    } else {
        read(&source, &small());
    }
});

/// Whether the bytes are taken for UTF-8: then they are written as they are.
fn is_plain(bytes: &[u8]) -> bool {
    !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}
