//! How well attributions agree with gold: the measure that decoding is tuned by.

use super::gold::GoldDocument;
use crate::attribution::Attribution;
use crate::text::{Span, Text, WordKind};

/// Counts of attributions found, of gold ones, and of those in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) found: usize,
    pub(super) gold: usize,
    pub(super) right: usize,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.found += other.found;
        self.gold += other.gold;
        self.right += other.right;
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

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().filter(|x| b.binary_search(x).is_ok()).count()
}

/// Counts the attributions whose contents overlap by half and whose sources share a word (or of
/// which neither has one), one to one.
pub(super) fn tally(text: &Text, gold: &GoldDocument, found: &[Attribution]) -> Tally {
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
            .map(|k| (common(&content, &targets[k].0), k))
            .filter(|&(both, k)| both > 0 && both * 3 >= content.len() + targets[k].0.len())
            .filter(|&(_, k)| {
                common(&source, &targets[k].1) > 0 || (source.is_empty() && targets[k].1.is_empty())
            })
            .max_by_key(|&(both, k)| (both, std::cmp::Reverse(k)));
        if let Some((_, k)) = best {
            used[k] = true;
            right += 1;
        }
    }
    Tally {
        found: found.len(),
        gold: targets.len(),
        right,
    }
}
