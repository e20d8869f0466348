//! The bytes engine: names anywhere in a text, inside words too, by an Aho-Corasick automaton.
//!
//! Text and names are normalised one character at a time, with what goes on with it (accents,
//! joiners), so that every match can be traced back to the characters of the source.

use daachorse::{DoubleArrayAhoCorasick, DoubleArrayAhoCorasickBuilder};
use rustc_hash::FxHashMap;

use super::image::{Image, Section};
use super::units::{Folding, small};
use crate::text::extends;

/// The names of a gazetteer as an automaton. It is built from the image when it is first used: an
/// automaton is no part of a saved gazetteer.
pub(super) struct Substrings {
    /// `None` where there is no name.
    automaton: Option<DoubleArrayAhoCorasick<u32>>,
    /// For each pattern the entries that have it.
    entries: Vec<Vec<u32>>,
    folding: Folding,
}

impl std::fmt::Debug for Substrings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Substrings({} patterns)", self.entries.len())
    }
}

/// A text in normal form, and where it comes from.
#[derive(Default)]
struct Normal {
    text: String,
    /// For each character with what goes on with it: where its normal form and where itself begins.
    from: Vec<(u32, u32)>,
}

impl Normal {
    fn of(text: &str, folding: Folding) -> Self {
        let mut out = Self::default();
        let mut chars = text.char_indices().peekable();
        let mut piece = String::new();
        while let Some((start, c)) = chars.next() {
            let mut end = start + c.len_utf8();
            while let Some(&(i, c)) = chars.peek()
                && extends(c)
            {
                end = i + c.len_utf8();
                chars.next();
            }
            piece.clear();
            if c.is_whitespace() {
                // A run of white space is one space, wherever lines were broken.
                if out.text.ends_with(' ') {
                    continue;
                }
                piece.push(' ');
            } else {
                folding.normal(&text[start..end], &mut piece);
            }
            if !piece.is_empty() {
                out.from.push((small(out.text.len()), small(start)));
                out.text.push_str(&piece);
            }
        }
        out.from.push((small(out.text.len()), small(text.len())));
        out
    }

    /// The place in the source of a place in the normal form, if a character begins there.
    fn source(&self, at: usize) -> Option<u32> {
        let k = self.from.binary_search_by_key(&small(at), |f| f.0).ok()?;
        Some(self.from[k].1)
    }
}

impl Substrings {
    /// The automaton of a gazetteer's names; `None` if they are too many for it.
    pub(super) fn of(image: &Image) -> Option<Self> {
        let options = &image.meta.options;
        let folding = options.folding();
        let stop = |n: &String| Normal::of(n.trim(), folding).text;
        let stops: Vec<String> = options.stop_names.iter().map(stop).collect();
        let name_entry = image.u32s(Section::NameEntry);
        let mut numbers: FxHashMap<String, u32> = FxHashMap::default();
        let mut patterns = Vec::new();
        let mut entries: Vec<Vec<u32>> = Vec::new();
        for name in 0..image.meta.names {
            let bytes = image.string(Section::Names, Section::NameEnds, name);
            let normal = Normal::of(std::str::from_utf8(bytes).unwrap_or("").trim(), folding).text;
            let long_enough = normal.chars().count() >= (options.min_length as usize).max(1);
            let common = options.stop_common_words
                && super::common_words().contains(normal.to_lowercase().as_str());
            if !long_enough || common || stops.contains(&normal) {
                continue;
            }
            let entry = name_entry.get(name as usize).copied().unwrap_or(name);
            let k = *numbers.entry(normal).or_insert_with_key(|normal| {
                patterns.push(normal.clone());
                entries.push(Vec::new());
                small(entries.len() - 1)
            });
            if !entries[k as usize].contains(&entry) {
                entries[k as usize].push(entry);
            }
        }
        drop(numbers);
        let automaton = if patterns.is_empty() {
            None
        } else {
            let numbered = patterns.iter().zip(0_u32..);
            let built = DoubleArrayAhoCorasickBuilder::new().build_with_values(numbered);
            Some(built.ok()?)
        };
        Some(Self {
            automaton,
            entries,
            folding,
        })
    }

    /// Calls `report` with every place of every name.
    pub(super) fn find(&self, text: &str, mut report: impl FnMut(u32, u32, &[u32])) {
        let Some(automaton) = &self.automaton else {
            return;
        };
        let normal = Normal::of(text, self.folding);
        for m in automaton.find_overlapping_iter(&normal.text) {
            if let (Some(start), Some(end)) = (normal.source(m.start()), normal.source(m.end())) {
                // White space that was left out before the next character is not the name's.
                let end = text[..end as usize].trim_end().len();
                report(start, small(end), &self.entries[m.value() as usize]);
            }
        }
    }
}
