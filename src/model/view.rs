//! A text as the models see it: per word, once, the hashes and classes that features are made of.

use std::borrow::Cow;
use std::cell::RefCell;

use crate::attribution::draft::Draft;
use crate::attribution::lexicon::{Classes, Forms as VerbForms};
use crate::attribution::words::{Range, Words};
use crate::attribution::{nesting, rule_drafts};
use crate::text::{Shape, WordKind, fold_hash, plain};

use super::roles::Candidate;
use super::stem::stem;

/// What is known of one word. Hashes are of the folded forms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Item {
    pub(super) word: u64,
    pub(super) stem: u64,
    pub(super) suffix: u64,
    /// The word classes that the word can have, its form and ending.
    pub(super) tag: u64,
    /// A class for paths, see [`symbol`]; 0 for words that paths pass over.
    pub(super) symbol: u8,
    pub(super) shape: u8,
    /// How often the stem is a cue, binned.
    pub(super) prior: u8,
    /// Quotation state: 0 outside, 1 inside, 2 opening mark, 3 closing mark.
    pub(super) quote: u8,
    /// What the rules say of the word, see [`RULE_CUE`] and its like.
    pub(super) rule: u8,
    /// How sure the rules are of the cue here, binned.
    pub(super) rule_score: u8,
    /// Weight of the cue verb or noun in the lexicon, binned; 0 for no cue.
    pub(super) lexicon: u8,
    /// How sure the cue model is that the word is in a cue, binned; 0 for other words.
    pub(super) cue: u8,
    /// Index of the sentence.
    pub(super) sentence: u32,
}

impl Item {
    /// No word.
    pub(super) const NONE: Self = Self {
        word: 0,
        stem: 0,
        suffix: 0,
        tag: 0,
        symbol: 0,
        shape: 0,
        prior: 0,
        quote: 0,
        rule: 0,
        rule_score: 0,
        lexicon: 0,
        cue: 0,
        sentence: 0,
    };
}

/// Shape of what is neither word nor number.
pub(super) const MARK: u8 = 6;
/// First word of a cue of the rules.
pub(super) const RULE_CUE: u8 = 1;
/// A further word of a cue of the rules.
pub(super) const RULE_CUE_INNER: u8 = 2;
/// In a source of the rules.
pub(super) const RULE_SOURCE: u8 = 4;
/// In a content of the rules.
pub(super) const RULE_CONTENT: u8 = 8;

/// A text as the models see it.
pub(super) struct View<'a, 't> {
    pub(super) words: Words<'a, 't>,
    pub(super) items: Vec<Item>,
    /// What the rules find.
    pub(super) rules: Vec<Draft>,
    /// 1 + index of the rules' attribution whose cue a word is in, per word; 0 for none.
    rule_cues: Vec<u32>,
    /// Sentences as ranges of words; long ones are cut.
    pub(super) sentences: Vec<Range>,
    /// The paragraph of each sentence.
    pub(super) paragraphs: Vec<u32>,
}

/// Longer sentences are read in pieces.
const MAX_SENTENCE: usize = 400;

impl<'a, 't> View<'a, 't> {
    pub(super) fn new(words: Words<'a, 't>) -> Self {
        let drafts = rule_drafts(&words);
        let rules = nesting::settle(&words, drafts);
        let mut sentences = Vec::with_capacity(words.text.sentences.len());
        let mut paragraphs = Vec::with_capacity(words.text.sentences.len());
        for s in &words.text.sentences {
            let (first, end) = (s.first_word as usize, s.end_word as usize);
            for start in (first..end).step_by(MAX_SENTENCE) {
                sentences.push((start, end.min(start + MAX_SENTENCE)));
                paragraphs.push(s.paragraph);
            }
        }
        let mut items: Vec<Item> = FORMS.with_borrow_mut(|forms| {
            let each = 0..words.len();
            each.map(|i| item(&words, forms, i)).collect()
        });
        for (k, &(a, b)) in sentences.iter().enumerate() {
            for item in &mut items[a..b] {
                item.sentence = k as u32;
            }
        }
        let mut rule_cues = vec![0; items.len()];
        for (n, d) in rules.iter().enumerate() {
            for &(a, b) in &d.content {
                items[a..b].iter_mut().for_each(|x| x.rule |= RULE_CONTENT);
            }
            if let Some((a, b)) = d.source {
                items[a..b].iter_mut().for_each(|x| x.rule |= RULE_SOURCE);
            }
            for &(a, b) in &d.cue {
                rule_cues[a..b].fill(n as u32 + 1);
                for (k, x) in items[a..b].iter_mut().enumerate() {
                    x.rule |= if k == 0 { RULE_CUE } else { RULE_CUE_INNER };
                    x.rule_score = 1 + bin(d.score, 5.0) as u8;
                }
            }
        }
        Self {
            words,
            items,
            rules,
            rule_cues,
            sentences,
            paragraphs,
        }
    }

    /// Gives each word the bin of its stem.
    pub(super) fn set_priors(&mut self, bin: impl Fn(u64) -> u8) {
        for item in &mut self.items {
            item.prior = if item.shape == MARK {
                0
            } else {
                bin(item.stem)
            };
        }
    }

    /// Marks the cues that the cue model proposes.
    pub(super) fn set_cues(&mut self, found: &[Candidate]) {
        for item in &mut self.items {
            item.cue = 0;
        }
        for c in found {
            for item in &mut self.items[c.cue.0..c.cue.1] {
                item.cue = 1 + bin(c.score, 4.0) as u8;
            }
        }
    }

    /// Index of the rules' attribution whose cue word `i` is in.
    pub(super) fn rule_at(&self, i: usize) -> Option<usize> {
        (self.rule_cues.get(i).copied()? as usize).checked_sub(1)
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Word `k`; none where there is no such word: before the first lies a number that no word has.
    pub(super) fn item(&self, k: usize) -> &Item {
        self.items.get(k).unwrap_or(&Item::NONE)
    }

    /// The word at `i` moved by `by`, if it stands in `range`.
    pub(super) fn near(&self, i: usize, by: isize, range: Range) -> Option<&Item> {
        let k = i.checked_add_signed(by)?;
        (range.0 <= k && k < range.1).then(|| &self.items[k])
    }
}

/// One of so many bins for a number from 0 to 1.
#[allow(clippy::cast_sign_loss)] // not below 0
pub(super) fn bin(x: f32, bins: f32) -> u64 {
    (x.clamp(0.0, 0.99) * bins) as u64
}

/// Mixes two values into one.
#[inline]
pub(super) const fn pair(a: u64, b: u64) -> u64 {
    let h = (a.rotate_left(25) ^ b).wrapping_mul(0x9fb2_1c65_1e98_df25);
    h ^ (h >> 29)
}

/// What is made of the letters of a word.
#[derive(Clone, Copy, Default)]
struct Form {
    /// Of the folded word; 0 where nothing is kept yet.
    hash: u64,
    stem: u64,
    suffix: u64,
    ending: u8,
}

/// The forms met last: most words of a text have been there before, in it or in another.
struct Forms(Vec<Form>);

thread_local! {
    static FORMS: RefCell<Forms> = RefCell::new(Forms::new());
}

impl Forms {
    const BITS: u32 = 12;

    fn new() -> Self {
        Self(vec![Form::default(); 1 << Self::BITS])
    }

    fn of(&mut self, w: &Words, i: usize) -> Form {
        let hash = w.text.words[i].hash;
        let slot = &mut self.0[(hash >> (64 - Self::BITS)) as usize];
        if slot.hash != hash || hash == 0 {
            let word = &w.text.words[i];
            let word = &w.text.source[word.span.start as usize..word.core_end as usize];
            // Of what all words of this hash have: "don’t" is "don't".
            let word: Cow<str> = if word.is_ascii() {
                word.into()
            } else {
                let folded = word.chars().filter_map(plain);
                folded.flat_map(char::to_lowercase).collect()
            };
            *slot = Form {
                hash,
                stem: stem(word.as_bytes()).unwrap_or(hash),
                suffix: fold_hash(suffix(&word)),
                ending: ending(word.as_bytes()),
            };
        }
        *slot
    }
}

fn item(w: &Words, forms: &mut Forms, i: usize) -> Item {
    let t = &w.tagged[i];
    let word = &w.text.words[i];
    let quotation = w.quote(i);
    let mut quote = u8::from(quotation != 0);
    if t.mark == b'"' && quotation != 0 {
        let range = &w.text.quotes[quotation as usize - 1];
        if range.first_word as usize == i {
            quote = 2;
        } else if range.end_word as usize == i + 1 {
            quote = 3;
        }
    }
    let symbol = symbol(w, i, quote);
    let shape = match word.kind {
        WordKind::Word if word.shape.has(Shape::ALL_CAPS) => 1,
        WordKind::Word if t.capital && word.shape.has(Shape::SENTENCE_START) => 2,
        WordKind::Word if t.capital => 3,
        WordKind::Word => 4,
        WordKind::Number => 5,
        _ => MARK,
    };
    if word.kind != WordKind::Word {
        let hash = match word.kind {
            WordKind::Number => 0x4e55_4d42_4552,
            _ => pair(u64::from(t.mark), u64::from(quote)),
        };
        return Item {
            word: hash,
            stem: hash,
            suffix: 0,
            tag: hash,
            symbol,
            shape,
            quote,
            ..Item::default()
        };
    }
    let form = forms.of(w, i);
    let verb = w.lexicon.verb(t.info);
    let noun = w.lexicon.noun(t.info);
    let stem = verb.map_or(form.stem, |v| v.lemma);
    let classes = t.info.classes.0;
    let verb_forms = if verb.is_some() { t.info.forms.0 } else { 0 };
    let weight = verb.map(|v| v.weight).or(noun.map(|n| n.weight));
    let tag = pair(
        u64::from(classes) << 8 | u64::from(verb_forms),
        u64::from(shape) << 8
            | if classes == 0 {
                u64::from(form.ending)
            } else {
                0
            },
    );
    Item {
        word: pair(word.hash, u64::from(t.possessive)),
        stem,
        suffix: form.suffix,
        tag: pair(tag, u64::from(t.possessive)),
        symbol,
        shape,
        prior: 0,
        quote,
        rule: 0,
        rule_score: 0,
        cue: 0,
        lexicon: weight.map_or(0, |x| 1 + bin(x, 4.0) as u8)
            + if verb.is_none() && noun.is_some() {
                5
            } else {
                0
            },
        sentence: 0,
    }
}

/// The last three letters or fewer.
fn suffix(word: &str) -> &str {
    let from = word.char_indices().rev().nth(2).map_or(0, |(k, _)| k);
    &word[from..]
}

/// A class of the word's ending, whatever its case.
fn ending(word: &[u8]) -> u8 {
    const ENDINGS: [&[u8]; 24] = [
        b"ing", b"ed", b"ly", b"tion", b"sion", b"ment", b"ness", b"ity", b"ance", b"ence", b"ers",
        b"ors", b"er", b"or", b"ists", b"ist", b"man", b"ive", b"al", b"ous", b"ic", b"able",
        b"ss", b"s",
    ];
    let Some(last) = word.last().filter(|_| word.len() >= 4) else {
        return 0;
    };
    let last = last.to_ascii_lowercase();
    let ends_with = |e: &[u8]| word[word.len().saturating_sub(e.len())..].eq_ignore_ascii_case(e);
    ENDINGS
        .iter()
        .position(|e| e.last() == Some(&last) && ends_with(e))
        .map_or(0, |k| k as u8 + 1)
}

/// A class for paths: `d` opens a noun group, `N` goes on with it, `G` is a possessor; 0 is passed
/// over.
fn symbol(w: &Words, i: usize, quote: u8) -> u8 {
    let t = &w.tagged[i];
    if !t.word {
        return match (quote, t.mark) {
            (2, _) => b'<',
            (3, _) => b'>',
            (_, b',') => b',',
            (_, b':') => b':',
            (_, b';') => b';',
            (_, b'-') => b'-',
            (_, b'(') => b'(',
            (_, b')') => b')',
            (_, b'.' | b'?' | b'!') => b'.',
            (_, b'"') => b'"',
            _ => b'm',
        };
    }
    let c = t.info.classes;
    if t.possessive && !c.has(Classes::PRON_SUBJ) {
        return b'G';
    }
    if let Some(symbol) = class_symbol(w, i, c) {
        symbol
    } else if w.adverb(i) && !c.has(Classes::ADJ) {
        0
    } else if t.info.is_cue_verb() && !t.capital && t.info.forms.has(VerbForms::ING) {
        b'g'
    } else if w.finite_looking(i) {
        if t.info.is_cue_verb() { b'V' } else { b'v' }
    } else if t.info.is_cue_verb() && !t.capital && w.verb_group(i, i.saturating_sub(8)).is_some() {
        b'V'
    } else if !t.capital && w.bytes(i).len() > 5 && w.bytes(i).ends_with(b"ing") {
        b'g'
    } else {
        b'N'
    }
}

/// The symbol of a word that its classes alone give it.
fn class_symbol(w: &Words, i: usize, c: Classes) -> Option<u8> {
    // As most words have none.
    if c == Classes::default() {
        return None;
    }
    Some(if c.has(Classes::THAT) {
        b'h'
    } else if c.has(Classes::MODAL) && !w.tagged[i].capital {
        b'M'
    } else if c.has(Classes::BE) {
        b'B'
    } else if c.has(Classes::HAVE) {
        b'H'
    } else if c.has(Classes::DO) {
        b'D'
    } else if c.has(Classes::REL) {
        if w.bytes(i).eq_ignore_ascii_case(b"who") {
            b'w'
        } else {
            b'x'
        }
    } else if c.has(Classes::TO) {
        b't'
    } else if c.has(Classes::WH) {
        b'i'
    } else if c.has(Classes::NEG) {
        0
    } else if c.has(Classes::PRON_SUBJ.or(Classes::PRON_SUBJ_AUX)) {
        b'S'
    } else if c.has(Classes::PRON_OBJ) && !c.has(Classes::POSS) {
        b'O'
    } else if c.has(Classes::DET.or(Classes::POSS)) {
        b'd'
    } else if c.has(Classes::CONJ) {
        if w.bytes(i).eq_ignore_ascii_case(b"but") {
            b'b'
        } else {
            b'c'
        }
    } else if c.has(Classes::SUBORD) {
        b's'
    } else if c.has(Classes::PREP) {
        if w.bytes(i).eq_ignore_ascii_case(b"of") {
            b'o'
        } else {
            b'p'
        }
    } else if c.has(Classes::TIME) {
        b'T'
    } else {
        return None;
    })
}

/// Folds the symbols from a word outwards: a noun group is one `N`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Groups {
    /// Noun groups passed.
    pub(super) count: u8,
    open: bool,
}

impl Groups {
    /// Walks over one word; its symbol where it is none of a group that has been passed.
    #[inline]
    pub(super) fn push(&mut self, symbol: u8, rightwards: bool) -> Option<u8> {
        let group = match symbol {
            0 => return None,
            b'N' if self.open => return None,
            // Leftwards the determiner closes the group that was passed.
            b'd' if !rightwards => {
                if std::mem::replace(&mut self.open, false) {
                    return None;
                }
                true
            }
            b'N' | b'd' => {
                self.open = true;
                true
            }
            _ => {
                self.open = false;
                false
            }
        };
        self.count = self.count.saturating_add(u8::from(group));
        Some(if group { b'N' } else { symbol })
    }
}
