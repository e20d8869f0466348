//! Linear chains: the best labels, their probabilities, and the odds of label sets.
//!
//! Label 0 is outside. Odd labels begin a span, the even label after one goes on with it.

// Labels index several small arrays at once: a loop over their numbers reads best.
#![allow(clippy::needless_range_loop)]

/// What no label sequence may have.
pub(super) const NEVER: f32 = -1e4;

/// Weights of the first label and of neighbouring labels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chain<const L: usize> {
    pub(super) first: [f32; L],
    pub(super) next: [[f32; L]; L],
}

/// Whether label `b` may follow label `a`; `a` is 0 at the start.
pub(super) const fn may_follow(a: usize, b: usize) -> bool {
    b == 0 || b % 2 == 1 || a == b || a + 1 == b
}

impl<const L: usize> Chain<L> {
    /// A chain that only forbids what makes no spans.
    pub(super) fn new() -> Self {
        let mut chain = Self {
            first: [0.0; L],
            next: [[0.0; L]; L],
        };
        for b in 0..L {
            if !may_follow(0, b) {
                chain.first[b] = NEVER;
            }
            for a in 0..L {
                if !may_follow(a, b) {
                    chain.next[a][b] = NEVER;
                }
            }
        }
        chain
    }

    pub(super) fn add(&mut self, other: &Self) {
        for b in 0..L {
            self.first[b] += other.first[b];
            for a in 0..L {
                self.next[a][b] += other.next[a][b];
            }
        }
    }

    pub(super) fn divide(&mut self, by: f32) {
        self.first = self.first.map(|x| x / by);
        self.next = self.next.map(|row| row.map(|x| x / by));
    }
}

/// Room for computing on chains, used again and again.
#[derive(Clone, Debug)]
pub(super) struct Solver<const L: usize> {
    chain: Chain<L>,
    first: [f32; L],
    next: [[f32; L]; L],
    /// `next`, rows and columns exchanged.
    turned: [[f32; L]; L],
    emit: Vec<[f32; L]>,
    alpha: Vec<[f32; L]>,
    /// Log of the sum over all label sequences, but for what was taken out of the scores.
    log: f32,
    back: Vec<[u8; L]>,
    /// Probability of each label at each position, after [`Self::marginals`].
    pub(super) marginals: Vec<[f32; L]>,
    /// The best labels, after [`Self::best`].
    pub(super) labels: Vec<u8>,
}

fn total<const L: usize>(x: &[f32; L]) -> f32 {
    x.iter().sum()
}

/// A row times a matrix, so that the processor can work on several columns at once.
#[inline]
fn times<const L: usize>(row: &[f32; L], matrix: &[[f32; L]; L]) -> [f32; L] {
    let mut out = [0.0; L];
    for a in 0..L {
        for b in 0..L {
            out[b] += row[a] * matrix[a][b];
        }
    }
    out
}

/// e to the power of `x`, at most 0, to 5 in a million: 2 to the whole part by the bits of the number,
/// to the rest by a polynomial (Taylor's, around the middle). Below -60 it is 0: the products of smaller
/// numbers would be denormal, which processors are slow at. The same on every machine, and without
/// branches, so that several are computed at once.
#[inline]
fn exp(x: f32) -> f32 {
    /// 1.5 * 2^23: what is added to it is rounded, and stands in its lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let kept = x.max(-60.0) * std::f32::consts::LOG2_E;
    let rounded = kept + ROUND;
    let y = (kept - (rounded - ROUND)) * std::f32::consts::LN_2;
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    let tail = 1.0 / 120.0 + y * (1.0 / 720.0);
    let tail = 0.5 + y * (1.0 / 6.0 + y * (1.0 / 24.0 + y * tail));
    let whole = power * (1.0 + y * (1.0 + y * tail));
    if x < -60.0 { 0.0 } else { whole }
}

impl<const L: usize> Solver<L> {
    pub(super) fn new(chain: &Chain<L>) -> Self {
        let mut solver = Self {
            chain: chain.clone(),
            first: [0.0; L],
            next: [[0.0; L]; L],
            turned: [[0.0; L]; L],
            emit: Vec::new(),
            alpha: Vec::new(),
            log: 0.0,
            back: Vec::new(),
            marginals: Vec::new(),
            labels: Vec::new(),
        };
        solver.set(chain);
        solver
    }

    /// Takes other weights.
    pub(super) fn set(&mut self, chain: &Chain<L>) {
        self.chain = chain.clone();
        self.first = chain.first.map(f32::exp);
        self.next = chain.next.map(|row| row.map(f32::exp));
        for a in 0..L {
            for b in 0..L {
                self.turned[b][a] = self.next[a][b];
            }
        }
    }

    /// Exponentials of the scores, each position's greatest taken out; their logarithms' sum.
    fn exponentials(&mut self, scores: &[[f32; L]]) -> f32 {
        self.emit.clear();
        let mut shift = 0.0;
        for s in scores {
            let max = s.iter().fold(f32::MIN, |a, &b| a.max(b));
            shift += max;
            self.emit.push(s.map(|x| x - max));
        }
        for x in self.emit.as_flattened_mut() {
            *x = exp(*x);
        }
        shift
    }

    /// Logs of the sums over all label sequences; each of `allowed` leaves labels out everywhere. What
    /// does not wait for each other is computed side by side.
    fn forward<const N: usize>(&mut self, allowed: [[bool; L]; N]) -> [f32; N] {
        let allowed = allowed.map(|set| set.map(|a| f32::from(u8::from(a))));
        self.alpha.clear();
        let mut logs = [0.0; N];
        // Logarithms are dear: that of a product is taken before it can vanish.
        let mut products = [1.0_f32; N];
        let mut last = [[0.0; L]; N];
        for (t, emit) in self.emit.iter().enumerate() {
            for n in 0..N {
                let mut now = if t == 0 {
                    self.first
                } else {
                    times(&last[n], &self.next)
                };
                for b in 0..L {
                    now[b] *= emit[b] * allowed[n][b];
                }
                let sum = total(&now).max(f32::MIN_POSITIVE);
                let part = 1.0 / sum;
                last[n] = now.map(|x| x * part);
                products[n] *= sum;
                if !(1e-16..1e16).contains(&products[n]) {
                    logs[n] += products[n].ln();
                    products[n] = 1.0;
                }
            }
            self.alpha.push(last[0]);
        }
        std::array::from_fn(|n| logs[n] + products[n].ln())
    }

    /// Log of the sum over all label sequences.
    pub(super) fn sum(&mut self, scores: &[[f32; L]]) -> f32 {
        let shift = self.exponentials(scores);
        [self.log] = self.forward([[true; L]]);
        self.log + shift
    }

    /// As [`Self::sum`], but gives the probability that only allowed labels occur.
    pub(super) fn sum_and_odds(&mut self, scores: &[[f32; L]], allowed: [bool; L]) -> f32 {
        self.exponentials(scores);
        let [log, part] = self.forward([[true; L], allowed]);
        self.log = log;
        (part - log).exp().clamp(0.0, 1.0)
    }

    /// Fills [`Self::marginals`]; gives the log of the sum over all label sequences.
    pub(super) fn marginals(&mut self, scores: &[[f32; L]]) -> f32 {
        let log = self.sum(scores);
        let n = scores.len();
        self.marginals.clear();
        self.marginals.resize(n, [0.0; L]);
        let mut beta = [1.0; L];
        for t in (0..n).rev() {
            if t + 1 < n {
                for (x, e) in beta.iter_mut().zip(&self.emit[t + 1]) {
                    *x *= e;
                }
                let before = times(&beta, &self.turned);
                let part = 1.0 / total(&before).max(f32::MIN_POSITIVE);
                beta = before.map(|x| x * part);
            }
            let mut p = [0.0; L];
            for b in 0..L {
                p[b] = self.alpha[t][b] * beta[b];
            }
            let part = 1.0 / total(&p).max(f32::MIN_POSITIVE);
            self.marginals[t] = p.map(|x| x * part);
        }
        log
    }

    /// Probability of each pair of labels at `t - 1` and `t`; to be called after
    /// [`Self::marginals`].
    pub(super) fn joint(&self, t: usize) -> [[f32; L]; L] {
        let mut joint = [[0.0; L]; L];
        // beta[b] in terms of what is stored: marginal / alpha, up to a factor.
        let mut sum = 0.0;
        for b in 0..L {
            let after = self.marginals[t][b] / self.alpha[t][b].max(1e-20);
            for a in 0..L {
                joint[a][b] = self.alpha[t - 1][a] * self.next[a][b] * self.emit[t][b] * after;
                sum += joint[a][b];
            }
        }
        joint.map(|row| row.map(|x| x / f32::max(sum, f32::MIN_POSITIVE)))
    }

    /// Probability of each label at `t` after label `a`; to be called after [`Self::marginals`].
    fn after(&self, t: usize, a: usize) -> [f32; L] {
        let mut p = [0.0; L];
        for b in 0..L {
            let rest = self.marginals[t][b] / self.alpha[t][b].max(1e-20);
            p[b] = self.next[a][b] * self.emit[t][b] * rest;
        }
        let part = 1.0 / total(&p).max(f32::MIN_POSITIVE);
        p.map(|x| x * part)
    }

    /// The likeliest span of the label `begin` that shares a word with `near` and lies in `within`;
    /// to be called after [`Self::marginals`].
    pub(super) fn likeliest(
        &self,
        begin: u8,
        near: (usize, usize),
        within: (usize, usize),
    ) -> Option<(usize, usize)> {
        let begin = usize::from(begin);
        let mut best: Option<((usize, usize), f32)> = None;
        for a in within.0..near.1 {
            let (mut p, mut label) = (self.marginals[a][begin], begin);
            for b in a + 1..=within.1 {
                if p <= best.map_or(1e-6, |x| x.1) {
                    break;
                }
                let on = if b < self.marginals.len() {
                    self.after(b, label)[begin + 1]
                } else {
                    0.0
                };
                let whole = p * (1.0 - on);
                if b > near.0 && best.is_none_or(|x| whole > x.1) {
                    best = Some(((a, b), whole));
                }
                p *= on;
                label = begin + 1;
            }
        }
        best.map(|x| x.0)
    }

    /// Probability that only allowed labels occur, by the scores that [`Self::sum`] was called for
    /// last.
    pub(super) fn odds(&mut self, allowed: [bool; L]) -> f32 {
        let [part] = self.forward([allowed]);
        (part - self.log).exp().clamp(0.0, 1.0)
    }

    /// Log score of a label sequence.
    pub(super) fn score(&self, scores: &[[f32; L]], labels: &[u8]) -> f32 {
        let mut sum = 0.0;
        let mut last: Option<usize> = None;
        for (s, &b) in scores.iter().zip(labels) {
            let b = usize::from(b);
            sum += s[b]
                + match last {
                    None => self.chain.first[b],
                    Some(a) => self.chain.next[a][b],
                };
            last = Some(b);
        }
        sum
    }

    /// Fills [`Self::labels`] with the best sequence; `bias` is added to every position's scores.
    pub(super) fn best(&mut self, scores: &[[f32; L]], bias: [f32; L]) {
        self.back.clear();
        let mut last = [0.0; L];
        for (t, s) in scores.iter().enumerate() {
            let mut now = [0.0; L];
            let mut from = [0_u8; L];
            for b in 0..L {
                let (mut best, mut arg) = (f32::MIN, 0);
                if t == 0 {
                    best = self.chain.first[b];
                } else if b > 0 && b % 2 == 0 {
                    // Only the same span goes on.
                    for a in [b - 1, b] {
                        let x = last[a] + self.chain.next[a][b];
                        if x > best {
                            best = x;
                            arg = a;
                        }
                    }
                } else {
                    for (a, &x) in last.iter().enumerate() {
                        let x = x + self.chain.next[a][b];
                        if x > best {
                            best = x;
                            arg = a;
                        }
                    }
                }
                now[b] = best + s[b] + bias[b];
                from[b] = arg as u8;
            }
            self.back.push(from);
            last = now;
        }
        let mut label = 0;
        for b in 1..L {
            if last[b] > last[label] {
                label = b;
            }
        }
        self.labels.clear();
        self.labels.resize(scores.len(), 0);
        for t in (0..scores.len()).rev() {
            self.labels[t] = label as u8;
            label = usize::from(self.back[t][label]);
        }
    }
}

/// The spans of label `begin` (odd) in a label sequence.
pub(super) fn spans(labels: &[u8], begin: u8) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (t, &label) in labels.iter().enumerate() {
        if label == begin {
            found.push((t, t + 1));
        } else if label == begin + 1
            && let Some(last) = found.last_mut().filter(|s| s.1 == t)
        {
            last.1 = t + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Chain, Solver, may_follow, spans};

    /// All label sequences with their scores, by counting.
    fn all(chain: &Chain<3>, scores: &[[f32; 3]]) -> Vec<(Vec<u8>, f32)> {
        let solver = Solver::new(chain);
        (0..3_usize.pow(scores.len() as u32))
            .map(|n| {
                let labels: Vec<u8> = (0..scores.len())
                    .map(|t| (n / 3_usize.pow(t as u32) % 3) as u8)
                    .collect();
                let score = solver.score(scores, &labels);
                (labels, score)
            })
            .collect()
    }

    #[test]
    fn agrees_with_counting() {
        let mut chain = Chain::<3>::new();
        chain.next[0][1] = -0.5;
        chain.next[1][2] = 0.7;
        chain.first[0] = 0.3;
        let scores = [
            [0.1, 0.5, -0.2],
            [0.0, 0.2, 0.9],
            [0.3, -0.4, 0.1],
            [0.0, 1.1, 0.4],
        ];
        let all = all(&chain, &scores);
        let z: f32 = all.iter().map(|(_, s)| s.exp()).sum();
        let mut solver = Solver::new(&chain);
        let log = solver.marginals(&scores);
        assert!((log - z.ln()).abs() < 1e-4);
        for t in 0..4 {
            for b in 0..3 {
                let p: f32 = all
                    .iter()
                    .filter(|(l, _)| l[t] == b)
                    .map(|(_, s)| s.exp())
                    .sum();
                assert!((solver.marginals[t][b as usize] - p / z).abs() < 1e-4);
            }
        }
        // The likeliest span of label 1 at position 1: of all sequences that have it.
        let exactly = |span: (usize, usize)| -> f32 {
            let having = all.iter().filter(|(l, _)| spans(l, 1).contains(&span));
            having.map(|(_, s)| s.exp()).sum()
        };
        let best = (0..=1_usize)
            .flat_map(|a| (2..=4_usize).map(move |b| (a, b)))
            .max_by(|&x, &y| exactly(x).total_cmp(&exactly(y)));
        assert_eq!(solver.likeliest(1, (1, 2), (0, 4)), best);
        let none: f32 = all
            .iter()
            .filter(|(l, _)| l.iter().all(|&b| b == 0))
            .map(|(_, s)| s.exp())
            .sum();
        assert!((solver.odds([true, false, false]) - none / z).abs() < 1e-4);
        solver.best(&scores, [0.0; 3]);
        let best = all.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("some");
        assert_eq!(solver.labels, best.0);
        for pair in best.0.windows(2) {
            assert!(may_follow(usize::from(pair[0]), usize::from(pair[1])));
        }
    }

    #[test]
    fn exponentials_are_right() {
        for k in 0..1500 {
            let x = k as f32 * -0.04;
            let (is, should) = (super::exp(x), x.exp());
            assert!(
                (is - should).abs() <= should * 5e-6,
                "{x}: {is}, not {should}"
            );
        }
        assert!(super::exp(-1e4) <= 0.0);
    }

    #[test]
    fn spans_begin_with_their_label() {
        assert_eq!(
            spans(&[1, 2, 0, 1, 1, 2, 3, 4], 1),
            [(0, 2), (3, 4), (4, 6)]
        );
        assert_eq!(spans(&[1, 2, 0, 1, 1, 2, 3, 4], 3), [(6, 8)]);
    }
}
