//! Names from names: what else a person, an organisation or a place is called, by its label.
//!
//! `variants` are as good as the name and are searched everywhere; `short_forms` and acronyms mean
//! the entry only in a document that has used its name.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

/// What a label says of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Person,
    Organisation,
    Place,
    Other,
}

impl Kind {
    /// The kind that a label of the usual schemes stands for.
    pub(super) fn of(label: &str) -> Self {
        match label.to_ascii_uppercase().as_str() {
            "PERSON" | "PER" | "PEOPLE" => Self::Person,
            "ORG" | "ORGANIZATION" | "ORGANISATION" | "COMPANY" => Self::Organisation,
            "GPE" | "LOC" | "LOCATION" | "PLACE" | "CITY" => Self::Place,
            _ => Self::Other,
        }
    }
}

#[derive(Default)]
struct Parts {
    classes: FxHashMap<&'static str, FxHashSet<&'static str>>,
    states: FxHashMap<String, Vec<&'static str>>,
}

impl Parts {
    fn has(&self, class: &str, word: &str) -> bool {
        let word: String = word
            .chars()
            .filter(|c| *c != '.')
            .flat_map(char::to_lowercase)
            .collect();
        self.classes
            .get(class)
            .is_some_and(|words| words.contains(word.as_str()))
    }
}

static PARTS: LazyLock<Parts> = LazyLock::new(|| {
    let mut parts = Parts::default();
    let people = include_str!("../lang/en/people.tsv").lines();
    let lines = include_str!("../lang/en/names.tsv")
        .lines()
        .chain(people.filter(|l| {
            let classes = ["given_m", "given_f", "title_m", "title_f", "org", "place"];
            l.split_once('\t').is_some_and(|l| classes.contains(&l.0))
        }));
    for (class, words) in lines.filter_map(|l| l.split_once('\t')) {
        for word in words.split_whitespace() {
            if let Some((state, short)) = word.split_once('=') {
                let short = short.split(',').collect();
                parts.states.insert(state.replace('_', " "), short);
            } else {
                parts.classes.entry(class).or_default().insert(word);
            }
        }
    }
    parts
});

/// Whether a word comes before a surname ("Mr.", "Senator").
pub(super) fn honorific(word: &str) -> bool {
    PARTS.has("honorific", word)
}

/// Whether a word is a given name.
pub(super) fn given_name(word: &str) -> bool {
    PARTS.has("given_m", word) || PARTS.has("given_f", word)
}

/// Whether words that tell a man from a woman do: a given name or a title. `None` for any other.
pub(super) fn is_female(word: &str) -> Option<bool> {
    let is = |class, other| PARTS.has(class, word) || PARTS.has(other, word);
    let (male, female) = (is("given_m", "title_m"), is("given_f", "title_f"));
    (male != female).then_some(female)
}

/// Whether a name that ends with this word is a body's or a place's ("Trump Tower").
pub(super) fn is_body_or_place(word: &str) -> bool {
    !word.eq_ignore_ascii_case("the") && (PARTS.has("org", word) || PARTS.has("place", word))
}

/// The given name of a person; empty where there is none to tell.
pub(super) fn first_given(name: &str) -> &str {
    person(name).map_or("", |n| n.given[0])
}

/// Whether the surname comes first: "Kim Jong Un", "Park Geun-hye", "Xi Jinping".
fn surname_first(words: &[&str]) -> bool {
    let Some((first, rest)) = words.split_first() else {
        return false;
    };
    let other = |w: &&str| given_name(w) || PARTS.has("particle", w);
    if !PARTS.has("family", first) || rest.iter().any(other) {
        return false;
    }
    let only = PARTS.has("family_only", first);
    match rest {
        // "Geun-hye", but not "Barker-Smith"
        [given] => {
            let second = given.split_once('-').map(|g| g.1);
            only || second.is_some_and(|s| s.starts_with(char::is_lowercase))
        }
        [_, _] => only || rest.iter().all(|w| is_syllable(w)),
        _ => false,
    }
}

/// Whether a word is as short as the syllables of Korean and Chinese given names.
fn is_syllable(word: &str) -> bool {
    let vowel = |c: char| "aeiouy".contains(c.to_ascii_lowercase());
    let mut before = false;
    let groups = word.chars().filter(|&c| {
        let begins = vowel(c) && !before;
        before = vowel(c);
        begins
    });
    groups.count() == 1 && word.chars().count() <= 5
}

/// A person's name in its parts.
struct PersonName<'n> {
    /// Given and middle names, as they are written.
    given: Vec<&'n str>,
    /// With its particles: "van Beethoven".
    surname: String,
    /// Jr., III; empty for none.
    generation: &'n str,
    surname_first: bool,
}

/// Parts of "First Middle Last Jr." or "Last, First"; `None` where there is no surname to tell.
fn person(name: &str) -> Option<PersonName<'_>> {
    let (name, generation) = match name.rsplit_once([' ', ',']) {
        Some((rest, last)) if PARTS.has("generation", last) => (rest, last),
        _ => (name, ""),
    };
    let name = name.trim().trim_end_matches(',');
    let mut words: Vec<&str>;
    let surname_words = if let Some((last, first)) = name.split_once(',') {
        words = first.split_whitespace().collect();
        last.split_whitespace().collect()
    } else {
        words = name.split_whitespace().collect();
        while words.len() > 1 && honorific(words[0]) {
            words.remove(0);
        }
        if surname_first(&words) {
            return Some(PersonName {
                surname: words.remove(0).to_owned(),
                given: words,
                generation,
                surname_first: true,
            });
        }
        let particle = |w: &&str| PARTS.has("particle", w);
        let mut at = words.len().checked_sub(1)?;
        while at > 1 && particle(&words[at - 1]) {
            at -= 1;
        }
        words.split_off(at)
    };
    let surname = surname_words.join(" ");
    let letters = surname.chars().filter(|c| c.is_alphabetic()).count();
    (!words.is_empty() && letters > 1).then_some(PersonName {
        given: words,
        surname,
        generation,
        surname_first: false,
    })
}

fn initial(word: &str) -> Option<char> {
    word.chars().next().filter(|c| c.is_alphabetic())
}

/// Further full names: they mean the entry wherever they stand.
pub(super) fn variants(name: &str, kind: Kind) -> Vec<String> {
    let mut out = Vec::new();
    match kind {
        Kind::Person => person_variants(name, &mut out),
        Kind::Organisation => out.extend(without_legal_form(name)),
        Kind::Place => {
            if let Some((place, state)) = name.split_once(',') {
                let state = state.trim().to_lowercase();
                let short = PARTS.states.get(&state).map_or(&[][..], Vec::as_slice);
                out.extend(short.iter().map(|s| {
                    let stop = if s.ends_with('.') { "" } else { "." };
                    format!("{}, {s}{stop}", place.trim())
                }));
            }
        }
        Kind::Other => {}
    }
    out.retain(|v| v != name);
    out
}

fn person_variants(name: &str, out: &mut Vec<String>) {
    let Some(n) = person(name) else { return };
    let (first, last) = (n.given[0], &n.surname);
    let given = n.given.join(" ");
    out.push(format!("{given} {last}"));
    if n.surname_first {
        return;
    }
    if !n.generation.is_empty() {
        out.push(format!("{given} {last} {}", n.generation));
    }
    if n.given.len() > 1 {
        // An initial first is no given name: "J. Edgar Hoover" is not "J. Hoover".
        if first.trim_end_matches('.').chars().count() > 1 {
            out.push(format!("{first} {last}"));
        }
        let middle: Option<Vec<String>> = n.given[1..]
            .iter()
            .map(|w| initial(w).map(|c| format!("{c}.")))
            .collect();
        if let Some(middle) = middle {
            out.push(format!("{first} {} {last}", middle.join(" ")));
        }
    }
}

/// "Last, First": what is left without the comma would be somebody else.
pub(super) fn inverted(name: &str, kind: Kind) -> Vec<String> {
    if kind != Kind::Person {
        return Vec::new();
    }
    let Some(n) = person(name) else {
        return Vec::new();
    };
    let mut out = vec![format!("{}, {}", n.surname, n.given.join(" "))];
    if n.given.len() > 1 && n.given[0].trim_end_matches('.').chars().count() > 1 {
        out.push(format!("{}, {}", n.surname, n.given[0]));
    }
    out
}

fn without_legal_form(name: &str) -> Vec<String> {
    let mut out = Vec::new();
    let bare = name
        .strip_prefix("The ")
        .or_else(|| name.strip_prefix("the "));
    for name in [Some(name), bare].into_iter().flatten() {
        out.push(name.to_owned());
        let mut rest = name;
        while let Some((before, last)) = rest.trim_end().rsplit_once([' ', ',']) {
            if !PARTS.has("legal", last) && last != "&" && !last.is_empty() {
                break;
            }
            rest = before.trim_end_matches([' ', ',', '&']);
            out.push(rest.to_owned());
        }
    }
    // "The Group" or "Holdings" alone says nothing.
    out.retain(|n| {
        n.chars().filter(|c| c.is_alphanumeric()).count() > 1
            && n.split_whitespace()
                .any(|w| !PARTS.has("legal", w.trim_end_matches(',')) && w != "The")
    });
    out
}

/// What an entry is called once its name was used in the document: a person by the surname or by
/// initials and surname, a place without its state.
pub(super) fn short_forms(name: &str, kind: Kind) -> Vec<String> {
    match kind {
        Kind::Person => {
            let Some(n) = person(name) else {
                return Vec::new();
            };
            let mut out = vec![n.surname.clone()];
            if n.surname_first {
                return out;
            }
            let letters: Option<Vec<String>> = n
                .given
                .iter()
                .map(|w| initial(w).map(|c| format!("{c}.")))
                .collect();
            if let Some(letters) = letters {
                out.push(format!("{} {}", letters[0], n.surname));
                if letters.len() > 1 {
                    out.push(format!("{} {}", letters.join(" "), n.surname));
                }
            }
            if !n.generation.is_empty() {
                out.push(format!("{} {}", n.surname, n.generation));
            }
            out
        }
        Kind::Place => {
            let place = name.split_once(',').map(|(p, _)| p.trim().to_owned());
            place.into_iter().filter(|p| p.len() > 1).collect()
        }
        Kind::Organisation | Kind::Other => Vec::new(),
    }
}

/// Whether a word in capitals stands for a name: its letters begin words of the name, in order, the
/// first word among them, and most of the capital words are used ("World Health Organization" is WHO).
pub(super) fn is_acronym(short: &str, name: &str) -> bool {
    let letters: Vec<char> = short.chars().filter(|c| *c != '.').collect();
    let capitals = letters.iter().filter(|c| c.is_uppercase()).count();
    if !(2..=10).contains(&letters.len()) || capitals * 2 <= letters.len() {
        return false;
    }
    let words: Vec<&str> = name
        .split([' ', '-', '\u{A0}'])
        .filter(|w| initial(w).is_some())
        .collect();
    let great = words
        .iter()
        .filter(|w| initial(w).is_some_and(char::is_uppercase));
    let mut left = letters.iter().copied().filter(|c| c.is_uppercase());
    let mut wanted = left.next();
    let mut used = 0;
    let mut first = false;
    for (k, word) in words.iter().enumerate() {
        let Some(letter) = wanted else { break };
        if initial(word).is_some_and(|c| c.to_uppercase().eq(letter.to_uppercase())) {
            let article = |w: &&str| *w == "The" || w.chars().all(char::is_lowercase);
            first |= used == 0 && words[..k].iter().all(article);
            used += 1;
            wanted = left.next();
        }
    }
    wanted.is_none() && first && used * 2 > great.count()
}

#[cfg(test)]
mod tests {
    use super::{Kind, inverted, is_acronym, short_forms, variants};

    #[test]
    fn people() {
        let v = variants("Ruth Mary Tan Jr.", Kind::Person);
        assert_eq!(
            inverted("Ruth Mary Tan Jr.", Kind::Person),
            ["Tan, Ruth Mary", "Tan, Ruth"]
        );
        for wanted in ["Ruth Tan", "Ruth M. Tan", "Ruth Mary Tan"] {
            assert!(v.iter().any(|s| s == wanted), "{wanted}: {v:?}");
        }
        assert!(variants("Tan, Ruth", Kind::Person).contains(&"Ruth Tan".to_owned()));
        assert!(variants("Pelé", Kind::Person).is_empty());
        let s = short_forms("Ludwig van Beethoven", Kind::Person);
        assert_eq!(s, ["van Beethoven", "L. van Beethoven"]);
        assert_eq!(
            short_forms("Dr. Ruth Mary Tan", Kind::Person),
            ["Tan", "R. Tan", "R. M. Tan"]
        );
        assert!(!variants("J. Edgar Hoover", Kind::Person).contains(&"J. Hoover".to_owned()));
        for (name, surname) in [
            ("Kim Jong Un", "Kim"),
            ("Park Geun-hye", "Park"),
            ("Xi Jinping", "Xi"),
            ("Kim Novak", "Novak"),
            ("Lee Harvey Oswald", "Oswald"),
            ("Lee Van Cleef", "Van Cleef"),
            ("Lee Boyd Malvo", "Malvo"),
            ("Kim Barker-Smith", "Barker-Smith"),
        ] {
            assert_eq!(short_forms(name, Kind::Person)[0], surname);
        }
    }

    #[test]
    fn bodies_and_places() {
        let v = variants("The Hale Group, Inc.", Kind::Organisation);
        for wanted in ["The Hale Group", "Hale Group", "Hale"] {
            assert!(v.iter().any(|s| s == wanted), "{wanted}: {v:?}");
        }
        assert!(variants("Limited", Kind::Organisation).is_empty());
        assert!(variants("The Company", Kind::Organisation).is_empty());
        let v = variants("Springfield, Illinois", Kind::Place);
        assert_eq!(v, ["Springfield, ill.", "Springfield, il."]);
        assert_eq!(
            short_forms("Springfield, Illinois", Kind::Place),
            ["Springfield"]
        );
    }

    #[test]
    fn acronyms() {
        assert!(is_acronym("WHO", "World Health Organization"));
        assert!(is_acronym(
            "UNHCR",
            "United Nations High Commissioner for Refugees"
        ));
        assert!(is_acronym("BoE", "Bank of England"));
        assert!(is_acronym("U.N.", "United Nations"));
        assert!(!is_acronym("2019", "World Health Organization"));
        assert!(!is_acronym("HO", "World Health Organization"));
        assert!(!is_acronym("WTO", "World Health Organization"));
    }
}
