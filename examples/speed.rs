//! Development tool: megabytes a second of the stages, one thread, on the texts of a gold file.
#![allow(clippy::print_stdout, missing_docs)]

use std::time::Instant;

fn main() {
    let path = std::env::args().nth(1).expect("gold file");
    let data = std::fs::read_to_string(path).expect("read");
    let texts: Vec<String> = data
        .lines()
        .map(|l| {
            serde_json::from_str::<serde_json::Value>(l).expect("json")["text"]
                .as_str()
                .expect("text")
                .to_owned()
        })
        .collect();
    let bytes: usize = texts.iter().map(String::len).sum();
    let rate = |name: &str, work: &mut dyn FnMut(&str) -> usize| {
        let mut best = f64::INFINITY;
        let mut n = 0;
        for _ in 0..5 {
            let t = Instant::now();
            n = texts.iter().map(|t| work(t)).sum();
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("{name:12} {:8.1} MB/s   {n}", bytes as f64 / 1e6 / best);
    };
    rate("text", &mut |t| {
        quoth::Text::new(t).expect("text").words.len()
    });
    rate("text+attrib", &mut |t| {
        quoth::attribution::attribute(&quoth::Text::new(t).expect("text")).len()
    });
    let a = quoth::Attributor::default();
    rate("read", &mut |t| a.read(t).expect("text").attributions.len());
}
