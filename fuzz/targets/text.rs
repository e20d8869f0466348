//! Any string: words, sentences and quotation marks keep their promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoth::Text;

fuzz_target!(|data: &[u8]| {
    let source = String::from_utf8_lossy(data);
    let text = Text::new(&source).expect("shorter than 4 GiB");
    let mut end = 0;
    for w in &text.words {
        assert!(
            w.span.start >= end && !w.span.is_empty(),
            "words overlap or are empty"
        );
        assert!(w.core_end > w.span.start && w.core_end <= w.span.end);
        assert!(!w.span.of(&source).is_empty());
        end = w.span.end;
    }
    let mut next = 0;
    for s in &text.sentences {
        assert_eq!(s.first_word, next, "sentences leave words out");
        assert!(s.end_word > s.first_word);
        assert!(s.span.of(&source).len() >= 1);
        next = s.end_word;
    }
    assert_eq!(next as usize, text.words.len());
    for q in &text.quotes {
        assert!(q.first_word < q.end_word && q.end_word as usize <= text.words.len());
        assert!(q.span.contains(q.inner) || q.inner.is_empty());
        let _ = q.inner.of(&source);
    }
});
