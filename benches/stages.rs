//! Speed of the stages, one thread: `cargo bench --bench stages [-- GOLD.jsonl]`.
//!
//! The texts are those of a gold file, or without one the articles of the notebooks. Each stage
//! includes the ones before it; the last column counts what was found, the median of five runs.
#![allow(clippy::print_stdout, missing_docs)]

mod common;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use common::{arguments, texts};
use quoth::gazetteer::{Entry, Gazetteer, GazetteerOptions};
use quoth::{Attributor, AttributorOptions, Model, Text};

const RUNS: usize = 5;

fn main() {
    let texts = texts(arguments().first());
    let bytes: usize = texts.iter().map(String::len).sum();
    println!("{} texts, {:.1} MB", texts.len(), bytes as f64 / 1e6);
    let rate = |name: &str, work: &dyn Fn(&str) -> usize| {
        let mut seconds = Vec::new();
        let mut found = 0;
        for _ in 0..RUNS {
            let start = Instant::now();
            found = texts.iter().map(|t| black_box(work(t))).sum();
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let speed = bytes as f64 / 1e6 / seconds[RUNS / 2];
        println!("{name:28} {speed:8.1} MB/s {found:9}");
    };
    let entry = |name: &str| Entry {
        id: name.to_owned(),
        label: "PERSON".to_owned(),
        name: name.to_owned(),
        ..Entry::default()
    };
    let names = ["Ann Lee", "Tom Hale", "Velmark", "Barack Obama", "Congress"];
    let gazetteer = Gazetteer::new(names.map(entry).to_vec(), &GazetteerOptions::default())
        .expect("a gazetteer");
    rate("words, sentences, quotes", &|t| {
        Text::new(t).expect("text").words.len()
    });
    rate("… and attributions", &|t| {
        quoth::attribution::attribute(&Text::new(t).expect("text")).len()
    });
    let plain = Attributor::default();
    rate("… and speakers", &|t| {
        plain.read(t).expect("text").attributions.len()
    });
    let learned = Attributor::default().with_model(Arc::clone(Model::english()));
    rate("… by the learned model", &|t| {
        learned.read(t).expect("text").attributions.len()
    });
    let direct = AttributorOptions {
        types: [true, false, false],
        ..AttributorOptions::default()
    };
    let direct = Attributor::new(None, direct).with_model(Arc::clone(Model::english()));
    rate("… direct quotations alone", &|t| {
        direct.read(t).expect("text").attributions.len()
    });
    rate("mentions alone", &|t| {
        gazetteer.find(t).expect("text").len()
    });
    let linked = Attributor::new(Some(Arc::new(gazetteer)), AttributorOptions::default());
    rate("all of it", &|t| {
        linked.read(t).expect("text").attributions.len()
    });
}
