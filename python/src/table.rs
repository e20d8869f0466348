//! A table: record batches that go out through the Arrow `PyCapsule` interface.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, SchemaRef};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use pyo3_arrow::input::AnyRecordBatch;

/// Record batches of one schema.
#[pyclass(frozen, module = "quoth._core")]
#[derive(Debug)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let batches = batches.into_iter().filter(|b| b.num_rows() > 0).collect();
        Self { schema, batches }
    }
}

#[pymethods]
impl Table {
    /// A table from any Arrow stream, as it was exported.
    #[staticmethod]
    fn from_arrow(table: AnyRecordBatch) -> PyResult<Self> {
        let (batches, schema) = table.into_table()?.into_inner();
        Ok(Self::new(schema, batches))
    }

    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    #[getter]
    fn columns(&self) -> Vec<String> {
        self.schema
            .fields()
            .iter()
            .map(|f| f.name().clone())
            .collect()
    }

    /// Bytes of the columns.
    #[getter]
    fn nbytes(&self) -> usize {
        self.batches
            .iter()
            .map(RecordBatch::get_array_memory_size)
            .sum()
    }

    #[getter]
    fn n_batches(&self) -> usize {
        self.batches.len()
    }

    /// The rows of one batch as dicts.
    fn rows<'py>(&self, py: Python<'py>, batch: usize) -> PyResult<Bound<'py, PyList>> {
        let rows = PyList::empty(py);
        let Some(batch) = self.batches.get(batch) else {
            return Ok(rows);
        };
        for k in 0..batch.num_rows() {
            let row = PyDict::new(py);
            for (field, column) in self.schema.fields().iter().zip(batch.columns()) {
                row.set_item(field.name(), value(py, column.as_ref(), k)?)?;
            }
            rows.append(row)?;
        }
        Ok(rows)
    }

    /// The values of one column.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyList>> {
        let (n, _) = self
            .schema
            .column_with_name(name)
            .ok_or_else(|| PyKeyError::new_err(name.to_owned()))?;
        let values = PyList::empty(py);
        for batch in &self.batches {
            for k in 0..batch.num_rows() {
                values.append(value(py, batch.column(n).as_ref(), k)?)?;
            }
        }
        Ok(values)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let arrays: Vec<_> = self
            .batches
            .iter()
            .map(|b| Ok(Arc::new(StructArray::from(b.clone())) as ArrayRef))
            .collect();
        let field = Arc::new(
            Field::new_struct("", self.schema.fields().clone(), false)
                .with_metadata(self.schema.metadata().clone()),
        );
        Ok(to_stream_pycapsule(
            py,
            Box::new(ArrayIterator::new(arrays, field)),
            requested_schema,
        )?)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.schema.as_ref())?)
    }
}

/// A cell as a Python object.
fn value<'py>(py: Python<'py>, column: &dyn Array, row: usize) -> PyResult<Bound<'py, PyAny>> {
    if column.is_null(row) {
        return Ok(py.None().into_bound(py));
    }
    Ok(match column.data_type() {
        DataType::Utf8 => column
            .as_string::<i32>()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::UInt32 => column
            .as_primitive::<UInt32Type>()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::UInt64 => column
            .as_primitive::<UInt64Type>()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::Float32 => column
            .as_primitive::<Float32Type>()
            .value(row)
            .into_pyobject(py)?
            .into_any(),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let items = (0..items.len())
                .map(|k| value(py, items.as_ref(), k))
                .collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, items)?.into_any()
        }
        DataType::Struct(_) => {
            let fields = column
                .as_struct()
                .columns()
                .iter()
                .map(|c| value(py, c.as_ref(), row))
                .collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, fields)?.into_any()
        }
        other => {
            return Err(PyValueError::new_err(format!(
                "no Python value for {other}"
            )));
        }
    })
}
