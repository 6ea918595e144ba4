//! Any bytes as an index: a clear error, or an index that answers.
#![no_main]

use dechaff::Index;
use dechaff::index::PARTITIONS;
use dechaff::text::Fingerprint;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(index) = Index::from_bytes(bytes.to_vec()) {
        let rows = (0..PARTITIONS).flat_map(|partition| index.rows(partition));
        assert!(rows.take(10_000).all(|(_, row)| row.sites().count() < 1 << 20));
        let _ = (index.row(Fingerprint(7)), index.id(0), index.numbers_of(7));
    }
});
