//! Columns in the making, for the tables that come out.

use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, Float32Builder, StringBuilder, UInt32Builder};
use arrow_array::{
    ArrayRef, ListArray, RecordBatch, StringArray, StructArray, UInt32Array, UInt64Array,
};
use arrow_buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use quoth::Span;
use quoth::gazetteer::Joined;
use quoth::text::CharOffsets;

/// How byte offsets of the core are given out.
pub(crate) enum Offsets<'t> {
    Bytes,
    Chars(CharOffsets<'t>),
}

impl<'t> Offsets<'t> {
    pub(crate) fn new(text: &'t str, bytes: bool) -> Self {
        if bytes {
            Self::Bytes
        } else {
            Self::Chars(CharOffsets::new(text))
        }
    }

    pub(crate) fn span(&self, span: Span) -> (u32, u32) {
        match self {
            Self::Bytes => (span.start, span.end),
            Self::Chars(offsets) => {
                let s = offsets.span(span);
                (s.start, s.end)
            }
        }
    }
}

fn span_fields() -> Fields {
    Fields::from(vec![
        Field::new("start", DataType::UInt32, false),
        Field::new("end", DataType::UInt32, false),
    ])
}

fn span_item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Struct(span_fields()), false))
}

/// Type of a column of lists of spans.
pub(crate) fn spans_type() -> DataType {
    DataType::List(span_item())
}

/// A column of lists of spans.
#[derive(Debug)]
pub(crate) struct SpansBuilder {
    ends: Vec<i32>,
    starts: Vec<u32>,
    stops: Vec<u32>,
}

impl SpansBuilder {
    pub(crate) fn new() -> Self {
        Self {
            ends: vec![0],
            starts: Vec::new(),
            stops: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, spans: impl Iterator<Item = (u32, u32)>) {
        for (start, end) in spans {
            self.starts.push(start);
            self.stops.push(end);
        }
        // A unit of work is far smaller than 2 GB of spans.
        self.ends
            .push(i32::try_from(self.starts.len()).unwrap_or(i32::MAX));
    }

    pub(crate) fn finish(self) -> Result<ArrayRef, ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(self.starts)),
            Arc::new(UInt32Array::from(self.stops)),
        ];
        let values = StructArray::try_new(span_fields(), columns, None)?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.ends));
        Ok(Arc::new(ListArray::try_new(
            span_item(),
            offsets,
            Arc::new(values),
            None,
        )?))
    }
}

/// The first two columns of every table: which document.
#[derive(Debug, Default)]
pub(crate) struct Docs {
    doc: Vec<u64>,
    /// Rows without an id at the end are added when there is one.
    id: StringBuilder,
}

impl Docs {
    pub(crate) fn reserve(&mut self, rows: usize) {
        self.doc.reserve_exact(rows);
    }

    pub(crate) fn push(&mut self, doc: usize, id: Option<&str>) {
        if let Some(id) = id {
            self.id.append_nulls(self.doc.len() - self.id.len());
            self.id.append_value(id);
        }
        self.doc.push(doc as u64);
    }

    pub(crate) fn fields() -> [Field; 2] {
        [
            Field::new("doc", DataType::UInt64, false),
            Field::new("id", DataType::Utf8, true),
        ]
    }

    pub(crate) fn finish(mut self) -> [ArrayRef; 2] {
        let n = self.doc.len();
        let ids = if self.id.is_empty() {
            StringArray::new_null(n)
        } else {
            self.id.append_nulls(n - self.id.len());
            self.id.finish()
        };
        [Arc::new(UInt64Array::from(self.doc)), Arc::new(ids)]
    }
}

/// A schema of the document columns and these.
pub(crate) fn schema(fields: Vec<Field>) -> SchemaRef {
    Arc::new(Schema::new(
        Docs::fields().into_iter().chain(fields).collect::<Vec<_>>(),
    ))
}

/// A batch of the document columns and these.
pub(crate) fn batch(
    schema: SchemaRef,
    docs: Docs,
    columns: Vec<ArrayRef>,
) -> Result<RecordBatch, ArrowError> {
    RecordBatch::try_new(schema, docs.finish().into_iter().chain(columns).collect())
}

/// A column of strings; bytes that are no UTF-8, from a damaged file, are replaced.
pub(crate) fn joined(Joined { bytes, offsets }: Joined) -> Result<ArrayRef, ArrowError> {
    if i32::try_from(bytes.len()).is_err() {
        return Err(ArrowError::OffsetOverflowError(bytes.len()));
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    let bytes = Buffer::from(bytes);
    let column = StringArray::try_new(offsets.clone(), bytes.clone(), None);
    Ok(Arc::new(column.unwrap_or_else(|_| {
        // Never negative.
        let at = |offset: i32| usize::try_from(offset).unwrap_or(0);
        let pieces = offsets.windows(2).map(|e| &bytes[at(e[0])..at(e[1])]);
        StringArray::from_iter_values(pieces.map(String::from_utf8_lossy))
    })))
}

/// Finishes a builder.
pub(crate) fn strings(mut b: StringBuilder) -> ArrayRef {
    Arc::new(b.finish())
}

pub(crate) fn numbers(mut b: UInt32Builder) -> ArrayRef {
    Arc::new(b.finish())
}

pub(crate) fn floats(mut b: Float32Builder) -> ArrayRef {
    Arc::new(b.finish())
}
