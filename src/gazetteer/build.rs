//! Building a gazetteer: entries in, one image out.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::derive::Kind;
use super::hash::{AFTER_MARK, CaseBits, extend, hash_unit, pair_key, place};
use super::image::{Ending, MAX_NAMES, Meta, SPARE, Section, Slot, Writer, home_slots, piece};
use super::names::{SHORT_FORMS, units};
use super::units::{Cutter, Folding, is_word};
use super::{Entry, Gazetteer, GazetteerOptions, common_words, filter, fuzzy};
use crate::error::{Error, Result};

/// Strings, one after the other.
#[derive(Debug, Default)]
struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    fn push(&mut self, s: &str, what: &'static str) -> Result<()> {
        self.text.push_str(s);
        match u32::try_from(self.text.len()) {
            Ok(end) => self.ends.push(end),
            Err(_) => return Err(full(what, u32::MAX as usize)),
        }
        Ok(())
    }

    fn get(&self, i: u32) -> &str {
        &self.text[piece(&self.ends, i)]
    }
}

fn full(what: &'static str, max: usize) -> Error {
    Error::GazetteerTooLarge { what, max }
}

/// Takes in entries one by one; what it holds is little more than their text.
#[derive(Debug, Default)]
pub struct GazetteerBuilder {
    options: GazetteerOptions,
    rows: usize,
    ids: Strings,
    by_id: IdTable,
    labels: Vec<String>,
    label_numbers: FxHashMap<String, u16>,
    label: Vec<u16>,
    priority: Vec<f32>,
    properties: Strings,
    names: Strings,
    name_entry: Vec<u32>,
    /// An entry, and the id of one that it belongs with.
    related: Vec<(u32, String)>,
}

impl GazetteerBuilder {
    /// A builder without entries.
    pub fn new(options: GazetteerOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Takes in an entry, or its names where the id is known.
    ///
    /// # Errors
    /// [`Error::BadEntry`] for an entry without a usable name, without an id, or with the id of
    /// another that has a different label; [`Error::GazetteerTooLarge`] where there are too many.
    pub fn push(&mut self, entry: &Entry) -> Result<()> {
        let Entry {
            id,
            label,
            name,
            names,
            priority,
            properties,
            related,
        } = entry;
        let priority = *priority;
        let row = self.rows;
        self.rows += 1;
        let bad = |reason: String| Err(Error::BadEntry { row, reason });
        if id.is_empty() {
            return bad("the id is empty".to_owned());
        }
        let plain = name.bytes().any(|b| b.is_ascii_alphanumeric());
        if !plain && Cutter::new(name, Folding::CASE).next().is_none() {
            return bad(format!(
                "the name {name:?} of {id:?} has no letter, digit or symbol to search for"
            ));
        }
        if !priority.is_finite() {
            return bad(format!(
                "the priority of {id:?} is {priority}, not a finite number"
            ));
        }
        let n = match self.by_id.find(id, &self.ids) {
            Some(n) => {
                let first = &self.labels[self.label[n as usize] as usize];
                if first != label {
                    return bad(format!(
                        "the id {id:?} stands for a {first:?} and for a {label:?}"
                    ));
                }
                n
            }
            None => {
                let n = u32::try_from(self.ids.ends.len()).unwrap_or(u32::MAX);
                if n as usize >= MAX_NAMES {
                    return Err(full("entries", MAX_NAMES));
                }
                let label = self.label_number(label)?;
                self.ids.push(id, "bytes of ids")?;
                self.by_id.insert(n, &self.ids);
                self.label.push(label);
                self.priority.push(priority);
                self.properties.push(properties, "bytes of properties")?;
                n
            }
        };
        for id in related {
            self.related.push((n, id.clone()));
        }
        for name in std::iter::once(name).chain(names) {
            if self.name_entry.len() >= MAX_NAMES {
                return Err(full("names", MAX_NAMES));
            }
            self.names.push(name, "bytes of names")?;
            self.name_entry.push(n);
        }
        Ok(())
    }

    fn label_number(&mut self, label: &str) -> Result<u16> {
        if let Some(&n) = self.label_numbers.get(label) {
            return Ok(n);
        }
        let n = u16::try_from(self.labels.len())
            .map_err(|_| full("different labels", u16::MAX as usize + 1))?;
        self.labels.push(label.to_owned());
        self.label_numbers.insert(label.to_owned(), n);
        Ok(n)
    }

    /// Number of entries so far.
    pub fn len(&self) -> usize {
        self.ids.ends.len()
    }

    /// Whether there is no entry so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Builds the index.
    ///
    /// # Errors
    /// [`Error::GazetteerTooLarge`] where there are too many names.
    pub fn build(mut self) -> Result<Gazetteer> {
        use Section as S;
        self.group_names();
        let entries = self.len();
        let several = self.name_entry.len() != entries;
        let kinds: Vec<Kind> = self.labels.iter().map(|l| Kind::of(l)).collect();
        let kind = |name: u32| kinds[self.label[self.name_entry[name as usize] as usize] as usize];
        let mut keys = Keys::of(&self.names, &self.options, kind)?;
        let near = fuzzy::Index::of(&keys.words, self.options.max_edits);
        let near = near.ok_or_else(|| full("different words", MAX_NAMES))?;
        keys.words = FxHashSet::default();
        let (related, related_ends) = self.related();
        let (word_filter, far_filter) = filter::build(std::mem::take(&mut keys.filter));
        let wordless = keys.wordless;
        let marks = keys.marks.iter().collect();
        let (slots, lists, spellings) = keys.into_slots()?;
        let by_id = self.by_id.packed(&self.ids);
        let mut meta = Meta {
            options: self.options,
            entries: entries as u32,
            names: self.name_entry.len() as u32,
            spellings,
            marks,
            wordless,
            labels: Vec::new(),
        };
        let mut out = Writer::new(
            self.names.text.len()
                + self.ids.text.len()
                + self.properties.text.len()
                + 8 * (slots.len() + word_filter.len() + far_filter.len())
                + 4 * (lists.len() + by_id.len() + 2 * self.name_entry.len() + 5 * entries),
        )?;
        out.put(S::Slots, bytemuck::cast_slice(&slots))?;
        drop(slots);
        out.put(S::Lists, bytemuck::cast_slice(&lists))?;
        out.put(S::Filter, bytemuck::cast_slice(&word_filter))?;
        out.put(S::FarFilter, bytemuck::cast_slice(&far_filter))?;
        out.put(S::Names, self.names.text.as_bytes())?;
        out.put(S::NameEnds, bytemuck::cast_slice(&self.names.ends))?;
        if several {
            out.put(S::NameEntry, bytemuck::cast_slice(&self.name_entry))?;
            let mut first = Vec::with_capacity(entries + 1);
            for (k, &e) in self.name_entry.iter().enumerate() {
                if e as usize == first.len() {
                    first.push(k as u32);
                }
            }
            first.push(self.name_entry.len() as u32);
            out.put(S::FirstName, bytemuck::cast_slice(&first))?;
        }
        out.put(S::Ids, self.ids.text.as_bytes())?;
        out.put(S::IdEnds, bytemuck::cast_slice(&self.ids.ends))?;
        out.put(S::ById, bytemuck::cast_slice(&by_id))?;
        if self.labels.len() > 1 {
            out.put(S::Labels, bytemuck::cast_slice(&self.label))?;
        }
        if self.priority.iter().any(|&p| p != 0.0) {
            out.put(S::Priorities, bytemuck::cast_slice(&self.priority))?;
        }
        if !self.properties.text.is_empty() {
            out.put(S::Properties, self.properties.text.as_bytes())?;
            out.put(S::PropertyEnds, bytemuck::cast_slice(&self.properties.ends))?;
        }
        if !related.is_empty() {
            out.put(S::Related, bytemuck::cast_slice(&related))?;
            out.put(S::RelatedEnds, bytemuck::cast_slice(&related_ends))?;
        }
        if !near.ends.is_empty() {
            out.put(S::FuzzyWords, near.words.as_bytes())?;
            out.put(S::FuzzyWordEnds, bytemuck::cast_slice(&near.ends))?;
            out.put(S::FuzzySlots, bytemuck::cast_slice(&near.slots))?;
        }
        meta.labels = self.labels;
        Ok(Gazetteer::of(out.finish(meta)?))
    }

    /// For each entry those that it belongs with, in either direction, and where each list ends. Ids
    /// that no entry has are left out.
    fn related(&self) -> (Vec<u32>, Vec<u32>) {
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(2 * self.related.len());
        for (a, id) in &self.related {
            if let Some(b) = self.by_id.find(id, &self.ids).filter(|b| b != a) {
                pairs.extend([(*a, b), (b, *a)]);
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let entries = self.ids.ends.len() as u32;
        let ends = (0..entries).map(|n| pairs.partition_point(|p| p.0 <= n) as u32);
        (pairs.iter().map(|p| p.1).collect(), ends.collect())
    }

    /// Puts the names of an entry beside each other where they came in several rows.
    fn group_names(&mut self) {
        if self.name_entry.is_sorted() {
            return;
        }
        let mut order: Vec<u32> = (0..self.name_entry.len() as u32).collect();
        order.sort_by_key(|&k| self.name_entry[k as usize]);
        let mut names = Strings {
            text: String::with_capacity(self.names.text.len()),
            ends: Vec::with_capacity(order.len()),
        };
        for &k in &order {
            names.text.push_str(self.names.get(k));
            names.ends.push(names.text.len() as u32);
        }
        self.names = names;
        self.name_entry = order.iter().map(|&k| self.name_entry[k as usize]).collect();
    }
}

/// A hash that leads to a slot, and what ends there.
#[derive(Clone, Copy, Debug)]
struct Key {
    hash: u64,
    /// A name; [`NO_NAME`] for the beginning of a longer one.
    name: u32,
    /// Whether the spelling is another than the name as given.
    variant: bool,
}

const NO_NAME: u32 = u32::MAX;
/// Fewer names are not worth a thread.
const NAMES_A_THREAD: u32 = 20_000;
/// In lists: the spelling is another than the name as given.
pub(super) const VARIANT: u32 = 1 << 31;

#[derive(Default)]
struct Keys {
    keys: Vec<Key>,
    filter: filter::Keys,
    /// The marks that names begin with, and whether a name has no word.
    marks: BTreeSet<char>,
    wordless: bool,
    /// The words of names that may have mistakes.
    words: FxHashSet<String>,
}

impl Keys {
    /// The keys of all names, sorted; made on as many threads as there are.
    fn of(
        names: &Strings,
        options: &GazetteerOptions,
        kind: impl Fn(u32) -> Kind + Sync,
    ) -> Result<Self> {
        let n = names.ends.len() as u32;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let part = n.div_ceil(threads as u32).max(NAMES_A_THREAD);
        let work = |from: u32| {
            Self::of_some(
                from..n.min(from.saturating_add(part)),
                names,
                options,
                &kind,
            )
        };
        let mut parts = std::thread::scope(|scope| {
            let others: Vec<_> = (part..n)
                .step_by(part as usize)
                .map(|from| {
                    let thread = std::thread::Builder::new();
                    (from, thread.spawn_scoped(scope, move || work(from)).ok())
                })
                .collect();
            let mut parts = vec![work(0)];
            for (from, thread) in others {
                // Without a thread, or after a fault in one, the work is done here.
                parts.push(match thread.map(std::thread::ScopedJoinHandle::join) {
                    Some(Ok(part)) => part,
                    _ => work(from),
                });
            }
            parts
        })
        .into_iter();
        let mut out = parts.next().unwrap_or_default();
        for part in parts {
            out.keys.extend(part.keys);
            out.filter.append(part.filter);
            out.marks.extend(part.marks);
            out.wordless |= part.wordless;
            out.words.extend(part.words);
        }
        // The stable sort makes use of the parts' order.
        out.keys.sort_by_key(|k| k.hash);
        if out.keys.len() > MAX_NAMES {
            return Err(full("spellings", MAX_NAMES));
        }
        Ok(out)
    }

    /// The keys of some names, sorted.
    fn of_some(
        which: std::ops::Range<u32>,
        names: &Strings,
        options: &GazetteerOptions,
        kind: &impl Fn(u32) -> Kind,
    ) -> Self {
        let mut out = Self {
            keys: Vec::with_capacity(which.len() + which.len() / 2),
            ..Self::default()
        };
        let spelling = options.spelling();
        let folding = spelling.folding;
        let stops = Stops::of(options);
        let one_spelling =
            !spelling.plural && !spelling.derive && stops.is_none() && options.max_edits == 0;
        let (mut hashes, mut words) = (Vec::new(), Vec::new());
        for name in which {
            let text = names.get(name);
            if one_spelling && plain_hashes(text, folding.case_bits(), &mut hashes) {
                out.spelling(&hashes, &hashes, name, false);
                continue;
            }
            let spellings = spelling.all(text, kind(name));
            for (k, units) in spellings.iter().enumerate() {
                if stops.as_ref().is_some_and(|s| s.hold(units)) {
                    continue;
                }
                hashes.clear();
                words.clear();
                let mark = units.first().filter(|u| !is_word(u));
                for unit in units {
                    let hash = folding.hash_normal(unit);
                    if is_word(unit) {
                        words.push(hash);
                    }
                    hashes.push(hash);
                }
                out.spelling(&hashes, &words, name, k > 0);
                if let (Some(mark), Some(&word)) = (mark, words.first()) {
                    // A lone accent has no normal form where accents are folded.
                    out.marks.insert(mark.chars().next().unwrap_or('\u{301}'));
                    out.filter.marks.push(pair_key(AFTER_MARK, word));
                }
                let letters = fuzzy::letters(units);
                if fuzzy::edits_of_name(letters, options.min_edit_length, options.max_edits) > 0 {
                    out.words.extend(units.iter().cloned());
                }
            }
        }
        out.keys.sort_unstable_by_key(|k| k.hash);
        out
    }

    /// Takes in a spelling: its units, and those of them that are words.
    fn spelling(&mut self, units: &[u64], words: &[u64], name: u32, variant: bool) {
        match *words {
            [] => self.wordless = true,
            [word] => self.filter.singles.push(word),
            [first, second, ..] => {
                let pair = pair_key(first, second);
                self.filter.pairs.push((first, pair));
            }
        }
        let Some((&first, rest)) = units.split_first() else {
            return;
        };
        let mut prefix = first;
        for (k, &h) in rest.iter().enumerate() {
            // One unit need not be known to begin a name with two words: their pair is.
            if k > 0 || words.len() < 2 {
                self.keys.push(Key {
                    hash: prefix,
                    name: NO_NAME,
                    variant: false,
                });
            }
            prefix = extend(prefix, h);
        }
        self.keys.push(Key {
            hash: prefix,
            name,
            variant,
        });
    }

    /// The table, the lists it points to, and the number of hashes that end a name.
    fn into_slots(self) -> Result<(Vec<u64>, Vec<u32>, u32)> {
        let groups = || self.keys.chunk_by(|a, b| a.hash == b.hash);
        let distinct = groups().count();
        if distinct == 0 {
            return Ok((Vec::new(), Vec::new(), 0));
        }
        let mut homes = distinct + distinct / 3 + 8;
        let mut lists = Vec::new();
        loop {
            let mut slots = vec![Slot::EMPTY.0; homes + SPARE];
            let mut spellings = 0;
            lists.clear();
            // Hashes come in the order of their homes.
            let mut free = 0;
            let mut fits = true;
            for group in groups() {
                let hash = group[0].hash;
                let at = place(hash, home_slots(slots.len())).max(free);
                // The last slot stays empty, so that every search ends.
                if at + 1 >= slots.len() {
                    fits = false;
                    break;
                }
                free = at + 1;
                let more = group.iter().any(|k| k.name == NO_NAME);
                let mut names = group.iter().filter(|k| k.name != NO_NAME);
                let ending = match (names.next(), names.next()) {
                    (None, _) => Ending::Nothing,
                    (Some(k), None) if !k.variant => Ending::Name(k.name),
                    _ => {
                        let start = lists.len();
                        lists.push(0);
                        let names = group.iter().filter(|k| k.name != NO_NAME);
                        lists.extend(names.map(|k| k.name | if k.variant { VARIANT } else { 0 }));
                        lists[start] = (lists.len() - start - 1) as u32;
                        lists[start + 1..].sort_unstable();
                        if lists.len() > MAX_NAMES {
                            return Err(full("spellings", MAX_NAMES));
                        }
                        Ending::List(start as u32)
                    }
                };
                spellings += u32::from(ending != Ending::Nothing);
                slots[at] = Slot::new(hash, more, ending).0;
            }
            if fits {
                return Ok((slots, lists, spellings));
            }
            homes *= 2;
        }
    }
}

/// Names that are not searched.
struct Stops {
    names: FxHashSet<Vec<String>>,
    common: bool,
    least: usize,
}

impl Stops {
    /// `None` where all names are searched.
    fn of(options: &GazetteerOptions) -> Option<Self> {
        let folding = options.folding();
        let names = options.stop_names.iter().map(|n| units(n, folding));
        let stops = Self {
            names: names.collect(),
            common: options.stop_common_words,
            least: options.min_length as usize,
        };
        (!stops.names.is_empty() || stops.common || stops.least > 1).then_some(stops)
    }

    fn hold(&self, spelling: &[String]) -> bool {
        fuzzy::letters(spelling) < self.least
            || self.names.contains(spelling)
            || (self.common
                && spelling.len() == 1
                && common_words().contains(spelling[0].to_lowercase().as_str()))
    }
}

/// The hashes of the units of a name that has one spelling only: words of ASCII letters and digits
/// parted by single spaces, without initials and short forms. `false` for any other name.
fn plain_hashes(name: &str, case: CaseBits, out: &mut Vec<u64>) -> bool {
    out.clear();
    let bytes = name.as_bytes();
    let mut start = 0;
    for end in 0..=bytes.len() {
        match bytes.get(end) {
            Some(b) if b.is_ascii_alphanumeric() => continue,
            None | Some(b' ') => {}
            Some(_) => return false,
        }
        let n = end - start;
        // Initials and short forms are at most four letters long.
        if n < 2 || (n <= 4 && !ordinary(&bytes[start..end], start == 0)) {
            return false;
        }
        out.push(hash_unit(bytes, start, end, case));
        start = end + 1;
    }
    true
}

/// Whether a short word is neither a short form nor, at the beginning, initials.
fn ordinary(word: &[u8], first: bool) -> bool {
    let vowel = word.iter().any(|b| b"aeiouyAEIOUY".contains(b));
    (vowel || !first)
        && !SHORT_FORMS
            .iter()
            .any(|s| s.as_bytes().eq_ignore_ascii_case(word))
}

/// Entries by their ids while they come in: open addressing by half of the id's hash, which stands
/// beside the entry's number + 1, so that other ids are hardly ever read.
#[derive(Debug, Default)]
struct IdTable {
    slots: Vec<(u32, u32)>,
    len: usize,
}

/// Hash of an id.
pub(super) fn hash_id(id: &str) -> u64 {
    hash_unit(id.as_bytes(), 0, id.len(), CaseBits::new(false))
}

impl IdTable {
    fn place(&self, tag: u32) -> usize {
        place(u64::from(tag) << 32, self.slots.len())
    }

    fn find(&self, id: &str, ids: &Strings) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let tag = (hash_id(id) >> 32) as u32;
        let mut at = self.place(tag);
        loop {
            let (other, n) = self.slots[at];
            let n = n.checked_sub(1)?;
            if other == tag && ids.get(n) == id {
                return Some(n);
            }
            at = (at + 1) % self.slots.len();
        }
    }

    fn insert(&mut self, n: u32, ids: &Strings) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            let larger = vec![(0, 0); self.len * 3 + 16];
            for slot in std::mem::replace(&mut self.slots, larger) {
                if slot.1 != 0 {
                    self.put(slot);
                }
            }
        }
        self.len += 1;
        self.put(((hash_id(ids.get(n)) >> 32) as u32, n + 1));
    }

    fn put(&mut self, slot: (u32, u32)) {
        let mut at = self.place(slot.0);
        while self.slots[at].1 != 0 {
            at = (at + 1) % self.slots.len();
        }
        self.slots[at] = slot;
    }

    /// The table of the index: an entry's number + 1 at its id's place.
    fn packed(self, ids: &Strings) -> Vec<u32> {
        let n = self.len;
        drop(self.slots);
        let mut slots = vec![0; n + n / 3 + 1];
        for n in 0..n as u32 {
            let mut at = place(hash_id(ids.get(n)), slots.len());
            while slots[at] != 0 {
                at = (at + 1) % slots.len();
            }
            slots[at] = n + 1;
        }
        slots
    }
}

/// The entry with this id: the first in its chain for which `same` holds.
pub(super) fn find_id(slots: &[u32], id: &str, same: impl Fn(u32) -> bool) -> Option<u32> {
    if slots.is_empty() {
        return None;
    }
    let mut at = place(hash_id(id), slots.len());
    // A damaged table may have no end.
    for _ in 0..slots.len() {
        let n = slots[at].checked_sub(1)?;
        if same(n) {
            return Some(n);
        }
        at = (at + 1) % slots.len();
    }
    None
}
