//! Where sentences end.

use super::english::English;
use super::paragraphs::Block;
use super::quotes::Role;
use super::words::{ideograph, small};
use super::{Paragraph, Sentence, SentenceKind, Shape, Span, Word, WordKind};

/// A paragraph of one sentence without a final stop and at most this many words is a line.
const LINE_WORDS: u32 = 30;

/// Cuts paragraphs into sentences and flags the first word of each.
pub(super) fn sentences(
    source: &str,
    words: &mut [Word],
    roles: &[(u32, Role)],
    blocks: &[Block],
) -> (Vec<Sentence>, Vec<Paragraph>) {
    let mut out = Vec::with_capacity(words.len() / 20 + blocks.len());
    let mut paragraphs = Vec::with_capacity(blocks.len());
    for (p, block) in blocks.iter().enumerate() {
        let first_sentence = out.len();
        let cutter = Cutter {
            source,
            words,
            roles,
            english: English::get(),
            block: *block,
        };
        cutter.cut(small(p), &mut out);
        let found: &mut [Sentence] = &mut out[first_sentence..];
        if let [only] = found
            && only.end_word - only.first_word <= LINE_WORDS
            && !cutter.stopped(only.end_word as usize)
        {
            only.kind = SentenceKind::Line;
        }
        paragraphs.push(Paragraph {
            span: Span::new(
                words[block.first as usize].span.start,
                words[block.end as usize - 1].span.end,
            ),
            first_sentence: small(first_sentence),
            end_sentence: small(out.len()),
        });
    }
    for s in &out {
        let range = s.first_word as usize..s.end_word as usize;
        if let Some(w) = words[range]
            .iter_mut()
            .find(|w| matches!(w.kind, WordKind::Word | WordKind::Number))
        {
            w.shape.set(Shape::SENTENCE_START);
        }
    }
    (out, paragraphs)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// .
    Full,
    /// ! ?
    Cry,
    /// … or ...
    Ellipsis,
    /// The full stop of an abbreviation.
    Abbreviation,
}

struct Cutter<'a> {
    source: &'a str,
    words: &'a [Word],
    roles: &'a [(u32, Role)],
    english: &'static English,
    block: Block,
}

impl Cutter<'_> {
    fn cut(&self, paragraph: u32, out: &mut Vec<Sentence>) {
        let mut first = self.block.first as usize;
        let end = self.block.end as usize;
        let mut k = first;
        while k < end {
            if let Some(stop) = self.stop(k) {
                let next = self.after_closers(k + 1);
                if next < end && self.begins(stop, k, next) {
                    out.push(self.sentence(first, next, paragraph));
                    first = next;
                    k = next;
                    continue;
                }
            }
            k += 1;
        }
        out.push(self.sentence(first, end, paragraph));
    }

    fn sentence(&self, first: usize, end: usize, paragraph: u32) -> Sentence {
        Sentence {
            span: Span::new(self.words[first].span.start, self.words[end - 1].span.end),
            first_word: small(first),
            end_word: small(end),
            paragraph,
            kind: SentenceKind::Prose,
        }
    }

    fn text(&self, k: usize) -> &str {
        self.words[k].span.of(self.source)
    }

    #[inline]
    fn stop(&self, k: usize) -> Option<Stop> {
        let w = &self.words[k];
        match w.kind {
            WordKind::Mark => match self.source.as_bytes()[w.span.start as usize] {
                b'.' if w.span.len() > 1 => Some(Stop::Ellipsis),
                b'.' => Some(Stop::Full),
                b'!' | b'?' => Some(Stop::Cry),
                128.. => match self.text(k) {
                    "…" => Some(Stop::Ellipsis),
                    "。" | "।" | "۔" => Some(Stop::Full),
                    "！" | "？" | "‽" | "؟" => Some(Stop::Cry),
                    _ => None,
                },
                _ => None,
            },
            WordKind::Word if w.shape.has(Shape::ABBREVIATION) => Some(Stop::Abbreviation),
            _ => None,
        }
    }

    fn role(&self, k: usize) -> Option<Role> {
        if self.words[k].kind != WordKind::QuoteMark {
            return None;
        }
        let at = self.roles.binary_search_by_key(&small(k), |r| r.0).ok()?;
        Some(self.roles[at].1)
    }

    /// The first word from `k` on that is no closing mark or bracket or further stop.
    fn after_closers(&self, mut k: usize) -> usize {
        while k < self.block.end as usize {
            let closes = match self.role(k) {
                Some(Role::Close) => true,
                Some(_) => false,
                None => {
                    let w = &self.words[k];
                    w.kind == WordKind::Mark
                        && !w.shape.has(Shape::SPACE_BEFORE)
                        && (matches!(self.text(k), ")" | "]" | "}") || self.stop(k).is_some())
                }
            };
            if !closes {
                break;
            }
            k += 1;
        }
        k
    }

    /// Whether a sentence begins at word `next`, after the stop `k` and what closes with it.
    fn begins(&self, stop: Stop, k: usize, next: usize) -> bool {
        let w = &self.words[next];
        let quoted = next > k + 1;
        let spaced = w.shape.has(Shape::SPACE_BEFORE)
            || self.source[..w.span.start as usize]
                .chars()
                .next_back()
                .is_some_and(|c| matches!(c, '。' | '！' | '？' | '」' | '』'));
        let head = match w.kind {
            WordKind::QuoteMark => match self.role(next) {
                Some(Role::Open) => {
                    return spaced
                        && (stop != Stop::Abbreviation || self.ends_sentence(k, next + 1))
                        && self.words.get(next + 1).is_none_or(|n| self.not_lower(n));
                }
                _ => return false,
            },
            WordKind::Mark if matches!(self.text(next), "(" | "[" | "•" | "*") => next + 1,
            WordKind::Mark if matches!(self.text(next), "-" | "–" | "—" | "--") => {
                return spaced
                    && !quoted
                    && stop != Stop::Abbreviation
                    && self
                        .words
                        .get(next + 1)
                        .is_some_and(|n| n.shape.has(Shape::CAPITAL));
            }
            WordKind::Mark => return false,
            WordKind::Symbol => return spaced && stop != Stop::Abbreviation,
            WordKind::Word | WordKind::Number => next,
        };
        let Some(h) = self.words[..self.block.end as usize].get(head) else {
            return false;
        };
        if !self.not_lower(h) {
            return false;
        }
        let unspaced = stop != Stop::Abbreviation
            && h.shape.has(Shape::CAPITAL)
            && !quoted
            && self.follows_small_word(k);
        if !spaced && !unspaced {
            return false;
        }
        match stop {
            Stop::Full => !self.is_list_number(k),
            Stop::Ellipsis => true,
            Stop::Cry => !(quoted && self.is_tag(next)),
            Stop::Abbreviation => self.ends_sentence(k, head),
        }
    }

    /// "end.Next": a stop without a space ends a sentence after a word in small letters.
    fn follows_small_word(&self, k: usize) -> bool {
        let Some(before) = k.checked_sub(1).map(|b| &self.words[b]) else {
            return false;
        };
        before.kind == WordKind::Word && !before.shape.has(Shape::CAPITAL) && before.span.len() > 1
    }

    /// A capital, a number, or a letter of a script without case.
    fn not_lower(&self, w: &Word) -> bool {
        match w.kind {
            WordKind::Number => true,
            WordKind::Word => {
                w.shape.has(Shape::CAPITAL)
                    || w.span
                        .of(self.source)
                        .trim_start_matches(['\'', '’', '‘'])
                        .chars()
                        .next()
                        .is_some_and(|c| !c.is_lowercase() || ideograph(c))
            }
            _ => true,
        }
    }

    /// Whether the sentence ends with the abbreviation `k`, given the word `head` that follows.
    fn ends_sentence(&self, k: usize, head: usize) -> bool {
        use super::english::Abbreviation as A;
        let text = self.text(k);
        let bare = text.trim_end_matches('.');
        if bare.len() == 1 {
            return false;
        }
        let kind = self.english.abbreviation(bare);
        if matches!(kind, Some(A::Title | A::Inner | A::Numbered)) {
            return false;
        }
        // J.K. before a name.
        let Some(h) = self.words.get(head) else {
            return false;
        };
        h.kind == WordKind::Word
            && h.shape.has(Shape::CAPITAL)
            && self.english.starts_sentence(h.hash)
    }

    /// "1." at the start of a paragraph.
    fn is_list_number(&self, k: usize) -> bool {
        k > 0 && k - 1 == self.block.first as usize && self.words[k - 1].kind == WordKind::Number
    }

    /// Whether a tag such as `Graham asked` follows a quoted question: a name and a verb of saying.
    fn is_tag(&self, next: usize) -> bool {
        let end = (next + 6).min(self.block.end as usize);
        let first = &self.words[next];
        if self.english.starts_sentence(first.hash) {
            return false;
        }
        self.words[next..end]
            .iter()
            .take_while(|w| w.kind == WordKind::Word)
            .skip(1)
            .any(|w| self.english.is_tag_verb(w.hash))
    }

    /// Whether the paragraph's last sentence ends in a stop, colon or comma.
    fn stopped(&self, end: usize) -> bool {
        let last = (self.block.first as usize..end).rev().find(|&k| {
            self.words[k].kind != WordKind::QuoteMark && !matches!(self.text(k), ")" | "]")
        });
        last.is_some_and(|k| self.stop(k).is_some() || matches!(self.text(k), ":" | ";" | ","))
    }
}
