//! Features of the role model: is a word near a cue part of its source or of its content?

use crate::attribution::draft::Draft;
use crate::attribution::words::Range;

use super::cues::distance;
use super::view::{Groups, Item, RULE_CUE, View, bin, pair};
use super::weights::{Table, WIDTH};

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
/// is that of the word before, the sum of their weights is that too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Situation([u64; SITUATIONS]);

/// How many numbers a situation has.
const SITUATIONS: usize = 6;

/// Sums of weights that are used again while the situation is the same.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    of: Situation,
    sums: [[f32; WIDTH]; SITUATIONS],
    features: Vec<u64>,
}

impl Sums {
    pub(super) fn new() -> Self {
        Self {
            of: Situation([u64::MAX; SITUATIONS]),
            sums: [[0.0; WIDTH]; SITUATIONS],
            features: Vec::with_capacity(16),
        }
    }

    /// Sum of the weights of all features of a situation.
    pub(super) fn sum(&mut self, table: &Table, scene: &Scene, now: Situation) -> [f32; WIDTH] {
        let mut sum = [0.0; WIDTH];
        for (k, of) in self.sums.iter_mut().enumerate() {
            if self.of.0[k] != now.0[k] {
                self.features.clear();
                scene.situation_features(k, now.0[k], &mut self.features);
                *of = table.sum(&self.features);
            }
            for (s, x) in sum.iter_mut().zip(of) {
                *s += *x;
            }
        }
        self.of = now;
        sum
    }

    /// Forgets the sums: they are of another cue.
    pub(super) fn clear(&mut self) {
        self.of = Situation([u64::MAX; SITUATIONS]);
    }
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

/// Appends the features of word `i` to `out` that are the same for every cue on one side of it.
pub(super) fn word_features(view: &View, i: usize, side: usize, out: &mut Vec<u64>) {
    let side = side as u64;
    // Before the first word lies a number that no word has.
    let item = |k: usize| view.items.get(k).unwrap_or(&Item::NONE);
    let (b2, b1) = (item(i.wrapping_sub(2)), item(i.wrapping_sub(1)));
    let (x, a1, a2) = (&view.items[i], item(i + 1), item(i + 2));
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
    append(1100, values, out);
}

/// A cue and the places of the words around it.
#[derive(Default)]
pub(super) struct Scene {
    places: Vec<Place>,
    window: Range,
    cue: Range,
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

    fn place(&self, i: usize) -> Place {
        let k = i.wrapping_sub(self.window.0);
        self.places.get(k).copied().unwrap_or_default()
    }

    /// Appends the features of word `i` of the window that say what it is at its place to `out`; gives
    /// the situation that others are made of.
    pub(super) fn place_features(&self, view: &View, i: usize, out: &mut Vec<u64>) -> Situation {
        let p = self.place(i);
        let x = &view.items[i];
        // Before the first word lies a number that no word has.
        let item = |k: usize| view.items.get(k).unwrap_or(&Item::NONE);
        let (b1, a1) = (item(i.wrapping_sub(1)), item(i + 1));
        let rule_before = self.place(i.wrapping_sub(1)).rule;
        let rule_after = self.place(i + 1).rule;
        let (side, flags) = (u64::from(p.side), u64::from(p.flags));
        let sd = side << 4 | u64::from(p.distance);
        let symbol = u64::from(x.symbol);
        let rules = u64::from(x.rule) << 8 | u64::from(p.rule);
        let ahead = u64::from(p.ahead);
        let before = u64::from(rule_before);
        let step = u64::from(p.rule) << 4 | before;
        let values = [
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
        Situation([
            sd,
            flags | u64::from(p.groups) << 20 | sentences << 24,
            flags
                | quoted << 20
                | u64::from(p.quote_len) << 28
                | sentences << 32
                | u64::from(b1.quote) << 36,
            sd | quoted << 8 | rules << 16,
            flags | cues << 20 | ahead << 28,
            rules | side << 16 | before << 20 | u64::from(rule_after) << 24,
        ])
    }

    /// Appends the features of part `k` of a situation to `out`.
    fn situation_features(&self, k: usize, packed: u64, out: &mut Vec<u64>) {
        let part = |from: u32, bits: u32| packed >> from & ((1 << bits) - 1);
        let flags = part(0, 20);
        let first = 2000 + 100 * k as u64;
        match k {
            // How far the cue is, and what stands beside it.
            0 => {
                let sd = packed;
                let values = [
                    sd,
                    pair(self.edge, sd),
                    pair(self.score << 1 | self.has_rule, sd),
                ];
                append(first, values, out);
            }
            // What stands between.
            1 => {
                let (groups, sentences, side) = (part(20, 4), part(24, 4), part(24, 2));
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
                append(first, values, out);
            }
            // Quotations.
            2 => {
                let (quoted, length, sentences) = (part(20, 8), part(28, 4), part(32, 4));
                let (side, before) = (part(32, 2), part(36, 2));
                let values = [
                    pair(quoted, side),
                    pair(quoted, pair(self.stem, side)),
                    pair(before << 8 | quoted, sentences),
                    pair(pair(quoted, length), sentences),
                    pair(quoted, flags),
                    pair(sentences, quoted),
                ];
                append(first, values, out);
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
                append(first, values, out);
            }
            // Other cues.
            4 => {
                let (cues, side, ahead) = (part(20, 8), part(20, 2), part(28, 4));
                let values = [cues, pair(cues, self.stem), pair(ahead << 2 | side, cues)];
                append(first, values, out);
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
                append(first, values, out);
            }
        }
    }

    /// Appends all features of word `i` of the window to `out`.
    pub(super) fn features(&self, view: &View, i: usize, out: &mut Vec<u64>) {
        let side = usize::from(i >= self.cue.1);
        word_features(view, i, side, out);
        let situation = self.place_features(view, i, out);
        for (k, &packed) in situation.0.iter().enumerate() {
            self.situation_features(k, packed, out);
        }
    }
}
