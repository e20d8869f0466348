//! Trains a model on gold JSON Lines and writes its predictions for others in the scorer's format:
//! `cargo run --release --example train -- TRAIN.jsonl DEV.jsonl > PRED.jsonl`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_sign_loss,
    missing_docs
)]

use quoth::Span;
use quoth::attribution::learned::{AttributionModel, GoldAttribution, GoldText, TrainingOptions};
use serde_json::{Value, json};

fn read(path: &str) -> Vec<(Value, GoldText)> {
    let lines = std::fs::read_to_string(path).expect("a file");
    let read = |line: &str| {
        let doc: Value = serde_json::from_str(line).expect("JSON");
        let text = doc["text"].as_str().expect("a text").to_owned();
        let mut at: Vec<u32> = text.char_indices().map(|(i, _)| i as u32).collect();
        at.push(text.len() as u32);
        let spans = |v: &Value| -> Vec<Span> {
            let pair = |s: &Value| {
                let of = |k: usize| at[s[k].as_u64().expect("a number") as usize];
                Span::new(of(0), of(1))
            };
            v.as_array()
                .map_or(Vec::new(), |a| a.iter().map(pair).collect())
        };
        let attributions = doc["attributions"].as_array().expect("a list");
        let attributions = attributions
            .iter()
            .map(|a| GoldAttribution {
                content: spans(&a["content"]),
                cue: spans(&a["cue"]),
                source: spans(&a["source"]),
            })
            .collect();
        (doc, GoldText { text, attributions })
    };
    lines.lines().map(read).collect()
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str, or: f32| -> f32 {
        let at = args.iter().position(|a| a == name);
        at.map_or(or, |k| args[k + 1].parse().expect("a number"))
    };
    let base = TrainingOptions::default();
    let options = TrainingOptions {
        epochs: number("--epochs", base.epochs as f32) as usize,
        rate: number("--rate", base.rate),
        dropout: number("--dropout", base.dropout),
        rows: 1 << number("--bits", 20.0) as usize,
        threshold: number("--threshold", 0.1),
        trained_on: args
            .iter()
            .position(|a| a == "--data")
            .map_or_else(String::new, |k| args[k + 1].clone()),
        ..base
    };
    let gold: Vec<GoldText> = read(&args[1]).into_iter().map(|g| g.1).collect();
    let model = AttributionModel::train(&gold, &options, |p| {
        eprintln!("{} {}", p.what, p.epoch);
        true
    })
    .expect("short texts");
    let bytes = model.to_bytes();
    eprintln!("{} bytes", bytes.len());
    if let Some(at) = args.iter().position(|a| a == "-o") {
        std::fs::write(&args[at + 1], &bytes).expect("a file");
    }
    // As it is read again: with rounded weights.
    let model = AttributionModel::from_bytes(&bytes).expect("own bytes");
    for (doc, gold) in read(&args[2]) {
        let text = quoth::Text::new(&gold.text).expect("a short text");
        let offsets = quoth::text::CharOffsets::new(&gold.text);
        let spans = |s: &[Span]| -> Vec<[u32; 2]> {
            s.iter()
                .map(|s| {
                    let s = offsets.span(*s);
                    [s.start, s.end]
                })
                .collect()
        };
        let found: Vec<Value> = model
            .attribute(&text)
            .iter()
            .filter(|a| a.parent.is_none())
            .enumerate()
            .map(|(k, a)| json!({"id": k.to_string(), "content": spans(&a.content), "cue": spans(&a.cue), "source": spans(&a.source), "score": a.score}))
            .collect();
        println!("{}", json!({"id": doc["id"], "attributions": found}));
    }
}
