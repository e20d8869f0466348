//! A linear-chain conditional random field over hashed sparse features (Lafferty, `McCallum`, Pereira
//! 2001), trained by `AdaGrad` (Duchi, Hazan, Singer 2011) on the log-likelihood with feature dropout.

use crate::error::{Error, Result};

/// Sequences with the features of their words.
#[derive(Debug, Default)]
pub(crate) struct Sequences {
    /// Rows of the weights, all words one after the other.
    pub(crate) features: Vec<u32>,
    /// Where the features of each word end.
    pub(crate) ends: Vec<u32>,
    /// The label of each word.
    pub(crate) labels: Vec<u8>,
    /// Where the words of each sequence end.
    pub(crate) sequences: Vec<u32>,
}

impl Sequences {
    fn features_of(&self, word: usize) -> &[u32] {
        let from = if word == 0 { 0 } else { self.ends[word - 1] };
        &self.features[from as usize..self.ends[word] as usize]
    }

    fn words_of(&self, sequence: usize) -> std::ops::Range<usize> {
        let from = if sequence == 0 {
            0
        } else {
            self.sequences[sequence - 1]
        };
        from as usize..self.sequences[sequence] as usize
    }

    /// Drops the features that occur once: they say nothing of other texts.
    pub(crate) fn drop_rare(&mut self, rows: usize) {
        let mut seen = vec![0_u8; rows];
        for &f in &self.features {
            seen[f as usize] = seen[f as usize].saturating_add(1);
        }
        let mut kept = 0;
        let mut from = 0;
        for end in &mut self.ends {
            for k in from..*end as usize {
                let f = self.features[k];
                if seen[f as usize] > 1 {
                    self.features[kept] = f;
                    kept += 1;
                }
            }
            from = *end as usize;
            *end = kept as u32;
        }
        self.features.truncate(kept);
    }
}

/// How a field is trained.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Training {
    pub(crate) epochs: usize,
    pub(crate) rate: f32,
    /// Share of the features that each word is seen without.
    pub(crate) dropout: f32,
    pub(crate) seed: u64,
}

/// The weights of a field of `labels` labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Crf {
    pub(crate) labels: usize,
    /// A row of a weight a label for each feature.
    pub(crate) weights: Vec<f32>,
    /// From each label (the last: the beginning) to each label.
    pub(crate) steps: Vec<f32>,
}

/// A cheap generator of numbers that are the same everywhere (xorshift64*, Vigna 2016).
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to 1, exact in 24 bits.
    fn share(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    fn shuffle(&mut self, items: &mut [u32]) {
        for k in (1..items.len()).rev() {
            items.swap(k, (self.next() >> 33) as usize % (k + 1));
        }
    }
}

/// Working memory.
#[derive(Debug, Default)]
pub(crate) struct Lattice {
    scores: Vec<f32>,
    forward: Vec<f32>,
    backward: Vec<f32>,
    /// For each word the probability of each label.
    pub(crate) marginals: Vec<f32>,
}

fn log_sum(values: impl Iterator<Item = f32> + Clone) -> f32 {
    let most = values.clone().fold(f32::NEG_INFINITY, f32::max);
    most + values.map(|v| (v - most).exp()).sum::<f32>().ln()
}

impl Crf {
    pub(crate) fn new(labels: usize, rows: usize) -> Self {
        Self {
            labels,
            weights: vec![0.0; rows * labels],
            steps: vec![0.0; (labels + 1) * labels],
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.weights.len() / self.labels
    }

    /// Adds the weights of a feature to the scores of a word.
    #[inline]
    pub(crate) fn add(&self, row: u32, scores: &mut [f32]) {
        let at = row as usize * self.labels;
        for (s, w) in scores.iter_mut().zip(&self.weights[at..at + self.labels]) {
            *s += w;
        }
    }

    /// Fills the marginals of a lattice from scores, a row a word.
    pub(crate) fn marginals(&self, lattice: &mut Lattice, scores: &[f32]) {
        lattice.scores.clear();
        lattice.scores.extend_from_slice(scores);
        self.forward_backward(lattice);
    }

    fn forward_backward(&self, l: &mut Lattice) {
        let n = self.labels;
        let words = l.scores.len() / n;
        l.forward.resize(l.scores.len(), 0.0);
        l.backward.resize(l.scores.len(), 0.0);
        l.marginals.resize(l.scores.len(), 0.0);
        for k in 0..words {
            for b in 0..n {
                let before = if k == 0 {
                    self.steps[n * n + b]
                } else {
                    let last = &l.forward[(k - 1) * n..k * n];
                    log_sum((0..n).map(|a| last[a] + self.steps[a * n + b]))
                };
                l.forward[k * n + b] = before + l.scores[k * n + b];
            }
        }
        for k in (0..words).rev() {
            for a in 0..n {
                l.backward[k * n + a] = if k + 1 == words {
                    0.0
                } else {
                    let (scores, next) = (
                        &l.scores[(k + 1) * n..(k + 2) * n],
                        &l.backward[(k + 1) * n..(k + 2) * n],
                    );
                    log_sum((0..n).map(|b| self.steps[a * n + b] + scores[b] + next[b]))
                };
            }
        }
        let Some(last) = words.checked_sub(1) else {
            return;
        };
        let z = log_sum((0..n).map(|a| l.forward[last * n + a]));
        for k in 0..words * n {
            l.marginals[k] = (l.forward[k] + l.backward[k] - z).exp();
        }
    }

    /// Trains on `data`. After an epoch `report` is told how many are done; it says whether to go on.
    pub(crate) fn train(
        data: &Sequences,
        labels: usize,
        rows: usize,
        how: Training,
        mut report: impl FnMut(usize) -> bool,
    ) -> Result<Self> {
        let n = labels;
        let mut crf = Self::new(labels, rows);
        let mut sum = Self::new(labels, rows);
        let mut squares = vec![1.0_f32; rows * labels];
        let mut step_squares = vec![1.0_f32; crf.steps.len()];
        let mut order: Vec<u32> = (0..data.sequences.len() as u32).collect();
        let mut draw = Draw::new(how.seed);
        let mut l = Lattice::default();
        let mut kept: Vec<u32> = Vec::new();
        let mut kept_ends: Vec<usize> = Vec::new();
        let mut expected = vec![0.0_f32; crf.steps.len()];
        let from_epoch = how.epochs / 2;
        for epoch in 0..how.epochs {
            draw.shuffle(&mut order);
            for &s in &order {
                let words = data.words_of(s as usize);
                if words.is_empty() {
                    continue;
                }
                kept.clear();
                kept_ends.clear();
                l.scores.clear();
                l.scores.resize(words.len() * n, 0.0);
                for (k, word) in words.clone().enumerate() {
                    for &f in data.features_of(word) {
                        if draw.share() >= how.dropout {
                            kept.push(f);
                            crf.add(f, &mut l.scores[k * n..(k + 1) * n]);
                        }
                    }
                    kept_ends.push(kept.len());
                }
                crf.forward_backward(&mut l);
                // Steps: expected minus seen.
                expected.fill(0.0);
                let z = {
                    let last = words.len() - 1;
                    log_sum((0..n).map(|a| l.forward[last * n + a]))
                };
                for k in 0..words.len() {
                    let gold = data.labels[words.start + k] as usize;
                    for b in 0..n {
                        let tail = l.scores[k * n + b] + l.backward[k * n + b] - z;
                        if k == 0 {
                            expected[n * n + b] += (crf.steps[n * n + b] + tail).exp();
                        } else {
                            for a in 0..n {
                                expected[a * n + b] +=
                                    (l.forward[(k - 1) * n + a] + crf.steps[a * n + b] + tail)
                                        .exp();
                            }
                        }
                    }
                    let before = if k == 0 {
                        n
                    } else {
                        data.labels[words.start + k - 1] as usize
                    };
                    expected[before * n + gold] -= 1.0;
                }
                for ((w, g), sq) in crf.steps.iter_mut().zip(&expected).zip(&mut step_squares) {
                    *sq += g * g;
                    *w -= how.rate * g / sq.sqrt();
                }
                let mut from = 0;
                for (k, &end) in kept_ends.iter().enumerate() {
                    let gold = data.labels[words.start + k] as usize;
                    l.marginals[k * n + gold] -= 1.0;
                    let gradient = &l.marginals[k * n..(k + 1) * n];
                    if gradient.iter().any(|g| g.abs() > 1e-4) {
                        for &f in &kept[from..end] {
                            let at = f as usize * n;
                            let row = &mut crf.weights[at..at + n];
                            let squares = &mut squares[at..at + n];
                            for ((w, sq), g) in row.iter_mut().zip(squares).zip(gradient) {
                                *sq += g * g;
                                *w -= how.rate * g / sq.sqrt();
                            }
                        }
                    }
                    from = end;
                }
            }
            if epoch >= from_epoch {
                for (s, w) in sum.weights.iter_mut().zip(&crf.weights) {
                    *s += w;
                }
                for (s, w) in sum.steps.iter_mut().zip(&crf.steps) {
                    *s += w;
                }
            }
            if !report(epoch + 1) {
                return Err(Error::Interrupted);
            }
        }
        let count = (how.epochs - from_epoch).max(1) as f32;
        // All features are there when it is used.
        for w in &mut sum.weights {
            *w *= (1.0 - how.dropout) / count;
        }
        for w in &mut sum.steps {
            *w /= count;
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::{Crf, Lattice, Sequences, Training};

    /// Label 1 where feature 1 is, label 2 after it, else 0.
    fn data() -> Sequences {
        let mut data = Sequences::default();
        for k in 0..60_u32 {
            for word in 0..5 {
                data.features.push(u32::from(word == k % 4));
                data.features.push(2 + k % 3);
                data.ends.push(data.features.len() as u32);
                data.labels.push(match (word, k % 4) {
                    (w, c) if w == c => 1,
                    (w, c) if w == c + 1 => 2,
                    _ => 0,
                });
            }
            data.sequences.push(data.labels.len() as u32);
        }
        data
    }

    #[test]
    fn learns_and_repeats_itself() {
        let data = data();
        let how = Training {
            epochs: 20,
            rate: 0.3,
            dropout: 0.2,
            seed: 7,
        };
        let crf = Crf::train(&data, 3, 8, how, |_| true).expect("not stopped");
        let again = Crf::train(&data, 3, 8, how, |_| true).expect("not stopped");
        assert_eq!(crf, again);
        assert!(Crf::train(&data, 3, 8, how, |epoch| epoch < 2).is_err());
        let mut scores = vec![0.0; 15];
        for (k, f) in [0, 0, 1, 0, 0].into_iter().enumerate() {
            crf.add(f, &mut scores[k * 3..k * 3 + 3]);
            crf.add(3, &mut scores[k * 3..k * 3 + 3]);
        }
        let mut lattice = Lattice::default();
        crf.marginals(&mut lattice, &scores);
        let best: Vec<usize> = lattice
            .marginals
            .chunks(3)
            .map(|m| {
                assert!((m.iter().sum::<f32>() - 1.0).abs() < 1e-3);
                (0..3).max_by(|&a, &b| m[a].total_cmp(&m[b])).unwrap_or(0)
            })
            .collect();
        assert_eq!(best, [0, 0, 1, 2, 0]);
    }

    #[test]
    fn rare_features_go() {
        let mut data = data();
        data.features[0] = 7;
        data.drop_rare(8);
        assert!(!data.features.contains(&7));
        assert_eq!(
            *data.ends.last().unwrap_or(&0) as usize,
            data.features.len()
        );
    }
}
