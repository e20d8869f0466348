//! The search: candidates of the scan are followed unit by unit through the table of hashed names;
//! what is reached is compared with the stored name, so that equal hashes alone never make a
//! mention.
//!
//! The candidates of a batch go through each step together, and the memory that the next step needs is
//! asked for one step ahead, so that misses of the cache overlap.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::build::VARIANT;
use super::derive::Kind;
use super::filter::Filters;
use super::fuzzy::{self, Near};
use super::hash::{AFTER_MARK, extend, pair_key, place};
use super::image::{Ending, Image, Section, Slot, home_slots, look_up, piece};
use super::names::{Spelling, units};
use super::scan::{Scanner, Words};
use super::units::{Cutter, Folding, Unit};
use super::{CasePolicy, common_words};
use crate::prefetch::prefetch;

/// Hits that are looked at together.
const MOST_HITS: usize = 256;

/// A place in the text that may be a name.
#[derive(Clone, Copy, Debug)]
struct Hit {
    start: u32,
    /// End, without a possessive ending where the name has none.
    end: u32,
    /// End with it.
    next: u32,
    ending: Ending,
}

/// A question to the table.
#[derive(Clone, Copy, Debug)]
struct Question {
    kind: Asks,
    hash: u64,
    start: u32,
    /// As [`Hit`] has them.
    end: u32,
    next: u32,
    /// The number of the word that ends at `next`.
    word: u32,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// Whether a name ends here.
    End,
    /// That, and whether longer ones begin so.
    More,
    /// Names that go on after more than a space.
    Beyond,
    /// Names that begin with marks before the word.
    Marks,
}

/// Working memory of a search, to be used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    words: Words,
    questions: Vec<Question>,
    /// By start, shortest first.
    hits: Vec<Hit>,
    entries: Vec<u32>,
}

/// The marks that names begin with.
#[derive(Clone, Copy)]
struct Marks {
    any: bool,
    /// Whether a mark may begin with this byte.
    bytes: [bool; 256],
}

impl Marks {
    fn of(marks: &str) -> Self {
        let mut bytes = [false; 256];
        // A mark's normal form may not be how the text has it.
        bytes[128..].fill(true);
        for c in marks.chars().filter(char::is_ascii) {
            bytes[c as usize] = true;
        }
        Self {
            any: !marks.is_empty(),
            bytes,
        }
    }
}

/// The sections that a search reads.
pub(super) struct Searcher<'i> {
    image: &'i Image,
    slots: &'i [u64],
    lists: &'i [u32],
    names: &'i [u8],
    name_ends: &'i [u32],
    name_entry: &'i [u32],
    priorities: &'i [f32],
    labels: &'i [u16],
    /// What each label says of its entries.
    kinds: Vec<Kind>,
    filters: Filters<'i>,
    folding: Folding,
    spelling: Spelling,
    smart: bool,
    /// Whether every mention is given, also those inside longer ones.
    overlapping: bool,
    marks: Marks,
    common: Option<&'static FxHashSet<&'static str>>,
}

impl<'i> Searcher<'i> {
    pub(super) fn new(image: &'i Image, overlapping: bool) -> Self {
        let options = &image.meta.options;
        let smart = options.case == CasePolicy::Smart;
        Self {
            image,
            slots: image.u64s(Section::Slots),
            lists: image.u32s(Section::Lists),
            names: image.section(Section::Names),
            name_ends: image.u32s(Section::NameEnds),
            name_entry: image.u32s(Section::NameEntry),
            priorities: image.f32s(Section::Priorities),
            labels: image.u16s(Section::Labels),
            kinds: image.meta.labels.iter().map(|l| Kind::of(l)).collect(),
            filters: Filters {
                words: image.u64s(Section::Filter),
                far: image.u64s(Section::FarFilter),
            },
            folding: options.folding(),
            spelling: options.spelling(),
            smart,
            overlapping,
            marks: Marks::of(&image.meta.marks),
            common: (smart || options.derive).then(common_words),
        }
    }

    /// Calls `report` with start, end and entries (best first) of every mention, by start and
    /// longest first; `wanted` says which entries count. Unless mentions may overlap, the longest
    /// at the leftmost place wins and the search goes on after it.
    pub(super) fn search(
        &self,
        text: &str,
        scratch: &mut Scratch,
        wanted: impl Fn(u32) -> bool,
        mut report: impl FnMut(u32, u32, &[u32]),
    ) {
        let Scratch {
            words,
            questions,
            hits,
            entries,
        } = scratch;
        hits.clear();
        let mut taken = 0;
        let mut resolve = |hits: &mut Vec<Hit>| {
            self.resolve(text, hits, &mut taken, entries, &wanted, &mut report);
            hits.clear();
        };
        let mut cutter = Cutter::new(text, self.folding);
        if self.image.meta.wordless {
            // Every unit may begin a name.
            let mut at = 0;
            loop {
                cutter.seek(at);
                let Some(unit) = cutter.next() else { break };
                at = unit.end as usize;
                self.follow_units(unit, &mut cutter, hits);
                if hits.len() > MOST_HITS {
                    resolve(hits);
                }
            }
            return resolve(hits);
        }
        let mut scanner = Scanner::new(text, self.filters, self.folding, words);
        while let Some(words) = scanner.next_batch() {
            self.ask(text, words, questions);
            for question in questions.drain(..) {
                self.answer(text, words, question, &mut cutter, hits);
            }
            if hits.len() > MOST_HITS {
                resolve(hits);
            }
        }
        resolve(hits);
    }

    /// The questions about a batch, in the order of the text, shorter names first; the memory that
    /// answers them is asked for.
    fn ask(&self, text: &str, words: &Words, questions: &mut Vec<Question>) {
        let (bytes, hashes, places) = (text.as_bytes(), words.hashes(), words.places());
        let (slots, homes) = (self.slots, home_slots(self.slots.len()));
        let mut cores = &words.cores[..];
        for &found in &words.found {
            let k = found.word();
            let (hash, [start, end]) = (hashes[k], places[k]);
            while let Some((core, rest)) = cores.split_first()
                && (core.word as usize) < k
            {
                cores = rest;
            }
            let core = |k: usize| cores.iter().take(2).find(|c| c.word as usize == k);
            let mut ask = |kind, hash, end, next, word: usize| {
                if matches!(kind, Asks::End | Asks::More) {
                    prefetch(slots, place(hash, homes));
                }
                questions.push(Question {
                    kind,
                    hash,
                    start,
                    end,
                    next,
                    word: word as u32,
                });
            };
            if self.marks.any && &bytes[words.gap_before(k)] != b" " {
                ask(Asks::Marks, hash, end, end, k);
            }
            if found.single() {
                if let Some(c) = core(k) {
                    ask(Asks::End, c.hash, c.end, end, k);
                }
                // Longer names are asked for below.
                let kind = if found.several() {
                    Asks::End
                } else {
                    Asks::More
                };
                ask(kind, hash, end, end, k);
            }
            if found.several() {
                // The next word is the next unit where only a space parts them.
                match places.get(k + 1) {
                    Some(&[start, next]) if start == end + 1 && bytes[end as usize] == b' ' => {
                        if let Some(c) = core(k + 1) {
                            ask(Asks::End, extend(hash, c.hash), c.end, next, k + 1);
                        }
                        let pair = extend(hash, hashes[k + 1]);
                        ask(Asks::More, pair, next, next, k + 1);
                    }
                    _ => ask(Asks::Beyond, hash, end, end, k),
                }
            }
        }
    }

    /// Adds the hits that answer a question.
    #[inline]
    fn answer(
        &self,
        text: &str,
        words: &Words,
        question: Question,
        cutter: &mut Cutter<'_>,
        hits: &mut Vec<Hit>,
    ) {
        let Question {
            kind,
            hash,
            start,
            end,
            next,
            word,
        } = question;
        match kind {
            Asks::End | Asks::More => {
                let slot = self.hit(hash, hits, start, end, next);
                if kind == Asks::More && slot.is_some_and(Slot::more) {
                    self.follow(text, words, question, cutter, hits);
                }
            }
            Asks::Beyond => {
                cutter.seek(end as usize);
                self.go_on(start, hash, cutter, hits);
            }
            Asks::Marks => self.marks_before(text, words, word as usize, cutter, hits),
        }
    }

    /// Reports the hits that are names.
    fn resolve(
        &self,
        text: &str,
        hits: &[Hit],
        taken: &mut u32,
        entries: &mut Vec<u32>,
        wanted: &impl Fn(u32) -> bool,
        report: &mut impl FnMut(u32, u32, &[u32]),
    ) {
        for hit in hits {
            if let Ending::Name(n) = hit.ending {
                prefetch(self.names, piece(self.name_ends, n).start);
                prefetch(self.name_entry, n as usize);
            }
        }
        for group in hits.chunk_by(|a, b| a.start == b.start) {
            if group[0].start < *taken {
                continue;
            }
            for hit in group.iter().rev() {
                self.entries(text, *hit, wanted, entries);
                if entries.is_empty() {
                    continue;
                }
                report(hit.start, hit.end, entries);
                if !self.overlapping {
                    *taken = hit.next;
                    break;
                }
            }
        }
    }

    /// Adds what the names may be that begin with a mark between the last word and this.
    #[inline(never)]
    fn marks_before(
        &self,
        text: &str,
        words: &Words,
        word: usize,
        cutter: &mut Cutter<'_>,
        hits: &mut Vec<Hit>,
    ) {
        let gap = words.gap_before(word);
        let hashes = words.hashes();
        let (from, start) = (gap.start, gap.end);
        let after_mark = |hash| self.filters.far(pair_key(AFTER_MARK, hash));
        let core = words.core(word);
        if !after_mark(hashes[word]) && core.is_none_or(|c| !after_mark(c.hash)) {
            return;
        }
        let Some(mark) = text.as_bytes()[gap]
            .iter()
            .position(|b| self.marks.bytes[*b as usize])
        else {
            return;
        };
        let mut at = from + mark;
        while !text.is_char_boundary(at) {
            at += 1;
        }
        loop {
            cutter.seek(at);
            match cutter.next() {
                Some(unit) if (unit.start as usize) < start => {
                    at = unit.end as usize;
                    self.follow_units(unit, cutter, hits);
                }
                _ => return,
            }
        }
    }

    /// Adds the hit that ends with this hash, if any.
    #[inline]
    fn hit(&self, hash: u64, hits: &mut Vec<Hit>, start: u32, end: u32, next: u32) -> Option<Slot> {
        let slot = look_up(self.slots, hash)?;
        let ending = slot.ending();
        if ending != Ending::Nothing {
            if let Ending::Name(n) = ending {
                prefetch(self.name_ends, n as usize);
            }
            hits.push(Hit {
                start,
                end,
                next,
                ending,
            });
        }
        Some(slot)
    }

    /// Adds what the names may be that go on after the words of a question, shortest first.
    #[inline(never)]
    fn follow(
        &self,
        text: &str,
        words: &Words,
        question: Question,
        cutter: &mut Cutter<'_>,
        hits: &mut Vec<Hit>,
    ) {
        let (hashes, places) = (words.hashes(), words.places());
        let (start, mut prefix) = (question.start, question.hash);
        let mut k = question.word as usize;
        loop {
            // As in `ask`.
            let end = places[k][1];
            let next = places.get(k + 1).map(|w| w[0]);
            if next != Some(end + 1) || text.as_bytes()[end as usize] != b' ' {
                cutter.seek(end as usize);
                return self.go_on(start, prefix, cutter, hits);
            }
            k += 1;
            let end = places[k][1];
            if let Some(c) = words.core(k) {
                self.hit(extend(prefix, c.hash), hits, start, c.end, end);
            }
            prefix = extend(prefix, hashes[k]);
            let slot = self.hit(prefix, hits, start, end, end);
            if slot.is_none_or(|s| !s.more()) {
                return;
            }
        }
    }

    /// Adds what the names may be that begin with this unit; the cutter stands after it.
    fn follow_units(&self, unit: Unit, cutter: &mut Cutter<'_>, hits: &mut Vec<Hit>) {
        if unit.core_hash != 0 {
            self.hit(unit.core_hash, hits, unit.start, unit.core_end, unit.end);
        }
        self.hit(unit.hash, hits, unit.start, unit.end, unit.end);
        self.go_on(unit.start, unit.hash, cutter, hits);
    }

    /// Follows names from a prefix that ends where the cutter stands.
    fn go_on(&self, start: u32, mut prefix: u64, cutter: &mut Cutter<'_>, hits: &mut Vec<Hit>) {
        for unit in cutter {
            if unit.after_blank_line {
                return;
            }
            if unit.core_hash != 0 {
                let hash = extend(prefix, unit.core_hash);
                self.hit(hash, hits, start, unit.core_end, unit.end);
            }
            prefix = extend(prefix, unit.hash);
            let slot = self.hit(prefix, hits, start, unit.end, unit.end);
            if slot.is_none_or(|s| !s.more()) {
                return;
            }
        }
    }

    /// The entries of a hit whose names the text really has, best first.
    fn entries(&self, text: &str, hit: Hit, wanted: &impl Fn(u32) -> bool, out: &mut Vec<u32>) {
        out.clear();
        self.names_of(hit.ending, |name, variant| {
            let entry = self.entry_of(name);
            if entry < self.image.meta.entries
                && wanted(entry)
                && self.same(text, hit, entry, name, variant)
            {
                out.push(entry);
            }
        });
        self.sort(out);
    }

    /// Puts the best entries first, each once.
    pub(super) fn sort(&self, entries: &mut Vec<u32>) {
        if entries.len() > 1 {
            let priority = |e: u32| self.priorities.get(e as usize).copied().unwrap_or(0.0);
            entries.sort_unstable_by(|&a, &b| priority(b).total_cmp(&priority(a)).then(a.cmp(&b)));
            entries.dedup();
        }
    }

    /// Calls `take` with the names that end at a slot, and whether in another spelling than given.
    #[inline]
    fn names_of(&self, ending: Ending, mut take: impl FnMut(u32, bool)) {
        match ending {
            Ending::Nothing => {}
            Ending::Name(name) => take(name, false),
            Ending::List(at) => {
                let at = at as usize;
                let n = self.lists.get(at).copied().unwrap_or(0) as usize;
                for &name in self.lists.get(at + 1..at + 1 + n).unwrap_or(&[]) {
                    take(name & !VARIANT, name & VARIANT != 0);
                }
            }
        }
    }

    #[inline]
    fn entry_of(&self, name: u32) -> u32 {
        if self.name_entry.is_empty() {
            name
        } else {
            let entry = self.name_entry.get(name as usize);
            entry.copied().unwrap_or(u32::MAX)
        }
    }

    fn name(&self, name: u32) -> Option<&'i str> {
        let bytes = self.names.get(piece(self.name_ends, name))?;
        std::str::from_utf8(bytes).ok()
    }

    /// What the label of an entry says of it.
    pub(super) fn kind(&self, entry: u32) -> Kind {
        let label = self.labels.get(entry as usize).copied().unwrap_or(0);
        let kind = self.kinds.get(label as usize);
        kind.copied().unwrap_or(Kind::Other)
    }

    /// The entries whose names the text nearly has at this place, best first, and the edits that
    /// the best needs.
    pub(super) fn near_entries(
        &self,
        text: &str,
        near: Near,
        wanted: &impl Fn(u32) -> bool,
    ) -> Option<(Vec<u32>, usize, usize)> {
        let options = &self.image.meta.options;
        let found = units(&text[near.start as usize..near.end as usize], self.folding);
        let mut best = usize::MAX;
        let mut entries = Vec::new();
        self.names_of(near.ending, |name, _| {
            let entry = self.entry_of(name);
            let Some(name) = self.name(name) else { return };
            if entry >= self.image.meta.entries || !wanted(entry) || self.keeps_case(name) {
                return;
            }
            for spelling in self.spelling.all(name, self.kind(entry)) {
                let letters = fuzzy::letters(&spelling);
                let most =
                    fuzzy::edits_of_name(letters, options.min_edit_length, options.max_edits);
                match fuzzy::distance(&spelling, &found) {
                    Some(n) if n <= most && n <= best => {
                        if n < best {
                            best = n;
                            entries.clear();
                        }
                        entries.push(entry);
                    }
                    _ => {}
                }
            }
        });
        self.sort(&mut entries);
        (!entries.is_empty()).then(|| (entries, best, fuzzy::letters(&found)))
    }

    /// Whether the text at a hit is the name, in the spelling as given or in another.
    fn same(&self, text: &str, hit: Hit, entry: u32, name: u32, variant: bool) -> bool {
        let place = piece(self.name_ends, name);
        let Some(name) = self.names.get(place.clone()) else {
            return false;
        };
        let found = hit.start as usize..hit.end as usize;
        let any_case = self.folding.case && !self.smart;
        if same_ascii(text.as_bytes(), found.clone(), self.names, place, any_case) {
            return true;
        }
        let found = &text[found];
        if found.as_bytes() == name {
            return true;
        }
        let Ok(name) = std::str::from_utf8(name) else {
            return false;
        };
        let kind = self.kind(entry);
        let exact = Folding {
            case: false,
            ..self.folding
        };
        // Cut where it stands in the text: what follows may belong to a unit.
        let forms = |folding: Folding| -> Vec<String> {
            let mut cutter = Cutter::new(text, folding);
            cutter.seek(hit.start as usize);
            let units = cutter.take_while(|u| u.start < hit.end);
            let form = |u: Unit| folding.form(&text[u.start as usize..u.end.min(hit.end) as usize]);
            units.map(form).collect()
        };
        let of_name = |folding: Folding, all: bool| -> bool {
            let found = forms(folding);
            if !all {
                return units(name, folding) == found;
            }
            let spelling = Spelling {
                folding,
                ..self.spelling
            };
            spelling.all(name, kind).contains(&found)
        };
        of_name(self.folding, variant)
            && (!self.keeps_case(name) || of_name(exact, true))
            // "Target Corp." is not any target.
            && (!self.spelling.derive
                || !self.common_word(found)
                || self.smart
                || of_name(self.folding, false)
                || of_name(exact, true))
    }

    /// Whether a name must match its case: it is in capitals, or one word with a capital that is a
    /// common word in small letters.
    fn keeps_case(&self, name: &str) -> bool {
        if !self.smart {
            return false;
        }
        let letters = || name.chars().filter(|c| c.is_alphabetic());
        if letters().count() > 1 && letters().all(char::is_uppercase) {
            return true;
        }
        name.chars().any(char::is_uppercase) && self.common_word(name)
    }

    /// Whether it is one word, and a common one in small letters.
    fn common_word(&self, name: &str) -> bool {
        let Some(common) = self.common else {
            return false;
        };
        let mut cutter = Cutter::new(name, self.folding);
        let (Some(unit), None) = (cutter.next(), cutter.next()) else {
            return false;
        };
        let word = &name[unit.start as usize..unit.end as usize];
        common.contains(self.folding.form(word).to_lowercase().as_str())
    }
}

/// Whether a piece of a text and a piece of the names are the same ASCII, but for the case of letters
/// where `any_case`.
#[inline(always)]
fn same_ascii(
    text: &[u8],
    found: Range<usize>,
    names: &[u8],
    name: Range<usize>,
    any_case: bool,
) -> bool {
    let n = found.len();
    if n != name.len() {
        return false;
    }
    let sixteen = |bytes: &[u8], from: usize| {
        let sixteen = bytes.get(from..)?.first_chunk::<16>()?;
        Some(u128::from_le_bytes(*sixteen))
    };
    let both = (sixteen(text, found.start), sixteen(names, name.start));
    let ((Some(ours), Some(theirs)), 1..=16) = (both, n) else {
        let (found, name) = (&text[found], &names[name]);
        let same = if any_case {
            found.eq_ignore_ascii_case(name)
        } else {
            found == name
        };
        return same && name.is_ascii();
    };
    // Most names are as short: all bytes at once, for how many there are is hard to foretell.
    let every = |byte: u8| u128::from_ne_bytes([byte; 16]);
    let within = u128::MAX >> (128 - 8 * n);
    let (ours, theirs) = (ours & within, theirs & within);
    // Adding to a byte below 128 sets its bit 7 from "a" on, and after "z".
    let small = (ours | every(0x20)) & every(0x7F);
    let letters = (small + every(0x80 - b'a')) & !(small + every(0x7F - b'z')) & every(0x80);
    let allowed = if any_case { letters >> 2 } else { 0 };
    (theirs & every(0x80)) | ((ours ^ theirs) & !allowed) == 0
}

#[cfg(test)]
mod tests {
    use super::same_ascii;

    #[test]
    fn ascii_is_compared_as_the_standard_library_does() {
        let differ = ["", "x", "X", "é", "[", "{", "@", "`", "\u{1}", "!"];
        for n in 0..40 {
            let name = "Az@`[{5é".chars().cycle().take(n).collect::<String>();
            for from in (0..=n).filter(|&f| name.is_char_boundary(f)) {
                for piece in differ {
                    let mut found = name.clone();
                    found.insert_str(from, piece);
                    let swapped: String = found
                        .chars()
                        .map(|c| match c {
                            'a'..='z' => c.to_ascii_uppercase(),
                            'A'..='Z' => c.to_ascii_lowercase(),
                            c => c,
                        })
                        .collect();
                    for a in [
                        &found,
                        &swapped,
                        &name.replace('@', "`"),
                        &name.replace('[', "{"),
                    ] {
                        for b in [&found, &name] {
                            for any_case in [true, false] {
                                let same = if any_case {
                                    a.eq_ignore_ascii_case(b)
                                } else {
                                    a == b
                                };
                                for room in [0, 20] {
                                    let (x, y) = (
                                        format!("ab{a}{}", "c".repeat(room)),
                                        format!("{b}{}", "d".repeat(room)),
                                    );
                                    let met = same_ascii(
                                        x.as_bytes(),
                                        2..2 + a.len(),
                                        y.as_bytes(),
                                        0..b.len(),
                                        any_case,
                                    );
                                    assert_eq!(met, same && b.is_ascii(), "{a} {b} {any_case}");
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
