//! Training of linear chains: steps of adaptive size (`AdaGrad`) on the log-likelihood, feature
//! dropout, averaging.

// Labels index several small arrays at once: a loop over their numbers reads best.
#![allow(clippy::needless_range_loop)]

use rustc_hash::FxHashMap;

use super::crf::{Chain, NEVER, Solver, may_follow};

/// Counts features approximately, in one byte each: which were seen more than once.
pub(super) struct Counter {
    seen: Vec<u8>,
}

const COUNTER_BITS: u32 = 26;

impl Counter {
    pub(super) fn new() -> Self {
        Self {
            seen: vec![0; 1 << COUNTER_BITS],
        }
    }

    fn slot(feature: u64) -> usize {
        (feature.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - COUNTER_BITS)) as usize
    }

    pub(super) fn add(&mut self, features: &[u64]) {
        for &feature in features {
            let x = &mut self.seen[Self::slot(feature)];
            *x = x.saturating_add(1);
        }
    }

    fn often(&self, feature: u64, least: u8) -> bool {
        self.seen[Self::slot(feature)] >= least
    }
}

/// Numbers of the features that were seen often enough.
pub(super) struct Index {
    counter: Counter,
    least: u8,
    ids: FxHashMap<u64, u32>,
}

impl Index {
    pub(super) fn new(counter: Counter, least: u8) -> Self {
        Self {
            counter,
            least,
            ids: FxHashMap::default(),
        }
    }

    fn id(&mut self, feature: u64) -> Option<u32> {
        if !self.counter.often(feature, self.least) {
            return None;
        }
        let next = self.ids.len() as u32;
        Some(*self.ids.entry(feature).or_insert(next))
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Features by number.
    pub(super) fn features(&self) -> Vec<u64> {
        let mut list = vec![0; self.ids.len()];
        for (&feature, &id) in &self.ids {
            list[id as usize] = feature;
        }
        list
    }
}

/// Label sequences with the features of each position.
#[derive(Default)]
pub(super) struct Sequences {
    ids: Vec<u32>,
    /// Where the features of each position end.
    ends: Vec<usize>,
    pub(super) labels: Vec<u8>,
    /// Positions that can only be outside.
    closed: Vec<bool>,
    /// Where each sequence ends.
    stops: Vec<usize>,
}

impl Sequences {
    pub(super) fn push(&mut self, features: &[u64], label: u8, index: &mut Index) {
        self.ids
            .extend(features.iter().filter_map(|&f| index.id(f)));
        self.ends.push(self.ids.len());
        self.labels.push(label);
        self.closed.push(false);
    }

    /// A position that is outside whatever its features say.
    pub(super) fn push_closed(&mut self) {
        self.ends.push(self.ids.len());
        self.labels.push(0);
        self.closed.push(true);
    }

    pub(super) fn end_sequence(&mut self) {
        self.stops.push(self.labels.len());
    }

    pub(super) fn len(&self) -> usize {
        self.stops.len()
    }

    /// Positions of a sequence.
    pub(super) fn range(&self, k: usize) -> (usize, usize) {
        (if k == 0 { 0 } else { self.stops[k - 1] }, self.stops[k])
    }

    fn features(&self, t: usize) -> &[u32] {
        let start = if t == 0 { 0 } else { self.ends[t - 1] };
        &self.ids[start..self.ends[t]]
    }

    /// Scores of the labels at each position of a sequence.
    pub(super) fn scores<const L: usize>(
        &self,
        k: usize,
        weights: &[[f32; L]],
        out: &mut Vec<[f32; L]>,
    ) {
        let range = self.range(k);
        out.clear();
        for t in range.0..range.1 {
            let mut s = [0.0; L];
            for &id in self.features(t) {
                let w = &weights[id as usize];
                for l in 0..L {
                    s[l] += w[l];
                }
            }
            if self.closed[t] {
                s[1..].fill(NEVER);
            }
            out.push(s);
        }
    }
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recipe {
    pub(super) epochs: u32,
    pub(super) rate: f32,
    pub(super) dropout: bool,
    pub(super) l2: f32,
    pub(super) seed: u64,
}

/// A small random number generator (xorshift64*), the same everywhere.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let k = (self.next() >> 33) as usize % (i + 1);
            items.swap(i, k);
        }
    }
}

/// Weights of a trained chain.
pub(super) struct Trained<const L: usize> {
    pub(super) weights: Vec<[f32; L]>,
    pub(super) chain: Chain<L>,
}

/// The mean of models of the same features.
pub(super) fn mean<const L: usize>(models: Vec<Trained<L>>) -> Option<Trained<L>> {
    let n = models.len() as f32;
    let mut models = models.into_iter();
    let mut sum = models.next()?;
    for m in models {
        for (s, w) in sum.weights.iter_mut().zip(&m.weights) {
            for l in 0..L {
                s[l] += w[l];
            }
        }
        sum.chain.add(&m.chain);
    }
    for w in &mut sum.weights {
        *w = w.map(|x| x / n);
    }
    sum.chain.divide(n);
    Some(sum)
}

#[derive(Clone, Copy)]
struct Row<const L: usize> {
    weight: [f32; L],
    squares: [f32; L],
}

impl<const L: usize> Row<L> {
    const NEW: Self = Self {
        weight: [0.0; L],
        squares: [1e-2; L],
    };

    #[inline]
    fn step(&mut self, gradient: &[f32; L], scale: f32, recipe: &Recipe) {
        for l in 0..L {
            let g = gradient[l] * scale - recipe.l2 * self.weight[l];
            self.squares[l] += g * g;
            self.weight[l] += recipe.rate * g / self.squares[l].sqrt();
        }
    }
}

/// The mean of the weights at several points of training.
struct Average<const L: usize> {
    weights: Vec<[f32; L]>,
    chain: Vec<[f32; L]>,
    points: f32,
}

impl<const L: usize> Average<L> {
    fn new(n_features: usize) -> Self {
        Self {
            weights: vec![[0.0; L]; n_features],
            chain: vec![[0.0; L]; L + 1],
            points: 0.0,
        }
    }

    fn add(&mut self, rows: &[Row<L>], chain_rows: &[Row<L>]) {
        self.points += 1.0;
        add(&mut self.weights, rows);
        add(&mut self.chain, chain_rows);
    }

    fn mean(&self) -> Trained<L> {
        let mean = |w: &[f32; L]| w.map(|x| x / self.points.max(1.0));
        let chain: Vec<[f32; L]> = self.chain.iter().map(mean).collect();
        Trained {
            chain: chain_of(chain.iter()),
            weights: self.weights.iter().map(mean).collect(),
        }
    }
}

impl<const L: usize> Trained<L> {
    /// Mean negative log-likelihood of some sequences.
    fn loss(&self, data: &Sequences, which: &[u32]) -> f64 {
        let mut solver = Solver::new(&self.chain);
        let mut scores = Vec::new();
        let mut loss = 0.0;
        for &k in which {
            data.scores(k as usize, &self.weights, &mut scores);
            let (a, b) = data.range(k as usize);
            let log = solver.sum(&scores);
            loss += f64::from(log - solver.score(&scores, &data.labels[a..b]));
        }
        loss / which.len().max(1) as f64
    }
}

/// Epochs without a gain on what is watched, after which training stops.
const PATIENCE: u32 = 2;

/// Trains a chain on the sequences named in `which`; `after` is told of each epoch and its mean
/// loss, and says whether to go on: `None` where it does not. Where other sequences are to be
/// watched, training stops once they have not become likelier for two epochs, and what they were
/// likeliest by is the result.
pub(super) fn train<const L: usize>(
    data: &Sequences,
    which: &[u32],
    watch: &[u32],
    n_features: usize,
    recipe: &Recipe,
    mut after: impl FnMut(u32, f64) -> bool,
) -> Option<Trained<L>> {
    let mut rows = vec![Row::<L>::NEW; n_features];
    let mut chain_rows = vec![Row::<L>::NEW; L + 1];
    let mut average = Average::new(n_features);
    let mut best: Option<(f64, u32, Trained<L>)> = None;
    let mut random = Random::new(recipe.seed);
    let mut order: Vec<u32> = which.to_vec();
    let mut solver = Solver::new(&Chain::<L>::new());
    let (mut scores, mut kept, mut kept_ends) = (Vec::new(), Vec::<u32>::new(), Vec::new());
    let scale = if recipe.dropout { 2.0 } else { 1.0 };
    for epoch in 0..recipe.epochs {
        random.shuffle(&mut order);
        // The mean is of the second half; of the epochs since the last power of two where nobody
        // knows how many there will be.
        let averages = if watch.is_empty() {
            epoch * 2 >= recipe.epochs
        } else {
            epoch > 0
        };
        if !watch.is_empty() && epoch.is_power_of_two() {
            average = Average::new(n_features);
        }
        let mut loss = 0.0_f64;
        for (n, &k) in order.iter().enumerate() {
            let (a, b) = data.range(k as usize);
            scores.clear();
            kept.clear();
            kept_ends.clear();
            for t in a..b {
                let mut s = [0.0; L];
                let (mut bits, mut left) = (0_u64, 0_u32);
                for &id in data.features(t) {
                    if recipe.dropout {
                        if left == 0 {
                            bits = random.next();
                            left = 64;
                        }
                        let keep = bits & 1 == 1;
                        bits >>= 1;
                        left -= 1;
                        if !keep {
                            continue;
                        }
                    }
                    kept.push(id);
                    let w = &rows[id as usize].weight;
                    for l in 0..L {
                        s[l] += w[l] * scale;
                    }
                }
                kept_ends.push(kept.len());
                if data.closed[t] {
                    s[1..].fill(NEVER);
                }
                scores.push(s);
            }
            solver.set(&chain_of(chain_rows.iter().map(|r| &r.weight)));
            let log = solver.marginals(&scores);
            let labels = &data.labels[a..b];
            loss += f64::from(log - solver.score(&scores, labels));
            let mut start = 0;
            for (t, &end) in kept_ends.iter().enumerate() {
                let mut g = solver.marginals[t].map(|p| -p);
                g[usize::from(labels[t])] += 1.0;
                if g.iter().any(|x| x.abs() > 1e-3) && !data.closed[a + t] {
                    for &id in &kept[start..end] {
                        rows[id as usize].step(&g, scale, recipe);
                    }
                }
                start = end;
            }
            step_chain(&mut chain_rows, &solver, labels, recipe);
            // At a few points of each epoch.
            let last = n + 1 == order.len();
            if averages && (last || (n + 1) % (order.len() / 4 + 1) == 0) {
                average.add(&rows, &chain_rows);
            }
        }
        if !after(epoch, loss / order.len().max(1) as f64) {
            return None;
        }
        if averages && !watch.is_empty() {
            let now = average.mean();
            let loss = now.loss(data, watch);
            if best.as_ref().is_none_or(|b| loss < b.0) {
                best = Some((loss, epoch, now));
            } else if best.as_ref().is_some_and(|b| b.1 + PATIENCE <= epoch) {
                break;
            }
        }
    }
    if let Some((_, _, trained)) = best {
        return Some(trained);
    }
    if average.points == 0.0 {
        average.add(&rows, &chain_rows);
    }
    Some(average.mean())
}

fn add<const L: usize>(sums: &mut [[f32; L]], rows: &[Row<L>]) {
    for (s, r) in sums.iter_mut().zip(rows) {
        for l in 0..L {
            s[l] += r.weight[l];
        }
    }
}

/// The chain whose rows are: what follows each label, then the first label.
fn chain_of<'w, const L: usize>(rows: impl Iterator<Item = &'w [f32; L]>) -> Chain<L> {
    let mut chain = Chain::new();
    for (a, row) in rows.enumerate() {
        for b in 0..L {
            if a < L && may_follow(a, b) {
                chain.next[a][b] = row[b];
            } else if a == L && may_follow(0, b) {
                chain.first[b] = row[b];
            }
        }
    }
    chain
}

/// One step for the weights of neighbouring labels.
fn step_chain<const L: usize>(
    rows: &mut [Row<L>],
    solver: &Solver<L>,
    labels: &[u8],
    recipe: &Recipe,
) {
    let mut gradient = vec![[0.0_f32; L]; L + 1];
    for (t, &label) in labels.iter().enumerate() {
        if t == 0 {
            gradient[L][usize::from(label)] += 1.0;
            for b in 0..L {
                gradient[L][b] -= solver.marginals[0][b];
            }
        } else {
            gradient[usize::from(labels[t - 1])][usize::from(label)] += 1.0;
            let joint = solver.joint(t);
            for (g, j) in gradient.iter_mut().zip(&joint) {
                for b in 0..L {
                    g[b] -= j[b];
                }
            }
        }
    }
    for (row, g) in rows.iter_mut().zip(&gradient) {
        row.step(g, 1.0, recipe);
    }
}
