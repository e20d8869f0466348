//! Direct speech: contents are closed by their marks, a speech goes on across sentences and
//! paragraphs, and a quotation that nothing introduces is an attribution of its own.

use super::Class;
use super::draft::Draft;
use super::words::{Range, Words};
use crate::text::Quote;

/// Extends the contents to the marks that enclose them, and gives the quotations that no cue has
/// claimed to the attribution that they continue, or to one of their own.
pub(super) fn settle_quotations(w: &Words, drafts: &mut Vec<Draft>) {
    for d in drafts.iter_mut() {
        snap(w, d);
    }
    let mut owner: Vec<Option<usize>> = vec![None; w.text.quotes.len()];
    for (k, q) in w.text.quotes.iter().enumerate() {
        if q.depth > 0 {
            continue;
        }
        let range = words_of(q);
        owner[k] = drafts
            .iter()
            .enumerate()
            .filter(|(_, d)| d.content.iter().any(|c| c.0 < range.1 && range.0 < c.1) && !inside_content_cue(d, range))
            .min_by_key(|(_, d)| (d.content_len(), d.extent().0))
            .map(|(i, _)| i);
    }
    let mut last: Option<usize> = None;
    for (k, q) in w.text.quotes.iter().enumerate() {
        if q.depth > 0 {
            continue;
        }
        if owner[k].is_some() {
            last = Some(k);
            continue;
        }
        let speech = speech_like(w, q);
        if !speech {
            continue;
        }
        let range = words_of(q);
        // The speech goes on: the mark repeated at a new paragraph, or “…,” he said. “…”
        let join = if q.continues.is_some() {
            q.continues.and_then(|c| owner[c as usize])
        } else {
            last.filter(|&l| same_paragraph(w, l, k) && between_is_bare(w, l, k, drafts, owner[l])).and_then(|l| owner[l])
        };
        if let Some(i) = join {
            let d = &mut drafts[i];
            if d.content.iter().all(|c| w.quote(c.0) != 0) || q.continues.is_some() {
                d.content.push(range);
                d.content.sort_unstable();
                owner[k] = Some(i);
                last = Some(k);
                continue;
            }
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
        last = Some(k);
    }
}

fn words_of(q: &Quote) -> Range {
    (q.first_word as usize, q.end_word as usize)
}

/// Whether a draft's cue itself stands inside the quotation (somebody in the quotation reports).
fn inside_content_cue(d: &Draft, quote: Range) -> bool {
    d.cue.iter().any(|c| quote.0 <= c.0 && c.1 <= quote.1)
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

fn same_paragraph(w: &Words, a: usize, b: usize) -> bool {
    let p = |k: usize| {
        let s = w.text.sentences.partition_point(|s| s.end_word <= w.text.quotes[k].first_word);
        w.text.sentences.get(s).map(|s| s.paragraph)
    };
    p(a) == p(b)
}

/// Whether nothing but the owner's cue and source (and what belongs to them) stands between two
/// quotations: no other sentence of the reporter.
fn between_is_bare(w: &Words, a: usize, b: usize, drafts: &[Draft], owner: Option<usize>) -> bool {
    let (from, to) = (w.text.quotes[a].end_word as usize, w.text.quotes[b].first_word as usize);
    if to <= from {
        return false;
    }
    let Some(d) = owner.map(|i| &drafts[i]) else { return false };
    let stops = (from..to).filter(|&k| w.mark(k) == b'.' || w.mark(k) == b'!' || w.mark(k) == b'?').count();
    let has_cue = d.cue.iter().any(|c| from <= c.0 && c.1 <= to);
    (has_cue && stops <= 1) || to - from <= 1
}

/// Whether a quotation looks like speech rather than a title, a nickname or a scare quote.
fn speech_like(w: &Words, q: &Quote) -> bool {
    let inner = (q.first_word as usize + 1)..(q.end_word as usize).saturating_sub(usize::from(q.closed));
    let words = inner.clone().filter(|&k| w.tagged[k].word).count();
    let last = inner.clone().next_back().map_or(0, |k| w.mark(k));
    let stop = matches!(last, b'.' | b',' | b'!' | b'?' | b'-');
    let capital = inner.clone().find(|&k| w.tagged[k].word).is_some_and(|k| w.tagged[k].capital);
    let all_capital = inner.filter(|&k| w.lower(k)).count() <= words / 3;
    if q.continues.is_some() {
        return true;
    }
    (stop && (capital || words >= 4)) || (words >= 6 && !all_capital) || (words >= 4 && capital && !all_capital)
}
