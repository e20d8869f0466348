//! How likely a whole attribution is right, cue, source and content taken together: what chains of words
//! cannot see.

use crate::attribution::draft::Draft;
use crate::attribution::words::Range;

use super::cues::distance;
use super::evaluate::log_odds;
use super::roles::append;
use super::view::{Groups, Item, View, pair};

/// How sure the chains are of the parts of an attribution, 0 to 1 each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    pub(super) cue: f32,
    /// That there is a content.
    pub(super) content: f32,
}

/// One of so many bins for a probability, by its log odds.
#[allow(clippy::cast_sign_loss)] // not below 0
fn level(p: f32, bins: f32) -> u64 {
    ((log_odds(p) + 4.0) / 9.0 * bins).clamp(0.0, bins - 1.0) as u64
}

/// Appends the features of an attribution to `out`.
pub(super) fn features(view: &View, d: &Draft, odds: Odds, out: &mut Vec<u64>) {
    let item = |k: usize| view.items.get(k).unwrap_or(&Item::NONE);
    let symbol = |x: &Item| u64::from(x.symbol);
    let cue = d.cue[0];
    let head = if item(cue.0).prior >= item(cue.1 - 1).prior {
        item(cue.0)
    } else {
        item(cue.1 - 1)
    };
    let stem = head.stem;
    let words = (cue.0..cue.1).fold(11, |h, k| pair(h, item(k).word));
    let both = level(odds.cue * odds.content, 16.0);
    let (sure, has) = (level(odds.cue, 8.0), level(odds.content, 8.0));
    let lexicon = u64::from(head.lexicon) << 4 | u64::from(head.prior);
    let rule = view
        .rule_at(cue.0)
        .or(view.rule_at(cue.1 - 1))
        .map(|k| &view.rules[k]);
    let like = |own: Option<Range>, of: Option<Range>| match (own, of) {
        (None, None) => 0,
        (None, _) => 1,
        (_, None) => 2,
        (Some(a), Some(b)) if a == b => 3,
        (Some(a), Some(b)) if a.0 == b.0 => 4,
        (Some(a), Some(b)) if a.1 == b.1 => 5,
        (Some(a), Some(b)) if a.0 < b.1 && b.0 < a.1 => 6,
        _ => 7_u64,
    };
    let agrees = rule.map_or(0, |r| {
        1 + (like(d.source, r.source) << 4
            | like(d.content.first().copied(), r.content.first().copied()))
    });
    let cue_path = Walk::new(view, cue.0..cue.1);
    let ends = symbol(item(cue.0.wrapping_sub(1))) << 8 | symbol(item(cue.1));
    let sentence = view.sentences[head.sentence as usize];
    let others = (sentence.0..sentence.1)
        .filter(|&i| item(i).cue >= 2 && !(cue.0 <= i && i < cue.1))
        .count()
        .min(4) as u64;
    let values = [
        0,
        both,
        sure,
        has,
        sure << 4 | has,
        stem,
        words,
        pair(stem, both),
        pair(words, both),
        pair(lexicon, both),
        pair(agrees, both),
        agrees,
        pair(agrees, stem),
        pair(cue_path.path, lexicon),
        pair(ends, lexicon),
        pair(ends, stem),
        others,
        pair(others, both),
        item(cue.0.wrapping_sub(1)).word,
        item(cue.1).word,
        pair(head.quote.into(), both),
    ];
    append(3000, values, out);

    // The content.
    let first = d.content[0];
    let last = d.content[d.content.len() - 1];
    let side = u64::from(first.0 >= cue.1) | u64::from(last.1 <= cue.0) << 1;
    let length = distance(d.content_len() / 2);
    let pieces = d.content.len().min(3) as u64;
    let inside = Walk::new(view, first.0..first.1);
    let quoted = u64::from(item(first.0).quote != 0) << 1 | u64::from(item(last.1 - 1).quote != 0);
    let shape = quoted << 8 | pieces << 4 | side;
    let gap = if side == 1 {
        Walk::new(view, cue.1..first.0.max(cue.1))
    } else {
        Walk::new(view, last.1.min(cue.0)..cue.0)
    };
    let (begin, end) = (item(first.0), item(last.1 - 1));
    let edges = symbol(item(first.0.wrapping_sub(1))) << 24
        | symbol(begin) << 16
        | symbol(end) << 8
        | symbol(item(last.1));
    let values = [
        shape,
        pair(shape, both),
        pair(shape, stem),
        pair(length, side),
        pair(length, stem),
        pair(length, both),
        begin.word,
        pair(begin.word, stem),
        begin.tag,
        pair(begin.tag, stem),
        inside.start,
        pair(inside.start, stem),
        pair(inside.start, side),
        pair(inside.flags(), side),
        pair(gap.path, side),
        pair(pair(gap.path, side), stem),
        pair(gap.flags(), side),
        edges,
        edges >> 16,
        pair(edges & 0xFFFF, side),
        item(last.1).word,
        end.word,
    ];
    append(3100, values, out);

    // The source.
    let Some((a, b)) = d.source else {
        append(3300, [0, stem, shape, both, pair(both, stem)], out);
        return;
    };
    let (before, first, last, after) = (item(a.wrapping_sub(1)), item(a), item(b - 1), item(b));
    let side = u64::from(a >= cue.1);
    let inside = Walk::new(view, a..b);
    let name = item(inside.head.unwrap_or(a));
    let between = if side == 0 {
        Walk::new(view, b.min(cue.0)..cue.0)
    } else {
        Walk::new(view, cue.1..a)
    };
    let length = distance(b - a);
    let edges = symbol(before) << 24 | symbol(first) << 16 | symbol(last) << 8 | symbol(after);
    let values = [
        pair(name.tag, both),
        name.stem,
        name.tag,
        pair(name.tag, stem),
        pair(name.stem, stem),
        first.word,
        last.word,
        before.word,
        after.word,
        edges,
        edges >> 16,
        edges & 0xFFFF,
        pair(length, both),
        inside.path,
        pair(inside.path, both),
        inside.flags(),
        pair(inside.flags(), both),
        pair(inside.flags(), length),
        pair(between.path, side),
        pair(pair(between.path, side), inside.path),
        pair(pair(between.path, side), stem),
        pair(between.flags(), side),
        pair(between.flags(), shape),
        pair(distance(between.words) << 1 | side, both),
        pair(distance(between.words) << 1 | side, shape),
        pair(shape, inside.path),
        pair(u64::from(first.quote) << 2 | u64::from(head.quote), quoted),
        u64::from(first.sentence != head.sentence),
    ];
    append(3200, values, out);
}

/// What some words in a row are, as a whole.
struct Walk {
    words: usize,
    path: u64,
    /// Of the first four.
    start: u64,
    /// Commas, finite verbs before any relative pronoun, others: what a name or noun phrase has not.
    commas: u64,
    verbs: u64,
    seen: u64,
    /// The last word of the first noun group.
    head: Option<usize>,
}

impl Walk {
    fn new(view: &View, range: std::ops::Range<usize>) -> Self {
        let mut w = Self {
            words: range.len(),
            path: 5,
            start: 5,
            commas: 0,
            verbs: 0,
            seen: 0,
            head: None,
        };
        let mut groups = Groups::default();
        let mut steps = 0;
        let mut first = true;
        for i in range {
            let x = &view.items[i];
            match x.symbol {
                b'N' | b'S' | b'O' => {
                    if first {
                        w.head = Some(i);
                    }
                }
                b'd' | b'G' | 0 => {}
                _ => first &= w.head.is_none(),
            }
            match x.symbol {
                b',' => w.commas = (w.commas + 1).min(3),
                b'v' | b'V' | b'B' | b'H' | b'D' | b'M' => {
                    if w.seen & 1 == 0 {
                        w.verbs = (w.verbs + 1).min(2);
                    }
                    w.seen |= 2;
                }
                b'w' | b'x' | b'h' => w.seen |= 1,
                b'c' | b'b' => w.seen |= 4,
                b'p' | b't' => w.seen |= 8,
                b'.' | b';' | b':' => w.seen |= 16,
                b'<' | b'>' | b'"' => w.seen |= 32,
                b's' | b'i' => w.seen |= 64,
                b'-' | b'(' | b')' => w.seen |= 128,
                b'S' => w.seen |= 256,
                b'g' => w.seen |= 512,
                _ => {}
            }
            if x.cue >= 2 {
                w.seen |= 1024;
            }
            if steps < 8
                && let Some(symbol) = groups.push(x.symbol, true)
            {
                w.path = pair(w.path, u64::from(symbol));
                steps += 1;
                if steps <= 4 {
                    w.start = w.path;
                }
            }
        }
        w
    }

    fn flags(&self) -> u64 {
        self.seen << 4 | self.verbs << 2 | self.commas
    }
}
