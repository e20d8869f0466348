//! Trained weights in one byte each, found by the hash of their feature.

use super::learn::Trained;

/// Slots of a bucket; a lookup nearly always looks at one.
const BUCKET: usize = 4;

/// One feature: a check of its hash (0 for an empty slot) and its weights for the labels from 1 on,
/// relative to label 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<const W: usize> {
    pub(super) check: u16,
    pub(super) weights: [i8; W],
}

impl<const W: usize> Row<W> {
    pub(super) const EMPTY: Self = Self {
        check: 0,
        weights: [0; W],
    };
}

/// A hash table of rows with linear probing by buckets.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table<const W: usize> {
    rows: Vec<Row<W>>,
    bits: u32,
    scale: f32,
}

const fn check(feature: u64) -> u16 {
    let c = feature as u16;
    if c == 0 { 1 } else { c }
}

impl<const W: usize> Table<W> {
    /// Rounds weights to 8 bits; features whose weights are all below `least` are left out.
    pub(super) fn quantise<const L: usize>(
        features: &[u64],
        trained: &Trained<L>,
        least: f32,
    ) -> Self {
        let relative = |w: &[f32; L]| {
            let mut r = [0.0_f32; W];
            for (k, x) in r.iter_mut().enumerate() {
                *x = w[k + 1] - w[0];
            }
            r
        };
        let strength = |r: &[f32; W]| r.iter().fold(0.0_f32, |a, x| a.max(x.abs()));
        let mut kept: Vec<(u64, [f32; W])> = features
            .iter()
            .zip(&trained.weights)
            .map(|(&f, w)| (f, relative(w)))
            .filter(|(_, r)| strength(r) >= least)
            .collect();
        kept.sort_unstable_by_key(|k| k.0);
        let greatest = kept.iter().map(|(_, r)| strength(r)).fold(1e-6, f32::max);
        let scale = greatest / 127.0;
        let mut bits = 2;
        while (BUCKET << bits) * 2 < kept.len() * 3 {
            bits += 1;
        }
        let mut table = Self {
            rows: vec![Row::EMPTY; BUCKET << bits],
            bits,
            scale,
        };
        for (feature, r) in kept {
            let mut slot = table.start(feature);
            while table.rows[slot].check != 0 {
                slot = (slot + 1) % table.rows.len();
            }
            table.rows[slot] = Row {
                check: check(feature),
                weights: r.map(|x| (x / scale).round() as i8),
            };
        }
        table
    }

    /// A table as it was saved; `None` where the number of rows is no table's.
    pub(super) fn from_rows(rows: Vec<Row<W>>, scale: f32) -> Option<Self> {
        let buckets = rows.len() / BUCKET;
        let empty = rows.iter().any(|r| r.check == 0);
        (buckets.is_power_of_two()
            && buckets * BUCKET == rows.len()
            && buckets > 1
            && empty
            && scale.is_finite())
        .then(|| Self {
            bits: buckets.trailing_zeros(),
            rows,
            scale,
        })
    }

    /// Number of features.
    pub(super) fn len(&self) -> usize {
        self.rows.iter().filter(|r| r.check != 0).count()
    }

    pub(super) fn rows(&self) -> &[Row<W>] {
        &self.rows
    }

    pub(super) fn scale(&self) -> f32 {
        self.scale
    }

    fn start(&self, feature: u64) -> usize {
        (feature >> (64 - self.bits)) as usize * BUCKET
    }

    /// Sum of the weights of `features`.
    pub(super) fn sum(&self, features: &[u64]) -> [f32; W] {
        let mut sum = [0_i32; W];
        for &feature in features {
            let check = check(feature);
            let mut slot = self.start(feature);
            loop {
                let row = &self.rows[slot];
                if row.check == check {
                    for (s, &w) in sum.iter_mut().zip(&row.weights) {
                        *s += i32::from(w);
                    }
                    break;
                }
                if row.check == 0 {
                    break;
                }
                slot += 1;
                if slot == self.rows.len() {
                    slot = 0;
                }
            }
        }
        sum.map(|s| s as f32 * self.scale)
    }
}
