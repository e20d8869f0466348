//! A blocked Bloom filter (Putze, Sanders, Singler 2007, section 3): three bits in one word of 64, so that a
//! question costs one load.

/// Bits a key: a small filter is sparse, for it stays near the processor all the same; a large one is
/// dense, to stay as near as it can.
const fn bits_a_key(keys: usize) -> usize {
    if keys <= 10_000 {
        24
    } else if keys <= 200_000 {
        16
    } else {
        10
    }
}

/// The words of a filter that holds these keys.
pub(super) fn build(keys: &[u64]) -> Vec<u64> {
    let n = keys.len();
    if n == 0 {
        return Vec::new();
    }
    let mut words = vec![0_u64; (n * bits_a_key(n)).div_ceil(64) + 1];
    let len = words.len();
    for &key in keys {
        words[place(key, len)] |= bits(key);
    }
    words
}

/// Whether the filter may hold `key`; `false` is certain.
#[inline(always)]
pub(super) fn may_hold(words: &[u64], key: u64) -> bool {
    let bits = bits(key);
    let word = words.get(place(key, words.len())).copied().unwrap_or(0);
    !word & bits == 0
}

/// A word for a key from the upper half of it; the lower half gives the bits.
#[inline(always)]
const fn place(key: u64, len: usize) -> usize {
    // A filter has fewer than 2^32 words.
    (((key >> 32) * len as u64) >> 32) as usize
}

#[inline(always)]
const fn bits(key: u64) -> u64 {
    1 << (key & 63) | 1 << ((key >> 6) & 63) | 1 << ((key >> 12) & 63)
}
