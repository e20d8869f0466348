//! Features of the cue model: does a word begin or go on with the words that report?

use crate::attribution::words::Range;

use super::view::{
    Groups, Item, MARK, RULE_CONTENT, RULE_CUE, RULE_CUE_INNER, RULE_SOURCE, View, pair,
};

/// Words farther away than this are not looked at for paths and neighbours.
const REACH: usize = 24;
/// Words farther away than this are not counted.
const FAR: usize = 40;

/// What is the same for all words of a sentence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    range: Range,
    quotes: u64,
}

/// What the quotation marks say of a sentence and its neighbours.
pub(super) fn frame(view: &View, sentence: usize) -> Frame {
    let range = view.sentences[sentence];
    let inside = |i: usize| u64::from(view.items.get(i).is_some_and(|x| x.quote != 0));
    let before = range.0.checked_sub(1).map_or(0, inside);
    let quotes = inside(range.0) | inside(range.1 - 1) << 1 | before << 2 | inside(range.1) << 3;
    Frame { range, quotes }
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
    fn of<'i>(items: impl Iterator<Item = &'i Item>, mark: u8) -> Self {
        let mut side = Self {
            mark: 8,
            cues: 0,
            verbs: 0,
            claimed: 0,
        };
        for (n, x) in items.enumerate() {
            if x.quote == mark && side.mark == 8 && n < REACH {
                side.mark = distance(n);
            }
            side.cues += u64::from(x.prior >= 4);
            side.verbs += u64::from(matches!(x.symbol, b'v' | b'V'));
            side.claimed += u64::from(x.rule & RULE_CUE != 0);
        }
        side.cues = side.cues.min(3);
        side.verbs = side.verbs.min(3);
        side.claimed = side.claimed.min(3);
        side
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
    let mut template = 0_u64;
    let mut emit = |value: u64| {
        template += 1;
        out.push(pair(template, value));
    };
    let rule = u64::from(x.rule) << 4 | u64::from(x.rule_score);
    let lexicon = u64::from(x.lexicon) << 4 | prior;
    emit(0);
    emit(x.word);
    emit(stem);
    emit(x.tag);
    emit(u64::from(x.shape));
    emit(x.suffix);
    emit(prior);
    emit(lexicon);
    emit(pair(x.suffix, u64::from(x.shape)));
    emit(rule);
    emit(pair(rule, prior));
    emit(pair(rule, stem));
    emit(pair(rule, lexicon));
    for by in [-1_isize, 1] {
        let n = near(by);
        let n_rule = u64::from(n.rule);
        emit(pair(rule, n_rule));
        emit(n.word);
        emit(n.stem);
        emit(pair(n.word, stem));
        emit(pair(n.tag, stem));
        emit(n.tag);
        emit(pair(n.tag, x.tag));
        emit(pair(n.tag, prior));
        emit(pair(u64::from(n.prior), stem));
        emit(pair(u64::from(n.prior), prior));
        emit(n.suffix);
    }
    for by in [-2_isize, 2] {
        let n = near(by);
        emit(n.word);
        emit(n.tag);
        emit(pair(n.word, stem));
        emit(pair(n.tag, prior));
        emit(pair(n.tag, near(by / 2).tag));
        emit(pair(pair(n.tag, near(by / 2).tag), stem));
        emit(pair(n.word, near(by / 2).word));
    }
    emit(pair(near(-1).tag, near(1).tag));
    emit(pair(pair(near(-1).tag, near(1).tag), x.tag));
    emit(pair(pair(near(-1).tag, near(1).tag), stem));

    // Paths of 1, 2, 3 and 5 symbols to both sides.
    let mut both = [0_u64; 2];
    for (side, both) in both.iter_mut().enumerate() {
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
        *both = hashes[2];
        for k in [1, 2, 3, 5] {
            emit(hashes[k]);
            emit(pair(hashes[k], stem));
            emit(pair(hashes[k], lexicon));
        }
    }
    emit(pair(both[0], both[1]));
    emit(pair(pair(both[0], both[1]), lexicon));

    // The nearest noun to the left, verbs and adverbs passed over.
    let floor = range.0.max(i.saturating_sub(12));
    let subject = (floor..i)
        .rev()
        .map(|k| &view.items[k])
        .find(|y| {
            !matches!(
                y.symbol,
                0 | b'V' | b'v' | b'M' | b'B' | b'H' | b'D' | b't' | b'g'
            )
        })
        .unwrap_or(&BORDER);
    emit(subject.word);
    emit(pair(subject.word, stem));
    emit(pair(subject.tag, stem));
    emit(pair(subject.tag, prior));
    emit(pair(subject.stem, prior));

    // Auxiliaries and negation before the word.
    let mut group = 3_u64;
    for k in (floor..i).rev().take(4) {
        let y = &view.items[k];
        if !matches!(y.symbol, 0 | b'M' | b'B' | b'H' | b'D' | b't') {
            break;
        }
        group = pair(group, y.word);
    }
    emit(group);
    emit(pair(group, stem));
    emit(pair(group, lexicon));

    // Quotation marks, other cues and verbs to both sides.
    let left = &view.items[range.0.max(i.saturating_sub(FAR))..i];
    let right = &view.items[i + 1..range.1.min(i + 1 + FAR)];
    let left = Side::of(left.iter().rev(), 3);
    let right = Side::of(right.iter(), 2);
    let (closing, opening) = (left.mark, right.mark);
    let quote = u64::from(x.quote != 0);
    emit(pair(closing, quote));
    emit(pair(opening, quote));
    emit(pair(closing, stem));
    emit(pair(opening, stem));
    emit(pair(closing, pair(opening, lexicon)));
    emit(pair(frame.quotes, quote));
    emit(pair(pair(frame.quotes, quote), stem));
    emit(pair(pair(frame.quotes, quote), lexicon));

    // Other cues, verbs and the ends of the sentence.
    let (sl, sr, vl, vr) = (left.cues, right.cues, left.verbs, right.verbs);
    emit(pair(sl, lexicon));
    emit(pair(sr, lexicon));
    emit(pair(pair(sl, sr), stem));
    emit(pair(vl, lexicon));
    emit(pair(vr, lexicon));
    emit(pair(pair(vl, vr), stem));
    let begin = distance(i - range.0);
    let end = distance(range.1 - 1 - i);
    emit(pair(begin, lexicon));
    emit(pair(end, lexicon));
    emit(pair(begin, stem));
    emit(pair(end, stem));
    let claimed = left.claimed << 4 | right.claimed;
    emit(pair(claimed, lexicon));
    emit(pair(
        claimed << 8 | u64::from(x.rule & (RULE_CONTENT | RULE_SOURCE | RULE_CUE)),
        prior,
    ));
}
