//! The spellings that one name is searched under: with and without stops, commas and brackets.

use super::derive::{Kind, inverted, variants};
use super::units::{Cutter, Folding, Unit};
use crate::text::ideograph;

/// At most this many spellings a name.
const MAX_SPELLINGS: usize = 48;

/// Which spellings a name has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spelling {
    pub(super) folding: Folding,
    /// Whether the plural of a name's last word is one.
    pub(super) plural: bool,
    /// Whether names are derived from names.
    pub(super) derive: bool,
}

/// Short forms, of at most four letters, that are written with and without a full stop.
pub(super) const SHORT_FORMS: [&str; 30] = [
    "st", "ste", "mt", "ft", "jr", "sr", "dr", "mr", "mrs", "ms", "prof", "gen", "col", "lt",
    "sgt", "capt", "sen", "rep", "gov", "rev", "inc", "corp", "co", "ltd", "bros", "no", "vs",
    "dept", "univ", "assn",
];

/// The normal forms of a name's units.
pub(super) fn units(name: &str, folding: Folding) -> Vec<String> {
    let text = |u: Unit| folding.form(&name[u.start as usize..u.end as usize]);
    Cutter::new(name, folding).map(text).collect()
}

impl Spelling {
    /// The normal forms of a name's units, one list a spelling, as given first; empty where the name
    /// has no unit. `kind` says what the name is derived from.
    pub(super) fn all(self, name: &str, kind: Kind) -> Vec<Vec<String>> {
        let as_given = units(name, self.folding);
        if as_given.is_empty() {
            return Vec::new();
        }
        let mut out = vec![as_given];
        if self.derive {
            for variant in variants(name, kind) {
                let variant = units(&variant, self.folding);
                if !variant.is_empty() && !out.contains(&variant) {
                    out.push(variant);
                }
            }
        }
        grow(&mut out, joined_initials);
        grow(&mut out, parted_initials);
        grow(&mut out, |s| {
            without(s, |u| matches!(u, "," | "(" | ")" | "[" | "]"))
        });
        // ".NET" is no net.
        grow(&mut out, |s| {
            without(s, |u| u == ".").filter(|_| s.first().is_none_or(|u| u != "."))
        });
        grow(&mut out, with_stops);
        if self.derive {
            let inverted = inverted(name, kind).into_iter();
            for variant in inverted.map(|v| units(&v, self.folding)) {
                if !out.contains(&variant) {
                    out.push(variant);
                }
            }
        }
        if self.plural {
            grow(&mut out, plural);
        }
        out
    }
}

/// The English plural of the last word: Democrats, parties, churches.
fn plural(units: &[String]) -> Option<Vec<String>> {
    let last = units.last()?;
    let letters = last.chars().all(char::is_alphabetic);
    if !letters || last.chars().count() < 3 || last.chars().any(ideograph) {
        return None;
    }
    let lower = last.to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|e| lower.ends_with(e));
    let vowel = |c: char| "aeiou".contains(c);
    let before_last = lower.chars().rev().nth(1);
    let (stem, ending) = if ends(&["s", "x", "z", "ch", "sh"]) {
        (last.as_str(), "es")
    } else if lower.ends_with('y') && before_last.is_some_and(|c| !vowel(c)) {
        (&last[..last.len() - 1], "ies")
    } else {
        (last.as_str(), "s")
    };
    let mut out = units.to_vec();
    *out.last_mut()? = format!("{stem}{ending}");
    Some(out)
}

/// Adds what `change` makes of each spelling so far.
fn grow(spellings: &mut Vec<Vec<String>>, change: impl Fn(&[String]) -> Option<Vec<String>>) {
    for k in 0..spellings.len() {
        if spellings.len() >= MAX_SPELLINGS {
            return;
        }
        if let Some(new) = change(&spellings[k])
            && !spellings.contains(&new)
        {
            spellings.push(new);
        }
    }
}

fn single_letter(unit: &str) -> bool {
    let mut chars = unit.chars();
    let letter = |c: char| c.is_alphabetic() && !ideograph(c);
    chars.next().is_some_and(letter) && chars.next().is_none()
}

/// J. K. Rowling: as J.K. Rowling and JK Rowling.
fn joined_initials(units: &[String]) -> Option<Vec<String>> {
    let mut out: Vec<String> = Vec::with_capacity(units.len());
    let mut k = 0;
    let mut changed = false;
    while k < units.len() {
        let mut end = k;
        let mut letters = String::new();
        while end < units.len() && single_letter(&units[end]) {
            letters.push_str(&units[end]);
            end += 1;
            if units.get(end).is_some_and(|u| u == ".") {
                end += 1;
            }
        }
        if letters.chars().count() > 1 {
            out.push(letters);
            changed = true;
            k = end;
        } else {
            out.push(units[k].clone());
            k += 1;
        }
    }
    changed.then_some(out)
}

/// J.K. Rowling: as J. K. Rowling. Only before another word: USA is not U. S. A.
fn parted_initials(units: &[String]) -> Option<Vec<String>> {
    let [first, rest @ ..] = units else {
        return None;
    };
    let letters = first.chars().count();
    if rest.is_empty() || !(2..=3).contains(&letters) || !first.chars().all(char::is_alphabetic) {
        return None;
    }
    // Without vowels, or as given with capitals only: a word such as "Al" is no initials.
    if first.chars().any(|c| "aeiouyAEIOUY".contains(c)) {
        return None;
    }
    let parted = first.chars().flat_map(|c| [c.to_string(), ".".to_owned()]);
    Some(parted.chain(rest.iter().cloned()).collect())
}

/// The spelling without some marks, never one that loses its last letter.
fn without(units: &[String], drop: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let out: Vec<String> = units.iter().filter(|u| !drop(u)).cloned().collect();
    let word = out
        .iter()
        .any(|u| u.chars().next().is_some_and(char::is_alphanumeric));
    (word && out.len() < units.len()).then_some(out)
}

/// John F Kennedy Jr: as John F. Kennedy Jr.
fn with_stops(units: &[String]) -> Option<Vec<String>> {
    if units.len() < 2 {
        return None;
    }
    let mut out = Vec::with_capacity(units.len() + 2);
    for (k, u) in units.iter().enumerate() {
        out.push(u.clone());
        let short = single_letter(u) || SHORT_FORMS.contains(&u.to_lowercase().as_str());
        if short && units.get(k + 1).is_none_or(|n| n != ".") {
            out.push(".".to_owned());
        }
    }
    (out.len() > units.len()).then_some(out)
}
