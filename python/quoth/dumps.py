"""Reads entries of a gazetteer from GeoNames, Wikidata, spaCy's EntityRuler and lists of names."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from quoth.errors import FileFormatError
from quoth.sources import Located, Row, Where, at

__all__ = ["entity_ruler_records", "geonames_records", "name_records", "wikidata_records"]

_GEONAMES = [
    "geonameid",
    "name",
    "asciiname",
    "alternatenames",
    "latitude",
    "longitude",
    "feature_class",
    "feature_code",
    "country_code",
    "cc2",
    "admin1_code",
    "admin2_code",
    "admin3_code",
    "admin4_code",
    "population",
    "elevation",
    "dem",
    "timezone",
    "modification_date",
]
_GEONAMES_PROPERTIES = ("country_code", "admin1_code", "feature_code")
_FEATURE_CLASSES = "AHLPRSTUV"

# What an instance of these classes of Wikidata is: the commonest, not their subclasses.
_WIKIDATA_LABELS = {
    "PERSON": "Q5",
    "ORG": "Q43229 Q4830453 Q6881511 Q891723 Q783794 Q7278 Q3918 Q327333 Q163740 Q484652 Q476028 Q11032 Q1616075 "
    "Q8028 Q245065 Q15265344 Q2085381 Q215380 Q17127659",
    "GPE": "Q6256 Q3624078 Q515 Q1549591 Q5119 Q35657 Q3957 Q532 Q486972 Q7275 Q484170 Q1093829 Q10864048 Q56061",
    "LOC": "Q8502 Q4022 Q23397 Q23442 Q165 Q9430 Q5107 Q46831 Q46169 Q82794 Q8514",
}
_WIKIDATA_LABEL = {q: label for label, all_of_it in _WIKIDATA_LABELS.items() for q in all_of_it.split()}


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[TextIO]:
    """A text file, of UTF-8, as a stream; .gz, .bz2 and the first text of a .zip are unpacked."""
    path = Path(path)
    suffix = path.suffix.lower()
    try:
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                texts = [n for n in archive.namelist() if n.lower().endswith(".txt") and "readme" not in n.lower()]
                if not texts:
                    raise FileFormatError(f"{path}: holds no .txt file")
                with archive.open(texts[0]) as raw:
                    yield io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="\n")
        elif suffix in (".gz", ".bz2"):
            opening: Callable[..., Any] = gzip.open if suffix == ".gz" else bz2.open
            with opening(path, "rt", encoding="utf-8-sig", errors="replace", newline="\n") as file:
                yield file
        else:
            with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as file:
                yield file
    except (zipfile.BadZipFile, gzip.BadGzipFile, EOFError) as e:
        raise FileFormatError(f"{path}: {e}") from None


def _lines(path: str | os.PathLike[str]) -> Iterator[tuple[Where, str]]:
    with _opened(path) as file:
        for n, line in enumerate(file, 1):
            yield (f"{os.fspath(path)}, line", n), line.rstrip("\r\n")


def name_records(path: str | os.PathLike[str]) -> Located:
    """Reads a list of names, one a line; a name is its own id, and blank lines are skipped."""
    for where, line in _lines(path):
        if name := line.strip():
            yield where, name


def geonames_records(
    path: str | os.PathLike[str], *, feature_classes: Collection[str], min_population: int, alternate_names: bool
) -> Located:
    """Reads a GeoNames dump (allCountries, cities500 …): 19 columns parted by tabs, without a header.

    A line with another number of columns, or with a population that is no number, comes as an error.
    """
    for where, line in _lines(path):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(_GEONAMES):
            reason = f"{len(cells)} columns; a GeoNames dump has {len(_GEONAMES)}"
            yield where, FileFormatError(f"{at(where)}: {reason}")
            continue
        row = dict(zip(_GEONAMES, cells, strict=True))
        try:
            population = int(row["population"] or 0)
        except ValueError:
            yield where, FileFormatError(f"{at(where)}: the population is {row['population']!r:.40}, not a number")
            continue
        if row["feature_class"] not in feature_classes or population < min_population:
            continue
        names = [row["asciiname"]] + (row["alternatenames"].split(",") if alternate_names else [])
        entry: dict[str, Any] = {
            "id": row["geonameid"],
            "name": row["name"],
            "aliases": [n for n in dict.fromkeys(names) if n and n != row["name"]],
            "label": "GPE" if row["feature_class"] in "AP" else "LOC",
            "priority": population,
            "population": population,
        }
        entry |= {p: row[p] for p in _GEONAMES_PROPERTIES if row[p]}
        for name in ("latitude", "longitude"):
            try:
                entry[name] = float(row[name])
            except ValueError:
                continue
        yield where, entry


def check_feature_classes(classes: Collection[str] | None) -> Collection[str]:
    """The classes of GeoNames that were asked for; all by default.

    Raises:
        ValueError: For one that there is not.
    """
    if classes is None:
        return _FEATURE_CLASSES
    for c in classes:
        if c not in _FEATURE_CLASSES or len(c) != 1:
            raise ValueError(f"feature_classes must be letters of {_FEATURE_CLASSES}, got {c!r}")
    return classes


def wikidata_records(path: str | os.PathLike[str], languages: Collection[str]) -> Located:
    """Reads a Wikidata dump (one JSON entity a line) or the CSV of a SPARQL query.

    The CSV has a column `item` and for each variable of the label service `itemLabel` and
    `itemAltLabel`; several rows of an item are one entry.

    Raises:
        FileFormatError: If it is neither.
    """
    name = Path(path).name.lower()
    if name.endswith((".csv", ".tsv")):
        return _sparql_records(path, "\t" if name.endswith(".tsv") else ",")
    return _entity_records(path, languages)


def _entity_records(path: str | os.PathLike[str], languages: Collection[str]) -> Located:
    for where, line in _lines(path):
        text = line.strip().rstrip(",")
        if text in ("", "[", "]"):
            continue
        try:
            entity = json.loads(text)
        except (json.JSONDecodeError, RecursionError, ValueError) as e:
            yield where, FileFormatError(f"{at(where)}: {e}")
            continue
        if not isinstance(entity, dict) or not isinstance(entity.get("id"), str):
            yield where, FileFormatError(f"{at(where)}: no entity of Wikidata, which is an object with an 'id'")
            continue
        try:
            row = _entity(entity, languages)
        except (AttributeError, KeyError, TypeError) as e:
            yield where, FileFormatError(f"{at(where)}: {entity['id']} is not as Wikidata has entities: {e!r}")
            continue
        if row is not None:
            yield where, row


def _entity(entity: dict[str, Any], languages: Collection[str]) -> Row | None:
    # An empty object is an empty list in some dumps.
    labels, aliases = entity.get("labels") or {}, entity.get("aliases") or {}
    names = [labels[tag]["value"] for tag in languages if tag in labels]
    names += [alias["value"] for tag in languages for alias in aliases.get(tag, ())]
    if not names:
        return None
    classes = [
        value["value"]["id"]
        for claim in (entity.get("claims") or {}).get("P31", ())
        if (value := claim["mainsnak"].get("datavalue")) is not None
    ]
    label = next((_WIKIDATA_LABEL[c] for c in classes if c in _WIKIDATA_LABEL), "")
    row: dict[str, Any] = {
        "id": entity["id"],
        "name": names[0],
        "aliases": [n for n in dict.fromkeys(names) if n != names[0]],
        "label": label,
        "priority": len(entity.get("sitelinks") or ()),
    }
    if classes:
        row["instance_of"] = classes
    descriptions = entity.get("descriptions") or {}
    description = next((descriptions[tag]["value"] for tag in languages if tag in descriptions), None)
    return row if description is None else row | {"description": description}


def _sparql_records(path: str | os.PathLike[str], delimiter: str) -> Located:
    with _opened(path) as file:
        reader = csv.DictReader(file, delimiter=delimiter, strict=True)
        try:
            have = reader.fieldnames or []
            for column in ("item", "itemLabel"):
                if column not in have:
                    raise FileFormatError(f"{path}: no column {column!r}; the columns are {', '.join(have) or 'none'}")
            known = {"item", "itemLabel", "itemAltLabel", "itemDescription", "label"}
            for cells in reader:
                where = (f"{os.fspath(path)}, line", reader.line_num)
                if None in cells:
                    yield where, FileFormatError(f"{at(where)}: {len(have)} columns, but the row has more cells")
                    continue
                row: dict[str, Any] = {k: v for k, v in cells.items() if v and k not in known}
                row |= {
                    "id": (cells["item"] or "").rstrip("/").rpartition("/")[2],
                    "name": cells["itemLabel"] or "",
                    "aliases": [a for a in (cells.get("itemAltLabel") or "").split(", ") if a],
                    "label": cells.get("label") or "",
                }
                if cells.get("itemDescription"):
                    row["description"] = cells["itemDescription"]
                yield where, row
        except csv.Error as e:
            raise FileFormatError(f"{path}, line {reader.line_num}: {e}") from None


def entity_ruler_records(path: str | os.PathLike[str]) -> Located:
    """Reads patterns of spaCy's EntityRuler: JSON Lines of `label`, `pattern` and perhaps `id`.

    A pattern is a text, or a list of tokens that say no more than their text (LOWER, TEXT or ORTH);
    any other token pattern comes as an error.
    """
    for where, line in _lines(path):
        if not line.strip():
            continue
        try:
            pattern = json.loads(line)
        except (json.JSONDecodeError, RecursionError, ValueError) as e:
            yield where, FileFormatError(f"{at(where)}: {e}")
            continue
        if not isinstance(pattern, dict) or "pattern" not in pattern:
            yield where, FileFormatError(f"{at(where)}: expected an object with 'label' and 'pattern'")
            continue
        name = _pattern_text(pattern["pattern"])
        if name is None:
            shown = json.dumps(pattern["pattern"], ensure_ascii=False)
            yield where, FileFormatError(f"{at(where)}: not a pattern of texts alone: {shown:.80}")
            continue
        label = str(pattern.get("label") or "")
        yield where, {"id": str(pattern.get("id") or f"{label}:{name}"), "name": name, "label": label}


def _pattern_text(pattern: object) -> str | None:
    if isinstance(pattern, str):
        return pattern
    if not isinstance(pattern, list):
        return None
    words = []
    for token in pattern:
        if not isinstance(token, dict) or len(token) != 1:
            return None
        [(attribute, value)] = token.items()
        if str(attribute).upper() not in ("LOWER", "TEXT", "ORTH") or not isinstance(value, str):
            return None
        words.append(value)
    return " ".join(words)
