//! Speed of the stages, one thread: `cargo bench --bench stages [-- GOLD.jsonl]`.
//!
//! The texts are those of a gold file, or without one the articles of the notebooks. Each stage
//! includes the ones before it; the last column counts what was found, the median of five runs.
#![allow(clippy::print_stdout, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use quoth::gazetteer::{Entry, Gazetteer, GazetteerOptions};
use quoth::{Attributor, AttributorOptions, Text};

const RUNS: usize = 5;

fn texts() -> Vec<String> {
    // Cargo itself hands `--bench` to the program.
    if let Some(path) = std::env::args().skip(1).find(|a| !a.starts_with("--")) {
        let data = std::fs::read_to_string(&path).expect("the gold file");
        return data
            .lines()
            .map(|l| {
                let document: serde_json::Value = serde_json::from_str(l).expect("JSON");
                document["text"].as_str().expect("text").to_owned()
            })
            .collect();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks/articles");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("articles")
        .map(|f| f.expect("file").path())
        .collect();
    files.sort();
    let articles: Vec<String> = files
        .iter()
        .map(|f| std::fs::read_to_string(f).expect("article"))
        .collect();
    articles.iter().cycle().take(300).cloned().collect()
}

fn main() {
    let texts = texts();
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
    rate("mentions alone", &|t| {
        gazetteer.find(t).expect("text").len()
    });
    let linked = Attributor::new(
        Some(std::sync::Arc::new(gazetteer)),
        AttributorOptions::default(),
    );
    rate("all of it", &|t| {
        linked.read(t).expect("text").attributions.len()
    });
}
