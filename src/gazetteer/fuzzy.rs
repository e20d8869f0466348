//! Names with spelling mistakes: which words of names are near a word of the text.
//!
//! A deletion neighbourhood (Mor and Fraenkel 1982; Garbe's SymSpell): two words are within n edits
//! only if some deletion of at most n letters from each makes them equal, so every word of a name is
//! indexed under all its deletions. An edit inserts, deletes or replaces a letter or swaps two
//! neighbours (optimal string alignment).

use rustc_hash::{FxHashMap, FxHashSet};

use super::hash::{CaseBits, extend, hash_unit, place};
use super::image::{Ending, Image, Section, Slot, look_up, piece};
use super::units::{Cutter, Folding, Unit};

/// Words that are looked at instead of one of the text.
const MOST_WORDS: usize = 24;
/// Words whose neighbours are kept.
const CACHE: usize = 1 << 16;

/// Edits that a word of so many letters may have.
fn edits_of_word(letters: usize) -> usize {
    letters / 3
}

/// Edits that a name of so many letters may have: one from `least` on, two from twice that.
pub(super) fn edits_of_name(letters: usize, least: u32, most: u8) -> usize {
    let least = (least as usize).max(1);
    (letters / least).min(usize::from(most))
}

/// Letters of a name in normal form.
pub(super) fn letters(units: &[String]) -> usize {
    units.iter().map(|u| u.chars().count()).sum()
}

/// Whether a word may have mistakes: a number may not.
fn may_differ(word: &str) -> bool {
    word.chars().all(char::is_alphabetic)
}

fn hash(form: &str) -> u64 {
    hash_unit(form.as_bytes(), 0, form.len(), CaseBits::new(false))
}

/// Hashes of the word and of all it is with up to `n` letters deleted, each once.
fn deletions(word: &str, n: usize) -> Vec<u64> {
    let mut seen: FxHashSet<String> = FxHashSet::default();
    seen.insert(word.to_owned());
    let mut last = vec![word.to_owned()];
    for _ in 0..n {
        let mut next = Vec::new();
        for w in &last {
            for (k, c) in w.char_indices() {
                let shorter = format!("{}{}", &w[..k], &w[k + c.len_utf8()..]);
                if seen.insert(shorter.clone()) {
                    next.push(shorter);
                }
            }
        }
        last = next;
    }
    let mut hashes: Vec<u64> = seen.iter().map(|w| hash(w)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes
}

/// The words of names, and where their deletions lead.
#[derive(Default)]
pub(super) struct Index {
    pub(super) words: String,
    pub(super) ends: Vec<u32>,
    /// Low half of a deletion's hash, and the word + 1; 0 for an empty place.
    pub(super) slots: Vec<u64>,
}

impl Index {
    /// An index of the words in normal form; `None` if they are too many.
    pub(super) fn of(words: &FxHashSet<String>, most: u8) -> Option<Self> {
        let mut words: Vec<&String> = words.iter().filter(|w| may_differ(w)).collect();
        words.sort_unstable();
        let mut out = Self::default();
        let mut keys = Vec::new();
        for (k, word) in words.into_iter().enumerate() {
            out.words.push_str(word);
            out.ends.push(u32::try_from(out.words.len()).ok()?);
            let n = edits_of_word(word.chars().count()).min(usize::from(most));
            if n > 0 {
                let number = u64::try_from(k).ok()? + 1;
                keys.extend(deletions(word, n).into_iter().map(|h| (h, number)));
            }
        }
        keys.sort_unstable();
        let homes = keys.len() + keys.len() / 3 + 8;
        out.slots = vec![0; homes];
        let mut free = 0;
        for (h, word) in keys {
            let at = place(h, homes).max(free);
            free = at + 1;
            if out.slots.len() < free {
                out.slots.resize(free, 0);
            }
            out.slots[at] = h << 32 | word;
        }
        // An empty place ends every search; the number of homes comes last.
        out.slots.push(0);
        out.slots.push(homes as u64);
        Some(out)
    }
}

/// A name that the text nearly has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) ending: Ending,
}

/// Finds what the words of a text may have been meant to be.
pub(super) struct Speller<'i> {
    slots: &'i [u64],
    words: &'i [u8],
    ends: &'i [u32],
    index: &'i [u64],
    homes: usize,
    folding: Folding,
    most: usize,
    /// Hashes of what a word may stand for, each with its edits, by the word's own hash.
    cache: FxHashMap<u64, Vec<(u64, u8)>>,
}

impl<'i> Speller<'i> {
    /// `None` where spelling mistakes are not looked for.
    pub(super) fn new(image: &'i Image) -> Option<Self> {
        let options = &image.meta.options;
        let (homes, index) = image.u64s(Section::FuzzySlots).split_last()?;
        Some(Self {
            slots: image.u64s(Section::Slots),
            words: image.section(Section::FuzzyWords),
            ends: image.u32s(Section::FuzzyWordEnds),
            index,
            homes: usize::try_from(*homes).unwrap_or(0).min(index.len()),
            folding: options.folding(),
            most: usize::from(options.max_edits),
            cache: FxHashMap::default(),
        })
    }

    /// What a word of the text, given with its hash, may stand for: itself first.
    fn meant(&mut self, own: u64, word: &str) -> Vec<(u64, u8)> {
        if let Some(known) = self.cache.get(&own) {
            return known.clone();
        }
        let form = self.folding.form(word);
        let form = form.as_str();
        let mut out = vec![(own, 0)];
        if may_differ(form) && self.homes > 0 {
            for h in deletions(form, self.most.min(form.chars().count() / 2)) {
                let rest = self.index.get(place(h, self.homes)..).unwrap_or(&[]);
                for &slot in rest.iter().take_while(|s| **s != 0) {
                    if slot >> 32 != h & 0xFFFF_FFFF {
                        continue;
                    }
                    let word = self
                        .words
                        .get(piece(self.ends, (slot as u32).wrapping_sub(1)));
                    let Some(Ok(word)) = word.map(std::str::from_utf8) else {
                        continue;
                    };
                    let edits = strsim::osa_distance(word, form);
                    let most = edits_of_word(word.chars().count()).min(self.most);
                    if edits > 0 && edits <= most {
                        out.push((self.folding.hash_normal(word), edits as u8));
                    }
                }
            }
            out[1..].sort_unstable_by_key(|w| (w.1, w.0));
            out.dedup();
            out.truncate(MOST_WORDS);
        }
        if self.cache.len() >= CACHE {
            self.cache.clear();
        }
        self.cache.insert(own, out.clone());
        out
    }

    /// Calls `report` with all that may be a name with a mistake; it is to be verified.
    pub(super) fn find(&mut self, text: &str, mut report: impl FnMut(Near)) {
        let text_units: Vec<Unit> = Cutter::new(text, self.folding).collect();
        let mut meant: Vec<[Vec<(u64, u8)>; 2]> = Vec::with_capacity(text_units.len());
        for u in &text_units {
            let core = if u.core_hash == 0 {
                Vec::new()
            } else {
                self.meant(u.core_hash, &text[u.start as usize..u.core_end as usize])
            };
            let whole = self.meant(u.hash, &text[u.start as usize..u.end as usize]);
            meant.push([whole, core]);
        }
        // (unit, hash so far, edits so far)
        let mut open = Vec::new();
        for first in 0..text_units.len() {
            let start = text_units[first].start;
            open.clear();
            open.push((first, None, 0));
            while let Some((k, prefix, edits)) = open.pop() {
                let Some(unit) = text_units.get(k) else {
                    continue;
                };
                if k > first && unit.after_blank_line {
                    continue;
                }
                for (n, words) in meant[k].iter().enumerate() {
                    for &(hash, more_edits) in words {
                        let edits = edits + usize::from(more_edits);
                        if edits > self.most {
                            continue;
                        }
                        let hash = prefix.map_or(hash, |p| extend(p, hash));
                        let slot = look_up(self.slots, hash);
                        if edits > 0
                            && let Some(ending) = slot.map(Slot::ending)
                            && ending != Ending::Nothing
                        {
                            let end = if n == 0 { unit.end } else { unit.core_end };
                            report(Near { start, end, ending });
                        }
                        // The first word of names with two is not in the table: their pair is.
                        if n == 0 && (k == first || slot.is_some_and(Slot::more)) {
                            open.push((k + 1, Some(hash), edits));
                        }
                    }
                }
            }
        }
    }
}

/// Edits between the units of a name and of a text, if there are as many of them.
pub(super) fn distance(name: &[String], text: &[String]) -> Option<usize> {
    if name.len() != text.len() {
        return None;
    }
    let mut sum = 0;
    for (a, b) in name.iter().zip(text) {
        if a == b {
            continue;
        }
        let edits = strsim::osa_distance(a, b);
        if !may_differ(a) || !may_differ(b) || edits > edits_of_word(a.chars().count()) {
            return None;
        }
        sum += edits;
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::{deletions, distance, edits_of_name};

    #[test]
    fn neighbourhoods_meet() {
        let share = |a: &str, b: &str, n: usize| {
            let b = deletions(b, n);
            deletions(a, n).iter().any(|h| b.contains(h))
        };
        assert!(share("obama", "obmaa", 1));
        assert!(share("obama", "obam", 1));
        assert!(share("obama", "obbama", 1));
        assert!(share("netanyahu", "netenyaho", 2));
        assert!(!share("obama", "trump", 1));
    }

    #[test]
    fn budgets() {
        assert_eq!(edits_of_name(4, 5, 2), 0);
        assert_eq!(edits_of_name(5, 5, 2), 1);
        assert_eq!(edits_of_name(10, 5, 2), 2);
        assert_eq!(edits_of_name(30, 5, 1), 1);
        let units = |s: &str| s.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(distance(&units("ruth tan"), &units("rutth tan")), Some(1));
        assert_eq!(distance(&units("ruth tan"), &units("ruth")), None);
        assert_eq!(distance(&units("area 51"), &units("area 52")), None);
    }
}
