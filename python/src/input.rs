//! Texts from Python: `str` objects, one by one, and Arrow string columns.
//!
//! Of a string column Arrow says that it is UTF-8, but nobody checks that on the way here, and to take
//! other bytes for a `str` is undefined behaviour: its bytes are bytes until they are checked.

use std::sync::Arc;

use arrow_array::builder::LargeBinaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, LargeBinaryArray};
use arrow_schema::DataType;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyFloat, PyString, PyStringMethods};
use pyo3_arrow::input::AnyArray;

/// Where a text that cannot be read is noted instead.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    pub(crate) status: &'static str,
    pub(crate) message: String,
}

impl Unreadable {
    pub(crate) fn null() -> Self {
        Self {
            status: "null",
            message: "no text".to_owned(),
        }
    }
}

/// A text as it came.
#[derive(Clone, Debug)]
pub(crate) enum Given<'a> {
    Text(&'a str),
    /// Of an Arrow column: not checked yet, which is for the thread that reads it.
    Bytes(&'a [u8]),
    Not(Unreadable),
}

impl<'a> Given<'a> {
    /// Bytes of text.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Not(_) => 0,
        }
    }

    pub(crate) fn text(&self) -> Result<&'a str, Unreadable> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Bytes(bytes) => simdutf8::compat::from_utf8(bytes).map_err(|e| Unreadable {
                status: "not_text",
                message: format!("no UTF-8 at byte {}", e.valid_up_to()),
            }),
            Self::Not(unreadable) => Err(unreadable.clone()),
        }
    }
}

/// A `str` as UTF-8, held where Python has it; a lone surrogate becomes U+FFFD, which has as many bytes.
///
/// Nothing is cached in the object: `PyUnicode_AsUTF8` would leave a second copy of every text that
/// is not ASCII in the user's strings for as long as they live.
#[derive(Debug)]
pub(crate) struct Utf8 {
    held: Held,
}

#[derive(Debug)]
enum Held {
    /// In a `str` of ASCII, whose own memory is UTF-8, or in `bytes` made of another.
    Python {
        start: *const u8,
        len: usize,
        _keeper: Py<PyAny>,
    },
    Own(String),
}

// SAFETY: `str` and `bytes` never change, and whoever has a reference may read them on any thread; the
// reference itself is counted by `Py`.
#[allow(unsafe_code)]
unsafe impl Send for Utf8 {}
// SAFETY: as before.
#[allow(unsafe_code)]
unsafe impl Sync for Utf8 {}

impl Utf8 {
    pub(crate) fn of(text: &Bound<'_, PyString>) -> PyResult<Self> {
        let of = |bytes: &[u8], keeper: &Bound<'_, PyAny>| Self {
            held: Held::Python {
                start: bytes.as_ptr(),
                len: bytes.len(),
                _keeper: keeper.clone().unbind(),
            },
        };
        if is_ascii(text)? {
            let bytes = text.to_str()?.as_bytes();
            return Ok(of(bytes, text.as_any()));
        }
        Ok(match text.encode_utf8() {
            Ok(bytes) => of(bytes.as_bytes(), bytes.as_any()),
            Err(_) => Self {
                held: Held::Own(replaced(text)?),
            },
        })
    }
}

impl std::ops::Deref for Utf8 {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.held {
            // SAFETY: the memory belongs to the object that is held beside it, and never changes. It is
            // ASCII, or Python's own encoder wrote it, which refuses surrogates: to check that it is
            // UTF-8 would take a third of the time.
            #[allow(unsafe_code)]
            Held::Python { start, len, .. } => unsafe {
                std::str::from_utf8_unchecked(std::slice::from_raw_parts(*start, *len))
            },
            Held::Own(text) => text,
        }
    }
}

fn is_ascii(text: &Bound<'_, PyString>) -> PyResult<bool> {
    text.call_method0(intern!(text.py(), "isascii"))?
        .is_truthy()
}

/// A `str` with U+FFFD for lone surrogates.
fn replaced(text: &Bound<'_, PyString>) -> PyResult<String> {
    let bytes = text.call_method1("encode", ("utf-8", "surrogatepass"))?;
    let mut bytes = bytes.cast::<PyBytes>()?.as_bytes().to_vec();
    let mut i = 0;
    while i + 2 < bytes.len() {
        // UTF-8 of U+D800..=U+DFFF.
        if bytes[i] == 0xED && bytes[i + 1] >= 0xA0 {
            bytes[i..i + 3].copy_from_slice("\u{FFFD}".as_bytes());
        }
        i += 1;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Appends a `str` to `out` as UTF-8; false where it has a lone surrogate, with nothing appended.
pub(crate) fn push_whole(text: &Bound<'_, PyString>, out: &mut String) -> PyResult<bool> {
    let text = Utf8::of(text)?;
    let whole = matches!(text.held, Held::Python { .. });
    if whole {
        out.push_str(&text);
    }
    Ok(whole)
}

/// A `str` as UTF-8, with U+FFFD for lone surrogates.
pub(crate) fn to_utf8(text: &Bound<'_, PyString>) -> PyResult<String> {
    Ok(Utf8::of(text)?.to_owned())
}

/// The chunks of an Arrow string column, their strings as bytes.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) chunks: Vec<ArrayRef>,
}

impl Column {
    /// The column behind an object with `__arrow_c_array__` or `__arrow_c_stream__`; `None` for an
    /// object without, and for a Series of Python objects that are no strings all: it is read as an
    /// iterable, so that each has its status.
    pub(crate) fn of(object: &Bound<'_, PyAny>, argument: &str) -> PyResult<Option<Self>> {
        if !object.hasattr("__arrow_c_stream__")? && !object.hasattr("__arrow_c_array__")? {
            return Ok(None);
        }
        let array: AnyArray = match object.extract() {
            Ok(array) => array,
            // pandas makes Arrow of its objects only now: of mixed ones, and of lone surrogates, it cannot.
            Err(e)
                if e.is_instance_of::<PyException>(object.py()) && object.hasattr("dtype")? =>
            {
                return Ok(None);
            }
            Err(e) => return Err(e),
        };
        let field = array.field()?;
        let mut kind = field.data_type();
        if let DataType::Dictionary(_, values) = kind {
            kind = values.as_ref();
        }
        if let DataType::Struct(fields) = kind {
            let names: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
            return Err(PyTypeError::new_err(format!(
                "{argument} is a table with the columns {}; give one column of it",
                names.join(", ")
            )));
        }
        let wrong = || {
            PyTypeError::new_err(format!(
                "{argument} must be a column of strings, got {kind}"
            ))
        };
        let text = matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null
        );
        if !text && of_objects(object)? {
            return Ok(None);
        }
        // pandas has a column of nothing but missing values as floats.
        if !text && !kind.is_floating() {
            return Err(wrong());
        }
        let reader = array.into_reader()?;
        let chunks = reader
            .map(|chunk| chunk.map(|c| as_bytes(&c)))
            .collect::<Result<Vec<_>, _>>();
        let chunks = match chunks {
            Ok(chunks) => chunks,
            // polars exports a column of nothing but nulls with a buffer, which the format does not
            // have; as an iterable it is read all the same.
            Err(e) if e.to_string().contains("datatype \"Null\"") => return Ok(None),
            Err(e) => return Err(PyValueError::new_err(e.to_string())),
        };
        if !text && chunks.iter().any(|c| c.null_count() < c.len()) {
            return Err(wrong());
        }
        Ok(Some(Self { chunks }))
    }
}

/// Whether a value says that there is none: None, or what pandas has for it, NaN, NA, `NaT`.
pub(crate) fn is_missing(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    if value.is_instance_of::<PyString>() {
        return Ok(false);
    }
    if value.is_none() || value.extract::<f64>().is_ok_and(f64::is_nan) {
        return Ok(true);
    }
    let kind = value.get_type().name()?;
    Ok(kind == "NAType" || kind == "NaTType")
}

/// Whether a Series, of pandas or polars, holds Python objects of any type.
fn of_objects(series: &Bound<'_, PyAny>) -> PyResult<bool> {
    if !series.hasattr("dtype")? {
        return Ok(false);
    }
    let kind = series.getattr("dtype")?.str()?;
    Ok(kind.to_string_lossy().eq_ignore_ascii_case("object"))
}

/// A column of strings as one of bytes; a dictionary unpacked.
fn as_bytes(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8 => Arc::new(BinaryArray::from(array.as_string::<i32>().clone())),
        DataType::LargeUtf8 => Arc::new(LargeBinaryArray::from(array.as_string::<i64>().clone())),
        DataType::Utf8View => Arc::new(array.as_string_view().clone().to_binary_view()),
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let values = as_bytes(dictionary.values());
            let mut out = LargeBinaryBuilder::new();
            for (row, &key) in dictionary.normalized_keys().iter().enumerate() {
                if array.is_null(row) {
                    out.append_null();
                } else {
                    out.append_option(bytes_at(values.as_ref(), key));
                }
            }
            Arc::new(out.finish())
        }
        _ => Arc::clone(array),
    }
}

/// The string in row `row`; `None` for null.
pub(crate) fn bytes_at(array: &dyn Array, row: usize) -> Option<&[u8]> {
    if array.is_null(row) {
        return None;
    }
    match array.data_type() {
        DataType::Binary => Some(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => Some(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => Some(array.as_binary_view().value(row)),
        _ => None,
    }
}

/// The ids of the documents as strings.
pub(crate) fn ids(object: &Bound<'_, PyAny>) -> PyResult<Vec<Option<String>>> {
    // Arrow strings are read as such; numbers and everything else by Python's str().
    match Column::of(object, "ids") {
        Ok(Some(column)) => {
            let chunks = column.chunks.iter();
            let id = |bytes| String::from_utf8_lossy(bytes).into_owned();
            return Ok(chunks
                .flat_map(|c| (0..c.len()).map(|k| bytes_at(c.as_ref(), k).map(id)))
                .collect());
        }
        Err(e) if object.hasattr("columns")? => return Err(e),
        _ => {}
    }
    let kind = object.get_type().name()?;
    let bad = || PyTypeError::new_err(format!("ids must hold one id a text, got {kind}"));
    if object.is_instance_of::<PyString>() {
        return Err(bad());
    }
    let listed = if object.hasattr("to_pylist")? {
        object.call_method0("to_pylist")?
    } else {
        object.clone()
    };
    let id = |id: Bound<'_, PyAny>| -> PyResult<Option<String>> {
        if is_missing(&id)? {
            return Ok(None);
        }
        // pandas has numbers with a gap as floats.
        if id.is_instance_of::<PyFloat>() {
            let x: f64 = id.extract()?;
            if x.fract() == 0.0 && x.abs() < 1e15 {
                return Ok(Some(format!("{x:.0}")));
            }
        }
        to_utf8(&id.str()?).map(Some)
    };
    listed
        .try_iter()
        .map_err(|_| bad())?
        .map(|i| id(i?))
        .collect()
}
