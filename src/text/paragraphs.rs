//! Which line breaks end a paragraph, in texts with and without hard-wrapped lines.

use super::words::{Break, small};
use super::{Word, WordKind};

/// Lines longer than this are not hard-wrapped, in bytes.
const WRAP_MAX: u32 = 120;
/// Lines shorter than this on average are a list or verse, in bytes.
const WRAP_MIN: u32 = 40;

/// A paragraph as a range of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) first: u32,
    pub(super) end: u32,
}

/// Paragraphs: they end at blank lines, and at single line ends unless the text is hard-wrapped and
/// the line is full.
pub(super) fn paragraphs(words: &[Word], breaks: &[Break]) -> Vec<Block> {
    if words.is_empty() {
        return Vec::new();
    }
    let lines = Lines::new(words, breaks);
    let mut blocks = Vec::new();
    let mut first = 0;
    for (k, b) in breaks.iter().enumerate() {
        if b.word > first && !lines.goes_on(k) {
            blocks.push(Block { first, end: b.word });
            first = b.word;
        }
    }
    if (first as usize) < words.len() {
        blocks.push(Block {
            first,
            end: small(words.len()),
        });
    }
    blocks
}

struct Lines<'w> {
    words: &'w [Word],
    breaks: &'w [Break],
    /// Width that the lines are wrapped at, in bytes; `None` where they are not.
    width: Option<u32>,
}

impl<'w> Lines<'w> {
    fn new(words: &'w [Word], breaks: &'w [Break]) -> Self {
        let mut lines = Self {
            words,
            breaks,
            width: None,
        };
        lines.width = lines.wrap_width();
        lines
    }

    /// The line before break `k`: bytes from its first word to its last, indentation included.
    fn length(&self, k: usize) -> u32 {
        let end = self.words[..self.breaks[k].word as usize]
            .last()
            .map_or(0, |w| w.span.end);
        let (start, indent) = match k.checked_sub(1) {
            Some(b) => (
                self.words[self.breaks[b].word as usize].span.start,
                self.breaks[b].indent,
            ),
            None => (self.words[0].span.start, 0),
        };
        end.saturating_sub(start) + indent
    }

    /// A text is hard-wrapped where most of its lines that a single line end closes break off in
    /// the middle of a sentence and hardly any is longer than a page is wide.
    fn wrap_width(&self) -> Option<u32> {
        let single: Vec<usize> = (0..self.breaks.len())
            .filter(|&k| self.breaks[k].lines == 1 && self.breaks[k].word > 0)
            .collect();
        if single.len() < 2 {
            return None;
        }
        let mut lengths: Vec<u32> = single.iter().map(|&k| self.length(k)).collect();
        lengths.sort_unstable();
        let width = lengths[lengths.len() * 19 / 20];
        let median = lengths[lengths.len() / 2];
        let broken = single.iter().filter(|&&k| self.breaks_off(k)).count();
        (width <= WRAP_MAX && median >= WRAP_MIN && broken * 2 > single.len()).then_some(width)
    }

    /// Whether the line before break `k` ends in a word or comma.
    fn breaks_off(&self, k: usize) -> bool {
        self.words[self.breaks[k].word as usize - 1].kind != WordKind::Mark
    }

    /// Whether a paragraph goes on after break `k`: the next line's first word would not have
    /// fitted on a full line.
    fn goes_on(&self, k: usize) -> bool {
        let (Some(width), b) = (self.width, self.breaks[k]) else {
            return false;
        };
        b.lines == 1 && self.length(k) + self.words[b.word as usize].span.len() + 8 >= width
    }
}
