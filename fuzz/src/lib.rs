//! What several targets do with an input: any bytes as a file, read to the end in several ways.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;

use dechaff::Span;
use dechaff::io::compress::Compression;
use dechaff::io::read::{BatchReader, Fields, Limits, Record};
use dechaff::io::source::{Format, Place, Source};

/// A file of these bytes, as an input of the program.
pub fn source(bytes: &[u8], format: Format, compression: Compression) -> Source {
    let mut file = spool();
    file.write_all(bytes).expect("the temporary folder has room");
    Source { key: "fuzz".to_owned(), place: Place::Spool(file), format, compression }
}

/// An empty file without a name, in memory where the system has such a folder.
fn spool() -> File {
    let memory = std::path::Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let mut file = tempfile::tempfile_in(folder).expect("the folder can be written");
    file.rewind().expect("a file can be rewound");
    file
}

/// Limits that make batches small, so that their borders fall everywhere.
pub fn small() -> Limits {
    Limits { batch_documents: 2, batch_bytes: 64, record_bytes_max: 1 << 10, ..Limits::default() }
}

/// All that is read, as far as it must not depend on the size of batches.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Record number, line, offset, text and order of each document.
    pub documents: Vec<(u64, u64, u64, String, u64)>,
    /// Record number and fault of each record that is none.
    pub rejects: Vec<(u64, String)>,
    /// Why the input could not be read to its end.
    pub broken: Option<String>,
    /// What is written when nothing is removed.
    pub written: Vec<u8>,
}

/// Reads a source to its end and demands of each document that its text lies where it is said to.
pub fn read(source: &Source, limits: &Limits) -> Read {
    let fields = Fields { order: Some("n".to_owned()), ..Fields::default() };
    let mut all = Read::default();
    let mut reader = match BatchReader::open(source, 0, (&fields, limits), &Arc::default()) {
        Ok(reader) => reader,
        Err(error) => {
            all.broken = Some(error.to_string());
            return all;
        }
    };
    while let Some(batch) = reader.next_batch(limits) {
        for record in batch.decode(source, &fields, limits) {
            match record {
                Record::Between(bytes) => all.written.extend_from_slice(bytes),
                Record::Malformed { place, what, .. } => all.rejects.push((place.record, what.0)),
                Record::Document(decoded) => {
                    all.written.extend_from_slice(&decoded.raw);
                    let text = &decoded.document.text;
                    if !decoded.is_oversized {
                        let whole = decoded.literals(&[Span::new(0, text.len())]);
                        assert_eq!(whole, [decoded.text], "the text is spelled there");
                        assert!(decoded.text.end <= decoded.raw.len());
                    }
                    let place = decoded.place;
                    let read = (place.record, place.line, place.offset);
                    all.documents.push((read.0, read.1, read.2, text.clone(), decoded.order));
                }
            }
        }
        all.broken = all.broken.or(batch.broken.map(|broken| broken.what));
    }
    let records = all.documents.iter().map(|document| document.0);
    assert!(records.is_sorted(), "records are numbered in order");
    all
}
