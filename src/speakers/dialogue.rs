//! Who says which quotation: the turns of a conversation are settled together, so that sources,
//! actors beside a quotation, names spoken to and alternation decide also where nobody is named.

use super::lists::{Gender, Kinds};
use super::names::Name;
use super::path;
use super::sources::{Candidate, Resolver};
use crate::attribution::{Attribution, AttributionType};
use crate::text::{Span, WordKind};

/// So many may be meant by a turn.
const OPTIONS: usize = 8;
/// A conversation ends where so many paragraphs have no turn.
const PAUSE: usize = 2;
/// Turns so near may name who speaks a turn, ever less the farther (half after `FADE`).
const NEAR: usize = 8;
const FADE: f32 = 12.0;

// How much speaks for somebody, in the same measure as `Resolver::rank`. Tuned on PDNC, LitBank, GUM
// and the written corpus.

/// The source names him.
const NAMED: f32 = 6.0;
/// He acts in the sentence that leads up to a quotation or goes on after it.
const BESIDE: f32 = 5.0;
/// He acts in the sentence after it.
const AFTER: f32 = 3.0;
/// He acts in the paragraph before it.
const ABOVE: f32 = 1.6;
/// He speaks near by: for a pronoun; the second choice there counts less.
const NEAR_PRONOUN: f32 = 2.0;
const SECOND: f32 = 0.25;
/// He was named before the conversation.
const NAMED_BEFORE: f32 = 0.4;
/// He is spoken to in the turn itself, or named there.
const SPOKEN_TO: f32 = -6.0;
const MENTIONED: f32 = -2.0;
/// The turn before, or the one after, speaks to him.
const ANSWERS: f32 = 1.5;
const ASKED: f32 = 1.2;

/// One speech: the quotations of a paragraph that one source says.
#[derive(Debug, Default)]
pub(super) struct Turn {
    /// Its attributions.
    pub(super) attributions: Vec<usize>,
    pub(super) source: Option<Span>,
    /// The words of the source, else of the first quotation.
    pub(super) at: (usize, usize),
    /// First word and one past the last.
    first: usize,
    end: usize,
    pub(super) paragraph: usize,
    /// Where its quotations end: words.
    ends: Vec<usize>,
    pub(super) options: Vec<Candidate>,
    /// The pronoun that the source is.
    pronoun: Option<(usize, Kinds)>,
    /// Whom it speaks to.
    addressed: Vec<u32>,
}

/// The turns of a text, in order: its direct quotations that stand in no other attribution. An
/// unsourced quotation belongs to the turn beside it in its paragraph.
pub(super) fn turns(r: &Resolver, attributions: &[Attribution]) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for (i, a) in attributions.iter().enumerate() {
        if a.kind != AttributionType::Direct || a.parent.is_some() {
            continue;
        }
        let Some(start) = a.content.first() else {
            continue;
        };
        let paragraph = r.paragraph(start.start);
        let source = a.source.first().copied();
        let ends: Vec<usize> = a.content.iter().map(|s| r.words(*s).1).collect();
        let (first, end) = (r.words(*start).0, ends.last().copied().unwrap_or(0));
        let at = source.map_or((first, end), |s| r.source_words(s));
        let pronoun = source.and_then(|_| r.pronoun_of(at));
        if let Some(last) = turns.last_mut()
            && last.paragraph == paragraph
            && (source.is_none() || last.source.is_none())
        {
            if last.source.is_none() && source.is_some() {
                (last.source, last.at) = (source, at);
            }
            last.pronoun = last.pronoun.or(pronoun);
            last.end = last.end.max(end);
            last.ends.extend(ends);
            last.attributions.push(i);
            continue;
        }
        turns.push(Turn {
            attributions: vec![i],
            source,
            at,
            pronoun,
            first,
            end,
            paragraph,
            ends,
            ..Turn::default()
        });
    }
    turns
}

/// Whether turns without a source alternate, as in fiction, rather than go on, as in news.
pub(super) fn alternates(turns: &[Turn]) -> bool {
    let beside = |t: &[Turn]| t[1].source.is_none() && t[1].paragraph == t[0].paragraph + 1;
    let open = turns.windows(2).filter(|t| beside(t)).count();
    open >= 2 && open * 10 >= turns.len()
}

/// Whether "I" is one of those who speak.
pub(super) fn narrated(turns: &[Turn]) -> bool {
    let i = |t: &&Turn| {
        t.pronoun
            .is_some_and(|(_, k)| k.has(Kinds::I) && !k.has(Kinds::WE))
    };
    let all = turns.iter().filter(i).count();
    all > 1 && all * 30 >= turns.len()
}

/// Where the conversation ends that begins with turn `from`.
pub(super) fn conversation(turns: &[Turn], from: usize) -> usize {
    (from + 1..turns.len())
        .find(|&k| turns[k].paragraph > turns[k - 1].paragraph + PAUSE)
        .unwrap_or(turns.len())
}

impl Resolver<'_, '_, '_> {
    /// Settles who speaks the turns of one conversation; `before` are the last who spoke, `narrated`
    /// says that "I" may be one of them.
    pub(super) fn converse(
        &mut self,
        turns: &mut [Turn],
        before: &[u32],
        narrated: bool,
    ) -> Vec<Option<u32>> {
        let text = self.names.text;
        let mut asked = false;
        for t in turns.iter_mut() {
            let words = |(a, b): (usize, usize)| {
                let words = text.words[a..b].iter();
                words.filter(|w| !matches!(w.kind, WordKind::Mark | WordKind::QuoteMark))
            };
            let all = words((t.first, t.end)).count();
            t.addressed = self
                .names
                .within(t.first, t.end)
                .iter()
                // After a question a name alone is the answer.
                .filter(|n| n.addressed && !(asked && words((n.outer, n.end)).count() == all))
                .map(|n| n.bearer)
                .collect();
            asked = (t.first..t.end).rev().take(3).any(|k| text.word(k) == "?");
        }
        for t in turns.iter_mut() {
            t.options = self.sourced(t);
        }
        for i in 0..turns.len() {
            let options = match turns[i].pronoun.and_then(|p| p.1.gender()) {
                Some(gender) => self.pronoun_options(turns, i, gender),
                None if turns[i].options.is_empty() => self.unsourced(turns, i, before, narrated),
                None => continue,
            };
            turns[i].options = options;
        }
        for i in 0..turns.len() {
            self.weigh_addresses(turns, i);
        }
        path::best(turns, self.is_dialogue)
    }

    /// Who may be meant by the source of a turn.
    fn sourced(&mut self, t: &Turn) -> Vec<Candidate> {
        let Some(span) = t.source else {
            return Vec::new();
        };
        if let Some((word, kinds)) = t.pronoun
            && let Some(gender) = kinds.gender()
        {
            return self.people(word, Some(gender));
        }
        match self.source(span, t.at, None) {
            Some(s) => vec![(s, NAMED)],
            None => Vec::new(),
        }
    }

    /// Who speaks near by with a source, the nearer the likelier.
    fn near(&self, turns: &[Turn], i: usize) -> Vec<Candidate> {
        let mut near: Vec<Candidate> = Vec::new();
        let reach = (i.saturating_sub(NEAR), (i + NEAR + 1).min(turns.len()));
        for (k, other) in turns.iter().enumerate().take(reach.1).skip(reach.0) {
            if other.source.is_none() || k == i {
                continue;
            }
            let score = (-(k.abs_diff(i) as f32) / FADE).exp2();
            for (n, &(s, _)) in other.options.iter().take(2).enumerate() {
                if self.may_answer(s) {
                    near.push((s, if n == 0 { score } else { score * SECOND }));
                }
            }
        }
        near.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        near.dedup_by_key(|c| c.0);
        near
    }

    /// Who may be meant by he or she: who was named before it, or speaks near by under a name.
    fn pronoun_options(&self, turns: &[Turn], i: usize, gender: Gender) -> Vec<Candidate> {
        let mut options = turns[i].options.clone();
        let floor = options.last().map_or(0.0, |c| c.1).min(0.0);
        for (s, score) in self.near(turns, i) {
            let f = &self.found[s as usize];
            if f.gender.is_some_and(|g| g != gender) {
                continue;
            }
            let score = if self.is_dialogue {
                NEAR_PRONOUN * score
            } else {
                0.0
            };
            match options.iter_mut().find(|c| c.0 == s) {
                Some(c) => c.1 += score,
                None => options.push((s, floor + score)),
            }
        }
        options.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        options.truncate(OPTIONS);
        options
    }

    /// Who may speak a turn that names nobody.
    fn unsourced(
        &mut self,
        turns: &[Turn],
        i: usize,
        before: &[u32],
        narrated: bool,
    ) -> Vec<Candidate> {
        let t = &turns[i];
        let mut options: Vec<Candidate> = Vec::new();
        let mut add = |s: u32, score: f32| match options.iter_mut().find(|c| c.0 == s) {
            Some(c) => c.1 += score,
            None => options.push((s, score)),
        };
        let mut actors = self.actors(t);
        actors.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        actors.dedup_by_key(|c| c.0);
        for (s, score) in actors {
            add(s, score);
        }
        for (s, score) in self.near(turns, i) {
            add(s, score);
        }
        for &s in before {
            add(s, 0.0);
        }
        if self.is_dialogue {
            if narrated {
                add(self.narrator(), 0.0);
            }
            for k in [i.wrapping_sub(1), i + 1] {
                if let Some(other) = turns.get(k) {
                    for &b in &other.addressed {
                        add(self.bearer(b), 0.0);
                    }
                }
            }
            for (s, score) in self.people(turns[0].first, None) {
                add(s, (NAMED_BEFORE * score).clamp(0.0, 2.0 * NAMED_BEFORE));
            }
        }
        options.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        options.truncate(OPTIONS);
        options
    }

    /// Whether it is a person, and not "they" or "a voice".
    fn may_answer(&self, speaker: u32) -> bool {
        let f = &self.found[speaker as usize];
        f.bearer.is_some() && f.human || f.is_one_person()
    }

    /// Who acts beside the quotations of a turn: Tom shook his head. “No.”
    fn actors(&mut self, t: &Turn) -> Vec<Candidate> {
        let text = self.names.text;
        let paragraph = text.paragraphs[t.paragraph];
        let sentences =
            &text.sentences[paragraph.first_sentence as usize..paragraph.end_sentence as usize];
        let (Some(start), Some(end)) = (
            sentences.first().map(|s| s.first_word as usize),
            sentences.last().map(|s| s.end_word as usize),
        ) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        // After it; closest where the sentence goes on: “No,” Tom shook his head.
        for &at in t.ends.iter().filter(|&&at| at < end) {
            let small = text.words[at].kind == WordKind::Word && !self.names.capital(at);
            let comma = at > start + 1
                && text.words[at - 1].kind == WordKind::QuoteMark
                && text.word(at - 2) == ",";
            let weight = if small || comma { BESIDE } else { AFTER };
            out.extend(self.actor(at, end.min(at + 12), weight));
        }
        // Before it: the sentence that leads up to it, or the one before.
        if t.first > start {
            let mut from = self.sentence(t.first);
            if from >= t.first
                || text.words[from..t.first]
                    .iter()
                    .all(|w| w.kind != WordKind::Word)
            {
                from = self.sentence(from.max(1) - 1);
            }
            let from = from.max(start);
            if from < t.first {
                out.extend(self.actor(from, t.first, BESIDE));
            }
        } else if t.paragraph > 0 {
            // The paragraph before, where it has no quotation.
            let p = text.paragraphs[t.paragraph - 1];
            let quoted = text.quotes.partition_point(|q| q.span.end <= p.span.start);
            let free = text
                .quotes
                .get(quoted)
                .is_none_or(|q| q.span.start >= p.span.end);
            let sentences = &text.sentences[p.first_sentence as usize..p.end_sentence as usize];
            if free && let Some(s) = sentences.last() {
                out.extend(self.actor(s.first_word as usize, s.end_word as usize, ABOVE));
            }
        }
        out
    }

    /// Whom a stretch of narration is about: its first name, or a pronoun before it.
    fn actor(&mut self, from: usize, to: usize, weight: f32) -> Vec<Candidate> {
        /// The subject begins within so many words.
        const START: usize = 5;
        let names = self.names;
        let name: Option<&Name> = names.within(from, to).iter().find(|n| {
            !n.quoted && {
                let b = &names.bearers[n.bearer as usize];
                !b.is_body && !b.is_place()
            }
        });
        let limit = name.map_or(to, |n| n.outer).min(from + START);
        for k in from..limit {
            let kinds = names.kinds(k);
            if names.text.words[k].kind == WordKind::QuoteMark && k > from {
                break;
            }
            if kinds.has(Kinds::POSSESSIVE) {
                // "His voice shook", but "said her student".
                let someone = (k + 1..to.min(k + 4))
                    .any(|k| names.kinds(k).has(Kinds::ANY_ROLE.or(Kinds::KIN)));
                if let Some(gender) = kinds.gender().filter(|_| !someone) {
                    let people = self.people(k, Some(gender));
                    return scaled(people, weight * 0.8);
                }
                continue;
            }
            if let Some(gender) = kinds.gender() {
                let people = self.people(k, Some(gender));
                return scaled(people, weight);
            }
            if kinds.has(Kinds::I) && !kinds.has(Kinds::WE) {
                return vec![(self.narrator(), weight)];
            }
            if let Some(s) = self.role_at(k, to) {
                return vec![(s, weight)];
            }
        }
        let Some(n) = name else { return Vec::new() };
        let sure = n.outer < from + START;
        vec![(
            self.bearer(n.bearer),
            if sure { weight } else { weight * 0.5 },
        )]
    }

    /// Nobody speaks to himself, and who is spoken to answers.
    fn weigh_addresses(&mut self, turns: &mut [Turn], i: usize) {
        let beside = |a: &Turn, b: &Turn| a.paragraph.abs_diff(b.paragraph) <= 2;
        for o in 0..turns[i].options.len() {
            let (s, _) = turns[i].options[o];
            let Some(b) = self.found[s as usize].bearer else {
                continue;
            };
            let mut score = 0.0;
            if turns[i].addressed.contains(&b) {
                score += SPOKEN_TO;
            } else if turns[i].source.is_none()
                && self
                    .names
                    .within(turns[i].first, turns[i].end)
                    .iter()
                    .any(|n| n.bearer == b)
            {
                score += MENTIONED;
            }
            if self.is_dialogue {
                if i > 0 && turns[i - 1].addressed.contains(&b) && beside(&turns[i - 1], &turns[i])
                {
                    score += ANSWERS;
                }
                if let Some(next) = turns.get(i + 1)
                    && next.addressed.contains(&b)
                    && beside(next, &turns[i])
                {
                    score += ASKED;
                }
            }
            turns[i].options[o].1 += score;
        }
    }
}

fn scaled(people: Vec<Candidate>, weight: f32) -> Vec<Candidate> {
    // The first is meant most likely; the others as far as they come near it.
    let Some(&(_, best)) = people.first() else {
        return people;
    };
    people
        .iter()
        .take(3)
        .map(|&(s, score)| (s, weight + (score - best)))
        .collect()
}

impl Kinds {
    /// The gender of he and she.
    pub(super) fn gender(self) -> Option<Gender> {
        if self.has(Self::HE) {
            Some(Gender::Male)
        } else {
            self.has(Self::SHE).then_some(Gender::Female)
        }
    }
}
