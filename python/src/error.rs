//! The core's errors as Python exceptions.

use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyValueError};
use pyo3::prelude::*;
use quoth::Error;

/// The exception of `quoth.errors` with this name.
fn exception(name: &str, message: String) -> PyErr {
    Python::attach(|py| {
        let made = py
            .import("quoth.errors")
            .and_then(|m| m.getattr(name))
            .and_then(|class| class.call1((message,)));
        match made {
            Ok(value) => PyErr::from_value(value),
            Err(e) => e,
        }
    })
}

/// A file that is not in its format.
pub(crate) fn file_format_error(message: String) -> PyErr {
    exception("FileFormatError", message)
}

/// A core error as the exception that users catch.
pub(crate) fn to_python(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::TextTooLong { .. } | Error::BadOption { .. } => PyValueError::new_err(message),
        Error::BadEntry { .. } | Error::GazetteerTooLarge { .. } => {
            exception("GazetteerError", message)
        }
        Error::BadFile { .. } | Error::BadModel { .. } => file_format_error(message),
        Error::Io {
            path,
            message: system,
            number,
            ..
        } => PyOSError::new_err((number, system, path)),
        Error::Interrupted => PyKeyboardInterrupt::new_err(()),
    }
}
