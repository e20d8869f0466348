//! Hashes of units and of runs of units. The same in every process and on every machine.

pub(super) const K1: u64 = 0x9e37_79b9_7f4a_7c15;
pub(super) const K2: u64 = 0xd6e8_feb8_6659_fd93;
pub(super) const K3: u64 = 0xa076_1d64_78bd_642f;

/// Lower half of a 16-byte product, mixed with its upper half.
#[inline(always)]
fn fold_mul(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product as u64) ^ ((product >> 64) as u64)
}

/// Bits set in every byte before hashing: 0x20 where letter case makes no difference, so that an
/// ASCII word hashes the same as its small letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CaseBits(u64);

impl CaseBits {
    pub(super) const fn new(fold: bool) -> Self {
        Self(if fold { 0x2020_2020_2020_2020 } else { 0 })
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }
}

/// The bytes of a unit that are not its own are cleared.
const MASKS: [(u64, u64); 17] = {
    let mut masks = [(0, 0); 17];
    let mut n = 1;
    while n <= 16 {
        let low = if n >= 8 { 8 } else { n };
        masks[n].0 = u64::MAX >> (64 - 8 * low);
        if n > 8 {
            masks[n].1 = u64::MAX >> (64 - 8 * (n - 8));
        }
        n += 1;
    }
    masks
};

#[inline(always)]
fn halves(sixteen: [u8; 16]) -> (u64, u64) {
    let x = u128::from_le_bytes(sixteen);
    (x as u64, (x >> 64) as u64)
}

/// Hash of up to 16 bytes: the lower halves of products alone, which processors have for many words at
/// a time (`wide::hash_words`); of up to eight bytes no two hash the same.
#[inline(always)]
fn hash16(sixteen: [u8; 16], n: usize, case: CaseBits) -> u64 {
    let (a, b) = halves(sixteen);
    let (ma, mb) = MASKS[n];
    let a = ((a | case.0) & ma) ^ ((n as u64) << 56);
    let b = (b | case.0) & mb;
    mix(a.wrapping_mul(K1) ^ b.wrapping_mul(K2).rotate_right(32))
}

/// Lets every bit depend on every other (as the finaliser of `MurmurHash3`, Appleby 2011, with one round
/// less).
#[inline(always)]
const fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 32)).wrapping_mul(K3);
    x ^ (x >> 32)
}

/// Hash of the unit `text[start..end]` in normal form.
#[inline(always)]
pub(super) fn hash_unit(text: &[u8], start: usize, end: usize, case: CaseBits) -> u64 {
    let n = end - start;
    if n <= 16 {
        if let Some(sixteen) = text[start..].first_chunk() {
            return hash16(*sixteen, n, case);
        }
        let mut padded = [0; 16];
        padded[..n].copy_from_slice(&text[start..end]);
        return hash16(padded, n, case);
    }
    long(&text[start..end], case)
}

#[cold]
fn long(unit: &[u8], case: CaseBits) -> u64 {
    let mut hash = unit.len() as u64;
    for chunk in unit.chunks(16) {
        let mut padded = [0; 16];
        padded[..chunk.len()].copy_from_slice(chunk);
        hash = fold_mul(hash16(padded, chunk.len(), case) ^ hash, K3);
    }
    hash
}

/// Hash of the units so far and one more.
#[inline(always)]
pub(super) fn extend(prefix: u64, unit: u64) -> u64 {
    fold_mul(prefix ^ K3, unit.rotate_left(31) ^ K1)
}

/// Stands for the marks that a name begins with, before its first word.
pub(super) const AFTER_MARK: u64 = K3;

/// A key for two words beside each other: cheap, for their hashes are well mixed.
#[inline(always)]
pub(super) const fn pair_key(first: u64, second: u64) -> u64 {
    first.rotate_left(23) ^ second
}

/// A number below `n` from the high bits of a hash; greater hashes give no smaller numbers.
#[inline(always)]
pub(super) fn place(hash: u64, n: usize) -> usize {
    ((u128::from(hash) * n as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::{CaseBits, hash_unit};

    #[test]
    fn neighbours_and_case_make_no_difference() {
        let fold = CaseBits::new(true);
        for n in 0..40 {
            let word = "aZbYq_09kLmNopQ".repeat(3)[..n].to_owned();
            let small = word.to_ascii_lowercase();
            let alone = hash_unit(small.as_bytes(), 0, n, fold);
            let inside = format!("xx{word}, and more that follows it");
            assert_eq!(
                hash_unit(inside.as_bytes(), 2, 2 + n, fold),
                alone,
                "{word}"
            );
            let exact = CaseBits::new(false);
            assert_eq!(
                hash_unit(inside.as_bytes(), 2, 2 + n, exact),
                hash_unit(word.as_bytes(), 0, n, exact)
            );
            if small != word {
                assert_ne!(
                    hash_unit(inside.as_bytes(), 2, 2 + n, exact),
                    hash_unit(small.as_bytes(), 0, n, exact)
                );
            }
            let longer = format!("{small}\0");
            assert_ne!(hash_unit(longer.as_bytes(), 0, n + 1, fold), alone);
        }
    }
}
