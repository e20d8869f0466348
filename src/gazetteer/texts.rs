//! The ids, names and labels of many entries at once, for tables of mentions.

use std::borrow::Cow;
use std::ops::Range;

use super::Gazetteer;
use super::image::{Image, Section, piece};
use crate::prefetch::prefetch;

/// Strings, one after the other.
#[derive(Clone, Debug)]
pub struct Joined {
    /// All bytes.
    pub bytes: Vec<u8>,
    /// Where each string begins, and the last ends: a number more than there are strings. From
    /// 2 GiB on the numbers are [`i32::MAX`], and wrong.
    pub offsets: Vec<i32>,
}

impl Default for Joined {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            offsets: vec![0],
        }
    }
}

impl Joined {
    /// Adds a piece of `bytes`.
    ///
    /// # Panics
    /// If the piece is not within `bytes`.
    #[inline]
    pub fn push(&mut self, bytes: &[u8], piece: Range<usize>) {
        let end = self.bytes.len() + piece.len();
        let sixteen = bytes.get(piece.start..).and_then(<[u8]>::first_chunk::<16>);
        match sixteen {
            // Most are short, and a fixed number of bytes is a load and a store.
            Some(sixteen) if piece.len() <= 16 => {
                self.bytes.extend_from_slice(sixteen);
                self.bytes.truncate(end);
            }
            _ => self.bytes.extend_from_slice(&bytes[piece]),
        }
        self.offsets.push(i32::try_from(end).unwrap_or(i32::MAX));
    }
}

/// A text that an entry has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryText {
    /// Its id.
    Id,
    /// Its canonical name.
    Name,
    /// Its label.
    Label,
}

/// Entries between asking for their memory and reading it.
const AHEAD: usize = 16;

/// Which of the strings is an entry's.
enum Number<'g> {
    Same,
    First(&'g [u32]),
    Label(&'g [u16]),
}

/// The texts of an image's entries.
struct Texts<'g> {
    blob: Cow<'g, [u8]>,
    ends: Cow<'g, [u32]>,
    number: Number<'g>,
}

impl<'g> Texts<'g> {
    fn of(image: &'g Image, which: EntryText) -> Self {
        let strings = |blob, ends, number| Self {
            blob: image.section(blob).into(),
            ends: image.u32s(ends).into(),
            number,
        };
        match which {
            EntryText::Id => strings(Section::Ids, Section::IdEnds, Number::Same),
            EntryText::Name => {
                let first = image.u32s(Section::FirstName);
                let number = if first.is_empty() {
                    Number::Same
                } else {
                    Number::First(first)
                };
                strings(Section::Names, Section::NameEnds, number)
            }
            EntryText::Label => {
                let (mut blob, mut ends) = (Vec::new(), Vec::new());
                for label in &image.meta.labels {
                    blob.extend_from_slice(label.as_bytes());
                    ends.push(blob.len() as u32);
                }
                Self {
                    blob: blob.into(),
                    ends: ends.into(),
                    number: Number::Label(image.u16s(Section::Labels)),
                }
            }
        }
    }

    /// The text of all entries, where they have one.
    fn same(&self) -> Option<&[u8]> {
        match self.number {
            Number::Label([]) => Some(&self.blob[self.piece(0)]),
            _ => None,
        }
    }

    /// Where an entry's text lies; nowhere, where a file is damaged.
    #[inline]
    fn piece(&self, entry: u32) -> Range<usize> {
        let n = entry as usize;
        let number = match self.number {
            Number::Same => entry,
            Number::First(first) => first.get(n).copied().unwrap_or(u32::MAX),
            Number::Label(labels) => labels.get(n).copied().unwrap_or(0).into(),
        };
        let piece = piece(&self.ends, number);
        if piece.start <= piece.end && piece.end <= self.blob.len() {
            piece
        } else {
            0..0
        }
    }
}

impl Gazetteer {
    /// A text of each of these entries: bytes, which are UTF-8 unless a saved gazetteer is damaged.
    pub fn texts(&self, entries: &[u32], which: EntryText) -> Joined {
        let base = self.image.meta.entries;
        let first = Texts::of(&self.image, which);
        let added = self.changes.as_ref();
        let added = added.map(|c| Texts::of(&c.added, which));
        if let (Some(same), None) = (first.same(), &added) {
            let n = entries.len();
            let end = |k: usize| i32::try_from(k * same.len()).unwrap_or(i32::MAX);
            return Joined {
                bytes: same.repeat(n),
                offsets: (0..=n).map(end).collect(),
            };
        }
        let part = |entry: u32| match &added {
            Some(added) if entry >= base => (added, entry - base),
            _ => (&first, entry),
        };
        // What comes later is asked for, so that misses of the cache overlap: first where it lies,
        // then the text.
        let ahead = |k: usize| entries.get(k).map(|&entry| part(entry));
        let mut out = Joined {
            bytes: Vec::with_capacity(8 * entries.len()),
            offsets: Vec::with_capacity(entries.len() + 1),
        };
        out.offsets.push(0);
        for (k, &entry) in entries.iter().enumerate() {
            if let Some((texts, entry)) = ahead(k + 2 * AHEAD) {
                prefetch(&texts.ends, entry as usize);
            }
            if let Some((texts, entry)) = ahead(k + AHEAD) {
                prefetch(&texts.blob, texts.piece(entry).start);
            }
            let (texts, entry) = part(entry);
            out.push(&texts.blob, texts.piece(entry));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{EntryText, Joined};
    use crate::{Entry, Gazetteer};

    #[test]
    fn pieces_of_any_length_anywhere() {
        let source: Vec<u8> = (0..60).collect();
        for start in 0..=60 {
            for end in start..=60 {
                let mut joined = Joined::default();
                joined.push(&source, 1..3);
                joined.push(&source, start..end);
                joined.push(&source, 4..5);
                let expected = [&source[1..3], &source[start..end], &source[4..5]].concat();
                assert_eq!(joined.bytes, expected);
                let ends = [0, 2, 2 + end - start, 3 + end - start];
                let offsets = joined.offsets.iter().map(|&o| usize::try_from(o));
                assert!(offsets.eq(ends.into_iter().map(Ok)));
            }
        }
    }

    #[test]
    fn the_texts_are_those_of_the_entries() -> crate::error::Result<()> {
        let entry = |n: usize| Entry {
            id: format!("Q{n}"),
            name: format!("Name {}", "x".repeat(n)),
            names: vec![format!("Alias {n}"); n % 3],
            label: ["", "PERSON", "ORG"][n % 3].to_owned(),
            ..Entry::default()
        };
        let gazetteer = Gazetteer::new(
            (0..30).map(entry),
            &crate::gazetteer::GazetteerOptions::default(),
        )?;
        let gazetteer = gazetteer.with_changes(
            (30..40).map(entry),
            &std::iter::once("Q3".to_owned()).collect(),
        )?;
        let entries: Vec<u32> = (0..40).rev().chain([7, 7]).collect();
        for which in [EntryText::Id, EntryText::Name, EntryText::Label] {
            let mut expected = Joined::default();
            for &e in &entries {
                let e = gazetteer.entry(e);
                let text = match which {
                    EntryText::Id => e.id(),
                    EntryText::Name => e.name(),
                    EntryText::Label => e.label(),
                };
                expected.push(text.as_bytes(), 0..text.len());
            }
            let found = gazetteer.texts(&entries, which);
            assert_eq!(
                (found.bytes, found.offsets),
                (expected.bytes, expected.offsets)
            );
        }
        Ok(())
    }
}
