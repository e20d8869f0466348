//! What a text is: words, sentences, paragraphs and quotation marks, found in one pass.
//!
//! Spans are UTF-8 bytes, lie on character borders and slice back to what they name.

mod english;
mod fold;
mod offsets;
mod paragraphs;
mod quotes;
mod sentences;
mod span;
mod words;

pub use fold::fold_hash;
pub(crate) use fold::plain;
pub use offsets::CharOffsets;
pub use span::Span;
pub(crate) use words::{extends, ideograph};

/// The largest text that can be read, in UTF-8 bytes (offsets are `u32`).
pub const MAX_BYTES: usize = u32::MAX as usize - 1;

/// What a word is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WordKind {
    /// Letters (with inner hyphens, apostrophes, full stops of abbreviations): `U.S.`, `Kim`.
    Word,
    /// A number with its inner marks: `1,500`, `3.5`, `90s`, `20th`.
    Number,
    /// A quotation mark (never an apostrophe).
    QuoteMark,
    /// Any other punctuation, one mark a word (a run of full stops or dashes is one).
    Mark,
    /// Anything else: emoji, currency, mathematical and other symbols.
    Symbol,
}

/// One word or mark of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word {
    /// Where it stands.
    pub span: Span,
    /// End of the word without a possessive ending (`Korea` in `Korea’s`); else `span.end`.
    pub core_end: u32,
    /// What it is made of.
    pub kind: WordKind,
    /// Properties of its form, see the constants of [`Shape`].
    pub shape: Shape,
    /// [`fold_hash`] of the word without its possessive ending.
    pub hash: u64,
}

/// Properties of a word's form: a set of flags.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shape(pub u8);

impl Shape {
    /// Begins with a capital letter.
    pub const CAPITAL: Self = Self(1);
    /// Two or more letters, none of them small (`NATO`, `U.S.`).
    pub const ALL_CAPS: Self = Self(2);
    /// Ends in `'s`, `’s`, or an apostrophe after `s` (a contraction such as `it's` looks the same).
    pub const POSSESSIVE: Self = Self(4);
    /// Ends in a full stop that belongs to it (`U.S.`, `Gen.`, `J.`).
    pub const ABBREVIATION: Self = Self(8);
    /// Has a letter that is not ASCII.
    pub const NON_ASCII: Self = Self(16);
    /// White space or the start of the text stands before it.
    pub const SPACE_BEFORE: Self = Self(32);
    /// First word of its sentence (marks not counted).
    pub const SENTENCE_START: Self = Self(64);

    /// Whether any flag of `other` is set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Sets the flags of `other`.
    pub fn set(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What a sentence is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SentenceKind {
    /// Running prose.
    Prose,
    /// A line alone that does not end as a sentence: title, headline, by-line, list line.
    Line,
}

/// A sentence: words `first_word..end_word` of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// Where it stands, without outer white space.
    pub span: Span,
    /// Index of its first word.
    pub first_word: u32,
    /// One past the index of its last word.
    pub end_word: u32,
    /// Index of its paragraph.
    pub paragraph: u32,
    /// Prose or a line alone.
    pub kind: SentenceKind,
}

/// A paragraph: sentences `first_sentence..end_sentence` of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paragraph {
    /// Where it stands, without outer white space.
    pub span: Span,
    /// Index of its first sentence.
    pub first_sentence: u32,
    /// One past the index of its last sentence.
    pub end_sentence: u32,
}

/// Which marks enclose a quotation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum QuoteStyle {
    /// Curly, low and straight double marks, those of typewriters, corner brackets.
    Double,
    /// Curly and straight single marks, single angle marks.
    Single,
    /// « »
    Guillemet,
}

/// A stretch between quotation marks, within one paragraph.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quote {
    /// With its marks (where they are there).
    pub span: Span,
    /// Without its marks, outer white space left out.
    pub inner: Span,
    /// Index of its first word, the opening mark included.
    pub first_word: u32,
    /// One past the index of its last word, the closing mark included.
    pub end_word: u32,
    /// The marks.
    pub style: QuoteStyle,
    /// 0 for an outermost quotation, 1 for one inside it, and so on.
    pub depth: u8,
    /// Whether a closing mark was found; if not, the quotation ends with its paragraph.
    pub closed: bool,
    /// Index of the quotation that this one goes on from: the paragraph before ended unclosed and
    /// this paragraph opens with the mark repeated.
    pub continues: Option<u32>,
}

/// A text, analysed: the shared ground of mentions and attributions.
#[derive(Clone, Debug)]
pub struct Text<'t> {
    /// The text itself.
    pub source: &'t str,
    /// Words and marks in order; they never overlap.
    pub words: Vec<Word>,
    /// Sentences in order; every word is in exactly one.
    pub sentences: Vec<Sentence>,
    /// Paragraphs in order; every sentence is in exactly one.
    pub paragraphs: Vec<Paragraph>,
    /// Quotations, sorted by start; an inner one follows the one it stands in.
    pub quotes: Vec<Quote>,
}

impl<'t> Text<'t> {
    /// Finds words, sentences, paragraphs and quotation marks.
    ///
    /// # Errors
    /// [`crate::Error::TextTooLong`] above [`MAX_BYTES`].
    pub fn new(source: &'t str) -> crate::error::Result<Self> {
        if source.len() > MAX_BYTES {
            return Err(crate::Error::TextTooLong {
                bytes: source.len(),
            });
        }
        let cut = words::cut(source);
        let mut words = cut.words;
        let mut blocks = paragraphs::paragraphs(&words, &cut.breaks);
        let (quotes, roles) = quotes::quotations(source, &mut words, &cut.marks, &mut blocks);
        let (sentences, paragraphs) = sentences::sentences(source, &mut words, &roles, &blocks);
        Ok(Self {
            source,
            words,
            sentences,
            paragraphs,
            quotes,
        })
    }

    /// The characters of word `i`.
    pub fn word(&self, i: usize) -> &'t str {
        self.words[i].span.of(self.source)
    }
}
