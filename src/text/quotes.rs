//! Quotation marks: which marks open and close a quotation, and which are apostrophes, inches or
//! minutes.
//!
//! Works paragraph by paragraph with a stack of open quotations, in time linear in the marks. A
//! single mark at the edge of a word may be an apostrophe ('tis, the ministers' offices); that is
//! decided by the marks that follow it in its paragraph. Apostrophes are merged into their word.

use super::english::English;
use super::paragraphs::Block;
use super::words::{measure, small};
use super::{Quote, QuoteStyle, Shape, Span, Word, WordKind};

/// Deeper quotations are not opened.
const MAX_DEPTH: usize = 8;
/// How many marks are looked at to see whether a second opening mark is nested.
const LOOK_AHEAD: usize = 24;

/// What a candidate turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Open,
    Close,
    /// Part of the word before it.
    Trailing,
    /// Part of the word after it.
    Leading,
    /// A mark that belongs to no quotation.
    Stray,
}

/// Which way a mark points by its shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hand {
    Open,
    Close,
    Either,
}

/// What stands directly beside a mark.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Space,
    Letter,
    Digit,
    Quote,
    Bracket,
    Dash,
    Stop,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    word: u32,
    glyph: char,
    style: QuoteStyle,
    hand: Hand,
    left: Side,
    right: Side,
}

impl Mark {
    /// A single mark that may also be an apostrophe.
    fn apostrophe_like(&self) -> bool {
        matches!(self.glyph, '\'' | '’' | '‘' | '`' | '‛')
    }

    fn opens_by_place(&self) -> bool {
        matches!(
            self.left,
            Side::Space | Side::Bracket | Side::Dash | Side::Quote
        ) && !matches!(self.right, Side::Space | Side::Stop)
    }

    fn closes_by_place(&self) -> bool {
        self.left != Side::Space
            && self.left != Side::Bracket
            && !matches!(self.right, Side::Letter | Side::Digit)
    }

    /// A single mark after a stop or dash and before no letter can only close.
    fn strong_close(&self) -> bool {
        matches!(self.glyph, '\'' | '’')
            && matches!(self.left, Side::Stop | Side::Dash | Side::Quote)
            && !matches!(self.right, Side::Letter | Side::Digit)
    }

    fn weak_close(&self) -> bool {
        matches!(self.glyph, '\'' | '’')
            && matches!(self.left, Side::Letter | Side::Digit)
            && !matches!(self.right, Side::Letter | Side::Digit)
    }

    fn single_open(&self) -> bool {
        matches!(self.glyph, '‘' | '\'' | '`') && self.opens_by_place()
    }
}

#[derive(Clone, Copy, Debug)]
struct Open {
    quote: usize,
    mark: usize,
    style: QuoteStyle,
    glyph: char,
}

/// Finds the quotations; merges apostrophes into their words and moves `blocks` along. Gives the
/// quotations, and the role of every mark that stays, by word index.
pub(super) fn quotations(
    source: &str,
    words: &mut Vec<Word>,
    candidates: &[u32],
    blocks: &mut [Block],
) -> (Vec<Quote>, Vec<(u32, Role)>) {
    let mut pass = Pass {
        source,
        words,
        english: English::get(),
        quotes: Vec::new(),
        roles: Vec::with_capacity(candidates.len()),
    };
    let mut unclosed: Option<(usize, QuoteStyle)> = None;
    let mut rest = candidates;
    for block in blocks.iter() {
        let n = rest.partition_point(|&m| m < block.end);
        let (here, after) = rest.split_at(n);
        rest = after;
        unclosed = if here.is_empty() {
            None
        } else {
            pass.paragraph(*block, here, unclosed)
        };
    }
    let Pass {
        mut quotes,
        mut roles,
        ..
    } = pass;
    merge_apostrophes(source, words, &mut roles, &mut quotes, blocks);
    finish(source, words, &mut quotes);
    (quotes, roles)
}

struct Pass<'a, 't> {
    source: &'t str,
    words: &'a [Word],
    english: &'static English,
    /// In the order of opening; `end_word` 0 for those that turned out to be none.
    quotes: Vec<Quote>,
    roles: Vec<(u32, Role)>,
}

impl Pass<'_, '_> {
    fn text(&self, word: usize) -> &str {
        self.words[word].span.of(self.source)
    }

    fn side(&self, block: Block, at: Option<usize>, adjacent: bool) -> Side {
        let Some(k) =
            at.filter(|&k| adjacent && k >= block.first as usize && k < block.end as usize)
        else {
            return Side::Space;
        };
        match self.words[k].kind {
            WordKind::Word => Side::Letter,
            WordKind::Number => Side::Digit,
            WordKind::QuoteMark => Side::Quote,
            WordKind::Symbol => Side::Other,
            WordKind::Mark => match self.text(k).chars().next() {
                Some('.' | ',' | '!' | '?' | ';' | ':' | '…' | '。' | '、') => Side::Stop,
                Some('-' | '–' | '—' | '―') => Side::Dash,
                Some('(' | '[' | '{') => Side::Bracket,
                _ => Side::Other,
            },
        }
    }

    fn mark(&self, block: Block, word: u32) -> Mark {
        let k = word as usize;
        let text = self.text(k);
        let glyph = text.chars().next().unwrap_or('"');
        let (style, hand) = match (glyph, text.len()) {
            ('`', 2) | ('“' | '„' | '‟' | '「' | '『', _) => {
                (QuoteStyle::Double, Hand::Open)
            }
            ('\'', 2) | ('”' | '」' | '』', _) => (QuoteStyle::Double, Hand::Close),
            ('«', _) => (QuoteStyle::Guillemet, Hand::Open),
            ('»', _) => (QuoteStyle::Guillemet, Hand::Close),
            ('‘' | '‚' | '‛' | '‹' | '`', _) => (QuoteStyle::Single, Hand::Open),
            ('’' | '›', _) => (QuoteStyle::Single, Hand::Close),
            ('\'', _) => (QuoteStyle::Single, Hand::Either),
            _ => (QuoteStyle::Double, Hand::Either),
        };
        // `` and '' are no apostrophes.
        let glyph = if text.len() == 2 && text.is_ascii() {
            '"'
        } else {
            glyph
        };
        let spaced = |k: usize| {
            self.words
                .get(k)
                .is_none_or(|w| w.shape.has(Shape::SPACE_BEFORE))
        };
        Mark {
            word,
            glyph,
            style,
            hand,
            left: self.side(block, k.checked_sub(1), !spaced(k)),
            right: self.side(block, Some(k + 1), !spaced(k + 1)),
        }
    }

    /// Settles the marks of one paragraph; gives the outermost quotation that stays open.
    fn paragraph(
        &mut self,
        block: Block,
        candidates: &[u32],
        before: Option<(usize, QuoteStyle)>,
    ) -> Option<(usize, QuoteStyle)> {
        let marks: Vec<Mark> = candidates.iter().map(|&m| self.mark(block, m)).collect();
        let ahead = Ahead::new(&marks);
        let straight = marks
            .iter()
            .filter(|m| m.hand == Hand::Either && m.style == QuoteStyle::Double)
            .count();
        let mut stack: Vec<Open> = Vec::new();
        let mut seen_double = false;
        for i in 0..marks.len() {
            let m = marks[i];
            let at_start = m.word == block.first;
            let mut role = if m.apostrophe_like() {
                self.single(&marks, i, &ahead, &stack, at_start)
            } else {
                Self::double(&marks, i, &stack, straight)
            };
            // The closing mark of a quotation that began in the paragraph before without being
            // opened anew here.
            if role == Role::Stray
                && !seen_double
                && stack.is_empty()
                && m.closes_by_place()
                && before.is_some_and(|b| b.1 == m.style)
                && m.style != QuoteStyle::Single
            {
                let quote = self.push(block.first, block.end, m.style);
                self.quotes[quote].continues = before.map(|b| small(b.0));
                stack.push(Open {
                    quote,
                    mark: i,
                    style: m.style,
                    glyph: m.glyph,
                });
                role = Role::Close;
            }
            seen_double |= m.style != QuoteStyle::Single;
            match role {
                Role::Open if stack.len() >= MAX_DEPTH => role = Role::Stray,
                Role::Open => {
                    if let Some(top) = stack.last().copied()
                        && top.style == m.style
                        && !nested(&marks, i)
                    {
                        // The quotation before lost its closing mark.
                        self.quotes[top.quote].end_word = m.word;
                        stack.pop();
                    }
                    let quote = self.push(m.word, block.end, m.style);
                    if at_start && before.is_some_and(|b| b.1 == m.style) {
                        self.quotes[quote].continues = before.map(|b| small(b.0));
                    }
                    stack.push(Open {
                        quote,
                        mark: i,
                        style: m.style,
                        glyph: m.glyph,
                    });
                }
                Role::Close => match stack.iter().rposition(|o| o.style == m.style) {
                    None => role = Role::Stray,
                    Some(k) => {
                        for inner in stack.drain(k + 1..) {
                            self.quotes[inner.quote].end_word = 0;
                        }
                        if let Some(open) = stack.pop() {
                            self.quotes[open.quote].end_word = m.word + 1;
                            self.quotes[open.quote].closed = true;
                        }
                    }
                },
                _ => {}
            }
            self.roles.push((m.word, role));
        }
        for o in &stack {
            // A single mark that nothing closes is a quotation only at the start of a paragraph.
            if o.style == QuoteStyle::Single && marks[o.mark].word != block.first {
                self.quotes[o.quote].end_word = 0;
            }
        }
        stack
            .iter()
            .find(|o| self.quotes[o.quote].end_word != 0)
            .map(|o| (o.quote, o.style))
    }

    fn push(&mut self, first: u32, end: u32, style: QuoteStyle) -> usize {
        self.quotes.push(Quote {
            span: Span::default(),
            inner: Span::default(),
            first_word: first,
            end_word: end,
            style,
            depth: 0,
            closed: false,
            continues: None,
        });
        self.quotes.len() - 1
    }

    /// Double marks and guillemets.
    fn double(marks: &[Mark], i: usize, stack: &[Open], straight: usize) -> Role {
        let m = &marks[i];
        let open = stack.iter().rfind(|o| o.style == m.style);
        let (opens, closes) = (m.opens_by_place(), m.closes_by_place());
        match (m.hand, open) {
            (Hand::Open, Some(o))
                if matches!(o.glyph, '„' | '‟' | '»' | '‚') || (closes && !opens) =>
            {
                Role::Close
            }
            (Hand::Close, None) if opens && !closes => Role::Open,
            (Hand::Open, _) => Role::Open,
            (Hand::Close, Some(_)) => Role::Close,
            (Hand::Close, None) => Role::Stray,
            (Hand::Either, open) => {
                let left_over = marks[i + 1..]
                    .iter()
                    .take(LOOK_AHEAD)
                    .filter(|n| n.hand == Hand::Either && n.style == m.style)
                    .count();
                let inches = m.left == Side::Digit && m.right != Side::Letter;
                match open {
                    None if inches || (closes && !opens) => Role::Stray,
                    None => Role::Open,
                    Some(_) if inches && left_over % 2 == 1 && m.right == Side::Space => {
                        Role::Stray
                    }
                    Some(_) if opens && !closes && straight % 2 == 1 => Role::Open,
                    Some(_) => Role::Close,
                }
            }
        }
    }

    /// Single marks: a mark or an apostrophe?
    fn single(
        &self,
        marks: &[Mark],
        i: usize,
        ahead: &Ahead,
        stack: &[Open],
        at_start: bool,
    ) -> Role {
        let m = &marks[i];
        let open = stack.iter().any(|o| o.style == QuoteStyle::Single);
        let top_single = stack.last().is_some_and(|o| o.style == QuoteStyle::Single);
        let strong = ahead.strong[i];
        let weak = ahead.weak[i];
        let before_opener = |c: usize| c < marks.len() && c <= ahead.opener[i];
        match (m.left, m.right) {
            (Side::Digit, Side::Letter | Side::Digit) => Role::Stray,
            (Side::Letter, Side::Letter | Side::Digit) if m.glyph != '‘' => Role::Trailing,
            (
                Side::Letter | Side::Digit,
                Side::Space | Side::Stop | Side::Quote | Side::Bracket | Side::Dash | Side::Other,
            ) => {
                let word = self.text(m.word as usize - 1);
                let (ends_in_s, elided) =
                    (word.ends_with(['s', 'S']), self.english.is_elided_end(word));
                let apostrophe = if m.left == Side::Digit && !ends_in_s {
                    Role::Stray
                } else {
                    Role::Trailing
                };
                if !open {
                    return apostrophe;
                }
                let next_lower = m.right == Side::Space
                    && self
                        .words
                        .get(m.word as usize + 1)
                        .is_some_and(|w| w.kind == WordKind::Word);
                let closes_later = before_opener(strong) || before_opener(weak);
                if next_lower && closes_later && (ends_in_s || elided) {
                    Role::Trailing
                } else {
                    Role::Close
                }
            }
            (left, Side::Letter | Side::Digit) if left != Side::Stop || m.glyph == '‘' => {
                let word = self.text(m.word as usize + 1);
                if self.english.is_elision(word) && (open || !before_opener(strong)) {
                    return Role::Leading;
                }
                match m.glyph {
                    '’' if at_start && strong < marks.len() => Role::Open,
                    '’' => Role::Leading,
                    '\'' if top_single => Role::Leading,
                    '\'' if at_start || before_opener(strong) || before_opener(weak) => Role::Open,
                    '\'' => Role::Leading,
                    _ => Role::Open,
                }
            }
            (Side::Space, Side::Space) => {
                if open && m.glyph != '‘' {
                    Role::Close
                } else {
                    Role::Stray
                }
            }
            (Side::Space | Side::Bracket, _) if m.glyph != '’' => Role::Open,
            _ if m.glyph == '‘' => {
                if open {
                    Role::Close
                } else {
                    Role::Stray
                }
            }
            _ if top_single || (open && !ahead.double_close[i]) => Role::Close,
            _ => Role::Stray,
        }
    }
}

/// For each mark, where in its paragraph the next marks of a kind stand (`marks.len()` for none).
struct Ahead {
    strong: Vec<usize>,
    weak: Vec<usize>,
    opener: Vec<usize>,
    /// Whether a mark that closes a double quotation follows.
    double_close: Vec<bool>,
}

impl Ahead {
    fn new(marks: &[Mark]) -> Self {
        let n = marks.len();
        let mut ahead = Self {
            strong: vec![n; n],
            weak: vec![n; n],
            opener: vec![n; n],
            double_close: vec![false; n],
        };
        let (mut strong, mut weak, mut opener, mut double) = (n, n, n, false);
        for i in (0..n).rev() {
            ahead.strong[i] = strong;
            ahead.weak[i] = weak;
            ahead.opener[i] = opener;
            ahead.double_close[i] = double;
            let m = &marks[i];
            if m.strong_close() {
                strong = i;
            }
            if m.weak_close() {
                weak = i;
            }
            if m.single_open() {
                opener = i;
            }
            double |= m.style != QuoteStyle::Single && m.hand != Hand::Open;
        }
        ahead
    }
}

/// Whether the opening mark `i`, inside a quotation of its own style, is closed before that one:
/// two closing marks follow with no other opening mark between them.
fn nested(marks: &[Mark], i: usize) -> bool {
    let style = marks[i].style;
    if marks[i].hand == Hand::Either {
        return false;
    }
    let mut depth = 2_i32;
    for m in marks[i + 1..]
        .iter()
        .filter(|m| m.style == style)
        .take(LOOK_AHEAD)
    {
        match m.hand {
            Hand::Open => depth += 1,
            _ if m.style == QuoteStyle::Single && !m.strong_close() => {}
            _ => depth -= 1,
        }
        if depth == 0 {
            return true;
        }
        if depth > 2 {
            return false;
        }
    }
    false
}

/// Joins apostrophes to their words, and moves all word indices along.
fn merge_apostrophes(
    source: &str,
    words: &mut Vec<Word>,
    roles: &mut Vec<(u32, Role)>,
    quotes: &mut [Quote],
    blocks: &mut [Block],
) {
    let joins = |r: &(u32, Role)| matches!(r.1, Role::Trailing | Role::Leading);
    if !roles.iter().any(joins) {
        return;
    }
    // place[k]: index of word k once the joined marks are gone.
    let mut place = Vec::with_capacity(words.len() + 1);
    let mut gone = roles.iter().filter(|r| joins(r)).peekable();
    let mut out = 0_u32;
    for k in 0..=small(words.len()) {
        place.push(out);
        if gone.next_if(|g| g.0 == k).is_none() {
            out += 1;
        }
    }
    for &(k, role) in roles.iter() {
        let k = k as usize;
        match role {
            Role::Trailing => {
                let end = words[k].span.end;
                let word = &mut words[k - 1];
                if word.shape.has(Shape::POSSESSIVE) || word.span.of(source).ends_with(['s', 'S']) {
                    word.shape.set(Shape::POSSESSIVE);
                }
                word.span.end = end;
            }
            Role::Leading => {
                let mark = words[k];
                let word = &mut words[k + 1];
                word.span.start = mark.span.start;
                if mark.shape.has(Shape::SPACE_BEFORE) {
                    word.shape.set(Shape::SPACE_BEFORE);
                }
                let core = &source[word.span.start as usize..word.core_end as usize];
                let first = core.chars().nth(1).unwrap_or(' ');
                word.hash = measure(core, first, &mut word.shape);
            }
            _ => {}
        }
    }
    let mut k = 0;
    words.retain(|_| {
        let stays = place[k + 1] > place[k];
        k += 1;
        stays
    });
    roles.retain(|r| !joins(r));
    for r in roles.iter_mut() {
        r.0 = place[r.0 as usize];
    }
    for q in quotes.iter_mut() {
        q.first_word = place[q.first_word as usize];
        q.end_word = place[q.end_word as usize];
    }
    for b in blocks.iter_mut() {
        b.first = place[b.first as usize];
        b.end = place[b.end as usize];
    }
}

/// Drops what is no quotation, sorts, and sets spans and depths.
fn finish(source: &str, words: &[Word], quotes: &mut Vec<Quote>) {
    let mut order: Vec<usize> = (0..quotes.len())
        .filter(|&k| quotes[k].end_word > quotes[k].first_word)
        .collect();
    order.sort_by_key(|&k| (quotes[k].first_word, std::cmp::Reverse(quotes[k].end_word)));
    let mut place = vec![None; quotes.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = Some(small(new));
    }
    let mut open: Vec<u32> = Vec::new();
    *quotes = order
        .iter()
        .map(|&k| {
            let mut q = quotes[k];
            q.continues = q.continues.and_then(|c| place[c as usize]);
            let (first, last) = (words[q.first_word as usize], words[q.end_word as usize - 1]);
            q.span = Span::new(first.span.start, last.span.end);
            let start = if first.kind == WordKind::QuoteMark {
                first.span.end
            } else {
                first.span.start
            };
            let end = if q.closed {
                last.span.start
            } else {
                last.span.end
            };
            q.inner = trim(source, Span::new(start, end.max(start)));
            while open.last().is_some_and(|&e| e <= q.first_word) {
                open.pop();
            }
            q.depth = u8::try_from(open.len()).unwrap_or(u8::MAX);
            open.push(q.end_word);
            q
        })
        .collect();
}

fn trim(source: &str, span: Span) -> Span {
    let text = span.of(source);
    let left = text.len() - text.trim_start().len();
    let right = text.len() - text.trim_end().len();
    if left == text.len() {
        Span::new(span.start, span.start)
    } else {
        Span::new(span.start + small(left), span.end - small(right))
    }
}
