//! Trains a model on gold JSON Lines, tunes it on a development file and saves it:
//! `cargo run --release --example train -- TRAIN.jsonl[,MORE.jsonl] DEV.jsonl OUT.model [OPTION=VALUE …]`
//! with the options rate, epochs, dropout, least, prune, seed, rounds, share (of the training documents).
#![allow(clippy::print_stderr, missing_docs, clippy::cast_sign_loss)]

use quoth::Model;
use quoth::model::{GoldDocument, TrainOptions};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [train, dev, out, rest @ ..] = args.as_slice() else {
        eprintln!("TRAIN.jsonl DEV.jsonl OUT.model [OPTION=VALUE …]");
        std::process::exit(2);
    };
    let read = |paths: &str| -> Vec<GoldDocument> {
        paths
            .split(',')
            .flat_map(|p| {
                GoldDocument::parse_lines(&std::fs::read_to_string(p).expect("readable"))
                    .expect("gold")
            })
            .collect()
    };
    let mut gold = read(train);
    let mut options = TrainOptions {
        name: out.rsplit('/').next().unwrap_or(out).to_owned(),
        data: train
            .split(',')
            .map(|p| p.rsplit('/').next().unwrap_or(p).to_owned())
            .collect(),
        ..TrainOptions::default()
    };
    for option in rest {
        let (name, value) = option.split_once('=').expect("OPTION=VALUE");
        let number: f32 = value.parse().expect("number");
        match name {
            "rate" => options.rate = number,
            "epochs" => options.epochs = number as u32,
            "dropout" => options.dropout = number > 0.0,
            "least" => options.least_count = number as u8,
            "prune" => options.prune = number,
            "seed" => options.seed = number as u64,
            "rounds" => options.rounds = number as u64,
            "share" => gold.truncate((gold.len() as f32 * number) as usize),
            _ => panic!("unknown option {name}"),
        }
    }
    let start = std::time::Instant::now();
    let mut model = Model::train(&gold, &options, &|p| {
        let seconds = start.elapsed().as_secs_f32();
        eprintln!(
            "{seconds:6.1} s {} {}/{} loss {:.4}",
            p.stage, p.epoch, p.epochs, p.loss
        );
    })
    .expect("trained");
    if dev != "-" {
        model.tune(&read(dev)).expect("tuned");
    }
    model.save(out.as_ref()).expect("saved");
    eprintln!("{:6.1} s {model:?}", start.elapsed().as_secs_f32());
}
