//! Any names and any text: the fast scan finds what cutting the whole text exactly finds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoth::gazetteer::{CasePolicy, GazetteerBuilder, GazetteerOptions};
use quoth::{Entry, Gazetteer};

/// A name without a word: with it every unit of a text is looked at.
const WORDLESS: &str = "\u{E000}";

fuzz_target!(|data: &[u8]| {
    let Some((&flags, rest)) = data.split_first() else {
        return;
    };
    let all = String::from_utf8_lossy(rest).replace(WORDLESS, "");
    // Names are the first lines, up to an empty one.
    let (names, text) = all.split_once("\n\n").unwrap_or((&all, &all));
    let options = GazetteerOptions {
        case: [CasePolicy::Fold, CasePolicy::Exact, CasePolicy::Smart][flags as usize % 3],
        fold_accents: flags & 64 != 0,
        overlapping: flags & 128 != 0,
        plural: flags & 32 != 0,
        derive: flags & 16 != 0,
        max_edits: flags / 3 & 1,
        whole_words: flags & 31 != 31,
        ..GazetteerOptions::default()
    };
    let build = |more: Option<&str>| -> Gazetteer {
        let mut builder = GazetteerBuilder::new(options.clone());
        for (n, name) in names.lines().chain(more).enumerate() {
            // Names that hold nothing to search for are refused.
            let _ = builder.push(&Entry {
                id: n.to_string(),
                name: name.to_owned(),
                label: ["PERSON", "ORG", "GPE"][n % 3].to_owned(),
                related: vec![(n / 2).to_string()],
                ..Entry::default()
            });
        }
        builder.build().expect("few names")
    };
    let fast = build(None).find(text).expect("a small text");
    let exact = build(Some(WORDLESS)).find(text).expect("a small text");
    assert_eq!(fast, exact, "{names:?} in {text:?}");
    for m in &fast {
        assert!(!m.span.of(text).is_empty() && !m.entries.is_empty());
    }
});
