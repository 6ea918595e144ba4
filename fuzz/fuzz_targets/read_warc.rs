//! Any bytes as WARC or WET, HTTP bodies and pages in it included: records do not depend on the size
//! of batches, and what is made of them is JSONL that the JSONL reader reads.
#![no_main]

use dechaff::io::compress::Compression;
use dechaff::io::read::Limits;
use dechaff::io::source::Format;
use dechaff_fuzz::{read, small, source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let archive = source(bytes, Format::Warc, Compression::None);
    let whole = read(&archive, &Limits::default());
    let lines = source(&whole.written, Format::Jsonl, Compression::None);
    let again = read(&lines, &Limits::default());
    let texts = |read: &dechaff_fuzz::Read| {
        read.documents.iter().map(|document| document.3.clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&again), texts(&whole));
    assert!(again.rejects.is_empty() && again.broken.is_none());
    let limits = Limits { record_bytes_max: Limits::default().record_bytes_max, ..small() };
    assert_eq!(read(&archive, &limits), whole);
    read(&archive, &small());
});
