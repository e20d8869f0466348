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
            before.reserve_exact(bytes.len() / BLOCK + 2);
            let mut n = 0;
            let (blocks, rest) = bytes.as_chunks::<BLOCK>();
            for block in blocks {
                before.push(n);
                // At most 64: a sum of bytes, which compilers make wide code of.
                n += u32::from(block.iter().map(|&b| u8::from(begins(b))).sum::<u8>());
            }
            before.push(n);
            if !rest.is_empty() {
                before.push(n + starts(rest));
            }
        }
        Self { bytes, before }
    }

    /// Number of code points before byte `at` (at most the text's length).
    #[inline]
    pub fn at(&self, at: u32) -> u32 {
        if self.before.is_empty() {
            return at;
        }
        let (block, within) = (at as usize / BLOCK, at as usize % BLOCK);
        let bytes = &self.bytes[block * BLOCK..];
        self.before[block]
            + match bytes.first_chunk::<BLOCK>() {
                // All are looked at, for how many there are is hard to foretell.
                Some(bytes) => {
                    let counts = bytes.iter().zip(0..BLOCK as u8);
                    let counts =
                        counts.map(|(&b, k)| u8::from(begins(b)) & u8::from(k < within as u8));
                    u32::from(counts.sum::<u8>())
                }
                None => starts(&bytes[..within]),
            }
    }

    /// A span in code points.
    #[inline]
    pub fn span(&self, span: Span) -> Span {
        let start = self.at(span.start);
        // Most spans are short, and are counted without looking at a block again.
        let within = span.start as usize..span.end as usize;
        let end = match self.bytes.get(within) {
            Some(bytes) if bytes.len() <= BLOCK / 2 && !self.before.is_empty() => {
                start + starts(bytes)
            }
            _ => self.at(span.end),
        };
        Span::new(start, end)
    }
}

/// How many code points begin in `bytes`.
fn starts(bytes: &[u8]) -> u32 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (eights, rest) = bytes.as_chunks::<8>();
    let eights = eights.iter().map(|e| {
        let x = u64::from_le_bytes(*e);
        // Bytes that go on with a code point have bit 7 and not bit 6.
        8 - ((x >> 7) & !(x >> 6) & ONES).count_ones()
    });
    eights.sum::<u32>() + rest.iter().filter(|&&b| begins(b)).count() as u32
}

/// Whether a code point begins at this byte.
#[inline(always)]
fn begins(b: u8) -> bool {
    b & 0xC0 != 0x80
}

#[cfg(test)]
mod tests {
    use super::{CharOffsets, Span};

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
            let places: Vec<_> = text.char_indices().enumerate().collect();
            for &(n, (at, _)) in &places {
                assert_eq!(offsets.at(at as u32), n as u32);
                for &(m, (end, _)) in places[n..].iter().take(60) {
                    let span = offsets.span(Span::new(at as u32, end as u32));
                    assert_eq!((span.start, span.end), (n as u32, m as u32));
                }
            }
            assert_eq!(offsets.at(text.len() as u32), text.chars().count() as u32);
        }
    }
}
