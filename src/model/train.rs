//! Trains the cue model, and on the cues that it proposes for unseen texts the role model.

use crate::attribution::draft::Draft;
use crate::attribution::words::{Range, Words};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::error::{Error, Result};
use crate::text::{Span, Text};

use super::crf::Solver;
use super::decode::{Bias, CONTENT, CUE_LABELS, ROLE_LABELS, SOURCE, candidates, draft};
use super::gold::GoldDocument;
use super::learn::{Counter, Index, Recipe, Sequences, Trained, mean, train};
use super::priors::Counts;
use super::rank::Odds;
use super::roles::{Candidate, Scene, labelled, window};
use super::view::View;
use super::weights::Table;
use super::{Header, Model, TrainOptions, cues, evaluate, rank};

/// Texts are dealt into so many parts; the cues of each are proposed by a model of the others.
const PARTS: usize = 3;

/// What training is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// "cues", "roles", "whole" or "thresholds".
    pub stage: &'static str,
    /// The epoch that ended last, from 1; 0 before that.
    pub epoch: u32,
    /// Of so many.
    pub epochs: u32,
    /// Mean negative log-likelihood of a sequence.
    pub loss: f64,
}

/// An annotated attribution in words.
struct Target {
    cue: Range,
    source: Vec<Range>,
    content: Vec<Range>,
}

impl Target {
    fn has_cue(&self) -> bool {
        self.cue.0 < self.cue.1
    }

    /// Whether an attribution counts as this one: contents overlap by half, sources share a word.
    fn is_met(&self, view: &View, d: &Draft) -> bool {
        let words = |ranges: &[Range]| -> Vec<u32> {
            let all = ranges.iter().flat_map(|r| r.0..r.1);
            let words = all.filter(|&i| view.words.tagged[i].word);
            let mut words: Vec<u32> = words.map(|i| i as u32).collect();
            words.sort_unstable();
            words
        };
        let source: Vec<Range> = d.source.into_iter().collect();
        evaluate::agreement(
            [&words(&self.content), &words(&d.content)],
            [&words(&self.source), &words(&source)],
        )
        .is_some()
    }
}

fn words_of(text: &Text, s: Span) -> Range {
    let first = text.words.partition_point(|w| w.span.end <= s.start);
    let end = text.words.partition_point(|w| w.span.start < s.end);
    (first, end.max(first))
}

fn targets(text: &Text, gold: &GoldDocument) -> Vec<Target> {
    gold.top_level()
        .map(|a| {
            let ranges = |spans: &[Span]| -> Vec<Range> {
                spans
                    .iter()
                    .map(|&s| words_of(text, s))
                    .filter(|r| r.0 < r.1)
                    .collect()
            };
            // The first piece of the cue stands for all; a verb that begins inside its pronoun (you’ve
            // said) is left to that.
            let mut cue = ranges(&a.cue).first().copied().unwrap_or_default();
            let inside = a.cue.iter().any(|s| {
                let word = text.words[cue.0].span;
                word.start < s.start && s.start < word.end
            });
            if inside && cue.1 - cue.0 > 1 {
                cue.0 += 1;
            }
            Target {
                cue,
                source: ranges(&a.source),
                content: ranges(&a.content),
            }
        })
        .collect()
}

/// Trains a model; where there is a development set, as long as it becomes likelier.
pub(super) fn run(
    gold: &[GoldDocument],
    dev: &[GoldDocument],
    options: &TrainOptions,
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Model> {
    // The development set comes last; nothing is counted in it.
    let known = gold.len();
    let texts = gold
        .iter()
        .chain(dev)
        .map(|g| Text::new(&g.text))
        .collect::<Result<Vec<_>>>()?;
    let mut views: Vec<View> = texts.iter().map(|t| View::new(Words::new(t))).collect();
    let targets: Vec<Vec<Target>> = texts
        .iter()
        .zip(gold.iter().chain(dev))
        .map(|(t, g)| targets(t, g))
        .collect();

    let all = targets[..known].iter().flatten();
    let reported = all.filter(|t| t.has_cue()).count();
    let bare = bare(&views[..known], &targets);
    let mut own: Vec<Counts> = views
        .iter()
        .zip(&targets[..known])
        .map(|(v, t)| counts(v, t))
        .collect();
    own.resize(views.len(), Counts::default());
    let mut counts = Counts::default();
    for o in &own {
        counts.merge(o);
    }
    for (v, own) in views.iter_mut().zip(&own) {
        v.set_priors(|stem| counts.bin_without(stem, own));
    }

    let (cue_data, cue_index, owner) = cue_sequences(&views, known, &targets, options);
    let recipe = Recipe {
        epochs: options.epochs,
        rate: options.rate_for(reported),
        dropout: options.dropout,
        l2: 0.0,
        seed: options.seed,
    };
    let part = |doc: usize| doc % PARTS;
    let which = |leave_out: Option<usize>| -> Vec<u32> {
        (0..cue_data.len() as u32)
            .filter(|&k| {
                let doc = owner[k as usize].0;
                doc < known && Some(part(doc)) != leave_out
            })
            .collect()
    };
    let watch: Vec<u32> = (0..cue_data.len() as u32)
        .filter(|&k| owner[k as usize].0 >= known)
        .collect();
    let rounds = options.rounds.max(1);
    let seeded = |round: u64| Recipe {
        seed: options.seed.wrapping_mul(1000).wrapping_add(round),
        ..recipe.clone()
    };
    // The whole first, in several rounds of which the mean is taken; then without each part.
    let jobs: Vec<(Option<usize>, u64)> = (0..rounds)
        .map(|r| (None, r))
        .chain((0..PARTS).map(|p| (Some(p), 0)))
        .collect();
    let mut trained = in_parallel(
        &jobs,
        options,
        "cues",
        &|(leave_out, round), after| {
            let recipe = seeded(round);
            train::<CUE_LABELS>(
                &cue_data,
                &which(leave_out),
                &watch,
                cue_index.len(),
                &recipe,
                after,
            )
        },
        progress,
    )?;
    let parts = trained.split_off(rounds as usize);
    let cue = mean(trained).ok_or(Error::Interrupted)?;

    // Cues as a model proposes them that has not seen the text.
    let mut proposed: Vec<Vec<Candidate>> = views.iter().map(|_| Vec::new()).collect();
    let mut solvers: Vec<Solver<CUE_LABELS>> =
        parts.iter().map(|p| Solver::new(&p.chain)).collect();
    let mut scores = Vec::new();
    for (k, &(doc, start)) in owner.iter().enumerate() {
        let p = part(doc);
        cue_data.scores(k, &parts[p].weights, &mut scores);
        candidates(
            &mut solvers[p],
            &scores,
            start,
            options.bias.cue,
            &mut proposed[doc],
        );
    }
    drop(parts);
    for (v, found) in views.iter_mut().zip(&proposed) {
        v.set_cues(found);
    }
    let features = cue_index.features();
    let cues = Table::quantise(&features, &cue, options.prune);
    drop((cue_data, cue_index, features));

    let work = role_work(&targets, &proposed);
    let (role_data, role_index, trains) = role_sequences(&views, known, &work, options);
    let (all, watch): (Vec<u32>, Vec<u32>) = (0..role_data.len() as u32).partition(|&k| k < trains);
    let without = |leave_out: Option<usize>| -> Vec<u32> {
        let stays = |&k: &u32| Some(part(work[k as usize].0)) != leave_out;
        all.iter().copied().filter(stays).collect()
    };
    let mut trained = in_parallel(
        &jobs,
        options,
        "roles",
        &|(leave_out, round), after| {
            let recipe = seeded(round);
            train::<ROLE_LABELS>(
                &role_data,
                &without(leave_out),
                &watch,
                role_index.len(),
                &recipe,
                after,
            )
        },
        progress,
    )?;
    let parts = trained.split_off(rounds as usize);
    let role = mean(trained).ok_or(Error::Interrupted)?;
    let roles = Table::quantise(&role_index.features(), &role, options.prune);

    // Attributions as chains propose them that have not seen the text.
    let (data, index, trains) = whole_sequences(&views, known, &work, &role_data, &parts, options);
    let (all, watch): (Vec<u32>, Vec<u32>) = (0..data.len() as u32).partition(|&k| k < trains);
    let rounds: Vec<u64> = (0..rounds).collect();
    let trained = in_parallel(
        &rounds,
        options,
        "whole",
        &|round, after| {
            let recipe = seeded(round);
            train::<2>(&data, &all, &watch, index.len(), &recipe, after)
        },
        progress,
    )?;
    let trained = mean(trained).ok_or(Error::Interrupted)?;
    let whole = Table::quantise(&index.features(), &trained, options.prune);
    Ok(Model {
        header: Header {
            documents: gold.len(),
            attributions: reported,
            ..options.header()
        },
        bias: Bias {
            bare,
            ..options.bias.clone()
        },
        priors: counts.priors(),
        cue_chain: cue.chain,
        role_chain: role.chain,
        cues,
        roles,
        whole,
        whole_chain: trained.chain,
    })
}

/// What a thread tells of its job.
enum Told<R> {
    Epoch(u32, f64),
    Done(Option<R>),
}

/// How often `progress` is asked at least: whoever waits can stop the training.
const ASK: std::time::Duration = std::time::Duration::from_millis(100);

/// Does the jobs on a few threads; results come in their order. `progress` is called on this thread
/// and told of the first job.
fn in_parallel<J: Copy + Sync, R: Send>(
    jobs: &[J],
    options: &TrainOptions,
    stage: &'static str,
    work: &(impl Fn(J, &dyn Fn(u32, f64) -> bool) -> Option<R> + Sync),
    progress: &mut dyn FnMut(Progress) -> bool,
) -> Result<Vec<R>> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut state = Progress {
        stage,
        epoch: 0,
        epochs: options.epochs,
        loss: 0.0,
    };
    let mut done: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        for _ in 0..options.threads.clamp(1, jobs.len().max(1)) {
            let tell = tell.clone();
            let (next, stop) = (&next, &stop);
            scope.spawn(move || {
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&job) = jobs.get(k) else {
                        return;
                    };
                    // Nobody listens any more only where a panic is on its way.
                    let after = |epoch: u32, loss: f64| {
                        let _ = tell.send((k, Told::Epoch(epoch + 1, loss)));
                        !stop.load(Ordering::Relaxed)
                    };
                    let result = work(job, &after);
                    let _ = tell.send((k, Told::Done(result)));
                }
            });
        }
        drop(tell);
        loop {
            match told.recv_timeout(ASK) {
                Ok((0, Told::Epoch(epoch, loss))) => {
                    state.epoch = epoch;
                    state.loss = loss;
                }
                Ok((k, Told::Done(result))) => done[k] = result,
                Ok(_) | Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
            }
            if !stop.load(Ordering::Relaxed) && !progress(state) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    if stop.load(Ordering::Relaxed) {
        return Err(Error::Interrupted);
    }
    Ok(done.into_iter().flatten().collect())
}

/// The share of quotations without cue and source, as the rules find them, that are annotated as such.
fn bare(views: &[View], targets: &[Vec<Target>]) -> f32 {
    let (mut right, mut all) = (0, 0);
    for (v, targets) in views.iter().zip(targets) {
        for d in v.rules.iter().filter(|d| d.is_bare()) {
            all += 1;
            right += usize::from(targets.iter().any(|t| t.is_met(v, d)));
        }
    }
    // None at all says nothing.
    (right as f32 + 1.0) / (all as f32 + 2.0)
}

fn counts(view: &View, targets: &[Target]) -> Counts {
    let mut cue = vec![false; view.len()];
    for t in targets {
        cue[t.cue.0..t.cue.1].fill(true);
    }
    let mut counts = Counts::default();
    for (x, &cue) in view.items.iter().zip(&cue) {
        counts.add(x.stem, cue);
    }
    counts
}

/// One sequence a sentence that may hold a cue; with each its document and first word. The features
/// are those of the first `known` texts.
fn cue_sequences(
    views: &[View],
    known: usize,
    targets: &[Vec<Target>],
    options: &TrainOptions,
) -> (Sequences, Index, Vec<(usize, usize)>) {
    let mut features = Vec::new();
    let mut counter = Counter::new();
    let mut frame = cues::Frame::default();
    for v in &views[..known] {
        for (k, &(a, b)) in v.sentences.iter().enumerate() {
            frame.set(v, k);
            for i in (a..b).filter(|&i| cues::open(v, i)) {
                features.clear();
                cues::features(v, &frame, i, &mut features);
                counter.add(&features);
            }
        }
    }
    let mut index = Index::new(counter, options.least_count);
    let mut data = Sequences::default();
    let mut owner = Vec::new();
    for (doc, (v, targets)) in views.iter().zip(targets).enumerate() {
        let mut labels = vec![0_u8; v.len()];
        for t in targets.iter().filter(|t| t.has_cue()) {
            labels[t.cue.0] = 1;
            labels[t.cue.0 + 1..t.cue.1].fill(2);
        }
        for (k, &(a, b)) in v.sentences.iter().enumerate() {
            if !(a..b).any(|i| cues::open(v, i)) {
                continue;
            }
            frame.set(v, k);
            let mut before = 0;
            for (i, &given) in (a..b).zip(&labels[a..b]) {
                if !cues::open(v, i) {
                    data.push_closed();
                    before = 0;
                    continue;
                }
                features.clear();
                cues::features(v, &frame, i, &mut features);
                // A cue whose first word is closed begins at the next.
                let label = if given == 2 && before == 0 { 1 } else { given };
                before = label;
                data.push(&features, label, &mut index);
            }
            data.end_sequence();
            owner.push((doc, a));
        }
    }
    (data, index, owner)
}

/// A document, a cue in it, the annotated attribution that has that cue, and whether a model has proposed
/// the cue.
type Work<'t> = (usize, Candidate, Option<&'t Target>, bool);

/// The proposed cues, and those that were missed.
fn role_work<'t>(targets: &'t [Vec<Target>], proposed: &[Vec<Candidate>]) -> Vec<Work<'t>> {
    let overlap = |a: Range, b: Range| a.1.min(b.1).saturating_sub(a.0.max(b.0));
    let mut work: Vec<Work> = Vec::new();
    for (doc, (found, targets)) in proposed.iter().zip(targets).enumerate() {
        let mut met = vec![false; targets.len()];
        for &c in found {
            let best = (0..targets.len())
                .filter(|&k| overlap(targets[k].cue, c.cue) > 0)
                .max_by_key(|&k| (overlap(targets[k].cue, c.cue), std::cmp::Reverse(k)));
            if let Some(k) = best {
                met[k] = true;
            }
            work.push((doc, c, best.map(|k| &targets[k]), true));
        }
        let missed = targets.iter().zip(met);
        for (t, _) in missed.filter(|(t, met)| t.has_cue() && !met) {
            let missed = Candidate {
                cue: t.cue,
                score: 0.3,
            };
            work.push((doc, missed, Some(t), false));
        }
    }
    work
}

/// One sequence a cue; how many of them are of the first `known` texts, which the features are of.
fn role_sequences(
    views: &[View],
    known: usize,
    work: &[Work],
    options: &TrainOptions,
) -> (Sequences, Index, u32) {
    let trains = work.partition_point(|w| w.0 < known);
    let mut features = Vec::new();
    let mut read = Vec::new();
    let mut scene = Scene::default();
    let mut counter = Counter::new();
    for &(doc, c, _, _) in &work[..trains] {
        let v = &views[doc];
        let range = window(v, c.cue);
        scene.set(v, c, range);
        labelled(v, c.cue, range, &mut read);
        for &i in read.iter().filter(|&&i| i < c.cue.0 || i >= c.cue.1) {
            features.clear();
            scene.features(v, i, &mut features);
            counter.add(&features);
        }
    }
    let mut index = Index::new(counter, options.least_count);
    let mut data = Sequences::default();
    for &(doc, c, target, _) in work {
        let v = &views[doc];
        let range = window(v, c.cue);
        scene.set(v, c, range);
        let mut labels = vec![0_u8; range.1 - range.0];
        let mut mark = |ranges: &[Range], begin: u8| {
            for r in ranges {
                let (a, b) = (r.0.max(range.0), r.1.min(range.1));
                if a < b {
                    labels[a - range.0] = begin;
                    labels[a + 1 - range.0..b - range.0].fill(begin + 1);
                }
            }
        };
        if let Some(t) = target {
            mark(&t.content, CONTENT);
            mark(&t.source, SOURCE);
        }
        let mut before = 0;
        labelled(v, c.cue, range, &mut read);
        for &i in &read {
            if c.cue.0 <= i && i < c.cue.1 {
                data.push_closed();
                before = 0;
                continue;
            }
            let mut label = labels[i - range.0];
            // What the cue or a source has cut begins anew.
            if label > 0 && label.is_multiple_of(2) && before != label && before + 1 != label {
                label -= 1;
            }
            before = label;
            features.clear();
            scene.features(v, i, &mut features);
            data.push(&features, label, &mut index);
        }
        data.end_sequence();
    }
    (data, index, trains as u32)
}

/// One sequence, of one position, an attribution as the chains propose it: whether it is right. How many
/// of them are of the first `known` texts, which the features are of.
fn whole_sequences(
    views: &[View],
    known: usize,
    work: &[Work],
    roles: &Sequences,
    parts: &[Trained<ROLE_LABELS>],
    options: &TrainOptions,
) -> (Sequences, Index, u32) {
    let mut solvers: Vec<Solver<ROLE_LABELS>> =
        parts.iter().map(|p| Solver::new(&p.chain)).collect();
    let (mut scores, mut read) = (Vec::new(), Vec::new());
    let mut found: Vec<(usize, Draft, Odds, bool)> = Vec::new();
    for (k, &(doc, c, target, proposed)) in work.iter().enumerate() {
        if !proposed {
            continue;
        }
        let p = doc % PARTS;
        roles.scores(k, &parts[p].weights, &mut scores);
        let v = &views[doc];
        labelled(v, c.cue, window(v, c.cue), &mut read);
        if let Some((d, odds)) = draft(v, &options.bias, &mut solvers[p], &scores, c, &read) {
            let right = target.is_some_and(|t| t.is_met(v, &d));
            found.push((doc, d, odds, right));
        }
    }
    let trains = found.partition_point(|s| s.0 < known);
    let mut features = Vec::new();
    let mut counter = Counter::new();
    for (doc, d, odds, _) in &found[..trains] {
        features.clear();
        rank::features(&views[*doc], d, *odds, &mut features);
        counter.add(&features);
    }
    let mut index = Index::new(counter, options.least_count);
    let mut data = Sequences::default();
    for (doc, d, odds, right) in &found {
        features.clear();
        rank::features(&views[*doc], d, *odds, &mut features);
        data.push(&features, u8::from(*right), &mut index);
        data.end_sequence();
    }
    (data, index, trains as u32)
}

impl TrainOptions {
    /// What a model says of how it came about.
    fn header(&self) -> Header {
        Header {
            data: self.data.clone(),
            epochs: self.epochs,
            seed: self.seed,
            ..Header::default()
        }
    }
}
