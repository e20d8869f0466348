//! The spelling conventions of English that borders of words, sentences and quotations need, read
//! from `src/lang/en/orthography.tsv`.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::fold::fold_hash;

/// How the full stop of an abbreviation behaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Abbreviation {
    /// Before a name: never ends a sentence.
    Title,
    /// Never ends a sentence.
    Inner,
    /// An abbreviation only before a number.
    Numbered,
    /// Can end a sentence.
    Final,
    /// An abbreviation only after a comma; can end a sentence.
    State,
}

/// The word lists of the file.
#[derive(Debug, Default)]
pub(super) struct English {
    abbreviations: FxHashMap<u64, Abbreviation>,
    starters: FxHashSet<u64>,
    tag_verbs: FxHashSet<u64>,
    elisions: FxHashSet<u64>,
    elided_ends: FxHashSet<u64>,
}

impl English {
    /// The lists, read once.
    pub(super) fn get() -> &'static Self {
        static LISTS: OnceLock<English> = OnceLock::new();
        LISTS.get_or_init(|| Self::parse(include_str!("../lang/en/orthography.tsv")))
    }

    fn parse(file: &str) -> Self {
        let mut lists = Self::default();
        for line in file.lines().filter(|l| !l.starts_with('#')) {
            let Some((class, words)) = line.split_once('\t') else {
                continue;
            };
            let words = words.split_whitespace();
            let kind = match class {
                "title" => Abbreviation::Title,
                "inner" => Abbreviation::Inner,
                "numbered" => Abbreviation::Numbered,
                "month" | "final" => Abbreviation::Final,
                "state" => Abbreviation::State,
                _ => {
                    let set = match class {
                        "starter" => &mut lists.starters,
                        "tag_verb" => &mut lists.tag_verbs,
                        "elision" => &mut lists.elisions,
                        "elided_end" => &mut lists.elided_ends,
                        _ => continue,
                    };
                    set.extend(words.map(fold_hash));
                    continue;
                }
            };
            lists
                .abbreviations
                .extend(words.map(|w| (fold_hash(w), kind)));
        }
        lists
    }

    /// How `word`, without its full stop, abbreviates.
    pub(super) fn abbreviation(&self, word: &str) -> Option<Abbreviation> {
        if word.len() > 7 {
            return None;
        }
        let kind = *self.abbreviations.get(&fold_hash(word))?;
        let capital = word.as_bytes()[0].is_ascii_uppercase();
        // "miss." or "st." in small letters end sentences.
        (capital || !matches!(kind, Abbreviation::Title | Abbreviation::State)).then_some(kind)
    }

    /// Whether a capital on this word after an abbreviation means that a sentence begins.
    pub(super) fn starts_sentence(&self, hash: u64) -> bool {
        self.starters.contains(&hash)
    }

    /// Whether the word is a verb of a tag after a quoted question.
    pub(super) fn is_tag_verb(&self, hash: u64) -> bool {
        self.tag_verbs.contains(&hash)
    }

    /// Whether an apostrophe before this word stands for letters left out ('tis, '90s).
    pub(super) fn is_elision(&self, word: &str) -> bool {
        let decade = word.len() == 3
            && word.ends_with('s')
            && word.as_bytes()[..2].iter().all(u8::is_ascii_digit);
        let year = word.len() == 2 && word.bytes().all(|b| b.is_ascii_digit());
        decade || year || self.elisions.contains(&fold_hash(word))
    }

    /// Whether an apostrophe after this word stands for letters left out (o', goin').
    pub(super) fn is_elided_end(&self, word: &str) -> bool {
        (word.len() > 3 && word.ends_with("in")) || self.elided_ends.contains(&fold_hash(word))
    }
}
