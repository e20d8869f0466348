//! A saved gazetteer with any changes: opening refuses it, or a search does no worse than find too
//! little or too much.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quoth::Gazetteer;
use quoth::gazetteer::{GazetteerBuilder, GazetteerOptions};

static SAVED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut builder = GazetteerBuilder::new(GazetteerOptions {
        derive: true,
        max_edits: 1,
        ..GazetteerOptions::default()
    });
    let names = [
        ("1", "Ruth Tan", "Tan"),
        ("2", "U.S.", "United States"),
        ("3", "Tan", ".NET"),
        ("4", "İzmir", "J. K. Rowling"),
    ];
    for (id, name, alias) in names {
        builder
            .push(&quoth::Entry {
                id: id.to_owned(),
                label: "PERSON".to_owned(),
                name: name.to_owned(),
                names: vec![alias.to_owned()],
                priority: id.len() as f32,
                properties: r#"{"a":1}"#.to_owned(),
                related: vec!["a".to_owned()],
            })
            .expect("an entry");
    }
    builder.build().expect("a gazetteer").as_bytes().to_vec()
});

fuzz_target!(|data: &[u8]| {
    let mut bytes = SAVED.clone();
    let (changes, rest) = data.as_chunks::<3>();
    for change in changes {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
        if let Some(b) = bytes.get_mut(at) {
            *b = change[2];
        }
    }
    if let [cut] = rest {
        bytes.truncate(bytes.len() - usize::from(*cut).min(bytes.len()));
    }
    let checked = Gazetteer::from_bytes(&bytes);
    assert_eq!(checked.is_ok(), bytes == *SAVED, "a change goes unnoticed");
    let path = std::env::temp_dir().join(format!("quoth-fuzz-{}.quoth", std::process::id()));
    std::fs::write(&path, &bytes).expect("a file");
    if let Ok(g) = Gazetteer::open(&path, false) {
        let text = "Ruth Tan’s U.S. visit, İzmir; .NET by J.K. Rowling and the United States";
        for m in g.find(text).expect("a small text") {
            for e in m.entries {
                let e = g.entry(e).to_entry();
                let _ = g.get(&e.id);
            }
        }
    }
    let _ = std::fs::remove_file(&path);
});
