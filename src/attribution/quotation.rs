//! Direct speech: contents are closed by their marks, a speech goes on across sentences and
//! paragraphs, and a quotation that nothing introduces is an attribution of its own.

use super::Class;
use super::draft::{Draft, Pieces};
use super::words::{Range, Words};
use crate::text::Quote;

/// Extends the contents to the marks that enclose them, and gives the quotations that no cue has
/// claimed to the attribution that they continue, or to one of their own.
pub(crate) fn settle_quotations(w: &Words, drafts: &mut Vec<Draft>) {
    for d in drafts.iter_mut() {
        snap(w, d);
    }
    let pieces = Pieces::new(drafts, |d| &d.content);
    let cues = Pieces::new(drafts, |d| &d.cue);
    let mut owner: Vec<Option<usize>> = vec![None; w.text.quotes.len()];
    for (k, q) in w.text.quotes.iter().enumerate() {
        if q.depth > 0 {
            continue;
        }
        let range = words_of(q);
        owner[k] = pieces
            .overlapping(range)
            .filter(|&i| !inside_content_cue(&drafts[i], range) || covers(&drafts[i], range))
            .min_by_key(|&i| (drafts[i].content_len(), drafts[i].extent().0, i));
    }
    for (k, q) in w.text.quotes.iter().enumerate() {
        if q.depth > 0 {
            continue;
        }
        if owner[k].is_some() {
            continue;
        }
        let range = words_of(q);
        // The speech goes on: the mark repeated at a new paragraph; “…,” he said. “…”; “…,” he said,
        // smiling, “…”.
        let join = match q.continues {
            Some(c) => owner[c as usize],
            None => sentence_before(w, range.0)
                .and_then(|s| speaker_of_sentence(w, drafts, &cues, s))
                .or_else(|| interrupted(w, drafts, &cues, range)),
        };
        let after_speech =
            join.is_some_and(|i| drafts[i].content.iter().any(|r| w.quote(r.0) != 0));
        if !(speech_like(w, q) || (after_speech || in_dialogue(w, k)) && ends_in_stop(w, q)) {
            continue;
        }
        if let Some(i) = join {
            let d = &mut drafts[i];
            let at = d.content.partition_point(|piece| *piece < range);
            d.content.insert(at, range);
            owner[k] = Some(i);
            continue;
        }
        if !stands_alone(w, range) {
            continue;
        }
        drafts.push(Draft {
            content: vec![range],
            cue: Vec::new(),
            source: None,
            addressee: None,
            class: Class::Assertion,
            negative: false,
            score: 0.5,
        });
        owner[k] = Some(drafts.len() - 1);
    }
}

fn words_of(q: &Quote) -> Range {
    (q.first_word as usize, q.end_word as usize)
}

/// Whether a draft's cue itself stands inside the quotation (somebody in the quotation reports).
fn inside_content_cue(d: &Draft, quote: Range) -> bool {
    d.cue.iter().any(|c| quote.0 <= c.0 && c.1 <= quote.1)
}

/// Whether a draft's content is nearly all of the quotation (a transcript's line in stray marks).
fn covers(d: &Draft, quote: Range) -> bool {
    d.content
        .iter()
        .map(|c| c.1.min(quote.1).saturating_sub(c.0.max(quote.0)))
        .sum::<usize>()
        * 5
        >= (quote.1 - quote.0) * 4
}

/// A content that begins or ends inside a quotation which does not hold its cue takes the whole of
/// the quotation.
fn snap(w: &Words, d: &mut Draft) {
    let cue: Vec<Range> = d.cue.clone();
    for c in &mut d.content {
        let first = w.quote(c.0);
        if first != 0 {
            let r = words_of(&w.text.quotes[first as usize - 1]);
            if !cue.iter().any(|x| r.0 <= x.0 && x.1 <= r.1) {
                c.0 = c.0.min(r.0);
            }
        }
        let last = w.quote(c.1.saturating_sub(1));
        if last != 0 {
            let r = words_of(&w.text.quotes[last as usize - 1]);
            if !cue.iter().any(|x| r.0 <= x.0 && x.1 <= r.1) {
                c.1 = c.1.max(r.1);
            }
        }
    }
}

/// The sentence before the one that starts at word `first`, in the same paragraph.
fn sentence_before(w: &Words, first: usize) -> Option<Range> {
    let k = w
        .text
        .sentences
        .partition_point(|s| (s.end_word as usize) <= first);
    let here = w.text.sentences.get(k)?;
    if here.first_word as usize != first {
        return None;
    }
    let before = w.text.sentences.get(k.checked_sub(1)?)?;
    (before.paragraph == here.paragraph)
        .then_some((before.first_word as usize, before.end_word as usize))
}

/// The last attribution that is reported in a sentence and has a source there and no quotation of
/// another after it: what is quoted next is still its.
fn speaker_of_sentence(
    w: &Words,
    drafts: &[Draft],
    cues: &Pieces,
    sentence: Range,
) -> Option<usize> {
    let inside = |r: &Range| sentence.0 <= r.0 && r.1 <= sentence.1;
    cues.overlapping(sentence)
        .map(|i| (i, &drafts[i]))
        .filter(|(_, d)| d.source.is_some() && d.cue.iter().all(inside) && d.score >= 0.3)
        .min_by_key(|&(i, d)| {
            let speech = d.content.iter().any(|r| w.quote(r.0) != 0);
            (!speech, std::cmp::Reverse(d.content_len()), d.extent().0, i)
        })
        .map(|(i, _)| i)
}

/// The attribution whose quotation broke off with a comma before its cue, in the sentence in which
/// another follows after a comma.
fn interrupted(w: &Words, drafts: &[Draft], cues: &Pieces, range: Range) -> Option<usize> {
    let sentence = w.sentence_of(range.0);
    if range.0 <= sentence.0 || w.mark(range.0 - 1) != b',' {
        return None;
    }
    cues.overlapping((sentence.0, range.0))
        .filter(|&i| {
            let d = &drafts[i];
            let Some(&(_, end)) = d.content.last() else {
                return false;
            };
            let before = d.cue.iter().all(|c| end <= c.0 && c.1 <= range.0);
            let comma = end >= 2 && matches!(w.mark(end - 2), b',' | b'-');
            d.source.is_some() && before && comma && w.quote(end - 1) != 0 && end > sentence.0
        })
        .min()
}

/// Whether a quotation starts a sentence, or is introduced by a comma, colon or dash.
fn stands_alone(w: &Words, range: Range) -> bool {
    let sentence = w.sentence_of(range.0);
    sentence.0 == range.0 || (range.0 > 0 && matches!(w.mark(range.0 - 1), b',' | b':' | b'-'))
}

fn is_stop(mark: u8) -> bool {
    matches!(mark, b'.' | b',' | b'!' | b'?' | b'-')
}

/// Whether a quotation ends as sentences and their parts do.
fn ends_in_stop(w: &Words, q: &Quote) -> bool {
    let end = q.end_word as usize - usize::from(q.closed);
    end > q.first_word as usize && is_stop(w.mark(end - 1))
}

/// Whether nothing stands between a quotation and those before and after it: its speaker takes turns.
fn in_dialogue(w: &Words, k: usize) -> bool {
    let quotes = &w.text.quotes;
    let outer = |q: &&Quote| q.depth == 0;
    let before = quotes[..k].iter().rev().find(outer);
    let after = quotes[k + 1..].iter().find(outer);
    before.is_some_and(|q| q.end_word == quotes[k].first_word)
        && after.is_some_and(|q| q.first_word == quotes[k].end_word)
}

/// Whether a quotation looks like speech rather than a title, a nickname or a scare quote.
fn speech_like(w: &Words, q: &Quote) -> bool {
    let inner =
        (q.first_word as usize + 1)..(q.end_word as usize).saturating_sub(usize::from(q.closed));
    // “I” is a capital anywhere.
    let i = |k: usize| matches!(w.bytes(k), b"I");
    let words = inner.clone().filter(|&k| w.tagged[k].word && !i(k)).count();
    let last = inner.clone().next_back().map_or(0, |k| w.mark(k));
    let stop = is_stop(last);
    let capital = inner
        .clone()
        .find(|&k| w.tagged[k].word)
        .is_some_and(|k| w.tagged[k].capital);
    let all_capital = inner.filter(|&k| w.lower(k)).count() <= words / 3;
    if q.continues.is_some() {
        return true;
    }
    (stop && words > 0 && !(all_capital && words > 1 && matches!(last, b'.' | b',')))
        || (words >= 6 && !all_capital)
        || (words >= 4 && capital && !all_capital)
}
