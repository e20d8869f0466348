//! `quoth._core`: what Python sees of the Rust core.

use pyo3::prelude::*;

/// The compiled part of quoth.
#[pymodule(gil_used = false)]
mod _core {
    use super::{Bound, PyModule, PyResult};
    use pyo3::types::PyModuleMethods;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
