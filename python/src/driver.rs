//! Reads many texts: takes them from Python in chunks, works on a chunk in parallel with the GIL
//! released, and looks for Ctrl-C between chunks. Memory beyond input and output is a chunk.

use std::sync::atomic::{AtomicBool, Ordering};

use arrow_array::{Array, ArrayRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyIterator, PyMapping, PyString};
use quoth::corpus::Pool;

use crate::error::to_python;
use crate::input::{Column, Given, Unreadable, Utf8, bytes_at, ids, is_missing};

/// Bytes of text that one thread takes at a time.
const UNIT_BYTES: usize = 1 << 18;
/// Texts that one thread takes at a time at most.
const UNIT_TEXTS: usize = 4096;
/// Units a thread between two looks at the keyboard.
const UNITS_A_CHUNK: usize = 16;

/// The texts of one unit of work.
pub(crate) struct Unit<'a> {
    /// Position of the first text in the whole input.
    pub(crate) first: usize,
    pub(crate) texts: Vec<Given<'a>>,
    /// Ids of these texts, where given.
    pub(crate) ids: Option<&'a [Option<String>]>,
}

/// Calls `work` on units of the texts, in parallel; results in order. `tick` is told the bytes and number
/// of the texts done after every chunk.
pub(crate) fn run<R: Send>(
    py: Python<'_>,
    texts: &Bound<'_, PyAny>,
    given_ids: Option<&Bound<'_, PyAny>>,
    n_threads: Option<usize>,
    tick: Option<&Bound<'_, PyAny>>,
    work: impl Fn(&Unit<'_>) -> R + Sync,
) -> PyResult<Vec<R>> {
    if texts.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err(
            "texts must be many texts, got one str; use read() or find() for one",
        ));
    }
    // Iterables, but of numbers and of keys.
    if texts.is_instance_of::<PyBytes>()
        || texts.is_instance_of::<PyByteArray>()
        || texts.cast::<PyMapping>().is_ok()
    {
        let kind = texts.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "texts must be many texts, got {kind}"
        )));
    }
    let pool = Pool::new(n_threads).map_err(to_python)?;
    let given_ids = given_ids.map(ids).transpose()?;
    let mut run = Run {
        py,
        pool,
        ids: given_ids,
        tick,
        work,
        done: 0,
        out: Vec::new(),
    };
    match Column::of(texts, "texts")? {
        Some(column) => run.column(&column.chunks)?,
        None => run.objects(texts)?,
    }
    if let Some(ids) = &run.ids
        && ids.len() != run.done
    {
        return Err(PyValueError::new_err(format!(
            "{} ids for {} texts",
            ids.len(),
            run.done
        )));
    }
    Ok(run.out)
}

/// Texts taken from Python.
#[derive(Default)]
struct Chunk {
    texts: Vec<Result<Utf8, Unreadable>>,
    bytes: usize,
}

impl Chunk {
    /// Takes about `bytes` bytes or `n` texts.
    fn fill(&mut self, iterator: &Bound<'_, PyIterator>, bytes: usize, n: usize) -> PyResult<()> {
        self.texts.clear();
        self.bytes = 0;
        while self.bytes < bytes
            && self.texts.len() < n
            && let Some(text) = iterator.clone().next()
        {
            let text = take(&text?)?;
            self.bytes += text.as_ref().map_or(0, |t| t.len());
            self.texts.push(text);
        }
        Ok(())
    }

    fn texts(&self) -> Vec<Given<'_>> {
        let texts = self.texts.iter().map(|text| match text {
            Ok(text) => Given::Text(text),
            Err(unreadable) => Given::Not(unreadable.clone()),
        });
        texts.collect()
    }
}

fn take(text: &Bound<'_, PyAny>) -> PyResult<Result<Utf8, Unreadable>> {
    if let Ok(text) = text.cast::<PyString>() {
        return Utf8::of(text).map(Ok);
    }
    if is_missing(text)? {
        return Ok(Err(Unreadable::null()));
    }
    let kind = text.get_type().name()?;
    Ok(Err(Unreadable {
        status: "not_text",
        message: format!("expected str, got {kind}"),
    }))
}

struct Run<'a, 'py, F, R> {
    py: Python<'py>,
    pool: Pool,
    ids: Option<Vec<Option<String>>>,
    tick: Option<&'a Bound<'py, PyAny>>,
    work: F,
    /// Texts done.
    done: usize,
    out: Vec<R>,
}

impl<R: Send, F: Fn(&Unit<'_>) -> R + Sync> Run<'_, '_, F, R> {
    fn chunk_bytes(&self) -> usize {
        UNIT_BYTES * UNITS_A_CHUNK * self.pool.n_threads()
    }

    fn chunk_texts(&self) -> usize {
        UNIT_TEXTS * UNITS_A_CHUNK * self.pool.n_threads()
    }

    /// Python objects, from a list or any iterable; the next chunk is taken while one is worked on.
    fn objects(&mut self, texts: &Bound<'_, PyAny>) -> PyResult<()> {
        let iterator = texts.try_iter().map_err(|_| {
            let kind = texts
                .get_type()
                .name()
                .map_or_else(|_| "?".to_owned(), |n| n.to_string());
            PyTypeError::new_err(format!(
                "texts must be an iterable of str or an Arrow column of strings, got {kind}"
            ))
        })?;
        let iterator = iterator.unbind();
        let (most, n) = (self.chunk_bytes(), self.chunk_texts());
        let (mut chunk, mut next) = (Chunk::default(), Chunk::default());
        // While the first is taken nobody works: it is small, and those after it grow.
        let mut bytes = most.min(UNIT_BYTES * self.pool.n_threads());
        chunk.fill(iterator.bind(self.py), bytes, n)?;
        while !chunk.texts.is_empty() {
            bytes = most.min(bytes * 2);
            self.work_on(&chunk.texts(), |py| next.fill(iterator.bind(py), bytes, n))?;
            std::mem::swap(&mut chunk, &mut next);
        }
        Ok(())
    }

    /// Arrow arrays, read where they are.
    fn column(&mut self, chunks: &[ArrayRef]) -> PyResult<()> {
        for chunk in chunks {
            let mut from = 0;
            while from < chunk.len() {
                let (mut bytes, mut texts) = (0, Vec::new());
                while from < chunk.len()
                    && bytes < self.chunk_bytes()
                    && texts.len() < self.chunk_texts()
                {
                    let text = bytes_at(chunk.as_ref(), from)
                        .map_or_else(|| Given::Not(Unreadable::null()), Given::Bytes);
                    bytes += text.len();
                    texts.push(text);
                    from += 1;
                }
                self.work_on(&texts, |_| Ok(()))?;
            }
        }
        Ok(())
    }

    /// Works on these texts, and does `meanwhile` on this thread.
    fn work_on(
        &mut self,
        texts: &[Given<'_>],
        meanwhile: impl FnOnce(Python<'_>) -> PyResult<()> + Send,
    ) -> PyResult<()> {
        if let Some(ids) = &self.ids
            && ids.len() < self.done + texts.len()
        {
            return Err(PyValueError::new_err(format!(
                "{} ids for more texts than that",
                ids.len()
            )));
        }
        let mut units = Vec::new();
        let (mut from, mut bytes, mut all) = (0, 0, 0);
        for (k, text) in texts.iter().enumerate() {
            bytes += text.len();
            if bytes >= UNIT_BYTES || k + 1 - from >= UNIT_TEXTS || k + 1 == texts.len() {
                let first = self.done + from;
                let ids = self.ids.as_ref().map(|i| &i[first..=self.done + k]);
                units.push(Unit {
                    first,
                    texts: texts[from..=k].to_vec(),
                    ids,
                });
                all += bytes;
                bytes = 0;
                from = k + 1;
            }
        }
        let stop = AtomicBool::new(false);
        let (pool, work) = (&self.pool, &self.work);
        let take = || {
            Python::attach(|py| {
                let other = meanwhile(py);
                if other.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
                other
            })
        };
        let (results, other) = self.py.detach(|| {
            if pool.n_threads() == 1 {
                // One thread means one at a time.
                (pool.map(&units, &stop, |u| work(u)), take())
            } else {
                pool.map_while(&units, &stop, |u| work(u), take)
            }
        });
        drop(units);
        other?;
        self.out.extend(results.map_err(to_python)?);
        self.done += texts.len();
        self.py.check_signals()?;
        if let Some(tick) = self.tick {
            tick.call1((all, texts.len()))?;
        }
        Ok(())
    }
}
