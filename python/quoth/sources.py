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

__all__ = [
    "Columns",
    "Located",
    "Record",
    "Rows",
    "Where",
    "arrow_records",
    "at",
    "csv_records",
    "jsonl_records",
    "records",
]

Record = tuple[str, str, str, list[str], float, str]
"""id, label, canonical name, further names, priority, properties as JSON: what the core takes."""


Where = tuple[str, int]
"""What an error calls a row: a word or a file, and a number; written out only where it is needed."""


Located = Iterator[tuple[Where, Record]]
"""Records and where they came from."""


class Rows:
    """Records one by one, and where the last one came from."""

    __slots__ = ("_rows", "failed", "where")

    def __init__(self, rows: Iterable[tuple[Where, Record]]) -> None:
        self._rows = rows
        self.where: Where = ("entry", 0)
        self.failed = False
        """Whether an error came from the rows, and so says itself where."""

    def __iter__(self) -> Iterator[Record]:
        """The records."""
        try:
            for where, record in self._rows:
                self.where = where
                yield record
        except Exception:
            self.failed = True
            raise


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


def records(rows: Iterable[Mapping[str, Any] | str], columns: Columns, word: str = "entry") -> Located:
    """Turns mappings (or plain names) into what the core takes.

    Args:
        rows: One mapping an entry; a `str` is an entry whose id is its name.
        columns: Which field is what; `id` and `name` are required, the others optional. Fields that
            have no role become properties.
        word: What an error calls a row.

    Raises:
        GazetteerError: For a row that has no id or name, or a field of the wrong type.
    """
    for n, row in enumerate(rows):
        where = (word, n)
        yield where, _record(row, columns, where)


def at(where: Where) -> str:
    """A row's place, written out."""
    return f"{where[0]} {where[1]}"


def _record(row: Mapping[str, Any] | str, columns: Columns, where: Where) -> Record:
    if isinstance(row, str):
        return (row, "", row, [], 0.0, "")
    if not isinstance(row, Mapping):
        raise GazetteerError(f"{at(where)}: expected a mapping or a str, got {type(row).__name__}")
    for column in (columns.id, columns.name):
        if _missing(row.get(column)):
            raise GazetteerError(f"{at(where)}: no {column!r}; the fields are {', '.join(map(str, row))}")
    name = row[columns.name]
    if not isinstance(name, str):
        raise GazetteerError(f"{at(where)}: {columns.name!r} must be a str, got {type(name).__name__}")
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


def _aliases(value: Any, columns: Columns, where: Where) -> list[str]:
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
            raise GazetteerError(f"{at(where)}: {columns.aliases!r} must hold strings, got {kind}")
    return [a for a in aliases if a.strip()]


def _priority(value: Any, columns: Columns, where: Where) -> float:
    if _missing(value):
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        shown = f"{value!r:.40}"
        raise GazetteerError(f"{at(where)}: {columns.priority!r} must be a finite number, got {shown}") from None


def csv_records(path: str | os.PathLike[str], columns: Columns, *, delimiter: str | None = None) -> Located:
    """Reads a CSV or TSV file with a header.

    Args:
        path: The file, UTF-8 (a BOM is fine).
        columns: Which column is what.
        delimiter: Default: a tab for `.tsv`, else a comma.

    Raises:
        FileFormatError: If a required column is missing, a row has too many cells, or a quotation
            mark is not closed.
        GazetteerError: For a row without id or name; names file and line.
    """
    path = Path(path)
    delimiter = delimiter or ("\t" if path.suffix.lower() == ".tsv" else ",")
    csv.field_size_limit(2**28)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        # A lenient reader takes all that follows an unclosed quotation mark for one cell.
        reader = csv.DictReader(file, delimiter=delimiter, strict=True)
        try:
            have = reader.fieldnames or []
            for column in (columns.id, columns.name):
                if column not in have:
                    raise FileFormatError(f"{path}: no column {column!r}; the columns are {', '.join(have) or 'none'}")
            for row in reader:
                where = (f"{path}, line", reader.line_num)
                if None in row:
                    raise FileFormatError(f"{at(where)}: {len(have)} columns, but the row has more cells")
                yield where, _record(row, columns, where)
        except csv.Error as e:
            raise FileFormatError(f"{path}, line {reader.line_num}: {e}") from None


def jsonl_records(path: str | os.PathLike[str], columns: Columns) -> Located:
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
            where = (f"{path}, line", n)
            try:
                row = json.loads(line)
            except json.JSONDecodeError as e:
                raise FileFormatError(f"{at(where)}: {e.msg} at column {e.colno}") from None
            except (RecursionError, ValueError) as e:
                # Too deep, or a number with too many digits.
                raise FileFormatError(f"{at(where)}: {e}") from None
            if not isinstance(row, dict):
                raise FileFormatError(f"{at(where)}: expected an object, got {type(row).__name__}")
            yield where, _record(row, columns, where)


def arrow_records(table: Any, columns: Columns) -> Located:
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
            where = ("row", first + n)
            yield where, _record(row, columns, where)
        first += batch.num_rows


def parquet_batches(path: str | os.PathLike[str]) -> Any:
    """A Parquet file as an Arrow stream, read batch by batch; needs pyarrow.

    Raises:
        OSError: If the file cannot be read.
        FileFormatError: If it is no Parquet file.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as e:
        raise ImportError('reading Parquet files needs pyarrow: pip install "quoth[files]"') from e
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as e:
        raise FileFormatError(f"{os.fspath(path)}: {e}") from None
    return pyarrow.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())
