//! Models: training is repeatable, files are checked, attributions are those of the text.

mod common;

use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use quoth::model::{GoldAttribution, GoldDocument, TrainOptions};
use quoth::{AttributionType, Attributor, AttributorOptions, Error, Model, Span, Text};

/// Documents of one pattern each, enough to learn it.
fn gold() -> Vec<GoldDocument> {
    let names = [
        "Kim",
        "Ruth Tan",
        "the minister",
        "Ann Lee",
        "a spokesman",
        "Mr. Okoro",
    ];
    let verbs = ["said", "warned", "claimed", "wrote", "argued"];
    let claims = [
        "the bridge is safe",
        "prices will rise",
        "the plan had failed",
        "nobody was hurt",
    ];
    let document = |n: usize| {
        let (name, verb, claim) = (names[n % 6], verbs[n % 5], claims[n % 4]);
        let text = format!("{name} {verb} that {claim}. The market closed early on Friday.");
        let cue = name.len() + 1;
        let content = cue + verb.len() + 1;
        let span = |from: usize, to: usize| vec![Span::new(from as u32, to as u32)];
        let attribution = GoldAttribution {
            content: span(content, content + 5 + claim.len()),
            cue: span(cue, cue + verb.len()),
            source: span(0, name.len()),
        };
        GoldDocument {
            text,
            attributions: vec![attribution],
        }
    };
    (0..60).map(document).collect()
}

fn train(seed: u64, threads: usize) -> Model {
    let options = TrainOptions {
        epochs: 4,
        seed,
        threads,
        ..TrainOptions::default()
    };
    Model::train(&gold(), &[], &options, &mut |_| true).expect("trained")
}

fn model() -> &'static Arc<Model> {
    static MODEL: OnceLock<Arc<Model>> = OnceLock::new();
    MODEL.get_or_init(|| Arc::new(train(1, 2)))
}

#[test]
fn training_is_repeatable() {
    assert_eq!(
        model().to_bytes(),
        train(1, 1).to_bytes(),
        "whatever the number of threads"
    );
    assert_ne!(
        model().to_bytes(),
        train(2, 2).to_bytes(),
        "the seed counts"
    );
}

#[test]
fn learns_a_pattern() {
    let text = "Maria Gomez warned that the river had risen. It rained.";
    let who = Attributor::new(None, AttributorOptions::default()).with_model(Arc::clone(model()));
    let doc = who.read(text).expect("read");
    assert_eq!(doc.attributions.len(), 1, "{doc:?}");
    let a = &doc.attributions[0];
    assert_eq!(a.source[0].of(text), "Maria Gomez");
    assert_eq!(a.cue[0].of(text), "warned");
    assert_eq!(a.content[0].of(text), "that the river had risen");
    assert_eq!(doc.speakers.len(), 1);
}

#[test]
fn a_saved_model_is_the_same() {
    let bytes = model().to_bytes();
    let read = Model::from_bytes(&bytes).expect("read");
    assert_eq!(&read, &**model());
    assert_eq!(read.to_bytes(), bytes);
    assert_eq!(read.header().documents, 60);
    let path = std::env::temp_dir().join(format!("quoth-test-{}.model", std::process::id()));
    read.save(&path).expect("saved");
    assert_eq!(Model::open(&path).expect("opened"), read);
    std::fs::remove_file(&path).expect("removed");
    assert!(matches!(Model::open(&path), Err(Error::Io { .. })));
}

#[test]
fn a_damaged_file_is_refused() {
    let bytes = model().to_bytes();
    let refused = |b: &[u8]| matches!(Model::from_bytes(b), Err(Error::BadModel { .. }));
    for cut in (0..bytes.len())
        .step_by(97)
        .chain([8, 11, 12, 15, 16, bytes.len() - 1])
    {
        assert!(refused(&bytes[..cut]), "cut to {cut}");
    }
    for k in (0..bytes.len()).step_by(89).chain(0..40) {
        let mut other = bytes.clone();
        other[k] ^= 0x40;
        assert!(refused(&other), "byte {k} changed");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(refused(&longer));
    assert!(refused(b""));
    assert!(refused(b"QUOTHMOD"));
}

#[test]
fn a_file_with_a_right_checksum_and_wrong_contents_never_panics() {
    let bytes = model().to_bytes();
    let body = bytes.len() - 4;
    for k in (12..body).step_by(61) {
        for value in [0x00, 0x7F, 0xFF] {
            let mut other = bytes.clone();
            other[k] = value;
            let sum = crc32fast::hash(&other[..body]).to_le_bytes();
            other[body..].copy_from_slice(&sum);
            if let Ok(m) = Model::from_bytes(&other) {
                m.attribute(
                    &Text::new("“No,” Kim said that it is.").expect("text"),
                    false,
                );
            }
        }
    }
}

#[test]
fn training_stops_when_told() {
    let options = TrainOptions::default();
    let stopped = Model::train(&gold(), &[], &options, &mut |_| false);
    assert_eq!(stopped.err(), Some(Error::Interrupted));
}

#[test]
fn training_stops_when_development_data_gains_no_more() {
    // What is said of these texts is the opposite of what is taught.
    let mut dev = gold();
    for document in &mut dev {
        document.attributions.clear();
    }
    let epochs = |dev: &[GoldDocument]| {
        let options = TrainOptions {
            epochs: 40,
            threads: 1,
            ..TrainOptions::default()
        };
        let mut last = 0;
        let mut progress = |p: quoth::model::Progress| {
            last = last.max(p.epoch);
            true
        };
        Model::train(&gold(), dev, &options, &mut progress).expect("trained");
        last
    };
    assert_eq!(epochs(&[]), 40);
    assert!(epochs(&dev) < 10);
}

#[test]
fn nothing_to_learn_still_makes_a_model() {
    let text = |text: &str| GoldDocument {
        text: text.to_owned(),
        ..GoldDocument::default()
    };
    for gold in [vec![], vec![text("")], vec![text("Kim said no.")]] {
        let model =
            Model::train(&gold, &[], &TrainOptions::default(), &mut |_| true).expect("trained");
        let read = Model::from_bytes(&model.to_bytes()).expect("read");
        read.attribute(&Text::new("Kim said that it rained.").expect("text"), false);
    }
}

#[test]
fn the_bundled_model_reads_any_text() {
    let english = Model::english();
    let data = english.header().data.join(", ");
    assert!(data.contains("written for quoth"), "{data}");
    let who = Attributor::new(None, AttributorOptions::default()).with_model(Arc::clone(english));
    let text = "“The bridge is safe,” Mayor Ann Lee said. She denied that it had moved.";
    let d = who.read(text).expect("short");
    assert_eq!(d.attributions.len(), 2);
    assert_eq!(d.speakers[0].name, "Ann Lee");
    // What leads up to a quotation is part of the content where it is a clause, as an address is not.
    let text = "Mr. Barrett said that the buyer had the money, so that, “we were floored.” Ann Lee said to him, “It is over.”";
    let d = who.read(text).expect("short");
    let kinds: Vec<_> = d.attributions.iter().map(|a| a.kind).collect();
    assert_eq!(kinds, [AttributionType::Mixed, AttributionType::Direct]);
    for odd in [
        "",
        " ",
        "“",
        ":",
        "said",
        "“No",
        "said “",
        "\u{0}\u{FEFF}",
        "👍 said 👍",
        "a: b: c:",
    ] {
        who.read(odd).expect("short");
        who.read(&odd.repeat(500)).expect("short");
    }
}

proptest! {
    #[test]
    fn spans_slice(text in common::tricky_text()) {
        let who = Attributor::default().with_model(Arc::clone(model()));
        let doc = who.read(&text).expect("read");
        for (i, a) in doc.attributions.iter().enumerate() {
            prop_assert!(!a.content.is_empty());
            for s in a.content.iter().chain(&a.cue).chain(&a.source) {
                prop_assert!(!s.of(&text).is_empty());
            }
            prop_assert!((0.0..=1.0).contains(&a.score));
            prop_assert!(a.parent.is_none_or(|p| p as usize != i));
        }
    }
}
