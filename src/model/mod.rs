//! Models that are learned, and their files; they know no language.

pub(crate) mod crf;
pub(crate) mod file;
