//! Folding of words: letter case and the style of apostrophes and hyphens make no difference.

/// The plain form of a typographic apostrophe or hyphen; `None` for a soft hyphen, which is no
/// part of a word's spelling.
pub(crate) fn plain(c: char) -> Option<char> {
    match c {
        '\u{2019}' | '\u{2018}' | '\u{02BC}' | '\u{FF07}' | '`' | '\u{B4}' => Some('\''),
        '\u{2010}' | '\u{2011}' => Some('-'),
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' => None,
        c => Some(c),
    }
}

/// A 64-bit hash of a word that is equal for words that differ only in case or in the style of their
/// apostrophes and hyphens. The same in every process and on every machine.
pub fn fold_hash(word: &str) -> u64 {
    match ascii(word.as_bytes(), true) {
        Some(form) => form.hash,
        None => {
            let folded: String = word
                .chars()
                .filter_map(plain)
                .flat_map(char::to_lowercase)
                .collect();
            hash_bytes(folded.as_bytes())
        }
    }
}

/// Hash and letters of an ASCII word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ascii {
    pub(crate) hash: u64,
    pub(crate) capitals: u32,
    pub(crate) small: u32,
}

/// A stretch of ASCII letters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letters {
    pub(crate) len: usize,
    pub(crate) capitals: u32,
    /// That of its small letters.
    pub(crate) hash: u64,
}

impl Letters {
    /// The letters that `text` begins with; `None` where there are none, more than 15, or where the
    /// text ends within 16 bytes.
    #[inline]
    pub(crate) fn at(text: &[u8]) -> Option<Self> {
        let (first, rest) = text.split_first_chunk::<8>()?;
        let second = rest.first_chunk::<8>()?;
        let x = u64::from_le_bytes(*first);
        let letters = between(x | SMALL, b'a', b'z') & !x;
        let ends = !letters & HIGH;
        if ends != 0 {
            // Bytes before the first that is no letter.
            let len = (ends.trailing_zeros() / 8) as usize;
            let kept = x & ((1 << (8 * len)) - 1);
            let capitals = between(kept, b'A', b'Z');
            return (len > 0).then(|| Self {
                len,
                capitals: capitals.count_ones(),
                hash: mix(seed(len), kept | (capitals >> 2)),
            });
        }
        let y = u64::from_le_bytes(*second);
        let letters = between(y | SMALL, b'a', b'z') & !y;
        let ends = !letters & HIGH;
        let more = (ends.trailing_zeros() / 8) as usize;
        // A full second half may go on: that is for others to see.
        if ends == 0 {
            return None;
        }
        let len = 8 + more;
        let kept = y & ((1 << (8 * more)) - 1);
        let (high, low) = (between(x, b'A', b'Z'), between(kept, b'A', b'Z'));
        let mut hash = mix(seed(len), x | (high >> 2));
        if more > 0 {
            hash = mix(hash, kept | (low >> 2));
        }
        Some(Self {
            len,
            capitals: high.count_ones() + low.count_ones(),
            hash,
        })
    }
}

const HIGH: u64 = 0x8080_8080_8080_8080;
/// The bit that parts small letters from capitals.
const SMALL: u64 = 0x2020_2020_2020_2020;

/// Reads an ASCII word eight bytes at a time; with `fold` its hash is that of its small letters.
/// `None` for a word with a byte that is not ASCII.
#[inline]
pub(crate) fn ascii(word: &[u8], fold: bool) -> Option<Ascii> {
    let mut form = Ascii {
        hash: seed(word.len()),
        capitals: 0,
        small: 0,
    };
    let mut rest = word;
    while !rest.is_empty() {
        let (x, after) = take(rest);
        if x & HIGH != 0 {
            return None;
        }
        let capitals = between(x, b'A', b'Z');
        let small = between(x, b'a', b'z');
        form.capitals += capitals.count_ones();
        form.small += small.count_ones();
        form.hash = mix(form.hash, if fold { x | (capitals >> 2) } else { x });
        rest = after;
    }
    Some(form)
}

/// The same hash for bytes of any kind, as they are.
#[inline]
pub(crate) fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hash = seed(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (x, after) = take(rest);
        hash = mix(hash, x);
        rest = after;
    }
    hash
}

const fn seed(len: usize) -> u64 {
    0x9e37_79b9_7f4a_7c15 ^ len as u64
}

#[inline]
const fn mix(hash: u64, x: u64) -> u64 {
    let h = (hash ^ x).wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ (h >> 32)
}

/// The next eight bytes, or what there is of them with zeros after it; and the rest.
#[inline]
fn take(bytes: &[u8]) -> (u64, &[u8]) {
    if let Some((eight, rest)) = bytes.split_first_chunk::<8>() {
        return (u64::from_le_bytes(*eight), rest);
    }
    let n = bytes.len();
    let x = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // The two halves overlap where they have the same bytes.
        (Some(first), Some(last)) => {
            u64::from(u32::from_le_bytes(*first))
                | u64::from(u32::from_le_bytes(*last)) << (8 * (n - 4))
        }
        _ => {
            u64::from(bytes[0])
                | u64::from(bytes[n / 2]) << (8 * (n / 2))
                | u64::from(bytes[n - 1]) << (8 * (n - 1))
        }
    };
    (x, &[])
}

/// The high bit of every byte of `x` that lies in `from..=to`, up to the first that is not ASCII.
#[inline]
const fn between(x: u64, from: u8, to: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let at_least = x.wrapping_add(ONES * (0x80 - from as u64));
    let above = x.wrapping_add(ONES * (0x7F - to as u64));
    at_least & !above & HIGH
}

#[cfg(test)]
mod tests {
    use super::{Letters, ascii, fold_hash, hash_bytes};

    #[test]
    fn eight_bytes_at_a_time_is_one_at_a_time() {
        for n in 0..40 {
            let word: String = ("aZ@[`{zA09-_'.Bq".repeat(3))[..n].to_owned();
            let form = ascii(word.as_bytes(), true).expect("ASCII");
            assert_eq!(
                form.hash,
                hash_bytes(word.to_ascii_lowercase().as_bytes()),
                "{word}"
            );
            assert_eq!(
                ascii(word.as_bytes(), false).expect("ASCII").hash,
                hash_bytes(word.as_bytes())
            );
            assert_eq!(
                form.capitals as usize,
                word.bytes().filter(u8::is_ascii_uppercase).count()
            );
            assert_eq!(
                form.small as usize,
                word.bytes().filter(u8::is_ascii_lowercase).count()
            );
            let longer = format!("{word}\0");
            assert_ne!(fold_hash(&longer), form.hash, "a zero at the end counts");
        }
        assert!(ascii("é".as_bytes(), true).is_none());
    }

    #[test]
    fn letters_are_measured_as_words_are() {
        for n in 0..20 {
            for after in [" ", ".", "é", "0", "\u{10FFFF}"] {
                let word = &"aZbYcXdWeVfUgThSiRjQkP"[..n];
                let text = format!("{word}{after}0123456789abcdefgh");
                let found = Letters::at(text.as_bytes());
                if n == 0 || n > 15 {
                    assert!(found.is_none(), "{text}");
                    continue;
                }
                let found = found.expect("letters");
                assert_eq!((found.len, found.hash), (n, fold_hash(word)), "{text}");
                assert_eq!(found.capitals as usize, n / 2, "{text}");
            }
        }
        assert!(Letters::at(b"short text").is_none());
    }

    #[test]
    fn case_and_typographic_marks_make_no_difference() {
        assert_eq!(fold_hash("Don\u{2019}t"), fold_hash("don't"));
        assert_eq!(fold_hash("ÉLYSÉE"), fold_hash("élysée"));
        assert_eq!(fold_hash("Al\u{2011}Qaeda"), fold_hash("al-qaeda"));
        assert_eq!(fold_hash("co\u{AD}operate"), fold_hash("cooperate"));
        assert_ne!(fold_hash("resume"), fold_hash("résumé"));
    }
}
