//! The attributor: reading one text, reading many.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::builder::{Float32Builder, StringBuilder, UInt32Builder};
use arrow_schema::{ArrowError, DataType, Field, SchemaRef};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use quoth::{Attribution, AttributionType, AttributorOptions, Class, Document, Polarity, Span};

use crate::columns::{
    Docs, Offsets, SpansBuilder, batch, floats, numbers, schema, spans_type, strings,
};
use crate::driver::run;
use crate::error::to_python;
use crate::gazetteer::{
    Gazetteer, MentionColumns, StatusColumns, arrow_error, guarded, id_of, one_text,
};
use crate::table::Table;

#[pyclass(frozen, module = "quoth._core")]
#[derive(Debug)]
pub(crate) struct Attributor {
    inner: quoth::Attributor,
}

#[pymethods]
impl Attributor {
    #[new]
    #[pyo3(signature = (gazetteer, *, model, types, min_score, eager, top_level))]
    fn new(
        gazetteer: Option<PyRef<'_, Gazetteer>>,
        model: &str,
        types: Vec<String>,
        min_score: f32,
        eager: bool,
        top_level: bool,
    ) -> PyResult<Self> {
        let has = |t: &str| types.iter().any(|x| x == t);
        let options = AttributorOptions {
            types: [has("direct"), has("indirect"), has("mixed")],
            min_score,
            eager,
            top_level,
        };
        let rules = quoth::Attributor::new(gazetteer.map(|g| Arc::clone(&g.inner)), options);
        let inner = match model {
            "rules" => rules,
            name => rules.with_model(crate::training::model(name)?),
        };
        Ok(Self { inner })
    }

    /// Mentions, attributions and speakers of one text, as plain values.
    #[pyo3(signature = (text, *, bytes))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyAny>,
        bytes: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        let text = one_text(text)?;
        let document = py.detach(|| self.inner.read(&text)).map_err(to_python)?;
        let offsets = Offsets::new(&text, bytes);
        let out = PyDict::new(py);
        let spans = |s: &[Span]| s.iter().map(|s| offsets.span(*s)).collect::<Vec<_>>();
        let mentions: Vec<_> = document
            .mentions
            .iter()
            .map(|m| {
                let (start, end) = offsets.span(m.span);
                (start, end, m.span.of(&text), m.entries.clone(), m.score)
            })
            .collect();
        out.set_item("mentions", mentions)?;
        let speakers: Vec<_> = document
            .speakers
            .iter()
            .map(|s| {
                (
                    s.name.as_str(),
                    s.label.as_str(),
                    s.entry,
                    spans(&s.mentions),
                )
            })
            .collect();
        out.set_item("speakers", speakers)?;
        let attributions = document
            .attributions
            .iter()
            .map(|a| {
                let row = PyDict::new(py);
                row.set_item("content", joined(&text, &a.content))?;
                row.set_item("content_spans", spans(&a.content))?;
                row.set_item("cue", joined(&text, &a.cue))?;
                row.set_item("cue_spans", spans(&a.cue))?;
                row.set_item("source", joined(&text, &a.source))?;
                row.set_item("source_spans", spans(&a.source))?;
                row.set_item("addressee", a.addressee.map(|s| s.of(&text)))?;
                row.set_item("addressee_span", a.addressee.map(|s| offsets.span(s)))?;
                row.set_item("type", type_name(a.kind))?;
                row.set_item("class_", class_name(a.class))?;
                row.set_item("polarity", polarity_name(a.polarity))?;
                row.set_item("parent", a.parent)?;
                row.set_item("speaker", a.speaker)?;
                row.set_item("score", a.score)?;
                Ok(row)
            })
            .collect::<PyResult<Vec<_>>>()?;
        out.set_item("attributions", attributions)?;
        Ok(out)
    }

    /// Attributions, mentions, speakers of many texts, and the status of every text.
    #[pyo3(signature = (texts, *, ids, bytes, n_threads, tick))]
    fn read_all(
        &self,
        py: Python<'_>,
        texts: &Bound<'_, PyAny>,
        ids: Option<&Bound<'_, PyAny>>,
        bytes: bool,
        n_threads: Option<usize>,
        tick: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<(Table, Table, Table, Table)> {
        let attributor = &self.inner;
        let results = run(py, texts, ids, n_threads, tick, |unit| {
            let mut attributions = AttributionColumns::new();
            let mut mentions = MentionColumns::default();
            let mut speakers = SpeakerColumns::new();
            let mut status = StatusColumns::default();
            for (k, text) in unit.texts.iter().enumerate() {
                let (doc, id) = (unit.first + k, id_of(unit, k));
                match guarded(text, |text| attributor.read(text)) {
                    Ok((text, d)) => {
                        status.push(doc, id, Ok((d.mentions.len(), d.attributions.len())));
                        let offsets = Offsets::new(text, bytes);
                        attributions.push(doc, id, text, &offsets, attributor, &d);
                        speakers.push(doc, id, &offsets, attributor, &d);
                        if let Some(gazetteer) = attributor.gazetteer() {
                            for m in &d.mentions {
                                let (span, entries) = (m.span, m.entries.as_slice());
                                mentions.push(
                                    doc, id, text, &offsets, gazetteer, span, entries, m.score,
                                );
                            }
                        }
                    }
                    Err(e) => status.push(doc, id, Err(&e)),
                }
            }
            Ok::<_, ArrowError>([
                attributions.finish()?,
                mentions.finish(attributor.gazetteer().map(AsRef::as_ref))?,
                speakers.finish()?,
                status.finish()?,
            ])
        })?;
        let mut tables: [Vec<RecordBatch>; 4] = Default::default();
        for result in results {
            for (table, batch) in tables.iter_mut().zip(result.map_err(arrow_error)?) {
                table.push(batch);
            }
        }
        let [attributions, mentions, speakers, status] = tables;
        Ok((
            Table::new(AttributionColumns::schema(), attributions),
            Table::new(MentionColumns::schema(false), mentions),
            Table::new(SpeakerColumns::schema(), speakers),
            Table::new(StatusColumns::schema(), status),
        ))
    }
}

fn type_name(kind: AttributionType) -> &'static str {
    match kind {
        AttributionType::Direct => "direct",
        AttributionType::Indirect => "indirect",
        AttributionType::Mixed => "mixed",
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Assertion => "assertion",
        Class::Belief => "belief",
        Class::Fact => "fact",
        Class::Eventuality => "eventuality",
    }
}

fn polarity_name(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Positive => "positive",
        Polarity::Negative => "negative",
    }
}

/// The pieces of a role, joined by a space.
fn joined(text: &str, spans: &[Span]) -> String {
    spans
        .iter()
        .map(|s| s.of(text))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Appends the pieces of a role, joined by a space; null for none.
fn push_joined(column: &mut StringBuilder, text: &str, spans: &[Span]) {
    match spans {
        [] => column.append_null(),
        [one] => column.append_value(one.of(text)),
        many => column.append_value(joined(text, many)),
    }
}

/// The columns of `Attributions`.
struct AttributionColumns {
    docs: Docs,
    n: UInt32Builder,
    kind: StringBuilder,
    class: StringBuilder,
    polarity: StringBuilder,
    content: StringBuilder,
    cue: StringBuilder,
    source: StringBuilder,
    addressee: StringBuilder,
    speaker: StringBuilder,
    speaker_label: StringBuilder,
    speaker_id: StringBuilder,
    speaker_n: UInt32Builder,
    parent: UInt32Builder,
    score: Float32Builder,
    content_spans: SpansBuilder,
    cue_spans: SpansBuilder,
    source_spans: SpansBuilder,
    addressee_spans: SpansBuilder,
}

impl AttributionColumns {
    fn new() -> Self {
        Self {
            docs: Docs::default(),
            n: UInt32Builder::new(),
            kind: StringBuilder::new(),
            class: StringBuilder::new(),
            polarity: StringBuilder::new(),
            content: StringBuilder::new(),
            cue: StringBuilder::new(),
            source: StringBuilder::new(),
            addressee: StringBuilder::new(),
            speaker: StringBuilder::new(),
            speaker_label: StringBuilder::new(),
            speaker_id: StringBuilder::new(),
            speaker_n: UInt32Builder::new(),
            parent: UInt32Builder::new(),
            score: Float32Builder::new(),
            content_spans: SpansBuilder::new(),
            cue_spans: SpansBuilder::new(),
            source_spans: SpansBuilder::new(),
            addressee_spans: SpansBuilder::new(),
        }
    }

    fn schema() -> SchemaRef {
        let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
        let number = |name: &str, nullable| Field::new(name, DataType::UInt32, nullable);
        let spans = |name: &str| Field::new(name, spans_type(), false);
        schema(vec![
            number("n", false),
            text("type", false),
            text("class", false),
            text("polarity", false),
            text("content", false),
            text("cue", true),
            text("source", true),
            text("addressee", true),
            text("speaker", true),
            text("speaker_label", true),
            text("speaker_id", true),
            number("speaker_n", true),
            number("parent", true),
            Field::new("score", DataType::Float32, false),
            spans("content_spans"),
            spans("cue_spans"),
            spans("source_spans"),
            spans("addressee_spans"),
        ])
    }

    fn push(
        &mut self,
        doc: usize,
        id: Option<&str>,
        text: &str,
        offsets: &Offsets<'_>,
        attributor: &quoth::Attributor,
        d: &Document,
    ) {
        for (n, a) in d.attributions.iter().enumerate() {
            self.docs.push(doc, id);
            self.n.append_value(u32::try_from(n).unwrap_or(u32::MAX));
            self.row(text, offsets, attributor, d, a);
        }
    }

    fn row(
        &mut self,
        text: &str,
        offsets: &Offsets<'_>,
        attributor: &quoth::Attributor,
        d: &Document,
        a: &Attribution,
    ) {
        self.kind.append_value(type_name(a.kind));
        self.class.append_value(class_name(a.class));
        self.polarity.append_value(polarity_name(a.polarity));
        push_joined(&mut self.content, text, &a.content);
        push_joined(&mut self.cue, text, &a.cue);
        push_joined(&mut self.source, text, &a.source);
        self.addressee
            .append_option(a.addressee.map(|s| s.of(text)));
        let speaker = a.speaker.map(|s| &d.speakers[s as usize]);
        self.speaker.append_option(speaker.map(|s| s.name.as_str()));
        self.speaker_label
            .append_option(speaker.map(|s| s.label.as_str()).filter(|l| !l.is_empty()));
        self.speaker_id
            .append_option(speaker.and_then(|s| entry_id(attributor, s)));
        self.speaker_n.append_option(a.speaker);
        self.parent.append_option(a.parent);
        self.score.append_value(a.score);
        let spans = |s: &[Span]| {
            s.iter()
                .map(|s| offsets.span(*s))
                .collect::<Vec<_>>()
                .into_iter()
        };
        self.content_spans.push(spans(&a.content));
        self.cue_spans.push(spans(&a.cue));
        self.source_spans.push(spans(&a.source));
        self.addressee_spans
            .push(a.addressee.map(|s| offsets.span(s)).into_iter());
    }

    fn finish(self) -> Result<RecordBatch, ArrowError> {
        let columns = vec![
            numbers(self.n),
            strings(self.kind),
            strings(self.class),
            strings(self.polarity),
            strings(self.content),
            strings(self.cue),
            strings(self.source),
            strings(self.addressee),
            strings(self.speaker),
            strings(self.speaker_label),
            strings(self.speaker_id),
            numbers(self.speaker_n),
            numbers(self.parent),
            floats(self.score),
            self.content_spans.finish()?,
            self.cue_spans.finish()?,
            self.source_spans.finish()?,
            self.addressee_spans.finish()?,
        ];
        batch(Self::schema(), self.docs, columns)
    }
}

fn entry_id<'a>(attributor: &'a quoth::Attributor, speaker: &quoth::Speaker) -> Option<&'a str> {
    let gazetteer = attributor.gazetteer()?;
    speaker.entry.map(|e| gazetteer.entry(e).id())
}

/// The columns of `Speakers`.
struct SpeakerColumns {
    docs: Docs,
    n: UInt32Builder,
    name: StringBuilder,
    label: StringBuilder,
    entry_id: StringBuilder,
    attributions: UInt32Builder,
    mentions: SpansBuilder,
}

impl SpeakerColumns {
    fn new() -> Self {
        Self {
            docs: Docs::default(),
            n: UInt32Builder::new(),
            name: StringBuilder::new(),
            label: StringBuilder::new(),
            entry_id: StringBuilder::new(),
            attributions: UInt32Builder::new(),
            mentions: SpansBuilder::new(),
        }
    }

    fn schema() -> SchemaRef {
        schema(vec![
            Field::new("n", DataType::UInt32, false),
            Field::new("name", DataType::Utf8, false),
            Field::new("label", DataType::Utf8, true),
            Field::new("entry_id", DataType::Utf8, true),
            Field::new("n_attributions", DataType::UInt32, false),
            Field::new("mention_spans", spans_type(), false),
        ])
    }

    fn push(
        &mut self,
        doc: usize,
        id: Option<&str>,
        offsets: &Offsets<'_>,
        attributor: &quoth::Attributor,
        d: &Document,
    ) {
        let mut counts = vec![0_u32; d.speakers.len()];
        for s in d.attributions.iter().filter_map(|a| a.speaker) {
            counts[s as usize] += 1;
        }
        for (n, (s, count)) in d.speakers.iter().zip(counts).enumerate() {
            self.docs.push(doc, id);
            self.n.append_value(u32::try_from(n).unwrap_or(u32::MAX));
            self.name.append_value(&s.name);
            self.label
                .append_option(Some(s.label.as_str()).filter(|l| !l.is_empty()));
            self.entry_id.append_option(entry_id(attributor, s));
            self.attributions.append_value(count);
            self.mentions
                .push(s.mentions.iter().map(|m| offsets.span(*m)));
        }
    }

    fn finish(self) -> Result<RecordBatch, ArrowError> {
        let columns = vec![
            numbers(self.n),
            strings(self.name),
            strings(self.label),
            strings(self.entry_id),
            numbers(self.attributions),
            self.mentions.finish()?,
        ];
        batch(Self::schema(), self.docs, columns)
    }
}
