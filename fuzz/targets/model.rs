//! Any bytes as a model: refused or read, and a model that is read may be used.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quoth::Text;
use quoth::attribution::learned::AttributionModel;

fuzz_target!(|data: &[u8]| {
    // With a header that fits, so that the rest is looked at.
    let mut bytes = b"quothmod\x01\0\0\0".to_vec();
    bytes.extend(crc32fast::hash(data).to_le_bytes());
    bytes.extend(data);
    let facts =
        br#"{"threshold":0,"trained_on":"","texts":0,"attributions":0,"epochs":0,"seed":0}"#;
    let mut whole = vec![facts.len() as u8];
    whole.extend(facts);
    whole.extend(data);
    let mut other = b"quothmod\x01\0\0\0".to_vec();
    other.extend(crc32fast::hash(&whole).to_le_bytes());
    other.extend(&whole);
    for model in [bytes, other]
        .iter()
        .flat_map(|b| AttributionModel::from_bytes(b))
    {
        let text =
            Text::new("“No,” Ann Lee said. She denied that it moved: it did not.").expect("short");
        model.attribute(&text);
    }
});
