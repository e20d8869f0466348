//! The gazetteer: cases of tests/cases/gazetteer.toml, a slow oracle, properties, errors.

mod common;

use common::{cases, tricky_text};
use proptest::prelude::*;
use quoth::gazetteer::{CasePolicy, Gazetteer, GazetteerOptions};
use quoth::{Entry, Error};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    names: Vec<String>,
    text: String,
    labels: Option<Vec<String>>,
    #[serde(default)]
    options: GazetteerOptions,
}

/// `id [LABEL]@priority: name | alias ~ related, related`
fn entry(line: &str) -> Entry {
    let (line, related) = line.split_once(" ~ ").unwrap_or((line, ""));
    let related = related.split(", ").filter(|r| !r.is_empty());
    let related = related.map(str::to_owned).collect();
    let (head, names) = line.split_once(": ").expect("id: name");
    let (head, priority) = head.split_once('@').unwrap_or((head, "0"));
    let (id, label) = head.split_once(" [").unwrap_or((head, "]"));
    let mut names = names.split(" | ").map(str::to_owned);
    Entry {
        id: id.to_owned(),
        label: label.trim_end_matches(']').to_owned(),
        name: names.next().unwrap_or_default(),
        names: names.collect(),
        priority: priority.parse().expect("a number"),
        related,
        ..Entry::default()
    }
}

/// The text without its marks, and the marked spans with their ids, as the mentions are sorted.
fn marked(text: &str) -> (String, Vec<(usize, usize, String)>) {
    let (mut plain, mut open, mut spans) = (String::new(), Vec::new(), Vec::new());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '⟦' => open.push(plain.len()),
            '→' => {
                let ids: String = rest.by_ref().take_while(|&c| c != '⟧').collect();
                spans.push((open.pop().expect("an open mark"), plain.len(), ids));
            }
            c => plain.push(c),
        }
    }
    spans.sort_by_key(|s| (s.0, std::cmp::Reverse(s.1)));
    (plain, spans)
}

#[test]
fn mentions() {
    for c in cases::<Case>("gazetteer", |c| &c.name) {
        let built =
            Gazetteer::new(c.names.iter().map(|n| entry(n)), &c.options).expect("good entries");
        let loaded = Gazetteer::from_bytes(built.as_bytes()).expect("own bytes");
        let (text, expected) = marked(&c.text);
        for g in [built, loaded] {
            let found: Vec<(usize, usize, String)> = g
                .find_labels(&text, c.labels.as_deref())
                .expect("a small text")
                .iter()
                .map(|m| {
                    let ids: Vec<&str> = m.entries.iter().map(|&e| g.entry(e).id()).collect();
                    (m.span.start as usize, m.span.end as usize, ids.join(","))
                })
                .collect();
            assert_eq!(found, expected, "{}: {text}", c.name);
        }
    }
}

#[test]
fn errors_name_the_row() {
    let build = |lines: &[&str]| {
        Gazetteer::new(lines.iter().map(|l| entry(l)), &GazetteerOptions::default()).map(|_| ())
    };
    let row = |e: Result<(), Error>| match e {
        Err(Error::BadEntry { row, reason }) => (row, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        row(build(&["a: A", ": B"])),
        (1, "the id is empty".to_owned())
    );
    assert_eq!(row(build(&["a: A", "b: B", "c: ”"])).0, 2);
    assert_eq!(
        row(build(&["a [X]: A", "a [Y]: B"])),
        (
            1,
            "the id \"a\" stands for a \"X\" and for a \"Y\"".to_owned()
        )
    );
    assert_eq!(row(build(&["a@inf: A"])).0, 0);
    assert!(build(&[]).is_ok());
}

#[test]
fn relations_hold_across_changes() {
    let entry = |id: &str, name: &str, priority: f32, related: &[&str]| Entry {
        id: id.into(),
        name: name.into(),
        priority,
        related: related.iter().map(|r| (*r).to_owned()).collect(),
        ..Entry::default()
    };
    let nobody = || std::iter::empty::<String>().collect();
    let related = |g: &Gazetteer, id: &str| -> Vec<String> {
        g.get(id)
            .map(|e| e.related().map(str::to_owned).collect())
            .unwrap_or_default()
    };
    let texas = entry("tx", "Paris", 1.0, &["Texas"]);
    let built = Gazetteer::new(
        [
            texas.clone(),
            entry("fr", "Paris", 9.0, &["France"]),
            entry("Texas", "Texas", 0.0, &[]),
            entry("France", "France", 0.0, &[]),
        ],
        &GazetteerOptions::default(),
    )
    .expect("good");
    let first = |g: &Gazetteer| {
        let found = g.find("Paris in Texas").expect("small");
        g.entry(found[0].entries[0]).id().to_owned()
    };
    let other = built
        .with_changes([entry("X", "Xanadu", 0.0, &[])], &nobody())
        .expect("good");
    let gone = std::iter::once("France".to_owned()).collect();
    let fewer = built.with_changes([], &gone).expect("good");
    let again = other
        .with_changes([texas.clone(), texas], &nobody())
        .expect("good");
    for g in [&built, &other, &fewer, &again] {
        assert_eq!(first(g), "tx");
        assert_eq!(related(g, "tx"), ["Texas"]);
        assert_eq!(related(g, "Texas"), ["tx"]);
    }
    assert!(related(&fewer, "fr").is_empty());
    // An entry may be added after one that names it.
    let late = built
        .with_changes([entry("C", "Carthage", 0.0, &["D"])], &nobody())
        .and_then(|g| g.with_changes([entry("D", "Dido", 0.0, &[])], &nobody()))
        .expect("good");
    for g in [&late, &late.merged().expect("good")] {
        assert_eq!(related(g, "C"), ["D"]);
        assert_eq!(related(g, "D"), ["C"]);
    }
}

/// Many people of one surname, each named in full.
#[test]
fn many_of_one_surname_take_linear_time() {
    const PEOPLE: usize = 30_000;
    let name = |k: usize| {
        let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
        let letters = [
            letter(k),
            letter(k / 26),
            letter(k / 676),
            letter(k / 17_576),
        ];
        format!("Q{} Smith", letters.iter().collect::<String>())
    };
    let entries = (0..PEOPLE).map(|k| Entry {
        id: k.to_string(),
        name: name(k),
        label: "PERSON".into(),
        ..Entry::default()
    });
    let options = GazetteerOptions {
        derive: true,
        ..GazetteerOptions::default()
    };
    let gazetteer = Gazetteer::new(entries, &options).expect("good");
    let text: Vec<String> = (0..PEOPLE).map(name).collect();
    let found = gazetteer.find(&text.join(", and ")).expect("small");
    assert_eq!(found.len(), PEOPLE);
    assert!(found.iter().all(|m| m.entries.len() == 1));
}

#[test]
fn foreign_bytes_are_refused() {
    let g = Gazetteer::new([entry("a: Ann | Anna")], &GazetteerOptions::default()).expect("good");
    let bytes = g.as_bytes();
    let refused = |b: &[u8]| matches!(Gazetteer::from_bytes(b), Err(Error::BadFile { .. }));
    assert!(refused(b""));
    assert!(refused(b"not a gazetteer at all"));
    for cut in 0..bytes.len() {
        assert!(refused(&bytes[..cut]));
    }
    for k in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[k] ^= 1;
        assert!(refused(&changed), "byte {k}");
    }
}

// The oracle: cuts a text the slow way and compares every stretch of units with every name.

fn oracle_units(text: &str, case: bool) -> Vec<(Option<String>, usize, usize)> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let at = |k: usize| chars.get(k).map_or(text.len(), |c| c.0);
    let ch = |k: usize| chars.get(k).map_or(' ', |c| c.1);
    let mark = |c: char| matches!(c, '\u{301}' | '\u{308}' | '\u{AD}' | '\u{200D}');
    let word = |c: char| c.is_alphanumeric() || c == '_' || mark(c);
    let apostrophe = |c: char| matches!(c, '\'' | '’' | '‘');
    let fold = |s: &str| {
        use unicode_normalization::UnicodeNormalization;
        let s: String = s
            .chars()
            .filter(|&c| c != '\u{AD}' && c != '\u{200D}')
            .map(|c| if apostrophe(c) { '\'' } else { c })
            .nfkc()
            .collect();
        if case {
            s.to_lowercase()
                .replace('ß', "ss")
                .replace('ς', "σ")
                .replace("i\u{307}", "i")
        } else {
            s
        }
    };
    let mut out = Vec::new();
    let (mut k, mut lines) = (0, 0);
    while k < chars.len() {
        let c = ch(k);
        if c == '\n' {
            lines += 1;
        }
        if c.is_whitespace()
            || c.is_control()
            || apostrophe(c)
            || "\"“”„«»‹›「」".contains(c)
            || "\u{200B}\u{200D}\u{FEFF}\u{AD}".contains(c)
        {
            k += 1;
            continue;
        }
        let before = (0..k).rev().map(ch).find(|&c| !mark(c));
        if c == '-'
            && before.is_some_and(|b| word(b) && !('\u{4E00}'..='\u{9FFF}').contains(&b))
            && ch(k + 1).is_alphanumeric()
            && !('\u{4E00}'..='\u{9FFF}').contains(&ch(k + 1))
        {
            k += 1;
            continue;
        }
        if lines > 1 {
            out.push((None, at(k), at(k)));
        }
        lines = 0;
        let start = k;
        k += 1;
        if ('\u{4E00}'..='\u{9FFF}').contains(&c) {
            while mark(ch(k)) {
                k += 1;
            }
        } else if word(c) && !mark(c) {
            loop {
                while word(ch(k)) && !('\u{4E00}'..='\u{9FFF}').contains(&ch(k)) {
                    k += 1;
                }
                let joins = (apostrophe(ch(k)) || ch(k) == '&')
                    && word(ch(k + 1))
                    && !mark(ch(k + 1))
                    && !('\u{4E00}'..='\u{9FFF}').contains(&ch(k + 1));
                if !joins {
                    break;
                }
                k += 1;
            }
        }
        out.push((Some(fold(&text[at(start)..at(k)])), at(start), at(k)));
    }
    out
}

fn oracle(names: &[String], text: &str, overlapping: bool) -> Vec<(usize, usize)> {
    let forms: Vec<Vec<String>> = names
        .iter()
        .map(|n| {
            oracle_units(n, true)
                .into_iter()
                .filter_map(|u| u.0)
                .collect()
        })
        .collect();
    let units = oracle_units(text, true);
    let mut found = Vec::new();
    let mut first = 0;
    while first < units.len() {
        let mut here: Vec<(usize, usize)> = Vec::new(); // (end byte, end unit)
        for end in first + 1..=units.len() {
            let last = &units[end - 1];
            let full: Option<Vec<String>> = units[first..end].iter().map(|u| u.0.clone()).collect();
            let Some(full) = full else { break };
            let slice = &text[last.1..last.2];
            let ending = ["'s", "’s", "‘s", "`s", "'S", "’S", "‘S", "`S"]
                .iter()
                .find(|e| slice.ends_with(**e) && slice.len() > e.len());
            if let Some(e) = ending {
                let mut core = full.clone();
                let n = core.len() - 1;
                core[n] = oracle_units(&slice[..slice.len() - e.len()], true)[0]
                    .0
                    .clone()
                    .expect("a word");
                if forms.contains(&core) {
                    here.push((last.2 - e.len(), end));
                }
            }
            if forms.contains(&full) {
                here.push((last.2, end));
            }
        }
        here.sort_unstable();
        here.reverse();
        if overlapping {
            found.extend(here.iter().map(|h| (units[first].1, h.0)));
            first += 1;
        } else if let Some(h) = here.first() {
            found.push((units[first].1, h.0));
            first = h.1;
        } else {
            first += 1;
        }
    }
    found
}

fn piece() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "Kim",
        "kim",
        "KIM",
        "Jong",
        "Un",
        "New",
        "York",
        "Yorkers",
        "O'Brien",
        "O’Brien",
        "Zoë",
        "Zoe\u{308}",
        "straße",
        "STRASSE",
        "İzmir",
        "izmir",
        "ﬁ",
        "fi",
        "Lon\u{AD}don",
        "London",
        "AT&T",
        "東",
        "京",
        "Kim's",
        "Kim’s",
        "McDonald's",
        "James",
        "12",
        "C++",
        "👍",
        "ΟΔΟΣ",
        "οδος",
    ])
}

fn name() -> impl Strategy<Value = String> {
    let glue = prop::sample::select(vec![" ", " ", "-", "’ ", " \"", "\u{A0}"]);
    prop::collection::vec((piece(), glue), 1..4).prop_map(|v| {
        let mut s: String = v.iter().flat_map(|(p, g)| [*p, *g]).collect();
        s.truncate(s.trim_end_matches([' ', '-', '’', '"', '\u{A0}']).len());
        s
    })
}

fn text() -> impl Strategy<Value = String> {
    let glue = prop::sample::select(vec![
        " ", " ", " ", "-", "’ ", "'s ", "’s ", "\n", "\n\n", ", ", " “", "” ", "--", "", "\u{0}",
        "(", "\u{200B}",
    ]);
    prop::collection::vec((piece(), glue), 0..12)
        .prop_map(|v| v.iter().flat_map(|(p, g)| [*p, *g]).collect())
}

/// More are run by `PROPTEST_CASES=100000 cargo test --release --test gazetteer`.
fn number_of_cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|n| n.parse().ok()).unwrap_or(3000)
}

/// The least optimal string alignment distance, by the definition.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut d = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            d[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let cost = usize::from(a[i - 1] != b[j - 1]);
                let mut best = (d[i - 1][j] + 1)
                    .min(d[i][j - 1] + 1)
                    .min(d[i - 1][j - 1] + cost);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(d[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    d[a.len()][b.len()]
}

/// All places that hold a name with at most the mistakes allowed, and the least of them.
fn fuzzy_oracle(names: &[String], text: &str, most: usize) -> Vec<(usize, usize, usize)> {
    let units = oracle_units(text, true);
    let mut out = Vec::new();
    for first in 0..units.len() {
        for end in first + 1..=units.len() {
            let forms: Vec<String> = units[first..end]
                .iter()
                .filter_map(|u| u.0.clone())
                .collect();
            let least = names
                .iter()
                .filter_map(|name| {
                    let name: Vec<&str> = name.split(' ').collect();
                    let letters: usize = name.iter().map(|w| w.chars().count()).sum();
                    if name.len() != forms.len() {
                        return None;
                    }
                    let mut sum = 0;
                    for (a, b) in name.iter().zip(&forms) {
                        let (a, b): (Vec<char>, Vec<char>) =
                            (a.chars().collect(), b.chars().collect());
                        let n = edits(&a, &b);
                        if n > a.len() / 3 {
                            return None;
                        }
                        sum += n;
                    }
                    (sum <= most.min(letters / 5)).then_some(sum)
                })
                .min();
            out.extend(least.map(|n| (units[first].1, units[end - 1].2, n)));
        }
    }
    out.sort_by_key(|f| (f.0, std::cmp::Reverse(f.1)));
    out
}

fn mistaken() -> impl Strategy<Value = String> {
    prop::collection::vec("[ab]{1,3}c?[ab]{1,5}", 1..4).prop_map(|w| w.join(" "))
}

/// A name without a word: with it every unit of a text is cut exactly, and none is scanned.
const WORDLESS: &str = "\u{E000}";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(number_of_cases()))]

    #[test]
    fn agrees_with_the_oracle(names in prop::collection::vec(name(), 1..8), text in text(), overlapping: bool) {
        let entries = names.iter().enumerate().map(|(k, n)| Entry { id: k.to_string(), name: n.clone(), ..Entry::default() });
        let options = GazetteerOptions { overlapping, ..GazetteerOptions::default() };
        let g = Gazetteer::new(entries, &options).expect("good names");
        let found: Vec<(usize, usize)> = g.find(&text).expect("small").iter().map(|m| (m.span.start as usize, m.span.end as usize)).collect();
        prop_assert_eq!(found, oracle(&names, &text, overlapping));
    }

    #[test]
    fn mentions_slice_back(names in prop::collection::vec(name(), 1..8), text in tricky_text()) {
        let entries = names.iter().enumerate().map(|(k, n)| Entry { id: k.to_string(), name: n.clone(), ..Entry::default() });
        let g = Gazetteer::new(entries.clone(), &GazetteerOptions::default()).expect("good names");
        let found = g.find(&text).expect("small");
        let mut end = 0;
        for m in &found {
            prop_assert!(m.span.start >= end && m.span.end > m.span.start && !m.entries.is_empty());
            let slice = m.span.of(&text);
            // What is found is found alone too.
            prop_assert_eq!(g.find(slice).expect("small").first().map(|n| n.span.len()), Some(m.span.len()));
            end = m.span.end;
        }
        let again = Gazetteer::new(entries, &GazetteerOptions::default()).expect("good names");
        prop_assert_eq!(again.find(&text).expect("small"), found);
    }

    #[test]
    fn the_scan_misses_nothing(
        names in prop::collection::vec(name(), 1..8),
        text in prop::collection::vec(text(), 0..8),
        tricky in tricky_text(),
        marks in prop::sample::select(vec!["", ".", "#", "(", "…", "™", "$ "]),
        case in prop::sample::select(vec![CasePolicy::Fold, CasePolicy::Exact, CasePolicy::Smart]),
        fold_accents: bool,
        overlapping: bool,
        // The scan goes by 64 bytes, and 4096.
        before in prop_oneof![0..70_usize, 4030..4110_usize],
    ) {
        let text = "x".repeat(before) + " " + &text.join(marks) + &tricky;
        let options = GazetteerOptions { case, fold_accents, overlapping, ..GazetteerOptions::default() };
        let build = |more: Option<&str>| {
            let names = names.iter().map(|n| format!("{marks}{n}")).chain(names.iter().cloned());
            let entries = names.chain(more.map(str::to_owned)).enumerate();
            let entry = |(k, name): (usize, String)| Entry { id: k.to_string(), name, ..Entry::default() };
            Gazetteer::new(entries.map(entry), &options).expect("good names")
        };
        prop_assert_eq!(build(None).find(&text).expect("small"), build(Some(WORDLESS)).find(&text).expect("small"));
    }

    #[test]
    fn mistakes_are_those_of_the_oracle(
        names in prop::collection::vec(mistaken(), 1..6),
        text in prop::collection::vec(mistaken(), 0..6),
        max_edits in 1_u8..3,
    ) {
        let text = text.join(" ");
        let options = GazetteerOptions { max_edits, overlapping: true, ..GazetteerOptions::default() };
        let entries = names.iter().enumerate().map(|(k, n)| Entry { id: k.to_string(), name: n.clone(), ..Entry::default() });
        let g = Gazetteer::new(entries, &options).expect("good names");
        let found: Vec<_> = g.find(&text).expect("small").iter().map(|m| {
            let span = (m.span.start as usize, m.span.end as usize);
            let letters = m.span.of(&text).chars().filter(|c| *c != ' ').count();
            (span.0, span.1, (m.score * letters as f32).round())
        }).collect();
        let expected: Vec<_> = fuzzy_oracle(&names, &text, max_edits.into()).into_iter().map(|(start, end, edits)| {
            let letters = text[start..end].chars().filter(|c| *c != ' ').count();
            (start, end, (letters - edits) as f32)
        }).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn both_engines_agree_on_scripts_without_spaces(
        names in prop::collection::vec("[東京大学の]{1,4}", 1..6),
        text in "[東京大学の。]{0,40}",
        overlapping: bool,
    ) {
        let build = |whole_words| {
            let entries = names.iter().enumerate().map(|(k, n)| Entry { id: k.to_string(), name: n.clone(), ..Entry::default() });
            let options = GazetteerOptions { whole_words, overlapping, ..GazetteerOptions::default() };
            Gazetteer::new(entries, &options).expect("good names")
        };
        prop_assert_eq!(build(true).find(&text).expect("small"), build(false).find(&text).expect("small"));
    }

    #[test]
    fn whole_words_are_among_the_substrings(
        names in prop::collection::vec("a[a-c]{1,2}( a[a-c])?", 1..6),
        text in "[a-cA-C ]{0,40}",
    ) {
        let build = |whole_words| {
            let entries = names.iter().enumerate().map(|(k, n)| Entry { id: k.to_string(), name: n.clone(), ..Entry::default() });
            let options = GazetteerOptions { whole_words, overlapping: true, ..GazetteerOptions::default() };
            Gazetteer::new(entries, &options).expect("good names")
        };
        let bounded = |m: &quoth::Mention| {
            let free = |c: Option<char>| c.is_none_or(|c| c == ' ');
            free(text[..m.span.start as usize].chars().next_back()) && free(text[m.span.end as usize..].chars().next())
        };
        let mut inside = build(false).find(&text).expect("small");
        inside.retain(bounded);
        prop_assert_eq!(build(true).find(&text).expect("small"), inside);
    }

    #[test]
    fn changes_are_as_building_anew(
        names in prop::collection::vec(name(), 2..8),
        more in prop::collection::vec(name(), 0..4),
        removed in 0_usize..3,
        text in text(),
        overlapping: bool,
    ) {
        let options = GazetteerOptions { overlapping, ..GazetteerOptions::default() };
        let entry = |(k, n): (usize, &String)| Entry { id: k.to_string(), name: n.clone(), ..Entry::default() };
        let base = Gazetteer::new(names.iter().enumerate().map(entry), &options).expect("good names");
        let gone = (0..removed.min(names.len())).map(|k| k.to_string()).collect();
        // The last id is there already and gets another name.
        let added: Vec<Entry> = more.iter().enumerate().map(|(k, n)| entry((names.len() - 1 + k, n))).collect();
        let changed = base.with_changes(added.clone(), &gone).expect("good names");
        let kept = names.iter().enumerate().map(entry).filter(|e| !gone.contains(&e.id));
        let anew = Gazetteer::new(kept.chain(added), &options).expect("good names");
        let found = |g: &Gazetteer| -> Vec<_> {
            g.find(&text).expect("small").iter().map(|m| {
                let mut ids: Vec<String> = m.entries.iter().map(|&e| g.entry(e).id().to_owned()).collect();
                ids.sort();
                (m.span, ids)
            }).collect()
        };
        prop_assert_eq!(found(&changed), found(&anew));
        prop_assert_eq!(found(&changed.merged().expect("good")), found(&anew));
        prop_assert_eq!(changed.len(), anew.len());
    }
}
