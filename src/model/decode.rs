//! From scores to attributions: cues, their roles, and which of those that collide stay.

use std::cell::RefCell;

use crate::attribution::Class;
use crate::attribution::draft::{Draft, Pieces};
use crate::attribution::lexicon::Classes;
use crate::attribution::words::Range;

use super::crf::{NEVER, Solver, spans};
use super::evaluate::log_odds;
use super::rank::Odds;
use super::roles::{Candidate, Scene, labelled, window};
use super::score::Scorer;
use super::view::View;
use super::weights::Sum;
use super::{Model, cues, rank};

/// Labels of the cue model: outside, first word, further word.
pub(super) const CUE_LABELS: usize = 3;
/// Labels of the role model: outside, source (2), content (2).
pub(super) const ROLE_LABELS: usize = 5;
/// First word of a source.
pub(super) const SOURCE: u8 = 1;
/// First word of a content.
pub(super) const CONTENT: u8 = 3;

/// What the rules are so sure of stays where the model has nothing to say.
const SURE: f32 = 0.85;
/// What the chains think less likely is not looked at as a whole.
const FLOOR: f32 = 0.05;
/// What the rules are less sure of than this is no attribution inside another.
const NESTED: f32 = 0.4;
/// Scores of a word that is none of a cue.
const CLOSED: [f32; CUE_LABELS] = [0.0, NEVER, NEVER];

thread_local! {
    static SCORER: RefCell<Scorer> = RefCell::new(Scorer::new());
}

/// How readily attributions are proposed; found on development data.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bias {
    /// Added to the score of every word of a cue.
    pub cue: f32,
    /// Added to the score of every word of a content.
    pub content: f32,
    /// Added to the score of every word of a source.
    pub source: f32,
    /// An attribution is left without a source where that is likelier than this.
    pub sourceless: f32,
    /// Attributions less sure than this are dropped, before their score is calibrated.
    pub least: f32,
    /// The share of quotations without cue and source that are attributions, by the training data; where
    /// hardly any is, they are left out.
    #[serde(default)]
    pub bare: f32,
    /// What the log odds of a score are multiplied by, and what is added, to make it the share that is
    /// right.
    pub slope: f32,
    /// See [`Self::slope`].
    pub offset: f32,
}

impl Default for Bias {
    fn default() -> Self {
        Self {
            cue: 1.0,
            content: 0.2,
            source: 0.5,
            sourceless: 0.95,
            least: 0.2,
            bare: 0.5,
            slope: 1.0,
            offset: 0.0,
        }
    }
}

/// A bias of the set, to be changed.
type Field = fn(&mut Bias) -> &mut f32;

impl Bias {
    /// Biases that find more, at the price of what is wrong.
    pub(super) fn eager(&self) -> Self {
        Self {
            cue: self.cue + 1.5,
            least: 0.02,
            ..self.clone()
        }
    }

    /// The score that says how likely an attribution is right.
    fn calibrated(&self, score: f32) -> f32 {
        1.0 / (1.0 + (-(self.slope * log_odds(score) + self.offset)).exp())
    }

    /// What is tried for each bias.
    pub(super) const GRID: [(Field, &'static [f32]); 5] = [
        (
            |b| &mut b.cue,
            &[0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 3.5],
        ),
        (|b| &mut b.source, &[0.0, 0.25, 0.5, 0.75]),
        (|b| &mut b.content, &[0.0, 0.2, 0.4, 0.6]),
        (|b| &mut b.sourceless, &[0.8, 0.9, 0.95, 0.98]),
        (|b| &mut b.least, &[0.15, 0.2, 0.25, 0.3, 0.35, 0.4]),
    ];
}

/// The cues in a sentence that starts at word `start`: spans of the best labels, with how likely any
/// label but outside is.
pub(super) fn candidates(
    solver: &mut Solver<CUE_LABELS>,
    scores: &[[f32; CUE_LABELS]],
    start: usize,
    bias: f32,
    out: &mut Vec<Candidate>,
) {
    solver.best(scores, [0.0, bias, bias]);
    if solver.labels.iter().all(|&l| l == 0) {
        return;
    }
    solver.marginals(scores);
    let mut end = 0;
    for (a, b) in spans(&solver.labels, 1) {
        // What is likeliest in all is not what is likeliest of the cue alone.
        let Some((a, b)) = solver.likeliest(1, (a.max(end), b), (end, scores.len())) else {
            continue;
        };
        end = b;
        let score = solver.marginals[a..b]
            .iter()
            .fold(0.0_f32, |best, p| best.max(1.0 - p[0]));
        out.push(Candidate {
            cue: (start + a, start + b),
            score,
        });
    }
}

/// The proposed attributions of a text, surest first, not yet free of collisions.
fn propose(view: &mut View, model: &Model, bias: &Bias, scorer: &mut Scorer) -> Vec<Draft> {
    let mut found = Vec::new();
    let mut features = Vec::with_capacity(160);
    let mut scores: Vec<[f32; CUE_LABELS]> = Vec::new();
    let mut solver = Solver::new(&model.cue_chain);
    let mut open = Vec::new();
    let mut frame = cues::Frame::default();
    for (k, &(a, b)) in view.sentences.iter().enumerate() {
        open.clear();
        open.extend((a..b).filter(|&i| cues::open(view, i)));
        if open.is_empty() {
            continue;
        }
        // The rows of all words are asked for before the first is summed.
        frame.set(view, k);
        features.clear();
        for &i in &open {
            cues::features(view, &frame, i, &mut features);
        }
        model.cues.weigh(&mut features);
        let mut rest = &features[..];
        let each = rest.len() / open.len();
        // Words that are closed part the sentence: what is between them is solved on its own.
        for run in open.chunk_by(|x, y| x + 1 == *y) {
            let (start, end) = (run[0], run[0] + run.len());
            let first = if start > a { start - 1 } else { start };
            scores.clear();
            scores.resize(start - first, CLOSED);
            for _ in run {
                let (own, others) = rest.split_at(each);
                rest = others;
                let [x, y, _, _] = model.cues.scaled(Sum::of(own));
                scores.push([0.0, x, y]);
            }
            if end < b {
                scores.push(CLOSED);
            }
            candidates(&mut solver, &scores, first, bias.cue, &mut found);
        }
    }
    view.set_cues(&found);
    let mut solver = Solver::new(&model.role_chain);
    let mut scores: Vec<[f32; ROLE_LABELS]> = Vec::new();
    let mut scene = Scene::default();
    let mut read = Vec::new();
    scorer.begin(view.len());
    let mut drafts = Vec::with_capacity(found.len());
    for c in found {
        let window = window(view, c.cue);
        scene.set(view, c, window);
        labelled(view, c.cue, window, &mut read);
        scorer.scores(&model.roles, view, &scene, &read, &mut scores);
        if undergone(view, c.cue) {
            for (s, _) in scores.iter_mut().zip(&read).filter(|x| *x.1 < c.cue.0) {
                s[usize::from(SOURCE)] = NEVER;
                s[usize::from(SOURCE) + 1] = NEVER;
            }
        }
        let Some((mut d, odds)) = draft(view, bias, &mut solver, &scores, c, &read) else {
            continue;
        };
        features.clear();
        rank::features(view, &d, odds, &mut features);
        d.score = model.whole(&mut features);
        if d.score >= bias.least {
            drafts.push(d);
        }
    }
    drafts.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.cue.cmp(&b.cue)));
    drafts
}

/// The attribution of a cue, if it is likely enough; the scores are of the words `read`.
pub(super) fn draft(
    view: &View,
    bias: &Bias,
    solver: &mut Solver<ROLE_LABELS>,
    scores: &[[f32; ROLE_LABELS]],
    candidate: Candidate,
    read: &[usize],
) -> Option<(Draft, Odds)> {
    let empty = solver.sum_and_odds(scores, [true, true, true, false, false]);
    let score = candidate.score * (1.0 - empty);
    if score < FLOOR {
        return None;
    }
    solver.best(
        scores,
        [0.0, bias.source, bias.source, bias.content, bias.content],
    );
    let words = |r: Range| (read[r.0], read[r.1 - 1] + 1);
    // Hardly an attribution has no source: one is looked for harder before that is believed.
    let mut labels = std::mem::take(&mut solver.labels);
    if !labels.contains(&SOURCE) {
        let none = solver.odds([true, false, false, true, true]);
        if none < bias.sourceless {
            for push in [1.0, 2.0, 4.0, 6.0] {
                solver.best(
                    scores,
                    [
                        0.0,
                        bias.source + push,
                        bias.source + push,
                        bias.content,
                        bias.content,
                    ],
                );
                if solver.labels.contains(&SOURCE) {
                    labels.clone_from(&solver.labels);
                    break;
                }
            }
        }
    }
    let content: Vec<Range> = spans(&labels, CONTENT).into_iter().map(words).collect();
    if content.is_empty() {
        return None;
    }
    let content = directly(view, candidate.cue, content);
    let mut sources = spans(&labels, SOURCE);
    if sources.len() > 1 {
        solver.marginals(scores);
        let sure = |r: &Range| solver.marginals[r.0][usize::from(SOURCE)];
        sources.sort_by(|a, b| sure(a).total_cmp(&sure(b)));
    }
    let source = sources.pop().map(words);
    let odds = Odds {
        cue: candidate.score,
        content: 1.0 - empty,
    };
    let (class, negative) = meaning(view, candidate.cue);
    let rule = (candidate.cue.0..candidate.cue.1).find_map(|i| view.rule_at(i));
    let draft = Draft {
        content,
        cue: vec![candidate.cue],
        source,
        addressee: rule.and_then(|k| view.rules[k].addressee),
        class,
        negative,
        score,
    };
    Some((draft, odds))
}

/// Whether whoever stands before a cue is spoken to or of: "Lee was told", "they are accused".
fn undergone(view: &View, cue: Range) -> bool {
    let w = &view.words;
    let mut cue = (cue.0..cue.1).skip_while(|&i| !w.is(i, Classes::BE));
    cue.any(|i| w.is(i, Classes::UNDERGONE))
}

/// The content of direct speech is what stands in the marks: not what leads up to it before a colon or
/// comma (he said to her: “…”), nor what goes on beside the cue (“…,” he said, getting up).
fn directly(view: &View, cue: Range, mut content: Vec<Range>) -> Vec<Range> {
    let w = &view.words;
    // Quotations that follow on each other are pieces of their own.
    let parts = |r: Range| {
        let other = move |i: usize| {
            let (before, here) = (w.quote(i - 1), w.quote(i));
            before != 0 && here != 0 && before != here
        };
        let mut cuts: Vec<usize> = (r.0 + 1..r.1).filter(|&i| other(i)).collect();
        cuts.extend([r.0, r.1]);
        cuts.sort_unstable();
        cuts.windows(2).map(|c| (c[0], c[1])).collect::<Vec<_>>()
    };
    content = content.into_iter().flat_map(parts).collect();
    let clause = |r: Range| (r.0..r.1).any(|i| w.quote(i) == 0 && w.finite_looking(i));
    let quote_at = |i: usize| {
        let quotes = &w.text.quotes;
        (w.quote(i) as usize).checked_sub(1).map(|k| &quotes[k])
    };
    let mut speech = false;
    for piece in &mut content {
        let Some(first) = (piece.0..piece.1).find(|&i| w.quote(i) != 0) else {
            continue;
        };
        let Some(q) = quote_at(first).filter(|q| q.first_word as usize == first && q.closed) else {
            continue;
        };
        let end = q.end_word as usize;
        let stopped = matches!(
            w.mark(end.saturating_sub(2)),
            b',' | b'.' | b'!' | b'?' | b'-'
        );
        let led = first > 0 && matches!(w.mark(first - 1), b':' | b',');
        if stopped && end <= piece.1 && (led || first == piece.0) && !clause((piece.0, first)) {
            piece.0 = first;
            speech |= led || end <= cue.0 || first >= cue.1;
        }
    }
    if speech {
        content.retain(|r| (r.0..r.1).any(|i| w.quote(i) != 0));
    }
    content
}

/// Class and denial, by the lexicon.
fn meaning(view: &View, cue: Range) -> (Class, bool) {
    let w = &view.words;
    let denied = view
        .rule_at(cue.0)
        .or(view.rule_at(cue.1 - 1))
        .map(|k| view.rules[k].negative);
    let known = (cue.0..cue.1).rev().find_map(|i| {
        let info = w.tagged[i].info;
        w.lexicon
            .verb(info)
            .map(|v| (v.class, v.negative))
            .or_else(|| w.lexicon.noun(info).map(|n| (n.class, n.negative)))
    });
    let (class, negative) = known.unwrap_or((Class::Assertion, false));
    let negation = (cue.0..cue.1).any(|i| w.is(i, Classes::NEG));
    (class, denied.unwrap_or(negative ^ negation))
}

/// Finds the attributions of a text; those that collide with a surer one give way.
pub(super) fn decode(view: &mut View, model: &Model, bias: &Bias) -> Vec<Draft> {
    let mut content_of = vec![false; view.len()];
    let mut cue_of = vec![false; view.len()];
    let mut kept = Vec::new();
    let proposed = SCORER.with_borrow_mut(|scorer| propose(view, model, bias, scorer));
    for mut d in proposed {
        let taken = |i: usize| content_of[i] || cue_of[i];
        let cue = d.cue[0];
        if (cue.0..cue.1).any(taken) {
            continue;
        }
        let all = d.content_len();
        let mut content = Vec::with_capacity(d.content.len());
        for &(a, b) in &d.content {
            let mut start = a;
            for i in a..=b {
                if i == b || taken(i) {
                    if start < i {
                        content.push((start, i));
                    }
                    start = i + 1;
                }
            }
        }
        d.content = content;
        if d.content_len() * 2 < all.max(1) {
            continue;
        }
        for &(a, b) in &d.content {
            content_of[a..b].fill(true);
        }
        cue_of[cue.0..cue.1].fill(true);
        d.score = bias.calibrated(d.score);
        kept.push(d);
    }
    // What the rules say of quotations that nothing has claimed, of what they are sure of, and what marks
    // report: "NAME:".
    for d in &view.rules {
        let free = |r: &Range| (r.0..r.1).all(|i| !content_of[i] && !cue_of[i]);
        let quoted = |r: &Range| view.words.quote(r.0) != 0 && view.words.quote(r.1 - 1) != 0;
        let by_mark = !d.cue.is_empty() && d.cue.iter().all(|r| !view.words.tagged[r.0].word);
        if d.source.is_some()
            && d.content
                .iter()
                .all(|r| free(r) && (by_mark || d.score >= SURE || quoted(r)))
            && d.cue.iter().all(free)
        {
            for &(a, b) in &d.content {
                content_of[a..b].fill(true);
            }
            kept.push(Draft {
                score: d.score * 0.5,
                ..d.clone()
            });
        }
    }
    resume(view, &mut kept, &content_of);
    kept
}

/// “A,” he said, “b.”: a quotation that goes on after the cue in the same sentence.
fn resume(view: &View, drafts: &mut [Draft], claimed: &[bool]) {
    let w = &view.words;
    for d in drafts {
        let (Some(&last), Some(cue)) = (d.content.last(), d.cue.last()) else {
            continue;
        };
        let end = d.source.map_or(cue.1, |s| s.1.max(cue.1));
        let quoted = w.quote(last.1 - 1) != 0 && last.1 <= cue.0;
        if !quoted || w.mark(end) != b',' || w.quote(end + 1) == 0 || end + 1 >= view.len() {
            continue;
        }
        let q = &w.text.quotes[w.quote(end + 1) as usize - 1];
        let range = (q.first_word as usize, q.end_word as usize);
        if range.0 == end + 1 && !claimed[range.0..range.1].contains(&true) {
            d.content.push(range);
        }
    }
}

/// Inside the contents that were found, what the rules find there: attributions of a lower level.
pub(super) fn add_nested(view: &View, drafts: &mut Vec<Draft>) {
    let pieces = Pieces::new(drafts, |d| &d.content);
    let mut nested = Vec::new();
    for d in &view.rules {
        let Some(&cue) = d.cue.first().filter(|_| d.score >= NESTED) else {
            continue;
        };
        let all = || d.content.iter().chain(&d.cue).chain(&d.source);
        let holds = |piece: &Range| all().all(|r| piece.0 <= r.0 && r.1 <= piece.1);
        let inside = pieces.overlapping(cue).any(|k| {
            drafts[k].content.iter().any(holds) && drafts[k].content_len() > d.content_len()
        });
        if inside {
            nested.push(d.clone());
        }
    }
    drafts.extend(nested);
}
