//! Features of the role model: is a word near a cue part of its source or of its content?

use crate::attribution::draft::Draft;
use crate::attribution::words::Range;

use super::cues::distance;
use super::view::{Item, Path, RULE_CUE, View, bin, pair};

/// Words to the left and right of a cue that are looked at.
const REACH: usize = 80;

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
    side: u64,
    distance: u64,
    /// Sentences away, 0 to 3.
    sentences: u64,
    path: u64,
    groups: u64,
    /// What stands between: see [`Between`].
    flags: u64,
    /// Other cues between.
    cues: u64,
    /// Of a quotation: 1 the cue's own, 2 the first on this side, 3 a later one.
    quote: u64,
    /// Words of its quotation, binned.
    quote_len: u64,
    /// What the rules' attribution of the same cue says of the word.
    rule: u64,
}

/// Words of the cue's paragraph, and of those beside it where a quotation may go on there.
pub(super) fn window(view: &View, cue: Range) -> Range {
    let text = view.words.text;
    let k = text
        .sentences
        .partition_point(|s| s.end_word as usize <= cue.0);
    let Some(sentence) = text.sentences.get(k) else {
        return cue;
    };
    let words = |p: usize| {
        let p = text.paragraphs.get(p)?;
        let first = text.sentences.get(p.first_sentence as usize)?;
        let last = text
            .sentences
            .get((p.end_sentence as usize).checked_sub(1)?)?;
        Some((first.first_word as usize, last.end_word as usize))
    };
    let paragraph = sentence.paragraph as usize;
    let (mut start, mut end) = words(paragraph).unwrap_or(cue);
    let quoted = |i: usize| view.items.get(i).is_some_and(|x| x.quote != 0);
    // “…,” / he said: / “…”
    if let Some(next) = words(paragraph + 1)
        && (quoted(next.0) || view.words.mark(end - 1) == b':')
    {
        end = next.1;
    }
    if let Some(before) = paragraph.checked_sub(1).and_then(words)
        && sentence.first_word as usize == start
        && quoted(before.1 - 1)
    {
        start = before.0;
    }
    (
        start.max(cue.0.saturating_sub(REACH)),
        end.min(cue.1 + REACH).max(cue.1),
    )
}

/// The rules' attribution whose cue shares a word with `cue`.
fn rule_of<'v>(view: &'v View, cue: Range) -> Option<&'v Draft> {
    (cue.0..cue.1)
        .find_map(|i| view.rule_at(i))
        .map(|k| &view.rules[k])
}

fn rule_role(draft: &Draft, i: usize) -> u64 {
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
    commas: u64,
    seen: u64,
    quotes: u64,
    /// Other cues that the model proposes.
    cues: u64,
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

    fn flags(&self) -> u64 {
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

/// Room for the places of a window's words.
#[derive(Default)]
pub(super) struct Scene {
    places: Vec<Place>,
    window: Range,
    cue: Range,
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
        self.places.clear();
        self.places.resize(window.1 - window.0, Place::default());
        for i in cue.0..cue.1 {
            self.places[i - window.0].side = 2;
        }
        self.walk(view, (window.0..cue.0).rev(), 0, draft);
        self.walk(view, cue.1..window.1, 1, draft);
    }

    fn walk(
        &mut self,
        view: &View,
        words: impl Iterator<Item = usize>,
        side: u64,
        draft: Option<&Draft>,
    ) {
        let own_quote = view.words.quote(self.cue.0);
        let sentence = view.items[self.cue.0].sentence;
        let mut path = Path::new(8);
        let mut between = Between::new();
        let mut last_quote = own_quote;
        for (n, i) in words.enumerate() {
            let x = &view.items[i];
            path.push(x.symbol, side == 1);
            let q = view.words.quote(i);
            if q != 0 && q != own_quote && q != last_quote {
                between.quotes += 1;
            }
            if q != 0 {
                last_quote = q;
            }
            let quote_len = match q {
                0 => 0,
                q => {
                    let quote = &view.words.text.quotes[q as usize - 1];
                    1 + distance((quote.end_word - quote.first_word) as usize / 3)
                }
            };
            self.places[i - self.window.0] = Place {
                side,
                distance: match n {
                    0..=4 => n as u64,
                    5..=6 => 5,
                    7..=9 => 6,
                    10..=14 => 7,
                    15..=24 => 8,
                    25..=45 => 9,
                    _ => 10,
                },
                sentences: u64::from(x.sentence.abs_diff(sentence).min(3)),
                path: pair(path.hash, side),
                groups: u64::from(path.groups.min(4)),
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
            };
            between.pass(x);
        }
    }

    /// Appends the features of word `i` of the window to `out`.
    pub(super) fn features(&self, view: &View, i: usize, out: &mut Vec<u64>) {
        let place = |k: Option<usize>| {
            k.and_then(|k| k.checked_sub(self.window.0))
                .and_then(|k| self.places.get(k))
                .copied()
                .unwrap_or_default()
        };
        let p = place(Some(i));
        let x = &view.items[i];
        let none = Item::default();
        let item = |k: Option<usize>| k.and_then(|k| view.items.get(k)).unwrap_or(&none);
        let back = |n: usize| item(i.checked_sub(n));
        let ahead = |n: usize| item(Some(i + n));
        let head = &view.items[self.cue.0];
        let tail = &view.items[self.cue.1 - 1];
        let cue = if self.cue.1 - self.cue.0 > 1 && tail.prior > head.prior {
            tail
        } else {
            head
        };
        let cue_all = pair(head.stem, tail.stem);
        let before_cue = item(self.cue.0.checked_sub(1));
        let after_cue = item(Some(self.cue.1));
        let side = p.side;
        let sd = side << 4 | p.distance;
        let symbol = u64::from(x.symbol);
        let quoted = u64::from(x.quote) << 4 | p.quote;
        let rule = p.rule << 4 | self.rule_score;
        let rules = u64::from(x.rule) << 8 | p.rule;
        let at_end =
            u64::from(item(Some(self.cue.1)).sentence != head.sentence || after_cue.symbol == b'.');
        let at_start = u64::from(before_cue.sentence != head.sentence);
        let edge = at_end << 1 | at_start;
        let mut template = 1000_u64;
        let mut emit = |value: u64| {
            template += 1;
            out.push(pair(template, value));
        };
        emit(side);
        emit(sd);
        emit(pair(sd, symbol));
        emit(pair(sd, x.tag));
        emit(p.path);
        emit(pair(p.path, cue.stem));
        emit(pair(p.path, cue_all));
        emit(pair(p.path, u64::from(cue.prior) << 4 | edge));
        emit(pair(p.path, tail.tag));
        emit(pair(p.flags, side));
        emit(pair(pair(p.flags, side), cue.stem));
        emit(pair(pair(p.flags, side), symbol));
        emit(pair(p.groups, side));
        emit(pair(pair(p.groups, side), cue.stem));
        emit(pair(pair(p.groups, side), p.flags));
        let sentences = p.sentences << 2 | side;
        emit(sentences);
        emit(pair(sentences, quoted));
        emit(pair(sentences, cue.stem));
        emit(pair(sentences, edge));
        // The word and its neighbours.
        emit(pair(x.word, side));
        emit(pair(x.stem, side));
        emit(pair(x.tag, side));
        emit(pair(x.suffix, side));
        emit(pair(u64::from(x.shape), sd));
        emit(pair(x.word, p.path));
        emit(pair(x.tag, p.path));
        emit(pair(x.stem, pair(cue.stem, side)));
        emit(pair(back(1).word, side));
        emit(pair(ahead(1).word, side));
        emit(pair(back(1).tag, side));
        emit(pair(ahead(1).tag, side));
        emit(pair(back(1).tag, pair(x.tag, side)));
        emit(pair(x.tag, pair(ahead(1).tag, side)));
        emit(pair(back(2).word, side));
        emit(pair(ahead(2).word, side));
        emit(pair(pair(back(2).tag, back(1).tag), side));
        emit(pair(pair(ahead(1).tag, ahead(2).tag), side));
        let three = u64::from(back(1).symbol) << 16 | symbol << 8 | u64::from(ahead(1).symbol);
        emit(pair(three, side));
        emit(pair(three, pair(p.flags, side)));
        emit(pair(u64::from(ahead(1).symbol), p.path));
        emit(pair(back(1).word, p.path));
        emit(pair(pair(back(1).word, x.word), side));
        emit(pair(pair(x.word, ahead(1).word), side));
        // Quotations.
        let marks = u64::from(back(1).quote) << 8 | quoted;
        emit(pair(quoted, side));
        emit(pair(quoted, pair(cue.stem, side)));
        emit(pair(marks, sentences));
        emit(pair(pair(quoted, p.quote_len), sentences));
        emit(pair(quoted, p.flags));
        emit(pair(pair(quoted, u64::from(head.quote)), sd));
        // Other cues.
        let ahead_cue = (i + 1..view.len().min(i + 9))
            .take_while(|&k| k < self.window.1)
            .find(|&k| view.items[k].cue >= 3 && !(self.cue.0 <= k && k < self.cue.1))
            .map_or(0, |k| k as u64 - i as u64);
        let cues = p.cues << 6 | u64::from(x.cue) << 2 | side;
        emit(cues);
        emit(pair(cues, p.flags));
        emit(pair(cues, cue.stem));
        emit(pair(p.cues << 4 | side, p.path));
        emit(pair(ahead_cue << 2 | side, symbol));
        emit(pair(ahead_cue << 2 | side, three));
        emit(pair(ahead_cue << 2 | side, cues));
        // The cue's neighbours.
        emit(pair(after_cue.word, sd));
        emit(pair(before_cue.word, sd));
        emit(pair(after_cue.tag, p.path));
        emit(pair(before_cue.tag, p.path));
        emit(pair(
            u64::from(after_cue.symbol) << 8 | u64::from(before_cue.symbol),
            pair(sd, quoted),
        ));
        emit(pair(
            u64::from(after_cue.symbol) << 8 | u64::from(before_cue.symbol),
            p.path,
        ));
        emit(pair(edge, sd));
        emit(pair(edge, pair(p.flags, sentences)));
        emit(pair(self.score << 1 | self.has_rule, sd));
        emit(pair(self.score << 4 | self.rule_score, sentences));
        // What the rules say.
        emit(pair(rule, side));
        emit(pair(rules, side));
        emit(pair(rule, cue.stem));
        emit(pair(rules, symbol));
        emit(pair(rule, sd));
        emit(pair(p.rule << 4 | place(i.checked_sub(1)).rule, side));
        emit(pair(p.rule << 4 | place(Some(i + 1)).rule, side));
        emit(pair(p.rule << 4 | place(i.checked_sub(1)).rule, x.tag));
        emit(pair(p.rule << 4 | place(i.checked_sub(1)).rule, x.word));
        emit(pair(p.rule, p.path));
        emit(pair(rules, quoted));
    }
}
