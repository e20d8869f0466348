"""Opens the files that gazetteers come in, packed or not, reads their lines, and says what they are."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO

from quoth.errors import FileFormatError

__all__ = ["Format", "Lines", "Where", "at", "codec", "guess", "lines", "not_decoded", "opened", "suffix", "undecoded"]

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


def codec(encoding: str) -> str:
    """An encoding as Python knows it; UTF-8 may have a BOM.

    Raises:
        ValueError: If there is none of that name.
    """
    try:
        # Refuses what is a codec, but none of text.
        "".encode(encoding)
    except LookupError:
        raise ValueError(f"no encoding {encoding!r}") from None
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


@contextmanager
def opened(path: str | os.PathLike[str], *, newline: str = "\n", encoding: str = "utf-8") -> Iterator[TextIO]:
    """Opens a text file as a stream; .gz, .bz2 and .zip are unpacked, UTF-8 may have a BOM.

    Of a .zip it is the file of the archive's name, or the only one beside a readme. Bytes that are
    not in the encoding come as lone surrogates, so that the other lines can be read: see `undecoded`.

    Raises:
        OSError: If it cannot be read.
        FileFormatError: If it is damaged, in another encoding altogether, or an archive without such
            a file.
        ValueError: If there is no such encoding.
    """
    packed = Path(path).suffix.lower()
    how: dict[str, Any] = {"encoding": codec(encoding), "errors": "surrogateescape", "newline": newline}
    try:
        if packed == ".zip":
            with zipfile.ZipFile(path) as archive, archive.open(_member(archive, path)) as raw:
                yield io.TextIOWrapper(raw, **how)
        else:
            with _OPENING.get(packed, open)(path, "rt", **how) as file:
                yield file
    except UnicodeError as e:
        raise FileFormatError(f"{os.fspath(path)}: {e}") from None
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


def undecoded(text: str) -> bool:
    """Whether a text holds lone surrogates: in one of `opened`, bytes that are not in the encoding."""
    if text.isascii():
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def not_decoded(where: Where, encoding: str) -> FileFormatError:
    """The error for a line that is not in the encoding."""
    return FileFormatError(f"{at(where)}: not {encoding}; is the file in another encoding?")


class Lines:
    """Lines for a CSV reader, which notes whether all could be decoded.

    Attributes:
        bad: Whether one could not.
    """

    __slots__ = ("_lines", "bad")

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.bad = False

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if undecoded(line):
            self.bad = True
        return line


def lines(path: str | os.PathLike[str], encoding: str = "utf-8") -> Iterator[tuple[Where, str | FileFormatError]]:
    """The lines of a text file, without their ends, and where they stand; as `opened`.

    One that is not in the encoding comes as an error.
    """
    place = f"{os.fspath(path)}, line"
    with opened(path, encoding=encoding) as file:
        for n, line in enumerate(file, 1):
            where = (place, n)
            yield where, not_decoded(where, encoding) if undecoded(line) else line.rstrip("\r\n")


def guess(path: str | os.PathLike[str], encoding: str = "utf-8") -> Format | None:
    """What a gazetteer's file is, by its suffix and its first line; None where that does not say.

    Raises:
        OSError: If it cannot be read.
        FileFormatError: If it is damaged, or its first line is none of its format.
    """
    kind = suffix(path)
    if kind == ".parquet":
        return "parquet"
    if kind in (".csv", ".tsv"):
        header = set(_header(path, "\t" if kind == ".tsv" else ",", encoding))
        return "wikidata" if {"item", "itemLabel"} <= header and not {"id", "name"} <= header else "csv"
    if kind in (".json", ".jsonl", ".ndjson"):
        return _guess_json(_first_line(path, encoding), kind)
    if kind == ".txt" or Path(path).suffix.lower() in _PACKED:
        return "geonames" if _first_line(path, encoding).count("\t") == 18 else "names" if kind == ".txt" else None
    return None


def _header(path: str | os.PathLike[str], delimiter: str, encoding: str) -> list[str]:
    with opened(path, newline="", encoding=encoding) as file:
        try:
            return next((row for row in csv.reader(file, delimiter=delimiter) if row), [])
        except csv.Error as e:
            raise FileFormatError(f"{os.fspath(path)}: {e}") from None


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


def _first_line(path: str | os.PathLike[str], encoding: str) -> str:
    with opened(path, encoding=encoding) as file:
        return next((line.rstrip("\r\n") for line in file if line.strip()), "")
