//! Scores of the role model for the words around a cue. What has been summed for a word, or for another
//! cue, is used again.

use super::crf::NEVER;
use super::decode::ROLE_LABELS;
use super::memo::Memo;
use super::roles::{self, Scene, Situation, Which};
use super::view::{View, pair};
use super::weights::{Sum, Table, WIDTH};

/// Words beyond a word that its features look at.
const REACH: usize = 2;
/// Where the sum of word 0 is: words before it and behind the last are looked at too, and summed for.
const PAD: usize = 2 * REACH;

/// A word to be added to the sums of those around it, and what its sums and those of it and the word
/// before may be kept by.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    at: usize,
    unit: u64,
    pair: u64,
}

/// What features in the buffer are of, whose sums are not kept yet: a word, or it and the one before.
#[derive(Clone, Copy, Debug)]
enum Unknown {
    Unit(Wanted),
    Pair(Wanted),
}

/// A part of a situation that is not that of the word before.
#[derive(Clone, Copy, Debug)]
struct Change {
    place: usize,
    /// What the sum of those features may be kept by that other cues share.
    key: u64,
    kept: Option<Sum>,
}

/// Room for scoring, used again and again, with the sums that are kept.
#[derive(Debug)]
pub(super) struct Scorer {
    parts: Memo<1>,
    units: Memo<{ roles::UNIT.len() }>,
    pairs: Memo<{ roles::PAIR.len() }>,
    /// Sums of words' own features on either side of a cue: most words are looked at for several.
    words: [Vec<Sum>; 2],
    /// Whether a word has been added to these sums.
    done: [Vec<bool>; 2],
    features: Vec<u64>,
    wanted: Vec<Wanted>,
    unknown: Vec<Unknown>,
    situations: Vec<Situation>,
    changes: Vec<Change>,
    /// The sum of each situation's parts.
    sums: Vec<[f32; WIDTH]>,
}

impl Scorer {
    pub(super) fn new() -> Self {
        Self {
            parts: Memo::new(12),
            units: Memo::new(12),
            pairs: Memo::new(13),
            words: [Vec::new(), Vec::new()],
            done: [Vec::new(), Vec::new()],
            features: Vec::new(),
            wanted: Vec::new(),
            unknown: Vec::new(),
            situations: Vec::new(),
            changes: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Takes another text of so many words.
    pub(super) fn begin(&mut self, words: usize) {
        for side in 0..2 {
            self.words[side].clear();
            self.words[side].resize(words + 2 * PAD, Sum::default());
            self.done[side].clear();
            self.done[side].resize(words + 2 * PAD, false);
        }
    }

    /// Scores of the words `read` around the cue of `scene`.
    pub(super) fn scores(
        &mut self,
        table: &Table,
        view: &View,
        scene: &Scene,
        read: &[usize],
        out: &mut Vec<[f32; ROLE_LABELS]>,
    ) {
        let (start, end) = scene.cue;
        let (left, rest) = read.split_at(read.partition_point(|&i| i < start));
        let right = &rest[rest.partition_point(|&i| i < end)..];
        self.add_words(table, view, left, 0);
        self.add_words(table, view, right, 1);

        self.features.clear();
        self.situations.clear();
        for &i in left.iter().chain(right) {
            let situation = scene.place_features(view, i, &mut self.features);
            self.situations.push(situation);
        }
        let about = scene.about(table.seed());
        let ends = std::array::from_fn(|part| self.find_changes(part, about[part]));
        self.part_features::<0>(scene, 0, ends[0]);
        self.part_features::<1>(scene, ends[0], ends[1]);
        self.part_features::<2>(scene, ends[1], ends[2]);
        self.part_features::<3>(scene, ends[2], ends[3]);
        self.part_features::<4>(scene, ends[3], ends[4]);
        self.part_features::<5>(scene, ends[4], ends[5]);
        table.weigh(&mut self.features);
        self.sum_parts(table, &ends);

        let mut places = self.features.chunks_exact(roles::PLACE).zip(&self.sums);
        let mut give = |read: &[usize], side: usize, out: &mut Vec<[f32; ROLE_LABELS]>| {
            for (&i, (place, situation)) in read.iter().zip(&mut places) {
                let word = table.scaled(self.words[side][i + PAD]);
                let place = table.scaled(Sum::of(place));
                let mut score = [0.0; ROLE_LABELS];
                for k in 0..WIDTH {
                    score[k + 1] = word[k] + place[k] + situation[k];
                }
                out.push(score);
            }
        };
        out.clear();
        give(left, 0, out);
        out.resize(read.len() - right.len(), [0.0, NEVER, NEVER, NEVER, NEVER]);
        give(right, 1, out);
    }

    /// Sums the features of words, and of those around them, that are the same for all cues on one side.
    fn add_words(&mut self, table: &Table, view: &View, read: &[usize], side: usize) {
        let item = |at: usize| view.item(at.wrapping_sub(PAD));
        self.wanted.clear();
        self.features.clear();
        // Where the last word's surroundings end.
        let mut end = 0;
        for &i in read {
            for at in (i + PAD - REACH).max(end)..=i + PAD + REACH {
                if std::mem::replace(&mut self.done[side][at], true) {
                    continue;
                }
                let (before, x, after) = (item(at - 1), item(at), item(at + 1));
                let unit = roles::unit_key(x, side, table.seed());
                let pair = roles::pair_key(before, x, side, table.seed());
                self.units.prefetch(unit);
                self.pairs.prefetch(pair);
                self.wanted.push(Wanted { at, unit, pair });
                self.features
                    .push(roles::three_feature(before, x, after, side));
            }
            end = i + PAD + REACH + 1;
        }
        let sums = &mut self.words[side];
        self.unknown.clear();
        for &w in &self.wanted {
            let (before, x) = (item(w.at - 1), item(w.at));
            if let Some(unit) = self.units.get(w.unit) {
                add_unit(sums, w.at, unit);
            } else {
                self.features
                    .extend_from_slice(&roles::unit_features(x, side));
                self.unknown.push(Unknown::Unit(w));
            }
            if let Some(pair) = self.pairs.get(w.pair) {
                add_pair(sums, w.at, pair);
            } else {
                self.features
                    .extend_from_slice(&roles::pair_features(before, x, side));
                self.unknown.push(Unknown::Pair(w));
            }
        }
        table.weigh(&mut self.features);
        let (threes, mut rest) = self.features.split_at(self.wanted.len());
        for (w, three) in self.wanted.iter().zip(threes) {
            sums[w.at] += Sum::of(&[*three]);
        }
        let mut take = |n: usize| Sum::of(split_off(&mut rest, n));
        for &unknown in &self.unknown {
            match unknown {
                Unknown::Unit(w) => {
                    let unit = roles::UNIT.map(&mut take);
                    add_unit(sums, w.at, &unit);
                    self.units.keep(w.unit, unit);
                }
                Unknown::Pair(w) => {
                    let pair = roles::PAIR.map(&mut take);
                    add_pair(sums, w.at, &pair);
                    self.pairs.keep(w.pair, pair);
                }
            }
        }
    }

    /// Notes where a part of the situation changes; gives the number of changes so far.
    fn find_changes(&mut self, part: usize, about: u64) -> usize {
        if part == 0 {
            self.changes.clear();
        }
        let mut before = u64::MAX;
        for (place, situation) in self.situations.iter().enumerate() {
            let now = situation.0[part];
            if now != before {
                let key = pair(about, now & u64::from(u32::MAX));
                self.parts.prefetch(key);
                self.changes.push(Change {
                    place,
                    key,
                    kept: None,
                });
                before = now;
            }
        }
        self.changes.len()
    }

    /// Puts into the buffer the features of a part of the situation where it changes; those that other
    /// cues share only where their sum is not kept.
    #[inline(always)]
    fn part_features<const K: usize>(&mut self, scene: &Scene, from: usize, end: usize) {
        for c in &mut self.changes[from..end] {
            let packed = self.situations[c.place].0[K];
            c.kept = self.parts.get(c.key).map(|x| x[0]);
            if c.kept.is_none() {
                scene.situation_features::<K>(packed, Which::Shared, &mut self.features);
            }
            scene.situation_features::<K>(packed, Which::Own, &mut self.features);
        }
    }

    /// Sums the parts of each situation; `ends` says where the changes of each part end.
    fn sum_parts(&mut self, table: &Table, ends: &[usize; Situation::PARTS]) {
        self.sums.clear();
        self.sums.resize(self.situations.len(), [0.0; WIDTH]);
        let mut rest = &self.features[self.situations.len() * roles::PLACE..];
        let mut from = 0;
        for (part, &end) in ends.iter().enumerate() {
            let changes = &self.changes[from..end];
            from = end;
            let next = changes.iter().skip(1).map(|c| c.place);
            let stops = next.chain([self.situations.len()]);
            for (c, stop) in changes.iter().zip(stops) {
                let shared = c.kept.unwrap_or_else(|| {
                    let sum = Sum::of(split_off(&mut rest, Situation::SHARED[part]));
                    self.parts.keep(c.key, [sum]);
                    sum
                });
                let own = Sum::of(split_off(&mut rest, Situation::OWN[part]));
                let now = table.scaled(shared + own);
                for sum in &mut self.sums[c.place..stop] {
                    for (s, x) in sum.iter_mut().zip(now) {
                        *s += x;
                    }
                }
            }
        }
    }
}

/// Takes the first `n` off a slice.
fn split_off<'f>(rest: &mut &'f [u64], n: usize) -> &'f [u64] {
    let (first, others) = rest.split_at(n);
    *rest = others;
    first
}

/// Adds what a word says of itself, the words after and before it, and those beyond.
#[inline]
fn add_unit(words: &mut [Sum], at: usize, [own, after, before, second, first]: &[Sum; 5]) {
    let near = &mut words[at - 2..=at + 2];
    for (sum, x) in near.iter_mut().zip([first, before, own, after, second]) {
        *sum += *x;
    }
}

/// Adds what a word and the one before it say of themselves and of the words beside them.
#[inline]
fn add_pair(words: &mut [Sum], at: usize, [own, before, after, first]: &[Sum; 4]) {
    let near = &mut words[at - 2..=at + 1];
    for (sum, x) in near.iter_mut().zip([first, before, own, after]) {
        *sum += *x;
    }
}

#[cfg(test)]
mod tests {
    use super::super::roles::{Candidate, labelled, window};
    use super::super::{Model, weights::WIDTH};
    use super::{NEVER, Scene, Scorer, Sum, View};
    use crate::attribution::words::Words;
    use crate::text::Text;

    /// What is kept gives what summing all features anew gives.
    #[test]
    fn scores_are_sums_of_all_features() {
        let source = "“The bridge is safe,” said Mayor Ann Lee. She told reporters that it had been \
            checked, and that nobody, she thought, would ask why.\n\nHe said: “No.” Nobody said that.";
        let text = Text::new(source).expect("a text");
        let model = Model::english();
        let mut view = View::new(Words::new(&text));
        view.set_priors(|stem| model.priors.bin(stem));
        let mut scorer = Scorer::new();
        let mut scene = Scene::default();
        let (mut read, mut scores, mut features) = (Vec::new(), Vec::new(), Vec::new());
        let verbs = |&i: &usize| view.words.tagged[i].info.is_cue_verb();
        let cues: Vec<usize> = (0..view.len()).filter(verbs).collect();
        assert!(cues.len() > 4);
        // The second time most sums are kept.
        for &i in &[&cues[..], &cues].concat() {
            let cue = (i, i + 1);
            if i == cues[0] {
                scorer.begin(view.len());
            }
            let words = window(&view, cue);
            scene.set(&view, Candidate { cue, score: 0.7 }, words);
            labelled(&view, cue, words, &mut read);
            scorer.scores(&model.roles, &view, &scene, &read, &mut scores);
            assert_eq!(scores.len(), read.len());
            for (score, &word) in scores.iter().zip(&read) {
                features.clear();
                scene.features(&view, word, &mut features);
                model.roles.weigh(&mut features);
                let all = model.roles.scaled(Sum::of(&features));
                for k in 0..WIDTH {
                    let should = if word == i { NEVER } else { all[k] };
                    assert!((score[k + 1] - should).abs() < 1e-4, "{word} from {i}");
                }
            }
        }
    }
}
