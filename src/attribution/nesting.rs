//! What remains of the drafts: collisions resolved, types and parents set, words turned to bytes.

use super::draft::{Draft, Pieces};
use super::lexicon::Classes;
use super::words::{Range, Words};
use super::{Attribution, AttributionType, Polarity};
use crate::text::Span;

/// Turns drafts into attributions: drops impossible and colliding ones, sets type and parent, and
/// sorts them by their place.
pub(crate) fn finish(w: &Words, drafts: Vec<Draft>) -> Vec<Attribution> {
    let drafts = settle(w, drafts);
    let pieces = Pieces::new(&drafts, |d| &d.content);
    let parents: Vec<Option<u32>> = (0..drafts.len())
        .map(|i| parent(&drafts, &pieces, i))
        .collect();
    drafts
        .iter()
        .zip(parents)
        .map(|(d, parent)| {
            let content: Vec<Span> = d.content.iter().filter_map(|&r| span(w, r)).collect();
            Attribution {
                kind: kind(w, d),
                content,
                cue: d.cue.iter().filter_map(|&r| cue_span(w, d, r)).collect(),
                source: d.source.iter().filter_map(|&r| source_span(w, r)).collect(),
                addressee: d.addressee.and_then(|r| span(w, r)),
                class: d.class,
                polarity: if d.negative {
                    Polarity::Negative
                } else {
                    Polarity::Positive
                },
                parent,
                speaker: None,
                score: d.score.clamp(0.0, 1.0),
            }
        })
        .filter(|a| !a.content.is_empty())
        .collect()
}

/// Drops impossible and colliding drafts and sorts the others by their place.
pub(crate) fn settle(w: &Words, drafts: Vec<Draft>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = drafts.into_iter().filter_map(|d| tidy(w, d)).collect();
    drafts.sort_by_key(|d| {
        let cue = d.cue.first().map_or(d.content_extent().0, |c| c.0);
        (d.extent().0, cue, std::cmp::Reverse(d.content_extent().1))
    });
    let keep = without_collisions(&drafts);
    let mut k = keep.iter();
    drafts.retain(|_| *k.next().unwrap_or(&true));
    drafts
}

fn span(w: &Words, r: Range) -> Option<Span> {
    if r.0 >= r.1 || r.1 > w.len() {
        return None;
    }
    Some(w.text.words[r.0].span.join(w.text.words[r.1 - 1].span))
}

/// Where the verb begins that a pronoun has swallowed: he|’s, you|’re.
fn contraction(w: &Words, k: usize) -> Option<u32> {
    let pronoun = w.is(k, Classes::PRON_SUBJ_AUX)
        || (w.possessive(k) && w.is(k, Classes::PRON_SUBJ.or(Classes::REL)));
    let word = w.text.words.get(k).filter(|_| pronoun)?;
    let at = word.span.of(w.text.source).rfind(['\'', '’'])?;
    (at > 0).then_some(word.span.start + at as u32)
}

/// The source without such a verb.
fn source_span(w: &Words, r: Range) -> Option<Span> {
    let whole = span(w, r)?;
    Some(match contraction(w, r.1 - 1) {
        Some(end) if end > whole.start => Span::new(whole.start, end),
        _ => whole,
    })
}

/// The cue, with the verb that the source before it has swallowed.
fn cue_span(w: &Words, d: &Draft, r: Range) -> Option<Span> {
    let whole = span(w, r)?;
    let beside = d.source.filter(|s| s.1 == r.0 && s.0 < s.1);
    Some(match beside.and_then(|s| contraction(w, s.1 - 1)) {
        Some(start) => Span::new(start, whole.end),
        None => whole,
    })
}

/// Takes cue and source out of the content's pieces, drops empty pieces.
fn tidy(w: &Words, mut d: Draft) -> Option<Draft> {
    let pieces = &mut d.content;
    for hole in d.cue.iter().chain(&d.source) {
        for k in 0..pieces.len() {
            let piece = pieces[k];
            if hole.1 <= piece.0 || hole.0 >= piece.1 {
                continue;
            }
            // What is left before the hole, and after it; nothing is an empty piece, dropped below.
            pieces[k].1 = hole.0.max(piece.0);
            if hole.1 < piece.1 {
                pieces.push((hole.1, piece.1));
            }
        }
    }
    pieces.retain_mut(|piece| {
        trim_edges(w, piece);
        (piece.0..piece.1).any(|k| w.tagged[k].word)
    });
    pieces.sort_unstable();
    pieces.dedup();
    (!d.content.is_empty()).then_some(d)
}

/// Takes commas, colons and dashes off both ends of a piece, and "Friday" off "Friday that …".
fn trim_edges(w: &Words, piece: &mut Range) {
    let outside = |k: usize| w.quote(k) == 0 && matches!(w.mark(k), b',' | b';' | b':' | b'-');
    while piece.0 < piece.1
        && (outside(piece.0) || (w.quote(piece.0) == 0 && w.mark(piece.0) == b'.'))
    {
        piece.0 += 1;
    }
    while piece.0 < piece.1 && outside(piece.1 - 1) {
        piece.1 -= 1;
    }
    if w.is(piece.0, Classes::TIME) && w.capital(piece.0) && w.is(piece.0 + 1, Classes::THAT) {
        piece.0 += 1;
    }
}

/// Of two attributions with the same content, or whose cues overlap, the surer one stays.
fn without_collisions(drafts: &[Draft]) -> Vec<bool> {
    let mut keep = vec![true; drafts.len()];
    let extents: Vec<Range> = drafts.iter().map(Draft::extent).collect();
    for i in 0..drafts.len() {
        for j in i + 1..drafts.len() {
            if extents[j].0 >= extents[i].1 {
                break;
            }
            if !keep[i] || !keep[j] {
                continue;
            }
            let cues = drafts[i]
                .cue
                .iter()
                .any(|a| drafts[j].cue.iter().any(|b| a.0 < b.1 && b.0 < a.1));
            let same = drafts[i].content == drafts[j].content;
            if cues || same {
                let worse = if drafts[j].score > drafts[i].score {
                    i
                } else {
                    j
                };
                keep[worse] = false;
            }
        }
    }
    keep
}

/// The smallest attribution whose content holds the cue (or, without one, the content) of `i`.
fn parent(drafts: &[Draft], pieces: &Pieces, i: usize) -> Option<u32> {
    let d = &drafts[i];
    let anchor: Range = d.cue.first().copied().or(d.content.first().copied())?;
    pieces
        .overlapping(anchor)
        .map(|k| (k, &drafts[k]))
        .filter(|&(k, p)| {
            k != i
                && p.content.iter().any(|c| c.0 <= anchor.0 && anchor.1 <= c.1)
                && (p.content_len() > d.content_len()
                    || (p.content_len() == d.content_len() && k < i))
        })
        .min_by_key(|(k, p)| (p.content_len(), *k))
        .map(|(k, _)| k as u32)
}

/// Direct where every word stands between quotation marks, mixed where some do. Marks that also
/// enclose the cue do not count: there the whole attribution is quoted.
fn kind(w: &Words, d: &Draft) -> AttributionType {
    let anchor = d.cue.first().copied().or(d.source);
    let outer = |q: u32| {
        let quote = &w.text.quotes[q as usize - 1];
        anchor.is_some_and(|a| quote.first_word as usize <= a.0 && a.1 <= quote.end_word as usize)
    };
    let (mut inside, mut all) = (0, 0);
    for &(a, b) in &d.content {
        for k in a..b {
            if w.tagged[k].word {
                all += 1;
                let q = w.quote(k);
                if q != 0 && (!outer(q) || w.inner_quote(k, q)) {
                    inside += 1;
                }
            }
        }
    }
    match inside {
        0 => AttributionType::Indirect,
        n if n == all => AttributionType::Direct,
        _ => AttributionType::Mixed,
    }
}
