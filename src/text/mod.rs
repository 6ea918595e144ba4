//! From text to fingerprints: pure functions that know no index and no file.
//!
//! [`split`] finds the paragraphs, [`tokenize`] their tokens, [`shingle`] turns tokens into
//! fingerprints, [`repeat`] finds what a document says twice, [`sketch`] puts it all together.
//! All offsets are bytes of the original text.

pub mod plain;
pub mod repeat;
pub mod shingle;
pub mod sketch;
pub mod split;
pub mod tokenize;

pub use shingle::Fingerprint;
pub use sketch::{ParagraphSketch, Sketch, Sketcher};
pub use split::ParagraphMode;
