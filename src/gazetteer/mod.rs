//! Finding the names of a gazetteer in texts.
//!
//! The words engine: names and texts are cut into units (`units`), a name is searched under its
//! spellings (`names`), and the index follows hashed prefixes (`index`).

mod index;
mod names;
mod store;
mod units;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::{MAX_BYTES, Span};
use index::Index;
use units::Folding;

/// One thing that a gazetteer knows: a person, an organisation, a place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The user's identifier. Entries with the same id and label are one entry with all the names.
    pub id: String,
    /// PERSON, ORG, GPE … ; empty where none was given.
    #[serde(default)]
    pub label: String,
    /// The canonical name.
    pub name: String,
    /// Further names (aliases); the canonical name is always searched too.
    #[serde(default)]
    pub names: Vec<String>,
    /// Which entry comes first where several have the found name; higher first.
    #[serde(default)]
    pub priority: f32,
    /// Free properties as one JSON object; empty for none.
    #[serde(default)]
    pub properties: String,
}

/// A name of a gazetteer, found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// Where.
    pub span: Span,
    /// Indices of the entries that have this name, best first; never empty.
    pub entries: Vec<u32>,
}

/// How letter case is treated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CasePolicy {
    /// Case makes no difference.
    #[default]
    Fold,
    /// Case must be the same.
    Exact,
    /// As `Fold`, but a name in capitals (`WHO`) or that is a common word (`Will`) must match its
    /// case.
    Smart,
}

/// Options of a gazetteer; fixed when it is built.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GazetteerOptions {
    /// How letter case is treated.
    pub case: CasePolicy,
    /// Whether accents make no difference (`Zoe` finds `Zoë`).
    pub fold_accents: bool,
    /// Whether every mention is given, also those inside longer ones.
    pub overlapping: bool,
}

/// A set of entries, indexed for search.
#[derive(Clone, Debug)]
pub struct Gazetteer {
    entries: Vec<Entry>,
    by_id: FxHashMap<String, u32>,
    options: GazetteerOptions,
    index: Index,
}

impl Default for Gazetteer {
    fn default() -> Self {
        Self::empty(GazetteerOptions::default())
    }
}

impl Gazetteer {
    fn empty(options: GazetteerOptions) -> Self {
        let folding = Folding {
            case: options.case != CasePolicy::Exact,
            accents: options.fold_accents,
        };
        Self {
            entries: Vec::new(),
            by_id: FxHashMap::default(),
            options,
            index: Index::new(folding),
        }
    }

    /// Builds the index.
    ///
    /// # Errors
    /// [`Error::BadEntry`] for an entry without a usable name, without an id, or with the id of
    /// another that has a different label; [`Error::GazetteerTooLarge`] above 4 billion names.
    pub fn new(
        entries: impl IntoIterator<Item = Entry>,
        options: &GazetteerOptions,
    ) -> Result<Self> {
        let mut gazetteer = Self::empty(options.clone());
        for (row, entry) in entries.into_iter().enumerate() {
            gazetteer.merge(row, entry)?;
        }
        gazetteer.build()?;
        Ok(gazetteer)
    }

    /// Takes in an entry, or its names where the id is known.
    fn merge(&mut self, row: usize, entry: Entry) -> Result<()> {
        let bad = |reason: String| Err(Error::BadEntry { row, reason });
        if entry.id.is_empty() {
            return bad("the id is empty".to_owned());
        }
        let folding = Folding {
            case: true,
            accents: false,
        };
        if names::spellings(&entry.name, folding).is_empty() {
            return bad(format!(
                "the name {:?} of {:?} has no letter, digit or symbol to search for",
                entry.name, entry.id
            ));
        }
        if !entry.priority.is_finite() {
            return bad(format!(
                "the priority of {:?} is {}, not a finite number",
                entry.id, entry.priority
            ));
        }
        match self.by_id.get(&entry.id) {
            None => {
                let Ok(n) = u32::try_from(self.entries.len()) else {
                    return Err(full("entries"));
                };
                self.by_id.insert(entry.id.clone(), n);
                self.entries.push(entry);
            }
            Some(&n) => {
                let first = &mut self.entries[n as usize];
                if first.label != entry.label {
                    return bad(format!(
                        "the id {:?} stands for a {:?} and for a {:?}",
                        entry.id, first.label, entry.label
                    ));
                }
                first.names.push(entry.name);
                first.names.extend(entry.names);
            }
        }
        Ok(())
    }

    fn build(&mut self) -> Result<()> {
        let folding = Folding {
            case: self.options.case != CasePolicy::Exact,
            accents: self.options.fold_accents,
        };
        let cased_folding = Folding {
            case: false,
            ..folding
        };
        let common = if self.options.case == CasePolicy::Smart {
            common_words()
        } else {
            FxHashSet::default()
        };
        // Entries are added from worst to best, because an index lists its newest posting first.
        let mut order: Vec<u32> = (0..self.entries.len())
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX))
            .collect();
        order.sort_by(|&a, &b| {
            let priority = |n: u32| self.entries[n as usize].priority;
            priority(a).total_cmp(&priority(b)).then(b.cmp(&a))
        });
        for n in order {
            let entry = &self.entries[n as usize];
            for name in std::iter::once(&entry.name).chain(&entry.names) {
                let spellings = names::spellings(name, folding);
                let keeps_case = self.options.case == CasePolicy::Smart
                    && case_matters(name, &spellings, &common);
                let cased = if keeps_case {
                    names::spellings(name, cased_folding)
                } else {
                    Vec::new()
                };
                for (k, s) in spellings.iter().enumerate() {
                    if !self.index.add(s, cased.get(k).map(Vec::as_slice), n) {
                        return Err(full("names"));
                    }
                }
            }
        }
        Ok(())
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of different spellings that are searched for.
    pub fn spellings(&self) -> usize {
        self.index.len()
    }

    /// The options it was built with.
    pub fn options(&self) -> &GazetteerOptions {
        &self.options
    }

    /// The entry with index `i`.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`]; indices in mentions always are.
    pub fn entry(&self, i: u32) -> &Entry {
        &self.entries[i as usize]
    }

    /// All entries, in the order they were given.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this id.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.by_id.get(id).map(|&n| &self.entries[n as usize])
    }

    /// All mentions in `text`, by start, longest first.
    ///
    /// # Errors
    /// [`Error::TextTooLong`].
    pub fn find(&self, text: &str) -> Result<Vec<Mention>> {
        self.find_labels(text, None)
    }

    /// The mentions of entries with one of `labels` only (all where `None`), by start, longest
    /// first. What is left out hides nothing.
    ///
    /// # Errors
    /// [`Error::TextTooLong`].
    pub fn find_labels(&self, text: &str, labels: Option<&[String]>) -> Result<Vec<Mention>> {
        if text.len() > MAX_BYTES {
            return Err(Error::TextTooLong { bytes: text.len() });
        }
        let wanted = |n: u32| labels.is_none_or(|l| l.contains(&self.entries[n as usize].label));
        let mut mentions = Vec::new();
        self.index
            .search(text, self.options.overlapping, &wanted, &mut |f| {
                mentions.push(Mention {
                    span: Span::new(f.start, f.end),
                    entries: f.entries,
                });
            });
        Ok(mentions)
    }
}

fn full(what: &'static str) -> Error {
    Error::GazetteerTooLarge {
        what,
        max: u32::MAX as usize - 1,
    }
}

/// Whether a name must match its case: it is in capitals, or one word with a capital that is a
/// common word in small letters.
fn case_matters(name: &str, spellings: &[Vec<String>], common: &FxHashSet<&str>) -> bool {
    let letters = || name.chars().filter(|c| c.is_alphabetic());
    let capitals = letters().count() > 1 && letters().all(char::is_uppercase);
    let word = matches!(spellings, [only, ..] if matches!(only.as_slice(), [w] if common.contains(w.as_str())));
    capitals || (word && name.chars().any(char::is_uppercase))
}

/// Common English words that are also names.
fn common_words() -> FxHashSet<&'static str> {
    let file = include_str!("../lang/en/common_words.txt");
    file.lines()
        .filter(|l| !l.starts_with('#'))
        .flat_map(str::split_whitespace)
        .collect()
}
