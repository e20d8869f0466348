//! *Who said what, about whom*: gazetteer matching and quote attribution over large text corpora.
//!
//! The way through the crate: [`text`] finds words, sentences and quotation marks; [`gazetteer`]
//! finds known names; [`attribution`] finds cues, sources and contents; [`speakers`] says who a
//! source is; [`corpus`] does all of it for many texts in parallel. `src/README.md` has the map.

pub mod attribution;
pub mod attributor;
pub mod corpus;
pub mod error;
pub mod gazetteer;
pub mod speakers;
pub mod text;

pub use attribution::{Attribution, AttributionType, Class, Polarity};
pub use attributor::{Attributor, AttributorOptions, Document};
pub use error::Error;
pub use gazetteer::{Entry, Gazetteer, Mention};
pub use speakers::Speaker;
pub use text::{Span, Text};
