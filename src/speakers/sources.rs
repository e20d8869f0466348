//! Who a source is: the sieves, the surest first.

use rustc_hash::FxHashMap;

use super::Speaker;
use super::lists::{Gender, Kinds};
use super::names::{Name, Names};
use crate::attribution::Attribution;
use crate::text::{SentenceKind, Shape, Span, WordKind};

/// A source longer than this, without a name, may be a clause.
const CLAUSE: usize = 6;

/// A pronoun's antecedent is looked for so many words back.
pub(super) const REACH: usize = 220;

/// So many of the last speakers without a name are looked at.
const UNNAMED: usize = 64;

/// How likely somebody who was named before is "he" or "she"; one unit is worth `distance` words.
struct Weights {
    distance: f32,
    /// Of the logarithm of how often his name stands in the text.
    often: f32,
    /// He begins a sentence.
    subject: f32,
    /// He has spoken.
    speaks: f32,
    /// He is talked about.
    quoted: f32,
    /// He was no more than a pronoun.
    pronoun: f32,
    /// His full name stands there.
    full: f32,
    /// He is named in the same paragraph.
    paragraph: f32,
}

// Tuned on the development files: fiction stays with its heroes, news goes on to the next.
const FICTION: Weights = Weights {
    distance: 45.0,
    often: 0.4,
    subject: 0.5,
    speaks: 0.8,
    quoted: -0.3,
    pronoun: 2.0,
    full: 0.0,
    paragraph: 0.0,
};
const NEWS: Weights = Weights {
    distance: 21.0,
    often: 0.0,
    subject: 0.4,
    speaks: 0.4,
    quoted: -0.8,
    pronoun: 1.0,
    full: 0.5,
    paragraph: 0.8,
};
/// He is surely a person; of this gender; somebody without a name, but a man or woman.
const PERSON: f32 = 0.7;
const GENDER: f32 = 1.1;
const HUMAN: f32 = 0.5;

/// A speaker in the making.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) speaker: Speaker,
    /// Who bears the name; `None` for a speaker under its own words.
    pub(super) bearer: Option<u32>,
    pub(super) gender: Option<Gender>,
    plural: bool,
    /// A man or woman, or may be one.
    pub(super) human: bool,
    /// Where it has spoken last: a word.
    pub(super) spoke: Option<usize>,
}

impl Found {
    pub(super) fn is_one_person(&self) -> bool {
        self.human && !self.plural
    }
}

/// Somebody who may be meant, and how likely.
pub(super) type Candidate = (u32, f32);

pub(super) struct Resolver<'n, 'a, 't> {
    pub(super) names: &'n Names<'a, 't>,
    pub(super) found: Vec<Found>,
    by_bearer: FxHashMap<u32, u32>,
    by_phrase: FxHashMap<String, u32>,
    /// The bearers of the roles that only one has, once they were asked for.
    holders: FxHashMap<u64, Option<u32>>,
    /// Where each source ends, and whose it is.
    sources: Vec<(usize, u32)>,
    /// Speakers without a name, in the order of their sources, with the first word.
    unnamed: Vec<(usize, u32)>,
    /// Who says "I" outside quotations, once it was asked.
    narrator: Option<u32>,
    /// Turns alternate, as in fiction.
    pub(super) is_dialogue: bool,
    /// Who is "he" or "she" at the start of sentences, with the word, up to sentence `read`.
    pronouns: Vec<(usize, u32)>,
    read: usize,
    /// Index of the first quotation that ends after that sentence's start.
    quote: usize,
}

impl<'n, 'a, 't> Resolver<'n, 'a, 't> {
    pub(super) fn new(names: &'n Names<'a, 't>) -> Self {
        Self {
            names,
            found: Vec::new(),
            by_bearer: FxHashMap::default(),
            by_phrase: FxHashMap::default(),
            holders: FxHashMap::default(),
            sources: Vec::new(),
            unnamed: Vec::new(),
            narrator: None,
            is_dialogue: false,
            pronouns: Vec::new(),
            read: 0,
            quote: 0,
        }
    }

    /// Words that a span covers.
    pub(super) fn words(&self, span: Span) -> (usize, usize) {
        /// Most spans are short.
        const STEPS: usize = 12;
        let words = &self.names.text.words;
        let first = words.partition_point(|w| w.span.end <= span.start);
        let mut end = first;
        while end < words.len() && words[end].span.start < span.end {
            end += 1;
            if end > first + STEPS {
                end += words[end..].partition_point(|w| w.span.start < span.end);
                break;
            }
        }
        (first, end)
    }

    /// The words of a source from its first letter or digit on.
    pub(super) fn source_words(&self, span: Span) -> (usize, usize) {
        let (mut first, end) = self.words(span);
        let words = &self.names.text.words;
        while first < end && !matches!(words[first].kind, WordKind::Word | WordKind::Number) {
            first += 1;
        }
        (first, end)
    }

    /// The pronoun that a source is; one at the start of something longer is the subject of a clause
    /// that was taken for a source.
    pub(super) fn pronoun_of(&self, (first, end): (usize, usize)) -> Option<(usize, Kinds)> {
        if first >= end {
            return None;
        }
        let kinds = self.names.kinds(first);
        let owns = kinds.has(Kinds::POSSESSIVE) || kinds.has(Kinds::WHO);
        (kinds.has(Kinds::PRONOUN) && (end - first == 1 || !owns)).then_some((first, kinds))
    }

    /// Notes that `speaker` speaks at the words of a source or, without one, of a content.
    pub(super) fn speaks(
        &mut self,
        speaker: u32,
        source: Option<Span>,
        (word, end): (usize, usize),
    ) {
        let found = &mut self.found[speaker as usize];
        found.spoke = Some(word);
        if let Some(span) = source {
            found.speaker.mentions.push(span);
            if found.bearer.is_none() {
                self.unnamed.push((word, speaker));
            }
            self.sources.push((end, speaker));
        }
    }

    /// Who the source of these words is.
    pub(super) fn source(
        &mut self,
        span: Span,
        (first, end): (usize, usize),
        parent: Option<u32>,
    ) -> Option<u32> {
        let words = &self.names.text.words;
        if first >= end {
            return None;
        }
        // A pronoun may have swallowed a verb: they’ve.
        let last = words[end - 1].core_end.min(span.end);
        if let Some((word, kinds)) = self.pronoun_of((first, end)) {
            let meant = self.pronoun(word, kinds, parent);
            // A pronoun is nobody's name.
            if meant.is_some() || end - first == 1 {
                return meant;
            }
        }
        if !self.are_many(first, end)
            && let Some(name) = self.head_name(first, end)
        {
            return Some(self.bearer(name.bearer));
        }
        if end - first == 2 && self.names.kinds(first + 1).has(Kinds::LATTER) {
            let latter = self.names.text.word(first + 1) == "latter";
            if let Some(s) = self.latter(first, latter) {
                return Some(s);
            }
        }
        let kinds = self.names.kinds(first);
        if end - first > 1 && kinds.has(Kinds::POSSESSIVE) {
            return Some(self.possessed(first, end, kinds, parent));
        }
        if let Some(s) = self.role(first, end) {
            return Some(s);
        }
        if kinds.has(Kinds::YOU) {
            return None;
        }
        // A whole clause that was taken for a source: its last "he" or "she".
        if end - first > CLAUSE {
            let pronoun = (first..end).rev().find_map(|k| {
                let kinds = self.names.kinds(k);
                let gender = kinds.gender().filter(|_| !kinds.has(Kinds::POSSESSIVE))?;
                kinds.has(Kinds::SUBJECT).then_some((k, gender))
            });
            if let Some((k, gender)) = pronoun
                && let Some(s) = self.person(k, gender, parent)
            {
                return Some(s);
            }
        }
        let from = first
            + usize::from(
                end - first > 1 && self.names.text.word(first).eq_ignore_ascii_case("the"),
            );
        let end = self.phrase_end(from, end);
        let last = last.min(words[end - 1].span.end);
        let name = Span::new(words[from].span.start, last).of(self.names.text.source);
        Some(self.phrase(one_line(name), from, end))
    }

    /// Where the noun phrase ends that a source begins with: before a comma (but not in a list), or a
    /// verb that was taken for a part of it; a relative clause is a part ("an aide who was there").
    fn phrase_end(&self, first: usize, end: usize) -> usize {
        let words = &self.names.text.words;
        let mut relative = false;
        let cut = (first + 1..end)
            .find(|&k| {
                let mark = words[k].kind == WordKind::Mark
                    && matches!(self.names.text.word(k), "," | ";" | ":" | "(")
                    && !(k + 1..end).any(|k| self.names.kinds(k).has(Kinds::AND));
                let kinds = self.names.kinds(k);
                relative |= kinds.has(Kinds::WHO) && k + 1 < end;
                let word = self.names.text.word(k);
                let verb = kinds.has(Kinds::CUT) || word.len() > 4 && word.ends_with("ly");
                mark || verb && !relative
            })
            .unwrap_or(end);
        // "A report by the bank in" May
        let stray = (first + 1..cut)
            .rev()
            .take_while(|&k| self.names.kinds(k).has(Kinds::BREAK));
        cut - stray.count()
    }

    /// Whether people of some kind are the source, rather than a name: "Aides to the mayor".
    fn are_many(&self, first: usize, end: usize) -> bool {
        let word = self.names.text.word(first);
        let shape = self.names.text.words[first].shape;
        let place = self.names.kinds(first + 1);
        end - first > 2
            && word.ends_with('s')
            && !word.ends_with("ss")
            && !shape.has(Shape::ALL_CAPS)
            && place.has(Kinds::BREAK)
            && !place.has(Kinds::AND)
            && !self.names.within(first, first + 1).iter().any(|n| {
                let b = &self.names.bearers[n.bearer as usize];
                b.is_person || b.gender.is_some() || n.end - n.first > 1
            })
    }

    /// "his office": whose it is becomes part of a body's name; "her president": who bears the role.
    fn possessed(&mut self, first: usize, end: usize, kinds: Kinds, parent: Option<u32>) -> u32 {
        let head = self.head(first, end);
        let role = self.names.kinds(head);
        if role.has(Kinds::ANY_ROLE)
            && !role.has(Kinds::KIN)
            && let Some(s) = self.holder(head, first)
        {
            return s;
        }
        let words = &self.names.text.words;
        let source = self.names.text.source;
        let mut end = self.phrase_end(first + 1, end);
        if role.has(Kinds::ANY_ROLE) || role.has(Kinds::KIN) {
            end = end.min((head + 1).max(first + 2));
        }
        let rest = Span::new(words[first + 1].span.start, words[end - 1].span.end).of(source);
        let owner = if role.has(Kinds::ORG) {
            self.pronoun(first, kinds, parent)
        } else {
            None
        };
        let name = match owner {
            Some(owner) => format!("{}’s {rest}", self.name(owner)),
            None => Span::new(words[first].span.start, words[end - 1].span.end)
                .of(source)
                .to_owned(),
        };
        self.phrase(one_line(&name), first, end)
    }

    /// The name that a source is about: "Kim", "President Kim, who is 45", "the minister Ann Lee", "its
    /// spokeswoman, Ann Lee"; not "Kim’s lawyer", "a spokesman for Kim", "Kim and Lee".
    fn head_name(&self, first: usize, end: usize) -> Option<Name> {
        let words = &self.names.text.words;
        let all = self.names.within(first, end);
        let in_name = |k: usize| all.iter().any(|n| n.first <= k && k < n.end);
        // The head ends at the first mark, preposition or relative pronoun.
        let is_mark = |k: usize| words[k].kind == WordKind::Mark && self.names.text.word(k) != "&";
        let head_end = (first..end)
            .find(|&k| {
                let kinds = self.names.kinds(k);
                is_mark(k)
                    || (k > first
                        && (kinds.has(Kinds::BREAK) || kinds.has(Kinds::WHO))
                        && !in_name(k))
            })
            .unwrap_or(end);
        let possessive = |n: &Name| words[n.end - 1].shape.has(Shape::POSSESSIVE) && n.end < end;
        // A clause that was taken for a source: "Ann Lee pulled the bill", "in the end Ann Lee".
        let person = |n: &Name| {
            let b = &self.names.bearers[n.bearer as usize];
            (b.is_person || b.gender.is_some()) && !possessive(n)
        };
        if let Some(&name) = all.first()
            && name.outer == first
            && person(&name)
            && name.end < end
            && self.clause_at(name.end)
        {
            return Some(name);
        }
        if head_end < end && self.names.kinds(head_end).has(Kinds::AND) {
            return None;
        }
        if let Some(&name) = self.names.within(first, head_end).last()
            && name.end >= head_end
            && !possessive(&name)
        {
            return Some(name);
        }
        if let Some(&name) = all.last()
            && name.end == end
            && name.outer > first
            && person(&name)
            && words[name.outer - 1].kind == WordKind::Word
            && !self.names.kinds(name.outer - 1).has(Kinds::BREAK)
        {
            return Some(name);
        }
        // "her graduate student, Ann Lee": the name stands beside what he is.
        let comma = (first + 1..end).find(|&k| is_mark(k))?;
        if self.names.text.word(comma) != ","
            || (first..comma).any(|k| self.names.kinds(k).has(Kinds::AND))
        {
            return None;
        }
        let beside = self.names.within(comma, end);
        let name = *beside.first()?;
        let b = &self.names.bearers[name.bearer as usize];
        let close = (comma + 1..name.outer).all(|k| {
            let kinds = self.names.kinds(k);
            !is_mark(k) && !kinds.has(Kinds::BREAK) && !kinds.has(Kinds::WHO)
        });
        let ends = name.end == end || is_mark(name.end);
        (close && ends && !possessive(&name) && !b.is_body && name.outer - comma < 6)
            .then_some(name)
    }

    /// Whether a clause or adverb goes on at a word after a person's name ("Ann Lee pulled", "Ann Lee
    /// sadly"), rather than a noun ("Lee aides") or a second name.
    fn clause_at(&self, k: usize) -> bool {
        let kinds = self.names.kinds(k);
        let noun = kinds.has(Kinds::ANY_ROLE)
            || kinds.has(Kinds::ORG)
            || kinds.has(Kinds::KIN)
            || kinds.has(Kinds::PLURAL)
            || self.names.text.word(k).ends_with('s') && !kinds.has(Kinds::CUT);
        self.names.text.words[k].kind == WordKind::Word
            && !noun
            && !self.names.capital(k)
            && !kinds.has(Kinds::AND)
    }

    fn pronoun(&mut self, word: usize, kinds: Kinds, parent: Option<u32>) -> Option<u32> {
        if let Some(gender) = kinds.gender() {
            return self.person(word, gender, parent);
        }
        // In a quotation "they" are mostly whom only the speaker knows.
        if kinds.has(Kinds::THEY) {
            return self.many(word).filter(|_| !self.is_quoted(word));
        }
        if kinds.has(Kinds::I) {
            return parent.or_else(|| (!kinds.has(Kinds::WE)).then(|| self.narrator()));
        }
        if kinds.has(Kinds::WHO) {
            return self.antecedent(word);
        }
        if kinds.has(Kinds::IT) {
            return self.body(word);
        }
        None
    }

    fn is_quoted(&self, word: usize) -> bool {
        /// Few quotations hold so many others.
        const INNER: usize = 16;
        let quotes = &self.names.text.quotes;
        let k = quotes.partition_point(|q| q.first_word as usize <= word);
        quotes[..k]
            .iter()
            .rev()
            .take(INNER)
            .find(|q| q.depth == 0)
            .is_some_and(|q| word < q.end_word as usize)
    }

    /// Who says "I" outside quotations: the author in the by-line, or whom quotations speak to and
    /// nothing else names.
    pub(super) fn narrator(&mut self) -> u32 {
        if let Some(n) = self.narrator {
            return n;
        }
        let mut counts = vec![[0_u32; 3]; self.names.bearers.len()];
        for n in &self.names.names {
            let c = &mut counts[n.bearer as usize];
            c[usize::from(n.quoted)] += 1;
            c[2] += u32::from(n.addressed);
        }
        let best = counts
            .iter()
            .enumerate()
            .filter(|(b, c)| c[2] > 1 && c[0] * 4 <= c[1] && !self.names.bearers[*b].is_body)
            .max_by_key(|(b, c)| (c[2], std::cmp::Reverse(*b)));
        // "By Ann Lee", "Opinion | Ann Lee"
        let by_line = self.names.names.iter().take(12).find(|n| {
            let text = self.names.text;
            let k = text
                .sentences
                .partition_point(|s| s.end_word as usize <= n.first);
            let line = text.sentences[k];
            let b = &self.names.bearers[n.bearer as usize];
            let last = n.end == line.end_word as usize;
            let alone = n.outer == line.first_word as usize;
            let mark = n.outer > 0
                && (text.word(n.outer - 1) == "|" || self.names.kinds(n.outer - 1).has(Kinds::BY));
            line.kind == SentenceKind::Line
                && n.end - n.first > 1
                && last
                && (mark || alone && b.is_person)
        });
        let spoken_to = best.map(|(b, _)| u32::try_from(b).unwrap_or(u32::MAX));
        let author = by_line.map(|n| n.bearer).filter(|_| !self.is_dialogue);
        let best = self.interviewee().or(author).or(spoken_to);
        let narrator = match best {
            Some(b) => self.bearer(b),
            None => self.unnamed_phrase("I".to_owned()),
        };
        self.found[narrator as usize].human = true;
        self.narrator = Some(narrator);
        narrator
    }

    /// Whom an interview is with: who is named most in the opening of a text that says it is one.
    fn interviewee(&self) -> Option<u32> {
        /// Words of an opening.
        const OPENING: usize = 150;
        let end = OPENING.min(self.names.text.words.len());
        (0..end).find(|&k| self.names.kinds(k).has(Kinds::INTERVIEW))?;
        let mut counts: FxHashMap<u32, usize> = FxHashMap::default();
        for n in self.names.within(0, end) {
            let b = &self.names.bearers[n.bearer as usize];
            if !b.is_body && !b.is_place() && (b.is_person || b.count > 1) {
                *counts.entry(n.bearer).or_default() += 1;
            }
        }
        let most = counts
            .into_iter()
            .max_by_key(|&(b, n)| (n, std::cmp::Reverse(b)));
        most.map(|(b, _)| b)
    }

    /// He or she: the likeliest, but not who says so (`parent`).
    fn person(&mut self, word: usize, gender: Gender, parent: Option<u32>) -> Option<u32> {
        let all = self.people(word, Some(gender));
        let best = all.iter().find(|c| Some(c.0) != parent)?.0;
        self.found[best as usize].gender.get_or_insert(gender);
        Some(best)
    }

    /// Notes who the pronouns are at the start of the sentences before `word`: a person may be no more
    /// than "he" for pages.
    fn read_to(&mut self, word: usize) {
        let text = self.names.text;
        while let Some(s) = text.sentences.get(self.read)
            && (s.first_word as usize) < word
        {
            self.read += 1;
            let first = s.first_word as usize;
            while text
                .quotes
                .get(self.quote)
                .is_some_and(|q| q.end_word as usize <= first)
            {
                self.quote += 1;
            }
            let quoted = text
                .quotes
                .get(self.quote)
                .is_some_and(|q| q.first_word as usize <= first);
            if quoted {
                continue;
            }
            let to = (s.end_word as usize).min(first + 3).min(word);
            let pronoun = (first..to).find_map(|k| {
                let kinds = self.names.kinds(k);
                let gender = kinds.gender().filter(|_| !kinds.has(Kinds::POSSESSIVE))?;
                Some((k, gender))
            });
            let who = match pronoun {
                Some((k, gender)) => self.rank(k, Some(gender)).first().map(|c| (k, c.0)),
                None if self.is_source(first) => None,
                None => self.role_at(first, s.end_word as usize).map(|s| (first, s)),
            };
            self.pronouns.extend(who);
        }
    }

    /// Whether somebody without a name speaks whose source begins here.
    fn is_source(&self, first: usize) -> bool {
        self.unnamed.iter().rev().take(4).any(|u| u.0 == first)
    }

    /// The one person without a name that a clause begins with: "The minister was less sure", "A girl
    /// with a basket"; who has that role, or somebody of these words.
    pub(super) fn role_at(&mut self, first: usize, end: usize) -> Option<u32> {
        let kinds = self.names.kinds(first);
        if !kinds.has(Kinds::ARTICLE) {
            return None;
        }
        let role = (first + 1..end.min(first + 4))
            .take_while(|&k| !self.names.capital(k) && !self.names.kinds(k).has(Kinds::BREAK))
            .find(|&k| self.names.kinds(k).has(Kinds::ANY_ROLE))?;
        let words = &self.names.text.words;
        let owns = words[role].shape.has(Shape::POSSESSIVE);
        // "The assistant, Ann Lee,": the name beside it.
        if !owns
            && let Some(name) = self.names.within(role, (role + 6).min(end)).first()
            && (self.names.text.word(role + 1) == "," || name.outer == role + 1)
        {
            return Some(self.bearer(name.bearer));
        }
        let more = self.names.kinds(role + 1);
        let noun = more.has(Kinds::ANY_ROLE) || more.has(Kinds::ORG);
        if owns || noun || self.names.text.word(role).ends_with('s') {
            return None;
        }
        if let Some(s) = self.holder(role, first) {
            return Some(s);
        }
        let the = usize::from(self.names.text.word(first).eq_ignore_ascii_case("the"));
        let words = &self.names.text.words;
        let span = Span::new(words[first + the].span.start, words[role].span.end);
        Some(self.phrase(
            one_line(span.of(self.names.text.source)),
            first + the,
            role + 1,
        ))
    }

    /// The people named before `word` whose gender fits, the likeliest first.
    pub(super) fn people(&mut self, word: usize, gender: Option<Gender>) -> Vec<Candidate> {
        self.read_to(word);
        self.rank(word, gender)
    }

    /// The same, with the pronouns that have been read. Who has spoken, or begins a sentence, is nearer
    /// than others; a sure person nearer than what may be a place.
    fn rank(&mut self, word: usize, gender: Option<Gender>) -> Vec<Candidate> {
        let weights = if self.is_dialogue { &FICTION } else { &NEWS };
        let from = word.saturating_sub(REACH);
        let words = &self.names.text.words;
        let paragraph = words.get(word).map(|w| self.paragraph(w.span.start));
        let paragraph = paragraph.and_then(|p| self.names.text.paragraphs.get(p));
        let paragraph = paragraph.map_or(0, |p| p.span.start);
        let mut best: Vec<Candidate> = Vec::new();
        let mut propose = |s: u32, score: f32| match best.iter_mut().find(|c| c.0 == s) {
            Some(c) => c.1 = c.1.max(score),
            None => best.push((s, score)),
        };
        let names = self.names;
        for n in names.within(from, word) {
            let b = &names.bearers[n.bearer as usize];
            let speaker = self.by_bearer.get(&n.bearer).copied();
            let known = speaker.map(|s| &self.found[s as usize]);
            let g = b.gender.or(known.and_then(|f| f.gender));
            if b.is_body || gender.is_some() && g.is_some() && g != gender {
                continue;
            }
            let speaks = known.is_some_and(|f| f.spoke.is_some());
            let named = n.end - n.first > 1 && !self.is_dialogue;
            let unsure = !b.is_person && !speaks;
            if b.is_place() || unsure && b.gender.is_none() && !named {
                continue;
            }
            let score = -((word - n.first) as f32) / weights.distance
                + weights.often * (b.count as f32).ln()
                + weights.subject * f32::from(n.subject)
                + weights.speaks * f32::from(speaks)
                + weights.quoted * f32::from(n.quoted)
                + weights.full * f32::from(n.end - n.first > 1)
                + weights.paragraph * f32::from(words[n.first].span.start >= paragraph)
                + PERSON * f32::from(b.is_person)
                + GENDER * f32::from(g.is_some() && g == gender);
            propose(self.bearer(n.bearer), score);
        }
        let read = self.pronouns.partition_point(|p| p.0 < word);
        for &(at, s) in self.pronouns[..read]
            .iter()
            .rev()
            .take_while(|p| p.0 >= from)
        {
            let f = &self.found[s as usize];
            if gender.is_none() || f.gender.is_none() || f.gender == gender {
                let count = f.bearer.map_or(1, |b| names.bearers[b as usize].count);
                let often = weights.often * (count as f32).ln();
                propose(
                    s,
                    weights.pronoun + often - (word - at) as f32 / weights.distance,
                );
            }
        }
        // Somebody without a name: "The woman said …. She added".
        let unnamed = self.unnamed.iter().rev().take(UNNAMED);
        for &(at, s) in unnamed.take_while(|u| u.0 >= from) {
            let f = &self.found[s as usize];
            let fits = !f.plural
                && f.speaker.label != "ORG"
                && (gender.is_none() || f.gender.is_none() || f.gender == gender);
            if at < word && fits {
                let human = HUMAN * f32::from(f.human);
                propose(s, human - (word - at) as f32 / weights.distance);
            }
        }
        best.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        best.truncate(5);
        best
    }

    /// The unnamed speaker who was mentioned last before `word`, with the word where.
    fn last_unnamed(&self, word: usize, fits: impl Fn(&Found) -> bool) -> Option<(usize, u32)> {
        let near = self
            .unnamed
            .iter()
            .rev()
            .take_while(|u| u.0 + REACH >= word);
        near.filter(|u| u.0 < word && fits(&self.found[u.1 as usize]))
            .max()
            .copied()
    }

    /// They: the last speaker in the plural, or the last body.
    fn many(&mut self, word: usize) -> Option<u32> {
        let plural = self.last_unnamed(word, |f| f.plural);
        if let Some((_, s)) = plural {
            return Some(s);
        }
        self.body(word)
    }

    /// It: the last body or unknown name that has spoken, or the nearest body.
    fn body(&mut self, word: usize) -> Option<u32> {
        let from = word.saturating_sub(REACH / 2);
        let unnamed = self
            .last_unnamed(word, |f| !f.human)
            .map(|(at, s)| (at, None, Some(s)));
        let spoke = |b: &u32| {
            let s = self.by_bearer.get(b);
            s.is_some_and(|&s| self.found[s as usize].spoke.is_some())
        };
        let named = self
            .names
            .within(from, word)
            .iter()
            .rev()
            .find(|n| {
                let b = &self.names.bearers[n.bearer as usize];
                !b.is_person && (b.is_body || b.gender.is_none() && spoke(&n.bearer))
            })
            .map(|n| (n.first, Some(n.bearer), None));
        match unnamed.max(named)? {
            (_, Some(b), _) => Some(self.bearer(b)),
            (_, _, s) => s,
        }
    }

    /// Who, which, that: the nearest name before it in its sentence, or the noun phrase right before.
    fn antecedent(&mut self, word: usize) -> Option<u32> {
        let start = self.sentence(word);
        let words = &self.names.text.words;
        let mut k = word;
        while k > start && words[k - 1].kind == WordKind::Mark {
            k -= 1;
        }
        // Whom another report has just named at length: "according to a man with a dog, who added".
        if let Some(&(_, s)) = self.sources.iter().rev().take(4).find(|s| s.0 == k) {
            return Some(s);
        }
        let names = self.names.within(start, word);
        let is_person = |n: &&Name| {
            let b = &self.names.bearers[n.bearer as usize];
            b.is_person || b.gender.is_some() && !b.is_place()
        };
        // Ann Lee of Velmark, who
        if let Some(n) = names.last()
            && n.end >= k
        {
            let person = names.iter().rev().take(3).find(is_person);
            let who = self.names.kinds(word).has(Kinds::PERSONAL);
            let n = person.filter(|_| who).unwrap_or(n);
            return Some(self.bearer(n.bearer));
        }
        // A common noun right before it, without a name in between: "researchers who say", "my father,
        // who said".
        if k > start && words[k - 1].kind == WordKind::Word {
            let mut first = k - 1;
            let opens = |k: usize| {
                self.names.kinds(k).has(Kinds::ARTICLE)
                    || self.names.kinds(k).has(Kinds::POSSESSIVE)
            };
            while first > start
                && words[first - 1].kind == WordKind::Word
                && k - first < 4
                && !opens(first)
                && !self.breaks_phrase(first - 1)
            {
                first -= 1;
            }
            if self.names.kinds(k - 1).has(Kinds::NOT_NAME) {
                return None;
            }
            if k == word || opens(first) {
                let the = self.names.text.word(first).eq_ignore_ascii_case("the") && first + 1 < k;
                let from = first + usize::from(the);
                if the && let Some(s) = self.role(first, k) {
                    return Some(s);
                }
                let name = Span::new(words[from].span.start, words[k - 1].span.end)
                    .of(self.names.text.source);
                return Some(self.phrase(one_line(name), from, k));
            }
        }
        let person = names.iter().rev().find(is_person).or(names.last())?;
        Some(self.bearer(person.bearer))
    }

    /// Words that end a noun phrase to the left.
    fn breaks_phrase(&self, k: usize) -> bool {
        self.names.kinds(k).has(Kinds::BREAK) || self.names.text.word(k).ends_with("ed")
    }

    /// The latter: the last person named before; the former: the one before that.
    fn latter(&mut self, word: usize, latter: bool) -> Option<u32> {
        let names = self.names.within(word.saturating_sub(80), word);
        let mut people: Vec<u32> = Vec::new();
        for n in names.iter().rev() {
            if self.names.bearers[n.bearer as usize].is_person && !people.contains(&n.bearer) {
                people.push(n.bearer);
            }
        }
        let bearer = people
            .get(usize::from(!latter))
            .copied()
            .or_else(|| names.last().map(|n| n.bearer))?;
        Some(self.bearer(bearer))
    }

    /// The minister, the foreign ministry: somebody who bears that role, or a name that ends so.
    fn role(&mut self, first: usize, end: usize) -> Option<u32> {
        let definite = self.names.text.word(first).eq_ignore_ascii_case("the");
        let capital = self.names.text.words[first].shape.has(Shape::CAPITAL)
            && !self.names.text.words[first]
                .shape
                .has(Shape::SENTENCE_START);
        if !(definite || capital) || end - first > 5 {
            return None;
        }
        let from = first + usize::from(definite);
        if from >= end {
            return None;
        }
        let wanted: Vec<u64> = (from..end).map(|k| self.names.hash(k)).collect();
        let reach = self.names.within(first.saturating_sub(3 * REACH), first);
        let body = self.names.kinds(end - 1).has(Kinds::ORG);
        let named = reach.iter().rev().find(|n| {
            let b = &self.names.bearers[n.bearer as usize];
            let suffix = n.end - n.first > wanted.len()
                && (n.end - wanted.len()..n.end)
                    .map(|k| self.names.hash(k))
                    .eq(wanted.iter().copied());
            suffix && (body || !b.is_person)
        });
        if let Some(n) = named {
            return Some(self.bearer(n.bearer));
        }
        if body {
            return None;
        }
        self.holder(end - 1, first)
    }

    /// Who was last given the role of word `role` before `word`; a title may be older.
    fn holder(&mut self, role: usize, word: usize) -> Option<u32> {
        let title = self.names.kinds(role).has(Kinds::ANY_TITLE);
        let role = self.names.lists.role(self.names.hash(role));
        let reach = self.names.within(word.saturating_sub(3 * REACH), word);
        let holder = reach
            .iter()
            .rev()
            .map(|n| n.bearer)
            .find(|&b| self.names.bearers[b as usize].roles.contains(&role))
            .or_else(|| {
                let names = self.names;
                let sole = || names.sole_holder(role);
                title.then(|| *self.holders.entry(role).or_insert_with(sole))?
            })?;
        Some(self.bearer(holder))
    }

    /// A report that names nobody: who spoke last in its paragraph.
    pub(super) fn unsourced_clause(&self, a: &Attribution, spoken: &[(usize, u32)]) -> Option<u32> {
        let at = a.content.first()?.start;
        let &(last, speaker) = spoken.last()?;
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        (self.paragraph(last) == self.paragraph(at)).then_some(speaker)
    }

    pub(super) fn paragraph(&self, byte: u32) -> usize {
        self.names
            .text
            .paragraphs
            .partition_point(|p| p.span.end <= byte)
    }

    /// The first word of the sentence of a word.
    pub(super) fn sentence(&self, word: usize) -> usize {
        let sentences = &self.names.text.sentences;
        let k = sentences.partition_point(|s| s.end_word as usize <= word);
        sentences.get(k).map_or(word, |s| s.first_word as usize)
    }

    /// The speaker who bears a name.
    pub(super) fn bearer(&mut self, bearer: u32) -> u32 {
        if let Some(&s) = self.by_bearer.get(&bearer) {
            return s;
        }
        let b = &self.names.bearers[bearer as usize];
        let found = Found {
            speaker: Speaker {
                name: String::new(),
                label: String::new(),
                entry: None,
                mentions: Vec::new(),
            },
            bearer: Some(bearer),
            gender: b.gender,
            plural: false,
            human: !b.is_body,
            spoke: None,
        };
        let s = self.push(found);
        self.by_bearer.insert(bearer, s);
        s
    }

    /// The canonical name of a speaker.
    fn name(&self, speaker: u32) -> String {
        let found = &self.found[speaker as usize];
        let Some(b) = found.bearer.map(|b| &self.names.bearers[b as usize]) else {
            return found.speaker.name.clone();
        };
        let words = &self.names.text.words;
        let first = if b.needs_title { b.outer } else { b.first };
        let span = Span::new(words[first].span.start, words[b.end - 1].core_end);
        one_line(span.of(self.names.text.source))
    }

    /// The head of a noun phrase: the last word before a preposition, comma or relative pronoun.
    fn head(&self, first: usize, end: usize) -> usize {
        let words = &self.names.text.words;
        (first + 1..end)
            .find(|&k| {
                words[k].kind != WordKind::Word
                    || self.breaks_phrase(k)
                    || self.names.kinds(k).has(Kinds::WHO)
            })
            .unwrap_or(end)
            - 1
    }

    /// The speaker under these words.
    pub(super) fn phrase(&mut self, name: String, first: usize, end: usize) -> u32 {
        if let Some(&s) = self.by_phrase.get(&phrase_key(&name)) {
            return s;
        }
        let head = self.head(first, end);
        let kinds = self.names.kinds(head);
        let text = self.names.text.word(head);
        let plural = (text.len() > 3
            && text.ends_with('s')
            && !text.ends_with("ss")
            && !text.ends_with("'s"))
            || kinds.has(Kinds::PLURAL)
            || (first..end).any(|k| self.names.text.word(k) == "and");
        let gender = kinds.role_gender();
        let human = kinds.has(Kinds::ANY_ROLE) || kinds.has(Kinds::KIN) || gender.is_some();
        let body = kinds.has(Kinds::ORG) && !plural;
        let label = if human && !plural {
            "PERSON"
        } else if body {
            "ORG"
        } else {
            ""
        };
        let s = self.unnamed_phrase(name);
        let found = &mut self.found[s as usize];
        label.clone_into(&mut found.speaker.label);
        found.gender = gender;
        found.plural = plural;
        found.human = human;
        s
    }

    fn unnamed_phrase(&mut self, name: String) -> u32 {
        let key = phrase_key(&name);
        if let Some(&s) = self.by_phrase.get(&key) {
            return s;
        }
        let s = self.push(Found {
            speaker: Speaker {
                name,
                label: String::new(),
                entry: None,
                mentions: Vec::new(),
            },
            bearer: None,
            gender: None,
            plural: false,
            human: false,
            spoke: None,
        });
        self.by_phrase.insert(key, s);
        s
    }

    fn push(&mut self, found: Found) -> u32 {
        self.found.push(found);
        u32::try_from(self.found.len() - 1).unwrap_or(u32::MAX)
    }

    /// Leaves only those who speak, in the order they first do, with their names and all their places.
    pub(super) fn finish(mut self, attributions: &mut [Attribution]) -> Vec<Found> {
        let mut place: Vec<Option<u32>> = vec![None; self.found.len()];
        let mut order: Vec<u32> = Vec::new();
        for s in attributions.iter_mut().filter_map(|a| a.speaker.as_mut()) {
            let at = place[*s as usize].get_or_insert_with(|| {
                order.push(*s);
                u32::try_from(order.len() - 1).unwrap_or(u32::MAX)
            });
            *s = *at;
        }
        for &s in &order {
            let name = self.name(s);
            let found = &mut self.found[s as usize];
            found.speaker.name = name;
            if let Some(b) = found.bearer.map(|b| &self.names.bearers[b as usize]) {
                let label = if b.is_person {
                    "PERSON"
                } else if b.is_body {
                    "ORG"
                } else {
                    ""
                };
                label.clone_into(&mut found.speaker.label);
            }
        }
        let words = &self.names.text.words;
        for n in &self.names.names {
            if let Some(&s) = self.by_bearer.get(&n.bearer)
                && place[s as usize].is_some()
            {
                let span = Span::new(words[n.first].span.start, words[n.end - 1].core_end);
                self.found[s as usize].speaker.mentions.push(span);
            }
        }
        let mut found: Vec<Option<Found>> = self.found.into_iter().map(Some).collect();
        let speakers = order.iter().filter_map(|&s| found[s as usize].take());
        speakers
            .map(|mut f| {
                // A source that holds the name stands for both.
                let mentions = &mut f.speaker.mentions;
                mentions.sort_unstable_by_key(|m| (m.start, std::cmp::Reverse(m.end)));
                let mut end = 0;
                mentions.retain(|m| {
                    let apart = m.start >= end;
                    end = end.max(m.end);
                    apart
                });
                f
            })
            .collect()
    }
}

/// What is the same of a person without a name: "a girl", "the girl".
fn phrase_key(name: &str) -> String {
    let mut key = name.to_lowercase();
    let article = ["a ", "an "].iter().find(|a| key.starts_with(**a));
    key.drain(..article.map_or(0, |a| a.len()));
    key
}

/// White space as single spaces.
fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
