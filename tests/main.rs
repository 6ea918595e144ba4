//! Integration tests: one binary, so that it links once.

mod cli;
mod determinism;
mod environment;
mod faults;
mod golden;
mod properties;
mod quality;
mod restore;
mod tidy;
