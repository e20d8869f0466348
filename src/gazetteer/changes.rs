//! Entries added to and removed from a built gazetteer: a small second image beside the first, until
//! both are saved as one.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::image::Image;
use super::{Entry, Gazetteer, GazetteerBuilder, number_of};
use crate::error::{Error, Result};

/// What is different from the image.
#[derive(Clone, Debug)]
pub(super) struct Changes {
    pub(super) added: Image,
    /// Indices of entries of the first image that are gone.
    pub(super) removed: FxHashSet<u32>,
    /// By index, the entries of the other image that an entry belongs with.
    pub(super) related: FxHashMap<u32, Vec<u32>>,
    /// The ids that added entries belong with, as given: an entry may be added later.
    relations: FxHashMap<String, Vec<String>>,
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
        let known = self.changes.iter().flat_map(|c| &c.relations);
        let known = known.filter(|r| !remove.contains(r.0));
        let mut relations: FxHashMap<String, Vec<String>> =
            known.map(|(id, r)| (id.clone(), r.clone())).collect();
        for entry in self.entries().filter(|e| e.index() >= base) {
            if !remove.contains(entry.id()) {
                let mut entry = entry.to_entry();
                entry
                    .related
                    .extend(relations.get(&entry.id).into_iter().flatten().cloned());
                builder.push(&entry)?;
            }
        }
        let mut push = |entry: Entry| {
            builder.push(&entry)?;
            if !entry.related.is_empty() {
                relations.entry(entry.id).or_default().extend(entry.related);
            }
            Ok::<_, Error>(())
        };
        removed.extend(remove.iter().filter_map(|id| number_of(&self.image, id)));
        for entry in add {
            let known = number_of(&self.image, &entry.id).filter(|n| !removed.contains(n));
            if let Some(n) = known {
                removed.insert(n);
                push(self.entry(n).to_entry())?;
            }
            push(entry)?;
        }
        let added = builder.build()?.image;
        let mut related: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        for (id, others) in &relations {
            let Some(n) = number_of(&added, id) else {
                continue;
            };
            // Those in the same image it knows itself.
            let others = others.iter().filter(|o| number_of(&added, o).is_none());
            for other in others.filter_map(|o| number_of(&self.image, o)) {
                related.entry(base + n).or_default().push(other);
                related.entry(other).or_default().push(base + n);
            }
        }
        for list in related.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self {
            image: self.image.clone(),
            changes: (added.meta.entries > 0 || !removed.is_empty()).then(|| {
                Arc::new(Changes {
                    added,
                    removed,
                    related,
                    relations,
                })
            }),
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
