//! Integration tests: one binary, so that it links once.

#![cfg(test)]

mod cases;
mod cli;
mod determinism;
mod docs;
mod environment;
mod faults;
mod formats;
mod golden;
mod index_file;
mod large;
mod newcomer;
mod pages;
mod properties;
mod python;
mod quality;
mod reliability;
mod report;
mod restore;
mod tidy;
