//! The crate's errors as exceptions of `dechaff._errors`.

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;

/// The exception that mirrors `error`.
pub(crate) fn raised(error: &dechaff::Error) -> PyErr {
    let name = match () {
        () if error.is_interrupted() => return PyKeyboardInterrupt::new_err(error.to_string()),
        () if error.is_io() => "IoError",
        () if error.is_malformed_input() => "MalformedInputError",
        () if error.is_incompatible_index() => "IncompatibleIndexError",
        () if error.is_settings() => "SettingsError",
        () => "Error",
    };
    Python::attach(|py| match py.import("dechaff._errors").and_then(|m| m.getattr(name)) {
        Ok(class) => match class.call1((error.to_string(),)) {
            Ok(exception) => PyErr::from_value(exception),
            Err(failed) => failed,
        },
        // The package is not there when the native module is loaded by itself.
        Err(_) => PyRuntimeError::new_err(error.to_string()),
    })
}

/// Turns the crate's results into Python's.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception that mirrors the error.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for dechaff::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|error| raised(&error))
    }
}
