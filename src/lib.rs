//! Strips site boilerplate and repeated or near-repeated paragraphs from scraped text.
//!
//! Count first, decide second: [`learn`] counts how paragraphs recur over a corpus, [`strip`]
//! judges each document by these counts, [`clean`] is both. Everything that is not removed stays
//! byte for byte, and every removal comes with its reason and evidence.
//!
//! ```
//! use dechaff::{Config, Document, clean};
//! let page = Document::new("1", "a.example", "Rain fell.\n1,204 views\nThe river rose.");
//! assert_eq!(clean(&[page], &Config::default())?, ["Rain fell.\nThe river rose."]);
//! # Ok::<(), dechaff::Error>(())
//! ```
//!
//! The modules are the stages, in the order of the flow: [`text`] turns text into fingerprints,
//! [`index`] counts them, [`decide`] turns evidence into verdicts, [`io`] reads and writes files,
//! [`report`] tells what was done, [`batch`] is the ground for engines, [`pipeline`] runs the stages over files in parallel, [`cli`] is
//! the command line and uses nothing else.

pub mod batch;
pub mod cli;
pub mod config;
pub mod decide;
pub mod document;
pub mod engine;
pub mod error;
mod hash;
pub mod index;
pub mod io;
#[cfg(any(test, feature = "naive"))]
pub mod naive;
pub mod pipeline;
pub mod report;
pub mod restore;
pub mod text;
mod varint;

pub use config::Config;
pub use document::{Document, Span, without};
pub use engine::{Stripped, Stripper, clean, learn, strip};
pub use error::{Error, Result};
pub use index::Index;

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
