//! The scan's wide steps with AVX-512.
#![allow(clippy::wildcard_imports)] // instructions by the dozen

use std::arch::x86_64::*;

use super::{Bits, CHUNK, DIGITS, Edges, LETTERS, Lookup, MARK, MARKS, small};
use crate::gazetteer::filter::{Filters, LINE};
use crate::gazetteer::hash::{CaseBits, K1, K2, K3};
use crate::gazetteer::scan::Found;

/// Whether the processor has AVX2 and the AVX-512 that came with VBMI2.
#[inline]
pub(super) fn there() -> bool {
    use std::arch::is_x86_feature_detected as has;
    super::avx2::there()
        && has!("avx512f")
        && has!("avx512bw")
        && has!("avx512dq")
        && has!("avx512vl")
        && has!("avx512vbmi2")
}

#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
)]
pub(super) fn add(edges: &mut Edges, blocks: &[[u8; 64]], base: usize) {
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

/// As [`super::hash_words`], eight at a time.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
)]
pub(super) fn hash_words(text: &[u8], places: &[[u32; 2]], case: CaseBits, hashes: &mut [u64]) {
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
        let load =
            |k: usize| unsafe { _mm_loadu_si128(text.as_ptr().add(eight[k][0] as usize).cast()) };
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
            let mask = _mm512_srlv_epi64(number(u64::MAX), _mm512_subs_epu16(number(all), bits));
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

/// As [`super::look`], eight words at a time.
#[target_feature(
    enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,avx2,bmi1,bmi2,lzcnt,popcnt"
)]
pub(super) fn look(
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
    let two =
        |words, a, b| _mm512_and_si512(_mm512_rorv_epi64(words, a), _mm512_rorv_epi64(words, b));
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
