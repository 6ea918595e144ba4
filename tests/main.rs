//! Integration tests: one binary, so that it links once.

mod environment;
mod golden;
mod restore;
