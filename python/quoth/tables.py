"""What many texts give: columnar tables that every Arrow library takes without copying."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from importlib import import_module
from typing import Any, ClassVar

from quoth import _core

__all__ = ["Attributions", "Counts", "Mentions", "Speakers", "Status", "Table"]

_SHOWN = 10


class Table:
    """Rows in Arrow columns.

    Any Arrow library takes it as it is: `polars.DataFrame(t)`, `pyarrow.table(t)`,
    `duckdb.sql("from t")`, `pandas.DataFrame.from_arrow(t)`.
    """

    __slots__ = ("_inner",)
    _noun: ClassVar[str] = "rows"
    _shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, inner: _core.Table) -> None:
        """Not for users: tables come from `read_all`, `find_all` and `stream`."""
        self._inner = inner

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._inner)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self._inner.columns

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the columns take."""
        return self._inner.nbytes

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The rows as dicts, in order. For many rows use the columns instead."""
        for batch in range(self._inner.n_batches):
            yield from self._inner.rows(batch)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow PyCapsule interface."""
        return self._inner.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """The Arrow PyCapsule interface."""
        return self._inner.__arrow_c_schema__()

    def to_polars(self) -> Any:
        """A `polars.DataFrame`; needs polars."""
        return _library("polars").DataFrame(self)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table`; needs pyarrow."""
        return _library("pyarrow").table(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame`; needs pandas and pyarrow. Missing strings are None."""
        _library("pandas")
        return self.to_arrow().to_pandas()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as Arrow IPC bytes; needs pyarrow."""
        return (_from_ipc, (type(self), *self._state()))

    def _state(self) -> tuple[Any, ...]:
        return (_to_ipc(self),)

    def __repr__(self) -> str:
        """Says how much is in it."""
        return f"{type(self).__name__}({len(self):,} {self._noun}; columns: {', '.join(self.columns)})"

    def _repr_html_(self) -> str:
        shown = [c for c in self._shown or self.columns if c in self.columns]
        head = "".join(f"<th style='text-align:left'>{escape(c)}</th>" for c in shown)
        body = []
        for _, row in zip(range(_SHOWN), self, strict=False):
            cells = "".join(f"<td style='text-align:left'>{escape(_short(row[c]))}</td>" for c in shown)
            body.append(f"<tr>{cells}</tr>")
        more = f", the first {_SHOWN} shown" if len(self) > _SHOWN else ""
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
            f"<p>{len(self):,} {escape(self._noun)}{more}</p>"
        )


def _short(value: object, most: int = 120) -> str:
    text = "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as e:
        package = name.partition(".")[0]
        raise ImportError(f"this needs {package}: pip install {package}") from e


def _to_ipc(table: Table) -> bytes:
    pyarrow = _library("pyarrow")
    sink = pyarrow.BufferOutputStream()
    arrow = pyarrow.table(table)
    with _library("pyarrow.ipc").new_stream(sink, arrow.schema) as writer:
        writer.write_table(arrow)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _from_ipc(kind: type[Table], data: bytes, *parts: Table) -> Table:
    reader = _library("pyarrow.ipc").open_stream(data)
    inner = _core.Table.from_arrow(reader)
    return kind(inner, *parts)


class Mentions(Table):
    """A gazetteer's names in many texts: one row a mention, by document and place.

    Columns: `doc` position of the text in the input (uint64); `id` its id, null where none was
    given; `start`, `end` (uint32; code points, or bytes on request); `text`; `entry_id`, `name`,
    `label` of the best entry with that name; `n_candidates` how many entries have it; `score` how
    well the text has the name (1 as the options say, 0.9 a short form that the document gives, less
    where there are mistakes). On request `properties`, the entry's as a JSON object.
    """

    __slots__ = ("_status",)
    _noun = "mentions"
    _shown = ("doc", "id", "start", "end", "text", "entry_id", "name", "label")

    def __init__(self, inner: _core.Table, status: Status) -> None:
        """Not for users."""
        super().__init__(inner)
        self._status = status

    @property
    def status(self) -> Status:
        """One row a text: whether it could be read."""
        return self._status

    def counts(self) -> Counts:
        """How often each text mentions each entry, as a sparse matrix."""
        cells = Counter(zip(self._inner.column("doc"), self._inner.column("entry_id"), strict=True))
        ids = list(dict.fromkeys(id for _, id in cells))
        numbers = {id: n for n, id in enumerate(ids)}
        docs, entries = [doc for doc, _ in cells], [numbers[id] for _, id in cells]
        return Counts(docs, entries, list(cells.values()), (len(self._status), len(ids)), ids)

    def _state(self) -> tuple[Any, ...]:
        return (_to_ipc(self), self._status)


@dataclass(frozen=True, slots=True)
class Counts:
    """A sparse matrix of counts in coordinate form: texts in rows, entries in columns.

    Attributes:
        docs: Row of each cell: the position of the text in the input.
        entries: Column of each cell.
        counts: The cells: mentions of the entry in the text; all other cells are 0.
        shape: Number of texts, and of entries mentioned.
        ids: The entry's id of each column.
    """

    docs: list[int] = field(repr=False)
    entries: list[int] = field(repr=False)
    counts: list[int] = field(repr=False)
    shape: tuple[int, int]
    ids: list[str] = field(repr=False)

    def to_scipy(self) -> Any:
        """A `scipy.sparse.coo_array`; needs scipy."""
        return _library("scipy.sparse").coo_array((self.counts, (self.docs, self.entries)), shape=self.shape)


class Speakers(Table):
    """Who says something, in many texts: one row a speaker and document.

    Columns: `doc`, `id` as in `Attributions`; `n` position among the document's speakers; `name`;
    `label`, null where unknown; `entry_id`, null where not linked; `n_attributions`;
    `mention_spans` list of structs `start`, `end`.
    """

    __slots__ = ()
    _noun = "speakers"
    _shown = ("doc", "id", "name", "label", "entry_id", "n_attributions")


class Status(Table):
    """How the reading of many texts went: one row a text, in the order of the input.

    Columns: `doc`, `id` as in `Attributions`; `status`: "ok", "null" (no text), "not_text" (another
    type, or no UTF-8), "too_long" (4 GiB or more) or "failed" (a fault of quoth); `message`, null
    where ok; `n_mentions`, `n_attributions`.
    """

    __slots__ = ()
    _noun = "texts"

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The rows of the texts that could not be read."""
        return [row for row in self if row["status"] != "ok"]


class Attributions(Table):
    """Who said what, in many texts: one row an attribution, by document and place.

    Columns: `doc` position of the text in the input (uint64); `id` its id, null where none was
    given; `n` position among the document's attributions; `type` direct, indirect or mixed; `class`
    assertion, belief, fact or eventuality; `polarity` positive or negative; `content`, `cue`,
    `source`, `addressee` as text (pieces joined by a space; null where there is none); `speaker`,
    `speaker_label`, `speaker_id` (the gazetteer's entry; null where unknown); `speaker_n` row of the
    document's speakers; `parent` the `n` of the attribution that this one is nested in, or null;
    `score` 0 to 1; `content_spans`, `cue_spans`, `source_spans`, `addressee_spans` lists of structs
    `start`, `end` (uint32; code points, or bytes on request).
    """

    __slots__ = ("_mentions", "_speakers", "_status")
    _noun = "attributions"
    _shown = ("doc", "id", "type", "speaker", "cue", "content", "score")

    def __init__(self, inner: _core.Table, mentions: Mentions, speakers: Speakers, status: Status) -> None:
        """Not for users."""
        super().__init__(inner)
        self._mentions = mentions
        self._speakers = speakers
        self._status = status

    @property
    def mentions(self) -> Mentions:
        """The gazetteer's mentions in the same texts; empty without a gazetteer."""
        return self._mentions

    @property
    def speakers(self) -> Speakers:
        """The speakers of the same texts."""
        return self._speakers

    @property
    def status(self) -> Status:
        """One row a text: whether it could be read."""
        return self._status

    def _state(self) -> tuple[Any, ...]:
        return (_to_ipc(self), self._mentions, self._speakers, self._status)
