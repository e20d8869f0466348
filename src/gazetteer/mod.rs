//! Finding the names of a gazetteer in texts.

use crate::error::Result;
use crate::text::Span;

/// One thing that a gazetteer knows: a person, an organisation, a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The user's identifier; need not be unique in form, but is in a gazetteer.
    pub id: String,
    /// PERSON, ORG, GPE … ; empty where none was given.
    pub label: String,
    /// The canonical name.
    pub name: String,
    /// Further names (aliases); the canonical name is always searched too.
    pub names: Vec<String>,
    /// Which entry comes first where several have the found name; higher first.
    pub priority: f32,
    /// Free properties as one JSON object; empty for none.
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
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
#[derive(Clone, Debug, PartialEq)]
pub struct GazetteerOptions {
    /// How letter case is treated.
    pub case: CasePolicy,
    /// Whether accents make no difference (`Zoe` finds `Zoë`).
    pub fold_accents: bool,
    /// Whether every mention is given, also those inside longer ones.
    pub overlapping: bool,
}

impl Default for GazetteerOptions {
    fn default() -> Self {
        Self {
            case: CasePolicy::Fold,
            fold_accents: false,
            overlapping: false,
        }
    }
}

/// A set of entries, indexed for search.
#[derive(Clone, Debug, Default)]
pub struct Gazetteer {
    entries: Vec<Entry>,
}

impl Gazetteer {
    /// Builds the index.
    ///
    /// # Errors
    /// [`crate::Error::BadEntry`] for an entry without a usable name, or with an id used twice.
    pub fn new(
        entries: impl IntoIterator<Item = Entry>,
        _options: &GazetteerOptions,
    ) -> Result<Self> {
        Ok(Self {
            entries: entries.into_iter().collect(),
        })
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry with index `i`.
    pub fn entry(&self, i: u32) -> &Entry {
        &self.entries[i as usize]
    }

    /// All mentions in `text`, by start, longest first.
    pub fn find(&self, _text: &str) -> Vec<Mention> {
        Vec::new()
    }
}
