//! Who a source is: names, titles, pronouns, relative pronouns; links to the gazetteer.

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
    _text: &Text<'_>,
    _mentions: &[Mention],
    _gazetteer: Option<&Gazetteer>,
    _attributions: &mut [Attribution],
) -> Vec<Speaker> {
    Vec::new()
}
