//! The one error type of the core; every variant says what was wrong and where.

/// What can go wrong in the core. Texts never fail except by their size; arguments can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A text is longer than offsets can say.
    #[error("text has {bytes} bytes; at most {max} can be read", max = crate::text::MAX_BYTES)]
    TextTooLong {
        /// The text's size in UTF-8 bytes.
        bytes: usize,
    },
    /// An entry of a gazetteer cannot be used.
    #[error("entry {row}: {reason}")]
    BadEntry {
        /// Position of the entry in the input, from 0.
        row: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// More entries or names than the index can number.
    #[error("a gazetteer holds at most {max} {what}")]
    GazetteerTooLarge {
        /// What there are too many of.
        what: &'static str,
        /// The limit.
        max: usize,
    },
    /// An option has a value outside its range.
    #[error("{option} must be {expected}, got {got}")]
    BadOption {
        /// The option's name, as the user writes it.
        option: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// What was given.
        got: String,
    },
    /// Bytes that should be a saved gazetteer are not, or not one that this release reads.
    #[error("cannot read the saved gazetteer: {reason}")]
    BadFile {
        /// What is wrong with it.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

/// Shorthand for results of the core.
pub type Result<T> = std::result::Result<T, Error>;
