//! Attributions and speakers: cases of tests/cases/attribution.toml, and properties of every text.

mod common;

use common::{cases, tricky_text};
use proptest::prelude::*;
use quoth::attribution::{attribute, attribute_quotations};
use quoth::corpus::Pool;
use quoth::gazetteer::GazetteerOptions;
use quoth::{
    Attribution, AttributionType, Attributor, AttributorOptions, Document, Entry, Gazetteer, Span,
    Text,
};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    expect: Vec<String>,
}

/// Takes the marks out of a text; gives each mark's role and number and its span.
fn marked(text: &str) -> (String, Vec<(String, Span)>) {
    let (mut plain, mut open, mut spans) = (String::new(), Vec::new(), Vec::new());
    let mut rest = text.chars();
    let at = |s: &str| u32::try_from(s.len()).expect("small");
    while let Some(c) = rest.next() {
        match c {
            '⟦' => {
                let tag: String = rest.by_ref().take_while(|&c| c != ' ').collect();
                open.push((tag, at(&plain)));
            }
            '⟧' => {
                let (tag, start) = open.pop().expect("an open mark");
                spans.push((tag, Span::new(start, at(&plain))));
            }
            c => plain.push(c),
        }
    }
    spans.sort_by_key(|s| s.1);
    (plain, spans)
}

fn describe(text: &str, d: &Document, a: &Attribution) -> String {
    let mut s = format!("{:?} {:?} {:?}", a.kind, a.class, a.polarity).to_lowercase();
    if let Some(p) = a.parent {
        s += &format!(" in {}", p + 1);
    }
    if let Some(to) = a.addressee {
        s += &format!(" to {}", to.of(text));
    }
    if let Some(speaker) = a.speaker {
        s += &format!(" = {}", d.speakers[speaker as usize].name);
    }
    s
}

#[test]
fn attributions() {
    let attributor = Attributor::default();
    for c in cases::<Case>("attribution", |c| &c.name) {
        let (text, marks) = marked(&c.text);
        let d = attributor.read(&text).expect("a small text");
        let found: Vec<String> = d
            .attributions
            .iter()
            .map(|a| describe(&text, &d, a))
            .collect();
        let mut roles: Vec<(String, Span)> = Vec::new();
        for (i, a) in d.attributions.iter().enumerate() {
            for (role, spans) in [("x", &a.content), ("c", &a.cue), ("s", &a.source)] {
                roles.extend(spans.iter().map(|s| (format!("{role}{}", i + 1), *s)));
            }
        }
        roles.sort_by_key(|r| r.1);
        let show = |v: &[(String, Span)]| {
            let mut v: Vec<String> = v
                .iter()
                .map(|(r, s)| format!("{r} {:?}", s.of(&text)))
                .collect();
            v.sort();
            v
        };
        assert_eq!(show(&roles), show(&marks), "{}", c.name);
        assert_eq!(found, c.expect, "{}", c.name);
    }
}

fn gazetteer() -> Arc<Gazetteer> {
    let entry = |id: &str, label: &str, name: &str, alias: &str| Entry {
        id: id.into(),
        label: label.into(),
        name: name.into(),
        names: vec![alias.into()],
        ..Entry::default()
    };
    let entries = [
        entry("Q1", "PERSON", "Ruth Tan", "Tan"),
        entry("Q2", "PERSON", "Kim Jong Un", "Kim"),
        entry("Q3", "GPE", "United States", "U.S."),
    ];
    Arc::new(Gazetteer::new(entries, &GazetteerOptions::default()).expect("good entries"))
}

#[test]
fn speakers_are_linked_to_entries() {
    let attributor = Attributor::new(Some(gazetteer()), AttributorOptions::default());
    let text = "Minister Ruth Tan said the bridge was safe. “It is,” Tan added. The U.S. said nothing would change.";
    let d = attributor.read(text).expect("small");
    let linked: Vec<_> = d
        .attributions
        .iter()
        .map(|a| a.speaker.and_then(|s| d.speakers[s as usize].entry))
        .collect();
    assert_eq!(linked, [Some(0), Some(0), Some(2)]);
    assert_eq!(d.speakers[0].name, "Ruth Tan");
    assert_eq!(d.speakers[1].label, "GPE");
    assert_eq!(d.speakers[0].mentions.len(), 2);
}

/// The ids of the entries of the speakers, in the order of the attributions.
fn linked(entries: &[(&str, &str, &str)], derive: bool, text: &str) -> Vec<Option<String>> {
    let entries = entries.iter().map(|&(id, label, names)| {
        let mut names = names.split('|').map(|n| n.trim().to_owned());
        Entry {
            id: id.into(),
            label: label.into(),
            name: names.next().unwrap_or_default(),
            names: names.collect(),
            ..Entry::default()
        }
    });
    let options = GazetteerOptions {
        derive,
        ..GazetteerOptions::default()
    };
    let gazetteer = Arc::new(Gazetteer::new(entries, &options).expect("good entries"));
    let attributor = Attributor::new(Some(gazetteer.clone()), AttributorOptions::default());
    let d = attributor.read(text).expect("small");
    let entry = |s: u32| d.speakers[s as usize].entry;
    let ids = d.attributions.iter().map(|a| a.speaker.and_then(entry));
    ids.map(|e| e.map(|e| gazetteer.entry(e).id().to_owned()))
        .collect()
}

#[test]
fn an_article_before_a_name_is_part_of_an_entry() {
    let post = [("WP", "ORG", "The Washington Post")];
    let text = "The Washington Post reported that it rained.";
    assert_eq!(linked(&post, false, text), [Some("WP".to_owned())]);
}

#[test]
fn people_of_one_surname_are_kept_apart() {
    let some = |id: &str| Some(id.to_owned());
    let trump = [("DT", "PERSON", "Donald Trump | Trump")];
    let text = "Donald Trump spoke. Eric Trump said it was fine. “Yes,” Trump said.";
    for derive in [false, true] {
        assert_eq!(linked(&trump, derive, text), [None, None]);
    }
    let own = "Donald Trump spoke. “Yes,” Trump said. “No,” Mr. Trump said.";
    assert_eq!(linked(&trump, true, own), [some("DT"), some("DT")]);
    let clintons = [
        ("BC", "PERSON", "Bill Clinton"),
        ("HC", "PERSON", "Hillary Clinton"),
    ];
    let text = "Bill Clinton and Hillary Clinton came. “Yes,” Mrs. Clinton said.";
    assert_eq!(linked(&clintons, true, text), [some("HC")]);
    let text = "Hillary Clinton spoke. “Yes,” Mr. Clinton said.";
    assert_eq!(linked(&clintons[1..], true, text), [None]);
    // A short name may stand for the entry's.
    let hale = [("RH", "PERSON", "Robert Hale | Hale")];
    let text = "Bob Hale spoke. “Yes,” Hale said.";
    assert_eq!(linked(&hale, false, text), [some("RH")]);
}

#[test]
fn a_body_is_not_the_person_whose_surname_its_short_name_is() {
    let both = [
        ("UN", "ORG", "United Nations | UN"),
        ("K", "PERSON", "Kim Jong Un"),
    ];
    let text = "Kim Jong Un spoke. The UN said sanctions hold. “No,” Kim said.";
    let some = |id: &str| Some(id.to_owned());
    assert_eq!(linked(&both, true, text), [some("UN"), some("K")]);
}

#[test]
fn options_leave_out_and_mend_parents() {
    let text = "Ann Lee said Tom Hale believed that Mary Moss had promised to close the bridge.";
    let read = |options| {
        Attributor::new(None, options)
            .read(text)
            .expect("small")
            .attributions
    };
    let all = read(AttributorOptions::default());
    assert_eq!(
        all.iter().map(|a| a.parent).collect::<Vec<_>>(),
        [None, Some(0), Some(1)]
    );
    let top = read(AttributorOptions {
        top_level: true,
        ..AttributorOptions::default()
    });
    assert_eq!(top.len(), 1);
    let none = read(AttributorOptions {
        types: [true, false, false],
        ..AttributorOptions::default()
    });
    assert!(none.is_empty());
    let sure = read(AttributorOptions {
        min_score: 1.1,
        ..AttributorOptions::default()
    });
    assert!(sure.is_empty());
}

fn check(text: &str, d: &Document) -> Result<(), TestCaseError> {
    for m in &d.mentions {
        let _ = m.span.of(text);
    }
    for (i, a) in d.attributions.iter().enumerate() {
        prop_assert!(!a.content.is_empty());
        for s in a
            .content
            .iter()
            .chain(&a.cue)
            .chain(&a.source)
            .chain(&a.addressee)
        {
            prop_assert!(!s.of(text).trim().is_empty());
        }
        prop_assert!(
            a.content.windows(2).all(|w| w[0].end <= w[1].start),
            "pieces overlap"
        );
        for c in a.cue.iter().chain(&a.source) {
            prop_assert!(
                !a.content.iter().any(|x| x.overlaps(*c)),
                "cue or source inside its own content"
            );
        }
        prop_assert!((0.0..=1.0).contains(&a.score));
        if let Some(p) = a.parent {
            prop_assert!((p as usize) < d.attributions.len() && p as usize != i);
        }
        if let Some(s) = a.speaker {
            prop_assert!((s as usize) < d.speakers.len());
        }
        // Parents form no circle.
        let (mut p, mut steps) = (a.parent, 0);
        while let Some(k) = p {
            steps += 1;
            prop_assert!(steps <= d.attributions.len());
            p = d.attributions[k as usize].parent;
        }
    }
    for s in &d.speakers {
        prop_assert!(!s.name.is_empty());
        for m in &s.mentions {
            prop_assert!(!m.of(text).is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn everything_found_is_in_the_text(text in tricky_text()) {
        let d = Attributor::new(Some(gazetteer()), AttributorOptions::default()).read(&text).expect("small");
        check(&text, &d)?;
        let options = AttributorOptions { types: [true, false, false], ..AttributorOptions::default() };
        let d = Attributor::new(Some(gazetteer()), options).read(&text).expect("small");
        check(&text, &d)?;
        prop_assert!(d.attributions.iter().all(|a| a.kind == AttributionType::Direct));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn threads_and_order_make_no_difference(texts in prop::collection::vec(tricky_text(), 1..20)) {
        let attributor = Attributor::new(Some(gazetteer()), AttributorOptions::default());
        let stop = AtomicBool::new(false);
        let read = |threads, texts: &[String]| {
            Pool::new(Some(threads)).expect("threads").map(texts, &stop, |t| attributor.read(t).expect("small")).expect("not stopped")
        };
        let one = read(1, &texts);
        prop_assert_eq!(&one, &read(4, &texts));
        let mut reversed = texts.clone();
        reversed.reverse();
        let mut back = read(4, &reversed);
        back.reverse();
        prop_assert_eq!(&one, &back);
    }
}

/// The direct attributions of all, without what their parents were.
fn direct(all: Vec<Attribution>) -> Vec<Attribution> {
    let mut found: Vec<_> = all
        .into_iter()
        .filter(|a| a.kind == AttributionType::Direct)
        .collect();
    for a in &mut found {
        a.parent = None;
    }
    found
}

#[test]
fn quotations_alone_are_those_of_all() {
    let whole = std::fs::read_to_string("data/written-dev.jsonl").expect("the written corpus");
    let mut found = 0;
    for line in whole.lines() {
        let document: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let source = document["text"].as_str().expect("a text");
        let text = Text::new(source).expect("small");
        let some = direct(attribute_quotations(&text));
        assert_eq!(some, direct(attribute(&text)), "{source}");
        found += some.len();
    }
    assert!(found > 50, "{found}");
}

/// A label before a colon with nothing after it inside its paragraph's marks.
#[test]
fn a_content_without_words_is_dropped() {
    let text = "th” Ruth Tan said::::. “W::::according to LEE:e g It";
    let d = Attributor::default().read(text).unwrap();
    assert!(d.attributions.iter().all(|a| !a.content.is_empty()));
    let found = String::from_utf8_lossy(include_bytes!("../fuzz/seeds/empty_label")).into_owned();
    Attributor::default().read(&found).unwrap();
}

#[test]
fn long_and_odd_texts_do_not_fail() {
    let attributor = Attributor::new(Some(gazetteer()), AttributorOptions::default());
    let odd = [
        String::new(),
        "\u{0}".to_owned(),
        "“".repeat(20_000),
        "'".repeat(20_000),
        "‘a ".repeat(20_000),
        "said ".repeat(20_000),
        "Kim said Kim ".repeat(5_000),
        "he said ".repeat(5_000),
        "“No,” he said. ".repeat(5_000),
        "“No,” he said.\n\n".repeat(5_000),
        "a.".repeat(20_000),
        "U.S. ".repeat(10_000),
        "X: y\n".repeat(5_000),
        "😀".repeat(20_000),
        "שלום אמר ".repeat(5_000),
        "x".repeat(1_000_000),
        "‘ ".repeat(100_000),
        "“ ‘".repeat(50_000),
        "\u{a0} ".repeat(100_000),
        "\u{3000}\n".repeat(100_000),
        "“a\n\n".repeat(50_000),
        "\"a\n\n".repeat(50_000),
        format!("“{}", "word ".repeat(100_000)),
    ];
    let options = AttributorOptions {
        types: [true, false, false],
        ..AttributorOptions::default()
    };
    let quoted = Attributor::new(Some(gazetteer()), options);
    for (text, attributor) in odd.iter().flat_map(|t| [(t, &attributor), (t, &quoted)]) {
        let d = attributor.read(text).expect("it fits");
        assert!(check(text, &d).is_ok());
    }
}

#[test]
fn a_stopped_run_says_so() {
    let stop = AtomicBool::new(true);
    let result = Pool::new(Some(2))
        .expect("threads")
        .map(&[1, 2, 3], &stop, |n| n + 1);
    assert!(matches!(result, Err(quoth::Error::Interrupted)));
    assert!(Pool::new(Some(0)).is_err());
}
