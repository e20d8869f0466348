"""Reads entries of a gazetteer from Wikidata: dumps, and results of SPARQL queries."""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable
from itertools import chain
from typing import Any

from quoth.errors import FileFormatError
from quoth.files import Lines, Where, at, not_decoded, opened, suffix, undecoded
from quoth.sources import Located, Row, parsed

__all__ = ["LABELS", "check_languages", "wikidata_records"]

LABELS = {
    "PERSON": {
        "Q5": "human",
        "Q15632617": "fictional human",
    },
    "ORG": {
        "Q43229": "organization",
        "Q4830453": "business",
        "Q6881511": "enterprise",
        "Q783794": "company",
        "Q891723": "public company",
        "Q22687": "bank",
        "Q46970": "airline",
        "Q215380": "musical group",
        "Q7278": "political party",
        "Q327333": "government agency",
        "Q192350": "ministry",
        "Q35749": "parliament",
        "Q163740": "nonprofit organization",
        "Q79913": "non-governmental organization",
        "Q484652": "international organization",
        "Q245065": "intergovernmental organization",
        "Q178790": "trade union",
        "Q17127659": "terrorist organization",
        "Q3918": "university",
        "Q875538": "public university",
        "Q902104": "private university",
        "Q31855": "research institute",
        "Q16917": "hospital",
        "Q11032": "newspaper",
        "Q1110794": "daily newspaper",
        "Q192283": "news agency",
        "Q1616075": "television station",
        "Q15265344": "broadcaster",
        "Q2085381": "publisher",
        "Q476028": "association football club",
        "Q847017": "sports club",
    },
    "GPE": {
        "Q3624078": "sovereign state",
        "Q6256": "country",
        "Q7275": "state",
        "Q35657": "U.S. state",
        "Q10864048": "first-level administrative division",
        "Q56061": "administrative territorial entity",
        "Q34876": "province",
        "Q515": "city",
        "Q1549591": "big city",
        "Q1637706": "city of millions",
        "Q1093829": "city in the United States",
        "Q5119": "capital",
        "Q3957": "town",
        "Q532": "village",
        "Q486972": "human settlement",
        "Q15284": "municipality",
        "Q484170": "commune of France",
    },
    "LOC": {
        "Q5107": "continent",
        "Q82794": "region",
        "Q9430": "ocean",
        "Q165": "sea",
        "Q23397": "lake",
        "Q4022": "river",
        "Q23442": "island",
        "Q8502": "mountain",
        "Q46831": "mountain range",
        "Q8514": "desert",
        "Q46169": "national park",
    },
}
"""What an instance of a class of Wikidata is: of the commonest classes, not of their subclasses."""
_LABEL_OF = {q: label for label, classes in LABELS.items() for q in classes}

# Where a name is the same in most languages, Wikidata keeps it once, under this tag.
_ANY_LANGUAGE = "mul"
_NEITHER = "neither a dump of Wikidata (one JSON entity a line) nor the CSV of a query (with a column 'item')"


def check_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Tags of languages; one alone may be a str.

    Raises:
        TypeError: For what is no str.
    """
    tags = (languages,) if isinstance(languages, str) else tuple(languages)
    for tag in tags:
        if not isinstance(tag, str):
            raise TypeError(f"languages must be strings, got {type(tag).__name__}")
    return tags


def wikidata_records(
    path: str | os.PathLike[str], *, languages: tuple[str, ...], labels: Collection[str] | None, min_sitelinks: int
) -> Located:
    """Reads a Wikidata dump (one JSON entity a line) or the CSV of a SPARQL query; the first line says which.

    Raises:
        FileFormatError: If it is neither.
    """
    with opened(path, newline="") as file:
        number, first = next(((n, line) for n, line in enumerate(file, 1) if line.strip()), (1, ""))
        lines = chain([first], file)
        if first.lstrip()[:1] in ("[", "{"):
            rows = _entity_records(path, lines, number, (*languages, _ANY_LANGUAGE))
        elif suffix(path) in (".csv", ".tsv") or "item" in first.replace('"', "").replace(",", "\t").strip().split(
            "\t"
        ):
            rows = _query_records(path, lines, number, "\t" if "\t" in first else ",")
        elif not first:
            return
        else:
            raise FileFormatError(f"{os.fspath(path)}: {_NEITHER}; it begins {first.rstrip():.40}")
        for where, row in rows:
            if isinstance(row, dict) and (
                (labels is not None and row["label"] not in labels)
                or (min_sitelinks and isinstance(row["priority"], int) and row["priority"] < min_sitelinks)
            ):
                continue
            yield where, row


def _entity_records(
    path: str | os.PathLike[str], lines: Iterable[str], number: int, languages: tuple[str, ...]
) -> Located:
    place = f"{os.fspath(path)}, line"
    for n, line in enumerate(lines, number):
        # The whole dump is one array, with an entity a line.
        text = line.strip().rstrip(",")
        if text in ("", "[", "]"):
            continue
        where = (place, n)
        entity = not_decoded(where, "utf-8") if undecoded(text) else parsed(text, where)
        if isinstance(entity, FileFormatError):
            yield where, entity
        elif not isinstance(entity.get("id"), str):
            yield where, FileFormatError(f"{at(where)}: no entity of Wikidata, which is an object with an 'id'")
        elif entity.get("type", "item") == "item":
            row = _entity(entity, languages, where)
            if row is not None:
                yield where, row


def _entity(entity: dict[str, Any], languages: tuple[str, ...], where: Where) -> Row | None:
    """An item; None where it has no name in these languages."""
    try:
        # An empty object is an empty list in some dumps.
        labels, aliases = entity.get("labels") or {}, entity.get("aliases") or {}
        names = [labels[tag]["value"] for tag in languages if tag in labels]
        names += [alias["value"] for tag in languages for alias in aliases.get(tag, ())]
        if not names:
            return None
        classes = [
            value["value"]["id"]
            for claim in (entity.get("claims") or {}).get("P31", ())
            if claim.get("rank") != "deprecated" and (value := claim["mainsnak"].get("datavalue")) is not None
        ]
        row: dict[str, Any] = {
            "id": entity["id"],
            "name": names[0],
            "aliases": [n for n in dict.fromkeys(names) if n != names[0]],
            "label": next((_LABEL_OF[c] for c in classes if c in _LABEL_OF), ""),
            "priority": len(entity.get("sitelinks") or ()),
        }
        if classes:
            row["instance_of"] = classes
        descriptions = entity.get("descriptions") or {}
        description = next((descriptions[tag]["value"] for tag in languages if tag in descriptions), None)
    except (AttributeError, KeyError, TypeError) as e:
        return FileFormatError(f"{at(where)}: {entity['id']} is not as Wikidata has entities: {e!r}")
    return row if description is None else row | {"description": description}


def _query_records(path: str | os.PathLike[str], lines: Iterable[str], number: int, delimiter: str) -> Located:
    csv.field_size_limit(2**28)
    checked = Lines(lines)
    reader = csv.DictReader(checked, delimiter=delimiter, strict=True)
    place = f"{os.fspath(path)}, line"
    try:
        have = reader.fieldnames or []
        if checked.bad:
            raise not_decoded((place, number), "utf-8")
        for column in ("item", "itemLabel"):
            if column not in have:
                shown = ", ".join(have) or "none"
                raise FileFormatError(f"{os.fspath(path)}: no column {column!r}; the columns are {shown}")
        for cells in reader:
            where = (place, reader.line_num + number - 1)
            if checked.bad:
                checked.bad = False
                yield where, not_decoded(where, "utf-8")
            elif None in cells:
                yield where, FileFormatError(f"{at(where)}: {len(have)} columns, but the row has more cells")
            elif (row := _item(cells)) is not None:
                yield where, row
    except csv.Error as e:
        # The number is of the last row that could be read.
        raise FileFormatError(f"{place} {reader.line_num + number}: {e}") from None


_QUERY_COLUMNS = frozenset(("item", "itemLabel", "itemAltLabel", "itemDescription", "label", "sitelinks"))


def _item(cells: dict[str, Any]) -> Row | None:
    """A row of a query; None where the label service found no name for its item."""
    id = (cells["item"] or "").rstrip("/").rpartition("/")[2]
    names = [cells["itemLabel"] or "", *(cells.get("itemAltLabel") or "").split(", ")]
    # The label service gives the id where it has no label.
    known = [n for n in names if n and n != id]
    if id in names and not known:
        return None
    row: dict[str, Any] = {k: v for k, v in cells.items() if v and k not in _QUERY_COLUMNS}
    row |= {
        "id": id,
        "name": known[0] if known else "",
        "aliases": known[1:],
        "label": cells.get("label") or "",
        "priority": _whole(cells.get("sitelinks") or "0"),
    }
    if cells.get("itemDescription"):
        row["description"] = cells["itemDescription"]
    return row


def _whole(text: str) -> int | str:
    """A number; what is none stays as it is, for the error to show."""
    try:
        return int(text)
    except ValueError:
        return text
