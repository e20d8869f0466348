"""Speed and memory of `Attributor.read_all`: list of str in, table out, with 10,000 names.

    python benches/python/read_all.py [GOLD.jsonl] [--mb 100] [--quick]

The texts are those of a gold file, or without one the sample articles of the notebooks; they are
repeated to the wanted size. Prints megabytes of UTF-8 a second with one and two threads, their
ratio, and the peak of memory beyond input and output. Counts must agree before anything is timed.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import threading
import time
from pathlib import Path

import quoth

ARTICLES = Path(__file__).parents[2] / "notebooks" / "articles"
SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in "aeo"]


def texts_of(gold: Path | None, size: int) -> list[str]:
    if gold is None:
        texts = [p.read_text(encoding="utf-8") for p in sorted(ARTICLES.glob("*.txt"))]
    else:
        texts = [json.loads(line)["text"] for line in gold.open(encoding="utf-8")]
    out: list[str] = []
    total = 0
    while total < size:
        for k, text in enumerate(texts):
            # A new object every time, as a user's list has.
            out.append(text + " " * (1 + (len(out) + k) % 3))
            total += len(text.encode())
            if total >= size:
                break
    return out


def names(n: int) -> list[dict[str, str]]:
    """Names of two made-up words, and some that news is full of."""
    common = ["Donald Trump", "Hillary Clinton", "Barack Obama", "Trump", "Clinton", "Obama", "China", "Russia", "U.S."]
    common += ["Congress", "Senate", "White House", "Washington", "New York", "Ann Lee", "Tom Hale", "Velmark"]
    made = []
    k = 0
    while len(made) < n - len(common):
        a, b, c, d = (SYLLABLES[(k // len(SYLLABLES) ** i) % len(SYLLABLES)] for i in range(4))
        made.append(f"{(a + b).title()} {(c + d + a).title()}")
        k += 7
    return [{"id": f"N{i}", "name": name, "label": "PERSON"} for i, name in enumerate(common + made)]


def resident() -> int:
    """Bytes of memory the process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


class Peak:
    """Watches the process's memory from a thread: the kernel's own peak has no reset."""

    def __enter__(self) -> Peak:
        gc.collect()
        self.before = self.most = resident()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.005):
            self.most = max(self.most, resident())

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def seconds(work: quoth.Attributor, texts: list[str], threads: int) -> float:
    start = time.perf_counter()
    work.read_all(texts, n_threads=threads, progress=False)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", nargs="?", type=Path)
    parser.add_argument("--mb", type=float, default=100)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a small input, to see that it runs")
    args = parser.parse_args()
    mb, runs = (1.0, 1) if args.quick else (args.mb, args.runs)
    texts = texts_of(args.gold, int(mb * 1e6))
    size = sum(len(t.encode()) for t in texts) / 1e6
    start = time.perf_counter()
    gazetteer = quoth.Gazetteer(names(10_000))
    print(f"gazetteer of {len(gazetteer):,} names built in {time.perf_counter() - start:.2f} s")
    work = quoth.Attributor(gazetteer)

    small = texts[:200]
    one, two = (work.read_all(small, n_threads=n, progress=False) for n in (1, 2))
    assert list(one) == list(two), "threads change the result"
    assert len(one) == sum(len(work.read(t).attributions) for t in small), "read and read_all differ"

    with Peak() as peak:
        found = work.read_all(texts, n_threads=1, progress=False)
        tables = (found, found.mentions, found.speakers, found.status)
        output = sum(t.nbytes for t in tables)
    extra = (peak.most - peak.before - output) / 1e6
    print(f"{len(texts):,} texts, {size:.0f} MB: {len(found):,} attributions, {len(found.mentions):,} mentions")
    print(f"output {output / 1e6:.0f} MB; peak memory beyond input and output {extra:.0f} MB")
    del found, tables

    ones, twos = [], []
    for _ in range(runs):
        ones.append(seconds(work, texts, 1))
        twos.append(seconds(work, texts, 2))
    one_thread, two_threads = statistics.median(ones), statistics.median(twos)
    print(f"one thread  {size / one_thread:7.1f} MB/s")
    print(f"two threads {size / two_threads:7.1f} MB/s   {one_thread / two_threads:.2f} times one")


if __name__ == "__main__":
    main()
