//! How well attributions agree with gold: the measure that decoding is tuned by.

use std::collections::BTreeSet;

use super::gold::GoldDocument;
use crate::attribution::Attribution;
use crate::text::{Span, Text, WordKind};

/// How much exact spans count beside attributions.
const SPANS: f64 = 0.5;

/// Counts of attributions found, of gold ones, and of those in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) found: usize,
    pub(super) gold: usize,
    pub(super) right: usize,
    /// Of the spans of all roles, regardless of what belongs together: found, gold, and in both.
    spans: [usize; 3],
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.found += other.found;
        self.gold += other.gold;
        self.right += other.right;
        for (n, other) in self.spans.iter_mut().zip(other.spans) {
            *n += other;
        }
    }

    pub(super) fn precision(self) -> f64 {
        self.right as f64 / self.found.max(1) as f64
    }

    pub(super) fn recall(self) -> f64 {
        self.right as f64 / self.gold.max(1) as f64
    }

    pub(super) fn f1(self) -> f64 {
        2.0 * self.right as f64 / (self.found + self.gold).max(1) as f64
    }

    /// What thresholds are chosen by: attributions that agree, and spans that agree exactly.
    pub(super) fn merit(self) -> f64 {
        let [found, gold, both] = self.spans;
        let exact = 2.0 * both as f64 / (found + gold).max(1) as f64;
        self.f1() + SPANS * exact
    }
}

/// Indices of the words in some spans, in order.
fn words(text: &Text, spans: &[Span]) -> Vec<u32> {
    let mut list: Vec<u32> = spans
        .iter()
        .flat_map(|s| {
            let first = text.words.partition_point(|w| w.span.end <= s.start);
            let end = text.words.partition_point(|w| w.span.start < s.end);
            first as u32..end.max(first) as u32
        })
        .filter(|&k| {
            matches!(
                text.words[k as usize].kind,
                WordKind::Word | WordKind::Number
            )
        })
        .collect();
    list.sort_unstable();
    list.dedup();
    list
}

/// Whether all of an annotated content stands in quotation marks.
pub(super) fn is_direct(text: &Text, content: &[Span]) -> bool {
    let quoted = |s: &Span| text.quotes.iter().any(|q| q.span.contains(*s));
    content.iter().all(quoted)
}

/// The spans of each role, from their first to their last word; each once.
fn roles<'a>(
    text: &Text,
    attributions: impl Iterator<Item = [&'a Vec<Span>; 3]>,
) -> BTreeSet<(usize, u32, u32)> {
    let mut set = BTreeSet::new();
    for (role, &span) in attributions.flat_map(|a| {
        let each = a.into_iter().enumerate();
        each.flat_map(|(role, spans)| spans.iter().map(move |s| (role, s)))
    }) {
        let words = words(text, &[span]);
        if let (Some(&first), Some(&last)) = (words.first(), words.last()) {
            set.insert((role, first, last));
        }
    }
    set
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().filter(|x| b.binary_search(x).is_ok()).count()
}

/// Whether two attributions agree, by the numbers of their words in order: contents overlap by at least
/// half, and sources share a word or both have none. Gives the words that the contents share.
pub(super) fn agreement(contents: [&[u32]; 2], sources: [&[u32]; 2]) -> Option<usize> {
    let both = common(contents[0], contents[1]);
    let half = both > 0 && both * 3 >= contents[0].len() + contents[1].len();
    let no_source = sources[0].is_empty() && sources[1].is_empty();
    (half && (no_source || common(sources[0], sources[1]) > 0)).then_some(both)
}

/// Counts the attributions whose contents overlap by half and whose sources share a word (or of
/// which neither has one), one to one; tells of each whether it is right.
pub(super) fn tally(
    text: &Text,
    gold: &GoldDocument,
    found: &[Attribution],
    mut judged: impl FnMut(&Attribution, bool),
) -> Tally {
    let targets: Vec<_> = gold
        .top_level()
        .map(|a| (words(text, &a.content), words(text, &a.source)))
        .collect();
    let mut used = vec![false; targets.len()];
    let mut right = 0;
    for a in found {
        let (content, source) = (words(text, &a.content), words(text, &a.source));
        let best = (0..targets.len())
            .filter(|&k| !used[k])
            .filter_map(|k| {
                let (other_content, other_source) = &targets[k];
                agreement([&content, other_content], [&source, other_source]).map(|both| (both, k))
            })
            .max_by_key(|&(both, k)| (both, std::cmp::Reverse(k)));
        judged(a, best.is_some());
        if let Some((_, k)) = best {
            used[k] = true;
            right += 1;
        }
    }
    let own = roles(text, found.iter().map(|a| [&a.content, &a.cue, &a.source]));
    let gold = roles(
        text,
        gold.top_level().map(|a| [&a.content, &a.cue, &a.source]),
    );
    Tally {
        found: found.len(),
        gold: targets.len(),
        right,
        spans: [own.len(), gold.len(), own.intersection(&gold).count()],
    }
}

/// Slope and offset that turn the log odds of scores into those of being right (Platt 1999), by Newton's
/// method on the likelihood, held near 1 and 0 where there is little to learn from.
pub(super) fn calibrate(judged: &[(f32, bool)]) -> (f32, f32) {
    /// Weight of the prior on slope and offset, in observations.
    const PRIOR: f64 = 1.0;
    let (mut slope, mut offset) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        let (mut ga, mut gb) = (PRIOR * (1.0 - slope), -PRIOR * offset);
        let (mut haa, mut hab, mut hbb) = (PRIOR, 0.0, PRIOR);
        for &(score, right) in judged {
            let x = f64::from(log_odds(score));
            let p = 1.0 / (1.0 + (-(slope * x + offset)).exp());
            let error = f64::from(u8::from(right)) - p;
            let w = p * (1.0 - p);
            ga += error * x;
            gb += error;
            haa += w * x * x;
            hab += w * x;
            hbb += w;
        }
        let det = haa * hbb - hab * hab;
        slope += (ga * hbb - gb * hab) / det;
        offset += (gb * haa - ga * hab) / det;
    }
    // A surer score never means less sure.
    (slope.max(0.05) as f32, offset as f32)
}

/// Log odds of a score; those of 0 and 1 are finite.
pub(super) fn log_odds(score: f32) -> f32 {
    let p = score.clamp(1e-4, 1.0 - 1e-4);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::{calibrate, log_odds};

    #[test]
    fn calibration_finds_the_odds() {
        // Right in 80 of 100 that say .95, in 30 of 100 that say .5.
        let some = |score: f32, right: usize| (0..100).map(move |k| (score, k < right));
        let judged: Vec<(f32, bool)> = some(0.95, 80).chain(some(0.5, 30)).collect();
        let (slope, offset) = calibrate(&judged);
        let p = |score: f32| 1.0 / (1.0 + (-(slope * log_odds(score) + offset)).exp());
        assert!((p(0.95) - 0.8).abs() < 0.02, "{}", p(0.95));
        assert!((p(0.5) - 0.3).abs() < 0.02, "{}", p(0.5));
        assert_eq!(calibrate(&[]), (1.0, 0.0));
    }
}
