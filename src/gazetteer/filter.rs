//! Blocked Bloom filters (Putze, Sanders, Singler 2007, section 3): a key's bits lie in one word of 64,
//! so that a question costs one load.
//!
//! One filter is asked about every word of a text: whether it is a name, and, with other bits of the
//! same load, whether it begins one with more words. The other is asked about a word and the next
//! where the first says that it may be.

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

/// What the filters are to hold.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// The words of names with one.
    pub(super) singles: Vec<u64>,
    /// The first words of others.
    pub(super) firsts: Vec<u64>,
    /// The first two words of these.
    pub(super) pairs: Vec<u64>,
}

/// The filter of words and the filter of pairs.
pub(super) fn build(mut keys: Keys) -> (Vec<u64>, Vec<u64>) {
    for list in [&mut keys.singles, &mut keys.firsts, &mut keys.pairs] {
        list.sort_unstable();
        list.dedup();
    }
    let mut words = empty(keys.singles.len() + keys.firsts.len());
    let len = words.len();
    for &key in &keys.singles {
        words[place(key, len)] |= bits(key);
    }
    for &key in &keys.firsts {
        words[place(key, len)] |= first_bits(key);
    }
    let mut pairs = empty(keys.pairs.len());
    let len = pairs.len();
    for &key in &keys.pairs {
        pairs[place(key, len)] |= bits(key);
    }
    (words, pairs)
}

fn empty(keys: usize) -> Vec<u64> {
    if keys == 0 {
        return Vec::new();
    }
    vec![0; (keys * bits_a_key(keys)).div_ceil(64) + 1]
}

/// The filters of a gazetteer, where they lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filters<'i> {
    pub(super) words: &'i [u64],
    pub(super) pairs: &'i [u64],
}

impl Filters<'_> {
    /// Whether a word may be a name; `false` is certain.
    #[inline(always)]
    pub(super) fn single(self, word: u64) -> bool {
        !load(self.words, word) & bits(word) == 0
    }

    /// Whether a word may begin a name with more words; `false` is certain.
    #[inline(always)]
    pub(super) fn first(self, word: u64) -> bool {
        !load(self.words, word) & first_bits(word) == 0
    }

    /// Whether two words may begin a name; `false` is certain.
    #[inline(always)]
    pub(super) fn pair(self, key: u64) -> bool {
        !load(self.pairs, key) & bits(key) == 0
    }
}

#[inline(always)]
fn load(words: &[u64], key: u64) -> u64 {
    words.get(place(key, words.len())).copied().unwrap_or(0)
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

#[inline(always)]
const fn first_bits(key: u64) -> u64 {
    1 << ((key >> 18) & 63) | 1 << ((key >> 24) & 63)
}
