//! Integration tests: one binary, so that it links once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod report;
