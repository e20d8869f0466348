//! Trained weights in one byte each, found by the hash of their feature.

use super::learn::Trained;
use super::view::pair;

/// Weights of a feature: for the labels from 1 on, relative to label 0.
pub(super) const WIDTH: usize = 4;
/// Weights of a feature or of several, before they are scaled: those of all labels in one number, 16 bits
/// each, of which lower ones borrow from higher ones where they are negative. So sums are added as
/// numbers are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum(i64);

impl Sum {
    /// The lowest number of 16 bits, four times.
    const BORROW: i64 = 0x8000_8000_8000_8000_u64.cast_signed();

    const fn lanes(self) -> [i16; WIDTH] {
        let lanes = self.0.wrapping_add(Self::BORROW) ^ Self::BORROW;
        [
            lanes as i16,
            (lanes >> 16) as i16,
            (lanes >> 32) as i16,
            (lanes >> 48) as i16,
        ]
    }

    /// As what stands in the place of a feature.
    pub(super) const fn bits(self) -> u64 {
        self.0.cast_unsigned()
    }

    /// The sum of what stands in the place of at most 256 features.
    #[inline]
    pub(super) fn of(weights: &[u64]) -> Self {
        debug_assert!(weights.len() <= MOST);
        let sum = weights.iter().fold(0_u64, |sum, &x| sum.wrapping_add(x));
        Self(sum.cast_signed())
    }
}

impl std::ops::Add for Sum {
    type Output = Self;

    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl std::ops::AddAssign for Sum {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// Rows of a bucket: both are looked at, without a branch.
const BUCKET: usize = 2;
/// Buckets whose places are in one number.
const GROUP: usize = 16;
/// Features of a position that are summed at a time: 16 bits hold the sum of so many bytes.
const MOST: usize = 256;

/// One feature: its tag (0 for no feature) above its weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row(u64);

impl Row {
    fn new(tag: u32, weights: [i8; WIDTH]) -> Self {
        let weights = u32::from_le_bytes(weights.map(i8::cast_unsigned));
        Self(u64::from(tag) << 32 | u64::from(weights))
    }

    const fn tag(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn weights(self) -> u32 {
        self.0 as u32
    }
}

/// What rows are told apart by: 16 bits of the feature, never 0, which the file has; above them the
/// number of the bucket, for rows of other buckets lie beside it.
const fn tag(bucket: usize, check: u16) -> u32 {
    (bucket as u32) << 16 | check as u32 | 1
}

/// A hash table of features in buckets of at most two rows. A feature that finds its bucket full of
/// weightier ones is left out: that costs less than looking farther. Four rows in five would be
/// empty; the others lie side by side in the order of their buckets, so that caches hold them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// For sixteen buckets how many rows lie before theirs, above two bits a bucket that say which of
    /// its rows are used.
    places: Vec<u64>,
    /// Two more than are used: a look is at two.
    rows: Vec<Row>,
    bits: u32,
    scale: f32,
    /// A hash of the rows.
    seed: u64,
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
        let mut buckets = vec![[Row::default(); BUCKET]; 1 << bits];
        for (_, feature, r) in kept {
            let k = (feature >> (64 - bits)) as usize;
            if let Some(row) = buckets[k].iter_mut().find(|r| r.tag() == 0) {
                *row = Row::new(tag(k, feature as u16), r.map(|x| (x / scale).round() as i8));
            }
        }
        Self::new(scale, &buckets)
    }

    fn new(scale: f32, buckets: &[[Row; BUCKET]]) -> Self {
        let mut rows = Vec::new();
        let mut places = Vec::with_capacity(buckets.len().div_ceil(GROUP));
        let mut seed = 0;
        for group in buckets.chunks(GROUP) {
            let mut place = (rows.len() as u64) << 32;
            for (k, row) in group.as_flattened().iter().enumerate() {
                if row.tag() != 0 {
                    place |= 1 << k;
                    seed = pair(seed, row.0);
                    rows.push(*row);
                }
            }
            places.push(place);
        }
        rows.extend([Row::default(); BUCKET]);
        Self {
            places,
            rows,
            bits: buckets.len().trailing_zeros(),
            scale,
            seed,
        }
    }

    /// Number of features.
    pub(super) fn len(&self) -> usize {
        self.rows.len() - BUCKET
    }

    #[inline(always)]
    fn bucket(&self, feature: u64) -> usize {
        (feature >> (64 - self.bits)) as usize
    }

    /// Differs from that of other tables: what is hashed with it can be kept beside what is theirs.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// The rows where a feature of the bucket may be.
    #[inline(always)]
    fn rows(&self, bucket: usize) -> [Row; BUCKET] {
        // Sound: there are 1 << bits buckets, and the number of one is as many bits of a feature.
        #[allow(unsafe_code)]
        let place = unsafe { *self.places.get_unchecked(bucket / GROUP) };
        let below = place as u32 & ((1 << (bucket % GROUP * BUCKET)) - 1);
        let at = (place >> 32) as usize + below.count_ones() as usize;
        // Sound: no more rows lie before a bucket's than are used, and there are two more.
        #[allow(unsafe_code)]
        unsafe {
            [
                *self.rows.get_unchecked(at),
                *self.rows.get_unchecked(at + 1),
            ]
        }
    }

    /// Puts the weights of each of `features` in its place.
    pub(super) fn weigh(&self, features: &mut [u64]) {
        // Sound: the processor has been asked.
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code)]
        if std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("bmi2")
            && std::arch::is_x86_feature_detected!("popcnt")
        {
            return unsafe { self.weigh_avx2(features) };
        }
        self.weigh_plain(features);
    }

    /// A sum as what it is worth.
    #[inline]
    pub(super) fn scaled(&self, sum: Sum) -> [f32; WIDTH] {
        sum.lanes().map(|x| f32::from(x) * self.scale)
    }

    /// Without branches, which would be guessed wrong half of the time, and every miss of the cache
    /// waited for.
    fn weigh_plain(&self, features: &mut [u64]) {
        for feature in features {
            let bucket = self.bucket(*feature);
            let tag = tag(bucket, *feature as u16);
            let mut sum = Sum::default();
            for row in self.rows(bucket) {
                let same = 0_u32.wrapping_sub(u32::from(row.tag() == tag));
                let weights = (row.weights() & same).to_le_bytes();
                for (k, w) in weights.into_iter().enumerate() {
                    sum += Sum(i64::from(w.cast_signed()) << (16 * k));
                }
            }
            *feature = sum.bits();
        }
    }

    /// As [`Self::weigh_plain`], two features at a time.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi2,popcnt")]
    fn weigh_avx2(&self, features: &mut [u64]) {
        use std::arch::x86_64::{
            _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm256_add_epi16, _mm256_and_si256,
            _mm256_blend_epi16, _mm256_castsi256_si128, _mm256_cmpeq_epi32,
            _mm256_extracti128_si256, _mm256_maddubs_epi16, _mm256_or_si256, _mm256_set_epi64x,
            _mm256_set1_epi16, _mm256_set1_epi64x, _mm256_slli_epi64, _mm256_srl_epi64,
            _mm256_srli_epi64, _mm256_sub_epi64, _mm256_unpackhi_epi16, _mm256_unpacklo_epi16,
            _mm256_xor_si256,
        };
        let (even, odd) = (_mm256_set1_epi16(1), _mm256_set1_epi16(1 << 8));
        let one = _mm256_set1_epi64x(1 << 32);
        let borrow = _mm256_set1_epi64x(Sum::BORROW);
        let shift = _mm_cvtsi64_si128(i64::from(64 - self.bits));
        let (pairs, rest) = features.as_chunks_mut::<2>();
        for two in pairs {
            let [low, high] = two.map(|feature| self.rows(self.bucket(feature)));
            let rows = [high[1], high[0], low[1], low[0]].map(|r| r.0.cast_signed());
            let rows = _mm256_set_epi64x(rows[0], rows[1], rows[2], rows[3]);
            // The tags: above 16 bits of the feature, 16 of its bucket.
            let [low, high] = two.map(u64::cast_signed);
            let both = _mm256_set_epi64x(high, high, low, low);
            let buckets = _mm256_slli_epi64::<48>(_mm256_srl_epi64(both, shift));
            let tags = _mm256_or_si256(_mm256_slli_epi64::<32>(both), one);
            let tags = _mm256_blend_epi16::<0b1000_1000>(tags, buckets);
            // The comparison of each row's tag, moved down to its weights.
            let same = _mm256_srli_epi64::<32>(_mm256_cmpeq_epi32(rows, tags));
            let weights = _mm256_and_si256(rows, same);
            // Every second byte as a number of 16 bits, then all four in order: those of a feature's
            // first row, and of its second.
            let evens = _mm256_maddubs_epi16(even, weights);
            let odds = _mm256_maddubs_epi16(odd, weights);
            let first = _mm256_unpacklo_epi16(evens, odds);
            let second = _mm256_unpackhi_epi16(evens, odds);
            let sums = _mm256_add_epi16(first, second);
            let sums = _mm256_sub_epi64(_mm256_xor_si256(sums, borrow), borrow);
            let [low, high] = [
                _mm256_castsi256_si128(sums),
                _mm256_extracti128_si256::<1>(sums),
            ];
            *two = [low, high].map(|x| _mm_cvtsi128_si64(x).cast_unsigned());
        }
        self.weigh_plain(rest);
    }

    /// Appends the table to the bytes of a file: the rows, after one bit for each that a bucket may have.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.scale.to_le_bytes());
        out.extend((1_u32 << self.bits).to_le_bytes());
        let bytes = (BUCKET << self.bits).div_ceil(8);
        let used = self.places.iter().flat_map(|&p| (p as u32).to_le_bytes());
        out.extend(used.take(bytes));
        for row in &self.rows[..self.len()] {
            out.extend((row.tag() as u16).to_le_bytes());
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
        let mut table = vec![[Row::default(); BUCKET]; buckets];
        for (k, row) in table.as_flattened_mut().iter_mut().enumerate() {
            if used[k / 8] >> (k % 8) & 1 == 1 {
                let (check, weights) = next()?;
                let weights = weights.to_le_bytes().map(u8::cast_signed);
                *row = Row::new(tag(k / BUCKET, check), weights);
            }
        }
        Ok(Some(Self::new(scale, &table)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::crf::Chain;
    use super::super::learn::Trained;
    use super::{MOST, Sum, Table};

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
        let sum = |features: &[u64]| {
            let mut weights = features.to_vec();
            table.weigh(&mut weights);
            Sum::of(&weights)
        };
        for (k, &f) in features.iter().enumerate() {
            let [a, b, c, d] = table.scaled(sum(&[f]));
            if c != 0.0 {
                assert!((a - (k as f32 / 50.0 - 1.0)).abs() < 0.01, "{k}: {a}");
                assert!((c + 2.0).abs() < 0.01 && b == 0.0 && d == 0.0);
            }
        }
        let found = |f: &&u64| sum(&[**f]).lanes()[2] != 0;
        let one = *features.iter().find(found).expect("one");
        let many = table.scaled(sum(&[one; MOST]));
        assert!((many[2] + 512.0).abs() < 3.0, "{many:?}");
        assert_eq!(sum(&[12345]), Sum::default());
        for n in [0, 1, 2, 99, 100] {
            let mut wide = features[..n].to_vec();
            let mut plain = wide.clone();
            table.weigh(&mut wide);
            table.weigh_plain(&mut plain);
            assert_eq!(wide, plain);
        }
    }
}
