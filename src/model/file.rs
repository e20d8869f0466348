//! The file of a model: a header that is checked, then weights of 8 bits, only those that matter.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::crf::Crf;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"quothmod";
const VERSION: u32 = 1;
/// Magic, version, checksum of the rest.
const HEADER: usize = 16;
/// Rows whose weights are all below this share of the greatest are left out.
const LEAST: f32 = 0.5 / 127.0;

fn bad(reason: impl Into<String>) -> Error {
    Error::BadModel {
        reason: reason.into(),
    }
}

/// Writes a model.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// A model with these facts.
    pub(crate) fn new<T: Serialize>(facts: &T) -> Self {
        let mut out = Self(vec![0; HEADER]);
        // Plain structs have no way to fail.
        out.bytes(&serde_json::to_vec(facts).unwrap_or_default());
        out
    }

    fn number(&mut self, mut n: u64) {
        while n >= 128 {
            self.0.push(n as u8 | 128);
            n >>= 7;
        }
        self.0.push(n as u8);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn float(&mut self, x: f32) {
        self.0.extend_from_slice(&x.to_le_bytes());
    }

    /// Numbers with a small one each.
    pub(crate) fn table(&mut self, mut items: Vec<(u64, u8)>) {
        items.sort_unstable();
        self.number(items.len() as u64);
        for (key, value) in items {
            self.0.extend_from_slice(&key.to_le_bytes());
            self.0.push(value);
        }
    }

    pub(crate) fn crf(&mut self, crf: &Crf) {
        self.number(crf.labels as u64);
        self.number(crf.rows() as u64);
        crf.steps.iter().for_each(|&s| self.float(s));
        let most = crf.weights.iter().fold(0.0_f32, |m, w| m.max(w.abs()));
        // Few weights are large: those beyond are cut off.
        let scale = (most / 127.0).clamp(f32::MIN_POSITIVE, 0.02);
        self.float(scale);
        let rows: Vec<(usize, &[f32])> = crf
            .weights
            .chunks(crf.labels)
            .enumerate()
            .filter(|(_, row)| row.iter().any(|w| w.abs() > LEAST * scale * 127.0))
            .collect();
        self.number(rows.len() as u64);
        let mut last = 0;
        for (k, row) in rows {
            self.number((k - last) as u64);
            last = k;
            for w in row {
                let small = (w / scale).round().clamp(-127.0, 127.0) as i8;
                self.0.push(small.cast_unsigned());
            }
        }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        let sum = crc32fast::hash(&self.0[HEADER..]);
        self.0[..8].copy_from_slice(MAGIC);
        self.0[8..12].copy_from_slice(&VERSION.to_le_bytes());
        self.0[12..16].copy_from_slice(&sum.to_le_bytes());
        self.0
    }
}

/// Reads a model.
#[derive(Debug)]
pub(crate) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    /// The facts of a model, and what reads the rest.
    pub(crate) fn new<T: DeserializeOwned>(bytes: &'b [u8]) -> Result<(T, Self)> {
        if bytes.len() < HEADER || &bytes[..8] != MAGIC {
            return Err(bad("not a model"));
        }
        let number = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        if number(8) != VERSION {
            return Err(bad(format!(
                "format version {}; this release reads {VERSION}",
                number(8)
            )));
        }
        if number(12) != crc32fast::hash(&bytes[HEADER..]) {
            return Err(bad("the checksum differs: truncated or changed"));
        }
        let mut reader = Self(&bytes[HEADER..]);
        let n = reader.size()?;
        let facts = serde_json::from_slice(reader.take(n)?).map_err(|e| bad(e.to_string()))?;
        Ok((facts, reader))
    }

    fn take(&mut self, n: usize) -> Result<&'b [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(n)
            .ok_or_else(|| bad("it ends too early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn size(&mut self) -> Result<usize> {
        let mut n = 0_u64;
        for shift in (0..64).step_by(7) {
            let b = self.take(1)?[0];
            n |= u64::from(b & 127) << shift;
            if b < 128 {
                return usize::try_from(n).map_err(|_| bad("a number is too large"));
            }
        }
        Err(bad("a number is too large"))
    }

    fn float(&mut self) -> Result<f32> {
        let b = self.take(4)?;
        let x = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        if x.is_finite() {
            Ok(x)
        } else {
            Err(bad("a weight is no finite number"))
        }
    }

    pub(crate) fn table(&mut self) -> Result<Vec<(u64, u8)>> {
        let n = self.size()?;
        let items = self.take(
            n.checked_mul(9)
                .ok_or_else(|| bad("a table is too large"))?,
        )?;
        let item = |c: &[u8; 9]| {
            let key = [c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]];
            (u64::from_le_bytes(key), c[8])
        };
        Ok(items.as_chunks::<9>().0.iter().map(item).collect())
    }

    /// A field of so many labels.
    pub(crate) fn crf(&mut self, labels: usize) -> Result<Crf> {
        const MOST_ROWS: usize = 1 << 24;
        let (found, rows) = (self.size()?, self.size()?);
        if found != labels || rows == 0 || rows > MOST_ROWS {
            return Err(bad(format!("a field of {found} labels and {rows} rows")));
        }
        let mut crf = Crf::new(labels, rows);
        for step in &mut crf.steps {
            *step = self.float()?;
        }
        let scale = self.float()?;
        let mut at = 0_usize;
        for _ in 0..self.size()? {
            at = at.saturating_add(self.size()?);
            let row = self.take(labels)?;
            let Some(weights) = at
                .checked_mul(labels)
                .and_then(|from| crf.weights.get_mut(from..from + labels))
            else {
                return Err(bad("a row beyond the last"));
            };
            for (w, b) in weights.iter_mut().zip(row) {
                *w = f32::from(b.cast_signed()) * scale;
            }
        }
        Ok(crf)
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(bad("more follows its end"))
        }
    }
}
