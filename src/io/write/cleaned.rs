//! What stays of a batch, in the format it came in.

#[cfg(feature = "parquet")]
use super::parquet::EditedRows;
use crate::document::Span;
use crate::error::Result;
use crate::io::read::{Batch, Decoded};

/// What stays of a batch.
#[derive(Debug)]
pub enum Cleaned {
    /// Bytes of records one after the other.
    Bytes(Vec<u8>),
    /// Rows with texts of their own.
    #[cfg(feature = "parquet")]
    Rows(Box<EditedRows>),
}

impl Cleaned {
    /// Nothing yet of `batch`; rows stay as they are until they are changed.
    pub fn new(batch: &Batch) -> Self {
        #[cfg(feature = "parquet")]
        if let Some(rows) = batch.rows() {
            return Self::Rows(Box::new(EditedRows::new(rows)));
        }
        Self::Bytes(Vec::with_capacity(batch.bytes()))
    }

    /// Keeps bytes between records.
    pub fn between(&mut self, bytes: &[u8]) {
        match self {
            Self::Bytes(cleaned) => cleaned.extend_from_slice(bytes),
            #[cfg(feature = "parquet")]
            Self::Rows(_) => {}
        }
    }

    /// Keeps a record as it is.
    pub fn keep(&mut self, decoded: &Decoded) {
        self.between(&decoded.raw);
    }

    /// Keeps a record without `literals`, sorted and disjoint spans of its raw bytes.
    ///
    /// # Panics
    ///
    /// When they cut a character.
    pub fn splice(&mut self, decoded: &Decoded, literals: &[Span]) {
        match self {
            Self::Bytes(cleaned) => spliced(decoded, literals, cleaned),
            #[cfg(feature = "parquet")]
            Self::Rows(rows) => {
                let mut text = Vec::new();
                spliced(decoded, literals, &mut text);
                let text = String::from_utf8(text).expect("spans lie on character borders");
                rows.set(decoded.place.record, text);
            }
        }
    }

    /// The batch as it can be written.
    ///
    /// # Errors
    ///
    /// When a column cannot hold its texts.
    pub fn finish(self) -> Result<Self> {
        match self {
            Self::Bytes(_) => Ok(self),
            #[cfg(feature = "parquet")]
            Self::Rows(rows) => Ok(Self::Rows(Box::new(rows.apply()?))),
        }
    }
}

/// Appends the raw record without `literals`.
fn spliced(decoded: &Decoded, literals: &[Span], cleaned: &mut Vec<u8>) {
    use crate::io::read::Spelling;
    let raw = &decoded.raw;
    let begin = cleaned.len();
    let mut at = 0;
    for span in literals {
        cleaned.extend_from_slice(&raw[at..span.start]);
        at = span.end;
    }
    cleaned.extend_from_slice(&raw[at..]);
    // A bare field must not begin with a quote, and a line with nothing on it is no record.
    if decoded.spelling == Spelling::Unquoted {
        let start = begin + decoded.text.start;
        let removed: usize = literals.iter().map(|span| span.len()).sum();
        let end = start + decoded.text.len() - removed;
        if start == end || cleaned.get(start) == Some(&b'"') {
            let text = String::from_utf8_lossy(&cleaned[start..end]).replace('"', "\"\"");
            cleaned.splice(start..end, format!("\"{text}\"").into_bytes());
        }
    }
}
