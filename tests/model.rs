//! Learned models: training repeats itself, files are checked, what is found is in the text.

use quoth::attribution::learned::{AttributionModel, GoldAttribution, GoldText, TrainingOptions};
use quoth::{Attributor, AttributorOptions, Error, Span, Text};

/// "NAME said WORDS." in some variety, with its gold.
fn gold() -> Vec<GoldText> {
    let names = ["Ann Lee", "Tom Hale", "the mayor", "Ruth Tan"];
    let cues = ["said", "claimed", "denied"];
    let said = [
        "the bridge was safe",
        "taxes would rise",
        "nobody had asked him",
    ];
    let mut out = Vec::new();
    for (k, name) in names.iter().enumerate() {
        let mut text = String::new();
        let mut attributions = Vec::new();
        for (n, cue) in cues.iter().enumerate() {
            let mut add = |s: &str| {
                let start = text.len() as u32;
                text.push_str(s);
                Span::new(start, text.len() as u32)
            };
            let source = add(name);
            add(" ");
            let cue = add(cue);
            add(" ");
            let content = add(&format!("that {}", said[(n + k) % 3]));
            add(". It rained all day in the valley. ");
            attributions.push(GoldAttribution {
                content: vec![content],
                cue: vec![cue],
                source: vec![source],
            });
        }
        out.push(GoldText { text, attributions });
    }
    out
}

fn options() -> TrainingOptions {
    TrainingOptions {
        epochs: 6,
        rows: 1 << 12,
        threshold: 0.2,
        trained_on: "four made-up texts".to_owned(),
        ..TrainingOptions::default()
    }
}

#[test]
fn training_repeats_itself_and_learns() {
    let gold = gold();
    let train = || AttributionModel::train(&gold, &options(), |_| true).expect("short texts");
    let model = train();
    assert_eq!(model.to_bytes(), train().to_bytes());
    assert_eq!(model.facts().trained_on, "four made-up texts");
    assert_eq!((model.facts().texts, model.facts().attributions), (4, 12));
    let text = Text::new("Kim Moe claimed that taxes would rise. It rained.").expect("short");
    let found = model.attribute(&text);
    let cues: Vec<&str> = found
        .iter()
        .flat_map(|a| &a.cue)
        .map(|s| s.of(text.source))
        .collect();
    assert_eq!(cues, ["claimed"]);
}

#[test]
fn training_stops_when_told() {
    let stopped = AttributionModel::train(&gold(), &options(), |_| false);
    assert_eq!(stopped.err(), Some(Error::Interrupted));
}

#[test]
fn files_are_checked() {
    let model = AttributionModel::train(&gold(), &options(), |_| true).expect("short texts");
    let bytes = model.to_bytes();
    let again = AttributionModel::from_bytes(&bytes).expect("own bytes");
    assert_eq!(again.facts(), model.facts());
    assert_eq!(again.to_bytes().len(), bytes.len());
    let refused = |b: &[u8]| matches!(AttributionModel::from_bytes(b), Err(Error::BadModel { .. }));
    assert!(refused(b""));
    assert!(refused(b"quothgaz and more"));
    for cut in (0..bytes.len()).step_by(97) {
        assert!(refused(&bytes[..cut]));
    }
    for k in (0..bytes.len()).step_by(89) {
        let mut changed = bytes.clone();
        changed[k] ^= 1;
        assert!(refused(&changed), "byte {k}");
    }
    let missing = AttributionModel::open(std::path::Path::new("no/such.model"));
    assert!(matches!(missing, Err(Error::Io { .. })));
}

#[test]
fn the_bundled_model_reads_any_text() {
    let english = AttributionModel::english();
    assert!(english.facts().trained_on.contains("written for quoth"));
    let attributor =
        Attributor::new(None, AttributorOptions::default()).with_model(english.clone());
    let text = "“The bridge is safe,” Mayor Ann Lee said. She denied that it had moved.";
    let d = attributor.read(text).expect("short");
    assert_eq!(d.attributions.len(), 2);
    assert_eq!(d.speakers[0].name, "Ann Lee");
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
        attributor.read(odd).expect("short");
        attributor.read(&odd.repeat(500)).expect("short");
    }
}
