//! A gazetteer as bytes: magic, format version, checksum, then options and entries as JSON.

use serde::{Deserialize, Serialize};

use super::{Entry, Gazetteer, GazetteerOptions};
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"quothgaz";
const VERSION: u32 = 1;
const HEADER: usize = 8 + 4 + 8;

#[derive(Serialize)]
struct Saved<'a> {
    options: &'a GazetteerOptions,
    entries: &'a [Entry],
}

#[derive(Deserialize)]
struct Loaded {
    options: GazetteerOptions,
    entries: Vec<Entry>,
}

impl Gazetteer {
    /// The gazetteer as bytes that [`Self::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![0; HEADER];
        // Writing plain structs to memory has no way to fail.
        let _ = serde_json::to_writer(
            &mut out,
            &Saved {
                options: &self.options,
                entries: &self.entries,
            },
        );
        let sum = checksum(&out[HEADER..]);
        out[..8].copy_from_slice(MAGIC);
        out[8..12].copy_from_slice(&VERSION.to_le_bytes());
        out[12..HEADER].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// A gazetteer from the bytes of [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`Error::BadFile`] for anything else: another format or version, truncated or changed bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad = |reason: String| Error::BadFile { reason };
        if bytes.len() < HEADER || &bytes[..8] != MAGIC {
            return Err(bad("not a saved gazetteer".to_owned()));
        }
        let version = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if version != VERSION {
            return Err(bad(format!(
                "format version {version}; this release reads {VERSION}"
            )));
        }
        if bytes[12..HEADER] != checksum(&bytes[HEADER..]).to_le_bytes() {
            return Err(bad("checksum differs: truncated or changed".to_owned()));
        }
        let saved: Loaded =
            serde_json::from_slice(&bytes[HEADER..]).map_err(|e| bad(e.to_string()))?;
        Self::new(saved.entries, &saved.options)
    }
}

/// FNV-1a over the bytes.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| {
        (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3)
    })
}
