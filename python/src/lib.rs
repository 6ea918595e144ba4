//! The native half of the Python package: what is here is not public, `dechaff/__init__.py` is.
//!
//! Columns come in as Python strings or as Arrow, work is done without the interpreter's lock, and
//! verdicts are those of the crate: nothing is decided here.

#![expect(clippy::needless_pass_by_value, reason = "what Python gives is made by value")]

mod column;
mod engine;
mod error;
mod exchange;
mod settings;
mod table;

use pyo3::prelude::*;

#[pymodule]
mod _dechaff {
    #[pymodule_export]
    use crate::engine::Engine;
    #[pymodule_export]
    use crate::exchange::{Part, assemble, join, merge, number};

    /// The version of the crate inside.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's own spelling")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
