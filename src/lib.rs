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
//! Counts outlive a run: an [`Index`] can be kept, merged with others, and judge new documents.
//! [`Stripper`] gives the reason and the evidence for each paragraph:
//!
//! ```
//! use dechaff::{Config, Document, Stripper, learn};
//! let story = "The ferryman pulled a piano out of the river on Wednesday, strings and all.";
//! let config = Config::default();
//! let index = learn(&[Document::new("monday", "a.example", story)], &config)?;
//! let today = Document::new("tuesday", "b.example", format!("News of the day.\n{story}"));
//! let judged = Stripper::new(&index, &config).strip(&today, ("", 0));
//! assert_eq!(judged.removals[0].reason.name(), "duplicate");
//! let witness = judged.removals[0].evidence.witness.as_ref().expect("another document says it");
//! assert_eq!(index.id(witness.number), "monday");
//! # Ok::<(), dechaff::Error>(())
//! ```
//!
//! Files are the business of [`pipeline::Job`]; nothing is in place before [`commit`]:
//!
//! ```
//! use dechaff::io::source::{Passes, find};
//! use dechaff::pipeline::{Job, Monitor, Targets};
//! use dechaff::{Config, report::digest, report::html};
//! let folder = tempfile::tempdir()?;
//! let path = |name: &str| folder.path().join(name);
//! std::fs::write(path("in.jsonl"), "{\"text\": \"Rain fell.\\n26 views\"}\n")?;
//! let config = Config::default();
//! let sources = find(&[path("in.jsonl")], None, Passes::Two, folder.path())?;
//! let targets = Targets {
//!     out: Some(path("out.jsonl")),
//!     removed: Some(path("removed.jsonl")),
//!     ..Targets::default()
//! };
//! let job = Job::new(&sources, &config, Monitor::default())?;
//! let (summary, staged) = job.clean(None, None, &targets)?;
//! staged.commit()?;
//! assert_eq!(summary.removed["rule"].spans, 1);
//! assert_eq!(std::fs::read_to_string(path("out.jsonl"))?, "{\"text\": \"Rain fell.\"}\n");
//!
//! let thresholds = (&config.policy).into();
//! let digest = digest::digest(&path("removed.jsonl"), None, thresholds, &digest::Scale::default())?;
//! assert!(html::page(&digest).starts_with("<!doctype html>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`commit`]: io::write::Staged::commit
//!
//! The modules are the stages, in the order of the flow: [`text`] turns text into fingerprints,
//! [`index`] counts them, [`decide`] turns evidence into verdicts, [`io`] reads and writes files,
//! [`report`] tells what was done, [`batch`] is the ground for engines, [`pipeline`] runs the stages
//! over files in parallel, [`cli`] is the command line and uses nothing else.

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
