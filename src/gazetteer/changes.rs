//! Entries added to and removed from a built gazetteer: a small second image beside the first, until
//! both are saved as one.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::image::Image;
use super::{Entry, Gazetteer, GazetteerBuilder, number_of};
use crate::error::Result;

/// What is different from the image.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    pub(super) added: Image,
    /// Indices of entries of the first image that are gone.
    pub(super) removed: FxHashSet<u32>,
}

impl Gazetteer {
    /// This gazetteer with more entries, and without those whose ids are in `remove`. An id that is
    /// there already gets the new names too. Costs little beside the entries changed since it was
    /// built; [`Self::merged`] makes one index of all.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_changes(
        &self,
        add: impl IntoIterator<Item = Entry>,
        remove: &FxHashSet<String>,
    ) -> Result<Self> {
        let mut removed = self
            .changes
            .as_ref()
            .map_or_else(FxHashSet::default, |c| c.removed.clone());
        let mut builder = GazetteerBuilder::new(self.options().clone());
        let base = self.image.meta.entries;
        for entry in self.entries().filter(|e| e.index() >= base) {
            if !remove.contains(entry.id()) {
                builder.push(&entry.to_entry())?;
            }
        }
        removed.extend(remove.iter().filter_map(|id| number_of(&self.image, id)));
        for entry in add {
            let known = number_of(&self.image, &entry.id).filter(|n| !removed.contains(n));
            if let Some(n) = known {
                removed.insert(n);
                builder.push(&self.entry(n).to_entry())?;
            }
            builder.push(&entry)?;
        }
        let added = builder.build()?.image;
        Ok(Self {
            image: self.image.clone(),
            changes: (added.meta.entries > 0 || !removed.is_empty())
                .then(|| Arc::new(Changes { added, removed })),
            substrings: Arc::default(),
        })
    }

    /// The same entries in one index: itself where nothing was changed.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn merged(&self) -> Result<Self> {
        if self.changes.is_none() {
            return Ok(self.clone());
        }
        let mut builder = GazetteerBuilder::new(self.options().clone());
        for entry in self.entries() {
            builder.push(&entry.to_entry())?;
        }
        builder.build()
    }
}
