//! The gazetteer: building, searching one text, searching many.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::builder::{StringBuilder, UInt32Builder};
use arrow_array::{ArrayRef, Float32Array, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use pyo3::exceptions::{PyIndexError, PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString};
use quoth::gazetteer::{EntryRef, EntryText, GazetteerBuilder, GazetteerOptions, Joined};
use quoth::{Entry, Span};

use crate::columns::{Docs, Offsets, batch, joined, numbers, schema, strings};
use crate::driver::{Unit, run};
use crate::error::to_python;
use crate::input::{Given, Unreadable, Utf8, push_whole, to_utf8};
use crate::table::Table;

/// (id, label, canonical name, further names, priority, properties as JSON, related ids)
type Record = (
    String,
    String,
    String,
    Vec<String>,
    f32,
    String,
    Vec<String>,
);

fn entry((id, label, name, names, priority, properties, related): Record) -> Entry {
    Entry {
        id,
        label,
        name,
        names,
        priority,
        properties,
        related,
    }
}

/// Rows as users have them: most are a `str`, or a `dict` of strings, and are read here; `convert` makes
/// records of the others, by their number, and says what is wrong with them.
#[derive(FromPyObject)]
pub(crate) struct Plain<'py> {
    id: Bound<'py, PyString>,
    name: Bound<'py, PyString>,
    label: Bound<'py, PyString>,
    aliases: Bound<'py, PyString>,
    separator: String,
    convert: Bound<'py, PyAny>,
}

impl Plain<'_> {
    /// Whether no two fields are one: otherwise rows are for others to read.
    fn usable(&self) -> PyResult<bool> {
        let mut fields = HashSet::new();
        for field in [&self.id, &self.name, &self.label, &self.aliases] {
            fields.insert(to_utf8(field)?);
        }
        Ok(fields.len() == 4)
    }

    /// Takes a row in; false where it is none of the plain ones, with `entry` half filled.
    fn take(&self, row: &Bound<'_, PyAny>, entry: &mut Entry) -> PyResult<bool> {
        entry.id.clear();
        entry.name.clear();
        entry.label.clear();
        entry.names.clear();
        entry.priority = 0.0;
        entry.properties.clear();
        entry.related.clear();
        if let Ok(name) = row.cast_exact::<PyString>() {
            let taken = push_whole(name, &mut entry.name)?;
            entry.id.push_str(&entry.name);
            return Ok(taken);
        }
        let Ok(row) = row.cast_exact::<PyDict>() else {
            return Ok(false);
        };
        let mut fields = 0;
        for (field, out) in [
            (&self.id, &mut entry.id),
            (&self.name, &mut entry.name),
            (&self.label, &mut entry.label),
        ] {
            let Some(value) = row.get_item(field)? else {
                continue;
            };
            fields += 1;
            match value.cast_exact::<PyString>() {
                Ok(value) if push_whole(value, out)? => {}
                Err(_) if value.is_none() => {}
                Err(_) if field.is(&self.id) && value.is_exact_instance_of::<PyInt>() => {
                    push_whole(&value.str()?, out)?;
                }
                _ => return Ok(false),
            }
        }
        if let Some(value) = row.get_item(&self.aliases)? {
            fields += 1;
            // As str.strip() of Python has it.
            let space = |c: char| c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c);
            if let Ok(value) = value.cast_exact::<PyString>() {
                let mut all = String::new();
                if self.separator.is_empty() || !push_whole(value, &mut all)? {
                    return Ok(false);
                }
                let names = all.split(&self.separator).map(|n| n.trim_matches(space));
                let names = names.filter(|n| !n.is_empty());
                entry.names.extend(names.map(str::to_owned));
            } else if let Ok(list) = value.cast_exact::<PyList>() {
                for name in list {
                    let mut out = String::new();
                    match name.cast_exact::<PyString>() {
                        Ok(name) if push_whole(name, &mut out)? => {}
                        _ => return Ok(false),
                    }
                    if !out.trim_matches(space).is_empty() {
                        entry.names.push(out);
                    }
                }
            } else if !value.is_none() {
                return Ok(false);
            }
        }
        // Further fields are for others to read, and what is missing is theirs to name.
        Ok(fields == row.len() && !entry.id.is_empty() && !entry.name.is_empty())
    }
}

#[pyclass(frozen, module = "quoth._core")]
#[derive(Debug)]
pub(crate) struct Gazetteer {
    pub(crate) inner: Arc<quoth::Gazetteer>,
}

impl Gazetteer {
    fn of(built: Result<quoth::Gazetteer, quoth::Error>) -> PyResult<Self> {
        Ok(Self {
            inner: Arc::new(built.map_err(to_python)?),
        })
    }
}

#[pymethods]
impl Gazetteer {
    #[new]
    #[pyo3(signature = (records, *, plain, options, refused))]
    fn new(
        py: Python<'_>,
        records: &Bound<'_, PyAny>,
        plain: Plain<'_>,
        options: &str,
        refused: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let options: GazetteerOptions =
            serde_json::from_str(options).map_err(|e| PyValueError::new_err(e.to_string()))?;
        let mut builder = GazetteerBuilder::new(options);
        let mut taken = Entry::default();
        let usable = plain.usable()?;
        for (n, record) in records.try_iter()?.enumerate() {
            let record = record?;
            if !(usable && plain.take(&record, &mut taken)?) {
                match plain.convert.call1((n, record))?.extract()? {
                    None => continue,
                    Some(record) => taken = entry(record),
                }
            }
            match builder.push(&taken) {
                // Told to the caller, who goes on.
                Err(quoth::Error::BadEntry { reason, .. }) => {
                    refused.call1((reason, n))?;
                }
                added => added.map_err(to_python)?,
            }
            if n % (1 << 16) == 0 {
                py.check_signals()?;
            }
        }
        Self::of(py.detach(|| builder.build()))
    }

    /// Another gazetteer with more entries, and without those with the ids in `remove`.
    fn with_changes(
        &self,
        py: Python<'_>,
        add: Vec<Record>,
        remove: HashSet<String>,
    ) -> PyResult<Self> {
        let remove = remove.into_iter().collect();
        Self::of(py.detach(|| self.inner.with_changes(add.into_iter().map(entry), &remove)))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, data: &Bound<'_, PyBytes>) -> PyResult<Self> {
        let data = data.as_bytes();
        Self::of(py.detach(|| quoth::Gazetteer::from_bytes(data)))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let merged = py.detach(|| self.inner.merged()).map_err(to_python)?;
        Ok(PyBytes::new(py, merged.as_bytes()))
    }

    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, verify: bool) -> PyResult<Self> {
        Self::of(py.detach(|| quoth::Gazetteer::open(&path, verify)))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.inner.save(&path)).map_err(to_python)
    }

    #[getter]
    fn nbytes(&self) -> usize {
        self.inner.nbytes()
    }

    fn __len__(&self) -> usize {
        self.inner.len()
    }

    #[getter]
    fn n_spellings(&self) -> usize {
        self.inner.spellings()
    }

    /// The options, as JSON.
    fn options(&self) -> PyResult<String> {
        serde_json::to_string(self.inner.options())
            .map_err(|e| PyValueError::new_err(e.to_string()))
    }

    /// How many entries have each label, in the order in which they are first met.
    fn labels(&self, py: Python<'_>) -> Vec<(String, usize)> {
        py.detach(|| {
            let mut labels: Vec<(String, usize)> = Vec::new();
            let mut places: HashMap<&str, usize> = HashMap::new();
            for entry in self.inner.entries() {
                let place = *places.entry(entry.label()).or_insert_with(|| {
                    labels.push((entry.label().to_owned(), 0));
                    labels.len() - 1
                });
                labels[place].1 += 1;
            }
            labels
        })
    }

    /// The positions of the entries: those of removed ones are left out.
    fn positions(&self) -> Vec<u32> {
        self.inner.entries().map(EntryRef::index).collect()
    }

    /// The entry at a position.
    fn entry(&self, position: usize) -> PyResult<Record> {
        match u32::try_from(position) {
            Ok(n) if position < self.inner.indices() => Ok(record(self.inner.entry(n))),
            _ => Err(PyIndexError::new_err("entry out of range")),
        }
    }

    /// The entry with an id, or None.
    fn get(&self, id: &str) -> Option<Record> {
        self.inner.get(id).map(record)
    }

    /// (start, end, text, [(entry id, name, label)], …) of every mention in one text.
    #[pyo3(signature = (text, *, labels, bytes))]
    fn find(
        &self,
        py: Python<'_>,
        text: &Bound<'_, PyAny>,
        labels: Option<Vec<String>>,
        bytes: bool,
    ) -> PyResult<Vec<(u32, u32, String, Vec<u32>, f32)>> {
        let text = one_text(text)?;
        py.detach(|| {
            let offsets = Offsets::new(&text, bytes);
            let mentions = self.inner.find_labels(&text, labels.as_deref())?;
            Ok(mentions
                .into_iter()
                .map(|m| {
                    let (start, end) = offsets.span(m.span);
                    let found = m.span.of(&text).to_owned();
                    (start, end, found, m.entries, m.score)
                })
                .collect())
        })
        .map_err(to_python)
    }

    /// The mentions in many texts, and the status of every text.
    #[pyo3(signature = (texts, *, ids, labels, properties, bytes, n_threads, tick))]
    #[allow(clippy::too_many_arguments)]
    fn find_all(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        ids: Option<&Bound<'_, PyAny>>,
        labels: Option<Vec<String>>,
        properties: bool,
        bytes: bool,
        n_threads: Option<usize>,
        tick: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Table, Table)> {
        let gazetteer = &self.inner;
        // Rows of the last unit: the next has about as many, and columns that grow are copied.
        let rows = AtomicUsize::new(0);
        let results = run(py, texts, ids, n_threads, tick, |unit| {
            let mut mentions = MentionColumns::new(properties);
            let expected = rows.load(Ordering::Relaxed);
            mentions.reserve(expected + expected / 16);
            let mut status = StatusColumns::default();
            let mut finder = gazetteer.finder(labels.as_deref());
            for (k, text) in unit.texts.iter().enumerate() {
                let (doc, id) = (unit.first + k, id_of(unit, k));
                let before = mentions.len();
                let found = guarded(text, |text| {
                    // Counted only for texts that have a mention.
                    let mut offsets = None;
                    finder.find(text, |span, entries, score| {
                        let offsets = offsets.get_or_insert_with(|| Offsets::new(text, bytes));
                        mentions.push(doc, id, text, offsets, gazetteer, span, entries, score);
                    })
                });
                match found {
                    Ok(_) => status.push(doc, id, Ok((mentions.len() - before, 0))),
                    Err(e) => status.push(doc, id, Err(&e)),
                }
            }
            rows.store(mentions.len(), Ordering::Relaxed);
            Ok::<_, ArrowError>((mentions.finish(Some(gazetteer))?, status.finish()?))
        })?;
        let (mut mentions, mut status) = (Vec::new(), Vec::new());
        for result in results {
            let (m, s) = result.map_err(arrow_error)?;
            mentions.push(m);
            status.push(s);
        }
        Ok((
            Table::new(MentionColumns::schema(properties), mentions),
            Table::new(StatusColumns::schema(), status),
        ))
    }
}

fn record(e: EntryRef<'_>) -> Record {
    let e = e.to_entry();
    (
        e.id,
        e.label,
        e.name,
        e.names,
        e.priority,
        e.properties,
        e.related,
    )
}

/// The one text of `find` and `read`.
pub(crate) fn one_text(text: &Bound<'_, PyAny>) -> PyResult<Utf8> {
    match text.cast::<PyString>() {
        Ok(text) => Utf8::of(text),
        Err(_) => Err(PyTypeError::new_err(format!(
            "text must be a str, got {}",
            text.get_type().name()?
        ))),
    }
}

pub(crate) fn arrow_error(e: ArrowError) -> PyErr {
    match e {
        ArrowError::OffsetOverflowError(bytes) => PyValueError::new_err(format!(
            "what was found in some texts takes {bytes} bytes in one column, which holds 2 GiB: leave out \
             names that are found all over, or give shorter texts"
        )),
        e => PyRuntimeError::new_err(e.to_string()),
    }
}

pub(crate) fn id_of<'a>(unit: &Unit<'a>, k: usize) -> Option<&'a str> {
    unit.ids.and_then(|ids| ids[k].as_deref())
}

/// Works on a text; whatever goes wrong, even a fault of the core, becomes the text's status.
pub(crate) fn guarded<'a, R>(
    text: &Given<'a>,
    work: impl FnOnce(&'a str) -> Result<R, quoth::Error>,
) -> Result<(&'a str, R), Unreadable> {
    let text = text.text()?;
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(text))) {
        Ok(Ok(found)) => Ok((text, found)),
        Ok(Err(e)) => Err(Unreadable {
            status: "too_long",
            message: e.to_string(),
        }),
        Err(_) => Err(Unreadable {
            status: "failed",
            message: "an internal fault; please report the text".to_owned(),
        }),
    }
}

/// The columns of `Mentions`.
#[derive(Default)]
pub(crate) struct MentionColumns {
    docs: Docs,
    start: Vec<u32>,
    end: Vec<u32>,
    text: Joined,
    /// The best entry of each.
    entry: Vec<u32>,
    candidates: Vec<u32>,
    score: Vec<f32>,
    /// Only where they are asked for.
    properties: Option<StringBuilder>,
}

impl MentionColumns {
    pub(crate) fn new(properties: bool) -> Self {
        Self {
            properties: properties.then(StringBuilder::new),
            ..Self::default()
        }
    }

    /// Makes room for rows.
    fn reserve(&mut self, rows: usize) {
        self.docs.reserve(rows);
        self.start.reserve_exact(rows);
        self.end.reserve_exact(rows);
        self.text.offsets.reserve_exact(rows + 1);
        self.text.bytes.reserve_exact(8 * rows);
        self.entry.reserve_exact(rows);
        self.candidates.reserve_exact(rows);
        self.score.reserve_exact(rows);
    }

    pub(crate) fn schema(properties: bool) -> SchemaRef {
        let mut fields = vec![
            Field::new("start", DataType::UInt32, false),
            Field::new("end", DataType::UInt32, false),
            Field::new("text", DataType::Utf8, false),
            Field::new("entry_id", DataType::Utf8, false),
            Field::new("name", DataType::Utf8, false),
            Field::new("label", DataType::Utf8, false),
            Field::new("n_candidates", DataType::UInt32, false),
            Field::new("score", DataType::Float32, false),
        ];
        if properties {
            fields.push(Field::new("properties", DataType::Utf8, true));
        }
        schema(fields)
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn push(
        &mut self,
        doc: usize,
        id: Option<&str>,
        text: &str,
        offsets: &Offsets<'_>,
        gazetteer: &quoth::Gazetteer,
        span: Span,
        entries: &[u32],
        score: f32,
    ) {
        let Some(&best) = entries.first() else {
            return;
        };
        let (start, end) = offsets.span(span);
        self.docs.push(doc, id);
        self.start.push(start);
        self.end.push(end);
        let place = span.start as usize..span.end as usize;
        self.text.push(text.as_bytes(), place);
        self.entry.push(best);
        self.candidates
            .push(u32::try_from(entries.len()).unwrap_or(u32::MAX));
        self.score.push(score);
        if let Some(properties) = &mut self.properties {
            let json = gazetteer.entry(best).properties();
            properties.append_option((!json.is_empty()).then_some(json));
        }
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.start.len()
    }

    /// `gazetteer`: the one whose entries were pushed.
    pub(crate) fn finish(
        self,
        gazetteer: Option<&quoth::Gazetteer>,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = Self::schema(self.properties.is_some());
        let entries = |which| match gazetteer {
            Some(gazetteer) => joined(gazetteer.texts(&self.entry, which)),
            None => joined(Joined::default()),
        };
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(UInt32Array::from(self.start)),
            Arc::new(UInt32Array::from(self.end)),
            joined(self.text)?,
            entries(EntryText::Id)?,
            entries(EntryText::Name)?,
            entries(EntryText::Label)?,
            Arc::new(UInt32Array::from(self.candidates)),
            Arc::new(Float32Array::from(self.score)),
        ];
        columns.extend(self.properties.map(strings));
        batch(schema, self.docs, columns)
    }
}

/// The columns of `Status`: a row a text.
#[derive(Default)]
pub(crate) struct StatusColumns {
    docs: Docs,
    status: StringBuilder,
    message: StringBuilder,
    mentions: UInt32Builder,
    attributions: UInt32Builder,
}

impl StatusColumns {
    pub(crate) fn schema() -> SchemaRef {
        schema(vec![
            Field::new("status", DataType::Utf8, false),
            Field::new("message", DataType::Utf8, true),
            Field::new("n_mentions", DataType::UInt32, false),
            Field::new("n_attributions", DataType::UInt32, false),
        ])
    }

    /// `counts`: mentions and attributions of a text that was read.
    pub(crate) fn push(
        &mut self,
        doc: usize,
        id: Option<&str>,
        counts: Result<(usize, usize), &Unreadable>,
    ) {
        self.docs.push(doc, id);
        let (status, message, (mentions, attributions)) = match counts {
            Ok(counts) => ("ok", None, counts),
            Err(e) => (e.status, Some(e.message.as_str()), (0, 0)),
        };
        self.status.append_value(status);
        self.message.append_option(message);
        self.mentions
            .append_value(u32::try_from(mentions).unwrap_or(u32::MAX));
        self.attributions
            .append_value(u32::try_from(attributions).unwrap_or(u32::MAX));
    }

    pub(crate) fn finish(self) -> Result<RecordBatch, ArrowError> {
        let columns = vec![
            strings(self.status),
            strings(self.message),
            numbers(self.mentions),
            numbers(self.attributions),
        ];
        batch(Self::schema(), self.docs, columns)
    }
}
