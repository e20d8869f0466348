"""A user's program with types, as `mypy --strict` must accept it; it also runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import quoth
from quoth import Attribution, Attributions, Attributor, Document, Entry, Gazetteer, Mention, Speaker


def names() -> Iterator[dict[str, str]]:
    yield {"id": "Q1", "name": "Ruth Tan", "aliases": "Tan", "label": "PERSON"}


def main(folder: Path) -> int:
    by_id: Gazetteer = Gazetteer({"Q1": "Ruth Tan", "Q2": ["Ann Lee", "Lee"], "Q3": {"name": "Bo"}})
    by_id = by_id.add(by_id.find_all(["Lee left."], ids=["Q4"]))  # any Arrow table
    gazetteer: Gazetteer = Gazetteer(names(), case="smart", fold_accents=True)
    gazetteer.save(folder / "names.quoth")
    gazetteer = Gazetteer.open(folder / "names.quoth", verify=True)
    entry: Entry = gazetteer["Q1"]
    mentions: list[Mention] = gazetteer.find("Tan left.", labels=[entry.label], offsets="bytes")
    start: int = mentions[0].start
    who: Attributor = Attributor(gazetteer, types=("direct", "mixed"), min_score=0.5)
    document: Document = who.read("“No,” Ruth Tan said.")
    attribution: Attribution = document.attributions[0]
    speaker: Speaker | None = attribution.speaker
    identifier: str | None = None if speaker is None else speaker.id
    said: Attributions = who.read_all(["“No,” Tan said.", None], ids=[1, 2], n_threads=1, progress=False)
    columns: list[str] = said.columns
    failures: list[dict[str, object]] = said.status.failures
    try:
        Gazetteer([{"id": "", "name": "x"}])
    except quoth.GazetteerError as e:
        print(type(e).__name__)
    print(start, identifier, len(said), len(columns), len(failures), attribution.type, attribution.class_)
    return len(said.mentions)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
