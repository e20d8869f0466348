//! The names of a text: where they stand, who shares one, and whether they are a person's.

use std::collections::hash_map::Entry;

use super::lists::{Gender, Kinds, Lists};
use crate::text::{SentenceKind, Shape, Text, WordKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// Names longer than this are none (lists in capitals).
const MAX_WORDS: usize = 8;

/// Hashes of the words of a name, a junior left out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Key {
    len: usize,
    words: [u64; MAX_WORDS],
}

impl Key {
    fn push(&mut self, hash: u64) {
        if let Some(w) = self.words.get_mut(self.len) {
            *w = hash;
            self.len += 1;
        }
    }

    fn first(&self) -> u64 {
        self.words[0]
    }

    fn last(&self) -> u64 {
        self.words[self.len.saturating_sub(1)]
    }
}

/// A run of capitals at its place, as word indices: with title, name, end.
type Run = (usize, usize, usize);

/// A name at its place, as word indices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    /// First word of the title before it, or of the name.
    pub(super) outer: usize,
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) bearer: u32,
}

/// Who or what bears a name.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    /// The fullest form: words of the text.
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) gender: Option<Gender>,
    /// Sure to be a person.
    pub(super) is_person: bool,
    /// Sure to be a body.
    pub(super) is_body: bool,
    /// Roles and titles that the text gives to it (hashes of words).
    pub(super) roles: Vec<u64>,
    /// The words of the fullest form.
    key: Key,
    /// Where its full names stand: first words, in order.
    places: Vec<usize>,
    /// Where its last short name stands.
    last_short: Option<usize>,
}

/// All names of a text, by place.
#[derive(Debug)]
pub(super) struct Names<'a, 't> {
    pub(super) text: &'a Text<'t>,
    pub(super) lists: &'static Lists,
    pub(super) names: Vec<Name>,
    pub(super) bearers: Vec<Bearer>,
    /// Bearers by each first and last word of their forms: the first and last of `links`.
    by_word: FxHashMap<u64, (u32, u32)>,
    /// A bearer, and where the next of the same word is; itself for the last.
    links: Vec<(u32, u32)>,
}

impl<'a, 't> Names<'a, 't> {
    pub(super) fn new(text: &'a Text<'t>) -> Self {
        let mut all = Self {
            text,
            lists: Lists::get(),
            names: Vec::new(),
            bearers: Vec::new(),
            by_word: FxHashMap::default(),
            links: Vec::new(),
        };
        let known = all.words_with_capitals();
        let mut runs = Vec::with_capacity(text.words.len() / 16);
        let mut doubtful = Vec::new();
        for s in &text.sentences {
            all.runs(
                s.first_word as usize,
                s.end_word as usize,
                s.kind == SentenceKind::Line,
                &known,
                &mut runs,
                &mut doubtful,
            );
        }
        all.drop_common(&mut runs, &doubtful);
        // Full names first, so that a headline's surname finds its bearer; then the short ones.
        let long = |r: &Run| r.2 - r.1 > 1;
        for &(outer, first, end) in runs.iter().filter(|r| long(r)) {
            all.full(outer, first, end);
        }
        for &(outer, first, end) in runs.iter().filter(|r| !long(r)) {
            all.short(outer, first, end);
        }
        all.names.sort_unstable_by_key(|n| n.first);
        all.mark_people();
        all
    }

    pub(super) fn kinds(&self, word: usize) -> Kinds {
        self.text
            .words
            .get(word)
            .map_or(Kinds::default(), |w| self.lists.kinds(w.hash))
    }

    pub(super) fn hash(&self, word: usize) -> u64 {
        self.text.words[word].hash
    }

    fn capital(&self, k: usize) -> bool {
        let w = &self.text.words[k];
        w.kind == WordKind::Word && w.shape.has(Shape::CAPITAL)
    }

    /// Words that have a capital where nothing but a name gives them one.
    fn words_with_capitals(&self) -> FxHashSet<u64> {
        let words = &self.text.words;
        let mut known = FxHashSet::default();
        known.reserve(words.len() / 24);
        for (before, w) in words.iter().zip(words.iter().skip(1)) {
            if w.kind == WordKind::Word
                && w.shape.has(Shape::CAPITAL)
                && !w.shape.has(Shape::SENTENCE_START)
                && before.kind == WordKind::Word
            {
                known.insert(w.hash);
            }
        }
        known
    }

    /// Takes out the runs (by their index in `doubtful`) of a word that the text also has in small
    /// letters.
    fn drop_common(&self, runs: &mut Vec<Run>, doubtful: &[usize]) {
        if doubtful.is_empty() {
            return;
        }
        // Most words are none of those in doubt: a few bits say so.
        let bit = |hash: u64| ((hash >> 58) as usize, 1_u64 << ((hash >> 52) & 63));
        let mut bits = [0_u64; 64];
        let mut common: FxHashMap<u64, bool> = FxHashMap::default();
        for &k in doubtful {
            let hash = self.hash(runs[k].1);
            let (at, one) = bit(hash);
            bits[at] |= one;
            common.insert(hash, false);
        }
        for w in &self.text.words {
            let (at, one) = bit(w.hash);
            if bits[at] & one != 0
                && w.kind == WordKind::Word
                && !w.shape.has(Shape::CAPITAL)
                && let Some(found) = common.get_mut(&w.hash)
            {
                *found = true;
            }
        }
        let mut at = 0;
        let mut doubtful = doubtful.iter().copied().peekable();
        runs.retain(|r| {
            let doubted = doubtful.next_if_eq(&at).is_some();
            at += 1;
            !(doubted && common[&self.text.words[r.1].hash])
        });
    }

    /// The runs of capitals of a sentence; in `doubtful` the indices of those that are names only if the
    /// text has their word nowhere in small letters.
    fn runs(
        &self,
        from: usize,
        to: usize,
        line: bool,
        known: &FxHashSet<u64>,
        out: &mut Vec<Run>,
        doubtful: &mut Vec<usize>,
    ) {
        // A headline in capitals or title case says little about what is a name.
        let letters = (from..to).filter(|&k| self.text.words[k].kind == WordKind::Word);
        let headline = line
            && to - from > 3
            && letters.clone().filter(|&k| self.capital(k)).count() * 4 > letters.count() * 3;
        let mut k = from;
        while k < to {
            if !self.capital(k) || !self.starts_run(k, known, headline) {
                k += 1;
                continue;
            }
            let doubt = !headline && self.doubtful_start(k, known);
            if doubt && self.looks_common(k) {
                k += 1;
                continue;
            }
            let mut end = k + 1;
            while end < to && end - k < MAX_WORDS && self.goes_on(end, to) {
                end += 1;
            }
            while end > k + 1 && !self.capital(end - 1) {
                end -= 1;
            }
            if self.push_run(k, end, out) && doubt {
                doubtful.push(out.len() - 1);
            }
            k = end;
        }
    }

    fn starts_run(&self, k: usize, known: &FxHashSet<u64>, headline: bool) -> bool {
        !self.kinds(k).has(Kinds::NOT_NAME)
            && (!headline || known.contains(&self.text.words[k].hash))
    }

    /// A capital at the start of a sentence or quotation is a name's if the word has one elsewhere
    /// too, is a known name or title, or is followed by another capital; else it is in doubt.
    fn doubtful_start(&self, k: usize, known: &FxHashSet<u64>) -> bool {
        let w = &self.text.words[k];
        let start = w.shape.has(Shape::SENTENCE_START)
            || (k > 0 && self.text.words[k - 1].kind == WordKind::QuoteMark);
        start
            && !known.contains(&w.hash)
            && !self.kinds(k).has(Kinds::GIVEN_OR_TITLE)
            && !w.shape.has(Shape::POSSESSIVE)
            && !self.text.words.get(k + 1).is_some_and(|n| match n.kind {
                WordKind::Word => {
                    n.shape.has(Shape::CAPITAL) || self.lists.kinds(n.hash).has(Kinds::CONNECTOR)
                }
                WordKind::Mark => self.text.word(k + 1) == "&",
                _ => false,
            })
    }

    /// Whether a word looks like an adverb or a participle.
    fn looks_common(&self, k: usize) -> bool {
        let bytes = self.text.word(k).as_bytes();
        bytes.ends_with(b"ly") || bytes.ends_with(b"ing") || bytes.ends_with(b"ed")
    }

    fn goes_on(&self, k: usize, to: usize) -> bool {
        let w = &self.text.words[k];
        if w.kind != WordKind::Word
            || !w.shape.has(Shape::SPACE_BEFORE)
            || self.text.words[k - 1].shape.has(Shape::POSSESSIVE)
        {
            return w.kind == WordKind::Mark
                && self.text.word(k) == "&"
                && k + 1 < to
                && self.capital(k + 1);
        }
        let next_capital = k + 1 < to && self.capital(k + 1);
        if w.shape.has(Shape::CAPITAL) {
            return !self.kinds(k).has(Kinds::NOT_NAME);
        }
        self.kinds(k).has(Kinds::CONNECTOR)
            && next_capital
            && (self.text.word(k) != "of" || self.kinds(k - 1).has(Kinds::ORG))
    }

    /// Takes the title off a run; what is left is the name, if anything.
    fn push_run(&self, start: usize, end: usize, out: &mut Vec<Run>) -> bool {
        let body = self.kinds(end - 1).has(Kinds::ORG);
        let mut first = start;
        if !body {
            for k in start..end - 1 {
                // "Chef Ann Lee", but not "Star Trek".
                let role = end - k > 2 && self.kinds(k).has(Kinds::ANY_ROLE);
                if (role || self.kinds(k).has(Kinds::ANY_TITLE)) && self.capital(k) {
                    first = k + 1;
                }
            }
        }
        while first < end - 1 && !self.capital(first) {
            first += 1;
        }
        // "The President": a title alone is no name.
        if end - first == 1 && self.kinds(first).has(Kinds::ANY_TITLE) {
            return false;
        }
        out.push((start, first, end));
        true
    }

    fn key(&self, first: usize, end: usize) -> Key {
        let mut key = Key::default();
        for k in first..end {
            let word = self.text.word(k);
            if !matches!(word, "Jr." | "Jr" | "Sr." | "Sr" | "II" | "III") {
                key.push(self.hash(k));
            }
        }
        if key.len == 0 {
            key.push(self.hash(first));
        }
        key
    }

    /// The bearers of forms that begin or end with a word, in the order in which they were added.
    fn bearers_of(&self, word: u64) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.by_word.get(&word).map(|&(first, _)| first);
        std::iter::from_fn(move || {
            let here = at?;
            let (bearer, next) = self.links[here as usize];
            at = (next != here).then_some(next);
            Some(bearer)
        })
    }

    fn full(&mut self, outer: usize, first: usize, end: usize) {
        let key = self.key(first, end);
        // The same words, or the same first and last with a middle name between.
        let same = self.bearers_of(key.last()).find(|&b| {
            let other = &self.bearers[b as usize].key;
            *other == key
                || (other.len != key.len
                    && other.len > 1
                    && key.len > 1
                    && other.first() == key.first()
                    && other.last() == key.last())
        });
        let bearer = same.unwrap_or_else(|| self.add(first, end, key));
        self.bearers[bearer as usize].places.push(first);
        self.take(outer, first, end, bearer);
    }

    fn short(&mut self, outer: usize, first: usize, end: usize) {
        let key = self.key(first, end);
        let gender = self.title_gender(outer, first);
        let fitting = self.bearers_of(key.first()).filter(|&b| {
            let b = &self.bearers[b as usize];
            b.key == key
                || (!(b.is_body && b.key.len > 1)
                    && (gender.is_none() || b.gender.is_none() || b.gender == gender))
        });
        // A surname before a given name; among several, the one named last before this place, else
        // the first after it.
        let best = fitting.max_by_key(|&b| {
            let bearer = &self.bearers[b as usize];
            let surname = bearer.key.last() == key.first();
            let full = bearer.places[..bearer.places.partition_point(|&p| p < first)]
                .last()
                .copied();
            let before = full.max(bearer.last_short).map(|p| p + 1);
            (
                surname && before.is_some(),
                before.unwrap_or(0),
                surname,
                std::cmp::Reverse(b),
            )
        });
        let bearer = best.unwrap_or_else(|| self.add(first, end, key));
        self.bearers[bearer as usize].last_short = Some(first);
        self.take(outer, first, end, bearer);
    }

    fn add(&mut self, first: usize, end: usize, key: Key) -> u32 {
        let n = u32::try_from(self.bearers.len()).unwrap_or(u32::MAX);
        self.link(key.first(), n);
        if key.len > 1 {
            self.link(key.last(), n);
        }
        let is_body = self.kinds(end - 1).has(Kinds::ORG);
        self.bearers.push(Bearer {
            first,
            end,
            gender: None,
            is_person: false,
            is_body,
            roles: Vec::new(),
            key,
            places: Vec::new(),
            last_short: None,
        });
        n
    }

    fn link(&mut self, word: u64, bearer: u32) {
        let at = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        self.links.push((bearer, at));
        match self.by_word.entry(word) {
            Entry::Vacant(e) => {
                e.insert((at, at));
            }
            Entry::Occupied(mut e) => {
                let (_, last) = e.get_mut();
                self.links[*last as usize].1 = at;
                *last = at;
            }
        }
    }

    /// Notes a name of a bearer, and what its surroundings say about him.
    fn take(&mut self, outer: usize, first: usize, end: usize, bearer: u32) {
        let words = &self.text.words;
        let given = self.kinds(first);
        let given = match (given.has(Kinds::GIVEN_M), given.has(Kinds::GIVEN_F)) {
            (true, false) => Some(Gender::Male),
            (false, true) => Some(Gender::Female),
            _ => None,
        };
        let title = self.title_gender(outer, first);
        // "spokesperson Dmitry Peskov", "leader Kim"
        let role = outer.checked_sub(1).filter(|&k| {
            self.kinds(k).has(Kinds::ANY_ROLE)
                && words[k].kind == WordKind::Word
                && !words[k].shape.has(Shape::POSSESSIVE)
        });
        let mut roles: Vec<u64> = (outer..first).chain(role).map(|k| self.hash(k)).collect();
        // "Kim, a spokesman for …": the role after the name.
        let comma = |k: usize| {
            self.text
                .words
                .get(k)
                .is_some_and(|w| w.kind == WordKind::Mark && w.span.of(self.text.source) == ",")
        };
        let mut apposition = None;
        if comma(end) {
            let to = (end + 8).min(words.len());
            apposition = (end + 1..to)
                .take_while(|&k| words[k].kind == WordKind::Word)
                .find(|&k| {
                    self.kinds(k).has(Kinds::ANY_ROLE) && !self.kinds(k).has(Kinds::NOT_NAME)
                });
            roles.extend(apposition.map(|k| self.hash(k)));
        }
        let age = comma(end)
            && words
                .get(end + 1)
                .is_some_and(|w| w.kind == WordKind::Number && w.span.len() == 2)
            && comma(end + 2);
        let who = comma(end)
            && words
                .get(end + 1)
                .is_some_and(|w| w.span.of(self.text.source) == "who");
        let role_gender = role.or(apposition).and_then(|k| {
            let kinds = self.kinds(k);
            if kinds.has(Kinds::ROLE_M) {
                Some(Gender::Male)
            } else {
                kinds.has(Kinds::ROLE_F).then_some(Gender::Female)
            }
        });
        let person = (outer < first && !self.kinds(end - 1).has(Kinds::ORG))
            || role.is_some()
            || age
            || who
            || (end - first > 1 && self.kinds(first).has(Kinds::GIVEN));
        let b = &mut self.bearers[bearer as usize];
        b.is_person |= person && !b.is_body;
        b.gender = b
            .gender
            .or(title)
            .or(role_gender)
            .or(given.filter(|_| end - first > 1 || b.key.len == 1));
        for r in roles {
            if !b.roles.contains(&r) {
                b.roles.push(r);
            }
        }
        self.names.push(Name {
            outer,
            first,
            end,
            bearer,
        });
    }

    fn title_gender(&self, outer: usize, first: usize) -> Option<Gender> {
        (outer..first).find_map(|k| {
            let kinds = self.kinds(k);
            if kinds.has(Kinds::TITLE_M) {
                Some(Gender::Male)
            } else {
                kinds.has(Kinds::TITLE_F).then_some(Gender::Female)
            }
        })
    }

    /// A full name whose last or first word is used alone later is a person's, unless it is a body's.
    fn mark_people(&mut self) {
        for n in &self.names {
            let b = &mut self.bearers[n.bearer as usize];
            if n.end - n.first == 1 && b.key.len > 1 && !b.is_body {
                b.is_person = true;
            }
        }
    }

    /// The names that stand in `first..end`.
    pub(super) fn within(&self, first: usize, end: usize) -> &[Name] {
        let a = self.names.partition_point(|n| n.first < first);
        let b = self.names.partition_point(|n| n.first < end);
        &self.names[a..b]
    }
}
