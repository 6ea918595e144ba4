//! Any bytes as Parquet: rows, or an error.
#![no_main]

use dechaff::io::compress::Compression;
use dechaff::io::read::Limits;
use dechaff::io::source::Format;
use dechaff_fuzz::{read, small, source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // Panics of the crate that reads Parquet are caught; the fuzzer's hook would end the process
    // before. Those that are not caught end it still.
    std::panic::set_hook(Box::new(|_| {}));
    let source = source(bytes, Format::Parquet, Compression::None);
    let whole = read(&source, &Limits::default());
    let limits = Limits { record_bytes_max: Limits::default().record_bytes_max, ..small() };
    let again = read(&source, &limits);
    if whole.broken.is_none() {
        assert_eq!(again, whole);
    }
});
