//! The text layer: cases of tests/cases/{words,sentences,quotes}.toml, and properties that hold for
//! every text.

mod common;

use common::{cases, tricky_text};
use proptest::prelude::*;
use quoth::Text;
use quoth::text::{CharOffsets, SentenceKind};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordCase {
    name: String,
    text: String,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentenceCase {
    name: String,
    text: String,
    sentences: Vec<String>,
    #[serde(default)]
    lines: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuoteCase {
    name: String,
    text: String,
    #[serde(default)]
    unclosed: usize,
    #[serde(default)]
    continued: usize,
}

fn read(text: &str) -> Text<'_> {
    Text::new(text).expect("the text is small")
}

#[test]
fn words() {
    for c in cases::<WordCase>("words", |c| &c.name) {
        let text = read(&c.text);
        let words: Vec<&str> = text.words.iter().map(|w| w.span.of(&c.text)).collect();
        assert_eq!(words, c.words, "{}", c.name);
    }
}

#[test]
fn sentences() {
    for c in cases::<SentenceCase>("sentences", |c| &c.name) {
        let text = read(&c.text);
        let found: Vec<&str> = text.sentences.iter().map(|s| s.span.of(&c.text)).collect();
        assert_eq!(found, c.sentences, "{}", c.name);
        let lines: Vec<&str> = text
            .sentences
            .iter()
            .filter(|s| s.kind == SentenceKind::Line)
            .map(|s| s.span.of(&c.text))
            .collect();
        assert_eq!(lines, c.lines, "lines of {}", c.name);
    }
}

#[test]
fn quotes() {
    for c in cases::<QuoteCase>("quotes", |c| &c.name) {
        let plain = c.text.replace(['⟦', '⟧'], "");
        let text = read(&plain);
        // Put the marks back where quotations were found. An unclosed one ends before the white
        // space that ends its paragraph or that stands before the next mark.
        let mut marks: Vec<(u32, i32, char)> = Vec::new();
        for (k, q) in text.quotes.iter().enumerate() {
            let k = i32::try_from(k).expect("few");
            marks.push((q.span.start, 1 + k, '⟦'));
            marks.push((q.span.end, -1 - k, '⟧'));
        }
        marks.sort_unstable();
        let mut shown = plain.clone();
        for &(at, _, mark) in marks.iter().rev() {
            shown.insert(at as usize, mark);
        }
        let tidy = |s: &str| s.replace(" ⟧", "⟧ ").replace("⟧ ⟦", "⟧⟦");
        assert_eq!(tidy(&shown), tidy(&c.text), "{}", c.name);
        assert_eq!(
            text.quotes.iter().filter(|q| !q.closed).count(),
            c.unclosed,
            "unclosed of {}",
            c.name
        );
        assert_eq!(
            text.quotes.iter().filter(|q| q.continues.is_some()).count(),
            c.continued,
            "continued of {}",
            c.name
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn spans_slice_back_and_cover(source in tricky_text()) {
        let text = read(&source);
        let mut at = 0;
        for w in &text.words {
            prop_assert!(w.span.start >= at && w.span.end > w.span.start);
            prop_assert!(w.core_end >= w.span.start && w.core_end <= w.span.end);
            let _ = w.span.of(&source);
            let _ = &source[w.span.start as usize..w.core_end as usize];
            // Nothing is lost: what stands between words is no letter and no visible mark.
            prop_assert!(!source[at as usize..w.span.start as usize].contains(|c: char| c.is_alphanumeric() || c.is_ascii_punctuation()));
            at = w.span.end;
        }
        prop_assert!(!source[at as usize..].contains(|c: char| c.is_alphanumeric() || c.is_ascii_punctuation()));
        let (mut word, mut sentence) = (0, 0);
        for s in &text.sentences {
            prop_assert_eq!(s.first_word, word);
            prop_assert!(s.end_word > word);
            word = s.end_word;
            prop_assert_eq!(s.span.start, text.words[s.first_word as usize].span.start);
            prop_assert_eq!(s.span.end, text.words[s.end_word as usize - 1].span.end);
        }
        prop_assert_eq!(word as usize, text.words.len());
        for p in &text.paragraphs {
            prop_assert_eq!(p.first_sentence, sentence);
            prop_assert!(p.end_sentence > sentence);
            sentence = p.end_sentence;
            let _ = p.span.of(&source);
        }
        prop_assert_eq!(sentence as usize, text.sentences.len());
    }

    #[test]
    fn quotations_nest(source in tricky_text()) {
        let text = read(&source);
        for (k, q) in text.quotes.iter().enumerate() {
            prop_assert!(q.first_word < q.end_word && q.end_word as usize <= text.words.len());
            let _ = (q.span.of(&source), q.inner.of(&source));
            prop_assert!(q.span.contains(q.inner));
            for p in &text.quotes[..k] {
                prop_assert!(p.first_word <= q.first_word);
                prop_assert!(p.end_word <= q.first_word || p.end_word >= q.end_word, "quotations overlap");
            }
            if let Some(c) = q.continues {
                prop_assert!((c as usize) < k && !text.quotes[c as usize].closed);
            }
        }
    }

    #[test]
    fn code_points_slice_back(source in tricky_text()) {
        let text = read(&source);
        let offsets = CharOffsets::new(&source);
        let chars: Vec<char> = source.chars().collect();
        for w in &text.words {
            let s = offsets.span(w.span);
            let word: String = chars[s.start as usize..s.end as usize].iter().collect();
            prop_assert_eq!(word, w.span.of(&source));
        }
    }
}
