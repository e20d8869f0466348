//! Attribution by learned models: a linear chain that finds cues, another that finds the source and
//! content of each, both over hashed sparse features.

mod crf;
mod cues;
mod decode;
mod evaluate;
mod file;
mod gold;
mod learn;
mod memo;
mod priors;
mod rank;
mod roles;
mod score;
mod stem;
mod train;
mod view;
mod weights;

use std::sync::{Arc, LazyLock};

use crate::attribution::words::Words;
use crate::attribution::{Attribution, AttributionType, attribute_quotations, nesting, quotation};
use crate::error::{Error, Result};
use crate::text::Text;

pub use decode::Bias;
pub use gold::{GoldAttribution, GoldDocument};
pub use train::Progress;

use crf::Chain;
use decode::{CUE_LABELS, ROLE_LABELS};
use evaluate::Tally;
use priors::Priors;
use view::View;
use weights::{Sum, Table};

/// Where fewer quotations without cue and source are attributions, none is taken for one.
const BARE: f32 = 0.1;
/// Names of figures: F1 of direct quotations, by the model and by the rules.
const DIRECT: &str = "direct_f1";
const DIRECT_BY_RULES: &str = "direct_f1_by_rules";

/// How to train a [`Model`].
#[derive(Clone, Debug, PartialEq)]
pub struct TrainOptions {
    /// What it is trained on, for its header.
    pub data: Vec<String>,
    /// Passes over the data, at most.
    pub epochs: u32,
    /// Size of the steps (of `AdaGrad`); by the number of attributions where it is not given: what is
    /// learned from few should stray less from the rules.
    pub rate: Option<f32>,
    /// Leave out half of the features at random, so that none is relied on alone.
    pub dropout: bool,
    /// Features seen less often are left out.
    pub least_count: u8,
    /// Features whose weights are all smaller are left out of the model.
    pub prune: f32,
    /// Where randomness starts: equal seeds give equal models.
    pub seed: u64,
    /// The mean of so many trainings, which differ in their randomness, is the model.
    pub rounds: u64,
    /// Threads to train on; the model does not depend on it.
    pub threads: usize,
    /// How readily attributions are proposed.
    pub bias: Bias,
}

impl TrainOptions {
    /// The size of the steps for so many attributions: 0.01 for 2,000, 0.03 for 18,000 and more.
    fn rate_for(&self, attributions: usize) -> f32 {
        let by_size = || 0.01 * (attributions as f32 / 2000.0).sqrt();
        self.rate.unwrap_or_else(|| by_size().clamp(0.005, 0.03))
    }
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            epochs: 12,
            rate: None,
            dropout: true,
            least_count: 2,
            prune: 0.02,
            seed: 1,
            rounds: 4,
            threads: 2,
            bias: Bias::default(),
        }
    }
}

/// What a model says of itself.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Header {
    /// What it was trained on.
    pub data: Vec<String>,
    /// Number of documents.
    pub documents: usize,
    /// Number of attributions.
    pub attributions: usize,
    /// Passes over the data, at most.
    pub epochs: u32,
    /// Where randomness started.
    pub seed: u64,
    /// Measured figures, by name.
    pub figures: std::collections::BTreeMap<String, f64>,
}

impl Header {
    /// The header as JSON.
    pub fn to_json(&self) -> String {
        // Strings and numbers always have a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A trained model: finds who said what in place of the rules.
#[derive(Clone, PartialEq)]
pub struct Model {
    header: Header,
    bias: Bias,
    priors: Priors,
    cue_chain: Chain<CUE_LABELS>,
    role_chain: Chain<ROLE_LABELS>,
    cues: Table,
    roles: Table,
    /// Weights and labels of whole attributions: wrong, right.
    whole: Table,
    whole_chain: Chain<2>,
}

impl Model {
    /// The model that comes with the library, trained on articles that were written for it.
    pub fn english() -> &'static Arc<Self> {
        static MODEL: LazyLock<Arc<Model>> = LazyLock::new(|| {
            let bytes = include_bytes!("../lang/en/attribution.model");
            // A test reads it.
            Arc::new(Model::from_bytes(bytes).expect("the bundled model"))
        });
        &MODEL
    }

    /// Trains a model on annotated documents; attributions nested in another's content are left out.
    /// Where there is a development set, training stops early: once it has not become likelier for two
    /// epochs. `progress` is told of every epoch, and asked ten times a second whether to go on.
    ///
    /// # Errors
    /// [`crate::Error::TextTooLong`]; [`crate::Error::Interrupted`] where `progress` says so.
    pub fn train(
        gold: &[GoldDocument],
        dev: &[GoldDocument],
        options: &TrainOptions,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Self> {
        train::run(gold, dev, options, progress)
    }

    /// Looks for the biases that serve a development set best, and for what makes the score the share
    /// of attributions that are right; notes in the header how well the model does on it: `precision`,
    /// `recall` and `f1` of top-level attributions. `progress` is asked between the measurements.
    ///
    /// # Errors
    /// [`crate::Error::TextTooLong`]; [`crate::Error::Interrupted`] where `progress` says so.
    pub fn tune(
        &mut self,
        dev: &[GoldDocument],
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<()> {
        let texts = dev
            .iter()
            .map(|g| Text::new(&g.text))
            .collect::<Result<Vec<_>>>()?;
        let mut views: Vec<View> = texts.iter().map(|t| View::new(Words::new(t))).collect();
        for v in &mut views {
            v.set_priors(|stem| self.priors.bin(stem));
        }
        let mut measure = |model: &Self, judged: &mut Vec<(f32, bool)>| {
            let mut sum = Tally::default();
            judged.clear();
            for ((view, text), gold) in views.iter_mut().zip(&texts).zip(dev) {
                let mut found = model.attribute_view(view, &model.bias);
                found.retain(|a| a.parent.is_none());
                sum.add(evaluate::tally(text, gold, &found, |a, right| {
                    // What has no cue is for the rules to score.
                    if !a.cue.is_empty() {
                        judged.push((a.score, right));
                    }
                }));
            }
            sum
        };
        let mut judged = Vec::new();
        (self.bias.slope, self.bias.offset) = (1.0, 0.0);
        let mut best = measure(self, &mut judged);
        let rounds = 2;
        let mut state = Progress {
            stage: "thresholds",
            epoch: 0,
            epochs: rounds * Bias::GRID.len() as u32,
            loss: 0.0,
        };
        // One bias after another, as long as it helps.
        for _ in 0..rounds {
            let before = best;
            for (field, steps) in Bias::GRID {
                for &value in steps {
                    if !progress(state) {
                        return Err(Error::Interrupted);
                    }
                    let old = self.bias.clone();
                    *field(&mut self.bias) = value;
                    let now = measure(self, &mut judged);
                    if now.merit() > best.merit() + 0.0005 {
                        best = now;
                    } else {
                        self.bias = old;
                    }
                }
                state.epoch += 1;
            }
            if best == before {
                break;
            }
        }
        measure(self, &mut judged);
        (self.bias.slope, self.bias.offset) = evaluate::calibrate(&judged);
        for (name, value) in [
            ("precision", best.precision()),
            ("recall", best.recall()),
            ("f1", best.f1()),
        ] {
            self.header
                .figures
                .insert(name.into(), (value * 1e4).round() / 1e4);
        }
        self.compare_direct(&texts, dev, &mut views);
        state.epoch = state.epochs;
        progress(state);
        Ok(())
    }

    /// Notes how well the model and the rules find direct quotations.
    fn compare_direct(&mut self, texts: &[Text], dev: &[GoldDocument], views: &mut [View]) {
        let (mut own, mut rules) = (Tally::default(), Tally::default());
        for ((view, text), gold) in views.iter_mut().zip(texts).zip(dev) {
            let direct = |a: &Attribution| a.kind == AttributionType::Direct && a.parent.is_none();
            let target = GoldDocument {
                text: String::new(),
                attributions: gold
                    .top_level()
                    .filter(|a| evaluate::is_direct(text, &a.content))
                    .cloned()
                    .collect(),
            };
            let mut found = self.attribute_view(view, &self.bias);
            found.retain(direct);
            own.add(evaluate::tally(text, &target, &found, |_, _| ()));
            let mut found = attribute_quotations(text);
            found.retain(direct);
            rules.add(evaluate::tally(text, &target, &found, |_, _| ()));
        }
        for (name, tally) in [(DIRECT, own), (DIRECT_BY_RULES, rules)] {
            let f1 = (tally.f1() * 1e4).round() / 1e4;
            self.header.figures.insert(name.into(), f1);
        }
    }

    /// Whether the rules find direct quotations as well, to two points of F1, on the development set: then
    /// what needs no other attributions is spared the model.
    pub fn leaves_direct_to_rules(&self) -> bool {
        let figures = &self.header.figures;
        figures
            .get(DIRECT)
            .zip(figures.get(DIRECT_BY_RULES))
            .is_some_and(|(own, rules)| rules + 0.02 >= *own)
    }

    /// What the model says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Finds the attributions of a text, in text order; where it is `eager`, less sure ones too.
    pub fn attribute(&self, text: &Text<'_>, eager: bool) -> Vec<Attribution> {
        let mut view = View::new(Words::new(text));
        view.set_priors(|stem| self.priors.bin(stem));
        let bias = if eager {
            &self.bias.eager()
        } else {
            &self.bias
        };
        self.attribute_view(&mut view, bias)
    }

    fn attribute_view(&self, view: &mut View, bias: &Bias) -> Vec<Attribution> {
        let mut drafts = decode::decode(view, self, bias);
        quotation::settle_quotations(&view.words, &mut drafts);
        if bias.bare < BARE {
            drafts.retain(|d| !d.is_bare());
        }
        decode::add_nested(view, &mut drafts);
        nesting::finish(&view.words, drafts)
    }

    /// How likely an attribution is right, by the features of all of it.
    fn whole(&self, features: &mut [u64]) -> f32 {
        let [wrong, right] = self.whole_chain.first;
        self.whole.weigh(features);
        let [sum, ..] = self.whole.scaled(Sum::of(features));
        let sum = sum + right - wrong;
        1.0 / (1.0 + (-sum).exp())
    }

    /// Takes other biases.
    pub fn set_bias(&mut self, bias: Bias) {
        self.bias = bias;
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("header", &self.header)
            .field("bias", &self.bias)
            .field("cue_features", &self.cues.len())
            .field("role_features", &self.roles.len())
            .finish_non_exhaustive()
    }
}
