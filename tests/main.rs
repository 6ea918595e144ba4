//! Integration tests: one binary, so that it links once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli;
mod determinism;
mod environment;
mod faults;
mod golden;
mod properties;
mod quality;
mod restore;
mod tidy;
