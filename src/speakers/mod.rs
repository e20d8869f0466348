//! Who a source is: names, titles, pronouns, relative pronouns; links to the gazetteer.
//!
//! Deterministic sieves over the sources in text order, the surest first, in the manner of Muzny et
//! al. (2017), *A Two-stage Sieve Approach for Quote Attribution*, section 4: a name; a relative
//! pronoun's antecedent; "the latter"; a pronoun by gender, number and nearness; a role noun that the
//! text has given to somebody; the speaker of the quotation before. What none of them knows is a
//! speaker under its own words ("many experts").

mod link;
mod lists;
mod names;
mod sources;

use crate::attribution::Attribution;
use crate::gazetteer::{Gazetteer, Mention};
use crate::text::{Span, Text};

/// A person or body that says something in a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Speaker {
    /// The canonical name: the gazetteer's where linked, else the fullest in the document.
    pub name: String,
    /// PERSON, ORG, GPE … ; empty where unknown.
    pub label: String,
    /// Index of the gazetteer's entry, where linked.
    pub entry: Option<u32>,
    /// The spans of the document that name this speaker, in order (pronouns that were resolved
    /// to it included).
    pub mentions: Vec<Span>,
}

/// Finds the speaker of every attribution and sets its `speaker`.
///
/// `mentions` are the gazetteer's mentions in `text`, sorted by start; empty without a gazetteer.
pub fn resolve(
    text: &Text<'_>,
    mentions: &[Mention],
    gazetteer: Option<&Gazetteer>,
    attributions: &mut [Attribution],
) -> Vec<Speaker> {
    if attributions.is_empty() {
        return Vec::new();
    }
    let names = names::Names::new(text);
    let mut found = sources::resolve(&names, attributions);
    if let Some(gazetteer) = gazetteer {
        link::link(&names, &mut found, mentions, gazetteer, attributions);
    }
    found.into_iter().map(|s| s.speaker).collect()
}
