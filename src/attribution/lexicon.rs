//! The words that reporting is made of: cue verbs, cue nouns and closed word classes, from the data
//! files in `src/lang/en/`.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::Class;
use crate::text::fold_hash;

/// A set of word classes; the constants name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Classes(pub(crate) u32);

macro_rules! classes {
    ($($name:ident = $bit:literal, $key:literal;)*) => {
        impl Classes {
            $(pub(crate) const $name: Self = Self(1 << $bit);)*

            fn from_key(key: &str) -> Option<Self> {
                match key {
                    $($key => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

classes! {
    DET = 0, "det";
    PRON_SUBJ = 1, "pron_subj";
    PRON_SUBJ_AUX = 2, "pron_subj_aux";
    PRON_OBJ = 3, "pron_obj";
    POSS = 4, "poss";
    REL = 5, "rel";
    WH = 6, "wh";
    THAT = 7, "that";
    TO = 8, "to";
    CONJ = 9, "conj";
    SUBORD = 10, "subord";
    PREP = 11, "prep";
    BE = 12, "be";
    HAVE = 13, "have";
    DO = 14, "do";
    MODAL = 15, "modal";
    NEG = 16, "neg";
    ADV = 17, "adv";
    TIME = 18, "time";
    TIME_START = 19, "time_start";
    ADJ = 20, "adj";
    VERB = 21, "verb";
    ADDRESSEE = 22, "addressee";
    PERSON_NOUN = 23, "person_noun";
    REPORT_NOUN = 24, "report_noun";
    MEDIUM_NOUN = 25, "medium_noun";
    FIELD = 26, "field";
    UNDERGONE = 27, "undergone";
}

impl Classes {
    /// Whether any class of `other` is in the set.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both sets.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Any word that belongs to a verb group before its main verb.
    pub(crate) const AUX: Self = Self(Self::BE.0 | Self::HAVE.0 | Self::DO.0 | Self::MODAL.0);
}

/// What may follow a cue verb as its content; a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Frames(pub(crate) u8);

impl Frames {
    /// A clause, with or without "that".
    pub(crate) const CLAUSE: Self = Self(1);
    /// A question clause: whether, how, why …
    pub(crate) const QUESTION: Self = Self(2);
    /// "to" and an infinitive.
    pub(crate) const INFINITIVE: Self = Self(4);
    /// A noun phrase.
    pub(crate) const OBJECT: Self = Self(8);
    /// An addressee, then one of the others.
    pub(crate) const ADDRESSEE: Self = Self(16);
    /// A clause with -ing.
    pub(crate) const GERUND: Self = Self(32);
    /// A quotation.
    pub(crate) const QUOTATION: Self = Self(64);
    /// One of the verb's prepositions or particles.
    pub(crate) const PREPOSITION: Self = Self(128);

    /// Whether any frame of `other` is in the set.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn parse(field: &str) -> (Self, Vec<u64>) {
        let (mut set, mut prepositions) = (0, Vec::new());
        for key in field.split(',') {
            set |= match key {
                "t" => Self::CLAUSE.0,
                "w" => Self::QUESTION.0,
                "i" => Self::INFINITIVE.0,
                "o" => Self::OBJECT.0,
                "a" => Self::ADDRESSEE.0,
                "g" => Self::GERUND.0,
                "q" => Self::QUOTATION.0,
                _ => match key.strip_prefix("p:") {
                    Some(list) => {
                        prepositions.extend(list.split('|').map(fold_hash));
                        Self::PREPOSITION.0
                    }
                    None => 0,
                },
            };
        }
        (Self(set), prepositions)
    }
}

/// Which forms of a verb a word can be; a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Forms(pub(crate) u8);

impl Forms {
    /// say
    pub(crate) const BASE: Self = Self(1);
    /// says
    pub(crate) const THIRD: Self = Self(2);
    /// said (he said)
    pub(crate) const PAST: Self = Self(4);
    /// said (he has said)
    pub(crate) const PARTICIPLE: Self = Self(8);
    /// saying
    pub(crate) const ING: Self = Self(16);
    /// says or said
    pub(crate) const FINITE: Self = Self(2 | 4);

    /// Whether any form of `other` is in the set.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A verb that reports.
#[derive(Clone, Debug)]
pub(crate) struct CueVerb {
    /// Hash of its base form.
    pub(crate) lemma: u64,
    pub(crate) class: Class,
    /// Whether the verb itself denies ("denied", "refused").
    pub(crate) negative: bool,
    pub(crate) frames: Frames,
    /// Hashes of its prepositions and particles.
    pub(crate) prepositions: Vec<u64>,
    /// How often it reports, 0 to 1.
    pub(crate) weight: f32,
}

/// A noun that reports ("claim", "warning").
#[derive(Clone, Debug)]
pub(crate) struct CueNoun {
    pub(crate) class: Class,
    pub(crate) negative: bool,
    pub(crate) weight: f32,
}

/// What the lexicon knows of a word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WordInfo {
    pub(crate) classes: Classes,
    /// 1 + index of a cue verb, 0 for none.
    verb: u16,
    pub(crate) forms: Forms,
    /// 1 + index of a cue noun, 0 for none.
    noun: u16,
}

impl WordInfo {
    pub(crate) fn is_cue_verb(&self) -> bool {
        self.verb != 0
    }
}

/// Cue verbs, cue nouns and word classes by hash of the folded word.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    words: FxHashMap<u64, WordInfo>,
    verbs: Vec<CueVerb>,
    nouns: Vec<CueNoun>,
    /// Hash of "according".
    pub(crate) according: u64,
}

/// Lines of a data file, split at tabs, without comments.
fn rows(data: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    data.lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| l.split('\t').collect())
}

fn class(key: &str) -> Class {
    match key {
        "B" => Class::Belief,
        "F" => Class::Fact,
        "E" => Class::Eventuality,
        _ => Class::Assertion,
    }
}

impl Lexicon {
    /// The lexicon of English.
    pub(crate) fn english() -> &'static Self {
        static ENGLISH: LazyLock<Lexicon> = LazyLock::new(|| {
            Lexicon::parse(
                include_str!("../lang/en/word_classes.tsv"),
                include_str!("../lang/en/cue_verbs.tsv"),
                include_str!("../lang/en/cue_nouns.tsv"),
            )
        });
        &ENGLISH
    }

    fn parse(classes: &'static str, verbs: &'static str, nouns: &'static str) -> Self {
        let mut lexicon = Self {
            according: fold_hash("according"),
            ..Self::default()
        };
        for row in rows(classes) {
            if let [key, words] = row[..]
                && let Some(class) = Classes::from_key(key)
            {
                for word in words.split(' ') {
                    let info = lexicon.words.entry(fold_hash(word)).or_default();
                    info.classes = info.classes.or(class);
                }
            }
        }
        for row in rows(verbs) {
            if let [lemma, class_key, polarity, frames, weight, forms] = row[..] {
                let (frames, prepositions) = Frames::parse(frames);
                lexicon.verbs.push(CueVerb {
                    lemma: fold_hash(lemma),
                    class: class(class_key),
                    negative: polarity == "-",
                    frames,
                    prepositions,
                    weight: weight.parse().unwrap_or(0.0),
                });
                let id = lexicon.verbs.len() as u16;
                for (form, bit) in forms.split(' ').zip([1, 2, 4, 8, 16]) {
                    for spelling in form.split('/') {
                        let info = lexicon.words.entry(fold_hash(spelling)).or_default();
                        // Where two verbs share a form ("found", "saw", "lay") the first keeps it.
                        if info.verb == 0 || info.verb == id {
                            info.verb = id;
                            info.forms.0 |= bit;
                        }
                    }
                }
            }
        }
        for row in rows(nouns) {
            if let [lemma, class_key, polarity, weight] = row[..] {
                lexicon.nouns.push(CueNoun {
                    class: class(class_key),
                    negative: polarity == "-",
                    weight: weight.parse().unwrap_or(0.0),
                });
                let id = lexicon.nouns.len() as u16;
                let plural = match lemma.strip_suffix('y') {
                    Some(stem) => format!("{stem}ies"),
                    None => format!("{lemma}s"),
                };
                for form in [lemma, &plural] {
                    lexicon.words.entry(fold_hash(form)).or_default().noun = id;
                }
            }
        }
        lexicon
    }

    /// What is known of the word with this hash.
    pub(crate) fn info(&self, hash: u64) -> WordInfo {
        self.words.get(&hash).copied().unwrap_or_default()
    }

    /// The cue verb that a word is a form of.
    pub(crate) fn verb(&self, info: WordInfo) -> Option<&CueVerb> {
        self.verbs.get(usize::from(info.verb).checked_sub(1)?)
    }

    /// The cue noun that a word is a form of.
    pub(crate) fn noun(&self, info: WordInfo) -> Option<&CueNoun> {
        self.nouns.get(usize::from(info.noun).checked_sub(1)?)
    }
}
