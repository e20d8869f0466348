//! Training a model: gold in plain values, the model's bytes out; what a model says of itself.

use std::path::Path;
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use quoth::model::{GoldAttribution, GoldDocument, Progress, TrainOptions};
use quoth::{Model, Span};

use crate::error::{file_format_error, to_python};

type Spans = Vec<(usize, usize)>;
/// Text, [(content, cue, source)] with spans in code points.
type Gold = Vec<(String, Vec<(Spans, Spans, Spans)>)>;

/// Trains on `gold`; `dev` says when to stop, and which thresholds serve best. `tick` is told what is
/// trained and the epochs done.
#[pyfunction]
#[pyo3(signature = (gold, dev, *, data, epochs, seed, threshold, n_threads, tick))]
#[allow(clippy::too_many_arguments)] // keyword arguments, all of them
pub(crate) fn train(
    py: Python<'_>,
    gold: Gold,
    dev: Gold,
    data: Vec<String>,
    epochs: u32,
    seed: u64,
    threshold: Option<f32>,
    n_threads: usize,
    tick: Option<Py<PyAny>>,
) -> PyResult<Bound<'_, PyBytes>> {
    let documents = |gold: Gold| -> PyResult<Vec<GoldDocument>> {
        let one = |(text, attributions): (String, Vec<_>)| gold_document(text, &attributions);
        gold.into_iter().map(one).collect()
    };
    let (gold, dev) = (documents(gold)?, documents(dev)?);
    let mut options = TrainOptions {
        data,
        epochs,
        seed,
        threads: n_threads,
        ..TrainOptions::default()
    };
    if let Some(threshold) = threshold {
        options.bias.least = threshold;
    }
    let mut stopped = None;
    let trained = py.detach(|| {
        let mut last = ("cues", 0);
        let mut progress = |p: Progress| {
            let told = Python::attach(|py| {
                py.check_signals()?;
                if let Some(tick) = &tick
                    && last != (p.stage, p.epoch)
                {
                    tick.call1(py, (p.stage, p.epoch))?;
                }
                last = (p.stage, p.epoch);
                Ok(())
            });
            stopped = told.err();
            stopped.is_none()
        };
        let mut model = Model::train(&gold, &dev, &options, &mut progress)?;
        if !dev.is_empty() {
            model.tune(&dev, &mut progress)?;
        }
        Ok(model.to_bytes())
    });
    if let Some(e) = stopped {
        return Err(e);
    }
    let bytes = trained.map_err(|e: quoth::Error| match e {
        quoth::Error::Interrupted => PyRuntimeError::new_err("stopped"),
        e => to_python(e),
    })?;
    Ok(PyBytes::new(py, &bytes))
}

/// The model of that name or file.
pub(crate) fn model(name: &str) -> PyResult<Arc<Model>> {
    match name {
        "en" => Ok(Arc::clone(Model::english())),
        path => match Model::open(Path::new(path)) {
            Ok(model) => Ok(Arc::new(model)),
            Err(e @ (quoth::Error::BadFile { .. } | quoth::Error::BadModel { .. })) => {
                Err(file_format_error(format!("{path}: {e}")))
            }
            Err(e) => Err(to_python(e)),
        },
    }
}

/// What a model says of itself, as JSON.
#[pyfunction]
pub(crate) fn model_info(name: &str) -> PyResult<String> {
    Ok(model(name)?.header().to_json())
}

fn gold_document(text: String, attributions: &[(Spans, Spans, Spans)]) -> PyResult<GoldDocument> {
    let mut at: Vec<u32> = text
        .char_indices()
        .map(|(i, _)| u32::try_from(i).unwrap_or(u32::MAX))
        .collect();
    at.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let spans = |spans: &Spans| -> PyResult<Vec<Span>> {
        let span = |&(start, end): &(usize, usize)| match (at.get(start), at.get(end)) {
            (Some(&s), Some(&e)) if start <= end => Ok(Span::new(s, e)),
            _ => Err(PyValueError::new_err(format!(
                "the span {start} to {end} is not within the {} code points of its text",
                at.len() - 1
            ))),
        };
        spans.iter().map(span).collect()
    };
    let attributions = attributions
        .iter()
        .map(|(content, cue, source)| {
            Ok(GoldAttribution {
                content: spans(content)?,
                cue: spans(cue)?,
                source: spans(source)?,
            })
        })
        .collect::<PyResult<_>>()?;
    Ok(GoldDocument { text, attributions })
}
