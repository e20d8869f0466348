//! Saving a gazetteer to bytes or a file, and opening it again.

use std::io::Write;
use std::path::Path;

use super::Gazetteer;
use super::image::Image;
use crate::error::{Error, Result};

impl Gazetteer {
    /// The gazetteer as the bytes that [`Self::from_bytes`] and [`Self::open`] read. Entries added
    /// or removed since it was built are no part of them: see [`Self::merged`].
    pub fn as_bytes(&self) -> &[u8] {
        self.image.bytes()
    }

    /// A gazetteer from the bytes of [`Self::as_bytes`], all of them checked.
    ///
    /// # Errors
    /// [`Error::BadFile`] for anything else: another format, version or byte order, truncated or
    /// changed bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Ok(Self::of(Image::from_bytes(bytes)?))
    }

    /// Saves to a file. A file that is there is replaced once the new one is complete, so that a
    /// process that has the old one open keeps it.
    ///
    /// Entries added or removed since it was built are merged into the file.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::GazetteerTooLarge`] where changes make it so.
    pub fn save(&self, path: &Path) -> Result<()> {
        if self.changes.is_some() {
            return self.merged()?.save(path);
        }
        let failed = |e: std::io::Error| Error::io(path, &e);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let new = path.with_file_name(name);
        let write = || {
            let mut file = std::fs::File::create(&new)?;
            file.write_all(self.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, path)
        };
        write().map_err(|e| {
            // What could not be written is of no use; that it cannot be removed either changes nothing.
            let _ = std::fs::remove_file(&new);
            failed(e)
        })
    }

    /// Opens a saved gazetteer by mapping the file into memory: fast, and processes share it. The
    /// header is checked at once, the rest with `verify`, which reads the whole file. Without it,
    /// a file changed inside finds too little or too much, and nothing worse. The file must not be
    /// truncated or written to while it is open; [`Self::save`] replaces it instead.
    ///
    /// # Errors
    /// [`Error::Io`] where the file cannot be read; [`Error::BadFile`] as [`Self::from_bytes`].
    pub fn open(path: &Path, verify: bool) -> Result<Self> {
        let failed = |e: std::io::Error| Error::io(path, &e);
        let file = std::fs::File::open(path).map_err(failed)?;
        // Sound as long as nobody writes to the file, which the documentation asks for; it is a
        // condition of every memory map.
        #[allow(unsafe_code)]
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(failed)?;
        let image = Image::from_map(map)?;
        if verify {
            image.verify()?;
        }
        Ok(Self::of(image))
    }

    /// Reads the whole gazetteer and compares its checksum.
    ///
    /// # Errors
    /// [`Error::BadFile`].
    pub fn verify(&self) -> Result<()> {
        self.image.verify()
    }
}
