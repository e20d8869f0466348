//! The names of a text: where they stand, and how.

use super::bearers::Bearer;
use super::lists::{Kinds, Lists};
use crate::text::{SentenceKind, Shape, Text, Word, WordKind};
use rustc_hash::{FxHashMap, FxHashSet};

/// Names longer than this are none (lists in capitals).
pub(super) const MAX_WORDS: usize = 8;

/// A run of capitals at its place, as word indices: with title, name, end.
pub(super) type Run = (usize, usize, usize);

/// A name at its place, as word indices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    /// First word of the title before it, or of the name.
    pub(super) outer: usize,
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) bearer: u32,
    /// Stands in a quotation.
    pub(super) quoted: bool,
    /// Whom a quotation speaks to: “Yes, Ann.”
    pub(super) addressed: bool,
    /// The first name of its sentence, at or near its start.
    pub(super) subject: bool,
}

/// All names of a text, by place.
#[derive(Debug)]
pub(super) struct Names<'a, 't> {
    pub(super) text: &'a Text<'t>,
    pub(super) lists: &'static Lists,
    pub(super) names: Vec<Name>,
    pub(super) bearers: Vec<Bearer>,
    /// Bearers by each first and last word of their forms: the first and last of `links`.
    pub(super) by_word: FxHashMap<u64, (u32, u32)>,
    /// A bearer, and where the next of the same word is; itself for the last.
    pub(super) links: Vec<(u32, u32)>,
    /// A bit a word: whether it has a capital, or an article before one.
    capitals: Vec<u64>,
}

/// The bits of words with a capital, and of names with their article: al-Assad.
fn capitals(text: &Text) -> Vec<u64> {
    let bytes = text.source.as_bytes();
    let has_article = |w: &Word| {
        let start = w.span.start as usize;
        w.span.len() > 4
            && bytes.get(start + 2) == Some(&b'-')
            && bytes.get(start + 3).is_some_and(u8::is_ascii_uppercase)
    };
    let capital =
        |w: &Word| w.kind == WordKind::Word && (w.shape.has(Shape::CAPITAL) || has_article(w));
    let bits = |words: &[Word]| {
        let words = words.iter().enumerate();
        words.fold(0, |bits, (k, w)| bits | u64::from(capital(w)) << k)
    };
    text.words.chunks(64).map(bits).collect()
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
            capitals: capitals(text),
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
        all.find_bearers(&runs);
        all.names.sort_unstable_by_key(|n| n.first);
        all.note_places();
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

    pub(super) fn capital(&self, k: usize) -> bool {
        self.capitals[k / 64] >> (k % 64) & 1 == 1
    }

    /// The first word with a capital in `from..to`; `to` where there is none.
    fn next_capital(&self, from: usize, to: usize) -> usize {
        let mut k = from;
        while k < to {
            let rest = self.capitals[k / 64] >> (k % 64);
            if rest != 0 {
                return to.min(k + rest.trailing_zeros() as usize);
            }
            k = (k / 64 + 1) * 64;
        }
        to
    }

    /// Words that have a capital where nothing but a name gives them one.
    fn words_with_capitals(&self) -> FxHashSet<u64> {
        let words = &self.text.words;
        let mut known = FxHashSet::default();
        known.reserve(words.len() / 12);
        let mut k = self.next_capital(1, words.len());
        while k < words.len() {
            let (before, w) = (&words[k - 1], &words[k]);
            if w.shape.has(Shape::CAPITAL)
                && !w.shape.has(Shape::SENTENCE_START)
                && before.kind == WordKind::Word
            {
                known.insert(w.hash);
            }
            k = self.next_capital(k + 1, words.len());
        }
        known
    }

    /// Settles the runs in doubt (their indices in `doubtful`), whose first word the text may also have
    /// in small letters: a run of it alone is no name; before a name that the text has elsewhere it is
    /// no part of it ("Presently Milly").
    fn drop_common(&self, runs: &mut Vec<Run>, doubtful: &[usize]) {
        if doubtful.is_empty() {
            return;
        }
        // Most words are none of those in doubt: a few bits say so.
        let bit = |hash: u64| ((hash >> 58) as usize, 1_u64 << ((hash >> 52) & 63));
        let mut bits = [0_u64; 64];
        let mut common: FxHashMap<u64, bool> = FxHashMap::default();
        for &k in doubtful {
            let hash = self.hash(runs[k].0);
            let (at, one) = bit(hash);
            bits[at] |= one;
            common.insert(hash, false);
        }
        for (k, w) in self.text.words.iter().enumerate() {
            let (at, one) = bit(w.hash);
            if bits[at] & one != 0
                && w.kind == WordKind::Word
                && !self.capital(k)
                && let Some(found) = common.get_mut(&w.hash)
            {
                *found = true;
            }
        }
        let mut elsewhere: FxHashSet<u64> = FxHashSet::default();
        let longer = |r: Run| r.2 - r.0 > 1 && common[&self.hash(r.0)];
        if doubtful.iter().any(|&k| longer(runs[k])) {
            elsewhere.extend(runs.iter().map(|r| self.joint_hash(r.1, r.2)));
        }
        let mut at = 0;
        let mut doubtful = doubtful.iter().copied().peekable();
        runs.retain_mut(|r| {
            let doubted = doubtful.next_if_eq(&at).is_some();
            at += 1;
            if !doubted || !common[&self.hash(r.0)] {
                return true;
            }
            if r.2 - r.0 == 1 {
                return false;
            }
            match self.without_title(r.0 + 1, r.2) {
                Some(rest) if elsewhere.contains(&self.joint_hash(rest.1, rest.2)) => {
                    *r = rest;
                    true
                }
                _ => true,
            }
        });
    }

    pub(super) fn joint_hash(&self, first: usize, end: usize) -> u64 {
        (first..end).fold(0, |h: u64, k| h.rotate_left(9) ^ self.hash(k))
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
        loop {
            k = self.next_capital(k, to);
            if k == to {
                break;
            }
            if !self.starts_run(k, known, headline) {
                k += 1;
                continue;
            }
            let doubt = !headline && self.doubtful_start(k, known);
            let mut end = k + 1;
            while end < to && end - k < MAX_WORDS && self.goes_on(end, to) {
                end += 1;
            }
            while end > k + 1 && !self.capital(end - 1) {
                end -= 1;
            }
            // "Suddenly", "Dear Ann"
            let alone = end - k == 1;
            let starter =
                self.kinds(k).has(Kinds::DEAR) || doubt && self.kinds(k).has(Kinds::STARTER);
            if starter || doubt && alone && self.looks_common(k) {
                k += 1;
                continue;
            }
            if let Some(run) = self.without_title(k, end) {
                out.push(run);
                if doubt && (alone || !self.kinds(end - 1).has(Kinds::ORG)) {
                    doubtful.push(out.len() - 1);
                }
            }
            k = end;
        }
    }

    fn starts_run(&self, k: usize, known: &FxHashSet<u64>, headline: bool) -> bool {
        !self.kinds(k).has(Kinds::NOT_NAME)
            && (!headline || known.contains(&self.text.words[k].hash))
    }

    /// A capital at the start of a sentence or quotation is a name's if the word has one elsewhere
    /// too, or is a known name or title; else it is in doubt.
    fn doubtful_start(&self, k: usize, known: &FxHashSet<u64>) -> bool {
        let w = &self.text.words[k];
        let start = w.shape.has(Shape::SENTENCE_START)
            || (k > 0 && self.text.words[k - 1].kind == WordKind::QuoteMark);
        start
            && !known.contains(&w.hash)
            && !self.kinds(k).has(Kinds::GIVEN_OR_TITLE)
            && !w.shape.has(Shape::POSSESSIVE)
    }

    /// Whether a word looks like an adverb or a participle.
    fn looks_common(&self, k: usize) -> bool {
        let bytes = self.text.word(k).as_bytes();
        bytes.ends_with(b"ly") || bytes.ends_with(b"ing") || bytes.ends_with(b"ed")
    }

    fn goes_on(&self, k: usize, to: usize) -> bool {
        let w = &self.text.words[k];
        // "Patrolmen’s Alliance", "Builders’ League"
        let owned = self.text.words[k - 1].shape.has(Shape::POSSESSIVE)
            && !(w.shape.has(Shape::CAPITAL)
                && self.kinds(k).has(Kinds::ORG)
                && self.many_own(k - 1));
        if w.kind != WordKind::Word || !w.shape.has(Shape::SPACE_BEFORE) || owned {
            return w.kind == WordKind::Mark
                && self.text.word(k) == "&"
                && k + 1 < to
                && self.capital(k + 1);
        }
        if self.capital(k) {
            // "Grace May", "van der Meulen and May"
            let month = self.kinds(k).has(Kinds::MONTH_NAME)
                && !self.text.words[k - 1].shape.has(Shape::SENTENCE_START);
            return month || !self.kinds(k).has(Kinds::NOT_NAME) || self.given_before(k);
        }
        // Joost van der Meulen
        self.kinds(k).has(Kinds::CONNECTOR)
            && (k + 1..to.min(k + 4))
                .find(|&n| !self.kinds(n).has(Kinds::CONNECTOR) || self.capital(n))
                .is_some_and(|n| self.capital(n) && !self.kinds(n).has(Kinds::NOT_NAME))
            && (!self.kinds(k).has(Kinds::BREAK) || self.kinds(k - 1).has(Kinds::ORG))
    }

    /// Whether a possessive is that of many, or of an office: "Builders’", "Sheriff’s".
    fn many_own(&self, k: usize) -> bool {
        let plural = self.text.word(k).ends_with(['’', '\'']);
        let kinds = self.kinds(k);
        plural || kinds.has(Kinds::PLURAL) || kinds.has(Kinds::ANY_ROLE)
    }

    /// Whether a given name stands right before a word that begins no name: "Juris May".
    fn given_before(&self, k: usize) -> bool {
        self.kinds(k).has(Kinds::MONTH_NAME) && self.kinds(k - 1).has(Kinds::GIVEN)
    }

    /// Takes the title off a run; what is left is the name, if anything.
    fn without_title(&self, start: usize, end: usize) -> Option<Run> {
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
        let title = end - first == 1 && self.kinds(first).has(Kinds::ANY_TITLE);
        (!title).then_some((start, first, end))
    }

    /// Notes of every name whether it is quoted, spoken to, and what its sentence is about.
    fn note_places(&mut self) {
        let text = self.text;
        let mark = |k: usize| {
            let stands = text
                .words
                .get(k)
                .is_some_and(|w| matches!(w.kind, WordKind::Mark | WordKind::QuoteMark));
            stands && !matches!(text.word(k), "(" | "$" | "&" | "'")
        };
        let mut quotes = text.quotes.iter().filter(|q| q.depth == 0).peekable();
        let mut sentences = text.sentences.iter().peekable();
        // The sentence of the last name outside quotations.
        let mut last = usize::MAX;
        for n in &mut self.names {
            while quotes.next_if(|q| q.end_word as usize <= n.first).is_some() {}
            while sentences
                .next_if(|s| s.end_word as usize <= n.first)
                .is_some()
            {}
            let quote = quotes.peek().filter(|q| q.first_word as usize <= n.first);
            n.quoted = quote.is_some();
            n.addressed = n.quoted && mark(n.end) && n.outer > 0 && {
                let own = text.words[n.end - 1].shape.has(Shape::POSSESSIVE);
                let dear = self
                    .lists
                    .kinds(text.words[n.outer - 1].hash)
                    .has(Kinds::DEAR);
                !own && (dear || mark(n.outer - 1))
            };
            let start = sentences.peek().map_or(0, |s| s.first_word as usize);
            let after = text.words[start..n.outer]
                .iter()
                .rev()
                .take(4)
                .position(|w| w.kind == WordKind::QuoteMark);
            n.subject = !n.quoted && last != start && (n.outer - start < 4 || after.is_some());
            if !n.quoted {
                last = start;
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
