//! Trains a model on gold JSON Lines and predicts a development file with it:
//! `cargo run --release --example train -- TRAIN.jsonl DEV.jsonl PRED.jsonl`.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::io::Write;

use quoth::model::{Bias, GoldDocument, TrainOptions};
use quoth::{Model, Span, Text};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let read = |path: &str| {
        GoldDocument::parse_lines(&std::fs::read_to_string(path).expect("readable")).expect("gold")
    };
    let number = |name: &str, default: f32| std::env::var(name).map_or(default, |v| v.parse().expect("number"));
    let train = read(&args[0]);
    let share = number("SHARE", 1.0);
    let train = &train[..(train.len() as f32 * share) as usize];
    let dev = read(&args[1]);
    let options = TrainOptions {
        rate: number("RATE", 0.1),
        epochs: number("EPOCHS", 8.0) as u32,
        dropout: number("DROPOUT", 1.0) > 0.0,
        least_count: number("LEAST", 2.0) as u8,
        seed: number("SEED", 1.0) as u64,
        ..TrainOptions::default()
    };
    let start = std::time::Instant::now();
    let mut model = Model::train(train, &options, &|p| {
        eprintln!("{:6.1} s {} {}/{} loss {:.4}", start.elapsed().as_secs_f32(), p.stage, p.epoch, p.epochs, p.loss);
    })
    .expect("trained");
    for (n, setting) in std::env::var("BIASES")
        .unwrap_or("1 0.2 0 0.2 0.8".into())
        .split(';')
        .enumerate()
    {
        let b: Vec<f32> = setting.split_whitespace().map(|x| x.parse().expect("number")).collect();
        model.set_bias(Bias { cue: b[0], content: b[1], source: b[2], least: b[3], sourceless: b[4] });
        let path = if n == 0 { args[2].clone() } else { format!("{}.{n}", args[2]) };
        let mut out = std::io::BufWriter::new(std::fs::File::create(path).expect("writable"));
        let start = std::time::Instant::now();
        for d in &dev {
            writeln!(out, "{}", predict(&model, d)).expect("write");
        }
        eprintln!("{:.3} s to predict", start.elapsed().as_secs_f32());
    }
}

fn predict(model: &Model, d: &GoldDocument) -> serde_json::Value {
    let text = Text::new(&d.text).expect("text");
    let mut chars = vec![0_u32; d.text.len() + 1];
    let mut n = 0;
    for (i, c) in d.text.char_indices() {
        chars[i..i + c.len_utf8()].fill(n);
        n += 1;
    }
    chars[d.text.len()] = n;
    let spans = |s: &[Span]| {
        s.iter()
            .map(|s| vec![chars[s.start as usize], chars[s.end as usize]])
            .collect::<Vec<_>>()
    };
    let atts: Vec<_> = model
        .attribute(&text)
        .iter()
        .filter(|a| a.parent.is_none())
        .enumerate()
        .map(|(i, a)| serde_json::json!({"id": format!("a{i}"), "content": spans(&a.content), "cue": spans(&a.cue), "source": spans(&a.source), "score": a.score}))
        .collect();
    serde_json::json!({"id": d.id, "attributions": atts})
}
