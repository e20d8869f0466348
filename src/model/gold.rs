//! Gold documents: JSON Lines with texts and their annotated attributions.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::text::Span;

/// An annotated attribution; spans are UTF-8 bytes of the document's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldAttribution {
    /// What is said.
    pub content: Vec<Span>,
    /// The words that report it.
    pub cue: Vec<Span>,
    /// The words that name who says it.
    pub source: Vec<Span>,
}

/// A text with its attributions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoldDocument {
    /// Its name.
    pub id: String,
    /// The text.
    pub text: String,
    /// Top-level attributions: those that stand in another's content are left out.
    pub attributions: Vec<GoldAttribution>,
}

#[derive(Deserialize)]
struct Row {
    id: serde_json::Value,
    text: String,
    #[serde(default)]
    attributions: Vec<RowAttribution>,
}

#[derive(Deserialize)]
struct RowAttribution {
    #[serde(default)]
    content: Vec<(usize, usize)>,
    #[serde(default)]
    cue: Vec<(usize, usize)>,
    #[serde(default)]
    source: Vec<(usize, usize)>,
}

impl GoldDocument {
    /// Reads documents from JSON Lines whose offsets count code points.
    ///
    /// # Errors
    /// [`Error::BadGold`] names the line that is no document, or whose spans leave its text.
    pub fn parse_lines(lines: &str) -> Result<Vec<Self>> {
        lines
            .lines()
            .enumerate()
            .filter(|(_, l)| !l.trim().is_empty())
            .map(|(n, line)| {
                Self::parse(line).map_err(|reason| Error::BadGold {
                    line: n + 1,
                    reason,
                })
            })
            .collect()
    }

    fn parse(line: &str) -> std::result::Result<Self, String> {
        let row: Row = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let starts: Vec<usize> = row
            .text
            .char_indices()
            .map(|(i, _)| i)
            .chain([row.text.len()])
            .collect();
        let span = |&(a, b): &(usize, usize)| match (starts.get(a), starts.get(b)) {
            (Some(&x), Some(&y)) if a < b => Ok(Span::new(x as u32, y as u32)),
            _ => Err(format!("span {a}..{b} is not within the text")),
        };
        let spans = |list: &[(usize, usize)]| {
            list.iter()
                .map(span)
                .collect::<std::result::Result<Vec<_>, String>>()
        };
        let all = row
            .attributions
            .iter()
            .map(|a| {
                Ok(GoldAttribution {
                    content: spans(&a.content)?,
                    cue: spans(&a.cue)?,
                    source: spans(&a.source)?,
                })
            })
            .collect::<std::result::Result<Vec<_>, String>>()?;
        let nested: Vec<bool> = (0..all.len()).map(|i| is_nested(&all, i)).collect();
        let mut nested = nested.iter();
        let mut attributions = all;
        attributions.retain(|_| !*nested.next().unwrap_or(&false));
        Ok(Self {
            id: row
                .id
                .as_str()
                .map_or_else(|| row.id.to_string(), str::to_owned),
            text: row.text,
            attributions,
        })
    }
}

/// Whether an attribution's cue (its content, without one) stands in the content of another that is
/// longer.
fn is_nested(all: &[GoldAttribution], i: usize) -> bool {
    let length = |a: &GoldAttribution| a.content.iter().map(|s| s.len()).sum::<u32>();
    let Some(&anchor) = all[i].cue.first().or(all[i].content.first()) else {
        return true;
    };
    all.iter().enumerate().any(|(k, a)| {
        k != i
            && a.content.iter().any(|c| c.contains(anchor))
            && (length(a), i) > (length(&all[i]), k)
    })
}
