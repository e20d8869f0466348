//! Blocked Bloom filters (Putze, Sanders, Singler 2007, section 3): what is known of a word of a text
//! lies in one line of the cache, so that all questions about it together cost one miss.
//!
//! The line says whether the word is a name; whether it begins names with more words; and, unless
//! it begins very many, with which second words: nearly all words of a text are common, so that
//! their lines are at hand. The pairs of the words that begin very many names (first names, "The")
//! would fill their lines, and are in a filter of their own.

/// Numbers in a line of the cache.
pub(super) const LINE: usize = 8;

/// A word that begins names with more second words than these has them in the filter of far pairs.
const MOST_NEAR: usize = 32;

/// Bits a key: a small filter is sparse, for it stays near the processor all the same; a large one is
/// dense, to stay as near as it can.
const fn bits_a_key(keys: usize) -> usize {
    if keys <= 10_000 {
        20
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
    /// The first words of others, and the keys of their first two.
    pub(super) pairs: Vec<(u64, u64)>,
    /// The keys of marks and the words after them.
    pub(super) marks: Vec<u64>,
}

impl Keys {
    pub(super) fn append(&mut self, mut other: Self) {
        self.singles.append(&mut other.singles);
        self.pairs.append(&mut other.pairs);
        self.marks.append(&mut other.marks);
    }
}

/// The filter of words with their near pairs, and the filter of far pairs.
pub(super) fn build(mut keys: Keys) -> (Vec<u64>, Vec<u64>) {
    keys.singles.sort_unstable();
    keys.singles.dedup();
    keys.pairs.sort_unstable();
    keys.pairs.dedup();
    let groups = || keys.pairs.chunk_by(|a, b| a.0 == b.0);
    let is_near = |group: &&[(u64, u64)]| group.len() <= MOST_NEAR;
    let near_pairs: usize = groups().filter(is_near).map(<[_]>::len).sum();
    let mut words = empty(keys.singles.len() + groups().count() + near_pairs);
    let mut far = empty(keys.pairs.len() - near_pairs + keys.marks.len());
    let (lines, len) = (words.len() / LINE, far.len());
    for &word in &keys.singles {
        words[place(word, lines)] |= single_bits(word);
    }
    for group in groups() {
        let word = group[0].0;
        let near = is_near(&group);
        words[place(word, lines)] |= if near {
            near_bits(word)
        } else {
            far_bits(word)
        };
        for &(_, pair) in group {
            if near {
                words[near_place(word, pair, lines)] |= single_bits(pair);
            } else {
                far[far_place(pair, len)] |= single_bits(pair);
            }
        }
    }
    for &key in &keys.marks {
        far[far_place(key, len)] |= single_bits(key);
    }
    (words, far)
}

fn empty(keys: usize) -> Vec<u64> {
    if keys == 0 {
        return Vec::new();
    }
    vec![
        0;
        (keys * bits_a_key(keys))
            .div_ceil(64)
            .next_multiple_of(LINE)
    ]
}

/// The filters of a gazetteer, where they lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filters<'i> {
    pub(super) words: &'i [u64],
    pub(super) far: &'i [u64],
}

impl Filters<'_> {
    /// Whether a word may be a name; and whether its pairs, if it begins names with more words, may be
    /// near and may be far. `false` is certain.
    #[inline(always)]
    pub(super) fn word(self, word: u64) -> (bool, bool, bool) {
        let missing = !load(self.words, place(word, self.words.len() / LINE));
        (
            missing & single_bits(word) == 0,
            missing & near_bits(word) == 0,
            missing & far_bits(word) == 0,
        )
    }

    /// Whether a word whose near pairs count begins a name with the other word of the pair; `false`
    /// is certain.
    #[inline(always)]
    pub(super) fn near(self, word: u64, pair: u64) -> bool {
        let place = near_place(word, pair, self.words.len() / LINE);
        !load(self.words, place) & single_bits(pair) == 0
    }

    /// As [`Self::near`] for far pairs, or a mark and a word.
    #[inline(always)]
    pub(super) fn far(self, pair: u64) -> bool {
        !load(self.far, far_place(pair, self.far.len())) & single_bits(pair) == 0
    }
}

#[inline(always)]
fn load(words: &[u64], at: usize) -> u64 {
    words.get(at).copied().unwrap_or(0)
}

/// The line of a word from the uppermost bits of it; those below give the number in it, and the bits. A
/// filter has fewer than 2^32 lines.
#[inline(always)]
const fn line(word: u64, lines: usize) -> usize {
    ((((word >> 32) * lines as u64) >> 32) as usize) * LINE
}

/// The number of a word's line that has its bits.
#[inline(always)]
const fn place(word: u64, lines: usize) -> usize {
    line(word, lines) + (word >> 32) as usize % LINE
}

/// The number of the first word's line that has the bits of a pair.
#[inline(always)]
const fn near_place(word: u64, pair: u64, lines: usize) -> usize {
    line(word, lines) + (pair >> 32) as usize % LINE
}

#[inline(always)]
const fn far_place(pair: u64, len: usize) -> usize {
    (((pair >> 32) * len as u64) >> 32) as usize
}

#[inline(always)]
const fn single_bits(key: u64) -> u64 {
    1 << (key & 63) | 1 << ((key >> 6) & 63) | 1 << ((key >> 12) & 63)
}

#[inline(always)]
const fn near_bits(word: u64) -> u64 {
    1 << ((word >> 18) & 63) | 1 << ((word >> 24) & 63)
}

/// With the bits of near pairs, for few words have far ones, and wrong answers cost more.
#[inline(always)]
const fn far_bits(word: u64) -> u64 {
    near_bits(word) | 1 << ((word >> 35) & 63) | 1 << ((word >> 41) & 63)
}

#[cfg(test)]
mod tests {
    use super::{Filters, Keys, MOST_NEAR, build};
    use crate::gazetteer::hash::{extend, pair_key};

    #[test]
    fn what_is_put_in_is_found_and_little_else() {
        let word = |n: u64| extend(n, 7);
        let pair = |a: u64, b: u64| pair_key(word(a), word(b));
        let mut keys = Keys::default();
        // The first words have few, as many as may be near, and many more.
        let many = [2, MOST_NEAR as u64, 500];
        let seconds = |a: u64| 1_000_000..1_000_000 + many[a as usize % 3];
        for a in 0..300 {
            keys.singles.push(word(a + 1000));
            keys.pairs.extend(seconds(a).map(|b| (word(a), pair(a, b))));
            keys.marks.push(pair(a, a));
        }
        let (words, far) = build(keys);
        let filters = Filters {
            words: &words,
            far: &far,
        };
        let pairs = |a: u64, b: u64| {
            let (_, near, at_far) = filters.word(word(a));
            (near && filters.near(word(a), pair(a, b))) || (at_far && filters.far(pair(a, b)))
        };
        for a in 0..300 {
            assert!(filters.word(word(a + 1000)).0);
            assert!(seconds(a).all(|b| pairs(a, b)), "{a}");
            assert!(filters.far(pair(a, a)));
        }
        let wrong = (0..10_000).filter(|&n| {
            let (single, near, at_far) = filters.word(word(n + 5000));
            single || near || at_far || pairs(n % 300, n + 2_000_000)
        });
        assert!(wrong.count() < 1000);
        assert_eq!(build(Keys::default()), (vec![], vec![]));
    }
}
