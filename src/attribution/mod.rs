//! Who says what: cues, their sources and contents.

mod content;
mod cue;
pub(crate) mod draft;
pub(crate) mod lexicon;
pub(crate) mod nesting;
pub(crate) mod quotation;
mod source;
pub(crate) mod words;

use crate::text::{Span, Text};

/// Longer sentences are no prose; they are read in pieces of so many words, which keeps the time
/// linear in the text.
const MAX_SENTENCE: usize = 400;

/// How a content is reported.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AttributionType {
    /// All of it stands in quotation marks.
    Direct,
    /// None of it does.
    Indirect,
    /// Some of it does.
    Mixed,
}

/// The attitude that a cue expresses (PARC 3, Pareti 2012).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// said, wrote, denied, asked
    Assertion,
    /// thinks, fears, expects
    Belief,
    /// knows, saw, found
    Fact,
    /// wants, plans, ordered, promised
    Eventuality,
}

/// Whether the cue is affirmed or denied ("did not say", "denied").
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Polarity {
    /// The source says, thinks or wants the content.
    Positive,
    /// The source denies it, or is said not to say it.
    Negative,
}

/// One attribution: a source says, thinks or wants a content.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// What is said; one or more spans in order, never empty.
    pub content: Vec<Span>,
    /// The words that report it; empty for a quotation that nothing introduces.
    pub cue: Vec<Span>,
    /// The words that name who says it here; empty where the text names nobody.
    pub source: Vec<Span>,
    /// Whom it is said to, where named ("told reporters").
    pub addressee: Option<Span>,
    /// direct, indirect or mixed.
    pub kind: AttributionType,
    /// assertion, belief, fact or eventuality.
    pub class: Class,
    /// Affirmed or denied.
    pub polarity: Polarity,
    /// Index of the attribution whose content this one stands in.
    pub parent: Option<u32>,
    /// Index into the document's speakers.
    pub speaker: Option<u32>,
    /// How sure, 0 to 1.
    pub score: f32,
}

/// The first word after a dateline ("GENEVA (Continental Wire) —"): capitals, then a dash.
fn after_dateline(w: &words::Words, range: words::Range) -> usize {
    const LONGEST: usize = 12;
    if range.1 <= range.0 || !text_in_capitals(w, range.0) {
        return range.0;
    }
    (range.0 + 1..range.1.min(range.0 + LONGEST))
        .take_while(|&k| w.quote(k) == 0 && !w.lower(k))
        .find(|&k| w.mark(k) == b'-')
        .map_or(range.0, |k| k + 1)
}

fn text_in_capitals(w: &words::Words, k: usize) -> bool {
    w.text.words[k].shape.has(crate::text::Shape::ALL_CAPS) || w.mark(k) == b'('
}

/// Finds the attributions of a text by rules, in text order.
pub fn attribute(text: &Text<'_>) -> Vec<Attribution> {
    let words = words::Words::new(text);
    let drafts = rule_drafts(&words);
    nesting::finish(&words, drafts)
}

/// Finds by rules what is quoted: only sentences with quotation marks and those beside them are
/// read. Direct attributions are those of [`attribute`]; others are not all found.
pub fn attribute_quotations(text: &Text<'_>) -> Vec<Attribution> {
    if text.quotes.is_empty() {
        return Vec::new();
    }
    let words = words::Words::near_quotations(text);
    let drafts = rule_drafts(&words);
    nesting::finish(&words, drafts)
}

/// What the rules propose, quotations settled; drafts may still collide.
pub(crate) fn rule_drafts(words: &words::Words<'_, '_>) -> Vec<draft::Draft> {
    let text = words.text;
    let mut drafts = Vec::new();
    for p in &text.paragraphs {
        let sentences = &text.sentences[p.first_sentence as usize..p.end_sentence as usize];
        let (Some(first), Some(last)) = (sentences.first(), sentences.last()) else {
            continue;
        };
        drafts.extend(cue::label_draft(
            words,
            (first.first_word as usize, last.end_word as usize),
        ));
        for k in words.read(p.first_sentence, p.end_sentence) {
            let s = &text.sentences[k];
            let mut range = (s.first_word as usize, s.end_word as usize);
            if s.first_word == first.first_word {
                range.0 = after_dateline(words, range);
            }
            for start in (range.0..range.1).step_by(MAX_SENTENCE) {
                let piece = (start, range.1.min(start + MAX_SENTENCE));
                cue::sentence_drafts(words, piece, s.kind, &mut drafts);
            }
        }
    }
    for q in text.quotes.iter().filter(|q| q.depth == 0) {
        let range = (q.first_word as usize, q.end_word as usize);
        let sentence = words.sentence_of(range.1);
        if range.1 < words.len() {
            drafts.extend(cue::signature_draft(words, range, sentence.1));
        }
    }
    // A rule may find no room between its cue and the end of the clause.
    drafts.retain_mut(draft::Draft::drop_empty);
    quotation::settle_quotations(words, &mut drafts);
    drafts
}
