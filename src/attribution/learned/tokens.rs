//! What the features of a word are made of, computed once a word.
// Numbers of words and templates are small; short names keep the lists of features readable.
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::many_single_char_names
)]

use super::super::lexicon::{Classes, Forms};
use super::super::words::{Range, Words};
use super::super::{Attribution, Class, Polarity};
use crate::text::{Shape, Text};

/// Mixes numbers to a hash.
#[inline(always)]
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let x = (a ^ b.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^ (x >> 29)
}

/// A word as the models see it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Token {
    pub(super) word: u64,
    pub(super) stem: u64,
    pub(super) suffix: u64,
    /// Classes and verb forms of the lexicon: which parts of speech it may be.
    pub(super) tag: u64,
    /// One letter for the tag: N a nominal word, V a verb …; see [`symbol`].
    pub(super) symbol: u8,
    pub(super) shape: u8,
    /// How often the stem is a cue, 0 (never) to 5.
    pub(super) prior: u8,
    /// 1 + the outermost quotation it stands in.
    pub(super) quote: u32,
    /// What the rules say it is: 1 the first word of a cue, 2 another, 3 source, 4 content.
    pub(super) hint: u8,
    pub(super) sentence: u32,
}

/// An attribution that the rules found, in words.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    pub(super) cue: Vec<Range>,
    pub(super) source: Vec<Range>,
    pub(super) content: Vec<Range>,
    pub(super) addressee: Option<Range>,
    pub(super) class: Class,
    pub(super) negative: bool,
    pub(super) score: f32,
}

/// A text as the models see it.
pub(super) struct Tokens<'w, 'a, 't> {
    pub(super) words: &'w Words<'a, 't>,
    pub(super) list: Vec<Token>,
    pub(super) hints: Vec<Hint>,
    /// What the rules found inside another's content.
    pub(super) nested: Vec<Hint>,
}

/// Without its ending: said, says, say; decided, deciding.
pub(super) fn stem(word: &str) -> String {
    let lower = word.to_lowercase();
    for (ending, instead) in [
        ("ies", "y"),
        ("ied", "y"),
        ("ing", ""),
        ("ed", ""),
        ("es", ""),
        ("s", ""),
        ("e", ""),
    ] {
        if let Some(stem) = lower.strip_suffix(ending)
            && stem.len() >= 3
        {
            let mut stem = format!("{stem}{instead}");
            // planned, planning: plan
            let b = stem.as_bytes();
            if matches!(ending, "ed" | "ing")
                && b.len() > 3
                && b[b.len() - 1] == b[b.len() - 2]
                && !b"lsz".contains(&b[b.len() - 1])
            {
                stem.pop();
            }
            if let Some(bare) = stem.strip_suffix('e') {
                return bare.to_owned();
            }
            return stem;
        }
    }
    lower
}

fn text_hash(s: &str) -> u64 {
    crate::text::fold_hash(s)
}

/// A letter for what a word most likely is.
fn symbol(w: &Words, i: usize) -> u8 {
    let t = &w.tagged[i];
    if t.mark != 0 {
        return match t.mark {
            b',' | b';' | b':' | b'-' | b'"' | b'(' | b')' | b'.' => t.mark,
            b'!' | b'?' => b'.',
            _ => b'*',
        };
    }
    let has = |c: Classes| w.is(i, c);
    if has(Classes::THAT) {
        b't'
    } else if has(Classes::REL) {
        b'r'
    } else if has(Classes::WH) {
        b'w'
    } else if has(Classes::PRON_SUBJ.or(Classes::PRON_SUBJ_AUX)) {
        b'p'
    } else if has(Classes::TO) {
        b'o'
    } else if has(Classes::NEG) {
        b'n'
    } else if has(Classes::AUX) {
        b'x'
    } else if has(Classes::CONJ) {
        b'c'
    } else if has(Classes::SUBORD) {
        b's'
    } else if has(Classes::PREP) {
        b'i'
    } else if has(Classes::DET.or(Classes::POSS)) {
        b'd'
    } else if has(Classes::TIME) {
        b'T'
    } else if t.info.is_cue_verb() && !w.capital(i) {
        b'C'
    } else if w.adverb(i) {
        b'a'
    } else if w.finite_looking(i) || t.info.forms.has(Forms::FINITE) {
        b'V'
    } else if t.info.forms.has(Forms::ING) {
        b'g'
    } else if w.capital(i) {
        b'P'
    } else {
        b'N'
    }
}

impl<'w, 'a, 't> Tokens<'w, 'a, 't> {
    pub(super) fn new(
        text: &Text<'t>,
        words: &'w Words<'a, 't>,
        rules: &[Attribution],
        prior: impl Fn(u64) -> u8,
    ) -> Self {
        let n = text.words.len();
        let ranges = |spans: &[crate::text::Span]| -> Vec<Range> {
            let at = |byte: u32| text.words.partition_point(|w| w.span.end <= byte);
            spans
                .iter()
                .map(|s| {
                    (
                        at(s.start),
                        text.words.partition_point(|w| w.span.start < s.end),
                    )
                })
                .filter(|r| r.0 < r.1)
                .collect()
        };
        let hint = |a: &Attribution| Hint {
            cue: ranges(&a.cue),
            source: ranges(&a.source),
            content: ranges(&a.content),
            addressee: a.addressee.and_then(|s| ranges(&[s]).first().copied()),
            class: a.class,
            negative: a.polarity == Polarity::Negative,
            score: a.score,
        };
        let top = |a: &&Attribution| a.parent.is_none();
        let hints: Vec<Hint> = rules.iter().filter(top).map(hint).collect();
        let nested = rules.iter().filter(|a| !top(a)).map(hint).collect();
        let mut list: Vec<Token> = (0..n)
            .map(|i| {
                let w = &text.words[i];
                let word = &text.source[w.span.start as usize..w.core_end as usize];
                let stem = text_hash(&stem(word));
                let tail = word
                    .char_indices()
                    .rev()
                    .nth(2)
                    .map_or(word, |(k, _)| &word[k..]);
                let info = words.tagged[i].info;
                let shape = (w.shape.0
                    & (Shape::CAPITAL.0 | Shape::ALL_CAPS.0 | Shape::POSSESSIVE.0))
                    | (w.shape.0 & Shape::SENTENCE_START.0)
                    | if w.kind == crate::text::WordKind::Number {
                        8
                    } else {
                        0
                    };
                Token {
                    word: if w.hash == 0 { text_hash(word) } else { w.hash },
                    stem,
                    suffix: text_hash(tail),
                    tag: mix(
                        u64::from(info.classes.bits()),
                        u64::from(info.forms.bits()) | 1 << 40,
                    ),
                    symbol: symbol(words, i),
                    shape,
                    prior: prior(stem),
                    quote: words.tagged[i].quote,
                    hint: 0,
                    sentence: 0,
                }
            })
            .collect();
        for (k, s) in text.sentences.iter().enumerate() {
            for t in &mut list[s.first_word as usize..s.end_word as usize] {
                t.sentence = k as u32;
            }
        }
        for h in &hints {
            for (ranges, hint) in [(&h.content, 4), (&h.source, 3), (&h.cue, 2)] {
                for r in ranges {
                    list[r.0..r.1].iter_mut().for_each(|t| t.hint = hint);
                }
            }
            for r in &h.cue {
                list[r.0].hint = 1;
            }
        }
        Self {
            words,
            list,
            hints,
            nested,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn stems_meet() {
        assert_eq!(stem("deciding"), stem("decided"));
        assert_eq!(stem("plans"), stem("planned"));
        assert_eq!(stem("says"), stem("say"));
        assert_eq!(stem("denied"), stem("deny"));
        assert_eq!(stem("told"), "told");
    }
}
