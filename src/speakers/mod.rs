//! Who a source is: names, titles, pronouns, relative pronouns; links to the gazetteer.
//!
//! Deterministic sieves over the sources in text order, the surest first, in the manner of Muzny et
//! al. (2017), *A Two-stage Sieve Approach for Quote Attribution*, section 4: a name; a relative
//! pronoun's antecedent; "the latter"; a pronoun by gender, number and nearness; a role noun that the
//! text has given to somebody; the speaker of the quotation before. What none of them knows is a
//! speaker under its own words ("many experts").

mod bearers;
mod dialogue;
mod link;
mod lists;
mod names;
mod path;
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
    let mut found = speakers(&names, attributions);
    if let Some(gazetteer) = gazetteer {
        link::link(&names, &mut found, mentions, gazetteer, attributions);
    }
    found.into_iter().map(|s| s.speaker).collect()
}

/// Sets the speaker of every attribution, conversation by conversation, all others in text order;
/// gives the speakers in the order they first speak.
fn speakers(names: &names::Names, attributions: &mut [Attribution]) -> Vec<sources::Found> {
    let mut r = sources::Resolver::new(names);
    let mut turns = dialogue::turns(&r, attributions);
    r.is_dialogue = dialogue::alternates(&turns);
    let narrated = dialogue::narrated(&turns);
    let mut settled = vec![false; attributions.len()];
    let mut next = 0;
    // Who has spoken, in order.
    let mut spoken: Vec<(usize, u32)> = Vec::new();
    for i in 0..attributions.len() {
        if turns.get(next).is_some_and(|t| t.attributions[0] == i) {
            let end = dialogue::conversation(&turns, next);
            let before: Vec<u32> = spoken.iter().rev().take(2).rev().map(|s| s.1).collect();
            let talk = &mut turns[next..end];
            let who = r.converse(talk, &before, narrated);
            for (turn, speaker) in talk.iter().zip(who) {
                for &k in &turn.attributions {
                    settled[k] = true;
                    attributions[k].speaker = speaker;
                }
                if let Some(s) = speaker {
                    r.speaks(s, turn.source, turn.at);
                }
            }
            next = end;
        } else if !settled[i] {
            let parent = attributions[i]
                .parent
                .and_then(|p| attributions[p as usize].speaker);
            let a = &mut attributions[i];
            if let Some(&span) = a.source.first() {
                let at = r.source_words(span);
                a.speaker = r.source(span, at, parent);
                if let Some(s) = a.speaker {
                    r.speaks(s, Some(span), at);
                }
            } else {
                a.speaker = r.unsourced_clause(a, &spoken);
            }
        }
        if let Some(s) = attributions[i].speaker
            && attributions[i].parent.is_none()
        {
            let at = attributions[i].content.first().map_or(0, |c| c.start);
            spoken.push((at as usize, s));
        }
    }
    r.finish(attributions)
}
