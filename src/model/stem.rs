//! A crude stem: endings of plural, past and participle are cut off.

use crate::text::fold_hash;

/// Longer words keep their ending: they are hardly words.
const LONGEST: usize = 24;

/// Hash of the stem of a word; `None` for one longer than [`LONGEST`].
pub(super) fn stem(word: &[u8]) -> Option<u64> {
    let mut buffer = [0_u8; LONGEST];
    let n = word.len();
    let form = buffer.get_mut(..n)?;
    form.copy_from_slice(word);
    form.make_ascii_lowercase();
    let cut = cut(form);
    std::str::from_utf8(&form[..cut]).ok().map(fold_hash)
}

/// Length of the stem of a word in small letters.
fn cut(w: &[u8]) -> usize {
    let n = w.len();
    let vowel = |s: &[u8]| s.iter().any(|b| b"aeiouy".contains(b));
    if n < 4 {
        return n;
    }
    if w.ends_with(b"ies") || w.ends_with(b"ied") {
        return n - 3;
    }
    let mut end = n;
    for ending in [&b"ing"[..], b"ed", b"es", b"s"] {
        if w.ends_with(ending) && !w.ends_with(b"ss") && !w.ends_with(b"us") {
            let rest = n - ending.len();
            if rest >= 2 && vowel(&w[..rest]) {
                end = rest;
                break;
            }
        }
    }
    if end < n && end >= 4 && w[end - 1] == w[end - 2] && !b"lsz".contains(&w[end - 1]) {
        end -= 1; // planned
    }
    if end > 3 && matches!(w[end - 1], b'e' | b'y') {
        end -= 1;
    }
    end
}
