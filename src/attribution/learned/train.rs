//! Training the models on gold data: priors of stems, the cue model, and the role model on cues that
//! a cue model predicts which has not seen the text.

use rustc_hash::FxHashMap;

use super::super::words::{Range, Words};
use super::super::{Attribution, attribute};
use super::tokens::Tokens;
use super::{
    AttributionModel, CUE_LABELS, Facts, FoundCue, GoldAttribution, GoldText, LEAST_CUE,
    ROLE_LABELS, cues, find_cues, pieces, roles, row, window,
};
use crate::error::Result;
use crate::model::crf::{Crf, Lattice, Sequences, Training};
use crate::text::{Span, Text};

/// Parts of the texts that cues are predicted for by a model of the others.
const FOLDS: usize = 3;

/// How a model is trained.
#[derive(Clone, Debug)]
pub struct TrainingOptions {
    /// Passes over the data.
    pub epochs: usize,
    /// Step size of `AdaGrad`.
    pub rate: f32,
    /// Share of the features that a word is seen without.
    pub dropout: f32,
    /// Rows of the hashed features of each model.
    pub rows: usize,
    /// The same seed gives the same model.
    pub seed: u64,
    /// Attributions less sure than this are left out by the model.
    pub threshold: f32,
    /// What the model file says of its training data.
    pub trained_on: String,
}

impl Default for TrainingOptions {
    fn default() -> Self {
        Self {
            epochs: 10,
            rate: 0.1,
            dropout: 0.6,
            rows: 1 << 20,
            seed: 1,
            threshold: 0.4,
            trained_on: String::new(),
        }
    }
}

/// What training is at.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// What is trained.
    pub what: &'static str,
    /// Epochs done.
    pub epoch: usize,
}

/// Gold attributions in words.
struct Gold {
    cue: Vec<Range>,
    source: Vec<Range>,
    content: Vec<Range>,
}

struct Prepared<'a, 't> {
    text: &'a Text<'t>,
    words: Words<'a, 't>,
    rules: Vec<Attribution>,
    gold: Vec<Gold>,
    stems: Vec<u64>,
}

/// How often a stem is a cue, in bins.
fn bin(cues: u32, all: u32) -> u8 {
    if cues == 0 {
        return 0;
    }
    match cues as f32 / (all as f32 + 3.0) {
        p if p < 0.02 => 1,
        p if p < 0.1 => 2,
        p if p < 0.3 => 3,
        p if p < 0.6 => 4,
        _ => 5,
    }
}

impl AttributionModel {
    /// Trains a model on gold data; attributions inside another's content are left out. After an
    /// epoch `report` is told what is done; it says whether to go on.
    ///
    /// # Errors
    /// [`crate::Error::TextTooLong`]; [`crate::Error::Interrupted`] where `report` says so.
    pub fn train(
        gold: &[GoldText],
        options: &TrainingOptions,
        mut report: impl FnMut(Progress) -> bool,
    ) -> Result<Self> {
        let texts: Vec<Text<'_>> = gold
            .iter()
            .map(|g| Text::new(&g.text))
            .collect::<Result<_>>()?;
        let docs: Vec<Prepared<'_, '_>> = texts
            .iter()
            .zip(gold)
            .map(|(text, g)| prepare(text, g))
            .collect();
        let counts: Vec<FxHashMap<u64, (u32, u32)>> = docs.iter().map(stem_counts).collect();
        let mut all: FxHashMap<u64, (u32, u32)> = FxHashMap::default();
        for doc in &counts {
            for (stem, n) in doc {
                let sum = all.entry(*stem).or_default();
                sum.0 += n.0;
                sum.1 += n.1;
            }
        }
        // A text sees the priors that the others give it.
        let tokens: Vec<Tokens<'_, '_, '_>> = docs
            .iter()
            .zip(&counts)
            .map(|(d, own)| {
                Tokens::new(d.text, &d.words, &d.rules, |stem| {
                    let (c, n) = all.get(&stem).copied().unwrap_or_default();
                    let (oc, on) = own.get(&stem).copied().unwrap_or_default();
                    bin(c - oc, n - on)
                })
            })
            .collect();
        let how = Training {
            epochs: options.epochs,
            rate: options.rate,
            dropout: options.dropout,
            seed: options.seed,
        };
        let cue_data = |keep: &dyn Fn(usize) -> bool| {
            let mut data = Sequences::default();
            for k in (0..docs.len()).filter(|&k| keep(k)) {
                cue_sequences(&docs[k], &tokens[k], options.rows, &mut data);
            }
            data.drop_rare(options.rows);
            data
        };
        // Cues as a model sees them that does not know the text.
        let mut role_data = Sequences::default();
        let mut lattice = Lattice::default();
        for fold in 0..FOLDS {
            let data = cue_data(&|k| k % FOLDS != fold);
            let crf = Crf::train(&data, CUE_LABELS, options.rows, how, |epoch| {
                report(Progress {
                    what: "cues, in part",
                    epoch: fold * options.epochs + epoch,
                })
            })?;
            for k in (fold..docs.len()).step_by(FOLDS) {
                let found = find_cues(&crf, docs[k].text, &tokens[k], LEAST_CUE, &mut lattice);
                role_sequences(&docs[k], &tokens[k], &found, options.rows, &mut role_data);
            }
        }
        role_data.drop_rare(options.rows);
        let roles = Crf::train(&role_data, ROLE_LABELS, options.rows, how, |epoch| {
            report(Progress {
                what: "roles",
                epoch,
            })
        })?;
        drop(role_data);
        let data = cue_data(&|_| true);
        let cues = Crf::train(&data, CUE_LABELS, options.rows, how, |epoch| {
            report(Progress {
                what: "cues",
                epoch,
            })
        })?;
        let priors = all
            .into_iter()
            .map(|(stem, (c, n))| (stem, bin(c, n)))
            .filter(|p| p.1 > 0)
            .collect();
        Ok(Self {
            priors,
            cues,
            roles,
            facts: Facts {
                threshold: options.threshold,
                trained_on: options.trained_on.clone(),
                texts: gold.len(),
                attributions: docs.iter().map(|d| d.gold.len()).sum(),
                epochs: options.epochs,
                seed: options.seed,
            },
        })
    }
}

fn prepare<'a, 't>(text: &'a Text<'t>, gold: &GoldText) -> Prepared<'a, 't> {
    let ranges = |spans: &[Span]| -> Vec<Range> {
        let word = |s: &Span| {
            (
                text.words.partition_point(|w| w.span.end <= s.start),
                text.words.partition_point(|w| w.span.start < s.end),
            )
        };
        spans.iter().map(word).filter(|r| r.0 < r.1).collect()
    };
    let words = Words::new(text);
    let rules = attribute(text);
    let tokens = Tokens::new(text, &words, &[], |_| 0);
    let stems = tokens.list.iter().map(|t| t.stem).collect();
    Prepared {
        text,
        rules,
        gold: gold
            .attributions
            .iter()
            .filter(|a| !gold.attributions.iter().any(|b| inside(a, b)))
            .map(|a| Gold {
                cue: ranges(&a.cue),
                source: ranges(&a.source),
                content: ranges(&a.content),
            })
            .collect(),
        stems,
        words,
    }
}

/// Whether an attribution stands in the content of another.
fn inside(a: &GoldAttribution, b: &GoldAttribution) -> bool {
    let held = |s: &Span| b.content.iter().any(|c| c.contains(*s));
    let own = |x: &GoldAttribution| x.content.iter().map(|s| s.len()).sum::<u32>();
    own(b) > own(a) && a.content.iter().chain(&a.cue).all(held)
}

/// For each stem of a text how often it is in a cue, and how often it is there.
fn stem_counts(doc: &Prepared<'_, '_>) -> FxHashMap<u64, (u32, u32)> {
    let mut counts: FxHashMap<u64, (u32, u32)> = FxHashMap::default();
    for stem in &doc.stems {
        counts.entry(*stem).or_default().1 += 1;
    }
    for r in doc.gold.iter().flat_map(|g| &g.cue) {
        for i in r.0..r.1 {
            if doc.words.tagged[i].word {
                counts.entry(doc.stems[i]).or_default().0 += 1;
            }
        }
    }
    counts
}

fn cue_sequences(doc: &Prepared<'_, '_>, t: &Tokens<'_, '_, '_>, rows: usize, out: &mut Sequences) {
    let mut labels = vec![0_u8; t.list.len()];
    for r in doc.gold.iter().flat_map(|g| &g.cue) {
        labels[r.0..r.1].fill(2);
        labels[r.0] = 1;
    }
    for (first, end) in pieces(doc.text) {
        for (i, &label) in labels.iter().enumerate().take(end).skip(first) {
            cues::features(t, i, first, end, |h| out.features.push(row(h, rows)));
            out.ends.push(out.features.len() as u32);
            out.labels.push(label);
        }
        out.sequences.push(out.labels.len() as u32);
    }
}

fn role_sequences(
    doc: &Prepared<'_, '_>,
    t: &Tokens<'_, '_, '_>,
    found: &[FoundCue],
    rows: usize,
    out: &mut Sequences,
) {
    let mut of_word: Vec<Vec<u32>> = Vec::new();
    for cue in found {
        let words = cue.words;
        let window = window(doc.text, t, words);
        let n = window.1 - window.0;
        let gold = doc
            .gold
            .iter()
            .find(|g| g.cue.iter().any(|r| r.0 < words.1 && words.0 < r.1));
        let mut labels = vec![0_u8; n];
        if let Some(g) = gold {
            for (ranges, label) in [(&g.content, 3), (&g.source, 1)] {
                for r in ranges {
                    let (from, to) = (r.0.max(window.0), r.1.min(window.1));
                    if from < to {
                        labels[from - window.0..to - window.0].fill(label + 1);
                        labels[from - window.0] = label;
                    }
                }
            }
        }
        of_word.iter_mut().for_each(Vec::clear);
        of_word.resize_with(of_word.len().max(n), Vec::new);
        roles::features(t, words, window, |k, h| of_word[k].push(row(h, rows)));
        for (features, label) in of_word.iter().zip(labels) {
            out.features.extend_from_slice(features);
            out.ends.push(out.features.len() as u32);
            out.labels.push(label);
        }
        out.sequences.push(out.labels.len() as u32);
    }
}
