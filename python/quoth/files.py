"""Opens the files that gazetteers come in, packed or not, reads their lines, and says what they are."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO

from quoth.errors import FileFormatError

__all__ = ["Format", "Where", "at", "guess", "lines", "opened", "suffix"]

Where = tuple[str, int]
"""What an error calls a row: a word or a file, and a number; written out only where it is needed."""
Format = Literal["csv", "jsonl", "parquet", "geonames", "wikidata", "entity-ruler", "names"]

_OPENING: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open}
_PACKED = (".gz", ".bz2", ".zip")
# What stands beside the data in the archives of GeoNames.
_BESIDE = ("readme.txt", "iso-languagecodes.txt")


def at(where: Where) -> str:
    """A row's place, written out."""
    return f"{where[0]} {where[1]}"


def suffix(path: str | os.PathLike[str]) -> str:
    """What the name of a file ends in, in lower case and without .gz, .bz2, .zip."""
    name = Path(path).name.lower()
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return Path(name).suffix


@contextmanager
def opened(path: str | os.PathLike[str], *, newline: str = "\n") -> Iterator[TextIO]:
    """Opens a text file as a stream: UTF-8, perhaps with a BOM; .gz, .bz2 and .zip are unpacked.

    Of a .zip it is the file of the archive's name, or the only one beside a readme.

    Raises:
        OSError: If it cannot be read.
        FileFormatError: If it is damaged, or an archive without such a file.
    """
    packed = Path(path).suffix.lower()
    try:
        if packed == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(_member(archive, path)) as raw:
                yield io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline=newline)
        else:
            with _OPENING.get(packed, open)(
                path, "rt", encoding="utf-8-sig", errors="replace", newline=newline
            ) as file:
                yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as e:
        raise FileFormatError(f"{os.fspath(path)}: damaged, or no {packed} file: {e}") from None
    except OSError as e:
        # What gzip and bz2 say of damage has no number; what the system says has one.
        if e.errno is not None:
            raise
        raise FileFormatError(f"{os.fspath(path)}: damaged, or no {packed} file: {e}") from None


def _member(archive: zipfile.ZipFile, path: str | os.PathLike[str]) -> zipfile.ZipInfo:
    files = [m for m in archive.infolist() if not m.is_dir() and Path(m.filename).name.lower() not in _BESIDE]
    named = [m for m in files if Path(m.filename).stem.lower() == Path(path).stem.lower()]
    if len(files := named or files) != 1:
        held = ", ".join(m.filename for m in files[:5]) or "none"
        raise FileFormatError(f"{os.fspath(path)}: must hold one file, or one of its own name; it holds {held}")
    [member] = files
    if member.flag_bits & 1:
        raise FileFormatError(f"{os.fspath(path)}: {member.filename} is encrypted")
    return member


def lines(path: str | os.PathLike[str]) -> Iterator[tuple[Where, str]]:
    """The lines of a text file, without their ends, and where they stand; as `opened`."""
    place = f"{os.fspath(path)}, line"
    with opened(path) as file:
        for n, line in enumerate(file, 1):
            yield (place, n), line.rstrip("\r\n")


def guess(path: str | os.PathLike[str]) -> Format | None:
    """What a gazetteer's file is, by its suffix and its first line; None where that does not say.

    Raises:
        OSError: If it cannot be read.
        FileFormatError: If it is damaged.
    """
    kind = suffix(path)
    if kind == ".parquet":
        return "parquet"
    if kind in (".csv", ".tsv"):
        header = set(next(csv.reader([_first_line(path)], delimiter="\t" if kind == ".tsv" else ","), []))
        return "wikidata" if {"item", "itemLabel"} <= header and not {"id", "name"} <= header else "csv"
    if kind in (".json", ".jsonl", ".ndjson"):
        return _guess_json(_first_line(path), kind)
    if kind == ".txt" or Path(path).suffix.lower() in _PACKED:
        return "geonames" if _first_line(path).count("\t") == 18 else "names" if kind == ".txt" else None
    return None


def _guess_json(line: str, kind: str) -> Format:
    try:
        row = json.loads(line.strip().rstrip(","))
    except (RecursionError, ValueError):
        row = None
    have = set(row) if isinstance(row, dict) else set()
    if "name" not in have:
        if {"label", "pattern"} <= have:
            return "entity-ruler"
        if kind == ".json" or {"id", "labels"} <= have:
            return "wikidata"
    return "jsonl"


def _first_line(path: str | os.PathLike[str]) -> str:
    return next((line for _, line in lines(path) if line.strip()), "")
