"""Reads entries of a gazetteer from records, CSV, JSONL and Arrow tables."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quoth.errors import FileFormatError, GazetteerError

__all__ = ["Columns", "Record", "arrow_records", "csv_records", "jsonl_records", "records"]

Record = tuple[str, str, str, list[str], float, str]
"""id, label, canonical name, further names, priority, properties as JSON: what the core takes."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field of a record is what.

    Attributes:
        id: The identifier.
        name: The canonical name.
        aliases: Further names: a list, or one string with `separator` between them.
        label: PERSON, ORG, GPE …
        priority: A number; higher comes first where several entries have a name.
        separator: Parts the aliases of one string.
    """

    id: str = "id"
    name: str = "name"
    aliases: str = "aliases"
    label: str = "label"
    priority: str = "priority"
    separator: str = "|"


def records(rows: Iterable[Mapping[str, Any] | str], columns: Columns, where: str = "entry") -> Iterator[Record]:
    """Turns mappings (or plain names) into what the core takes.

    Args:
        rows: One mapping an entry; a `str` is an entry whose id is its name.
        columns: Which field is what; `id` and `name` are required, the others optional. Fields that
            have no role become properties.
        where: What an error calls a row.

    Raises:
        GazetteerError: For a row that has no id or name, or a field of the wrong type.
    """
    for n, row in enumerate(rows):
        yield _record(row, columns, f"{where} {n}")


def _record(row: Mapping[str, Any] | str, columns: Columns, where: str) -> Record:
    if isinstance(row, str):
        return (row, "", row, [], 0.0, "")
    if not isinstance(row, Mapping):
        raise GazetteerError(f"{where}: expected a mapping or a str, got {type(row).__name__}")
    for column in (columns.id, columns.name):
        if _missing(row.get(column)):
            raise GazetteerError(f"{where}: no {column!r}; the fields are {', '.join(map(str, row))}")
    name = row[columns.name]
    if not isinstance(name, str):
        raise GazetteerError(f"{where}: {columns.name!r} must be a str, got {type(name).__name__}")
    label = row.get(columns.label)
    roles = {columns.id, columns.name, columns.aliases, columns.label, columns.priority}
    properties = {str(k): v for k, v in row.items() if k not in roles and not _missing(v)}
    return (
        str(row[columns.id]),
        "" if _missing(label) else str(label),
        name,
        _aliases(row.get(columns.aliases), columns, where),
        _priority(row.get(columns.priority), columns, where),
        json.dumps(properties, ensure_ascii=False, default=str) if properties else "",
    )


def _missing(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _aliases(value: Any, columns: Columns, where: str) -> list[str]:
    if isinstance(value, str):
        return [a for part in value.split(columns.separator) if (a := part.strip())]
    if _missing(value) if not hasattr(value, "__len__") else False:
        return []
    try:
        aliases = list(value)
    except TypeError:
        aliases = [value]
    for alias in aliases:
        if not isinstance(alias, str):
            kind = type(alias).__name__
            raise GazetteerError(f"{where}: {columns.aliases!r} must hold strings, got {kind}")
    return [a for a in aliases if a.strip()]


def _priority(value: Any, columns: Columns, where: str) -> float:
    if _missing(value):
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError):
        raise GazetteerError(f"{where}: {columns.priority!r} must be a number, got {value!r}") from None


def csv_records(path: str | os.PathLike[str], columns: Columns, *, delimiter: str | None = None) -> Iterator[Record]:
    """Reads a CSV or TSV file with a header.

    Args:
        path: The file, UTF-8 (a BOM is fine).
        columns: Which column is what.
        delimiter: Default: a tab for `.tsv`, else a comma.

    Raises:
        FileFormatError: If a required column is missing or a row has too many cells.
        GazetteerError: For a row without id or name; names file and line.
    """
    path = Path(path)
    delimiter = delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
    csv.field_size_limit(2**28)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        have = reader.fieldnames or []
        for column in (columns.id, columns.name):
            if column not in have:
                raise FileFormatError(f"{path}: no column {column!r}; the columns are {', '.join(have) or 'none'}")
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row:
                raise FileFormatError(f"{where}: {len(have)} columns, but the row has more cells")
            yield _record(row, columns, where)


def jsonl_records(path: str | os.PathLike[str], columns: Columns) -> Iterator[Record]:
    """Reads a JSON Lines file: one object an entry; blank lines are skipped.

    Raises:
        FileFormatError: For a line that is no JSON object; names file and line.
        GazetteerError: For an entry without id or name; names file and line.
    """
    path = Path(path)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for n, line in enumerate(file, 1):
            if not line.strip():
                continue
            where = f"{path}, line {n}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as e:
                raise FileFormatError(f"{where}: {e.msg} at column {e.colno}") from None
            if not isinstance(row, dict):
                raise FileFormatError(f"{where}: expected an object, got {type(row).__name__}")
            yield _record(row, columns, where)


def arrow_records(table: Any, columns: Columns) -> Iterator[Record]:
    """Reads any table with `__arrow_c_stream__` (polars, pyarrow, pandas, duckdb …); needs pyarrow.

    Raises:
        GazetteerError: If a required column is missing, or for a row without id or name.
    """
    try:
        import pyarrow
    except ImportError as e:
        raise ImportError('reading Arrow tables needs pyarrow: pip install "quoth[files]"') from e
    reader = pyarrow.RecordBatchReader.from_stream(table)
    for column in (columns.id, columns.name):
        if column not in reader.schema.names:
            raise GazetteerError(f"no column {column!r}; the columns are {', '.join(reader.schema.names)}")
    first = 0
    for batch in reader:
        for n, row in enumerate(batch.to_pylist()):
            yield _record(row, columns, f"row {first + n}")
        first += batch.num_rows
