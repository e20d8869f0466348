//! Speed of the gazetteer's core, one thread, beside the aho-corasick crate with a filter:
//! `cargo bench --bench gazetteer [-- NAMES.txt TEXTS.jsonl]` (a name a line; a gold file).
//!
//! Without files: made-up names, and the articles of the notebooks. The rival finds all overlapping
//! names in folded text and keeps the longest whole words; before anything is timed, both must find
//! the same in texts without accents, apostrophes and initials, where their rules are the same.
#![allow(clippy::print_stdout, missing_docs)]

mod common;

use std::hint::black_box;
use std::time::Instant;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use common::{arguments, texts};
use quoth::gazetteer::{Gazetteer, GazetteerBuilder, GazetteerOptions};

const RUNS: usize = 5;

fn names(path: Option<&String>) -> Vec<String> {
    if let Some(path) = path {
        let data = std::fs::read_to_string(path).expect("the names");
        return data.lines().map(str::to_owned).collect();
    }
    let syllables = ["ba", "ko", "li", "mu", "ne", "ra", "sto", "ve", "wi", "zan"];
    let word = |n: usize| -> String {
        (0..3)
            .map(|k| syllables[(n / 10_usize.pow(k)) % 10])
            .collect()
    };
    let made = (0..10_000).map(|n| format!("{} {}", word(n % 1000), word(n / 7)));
    let known = [
        "Ann Lee",
        "Tom Hale",
        "Velmark",
        "Transport Ministry",
        "Lee",
    ];
    known.iter().map(|n| (*n).to_owned()).chain(made).collect()
}

/// What the rival needs for the same answers where the rules are the same.
struct Rival {
    automaton: AhoCorasick,
    lengths: Vec<usize>,
}

impl Rival {
    fn new(names: &[String]) -> Self {
        let folded: Vec<String> = names.iter().map(|n| n.to_ascii_lowercase()).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&folded)
            .expect("an automaton");
        Self {
            automaton,
            lengths: folded.iter().map(String::len).collect(),
        }
    }

    fn find(&self, text: &str, out: &mut Vec<(usize, usize)>) {
        out.clear();
        let folded = text.to_ascii_lowercase();
        let bytes = folded.as_bytes();
        let word = |i: usize| {
            bytes
                .get(i)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 128)
        };
        let mut found: Vec<(usize, usize)> = self
            .automaton
            .find_overlapping_iter(&folded)
            .map(|m| (m.end() - self.lengths[m.pattern().as_usize()], m.end()))
            .filter(|&(start, end)| !word(end) && (start == 0 || !word(start - 1)))
            .collect();
        found.sort_unstable_by_key(|&(start, end)| (start, std::cmp::Reverse(end)));
        let mut taken = 0;
        for (start, end) in found {
            if start >= taken {
                out.push((start, end));
                taken = end;
            }
        }
    }
}

fn rate(name: &str, texts: &[String], work: &mut dyn FnMut(&str) -> usize) -> f64 {
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut seconds = Vec::new();
    let mut found = 0;
    for _ in 0..RUNS {
        let start = Instant::now();
        found = texts.iter().map(|t| black_box(work(t))).sum();
        seconds.push(start.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let speed = bytes as f64 / 1e6 / seconds[RUNS / 2];
    println!("{name:36} {speed:8.1} MB/s {found:9}");
    speed
}

fn main() {
    let args = arguments();
    let (names, texts) = (names(args.first()), texts(args.get(1)));
    let start = Instant::now();
    let mut builder = GazetteerBuilder::new(GazetteerOptions::default());
    for (n, name) in names.iter().enumerate() {
        // Names that hold nothing to search for are left out.
        let _ = builder.push(&quoth::Entry {
            id: n.to_string(),
            name: name.clone(),
            ..quoth::Entry::default()
        });
    }
    let gazetteer = builder.build().expect("a gazetteer");
    let built = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let rival = Rival::new(&names);
    let rival_built = start.elapsed().as_secs_f64();
    let text_of_names: usize = names.iter().map(String::len).sum();
    println!(
        "{} names: built in {built:.2} s ({rival_built:.2} s the automaton); {:.1} bytes a name beyond the names' text",
        names.len(),
        (gazetteer.nbytes() - text_of_names) as f64 / names.len() as f64
    );

    let plain: Vec<String> = texts
        .iter()
        .map(|t| {
            t.chars()
                .map(|c| match c {
                    'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => c,
                    _ => ' ',
                })
                .collect::<String>()
                .split_whitespace()
                .filter(|w| w.len() > 1)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    agree(&gazetteer, &rival, &names, &plain);

    let hash = rate("cut into words and fold-hash alone", &texts, &mut |t| {
        Gazetteer::hash_words(t)
    });
    let mut finder = gazetteer.finder(None);
    let own = rate("quoth", &texts, &mut |t| {
        let mut n = 0;
        finder.find(t, |_, _, _| n += 1).expect("a text");
        n
    });
    let mut out = Vec::new();
    let other = rate("aho-corasick and a filter", &texts, &mut |t| {
        rival.find(t, &mut out);
        out.len()
    });
    println!(
        "quoth / aho-corasick {:.1}; quoth / hash alone {:.2}",
        own / other,
        own / hash
    );
}

/// Stops if the two find different spans. Only names of plain words are compared: quoth finds others in
/// more spellings than their own.
fn agree(gazetteer: &Gazetteer, rival: &Rival, names: &[String], texts: &[String]) {
    let simple = |n: &str| {
        n.split(' ').all(|w| w.len() > 2) && n.bytes().all(|b| b.is_ascii_alphabetic() || b == b' ')
    };
    if !names.iter().all(|n| simple(n)) {
        println!("(names with marks, numbers or short words: agreement is not compared)");
        return;
    }
    let mut out = Vec::new();
    for text in texts {
        let found = gazetteer.find(text).expect("a text");
        rival.find(text, &mut out);
        let found: Vec<(usize, usize)> = found
            .iter()
            .map(|m| (m.span.start as usize, m.span.end as usize))
            .collect();
        assert_eq!(found, out, "{text}");
    }
}
