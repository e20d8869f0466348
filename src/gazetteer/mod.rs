//! Finding the names of a gazetteer in texts.
//!
//! The words engine: a scan says where a name may begin (`scan`, `filter`); from there names and
//! text are cut into units (`units`), a name is searched under its spellings (`names`), and hashed
//! units are followed through a table (`search`, `hash`). All of it lies in one block of memory
//! (`image`) that is built from entries (`build`) and saved to a file (`store`).

mod build;
mod filter;
mod hash;
mod image;
mod names;
mod scan;
mod search;
mod store;
mod units;

use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::{MAX_BYTES, Span};
pub use build::GazetteerBuilder;
use image::{Image, Section};
use search::{Scratch, Searcher};
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

impl GazetteerOptions {
    fn folding(&self) -> Folding {
        Folding {
            case: self.case != CasePolicy::Exact,
            accents: self.fold_accents,
        }
    }
}

/// A set of entries, indexed for search. Cheap to clone: clones share their memory.
#[derive(Clone, Debug)]
pub struct Gazetteer {
    image: Image,
}

impl Default for Gazetteer {
    fn default() -> Self {
        // Nothing is too large about nothing.
        GazetteerBuilder::default()
            .build()
            .unwrap_or_else(|_| unreachable!("an empty gazetteer"))
    }
}

/// An entry of a gazetteer, where it lies.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'g> {
    gazetteer: &'g Gazetteer,
    number: u32,
}

impl<'g> EntryRef<'g> {
    fn string(self, blob: Section, ends: Section, i: u32) -> &'g str {
        std::str::from_utf8(self.gazetteer.image.string(blob, ends, i)).unwrap_or_default()
    }

    /// Its index in the gazetteer.
    pub fn index(self) -> u32 {
        self.number
    }

    /// The user's identifier.
    pub fn id(self) -> &'g str {
        self.string(Section::Ids, Section::IdEnds, self.number)
    }

    /// PERSON, ORG, GPE … ; empty where none was given.
    pub fn label(self) -> &'g str {
        let labels = self.gazetteer.image.u16s(Section::Labels);
        let n = labels.get(self.number as usize).copied().unwrap_or(0);
        let label = self.gazetteer.image.meta.labels.get(n as usize);
        label.map_or("", String::as_str)
    }

    /// The canonical name.
    pub fn name(self) -> &'g str {
        self.string(Section::Names, Section::NameEnds, self.all_names().start)
    }

    /// Further names, in the order they were given.
    pub fn names(self) -> impl Iterator<Item = &'g str> {
        let names = self.all_names();
        (names.start + 1..names.end.max(names.start + 1))
            .map(move |n| self.string(Section::Names, Section::NameEnds, n))
    }

    fn all_names(self) -> std::ops::Range<u32> {
        let first = self.gazetteer.image.u32s(Section::FirstName);
        let n = self.number as usize;
        if first.is_empty() {
            self.number..self.number + 1
        } else {
            let names = self.gazetteer.image.meta.names;
            let at = |k: usize| first.get(k).copied().unwrap_or(0).min(names);
            at(n)..at(n + 1)
        }
    }

    /// Which entry comes first where several have the found name; higher first.
    pub fn priority(self) -> f32 {
        let priorities = self.gazetteer.image.f32s(Section::Priorities);
        priorities.get(self.number as usize).copied().unwrap_or(0.0)
    }

    /// Free properties as one JSON object; empty for none.
    pub fn properties(self) -> &'g str {
        self.string(Section::Properties, Section::PropertyEnds, self.number)
    }

    /// A copy.
    pub fn to_entry(self) -> Entry {
        Entry {
            id: self.id().to_owned(),
            label: self.label().to_owned(),
            name: self.name().to_owned(),
            names: self.names().map(str::to_owned).collect(),
            priority: self.priority(),
            properties: self.properties().to_owned(),
        }
    }
}

impl Gazetteer {
    fn of(image: Image) -> Self {
        Self { image }
    }

    /// Builds the index; [`GazetteerBuilder`] takes entries one by one.
    ///
    /// # Errors
    /// [`Error::BadEntry`] for an entry without a usable name, without an id, or with the id of
    /// another that has a different label; [`Error::GazetteerTooLarge`] where there are too many.
    pub fn new(
        entries: impl IntoIterator<Item = Entry>,
        options: &GazetteerOptions,
    ) -> Result<Self> {
        let mut builder = GazetteerBuilder::new(options.clone());
        for entry in entries {
            builder.push(&entry)?;
        }
        builder.build()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.image.meta.entries as usize
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of different spellings that are searched for.
    pub fn spellings(&self) -> usize {
        self.image.meta.spellings as usize
    }

    /// Bytes of memory or of the file.
    pub fn nbytes(&self) -> usize {
        self.image.bytes().len()
    }

    /// The options it was built with.
    pub fn options(&self) -> &GazetteerOptions {
        &self.image.meta.options
    }

    /// The entry with index `i`, in the order they were given.
    ///
    /// # Panics
    /// If `i` is not below [`Self::len`]; indices in mentions always are.
    pub fn entry(&self, i: u32) -> EntryRef<'_> {
        assert!((i as usize) < self.len(), "entry {i} of {}", self.len());
        EntryRef {
            gazetteer: self,
            number: i,
        }
    }

    /// All entries, in the order they were given.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        (0..self.image.meta.entries).map(|i| self.entry(i))
    }

    /// The entry with this id.
    pub fn get(&self, id: &str) -> Option<EntryRef<'_>> {
        let entries = self.image.meta.entries;
        let same = |n: u32| n < entries && self.entry(n).id() == id;
        build::find_id(self.image.u32s(Section::ById), id, same).map(|n| self.entry(n))
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
        let mut mentions = Vec::new();
        self.finder(labels).find(text, |span, entries| {
            mentions.push(Mention {
                span,
                entries: entries.to_vec(),
            });
        })?;
        Ok(mentions)
    }

    /// Number of words of `text`, all cut and hashed, and none looked up: what a search costs at the
    /// least, for benchmarks.
    pub fn hash_words(text: &str) -> usize {
        scan::hash_words(text)
    }

    /// A finder, to search many texts with one working memory.
    pub fn finder(&self, labels: Option<&[String]>) -> Finder<'_> {
        let wanted = labels.map(|labels| {
            let all = self.image.meta.labels.iter();
            all.map(|l| labels.contains(l)).collect()
        });
        Finder {
            searcher: Searcher::new(&self.image),
            labels: self.image.u16s(Section::Labels),
            wanted,
            scratch: Scratch::default(),
        }
    }
}

/// Searches texts, one after the other.
pub struct Finder<'g> {
    searcher: Searcher<'g>,
    labels: &'g [u16],
    /// For each label, whether mentions with it are wanted.
    wanted: Option<Vec<bool>>,
    scratch: Scratch,
}

impl Finder<'_> {
    /// Calls `report` with the span and the entries (best first) of every mention, by start,
    /// longest first.
    ///
    /// # Errors
    /// [`Error::TextTooLong`].
    pub fn find(&mut self, text: &str, mut report: impl FnMut(Span, &[u32])) -> Result<()> {
        if text.len() > MAX_BYTES {
            return Err(Error::TextTooLong { bytes: text.len() });
        }
        let report = |start, end, entries: &[u32]| report(Span::new(start, end), entries);
        match &self.wanted {
            None => self
                .searcher
                .search(text, &mut self.scratch, |_| true, report),
            Some(wanted) => {
                let label = |n: u32| self.labels.get(n as usize).copied().unwrap_or(0) as usize;
                let wanted = |n: u32| wanted.get(label(n)).copied().unwrap_or(false);
                self.searcher
                    .search(text, &mut self.scratch, wanted, report);
            }
        }
        Ok(())
    }
}

/// Common English words that are also names.
fn common_words() -> &'static FxHashSet<&'static str> {
    static WORDS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| {
        let file = include_str!("../lang/en/common_words.txt");
        file.lines()
            .filter(|l| !l.starts_with('#'))
            .flat_map(str::split_whitespace)
            .collect()
    });
    &WORDS
}
