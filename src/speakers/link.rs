//! Speakers are linked to the gazetteer's entries whose names are theirs.

use rustc_hash::FxHashMap;

use super::names::Names;
use super::sources::Found;
use crate::attribution::Attribution;
use crate::gazetteer::{Gazetteer, Mention};
use crate::text::Span;

/// Links every speaker that a mention names; speakers of one entry become one.
pub(super) fn link(
    names: &Names,
    found: &mut Vec<Found>,
    mentions: &[Mention],
    gazetteer: &Gazetteer,
    attributions: &mut [Attribution],
) {
    for f in found.iter_mut() {
        let Some(m) = mention_of(names, f, mentions) else {
            continue;
        };
        let person = f.speaker.label == "PERSON";
        let is_person = |e: &u32| gazetteer.entry(*e).label().eq_ignore_ascii_case("person");
        let best = m
            .entries
            .iter()
            .find(|e| person && is_person(e))
            .or(m.entries.first());
        let Some(&best) = best else { continue };
        let entry = gazetteer.entry(best);
        f.speaker.entry = Some(best);
        entry.name().clone_into(&mut f.speaker.name);
        if !entry.label().is_empty() {
            entry.label().clone_into(&mut f.speaker.label);
        }
    }
    merge(found, attributions);
}

/// The longest mention of the gazetteer that is a name of this speaker: of the name itself, or of it
/// with its title, or of the whole phrase.
fn mention_of<'m>(names: &Names, f: &Found, mentions: &'m [Mention]) -> Option<&'m Mention> {
    let words = &names.text.words;
    let mut best: Option<&Mention> = None;
    let mut consider = |outer: Span, core: Span| {
        let from = mentions.partition_point(|m| m.span.end <= outer.start);
        for m in mentions[from..]
            .iter()
            .take_while(|m| m.span.start < outer.end)
        {
            let fits = m.span == core
                || (m.span.contains(core) && outer.contains(m.span))
                || m.span == outer;
            if fits && best.is_none_or(|b| m.span.len() > b.span.len()) {
                best = Some(m);
            }
        }
    };
    match f.bearer {
        Some(b) => {
            for n in names.names.iter().filter(|n| n.bearer == b) {
                let end = words[n.end - 1].core_end;
                consider(
                    Span::new(words[n.outer].span.start, end),
                    Span::new(words[n.first].span.start, end),
                );
            }
        }
        None => {
            for &s in &f.speaker.mentions {
                let text = s.of(names.text.source);
                let article = ["the ", "The "]
                    .iter()
                    .find(|a| text.starts_with(**a))
                    .map_or(0, |_| 4);
                consider(s, Span::new(s.start + article, s.end));
            }
        }
    }
    best
}

/// Joins the speakers that were linked to one entry.
fn merge(found: &mut Vec<Found>, attributions: &mut [Attribution]) {
    let mut first: FxHashMap<u32, u32> = FxHashMap::default();
    let mut place: Vec<u32> = Vec::with_capacity(found.len());
    let mut out: Vec<Found> = Vec::with_capacity(found.len());
    for f in found.drain(..) {
        let new = u32::try_from(out.len()).unwrap_or(u32::MAX);
        let at = f
            .speaker
            .entry
            .map_or(new, |e| *first.entry(e).or_insert(new));
        place.push(at);
        if at == new {
            out.push(f);
        } else {
            let mentions = &mut out[at as usize].speaker.mentions;
            mentions.extend(f.speaker.mentions);
            mentions.sort_unstable();
            mentions.dedup();
        }
    }
    *found = out;
    for a in attributions {
        a.speaker = a.speaker.map(|s| place[s as usize]);
    }
}
