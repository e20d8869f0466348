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
    /// Bytes that should be a model are not, or not one that this release reads.
    #[error("cannot read the model: {reason}")]
    BadModel {
        /// What is wrong with it.
        reason: String,
    },
    /// A file cannot be read or written.
    #[error("{}: {message}", path.display())]
    Io {
        /// The file.
        path: std::path::PathBuf,
        /// What the system says.
        message: String,
        /// Its kind.
        kind: std::io::ErrorKind,
        /// The system's number for it, where it has one.
        number: Option<i32>,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    pub(crate) fn io(path: &std::path::Path, e: &std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            message: e.to_string(),
            kind: e.kind(),
            number: e.raw_os_error(),
        }
    }
}

/// Shorthand for results of the core.
pub type Result<T> = std::result::Result<T, Error>;
