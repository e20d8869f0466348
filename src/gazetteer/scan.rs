//! The scan: one pass over a text that says where a name may begin. It never misses a place; what
//! it says is checked unit by unit afterwards.
//!
//! Sixty-four bytes at a time are sorted into bytes of words and others. A word of ASCII letters
//! and digits is a unit as it is, and is hashed at once; everything else (accents, apostrophes,
//! initials, other scripts) is cut exactly by `units`. Marks between words do not count here. The
//! filters answer for nearly all words that they begin no name.

use std::ops::Range;

use super::filter::Filters;
use super::hash::{CaseBits, hash_unit};
use super::units::{Cutter, Folding, small};
use super::wide::{self, Edges, Lookup, Width};

/// Blocks of 64 bytes in a batch.
const BATCH: usize = 64;

/// The words of a batch, and which of them may begin a name. The first word is the last of the batch
/// before, unless it is the first batch.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The hashes of the words and where each begins and ends, and room for more.
    hashes: Vec<u64>,
    places: Vec<[u32; 2]>,
    len: usize,
    /// End of the word before the first.
    before: u32,
    /// Words with a possessive ending, in order.
    pub(super) cores: Vec<Core>,
    /// The words that may begin a name, in order.
    pub(super) found: Vec<Found>,
    /// Working memory.
    edges: Edges,
    lookup: Lookup,
    asked: Vec<Found>,
}

/// A word's number, and its hash and end without its possessive ending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    pub(super) word: u32,
    pub(super) hash: u64,
    pub(super) end: u32,
}

/// A word that may begin a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Found(u32);

impl Found {
    pub(super) fn new(word: usize, single: bool, several: bool) -> Self {
        Self(small(word) << 2 | u32::from(single) << 1 | u32::from(several))
    }

    /// The word's number.
    pub(super) const fn word(self) -> usize {
        (self.0 >> 2) as usize
    }

    /// Whether it may begin a name with one word.
    pub(super) const fn single(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether it may begin a name with several.
    pub(super) const fn several(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether it may begin a name at all.
    pub(super) const fn any(self) -> bool {
        self.0 & 3 != 0
    }
}

impl Words {
    /// The hashes of the words of this batch.
    pub(super) fn hashes(&self) -> &[u64] {
        &self.hashes[..self.len]
    }

    /// Where each begins and ends.
    pub(super) fn places(&self) -> &[[u32; 2]] {
        &self.places[..self.len]
    }

    /// The possessive word's form without its ending.
    #[inline]
    pub(super) fn core(&self, word: usize) -> Option<Core> {
        let found = self.cores.binary_search_by_key(&word, |c| c.word as usize);
        found.ok().map(|k| self.cores[k])
    }

    /// What lies between the word before and a word. The full stop of initials is theirs.
    #[inline]
    pub(super) fn gap_before(&self, word: usize) -> Range<usize> {
        let before = word.checked_sub(1);
        let from = before.map_or(self.before, |w| self.places[w][1]);
        let to = self.places[word][0];
        from.min(to) as usize..to as usize
    }

    /// Makes room for as many more words as there are bytes in a batch.
    fn reserve(&mut self) {
        let len = self.len + 64 * BATCH + wide::ROOM;
        if self.hashes.len() < len {
            self.hashes.resize(len, 0);
            self.places.resize(len, [0; 2]);
        }
    }

    /// A word more.
    fn push(&mut self, hash: u64, start: usize, end: usize) {
        self.hashes[self.len] = hash;
        self.places[self.len] = [small(start), small(end)];
        self.len += 1;
        self.reserve();
    }

    /// Forgets all words but the last, which becomes the first.
    fn carry(&mut self) {
        let Some(last) = self.len.checked_sub(1) else {
            return;
        };
        if last > 0 {
            self.before = self.places[last - 1][1];
        }
        self.hashes.swap(0, last);
        self.places.swap(0, last);
        self.len = 1;
        self.cores.retain_mut(|c| {
            let keep = c.word as usize == last;
            c.word = 0;
            keep
        });
    }
}

pub(super) struct Scanner<'t, 'i> {
    width: Width,
    bytes: &'t [u8],
    filters: Filters<'i>,
    case: CaseBits,
    cutter: Cutter<'t>,
    words: &'i mut Words,
    /// Bytes that have been scanned.
    at: usize,
    /// End of the last word that was cut exactly.
    end: usize,
    done: bool,
}

impl<'t, 'i> Scanner<'t, 'i> {
    pub(super) fn new(
        text: &'t str,
        filters: Filters<'i>,
        folding: Folding,
        words: &'i mut Words,
    ) -> Self {
        words.len = 0;
        words.before = 0;
        words.cores.clear();
        words.edges.clear();
        Self {
            width: Width::greatest(),
            bytes: text.as_bytes(),
            filters,
            case: folding.case_bits(),
            cutter: Cutter::new(text, folding),
            words,
            at: 0,
            end: 0,
            done: false,
        }
    }

    /// The words of the next batch; `None` after the last.
    pub(super) fn next_batch(&mut self) -> Option<&Words> {
        if self.done {
            return None;
        }
        self.words.carry();
        self.words.edges.carry();
        let bytes = self.bytes;
        let stop = (self.at + 64 * BATCH).min(bytes.len());
        let (blocks, rest) = bytes[self.at..stop].as_chunks::<64>();
        self.words.edges.add(self.width, blocks, self.at);
        if stop == bytes.len() {
            self.done = true;
            // A block with a byte that is of no word ends the last one.
            let mut block = [b' '; 64];
            block[..rest.len()].copy_from_slice(rest);
            self.words
                .edges
                .add(self.width, &[block], stop - rest.len());
        }
        self.at = stop;
        self.cut();
        self.look();
        Some(self.words)
    }

    /// Makes words of all edges.
    fn cut(&mut self) {
        self.words.reserve();
        let edges = std::mem::take(&mut self.words.edges);
        let at = &edges.at[..edges.n & !1];
        let mut from = self.after_exact(at, 0);
        for &exact in &edges.exact {
            // The end of a word; its beginning stands before it.
            let to = (exact >> 1) as usize - 1;
            if to < from {
                continue;
            }
            self.plain(&at[from..to]);
            self.special(at[to] as usize, at[to + 1] as usize, exact & 1 != 0);
            from = self.after_exact(at, to + 2);
        }
        self.plain(&at[from..]);
        self.words.edges = edges;
    }

    /// Goes over words that an exact cut has taken already, wholly or in part; gives the number of the
    /// next one's edge.
    #[inline]
    fn after_exact(&mut self, at: &[u32], mut from: usize) -> usize {
        while let Some(&[start, end]) = at.get(from..).and_then(<[u32]>::first_chunk)
            && (start as usize) < self.end
        {
            self.special(start as usize, end as usize, true);
            from += 2;
        }
        from
    }

    /// Words of ASCII letters and digits, from their edges.
    #[inline]
    fn plain(&mut self, edges: &[u32]) {
        if edges.is_empty() {
            return;
        }
        let words = &mut *self.words;
        let places = edges.as_chunks::<2>().0;
        let all = words.len..words.len + places.len();
        wide::hash_words(
            self.width,
            self.bytes,
            places,
            self.case,
            &mut words.hashes[all.clone()],
        );
        words.places[all].copy_from_slice(places);
        words.len += places.len();
    }

    #[inline(never)]
    fn special(&mut self, start: usize, end: usize, ascii: bool) {
        if ascii {
            self.joining(start, end);
        } else {
            self.run(start, end);
        }
    }

    /// A run of bytes of words, some of them beyond ASCII: in English mostly typographic quotation
    /// marks, dashes and apostrophes, which are dealt with here.
    fn run(&mut self, start: usize, end: usize) {
        let mut word = start;
        let mut apostrophes = 0;
        let mut i = start;
        while i < end {
            if self.bytes[i] < 128 {
                i += 1;
                continue;
            }
            match self.bytes[i..end] {
                [0xE2, 0x80, 0x99, next, ..] if next < 128 && i > word => {
                    apostrophes += 1;
                }
                // Before a letter beyond ASCII it joins, too.
                [0xE2, 0x80, 0x99, 128..=255, ..] if i > word && !edge(&self.bytes[i + 3..end]) => {
                    return self.exact(word, end);
                }
                // “ ” – — … and an apostrophe at an edge are no part of a word.
                [0xE2, 0x80, 0x93 | 0x94 | 0x99 | 0x9C | 0x9D | 0xA6, ..] => {
                    self.word(word, i, apostrophes, end);
                    word = i + 3;
                    apostrophes = 0;
                }
                _ => return self.exact(word, end),
            }
            i += 3;
        }
        self.word(word, end, apostrophes, end);
    }

    /// A word of ASCII letters and digits and of typographic apostrophes between them, in a run that
    /// ends at `run_end`.
    #[inline]
    fn word(&mut self, start: usize, end: usize, apostrophes: usize, run_end: usize) {
        if start == end {
            return;
        }
        let exact = start < self.end
            || end == run_end
                && match self.bytes.get(end) {
                    Some(b'\'' | b'`' | b'&') => true,
                    Some(b'.') => end - start == 1,
                    _ => false,
                };
        if exact {
            return self.exact(start, run_end);
        }
        if apostrophes == 0 {
            return self.push(start, end);
        }
        let mut normal = [0; 32];
        let len = end - start - 2 * apostrophes;
        if len > normal.len() - 16 {
            return self.exact(start, run_end);
        }
        let mut i = start;
        for to in &mut normal[..len] {
            let b = self.bytes[i];
            *to = if b < 128 { b } else { b'\'' };
            i += if b < 128 { 1 } else { 3 };
        }
        let core = match normal[..len] {
            [.., b'\'', b's' | b'S'] => hash_unit(&normal, 0, len - 2, self.case),
            _ => 0,
        };
        let hash = hash_unit(&normal, 0, len, self.case);
        if core != 0 {
            self.core(core, end - 4);
        }
        self.words.push(hash, start, end);
    }

    /// The word that comes next has a possessive ending.
    fn core(&mut self, hash: u64, end: usize) {
        self.words.cores.push(Core {
            word: small(self.words.len),
            hash,
            end: small(end),
        });
    }

    fn push(&mut self, start: usize, end: usize) {
        let hash = hash_unit(self.bytes, start, end, self.case);
        self.words.push(hash, start, end);
    }

    /// A word of ASCII letters and digits with something after it that may join.
    #[inline(never)]
    fn joining(&mut self, start: usize, end: usize) {
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        match self.bytes.get(end) {
            _ if start < self.end => return self.exact(start, end),
            Some(b'.') => return self.initials(start, end),
            Some(b'\'') => {}
            _ => return self.exact(start, end),
        }
        let rest = &self.bytes[end + 1..];
        let more = rest.iter().take_while(|b| word(b)).count();
        match rest.get(more) {
            Some(b'\'' | b'`' | b'&' | 128..) => self.exact(start, end),
            _ if more == 0 => self.push(start, end),
            _ => {
                self.end = end + 1 + more;
                if matches!(rest[..more], [b's' | b'S']) {
                    let hash = hash_unit(self.bytes, start, end, self.case);
                    self.core(hash, end);
                }
                self.push(start, self.end);
            }
        }
    }

    /// Initials of ASCII letters; the first is at `start`, with a full stop at `end` after it.
    fn initials(&mut self, start: usize, end: usize) {
        let mut letters = [0; 32];
        letters[0] = self.bytes[start];
        let (mut n, mut stop) = (1, end);
        // As `Cutter::initials_end`: a letter, and no more of its word.
        while let [b'.', letter, rest @ ..] = &self.bytes[stop..]
            && (letter.is_ascii_alphabetic() || *letter >= 128)
        {
            let more = rest.first();
            if more.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                break;
            }
            // The last 16 are room for hashing.
            if n == 16 || *letter >= 128 || more.is_some_and(|b| *b >= 128) {
                return self.exact(start, end);
            }
            letters[n] = *letter;
            n += 1;
            stop += 2;
        }
        if n == 1 || !letters[0].is_ascii_alphabetic() {
            return self.push(start, end);
        }
        self.end = stop + usize::from(self.bytes.get(stop) == Some(&b'.'));
        let hash = hash_unit(&letters, 0, n, self.case);
        self.words.push(hash, start, self.end);
    }

    /// Words cut the exact way, from the run that begins at `start`.
    #[inline(never)]
    fn exact(&mut self, start: usize, end: usize) {
        if end <= self.end {
            return;
        }
        self.cutter.seek(start.max(self.end));
        while let Some((unit, word)) = self.cutter.next_before(end) {
            if word {
                if unit.core_hash != 0 {
                    self.core(unit.core_hash, unit.core_end as usize);
                }
                let (start, end) = (unit.start as usize, unit.end as usize);
                self.words.push(unit.hash, start, end);
            }
            self.end = unit.end as usize;
        }
        self.end = self.end.max(end);
    }

    /// Looks at all words but the last of a batch, which may be the first of a pair still.
    fn look(&mut self) {
        let Words {
            hashes,
            len,
            cores,
            found,
            lookup,
            asked,
            ..
        } = &mut *self.words;
        let filters = self.filters;
        if asked.len() < hashes.len() {
            asked.resize(hashes.len(), Found::default());
        }
        let n = wide::look(
            self.width,
            hashes,
            len.saturating_sub(1),
            filters,
            lookup,
            asked,
        );
        found.clear();
        found.extend_from_slice(&asked[..n]);
        let hashes = &hashes[..*len];
        let last = hashes.len().wrapping_sub(1);
        if self.done
            && let Some(&word) = hashes.last()
            && filters.word(word).0
        {
            found.push(Found::new(last, true, false));
        }
        // Few words have a possessive ending.
        let mut add = |new: Found| match found.binary_search_by_key(&new.word(), |f| f.word()) {
            Ok(k) => found[k].0 |= new.0 & 3,
            Err(k) => found.insert(k, new),
        };
        for c in cores.iter() {
            let k = c.word as usize;
            if (self.done || k < last) && filters.word(c.hash).0 {
                add(Found::new(k, true, false));
            }
            if k > 0 {
                let before = hashes[k - 1];
                let (_, near, far) = filters.word(before);
                let pair = wide::paired(k - 1, (false, near, far), before, c.hash, filters);
                if pair.any() {
                    add(pair);
                }
            }
        }
    }
}

/// Whether bytes begin with “ ” – — or ….
fn edge(bytes: &[u8]) -> bool {
    matches!(bytes, [0xE2, 0x80, 0x93 | 0x94 | 0x9C | 0x9D | 0xA6, ..])
}

/// Number of words of ASCII letters and digits, each hashed: what the scan costs without filters.
pub(super) fn hash_words(text: &str) -> usize {
    let (case, bytes) = (Folding::CASE.case_bits(), text.as_bytes());
    let width = Width::greatest();
    let mut edges = Edges::default();
    let mut hashes = [0; 32 * BATCH];
    let mut words = 0;
    for (k, batch) in bytes.as_chunks::<64>().0.chunks(BATCH).enumerate() {
        edges.carry();
        edges.add(width, batch, 64 * BATCH * k);
        let places = edges.at[..edges.n].as_chunks().0;
        wide::hash_words(width, bytes, places, case, &mut hashes[..places.len()]);
        std::hint::black_box(&hashes);
        words += places.len();
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Cutter, Filters, Folding, Scanner, Words};
    use crate::gazetteer::wide::Width;

    /// The words of a text, by their hashes, places and possessive endings.
    fn scanned(text: &str, folding: Folding, width: Width) -> Vec<(u64, [u32; 2], u32)> {
        let (words, far) = (&[][..], &[][..]);
        let mut memory = Words::default();
        let mut scanner = Scanner::new(text, Filters { words, far }, folding, &mut memory);
        scanner.width = width;
        let mut out = Vec::new();
        let mut first = true;
        while let Some(words) = scanner.next_batch() {
            // The first word is the last of the batch before.
            let from = usize::from(!first && !words.hashes().is_empty());
            let all = words.hashes().iter().zip(words.places()).enumerate();
            out.extend(
                all.skip(from)
                    .map(|(k, (hash, place))| (*hash, *place, words.core(k).map_or(0, |c| c.end))),
            );
            first &= words.hashes().is_empty();
        }
        out
    }

    proptest! {
        #[test]
        fn words_are_those_that_are_cut_exactly(
            before in prop_oneof![0..70_usize, 4030..4110_usize, 8130..8200_usize],
            pieces in prop::collection::vec(prop::sample::select(vec![
                "a", "Kim", "don't", "Kim’s", "Kim's", "’", "'", "“", "”", "—", "…", "–", " ", " ", " ", "\n", ".", ".", "U.S.",
                "J. K.", "a.m", "A.é", "é.A", "A.B\u{301}", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q", "3.A", "_", "AT&T", "`", "&",
                "Zoë", "ﬁ", "İ", "東京", "\u{a0}", "\u{ad}", "\u{200d}", "x\u{2019}\u{301}", "a-word-of-more-than-sixteen-letters",
                "incomprehensibilities", "😀", "\0", "ÃƒÂ", "׳",
            ]), 0..40),
            case: bool,
            accents: bool,
        ) {
            let text = "x".repeat(before) + &pieces.concat();
            let folding = Folding { case, accents };
            let mut cutter = Cutter::new(&text, folding);
            let mut expected = Vec::new();
            while let Some((unit, word)) = cutter.next_before(text.len()) {
                if word {
                    let core = if unit.core_hash == 0 { 0 } else { unit.core_end };
                    expected.push((unit.hash, [unit.start, unit.end], core));
                }
            }
            for width in Width::all() {
                prop_assert_eq!(scanned(&text, folding, width), expected.clone(), "{:?}", width);
            }
        }
    }
}
