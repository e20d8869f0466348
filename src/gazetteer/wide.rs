//! What the scan does with many bytes or words at a time: it sorts bytes into those of words and
//! others, gives the edges of words, and asks the filters about words and pairs. Each with AVX-512
//! or AVX2, where the processor has it, and without; all give the same.

use super::filter::{Filters, LINE};
use super::hash::{CaseBits, hash_unit, pair_key};
use super::scan::Found;
use super::units::small;

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
    pub(super) fn add(&mut self, blocks: &[[u8; 64]], base: usize) {
        let room = self.n + 64 * blocks.len() + 64;
        if self.at.len() < room {
            self.at.resize(room, 0);
        }
        #[cfg(target_arch = "x86_64")]
        {
            if x86::widest() {
                // Sound: the processor has what the function is compiled for.
                #[allow(unsafe_code)]
                unsafe {
                    return x86::add_avx512(self, blocks, base);
                }
            }
            if x86::wide() {
                // Sound: as before.
                #[allow(unsafe_code)]
                unsafe {
                    return x86::add_avx2(self, blocks, base);
                }
            }
        }
        self.add_plain(blocks, base);
    }

    /// One byte after the other: compilers for other processors make wide code of it.
    fn add_plain(&mut self, blocks: &[[u8; 64]], base: usize) {
        self.blocks(blocks, base, sort_plain, flatten);
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
            *place = base + bits.trailing_zeros();
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
pub(super) fn hash_words(text: &[u8], places: &[[u32; 2]], case: CaseBits, hashes: &mut [u64]) {
    #[cfg(target_arch = "x86_64")]
    if x86::widest() {
        // Sound: the processor has what the function is compiled for.
        #[allow(unsafe_code)]
        unsafe {
            return x86::hash_words_avx512(text, places, case, hashes);
        }
    }
    #[cfg(target_arch = "x86_64")]
    if x86::wide() {
        // Sound: as before.
        #[allow(unsafe_code)]
        unsafe {
            return x86::hash_words_avx2(text, places, case, hashes);
        }
    }
    hash_words_plain(text, places, case, hashes);
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
    hashes: &[u64],
    n: usize,
    filters: Filters<'_>,
    memory: &mut Lookup,
    found: &mut [Found],
) -> usize {
    #[cfg(target_arch = "x86_64")]
    if x86::wide() && filters.words.len() >= LINE {
        // Sound: the processor has what the functions are compiled for.
        #[allow(unsafe_code)]
        unsafe {
            if x86::widest() {
                return x86::look_avx512(hashes, n, filters, memory, found);
            }
            return x86::look_avx2(hashes, n, filters, memory, found);
        }
    }
    look_plain(hashes, n, filters, found)
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

#[cfg(target_arch = "x86_64")]
#[allow(clippy::wildcard_imports)] // instructions by the dozen
mod x86 {
    use std::arch::x86_64::*;

    use super::{Bits, CHUNK, Edges, Lookup, MARK, MARKS, small};
    use crate::gazetteer::filter::{Filters, LINE};
    use crate::gazetteer::hash::{CaseBits, K1, K2, K3};
    use crate::gazetteer::scan::Found;

    /// Whether the processor has AVX2 and the bit instructions that come with it.
    #[inline]
    pub(super) fn wide() -> bool {
        use std::arch::is_x86_feature_detected as has;
        has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
    }

    /// Whether it has the AVX-512 that came with VBMI2, too.
    #[inline]
    pub(super) fn widest() -> bool {
        use std::arch::is_x86_feature_detected as has;
        wide()
            && has!("avx512f")
            && has!("avx512bw")
            && has!("avx512dq")
            && has!("avx512vl")
            && has!("avx512vbmi2")
    }

    // Bytes from one on, so many of them: shifted down they are at most their number - 1.
    const LETTERS: (i8, i8) = (-0x61, 25);
    const DIGITS: (i8, i8) = (-0x30, 9);

    /// For each set of eight bits the places of those in it.
    const PLACES: [[u8; 8]; 256] = {
        let mut table = [[0; 8]; 256];
        let mut set = 0;
        while set < 256 {
            let (mut bit, mut n) = (0, 0);
            while bit < 8 {
                if set >> bit & 1 == 1 {
                    table[set][n] = bit;
                    n += 1;
                }
                bit += 1;
            }
            set += 1;
        }
        table
    };

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn add_avx2(edges: &mut Edges, blocks: &[[u8; 64]], base: usize) {
        let within = |x: __m256i, (minus, most): (i8, i8)| {
            let x = _mm256_add_epi8(x, _mm256_set1_epi8(minus));
            _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(most)), x)
        };
        let sort = |block: &[u8; 64]| {
            let mut bits = Bits::default();
            for (half, bytes) in block.as_chunks::<32>().0.iter().enumerate() {
                // Sound: there are 32 bytes.
                #[allow(unsafe_code)]
                let x = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
                let letter = within(_mm256_or_si256(x, _mm256_set1_epi8(0x20)), LETTERS);
                let digit = within(x, DIGITS);
                let is = |b: u8| _mm256_cmpeq_epi8(x, _mm256_set1_epi8(b.cast_signed()));
                let word = _mm256_or_si256(_mm256_or_si256(letter, digit), is(b'_'));
                let joining = _mm256_or_si256(_mm256_or_si256(is(b'\''), is(b'`')), is(b'&'));
                let none = _mm256_setzero_si256();
                let marks = MARKS
                    .map(is)
                    .into_iter()
                    .fold(none, |a, b| _mm256_or_si256(a, b));
                let mask = |x| u64::from(_mm256_movemask_epi8(x).cast_unsigned()) << (32 * half);
                let beyond = mask(x);
                bits.word |= mask(word) | beyond;
                bits.beyond |= beyond;
                bits.joining |= mask(joining);
                bits.stop |= mask(is(b'.'));
                bits.mark[0] |= mask(is(MARK[0]));
                bits.mark[1] |= mask(is(MARK[1]));
                bits.mark[2] |= mask(marks);
            }
            bits
        };
        let flatten = |bits: u64, base: u32, out: &mut [u32]| {
            let mut n = 0;
            for (set, from) in bits.to_le_bytes().into_iter().zip((base..).step_by(8)) {
                let eight = i64::from_le_bytes(PLACES[set as usize]);
                let places = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128(eight));
                let places = _mm256_add_epi32(places, _mm256_set1_epi32(from.cast_signed()));
                if let Some(out) = out.get_mut(n..n + 8) {
                    // Sound: there is room for eight numbers.
                    #[allow(unsafe_code)]
                    unsafe {
                        _mm256_storeu_si256(out.as_mut_ptr().cast(), places);
                    }
                }
                n += set.count_ones() as usize;
            }
            n
        };
        edges.blocks(blocks, base, sort, flatten);
    }

    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) fn add_avx512(edges: &mut Edges, blocks: &[[u8; 64]], base: usize) {
        let mut numbers = [0_i8; 64];
        for (n, k) in numbers.iter_mut().zip(0..) {
            *n = k;
        }
        // Sound: there are 64 bytes.
        #[allow(unsafe_code)]
        let load = |bytes: &[i8; 64]| unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
        let numbers = load(&numbers);
        let within = |x: __m512i, (minus, most): (i8, i8)| {
            _mm512_cmple_epu8_mask(
                _mm512_add_epi8(x, _mm512_set1_epi8(minus)),
                _mm512_set1_epi8(most),
            )
        };
        let flatten = |bits: u64, base: u32, out: &mut [u32]| {
            let n = bits.count_ones() as usize;
            let places = _mm512_maskz_compress_epi8(bits, numbers);
            let base = _mm512_set1_epi32(base.cast_signed());
            let write = |sixteen: __m128i, out: &mut [u32; 16]| {
                let places = _mm512_add_epi32(_mm512_cvtepu8_epi32(sixteen), base);
                // Sound: there is room for 16 numbers.
                #[allow(unsafe_code)]
                unsafe {
                    _mm512_storeu_si512(out.as_mut_ptr().cast(), places);
                }
            };
            if let [a, b, c, d, ..] = out.as_chunks_mut::<16>().0 {
                // These are nearly always enough.
                write(_mm512_castsi512_si128(places), a);
                write(_mm512_extracti32x4_epi32::<1>(places), b);
                if n > 32 {
                    write(_mm512_extracti32x4_epi32::<2>(places), c);
                    write(_mm512_extracti32x4_epi32::<3>(places), d);
                }
            }
            n
        };
        let sort = |block: &[u8; 64]| {
            let x = load(bytemuck::cast_ref(block));
            let is = |b: u8| _mm512_cmpeq_epi8_mask(x, _mm512_set1_epi8(b.cast_signed()));
            let beyond = _mm512_movepi8_mask(x);
            let letter = within(_mm512_or_si512(x, _mm512_set1_epi8(0x20)), LETTERS);
            Bits {
                word: letter | within(x, DIGITS) | is(b'_') | beyond,
                beyond,
                joining: is(b'\'') | is(b'`') | is(b'&'),
                stop: is(b'.'),
                mark: [
                    is(MARK[0]),
                    is(MARK[1]),
                    MARKS.into_iter().fold(0, |bits, b| bits | is(b)),
                ],
            }
        };
        edges.blocks(blocks, base, sort, flatten);
    }

    /// As [`super::hash_words`], four at a time.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn hash_words_avx2(
        text: &[u8],
        places: &[[u32; 2]],
        case: CaseBits,
        hashes: &mut [u64],
    ) {
        let number = |n: u64| _mm256_set1_epi64x(n.cast_signed());
        let xor = |a, b| _mm256_xor_si256(a, b);
        // The lower half of the product.
        let times = |x: __m256i, k: u64| {
            let low = _mm256_mul_epu32(x, number(k));
            let upper = _mm256_mul_epu32(_mm256_srli_epi64::<32>(x), number(k));
            let cross = _mm256_add_epi64(upper, _mm256_mul_epu32(x, number(k >> 32)));
            _mm256_add_epi64(low, _mm256_slli_epi64::<32>(cross))
        };
        let (fours, rest) = places.as_chunks::<4>();
        let (first, last) = hashes.split_at_mut(4 * fours.len());
        super::hash_words_plain(text, rest, case, last);
        for (four, out) in fours.iter().zip(first.as_chunks_mut::<4>().0) {
            let end = four.iter().fold(0, |end, p| end.max(p[0])) as usize + 16;
            let long = four.iter().any(|p| p[1] - p[0] > 16);
            if end > text.len() || long {
                super::hash_words_plain(text, four, case, out);
                continue;
            }
            // Sound: no word starts after the last place with 16 bytes; there are four pairs.
            #[allow(unsafe_code)]
            let (load, bounds) = unsafe {
                let load =
                    |k: usize| _mm_loadu_si128(text.as_ptr().add(four[k][0] as usize).cast());
                (load, _mm256_loadu_si256(four.as_ptr().cast()))
            };
            let even = _mm256_set_m128i(load(2), load(0));
            let odd = _mm256_set_m128i(load(3), load(1));
            let lower = _mm256_unpacklo_epi64(even, odd);
            let upper = _mm256_unpackhi_epi64(even, odd);
            // As in `hash_words_avx512`.
            let start = _mm256_and_si256(bounds, number(u64::from(u32::MAX)));
            let n = _mm256_sub_epi64(_mm256_srli_epi64::<32>(bounds), start);
            let bits = _mm256_slli_epi64::<3>(n);
            let half = |x: __m256i, all: u64| {
                let shift = _mm256_subs_epu16(number(all), bits);
                let mask = _mm256_srlv_epi64(number(u64::MAX), shift);
                _mm256_and_si256(_mm256_or_si256(x, number(case.bits())), mask)
            };
            let lower = times(xor(half(lower, 64), _mm256_slli_epi64::<56>(n)), K1);
            let upper = times(half(upper, 128), K2);
            let upper = _mm256_shuffle_epi32::<0b10_11_00_01>(upper);
            let x = xor(lower, upper);
            let x = times(xor(x, _mm256_srli_epi64::<32>(x)), K3);
            let x = xor(x, _mm256_srli_epi64::<32>(x));
            // Sound: there is room for four numbers.
            #[allow(unsafe_code)]
            unsafe {
                _mm256_storeu_si256(out.as_mut_ptr().cast(), x);
            }
        }
    }

    /// As [`super::hash_words`], eight at a time.
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) fn hash_words_avx512(
        text: &[u8],
        places: &[[u32; 2]],
        case: CaseBits,
        hashes: &mut [u64],
    ) {
        let number = |n: u64| _mm512_set1_epi64(n.cast_signed());
        let (eights, rest) = places.as_chunks::<8>();
        let (first, last) = hashes.split_at_mut(8 * eights.len());
        let last_start = text.len().checked_sub(16).map(|n| n as u64);
        super::hash_words_plain(text, rest, case, last);
        for (eight, out) in eights.iter().zip(first.as_chunks_mut::<8>().0) {
            // Sound: there are eight pairs.
            #[allow(unsafe_code)]
            let bounds = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
            let start = _mm512_and_si512(bounds, number(u64::from(u32::MAX)));
            if last_start.is_none_or(|last| _mm512_cmpgt_epu64_mask(start, number(last)) != 0) {
                super::hash_words_plain(text, eight, case, out);
                continue;
            }
            // Sound: no word starts after the last place with 16 bytes.
            #[allow(unsafe_code)]
            let load = |k: usize| unsafe {
                _mm_loadu_si128(text.as_ptr().add(eight[k][0] as usize).cast())
            };
            let four = |first: usize| {
                let two = |k| _mm256_set_m128i(load(k + 2), load(k));
                _mm512_inserti64x4::<1>(_mm512_castsi256_si512(two(first)), two(first + 4))
            };
            let (even, odd) = (four(0), four(1));
            let lower = _mm512_unpacklo_epi64(even, odd);
            let upper = _mm512_unpackhi_epi64(even, odd);
            let n = _mm512_sub_epi64(_mm512_srli_epi64::<32>(bounds), start);
            // As `hash16`: of the first half stay n bytes, of the other n - 8; a shift by 64 and more
            // leaves nothing.
            let bits = _mm512_slli_epi64::<3>(n);
            let half = |x: __m512i, all: u64| {
                let mask =
                    _mm512_srlv_epi64(number(u64::MAX), _mm512_subs_epu16(number(all), bits));
                _mm512_and_si512(_mm512_or_si512(x, number(case.bits())), mask)
            };
            let lower = _mm512_xor_si512(half(lower, 64), _mm512_slli_epi64::<56>(n));
            let x = _mm512_xor_si512(
                _mm512_mullo_epi64(lower, number(K1)),
                _mm512_ror_epi64::<32>(_mm512_mullo_epi64(half(upper, 128), number(K2))),
            );
            let x = _mm512_xor_si512(x, _mm512_srli_epi64::<32>(x));
            let x = _mm512_mullo_epi64(x, number(K3));
            let x = _mm512_xor_si512(x, _mm512_srli_epi64::<32>(x));
            // Sound: there is room for eight numbers.
            #[allow(unsafe_code)]
            unsafe {
                _mm512_storeu_si512(out.as_mut_ptr().cast(), x);
            }
            let mut long = _mm512_cmpgt_epi64_mask(n, number(16));
            while long != 0 {
                let k = long.trailing_zeros() as usize;
                long &= long - 1;
                super::hash_words_plain(text, &eight[k..=k], case, &mut out[k..=k]);
            }
        }
    }

    /// As [`super::look`], four words at a time.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn look_avx2(
        hashes: &[u64],
        n: usize,
        filters: Filters<'_>,
        memory: &mut Lookup,
        found: &mut [Found],
    ) -> usize {
        let number = |n: usize| _mm256_set1_epi64x(n.cast_signed() as i64);
        let lines = number(filters.words.len() / LINE);
        let (low, one) = (number(63), number(1));
        // Sound: there are four numbers.
        #[allow(unsafe_code)]
        let load = |x: &[u64; 4]| unsafe { _mm256_loadu_si256(x.as_ptr().cast()) };
        let upper = |x| _mm256_srli_epi64::<32>(x);
        // The bits that these numbers name, as the lowest bit: 1 where all are set.
        let bit = |words, by| _mm256_srlv_epi64(words, _mm256_and_si256(by, low));
        let two = |words, a, b| _mm256_and_si256(bit(words, a), bit(words, b));
        let three = |words, key| {
            let ab = two(words, key, _mm256_srli_epi64::<6>(key));
            _mm256_and_si256(ab, bit(words, _mm256_srli_epi64::<12>(key)))
        };
        let pair_key = |word, next| {
            let left = _mm256_slli_epi64::<23>(word);
            _mm256_xor_si256(_mm256_or_si256(left, _mm256_srli_epi64::<41>(word)), next)
        };
        // The lower halves.
        let halves = _mm256_set_epi32(0, 0, 0, 0, 6, 4, 2, 0);
        let write = |x: __m256i, out: &mut [u32; 4]| {
            let x = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(x, halves));
            // Sound: there is room for four numbers.
            #[allow(unsafe_code)]
            unsafe {
                _mm_storeu_si128(out.as_mut_ptr().cast(), x);
            }
        };
        let mut kept = 0;
        for from in (0..n).step_by(CHUNK) {
            let groups = (n - from).div_ceil(4).min(CHUNK / 4);
            let keys = |k: usize| {
                let at = from + 4 * k;
                match (hashes[at..].first_chunk(), hashes[at + 1..].first_chunk()) {
                    (Some(word), Some(next)) => (load(word), load(next)),
                    _ => (number(0), number(0)),
                }
            };
            let [words_at, pairs_at] = memory
                .places
                .each_mut()
                .map(|p| p.as_chunks_mut().0.iter_mut());
            for (k, (word_at, pair_at)) in (0..groups).zip(words_at.zip(pairs_at)) {
                let (word, next) = keys(k);
                // As `filter::place` and `near_place`.
                let line = upper(_mm256_mul_epu32(upper(word), lines));
                let line = _mm256_slli_epi64::<3>(line);
                let within =
                    |key| _mm256_or_si256(line, _mm256_and_si256(upper(key), number(LINE - 1)));
                write(within(word), word_at);
                write(within(pair_key(word, next)), pair_at);
            }
            memory.gather(filters.words, 4 * groups);
            let [words, pairs] = memory.held.each_ref().map(|p| p.as_chunks().0.iter());
            for (k, (words, pairs)) in (0..groups).zip(words.zip(pairs)) {
                let (words, pairs) = (load(words), load(pairs));
                let (word, next) = keys(k);
                let pair = pair_key(word, next);
                // As `filter::single_bits`, `near_bits` and `far_bits`.
                let single = three(words, word);
                let near = two(
                    words,
                    _mm256_srli_epi64::<18>(word),
                    _mm256_srli_epi64::<24>(word),
                );
                let far = two(
                    words,
                    _mm256_srli_epi64::<35>(word),
                    _mm256_srli_epi64::<41>(word),
                );
                let far = _mm256_and_si256(near, far);
                let several = _mm256_and_si256(near, three(pairs, pair));
                let mask = |x: __m256i| {
                    let top =
                        _mm256_castsi256_pd(_mm256_slli_epi64::<63>(_mm256_and_si256(x, one)));
                    _mm256_movemask_pd(top).cast_unsigned() as usize
                };
                let (single, mut several, mut far) = (mask(single), mask(several), mask(far));
                let first = from + 4 * k;
                while far != 0 {
                    let lane = far.trailing_zeros() as usize;
                    far &= far - 1;
                    let pair = super::pair_key(hashes[first + lane], hashes[first + lane + 1]);
                    several |= usize::from(filters.far(pair)) << lane;
                }
                let mut any = (single | several) & (1_usize << (n - first).min(4)).wrapping_sub(1);
                while any != 0 {
                    let lane = any.trailing_zeros() as usize;
                    any &= any - 1;
                    found[kept] = Found::new(
                        first + lane,
                        single >> lane & 1 != 0,
                        several >> lane & 1 != 0,
                    );
                    kept += 1;
                }
            }
        }
        kept
    }

    /// As [`super::look`], eight words at a time.
    #[target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
    )]
    pub(super) fn look_avx512(
        hashes: &[u64],
        n: usize,
        filters: Filters<'_>,
        memory: &mut Lookup,
        found: &mut [Found],
    ) -> usize {
        let number = |n: usize| _mm512_set1_epi64(n.cast_signed() as i64);
        let lines = number(filters.words.len() / LINE);
        let far_len = number(filters.far.len());
        let one = number(1);
        // Sound: there are eight numbers.
        #[allow(unsafe_code)]
        let load = |x: &[u64; 8]| unsafe { _mm512_loadu_si512(x.as_ptr().cast()) };
        let upper = |x| _mm512_srli_epi64::<32>(x);
        let two = |words, a, b| {
            _mm512_and_si512(_mm512_rorv_epi64(words, a), _mm512_rorv_epi64(words, b))
        };
        let three = |words, key| {
            let ab = two(words, key, _mm512_srli_epi64::<6>(key));
            _mm512_and_si512(ab, _mm512_rorv_epi64(words, _mm512_srli_epi64::<12>(key)))
        };
        let is = |x| _mm512_test_epi64_mask(x, one);
        let pair_key = |word, next| _mm512_xor_si512(_mm512_rol_epi64::<23>(word), next);
        let write = |x: __m512i, out: &mut [u32; 8]| {
            // Sound: there is room for eight numbers.
            #[allow(unsafe_code)]
            unsafe {
                _mm256_storeu_si256(out.as_mut_ptr().cast(), _mm512_cvtepi64_epi32(x));
            }
        };
        let mut kept = 0;
        for from in (0..n).step_by(CHUNK) {
            let groups = (n - from).div_ceil(8).min(CHUNK / 8);
            let keys = |k: usize| {
                let at = from + 8 * k;
                match (hashes[at..].first_chunk(), hashes[at + 1..].first_chunk()) {
                    (Some(word), Some(next)) => (load(word), load(next)),
                    _ => (number(0), number(0)),
                }
            };
            let [words_at, pairs_at] = memory
                .places
                .each_mut()
                .map(|p| p.as_chunks_mut().0.iter_mut());
            for (k, (word_at, pair_at)) in (0..groups).zip(words_at.zip(pairs_at)) {
                let (word, next) = keys(k);
                // As `filter::place` and `near_place`.
                let line = upper(_mm512_mul_epu32(upper(word), lines));
                let line = _mm512_slli_epi64::<3>(line);
                let within =
                    |key| _mm512_or_si512(line, _mm512_and_si512(upper(key), number(LINE - 1)));
                write(within(word), word_at);
                write(within(pair_key(word, next)), pair_at);
            }
            memory.gather(filters.words, 8 * groups);
            let [words, pairs] = memory.held.each_ref().map(|p| p.as_chunks().0.iter());
            for (k, (words, pairs)) in (0..groups).zip(words.zip(pairs)) {
                let (words, pairs) = (load(words), load(pairs));
                let (word, next) = keys(k);
                let pair = pair_key(word, next);
                // As `filter::single_bits`, `near_bits` and `far_bits`.
                let single = is(three(words, word));
                let near = two(
                    words,
                    _mm512_srli_epi64::<18>(word),
                    _mm512_srli_epi64::<24>(word),
                );
                let far = two(
                    words,
                    _mm512_srli_epi64::<35>(word),
                    _mm512_srli_epi64::<41>(word),
                );
                let far = is(_mm512_and_si512(near, far));
                let mut several = is(_mm512_and_si512(near, three(pairs, pair)));
                if far != 0 && !filters.far.is_empty() {
                    let place = upper(_mm512_mul_epu32(upper(pair), far_len));
                    // Sound: a place is less than the filter's length.
                    #[allow(unsafe_code)]
                    let held = unsafe {
                        _mm512_mask_i64gather_epi64::<8>(
                            number(0),
                            far,
                            place,
                            filters.far.as_ptr().cast(),
                        )
                    };
                    several |= far & is(three(held, pair));
                }
                let first = from + 8 * k;
                let most = (1_u32 << (n - first).min(8)).wrapping_sub(1) as u8;
                let any = (single | several) & most;
                // Those that may begin a name are moved to the front and all are written: no branch
                // depends on a load that may take long.
                let flag = |mask, flag| _mm256_maskz_mov_epi32(mask, _mm256_set1_epi32(flag));
                let flags = _mm256_or_si256(flag(single, 2), flag(several, 1));
                let numbers = _mm256_add_epi32(
                    _mm256_set1_epi32(small(first << 2).cast_signed()),
                    _mm256_set_epi32(28, 24, 20, 16, 12, 8, 4, 0),
                );
                let all = _mm256_maskz_compress_epi32(any, _mm256_or_si256(numbers, flags));
                if let Some(out) = found.get_mut(kept..kept + 8) {
                    // Sound: there is room for eight numbers of 32 bits.
                    #[allow(unsafe_code)]
                    unsafe {
                        _mm256_storeu_si256(out.as_mut_ptr().cast(), all);
                    }
                }
                kept += any.count_ones() as usize;
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Edges, Filters, Found, Lookup, ROOM, look_plain};
    use crate::gazetteer::filter;
    use crate::gazetteer::hash::{CaseBits, extend, pair_key};

    /// Numbers that look like chance, the same at every run.
    fn chance(n: usize) -> Vec<u64> {
        (0..n as u64).map(|k| extend(k, 1)).collect()
    }

    type Add = fn(&mut Edges, &[[u8; 64]], usize);

    /// The edges of words of a text, and which words are cut exactly.
    fn edges(add: Add, blocks: &[[u8; 64]]) -> Vec<(Vec<u32>, Vec<u32>)> {
        let mut out = Vec::new();
        let mut edges = Edges::default();
        for (k, batch) in blocks.chunks(3).enumerate() {
            edges.carry();
            edges.at.resize(edges.n + 4 * 64, 0);
            add(&mut edges, batch, 3 * 64 * k);
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
        let expected = edges(Edges::add_plain, &blocks);
        assert!(expected.iter().any(|e| e.0.len() > 60 && e.1.len() > 5));
        assert_eq!(edges(Edges::add, &blocks), expected);
        #[cfg(target_arch = "x86_64")]
        if super::x86::wide() {
            // Sound: the processor has AVX2.
            #[allow(unsafe_code)]
            let avx2: Add = |e, b, base| unsafe { super::x86::add_avx2(e, b, base) };
            assert_eq!(edges(avx2, &blocks), expected);
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
            let run = |hash: &dyn Fn(&mut [u64])| {
                let mut hashes = vec![0; places.len()];
                hash(&mut hashes);
                hashes
            };
            let expected = run(&|out| super::hash_words_plain(&text, &places, case, out));
            assert_eq!(
                run(&|out| super::hash_words(&text, &places, case, out)),
                expected
            );
            #[cfg(target_arch = "x86_64")]
            if super::x86::wide() {
                // Sound: the processor has AVX2.
                #[allow(unsafe_code)]
                let avx2 = |out: &mut [u64]| unsafe {
                    super::x86::hash_words_avx2(&text, &places, case, out);
                };
                assert_eq!(run(&avx2), expected);
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
                let run = |look: &dyn Fn(&mut [Found]) -> usize| {
                    let mut found = vec![Found::default(); text.len() + ROOM];
                    let kept = look(&mut found);
                    found.truncate(kept);
                    found
                };
                let expected = run(&|found| look_plain(&text, n, filters, found));
                assert_eq!(
                    run(&|found| super::look(&text, n, filters, &mut Lookup::default(), found)),
                    expected
                );
                #[cfg(target_arch = "x86_64")]
                if super::x86::wide() {
                    // Sound: the processor has AVX2.
                    #[allow(unsafe_code)]
                    let look = |f: &mut [Found]| unsafe {
                        super::x86::look_avx2(&text, n, filters, &mut Lookup::default(), f)
                    };
                    assert_eq!(run(&look), expected);
                }
            }
        }
    }
}
