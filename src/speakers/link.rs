//! Speakers are linked to the gazetteer's entries whose names are theirs.

use rustc_hash::FxHashMap;

use super::bearers::Bearer;
use super::names::Names;
use super::sources::Found;
use crate::attribution::Attribution;
use crate::gazetteer::{EntryRef, Gazetteer, Mention};
use crate::text::{Span, fold_hash};

/// Links every speaker that a mention names; speakers of one entry become one.
pub(super) fn link(
    names: &Names,
    found: &mut Vec<Found>,
    mentions: &[Mention],
    gazetteer: &Gazetteer,
    attributions: &mut [Attribution],
) {
    for f in found.iter_mut() {
        let Some(m) = mention_of(names, f, mentions, gazetteer) else {
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
/// with its title or article, or of the whole phrase.
fn mention_of<'m>(
    names: &Names,
    f: &Found,
    mentions: &'m [Mention],
    gazetteer: &Gazetteer,
) -> Option<&'m Mention> {
    let words = &names.text.words;
    let another = |m: &Mention| {
        let entry = m.entries.first().map(|&e| gazetteer.entry(e));
        let bearer = f.bearer.map(|b| &names.bearers[b as usize]);
        bearer
            .zip(entry)
            .is_some_and(|(b, e)| is_another(names, b, m.span, e))
    };
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
            if fits && best.is_none_or(|b| m.span.len() > b.span.len()) && !another(m) {
                best = Some(m);
            }
        }
    };
    match f.bearer {
        Some(b) => {
            for n in names.names.iter().filter(|n| n.bearer == b) {
                let end = words[n.end - 1].core_end;
                // "The Washington Post"
                let article = n.outer.checked_sub(1).filter(|&k| {
                    names.text.word(k).eq_ignore_ascii_case("the")
                        && words[k].span.end + 1 == words[n.outer].span.start
                });
                let outer = article.unwrap_or(n.outer);
                consider(
                    Span::new(words[outer].span.start, end),
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

/// Whether an entry that is mentioned by less than a bearer's full name is somebody else of that surname:
/// with another given name, or of the other gender.
fn is_another(names: &Names, bearer: &Bearer, mention: Span, entry: EntryRef<'_>) -> bool {
    let words = &names.text.words;
    let own = words[bearer.first].span.of(names.text.source);
    let full = bearer.end - bearer.first > 1;
    let person = entry.label().is_empty() || entry.label().eq_ignore_ascii_case("person");
    let said = mention.of(names.text.source);
    if !person || full && said.split_whitespace().any(|w| w == own) {
        return false;
    }
    let surname = words[bearer.end - 1].hash;
    let same = |given: &str| {
        let (a, b) = (fold_hash(given), words[bearer.first].hash);
        let single = |w: &str| w.trim_end_matches('.').chars().count() == 1;
        let initial = single(given) || single(own);
        let letter = |w: &str| w.chars().next().map(|c| c.to_lowercase().to_string());
        a == b
            || initial && letter(given) == letter(own)
            || names.lists.formal(a).contains(&b)
            || names.lists.formal(b).contains(&a)
    };
    // The names of the entry that have this surname and more before it.
    let mut told = false;
    for name in std::iter::once(entry.name()).chain(entry.names()) {
        let name: Vec<&str> = name.split_whitespace().collect();
        let [given @ .., last] = &name[..] else {
            continue;
        };
        if given.is_empty() || fold_hash(last) != surname {
            continue;
        }
        let first = names.lists.kinds(fold_hash(given[0])).given_gender();
        let gender = bearer.gender.is_none() || first.is_none() || first == bearer.gender;
        if gender && (!full || given.iter().any(|g| same(g))) {
            return false;
        }
        told = true;
    }
    told
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
