//! Attribution by learned models: a field over the words of a sentence finds cues, another over the
//! words around a cue its source and content. What the rules find is among the features.
// Numbers of words and templates are small; short names keep the lists of features readable.
#![allow(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::many_single_char_names
)]

mod cues;
mod roles;
mod tokens;
mod train;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::words::{Range, Words};
use super::{Attribution, Class, MAX_SENTENCE, attribute, nesting, quotation};
use crate::error::{Error, Result};
use crate::model::crf::{Crf, Lattice};
use crate::model::file::{Reader, Writer};
use crate::text::{Span, Text};
use tokens::{Hint, Tokens};
pub use train::{Progress, TrainingOptions};

/// Words that the role model looks at to either side of a cue.
const WINDOW: usize = 80;
/// Cues less sure than this are not trained on.
const LEAST_CUE: f32 = 0.02;
/// The score of words that are not looked at, for being (part of) a cue.
const NO_CUE: f32 = -8.0;
/// Share of the surest word's probability that makes a word content, and source.
const CONTENT: f32 = 0.45;
const SOURCE: f32 = 0.4;
/// Labels of cues: none, first word, another.
const CUE_LABELS: usize = 3;
/// Labels of roles: none, first and other words of the source, of the content.
const ROLE_LABELS: usize = 5;

/// An attribution of gold data, in bytes.
#[derive(Clone, Debug, Default)]
pub struct GoldAttribution {
    /// What is said.
    pub content: Vec<Span>,
    /// The words that report it.
    pub cue: Vec<Span>,
    /// The words that name who says it.
    pub source: Vec<Span>,
}

/// A text of gold data.
#[derive(Clone, Debug, Default)]
pub struct GoldText {
    /// The text.
    pub text: String,
    /// Its attributions.
    pub attributions: Vec<GoldAttribution>,
}

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Attributions less sure than this are left out.
    pub threshold: f32,
    /// The training data.
    pub trained_on: String,
    /// Number of texts it was trained on.
    pub texts: usize,
    /// Number of their attributions.
    pub attributions: usize,
    /// Passes over the data.
    pub epochs: usize,
    /// The seed of its training.
    pub seed: u64,
}

/// A model of cues and roles.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributionModel {
    /// For stems that are cues how often they are, in bins from 1 to 5.
    priors: FxHashMap<u64, u8>,
    cues: Crf,
    roles: Crf,
    facts: Facts,
}

/// The row of a feature.
#[inline]
fn row(hash: u64, rows: usize) -> u32 {
    ((u128::from(hash.wrapping_mul(0xd6e8_feb8_6659_fd93)) * rows as u128) >> 64) as u32
}

/// The words around a cue that the role model looks at: those of its paragraph, and of the next
/// where the paragraph ends with a colon.
fn window(text: &Text<'_>, t: &Tokens<'_, '_, '_>, cue: Range) -> Range {
    let sentence = &text.sentences[t.list[cue.0].sentence as usize];
    let k = sentence.paragraph as usize;
    let words = |k: usize| {
        let p = &text.paragraphs[k];
        let first = text.sentences[p.first_sentence as usize].first_word as usize;
        (
            first,
            text.sentences[p.end_sentence as usize - 1].end_word as usize,
        )
    };
    let (first, mut end) = words(k);
    if k + 1 < text.paragraphs.len() && end > first && t.list[end - 1].symbol == b':' {
        end = words(k + 1).1;
    }
    (
        first.max(cue.0.saturating_sub(WINDOW)),
        end.min(cue.1 + WINDOW).max(cue.1),
    )
}

/// A cue that the model sees.
#[derive(Clone, Copy, Debug)]
struct FoundCue {
    words: Range,
    probability: f32,
}

/// The pieces of sentences that are sequences of the cue model.
fn pieces(text: &Text<'_>) -> impl Iterator<Item = Range> {
    text.sentences.iter().flat_map(|s| {
        let (first, end) = (s.first_word as usize, s.end_word as usize);
        (first..end)
            .step_by(MAX_SENTENCE)
            .map(move |from| (from, end.min(from + MAX_SENTENCE)))
    })
}

/// Whether a word may be of a cue: its stem is one elsewhere, or the rules say so, or a neighbour is.
fn may_be_cue(t: &Tokens<'_, '_, '_>, i: usize) -> bool {
    let strong = |k: usize| {
        t.list
            .get(k)
            .is_some_and(|x| x.prior >= 3 || matches!(x.hint, 1 | 2))
    };
    let own = &t.list[i];
    own.prior >= 2 || strong(i) || (own.prior > 0 && (strong(i + 1) || strong(i.wrapping_sub(1))))
}

/// The cues of a text that are at least so sure.
fn find_cues(
    crf: &Crf,
    text: &Text<'_>,
    t: &Tokens<'_, '_, '_>,
    least: f32,
    l: &mut Lattice,
) -> Vec<FoundCue> {
    let rows = crf.rows();
    let mut found = Vec::new();
    let mut scores = Vec::new();
    for (first, end) in pieces(text) {
        if !(first..end).any(|i| may_be_cue(t, i)) {
            continue;
        }
        scores.clear();
        scores.resize((end - first) * CUE_LABELS, 0.0);
        for i in first..end {
            let at = (i - first) * CUE_LABELS;
            let scores = &mut scores[at..at + CUE_LABELS];
            if !may_be_cue(t, i) {
                scores[1..].fill(NO_CUE);
                continue;
            }
            cues::features(t, i, first, end, |h| crf.add(row(h, rows), scores));
        }
        crf.marginals(l, &scores);
        let m = |i: usize, label: usize| {
            l.marginals
                .get((i - first) * CUE_LABELS + label)
                .copied()
                .unwrap_or(0.0)
        };
        for i in first..end {
            let probability = m(i, 1);
            if probability < least {
                continue;
            }
            let mut stop = i + 1;
            while stop < end && m(stop, 2) > 0.5 * probability && m(stop, 1) < 0.3 {
                stop += 1;
            }
            found.push(FoundCue {
                words: (i, stop),
                probability,
            });
        }
    }
    found
}

impl AttributionModel {
    /// The model that comes with the library, trained on articles that were written for it.
    pub fn english() -> &'static Arc<Self> {
        static MODEL: LazyLock<Arc<AttributionModel>> = LazyLock::new(|| {
            let bytes = include_bytes!("../../lang/en/attribution.model");
            // A test reads it.
            Arc::new(AttributionModel::from_bytes(bytes).expect("the bundled model"))
        });
        &MODEL
    }

    /// What the model says of itself.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The model as the bytes of a file: weights are rounded to 8 bits.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::new(&self.facts);
        out.table(self.priors.iter().map(|(&k, &v)| (k, v)).collect());
        out.crf(&self.cues);
        out.crf(&self.roles);
        out.finish()
    }

    /// A model from the bytes of [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`crate::Error::BadModel`] for anything else, and for changed bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (facts, mut reader) = Reader::new(bytes)?;
        let model = Self {
            priors: reader.table()?.into_iter().collect(),
            cues: reader.crf(CUE_LABELS)?,
            roles: reader.crf(ROLE_LABELS)?,
            facts,
        };
        reader.end()?;
        Ok(model)
    }

    /// A model from a file.
    ///
    /// # Errors
    /// [`crate::Error::Io`] where it cannot be read; [`crate::Error::BadModel`] as
    /// [`Self::from_bytes`].
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
        Self::from_bytes(&bytes)
    }

    /// Finds the attributions of a text, in text order.
    pub fn attribute(&self, text: &Text<'_>) -> Vec<Attribution> {
        let words = Words::new(text);
        let rules = attribute(text);
        let prior = |stem: u64| self.priors.get(&stem).copied().unwrap_or(0);
        let t = Tokens::new(text, &words, &rules, prior);
        let mut l = Lattice::default();
        // The score of an attribution is at most the root of its cue's.
        let least = self.facts.threshold.powi(2).max(LEAST_CUE);
        let mut drafts: Vec<Draft> = find_cues(&self.cues, text, &t, least, &mut l)
            .into_iter()
            .filter_map(|cue| self.draft(text, &t, cue, &mut l))
            .collect();
        drafts.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept: Vec<Draft> = Vec::new();
        for mut d in drafts {
            if let Some(h) = t.hints.iter().find(|h| overlap(&h.cue, &d.cue)) {
                d.class = h.class;
                d.negative = h.negative;
                d.addressee = h.addressee;
                d.source = d.source.or(h.source.first().copied());
                extend(&mut d, h);
            }
            if d.score >= self.facts.threshold && !collides(&d, &kept) {
                kept.push(d);
            }
        }
        // What marks report ("NAME:", "— NAME"), and what is reported inside a content, is for the
        // rules still.
        let marks = |h: &Hint| {
            let mut cue = h.cue.iter().flat_map(|r| r.0..r.1).peekable();
            cue.peek().is_some() && cue.all(|i| words.tagged[i].mark != 0)
        };
        let by_marks = t.hints.into_iter().filter(|h| marks(h));
        for h in by_marks.chain(t.nested) {
            if !kept.iter().any(|d| overlap(&d.cue, &h.cue)) {
                kept.push(h.draft());
            }
        }
        kept.sort_by_key(Draft::extent);
        kept.retain_mut(Draft::drop_empty);
        quotation::settle_quotations(&words, &mut kept);
        nesting::finish(&words, kept)
    }

    /// What the role model says of a cue.
    fn draft(
        &self,
        text: &Text<'_>,
        t: &Tokens<'_, '_, '_>,
        cue: FoundCue,
        l: &mut Lattice,
    ) -> Option<Draft> {
        let window = window(text, t, cue.words);
        let rows = self.roles.rows();
        let mut scores = vec![0.0; (window.1 - window.0) * ROLE_LABELS];
        roles::features(t, cue.words, window, |k, h| {
            let at = k * ROLE_LABELS;
            self.roles
                .add(row(h, rows), &mut scores[at..at + ROLE_LABELS]);
        });
        self.roles.marginals(l, &scores);
        let m: Vec<&[f32]> = l.marginals[..scores.len()].chunks(ROLE_LABELS).collect();
        let is = |k: usize, label: usize| m[k][label] + m[k][label + 1];
        // How likely the cue has a content at all; the rest is said as if it had.
        let some = (0..m.len()).map(|k| is(k, 3)).fold(0.0, f32::max);
        let content_at = |k: usize| is(k, 3) > CONTENT * some && is(k, 3) > is(k, 1);
        let source_at = |k: usize| is(k, 1) > SOURCE * some && is(k, 1) > is(k, 3);
        let runs = |at: &dyn Fn(usize) -> bool| -> Vec<Range> {
            let mut runs: Vec<Range> = Vec::new();
            for k in (0..m.len()).filter(|&k| at(k)) {
                let i = window.0 + k;
                match runs.last_mut() {
                    Some(r) if r.1 == i => r.1 += 1,
                    _ => runs.push((i, i + 1)),
                }
            }
            runs
        };
        let mean = |r: &Range, label: usize| {
            (r.0..r.1).map(|i| is(i - window.0, label)).sum::<f32>() / (r.1 - r.0) as f32
        };
        let mut content = runs(&content_at);
        let source = runs(&source_at)
            .into_iter()
            .max_by(|a, b| mean(a, 1).total_cmp(&mean(b, 1)));
        content.retain(|r| (r.0..r.1).any(|i| t.words.tagged[i].word));
        (!content.is_empty()).then_some(Draft {
            content,
            cue: vec![cue.words],
            source,
            addressee: None,
            class: Class::Assertion,
            negative: false,
            score: (cue.probability * some).sqrt(),
        })
    }
}

/// A content that the model's window cuts off goes on to where the rules end it.
fn extend(d: &mut Draft, rules: &Hint) {
    let Some(last) = d.content.last_mut() else {
        return;
    };
    let cue = d.cue[0];
    if last.1 >= cue.1 + WINDOW
        && let Some(r) = rules.content.iter().find(|r| r.0 < last.1 && last.1 < r.1)
    {
        last.1 = r.1;
    }
}

fn overlap(a: &[Range], b: &[Range]) -> bool {
    a.iter().any(|x| b.iter().any(|y| x.0 < y.1 && y.0 < x.1))
}

fn shared(a: &[Range], b: &[Range]) -> usize {
    let one = |x: &Range, y: &Range| x.1.min(y.1).saturating_sub(x.0.max(y.0));
    a.iter()
        .map(|x| b.iter().map(|y| one(x, y)).sum::<usize>())
        .sum()
}

/// Whether most of a draft's content is taken, or its cue.
fn collides(d: &Draft, kept: &[Draft]) -> bool {
    kept.iter().any(|k| {
        overlap(&k.cue, &d.cue) || {
            let both = shared(&k.content, &d.content);
            both * 2 > d.content_len().min(k.content_len())
        }
    })
}

impl Hint {
    fn draft(self) -> Draft {
        Draft {
            content: self.content,
            cue: self.cue,
            source: self.source.first().copied(),
            addressee: self.addressee,
            class: self.class,
            negative: self.negative,
            score: self.score,
        }
    }
}
