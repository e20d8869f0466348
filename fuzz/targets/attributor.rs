//! Any string: spans slice back, indices point to something, roles do not overlap.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use quoth::gazetteer::GazetteerOptions;
use quoth::{Attributor, Entry, Gazetteer};

static ATTRIBUTOR: LazyLock<Attributor> = LazyLock::new(|| {
    let entry = |id: &str, name: &str| Entry {
        id: id.to_owned(),
        name: name.to_owned(),
        label: "PERSON".to_owned(),
        ..Entry::default()
    };
    let entries = [
        entry("1", "Ruth Tan"),
        entry("2", "Tan"),
        entry("3", "U.S."),
        entry("4", "İ ß"),
    ];
    let gazetteer = Gazetteer::new(entries, &GazetteerOptions::default()).expect("entries");
    Attributor::new(
        Some(Arc::new(gazetteer)),
        quoth::AttributorOptions::default(),
    )
});

fuzz_target!(|data: &[u8]| {
    let source = String::from_utf8_lossy(data);
    let d = ATTRIBUTOR.read(&source).expect("shorter than 4 GiB");
    for m in &d.mentions {
        assert!(!m.span.of(&source).is_empty());
    }
    for (i, a) in d.attributions.iter().enumerate() {
        assert!(!a.content.is_empty());
        for s in a
            .content
            .iter()
            .chain(&a.cue)
            .chain(&a.source)
            .chain(&a.addressee)
        {
            assert!(!s.of(&source).is_empty());
        }
        for c in &a.content {
            assert!(
                a.cue.iter().chain(&a.source).all(|s| !s.overlaps(*c)),
                "roles overlap"
            );
        }
        assert!((0.0..=1.0).contains(&a.score));
        assert!(
            a.parent
                .is_none_or(|p| (p as usize) < d.attributions.len() && p as usize != i)
        );
        assert!(a.speaker.is_none_or(|s| (s as usize) < d.speakers.len()));
    }
    for s in &d.speakers {
        assert!(s.mentions.iter().all(|m| !m.of(&source).is_empty()));
    }
});
