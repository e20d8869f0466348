//! Units: what names and texts are cut into before they are compared, each normalised and hashed.
//!
//! A unit is a run of letters and digits with inner apostrophes; initials with full stops are one
//! unit without them (`U.S.` is `us`); a character of a script without spaces is one; any other
//! punctuation or symbol is one. White space, hyphens between words, and quotation marks part units
//! and are none themselves, so `al-Assad` and `al Assad` are the same units. Spans are bytes of the source: normalisation never shifts an offset.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::hash::{CaseBits, hash_unit};
use crate::text::{extends, ideograph, plain};

/// One unit of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) hash: u64,
    /// Hash without a possessive ending; 0 where there is none.
    pub(super) core_hash: u64,
    pub(super) start: u32,
    pub(super) end: u32,
    /// End without a possessive ending.
    pub(super) core_end: u32,
    /// Whether a blank line parts it from the unit before: no name goes on across it.
    pub(super) after_blank_line: bool,
}

/// How units are normalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folding {
    pub(super) case: bool,
    pub(super) accents: bool,
}

impl Folding {
    /// Case makes no difference, accents do.
    pub(super) const CASE: Self = Self {
        case: true,
        accents: false,
    };

    /// Appends the normal form of a unit to `out`.
    pub(super) fn normal(self, unit: &str, out: &mut String) {
        if unit.is_ascii() {
            let stops = unit.len() == 1;
            out.extend(
                unit.bytes()
                    .filter(|&b| stops || b != b'.')
                    .map(|b| char::from(self.fold_ascii(b))),
            );
            return;
        }
        let from = out.len();
        let single = unit.chars().nth(1).is_none();
        let plain = unit
            .chars()
            .filter_map(plain)
            .filter(|&c| single || c != '.');
        if self.accents {
            for c in plain.nfkd().filter(|&c| !is_combining_mark(c)) {
                match without_stroke(c) {
                    Some(s) => s.chars().for_each(|c| self.fold_case(c, out)),
                    None => self.fold_case(c, out),
                }
            }
        } else {
            for c in plain.nfkc() {
                self.fold_case(c, out);
            }
        }
        // Lower case of a composed letter may be decomposed; an I with a dot is an i.
        if self.case && out[from..].contains('\u{307}') {
            let tail = out[from..].replace("i\u{307}", "i");
            out.truncate(from);
            out.push_str(&tail);
        }
    }

    /// The normal form of a unit.
    pub(super) fn form(self, unit: &str) -> String {
        let mut form = String::new();
        self.normal(unit, &mut form);
        form
    }

    fn fold_ascii(self, b: u8) -> u8 {
        if self.case { b.to_ascii_lowercase() } else { b }
    }

    fn fold_case(self, c: char, out: &mut String) {
        match c {
            _ if !self.case => out.push(c),
            'ß' | 'ẞ' => out.push_str("ss"),
            'ς' => out.push('σ'),
            _ => out.extend(c.to_lowercase()),
        }
    }

    pub(super) fn case_bits(self) -> CaseBits {
        CaseBits::new(self.case)
    }

    /// Hash of the normal form of a unit.
    fn hash(self, unit: &str, scratch: &mut String) -> u64 {
        // Initials are the only units with a full stop inside; they have one after a letter.
        let initials = unit.len() > 1 && unit.as_bytes()[1] == b'.';
        if !initials && unit.is_ascii() {
            return hash_unit(unit.as_bytes(), 0, unit.len(), self.case_bits());
        }
        scratch.clear();
        self.normal(unit, scratch);
        self.hash_normal(scratch)
    }

    /// Hash of a unit in normal form.
    pub(super) fn hash_normal(self, unit: &str) -> u64 {
        hash_unit(unit.as_bytes(), 0, unit.len(), self.case_bits())
    }
}

/// Letters that have no decomposition but are written without their stroke where accents are.
fn without_stroke(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'þ' => "th",
        'Þ' => "TH",
        _ => return None,
    })
}

/// Whether a unit in normal form is a word and no mark or symbol.
pub(super) fn is_word(unit: &str) -> bool {
    let first = unit.chars().next().map(kind);
    matches!(first, Some(Kind::Word | Kind::Ideograph))
}

/// What a character is to units.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Ideograph,
    Space,
    Line,
    Hyphen,
    Apostrophe,
    Nothing,
    Other,
}

fn kind(c: char) -> Kind {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => Kind::Word,
        ' ' | '\t' => Kind::Space,
        '\n' | '\u{0B}' | '\u{0C}' | '\u{2028}' | '\u{2029}' | '\u{85}' => Kind::Line,
        '-' | '\u{2010}'..='\u{2013}' => Kind::Hyphen,
        '\'' | '\u{2018}' | '\u{2019}' | '\u{2BC}' | '\u{B4}' | '\u{FF07}' => Kind::Apostrophe,
        '"' | '`' | '\u{201A}'..='\u{201F}' | '«' | '»' | '‹' | '›' | '\u{FF02}' | '「'..='』' => {
            Kind::Nothing
        }
        c if c.is_ascii() && !c.is_ascii_control() => Kind::Other,
        c if ideograph(c) => Kind::Ideograph,
        c if c.is_alphanumeric() => Kind::Word,
        c if c.is_whitespace() || c.is_control() => Kind::Space,
        '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'
        | '\u{2066}'..='\u{2069}'
        | '\u{FEFF}'
        | '\u{AD}' => Kind::Nothing,
        _ => Kind::Other,
    }
}

/// Offsets in a text fit `u32`: longer ones are refused before.
#[allow(clippy::cast_possible_truncation)]
pub(super) const fn small(n: usize) -> u32 {
    n as u32
}

/// Bytes of a possessive ending.
fn possessive(unit: &str) -> usize {
    let Some(rest) = unit.strip_suffix(['s', 'S']) else {
        return 0;
    };
    [
        "'", "\u{2019}", "\u{2018}", "\u{2BC}", "`", "\u{B4}", "\u{FF07}",
    ]
    .iter()
    .find(|m| rest.len() > m.len() && rest.ends_with(**m))
    .map_or(0, |m| m.len() + 1)
}

/// Cuts a text, which is shorter than 4 GiB, into units, from any place where one begins.
pub(super) struct Cutter<'t> {
    text: &'t str,
    bytes: &'t [u8],
    folding: Folding,
    scratch: String,
    /// Where the next unit is looked for.
    at: usize,
}

impl<'t> Cutter<'t> {
    pub(super) fn new(text: &'t str, folding: Folding) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            folding,
            scratch: String::new(),
            at: 0,
        }
    }

    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
    }
}

impl Iterator for Cutter<'_> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        self.next_before(self.bytes.len()).map(|u| u.0)
    }
}

impl Cutter<'_> {
    /// The next unit, if it begins before byte `limit`, and whether it is a word. What is no unit may
    /// go on for long: nothing after the limit is looked at.
    pub(super) fn next_before(&mut self, limit: usize) -> Option<(Unit, bool)> {
        let mut i = self.at;
        let mut lines = 0;
        while i < limit {
            let c = self.char_at(i);
            let next = i + c.len_utf8();
            let kind = kind(c);
            let end = match kind {
                Kind::Line => {
                    lines += 1;
                    i = next;
                    continue;
                }
                Kind::Space | Kind::Apostrophe | Kind::Nothing => {
                    i = next;
                    continue;
                }
                // A hyphen between two words parts them; any other is a mark.
                Kind::Hyphen
                    if i > 0 && self.word_before(i) && self.kind_at(next) == Kind::Word =>
                {
                    i = next;
                    continue;
                }
                Kind::Hyphen | Kind::Other => next,
                Kind::Ideograph => self.skip_marks(next),
                Kind::Word => self.word_end(i),
            };
            let core_end = end - possessive(&self.text[i..end]);
            let core_hash = if core_end < end {
                self.folding
                    .hash(&self.text[i..core_end], &mut self.scratch)
            } else {
                0
            };
            self.at = end;
            let hash = self.folding.hash(&self.text[i..end], &mut self.scratch);
            let unit = Unit {
                hash,
                core_hash,
                start: small(i),
                end: small(end),
                core_end: small(core_end),
                after_blank_line: lines > 1,
            };
            // Beyond ASCII the normal form decides, as it does for names: ™ is a word, "tm".
            let word = if self.text[i..end].is_ascii() {
                kind == Kind::Word
            } else {
                is_word(&self.scratch)
            };
            return Some((unit, word));
        }
        self.at = i;
        None
    }
}

impl Cutter<'_> {
    fn char_at(&self, i: usize) -> char {
        match self.bytes.get(i) {
            None => ' ',
            Some(&b) if b < 128 => char::from(b),
            Some(_) => self.text[i..].chars().next().unwrap_or(' '),
        }
    }

    fn kind_at(&self, i: usize) -> Kind {
        if i < self.bytes.len() {
            kind(self.char_at(i))
        } else {
            Kind::Space
        }
    }

    fn word_before(&self, i: usize) -> bool {
        self.text[..i]
            .chars()
            .rev()
            .find(|&c| !extends(c))
            .is_some_and(|c| kind(c) == Kind::Word)
    }

    fn skip_marks(&self, mut i: usize) -> usize {
        while i < self.bytes.len() && self.bytes[i] >= 128 && extends(self.char_at(i)) {
            i += self.char_at(i).len_utf8();
        }
        i
    }

    /// The end of the word at `start`: letters and digits, inner apostrophes and ampersands; or
    /// initials with their full stops.
    fn word_end(&self, start: usize) -> usize {
        if let Some(end) = self.initials_end(start) {
            return end;
        }
        let mut i = start;
        loop {
            while i < self.bytes.len()
                && (self.bytes[i].is_ascii_alphanumeric() || self.bytes[i] == b'_')
            {
                i += 1;
            }
            if i >= self.bytes.len() || self.bytes[i] == b' ' {
                return i;
            }
            let c = self.char_at(i);
            let next = i + c.len_utf8();
            match kind(c) {
                Kind::Word => i = next,
                Kind::Apostrophe if self.kind_at(next) == Kind::Word => i = next,
                Kind::Other if c == '&' && self.kind_at(next) == Kind::Word => i = next,
                _ if extends(c) => i = next,
                _ => return i,
            }
        }
    }

    /// The end of initials that start here (`U.S.`, `J.K`), their last full stop included.
    fn initials_end(&self, start: usize) -> Option<usize> {
        let letter = |i: usize| -> Option<usize> {
            let c = self.char_at(i);
            (i < self.bytes.len() && c.is_alphabetic() && !ideograph(c))
                .then(|| self.skip_marks(i + c.len_utf8()))
        };
        let mut end = letter(start)?;
        let mut letters = 1;
        while self.bytes.get(end) == Some(&b'.') {
            let Some(after) = letter(end + 1) else { break };
            if self.kind_at(after) == Kind::Word {
                break;
            }
            end = after;
            letters += 1;
        }
        if letters < 2 {
            return None;
        }
        Some(end + usize::from(self.bytes.get(end) == Some(&b'.')))
    }
}
