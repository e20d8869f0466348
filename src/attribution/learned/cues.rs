//! The features of the cue model: is a word (part of) a cue?
// Numbers of words and templates are small; short names keep the lists of features readable.
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::many_single_char_names
)]

use super::tokens::{Token, Tokens, mix};

/// Calls `out` with the hash of every feature of word `i` in its sentence `first..end`.
pub(super) fn features(t: &Tokens, i: usize, first: usize, end: usize, mut out: impl FnMut(u64)) {
    let none = Token::default();
    let at = |k: isize| -> &Token {
        let j = i as isize + k;
        if j < first as isize || j >= end as isize {
            return &none;
        }
        &t.list[j as usize]
    };
    let own = at(0);
    let mut f =
        |template: u64, value: u64| out(mix(template.wrapping_mul(0x0100_0000_01b3), value));
    f(1, own.word);
    f(2, own.stem);
    f(3, own.suffix);
    f(4, own.tag);
    f(5, u64::from(own.prior));
    f(6, u64::from(own.shape));
    f(7, mix(own.tag, u64::from(own.prior)));
    f(8, u64::from(own.hint));
    f(9, mix(own.stem, u64::from(own.hint)));
    f(10, mix(u64::from(own.prior), u64::from(own.hint)));
    f(11, 0);
    for (n, k) in [-2_isize, -1, 1, 2].into_iter().enumerate() {
        let n = n as u64 * 8;
        let other = at(k);
        f(20 + n, other.word);
        f(21 + n, other.tag);
        f(22 + n, mix(other.word, own.stem));
        f(23 + n, mix(other.tag, own.stem));
        f(24 + n, mix(other.tag, mix(own.tag, u64::from(own.prior))));
        f(25 + n, mix(u64::from(other.symbol), own.stem));
        f(26 + n, u64::from(other.hint) | u64::from(own.prior) << 8);
        f(27 + n, other.stem);
    }
    f(60, mix(at(-1).word, at(1).word));
    f(61, mix(at(-1).tag, mix(at(1).tag, own.tag)));
    f(62, mix(at(-1).tag, mix(at(1).tag, own.stem)));
    f(63, mix(at(1).word, at(2).word));
    f(64, mix(at(-2).word, at(-1).word));
    f(
        65,
        mix(
            u64::from(at(1).symbol),
            mix(u64::from(at(2).symbol), own.stem),
        ),
    );
    // The path of symbols to either side, runs of nouns folded and adverbs left out.
    for (side, step) in [(0_u64, -1_isize), (1, 1)] {
        let (mut path, mut last, mut length) = (side, 0_u8, 0_u64);
        let mut k = step;
        while length < 5 {
            let s = fold(at(k).symbol);
            if s == 0 {
                path = mix(path, 1);
                length += 1;
                f(70 + length + 20 * side, mix(path, own.stem));
                f(80 + length + 20 * side, mix(path, u64::from(own.prior)));
                break;
            }
            if s != b'a' && !(s == b'N' && last == b'N') {
                path = mix(path, u64::from(s));
                length += 1;
                if matches!(length, 1 | 2 | 3 | 5) {
                    f(70 + length + 20 * side, mix(path, own.stem));
                    f(80 + length + 20 * side, mix(path, u64::from(own.prior)));
                }
            }
            last = s;
            k += step;
        }
    }
    // The nearest noun to the left: the subject, most likely.
    let mut k = -1;
    while k > -12 && matches!(at(k).symbol, b'a' | b'V' | b'C' | b'x' | b'n' | b'd') {
        k -= 1;
    }
    f(110, at(k).word);
    f(111, mix(at(k).word, own.stem));
    f(112, mix(u64::from(at(k).symbol), own.stem));
    f(113, u64::from(at(k).shape) | u64::from(own.prior) << 8);
    // Quotation marks near by.
    let near = |step: isize| {
        (1..12_isize)
            .find(|n| at(n * step).symbol == b'"')
            .map_or(15, |n| n.min(8) as u64)
    };
    let (left, right) = (near(-1), near(1));
    let quoted = u64::from(own.quote != 0);
    f(120, left | quoted << 8);
    f(121, right | quoted << 8);
    f(122, mix(left, own.stem));
    f(123, mix(right, own.stem));
    f(124, mix(left << 8 | right, u64::from(own.prior)));
    f(125, quoted << 8 | u64::from(own.prior));
    let begins = u64::from(first < end && t.list[first].quote != 0);
    let ends = u64::from(first < end && t.list[end - 1].quote != 0);
    let before = u64::from(first > 0 && t.list[first - 1].quote != 0);
    f(
        126,
        begins << 2 | ends << 1 | before | u64::from(own.prior) << 8,
    );
    f(127, mix(begins << 2 | ends << 1 | before, own.stem));
    // Other cues in the sentence, and where in it the word stands.
    let strong = |from: usize, to: usize| {
        t.list[from..to]
            .iter()
            .filter(|x| x.prior >= 4)
            .count()
            .min(3) as u64
    };
    let verbs = |from: usize, to: usize| {
        t.list[from..to]
            .iter()
            .filter(|x| matches!(x.symbol, b'V' | b'C'))
            .count()
            .min(4) as u64
    };
    let prior = u64::from(own.prior);
    f(130, strong(first, i) | prior << 8);
    f(131, strong(i + 1, end) | prior << 8);
    f(132, verbs(first, i) | prior << 8);
    f(133, verbs(i + 1, end) | prior << 8);
    f(134, (i - first).min(12) as u64 | prior << 8);
    f(135, (end - i).min(12) as u64 | prior << 8);
    f(
        136,
        mix(strong(first, i) << 4 | strong(i + 1, end), own.stem),
    );
    let auxiliaries =
        (1..4_isize).take_while(|n| matches!(at(-n).symbol, b'x' | b'n' | b'a' | b'o'));
    let auxiliaries = auxiliaries.fold(0, |h, n| mix(h, at(-n).word));
    f(137, mix(auxiliaries, own.tag));
    f(138, mix(auxiliaries, own.stem));
}

/// Symbols of paths: nouns, names, determiners and the like are one.
pub(super) fn fold(symbol: u8) -> u8 {
    match symbol {
        b'N' | b'P' | b'd' | b'T' | b'g' => b'N',
        s => s,
    }
}
