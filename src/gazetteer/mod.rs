//! Finding the names of a gazetteer in texts.
//!
//! The words engine: a scan says where a name may begin (`scan`, `filter`); from there names and
//! text are cut into units (`units`), a name is searched under its spellings (`names`), and hashed
//! units are followed through a table (`search`, `hash`). All of it lies in one block of memory
//! (`image`) that is built from entries (`build`) and saved to a file (`store`).
//!
//! The bytes engine finds names inside words too (`substrings`). What a whole document says is looked
//! at after either (`document`): names derived from names (`derive`), mistakes (`fuzzy`), and entries
//! that were added or removed since (`changes`).

mod build;
mod changes;
mod derive;
mod document;
mod filter;
mod fuzzy;
mod hash;
mod image;
mod names;
mod scan;
mod search;
mod store;
mod substrings;
mod texts;
mod units;
mod wide;

use std::sync::{Arc, LazyLock, OnceLock};

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text::{MAX_BYTES, Span};
pub use build::GazetteerBuilder;
use changes::Changes;
use derive::Kind;
use document::Found;
use fuzzy::Speller;
use image::{Image, Section};
use names::Spelling;
use search::{Scratch, Searcher};
use substrings::Substrings;
pub use texts::{EntryText, Joined};
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
    /// Ids of entries that it belongs with: the country of a place, the employer of a person. Of
    /// several entries with a found name the one comes first whose related ones the text mentions.
    #[serde(default)]
    pub related: Vec<String>,
}

/// A name of a gazetteer, found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// Where.
    pub span: Span,
    /// Indices of the entries that have this name, best first; never empty.
    pub entries: Vec<u32>,
    /// How well the text has the name: 1 as the options say, 0.9 a short form that the document
    /// gives, less by the share of letters where there are mistakes.
    pub score: f32,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)]
pub struct GazetteerOptions {
    /// How letter case is treated.
    pub case: CasePolicy,
    /// Whether accents make no difference (`Zoe` finds `Zoë`).
    pub fold_accents: bool,
    /// Whether every mention is given, also those inside longer ones.
    pub overlapping: bool,
    /// Whether names are found as whole words only; otherwise inside words too, by another engine.
    pub whole_words: bool,
    /// Whether the English plural of a name is the name (`Democrats` finds `Democrat`).
    pub plural: bool,
    /// Whether names are derived from names, by their labels: a person's without middle names, as
    /// `Last, First`, and, once the full name was seen in the document, the surname; an
    /// organisation's without `Inc.`, and an acronym that the text gives in brackets; a place's with
    /// the abbreviation of its state, and without it once it was seen.
    pub derive: bool,
    /// Names that are not searched.
    pub stop_names: Vec<String>,
    /// Whether names that are common English words are not searched.
    pub stop_common_words: bool,
    /// Letters that a name must have to be searched.
    pub min_length: u32,
    /// Spelling mistakes that a name may have: 0, 1 or 2 edits.
    pub max_edits: u8,
    /// Letters that a name must have for one edit; for two, twice as many.
    pub min_edit_length: u32,
}

impl Default for GazetteerOptions {
    fn default() -> Self {
        Self {
            case: CasePolicy::Fold,
            fold_accents: false,
            overlapping: false,
            whole_words: true,
            plural: false,
            derive: false,
            stop_names: Vec::new(),
            stop_common_words: false,
            min_length: 0,
            max_edits: 0,
            min_edit_length: 5,
        }
    }
}

impl GazetteerOptions {
    fn folding(&self) -> Folding {
        Folding {
            case: self.case != CasePolicy::Exact,
            accents: self.fold_accents,
        }
    }

    fn spelling(&self) -> Spelling {
        Spelling {
            folding: self.folding(),
            plural: self.plural,
            derive: self.derive,
        }
    }
}

/// A set of entries, indexed for search. Cheap to clone: clones share their memory.
#[derive(Clone, Debug)]
pub struct Gazetteer {
    image: Image,
    changes: Option<Arc<Changes>>,
    /// For each image the automaton of its names, where names are found inside words.
    substrings: Arc<[OnceLock<Option<Substrings>>; 2]>,
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
    image: &'g Image,
    /// In the image.
    number: u32,
    index: u32,
}

impl<'g> EntryRef<'g> {
    fn string(self, blob: Section, ends: Section, i: u32) -> &'g str {
        std::str::from_utf8(self.image.string(blob, ends, i)).unwrap_or_default()
    }

    /// Its index in the gazetteer.
    pub fn index(self) -> u32 {
        self.index
    }

    /// The user's identifier.
    pub fn id(self) -> &'g str {
        self.string(Section::Ids, Section::IdEnds, self.number)
    }

    /// PERSON, ORG, GPE … ; empty where none was given.
    pub fn label(self) -> &'g str {
        let labels = self.image.u16s(Section::Labels);
        let n = labels.get(self.number as usize).copied().unwrap_or(0);
        let label = self.image.meta.labels.get(n as usize);
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
        let first = self.image.u32s(Section::FirstName);
        let n = self.number as usize;
        if first.is_empty() {
            self.number..self.number + 1
        } else {
            let names = self.image.meta.names;
            let at = |k: usize| first.get(k).copied().unwrap_or(0).min(names);
            at(n)..at(n + 1)
        }
    }

    /// Which entry comes first where several have the found name; higher first.
    pub fn priority(self) -> f32 {
        let priorities = self.image.f32s(Section::Priorities);
        priorities.get(self.number as usize).copied().unwrap_or(0.0)
    }

    /// Free properties as one JSON object; empty for none.
    pub fn properties(self) -> &'g str {
        self.string(Section::Properties, Section::PropertyEnds, self.number)
    }

    /// The ids of entries that it belongs with, in either direction.
    pub fn related(self) -> impl Iterator<Item = &'g str> {
        let related = self.gazetteer.related(self.index);
        related.map(move |other| self.gazetteer.entry(other).id())
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
            related: self.related().map(str::to_owned).collect(),
        }
    }
}

impl Gazetteer {
    fn of(image: Image) -> Self {
        Self {
            image,
            changes: None,
            substrings: Arc::default(),
        }
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
        self.indices() - self.changes.as_ref().map_or(0, |c| c.removed.len())
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One past the greatest index of an entry: indices of removed entries are not used again.
    pub fn indices(&self) -> usize {
        let added = self.changes.as_ref().map_or(0, |c| c.added.meta.entries);
        (self.image.meta.entries + added) as usize
    }

    /// Number of different spellings that are searched for.
    pub fn spellings(&self) -> usize {
        let added = self.changes.as_ref().map_or(0, |c| c.added.meta.spellings);
        (self.image.meta.spellings + added) as usize
    }

    /// Bytes of memory or of the file.
    pub fn nbytes(&self) -> usize {
        let added = self.changes.as_ref().map_or(0, |c| c.added.bytes().len());
        self.image.bytes().len() + added
    }

    /// The options it was built with.
    pub fn options(&self) -> &GazetteerOptions {
        &self.image.meta.options
    }

    /// The entry with index `i`, in the order they were given.
    ///
    /// # Panics
    /// If `i` is not below [`Self::indices`]; indices in mentions always are.
    pub fn entry(&self, i: u32) -> EntryRef<'_> {
        let n = self.indices();
        assert!((i as usize) < n, "entry {i} of {n}");
        let base = self.image.meta.entries;
        match &self.changes {
            Some(changes) if i >= base => EntryRef {
                gazetteer: self,
                image: &changes.added,
                number: i - base,
                index: i,
            },
            _ => EntryRef {
                gazetteer: self,
                image: &self.image,
                number: i,
                index: i,
            },
        }
    }

    /// The indices of the entries that an entry belongs with.
    fn related(&self, index: u32) -> impl Iterator<Item = u32> {
        let entry = self.entry(index);
        let base = index - entry.number;
        let list = image::piece(entry.image.u32s(Section::RelatedEnds), entry.number);
        let own = entry.image.u32s(Section::Related).get(list).unwrap_or(&[]);
        let own = own.iter().map(move |n| base + n);
        let changes = self.changes.as_deref();
        let there = move |n: &u32| changes.is_none_or(|c| !c.removed.contains(n));
        let across = changes.and_then(|c| c.related.get(&index));
        // A damaged file may name entries that there are not.
        let indices = self.indices() as u32;
        own.chain(across.into_iter().flatten().copied())
            .filter(move |&n| n < indices)
            .filter(there)
    }

    /// All entries, in the order they were given.
    pub fn entries(&self) -> impl Iterator<Item = EntryRef<'_>> {
        let removed = |i: u32| {
            self.changes
                .as_ref()
                .is_some_and(|c| c.removed.contains(&i))
        };
        (0..self.indices() as u32)
            .filter(move |&i| !removed(i))
            .map(|i| self.entry(i))
    }

    /// The entry with this id.
    pub fn get(&self, id: &str) -> Option<EntryRef<'_>> {
        if let Some(changes) = &self.changes {
            if let Some(n) = number_of(&changes.added, id) {
                return Some(self.entry(self.image.meta.entries + n));
            }
            let n = number_of(&self.image, id).filter(|n| !changes.removed.contains(n));
            return n.map(|n| self.entry(n));
        }
        number_of(&self.image, id).map(|n| self.entry(n))
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
        self.finder(labels).find(text, |span, entries, score| {
            mentions.push(Mention {
                span,
                entries: entries.to_vec(),
                score,
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
        Finder::new(self, labels)
    }
}

/// The number of the entry with this id in an image.
fn number_of(image: &Image, id: &str) -> Option<u32> {
    let same = |n: u32| {
        let found = image.string(Section::Ids, Section::IdEnds, n);
        n < image.meta.entries && found == id.as_bytes()
    };
    build::find_id(image.u32s(Section::ById), id, same)
}

/// An image that is searched.
struct Part<'g> {
    searcher: Searcher<'g>,
    speller: Option<Speller<'g>>,
    substrings: Option<&'g Substrings>,
    labels: &'g [u16],
    /// For each label, whether mentions with it are wanted; empty where all are.
    wanted: Vec<bool>,
    removed: Option<&'g FxHashSet<u32>>,
    /// The index of its first entry.
    base: u32,
}

impl Part<'_> {
    /// Whether mentions of an entry of this image count.
    #[inline]
    fn wants(&self, n: u32) -> bool {
        let label = || self.labels.get(n as usize).copied().unwrap_or(0) as usize;
        (self.wanted.is_empty() || self.wanted.get(label()).copied().unwrap_or(false))
            && self.removed.is_none_or(|r| !r.contains(&n))
    }
}

/// Searches texts, one after the other.
pub struct Finder<'g> {
    gazetteer: &'g Gazetteer,
    parts: Vec<Part<'g>>,
    /// Whether mentions are what one search gives, and nothing depends on the rest of the document.
    simple: bool,
    /// Whether entries may be told apart by those that belong with them.
    ranked: bool,
    all: bool,
    scratch: Scratch,
}

impl<'g> Finder<'g> {
    fn new(gazetteer: &'g Gazetteer, labels: Option<&[String]>) -> Self {
        let options = gazetteer.options();
        let changes = gazetteer.changes.as_deref();
        let images = [Some(&gazetteer.image), changes.map(|c| &c.added)]
            .into_iter()
            .flatten();
        let several = changes.is_some();
        let part = |(k, image): (usize, &'g Image)| Part {
            searcher: Searcher::new(image, options.overlapping || several),
            speller: Speller::new(image),
            substrings: (!options.whole_words)
                .then(|| {
                    gazetteer.substrings[k]
                        .get_or_init(|| Substrings::of(image))
                        .as_ref()
                })
                .flatten(),
            labels: image.u16s(Section::Labels),
            wanted: labels.map_or_else(Vec::new, |labels| {
                let all = image.meta.labels.iter();
                all.map(|l| labels.contains(l)).collect()
            }),
            removed: changes.filter(|_| k == 0).map(|c| &c.removed),
            base: if k == 0 {
                0
            } else {
                gazetteer.image.meta.entries
            },
        };
        let ranked = images
            .clone()
            .any(|image| !image.u32s(Section::Related).is_empty())
            || changes.is_some_and(|c| !c.related.is_empty());
        Self {
            gazetteer,
            parts: images.enumerate().map(part).collect(),
            simple: !several
                && options.whole_words
                && !options.derive
                && options.max_edits == 0
                && !ranked,
            ranked,
            all: labels.is_none(),
            scratch: Scratch::default(),
        }
    }

    /// Calls `report` with the span, the entries (best first) and the score of every mention, by
    /// start, longest first.
    ///
    /// # Errors
    /// [`Error::TextTooLong`].
    pub fn find(&mut self, text: &str, mut report: impl FnMut(Span, &[u32], f32)) -> Result<()> {
        if text.len() > MAX_BYTES {
            return Err(Error::TextTooLong { bytes: text.len() });
        }
        if !self.simple {
            for f in self.document(text) {
                report(Span::new(f.start, f.end), &f.entries, f.score);
            }
            return Ok(());
        }
        let report = |start, end, entries: &[u32]| report(Span::new(start, end), entries, 1.0);
        let (part, scratch) = (&self.parts[0], &mut self.scratch);
        if self.all {
            part.searcher.search(text, scratch, |_| true, report);
        } else {
            let wanted = |n: u32| part.wants(n);
            part.searcher.search(text, scratch, wanted, report);
        }
        Ok(())
    }

    /// The mentions of a text as the whole of it tells them.
    fn document(&mut self, text: &str) -> Vec<Found> {
        let options = self.gazetteer.options();
        let overlapping = options.overlapping;
        let scratch = &mut self.scratch;
        let mut found = Vec::new();
        let mut near = Vec::new();
        for part in &mut self.parts {
            let mut speller = part.speller.take();
            let part_ref = &*part;
            let wanted = |n: u32| part_ref.wants(n);
            let shift = |entries: &[u32]| entries.iter().map(|e| e + part_ref.base).collect();
            let mut take = |start, end, entries: &[u32]| {
                found.push(Found {
                    start,
                    end,
                    entries: shift(entries),
                    score: 1.0,
                });
            };
            if let Some(substrings) = part_ref.substrings {
                let mut entries = Vec::new();
                substrings.find(text, |start, end, all| {
                    entries.clear();
                    entries.extend(all.iter().copied().filter(|&e| wanted(e)));
                    part_ref.searcher.sort(&mut entries);
                    if !entries.is_empty() {
                        take(start, end, &entries);
                    }
                });
            } else {
                part_ref.searcher.search(text, scratch, wanted, take);
                if let Some(speller) = &mut speller {
                    speller.find(text, |n| {
                        let entries = part_ref.searcher.near_entries(text, n, &wanted);
                        if let Some((entries, edits, letters)) = entries {
                            near.push(Found {
                                start: n.start,
                                end: n.end,
                                entries: shift(&entries),
                                score: 1.0 - edits as f32 / letters.max(edits) as f32,
                            });
                        }
                    });
                }
            }
            part.speller = speller;
        }
        document::settle(&mut found, overlapping);
        if self.parts.len() > 1 {
            for f in &mut found {
                let priority = |e: u32| self.gazetteer.entry(e).priority();
                f.entries
                    .sort_by(|&a, &b| priority(b).total_cmp(&priority(a)).then(a.cmp(&b)));
            }
        }
        if !near.is_empty() {
            document::add_weaker(&mut found, near, overlapping, false);
        }
        if self.ranked {
            document::rank(&mut found, |e| self.gazetteer.related(e));
        }
        if options.derive && options.whole_words {
            let kind = |e: u32| Kind::of(self.gazetteer.entry(e).label());
            let name = |e: u32| self.gazetteer.entry(e).name();
            let short = document::short_mentions(text, &found, options.spelling(), kind, name);
            document::add_weaker(&mut found, short, overlapping, true);
        }
        found
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
