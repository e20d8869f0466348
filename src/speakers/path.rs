//! The best sequence of speakers of a conversation.

use super::dialogue::Turn;

/// The same speaker in one paragraph.
const SAME_PARAGRAPH: f32 = 2.0;
/// The same speaker in the next paragraph, where one of both turns names nobody, or both have a source.
const AGAIN: f32 = -3.0;
const AGAIN_SOURCED: f32 = -1.5;
/// The speaker of the turn before the last, within three paragraphs.
const IN_TURN: f32 = 0.75;
/// In news an unsourced quotation goes on.
const GOES_ON: f32 = 2.0;

/// How well it fits that `b` speaks turn `i` after `a`.
fn step(turns: &[Turn], i: usize, a: Option<u32>, b: Option<u32>, alternates: bool) -> f32 {
    if a.is_none() || a != b {
        return 0.0;
    }
    let (turn, last) = (&turns[i], &turns[i - 1]);
    let open = turn.source.is_none();
    match (alternates, turn.paragraph.abs_diff(last.paragraph)) {
        (_, 0) => SAME_PARAGRAPH,
        (true, 1) if open || last.source.is_none() => AGAIN,
        (true, 1) => AGAIN_SOURCED,
        (false, 1 | 2) if open => GOES_ON,
        _ => 0.0,
    }
}

/// How well it fits that who spoke the turn before the last speaks turn `i` too.
fn skip(turns: &[Turn], i: usize, a: Option<u32>, c: Option<u32>, alternates: bool) -> f32 {
    let near = i >= 2 && turns[i].paragraph.abs_diff(turns[i - 2].paragraph) <= 3;
    if alternates && near && a.is_some() && a == c {
        IN_TURN
    } else {
        0.0
    }
}

/// Chooses among the options of each turn (Viterbi over pairs of turns); `None` where it has none.
pub(super) fn best(turns: &[Turn], alternates: bool) -> Vec<Option<u32>> {
    let n = turns.len();
    let width = |i: usize| turns[i].options.len().max(1);
    let speaker = |i: usize, o: usize| turns[i].options.get(o).map(|c| c.0);
    let own = |i: usize, o: usize| turns[i].options.get(o).map_or(0.0, |c| c.1);
    // For each option of a turn after each of the turn before: the score, and the best option of the
    // turn before that.
    let mut paths: Vec<Vec<(f32, usize)>> = Vec::with_capacity(n);
    for i in 0..n {
        let before = if i > 0 { width(i - 1) } else { 1 };
        let mut row = vec![(f32::NEG_INFINITY, 0); before * width(i)];
        for o in 0..width(i) {
            let b = speaker(i, o);
            if i == 0 {
                row[o] = (own(i, o), 0);
                continue;
            }
            for p in 0..before {
                let cell = &mut row[p * width(i) + o];
                let here = own(i, o) + step(turns, i, speaker(i - 1, p), b, alternates);
                let older = if i > 1 { width(i - 2) } else { 1 };
                for q in 0..older {
                    let a = if i > 1 { speaker(i - 2, q) } else { None };
                    let last = paths[i - 1][q * before + p].0;
                    let score = last + here + skip(turns, i, a, b, alternates);
                    if score > cell.0 {
                        *cell = (score, q);
                    }
                }
            }
        }
        paths.push(row);
    }
    let mut out = vec![None; n];
    let mut at = paths.last().map_or(0, |row| {
        let better = |best: usize, k: usize| if row[k].0 > row[best].0 { k } else { best };
        (0..row.len()).fold(0, better)
    });
    for i in (0..n).rev() {
        out[i] = speaker(i, at % width(i));
        if i > 0 {
            at = paths[i][at].1 * width(i - 1) + at / width(i);
        }
    }
    out
}
