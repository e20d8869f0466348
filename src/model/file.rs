//! The model file: magic, version, a JSON header, the weights, a checksum of all of it.

use std::path::Path;

use super::crf::Chain;
use super::priors::Priors;
use super::weights::Table;
use super::{Bias, Header, Model};
use crate::error::{Error, Result};

const MAGIC: [u8; 8] = *b"QUOTHMOD";
/// Counts up whenever files or features change, so that old weights are never taken for new ones.
const VERSION: u32 = 2;
/// A table has at most so many.
const MAX_BUCKETS: usize = 1 << 27;

/// The part of the file that people can read.
#[derive(serde::Serialize, serde::Deserialize)]
struct Preface {
    #[serde(flatten)]
    header: Header,
    bias: Bias,
}

fn bad(reason: impl Into<String>) -> Error {
    Error::BadModel {
        reason: reason.into(),
    }
}

impl Model {
    /// The model as the bytes of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let preface = Preface {
            header: self.header.clone(),
            bias: self.bias.clone(),
        };
        // Strings and numbers always have a JSON form.
        let json = serde_json::to_vec(&preface).unwrap_or_default();
        let mut out = Vec::new();
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend((json.len() as u32).to_le_bytes());
        out.extend(json);
        let priors = self.priors.entries();
        out.extend((priors.len() as u32).to_le_bytes());
        for &(stem, bin) in priors {
            out.extend(stem.to_le_bytes());
            out.push(bin);
        }
        write_chain(&self.cue_chain, &mut out);
        write_chain(&self.role_chain, &mut out);
        self.cues.write(&mut out);
        self.roles.write(&mut out);
        self.whole.write(&mut out);
        write_chain(&self.whole_chain, &mut out);
        out.extend(crc32fast::hash(&out).to_le_bytes());
        out
    }

    /// Reads a model from the bytes of its file.
    ///
    /// # Errors
    /// [`Error::BadModel`] where the bytes are no model, one of another version, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(bad("not a model"));
        }
        let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(bad("truncated"));
        };
        let mut r = Reader { rest: &bytes[8..] };
        let version = r.number()?;
        if version != VERSION {
            return Err(bad(format!(
                "version {version}; this release reads version {VERSION}"
            )));
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return Err(bad("damaged: the checksum differs"));
        }
        let mut r = Reader { rest: &body[12..] };
        let length = r.number()? as usize;
        let preface: Preface =
            serde_json::from_slice(r.take(length)?).map_err(|e| bad(format!("header: {e}")))?;
        let count = r.number()? as usize;
        let mut priors = Vec::new();
        for entry in r.take(count.saturating_mul(9))?.chunks_exact(9) {
            if let Some((stem, bin)) = entry.split_first_chunk::<8>() {
                priors.push((u64::from_le_bytes(*stem), bin[0].min(5)));
            }
        }
        let model = Self {
            header: preface.header,
            bias: preface.bias,
            priors: Priors::new(priors),
            cue_chain: r.chain()?,
            role_chain: r.chain()?,
            cues: r.table()?,
            roles: r.table()?,
            whole: r.table()?,
            whole_chain: r.chain()?,
        };
        if r.rest.is_empty() {
            Ok(model)
        } else {
            Err(bad("more bytes than a model has"))
        }
    }

    /// Writes the model to a file.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn save(&self, path: &Path) -> Result<()> {
        std::fs::write(path, self.to_bytes()).map_err(|e| Error::io(path, &e))
    }

    /// Reads a model from a file.
    ///
    /// # Errors
    /// [`Error::Io`], or [`Error::BadModel`] as [`Self::from_bytes`].
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
        Self::from_bytes(&bytes)
    }
}

fn write_chain<const L: usize>(chain: &Chain<L>, out: &mut Vec<u8>) {
    for x in chain.first.iter().chain(chain.next.iter().flatten()) {
        out.extend(x.to_le_bytes());
    }
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, n: usize) -> Result<&'b [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(n)
            .ok_or_else(|| bad("truncated"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| bad("truncated"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn float(&mut self) -> Result<f32> {
        let x = f32::from_le_bytes(self.array()?);
        if x.is_finite() {
            Ok(x)
        } else {
            Err(bad("a weight is no number"))
        }
    }

    fn floats<const L: usize>(&mut self) -> Result<[f32; L]> {
        let mut row = [0.0; L];
        for x in &mut row {
            *x = self.float()?;
        }
        Ok(row)
    }

    fn chain<const L: usize>(&mut self) -> Result<Chain<L>> {
        let first = self.floats()?;
        let mut next = [[0.0; L]; L];
        for row in &mut next {
            *row = self.floats()?;
        }
        Ok(Chain { first, next })
    }

    fn table(&mut self) -> Result<Table> {
        let scale = self.float()?;
        let buckets = self.number()? as usize;
        if buckets > MAX_BUCKETS {
            return Err(bad("a table is too large"));
        }
        let used = self.take((buckets * 2).div_ceil(8))?;
        let row = || Ok((u16::from_le_bytes(self.array()?), self.number()?));
        Table::read(scale, buckets, used, row)?.ok_or_else(|| bad("a table has the wrong size"))
    }
}
