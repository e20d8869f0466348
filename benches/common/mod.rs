//! Texts for the benchmarks.

use std::path::Path;

/// The texts of a gold file, or without one the articles of the notebooks, many times over.
pub fn texts(gold: Option<&String>) -> Vec<String> {
    if let Some(path) = gold {
        let data = std::fs::read_to_string(path).expect("the texts");
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

/// The arguments, but for those that Cargo hands to every benchmark.
pub fn arguments() -> Vec<String> {
    std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect()
}
