//! The core from Rust: reads gold JSON Lines from standard input, writes predictions in the scorer's
//! format: `cargo run --release --example predict -- [--top-level] [--min SCORE] [--eager] [--model FILE] < GOLD > PRED`.
#![allow(clippy::print_stdout, missing_docs)]

use std::io::{BufRead, Write};
use std::sync::Arc;

use quoth::{Attributor, AttributorOptions, Model, Span};

fn main() {
    let options = AttributorOptions {
        top_level: std::env::args().any(|a| a == "--top-level"),
        min_score: std::env::args()
            .skip_while(|a| a != "--min")
            .nth(1)
            .map_or(0.0, |x| x.parse().expect("number")),
        eager: std::env::args().any(|a| a == "--eager"),
        ..Default::default()
    };
    let mut attributor = Attributor::new(None, options);
    if let Some(path) = std::env::args().skip_while(|a| a != "--model").nth(1) {
        attributor = attributor.with_model(Arc::new(Model::open(path.as_ref()).expect("model")));
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let doc: serde_json::Value = serde_json::from_str(&line.expect("line")).expect("json");
        let text = doc["text"].as_str().expect("text");
        let mut chars = vec![0_u32; text.len() + 1];
        let mut n = 0;
        for (i, c) in text.char_indices() {
            chars[i..i + c.len_utf8()].fill(n);
            n += 1;
        }
        chars[text.len()] = n;
        let spans = |s: &[Span]| {
            s.iter()
                .map(|s| vec![chars[s.start as usize], chars[s.end as usize]])
                .collect::<Vec<_>>()
        };
        let d = attributor.read(text).expect("read");
        let atts: Vec<_> = d
            .attributions
            .iter()
            .enumerate()
            .map(|(i, a)| {
                serde_json::json!({"id": format!("a{i}"), "content": spans(&a.content), "cue": spans(&a.cue), "source": spans(&a.source), "score": a.score,
                    "speaker": a.speaker.map(|s| d.speakers[s as usize].name.clone())})
            })
            .collect();
        writeln!(
            out,
            "{}",
            serde_json::json!({"id": doc["id"], "attributions": atts})
        )
        .expect("write");
    }
}
