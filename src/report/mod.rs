//! What is told about a run: the audit, line by line, and the summary.

pub mod audit;
pub mod summary;

pub use audit::{AuditRow, Reject};
pub use summary::Summary;
