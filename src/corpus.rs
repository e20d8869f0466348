//! Many texts in parallel: the only user of rayon.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::error::{Error, Result};

/// More threads than this are taken for a mistake.
const MAX_THREADS: usize = 1024;

/// A pool of threads for reading corpora; results come in the order of the texts, whatever the
/// number of threads.
#[derive(Debug)]
pub struct Pool {
    pool: rayon::ThreadPool,
}

impl Pool {
    /// A pool of `n_threads` threads; `None` for one a core.
    ///
    /// # Errors
    /// [`Error::BadOption`] for 0 threads or where the system gives no threads.
    pub fn new(n_threads: Option<usize>) -> Result<Self> {
        let bad = |got: String| Error::BadOption {
            option: "n_threads",
            expected: "1 to 1024, and no more than the system can start",
            got,
        };
        if let Some(n) = n_threads
            && !(1..=MAX_THREADS).contains(&n)
        {
            return Err(bad(n.to_string()));
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(n_threads.unwrap_or(0))
            .thread_name(|i| format!("quoth-{i}"))
            .build()
            .map_err(|e| bad(format!("{n_threads:?} ({e})")))?;
        Ok(Self { pool })
    }

    /// Number of threads.
    pub fn n_threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Calls `work` on every item in parallel and gives the results in order. Stops early, with
    /// [`Error::Interrupted`], once `stop` is true.
    ///
    /// # Errors
    /// [`Error::Interrupted`]; nothing else fails here.
    pub fn map<T: Sync, R: Send>(
        &self,
        items: &[T],
        stop: &AtomicBool,
        work: impl Fn(&T) -> R + Sync,
    ) -> Result<Vec<R>> {
        self.map_while(items, stop, work, || ()).0
    }

    /// As [`Self::map`]; the calling thread does something else in the meantime.
    pub fn map_while<T: Sync, R: Send, M>(
        &self,
        items: &[T],
        stop: &AtomicBool,
        work: impl Fn(&T) -> R + Sync,
        meanwhile: impl FnOnce() -> M,
    ) -> (Result<Vec<R>>, M) {
        let mut results = Ok(Vec::new());
        let other = self.pool.in_place_scope(|scope| {
            scope.spawn(|_| {
                results = items
                    .par_iter()
                    .with_max_len(1)
                    .map(|item| {
                        if stop.load(Ordering::Relaxed) {
                            Err(Error::Interrupted)
                        } else {
                            Ok(work(item))
                        }
                    })
                    .collect();
            });
            meanwhile()
        });
        (results, other)
    }
}
