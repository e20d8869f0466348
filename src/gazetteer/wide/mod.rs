//! What the scan does with many bytes or words at a time: it sorts bytes into those of words and
//! others, gives the edges of words, and asks the filters about words and pairs. Each with AVX-512
//! or AVX2, where the processor has it, and without; all give the same.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

use std::sync::LazyLock;

use super::filter::{Filters, LINE};
use super::hash::{CaseBits, hash_unit, pair_key};
use super::scan::Found;
use super::units::small;

/// The instructions that are used. A width other than plain is a promise that the processor has them: only
/// [`Width::greatest`] and [`Width::all`] give it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Width {
    Plain,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Width {
    /// The greatest that the processor has.
    pub(super) fn greatest() -> Self {
        static GREATEST: LazyLock<Width> = LazyLock::new(|| {
            #[cfg(target_arch = "x86_64")]
            {
                if avx512::there() {
                    return Width::Avx512;
                }
                if avx2::there() {
                    return Width::Avx2;
                }
            }
            Width::Plain
        });
        *GREATEST
    }

    /// All that the processor has.
    #[cfg(test)]
    pub(super) fn all() -> Vec<Self> {
        match Self::greatest() {
            Self::Plain => vec![Self::Plain],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vec![Self::Plain, Self::Avx2],
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => vec![Self::Plain, Self::Avx2, Self::Avx512],
        }
    }
}

/// The bits of bytes of words (letters, digits, the underscore, everything beyond ASCII), of bytes
/// beyond ASCII, of apostrophes and ampersands, of full stops, and of the first, second and third bytes
/// that “ ” – — and … have, in a block.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Bits {
    word: u64,
    beyond: u64,
    joining: u64,
    stop: u64,
    mark: [u64; 3],
}

/// Bytes from one on, so many of them and one: shifted down they are at most that number.
#[cfg(target_arch = "x86_64")]
const LETTERS: (i8, i8) = (-0x61, 25);
#[cfg(target_arch = "x86_64")]
const DIGITS: (i8, i8) = (-0x30, 9);

/// The first bytes of “ ” – — and …, and their last.
const MARK: [u8; 2] = [0xE2, 0x80];
const MARKS: [u8; 5] = [0x93, 0x94, 0x9C, 0x9D, 0xA6];

/// Edges of the words of a text, block by block.
#[derive(Debug, Default)]
pub(super) struct Edges {
    /// Where words begin and end, in turn; where no word is open the number is even.
    pub(super) at: Vec<u32>,
    pub(super) n: usize,
    /// Numbers of the ends in `at` of words that must be looked at exactly, twice, and one more where
    /// all of their bytes are ASCII.
    pub(super) exact: Vec<u32>,
    state: State,
}

/// What the bytes before a block were.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Whether the last byte was of a word.
    open: bool,
    /// Whether that word has bytes beyond ASCII.
    beyond: bool,
    /// Whether that word began with that byte.
    began: bool,
}

impl Edges {
    /// Begins a text.
    pub(super) fn clear(&mut self) {
        self.n = 0;
        self.exact.clear();
        self.state = State::default();
    }

    /// Forgets the edges so far, but for the beginning of a word that is open still.
    pub(super) fn carry(&mut self) {
        let open = self.n % 2;
        if open == 1 {
            self.at[0] = self.at[self.n - 1];
        }
        self.n = open;
        self.exact.clear();
    }

    /// Adds the edges in blocks that begin at byte `base` of the text.
    pub(super) fn add(&mut self, width: Width, blocks: &[[u8; 64]], base: usize) {
        let room = self.n + 64 * blocks.len() + 64;
        if self.at.len() < room {
            self.at.resize(room, 0);
        }
        match width {
            // One byte after the other: compilers for other processors make wide code of it.
            Width::Plain => self.blocks(blocks, base, sort_plain, flatten),
            // Sound: the processor has what the function is compiled for.
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            Width::Avx2 => unsafe { avx2::add(self, blocks, base) },
            // Sound: as before.
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            Width::Avx512 => unsafe { avx512::add(self, blocks, base) },
        }
    }

    /// Adds the edges in all blocks; `sort` gives the bits of one, `flatten` writes their places.
    #[inline(always)]
    fn blocks(
        &mut self,
        blocks: &[[u8; 64]],
        base: usize,
        sort: impl Fn(&[u8; 64]) -> Bits,
        flatten: impl Fn(u64, u32, &mut [u32]) -> usize,
    ) {
        let (mut state, mut n) = (self.state, self.n);
        for (k, block) in blocks.iter().enumerate() {
            let bits = sort(block);
            // “ ” – — and … part words; where a block parts them, they are left to exact cutting.
            let mark = bits.mark[2] & bits.mark[1] << 1 & bits.mark[0] << 2;
            let marks = mark | mark >> 1 | mark >> 2;
            let (word, beyond) = (bits.word & !marks, bits.beyond & !marks);
            let before = word << 1 | u64::from(state.open);
            let edges = word ^ before;
            let starts = word & !before;
            // A single letter, a full stop and a letter are initials.
            let letters = starts << 1 | u64::from(state.began);
            let initials = bits.stop & letters & (word >> 1 | 1 << 63);
            // A byte beyond ASCII carries to the end of its run.
            let (sum, over) = word.overflowing_add(beyond);
            let (sum, over_again) = sum.overflowing_add(u64::from(state.beyond));
            let beyond = sum & !word;
            let mut exact = edges & !word & (bits.joining | initials | beyond);
            while exact != 0 {
                let bit = exact & exact.wrapping_neg();
                exact ^= bit;
                let number = n + (edges & (bit - 1)).count_ones() as usize;
                self.exact
                    .push(small(number) << 1 | u32::from(beyond & bit == 0));
            }
            state = State {
                open: word >> 63 != 0,
                began: starts >> 63 != 0,
                beyond: over | over_again,
            };
            n += flatten(edges, small(base + 64 * k), &mut self.at[n..]);
        }
        (self.state, self.n) = (state, n);
    }
}

/// Writes the places of the bits of a block that begins at `base`; gives their number. More than these
/// are written: there is room for 64.
#[inline(always)]
fn flatten(mut bits: u64, base: u32, out: &mut [u32]) -> usize {
    let n = bits.count_ones() as usize;
    // Eight at a time, needed or not: how many there are is hard to foretell.
    for eight in out.as_chunks_mut::<8>().0 {
        for place in eight {
            *place = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        if bits == 0 {
            break;
        }
    }
    n
}

#[inline(always)]
fn sort_plain(block: &[u8; 64]) -> Bits {
    let mut out = Bits::default();
    for (k, &b) in block.iter().enumerate() {
        let word = b.is_ascii_alphanumeric() || b == b'_' || b >= 128;
        out.word |= u64::from(word) << k;
        out.beyond |= u64::from(b >= 128) << k;
        out.joining |= u64::from(matches!(b, b'\'' | b'`' | b'&')) << k;
        out.stop |= u64::from(b == b'.') << k;
        out.mark[0] |= u64::from(b == MARK[0]) << k;
        out.mark[1] |= u64::from(b == MARK[1]) << k;
        out.mark[2] |= u64::from(MARKS.contains(&b)) << k;
    }
    out
}

/// Hashes words that begin and end at `places`, of ASCII letters and digits, to `hashes`.
#[inline]
pub(super) fn hash_words(
    width: Width,
    text: &[u8],
    places: &[[u32; 2]],
    case: CaseBits,
    hashes: &mut [u64],
) {
    match width {
        Width::Plain => hash_words_plain(text, places, case, hashes),
        // Sound: the processor has what the function is compiled for.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Width::Avx2 => unsafe { avx2::hash_words(text, places, case, hashes) },
        // Sound: as before.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Width::Avx512 => unsafe { avx512::hash_words(text, places, case, hashes) },
    }
}

#[inline(always)]
fn hash_words_plain(text: &[u8], places: &[[u32; 2]], case: CaseBits, hashes: &mut [u64]) {
    for (&[start, end], hash) in places.iter().zip(hashes) {
        *hash = hash_unit(text, start as usize, end as usize, case);
    }
}

/// Words that are looked at together.
const CHUNK: usize = 128;
/// Hashes that must be there after the last word: looked at, and of no account.
pub(super) const ROOM: usize = 16;

/// Puts the first `n` words that may be a name, or begin one with the next word, to `found`, which has
/// room for [`ROOM`] more; gives their number.
pub(super) fn look(
    width: Width,
    hashes: &[u64],
    n: usize,
    filters: Filters<'_>,
    memory: &mut Lookup,
    found: &mut [Found],
) -> usize {
    match width {
        // Sound: the processor has what the functions are compiled for.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Width::Avx2 if filters.words.len() >= LINE => unsafe {
            avx2::look(hashes, n, filters, memory, found)
        },
        // Sound: as before.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        Width::Avx512 if filters.words.len() >= LINE => unsafe {
            avx512::look(hashes, n, filters, memory, found)
        },
        _ => look_plain(hashes, n, filters, found),
    }
}

fn look_plain(hashes: &[u64], n: usize, filters: Filters<'_>, found: &mut [Found]) -> usize {
    let mut kept = 0;
    for (k, two) in hashes.windows(2).enumerate().take(n) {
        // Kept or written over: no branch depends on a load that may take long.
        found[kept] = paired(k, filters.word(two[0]), two[0], two[1], filters);
        kept += usize::from(found[kept].any());
    }
    kept
}

/// Working memory of [`look`].
#[derive(Debug)]
pub(super) struct Lookup {
    /// Where the filter has what it knows of each word, and of the pair of each word and the next.
    places: [[u32; CHUNK]; 2],
    /// What it knows.
    held: [[u64; CHUNK]; 2],
}

impl Default for Lookup {
    fn default() -> Self {
        Self {
            places: [[0; CHUNK]; 2],
            held: [[0; CHUNK]; 2],
        }
    }
}

impl Lookup {
    /// Asks the filter about the first `n`.
    fn gather(&mut self, filter: &[u64], n: usize) {
        for (places, held) in self.places.iter().zip(&mut self.held) {
            gather(filter, &places[..n], &mut held[..n]);
        }
    }
}

/// What a filter says at places. Not for AVX: there the compiler gathers, which is slower than loads one
/// by one.
#[inline(never)]
fn gather(filter: &[u64], places: &[u32], out: &mut [u64]) {
    for (out, &p) in out.iter_mut().zip(places) {
        *out = filter.get(p as usize).copied().unwrap_or(0);
    }
}

/// What may begin with word number `k`, of which `flags` are known, and the next word.
#[inline(always)]
pub(super) fn paired(
    k: usize,
    (single, near, far): (bool, bool, bool),
    word: u64,
    next: u64,
    filters: Filters<'_>,
) -> Found {
    let pair = pair_key(word, next);
    let several = (near & filters.near(word, pair)) | (far && filters.far(pair));
    Found::new(k, single, several)
}

#[cfg(test)]
mod tests {
    use super::{Edges, Filters, Found, Lookup, ROOM, Width};
    use crate::gazetteer::filter;
    use crate::gazetteer::hash::{CaseBits, extend, pair_key};

    /// Numbers that look like chance, the same at every run.
    fn chance(n: usize) -> Vec<u64> {
        (0..n as u64).map(|k| extend(k, 1)).collect()
    }

    /// The edges of words of a text, and which words are cut exactly.
    fn edges(width: Width, blocks: &[[u8; 64]]) -> Vec<(Vec<u32>, Vec<u32>)> {
        let mut out = Vec::new();
        let mut edges = Edges::default();
        for (k, batch) in blocks.chunks(3).enumerate() {
            edges.carry();
            edges.add(width, batch, 3 * 64 * k);
            out.push((edges.at[..edges.n].to_vec(), edges.exact.clone()));
        }
        out
    }

    #[test]
    fn every_width_finds_the_same_edges() {
        // All bytes at all places, and runs of letters, marks and bytes beyond ASCII.
        let kinds = [
            "abcXYZ019_",
            " .,!\n",
            "'`&.",
            "\u{80}\u{2019}\u{e9}",
            "a b c. d'e",
        ];
        let all = (0..=255_u8).map(|s| std::array::from_fn(|k| (k as u8).wrapping_add(s)));
        let runs = chance(2000).into_iter().map(|seed| {
            let seeds = chance(64).into_iter().map(|x| extend(x, seed));
            let mut block = [b' '; 64];
            let mut kind = kinds[0].as_bytes();
            for (byte, x) in block.iter_mut().zip(seeds) {
                if x % 4 == 0 {
                    kind = kinds[(x >> 8) as usize % kinds.len()].as_bytes();
                }
                *byte = kind[(x >> 16) as usize % kind.len()];
            }
            block
        });
        let blocks: Vec<[u8; 64]> = all.chain(runs).collect();
        let expected = edges(Width::Plain, &blocks);
        assert!(expected.iter().any(|e| e.0.len() > 60 && e.1.len() > 5));
        for width in Width::all() {
            assert_eq!(edges(width, &blocks), expected, "{width:?}");
        }
    }

    #[test]
    fn every_width_hashes_alike() {
        let text: Vec<u8> = chance(4000)
            .iter()
            .map(|x| b"aBcXyZ09_"[*x as usize % 9])
            .collect();
        let mut places = Vec::new();
        let mut at = 0;
        while at < text.len() as u32 {
            let end = (at + 1 + places.len() as u32 % 20).min(text.len() as u32);
            places.push([at, end]);
            at = end;
        }
        for case in [true, false].map(CaseBits::new) {
            let run = |width| {
                let mut hashes = vec![0; places.len()];
                super::hash_words(width, &text, &places, case, &mut hashes);
                hashes
            };
            for width in Width::all() {
                assert_eq!(run(width), run(Width::Plain), "{width:?}");
            }
        }
    }

    #[test]
    fn every_width_finds_the_same_words() {
        let words = chance(3000);
        let mut keys = filter::Keys::default();
        keys.singles.extend(words.iter().step_by(5));
        for two in words.windows(2).step_by(3) {
            keys.pairs.push((two[0], pair_key(two[0], two[1])));
        }
        // One begins very many names.
        keys.pairs
            .extend(words.iter().map(|w| (words[0], pair_key(words[0], *w))));
        let (near, far) = filter::build(keys);
        assert!(!far.is_empty());
        let text: Vec<u64> = words.iter().flat_map(|w| [*w, words[0], w ^ 1]).collect();
        for far in [&far[..], &[]] {
            let filters = Filters { words: &near, far };
            for n in [0, 1, 7, 8, 9, 127, 128, 129, text.len() - ROOM] {
                let run = |width| {
                    let mut found = vec![Found::default(); text.len() + ROOM];
                    let memory = &mut Lookup::default();
                    let kept = super::look(width, &text, n, filters, memory, &mut found);
                    found.truncate(kept);
                    found
                };
                for width in Width::all() {
                    assert_eq!(run(width), run(Width::Plain), "{width:?} {n}");
                }
            }
        }
    }
}
