//! Shared by the test programs: case files, and texts that are hard to read.
#![allow(dead_code)] // not every program uses everything

use std::collections::HashSet;

use proptest::prelude::*;
use serde::de::DeserializeOwned;

/// The cases of `tests/cases/{file}.toml`.
///
/// # Panics
/// If the file is missing, has a key that the runner does not know, no case, or a name twice.
pub fn cases<T: DeserializeOwned>(file: &str, name: impl Fn(&T) -> &String) -> Vec<T> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File<T> {
        case: Vec<T>,
    }
    let path = format!("{}/tests/cases/{file}.toml", env!("CARGO_MANIFEST_DIR"));
    let data = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let file: File<T> = toml::from_str(&data).unwrap_or_else(|e| panic!("{path}: {e}"));
    assert!(!file.case.is_empty(), "{path} has no case");
    let mut names = HashSet::new();
    for c in &file.case {
        assert!(
            names.insert(name(c).clone()),
            "{path}: two cases are named {:?}",
            name(c)
        );
    }
    file.case
}

/// Texts made of pieces that are hard to read: marks of all kinds, cues, names, odd characters.
pub fn tricky_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            " ", " ", " ", " ", "\n", "\n\n", "\r\n", "\t", ".", ".", ",", ",", "?", "!", "...", "…", "—", "--", ":", ";",
            "(", ")", "[", "]", "\"", "\"", "“", "”", "„", "‘", "’", "'", "'", "``", "''", "`", "«", "»", "‹", "›", "「", "」",
        ]),
        6 => prop::sample::select(vec![
            "Kim", "Ruth Tan", "he", "she", "who", "the minister", "Mr.", "Dr.", "U.S.", "Oct.", "a.m.", "Jr.", "I", "A", "J.",
            "said", "says", "told reporters", "denied", "according to", "did not say", "asked", "that", "to", "wants", "’s", "s’",
            "’tis", "’90s", "don't", "1,500", "3.5", "6'2\"", "No.", "X", "said:", "but", "and", "claim", "of",
        ]),
        2 => prop::sample::select(vec![
            "İ", "ß", "ﬁ", "e\u{301}", "\u{AD}", "\u{200B}", "\u{200D}", "\u{FEFF}", "\u{0}", "\u{FFFD}", "😀", "👩‍👧", "東京", "שלום", "قال", "Ã©", "\u{2028}", "\u{A0}", "ﷺ",
        ]),
    ];
    let made = prop::collection::vec(piece, 0..60).prop_map(|p| p.concat());
    prop_oneof![4 => made, 1 => ".{0,40}"]
}
