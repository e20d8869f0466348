//! The features of the role model: what is a word to a cue, its source or its content?
// Numbers of words and templates are small; short names keep the lists of features readable.
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::many_single_char_names
)]

use super::super::words::Range;
use super::cues::fold;
use super::tokens::{Token, Tokens, mix};

/// What is found on the way from the cue to a word.
#[derive(Clone, Copy, Default)]
struct Way {
    path: u64,
    length: u64,
    last: u8,
    commas: u64,
    nouns: u64,
    flags: u64,
}

impl Way {
    fn step(&mut self, t: &Token, sentence: u32, cue_sentence: u32) {
        let s = fold(t.symbol);
        if s != b'a' && !(s == b'N' && self.last == b'N') && self.length < 8 {
            self.path = mix(self.path, u64::from(s));
            self.length += 1;
        }
        if s == b'N' && self.last != b'N' {
            self.nouns = (self.nouns + 1).min(5);
        }
        self.last = s;
        self.flags |= match t.symbol {
            b',' => {
                self.commas = (self.commas + 1).min(4);
                0
            }
            b't' => 1,
            b'V' | b'x' | b'C' => 2,
            b'c' => 4,
            b'r' | b'w' => 8,
            b':' | b'-' | b';' => 16,
            b'"' => 32,
            b's' => 64,
            b'o' => 128,
            b'p' => 1024,
            _ => 0,
        };
        if t.prior >= 4 {
            self.flags |= 256;
        }
        if sentence != cue_sentence {
            self.flags |= 512;
        }
    }
}

/// Calls `out` with the word's number in the window and the hash of every feature, for all words of
/// the window `window` around the cue `cue`.
pub(super) fn features(t: &Tokens, cue: Range, window: Range, mut out: impl FnMut(usize, u64)) {
    let none = Token::default();
    let head = (cue.0..cue.1)
        .max_by_key(|&k| (t.list[k].prior, std::cmp::Reverse(k)))
        .map_or(&none, |k| &t.list[k]);
    let cue_sentence = t.list[cue.0].sentence;
    let hint = t
        .hints
        .iter()
        .find(|h| h.cue.iter().any(|r| r.0 < cue.1 && cue.0 < r.1));
    let holds = |ranges: &[Range], i: usize| ranges.iter().any(|r| r.0 <= i && i < r.1);
    let get = |i: isize| -> &Token {
        if i < window.0 as isize || i >= window.1 as isize {
            &none
        } else {
            &t.list[i as usize]
        }
    };
    let before = get(cue.0 as isize - 1);
    let after = get(cue.1 as isize);
    let frame = mix(u64::from(before.symbol), u64::from(after.symbol));
    let mut ways: Vec<Way> = vec![Way::default(); window.1 - window.0];
    let mut way = Way::default();
    for i in cue.1..window.1 {
        ways[i - window.0] = way;
        way.step(&t.list[i], t.list[i].sentence, cue_sentence);
    }
    let mut way = Way::default();
    for i in (window.0..cue.0).rev() {
        ways[i - window.0] = way;
        way.step(&t.list[i], t.list[i].sentence, cue_sentence);
    }
    // The quotation that is nearest to the cue.
    let nearest = (1..40_usize)
        .flat_map(|n| [cue.1 as isize - 1 + n as isize, cue.0 as isize - n as isize])
        .map(|i| get(i).quote)
        .find(|&q| q != 0)
        .unwrap_or(0);
    for i in window.0..window.1 {
        let own = &t.list[i];
        let (side, distance) = if i < cue.0 {
            (0_u64, cue.0 - i)
        } else if i < cue.1 {
            (1, 0)
        } else {
            (2, i + 1 - cue.1)
        };
        let w = &ways[i - window.0];
        let bin = match distance {
            0..=4 => distance as u64,
            5..=7 => 5,
            8..=12 => 6,
            13..=20 => 7,
            21..=35 => 8,
            _ => 9,
        };
        let offset = (i64::from(own.sentence) - i64::from(cue_sentence)).clamp(-2, 2) + 2;
        let place = side | bin << 2 | (offset as u64) << 8;
        let hinted = hint.map_or_else(
            || u64::from(own.hint >= 3),
            |h| {
                if holds(&h.source, i) {
                    3
                } else if holds(&h.content, i) {
                    4
                } else if own.hint >= 3 {
                    5
                } else {
                    6
                }
            },
        );
        let last_hint = if i > window.0 {
            hint.map_or(0, |h| {
                if holds(&h.source, i - 1) {
                    3
                } else if holds(&h.content, i - 1) {
                    4
                } else {
                    6
                }
            })
        } else {
            7
        };
        let quote = match own.quote {
            0 => 0,
            q if q == nearest => 1,
            _ => 2,
        } | u64::from(before.quote != 0 || after.quote != 0) << 2;
        let previous = get(i as isize - 1);
        let next = get(i as isize + 1);
        let mut f = |template: u64, value: u64| {
            out(
                i - window.0,
                mix(template.wrapping_mul(0x0100_0000_01b3), value),
            );
        };
        f(1, place);
        f(2, mix(place, head.stem));
        f(3, mix(place, u64::from(own.symbol)));
        f(4, mix(side, w.path));
        f(5, mix(side, mix(w.path, head.stem)));
        f(6, mix(side, mix(w.path, mix(u64::from(own.symbol), frame))));
        f(7, mix(side, w.flags));
        f(8, mix(side, mix(w.flags, head.stem)));
        f(9, side | w.commas << 2 | w.nouns << 6 | w.flags << 12);
        f(10, mix(side | w.nouns << 2, u64::from(own.symbol)));
        f(11, mix(side | w.nouns << 2, head.stem));
        f(12, quote | side << 8);
        f(13, mix(quote | side << 8, head.stem));
        f(14, mix(quote | side << 8, w.flags));
        f(15, hinted);
        f(16, hinted | last_hint << 4);
        f(17, mix(hinted | last_hint << 4, head.stem));
        f(18, mix(hinted | last_hint << 4, side | quote << 8));
        f(
            19,
            hint.map_or(15, |h| (h.score * 10.0) as u64) | hinted << 8,
        );
        f(20, mix(side, own.word));
        f(21, mix(side, own.stem));
        f(22, mix(side, own.tag));
        f(23, mix(side, mix(previous.word, own.tag)));
        f(24, mix(side, mix(own.tag, next.tag)));
        f(25, mix(side, mix(previous.tag, own.tag)));
        f(26, mix(side, previous.word));
        f(27, mix(side, next.word));
        f(28, mix(side | bin << 2, own.word));
        f(29, mix(side, mix(frame, head.stem)));
        f(30, mix(mix(place, frame), u64::from(own.symbol)));
        f(31, mix(side, u64::from(own.shape)));
        f(32, mix(side | bin << 2, mix(before.word, head.stem)));
        f(33, mix(side | bin << 2, mix(after.word, head.stem)));
        f(34, mix(side | bin << 2, mix(before.tag, after.tag)));
        f(
            35,
            mix(
                side,
                mix(
                    u64::from(previous.symbol),
                    mix(u64::from(own.symbol), u64::from(next.symbol)),
                ),
            ),
        );
        f(
            36,
            mix(mix(side | w.nouns << 2, w.flags), u64::from(own.symbol)),
        );
        f(
            37,
            mix(
                u64::from(previous.symbol) << 8 | u64::from(own.symbol),
                quote | side << 8,
            ),
        );
        let begins =
            u64::from(cue_sentence != get(cue.0 as isize - 1).sentence || cue.0 == window.0);
        let ends = u64::from(matches!(after.symbol, b'.' | 0));
        f(
            38,
            mix(begins << 1 | ends | place << 4, u64::from(own.symbol)),
        );
        f(39, mix(begins << 1 | ends, mix(side, w.flags)));
        f(40, u64::from(own.prior) | side << 4 | bin << 8);
        f(41, 0);
    }
}
