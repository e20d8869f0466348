//! An attribution in the making: word ranges instead of bytes.

use super::Class;
use super::words::Range;

/// An attribution whose spans are ranges of word indices.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) content: Vec<Range>,
    pub(super) cue: Vec<Range>,
    pub(super) source: Option<Range>,
    pub(super) addressee: Option<Range>,
    pub(super) class: Class,
    pub(super) negative: bool,
    pub(super) score: f32,
}

impl Draft {
    /// First and one past the last word of all roles.
    pub(super) fn extent(&self) -> Range {
        let all = self.content.iter().chain(&self.cue).chain(&self.source);
        all.fold((usize::MAX, 0), |(a, b), r| (a.min(r.0), b.max(r.1)))
    }

    /// First and one past the last word of the content.
    pub(super) fn content_extent(&self) -> Range {
        let all = self.content.iter();
        all.fold((usize::MAX, 0), |(a, b), r| (a.min(r.0), b.max(r.1)))
    }

    /// Number of words of the content.
    pub(super) fn content_len(&self) -> usize {
        self.content.iter().map(|r| r.1 - r.0).sum()
    }
}
