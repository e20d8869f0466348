"""Reads entries of a gazetteer from the dumps of GeoNames."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

from quoth.errors import FileFormatError
from quoth.files import Where, at, lines
from quoth.sources import Located, Row

__all__ = ["check_feature_classes", "geonames_records"]

_COLUMNS = (
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
)
(_ID, _NAME, _ASCII, _ALTERNATE, _LATITUDE, _LONGITUDE, _CLASS, _CODE, _COUNTRY, _, _ADMIN1) = range(11)
_POPULATION = _COLUMNS.index("population")

# In place of a language, a row of alternateNamesV2 may have what kind of code or link it holds.
_NO_NAMES = frozenset(("faac", "iata", "icao", "link", "post", "tcid", "unlc", "wkdt"))

_FEATURE_CLASSES = "AHLPRSTUV"


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


def geonames_records(
    path: str | os.PathLike[str],
    *,
    feature_classes: Collection[str],
    min_population: int,
    alternate_names: bool | str | os.PathLike[str],
    languages: Collection[str] | None,
) -> Located:
    """Reads a GeoNames dump (allCountries, cities500 …): 19 columns parted by tabs, without a header.

    A line with another number of columns, or with a population or coordinate that is no number,
    comes as an error. The names of an alternateNamesV2 come after all places, as more of the same
    ids; of the places only the ids and labels are kept in memory.
    """
    file = None if isinstance(alternate_names, bool) else alternate_names
    labels: dict[str, str] = {}
    for where, line in lines(path):
        if isinstance(line, FileFormatError):
            yield where, line
            continue
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) != len(_COLUMNS):
            reason = f"{len(cells)} columns; a GeoNames dump has {len(_COLUMNS)}"
            yield where, FileFormatError(f"{at(where)}: {reason}")
            continue
        if cells[_CLASS] not in feature_classes:
            continue
        row = _place(cells, where, min_population, alternate_names is True)
        if row is None:
            continue
        if file is not None and isinstance(row, dict):
            labels[row["id"]] = row["label"]
        yield where, row
    if file is not None:
        yield from _alternate_names(file, labels, languages)


def _place(cells: list[str], where: Where, min_population: int, alternate: bool) -> Row | None:
    """A place; None where it has too few people."""
    try:
        population = int(cells[_POPULATION] or 0)
        properties: dict[str, Any] = {
            name: float(cells[n]) for name, n in (("latitude", _LATITUDE), ("longitude", _LONGITUDE)) if cells[n]
        }
    except ValueError:
        shown = ", ".join(repr(cells[n][:20]) for n in (_POPULATION, _LATITUDE, _LONGITUDE))
        return FileFormatError(f"{at(where)}: population, latitude and longitude are not all numbers: {shown}")
    if population < min_population:
        return None
    name = cells[_NAME]
    names = dict.fromkeys((cells[_ASCII], *(cells[_ALTERNATE].split(",") if alternate else ())))
    for key, n in (("feature_code", _CODE), ("country_code", _COUNTRY), ("admin1_code", _ADMIN1)):
        if cells[n]:
            properties[key] = cells[n]
    return {
        "id": cells[_ID],
        "name": name,
        "aliases": [n for n in names if n and n != name],
        "label": "GPE" if cells[_CLASS] in "AP" else "LOC",
        "priority": population,
        "population": population,
        **properties,
    }


def _alternate_names(
    path: str | os.PathLike[str], labels: dict[str, str], languages: Collection[str] | None
) -> Located:
    for where, line in lines(path):
        if isinstance(line, FileFormatError):
            yield where, line
            continue
        if not line:
            continue
        cells = line.split("\t")
        # 8 before there were the years of a name's use.
        if not 8 <= len(cells) <= 10:
            reason = f"{len(cells)} columns; alternate names of GeoNames have 10, or 8"
            yield where, FileFormatError(f"{at(where)}: {reason}")
            continue
        _, id, language, name, *_ = cells
        wanted = language not in _NO_NAMES if languages is None else language in languages
        if wanted and id in labels:
            yield where, {"id": id, "name": name, "label": labels[id]}
