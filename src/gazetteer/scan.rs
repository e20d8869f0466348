//! The scan: one pass over a text that says where a name may begin. It never misses a place; what
//! it says is checked unit by unit afterwards.
//!
//! Sixty-four bytes at a time are sorted into bytes of words and others. A word of ASCII letters
//! and digits is a unit as it is, and is hashed at once; everything else (accents, apostrophes,
//! initials, other scripts) is cut exactly by `units`. Marks between words do not count here. The
//! filters answer for nearly all words that they begin no name.

use super::filter::Filters;
use super::hash::{CaseBits, hash_unit, pair_key};
use super::units::{Cutter, Folding, small};

/// Blocks of 64 bytes in a batch.
const BATCH: usize = 32;

/// The words of a batch, and which of them may begin a name. The first word is the last of the batch
/// before, unless it is the first batch.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The words, and room for more.
    list: Vec<Word>,
    len: usize,
    /// End of the word before the first.
    before: u32,
    /// Words with a possessive ending, in order.
    pub(super) cores: Vec<Core>,
    /// The words that may begin a name, in order.
    pub(super) found: Vec<Found>,
}

/// A word of the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Word {
    pub(super) hash: u64,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A word's number, and its hash and end without its possessive ending.
#[derive(Clone, Copy, Debug)]
pub(super) struct Core {
    pub(super) word: u32,
    pub(super) hash: u64,
    pub(super) end: u32,
}

/// A word that may begin a name.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub(super) struct Found(u32);

impl Found {
    fn new(word: usize, single: bool, several: bool) -> Self {
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
}

impl Words {
    /// The words of this batch.
    pub(super) fn list(&self) -> &[Word] {
        &self.list[..self.len]
    }

    /// The possessive word's form without its ending.
    #[inline]
    pub(super) fn core(&self, word: usize) -> Option<Core> {
        if self.cores.is_empty() {
            return None;
        }
        self.cores.iter().copied().find(|c| c.word as usize == word)
    }

    /// End of the word before a word.
    pub(super) fn end_before(&self, word: usize) -> u32 {
        word.checked_sub(1)
            .map_or(self.before, |w| self.list[w].end)
    }

    /// Makes room for the words of a batch: one a byte at the most.
    fn reserve(&mut self) {
        let len = self.len + 64 * BATCH + 1;
        if self.list.len() < len {
            self.list.resize(len, Word::default());
        }
    }

    /// A word more, where there may be more than bytes in the batch.
    fn push(&mut self, word: Word) {
        self.list[self.len] = word;
        self.len += 1;
        self.reserve();
    }

    /// Forgets all words but the last, which becomes the first.
    fn carry(&mut self) {
        let Some(last) = self.len.checked_sub(1) else {
            return;
        };
        if last > 0 {
            self.before = self.list[last - 1].end;
        }
        self.list.swap(0, last);
        self.len = 1;
        self.cores.retain_mut(|c| {
            let keep = c.word as usize == last;
            c.word = 0;
            keep
        });
    }
}

pub(super) struct Scanner<'t, 'i> {
    bytes: &'t [u8],
    filters: Filters<'i>,
    case: CaseBits,
    cutter: Cutter<'t>,
    words: &'i mut Words,
    /// Bytes that have been scanned.
    at: usize,
    /// Where a word began that the bytes so far do not end, and whether it is ASCII so far.
    open: Option<(usize, bool)>,
    /// Whether a word began at the last byte so far.
    began: bool,
    /// End of the last word that was cut exactly.
    end: usize,
    done: bool,
}

/// The bits of bytes of words (letters, digits, the underscore, everything beyond ASCII), of bytes
/// beyond ASCII, of apostrophes and ampersands, and of full stops, in a block.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Bits {
    word: u64,
    beyond: u64,
    joining: u64,
    stop: u64,
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
        Self {
            bytes: text.as_bytes(),
            filters,
            case: folding.case_bits(),
            cutter: Cutter::new(text, folding),
            words,
            at: 0,
            open: None,
            began: false,
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
        self.words.reserve();
        let bytes = self.bytes;
        let stop = (self.at + 64 * BATCH).min(bytes.len());
        let (blocks, rest) = bytes[self.at..stop].as_chunks::<64>();
        self.batch(blocks);
        if stop == bytes.len() {
            self.done = true;
            if !rest.is_empty() {
                let mut block = [b' '; 64];
                block[..rest.len()].copy_from_slice(rest);
                self.batch(&[block]);
            }
            if let Some((start, ascii)) = self.open.take() {
                if ascii {
                    self.push(start, bytes.len());
                } else {
                    self.run(start, bytes.len());
                }
            }
        }
        self.look();
        Some(self.words)
    }

    /// The words of up to [`BATCH`] blocks.
    fn batch(&mut self, blocks: &[[u8; 64]]) {
        #[cfg(target_arch = "x86_64")]
        if x86::wide() {
            // Sound: the processor has what the function is compiled for.
            #[allow(unsafe_code)]
            unsafe {
                return self.batch_wide(blocks);
            }
        }
        self.batch_any(blocks);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn batch_wide(&mut self, blocks: &[[u8; 64]]) {
        let mut bits = [Bits::default(); BATCH];
        x86::sort_avx2(blocks, &mut bits);
        for b in &bits[..blocks.len()] {
            self.block(*b);
        }
    }

    fn batch_any(&mut self, blocks: &[[u8; 64]]) {
        let mut bits = [Bits::default(); BATCH];
        sort(blocks, &mut bits);
        for b in &bits[..blocks.len()] {
            self.block(*b);
        }
    }

    /// The words that end in a block.
    #[inline(always)]
    fn block(&mut self, bits: Bits) {
        let base = self.at;
        let mut open = self.open.take();
        let before = bits.word << 1 | u64::from(open.is_some());
        let mut starts = bits.word & !before;
        let mut ends = !bits.word & before;
        // A single letter and a full stop may be initials.
        let letters = starts << 1 | u64::from(self.began);
        self.began = starts >> 63 != 0;
        // A byte beyond ASCII carries to the end of its run.
        let carry = u64::from(open.is_some_and(|o| !o.1));
        let (sum, over) = bits.word.overflowing_add(bits.beyond);
        let (sum, over_again) = sum.overflowing_add(carry);
        let beyond = sum & !bits.word;
        let exact = bits.joining | (bits.stop & letters) | beyond;
        let mut len = self.words.len;
        while ends != 0 {
            let bit = ends.trailing_zeros();
            ends &= ends - 1;
            let start = match open.take() {
                Some((start, _)) => start,
                None => {
                    let start = base + starts.trailing_zeros() as usize;
                    starts &= starts - 1;
                    start
                }
            };
            let end = base + bit as usize;
            if exact >> bit & 1 == 0 && start >= self.end {
                // There is always room.
                if let Some(word) = self.words.list.get_mut(len) {
                    *word = Word {
                        hash: hash_unit(self.bytes, start, end, self.case),
                        start: small(start),
                        end: small(end),
                    };
                }
                len += 1;
            } else {
                self.words.len = len;
                self.special(start, end, beyond >> bit & 1 == 0);
                len = self.words.len;
            }
        }
        self.words.len = len;
        if starts != 0 {
            open = Some((base + starts.trailing_zeros() as usize, true));
        }
        if over | over_again
            && let Some((_, ascii)) = &mut open
        {
            *ascii = false;
        }
        self.open = open;
        self.at += 64;
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
        self.words.push(Word {
            hash,
            start: small(start),
            end: small(end),
        });
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
        self.words.push(Word {
            hash,
            start: small(start),
            end: small(end),
        });
    }

    /// A word of ASCII letters and digits with something after it that may join.
    #[inline(never)]
    fn joining(&mut self, start: usize, end: usize) {
        let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        if start < self.end || self.bytes[end] != b'\'' {
            return self.exact(start, end);
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

    /// Words cut the exact way, from the run that begins at `start`.
    #[inline(never)]
    fn exact(&mut self, start: usize, end: usize) {
        if end <= self.end {
            return;
        }
        self.cutter.seek(start.max(self.end));
        while let Some((unit, word)) = self.cutter.next_with_kind() {
            if unit.start as usize >= end {
                break;
            }
            if word {
                if unit.core_hash != 0 {
                    self.core(unit.core_hash, unit.core_end as usize);
                }
                self.words.push(Word {
                    hash: unit.hash,
                    start: unit.start,
                    end: unit.end,
                });
            }
            self.end = unit.end as usize;
        }
        self.end = self.end.max(end);
    }

    /// Looks at all words but the last of a batch, which may be the first of a pair still.
    fn look(&mut self) {
        let Words {
            list,
            len,
            cores,
            found,
            ..
        } = &mut *self.words;
        let list = &list[..*len];
        let filters = self.filters;
        found.clear();
        found.resize(list.len() + 4, Found(0));
        let (mut from, mut n) = (0, 0);
        #[cfg(target_arch = "x86_64")]
        if x86::wide() && !filters.words.is_empty() {
            // Sound: the processor has what the function is compiled for.
            #[allow(unsafe_code)]
            unsafe {
                (from, n) = x86::look_avx2(list, filters.words, found);
            }
        }
        n = look(list, from, filters, n, found);
        n = pairs(list, filters, n, found);
        found.truncate(n);
        let last = list.len().wrapping_sub(1);
        if self.done
            && let Some(word) = list.last()
            && filters.single(word.hash)
        {
            found.push(Found::new(last, true, false));
        }
        if cores.is_empty() {
            return;
        }
        for c in cores.iter() {
            let k = c.word as usize;
            if (self.done || k < last) && filters.single(c.hash) {
                found.push(Found::new(k, true, false));
            }
            if k > 0 && filters.pair(pair_key(list[k - 1].hash, c.hash)) {
                found.push(Found::new(k - 1, false, true));
            }
        }
        found.sort_unstable_by_key(|f| f.0);
        found.dedup_by(|next, f| {
            let same = next.word() == f.word();
            f.0 |= if same { next.0 & 3 } else { 0 };
            same
        });
    }
}

/// Whether bytes begin with “ ” – — or ….
fn edge(bytes: &[u8]) -> bool {
    matches!(bytes, [0xE2, 0x80, 0x93 | 0x94 | 0x9C | 0x9D | 0xA6, ..])
}

/// Adds the words from number `from` on that may be a name or begin one, but for the last, to the
/// first `n`; gives their number.
fn look(list: &[Word], from: usize, filters: Filters<'_>, n: usize, found: &mut [Found]) -> usize {
    let mut n = n;
    let last = list.len().saturating_sub(1);
    for (k, word) in list[..last].iter().enumerate().skip(from) {
        let (single, first) = (filters.single(word.hash), filters.first(word.hash));
        found[n] = Found::new(k, single, first);
        n += usize::from(single | first);
    }
    n
}

/// Of the first `n`, those stay that are a name or begin one with the next word; gives their number.
#[inline(always)]
fn pairs(list: &[Word], filters: Filters<'_>, n: usize, found: &mut [Found]) -> usize {
    let mut kept = 0;
    for k in 0..n {
        let f = found[k];
        let two = list.get(f.word()..).and_then(<[Word]>::first_chunk::<2>);
        let pair = two.is_some_and(|[a, b]| filters.pair(pair_key(a.hash, b.hash)));
        let flags = f.0 & 3 & (2 | u32::from(pair));
        // Kept or written over: no branch depends on a load that may take long.
        found[kept] = Found(f.0 & !3 | flags);
        kept += usize::from(flags != 0);
    }
    kept
}

/// Number of words of ASCII letters and digits, each hashed: what the scan costs without filters.
pub(super) fn hash_words(text: &str) -> usize {
    #[cfg(target_arch = "x86_64")]
    if x86::wide() {
        // Sound: the processor has what the function is compiled for.
        #[allow(unsafe_code)]
        return unsafe { hash_words_wide(text.as_bytes()) };
    }
    hash_words_any(text.as_bytes())
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn hash_words_wide(bytes: &[u8]) -> usize {
    hash_words_any(bytes)
}

#[inline(always)]
fn hash_words_any(bytes: &[u8]) -> usize {
    let case = Folding::CASE.case_bits();
    let mut bits = [Bits::default(); BATCH];
    let (mut at, mut open, mut words, mut sum) = (0, None, 0, 0);
    for batch in bytes.as_chunks::<64>().0.chunks(BATCH) {
        sort(batch, &mut bits);
        for b in &bits[..batch.len()] {
            let before = b.word << 1 | u64::from(open.is_some());
            let mut starts = b.word & !before;
            let mut ends = !b.word & before;
            while ends != 0 {
                let end = at + ends.trailing_zeros() as usize;
                ends &= ends - 1;
                let start = open.take().unwrap_or_else(|| {
                    let start = at + starts.trailing_zeros() as usize;
                    starts &= starts - 1;
                    start
                });
                sum ^= hash_unit(bytes, start, end, case);
                words += 1;
            }
            if starts != 0 {
                open = Some(at + starts.trailing_zeros() as usize);
            }
            at += 64;
        }
    }
    std::hint::black_box(sum);
    words
}

/// Sorts the bytes of blocks, with the widest registers that the processor has.
fn sort(blocks: &[[u8; 64]], out: &mut [Bits]) {
    #[cfg(target_arch = "x86_64")]
    {
        if x86::wide() {
            // Sound: the processor has AVX2.
            #[allow(unsafe_code)]
            unsafe {
                return x86::sort_avx2(blocks, out);
            }
        }
        // Sound: SSE2 is part of every x86-64 processor.
        #[allow(unsafe_code)]
        unsafe {
            x86::sort_sse2(blocks, out);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    sort_portable(blocks, out);
}

/// The same, one byte after the other: compilers for other processors make wide code of it.
#[cfg(any(test, not(target_arch = "x86_64")))]
fn sort_portable(blocks: &[[u8; 64]], out: &mut [Bits]) {
    for (block, out) in blocks.iter().zip(out) {
        *out = Bits::default();
        for (k, &b) in block.iter().enumerate() {
            let word = b.is_ascii_alphanumeric() || b == b'_' || b >= 128;
            out.word |= u64::from(word) << k;
            out.beyond |= u64::from(b >= 128) << k;
            out.joining |= u64::from(matches!(b, b'\'' | b'`' | b'&')) << k;
            out.stop |= u64::from(b == b'.') << k;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_add_epi8, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8,
        _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8, _mm_storeu_si128, _mm256_add_epi8,
        _mm256_add_epi64, _mm256_and_si256, _mm256_andnot_si256, _mm256_castsi256_pd,
        _mm256_castsi256_si128, _mm256_cmpeq_epi8, _mm256_cmpeq_epi64, _mm256_min_epu8,
        _mm256_movemask_epi8, _mm256_movemask_pd, _mm256_mul_epu32, _mm256_or_si256,
        _mm256_permutevar8x32_epi32, _mm256_set_epi64x, _mm256_set1_epi8, _mm256_set1_epi64x,
        _mm256_setzero_si256, _mm256_sllv_epi64, _mm256_srli_epi64, _mm256_storeu_si256,
    };

    use super::{Bits, Found, Word};

    /// Whether the processor has AVX2 and the bit instructions that come with it.
    #[inline]
    pub(super) fn wide() -> bool {
        use std::arch::is_x86_feature_detected as has;
        has!("avx2") && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("popcnt")
    }

    const LETTERS: (i8, i8) = (-0x61, 25);
    const DIGITS: (i8, i8) = (-0x30, 9);

    const fn lane(eight: [u8; 8]) -> i64 {
        i64::from_le_bytes(eight)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn sort_avx2(blocks: &[[u8; 64]], out: &mut [Bits]) {
        // Bytes from one on, so many of them: shifted down they are at most their number - 1.
        let within = |x: __m256i, (minus, most): (i8, i8)| {
            let x = _mm256_add_epi8(x, _mm256_set1_epi8(minus));
            _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(most)), x)
        };
        for (block, out) in blocks.iter().zip(out) {
            *out = Bits::default();
            let lanes = block.as_chunks::<8>().0;
            for k in 0..2 {
                let l = &lanes[4 * k..4 * k + 4];
                let x = _mm256_set_epi64x(lane(l[3]), lane(l[2]), lane(l[1]), lane(l[0]));
                let letter = within(_mm256_or_si256(x, _mm256_set1_epi8(0x20)), LETTERS);
                let digit = within(x, DIGITS);
                let is = |b: u8| _mm256_cmpeq_epi8(x, _mm256_set1_epi8(b.cast_signed()));
                let word = _mm256_or_si256(_mm256_or_si256(letter, digit), is(b'_'));
                let joining = _mm256_or_si256(_mm256_or_si256(is(b'\''), is(b'`')), is(b'&'));
                let mask = |x| u64::from(_mm256_movemask_epi8(x).cast_unsigned()) << (32 * k);
                let beyond = mask(x);
                out.word |= mask(word) | beyond;
                out.beyond |= beyond;
                out.joining |= mask(joining);
                out.stop |= mask(is(b'.'));
            }
        }
    }

    /// For each set of four lanes the lower halves of those in it, as numbers of 32 bits.
    const FRONT: [[i64; 2]; 16] = {
        let mut table = [[0; 2]; 16];
        let mut set = 0;
        while set < 16 {
            let (mut lane, mut n) = (0, 0);
            while lane < 4 {
                if set >> lane & 1 == 1 {
                    table[set][n / 2] |= (2 * lane) << (32 * (n % 2));
                    n += 1;
                }
                lane += 1;
            }
            set += 1;
        }
        table
    };

    /// As [`super::look`], four words at a time; gives the number of words that were looked at and of
    /// those found.
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub(super) fn look_avx2(list: &[Word], filter: &[u64], found: &mut [Found]) -> (usize, usize) {
        let (mut k, mut n) = (0, 0);
        let Ok(len) = u32::try_from(filter.len()) else {
            return (k, n);
        };
        let len = _mm256_set1_epi64x(i64::from(len));
        let low = _mm256_set1_epi64x(63);
        let one = _mm256_set1_epi64x(1);
        let bit = |shifted| _mm256_sllv_epi64(one, _mm256_and_si256(shifted, low));
        let holds = |words: __m256i, bits: __m256i| {
            let missing = _mm256_andnot_si256(words, bits);
            _mm256_cmpeq_epi64(missing, _mm256_setzero_si256())
        };
        let mut numbers = _mm256_set_epi64x(3 << 2, 2 << 2, 1 << 2, 0);
        let hash = |k: usize| list[k].hash.cast_signed();
        while k + 4 < list.len() {
            let keys = _mm256_set_epi64x(hash(k + 3), hash(k + 2), hash(k + 1), hash(k));
            // As `filter::place`.
            let place =
                _mm256_srli_epi64::<32>(_mm256_mul_epu32(_mm256_srli_epi64::<32>(keys), len));
            let mut places = [0_u64; 4];
            // Sound: the array has room for the four places.
            #[allow(unsafe_code)]
            unsafe {
                _mm256_storeu_si256(places.as_mut_ptr().cast(), place);
            }
            let load = |j: usize| {
                let word = filter.get(places[j] as usize);
                word.copied().unwrap_or(0).cast_signed()
            };
            let words = _mm256_set_epi64x(load(3), load(2), load(1), load(0));
            // As `filter::bits` and `filter::first_bits`.
            let single = holds(
                words,
                _mm256_or_si256(
                    _mm256_or_si256(bit(keys), bit(_mm256_srli_epi64::<6>(keys))),
                    bit(_mm256_srli_epi64::<12>(keys)),
                ),
            );
            let first = holds(
                words,
                _mm256_or_si256(
                    bit(_mm256_srli_epi64::<18>(keys)),
                    bit(_mm256_srli_epi64::<24>(keys)),
                ),
            );
            // As `Found::new`. The lanes that may begin a name are moved to the front and all four
            // are written: no branch depends on a load that may take long.
            let any = _mm256_or_si256(single, first);
            let any = _mm256_movemask_pd(_mm256_castsi256_pd(any)).cast_unsigned();
            let flags = _mm256_or_si256(
                _mm256_and_si256(single, _mm256_set1_epi64x(2)),
                _mm256_and_si256(first, one),
            );
            let all = _mm256_or_si256(numbers, flags);
            let front = FRONT[any as usize & 15];
            let front = _mm256_set_epi64x(0, 0, front[1], front[0]);
            let kept = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(all, front));
            if let Some(out) = found.get_mut(n..n + 4) {
                // Sound: there is room for four numbers of 32 bits.
                #[allow(unsafe_code)]
                unsafe {
                    _mm_storeu_si128(out.as_mut_ptr().cast(), kept);
                }
            }
            n += any.count_ones() as usize;
            numbers = _mm256_add_epi64(numbers, _mm256_set1_epi64x(4 << 2));
            k += 4;
        }
        (k, n)
    }

    #[target_feature(enable = "sse2")]
    pub(super) fn sort_sse2(blocks: &[[u8; 64]], out: &mut [Bits]) {
        let within = |x: __m128i, (minus, most): (i8, i8)| {
            let x = _mm_add_epi8(x, _mm_set1_epi8(minus));
            _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(most)), x)
        };
        for (block, out) in blocks.iter().zip(out) {
            *out = Bits::default();
            let lanes = block.as_chunks::<8>().0;
            for k in 0..4 {
                let x = _mm_set_epi64x(lane(lanes[2 * k + 1]), lane(lanes[2 * k]));
                let letter = within(_mm_or_si128(x, _mm_set1_epi8(0x20)), LETTERS);
                let digit = within(x, DIGITS);
                let is = |b: u8| _mm_cmpeq_epi8(x, _mm_set1_epi8(b.cast_signed()));
                let word = _mm_or_si128(_mm_or_si128(letter, digit), is(b'_'));
                let joining = _mm_or_si128(_mm_or_si128(is(b'\''), is(b'`')), is(b'&'));
                let mask = |x| u64::from(_mm_movemask_epi8(x).cast_unsigned()) << (16 * k);
                let beyond = mask(x);
                out.word |= mask(word) | beyond;
                out.beyond |= beyond;
                out.joining |= mask(joining);
                out.stop |= mask(is(b'.'));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bits, sort_portable};

    #[test]
    fn every_width_sorts_all_bytes_at_all_places() {
        let blocks: Vec<[u8; 64]> = (0..=255_u8)
            .map(|shift| std::array::from_fn(|k| (k as u8).wrapping_add(shift)))
            .collect();
        let run = |sort: fn(&[[u8; 64]], &mut [Bits])| {
            let mut out = vec![Bits::default(); blocks.len()];
            sort(&blocks, &mut out);
            out
        };
        let expected = run(sort_portable);
        assert!(expected.iter().any(|b| b.word != 0 && b.beyond == 0));
        assert_eq!(run(super::sort), expected);
        #[cfg(target_arch = "x86_64")]
        {
            // Sound: SSE2 is part of every x86-64 processor.
            #[allow(unsafe_code)]
            let sse2 = run(|b, out| unsafe { super::x86::sort_sse2(b, out) });
            assert_eq!(sse2, expected);
        }
    }
}
