//! An attribution in the making: word ranges instead of bytes.

use super::Class;
use super::words::Range;

/// An attribution whose spans are ranges of word indices.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) content: Vec<Range>,
    pub(crate) cue: Vec<Range>,
    pub(crate) source: Option<Range>,
    pub(crate) addressee: Option<Range>,
    pub(crate) class: Class,
    pub(crate) negative: bool,
    pub(crate) score: f32,
}

impl Draft {
    /// Drops the ranges that hold no word; false where no content is left.
    pub(crate) fn drop_empty(&mut self) -> bool {
        self.content.retain(|r| r.0 < r.1);
        self.cue.retain(|r| r.0 < r.1);
        self.source = self.source.filter(|r| r.0 < r.1);
        self.addressee = self.addressee.filter(|r| r.0 < r.1);
        !self.content.is_empty()
    }

    /// A quotation that nothing introduces, and nobody is named for.
    pub(crate) fn is_bare(&self) -> bool {
        self.cue.is_empty() && self.source.is_none()
    }

    /// First and one past the last word of all roles.
    pub(crate) fn extent(&self) -> Range {
        let all = self.content.iter().chain(&self.cue).chain(&self.source);
        all.fold((usize::MAX, 0), |(a, b), r| (a.min(r.0), b.max(r.1)))
    }

    /// First and one past the last word of the content.
    pub(crate) fn content_extent(&self) -> Range {
        let all = self.content.iter();
        all.fold((usize::MAX, 0), |(a, b), r| (a.min(r.0), b.max(r.1)))
    }

    /// Number of words of the content.
    pub(crate) fn content_len(&self) -> usize {
        self.content.iter().map(|r| r.1 - r.0).sum()
    }
}

/// The pieces of all contents, or the cues, by place: which drafts have one in a range.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// (start, end, draft), by start.
    items: Vec<(usize, usize, usize)>,
    /// The greatest end among the items so far: where a search to the left may stop.
    reach: Vec<usize>,
}

impl Pieces {
    pub(crate) fn new(drafts: &[Draft], of: impl Fn(&Draft) -> &[Range]) -> Self {
        let mut items: Vec<_> = drafts
            .iter()
            .enumerate()
            .flat_map(|(i, d)| of(d).iter().map(move |r| (r.0, r.1, i)))
            .collect();
        items.sort_unstable();
        let mut end = 0;
        let reach = items
            .iter()
            .map(|p| {
                end = end.max(p.1);
                end
            })
            .collect();
        Self { items, reach }
    }

    /// Drafts with a piece that shares a word with `range`; a draft may come more than once.
    pub(crate) fn overlapping(&self, range: Range) -> impl Iterator<Item = usize> + '_ {
        let after = self.items.partition_point(|p| p.0 < range.1);
        (0..after)
            .rev()
            .take_while(move |&k| self.reach[k] > range.0)
            .filter(move |&k| self.items[k].1 > range.0)
            .map(|k| self.items[k].2)
    }
}
