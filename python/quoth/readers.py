"""Reads text, JSONL, CSV and Parquet files as batches of documents, in bounded memory."""

from __future__ import annotations

import csv
import gzip
import importlib
import io
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

from quoth.files import Lines, codec, undecoded

__all__ = ["Batch", "count_bytes", "expand", "read_batches"]

TEXT_COLUMNS = ("text", "body", "content", "article")
ID_COLUMNS = ("id", "url", "uri", "doc_id")
_PLAIN = (".txt", ".jsonl", ".ndjson", ".csv", ".tsv")
SUFFIXES = (*_PLAIN, *(suffix + ".gz" for suffix in _PLAIN), ".parquet")

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_FIELD = 2**28  # a longer JSON line or CSV field is a broken file (an unclosed quote, say)
_MAX_ROWS = 100_000  # keeps a batch small where most texts are null or empty
_PARQUET_ROWS = 256

_Row = tuple[str, str | None]
_Found = _Row | ValueError
"""A document, or why there is none in a row."""


class Batch(NamedTuple):
    """Some documents, in the order of the files.

    Attributes:
        ids: The id of each document.
        texts: The text of each document; None where the row has none.
    """

    ids: list[str]
    texts: list[str | None]


class _Wanted(NamedTuple):
    """What the caller asks for; None asks for the default."""

    text: str | None
    id: str | None
    encoding: str


class _DamagedError(ValueError):
    """What follows in a file cannot be read."""


class _Gauge:
    """Counts the bytes of finished files and of the one being read."""

    def __init__(self) -> None:
        self._finished = 0
        self.position: Callable[[], int] = int

    def total(self) -> int:
        return self._finished + self.position()

    def finish(self, size: int) -> None:
        self._finished += size
        self.position = int


def count_bytes(paths: Sequence[Path]) -> int:
    """Returns the total size of files on disk, the end of the scale `on_bytes` moves along.

    Args:
        paths: Files, as `expand` returns them.
    """
    return sum(Path(path).stat().st_size for path in paths)


def expand(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Turns files and folders into the list of files to read.

    Args:
        paths: Files, kept as they are, and folders, replaced by every readable file under them,
            sorted.

    Returns:
        The files, in the order of `paths`, each spelled from the path given.

    Raises:
        FileNotFoundError: A path does not exist.
        ValueError: A file has an unknown suffix, or a folder holds no readable file.
    """
    files: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            files.extend(_files_under(path))
        elif not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        elif _kind(path) is None:
            raise ValueError(f"{path}: unknown suffix; the known ones are {', '.join(SUFFIXES)}")
        else:
            files.append(path)
    return files


def read_batches(
    paths: Sequence[str | os.PathLike[str]],
    *,
    text: str | None = None,
    id: str | None = None,
    encoding: str = "utf-8",
    batch_bytes: int = 8_000_000,
    on_bytes: Callable[[int], None] | None = None,
    on_error: Callable[[ValueError], None] | None = None,
) -> Iterator[Batch]:
    """Reads documents from files and folders, in order.

    A `.txt` file is one document and its path is the id. In the other formats each row is one
    document. In JSONL the first object decides which fields are read; a later object without the
    text field counts as null. A row without an id gets `FILE:ROW`: the line number in JSONL, the
    number of the data row in CSV and Parquet.

    Args:
        paths: Files and folders, as for `expand`.
        text: The column of the text; by default the first of text, body, content, article.
        id: The column of the id; by default the first of id, url, uri, doc_id, if any.
        encoding: That of text, JSONL and CSV files; a BOM of UTF-8 is passed over.
        batch_bytes: A batch ends with the document that brings it to this many characters.
        on_bytes: Called after each batch is dealt with, and at the end, with the bytes consumed
            so far on the scale of `count_bytes`.
        on_error: Called with what is wrong with a row that cannot be read, or with the rest of a
            damaged file, which are left out; by default it is raised.

    Returns:
        An iterator of batches, none of them empty.

    Raises:
        FileNotFoundError: A path does not exist.
        ImportError: There is a Parquet file and pyarrow is not installed.
        ValueError: A path or a file is not usable, or not in the encoding. Problems of the paths are
            raised at once, problems inside a file while iterating.
    """
    if batch_bytes < 1:
        raise ValueError(f"batch_bytes must be at least 1, got {batch_bytes}")
    files = expand(paths)
    if any(_kind(path) == ".parquet" for path in files):
        _pyarrow()
    codec(encoding)
    return _batches(files, _Wanted(text, id, encoding), batch_bytes, on_bytes or (lambda _: None), on_error or _raise)


def _batches(
    files: list[Path],
    wanted: _Wanted,
    batch_bytes: int,
    on_bytes: Callable[[int], None],
    on_error: Callable[[ValueError], None],
) -> Iterator[Batch]:
    gauge = _Gauge()
    batch, size = Batch([], []), 0
    for doc_id, text in _all_rows(files, wanted, gauge, on_error):
        batch.ids.append(doc_id)
        batch.texts.append(text)
        size += len(text or "")
        if size >= batch_bytes or len(batch.ids) >= _MAX_ROWS:
            yield batch
            on_bytes(gauge.total())
            batch, size = Batch([], []), 0
    if batch.ids:
        yield batch
    on_bytes(gauge.total())


def _all_rows(
    files: list[Path], wanted: _Wanted, gauge: _Gauge, on_error: Callable[[ValueError], None]
) -> Iterator[_Row]:
    for path in files:
        size = count_bytes([path])
        try:
            for row in _READERS[_kind(path) or ""](path, wanted, gauge):
                if isinstance(row, ValueError):
                    on_error(row)
                else:
                    yield row
        except _DamagedError as error:
            on_error(error)
        gauge.finish(size)


# --- files ---------------------------------------------------------------------------------------


def _kind(path: Path) -> str | None:
    """Returns the suffix that decides the format, without `.gz`, or None when it is unknown."""
    name = path.name.lower()
    kind = os.path.splitext(name.removesuffix(".gz"))[1]
    full = kind + ".gz" if name.endswith(".gz") else kind
    return kind if full in SUFFIXES else None


def _files_under(folder: Path) -> list[Path]:
    files = [
        path
        for root, _, names in os.walk(folder, onerror=_raise)
        for path in (Path(root, name) for name in names)
        if _kind(path)
    ]
    if not files:
        raise ValueError(f"{folder}: no readable file in this folder ({', '.join(SUFFIXES)})")
    return sorted(files)


def _raise(error: Exception) -> None:
    raise error


@contextmanager
def _opened(path: Path, gauge: _Gauge) -> Iterator[BinaryIO]:
    """Opens a file, unpacked if it is gzip; the gauge follows the bytes on disk."""
    with path.open("rb") as raw:
        gauge.position = raw.tell
        try:
            if not path.name.lower().endswith(".gz"):
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield io.BufferedReader(unpacked)
        except UnicodeError as error:
            raise _DamagedError(f"{path}: {error}") from None
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise _DamagedError(f"{path}: damaged gzip data: {error}") from error


def _decoded(stream: BinaryIO, encoding: str, newline: str) -> io.TextIOWrapper:
    """A stream's text, with lone surrogates for bytes that are not in the encoding."""
    return io.TextIOWrapper(stream, encoding=codec(encoding), errors="surrogateescape", newline=newline)


def _not_decoded(where: str, encoding: str) -> ValueError:
    return ValueError(f"{where}: not {encoding}; is it in another encoding?")


# --- formats -------------------------------------------------------------------------------------


def _txt_rows(path: Path, wanted: _Wanted, gauge: _Gauge) -> Iterator[_Found]:
    with _opened(path, gauge) as stream:
        try:
            text = stream.read().decode(codec(wanted.encoding))
        except UnicodeDecodeError as error:
            yield _not_decoded(f"{path}: byte {error.start}", wanted.encoding)
        else:
            yield _clean(str(path)), text


def _jsonl_rows(path: Path, wanted: _Wanted, gauge: _Gauge) -> Iterator[_Found]:
    columns: tuple[str, str | None] | None = None
    with _opened(path, gauge) as stream:
        for number, line in _json_lines(path, _decoded(stream, wanted.encoding, "\n")):
            where = f"{path}: line {number}"
            record = _not_decoded(where, wanted.encoding) if undecoded(line) else _json_object(line, where)
            if isinstance(record, ValueError):
                yield record
                continue
            if columns is None:
                columns = _columns(path, wanted, list(record))
            yield _row(record.get, columns, where, f"{path}:{number}")


def _json_lines(path: Path, stream: TextIO) -> Iterator[tuple[int, str]]:
    """Yields the lines that are not blank, with their numbers."""
    number = 0
    while line := stream.readline(_MAX_FIELD):
        number += 1
        if len(line) == _MAX_FIELD:
            raise _DamagedError(f"{path}: line {number}: longer than {_MAX_FIELD} characters")
        if line and not line.isspace():
            yield number, line


def _json_object(line: str, where: str) -> dict[str, Any] | ValueError:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        return ValueError(f"{where}: malformed JSON: {error}")
    if not isinstance(record, dict):
        return ValueError(f"{where}: expected a JSON object, found {type(record).__name__}")
    return record


def _csv_rows(path: Path, wanted: _Wanted, gauge: _Gauge) -> Iterator[_Found]:
    with _opened(path, gauge) as stream:
        lines = Lines(_decoded(stream, wanted.encoding, ""))
        records = _csv_records(path, lines)
        _, header = next(records, (0, None))
        if lines.bad:
            raise _not_decoded(f"{path}: line 1", wanted.encoding)
        if header is None:
            raise ValueError(f"{path}: the file is empty; a header row is required")
        columns = _columns(path, wanted, header)
        index = {name: place for place, name in reversed(list(enumerate(header)))}
        for number, (line, record) in enumerate(records, start=1):
            where = f"{path}: line {line}"
            if lines.bad:
                lines.bad = False
                yield _not_decoded(where, wanted.encoding)
            elif any(record[len(header) :]):
                yield ValueError(f"{where}: {len(record)} fields where the header has {len(header)}")
            else:
                yield _row(_cells(index, record), columns, where, f"{path}:{number}")


def _csv_records(path: Path, lines: Lines) -> Iterator[tuple[int, list[str]]]:
    """Yields the records that are not blank, with the lines they start on.

    The parser is strict: a lenient one drops quotation marks it does not understand, and the rest
    of the file with a quote that never closes.
    """
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_FIELD))
    delimiter = "\t" if _kind(path) == ".tsv" else ","
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = 1
    try:
        for record in reader:
            if record:
                yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        raise _DamagedError(f"{path}: malformed CSV in the row at line {start}: {error}") from error


def _cells(index: dict[str, int], record: list[str]) -> Callable[[str], str | None]:
    """Returns a look-up by column name; a row cut short has None in the columns it lacks."""

    def cell(name: str) -> str | None:
        return record[index[name]] if index[name] < len(record) else None

    return cell


def _parquet_rows(path: Path, wanted: _Wanted, gauge: _Gauge) -> Iterator[_Found]:
    arrow = _pyarrow()
    with path.open("rb") as raw:
        try:
            yield from _parquet_file_rows(path, arrow, raw, wanted, gauge)
        except (arrow.ArrowException, OSError) as error:
            raise _DamagedError(f"{path}: damaged Parquet file: {error}") from error


def _parquet_file_rows(path: Path, arrow: Any, raw: BinaryIO, wanted: _Wanted, gauge: _Gauge) -> Iterator[_Found]:
    # Without these two options pyarrow loads whole row groups.
    file = arrow.parquet.ParquetFile(raw, buffer_size=2**20, pre_buffer=False)
    columns = _columns(path, wanted, file.schema_arrow.names)
    needed = list(dict.fromkeys(name for name in columns if name is not None))
    size, total, number = count_bytes([path]), file.metadata.num_rows, 0
    gauge.position = lambda: size * number // max(total, 1)
    for block in file.iter_batches(batch_size=_PARQUET_ROWS, columns=needed):
        values = {name: _parquet_values(block.column(name)) for name in needed}
        for row in zip(*values.values(), strict=True):
            number += 1
            record = dict(zip(needed, row, strict=True))
            yield _row(record.get, columns, f"{path}: row {number}", f"{path}:{number}")


def _parquet_values(column: Any) -> list[Any]:
    """Returns Python values; strings that are not valid UTF-8 come as bytes."""
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    try:
        values: list[Any] = column.to_pylist()
    except UnicodeDecodeError:
        large = str(column.type) == "large_string"
        values = column.cast("large_binary" if large else "binary").to_pylist()
    return values


def _pyarrow() -> Any:
    """Returns pyarrow with its Parquet part loaded."""
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise ImportError('Parquet files need pyarrow: pip install "quoth[files]"') from error


_READERS: dict[str, Callable[[Path, _Wanted, _Gauge], Iterator[_Found]]] = {
    ".txt": _txt_rows,
    ".jsonl": _jsonl_rows,
    ".ndjson": _jsonl_rows,
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".parquet": _parquet_rows,
}


# --- columns and values --------------------------------------------------------------------------


def _columns(path: Path, wanted: _Wanted, names: list[str]) -> tuple[str, str | None]:
    """Chooses the columns of the text and of the id among those a file has."""
    text, id_, _ = wanted
    if text is None:
        text = next((name for name in TEXT_COLUMNS if name in names), None)
    if id_ is None:
        id_ = next((name for name in ID_COLUMNS if name in names), None)
    listed = f"the columns are {', '.join(names) or '(none)'}"
    if text is None:
        raise ValueError(f"{path}: no text column ({', '.join(TEXT_COLUMNS)}); {listed}")
    for name in (text, id_):
        if name is not None and name not in names:
            raise ValueError(f"{path}: no column {name!r}; {listed}")
    return text, id_


def _row(get: Callable[[str], Any], columns: tuple[str, str | None], where: str, default_id: str) -> _Found:
    text, id_ = columns
    try:
        doc_id = None if id_ is None else _id_value(get(id_), f"{where}: field {id_!r}")
        return doc_id or _clean(default_id), _text_value(get(text), f"{where}: field {text!r}")
    except ValueError as error:
        return error


def _text_value(value: Any, where: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise _not_decoded(where, "utf-8") from None
    if not isinstance(value, str):
        raise ValueError(f"{where}: expected text or null, found {type(value).__name__}")
    return _clean(value)


def _id_value(value: Any, where: str) -> str | None:
    if isinstance(value, dict | list | bool):
        raise ValueError(f"{where}: expected an id, found {type(value).__name__}")
    return _text_value(value if value is None or isinstance(value, bytes) else str(value), where)


def _clean(text: str) -> str:
    """Replaces lone surrogates, which JSON can escape but no UTF-8 text can hold."""
    return _SURROGATE.sub("\ufffd", text) if undecoded(text) else text
