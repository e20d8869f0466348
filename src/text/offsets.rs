//! From UTF-8 bytes to code points, in constant time a query.

use super::Span;

const BLOCK: usize = 64;

/// The code points of one text, for turning byte offsets into code-point offsets.
#[derive(Clone, Debug)]
pub struct CharOffsets<'t> {
    bytes: &'t [u8],
    /// Code points that begin before each block of 64 bytes; empty for ASCII, where nothing is to
    /// be counted.
    before: Vec<u32>,
}

impl<'t> CharOffsets<'t> {
    /// Counts the code points of `text`.
    pub fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut before = Vec::new();
        if !text.is_ascii() {
            before.reserve_exact(bytes.len() / BLOCK + 1);
            let mut n = 0;
            for block in bytes.chunks(BLOCK) {
                before.push(n);
                n += starts(block);
            }
            before.push(n);
        }
        Self { bytes, before }
    }

    /// Number of code points before byte `at` (at most the text's length).
    pub fn at(&self, at: u32) -> u32 {
        if self.before.is_empty() {
            return at;
        }
        let block = at as usize / BLOCK;
        self.before[block] + starts(&self.bytes[block * BLOCK..at as usize])
    }

    /// A span in code points.
    pub fn span(&self, span: Span) -> Span {
        Span::new(self.at(span.start), self.at(span.end))
    }
}

/// How many code points begin in `bytes`.
fn starts(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|&&b| b & 0xC0 != 0x80).count() as u32
}

#[cfg(test)]
mod tests {
    use super::CharOffsets;

    #[test]
    #[allow(clippy::cast_possible_truncation)]
    fn counts_like_chars() {
        for text in [
            "",
            "plain",
            "é",
            &"añ😀x".repeat(50),
            &"\u{FFFD}".repeat(64),
        ] {
            let offsets = CharOffsets::new(text);
            for (n, (at, _)) in text.char_indices().enumerate() {
                assert_eq!(offsets.at(at as u32), n as u32);
            }
            assert_eq!(offsets.at(text.len() as u32), text.chars().count() as u32);
        }
    }
}
