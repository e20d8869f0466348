//! One source after the other: which sieve knows it.

use rustc_hash::FxHashMap;

use super::Speaker;
use super::lists::{Gender, Kinds};
use super::names::{Name, Names};
use crate::attribution::Attribution;
use crate::text::{Shape, Span, WordKind};

/// A pronoun's antecedent is looked for so many words back.
const REACH: usize = 220;

/// A speaker in the making.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) speaker: Speaker,
    /// Who bears the name; `None` for a speaker under its own words.
    pub(super) bearer: Option<u32>,
    gender: Option<Gender>,
    plural: bool,
    /// A man or woman, or may be one.
    human: bool,
}

/// Sets the speaker of every attribution; gives the speakers in the order they first speak.
pub(super) fn resolve(names: &Names, attributions: &mut [Attribution]) -> Vec<Found> {
    let mut r = Resolver {
        names,
        found: Vec::new(),
        by_bearer: FxHashMap::default(),
        by_phrase: FxHashMap::default(),
        turns: Vec::new(),
        unnamed: Vec::new(),
    };
    for i in 0..attributions.len() {
        let source = attributions[i].source.first().copied();
        let parent = attributions[i]
            .parent
            .and_then(|p| attributions[p as usize].speaker);
        let speaker = match source {
            Some(span) => r.source(span, parent),
            None => r.unsourced(&attributions[i]),
        };
        attributions[i].speaker = speaker;
        if let (Some(s), Some(span)) = (speaker, source) {
            let found = &mut r.found[s as usize];
            found.speaker.mentions.push(span);
            if found.bearer.is_none() {
                let at = r.words(span).0;
                r.unnamed.push((at, s));
            }
        }
        if let Some(s) = speaker
            && attributions[i].parent.is_none()
        {
            let at = attributions[i].content.first().map_or(0, |c| c.start);
            r.turns.push((at, s));
        }
    }
    r.add_names();
    r.found
}

struct Resolver<'n, 'a, 't> {
    names: &'n Names<'a, 't>,
    found: Vec<Found>,
    by_bearer: FxHashMap<u32, u32>,
    by_phrase: FxHashMap<String, u32>,
    /// Who has spoken, in order, with the start of the content.
    turns: Vec<(u32, u32)>,
    /// Speakers without a name, in the order of their sources, with the first word.
    unnamed: Vec<(usize, u32)>,
}

impl Resolver<'_, '_, '_> {
    /// Words that a span covers.
    fn words(&self, span: Span) -> (usize, usize) {
        let words = &self.names.text.words;
        let first = words.partition_point(|w| w.span.end <= span.start);
        let end = words.partition_point(|w| w.span.start < span.end);
        (first, end.max(first))
    }

    fn source(&mut self, span: Span, parent: Option<u32>) -> Option<u32> {
        let (mut first, end) = self.words(span);
        let words = &self.names.text.words;
        while first < end
            && words[first].kind != WordKind::Word
            && words[first].kind != WordKind::Number
        {
            first += 1;
        }
        if first >= end {
            return None;
        }
        // A pronoun may have swallowed a verb: they’ve.
        let last = words[end - 1].core_end.min(span.end);
        let kinds = self.names.kinds(first);
        if end - first == 1
            && let Some(s) = self.pronoun(first, kinds, parent)
        {
            return Some(s);
        }
        if let Some(name) = self.head_name(first, end) {
            return Some(self.bearer(name.bearer));
        }
        if end - first == 2 && matches!(self.names.text.word(first + 1), "latter" | "former") {
            let latter = self.names.text.word(first + 1) == "latter";
            if let Some(s) = self.latter(first, latter) {
                return Some(s);
            }
        }
        // "his office": whose it is becomes part of the name.
        if end - first > 1
            && kinds.has(Kinds::POSSESSIVE)
            && let Some(owner) = self.pronoun(first, kinds, parent)
        {
            let rest = Span::new(words[first + 1].span.start, words[end - 1].span.end);
            let owner = &self.found[owner as usize].speaker.name;
            let name = format!("{owner}’s {}", rest.of(self.names.text.source));
            return Some(self.phrase(name, first, end));
        }
        if let Some(s) = self.role(first, end) {
            return Some(s);
        }
        let from = if end - first > 1 && self.names.text.word(first).eq_ignore_ascii_case("the") {
            first + 1
        } else {
            first
        };
        let name = Span::new(words[from].span.start, last).of(self.names.text.source);
        Some(self.phrase(
            name.split_whitespace().collect::<Vec<_>>().join(" "),
            first,
            end,
        ))
    }

    /// The name that a source is about: "Kim", "President Kim, who is 45", "the minister Ann Lee"; not
    /// "Kim’s lawyer", "a spokesman for Kim", "Kim and Lee".
    fn head_name(&self, first: usize, end: usize) -> Option<Name> {
        let words = &self.names.text.words;
        // The head ends at the first mark, preposition or relative pronoun.
        let head_end = (first..end)
            .find(|&k| {
                let text = self.names.text.word(k);
                words[k].kind == WordKind::Mark && text != "&"
                    || (k > first
                        && matches!(
                            text,
                            "of" | "for"
                                | "from"
                                | "at"
                                | "in"
                                | "on"
                                | "with"
                                | "who"
                                | "which"
                                | "that"
                        )
                        && self
                            .names
                            .within(first, end)
                            .iter()
                            .all(|n| k < n.first || k >= n.end))
            })
            .unwrap_or(end);
        if (first..end).any(|k| {
            matches!(self.names.text.word(k), "and" | "or")
                && self
                    .names
                    .within(first, end)
                    .iter()
                    .all(|n| k < n.first || k >= n.end)
        }) {
            return None;
        }
        // "its spokeswoman, Ann Lee": the name stands beside the role.
        if self.names.within(first, head_end).is_empty()
            && head_end + 1 < end
            && self.names.text.word(head_end) == ","
            && self.names.kinds(head_end - 1).has(Kinds::ANY_ROLE)
        {
            return self
                .names
                .within(head_end, end)
                .first()
                .copied()
                .filter(|n| n.outer == head_end + 1);
        }
        let name = *self.names.within(first, head_end).last()?;
        let possessive = words[name.end - 1].shape.has(Shape::POSSESSIVE);
        (name.end >= head_end && (!possessive || name.end == end)).then_some(name)
    }

    fn pronoun(&mut self, word: usize, kinds: Kinds, parent: Option<u32>) -> Option<u32> {
        if kinds.has(Kinds::HE) {
            return self.person(word, Gender::Male);
        }
        if kinds.has(Kinds::SHE) {
            return self.person(word, Gender::Female);
        }
        if kinds.has(Kinds::THEY) {
            return self.many(word);
        }
        if kinds.has(Kinds::I) {
            return parent;
        }
        if kinds.has(Kinds::WHO) {
            return self.antecedent(word);
        }
        if kinds.has(Kinds::IT) {
            return self.body(word);
        }
        None
    }

    /// The nearest person before `word` whose gender fits. Who has spoken, or begins a sentence, is
    /// nearer than others; a sure person nearer than what may be a place.
    fn person(&mut self, word: usize, gender: Gender) -> Option<u32> {
        let from = word.saturating_sub(REACH);
        let sentence = self.sentence(word);
        let mut best: Option<(i64, u32)> = None;
        for n in self.names.within(from, word) {
            let b = &self.names.bearers[n.bearer as usize];
            let known = self
                .by_bearer
                .get(&n.bearer)
                .map(|&s| &self.found[s as usize]);
            let g = b.gender.or(known.and_then(|f| f.gender));
            if b.is_body || g.is_some_and(|g| g != gender) {
                continue;
            }
            let speaks = known.is_some();
            if !b.is_person && !speaks && b.gender.is_none() {
                continue;
            }
            let subject = self.sentence(n.first) == self.sentence_start(n.outer);
            let distance = i64::try_from(word - n.first).unwrap_or(i64::MAX);
            let near = self.sentence(n.first) == sentence;
            let score = -distance
                + 45 * i64::from(subject)
                + 35 * i64::from(speaks)
                + 30 * i64::from(b.is_person)
                + 25 * i64::from(g == Some(gender))
                + 10 * i64::from(near);
            if best.is_none_or(|b| score > b.0) {
                best = Some((score, n.bearer));
            }
        }
        // Somebody without a name: "The woman said …. She added".
        let unnamed = self.last_unnamed(word, |f| {
            f.human && !f.plural && f.gender.is_none_or(|g| g == gender)
        });
        let speaker = match (best, unnamed) {
            (Some((_, b)), Some((at, s))) => {
                let last = self
                    .names
                    .within(from, word)
                    .iter()
                    .rev()
                    .find(|n| n.bearer == b)
                    .map_or(0, |n| n.first);
                if at > last { s } else { self.bearer(b) }
            }
            (Some((_, b)), None) => self.bearer(b),
            (None, Some((_, s))) => s,
            (None, None) => return None,
        };
        self.found[speaker as usize].gender.get_or_insert(gender);
        Some(speaker)
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
        let named = self
            .names
            .within(from, word)
            .iter()
            .rev()
            .find(|n| {
                let b = &self.names.bearers[n.bearer as usize];
                !b.is_person && (b.is_body || self.by_bearer.contains_key(&n.bearer))
            })
            .map(|n| (n.first, Some(n.bearer), None));
        match unnamed.max(named)? {
            (_, Some(b), _) => Some(self.bearer(b)),
            (_, _, s) => s,
        }
    }

    /// Who, which, that: the nearest name before it in its sentence, or the noun phrase right before.
    fn antecedent(&mut self, word: usize) -> Option<u32> {
        let start = self.sentence_start(word);
        let words = &self.names.text.words;
        let mut k = word;
        while k > start && words[k - 1].kind == WordKind::Mark {
            k -= 1;
        }
        let names = self.names.within(start, word);
        if let Some(n) = names.last()
            && n.end >= k
        {
            return Some(self.bearer(n.bearer));
        }
        // A common noun right before it, without a name in between: "researchers who say".
        if k == word && k > start && words[k - 1].kind == WordKind::Word {
            let mut first = k - 1;
            while first > start
                && words[first - 1].kind == WordKind::Word
                && k - first < 4
                && !self.names.kinds(first).has(Kinds::ARTICLE)
                && !self.breaks_phrase(first - 1)
            {
                first -= 1;
            }
            if self.names.kinds(k - 1).has(Kinds::NOT_NAME) {
                return None;
            }
            let from = if self.names.text.word(first).eq_ignore_ascii_case("the") && first + 1 < k {
                first + 1
            } else {
                first
            };
            let name = Span::new(words[from].span.start, words[k - 1].span.end)
                .of(self.names.text.source)
                .to_owned();
            return Some(self.phrase(name, first, k));
        }
        let person = names
            .iter()
            .rev()
            .find(|n| self.names.bearers[n.bearer as usize].is_person)
            .or(names.last())?;
        Some(self.bearer(person.bearer))
    }

    /// Words that end a noun phrase to the left.
    fn breaks_phrase(&self, k: usize) -> bool {
        let text = self.names.text.word(k);
        matches!(
            text,
            "of" | "in"
                | "on"
                | "at"
                | "by"
                | "for"
                | "from"
                | "with"
                | "to"
                | "and"
                | "or"
                | "but"
                | "as"
                | "is"
                | "are"
                | "was"
                | "were"
                | "be"
                | "been"
                | "has"
                | "have"
                | "had"
                | "that"
                | "than"
                | "among"
                | "against"
                | "like"
                | "about"
        ) || text.ends_with("ed")
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
        let wanted: Vec<u64> = (from..end).map(|k| self.names.hash(k)).collect();
        let last = *wanted.last()?;
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
        let holder = reach
            .iter()
            .rev()
            .find(|n| self.names.bearers[n.bearer as usize].roles.contains(&last))?;
        Some(self.bearer(holder.bearer))
    }

    /// A quotation that names nobody: who spoke last where the paragraph goes on, else, in a
    /// dialogue, the one who spoke before.
    fn unsourced(&mut self, a: &Attribution) -> Option<u32> {
        let at = a.content.first()?.start;
        let here = self.paragraph(at);
        let (last_at, last) = *self.turns.iter().rev().find(|t| t.0 < at)?;
        let before = self.paragraph(last_at);
        if before == here {
            return Some(last);
        }
        if here - before > 2 {
            return None;
        }
        // Alternation: A, B, then A again. A quotation mark at the start of a paragraph begins a turn.
        let text = self.names.text;
        let starts = text
            .paragraphs
            .get(here)
            .is_some_and(|p| p.span.start + 4 >= at);
        let other = self
            .turns
            .iter()
            .rev()
            .filter(|t| t.0 < last_at && here - self.paragraph(t.0) <= 4)
            .map(|t| t.1)
            .find(|&s| s != last);
        if starts
            && other.is_some()
            && self
                .turns
                .iter()
                .rev()
                .take(4)
                .filter(|t| t.0 < at)
                .map(|t| t.1)
                .collect::<rustc_hash::FxHashSet<_>>()
                .len()
                == 2
        {
            return other;
        }
        Some(last)
    }

    fn paragraph(&self, byte: u32) -> usize {
        self.names
            .text
            .paragraphs
            .partition_point(|p| p.span.end <= byte)
    }

    fn sentence(&self, word: usize) -> usize {
        let sentences = &self.names.text.sentences;
        let k = sentences.partition_point(|s| s.end_word as usize <= word);
        sentences.get(k).map_or(word, |s| s.first_word as usize)
    }

    fn sentence_start(&self, word: usize) -> usize {
        self.sentence(word)
    }

    /// The speaker who bears a name.
    fn bearer(&mut self, bearer: u32) -> u32 {
        if let Some(&s) = self.by_bearer.get(&bearer) {
            return s;
        }
        let b = &self.names.bearers[bearer as usize];
        let words = &self.names.text.words;
        let name = Span::new(words[b.first].span.start, words[b.end - 1].core_end)
            .of(self.names.text.source);
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let label = if b.is_person {
            "PERSON"
        } else if b.is_body {
            "ORG"
        } else {
            ""
        };
        let found = Found {
            speaker: Speaker {
                name,
                label: label.to_owned(),
                entry: None,
                mentions: Vec::new(),
            },
            bearer: Some(bearer),
            gender: b.gender,
            plural: false,
            human: !b.is_body,
        };
        let s = self.push(found);
        self.by_bearer.insert(bearer, s);
        s
    }

    /// The speaker under these words.
    fn phrase(&mut self, name: String, first: usize, end: usize) -> u32 {
        let key = name.to_lowercase();
        if let Some(&s) = self.by_phrase.get(&key) {
            return s;
        }
        let words = &self.names.text.words;
        // The head: the last word before a preposition, comma or relative pronoun.
        let head = (first + 1..end)
            .find(|&k| {
                words[k].kind != WordKind::Word
                    || self.breaks_phrase(k)
                    || self.names.kinds(k).has(Kinds::WHO)
            })
            .unwrap_or(end)
            - 1;
        let kinds = self.names.kinds(head);
        let text = self.names.text.word(head);
        let plural = (text.len() > 3
            && text.ends_with('s')
            && !text.ends_with("ss")
            && !text.ends_with("'s"))
            || matches!(
                text,
                "people"
                    | "men"
                    | "women"
                    | "police"
                    | "children"
                    | "others"
                    | "both"
                    | "many"
                    | "some"
            )
            || (first..end).any(|k| self.names.text.word(k) == "and");
        let gender = if kinds.has(Kinds::ROLE_M) {
            Some(Gender::Male)
        } else {
            kinds.has(Kinds::ROLE_F).then_some(Gender::Female)
        };
        let human = kinds.has(Kinds::ANY_ROLE) || gender.is_some();
        let body = kinds.has(Kinds::ORG) && !plural;
        let label = if human && !plural {
            "PERSON"
        } else if body {
            "ORG"
        } else {
            ""
        };
        let s = self.push(Found {
            speaker: Speaker {
                name,
                label: label.to_owned(),
                entry: None,
                mentions: Vec::new(),
            },
            bearer: None,
            gender,
            plural,
            human,
        });
        self.by_phrase.insert(key, s);
        s
    }

    fn push(&mut self, found: Found) -> u32 {
        self.found.push(found);
        u32::try_from(self.found.len() - 1).unwrap_or(u32::MAX)
    }

    /// All places of the speakers' names become mentions, in order.
    fn add_names(&mut self) {
        for n in &self.names.names {
            if let Some(&s) = self.by_bearer.get(&n.bearer) {
                let words = &self.names.text.words;
                let span = Span::new(words[n.first].span.start, words[n.end - 1].core_end);
                self.found[s as usize].speaker.mentions.push(span);
            }
        }
        for f in &mut self.found {
            // A source that holds the name stands for both.
            let mentions = &mut f.speaker.mentions;
            mentions.sort_unstable_by_key(|m| (m.start, std::cmp::Reverse(m.end)));
            let mut end = 0;
            mentions.retain(|m| {
                let apart = m.start >= end;
                end = end.max(m.end);
                apart
            });
        }
    }
}
