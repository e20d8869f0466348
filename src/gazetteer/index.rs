//! The index of the words engine: prefixes of names, hashed unit by unit; and the search over it.
//!
//! Every prefix of every spelling is a key, so a search follows a name unit by unit and stops where
//! no name goes on. A full match is verified against the stored name: equal hashes alone never make
//! a mention.

use rustc_hash::FxHashMap;

use super::units::{Folding, Unit, extend_hash, hash_normal, units};

const NONE: u32 = u32::MAX;
const ROOT: u64 = 0x51_7cc1_b727_220a;
/// Parts the units of a stored spelling; no unit contains it.
const SEPARATOR: char = '\u{1F}';

/// Where a prefix leads.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// First spelling that ends here, [`NONE`] for none.
    spelling: u32,
    /// Whether a longer spelling begins so.
    more: bool,
}

#[derive(Clone, Copy, Debug)]
struct Spelling {
    /// Bytes of the blob.
    start: u32,
    end: u32,
    /// Another spelling with the same hash, or [`NONE`].
    next: u32,
    first_posting: u32,
}

/// An entry that has a spelling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) entry: u32,
    /// Bytes of the blob with the cased form that the text must have; empty where any will do.
    cased: (u32, u32),
    next: u32,
}

/// A match of a spelling in a text.
#[derive(Clone, Copy, Debug)]
struct Hit {
    spelling: u32,
    /// One past the last unit.
    end_unit: usize,
    /// Whether the last unit's possessive ending is left out.
    core: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    folding: Folding,
    nodes: FxHashMap<u64, Node>,
    spellings: Vec<Spelling>,
    postings: Vec<Posting>,
    blob: String,
}

/// A found spelling: its bytes in the text and the entries that have it.
pub(super) struct Found {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) entries: Vec<u32>,
}

impl Index {
    pub(super) fn new(folding: Folding) -> Self {
        Self {
            folding,
            nodes: FxHashMap::default(),
            spellings: Vec::new(),
            postings: Vec::new(),
            blob: String::new(),
        }
    }

    /// Adds one spelling of an entry, as normal forms of units; `cased` are the same units with
    /// their case, where the text must have it. `false` when the index is full.
    pub(super) fn add(
        &mut self,
        spelling: &[String],
        cased: Option<&[String]>,
        entry: u32,
    ) -> bool {
        let normal = join(spelling);
        let cased = cased.map(join).unwrap_or_default();
        if self.blob.len() + normal.len() + cased.len() > NONE as usize - 1
            || self.postings.len() >= NONE as usize - 1
        {
            return false;
        }
        let mut prefix = ROOT;
        for (k, unit) in spelling.iter().enumerate() {
            prefix = extend_hash(prefix, hash_normal(unit));
            let node = self.nodes.entry(prefix).or_insert(Node {
                spelling: NONE,
                more: false,
            });
            node.more |= k + 1 < spelling.len();
        }
        let head = self.nodes[&prefix].spelling;
        let mut at = head;
        while at != NONE
            && self.text(
                self.spellings[at as usize].start,
                self.spellings[at as usize].end,
            ) != normal
        {
            at = self.spellings[at as usize].next;
        }
        if at == NONE {
            let (start, end) = self.store(&normal);
            at = small(self.spellings.len());
            self.spellings.push(Spelling {
                start,
                end,
                next: head,
                first_posting: NONE,
            });
            if let Some(node) = self.nodes.get_mut(&prefix) {
                node.spelling = at;
            }
        }
        let cased = if cased.is_empty() {
            (0, 0)
        } else {
            self.store(&cased)
        };
        let next = self.spellings[at as usize].first_posting;
        self.spellings[at as usize].first_posting = small(self.postings.len());
        self.postings.push(Posting { entry, cased, next });
        true
    }

    fn store(&mut self, text: &str) -> (u32, u32) {
        let start = small(self.blob.len());
        self.blob.push_str(text);
        (start, small(self.blob.len()))
    }

    fn text(&self, start: u32, end: u32) -> &str {
        &self.blob[start as usize..end as usize]
    }

    /// Number of different spellings.
    pub(super) fn len(&self) -> usize {
        self.spellings.len()
    }

    /// Calls `report` for every match, by start and longest first; `wanted` says which entries
    /// count. Without `overlapping` the longest match at the leftmost place wins and the search
    /// goes on after it.
    pub(super) fn search(
        &self,
        text: &str,
        overlapping: bool,
        wanted: &dyn Fn(u32) -> bool,
        report: &mut dyn FnMut(Found),
    ) {
        let mut cut = Vec::new();
        units(text, self.folding, &mut cut);
        let mut hits = Vec::new();
        let mut k = 0;
        while k < cut.len() {
            hits.clear();
            self.hits_at(&cut, k, &mut hits);
            let mut next = k + 1;
            // Hits come in the order of their length; with and without the possessive, the longer
            // comes later.
            for hit in hits.iter().rev() {
                let Some(entries) = self.verify(text, &cut[k..hit.end_unit], *hit, wanted) else {
                    continue;
                };
                let last = &cut[hit.end_unit - 1];
                report(Found {
                    start: cut[k].start,
                    end: if hit.core { last.core_end } else { last.end },
                    entries,
                });
                if !overlapping {
                    next = hit.end_unit;
                    break;
                }
            }
            k = next;
        }
    }

    fn hits_at(&self, cut: &[Unit], first: usize, hits: &mut Vec<Hit>) {
        let mut prefix = ROOT;
        for (k, unit) in cut.iter().enumerate().skip(first) {
            let mut push = |node: &Node, core: bool| {
                let mut at = node.spelling;
                while at != NONE {
                    hits.push(Hit {
                        spelling: at,
                        end_unit: k + 1,
                        core,
                    });
                    at = self.spellings[at as usize].next;
                }
            };
            if unit.core_hash != 0
                && let Some(node) = self.nodes.get(&extend_hash(prefix, unit.core_hash))
            {
                push(node, true);
            }
            prefix = extend_hash(prefix, unit.hash);
            let Some(node) = self.nodes.get(&prefix) else {
                return;
            };
            push(node, false);
            if !node.more {
                return;
            }
        }
    }

    /// The entries of a hit, if the text really has the spelling.
    fn verify(
        &self,
        text: &str,
        cut: &[Unit],
        hit: Hit,
        wanted: &dyn Fn(u32) -> bool,
    ) -> Option<Vec<u32>> {
        let spelling = self.spellings[hit.spelling as usize];
        let form = |folding: Folding| {
            let mut form = String::new();
            for (k, u) in cut.iter().enumerate() {
                if k > 0 {
                    form.push(SEPARATOR);
                }
                let end = if hit.core && k + 1 == cut.len() {
                    u.core_end
                } else {
                    u.end
                };
                folding.normal(&text[u.start as usize..end as usize], &mut form);
            }
            form
        };
        if form(self.folding) != self.text(spelling.start, spelling.end) {
            return None;
        }
        let mut cased = None;
        let mut entries = Vec::new();
        let mut at = spelling.first_posting;
        while at != NONE {
            let p = self.postings[at as usize];
            at = p.next;
            let fits = p.cased.0 == p.cased.1
                || cased.get_or_insert_with(|| {
                    form(Folding {
                        case: false,
                        ..self.folding
                    })
                }) == self.text(p.cased.0, p.cased.1);
            if fits && wanted(p.entry) && !entries.contains(&p.entry) {
                entries.push(p.entry);
            }
        }
        (!entries.is_empty()).then_some(entries)
    }
}

fn join(units: &[String]) -> String {
    let mut out = String::new();
    for (k, u) in units.iter().enumerate() {
        if k > 0 {
            out.push(SEPARATOR);
        }
        out.push_str(u);
    }
    out
}

/// The blob and the lists are kept below `u32::MAX`.
#[allow(clippy::cast_possible_truncation)]
const fn small(n: usize) -> u32 {
    n as u32
}
