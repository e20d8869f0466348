//! Cuts a text into words and marks in one pass over its bytes.
//!
//! Single quotation marks that do not stand between letters are cut off as candidates; whether
//! they are marks or apostrophes is decided in `quotes`, which sees the paragraph.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::english::{Abbreviation, English};
use super::fold::{Letters, ascii, fold_hash, hash_bytes, plain};
use super::{Shape, Span, Word, WordKind};

/// A line break before a word (or at the end of the text).
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    /// Index of the word after it.
    pub(super) word: u32,
    /// Number of line ends.
    pub(super) lines: u32,
    /// Bytes of white space between the last line end and the word.
    pub(super) indent: u32,
}

/// What one pass finds.
#[derive(Debug, Default)]
pub(super) struct Cut {
    pub(super) words: Vec<Word>,
    /// Indices of words that may be quotation marks.
    pub(super) marks: Vec<u32>,
    pub(super) breaks: Vec<Break>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Space,
    Line,
    Mark,
    High,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Mark; 256];
    let mut b = 0;
    while b < 256 {
        #[allow(clippy::cast_possible_truncation)] // below 256
        let byte = b as u8;
        table[b] = match byte {
            b'\n' | b'\r' | 0x0B | 0x0C => Class::Line,
            0..=32 | 127 => Class::Space,
            b'0'..=b'9' => Class::Digit,
            b'_' => Class::Letter,
            _ if byte.is_ascii_alphabetic() => Class::Letter,
            128.. => Class::High,
            _ => Class::Mark,
        };
        b += 1;
    }
    table
};

/// Whether a byte after letters ends their word, whatever follows.
const PARTS: [bool; 256] = {
    let mut table = [false; 256];
    let all = b" \n\r\t,;:!?()[]\"/";
    let mut k = 0;
    while k < all.len() {
        table[all[k] as usize] = true;
        k += 1;
    }
    table
};

/// Cuts `source`, whose length fits `u32`.
pub(super) fn cut(source: &str) -> Cut {
    Cutter {
        source,
        bytes: source.as_bytes(),
        english: English::get(),
        out: Cut::default(),
        space: true,
    }
    .run()
}

struct Cutter<'t> {
    source: &'t str,
    bytes: &'t [u8],
    english: &'static English,
    out: Cut,
    /// White space before the next word.
    space: bool,
}

impl Cutter<'_> {
    fn run(mut self) -> Cut {
        self.out.words.reserve(self.bytes.len() / 5);
        let (mut i, mut lines, mut line_start) = (0, 0, 0);
        while i < self.bytes.len() {
            let width = match CLASSES[self.bytes[i] as usize] {
                Class::Space => 1,
                Class::Line => {
                    let width = 1 + usize::from(self.bytes[i..].starts_with(b"\r\n"));
                    lines += if self.bytes[i] == 0x0C { 2 } else { 1 };
                    line_start = i + width;
                    width
                }
                Class::High => match self.char_at(i) {
                    '\u{2028}' | '\u{2029}' | '\u{85}' => {
                        lines += 1;
                        line_start = i + self.char_at(i).len_utf8();
                        line_start - i
                    }
                    c if c.is_whitespace() || c.is_control() || invisible(c) => c.len_utf8(),
                    _ => 0,
                },
                _ => 0,
            };
            if width > 0 {
                self.space = true;
                i += width;
                continue;
            }
            if lines > 0 {
                self.out.breaks.push(Break {
                    word: small(self.out.words.len()),
                    lines,
                    indent: small(i - line_start),
                });
                lines = 0;
            }
            i = self.plain_word(i).unwrap_or_else(|| self.token(i));
            self.space = false;
        }
        self.out
    }

    fn char_at(&self, i: usize) -> char {
        self.source[i..].chars().next().unwrap_or(' ')
    }

    fn byte(&self, i: usize) -> u8 {
        self.bytes.get(i).copied().unwrap_or(b' ')
    }

    /// The word character that starts at byte `i`, if one does.
    fn word_char(&self, i: usize) -> Option<char> {
        match CLASSES[self.byte(i) as usize] {
            Class::Letter | Class::Digit => Some(self.byte(i) as char),
            Class::High => Some(self.char_at(i)).filter(|&c| c.is_alphanumeric()),
            _ => None,
        }
    }

    /// Adds the word at byte `start` where it is what most are: at most 15 ASCII letters before a
    /// blank or a mark that joins nothing, `’s` in between. Gives the byte after it; `None` for all others.
    #[inline]
    fn plain_word(&mut self, start: usize) -> Option<usize> {
        let word = Letters::at(&self.bytes[start..])?;
        let core = start + word.len;
        let mut end = core;
        let mut shape = Shape::default();
        if !PARTS[self.byte(core) as usize] {
            let rest = &self.bytes[core..];
            if let [b'\'', b's', ..] | [0xE2, 0x80, 0x99, b's', ..] = rest {
                end = core + if rest[0] == b'\'' { 2 } else { 4 };
                shape.set(Shape::POSSESSIVE);
                if !PARTS[self.byte(end) as usize] {
                    return None;
                }
            } else if !rest.starts_with(b". ") || self.is_abbreviated(start, core) {
                return None;
            }
        }
        if self.bytes[start].is_ascii_uppercase() {
            shape.set(Shape::CAPITAL);
            if word.len > 1 && word.capitals as usize == word.len {
                shape.set(Shape::ALL_CAPS);
            }
        }
        self.push(start, end, core, WordKind::Word, shape, word.hash);
        Some(end)
    }

    /// Adds the word or mark at byte `i`; gives the byte after it.
    fn token(&mut self, i: usize) -> usize {
        match self.word_char(i) {
            Some(c) => self.word(i, c),
            None => self.mark(i),
        }
    }

    fn word(&mut self, start: usize, first: char) -> usize {
        let mut end = if ideograph(first) {
            self.after_marks(start + first.len_utf8())
        } else {
            self.word_end(start)
        };
        let mut shape = Shape::default();
        let number = first.is_numeric();
        if self.byte(end) == b'.' && self.byte(end + 1) != b'.' && self.is_abbreviated(start, end) {
            end += 1;
            shape.set(Shape::ABBREVIATION);
        }
        let text = &self.source[start..end];
        let core = end - possessive(text);
        if core < end {
            shape.set(Shape::POSSESSIVE);
        }
        let hash = measure(&text[..core - start], first, &mut shape);
        self.push(
            start,
            end,
            core,
            if number {
                WordKind::Number
            } else {
                WordKind::Word
            },
            shape,
            hash,
        );
        end
    }

    /// Where a word ends: letters and digits, and the marks inside it that belong to it.
    fn word_end(&self, start: usize) -> usize {
        let mut i = start;
        // Start of the stretch since the last full stop, for "U.S." and "J.K.".
        let mut segment = start;
        loop {
            while matches!(CLASSES[self.byte(i) as usize], Class::Letter | Class::Digit) {
                i += 1;
            }
            let b = self.byte(i);
            let width = match b {
                b'-' | b'\'' | b'&' => 1,
                b'.' | b',' | b':' => 1,
                128.. => {
                    let c = self.char_at(i);
                    match c {
                        '\u{2019}' | '\u{2010}' | '\u{2011}' => c.len_utf8(),
                        _ if (c.is_alphanumeric() && !ideograph(c)) || extends(c) => {
                            i += c.len_utf8();
                            continue;
                        }
                        _ => return i,
                    }
                }
                _ => return i,
            };
            let Some(next) = self.word_char(i + width) else {
                return i;
            };
            let before = self.bytes[i - 1];
            let joins = match b {
                b',' | b':' => before.is_ascii_digit() && next.is_ascii_digit(),
                b'.' => {
                    let initials = i - segment == 1
                        && before.is_ascii_alphabetic()
                        && next.is_alphabetic()
                        && self.word_char(i + width + next.len_utf8()).is_none();
                    let degree =
                        i - segment == 2 && &self.bytes[segment..i] == b"Ph" && next == 'D';
                    // 3.5, example.com: but "end.Next" is two words.
                    let inside = next.is_ascii_digit() && before.is_ascii_digit()
                        || next.is_lowercase()
                            && i - segment > 1
                            && !self.source[segment..i].contains('.');
                    initials || degree || inside
                }
                b'\'' => next.is_alphabetic(),
                _ => true,
            };
            if !joins || ideograph(next) {
                return i;
            }
            i += width;
            if b == b'.' {
                segment = i;
            }
        }
    }

    /// Whether the full stop at byte `end` belongs to the word `start..end`.
    fn is_abbreviated(&self, start: usize, end: usize) -> bool {
        let word = &self.source[start..end];
        let bytes = word.as_bytes();
        let n = bytes.len();
        if n >= 3 && bytes[n - 2] == b'.' && bytes[n - 1].is_ascii_alphabetic() {
            return true; // U.S., a.m., J.K.
        }
        if n == 1 && bytes[0].is_ascii_uppercase() {
            // An initial; "I." only inside a name.
            return bytes[0] != b'I'
                || self
                    .out
                    .words
                    .last()
                    .is_some_and(|w| w.kind == WordKind::Word && w.shape.has(Shape::CAPITAL));
        }
        match self.english.abbreviation(word) {
            None => false,
            Some(Abbreviation::Numbered) => self.bytes[end + 1..]
                .iter()
                .find(|b| **b != b' ')
                .is_some_and(u8::is_ascii_digit),
            Some(Abbreviation::State) => self
                .out
                .words
                .last()
                .is_some_and(|w| w.span.of(self.source) == ","),
            Some(Abbreviation::Title | Abbreviation::Inner | Abbreviation::Final) => true,
        }
    }

    /// Skips combining marks and joiners from byte `i` on.
    fn after_marks(&self, mut i: usize) -> usize {
        while self.byte(i) >= 128 && extends(self.char_at(i)) {
            i += self.char_at(i).len_utf8();
        }
        i
    }

    fn mark(&mut self, start: usize) -> usize {
        let b = self.bytes[start];
        if b.is_ascii() && !matches!(b, b'.' | b'-' | b'"' | b'\'' | b'`') {
            let kind = match b {
                b'$' | b'+' | b'<' | b'=' | b'>' | b'^' | b'|' | b'~' => WordKind::Symbol,
                _ => WordKind::Mark,
            };
            if kind == WordKind::Mark || self.byte(start + 1) < 128 {
                let (end, hash) = (start + 1, hash_bytes(&[b]));
                self.push(start, end, end, kind, Shape::default(), hash);
                return end;
            }
        }
        let c = self.char_at(start);
        let mut end = start + c.len_utf8();
        let mut kind = match c {
            '"' | '“' | '”' | '„' | '‟' | '＂' | '«' | '»' | '‘' | '’' | '‚' | '‛' | '‹' | '›'
            | '\'' | '`' | '「' | '」' | '『' | '』' => WordKind::QuoteMark,
            '$' | '+' | '<' | '=' | '>' | '^' | '|' | '~' => WordKind::Symbol,
            _ if c.is_ascii()
                || c.general_category_group() == GeneralCategoryGroup::Punctuation =>
            {
                WordKind::Mark
            }
            _ => WordKind::Symbol,
        };
        match c {
            '.' | '-' => {
                while self.byte(end) == c as u8 {
                    end += 1;
                }
            }
            // `` and '' of typewriters and treebanks are one mark.
            '`' | '\'' if self.byte(end) == c as u8 => end += 1,
            _ => {}
        }
        if kind == WordKind::Symbol {
            end = self.after_marks(end);
            while self.bytes[..end].ends_with("\u{200D}".as_bytes()) && self.byte(end) >= 128 {
                end = self.after_marks(end + self.char_at(end).len_utf8());
            }
        }
        // Inches and minutes after a number that nothing has opened before are settled in `quotes`.
        if c == '`' && end == start + 1 && self.word_char(end).is_none() {
            kind = WordKind::Symbol;
        }
        if kind == WordKind::QuoteMark {
            self.out.marks.push(small(self.out.words.len()));
        }
        let hash = if kind != WordKind::Symbol && end == start + c.len_utf8() {
            // A mark has no case.
            let mut bytes = [0; 4];
            hash_bytes(plain(c).map_or(&[][..], |c| c.encode_utf8(&mut bytes).as_bytes()))
        } else {
            fold_hash(&self.source[start..end])
        };
        self.push(start, end, end, kind, Shape::default(), hash);
        end
    }

    fn push(
        &mut self,
        start: usize,
        end: usize,
        core: usize,
        kind: WordKind,
        mut shape: Shape,
        hash: u64,
    ) {
        if self.space {
            shape.set(Shape::SPACE_BEFORE);
        }
        self.out.words.push(Word {
            span: Span::new(small(start), small(end)),
            core_end: small(core),
            kind,
            shape,
            hash,
        });
    }
}

/// A text's length fits `u32`, so every offset in it does.
#[allow(clippy::cast_possible_truncation)]
pub(super) const fn small(n: usize) -> u32 {
    n as u32
}

/// Bytes of a possessive ending, or of a contraction that looks the same.
fn possessive(word: &str) -> usize {
    let b = word.as_bytes();
    let n = b.len();
    if n < 3 || !matches!(b[n - 1], b's' | b'S') {
        return 0;
    }
    match b[n - 2] {
        b'\'' => 2,
        0x99 if n > 4 && word[..n - 1].ends_with('’') => 4,
        _ => 0,
    }
}

/// Hash of a word and, in `shape`, its form.
pub(super) fn measure(word: &str, first: char, shape: &mut Shape) -> u64 {
    let (hash, upper, lower) = match ascii(word.as_bytes(), true) {
        Some(form) => (form.hash, form.capitals, form.small),
        None => {
            shape.set(Shape::NON_ASCII);
            let count = |is: fn(char) -> bool| small(word.chars().filter(|&c| is(c)).count());
            (
                fold_hash(word),
                count(char::is_uppercase),
                count(char::is_lowercase),
            )
        }
    };
    if first.is_uppercase() {
        shape.set(Shape::CAPITAL);
    }
    if upper > 1 && lower == 0 {
        shape.set(Shape::ALL_CAPS);
    }
    hash
}

/// Characters of scripts that are written without spaces: each is a word of its own.
pub(crate) fn ideograph(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Combining marks, joiners, variation selectors and soft hyphens: they go on with what they follow.
pub(crate) fn extends(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200C}' | '\u{200D}' | '\u{2060}' | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
        || (c > '\u{2FF}' && c.general_category_group() == GeneralCategoryGroup::Mark)
}

/// Characters that stand for nothing between words.
fn invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{FEFF}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{AD}' | '\u{2060}')
}
