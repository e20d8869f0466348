//! What depends on a whole document: names that are meant only after a longer one, mistakes in names,
//! candidates told apart by what else is mentioned.

use rustc_hash::{FxHashMap, FxHashSet};

use super::derive::{
    Kind, first_given, given_name, honorific, is_acronym, is_body_or_place, is_female, short_forms,
};
use super::names::{Spelling, units};
use super::units::{Cutter, Folding, Unit, small};

/// A mention in the making.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub(super) start: u32,
    pub(super) end: u32,
    /// Best first.
    pub(super) entries: Vec<u32>,
    /// How well the text has the name: 1 as given.
    pub(super) score: f32,
}

/// The score of a name that only the document gives: a surname, initials, an acronym.
const SHORT_FORM: f32 = 0.9;

/// A surname in so many capitals or fewer may be an acronym.
const SHORT_CAPITALS: usize = 3;

/// Puts mentions in order and joins those at one place; unless they may overlap, the longest at the
/// leftmost place stays.
pub(super) fn settle(found: &mut Vec<Found>, overlapping: bool) {
    found.sort_by_key(|f| (f.start, std::cmp::Reverse(f.end)));
    found.dedup_by(|b, a| {
        let same = (a.start, a.end) == (b.start, b.end);
        if same {
            let known: FxHashSet<u32> = a.entries.iter().copied().collect();
            a.entries
                .extend(b.entries.iter().filter(|e| !known.contains(e)));
            a.score = a.score.max(b.score);
        }
        same
    });
    if !overlapping {
        let mut taken = 0;
        found.retain(|f| {
            let free = f.start >= taken;
            if free {
                taken = f.end;
            }
            free
        });
    }
}

/// Adds mentions that were found by weaker evidence: one inside or across another is left out, one
/// that holds others replaces them. At a place that has a mention its entries come `first`, or are
/// left out.
pub(super) fn add_weaker(
    found: &mut Vec<Found>,
    mut more: Vec<Found>,
    overlapping: bool,
    first: bool,
) {
    settle(&mut more, overlapping);
    let by_place: FxHashMap<(u32, u32), usize> = found
        .iter()
        .enumerate()
        .map(|(k, f)| ((f.start, f.end), k))
        .collect();
    more.retain_mut(|m| {
        let Some(&k) = by_place.get(&(m.start, m.end)) else {
            return true;
        };
        if first {
            let mut known = std::mem::take(&mut found[k].entries);
            known.retain(|e| !m.entries.contains(e));
            m.entries.append(&mut known);
            found[k].entries = std::mem::take(&mut m.entries);
        }
        false
    });
    if !overlapping {
        let hidden = |m: &Found| {
            let from = found.partition_point(|f| f.end <= m.start);
            let across = found[from..].iter().take_while(|f| f.start < m.end);
            let mut across = across.peekable();
            across.any(|f| {
                !(m.start <= f.start && f.end <= m.end && m.end - m.start > f.end - f.start)
            })
        };
        more.retain(|m| !hidden(m));
        found.retain(|f| !more.iter().any(|m| m.start <= f.start && f.end <= m.end));
    }
    found.append(&mut more);
    settle(found, overlapping);
}

/// Puts first, of several candidates, the one with most related entries in the document.
pub(super) fn rank<I: Iterator<Item = u32>>(found: &mut [Found], related: impl Fn(u32) -> I) {
    let mut mentioned: FxHashSet<u32> = FxHashSet::default();
    for f in found.iter() {
        mentioned.extend(&f.entries);
    }
    for f in found.iter_mut().filter(|f| f.entries.len() > 1) {
        let own: FxHashSet<u32> = f.entries.iter().copied().collect();
        let support = |e: &u32| {
            related(*e)
                .filter(|r| mentioned.contains(r) && !own.contains(r))
                .count()
        };
        f.entries
            .sort_by_cached_key(|e| std::cmp::Reverse(support(e)));
    }
}

/// A short form that means these entries from a place in the text on.
struct Alias {
    units: Vec<String>,
    entries: Vec<u32>,
    /// Of people, whether each is a woman by the given name.
    female: Vec<Option<bool>>,
    /// Those of a given name, in normal form.
    by_given: FxHashMap<String, Vec<u32>>,
    kind: Kind,
    from: u32,
}

impl Alias {
    /// The entries that are meant where this stands before the short form.
    fn meant(&self, before: &Before) -> Vec<u32> {
        match before {
            Before::Nothing => self.entries.clone(),
            Before::Given(given) => self.by_given.get(given).cloned().unwrap_or_default(),
            Before::Title { female } => {
                let fits = |f: &Option<bool>| female.is_none() || f.is_none() || f == female;
                let both = self.entries.iter().zip(&self.female);
                both.filter(|(_, f)| fits(f)).map(|(e, _)| *e).collect()
            }
        }
    }
}

/// What stands before a surname.
enum Before {
    /// Nothing that says whose it is.
    Nothing,
    Title {
        female: Option<bool>,
    },
    Given(String),
}

/// The mentions by short forms of the names that were found: surnames, initials, acronyms that the
/// text gives in brackets, places without their state.
pub(super) fn short_mentions<'g>(
    text: &str,
    found: &[Found],
    spelling: Spelling,
    kind: impl Fn(u32) -> Kind,
    name: impl Fn(u32) -> &'g str,
) -> Vec<Found> {
    let folding = spelling.folding;
    let mut aliases: Vec<Alias> = Vec::new();
    let mut added: FxHashSet<(usize, u32)> = FxHashSet::default();
    let mut seen: FxHashMap<Vec<String>, usize> = FxHashMap::default();
    let mut add = |units: Vec<String>, entry: u32, kind: Kind, from: u32, given: &str| {
        if units.is_empty() {
            return;
        }
        let k = *seen.entry(units.clone()).or_insert_with(|| {
            aliases.push(Alias {
                units,
                entries: Vec::new(),
                female: Vec::new(),
                by_given: FxHashMap::default(),
                kind,
                from,
            });
            aliases.len() - 1
        });
        if added.insert((k, entry)) {
            let alias = &mut aliases[k];
            alias.entries.push(entry);
            alias.female.push(is_female(given));
            alias
                .by_given
                .entry(folding.form(given))
                .or_default()
                .push(entry);
        }
    };
    let plain = Spelling {
        derive: false,
        ..spelling
    };
    let mut known: FxHashSet<u32> = FxHashSet::default();
    for f in found {
        let long = text[f.start as usize..f.end as usize].contains([' ', '\n', '\u{A0}', '-']);
        for &entry in f.entries.iter().filter(|_| long) {
            let (kind, name) = (kind(entry), name(entry));
            if kind == Kind::Organisation
                && let Some(short) = acronym_after(text, f.end as usize)
                && is_acronym(short, name)
            {
                let from = small(short.as_ptr() as usize - text.as_ptr() as usize);
                add(units(short, folding), entry, kind, from, "");
            }
            if !known.insert(entry) {
                continue;
            }
            let given = first_given(name);
            for short in short_forms(name, kind) {
                for units in plain.all(&short, kind) {
                    add(units, entry, kind, f.end, given);
                }
            }
        }
    }
    if aliases.is_empty() {
        return Vec::new();
    }
    let mut by_first: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    for (k, a) in aliases.iter().enumerate() {
        let first = folding.hash_normal(&a.units[0]);
        by_first.entry(first).or_default().push(k);
    }
    let mut out = Vec::new();
    let mut cutter = Cutter::new(text, folding);
    cutter.seek(aliases.iter().map(|a| a.from).min().unwrap_or(0) as usize);
    let mut before: Option<Unit> = None;
    while let Some(unit) = cutter.next() {
        let after = unit.end;
        let mut candidates: Vec<usize> = Vec::new();
        for hash in [unit.hash, unit.core_hash] {
            candidates.extend(by_first.get(&hash).into_iter().flatten());
        }
        for k in candidates {
            let alias = &aliases[k];
            if unit.start < alias.from {
                continue;
            }
            let Some(end) = alias_at(text, &alias.units, unit, folding) else {
                continue;
            };
            let (start, said) = match alias.kind {
                Kind::Person => match surname_start(text, before, unit, end, alias, folding) {
                    Some(found) => found,
                    None => continue,
                },
                // A word in small letters is not the place.
                _ if text[unit.start as usize..].starts_with(char::is_lowercase) => continue,
                _ => (unit.start, Before::Nothing),
            };
            let entries = alias.meant(&said);
            if !entries.is_empty() {
                out.push(Found {
                    start,
                    end,
                    entries,
                    score: SHORT_FORM,
                });
            }
        }
        before = Some(unit);
        cutter.seek(after as usize);
    }
    out
}

/// The word in capitals in brackets after a place: "… (WHO)".
fn acronym_after(text: &str, end: usize) -> Option<&str> {
    let rest = text[end..].strip_prefix(" (")?;
    let word = &rest[..rest.find(')')?];
    let word = word.trim_matches(['"', '“', '”', '\'', '‘', '’']);
    (!word.is_empty() && word.len() <= 24 && !word.contains(char::is_whitespace)).then_some(word)
}

/// The end of an alias that begins with this unit.
fn alias_at(text: &str, wanted: &[String], unit: Unit, folding: Folding) -> Option<u32> {
    let mut cutter = Cutter::new(text, folding);
    cutter.seek(unit.start as usize);
    let mut end = unit.end;
    let mut form = String::new();
    let mut is = |from: u32, to: u32, wanted: &str| {
        form.clear();
        folding.normal(&text[from as usize..to as usize], &mut form);
        form == *wanted
    };
    for (k, wanted_unit) in wanted.iter().enumerate() {
        let u = cutter.next()?;
        if k > 0 && u.after_blank_line {
            return None;
        }
        if is(u.start, u.end, wanted_unit) {
            end = u.end;
        } else if k + 1 == wanted.len() && u.core_hash != 0 && is(u.start, u.core_end, wanted_unit)
        {
            end = u.core_end;
        } else {
            return None;
        }
    }
    Some(end)
}

/// Where the mention of a person by the surname begins, at a title before it, if any; and what is said
/// of whom it means. `None` in small letters, where another given name stands before it, and where the
/// name goes on as that of a body or place ("Trump Tower").
fn surname_start(
    text: &str,
    before: Option<Unit>,
    unit: Unit,
    end: u32,
    alias: &Alias,
    folding: Folding,
) -> Option<(u32, Before)> {
    let capital = |at: u32| text[at as usize..].starts_with(char::is_uppercase);
    let capitals = |word: &str| {
        let mut letters = word.chars().filter(|c| c.is_alphabetic());
        letters.clone().count() > 1 && letters.all(char::is_uppercase)
    };
    let matched = &text[unit.start as usize..end as usize];
    if matched.chars().any(char::is_lowercase) && !matched.chars().any(char::is_uppercase) {
        return None;
    }
    let word_before = before.map_or("", |b| &text[b.start as usize..b.end as usize]);
    let word_after = text[end as usize..].strip_prefix(' ').unwrap_or("");
    let word_after = word_after
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or("");
    if word_after.starts_with(char::is_uppercase) && is_body_or_place(word_after) {
        return None;
    }
    // "UN" is not Kim Jong Un, unless all is in capitals.
    let alone = !capitals(word_before) && !capitals(word_after);
    if capitals(matched) && matched.chars().count() <= SHORT_CAPITALS && alone {
        return None;
    }
    let Some(before) = before else {
        return Some((unit.start, Before::Nothing));
    };
    let title = |word: &str| Before::Title {
        female: is_female(word),
    };
    let gap = &text[before.end as usize..unit.start as usize];
    if word_before == "." {
        // "Mr. Tan": the stop is a unit of its own.
        let word = text[..before.start as usize]
            .rsplit(|c: char| !c.is_alphanumeric())
            .next()
            .unwrap_or("");
        if gap != " " || word.is_empty() || !honorific(word) {
            return Some((unit.start, Before::Nothing));
        }
        return Some((before.start - small(word.len()), title(word)));
    }
    if gap != " " || !capital(before.start) {
        return Some((unit.start, Before::Nothing));
    }
    if honorific(word_before) {
        return Some((before.start, title(word_before)));
    }
    // Another given name: "Marcus Tan" is not Ruth Tan. A word that begins a sentence may be any.
    let form = folding.form(word_before);
    if alias.by_given.contains_key(&form) {
        return Some((unit.start, Before::Given(form)));
    }
    let begins = text[..before.start as usize]
        .trim_end_matches([' ', '“', '"', '‘', '\''])
        .chars()
        .next_back()
        .is_none_or(|c| matches!(c, '.' | '!' | '?' | '\n' | ':'));
    (begins && !given_name(word_before)).then_some((unit.start, Before::Nothing))
}
