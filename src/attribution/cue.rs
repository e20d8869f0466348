//! Cues and what stands around them: one pattern a function, from the cue to a draft.

use super::Class;
use super::content::{
    Right, addressee_at, clause_end, closes_quote, content_after, object_end, opens_quote,
    sentence_end, skip_adverbials,
};
use super::draft::Draft;
use super::lexicon::{Classes, CueVerb, Forms, Frames};
use super::source::{Source, governing_subject, source_after, source_before};
use super::words::{Group, GroupKind, Range, Words};
use crate::text::{SentenceKind, WordKind};

/// Finds the attributions of one sentence; `sentence` is its range of words.
pub(super) fn sentence_drafts(
    w: &Words,
    sentence: Range,
    kind: SentenceKind,
    out: &mut Vec<Draft>,
) {
    let first = out.len();
    let according = w.lexicon.according;
    for i in sentence.0..sentence.1 {
        let t = w.tagged[i];
        let draft = if t.info.is_cue_verb() {
            if w.capital(i) && i > sentence.0 && kind == SentenceKind::Prose {
                None
            } else {
                verb_draft(w, i, sentence, &out[first..])
            }
        } else if w.hash(i) == according && w.is(i + 1, Classes::TO) {
            according_draft(w, i, sentence)
        } else if w.lexicon.noun(t.info).is_some() {
            noun_draft(w, i, sentence)
        } else {
            adverb_draft(w, i, sentence)
        };
        out.extend(draft);
    }
}

fn verb_draft(w: &Words, i: usize, sentence: Range, earlier: &[Draft]) -> Option<Draft> {
    let cue = w.lexicon.verb(w.tagged[i].info)?;
    let sentence = within_quotation(w, i, sentence);
    let earlier = &earlier[earlier.partition_point(|d| d.extent().0 < sentence.0)..];
    let group = w.verb_group(i, sentence.0)?;
    match group.kind {
        GroupKind::Finite => finite_draft(w, group, cue, sentence, earlier),
        GroupKind::Participle => participle_draft(w, group, cue, sentence, earlier),
        GroupKind::Passive => passive_draft(w, group, cue, sentence),
        GroupKind::Infinitive => infinitive_draft(w, group, cue, sentence, earlier),
    }
}

/// The subject of a verb after a conjunction: of the modal that a base form shares ("could not
/// confirm or corroborate"), or of the clause.
fn shared_subject(w: &Words, group: Group, floor: usize, earlier: &[Draft]) -> Option<Range> {
    let forms = w.tagged[group.verb].info.forms;
    if group.start == group.verb
        && forms.has(Forms::BASE)
        && !forms.has(Forms::FINITE)
        && let Some(modal) = (floor..group.start)
            .rev()
            .find(|&k| w.is(k, Classes::MODAL))
        && let Source::Found(s) = source_before(w, modal, floor)
    {
        return Some(s);
    }
    governing_subject(w, group.start, floor, earlier)
}

/// "which Kim said poses a threat": the clause that follows has its subject before the source.
fn gapped_clause(w: &Words, verb: usize, cue: &CueVerb, end: usize) -> Option<Right> {
    let next = verb + 1;
    (cue.frames.has(Frames::CLAUSE) && next + 1 < end && w.finite_looking(next)).then(|| Right {
        content: (next, clause_end(w, next, end)),
        cue_end: next,
        addressee: None,
        quality: 0.9,
    })
}

/// Whether a noun phrase is the object of the verb right before it, so that it is no subject: "got
/// promises to". After a verb of saying it may be the subject of what is said.
fn is_object(w: &Words, np: Range, floor: usize) -> bool {
    let Some(p) = np.0.checked_sub(1).filter(|&p| p >= floor) else {
        return false;
    };
    let info = w.tagged[p].info;
    let says = w
        .lexicon
        .verb(info)
        .is_some_and(|v| v.frames.has(Frames::CLAUSE));
    w.tagged[p].word
        && !says
        && w.finite_looking(p)
        && !w.is(p, Classes::AUX)
        && !w.is(np.0, Classes::REL.or(Classes::PRON_SUBJ))
}

/// The part of the sentence that stands in the same quotation as word `i`: somebody who reports
/// inside a quotation has source and content there.
fn within_quotation(w: &Words, i: usize, sentence: Range) -> Range {
    match w.quote(i) {
        0 => sentence,
        q => {
            let quote = &w.text.quotes[q as usize - 1];
            let open = quote.first_word as usize;
            let close = quote.end_word as usize - usize::from(quote.closed);
            (
                sentence.0.max(open + 1).min(i),
                sentence.1.min(close).max(i + 1),
            )
        }
    }
}

fn finite_draft(
    w: &Words,
    group: Group,
    cue: &CueVerb,
    sentence: Range,
    earlier: &[Draft],
) -> Option<Draft> {
    let i = group.verb;
    let before = source_before(w, group.start, sentence.0);
    if let Source::Found(np) = before
        && is_object(w, np, sentence.0)
    {
        return None;
    }
    // "has not commented on": nothing is said.
    if group.negated
        && cue.frames.has(Frames::PREPOSITION)
        && !cue.frames.has(Frames::OBJECT)
        && !cue.frames.has(Frames::INFINITIVE)
        && cue.class == Class::Assertion
        && cue.prepositions.contains(&w.hash(i + 1))
    {
        return None;
    }
    let source = match before {
        Source::Found(range) => Some(range),
        Source::Shared => shared_subject(w, group, sentence.0, earlier),
        Source::None => None,
    };
    let gap =
        source.is_some_and(|s| s.0 > sentence.0 && w.is(s.0 - 1, Classes::REL.or(Classes::WH)));
    let right = content_after(w, i, cue, sentence.1)
        .or_else(|| gapped_clause(w, i, cue, sentence.1).filter(|_| gap));
    let left_end = source
        .filter(|_| matches!(before, Source::Found(_)))
        .map_or(group.start, |s| s.0);
    let left = left_content(w, left_end, sentence, cue);
    let says =
        cue.frames.has(Frames::QUOTATION) && (cue.frames.has(Frames::CLAUSE) || cue.weight >= 0.35);
    // “…,” said Kim.
    if (left.is_some() && says && source.is_none()
        || (left.is_some() && matches!(before, Source::Shared) && says))
        && w.tagged[i].info.forms.has(Forms::FINITE)
        && let Some(s) = source_after(w, i + 1, sentence.1)
    {
        let mut content: Vec<Range> = left.into_iter().collect();
        content.extend(resumed(w, s.1, sentence, &content));
        return Some(draft(group, i + 1, cue, content, Some(s), None, 1.0));
    }
    let trailing = matches!(before, Source::Found(_))
        && left.is_some_and(|l| direct(w, l))
        && (says || cue.frames.has(Frames::QUOTATION));
    if let Some(r) = right
        && (!trailing
            || opens_quote(w, r.content.0)
            || r.addressee.is_some() && w.is(r.content.0, Classes::THAT))
    {
        let content = if trailing && opens_quote(w, r.content.0) {
            vec![left?, r.content]
        } else {
            vec![r.content]
        };
        let known = source.is_some() || matches!(before, Source::Shared);
        // "a law that requires …": things that "that" and "which" stand for rarely report, unless a
        // clause or a quotation follows.
        let thing = source.is_some_and(|s| {
            s.1 - s.0 == 1 && w.is(s.0, Classes::REL) && !w.is(s.0, Classes::PRON_SUBJ)
        });
        if !known || (thing && !w.is(r.content.0, Classes::THAT) && !opens_quote(w, r.content.0)) {
            return None;
        }
        return Some(draft(
            group,
            r.cue_end,
            cue,
            content,
            source,
            r.addressee,
            r.quality,
        ));
    }
    // Content, Kim said.
    if let (Some(l), Some(s)) = (left, source)
        && (says || trailing)
        && matches!(before, Source::Found(_))
    {
        let rest = after_cue(w, i + 1, sentence.1);
        let mut content = vec![l];
        content.extend(resumed(w, rest, sentence, &content));
        let addressee = addressee_at(w, cue, i + 1, sentence.1);
        return Some(draft(
            group,
            i + 1,
            cue,
            content,
            source.or(Some(s)),
            addressee,
            0.95,
        ));
    }
    None
}

/// After "he said" comes time, place, addressee; where they end.
fn after_cue(w: &Words, j: usize, end: usize) -> usize {
    let mut k = j;
    if let Some(np) = w.noun_phrase_at(k, end, false)
        && !opens_quote(w, k)
    {
        k = np.1;
    }
    skip_adverbials(w, k, end).unwrap_or(k)
}

/// The second piece of a content that the cue interrupts: “A,” he said, “B” / A, he said, b.
fn resumed(w: &Words, from: usize, sentence: Range, content: &[Range]) -> Option<Range> {
    let was_direct = content.first().is_some_and(|&c| direct(w, c));
    let limit = sentence.1;
    if was_direct {
        // Up to the next quotation in the sentence, unless a new cue stands before it.
        let open = (from..limit.min(from + 40)).find(|&k| opens_quote(w, k))?;
        let clean = !(from..open).any(|k| w.tagged[k].info.is_cue_verb() && !w.capital(k));
        return clean.then(|| {
            (
                open,
                w.text.quotes[w.quote(open) as usize - 1].end_word as usize,
            )
        });
    }
    if w.mark(from) == b',' && from + 2 < limit {
        return Some((from + 1, clause_end(w, from + 1, limit)));
    }
    None
}

/// Whether a content stands wholly between quotation marks.
fn direct(w: &Words, c: Range) -> bool {
    w.quote(c.0) != 0 && w.quote(c.1 - 1) != 0
}

/// The content to the left of "…, he said": from the start of the sentence or quotation.
fn left_content(w: &Words, end: usize, sentence: Range, cue: &CueVerb) -> Option<Range> {
    if end <= sentence.0 {
        return None;
    }
    let last = end - 1;
    if closes_quote(w, last) {
        let q = &w.text.quotes[w.quote(last) as usize - 1];
        return Some((q.first_word as usize, end));
    }
    // “…”, he said
    if w.mark(last) == b',' && last > 0 && closes_quote(w, last - 1) {
        let q = &w.text.quotes[w.quote(last - 1) as usize - 1];
        let start = q.first_word as usize;
        // A clause that only ends quoted.
        if start > sentence.0 + 1 && w.mark(start - 1) == 0 {
            return Some((sentence.0, last));
        }
        return Some((start, last));
    }
    if !matches!(w.mark(last), b',' | b'-') || last < sentence.0 + 2 {
        return None;
    }
    if !cue.frames.has(Frames::CLAUSE) || cue.weight < 0.5 {
        return None;
    }
    let first = sentence.0;
    let adverbial = w.is(first, Classes::PREP.or(Classes::SUBORD))
        || w.tagged[first].info.forms.has(Forms::ING);
    let finite = (first..last).any(|k| w.finite_looking(k));
    if !finite {
        return None;
    }
    if adverbial {
        // "When asked, he said" but also "In Paris, rents are falling, he said".
        let comma = (first..last).find(|&k| w.mark(k) == b',')?;
        if !(comma..last).any(|k| w.finite_looking(k)) {
            return None;
        }
    }
    Some((first, last))
}

fn draft(
    group: Group,
    cue_end: usize,
    cue: &CueVerb,
    content: Vec<Range>,
    source: Option<Range>,
    addressee: Option<Range>,
    quality: f32,
) -> Draft {
    let source_factor = if source.is_some() { 1.0 } else { 0.6 };
    Draft {
        content,
        cue: vec![(group.start, cue_end)],
        source,
        addressee,
        class: cue.class,
        negative: cue.negative != group.negated,
        score: cue.weight * quality * source_factor,
    }
}

/// ", adding that …", "by saying that …", "was quoted as saying …"
fn participle_draft(
    w: &Words,
    group: Group,
    cue: &CueVerb,
    sentence: Range,
    earlier: &[Draft],
) -> Option<Draft> {
    let right = content_after(w, group.verb, cue, sentence.1)?;
    let p = group.start.checked_sub(1).filter(|&p| p >= sentence.0);
    let as_saying = p.is_some_and(|p| w.text.words[p].span.of(w.text.source) == "as");
    if as_saying
        && let Some(q) = (sentence.0..group.start).rev().find(|&k| {
            let t = &w.tagged[k];
            t.info.is_cue_verb() && t.info.forms.has(Forms::PARTICIPLE)
        })
        && let Some(g) = w.verb_group(q, sentence.0)
        && g.kind == GroupKind::Passive
    {
        let source = match source_before(w, g.start, sentence.0) {
            Source::Found(s) => Some(s),
            _ => governing_subject(w, g.start, sentence.0, earlier),
        };
        let mut d = draft(
            group,
            right.cue_end,
            cue,
            vec![right.content],
            source,
            None,
            right.quality,
        );
        d.cue = vec![(g.start, q + 1), (p.unwrap_or(group.start), right.cue_end)];
        return Some(d);
    }
    let named = w
        .noun_phrase_before(group.start, sentence.0)
        .filter(|&np| own_participle(w, np, sentence.0));
    let source = match named.or_else(|| governing_subject(w, group.start, sentence.0, earlier)) {
        Some(s) => Some(s),
        // "Citing the cost, Kim said": the subject comes after the comma.
        None => (right.content.1..sentence.1)
            .find(|&k| w.mark(k) == b',')
            .and_then(|comma| source_after(w, comma + 1, sentence.1))
            .or_else(|| w.noun_phrase_before(group.start, sentence.0)),
    };
    let factor = if p.is_none_or(|p| w.mark(p) == b',') {
        1.0
    } else {
        0.75
    };
    Some(draft(
        group,
        right.cue_end,
        cue,
        vec![right.content],
        source,
        right.addressee,
        right.quality * factor,
    ))
}

/// Whether a participle after a noun phrase is that phrase's own, not the subject's: "with Kim
/// describing", "footage of Kim saying"; but not "sent a letter to Kim urging".
fn own_participle(w: &Words, np: Range, floor: usize) -> bool {
    let before = np.0.checked_sub(1).filter(|&p| p >= floor);
    let word = before.map(|p| w.text.words[p].span.of(w.text.source));
    word == Some("with") || (word == Some("of") && w.capital(np.1 - 1))
}

fn passive_draft(w: &Words, group: Group, cue: &CueVerb, sentence: Range) -> Option<Draft> {
    let i = group.verb;
    let mut j = i + 1;
    while j < sentence.1 && w.adverb(j) && !w.is(j, Classes::PREP) {
        j += 1;
    }
    // criticized by X, was quoted by X
    let by = w
        .text
        .words
        .get(j)
        .is_some_and(|x| x.span.of(w.text.source) == "by")
        && j < sentence.1;
    if by {
        let source = w.noun_phrase_at(j + 1, sentence.1, false)?;
        if w.is(source.1, Classes::SUBORD) && w.text.words[source.1].span.of(w.text.source) == "as"
        {
            return None; // was quoted by X as saying
        }
        let content = if let Some(r) = content_after(w, source.1 - 1, cue, sentence.1)
            .filter(|_| w.is(source.1, Classes::THAT))
        {
            r.content
        } else if cue.frames.has(Frames::OBJECT) {
            w.noun_phrase_before(group.start, sentence.0)?
        } else {
            return None;
        };
        return Some(draft(
            group,
            j + 1,
            cue,
            vec![content],
            Some(source),
            None,
            0.7,
        ));
    }
    let expects = cue.class == Class::Belief;
    let right = content_after(w, i, cue, sentence.1)?;
    if !(w.is(right.content.0, Classes::THAT.or(Classes::WH))
        || (expects && w.is(right.content.0, Classes::TO)))
    {
        return None;
    }
    let subject = w.noun_phrase_before(group.start, sentence.0);
    let mut content = vec![right.content];
    // "X is expected to …": X belongs to the content; "it was decided that …": nothing does.
    if w.is(right.content.0, Classes::TO)
        && let Some(s) = subject
        && !w.is(s.0, Classes::REL)
    {
        content.insert(0, s);
    }
    Some(draft(
        group,
        right.cue_end,
        cue,
        content,
        None,
        None,
        0.75 * right.quality,
    ))
}

/// "declined to say whether …", "went on to say …".
fn infinitive_draft(
    w: &Words,
    group: Group,
    cue: &CueVerb,
    sentence: Range,
    earlier: &[Draft],
) -> Option<Draft> {
    let right = content_after(w, group.verb, cue, sentence.1)?;
    let p = group.start.checked_sub(1).filter(|&p| p >= sentence.0)?;
    let control = &w.tagged[p];
    let controlled = control.info.is_cue_verb() || w.finite_looking(p);
    if !controlled {
        return None;
    }
    let verb = w.lexicon.verb(control.info);
    let refuses = verb.is_some_and(|v| v.negative && v.frames.has(Frames::INFINITIVE));
    if !refuses && verb.is_some_and(|v| v.frames.has(Frames::INFINITIVE)) {
        return None; // "wants to say that": the wish is the attribution.
    }
    let g = w.verb_group(p, sentence.0);
    let start = g.map_or(p, |g| g.start);
    let source = match source_before(w, start, sentence.0) {
        Source::Found(s) => Some(s),
        _ => governing_subject(w, start, sentence.0, earlier),
    };
    source?;
    let mut d = draft(
        group,
        right.cue_end,
        cue,
        vec![right.content],
        source,
        right.addressee,
        right.quality * 0.8,
    );
    d.cue = vec![(start, right.cue_end)];
    d.negative ^= refuses;
    Some(d)
}

/// "according to X" after or before its content.
fn according_draft(w: &Words, i: usize, sentence: Range) -> Option<Draft> {
    let source = source_after(w, i + 2, sentence.1)?;
    let content = if i > sentence.0 + 1 {
        let last = if w.mark(i - 1) == b',' { i - 1 } else { i };
        // From the start of the sentence or of the last clause.
        let start = if closes_quote(w, last - 1) && {
            let q = &w.text.quotes[w.quote(last - 1) as usize - 1];
            (q.first_word as usize) <= sentence.0
        } {
            w.text.quotes[w.quote(last - 1) as usize - 1].first_word as usize
        } else {
            sentence.0
        };
        let mut pieces = vec![(start, last)];
        if w.mark(source.1) == b','
            && source.1 + 2 < sentence.1
            && !w.is(source.1 + 1, Classes::REL)
        {
            pieces.push((source.1 + 1, clause_end(w, source.1 + 1, sentence.1)));
        }
        pieces
    } else {
        let mut j = source.1;
        while j < sentence.1 && w.mark(j) != b',' {
            j += 1;
        }
        if j + 2 >= sentence.1 {
            return None;
        }
        vec![(j + 1, clause_end(w, j + 1, sentence.1))]
    };
    let source = (source.0, source.1);
    Some(Draft {
        content,
        cue: vec![(i, i + 2)],
        source: Some(source),
        addressee: None,
        class: Class::Assertion,
        negative: false,
        score: 0.95,
    })
}

/// "Kim's claim that …", "the claim by Kim that …", "his call for …".
fn noun_draft(w: &Words, i: usize, sentence: Range) -> Option<Draft> {
    let noun = w.lexicon.noun(w.tagged[i].info)?;
    if w.capital(i) && i > sentence.0 {
        return None;
    }
    let next = i + 1;
    let clause = w.is(next, Classes::THAT) && next + 1 < sentence.1;
    let infinitive = noun.class == Class::Eventuality
        && w.is(next, Classes::TO)
        && !w.is(next + 1, Classes::DET.or(Classes::POSS))
        && !w.capital(next + 1);
    if !clause && !infinitive {
        return None;
    }
    // A possessor: Kim's, his.
    let mut p = i;
    while p > sentence.0 && w.nominal(p - 1) && !w.possessive(p - 1) && i - p < 3 {
        p -= 1;
    }
    let possessor = p
        .checked_sub(1)
        .filter(|&k| k >= sentence.0 && (w.is(k, Classes::POSS) || w.possessive(k)));
    let source = match possessor {
        Some(k) if w.is(k, Classes::POSS) => Some((k, k + 1)),
        Some(k) => w.noun_phrase_before(k + 1, sentence.0).or(Some((k, k + 1))),
        None => None,
    };
    source?;
    let content = if clause {
        (next, clause_end(w, next, sentence.1))
    } else {
        (next, object_end(w, next, sentence.1))
    };
    Some(Draft {
        content: vec![content],
        cue: vec![(i, i + 1)],
        source,
        addressee: None,
        class: noun.class,
        negative: noun.negative,
        score: noun.weight,
    })
}

/// "reportedly", "allegedly": the sentence is the content.
fn adverb_draft(w: &Words, i: usize, sentence: Range) -> Option<Draft> {
    const ADVERBS: [&[u8]; 4] = [b"reportedly", b"allegedly", b"supposedly", b"purportedly"];
    let word = w.bytes(i);
    // Asked of every word: most are shorter.
    if word.len() < 9 || !ADVERBS.iter().any(|a| word.eq_ignore_ascii_case(a)) {
        return None;
    }
    let end = clause_end(w, i.max(sentence.0 + 1), sentence.1);
    let mut content = Vec::new();
    if i > sentence.0 {
        content.push((sentence.0, i));
    }
    if i + 1 < end {
        content.push((i + 1, end));
    }
    (!content.is_empty()).then(|| Draft {
        content,
        cue: vec![(i, i + 1)],
        source: None,
        addressee: None,
        class: Class::Assertion,
        negative: false,
        score: 0.5,
    })
}

/// A paragraph that starts with "NAME:" in a transcript, or a headline "Kim: We are ready".
pub(super) fn label_draft(w: &Words, paragraph: Range) -> Option<Draft> {
    let mut start = paragraph.0;
    while start < paragraph.1 && w.mark(start) == b'"' {
        start += 1;
    }
    let limit = paragraph.1.min(start + 8);
    let colon = (start..limit).find(|&k| w.mark(k) == b':')?;
    if colon == start || colon + 1 >= paragraph.1 {
        return None;
    }
    let capitals = (start..colon).filter(|&k| w.capital(k)).count();
    let words = (start..colon).filter(|&k| w.tagged[k].word).count();
    let names = (start..colon).all(|k| {
        w.nominal(k)
            || w.capital(k)
            || matches!(w.mark(k), b'.' | b',' | b'(' | b')')
            || w.is(k, Classes::PREP.or(Classes::DET))
    });
    let upper = (start..colon)
        .all(|k| w.text.words[k].shape.has(crate::text::Shape::ALL_CAPS) || w.mark(k) != 0);
    if words == 0 || !names || (capitals * 2 < words) {
        return None;
    }
    // "Phone: …", "Editor’s note: …"
    if w.is(start, Classes::FIELD) || w.is(colon - 1, Classes::FIELD) {
        return None;
    }
    if w.tagged[colon - 1].info.is_cue_verb() && !upper {
        return None;
    }
    let single = w.text.words[start].kind == WordKind::Number;
    if single {
        return None;
    }
    let end = sentence_end(w, paragraph.1);
    Some(Draft {
        content: vec![(colon + 1, if upper { paragraph.1 } else { end })],
        cue: vec![(colon, colon + 1)],
        source: Some((start, colon)),
        addressee: None,
        class: Class::Assertion,
        negative: false,
        score: if upper { 0.9 } else { 0.45 },
    })
}

/// “…” — NAME: a quotation with its source after a dash, to the end of the line.
pub(super) fn signature_draft(w: &Words, quote: Range, sentence_end: usize) -> Option<Draft> {
    let dash = quote.1;
    if w.mark(dash) != b'-' || dash + 1 >= sentence_end {
        return None;
    }
    let np = w.noun_phrase_at(dash + 1, sentence_end, true)?;
    let rest = (np.1..sentence_end).all(|k| w.mark(k) != 0);
    if !rest || !w.capital(dash + 1) || np.1 - np.0 > 12 {
        return None;
    }
    Some(Draft {
        content: vec![quote],
        cue: vec![(dash, dash + 1)],
        source: Some(np),
        addressee: None,
        class: Class::Assertion,
        negative: false,
        score: 0.8,
    })
}
