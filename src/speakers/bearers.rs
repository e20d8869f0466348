//! Who bears the names of a text: which names are one person's or body's, and what the text says of it.

use std::collections::hash_map::Entry;

use super::lists::{Gender, Kinds};
use super::names::{MAX_WORDS, Name, Names, Run};
use crate::text::{Shape, WordKind};
use rustc_hash::FxHashMap;

/// So many bearers of one word are told apart.
const SHARING: usize = 24;

/// How often a word is a name alone, by the gender of its title, and where first.
type Counts = FxHashMap<(u64, Option<Gender>), (usize, usize)>;

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

    /// Whether it is the other's end of two words or more.
    fn ends(&self, other: &Self) -> bool {
        self.len > 1
            && self.len < other.len
            && other.words[other.len - self.len..other.len] == self.words[..self.len]
    }
}

/// Who or what bears a name.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    /// The fullest form: words of the text; with its title from `outer` on.
    pub(super) outer: usize,
    pub(super) first: usize,
    pub(super) end: usize,
    pub(super) gender: Option<Gender>,
    /// Sure to be a person.
    pub(super) is_person: bool,
    /// Sure to be a body.
    pub(super) is_body: bool,
    /// Roles and titles that the text gives to it (hashes of words).
    pub(super) roles: Vec<u64>,
    /// Another bears the same single word: only the title tells them apart.
    pub(super) needs_title: bool,
    /// The gender of its title, where known by title and surname alone ("Mrs. Lee").
    titled: Option<Gender>,
    /// The words of the fullest form.
    key: Key,
    /// Where its full names stand: first words, in order.
    places: Vec<usize>,
    /// Where its last short name stands.
    last_short: Option<usize>,
    /// How often "he" and "she" follow its name.
    votes: [u32; 2],
    /// How often it is named.
    pub(super) count: u32,
    /// How often after "in" or "the"; always, for what is a place by its name.
    located: u32,
}

impl Bearer {
    /// Whether it is where things happen.
    pub(super) fn is_place(&self) -> bool {
        !self.is_person && self.located * 8 > self.count
    }
}

impl Names<'_, '_> {
    /// Full names first, so that a headline's surname finds its bearer; then the short ones.
    pub(super) fn find_bearers(&mut self, runs: &[Run]) {
        // How often each word is a name alone, with and without a gendered title.
        let mut counts: Counts = FxHashMap::default();
        let short = |r: &&Run| r.2 - r.1 == 1;
        for &(outer, first, _) in runs.iter().filter(short) {
            let gender = self.title_gender(outer, first);
            counts
                .entry((self.hash(first), gender))
                .or_insert((0, first))
                .0 += 1;
        }
        let runs: Vec<Run> = runs.iter().map(|&r| self.after_body(r, &counts)).collect();
        let runs = runs.as_slice();
        // The longest first; those in capitals (of headlines, cries) last, for they may be no names.
        let capitals = |r: &Run| {
            (r.1..r.2).all(|k| {
                let w = &self.text.words[k];
                w.shape.has(Shape::ALL_CAPS) || k > r.1 && w.span.len() == 1
            })
        };
        // "Mrs. Newland Archer" comes after him.
        let wife = |r: &Run| (r.0..r.1).any(|k| self.kinds(k).has(Kinds::WIFE));
        let order = |r: &&Run| match r.2 - r.1 {
            1 => None,
            _ if capitals(r) => Some(3),
            _ if wife(r) => Some(2),
            2 => Some(1),
            _ => Some(0),
        };
        let orders: Vec<Option<usize>> = runs.iter().map(|r| order(&r)).collect();
        // How often each full form stands.
        let mut forms: FxHashMap<u64, u32> = FxHashMap::default();
        for r in runs.iter().filter(|r| r.2 - r.1 > 1) {
            *forms.entry(self.joint_hash(r.1, r.2)).or_default() += 1;
        }
        for now in 0..4 {
            for (&(outer, first, end), _) in runs.iter().zip(&orders).filter(|r| *r.1 == Some(now))
            {
                self.full(outer, first, end, &forms, now < 3);
            }
        }
        for b in &mut self.bearers {
            b.places.sort_unstable();
        }
        for &(outer, first, end) in runs.iter().filter(short) {
            self.short(outer, first, end, &counts);
        }
    }

    /// "Refugee Council Ann Lee": a person after the body that is hers, where her surname stands alone too.
    fn after_body(&self, r: Run, counts: &Counts) -> Run {
        let (outer, first, end) = r;
        let alone = |word| {
            [None, Some(Gender::Male), Some(Gender::Female)]
                .iter()
                .any(|&g| counts.contains_key(&(word, g)))
        };
        let tail = (first..end.saturating_sub(2))
            .rev()
            .take(3)
            .find(|&k| self.kinds(k).has(Kinds::ORG));
        match tail {
            Some(k)
                if (k + 1..end).all(|k| self.capital(k) && !self.kinds(k).has(Kinds::ORG))
                    && alone(self.hash(end - 1)) =>
            {
                (outer, k + 1, end)
            }
            _ => r,
        }
    }

    fn key(&self, first: usize, end: usize) -> Key {
        let mut key = Key::default();
        for k in first..end {
            if !self.kinds(k).has(Kinds::GENERATION) {
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
        .take(SHARING)
    }

    fn full(
        &mut self,
        outer: usize,
        first: usize,
        end: usize,
        forms: &FxHashMap<u64, u32>,
        link: bool,
    ) {
        let key = self.key(first, end);
        let gender = self.title_gender(outer, first);
        let often = forms
            .get(&self.joint_hash(first, end))
            .copied()
            .unwrap_or(0);
        let wife = (outer..first).any(|k| self.kinds(k).has(Kinds::WIFE))
            && !self.kinds(first).has(Kinds::GIVEN_F);
        // The same words; the same first and last with a middle name between; the last words of a
        // longer name.
        let same = self.bearers_of(key.last()).find(|&b| {
            let b = &self.bearers[b as usize];
            let other = &b.key;
            let middle = other.len != key.len
                && other.len > 1
                && key.len > 1
                && other.first() == key.first()
                && other.last() == key.last();
            let other_gender = gender.is_some() && b.gender.is_some() && gender != b.gender;
            let apart = other_gender || wife && b.gender.is_none();
            !apart && (*other == key || middle || key.ends(other) && self.shortens(b, often))
        });
        let bearer = same.unwrap_or_else(|| self.add(outer, first, end, key, link));
        self.bearers[bearer as usize].places.push(first);
        self.take(outer, first, end, bearer);
    }

    /// Whether a name may be shortened to its last words, as "Bank of Velmark" is not; the short form
    /// stands `often`, and not so much more often that the long one is two names side by side.
    fn shortens(&self, b: &Bearer, often: u32) -> bool {
        !self.kinds(b.first).has(Kinds::ORG)
            && (self.capital(b.first + 1)
                || self.kinds(b.first + 1).has(Kinds::CONNECTOR)
                    && !self.kinds(b.first + 1).has(Kinds::BREAK))
            && often as usize <= 8 * b.places.len()
    }

    fn short(&mut self, outer: usize, first: usize, end: usize, counts: &Counts) {
        let key = self.key(first, end);
        let word = key.first();
        let gender = self.title_gender(outer, first);
        // "UN" is not Kim Jong Un.
        let acronym = |k: usize| {
            let w = &self.text.words[k];
            let letters = w.span.of(self.text.source).chars().count();
            w.shape.has(Shape::ALL_CAPS) && letters <= 3
        };
        let fits = |b: &Bearer| {
            if b.key.len > 1 {
                return !b.is_body
                    && (!acronym(first) || acronym(b.end - 1) || acronym(b.first))
                    && (gender.is_none() || b.gender.is_none() || b.gender == gender);
            }
            match gender {
                None => true,
                // "Mrs. Lee" is not "Lee".
                Some(Gender::Female) => b.gender == gender,
                Some(Gender::Male) => b.gender != Some(Gender::Female),
            }
        };
        let sharing: Vec<u32> = self
            .bearers_of(word)
            .filter(|&b| fits(&self.bearers[b as usize]))
            .collect();
        // Mr. Lee is somebody else than those of his family who are known by their given names, or
        // are several and less often named.
        let times = |word, gender| counts.get(&(word, gender)).map_or(0, |c| c.0);
        let titled = times(word, gender);
        let own = gender.is_some() && {
            let all = sharing.iter().map(|&b| &self.bearers[b as usize]);
            let family = all.filter(|b| b.key.len > 1 && b.key.last() == word);
            let several = family.clone().count() > 1;
            family.clone().count() > 0
                && family.clone().all(|b| {
                    times(b.key.first(), None) > titled || several && b.places.len() < titled
                })
        };
        let best = sharing
            .into_iter()
            .filter(|&b| !own || self.bearers[b as usize].key.len == 1)
            .filter(|&b| {
                let b = &self.bearers[b as usize];
                gender.is_some() || !Self::is_chance(b, counts.get(&(word, None)))
            })
            .max_by(|&a, &b| {
                let (a, b) = (
                    (self.nearness(a, first, gender), std::cmp::Reverse(a)),
                    (self.nearness(b, first, gender), std::cmp::Reverse(b)),
                );
                a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
            });
        let best = best.or_else(|| self.by_formal_name(word, gender));
        let bearer = best.unwrap_or_else(|| {
            let new = self.add(outer, first, end, key, true);
            self.bearers[new as usize].titled = gender;
            new
        });
        self.bearers[bearer as usize].last_short = Some(first);
        self.take(outer, first, end, bearer);
    }

    /// The one whose given name a short one stands for, where only one has it: Bob is Robert Hale.
    fn by_formal_name(&self, word: u64, gender: Option<Gender>) -> Option<u32> {
        let formal = self.lists.formal(word).iter();
        let mut named = formal.flat_map(|&f| {
            self.bearers_of(f).filter(move |&b| {
                let b = &self.bearers[b as usize];
                b.key.len > 1 && b.key.first() == f && !b.is_body
            })
        });
        let first = named.next().filter(|_| gender.is_none())?;
        named.next().is_none().then_some(first)
    }

    /// Whether a full name is so rare, and so long after its short form was first used alone, that it is
    /// somebody else's, or none ("… Brenda John").
    fn is_chance(b: &Bearer, alone: Option<&(usize, usize)>) -> bool {
        const LATE: usize = 300;
        const RARE: usize = 20;
        const FEW: usize = 2;
        let Some(&(times, first)) = alone else {
            return false;
        };
        let late = b.places.first().is_some_and(|&p| p > first + LATE);
        b.key.len > 1
            && b.places.len() <= FEW
            && b.places.len() * RARE < times
            && (late || b.key.len > 2)
    }

    /// How likely a short name at `place` is this bearer's: who was named in full last, or often.
    fn nearness(&self, bearer: u32, place: usize, gender: Option<Gender>) -> f32 {
        /// A name is half as near after so many words.
        const HALF: f32 = 200.0;
        let b = &self.bearers[bearer as usize];
        let before = b.places[..b.places.partition_point(|&p| p < place)]
            .last()
            .copied();
        let near = before
            .max(b.last_short)
            .map_or(0.0, |p| (-((place - p) as f32) / HALF).exp2());
        let often = 0.05 * (b.places.len().min(100) as f32);
        let surname = f32::from(b.key.last() == self.hash(place)) * 0.2;
        // A bare surname is a man's rather than that of "Mrs. Lee".
        let other = f32::from(b.titled == Some(Gender::Female) && gender.is_none());
        // "Darling Tony" is no fuller name of Tony.
        let given = f32::from(
            b.key.len > 1
                && b.key.first() != self.hash(place)
                && self.kinds(place).has(Kinds::GIVEN),
        );
        near + often + surname - 6.0 * other - 1.5 * given
    }

    /// A new bearer; short names may be its only where it is linked.
    fn add(&mut self, outer: usize, first: usize, end: usize, key: Key, link: bool) -> u32 {
        let n = u32::try_from(self.bearers.len()).unwrap_or(u32::MAX);
        if link {
            self.link(key.first(), n);
            if key.len > 1 {
                self.link(key.last(), n);
            }
        }
        let last = self.kinds(end - 1);
        let is_body = last.has(Kinds::ORG);
        // "Washington Square", "New York", "Election Day", "Transport Scotland", "Mali"
        let place = end - first > 1
            && (last.has(Kinds::PLACE.or(Kinds::THING))
                || self.kinds(first).has(Kinds::PLACE_START))
            || last.has(Kinds::GEO) && !self.kinds(first).has(Kinds::GIVEN);
        self.bearers.push(Bearer {
            outer,
            first,
            end,
            gender: None,
            is_person: false,
            is_body,
            roles: Vec::new(),
            needs_title: false,
            titled: None,
            key,
            places: Vec::new(),
            last_short: None,
            votes: [0; 2],
            count: 0,
            located: if place { u32::from(u16::MAX) } else { 0 },
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
        let given = self.kinds(first).given_gender();
        let title = self.title_gender(outer, first);
        // "spokesperson Dmitry Peskov", "leader Kim"
        let role = outer.checked_sub(1).filter(|&k| {
            self.kinds(k).has(Kinds::ANY_ROLE)
                && words[k].kind == WordKind::Word
                && !words[k].shape.has(Shape::POSSESSIVE)
        });
        let mut roles: Vec<u64> = (outer..first)
            .chain(role)
            .map(|k| self.lists.role(self.hash(k)))
            .collect();
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
                    // "a botanist": an occupation by its ending.
                    self.text.word(k).ends_with("ist")
                        || self.kinds(k).has(Kinds::ANY_ROLE) && !self.kinds(k).has(Kinds::NOT_NAME)
                });
            roles.extend(apposition.map(|k| self.lists.role(self.hash(k))));
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
        let role_gender = role
            .or(apposition)
            .and_then(|k| self.kinds(k).role_gender());
        let sure = (outer < first && !self.kinds(end - 1).has(Kinds::ORG))
            || age
            || (end - first > 1 && self.kinds(first).has(Kinds::GIVEN));
        let likely = role.is_some() || apposition.is_some() || who;
        let before = outer
            .checked_sub(1)
            .map_or(Kinds::default(), |k| self.kinds(k));
        let located = before.has(Kinds::WHERE) || before.has(Kinds::ARTICLE) && outer == first;
        let b = &mut self.bearers[bearer as usize];
        b.count += 1;
        b.located += u32::from(located);
        b.is_person |= (sure || likely && !b.is_place()) && !b.is_body;
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
            quoted: false,
            addressed: false,
            subject: false,
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

    /// The only bearer of a role; `None` where several have it.
    pub(super) fn sole_holder(&self, role: u64) -> Option<u32> {
        let mut holders = (0..)
            .zip(&self.bearers)
            .filter(|b| b.1.roles.contains(&role));
        let (first, _) = holders.next()?;
        holders.next().is_none().then_some(first)
    }

    /// Whom pronouns follow is a man or a woman; a full name whose last or first word is used alone
    /// later is a person's, unless it is a body's.
    pub(super) fn mark_people(&mut self) {
        /// A pronoun is looked for so many words after a name, and before the next one.
        const REACH: usize = 14;
        for i in 0..self.names.len() {
            let n = self.names[i];
            let b = &self.bearers[n.bearer as usize];
            if n.subject && b.gender.is_none() && !b.is_body && b.votes[0] + b.votes[1] < 20 {
                let next = self.names.get(i + 1).map_or(usize::MAX, |n| n.outer);
                let to = next.min(n.end + REACH).min(self.text.words.len());
                let pronoun = (n.end..to)
                    .take_while(|&k| self.text.words[k].kind != WordKind::QuoteMark)
                    .map(|k| self.kinds(k))
                    .find(|k| k.has(Kinds::HE_OR_SHE));
                if let Some(pronoun) = pronoun {
                    let she = usize::from(pronoun.has(Kinds::SHE));
                    self.bearers[n.bearer as usize].votes[she] += 1;
                }
            }
            let b = &mut self.bearers[n.bearer as usize];
            if n.end - n.first == 1 && b.key.len > 1 && !b.is_body && !b.is_place() {
                b.is_person = true;
            }
        }
        for b in &mut self.bearers {
            let [he, she] = b.votes;
            let sure = he + she > 1 || b.is_person;
            if b.gender.is_none() && he != she && sure && !b.is_place() {
                b.gender = Some(if he > she {
                    Gender::Male
                } else {
                    Gender::Female
                });
            }
        }
        for i in 0..self.bearers.len() {
            let b = &self.bearers[i];
            let shared = b.titled.is_some()
                && self
                    .bearers_of(b.key.first())
                    .any(|other| other as usize != i);
            self.bearers[i].needs_title = shared;
        }
    }
}
