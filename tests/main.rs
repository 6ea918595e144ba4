//! Integration tests: one binary, so that it links once.

#![cfg(test)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli;
mod determinism;
mod docs;
mod environment;
mod faults;
mod golden;
mod newcomer;
mod pages;
mod properties;
mod quality;
mod restore;
mod tidy;
