//! The scan's wide steps with AVX2.
#![allow(clippy::wildcard_imports)] // instructions by the dozen

use std::arch::x86_64::*;

use super::{Bits, CHUNK, DIGITS, Edges, LETTERS, Lookup, MARK, MARKS};
use crate::gazetteer::filter::{Filters, LINE};
use crate::gazetteer::hash::{CaseBits, K1, K2, K3};
use crate::gazetteer::scan::Found;

/// Whether the processor has AVX2 and the bit instructions that come with it.
#[inline]
pub(super) fn there() -> bool {
    use std::arch::is_x86_feature_detected as has;
    has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
}

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

/// As [`Edges::add`].
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn add(edges: &mut Edges, blocks: &[[u8; 64]], base: usize) {
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

/// As [`super::hash_words`], four at a time.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn hash_words(text: &[u8], places: &[[u32; 2]], case: CaseBits, hashes: &mut [u64]) {
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
            let load = |k: usize| _mm_loadu_si128(text.as_ptr().add(four[k][0] as usize).cast());
            (load, _mm256_loadu_si256(four.as_ptr().cast()))
        };
        let even = _mm256_set_m128i(load(2), load(0));
        let odd = _mm256_set_m128i(load(3), load(1));
        let lower = _mm256_unpacklo_epi64(even, odd);
        let upper = _mm256_unpackhi_epi64(even, odd);
        // As in `avx512::hash_words`.
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

/// As [`super::look`], four words at a time.
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
pub(super) fn look(
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
                let top = _mm256_castsi256_pd(_mm256_slli_epi64::<63>(_mm256_and_si256(x, one)));
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
