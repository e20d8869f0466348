"""Reads entries of a gazetteer from records, CSV, JSONL and Arrow tables."""

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast, get_args

from quoth.errors import FileFormatError, GazetteerError, QuothError
from quoth.files import Lines, Where, at, lines, not_decoded, opened, suffix, undecoded

__all__ = [
    "ArrowTable",
    "Columns",
    "Entries",
    "Located",
    "OnError",
    "Plain",
    "Record",
    "Rows",
    "arrow_records",
    "csv_records",
    "jsonl_records",
    "parquet_records",
    "parsed",
]

Record = tuple[str, str, str, list[str], float, str, list[str]]
"""id, label, canonical name, further names, priority, properties as JSON, related ids: what the core takes."""


Row = Mapping[str, Any] | str | QuothError
"""An entry as its source has it: a mapping, a plain name, or why it could not be read."""
Located = Iterator[tuple[Where, Row]]
"""Rows and where they came from."""
OnError = Literal["raise", "skip"]


class ArrowTable(Protocol):
    """A table of any Arrow library."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Entries = Iterable[Mapping[str, Any] | str] | Mapping[Any, str | Sequence[str] | Mapping[str, Any]] | ArrowTable
"""Records and names; names, or a record, by id; or a table with a row an entry."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which field of a record is what.

    Attributes:
        id: The identifier.
        name: The canonical name.
        aliases: Further names: a list, or one string with `separator` between them.
        label: PERSON, ORG, GPE …
        priority: A number; higher comes first where several entries have a name.
        related: Ids of entries that it belongs with: a list, or one string alike.
        separator: Parts the aliases of one string.
    """

    id: str = "id"
    name: str = "name"
    aliases: str = "aliases"
    label: str = "label"
    priority: str = "priority"
    related: str = "related"
    separator: str = "|"


@dataclass(frozen=True, slots=True)
class Plain:
    """What the core reads rows by that it need not be given as records: mappings whose values are strings.

    Attributes:
        id: Field of the identifier; `name`, `label`, `aliases` alike.
        separator: Parts the aliases of one string.
        convert: Makes a record of a row that is another, by its number; None where it is left out.
    """

    id: str
    name: str
    label: str
    aliases: str
    separator: str
    convert: Callable[[int, Row], Record | None]


class Rows:
    """Makes records of rows; rows that cannot be used raise, or are noted and left out.

    Args:
        columns: Which field is what; `id` and `name` are required, the others optional. Fields that
            have no role become properties.
        on_error: What to do with a row that cannot be used.
    """

    __slots__ = ("_columns", "_roles", "_skip", "_where", "skipped")

    def __init__(self, columns: Columns, on_error: OnError) -> None:
        if on_error not in get_args(OnError):
            raise ValueError(f"on_error must be 'raise' or 'skip', got {on_error!r}")
        self._columns = columns
        self._roles = frozenset(
            (columns.id, columns.name, columns.aliases, columns.label, columns.priority, columns.related)
        )
        self._skip = on_error == "skip"
        self._where: Where | None = None
        self.skipped: list[str] = []
        """Where each row that was left out stands, and why."""

    def of(self, entries: Entries) -> Iterable[Row]:
        """The rows of entries, however they are held.

        Raises:
            TypeError: If they are no many entries.
            GazetteerError: If a table lacks a required column.
            ImportError: For a table, without pyarrow.
        """
        if is_table(entries):
            return self.located(arrow_records(entries, self._columns))
        if isinstance(entries, Mapping):
            return _by_id(entries, self._columns)
        if isinstance(entries, str) or not hasattr(entries, "__iter__"):
            raise TypeError(f"entries must be many mappings or names, got {type(entries).__name__}")
        return cast(Iterable[Row], entries)

    def located(self, rows: Located) -> Iterator[Row]:
        """The rows of a source: until the next is taken, errors say where this one came from."""
        for self._where, row in rows:
            yield row

    def plain(self) -> Plain:
        """What the core reads the plain ones by."""
        columns = self._columns
        return Plain(columns.id, columns.name, columns.label, columns.aliases, columns.separator, self.convert)

    def convert(self, n: int, row: Row) -> Record | None:
        """The record of row `n`; None where it is left out."""
        try:
            if isinstance(row, QuothError):
                raise row
            return _record(row, self._columns, self._roles, self._where or ("entry", n))
        except QuothError as e:
            if not self._skip:
                raise
            self.skipped.append(str(e))
            return None

    def refuse(self, reason: str, n: int) -> None:
        """The core cannot use row `n`."""
        message = f"{at(self._where or ('entry', n))}: {reason}"
        if not self._skip:
            raise GazetteerError(message)
        self.skipped.append(message)


def is_table(entries: object) -> bool:
    """Whether it is a table of an Arrow library; a column, as a Series is, is many names."""
    if not hasattr(entries, "__arrow_c_stream__"):
        return False
    return hasattr(entries, "columns") or hasattr(entries, "schema") or not hasattr(entries, "__iter__")


def _by_id(entries: Mapping[Any, Any], columns: Columns) -> Iterator[Row]:
    if columns.id in entries and columns.name in entries:
        raise TypeError(
            f"entries must be many; a mapping is of ids to names, got one with the keys {columns.id!r} and "
            f"{columns.name!r}: put a record into a list, and make a table of columns"
        )
    return (_with_id(id, value, columns) for id, value in entries.items())


def _with_id(id: Any, value: object, columns: Columns) -> Row:
    if isinstance(value, Mapping):
        if value.get(columns.id, id) != id:
            return GazetteerError(f"{id!r}: its record has the id {value[columns.id]!r}")
        return {**value, columns.id: id}
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, Sequence) or isinstance(names, bytes):
        return GazetteerError(f"{id!r}: expected a name, names or a record, got {type(value).__name__}")
    return {columns.id: id, columns.name: next(iter(names), None), columns.aliases: list(names[1:])}


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=str).encode


def _to_json(properties: dict[str, Any], where: Where) -> str:
    """Properties as JSON, in which NaN and infinities are null: it has no other way to say them."""
    try:
        try:
            return _encode(properties)
        except ValueError:
            return _encode(_finite(properties))
    except (RecursionError, TypeError, ValueError) as e:
        raise GazetteerError(f"{at(where)}: its properties cannot be JSON: {e}") from None


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _record(row: Mapping[str, Any] | str, columns: Columns, roles: frozenset[str], where: Where) -> Record:
    if isinstance(row, str):
        _check_text(row, where)
        return (row, "", row, [], 0.0, "", [])
    # The commonest first: an isinstance with an abstract class is slow.
    if type(row) is not dict and not isinstance(row, Mapping):
        raise GazetteerError(f"{at(where)}: expected a mapping or a str, got {type(row).__name__}")
    id, name, label = row.get(columns.id), row.get(columns.name), row.get(columns.label)
    if _missing(id) or _missing(name):
        column = columns.id if _missing(id) else columns.name
        raise GazetteerError(f"{at(where)}: no {column!r}; the fields are {', '.join(map(str, row))}")
    if not isinstance(name, str):
        raise GazetteerError(f"{at(where)}: {columns.name!r} must be a str, got {type(name).__name__}")
    properties = ""
    if not roles >= row.keys():
        others = {str(k): v for k, v in row.items() if k not in roles and not _missing(v)}
        properties = _to_json(others, where) if others else ""
    record = (
        str(id),
        "" if _missing(label) else str(label),
        name,
        _strings(row, columns.aliases, columns, where),
        _priority(row.get(columns.priority), columns, where),
        properties,
        _strings(row, columns.related, columns, where),
    )
    for text in (*record[:3], *record[3], record[5], *record[6]):
        if not text.isascii():
            _check_text(text, where)
    return record


def _check_text(text: str, where: Where) -> None:
    if undecoded(text):
        raise GazetteerError(f"{at(where)}: {text!r:.60} holds a lone surrogate")


def _missing(value: object) -> bool:
    if value is None or isinstance(value, str):
        return not value
    if hasattr(value, "__len__"):
        return False
    try:
        # NaN and NaT are not what they are.
        return bool(value != value)
    except TypeError:
        # Nor does NA of pandas say that it is.
        return True


def _strings(row: Mapping[str, Any], column: str, columns: Columns, where: Where) -> list[str]:
    value = row.get(column)
    if value is None:
        return []
    if isinstance(value, str):
        return [a for part in value.split(columns.separator) if (a := part.strip())]
    if _missing(value):
        return []
    try:
        strings = list(value)
    except TypeError:
        strings = [value]
    for string in strings:
        if not isinstance(string, str):
            kind = type(string).__name__
            raise GazetteerError(f"{at(where)}: {column!r} must hold strings, got {kind}")
    return [s for s in strings if s.strip()]


def _priority(value: Any, columns: Columns, where: Where) -> float:
    if _missing(value):
        return 0.0
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        shown = f"{value!r:.40}"
        raise GazetteerError(f"{at(where)}: {columns.priority!r} must be a finite number, got {shown}") from None


def csv_records(
    path: str | os.PathLike[str], columns: Columns, *, delimiter: str | None = None, encoding: str = "utf-8"
) -> Located:
    """Reads a CSV or TSV file with a header.

    A row that is not in the encoding comes as an error.

    Args:
        path: The file (a BOM is fine); .gz, .bz2 and .zip are unpacked.
        columns: Which column is what.
        delimiter: Default: a tab for `.tsv`, else a comma.
        encoding: That of the file.

    Raises:
        FileFormatError: If a required column is missing, or a quotation mark is not closed.
    """
    path = os.fspath(path)
    delimiter = delimiter or ("\t" if suffix(path) == ".tsv" else ",")
    csv.field_size_limit(2**28)
    with opened(path, newline="", encoding=encoding) as file:
        lines = Lines(file)
        # A lenient reader takes all that follows an unclosed quotation mark for one cell.
        reader = csv.DictReader(lines, delimiter=delimiter, strict=True)
        try:
            have = reader.fieldnames or []
            if lines.bad:
                raise not_decoded((f"{path}, line", reader.line_num), encoding)
            for column in (columns.id, columns.name):
                if column not in have:
                    raise FileFormatError(f"{path}: no column {column!r}; the columns are {', '.join(have) or 'none'}")
            for row in reader:
                where = (f"{path}, line", reader.line_num)
                if lines.bad:
                    lines.bad = False
                    yield where, not_decoded(where, encoding)
                elif None in row:
                    reason = f"{len(have)} columns, but the row has more cells"
                    yield where, FileFormatError(f"{at(where)}: {reason}")
                else:
                    yield where, row
        except csv.Error as e:
            # The number is of the last row that could be read.
            raise FileFormatError(f"{path}, line {reader.line_num + 1}: {e}") from None


def jsonl_records(
    path: str | os.PathLike[str], encoding: str = "utf-8"
) -> Iterator[tuple[Where, dict[str, Any] | FileFormatError]]:
    """Reads a JSON Lines file, packed or not: one object an entry; blank lines are skipped.

    A line that is no JSON object comes as an error.
    """
    for where, line in lines(path, encoding):
        if not isinstance(line, str) or line.strip():
            yield where, parsed(line, where)


def objects(path: str | os.PathLike[str]) -> Iterator[tuple[Where, dict[str, Any]]]:
    """As `jsonl_records`; a line that is no JSON object is raised."""
    for where, row in jsonl_records(path):
        if isinstance(row, FileFormatError):
            raise row
        yield where, row


def parsed(line: str | FileFormatError, where: Where) -> dict[str, Any] | FileFormatError:
    """The object of a line of JSON, or why there is none."""
    if isinstance(line, FileFormatError):
        return line
    try:
        row = json.loads(line)
    except json.JSONDecodeError as e:
        return FileFormatError(f"{at(where)}: {e.msg} at column {e.colno}")
    except (RecursionError, ValueError) as e:
        # Too deep, or a number with too many digits.
        return FileFormatError(f"{at(where)}: {e}")
    if not isinstance(row, dict):
        return FileFormatError(f"{at(where)}: expected an object, got {type(row).__name__}")
    return row


def arrow_records(table: Any, columns: Columns) -> Located:
    """Reads any table with `__arrow_c_stream__` (polars, pyarrow, pandas, duckdb …); needs pyarrow.

    Raises:
        GazetteerError: If a required column is missing, or Arrow cannot hold what pandas has.
    """
    try:
        import pyarrow
    except ImportError as e:
        raise ImportError('reading Arrow tables needs pyarrow: pip install "quoth[files]"') from e
    try:
        reader = pyarrow.RecordBatchReader.from_stream(table)
    except (pyarrow.ArrowException, UnicodeEncodeError) as e:
        # Of objects of several types in one column of pandas.
        raise GazetteerError(f"Arrow cannot hold the table: {e}") from None
    missing = _missing_column(reader.schema.names, columns)
    if missing:
        raise GazetteerError(missing)
    yield from _batch_rows(reader, "row")


def _missing_column(have: list[str], columns: Columns) -> str:
    for column in (columns.id, columns.name):
        if column not in have:
            return f"no column {column!r}; the columns are {', '.join(have) or 'none'}"
    return ""


def _batch_rows(batches: Iterable[Any], place: str) -> Located:
    first = 0
    for batch in batches:
        names = batch.schema.names
        # Of one huge batch too, only some rows are Python's at a time.
        for start in range(0, batch.num_rows, _ROWS):
            part = batch.slice(start, _ROWS)
            errors: dict[int, Exception] = {}
            cells = [_cells(part.column(k), errors) for k in range(part.num_columns)]
            for n, values in enumerate(zip(*cells, strict=True)):
                where = (place, first + n)
                if n in errors:
                    yield where, GazetteerError(f"{at(where)}: {errors[n]}")
                else:
                    yield where, dict(zip(names, values, strict=True))
            first += part.num_rows


_ROWS = 1 << 14


def _cells(column: Any, errors: dict[int, Exception]) -> list[Any]:
    """A column's values; those that Python cannot hold are None, and their errors go to `errors`."""
    try:
        cells: list[Any] = column.to_pylist()
    except (ValueError, OverflowError):
        # Bytes that are no UTF-8, a date after the year 9999.
        cells = []
        for n, value in enumerate(column):
            try:
                cells.append(value.as_py())
            except (ValueError, OverflowError) as e:
                cells.append(None)
                errors[n] = e
    return cells


def parquet_records(path: str | os.PathLike[str], columns: Columns) -> Located:
    """Reads a Parquet file, batch by batch; needs pyarrow. Rows count from 0.

    Raises:
        OSError: If the file cannot be read.
        FileFormatError: If it is no Parquet file, damaged, or without a required column.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as e:
        raise ImportError('reading Parquet files needs pyarrow: pip install "quoth[files]"') from e
    path = os.fspath(path)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            missing = _missing_column(file.schema_arrow.names, columns)
            if missing:
                raise FileFormatError(f"{path}: {missing}")
            yield from _batch_rows(file.iter_batches(_ROWS), f"{path}, row")
    except pyarrow.ArrowException as e:
        raise FileFormatError(f"{path}: {e}") from None
    except OSError as e:
        # What pyarrow says of damage has no number; what the system says has one.
        if e.errno is not None:
            raise
        raise FileFormatError(f"{path}: {e}") from None
