//! *Who said what, about whom*: gazetteer matching and quote attribution over large text corpora.
//!
//! The way through the crate: [`text`] finds words, sentences and quotation marks; [`gazetteer`]
//! finds known names; [`attribution`] finds cues, sources and contents; [`speakers`] says who a
//! source is; [`corpus`] does all of it for many texts in parallel. `src/README.md` has the map.
//!
//! ```
//! # fn main() -> Result<(), quoth::Error> {
//! let who = quoth::Attributor::default();
//! let text = "“The bridge is safe,” Mayor Ann Lee told reporters.";
//! let doc = who.read(text)?;
//! let said = &doc.attributions[0];
//! assert_eq!(said.content[0].of(text), "“The bridge is safe,”");
//! assert_eq!(said.speaker.map(|s| doc.speakers[s as usize].name.as_str()), Some("Ann Lee"));
//! # Ok(())
//! # }
//! ```

pub mod attribution;
pub mod attributor;
pub mod corpus;
pub mod error;
pub mod gazetteer;
pub mod model;
mod prefetch;
pub mod speakers;
pub mod text;

pub use attribution::{Attribution, AttributionType, Class, Polarity};
pub use attributor::{Attributor, AttributorOptions, Document};
pub use error::Error;
pub use gazetteer::{Entry, Gazetteer, Mention};
pub use model::Model;
pub use speakers::Speaker;
pub use text::{Span, Text};
