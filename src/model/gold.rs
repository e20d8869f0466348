//! Gold documents: texts with their annotated attributions.

use crate::text::Span;

/// An annotated attribution; spans are UTF-8 bytes of the document's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldAttribution {
    /// What is said.
    pub content: Vec<Span>,
    /// The words that report it.
    pub cue: Vec<Span>,
    /// The words that name who says it.
    pub source: Vec<Span>,
}

/// A text with its attributions, nested ones among them or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldDocument {
    /// The text.
    pub text: String,
    /// Its attributions.
    pub attributions: Vec<GoldAttribution>,
}

impl GoldDocument {
    /// The attributions that stand in no other's content: by their cue, without one by their content.
    pub(super) fn top_level(&self) -> impl Iterator<Item = &GoldAttribution> {
        let all = &self.attributions;
        all.iter()
            .enumerate()
            .filter(|(i, _)| !is_nested(all, *i))
            .map(|(_, a)| a)
    }
}

/// Whether an attribution stands in the content of another that is longer.
fn is_nested(all: &[GoldAttribution], i: usize) -> bool {
    let length = |a: &GoldAttribution| a.content.iter().map(|s| s.len()).sum::<u32>();
    let Some(&anchor) = all[i].cue.first().or(all[i].content.first()) else {
        return true;
    };
    all.iter().enumerate().any(|(k, a)| {
        k != i
            && a.content.iter().any(|c| c.contains(anchor))
            && (length(a), i) > (length(&all[i]), k)
    })
}
