//! Features of the cue model: does a word begin or go on with the words that report?

use crate::attribution::words::Range;

use super::roles::append;
use super::view::{
    Groups, Item, MARK, RULE_CONTENT, RULE_CUE, RULE_CUE_INNER, RULE_SOURCE, View, pair,
};

/// Words farther away than this are not looked at for paths and neighbours.
const REACH: usize = 24;
/// Words farther away than this are not counted.
const FAR: usize = 40;

/// What stands before a word in its sentence, and the nearest marks.
#[derive(Clone, Copy, Debug, Default)]
struct Passed {
    /// Words that are often cues, verbs, and cues by the rules.
    cues: u16,
    verbs: u16,
    claimed: u16,
    /// Where the last quotation mark that closes stands.
    closed: Option<u32>,
    /// Where the next one that opens stands, from the word itself on.
    opens: Option<u32>,
}

/// What the words of a sentence have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    range: Range,
    quotes: u64,
    /// Of each word, and of the end of the sentence.
    passed: Vec<Passed>,
}

impl Frame {
    /// Looks at a sentence.
    pub(super) fn set(&mut self, view: &View, sentence: usize) {
        let range = view.sentences[sentence];
        let inside = |i: usize| u64::from(view.items.get(i).is_some_and(|x| x.quote != 0));
        let before = range.0.checked_sub(1).map_or(0, inside);
        self.range = range;
        self.quotes =
            inside(range.0) | inside(range.1 - 1) << 1 | before << 2 | inside(range.1) << 3;
        self.passed.clear();
        let mut now = Passed::default();
        for (i, x) in (range.0..).zip(&view.items[range.0..range.1]) {
            self.passed.push(now);
            now.cues += u16::from(x.prior >= 4);
            now.verbs += u16::from(matches!(x.symbol, b'v' | b'V'));
            now.claimed += u16::from(x.rule & RULE_CUE != 0);
            if x.quote == 3 {
                now.closed = Some(i as u32);
            }
        }
        self.passed.push(now);
        let mut opens = None;
        for (i, p) in (range.0..range.1).zip(&mut self.passed).rev() {
            if view.items[i].quote == 2 {
                opens = Some(i as u32);
            }
            p.opens = opens;
        }
    }

    fn at(&self, i: usize) -> &Passed {
        &self.passed[i - self.range.0]
    }

    fn left(&self, i: usize) -> Side {
        let here = self.at(i);
        let from = self.at(self.range.0.max(i.saturating_sub(FAR)));
        Side::new(from, here, here.closed.map(|k| i - 1 - k as usize))
    }

    fn right(&self, i: usize) -> Side {
        let next = self.at(i + 1);
        let to = self.at(self.range.1.min(i + 1 + FAR));
        Side::new(next, to, next.opens.map(|k| k as usize - i - 1))
    }
}

/// Whether word `i` may belong to a cue at all: its stem often does, the rules say so, or it does at
/// times and stands beside such a word. What marks report is left to the rules.
pub(super) fn open(view: &View, i: usize) -> bool {
    let strong =
        |x: &Item| x.shape != MARK && (x.prior >= 3 || x.rule & (RULE_CUE | RULE_CUE_INNER) != 0);
    let beside = |k: usize| view.items.get(k).is_some_and(strong);
    let x = &view.items[i];
    strong(x) || (x.prior > 0 && (beside(i + 1) || beside(i.wrapping_sub(1))))
}

pub(super) fn distance(n: usize) -> u64 {
    match n {
        0..=3 => n as u64,
        4..=5 => 4,
        6..=9 => 5,
        10..=15 => 6,
        _ => 7,
    }
}

/// What is looked for to one side of a word.
struct Side {
    /// How far the next quotation mark is that closes (on the left) or opens (on the right).
    mark: u64,
    /// How many words there are that are often cues, verbs, and cues by the rules; at most 3.
    cues: u64,
    verbs: u64,
    claimed: u64,
}

impl Side {
    fn new(from: &Passed, to: &Passed, mark: Option<usize>) -> Self {
        let count = |of: fn(&Passed) -> u16| u64::from((of(to) - of(from)).min(3));
        Self {
            mark: mark.filter(|&n| n < REACH).map_or(8, distance),
            cues: count(|p| p.cues),
            verbs: count(|p| p.verbs),
            claimed: count(|p| p.claimed),
        }
    }
}

/// A word outside the sentence.
const BORDER: Item = Item {
    word: 1,
    stem: 1,
    suffix: 1,
    tag: 1,
    symbol: b'#',
    shape: 7,
    prior: 0,
    quote: 0,
    rule: 0,
    rule_score: 0,
    cue: 0,
    lexicon: 0,
    sentence: 0,
};

/// Appends the features of word `i` to `out`.
pub(super) fn features(view: &View, frame: &Frame, i: usize, out: &mut Vec<u64>) {
    let range = frame.range;
    let x = &view.items[i];
    let near = |by: isize| view.near(i, by, range).unwrap_or(&BORDER);
    let (stem, prior) = (x.stem, u64::from(x.prior));
    let rule = u64::from(x.rule) << 4 | u64::from(x.rule_score);
    let lexicon = u64::from(x.lexicon) << 4 | prior;
    let own = [
        0,
        x.word,
        stem,
        x.tag,
        u64::from(x.shape),
        x.suffix,
        prior,
        lexicon,
        pair(x.suffix, u64::from(x.shape)),
        rule,
        pair(rule, prior),
        pair(rule, stem),
        pair(rule, lexicon),
    ];
    append(100, own, out);

    let (before, after) = (near(-1), near(1));
    for (first, n) in [(200, before), (300, after)] {
        let values = [
            pair(rule, u64::from(n.rule)),
            n.word,
            n.stem,
            pair(n.tag, stem),
            n.tag,
            pair(n.tag, x.tag),
            pair(n.tag, prior),
            pair(u64::from(n.prior), stem),
            pair(u64::from(n.prior), prior),
            n.suffix,
        ];
        append(first, values, out);
    }
    for (first, n, between) in [(400, near(-2), before), (500, near(2), after)] {
        let values = [n.word, n.tag, pair(n.tag, prior), pair(n.tag, between.tag)];
        append(first, values, out);
    }
    append(600, [pair(before.tag, after.tag)], out);

    let (left, right) = (path(view, i, range, 0), path(view, i, range, 1));
    for (first, path) in [(700, &left), (800, &right)] {
        let values = [
            path[1],
            pair(path[1], stem),
            pair(path[1], lexicon),
            path[2],
            pair(path[2], stem),
            pair(path[2], lexicon),
            path[3],
            pair(path[3], lexicon),
            path[5],
        ];
        append(first, values, out);
    }
    append(900, [pair(left[2], right[2])], out);

    // The nearest noun to the left, verbs and adverbs passed over.
    let floor = range.0.max(i.saturating_sub(12));
    let verbal = |y: &Item| {
        let all = [0, b'V', b'v', b'M', b'B', b'H', b'D', b't', b'g'];
        all.contains(&y.symbol)
    };
    let words = view.items[floor..i].iter().rev();
    let subject = words.clone().find(|y| !verbal(y)).unwrap_or(&BORDER);
    // Auxiliaries and negation before the word.
    let mut group = 3_u64;
    for y in words.take(4) {
        if !matches!(y.symbol, 0 | b'M' | b'B' | b'H' | b'D' | b't') {
            break;
        }
        group = pair(group, y.word);
    }
    let values = [
        subject.word,
        pair(subject.tag, stem),
        pair(subject.tag, prior),
        pair(subject.stem, prior),
        group,
        pair(group, stem),
        pair(group, lexicon),
    ];
    append(1000, values, out);

    // Quotation marks, other cues and verbs to both sides, and the ends of the sentence.
    let (left, right) = (frame.left(i), frame.right(i));
    let (closing, opening) = (left.mark, right.mark);
    let quote = u64::from(x.quote != 0);
    let quotes = pair(frame.quotes, quote);
    let begin = distance(i - range.0);
    let end = distance(range.1 - 1 - i);
    let claimed = left.claimed << 4 | right.claimed;
    let ruled = u64::from(x.rule & (RULE_CONTENT | RULE_SOURCE | RULE_CUE));
    let values = [
        pair(closing, quote),
        pair(opening, quote),
        pair(closing, stem),
        pair(opening, stem),
        pair(closing, pair(opening, lexicon)),
        quotes,
        pair(quotes, stem),
        pair(quotes, lexicon),
        pair(left.cues, lexicon),
        pair(right.cues, lexicon),
        pair(pair(left.cues, right.cues), stem),
        pair(left.verbs, lexicon),
        pair(right.verbs, lexicon),
        pair(pair(left.verbs, right.verbs), stem),
        pair(begin, lexicon),
        pair(end, lexicon),
        pair(begin, stem),
        pair(end, stem),
        pair(claimed, lexicon),
        pair(claimed << 8 | ruled, prior),
    ];
    append(1100, values, out);
}

/// Paths from a word to one side: hashes of so many symbols as their place says.
fn path(view: &View, i: usize, range: Range, side: usize) -> [u64; 6] {
    let mut groups = Groups::default();
    let mut hashes = [7_u64; 6];
    let mut steps = 0;
    let mut walk = |x: &Item| {
        if let Some(symbol) = groups.push(x.symbol, side == 1) {
            hashes[steps + 1] = pair(hashes[steps], u64::from(symbol));
            steps += 1;
        }
        steps < 5
    };
    if side == 0 {
        let floor = range.0.max(i.saturating_sub(REACH));
        let _ = view.items[floor..i].iter().rev().all(&mut walk);
    } else {
        let end = range.1.min(i + 1 + REACH);
        let _ = view.items[i + 1..end].iter().all(&mut walk);
    }
    // A short path ends at the sentence's border.
    let last = hashes[steps];
    for hash in &mut hashes[steps + 1..] {
        *hash = pair(last, 35);
    }
    hashes
}
