//! Trained weights in one byte each, found by the hash of their feature.

use super::learn::Trained;
use crate::prefetch::prefetch;

/// Weights of a feature: for the labels from 1 on, relative to label 0.
pub(super) const WIDTH: usize = 4;
/// Rows of a bucket: both are looked at, without a branch.
const BUCKET: usize = 2;
/// Features of a position that are summed at a time: 16 bits hold the sum of so many bytes.
const MOST: usize = 256;
/// Buckets of a table that stays in the second-level cache: a megabyte.
const SMALL: usize = 1 << 16;
/// One feature: a check of its hash (0 for an empty row) above its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row(u64);

impl Row {
    fn new(check: u16, weights: [i8; WIDTH]) -> Self {
        let weights = u32::from_le_bytes(weights.map(i8::cast_unsigned));
        Self(u64::from(check) << 32 | u64::from(weights))
    }

    const fn check(self) -> u16 {
        (self.0 >> 32) as u16
    }

    const fn weights(self) -> u32 {
        self.0 as u32
    }
}

/// A hash table of features in buckets. A feature that finds its bucket full of weightier ones is
/// left out: that costs less than looking farther.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    buckets: Vec<[Row; BUCKET]>,
    bits: u32,
    scale: f32,
}

/// Never 0.
const fn check(feature: u64) -> u16 {
    feature as u16 | 1
}

impl Table {
    /// Rounds weights to 8 bits; features whose weights are all below `least` are left out.
    pub(super) fn quantise<const L: usize>(
        features: &[u64],
        trained: &Trained<L>,
        least: f32,
    ) -> Self {
        let relative = |w: &[f32; L]| {
            let mut r = [0.0_f32; WIDTH];
            for (x, w_k) in r.iter_mut().zip(&w[1..]) {
                *x = w_k - w[0];
            }
            r
        };
        let strength = |r: &[f32; WIDTH]| r.iter().fold(0.0_f32, |a, x| a.max(x.abs()));
        let mut kept: Vec<(f32, u64, [f32; WIDTH])> = features
            .iter()
            .zip(&trained.weights)
            .map(|(&f, w)| (strength(&relative(w)), f, relative(w)))
            .filter(|k| k.0 >= least)
            .collect();
        // The weightiest first; equal ones in an order that does not depend on their numbers.
        kept.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let greatest = kept.first().map_or(1e-6, |k| k.0.max(1e-6));
        let scale = greatest / 127.0;
        let mut bits = 2;
        while (BUCKET << bits) * 2 < kept.len() * 5 {
            bits += 1;
        }
        let mut table = Self {
            buckets: vec![[Row::default(); BUCKET]; 1 << bits],
            bits,
            scale,
        };
        for (_, feature, r) in kept {
            let k = table.bucket(feature);
            if let Some(row) = table.buckets[k].iter_mut().find(|r| r.check() == 0) {
                *row = Row::new(check(feature), r.map(|x| (x / scale).round() as i8));
            }
        }
        table
    }

    /// Number of features.
    pub(super) fn len(&self) -> usize {
        let rows = self.buckets.iter().flatten();
        rows.filter(|r| r.check() != 0).count()
    }

    fn bucket(&self, feature: u64) -> usize {
        (feature >> (64 - self.bits)) as usize
    }

    /// The rows where a feature may be.
    #[inline(always)]
    fn rows(&self, feature: u64) -> [Row; BUCKET] {
        // Sound: there are 1 << bits buckets, and the number of one is as many bits of a feature.
        #[allow(unsafe_code)]
        unsafe {
            *self.buckets.get_unchecked(self.bucket(feature))
        }
    }

    /// Asks for the rows of `features`, for a [`Self::sum`] a little later, unless the table is small
    /// enough to stay in the cache.
    pub(super) fn prefetch(&self, features: &[u64]) {
        if self.buckets.len() <= SMALL {
            return;
        }
        for &feature in features {
            prefetch(&self.buckets, self.bucket(feature));
        }
    }

    /// Sum of the weights of at most 256 `features`.
    pub(super) fn sum(&self, features: &[u64]) -> [f32; WIDTH] {
        debug_assert!(features.len() <= MOST);
        // Sound: SSE2 is part of every x86-64 processor, and AVX2 has been asked for.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        let sums = unsafe {
            if std::arch::is_x86_feature_detected!("avx2") {
                self.sum_avx2(features)
            } else {
                self.sum_sse2(features)
            }
        };
        #[cfg(not(target_arch = "x86_64"))]
        let sums = self.sum_plain(features);
        sums.map(|x| f32::from(x) * self.scale)
    }

    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn sum_plain(&self, features: &[u64]) -> [i16; WIDTH] {
        let mut sums = [0; WIDTH];
        for &feature in features {
            for row in &self.buckets[self.bucket(feature)] {
                if row.check() == check(feature) {
                    for (sum, w) in sums.iter_mut().zip(row.weights().to_le_bytes()) {
                        *sum += i16::from(w.cast_signed());
                    }
                }
            }
        }
        sums
    }

    /// Without branches, which would be guessed wrong half of the time, and every miss of the cache
    /// waited for.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse2")]
    fn sum_sse2(&self, features: &[u64]) -> [i16; WIDTH] {
        use std::arch::x86_64::{
            _mm_add_epi16, _mm_and_si128, _mm_cmpeq_epi32, _mm_cvtsi128_si64, _mm_set_epi64x,
            _mm_set1_epi32, _mm_setzero_si128, _mm_shuffle_epi32, _mm_srai_epi16,
            _mm_unpackhi_epi8, _mm_unpacklo_epi8,
        };
        let mut sums = _mm_setzero_si128();
        for &feature in features {
            let [a, b] = self.rows(feature);
            let rows = _mm_set_epi64x(b.0.cast_signed(), a.0.cast_signed());
            let same = _mm_cmpeq_epi32(rows, _mm_set1_epi32(i32::from(check(feature))));
            // The comparison of each row's check goes for its weights, which lie below it.
            let weights = _mm_and_si128(rows, _mm_shuffle_epi32::<0b11_11_01_01>(same));
            // Each byte twice, then shifted down by one: bytes become numbers of 16 bits.
            let low = _mm_srai_epi16::<8>(_mm_unpacklo_epi8(weights, weights));
            let high = _mm_srai_epi16::<8>(_mm_unpackhi_epi8(weights, weights));
            sums = _mm_add_epi16(sums, _mm_add_epi16(low, high));
        }
        let lanes = _mm_cvtsi128_si64(sums);
        [0, 16, 32, 48].map(|k| (lanes >> k) as i16)
    }

    /// As [`Self::sum_sse2`], two features at a time.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn sum_avx2(&self, features: &[u64]) -> [i16; WIDTH] {
        use std::arch::x86_64::{
            _mm_add_epi16, _mm_cvtsi128_si64, _mm256_add_epi16, _mm256_and_si256,
            _mm256_castsi256_si128, _mm256_cmpeq_epi32, _mm256_extracti128_si256,
            _mm256_maddubs_epi16, _mm256_or_si256, _mm256_set_epi64x, _mm256_set1_epi16,
            _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_slli_epi64, _mm256_srli_epi64,
            _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
        };
        let (pairs, rest) = features.as_chunks::<2>();
        let mask = _mm256_set1_epi64x(0xFFFF << 32);
        let one = _mm256_set1_epi64x(1 << 32);
        let (even, odd) = (_mm256_set1_epi16(1), _mm256_set1_epi16(1 << 8));
        let (mut evens, mut odds) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for two in pairs {
            let [low, high] = two.map(|feature| self.rows(feature));
            let rows = [high[1], high[0], low[1], low[0]].map(|r| r.0.cast_signed());
            let rows = _mm256_set_epi64x(rows[0], rows[1], rows[2], rows[3]);
            let [low, high] = two.map(u64::cast_signed);
            let checks = _mm256_slli_epi64::<32>(_mm256_set_epi64x(high, high, low, low));
            let checks = _mm256_or_si256(_mm256_and_si256(checks, mask), one);
            // The comparison of each row's check, moved down to its weights.
            let same = _mm256_srli_epi64::<32>(_mm256_cmpeq_epi32(rows, checks));
            let weights = _mm256_and_si256(rows, same);
            // Every second byte as a number of 16 bits.
            evens = _mm256_add_epi16(evens, _mm256_maddubs_epi16(even, weights));
            odds = _mm256_add_epi16(odds, _mm256_maddubs_epi16(odd, weights));
        }
        // Weights 0 and 2, 1 and 3 lie side by side, in the low half of each row.
        let sums = _mm256_unpacklo_epi16(evens, odds);
        let more = _mm256_unpackhi_epi16(evens, odds);
        let sums = _mm256_add_epi16(sums, more);
        let sums = _mm_add_epi16(
            _mm256_castsi256_si128(sums),
            _mm256_extracti128_si256::<1>(sums),
        );
        let lanes = _mm_cvtsi128_si64(sums);
        let last = self.sum_sse2(rest);
        [0, 1, 2, 3].map(|k| (lanes >> (16 * k)) as i16 + last[k])
    }

    /// Appends the table to the bytes of a file: the rows without the empty ones, after one bit a row
    /// that says which those are.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.scale.to_le_bytes());
        out.extend((self.buckets.len() as u32).to_le_bytes());
        let rows: Vec<Row> = self.buckets.iter().flatten().copied().collect();
        for eight in rows.chunks(8) {
            let bits = eight.iter().enumerate();
            out.push(bits.fold(0, |byte, (k, row)| byte | u8::from(row.check() != 0) << k));
        }
        for row in rows.iter().filter(|r| r.check() != 0) {
            out.extend(row.check().to_le_bytes());
            out.extend(row.weights().to_le_bytes());
        }
    }

    /// A table of so many buckets from its scale, the bits that say which rows are used, and `next`,
    /// which gives the check and weights of one; `None` where a table has no such size.
    pub(super) fn read<E>(
        scale: f32,
        buckets: usize,
        used: &[u8],
        mut next: impl FnMut() -> Result<(u16, u32), E>,
    ) -> Result<Option<Self>, E> {
        if !buckets.is_power_of_two() || buckets < 2 || used.len() != (buckets * BUCKET).div_ceil(8)
        {
            return Ok(None);
        }
        let mut table = Self {
            buckets: vec![[Row::default(); BUCKET]; buckets],
            bits: buckets.trailing_zeros(),
            scale,
        };
        for (k, row) in table.buckets.iter_mut().flatten().enumerate() {
            if used[k / 8] >> (k % 8) & 1 == 1 {
                let (check, weights) = next()?;
                *row = Row::new(check, weights.to_le_bytes().map(u8::cast_signed));
            }
        }
        Ok(Some(table))
    }
}

#[cfg(test)]
mod tests {
    use super::super::crf::Chain;
    use super::super::learn::Trained;
    use super::{MOST, Table};

    #[test]
    fn sums_what_was_put_in() {
        let features: Vec<u64> = (1..=100_u64)
            .map(|k| k.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        let weight = |k: usize| [0.5, k as f32 / 50.0 - 0.5, 0.5, -1.5];
        let trained = Trained {
            weights: (0..100).map(weight).collect(),
            chain: Chain::<4>::new(),
        };
        let table = Table::quantise(&features, &trained, 0.0);
        assert!(table.len() > 85, "{}", table.len());
        for (k, &f) in features.iter().enumerate() {
            let [a, b, c, d] = table.sum(&[f]);
            if c != 0.0 {
                assert!((a - (k as f32 / 50.0 - 1.0)).abs() < 0.01, "{k}: {a}");
                assert!((c + 2.0).abs() < 0.01 && b == 0.0 && d == 0.0);
            }
        }
        let found = features.iter().find(|&&f| table.sum(&[f])[2] != 0.0);
        let many = table.sum(&[*found.expect("one"); MOST]);
        assert!((many[2] + 512.0).abs() < 3.0, "{many:?}");
        assert!(table.sum(&[12345]).iter().all(|x| x.abs() < 1e-9));
        for n in [0, 1, 2, 99, 100] {
            let plain = table.sum_plain(&features[..n]);
            let sums = table.sum(&features[..n]);
            for (sum, plain) in sums.iter().zip(plain) {
                assert!((sum - f32::from(plain) * table.scale).abs() < 1e-6);
            }
            // Sound: every x86-64 processor has SSE2.
            #[cfg(target_arch = "x86_64")]
            #[allow(unsafe_code)]
            let narrow = unsafe { table.sum_sse2(&features[..n]) };
            #[cfg(target_arch = "x86_64")]
            assert_eq!(narrow, plain);
        }
    }
}
