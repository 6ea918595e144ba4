//! From text to fingerprints: pure functions that know no index and no file.
//!
//! [`split`] finds the paragraphs, [`tokenize`] their tokens, [`shingle`] turns tokens into
//! fingerprints, [`repeat`] finds what a document says twice, [`look`] tells a page from an
//! article, [`sketch`] puts it all together. [`shape`] is what a page's paragraphs look like.
//! All offsets are bytes of the original text.

pub mod affix;
mod class;
pub(crate) mod compact;
pub mod look;
pub mod plain;
pub mod repeat;
pub mod shape;
pub mod shingle;
pub mod sketch;
pub mod split;
pub mod tokenize;

pub use shingle::Fingerprint;
pub use sketch::{ParagraphSketch, Sketch, Sketcher};
pub use split::ParagraphMode;
