//! Any bytes as a model: refused or read, and a model that is read may be used.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoth::{Model, Text};

fuzz_target!(|data: &[u8]| {
    // With a header and checksum that fit, so that the rest is looked at.
    let preface = br#"{"data":[],"documents":0,"attributions":0,"epochs":0,"seed":0,"figures":{},"bias":{"cue":1,"content":0,"source":0,"sourceless":1,"least":0,"slope":1,"offset":0}}"#;
    let with_sum = |middle: &[&[u8]]| {
        let mut bytes = b"QUOTHMOD\x01\0\0\0".to_vec();
        bytes.extend(middle.concat());
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    };
    let length = (preface.len() as u32).to_le_bytes();
    let made = [with_sum(&[data]), with_sum(&[&length, preface, data])];
    for model in made.iter().flat_map(|b| Model::from_bytes(b)) {
        let text =
            Text::new("“No,” Ann Lee said. She denied that it moved: it did not.").expect("short");
        model.attribute(&text, true);
    }
});
