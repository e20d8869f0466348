//! Features of the role model: is a word near a cue part of its source or of its content?

use crate::attribution::draft::Draft;
use crate::attribution::words::Range;

use super::cues::distance;
use super::view::{Groups, Item, RULE_CUE, View, bin, pair};

/// Words to the left and right of a cue that are looked at.
const REACH: usize = 48;
/// Words of a quotation that are labelled at either end of it.
const EDGE: usize = 4;

/// A cue, proposed or known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    /// Its words.
    pub(super) cue: Range,
    /// How sure the cue model is, 0 to 1.
    pub(super) score: f32,
}

/// How a word lies to the cue.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// 0 left, 1 right, 2 in the cue.
    side: u8,
    distance: u8,
    /// Sentences away, 0 to 3.
    sentences: u8,
    /// Noun groups between, 0 to 4.
    groups: u8,
    /// Other cues between.
    cues: u8,
    /// Of a quotation: 1 the cue's own, 2 the first on this side, 3 a later one.
    quote: u8,
    /// Words of its quotation, binned.
    quote_len: u8,
    /// What the rules' attribution of the same cue says of the word.
    rule: u8,
    /// Words to the next cue of another attribution, 0 where none is near.
    ahead: u8,
    /// What stands between: see [`Between`].
    flags: u32,
}

/// Words of the cue's sentence, and of those beside it as far as a quotation goes on there or a colon
/// introduces them. Into the paragraph before only where the cue's own begins outside quotations
/// (“No,” / he said), and not beyond the paragraphs beside it but in the same quotation.
pub(super) fn window(view: &View, cue: Range) -> Range {
    let (sentences, paragraphs) = (&view.sentences, &view.paragraphs);
    let k = view.items[cue.0].sentence as usize;
    let (mut start, mut end) = sentences[k];
    let quoted = |i: usize| view.items[i].quote != 0;
    let same = |i: usize, k: usize| view.words.quote(i) == view.words.quote(k);
    let (least, most) = (cue.0.saturating_sub(REACH), cue.1 + REACH);
    for j in (0..k).rev() {
        let (a, b) = sentences[j];
        let leaves = paragraphs[j] != paragraphs[j + 1] && !(quoted(start) && same(b - 1, start));
        let far = leaves && (quoted(start) || paragraphs[j + 1] != paragraphs[k]);
        if start <= least || !quoted(b - 1) || far {
            break;
        }
        start = a;
    }
    for j in k + 1..sentences.len() {
        let (a, b) = sentences[j];
        let leaves = paragraphs[j] != paragraphs[j - 1] && !(quoted(a) && same(end - 1, a));
        let far = leaves && paragraphs[j - 1] != paragraphs[k];
        let opens = quoted(a) || view.words.mark(end - 1) == b':';
        if end >= most || !opens || far {
            break;
        }
        end = b;
    }
    (start.max(least), end.min(most).max(cue.1))
}

/// The words of a window that are labelled: not those deep inside a quotation that the cue is no part
/// of, which are what the words at its edges are.
pub(super) fn labelled(view: &View, cue: Range, window: Range, out: &mut Vec<usize>) {
    let own = view.words.quote(cue.0);
    out.clear();
    let mut i = window.0;
    while i < window.1 {
        out.push(i);
        i += 1;
        let q = view.words.quote(i);
        if q == 0 || q == own || i >= window.1 {
            continue;
        }
        let quote = &view.words.text.quotes[q as usize - 1];
        let deep = (
            quote.first_word as usize + EDGE,
            (quote.end_word as usize).saturating_sub(EDGE),
        );
        if deep.0 <= i && i < deep.1 {
            i = deep.1;
        }
    }
}

/// The rules' attribution whose cue shares a word with `cue`.
fn rule_of<'v>(view: &'v View, cue: Range) -> Option<&'v Draft> {
    (cue.0..cue.1)
        .find_map(|i| view.rule_at(i))
        .map(|k| &view.rules[k])
}

fn rule_role(draft: &Draft, i: usize) -> u8 {
    let inside = |r: &Range| r.0 <= i && i < r.1;
    if let Some(r) = draft.content.iter().find(|r| inside(r)) {
        return match i {
            i if i == r.0 => 4,
            i if i + 1 == r.1 => 6,
            _ => 5,
        };
    }
    if let Some(r) = draft.source.iter().find(|r| inside(r)) {
        return if i == r.0 { 2 } else { 3 };
    }
    if draft.cue.iter().any(inside) {
        return 7;
    }
    1
}

/// Between a word and the cue, as bits.
struct Between {
    commas: u32,
    seen: u32,
    quotes: u32,
    /// Other cues that the model proposes.
    cues: u8,
    in_cue: bool,
}

impl Between {
    const fn new() -> Self {
        Self {
            commas: 0,
            seen: 0,
            quotes: 0,
            cues: 0,
            in_cue: false,
        }
    }

    /// 18 bits.
    fn flags(&self) -> u32 {
        self.commas << 16 | self.seen
    }

    fn pass(&mut self, x: &Item) {
        match x.symbol {
            b',' => self.commas = (self.commas + 1).min(3),
            b'h' => self.seen |= 1,
            b'v' | b'V' | b'B' | b'H' | b'D' | b'M' => self.seen |= 2,
            b'c' | b'b' => self.seen |= 4,
            b'w' | b'x' => self.seen |= 8,
            b':' => self.seen |= 16,
            b'<' | b'>' => self.seen |= 32,
            b'.' => self.seen |= 64,
            b's' | b'i' => self.seen |= 128,
            b'-' | b'(' | b')' | b';' => self.seen |= 256,
            b't' => self.seen |= 512,
            _ => {}
        }
        if x.cue >= 3 || x.rule & RULE_CUE != 0 {
            self.seen |= 1024;
        }
        if x.cue >= 2 && !self.in_cue {
            self.cues = (self.cues + 1).min(2);
        }
        self.in_cue = x.cue >= 2;
    }
}

/// What the features of a word have in common with those of its neighbours: they say where it stands
/// to the cue, not what it is. Packed into a number each, from which the features are made; where it
/// is that of the word before, the sum of their weights is that too. In the low half of each number
/// is all that features need which other cues share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Situation(pub(super) [u64; Self::PARTS]);

impl Situation {
    /// How many numbers a situation has.
    pub(super) const PARTS: usize = 6;
    /// How many features of each part other cues share, and how many are the cue's own.
    pub(super) const SHARED: [usize; Self::PARTS] = [3, 5, 4, 3, 2, 4];
    pub(super) const OWN: [usize; Self::PARTS] = [0, 4, 2, 1, 1, 1];
}

/// Which features of a part of a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    All,
    /// Those that many cues have: their sum is worth keeping.
    Shared,
    /// The others.
    Own,
}

/// Appends features that are numbered from `first` to `out`.
#[inline(always)]
pub(super) fn append<const N: usize>(first: u64, mut values: [u64; N], out: &mut Vec<u64>) {
    for (k, value) in values.iter_mut().enumerate() {
        *value = pair(first + k as u64, *value);
    }
    out.extend_from_slice(&values);
}

fn three(before: &Item, x: &Item, after: &Item) -> u64 {
    let symbol = |x: &Item| u64::from(x.symbol);
    symbol(before) << 16 | symbol(x) << 8 | symbol(after)
}

/// As [`append`], but some of the features: bits in `own` say which are not shared.
#[inline(always)]
fn append_some<const N: usize>(
    first: u64,
    values: [u64; N],
    own: u32,
    which: Which,
    out: &mut Vec<u64>,
) {
    for (k, value) in (0..).zip(values) {
        if which == Which::All || (which == Which::Own) == (own >> k & 1 == 1) {
            out.push(pair(first + k, value));
        }
    }
}

/// Appends the features of word `i` to `out` that are the same for every cue on one side of it: once
/// more, by what they are made of, below.
pub(super) fn word_features(view: &View, i: usize, side: usize, out: &mut Vec<u64>) {
    let side = side as u64;
    let (b2, b1) = (view.item(i.wrapping_sub(2)), view.item(i.wrapping_sub(1)));
    let (x, a1, a2) = (&view.items[i], view.item(i + 1), view.item(i + 2));
    let values = [
        pair(x.word, side),
        pair(x.stem, side),
        pair(x.tag, side),
        pair(b1.word, side),
        pair(a1.word, side),
        pair(b1.tag, side),
        pair(a1.tag, side),
        pair(b1.tag, pair(x.tag, side)),
        pair(x.tag, pair(a1.tag, side)),
        pair(b2.word, side),
        pair(a2.word, side),
        pair(pair(b2.tag, b1.tag), side),
        pair(pair(a1.tag, a2.tag), side),
        pair(three(b1, x, a1), side),
    ];
    append(WORD, values, out);
}

/// Number of the first feature of a word.
const WORD: u64 = 1100;

/// How many of [`unit_features`] are of the word itself, the next, the one before, and those beyond.
pub(super) const UNIT: [usize; 5] = [3, 2, 2, 1, 1];
/// How many of [`pair_features`] are of the second word, the first, and the words after and before.
pub(super) const PAIR: [usize; 4] = [1, 1, 1, 1];

/// What [`unit_features`] depend on.
pub(super) fn unit_key(x: &Item, side: usize, seed: u64) -> u64 {
    pair(pair(x.word, x.stem), pair(x.tag, seed ^ side as u64))
}

/// Of [`word_features`], those that word `x` alone makes, of itself and of the words near it.
pub(super) fn unit_features(x: &Item, side: usize) -> [u64; 9] {
    let [word, stem, tag] = [x.word, x.stem, x.tag].map(|v| pair(v, side as u64));
    [
        (0, word),
        (1, stem),
        (2, tag),
        (3, word),
        (5, tag),
        (4, word),
        (6, tag),
        (9, word),
        (10, word),
    ]
    .map(|(k, value)| pair(WORD + k, value))
}

/// What [`pair_features`] depend on.
pub(super) fn pair_key(a: &Item, b: &Item, side: usize, seed: u64) -> u64 {
    pair(pair(a.tag, b.tag), seed ^ side as u64)
}

/// Of [`word_features`], those that two neighbours make, of themselves and of the words beside them.
pub(super) fn pair_features(a: &Item, b: &Item, side: usize) -> [u64; 4] {
    let side = side as u64;
    let own = pair(a.tag, pair(b.tag, side));
    let beside = pair(pair(a.tag, b.tag), side);
    [(7, own), (8, own), (11, beside), (12, beside)].map(|(k, value)| pair(WORD + k, value))
}

/// Of [`word_features`], the one that a word and both its neighbours make.
pub(super) fn three_feature(before: &Item, x: &Item, after: &Item, side: usize) -> u64 {
    pair(WORD + 13, pair(three(before, x, after), side as u64))
}

/// How many features say what a word is at its place.
pub(super) const PLACE: usize = 9;

/// A cue and the places of the words around it.
#[derive(Default)]
pub(super) struct Scene {
    places: Vec<Place>,
    window: Range,
    pub(super) cue: Range,
    /// Stem of the word that is most of a cue.
    stem: u64,
    before: Item,
    after: Item,
    head_quote: u64,
    /// Whether the cue ends and begins a sentence.
    edge: u64,
    has_rule: u64,
    rule_score: u64,
    score: u64,
}

impl Scene {
    /// Measures the words of `window` from the cue.
    pub(super) fn set(&mut self, view: &View, candidate: Candidate, window: Range) {
        let cue = candidate.cue;
        self.window = window;
        self.cue = cue;
        self.score = bin(candidate.score, 6.0);
        let draft = rule_of(view, cue);
        self.has_rule = u64::from(draft.is_some());
        self.rule_score = draft.map_or(0, |d| 1 + bin(d.score, 5.0));
        let item = |k: Option<usize>| k.and_then(|k| view.items.get(k)).copied();
        let head = &view.items[cue.0];
        let tail = &view.items[cue.1 - 1];
        let first = cue.1 - cue.0 == 1 || tail.prior <= head.prior;
        self.stem = if first { head.stem } else { tail.stem };
        self.before = item(cue.0.checked_sub(1)).unwrap_or_default();
        self.after = item(Some(cue.1)).unwrap_or_default();
        self.head_quote = u64::from(head.quote);
        let at_end = self.after.sentence != head.sentence || self.after.symbol == b'.';
        let at_start = self.before.sentence != head.sentence;
        self.edge = u64::from(at_end) << 1 | u64::from(at_start);
        self.places.clear();
        self.places.resize(window.1 - window.0, Place::default());
        for i in cue.0..cue.1 {
            self.places[i - window.0].side = 2;
        }
        self.walk(view, (window.0..cue.0).rev(), 0, draft);
        self.walk(view, cue.1..window.1, 1, draft);
        let mut ahead = 0;
        for i in (window.0..window.1).rev() {
            self.places[i - window.0].ahead = ahead;
            if view.items[i].cue >= 3 && !(cue.0 <= i && i < cue.1) {
                ahead = 1;
            } else if ahead > 0 {
                ahead = (ahead + 1) % 9;
            }
        }
    }

    fn walk(
        &mut self,
        view: &View,
        words: impl Iterator<Item = usize>,
        side: u8,
        draft: Option<&Draft>,
    ) {
        let own_quote = view.words.quote(self.cue.0);
        let sentence = view.items[self.cue.0].sentence;
        let mut groups = Groups::default();
        let mut between = Between::new();
        let mut last_quote = own_quote;
        let mut quote_len = 0;
        for (n, i) in words.enumerate() {
            let x = &view.items[i];
            groups.push(x.symbol, side == 1);
            let q = view.words.quote(i);
            if q == 0 {
                quote_len = 0;
            } else if q != last_quote || quote_len == 0 {
                if q != own_quote && q != last_quote {
                    between.quotes += 1;
                }
                last_quote = q;
                let quote = &view.words.text.quotes[q as usize - 1];
                quote_len = 1 + distance((quote.end_word - quote.first_word) as usize / 3) as u8;
            }
            self.places[i - self.window.0] = Place {
                side,
                distance: match n {
                    0..=4 => n as u8,
                    5..=6 => 5,
                    7..=9 => 6,
                    10..=14 => 7,
                    15..=24 => 8,
                    25..=45 => 9,
                    _ => 10,
                },
                sentences: x.sentence.abs_diff(sentence).min(3) as u8,
                groups: groups.count.min(4),
                flags: between.flags(),
                cues: between.cues,
                quote: match q {
                    0 => 0,
                    q if q == own_quote => 1,
                    _ if between.quotes <= 1 => 2,
                    _ => 3,
                },
                quote_len,
                rule: draft.map_or(0, |d| rule_role(d, i)),
                ahead: 0,
            };
            between.pass(x);
        }
    }

    /// Appends the features of word `i` of the window that say what it is at its place to `out`; gives
    /// the situation that others are made of.
    pub(super) fn place_features(&self, view: &View, i: usize, out: &mut Vec<u64>) -> Situation {
        let k = i - self.window.0;
        let p = &self.places[k];
        let x = &view.items[i];
        let (b1, a1) = (view.item(i.wrapping_sub(1)), view.item(i + 1));
        let rule = |k: usize| self.places.get(k).map_or(0, |p| p.rule);
        let (rule_before, rule_after) = (rule(k.wrapping_sub(1)), rule(k + 1));
        let (side, flags) = (u64::from(p.side), u64::from(p.flags));
        let sd = side << 4 | u64::from(p.distance);
        let symbol = u64::from(x.symbol);
        let rules = u64::from(x.rule) << 8 | u64::from(p.rule);
        let ahead = u64::from(p.ahead);
        let before = u64::from(rule_before);
        let step = u64::from(p.rule) << 4 | before;
        let values: [u64; PLACE] = [
            pair(sd, symbol),
            pair(sd, x.tag),
            pair(pair(flags, side), symbol),
            pair(u64::from(x.shape), sd),
            pair(ahead << 2 | side, symbol),
            pair(ahead << 2 | side, three(b1, x, a1)),
            pair(rules, symbol),
            pair(step, x.tag),
            pair(step, x.word),
        ];
        append(1000, values, out);

        let sentences = u64::from(p.sentences) << 2 | side;
        let quoted = u64::from(x.quote) << 4 | u64::from(p.quote);
        let cues = u64::from(p.cues) << 6 | u64::from(x.cue) << 2 | side;
        let groups = u64::from(p.groups);
        let length = u64::from(p.quote_len);
        let before_quote = u64::from(b1.quote);
        Situation([
            sd,
            groups | sentences << 4 | flags << 32,
            quoted | length << 8 | sentences << 12 | before_quote << 16 | flags << 32,
            sd | quoted << 8 | rules << 16,
            cues | ahead << 8,
            rules | side << 16 | before << 20 | u64::from(rule_after) << 24,
        ])
    }

    /// Of each part of a situation, what its shared features have to do with the cue.
    pub(super) fn about(&self, seed: u64) -> [u64; Situation::PARTS] {
        let sure = self.score << 8 | self.has_rule << 4 | self.rule_score;
        let sure = sure << 8 | self.edge;
        let ahead = self.rule_score << 8 | self.head_quote;
        let about = [sure, sure, 0, ahead, 0, self.rule_score];
        std::array::from_fn(|k| pair(seed, about[k] << 8 | k as u64))
    }

    /// Appends features of part `K` of a situation to `out`.
    #[inline(always)]
    pub(super) fn situation_features<const K: usize>(
        &self,
        packed: u64,
        which: Which,
        out: &mut Vec<u64>,
    ) {
        let part = |from: u32, bits: u32| packed >> from & ((1 << bits) - 1);
        let flags = packed >> 32;
        let first = 2000 + 100 * K as u64;
        match K {
            // How far the cue is, and what stands beside it.
            0 => {
                let sd = packed;
                let values = [
                    sd,
                    pair(self.edge, sd),
                    pair(self.score << 1 | self.has_rule, sd),
                ];
                append_some(first, values, 0, which, out);
            }
            // What stands between.
            1 => {
                let (groups, sentences, side) = (part(0, 4), part(4, 4), part(4, 2));
                let values = [
                    side,
                    pair(flags, side),
                    pair(groups, side),
                    pair(pair(groups, side), flags),
                    sentences,
                    pair(sentences, self.stem),
                    pair(sentences, self.edge),
                    pair(self.edge, pair(flags, sentences)),
                    pair(self.score << 4 | self.rule_score, sentences),
                ];
                append_some(first, values, 0b1010_1010, which, out);
            }
            // Quotations.
            2 => {
                let (quoted, length, sentences) = (part(0, 8), part(8, 4), part(12, 4));
                let (side, before) = (part(12, 2), part(16, 2));
                let values = [
                    pair(quoted, side),
                    pair(quoted, pair(self.stem, side)),
                    pair(before << 8 | quoted, sentences),
                    pair(pair(quoted, length), sentences),
                    pair(quoted, flags),
                    pair(sentences, quoted),
                ];
                append_some(first, values, 0b1_0010, which, out);
            }
            3 => {
                let (sd, quoted, rules) = (part(0, 8), part(8, 8), part(16, 16));
                let beside = u64::from(self.after.symbol) << 8 | u64::from(self.before.symbol);
                let values = [
                    pair(pair(quoted, self.head_quote), sd),
                    pair(beside, pair(sd, quoted)),
                    pair(part(16, 8) << 4 | self.rule_score, sd),
                    pair(rules, quoted),
                ];
                append_some(first, values, 0b10, which, out);
            }
            // Other cues.
            4 => {
                let (cues, side, ahead) = (part(0, 8), part(0, 2), part(8, 4));
                let values = [cues, pair(cues, self.stem), pair(ahead << 2 | side, cues)];
                append_some(first, values, 0b10, which, out);
            }
            // What the rules say.
            _ => {
                let (rules, side) = (part(0, 16), part(16, 2));
                let (own, before, after) = (part(0, 8), part(20, 4), part(24, 4));
                let rule = own << 4 | self.rule_score;
                let values = [
                    pair(rule, side),
                    pair(rules, side),
                    pair(rule, self.stem),
                    pair(own << 4 | before, side),
                    pair(own << 4 | after, side),
                ];
                append_some(first, values, 0b100, which, out);
            }
        }
    }

    /// Appends all features of word `i` of the window to `out`.
    pub(super) fn features(&self, view: &View, i: usize, out: &mut Vec<u64>) {
        let side = usize::from(i >= self.cue.1);
        word_features(view, i, side, out);
        let Situation(parts) = self.place_features(view, i, out);
        self.situation_features::<0>(parts[0], Which::All, out);
        self.situation_features::<1>(parts[1], Which::All, out);
        self.situation_features::<2>(parts[2], Which::All, out);
        self.situation_features::<3>(parts[3], Which::All, out);
        self.situation_features::<4>(parts[4], Which::All, out);
        self.situation_features::<5>(parts[5], Which::All, out);
    }
}
