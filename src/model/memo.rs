//! Sums of weights that come again and again, kept by the hash of what they are sums of.
//!
//! What is summed is much the same wherever somebody *said* something: one look here is in place of
//! hashing several features, and of as many looks into a table that the processor's cache does not
//! hold. Sums are of whole numbers: they do not depend on the groups in which they are formed.

use super::weights::Sum;
use crate::prefetch::prefetch;

/// `N` sums a key; of the keys that share a place the newest is kept.
#[derive(Clone, Debug)]
pub(super) struct Memo<const N: usize> {
    slots: Vec<(u64, [Sum; N])>,
    bits: u32,
}

impl<const N: usize> Memo<N> {
    pub(super) fn new(bits: u32) -> Self {
        Self {
            slots: vec![(0, [Sum::default(); N]); 1 << bits],
            bits,
        }
    }

    fn slot(&self, key: u64) -> usize {
        (key >> (64 - self.bits)) as usize
    }

    /// Asks for the memory of a sum.
    #[inline]
    pub(super) fn prefetch(&self, key: u64) {
        prefetch(&self.slots, self.slot(key));
    }

    #[inline]
    pub(super) fn get(&self, key: u64) -> Option<&[Sum; N]> {
        let slot = &self.slots[self.slot(key)];
        (slot.0 == key).then_some(&slot.1)
    }

    pub(super) fn keep(&mut self, key: u64, sums: [Sum; N]) {
        let slot = self.slot(key);
        self.slots[slot] = (key, sums);
    }
}
