//! Integration tests: one binary, so that it links once.

#[cfg(test)]
mod docs;
#[cfg(test)]
mod newcomer;
