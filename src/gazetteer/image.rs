//! A gazetteer as one block of memory, the same in a process and in a file: a header, then sections.
//!
//! Nothing in it is a pointer, so a file is opened by mapping it and several processes share it.
//! The header is checked when it is opened; what the sections hold is never trusted: an index out of
//! range finds nothing.

use std::ops::Range;
use std::sync::Arc;

use memmap2::{Mmap, MmapMut};
use serde::{Deserialize, Serialize};

use super::GazetteerOptions;
use super::hash::place;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"quothgaz";
const VERSION: u32 = 4;
/// Reads as another number on a machine of the other byte order.
const ORDER: u32 = 0x0102_0304;
const ALIGN: usize = 64;
/// Magic, version, byte order, length, checksums of the sections and of the header before it.
const FIXED: usize = 8 + 4 + 4 + 8 + 4 + 4;
const HEADER: usize = (FIXED + SECTIONS * 16).next_multiple_of(ALIGN);

/// What is in a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Section {
    /// [`Meta`] as JSON.
    Meta,
    /// All names, one after the other, as given.
    Names,
    /// u32: where each name ends.
    NameEnds,
    /// u32: the entry of each name; empty where name and entry have the same number.
    NameEntry,
    /// u32: the first name of each entry, and the number of names; empty as `NameEntry`.
    FirstName,
    /// All ids.
    Ids,
    /// u32: where each id ends.
    IdEnds,
    /// u16: the label of each entry; empty where all have the first.
    Labels,
    /// f32: the priority of each entry; empty where all are 0.
    Priorities,
    /// All properties, as JSON objects.
    Properties,
    /// u32: where the properties of each entry end; empty where there are none.
    PropertyEnds,
    /// u32: open addressing by hashed id: the entry + 1, 0 for none.
    ById,
    /// u64: open addressing by hashed names and their beginnings, see [`Slot`].
    Slots,
    /// u32: lists of names for slots with several: their number, then the names.
    Lists,
    /// u64: the filter of words of names and of near pairs, see `filter`.
    Filter,
    /// u64: the filter of far pairs, see `filter`.
    FarFilter,
    /// u32: the entries that each entry belongs with, one list after the other.
    Related,
    /// u32: where each of these lists ends; empty where no entry has one.
    RelatedEnds,
    /// The words of names that may have mistakes, in normal form.
    FuzzyWords,
    /// u32: where each of these words ends.
    FuzzyWordEnds,
    /// u64: open addressing by hashed deletions of these words, see `fuzzy`.
    FuzzySlots,
}

pub(super) const SECTIONS: usize = 21;

/// Facts of a gazetteer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) options: GazetteerOptions,
    pub(super) labels: Vec<String>,
    pub(super) entries: u32,
    pub(super) names: u32,
    pub(super) spellings: u32,
    /// The marks and symbols that names begin with.
    pub(super) marks: String,
    /// Whether a name has no word, but marks or symbols only.
    pub(super) wordless: bool,
}

#[derive(Debug)]
enum Storage {
    Memory(MmapMut),
    File(Mmap),
}

impl Storage {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Memory(map) => map,
            Self::File(map) => map,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Image {
    storage: Arc<Storage>,
    /// Bytes in use: the storage may be larger.
    len: usize,
    sections: [(usize, usize); SECTIONS],
    pub(super) meta: Arc<Meta>,
}

/// Memory of its own for an image. Pages that nobody writes to take none.
fn memory(bytes: usize) -> Result<MmapMut> {
    let map = MmapMut::map_anon(bytes).map_err(|_| Error::GazetteerTooLarge {
        what: "bytes, which the system does not give",
        max: bytes,
    })?;
    // A search reads all over it: with pages of 4 KiB, finding the page costs as much as reading.
    // Systems that do without lose speed alone.
    #[cfg(target_os = "linux")]
    let _ = map.advise(memmap2::Advice::HugePage);
    Ok(map)
}

/// Writes an image section by section.
pub(super) struct Writer {
    map: MmapMut,
    len: usize,
    sections: [(usize, usize); SECTIONS],
}

impl Writer {
    /// A writer that expects about so many bytes.
    pub(super) fn new(bytes: usize) -> Result<Self> {
        Ok(Self {
            map: memory(HEADER + bytes + SECTIONS * ALIGN)?,
            len: HEADER,
            sections: [(HEADER, 0); SECTIONS],
        })
    }

    pub(super) fn put(&mut self, section: Section, bytes: &[u8]) -> Result<()> {
        let start = self.len.next_multiple_of(ALIGN);
        let end = start + bytes.len();
        if end > self.map.len() {
            let mut larger = memory(end + end / 2)?;
            larger[..self.len].copy_from_slice(&self.map[..self.len]);
            self.map = larger;
        }
        self.map[start..end].copy_from_slice(bytes);
        self.len = end;
        self.sections[section as usize] = (start, bytes.len());
        Ok(())
    }

    pub(super) fn finish(mut self, meta: Meta) -> Result<Image> {
        // Plain structs have no way to fail.
        let json = serde_json::to_vec(&meta).unwrap_or_default();
        self.put(Section::Meta, &json)?;
        let len = self.len;
        let bytes = &mut self.map[..];
        let sum = crc32fast::hash(&bytes[HEADER..len]);
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_ne_bytes());
        bytes[12..16].copy_from_slice(&ORDER.to_ne_bytes());
        bytes[16..24].copy_from_slice(&(len as u64).to_ne_bytes());
        bytes[24..28].copy_from_slice(&sum.to_ne_bytes());
        for (k, (start, n)) in self.sections.iter().enumerate() {
            let at = FIXED + 16 * k;
            bytes[at..at + 8].copy_from_slice(&(*start as u64).to_ne_bytes());
            bytes[at + 8..at + 16].copy_from_slice(&(*n as u64).to_ne_bytes());
        }
        let header = header_sum(bytes);
        bytes[28..32].copy_from_slice(&header.to_ne_bytes());
        Ok(Image {
            storage: Arc::new(Storage::Memory(self.map)),
            len,
            sections: self.sections,
            meta: Arc::new(meta),
        })
    }
}

/// Checksum of the header but for the checksum itself.
fn header_sum(bytes: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&bytes[..28]);
    sum.update(&bytes[32..HEADER]);
    sum.finalize()
}

fn bad(reason: impl Into<String>) -> Error {
    Error::BadFile {
        reason: reason.into(),
    }
}

impl Image {
    /// An image from a copy of these bytes, all of them checked.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut map = memory(bytes.len().max(1))?;
        map[..bytes.len()].copy_from_slice(bytes);
        let image = Self::open(Storage::Memory(map), bytes.len())?;
        image.verify()?;
        Ok(image)
    }

    /// An image in a mapped file; only its header is checked.
    pub(super) fn from_map(map: Mmap) -> Result<Self> {
        let len = map.len();
        Self::open(Storage::File(map), len)
    }

    fn open(storage: Storage, len: usize) -> Result<Self> {
        let bytes = &storage.bytes()[..len];
        if bytes.len() < 16 || &bytes[..8] != MAGIC {
            return Err(bad("not a saved gazetteer"));
        }
        let number = |at: usize| {
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        match number(12) {
            ORDER => {}
            o if o == ORDER.swap_bytes() => {
                return Err(bad("saved on a machine of the other byte order"));
            }
            _ => return Err(bad("not a saved gazetteer, or changed")),
        }
        if number(8) != VERSION {
            return Err(bad(format!(
                "format version {}; this release reads {VERSION}",
                number(8)
            )));
        }
        let long = |at: usize| {
            let mut eight = [0; 8];
            eight.copy_from_slice(&bytes[at..at + 8]);
            usize::try_from(u64::from_ne_bytes(eight)).unwrap_or(usize::MAX)
        };
        if bytes.len() < HEADER || long(16) > bytes.len() {
            return Err(bad(format!("truncated to {} bytes", bytes.len())));
        }
        if long(16) < bytes.len() {
            return Err(bad(format!(
                "{} bytes follow its end",
                bytes.len() - long(16)
            )));
        }
        if number(28) != header_sum(bytes) {
            return Err(bad("the header's checksum differs: changed"));
        }
        let mut sections = [(0, 0); SECTIONS];
        for (k, section) in sections.iter_mut().enumerate() {
            let (start, n) = (long(FIXED + 16 * k), long(FIXED + 16 * k + 8));
            if start % ALIGN != 0 || start.checked_add(n).is_none_or(|end| end > bytes.len()) {
                return Err(bad("a section lies outside the file"));
            }
            *section = (start, n);
        }
        let (start, n) = sections[Section::Meta as usize];
        let meta: Meta =
            serde_json::from_slice(&bytes[start..start + n]).map_err(|e| bad(e.to_string()))?;
        let image = Self {
            storage: Arc::new(storage),
            len,
            sections,
            meta: Arc::new(meta),
        };
        image.check_counts()?;
        Ok(image)
    }

    /// Compares the numbers of the header with the sizes of the sections.
    fn check_counts(&self) -> Result<()> {
        use Section as S;
        let (entries, names) = (self.meta.entries as usize, self.meta.names as usize);
        let size = |s: S| self.sections[s as usize].1;
        let one_each = |s: S, width: usize, n: usize, optional: bool| {
            size(s) == width * n || (optional && size(s) == 0)
        };
        let fits = one_each(S::NameEnds, 4, names, false)
            && one_each(S::NameEntry, 4, names, true)
            && one_each(S::FirstName, 4, entries + 1, true)
            && (size(S::NameEntry) == 0) == (size(S::FirstName) == 0)
            && (size(S::NameEntry) > 0 || names == entries)
            && one_each(S::IdEnds, 4, entries, false)
            && one_each(S::Labels, 2, entries, true)
            && one_each(S::Priorities, 4, entries, true)
            && one_each(S::PropertyEnds, 4, entries, true)
            && one_each(S::RelatedEnds, 4, entries, true)
            && [S::Slots, S::Filter, S::FarFilter, S::FuzzySlots]
                .iter()
                .all(|&s| size(s) % 8 == 0)
            && [S::Lists, S::ById, S::Related, S::FuzzyWordEnds]
                .iter()
                .all(|&s| size(s) % 4 == 0);
        if fits {
            Ok(())
        } else {
            Err(bad("the sections do not fit together"))
        }
    }

    /// Reads all of it and compares the checksum.
    pub(super) fn verify(&self) -> Result<()> {
        let bytes = self.bytes();
        let sum = u32::from_ne_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]);
        if sum == crc32fast::hash(&bytes[HEADER..]) {
            Ok(())
        } else {
            Err(bad("the checksum differs: changed"))
        }
    }

    /// The whole image, as it is saved.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.storage.bytes()[..self.len]
    }

    pub(super) fn section(&self, section: Section) -> &[u8] {
        let (start, n) = self.sections[section as usize];
        &self.storage.bytes()[start..start + n]
    }

    fn numbers<T: bytemuck::Pod>(&self, section: Section) -> &[T] {
        // Sections are aligned, and their sizes were checked.
        bytemuck::try_cast_slice(self.section(section)).unwrap_or(&[])
    }

    pub(super) fn u16s(&self, section: Section) -> &[u16] {
        self.numbers(section)
    }

    pub(super) fn u32s(&self, section: Section) -> &[u32] {
        self.numbers(section)
    }

    pub(super) fn u64s(&self, section: Section) -> &[u64] {
        self.numbers(section)
    }

    pub(super) fn f32s(&self, section: Section) -> &[f32] {
        self.numbers(section)
    }

    /// The `i`th of the strings of a section.
    pub(super) fn string(&self, blob: Section, ends: Section, i: u32) -> &[u8] {
        let ends = self.u32s(ends);
        self.section(blob).get(piece(ends, i)).unwrap_or(&[])
    }
}

/// Bytes of the `i`th string, whose end is `ends[i]`; empty out of range.
pub(super) fn piece(ends: &[u32], i: u32) -> Range<usize> {
    let i = i as usize;
    let Some(&end) = ends.get(i) else { return 0..0 };
    let start = if i == 0 { 0 } else { ends[i - 1] };
    start as usize..end as usize
}

/// A place of the table of hashed names: 32 bits of the hash; whether a longer name begins so;
/// whether the rest is the place of a list; 30 bits: the name or list that ends here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Slot(pub(super) u64);

const PAYLOAD: u64 = (1 << 30) - 1;
const LIST: u64 = 1 << 30;
const MORE: u64 = 1 << 31;

/// The greatest number of names, and of numbers in lists.
pub(super) const MAX_NAMES: usize = PAYLOAD as usize;

/// What ends at a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    Nothing,
    Name(u32),
    List(u32),
}

impl Slot {
    /// A slot for no hash.
    pub(super) const EMPTY: Self = Self(PAYLOAD);

    pub(super) fn new(hash: u64, more: bool, ending: Ending) -> Self {
        let rest = match ending {
            Ending::Nothing => PAYLOAD,
            Ending::Name(n) => u64::from(n),
            Ending::List(n) => LIST | u64::from(n),
        };
        Self(hash << 32 | if more { MORE } else { 0 } | rest)
    }

    pub(super) const fn more(self) -> bool {
        self.0 & MORE != 0
    }

    pub(super) fn ending(self) -> Ending {
        let n = (self.0 & PAYLOAD) as u32;
        if self.0 & LIST != 0 {
            Ending::List(n)
        } else if u64::from(n) == PAYLOAD {
            Ending::Nothing
        } else {
            Ending::Name(n)
        }
    }
}

/// The slot of `hash`.
#[inline]
pub(super) fn look_up(slots: &[u64], hash: u64) -> Option<Slot> {
    let tag = hash << 32;
    let rest = slots.get(place(hash, home_slots(slots.len()))..)?;
    for &slot in rest {
        if slot == Slot::EMPTY.0 {
            return None;
        }
        if slot & !0xFFFF_FFFF == tag {
            return Some(Slot(slot));
        }
    }
    None
}

/// Slots that a hash may have as its own; the rest take what overflows at the end.
pub(super) const fn home_slots(slots: usize) -> usize {
    slots.saturating_sub(SPARE)
}

/// Slots after the last home.
pub(super) const SPARE: usize = 64;

#[cfg(test)]
mod tests {
    use super::{Meta, Section, Writer};

    #[test]
    fn a_writer_takes_more_than_it_expects() -> crate::error::Result<()> {
        let (ids, names) = (vec![1; 10_001], vec![2; 300_000]);
        let mut writer = Writer::new(1)?;
        writer.put(Section::Ids, &ids)?;
        writer.put(Section::Names, &names)?;
        let image = writer.finish(Meta::default())?;
        assert_eq!(image.section(Section::Ids), ids);
        assert_eq!(image.section(Section::Names), names);
        image.verify()
    }
}
