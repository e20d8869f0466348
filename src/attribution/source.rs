//! Who reports: the noun phrase in the subject's place, before or after the cue.

use super::draft::Draft;
use super::lexicon::Classes;
use super::words::{Range, Words};

/// What stands in the subject's place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// A noun phrase or pronoun.
    Found(Range),
    /// A conjunction or comma: the verb shares the subject of an earlier one.
    Shared,
    /// Nothing.
    None,
}

/// The subject of a verb group that starts at `start`, in a sentence that starts at `floor`.
pub(super) fn source_before(w: &Words, start: usize, floor: usize) -> Source {
    if start <= floor {
        return Source::None;
    }
    let mut p = start - 1;
    // "Kim on Monday said", "Kim Monday said"
    let mut k = p;
    let mut time = false;
    while k > floor && (w.is(k, Classes::TIME) || (time && w.is(k, Classes::TIME_START))) {
        time = true;
        k -= 1;
    }
    if time && k >= floor && (w.nominal(k) || w.mark(k) == b',' || w.is(k, Classes::PRON_SUBJ)) {
        p = k;
    }
    if w.mark(p) == b',' || (w.mark(p) == b'-' && p > floor) {
        return match parenthesis(w, p, floor) {
            Some(s) => Source::Found(s),
            None => Source::Shared,
        };
    }
    if w.is(p, Classes::CONJ) && !w.is(p, Classes::ADV) {
        return Source::Shared;
    }
    if let Some(np) = w.noun_phrase_before(p + 1, floor) {
        // “…” Kim said: the quotation is no part of the name.
        if np.0 < np.1 {
            return Source::Found(np);
        }
    }
    if w.is(p, Classes::CONJ) {
        return Source::Shared;
    }
    Source::None
}

/// "Kim, a professor at Seoul, said" / "Kim, who is 45, said" / "Kim, however, said": `comma` is the
/// second one; the source runs from the noun phrase before the first.
fn parenthesis(w: &Words, comma: usize, floor: usize) -> Option<Range> {
    let mark = w.mark(comma);
    let limit = floor.max(comma.saturating_sub(28));
    let mut k = comma;
    while k > limit {
        k -= 1;
        if w.mark(k) == b'"' && k + 1 < comma {
            return None;
        }
        if w.mark(k) != mark {
            continue;
        }
        // A comma inside the parenthesis: try the next one to the left where this one has no name.
        let Some(np) = w.noun_phrase_before(k, floor) else {
            continue;
        };
        let next = k + 1;
        let opens = w.is(
            next,
            Classes::DET
                .or(Classes::REL)
                .or(Classes::POSS)
                .or(Classes::PREP),
        ) || w.adverb(next)
            || w.nominal(next)
            || w.tagged[next].mark == 0;
        if !opens || w.is(next, Classes::CONJ) {
            return None;
        }
        // The clause before the first comma must not have its own verb: "Prices fell, officials, …".
        if w.is(np.0, Classes::PRON_SUBJ) && !w.adverb(next) {
            return None;
        }
        if np.0 > floor
            && !(w.mark(np.0 - 1) != 0
                || w.is(
                    np.0 - 1,
                    Classes::CONJ.or(Classes::SUBORD).or(Classes::THAT),
                )
                || w.adverb(np.0 - 1))
        {
            // "met Kim, a lawyer, and said"
            return None;
        }
        return Some((np.0, comma));
    }
    None
}

/// The noun phrase after an inverted cue: "said Kim, a professor at Seoul".
pub(super) fn source_after(w: &Words, start: usize, end: usize) -> Option<Range> {
    if start >= end
        || w.mark(start) != 0
        || w.is(start, Classes::TIME)
        || w.adverb(start) && !w.is(start, Classes::ADJ)
    {
        return None;
    }
    let np = w.noun_phrase_at(start, end, true)?;
    let person = w.is(start, Classes::PRON_OBJ) && !w.is(start, Classes::PRON_SUBJ);
    (!person).then_some(np)
}

/// The subject that a verb at `start` shares: the source of the last attribution in the sentence,
/// or the subject of the sentence's first verb.
pub(super) fn governing_subject(
    w: &Words,
    start: usize,
    floor: usize,
    earlier: &[Draft],
) -> Option<Range> {
    // The first of them: later ones are mostly nested in what it reports ("Clinton told them that
    // she believes …, saying").
    let relative = |r: Range| r.1 - r.0 == 1 && w.is(r.0, Classes::REL);
    let shared = earlier
        .iter()
        .filter(|d| d.cue.iter().all(|c| c.1 <= start))
        .filter_map(|d| d.source)
        .find(|&s| s.1 <= start && !relative(s));
    if shared.is_some() {
        return shared;
    }
    let first = (floor..start).find(|&k| w.finite_looking(k))?;
    let mut g = first;
    while g > floor && (w.is(g - 1, Classes::AUX) || w.adverb(g - 1)) {
        g -= 1;
    }
    match source_before(w, g, floor) {
        Source::Found(np) => Some(np),
        _ => None,
    }
}
