//! How often each stem is part of a cue, learned from gold and kept in six bins.

use rustc_hash::FxHashMap;

/// Occurrences of a stem.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    cue: u32,
    all: u32,
}

/// Stems counted in gold.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    stems: FxHashMap<u64, Count>,
}

/// The bin of a share of occurrences; 0 for stems that are hardly ever cues.
fn bin(cue: u32, all: u32) -> u8 {
    if cue == 0 {
        return 0;
    }
    let share = (cue as f32 - 0.3).max(0.0) / (all as f32 + 0.5);
    match share {
        x if x < 0.004 => 0,
        x if x < 0.03 => 1,
        x if x < 0.12 => 2,
        x if x < 0.3 => 3,
        x if x < 0.6 => 4,
        _ => 5,
    }
}

impl Counts {
    pub(super) fn add(&mut self, stem: u64, cue: bool) {
        let count = self.stems.entry(stem).or_default();
        count.cue += u32::from(cue);
        count.all += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (&stem, c) in &other.stems {
            let count = self.stems.entry(stem).or_default();
            count.cue += c.cue;
            count.all += c.all;
        }
    }

    /// The bin of a stem as if `own` had not been counted: what a text itself teaches would look
    /// surer in training than it is for new texts.
    pub(super) fn bin_without(&self, stem: u64, own: &Self) -> u8 {
        let all = self.stems.get(&stem).copied().unwrap_or_default();
        let own = own.stems.get(&stem).copied().unwrap_or_default();
        bin(all.cue - own.cue, all.all - own.all)
    }

    /// What a model keeps: the stems that are cues at times.
    pub(super) fn priors(&self) -> Priors {
        let mut bins: Vec<(u64, u8)> = self
            .stems
            .iter()
            .map(|(&stem, c)| (stem, bin(c.cue, c.all)))
            .filter(|&(_, b)| b > 0)
            .collect();
        bins.sort_unstable();
        Priors::new(bins)
    }
}

/// The bin of each stem that is a cue at times.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Priors {
    /// By stem.
    sorted: Vec<(u64, u8)>,
    bins: FxHashMap<u64, u8>,
    /// A bit for each stem's first bits: most words are none of them.
    filter: Vec<u64>,
}

/// Bits of a stem that the filter goes by.
const FILTER_BITS: u32 = 15;

/// Where a stem's bit is: word of the filter, and the bit in it.
const fn place(stem: u64) -> (usize, u64) {
    let at = stem >> (64 - FILTER_BITS);
    ((at / 64) as usize, 1 << (at % 64))
}

impl Priors {
    pub(super) fn new(sorted: Vec<(u64, u8)>) -> Self {
        let bins = sorted.iter().copied().collect();
        let mut filter = vec![0; 1 << (FILTER_BITS - 6)];
        for &(stem, _) in &sorted {
            let (word, bit) = place(stem);
            filter[word] |= bit;
        }
        Self {
            sorted,
            bins,
            filter,
        }
    }

    pub(super) fn bin(&self, stem: u64) -> u8 {
        let (word, bit) = place(stem);
        if self.filter.get(word).is_none_or(|x| x & bit == 0) {
            return 0;
        }
        self.bins.get(&stem).copied().unwrap_or(0)
    }

    pub(super) fn entries(&self) -> &[(u64, u8)] {
        &self.sorted
    }
}
