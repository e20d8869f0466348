//! `quoth._core`: what the Python package sees of the Rust core. Plain values go in and out; the
//! classes that users see are in `python/quoth`.
//!
//! Documentation of arguments and columns is in the package, where users read it.
#![allow(
    missing_docs,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    clippy::too_many_arguments
)]

mod attributor;
mod columns;
mod driver;
mod error;
mod gazetteer;
mod input;
mod table;
mod training;

use pyo3::prelude::*;

/// The compiled part of quoth.
#[pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::attributor::Attributor;
    #[pymodule_export]
    use super::gazetteer::Gazetteer;
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::training::{model_info, train};
    use super::{Bound, PyModule, PyResult};
    use pyo3::types::PyModuleMethods;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
