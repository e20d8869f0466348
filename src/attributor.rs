//! The whole path for one text: mentions, attributions, speakers.

use std::sync::Arc;

use crate::attribution::{Attribution, AttributionType, attribute, attribute_quotations};
use crate::error::Result;
use crate::gazetteer::{Gazetteer, Mention};
use crate::model::Model;
use crate::speakers::{Speaker, resolve};
use crate::text::Text;

/// What an [`Attributor`] gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributorOptions {
    /// Whether to give direct, indirect, mixed attributions (in this order).
    pub types: [bool; 3],
    /// Attributions with a lower score are left out.
    pub min_score: f32,
    /// Let a model propose what is less sure than serves precision and recall alike.
    pub eager: bool,
    /// Leave out attributions that are nested in another.
    pub top_level: bool,
}

impl Default for AttributorOptions {
    fn default() -> Self {
        Self {
            types: [true; 3],
            min_score: 0.0,
            eager: false,
            top_level: false,
        }
    }
}

/// Everything found in one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The gazetteer's names, by start.
    pub mentions: Vec<Mention>,
    /// Who said what, in text order.
    pub attributions: Vec<Attribution>,
    /// The people and bodies that said it.
    pub speakers: Vec<Speaker>,
}

/// Reads texts: cheap to clone, to share between threads.
#[derive(Clone, Debug, Default)]
pub struct Attributor {
    gazetteer: Option<Arc<Gazetteer>>,
    /// Rules where there is none.
    model: Option<Arc<Model>>,
    options: AttributorOptions,
}

impl Attributor {
    /// An attributor that links speakers to `gazetteer`, where one is given.
    pub fn new(gazetteer: Option<Arc<Gazetteer>>, options: AttributorOptions) -> Self {
        Self {
            gazetteer,
            model: None,
            options,
        }
    }

    /// The same attributor with a model in place of the rules.
    #[must_use]
    pub fn with_model(mut self, model: Arc<Model>) -> Self {
        self.model = Some(model);
        self
    }

    /// The model; `None` where attributions are found by rules.
    pub fn model(&self) -> Option<&Arc<Model>> {
        self.model.as_ref()
    }

    /// The gazetteer that speakers are linked to.
    pub fn gazetteer(&self) -> Option<&Arc<Gazetteer>> {
        self.gazetteer.as_ref()
    }

    /// The options.
    pub fn options(&self) -> &AttributorOptions {
        &self.options
    }

    /// Finds mentions, attributions and speakers in one text.
    ///
    /// # Errors
    /// [`crate::Error::TextTooLong`].
    pub fn read(&self, source: &str) -> Result<Document> {
        let text = Text::new(source)?;
        let gazetteer = self.gazetteer.as_deref();
        let mentions = gazetteer.map_or_else(|| Ok(Vec::new()), |g| g.find(source))?;
        let direct_only = self.options.types == [true, false, false];
        let mut attributions = match &self.model {
            Some(model) if !(direct_only && model.leaves_direct_to_rules()) => {
                model.attribute(&text, self.options.eager)
            }
            _ if direct_only => attribute_quotations(&text),
            _ => attribute(&text),
        };
        // Who speaks depends on all of them, if any stays.
        if !attributions.iter().any(|a| self.wants(a)) {
            attributions.clear();
        }
        let mut speakers = resolve(&text, &mentions, gazetteer, &mut attributions);
        self.filter(&mut attributions, &mut speakers);
        Ok(Document {
            mentions,
            attributions,
            speakers,
        })
    }

    /// Whether the options ask for an attribution.
    fn wants(&self, a: &Attribution) -> bool {
        let o = &self.options;
        let wanted = match a.kind {
            AttributionType::Direct => o.types[0],
            AttributionType::Indirect => o.types[1],
            AttributionType::Mixed => o.types[2],
        };
        wanted && a.score >= o.min_score && !(o.top_level && a.parent.is_some())
    }

    /// Leaves out what the options do not ask for and mends the parents of what stays: the parent
    /// of an attribution is then the nearest enclosing one that stays. Speakers of whom nothing
    /// stays are left out too.
    fn filter(&self, attributions: &mut Vec<Attribution>, speakers: &mut Vec<Speaker>) {
        let keep: Vec<bool> = attributions.iter().map(|a| self.wants(a)).collect();
        if !keep.iter().all(|&k| k) {
            keep_only(attributions, &keep);
        }
        let mut speaks = vec![false; speakers.len()];
        for s in attributions.iter().filter_map(|a| a.speaker) {
            speaks[s as usize] = true;
        }
        let place = places(&speaks);
        for s in attributions.iter_mut().filter_map(|a| a.speaker.as_mut()) {
            *s = place[*s as usize];
        }
        retain(speakers, &speaks);
    }
}

/// Leaves out attributions; the parent of one that stays is then the nearest that stays.
fn keep_only(attributions: &mut Vec<Attribution>, keep: &[bool]) {
    let place = places(keep);
    let parents: Vec<Option<u32>> = attributions.iter().map(|a| a.parent).collect();
    for a in attributions.iter_mut() {
        let mut p = a.parent;
        while let Some(i) = p
            && !keep[i as usize]
        {
            p = parents[i as usize];
        }
        a.parent = p.map(|i| place[i as usize]);
    }
    retain(attributions, keep);
}

/// Where each item stands once those that are not kept are gone.
fn places(keep: &[bool]) -> Vec<u32> {
    let mut n = 0_u32;
    keep.iter()
        .map(|&k| {
            n += u32::from(k);
            n - u32::from(k)
        })
        .collect()
}

fn retain<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| *keep.next().unwrap_or(&true));
}
