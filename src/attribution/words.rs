//! The words of a text with what the lexicon knows of them, and the phrases that rules need: noun
//! phrases to the left and right, verb groups, ends of clauses.

use super::lexicon::{Classes, Forms, Lexicon, WordInfo};
use crate::text::{Shape, Text, Word, WordKind};

/// A word of the text, tagged.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tagged {
    pub(crate) info: WordInfo,
    /// 1 + index of the outermost quotation that the word stands in, its marks included; 0 for none.
    pub(crate) quote: u32,
    /// For a punctuation mark its ASCII stand-in (`-` for every dash), else 0.
    pub(crate) mark: u8,
    pub(crate) capital: bool,
    pub(crate) possessive: bool,
    pub(crate) word: bool,
}

/// A half-open range of word indices.
pub(crate) type Range = (usize, usize);

/// The tagged words of a text.
pub(crate) struct Words<'a, 't> {
    pub(crate) text: &'a Text<'t>,
    pub(crate) lexicon: &'static Lexicon,
    pub(crate) tagged: Vec<Tagged>,
    /// The sentences (by index) that are read; `None` for all of them.
    near: Option<Vec<u32>>,
}

/// How a verb group stands in its clause.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GroupKind {
    /// He said, has said, would say.
    Finite,
    /// To say.
    Infinitive,
    /// Saying.
    Participle,
    /// Was told, is expected; `Asked …,` at the start of a clause.
    Passive,
}

/// A verb with its auxiliaries, negation and adverbs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// First word of the group.
    pub(crate) start: usize,
    /// The main verb.
    pub(crate) verb: usize,
    pub(crate) kind: GroupKind,
    pub(crate) negated: bool,
}

fn ascii_mark(word: &str) -> u8 {
    match word.chars().next() {
        Some('–' | '—' | '―' | '-' | '‒') => b'-',
        Some('…') => b'.',
        Some(c) if c.is_ascii() => c as u8,
        _ => b'?',
    }
}

fn tag(text: &Text, lexicon: &Lexicon, w: &Word) -> Tagged {
    Tagged {
        info: if w.kind == WordKind::Word {
            lexicon.info(w.hash)
        } else {
            WordInfo::default()
        },
        quote: 0,
        mark: match w.kind {
            WordKind::Mark | WordKind::Symbol => ascii_mark(w.span.of(text.source)),
            WordKind::QuoteMark => b'"',
            _ => 0,
        },
        capital: w.shape.has(Shape::CAPITAL),
        possessive: w.shape.has(Shape::POSSESSIVE),
        word: matches!(w.kind, WordKind::Word | WordKind::Number),
    }
}

impl<'a, 't> Words<'a, 't> {
    /// Words that are never the core of a noun phrase.
    pub(crate) const FUNCTION: Classes = Classes::AUX
        .or(Classes::PRON_SUBJ)
        .or(Classes::PRON_SUBJ_AUX)
        .or(Classes::PRON_OBJ)
        .or(Classes::REL)
        .or(Classes::WH)
        .or(Classes::TO)
        .or(Classes::CONJ)
        .or(Classes::SUBORD)
        .or(Classes::PREP)
        .or(Classes::DET)
        .or(Classes::POSS)
        .or(Classes::NEG);

    pub(crate) fn new(text: &'a Text<'t>) -> Self {
        let lexicon = Lexicon::english();
        let tagged = text.words.iter().map(|w| tag(text, lexicon, w)).collect();
        Self::with(text, lexicon, tagged, None)
    }

    /// Only the sentences with a quotation are read, and those that lead up to one or sign it; the words
    /// of others are nothing.
    pub(crate) fn near_quotations(text: &'a Text<'t>) -> Self {
        let lexicon = Lexicon::english();
        let mut near: Vec<u32> = Vec::new();
        let mut tagged = vec![Tagged::default(); text.words.len()];
        let mut from = 0;
        let mut add = |k: usize| {
            if near.last().is_none_or(|&last| (last as usize) < k) {
                near.push(k as u32);
                let s = &text.sentences[k];
                let range = s.first_word as usize..s.end_word as usize;
                for (t, w) in tagged[range.clone()].iter_mut().zip(&text.words[range]) {
                    *t = tag(text, lexicon, w);
                }
            }
        };
        for q in &text.quotes {
            let rest = &text.sentences[from..];
            from += rest.partition_point(|s| s.end_word <= q.first_word);
            let here = text.sentences[from];
            if here.first_word == q.first_word
                && let Some(k) = from.checked_sub(1)
            {
                let before = text.sentences[k];
                let led = before
                    .span
                    .of(text.source)
                    .ends_with([':', ',', ';', '-', '–', '—']);
                if led || before.paragraph == here.paragraph {
                    add(k);
                }
            }
            let rest = &text.sentences[from..];
            let end = from + rest.partition_point(|s| s.first_word < q.end_word);
            (from..end).for_each(&mut add);
            // “…” — NAME
            let after = text.sentences.get(end).map(|s| s.span.of(text.source));
            if after.is_some_and(|s| s.starts_with(['-', '–', '—'])) {
                add(end);
            }
        }
        Self::with(text, lexicon, tagged, Some(near))
    }

    fn with(
        text: &'a Text<'t>,
        lexicon: &'static Lexicon,
        mut tagged: Vec<Tagged>,
        near: Option<Vec<u32>>,
    ) -> Self {
        for (k, q) in text.quotes.iter().enumerate() {
            if q.depth == 0 {
                for t in &mut tagged[q.first_word as usize..q.end_word as usize] {
                    t.quote = k as u32 + 1;
                }
            }
        }
        Self {
            text,
            lexicon,
            tagged,
            near,
        }
    }

    /// Of the sentences `first..end`, those that are read.
    pub(crate) fn read(&self, first: u32, end: u32) -> impl Iterator<Item = usize> + '_ {
        let near = self.near.as_deref().map(|n| {
            let from = n.partition_point(|&k| k < first);
            &n[from..from + n[from..].partition_point(|&k| k < end)]
        });
        let all = if near.is_none() { first..end } else { 0..0 };
        all.chain(near.unwrap_or_default().iter().copied())
            .map(|k| k as usize)
    }

    pub(crate) fn len(&self) -> usize {
        self.tagged.len()
    }

    pub(crate) fn is(&self, i: usize, classes: Classes) -> bool {
        self.tagged
            .get(i)
            .is_some_and(|t| t.info.classes.has(classes))
    }

    pub(crate) fn mark(&self, i: usize) -> u8 {
        self.tagged.get(i).map_or(0, |t| t.mark)
    }

    pub(crate) fn capital(&self, i: usize) -> bool {
        self.tagged.get(i).is_some_and(|t| t.capital && t.word)
    }

    pub(crate) fn lower(&self, i: usize) -> bool {
        self.tagged.get(i).is_some_and(|t| !t.capital && t.word)
    }

    pub(crate) fn possessive(&self, i: usize) -> bool {
        self.tagged.get(i).is_some_and(|t| t.possessive)
    }

    pub(crate) fn quote(&self, i: usize) -> u32 {
        self.tagged.get(i).map_or(0, |t| t.quote)
    }

    /// Whether word `i` stands in a quotation that is nested in the outermost quotation `outer`.
    pub(crate) fn inner_quote(&self, i: usize, outer: u32) -> bool {
        self.text.quotes[outer as usize..]
            .iter()
            .take_while(|q| q.depth > 0)
            .any(|q| (q.first_word as usize..q.end_word as usize).contains(&i))
    }

    pub(crate) fn bytes(&self, i: usize) -> &'t [u8] {
        let w = &self.text.words[i];
        &self.text.source.as_bytes()[w.span.start as usize..w.core_end as usize]
    }

    pub(crate) fn hash(&self, i: usize) -> u64 {
        self.text.words.get(i).map_or(0, |w| w.hash)
    }

    /// An adverb, by list or by its ending in -ly.
    pub(crate) fn adverb(&self, i: usize) -> bool {
        self.is(i, Classes::ADV)
            || (self.lower(i) && self.bytes(i).len() > 4 && self.bytes(i).ends_with(b"ly"))
    }

    /// A word that may be part of a noun phrase's core: a noun, name, adjective or number.
    pub(crate) fn nominal(&self, i: usize) -> bool {
        let Some(t) = self.tagged.get(i) else {
            return false;
        };
        if !t.word {
            return false;
        }
        let c = t.info.classes;
        if c.has(Self::FUNCTION) {
            // "Will", "May", "US" inside a name.
            return t.capital
                && !self.text.words[i].shape.has(Shape::SENTENCE_START)
                && (c.has(Classes::MODAL) || self.text.words[i].shape.has(Shape::ALL_CAPS))
                && !c.has(Classes::PRON_SUBJ);
        }
        if self.capital(i) && !self.text.words[i].shape.has(Shape::SENTENCE_START) {
            return true;
        }
        !self.finite_looking(i) && (!self.adverb(i) || c.has(Classes::ADJ))
    }

    /// A word that is most likely a verb where it stands: by list, or -ed after a word that is no
    /// determiner.
    pub(crate) fn finite_looking(&self, i: usize) -> bool {
        let Some(t) = self.tagged.get(i) else {
            return false;
        };
        let c = t.info.classes;
        if c.has(Classes::AUX) {
            return true;
        }
        if t.capital && !self.text.words[i].shape.has(Shape::SENTENCE_START) {
            return false;
        }
        let before = i.checked_sub(1);
        // "did not unveil", "to unveil": the word after a modal, "do" or "to" is a verb.
        if before.is_some_and(|p| {
            self.is(p, Classes::MODAL.or(Classes::DO).or(Classes::TO))
                || (self.is(p, Classes::NEG)
                    && !self.is(p, Classes::CONJ)
                    && p > 0
                    && self.is(p - 1, Classes::AUX))
        }) && t.word
            && !t.capital
            && !c.has(
                Classes::DET
                    .or(Classes::POSS)
                    .or(Classes::PREP)
                    .or(Classes::PRON_SUBJ)
                    .or(Classes::PRON_OBJ)
                    .or(Classes::CONJ)
                    .or(Classes::REL),
            )
            && !self.adverb(i)
        {
            return true;
        }
        let lower = t.word && !t.capital;
        let pronoun = before.is_some_and(|p| {
            let b = self.tagged[p].info.classes;
            (b.has(Classes::PRON_SUBJ)
                && !b.has(Classes::PRON_OBJ.or(Classes::POSS))
                && !self.tagged[p].possessive)
                || b.has(Classes::PRON_SUBJ_AUX)
        });
        if pronoun && lower && !c.has(Self::FUNCTION) && !self.adverb(i) {
            return true;
        }
        let regular = lower && self.bytes(i).len() > 3 && self.bytes(i).ends_with(b"ed");
        let verb = c.has(Classes::VERB) || regular;
        let after_determiner = before.is_some_and(|p| {
            self.is(p, Classes::DET.or(Classes::POSS).or(Classes::PREP))
                || (self.is(p, Classes::ADJ) && !verb)
                || (self.possessive(p) && !self.is(p, Classes::PRON_SUBJ))
        });
        if after_determiner {
            return false;
        }
        if c.has(Classes::VERB) {
            return true;
        }
        if t.info.is_cue_verb() && t.info.forms.has(Forms::PAST) {
            return true;
        }
        regular
    }

    pub(crate) fn plural(&self, i: usize) -> bool {
        let b = self.bytes(i);
        (b.len() > 3 && b.ends_with(b"s") && !b.ends_with(b"ss") && !self.possessive(i))
            || [
                &b"people"[..],
                b"police",
                b"men",
                b"women",
                b"others",
                b"Democrats",
                b"media",
                b"many",
                b"most",
                b"some",
                b"few",
                b"both",
            ]
            .contains(&b)
    }

    /// Words of the sentence that word `i` stands in.
    pub(crate) fn sentence_of(&self, i: usize) -> Range {
        let k = self
            .text
            .sentences
            .partition_point(|s| s.end_word as usize <= i);
        self.text
            .sentences
            .get(k)
            .map_or((i, i + 1), |s| (s.first_word as usize, s.end_word as usize))
    }

    /// The verb group whose main verb is word `verb`, a form of a cue verb; `None` where the word
    /// is no verb here.
    pub(crate) fn verb_group(&self, verb: usize, sentence_start: usize) -> Option<Group> {
        let forms = self.tagged[verb].info.forms;
        if self.is(verb, Classes::PREP) {
            return None; // "like"
        }
        let (mut start, mut negated) = (verb, false);
        let mut auxiliary = Classes::default();
        let mut adverb = false;
        let mut j = verb;
        while j > sentence_start {
            let p = j - 1;
            let c = self.tagged[p].info.classes;
            if c.has(Classes::NEG) {
                negated = true;
            }
            let contracted = self.possessive(p) && c.has(Classes::PRON_SUBJ);
            if c.has(Classes::AUX) {
                if auxiliary == Classes::default() {
                    auxiliary = c;
                }
                start = p;
            } else if contracted || c.has(Classes::PRON_SUBJ_AUX) {
                if auxiliary == Classes::default() {
                    auxiliary = if forms.has(Forms::ING) {
                        Classes::BE
                    } else if forms.has(Forms::BASE) {
                        Classes::MODAL
                    } else {
                        Classes::HAVE
                    };
                }
                break;
            } else if c.has(Classes::TO) {
                if auxiliary == Classes::default() {
                    auxiliary = Classes::TO;
                }
                start = p;
                j = p;
                break;
            } else if self.adverb(p)
                && !(self.is(p, Classes::TIME) && self.capital(p))
                && !c.has(Classes::PREP.or(Classes::ADJ))
            {
                adverb = true;
                if start == j {
                    start = p;
                }
            } else if c.has(Classes::NEG) {
                start = p;
            } else {
                break;
            }
            j = p;
        }
        let kind = if auxiliary == Classes::default() {
            self.bare_kind(verb, j, adverb, forms, sentence_start)?
        } else if auxiliary.has(Classes::TO) {
            if !forms.has(Forms::BASE) {
                return None;
            }
            GroupKind::Infinitive
        } else if auxiliary.has(Classes::MODAL.or(Classes::DO)) && forms.has(Forms::BASE) {
            GroupKind::Finite
        } else if auxiliary.has(Classes::HAVE) && forms.has(Forms::PARTICIPLE) {
            GroupKind::Finite
        } else if auxiliary.has(Classes::BE) && forms.has(Forms::ING) {
            GroupKind::Finite
        } else if auxiliary.has(Classes::BE) && forms.has(Forms::PARTICIPLE) {
            GroupKind::Passive
        } else {
            return None;
        };
        Some(Group {
            start,
            verb,
            kind,
            negated,
        })
    }

    /// The kind of a verb form without auxiliaries; `left` is where its group starts.
    fn bare_kind(
        &self,
        verb: usize,
        left: usize,
        adverb: bool,
        forms: Forms,
        sentence_start: usize,
    ) -> Option<GroupKind> {
        let before = (left > sentence_start).then(|| left - 1);
        let noun_place = before.is_some_and(|p| {
            let c = self.tagged[p].info.classes;
            (c.has(Classes::DET.or(Classes::POSS))
                && !c.has(Classes::THAT.or(Classes::PRON_SUBJ))
                && !self.quantifier_subject(p))
                || (self.possessive(p) && !c.has(Classes::PRON_SUBJ))
                || (c.has(Classes::PREP) && !c.has(Classes::ADV.or(Classes::SUBORD)))
                || (c.has(Classes::ADJ) && !self.capital(p))
        });
        let passive_next = self
            .text
            .words
            .get(verb + 1)
            .is_some_and(|w| w.span.of(self.text.source) == "by");
        if forms.has(Forms::ING) {
            return (!before.is_some_and(|p| {
                self.is(p, Classes::DET.or(Classes::POSS)) || self.possessive(p)
            }))
            .then_some(GroupKind::Participle);
        }
        if noun_place && !adverb {
            return None;
        }
        if forms.has(Forms::PAST) {
            let clause_start = before.is_none_or(|p| {
                matches!(self.tagged[p].mark, b',' | b'-' | b';')
                    || self.is(p, Classes::SUBORD.or(Classes::CONJ))
            });
            if forms.has(Forms::PARTICIPLE) && (passive_next || (clause_start && before.is_none()))
            {
                return Some(GroupKind::Passive);
            }
            return Some(GroupKind::Finite);
        }
        if forms.has(Forms::PARTICIPLE) && !forms.has(Forms::BASE) {
            return None;
        }
        let next_verb = self.is(verb + 1, Classes::AUX)
            || (self
                .tagged
                .get(verb + 1)
                .is_some_and(|t| t.info.is_cue_verb() && t.info.forms.has(Forms::PAST))
                && !self.capital(verb + 1));
        if next_verb {
            return None;
        }
        let p = before?;
        let c = self.tagged[p].info.classes;
        if c.has(Classes::CONJ)
            || self.tagged[p].mark == b','
            || self.tagged[p].mark == b')'
            || self.tagged[p].mark == b'"'
        {
            let third = forms.has(Forms::THIRD);
            // "could not confirm or corroborate": the modal before makes it finite.
            let modal = (sentence_start..p)
                .rev()
                .take(10)
                .any(|k| self.is(k, Classes::MODAL));
            return (third || modal).then_some(GroupKind::Finite);
        }
        if !self.tagged[p].word {
            return None;
        }
        if forms.has(Forms::THIRD) {
            if c.has(Classes::PRON_SUBJ) || c.has(Classes::REL) || self.capital(p) {
                return Some(GroupKind::Finite);
            }
            return (self.nominal(p) && !self.plural(p)).then_some(GroupKind::Finite);
        }
        // A base form needs a subject in the plural.
        let plural = c.has(Classes::PRON_SUBJ)
            || c.has(Classes::REL)
            || self.quantifier_subject(p)
            || (self.nominal(p) && (self.plural(p) || (p >= 2 && self.is(p - 1, Classes::CONJ))));
        plural.then_some(GroupKind::Finite)
    }

    /// "many", "some", "both" alone as a subject.
    fn quantifier_subject(&self, i: usize) -> bool {
        matches!(
            self.bytes(i).to_ascii_lowercase().as_slice(),
            b"many"
                | b"most"
                | b"some"
                | b"few"
                | b"several"
                | b"both"
                | b"all"
                | b"others"
                | b"this"
                | b"that"
                | b"these"
        )
    }

    /// The noun phrase that ends before word `end`, not reaching left of `floor`.
    pub(crate) fn noun_phrase_before(&self, end: usize, floor: usize) -> Option<Range> {
        if end <= floor {
            return None;
        }
        let head = end - 1;
        if self.is(head, Classes::PRON_SUBJ.or(Classes::PRON_SUBJ_AUX)) && !self.capital_name(head)
        {
            return Some((head, end));
        }
        if self.is(head, Classes::REL) {
            return Some((head, end));
        }
        if self.quantifier_subject(head) && self.is(head, Classes::DET) {
            return Some((head, end));
        }
        let mut i = end;
        // (R-IN), (AP)
        if self.mark(head) == b')' {
            let open = (floor..head)
                .rev()
                .take(8)
                .find(|&k| self.mark(k) == b'(')?;
            i = open;
        }
        let mut start = None;
        while i > floor {
            let p = i - 1;
            let t = &self.tagged[p];
            let c = t.info.classes;
            if t.quote != self.quote(head) && self.mark(p) == b'"' {
                break;
            }
            if self.nominal(p) {
                i = p;
                start = Some(i);
            } else if c.has(Classes::DET.or(Classes::POSS))
                && !(c.has(Classes::THAT) && start.is_none())
            {
                i = p;
                start = Some(i);
                // "all the", "both of the": a determiner ends the core; a preposition before goes on.
                if !(i > floor && self.is(i - 1, Classes::PREP.or(Classes::DET))) {
                    break;
                }
            } else if start.is_some()
                && c.has(Classes::PREP)
                && p > floor
                && (self.nominal(p - 1) || self.mark(p - 1) == b')')
                && !self.is(p - 1, Classes::TIME)
            {
                i = p;
            } else if start.is_some()
                && (c.has(Classes::CONJ) || t.mark == b'&')
                && p > floor
                && self.nominal(p - 1)
                && self.list_before(p, floor)
            {
                i = p;
            } else if t.mark == b','
                && start.is_some()
                && p > floor
                && self.nominal(p - 1)
                && self.in_list(p, end)
            {
                i = p;
            } else if self.adverb(p)
                && start.is_some()
                && i > floor + 1
                && self.is(p - 1, Classes::DET)
            {
                i = p;
            } else {
                break;
            }
        }
        start.filter(|&s| s < end).map(|s| (s, end))
    }

    fn capital_name(&self, i: usize) -> bool {
        self.text.words[i].shape.has(Shape::ALL_CAPS) && self.text.words[i].span.len() > 1
    }

    /// Whether the conjunction at `p` joins two nouns rather than two clauses: no verb stands
    /// before it in the sentence.
    fn list_before(&self, p: usize, floor: usize) -> bool {
        !(floor..p).any(|k| self.finite_looking(k) || self.is(k, Classes::AUX))
    }

    /// Whether the comma at `p` is one of a list "A, B and C" that ends before `end`.
    fn in_list(&self, p: usize, end: usize) -> bool {
        end - p <= 8
            && (p..end).any(|k| self.is(k, Classes::CONJ))
            && !(p..end).any(|k| self.finite_looking(k))
    }

    /// The noun phrase that starts at word `start`, not reaching `ceiling`.
    pub(crate) fn noun_phrase_at(
        &self,
        start: usize,
        ceiling: usize,
        apposition: bool,
    ) -> Option<Range> {
        let mut i = start;
        if i >= ceiling {
            return None;
        }
        if self.is(i, Classes::PRON_SUBJ.or(Classes::PRON_OBJ))
            && !self.is(i, Classes::POSS)
            && !self.capital_name(i)
        {
            return Some((i, i + 1));
        }
        let mut last = None;
        while i < ceiling {
            let t = &self.tagged[i];
            let c = t.info.classes;
            if self.nominal(i) && !(c.has(Classes::TIME) && last.is_some()) {
                last = Some(i);
            } else if c.has(Classes::DET.or(Classes::POSS))
                && !c.has(Classes::THAT)
                && (last.is_none()
                    || self.is(i - 1, Classes::PREP.or(Classes::CONJ).or(Classes::DET)))
            {
            } else if c.has(Classes::PREP) && last.is_some() && self.phrase_continues(i, ceiling) {
            } else if (c.has(Classes::CONJ) || t.mark == b'&')
                && last.is_some()
                && (self.capital(i + 1) || self.is(i + 1, Classes::DET))
                && self.capital(i - 1)
                && !self.verb_soon(i + 1, ceiling)
            {
            } else if t.mark == b'('
                && last.is_some()
                && (i + 1..ceiling.min(i + 6)).any(|k| self.mark(k) == b')')
            {
                while i < ceiling && self.mark(i) != b')' {
                    i += 1;
                }
                last = Some(i);
            } else if apposition
                && t.mark == b','
                && last.is_some()
                && (self.is(i + 1, Classes::DET)
                    || (self.tagged.get(i + 1).is_some_and(|t| t.word)
                        && self.nominal(i + 1)
                        && !self.verb_soon(i + 1, ceiling)))
            {
                // ", a professor at …"
            } else {
                break;
            }
            i += 1;
        }
        last.filter(|&l| l < ceiling).map(|l| (start, l + 1))
    }

    fn verb_soon(&self, i: usize, ceiling: usize) -> bool {
        (i..ceiling.min(i + 6))
            .take_while(|&k| self.tagged[k].mark == 0)
            .any(|k| self.finite_looking(k))
    }

    /// Whether a preposition at `i` goes on with a noun phrase rather than beginning an adverbial
    /// of the clause (on Monday, in a statement, after …).
    fn phrase_continues(&self, i: usize, ceiling: usize) -> bool {
        if i + 1 >= ceiling || self.is(i, Classes::SUBORD) {
            return false;
        }
        let next = i + 1;
        if self.is(next, Classes::TIME) || self.tagged[next].info.forms.has(Forms::ING) {
            return false;
        }
        let limit = ceiling.min(next + 4);
        if (next..limit)
            .take_while(|&k| self.nominal(k) || self.is(k, Classes::DET.or(Classes::POSS)))
            .any(|k| self.is(k, Classes::MEDIUM_NOUN.or(Classes::TIME)))
        {
            return false;
        }
        self.nominal(next) || self.is(next, Classes::DET.or(Classes::POSS))
    }
}
