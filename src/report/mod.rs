//! What is told about a run: the audit, line by line, the summary, and the report for people.
//!
//! A report is made of the audit alone, or of the audit and the texts: [`join`] brings them
//! together document by document, [`digest`] counts, [`html`] makes one page of the digest, and
//! [`diff`] shows the first changes on a terminal. [`crate::text::plain`] keeps page text from
//! acting on whatever shows it.

pub mod audit;
pub(crate) mod checkpoint;
pub mod count;
pub mod diff;
pub mod digest;
pub mod html;
pub mod join;
pub mod summary;

pub use audit::{AuditRow, Reject};
pub use summary::Summary;
