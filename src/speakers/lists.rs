//! What is known of English titles, roles, given names and pronouns, read from
//! `src/lang/en/people.tsv`.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::text::fold_hash;

/// Classes of a word: a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Kinds(u64);

macro_rules! kinds {
    ($($name:ident = $class:literal, $bit:literal;)*) => {
        impl Kinds {
            $(pub(super) const $name: Self = Self(1 << $bit);)*

            fn of(class: &str) -> Option<Self> {
                match class {
                    $($class => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    TITLE = "title", 0;
    TITLE_M = "title_m", 1;
    TITLE_F = "title_f", 2;
    ROLE = "role", 3;
    ROLE_M = "role_m", 4;
    ROLE_F = "role_f", 5;
    ORG = "org", 6;
    NOT_NAME = "not_name", 7;
    CONNECTOR = "connector", 8;
    HE = "he", 9;
    SHE = "she", 10;
    THEY = "they", 11;
    IT = "it", 12;
    I = "i", 13;
    WHO = "who", 14;
    POSSESSIVE = "possessive", 15;
    ARTICLE = "article", 16;
    PRONOUN_NOUN = "pronoun_noun", 17;
    GIVEN_M = "given_m", 18;
    GIVEN_F = "given_f", 19;
    BREAK = "break", 20;
    AND = "and", 21;
    PLURAL = "plural", 22;
    STARTER = "starter", 23;
    DEAR = "dear", 24;
    WE = "we", 25;
    GENERATION = "generation", 26;
    LATTER = "latter", 27;
    KIN = "kin", 28;
    MONTH_NAME = "month_name", 29;
    CUT = "cut", 30;
    YOU = "you", 31;
    WHERE = "where", 32;
    BY = "by", 33;
    WIFE = "wife", 34;
    SUBJECT = "subject", 35;
    PERSONAL = "personal", 36;
    PLACE = "place", 37;
    PLACE_START = "place_start", 38;
    GEO = "geo", 39;
    THING = "thing", 40;
    INTERVIEW = "interview", 41;
}

impl Kinds {
    pub(super) const ANY_TITLE: Self = Self(Self::TITLE.0 | Self::TITLE_M.0 | Self::TITLE_F.0);
    pub(super) const ANY_ROLE: Self = Self(Self::ROLE.0 | Self::ROLE_M.0 | Self::ROLE_F.0);
    pub(super) const GIVEN: Self = Self(Self::GIVEN_M.0 | Self::GIVEN_F.0);
    pub(super) const HE_OR_SHE: Self = Self(Self::HE.0 | Self::SHE.0);
    pub(super) const PRONOUN: Self =
        Self(Self::HE.0 | Self::SHE.0 | Self::THEY.0 | Self::IT.0 | Self::I.0 | Self::WHO.0);
    pub(super) const GIVEN_OR_TITLE: Self = Self(Self::GIVEN.0 | Self::ANY_TITLE.0);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a given name is a man's or a woman's; `None` where it is both's.
    pub(super) const fn given_gender(self) -> Option<Gender> {
        match (self.has(Self::GIVEN_M), self.has(Self::GIVEN_F)) {
            (true, false) => Some(Gender::Male),
            (false, true) => Some(Gender::Female),
            _ => None,
        }
    }

    /// Whether a role is a man's or a woman's.
    pub(super) const fn role_gender(self) -> Option<Gender> {
        if self.has(Self::ROLE_M) {
            Some(Gender::Male)
        } else if self.has(Self::ROLE_F) {
            Some(Gender::Female)
        } else {
            None
        }
    }
}

/// Whether a person is a man or a woman, as far as words tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Gender {
    Male,
    Female,
}

/// Bits of a word that the filter goes by.
const FILTER_BITS: u32 = 14;

/// Where a word's bit is: number of the filter, and the bit in it.
const fn place(word: u64) -> (usize, u64) {
    let at = word >> (64 - FILTER_BITS);
    ((at / 64) as usize, 1 << (at % 64))
}

#[derive(Debug, Default)]
pub(super) struct Lists {
    kinds: FxHashMap<u64, Kinds>,
    /// A bit for each of their words, by its first bits: most words are none of them.
    filter: Vec<u64>,
    /// The full word of an abbreviated title.
    full: FxHashMap<u64, u64>,
    /// The given names that a short one may stand for.
    formal: FxHashMap<u64, Vec<u64>>,
}

impl Lists {
    pub(super) fn get() -> &'static Self {
        static LISTS: OnceLock<Lists> = OnceLock::new();
        LISTS.get_or_init(|| {
            let mut lists = Lists::default();
            for line in include_str!("../lang/en/people.tsv")
                .lines()
                .filter(|l| !l.starts_with('#'))
            {
                let Some((class, words)) = line.split_once('\t') else {
                    continue;
                };
                for (short, full) in words.split_whitespace().filter_map(|p| p.split_once('=')) {
                    let full = full.split(',').map(fold_hash);
                    match class {
                        "short" => lists.full.extend(full.map(|f| (fold_hash(short), f))),
                        _ => lists
                            .formal
                            .entry(fold_hash(short))
                            .or_default()
                            .extend(full),
                    }
                }
                let Some(kind) = Kinds::of(class) else {
                    continue;
                };
                for word in words.split_whitespace() {
                    lists.kinds.entry(fold_hash(word)).or_default().0 |= kind.0;
                }
            }
            lists.filter = vec![0; 1 << (FILTER_BITS - 6)];
            for &word in lists.kinds.keys() {
                let (at, bit) = place(word);
                lists.filter[at] |= bit;
            }
            lists
        })
    }

    #[inline]
    pub(super) fn kinds(&self, hash: u64) -> Kinds {
        let (at, bit) = place(hash);
        if self.filter.get(at).is_none_or(|x| x & bit == 0) {
            return Kinds::default();
        }
        self.kinds.get(&hash).copied().unwrap_or_default()
    }

    /// The given names that a short one may stand for: "Robert" for "Bob".
    pub(super) fn formal(&self, hash: u64) -> &[u64] {
        self.formal.get(&hash).map_or(&[], Vec::as_slice)
    }

    /// A role by its full word: "doctor" for "Dr."
    pub(super) fn role(&self, hash: u64) -> u64 {
        self.full.get(&hash).copied().unwrap_or(hash)
    }
}
