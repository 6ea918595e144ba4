//! Any bytes as a compressed stream, and any bytes compressed: an error or bytes in bounds, and what
//! was compressed comes back.
#![no_main]

use std::io::{Read, Write};

use dechaff::io::compress::Compression;
use dechaff::io::read::Limits;
use dechaff::io::source::Format;
use dechaff_fuzz::{read, source};
use libfuzzer_sys::fuzz_target;

const ALL: [Compression; 4] =
    [Compression::Gzip, Compression::Zstd, Compression::Bzip2, Compression::Xz];
/// So much is read of a stream: it may hold more than there is memory for.
const READ_MAX: u64 = 4 << 20;

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let compression = ALL[usize::from(kind % 4)];
    let mut unpacked = Vec::new();
    if let Ok(reader) = compression.reader(bytes) {
        drop(reader.take(READ_MAX).read_to_end(&mut unpacked));
    }
    let limits = Limits { record_bytes_max: 1 << 16, expansion_max: 1000, ..Limits::default() };
    let file = source(bytes, Format::Jsonl, compression);
    if unpacked.len() < usize::try_from(READ_MAX).unwrap_or(usize::MAX) {
        read(&file, &limits);
    }
    let mut writer = compression.writer(Vec::new()).expect("it can be set up");
    writer.write_all(bytes).expect("memory takes it");
    let packed = writer.finish().expect("memory takes it");
    let mut back = Vec::new();
    let mut reader = compression.reader(&*packed).expect("it can be set up");
    reader.read_to_end(&mut back).expect("it was just packed");
    assert_eq!(back, bytes);
});
