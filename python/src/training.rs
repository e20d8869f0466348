//! Training a model: gold in plain values, the model's bytes out.

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use quoth::Span;
use quoth::attribution::learned::{AttributionModel, GoldAttribution, GoldText, TrainingOptions};

use crate::error::to_python;

type Spans = Vec<(usize, usize)>;

/// Trains on (text, [(content, cue, source)]) with spans in code points. `tick` is told what is
/// trained and the epochs done.
#[pyfunction]
#[pyo3(signature = (gold, *, epochs, seed, threshold, trained_on, tick))]
pub(crate) fn train(
    py: Python<'_>,
    gold: Vec<(String, Vec<(Spans, Spans, Spans)>)>,
    epochs: usize,
    seed: u64,
    threshold: f32,
    trained_on: String,
    tick: Option<Py<PyAny>>,
) -> PyResult<Bound<'_, PyBytes>> {
    let gold = gold
        .into_iter()
        .map(|(text, attributions)| gold_text(text, &attributions))
        .collect::<PyResult<Vec<_>>>()?;
    let options = TrainingOptions {
        epochs,
        seed,
        threshold,
        trained_on,
        rows: 1 << 18,
        ..TrainingOptions::default()
    };
    let mut stopped = None;
    let trained = py.detach(|| {
        let model = AttributionModel::train(&gold, &options, |p| {
            let told = Python::attach(|py| {
                py.check_signals()?;
                if let Some(tick) = &tick {
                    tick.call1(py, (p.what, p.epoch))?;
                }
                Ok(())
            });
            stopped = told.err();
            stopped.is_none()
        })?;
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

fn gold_text(text: String, attributions: &[(Spans, Spans, Spans)]) -> PyResult<GoldText> {
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
    Ok(GoldText { text, attributions })
}
