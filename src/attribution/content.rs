//! What follows a cue: which frame of the verb fits, and where the content ends.

use super::lexicon::{Classes, CueVerb, Forms, Frames};
use super::words::{GroupKind, Range, Words};

/// A content to the right of a cue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Right {
    pub(super) content: Range,
    /// One past the last word of the cue (a preposition or particle belongs to it).
    pub(super) cue_end: usize,
    pub(super) addressee: Option<Range>,
    /// How well the frame speaks for an attribution, 0 to 1.
    pub(super) quality: f32,
}

/// Finds the content that starts right of a cue verb.
pub(super) fn content_after(w: &Words, verb: usize, cue: &CueVerb, end: usize) -> Option<Right> {
    let mut j = verb + 1;
    let mut cue_end = j;
    // condemned ‘in the strongest terms’ the attack
    if opens_quote(w, j) && w.is(j + 1, Classes::PREP) {
        let close = w.text.quotes[w.quote(j) as usize - 1].end_word as usize;
        if close < end
            && close - j <= 9
            && cue.frames.has(Frames::OBJECT)
            && noun_phrase_start(w, close)
        {
            j = close;
        }
    }
    while j < end && w.adverb(j) && !w.is(j, Classes::ADJ.or(Classes::PREP)) {
        j += 1;
    }
    if cue.frames.has(Frames::PREPOSITION) && j < end && cue.prepositions.contains(&w.hash(j)) {
        let mut k = j + 1;
        // pointed out that, called out
        if k < end && w.is(k, Classes::THAT) {
            return Some(Right {
                content: (k, clause_end(w, k, end)),
                cue_end: k,
                addressee: None,
                quality: 1.0,
            });
        }
        while k < end && w.adverb(k) && !w.is(k, Classes::ADJ) {
            k += 1;
        }
        if k < end
            && (noun_phrase_start(w, k)
                || w.tagged[k].info.forms.has(Forms::ING)
                || w.is(k, Classes::WH.or(Classes::TO)))
        {
            let stop = object_end(w, k, end);
            if stop > k {
                return Some(Right {
                    content: (k, stop),
                    cue_end: j + 1,
                    addressee: None,
                    quality: 0.9,
                });
            }
        }
    }
    let addressee = addressee_at(w, cue, j, end);
    if let Some(np) = addressee {
        j = np.1;
    }
    if let Some(content) = next_sentence_quote(w, j, cue, end) {
        return Some(Right {
            content,
            cue_end,
            addressee,
            quality: 0.95,
        });
    }
    if let Some((content, quality)) = frame_at(w, j, cue, end, addressee.is_some()) {
        return Some(Right {
            content,
            cue_end,
            addressee,
            quality,
        });
    }
    if let Some(a) = addressee {
        // told CNN on Friday that …
        if let Some(k) = skip_adverbials(w, a.1, end)
            && let Some((content, quality)) = frame_at(w, k, cue, end, true)
        {
            return Some(Right {
                content,
                cue_end,
                addressee,
                quality,
            });
        }
    } else if let Some(k) = skip_adverbials(w, j, end)
        && let Some((content, quality)) = frame_at(w, k, cue, end, false)
    {
        cue_end = if w.is(k, Classes::THAT) || w.mark(k) != 0 {
            cue_end.max(verb + 1)
        } else {
            cue_end
        };
        return Some(Right {
            content,
            cue_end,
            addressee,
            quality: quality * 0.95,
        });
    }
    None
}

/// A sentence that ends with a colon or comma before a quotation: "He added:" and a new paragraph.
fn next_sentence_quote(w: &Words, j: usize, cue: &CueVerb, end: usize) -> Option<Range> {
    let last = end.checked_sub(1)?;
    let bare = j >= last
        || skip_adverbials(w, j, last).is_some_and(|k| k >= last)
        || (j..last).all(|k| w.tagged[k].word);
    let introduces =
        (w.mark(last) == b':' || (w.mark(last) == b',' && j >= last)) && opens_quote(w, end);
    (cue.frames.has(Frames::QUOTATION) && bare && introduces && end.saturating_sub(j) <= 14).then(
        || {
            (
                end,
                w.text.quotes[w.quote(end) as usize - 1].end_word as usize,
            )
        },
    )
}

/// Whether a noun phrase can start at `i`.
pub(super) fn noun_phrase_start(w: &Words, i: usize) -> bool {
    w.nominal(i)
        || w.is(
            i,
            Classes::DET
                .or(Classes::POSS)
                .or(Classes::PRON_SUBJ)
                .or(Classes::PRON_OBJ)
                .or(Classes::PRON_SUBJ_AUX),
        )
        || opens_quote(w, i)
}

/// Whether word `i` is the opening mark of a quotation.
pub(super) fn opens_quote(w: &Words, i: usize) -> bool {
    let q = w.quote(i);
    q != 0 && w.text.quotes[q as usize - 1].first_word as usize == i
}

/// Whether word `i` is the closing mark of a quotation.
pub(super) fn closes_quote(w: &Words, i: usize) -> bool {
    let q = w.quote(i);
    q != 0 && w.mark(i) == b'"' && w.text.quotes[q as usize - 1].end_word as usize == i + 1
}

fn frame_at(
    w: &Words,
    j: usize,
    cue: &CueVerb,
    end: usize,
    addressed: bool,
) -> Option<(Range, f32)> {
    if j >= end {
        return None;
    }
    let f = cue.frames;
    let says = f.has(Frames::CLAUSE) || f.has(Frames::QUOTATION);
    if f.has(Frames::CLAUSE) && w.is(j, Classes::THAT) && j + 1 < end {
        // "said that" but not "did that."
        if w.mark(j + 1) == 0 || opens_quote(w, j + 1) || w.mark(j + 1) == b',' {
            return Some(((j, clause_end(w, j, end)), 1.0));
        }
    }
    if opens_quote(w, j) && (says || f.has(Frames::OBJECT)) {
        return Some(((j, clause_end(w, j, end)), if says { 1.0 } else { 0.9 }));
    }
    if matches!(w.mark(j), b',' | b':' | b'-') && opens_quote(w, j + 1) && says {
        return Some(((j + 1, quoted_end(w, j + 1, end)), 1.0));
    }
    if w.mark(j) == b':' && says && j + 1 < end {
        return Some(((j + 1, sentence_end(w, end)), 0.8));
    }
    if f.has(Frames::QUESTION) && w.is(j, Classes::WH) && j + 1 < end {
        return Some(((j, clause_end(w, j, end)), 0.95));
    }
    if f.has(Frames::INFINITIVE)
        && w.is(j, Classes::TO)
        && j + 1 < end
        && !w.is(j + 1, Classes::DET.or(Classes::POSS))
        && !w.capital(j + 1)
    {
        return Some(((j, object_end(w, j, end)), 0.95));
    }
    if f.has(Frames::GERUND) && w.tagged[j].info.forms.has(Forms::ING) {
        return Some(((j, object_end(w, j, end)), 0.9));
    }
    if f.has(Frames::CLAUSE) && clause_start(w, j, end) {
        return Some((
            (j, clause_end(w, j, end)),
            if addressed { 0.95 } else { 1.0 },
        ));
    }
    if (f.has(Frames::OBJECT))
        && noun_phrase_start(w, j)
        && !(w.is(j, Classes::TIME) && w.capital(j))
    {
        let stop = object_end(w, j, end);
        if stop > j {
            return Some(((j, stop), if f.has(Frames::CLAUSE) { 0.75 } else { 1.0 }));
        }
    }
    None
}

/// Whether a clause with a subject and a finite verb starts at `j`.
fn clause_start(w: &Words, j: usize, end: usize) -> bool {
    let subordinate = w.is(j, Classes::SUBORD.or(Classes::PREP)) && !w.is(j, Classes::TIME_START);
    if !(noun_phrase_start(w, j) || subordinate || w.adverb(j)) {
        return false;
    }
    if w.is(j, Classes::PRON_SUBJ_AUX) || (w.is(j, Classes::PRON_SUBJ) && w.possessive(j)) {
        return true;
    }
    let mut k = j;
    let mut commas = 0;
    while k < end {
        if w.mark(k) == b',' {
            commas += 1;
        }
        if commas > 2 || matches!(w.mark(k), b';' | b'.') {
            return false;
        }
        if k > j && (w.finite_looking(k) || bare_finite(w, k)) {
            return true;
        }
        if w.is(k, Classes::PRON_SUBJ)
            && k + 1 < end
            && w.nominal(k + 1)
            && k >= j
            && !w.is(k, Classes::POSS)
        {
            return true;
        }
        k += 1;
    }
    false
}

/// A form in -s or a base form that can only be a finite verb here: after a pronoun, or a cue verb
/// with a subject.
fn bare_finite(w: &Words, k: usize) -> bool {
    let t = &w.tagged[k];
    t.info.is_cue_verb()
        && t.info.forms.has(Forms::THIRD)
        && !t.capital
        && w.verb_group(k, k.saturating_sub(6))
            .is_some_and(|g| g.kind == GroupKind::Finite)
}

/// Skips "Monday", "on Friday", "last week", "in a statement", "at the rally" where a frame may
/// follow; `None` if nothing was skipped.
pub(super) fn skip_adverbials(w: &Words, mut j: usize, end: usize) -> Option<usize> {
    let from = j;
    loop {
        if j >= end {
            return None;
        }
        if w.is(j, Classes::TIME) {
            j += 1;
            while j < end
                && (w.is(j, Classes::TIME)
                    || w.tagged[j].info.classes.has(Classes::ADV) && !w.is(j, Classes::ADJ))
            {
                j += 1;
            }
            continue;
        }
        if w.is(j, Classes::TIME_START)
            && (w.is(j + 1, Classes::TIME) || w.is(j + 2, Classes::TIME))
        {
            j += if w.is(j + 1, Classes::TIME) { 2 } else { 3 };
            // a number: Oct. 3
            while j < end
                && (w.is(j, Classes::TIME) || w.text.words[j].kind == crate::text::WordKind::Number)
            {
                j += 1;
            }
            continue;
        }
        if w.is(j, Classes::PREP) && !w.is(j, Classes::THAT) {
            // A prepositional phrase, if "that", a quotation or a colon follows it.
            let limit = end.min(j + 16);
            let stop = (j + 1..limit).find(|&k| {
                w.is(k, Classes::THAT) && !w.nominal(k - 1)
                    || w.is(k, Classes::THAT)
                    || w.mark(k) != 0
            });
            match stop {
                Some(k)
                    if w.is(k, Classes::THAT)
                        || opens_quote(w, k)
                        || w.mark(k) == b':'
                        || (w.mark(k) == b',' && opens_quote(w, k + 1)) =>
                {
                    return Some(k);
                }
                _ => {}
            }
            // in a statement he was …
            if let Some(np) = w.noun_phrase_at(j + 1, end, false)
                && (np.0..np.1).any(|k| w.is(k, Classes::MEDIUM_NOUN.or(Classes::TIME)))
            {
                j = np.1;
                continue;
            }
        }
        if w.adverb(j) && !w.is(j, Classes::PREP.or(Classes::ADJ)) {
            j += 1;
            continue;
        }
        if w.mark(j) == b',' && j > from && j + 1 < end {
            j += 1;
            continue;
        }
        break;
    }
    (j > from).then_some(j)
}

/// Index one past the sentence's last word that is no final stop.
pub(super) fn sentence_end(w: &Words, end: usize) -> usize {
    let mut e = end;
    while e > 0 && matches!(w.mark(e - 1), b'.' | b',' | b';' | b':') {
        e -= 1;
    }
    e
}

/// Where a content that starts with a quotation mark after a comma or colon ends: at the end of the
/// sentence, or at the closing mark where the sentence goes on with words of the reporter.
fn quoted_end(w: &Words, j: usize, end: usize) -> usize {
    clause_end(w, j, end)
}

/// Where a reported clause that starts at `start` ends: before what the reporter adds.
pub(super) fn clause_end(w: &Words, start: usize, end: usize) -> usize {
    let mut k = start + 1;
    while k < end {
        let q = w.quote(k);
        if q != 0 {
            // Inside a quotation nothing ends the content.
            let quote = &w.text.quotes[q as usize - 1];
            if quote.first_word as usize >= start && (quote.end_word as usize) > k {
                k = quote.end_word as usize;
                // ” ends a sentence inside the marks: what follows is a new one.
                continue;
            }
        }
        if border(w, start, k, end) {
            return trim(w, start, k);
        }
        k += 1;
    }
    trim(w, start, end.max(k.min(w.len())))
}

/// Drops marks and conjunctions at the end.
fn trim(w: &Words, start: usize, mut e: usize) -> usize {
    while e > start + 1
        && (matches!(w.mark(e - 1), b'.' | b',' | b';' | b':' | b'-')
            || (w.is(e - 1, Classes::CONJ) && !w.is(e - 1, Classes::ADV)))
    {
        e -= 1;
    }
    e
}

/// Whether the reporter goes on at `k`.
fn border(w: &Words, start: usize, k: usize, end: usize) -> bool {
    let m = w.mark(k);
    if m == b';' {
        return true;
    }
    let is_word = |k: usize, word: &str| {
        k < end
            && w.text.words[k]
                .span
                .of(w.text.source)
                .eq_ignore_ascii_case(word)
    };
    if m == b',' || m == b'-' {
        let mut n = k + 1;
        if n >= end {
            return false;
        }
        if is_word(n, "according") {
            return true;
        }
        let conj = w.is(n, Classes::CONJ)
            || is_word(n, "while")
            || is_word(n, "although")
            || is_word(n, "though")
            || is_word(n, "as");
        if conj {
            n += 1;
        }
        while n < end && w.adverb(n) {
            n += 1;
        }
        // ", adding that", ", and said"
        if let Some(t) = w.tagged.get(n)
            && t.info.is_cue_verb()
            && !t.capital
        {
            let strong = w.lexicon.verb(t.info).is_some_and(|v| v.weight >= 0.5);
            if strong && (t.info.forms.has(Forms::ING) || conj && t.info.forms.has(Forms::FINITE)) {
                return true;
            }
        }
        // ", the ministry said.", ", but he said", ", said Kim"
        if let Some(v) = reporting_tail(w, n, end) {
            return v;
        }
        return false;
    }
    if w.is(k, Classes::CONJ) && k > start + 1 {
        let mut n = k + 1;
        while n < end && w.adverb(n) {
            n += 1;
        }
        if let Some(t) = w.tagged.get(n)
            && n < end
            && t.info.is_cue_verb()
            && !t.capital
            && w.lexicon.verb(t.info).is_some_and(|v| v.weight >= 0.65)
            && t.info.forms.has(Forms::PAST)
            && !w.is(n, Classes::VERB)
        {
            return true;
        }
    }
    false
}

/// Whether ", X said" with a strong reporting verb follows at `n`; `None` if no verb is near.
fn reporting_tail(w: &Words, n: usize, end: usize) -> Option<bool> {
    let limit = end.min(n + 9);
    for k in n..limit {
        let t = &w.tagged[k];
        if t.mark != 0 && t.mark != b'(' && t.mark != b')' {
            return None;
        }
        if w.is(k, Classes::SUBORD.or(Classes::THAT)) && k == n {
            return None;
        }
        if t.info.is_cue_verb() && !t.capital && t.info.forms.has(Forms::FINITE) {
            let strong = w.lexicon.verb(t.info).is_some_and(|v| {
                v.weight >= 0.7 && (v.frames.has(Frames::CLAUSE) && v.frames.has(Frames::QUOTATION))
            });
            if strong
                && (k == n
                    || w.noun_phrase_before(k, n)
                        .is_some_and(|np| np.0 == n || w.is(np.0, Classes::PRON_SUBJ))
                    || k > n && w.adverb(k - 1))
            {
                return Some(true);
            }
        }
        if w.finite_looking(k) {
            return None;
        }
    }
    None
}

/// Where an object or infinitive that starts at `start` ends.
pub(super) fn object_end(w: &Words, start: usize, end: usize) -> usize {
    let mut k = start + 1;
    while k < end {
        let q = w.quote(k);
        if q != 0 {
            let quote = &w.text.quotes[q as usize - 1];
            if quote.first_word as usize >= start && (quote.end_word as usize) > k {
                k = quote.end_word as usize;
                continue;
            }
        }
        if border(w, start, k, end) || object_border(w, start, k, end) {
            return trim(w, start, k);
        }
        k += 1;
    }
    trim(w, start, end.max(k.min(w.len())))
}

fn object_border(w: &Words, start: usize, k: usize, end: usize) -> bool {
    let m = w.mark(k);
    // "… on Friday", "… in a statement", "Thursday": time and medium of the report.
    if w.is(k, Classes::TIME)
        && w.capital(k)
        && w.lower(k - 1)
        && !w.is(k - 1, Classes::PREP.or(Classes::DET).or(Classes::ADJ))
    {
        return true;
    }
    if w.is(k, Classes::PREP) && k > start + 1 && !w.is(k, Classes::TO) {
        let limit = end.min(k + 7);
        let phrase =
            (k + 1..limit).take_while(|&i| w.nominal(i) || w.is(i, Classes::DET.or(Classes::POSS)));
        let mut medium = false;
        let mut weekday = false;
        for i in phrase {
            medium |= w.is(i, Classes::MEDIUM_NOUN);
            weekday |= i == k + 1 && w.is(i, Classes::TIME) && w.capital(i);
        }
        let place = ["in", "during", "at", "on", "via"]
            .iter()
            .any(|p| w.hash(k) == crate::text::fold_hash(p));
        if place && (weekday || medium) {
            return true;
        }
    }
    if m == b'-' || m == b':' {
        return true;
    }
    if m == b',' {
        // A list, a relative clause or an apposition goes on; a new clause ends the object.
        let n = k + 1;
        if n >= end {
            return true;
        }
        let conj = w.is(n, Classes::CONJ);
        let list = !conj
            && (n..end.min(n + 6))
                .take_while(|&i| !w.finite_looking(i))
                .any(|i| w.is(i, Classes::CONJ) || w.mark(i) == b',');
        return !(w.is(n, Classes::REL) || list && w.nominal(n));
    }
    if w.is(k, Classes::SUBORD)
        && !w.is(k, Classes::PREP.or(Classes::THAT))
        && w.hash(k) != crate::text::fold_hash("as")
    {
        return true;
    }
    if w.is(k, Classes::CONJ) && k + 1 < end {
        let n = if w.adverb(k + 1) { k + 2 } else { k + 1 };
        return w.finite_looking(n) || w.is(n, Classes::PRON_SUBJ) && !w.is(n, Classes::PRON_OBJ);
    }
    false
}

/// Whom something is said to: the noun phrase at `j`, after the cue.
pub(super) fn addressee_at(w: &Words, cue: &CueVerb, j: usize, end: usize) -> Option<Range> {
    if !cue.frames.has(Frames::ADDRESSEE)
        || j >= end
        || !(w.nominal(j) || w.is(j, Classes::DET.or(Classes::POSS).or(Classes::PRON_OBJ)))
        || w.is(j, Classes::THAT)
    {
        return None;
    }
    let mut np = w.noun_phrase_at(j, end, false)?;
    // "reporters" last week
    while np.1 > np.0 + 1 && w.is(np.1 - 1, Classes::TIME_START) && w.is(np.1, Classes::TIME) {
        np.1 -= 1;
    }
    let that = |k: usize| w.is(k, Classes::THAT.or(Classes::WH)) || opens_quote(w, k);
    let clear = w.is(np.1, Classes::THAT.or(Classes::TO).or(Classes::WH))
        || matches!(w.mark(np.1), b'"' | b':' | b',')
        || skip_adverbials(w, np.1, end).is_some_and(that);
    let named = w.is(np.1 - 1, Classes::ADDRESSEE.or(Classes::PRON_OBJ)) || w.capital(np.1 - 1);
    (clear || named).then_some(np)
}
