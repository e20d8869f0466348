"""Tests of quoth's tables in and out: what Arrow libraries take from them, and the columns that come in."""

from __future__ import annotations

import datetime
import math
import pickle
import time
from collections.abc import Callable
from typing import Any

import pytest

import quoth
from quoth import Attributions, Attributor, Gazetteer

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
pd = pytest.importorskip("pandas")
duckdb = pytest.importorskip("duckdb")
np = pytest.importorskip("numpy")

TEXTS = [
    "“The bridge 👍 is safe,” Ruth Tan said. Tom Hale denied that Kim had promised to close it.",
    None,
    "Nothing is said of Tan in 東京.",
    "",
    "Kim told reporters that it was old. “No. שלום.”",
]
IDS = ["a", "b", None, "d", "👍"]

SPANS = pa.list_(
    pa.field("item", pa.struct([pa.field(f, pa.uint32(), nullable=False) for f in ("start", "end")]), nullable=False)
)
TYPES = {"uint64": pa.uint64(), "uint32": pa.uint32(), "str": pa.string(), "float32": pa.float32(), "spans": SPANS}
# The columns as their tables document them; "?" may be null.
_DOC = "doc:uint64 id:str? "
COLUMNS = {
    "attributions": _DOC + "n:uint32 type:str class:str polarity:str content:str cue:str? source:str? addressee:str? "
    "speaker:str? speaker_label:str? speaker_id:str? speaker_n:uint32? parent:uint32? score:float32 "
    "content_spans:spans cue_spans:spans source_spans:spans addressee_spans:spans",
    "mentions": _DOC
    + "start:uint32 end:uint32 text:str entry_id:str name:str label:str n_candidates:uint32 score:float32",
    "speakers": _DOC + "n:uint32 name:str label:str? entry_id:str? n_attributions:uint32 mention_spans:spans",
    "status": _DOC + "status:str message:str? n_mentions:uint32 n_attributions:uint32",
}
# `find_all` gives two of them too.
COLUMNS |= {"found": COLUMNS["mentions"], "found_status": COLUMNS["status"]}


def schema(name: str) -> Any:
    fields = (column.split(":") for column in COLUMNS[name].split())
    return pa.schema([pa.field(f, TYPES[t.rstrip("?")], nullable=t.endswith("?")) for f, t in fields])


@pytest.fixture(scope="module")
def people() -> Gazetteer:
    ruth = {"id": "Q1", "name": "Ruth Tan", "aliases": ["Tan"], "label": "PERSON"}
    return Gazetteer([ruth, {"id": "Q2", "name": "Kim", "label": "PERSON"}, {"id": "K", "name": "Kim"}, "東京"])


def all_tables(people: Gazetteer, texts: Any, ids: Any = None) -> dict[str, Any]:
    read, found = Attributor(people).read_all(texts, ids=ids), people.find_all(texts, ids=ids)
    parts = {"attributions": read, "mentions": read.mentions, "speakers": read.speakers, "status": read.status}
    return {**parts, "found": found, "found_status": found.status}


@pytest.fixture(scope="module")
def tables(people: Gazetteer) -> dict[str, Any]:
    return all_tables(people, TEXTS, IDS)


def plain(value: Any) -> Any:
    """A cell of any library as Python has it: no NaN, no arrays, spans as tuples."""
    if isinstance(value, dict):
        return (value["start"], value["end"])
    if isinstance(value, list | np.ndarray | pl.Series):
        return [plain(v) for v in value]
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def rows(records: Any) -> list[dict[str, Any]]:
    return [{key: plain(value) for key, value in record.items()} for record in records]


@pytest.fixture(params=list(COLUMNS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- out -----------------------------------------------------------------------------------------


def test_tables_say_what_they_are(tables: dict[str, Any], name: str) -> None:
    table, columns = tables[name], schema(name).names
    nouns = {"found": "mentions", "status": "texts", "found_status": "texts"}
    kind = getattr(quoth, {"found": "mentions", "found_status": "status"}.get(name, name).title())
    assert type(table) is kind
    assert table.columns == columns
    assert repr(table) == f"{kind.__name__}({len(table)} {nouns.get(name, name)}; columns: {', '.join(columns)})"
    assert len(table) == len(list(table)) > 0
    assert table.nbytes > 0
    for column in columns:
        assert f"`{column}`" in (kind.__doc__ or ""), "documented"


def test_the_tables_agree(tables: dict[str, Any]) -> None:
    assert list(tables["found"]) == list(tables["mentions"])
    attributions, speakers = list(tables["attributions"]), list(tables["speakers"])
    mentions, status = list(tables["mentions"]), list(tables["status"])
    assert [s["status"] for s in status] == ["ok", "null", "ok", "ok", "ok"]
    assert [s["id"] for s in status] == IDS
    for s in status:
        for part, count in ((attributions, "n_attributions"), (mentions, "n_mentions")):
            assert s[count] == sum(row["doc"] == s["doc"] for row in part)
    named = {(s["doc"], s["n"]): s for s in speakers}
    assert len(named) == len(speakers)
    for a in attributions:
        s = named.get((a["doc"], a["speaker_n"]))
        expected = (None, None, None) if s is None else (s["name"], s["label"], s["entry_id"])
        assert (a["speaker"], a["speaker_label"], a["speaker_id"]) == expected
        text = TEXTS[a["doc"]] or ""
        assert a["content"] == " ".join(text[start:end] for start, end in a["content_spans"])
        assert a["id"] == IDS[a["doc"]]
    for m in mentions:
        assert m["text"] == (TEXTS[m["doc"]] or "")[m["start"] : m["end"]]
    assert {m["text"]: (m["entry_id"], m["label"], m["n_candidates"]) for m in mentions} == {
        "Ruth Tan": ("Q1", "PERSON", 1),
        "Tan": ("Q1", "PERSON", 1),
        "Kim": ("Q2", "PERSON", 2),
        "東京": ("東京", "", 1),
    }


def test_pyarrow(tables: dict[str, Any], name: str) -> None:
    table = tables[name]
    arrow = pa.table(table)
    arrow.validate(full=True)
    assert arrow.schema.equals(schema(name))
    assert pa.schema(table).equals(schema(name))
    assert table.to_arrow().equals(arrow)
    assert pa.RecordBatchReader.from_stream(table).read_all().equals(arrow)
    assert rows(arrow.to_pylist()) == list(table)


def test_polars(tables: dict[str, Any], name: str) -> None:
    table = tables[name]
    spans = pl.List(pl.Struct({"start": pl.UInt32, "end": pl.UInt32}))
    types = {"uint64": pl.UInt64, "uint32": pl.UInt32, "str": pl.String, "float32": pl.Float32, "spans": spans}
    frame = pl.DataFrame(table)
    expected = [(c.split(":")[0], types[c.split(":")[1].rstrip("?")]) for c in COLUMNS[name].split()]
    assert list(frame.schema.items()) == expected
    assert table.to_polars().equals(frame)
    assert rows(frame.to_dicts()) == list(table)


def test_pandas(tables: dict[str, Any], name: str) -> None:
    table = tables[name]
    frame = table.to_pandas()
    assert list(frame.columns) == table.columns
    numbers = [c.split(":")[0] for c in COLUMNS[name].split() if c.endswith(("uint64", "uint32", "float32"))]
    assert [str(frame[c].dtype) for c in numbers] == [
        str(schema(name).field(c).type.to_pandas_dtype()().dtype) for c in numbers
    ]
    assert rows(frame.to_dict(orient="records")) == list(table)
    if hasattr(pd.DataFrame, "from_arrow"):
        assert rows(pd.DataFrame.from_arrow(table).to_dict(orient="records")) == list(table)


def test_duckdb(tables: dict[str, Any], name: str) -> None:
    spans = 'STRUCT("start" UINTEGER, "end" UINTEGER)[]'
    types = {"uint64": "UBIGINT", "uint32": "UINTEGER", "str": "VARCHAR", "float32": "FLOAT", "spans": spans}
    table_of_quotes = tables[name]
    found = duckdb.sql("from table_of_quotes")
    assert found.columns == table_of_quotes.columns
    assert [str(t) for t in found.types] == [types[c.split(":")[1].rstrip("?")] for c in COLUMNS[name].split()]
    records = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert rows(records) == list(table_of_quotes)


def test_columns_are_not_copied(tables: dict[str, Any]) -> None:
    def address(arrow: Any) -> int:
        return int(arrow["content"].chunk(0).buffers()[2].address)

    first, second = (pa.table(tables["attributions"]) for _ in range(2))
    assert address(first) == address(second)


def test_arrow_outlives_its_table(people: Gazetteer) -> None:
    arrow = pa.table(Attributor(people).read_all(TEXTS))
    frame = pl.DataFrame(people.find_all(TEXTS))
    assert arrow["content"][0].as_py() == "“The bridge 👍 is safe,”"
    assert frame["text"][0] == "Ruth Tan"


def test_empty_tables_have_their_columns(people: Gazetteer, name: str) -> None:
    for texts in ([], pa.array([], pa.string()), pa.chunked_array([], pa.string())):
        table = all_tables(people, texts)[name]
        assert pa.table(table).schema.equals(schema(name))
        assert (len(table), list(table), pl.DataFrame(table).shape) == (0, [], (0, len(table.columns)))
        assert duckdb.from_arrow(pa.table(table)).fetchall() == []


def test_counts_take_no_rows(people: Gazetteer, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of many batches.
    mentions = people.find_all([f"Kim {'Tan ' * (n % 3)}" for n in range(10_000)])
    monkeypatch.setattr(quoth.Mentions, "__iter__", lambda _: pytest.fail("rows"))
    counts = mentions.counts()
    assert (sum(counts.counts), counts.shape) == (len(mentions), (10_000, 2))
    assert counts.counts[:4] == [1, 1, 1, 1]
    assert counts.counts[4] == 2
    with pytest.raises(KeyError, match="nothing"):
        mentions._inner.column("nothing")


def test_tables_of_many_batches(people: Gazetteer) -> None:
    found = people.find_all((f"{n} Tan" for n in range(20_000)), n_threads=2)
    arrow = pa.table(found)
    assert arrow["doc"].num_chunks > 1
    assert arrow["doc"].to_pylist() == list(range(20_000)) == [row["doc"] for row in found]
    assert len(pl.DataFrame(found)) == len(found.to_pandas()) == len(found) == 20_000
    assert duckdb.sql("select count(*), sum(doc) from found").fetchall() == [(20_000, sum(range(20_000)))]


def test_tables_pickle(tables: dict[str, Any], name: str) -> None:
    again = pickle.loads(pickle.dumps(tables[name]))
    assert type(again) is type(tables[name])
    assert list(again) == list(tables[name])
    assert pa.table(again).schema.equals(schema(name))
    if isinstance(again, Attributions):
        for part in ("mentions", "speakers", "status"):
            assert list(getattr(again, part)) == list(tables[part])


# --- in ------------------------------------------------------------------------------------------


def sliced(kind: Any) -> Any:
    """The texts in the middle of a longer array, where neither values nor validity begin at a byte."""
    return pa.array(["Tan", None, "Kim", *TEXTS, None, "Tan"], kind).slice(3, len(TEXTS))


INPUTS: dict[str, Callable[[], Any]] = {
    "list": lambda: TEXTS,
    "tuple": lambda: tuple(TEXTS),
    "generator": lambda: (text for text in TEXTS),
    "pyarrow string": lambda: pa.array(TEXTS),
    "pyarrow large_string": lambda: pa.array(TEXTS, pa.large_string()),
    "pyarrow string_view": lambda: pa.array(TEXTS, pa.string_view()),
    "pyarrow dictionary": lambda: pa.array(TEXTS).dictionary_encode(),
    "pyarrow dictionary with a null value": lambda: pa.DictionaryArray.from_arrays([0, 1, 2, 3, 4], pa.array(TEXTS)),
    "pyarrow sliced string": lambda: sliced(pa.string()),
    "pyarrow sliced large_string": lambda: sliced(pa.large_string()),
    "pyarrow sliced string_view": lambda: sliced(pa.string_view()),
    "pyarrow sliced dictionary": lambda: sliced(pa.string()).dictionary_encode(),
    "pyarrow chunked": lambda: pa.chunked_array([TEXTS[:1], [], TEXTS[1:4], TEXTS[4:]]),
    "pyarrow chunked large_string": lambda: pa.chunked_array([TEXTS[:2], TEXTS[2:]], pa.large_string()),
    "pyarrow sliced chunked": lambda: pa.chunked_array([["Tan", *TEXTS[:2]], [*TEXTS[2:], "Tan"]]).slice(1, 5),
    "pyarrow column": lambda: pa.table({"text": TEXTS})["text"],
    "polars": lambda: pl.Series(TEXTS),
    "polars sliced": lambda: pl.Series(["Tan", None, "x", *TEXTS, "Tan"]).slice(3, len(TEXTS)),
    "polars categorical": lambda: pl.Series(TEXTS, dtype=pl.Categorical),
    "polars chunked": lambda: pl.concat([pl.Series(TEXTS[:2]), pl.Series(TEXTS[2:])], rechunk=False),
    "pandas": lambda: pd.Series(TEXTS),
    "pandas object": lambda: pd.Series(TEXTS, dtype=object),
    "pandas object with NaN": lambda: pd.Series([math.nan if t is None else t for t in TEXTS], dtype=object),
    "pandas string": lambda: pd.Series(TEXTS, dtype="string"),
    "pandas arrow": lambda: pd.Series(TEXTS, dtype=pd.ArrowDtype(pa.string())),
    "pandas categorical": lambda: pd.Series(TEXTS, dtype="category"),
    "pandas sliced": lambda: pd.Series(["Tan", *TEXTS, "Tan"])[1:-1],
    "pandas index": lambda: pd.Index(TEXTS),
    "numpy": lambda: np.array(TEXTS, dtype=object),
}


@pytest.mark.parametrize("make", INPUTS.values(), ids=INPUTS)
def test_columns_of_texts(people: Gazetteer, make: Callable[[], Any]) -> None:
    expected = all_tables(people, TEXTS)
    given = [make() for _ in range(2)]
    read, found = Attributor(people).read_all(given[0]), people.find_all(given[1])
    assert len(read) == len(expected["attributions"]) > 0
    assert list(read) == list(expected["attributions"])
    assert list(read.mentions) == list(found) == list(expected["found"])
    assert list(read.speakers) == list(expected["speakers"])
    assert list(read.status) == list(expected["status"])
    assert list(found.status) == list(expected["found_status"])


def test_columns_of_nothing(people: Gazetteer) -> None:
    for texts in ([None, None], pa.nulls(2), pa.nulls(2, pa.string()), pl.Series([None, None], dtype=pl.String)):
        assert [row["status"] for row in people.find_all(texts).status] == ["null", "null"]


def test_polars_column_of_nulls(people: Gazetteer) -> None:
    assert [row["status"] for row in people.find_all(pl.Series([None, None])).status] == ["null", "null"]


@pytest.mark.parametrize(
    ("texts", "states"),
    [
        (["Tan", 5], ["ok", "not_text"]),
        (["Tan", b"x"], ["ok", "not_text"]),
        ([b"Tan", b"x"], ["not_text", "not_text"]),
        (["Tan", "\ud800 x"], ["ok", "ok"]),
        (["Tan", ["x"], pd.NA, None, pd.NaT, math.nan], ["ok", "not_text", "null", "null", "null", "null"]),
        ([1, 2], ["not_text", "not_text"]),
        ([math.nan, math.nan], ["null", "null"]),
    ],
)
def test_what_is_no_text_in_a_series_of_objects_gets_a_row(
    people: Gazetteer, texts: list[Any], states: list[str]
) -> None:
    for given in (texts, pd.Series(texts, dtype=object), pl.Series(texts, dtype=pl.Object)):
        for found in (people.find_all(given), Attributor(people).read_all(given).mentions):
            assert [row["status"] for row in found.status] == states
            assert [row["text"] for row in found] == ["Tan"] * ("Tan" in texts)


NO_UTF8 = [b"Tan \xed\xa0\x80 Tan", b"Tan", b"\xe2\x80\x9cNo,\xe2\x80\x9d Tan said.\xff", None, b"\x80" * 40]


@pytest.mark.parametrize("kind", ["string", "large_string", "string_view", "dictionary"])
def test_strings_of_arrow_that_are_no_utf8(people: Gazetteer, kind: str) -> None:
    def column(values: list[bytes | None]) -> Any:
        binary = {"large_string": pa.large_binary(), "string_view": pa.binary_view()}.get(kind, pa.binary())
        string = getattr(pa, "string" if kind == "dictionary" else kind)()
        strings = pa.array([b"Kim\xff", *values], binary).view(string)[1:]
        if kind != "dictionary":
            return strings
        return pa.DictionaryArray.from_arrays(range(len(values)), strings)

    for found in (people.find_all(column(NO_UTF8)), Attributor(people).read_all(column(NO_UTF8)).mentions):
        assert [(row["status"], row["message"]) for row in found.status] == [
            ("not_text", "no UTF-8 at byte 4"),
            ("ok", None),
            ("not_text", "no UTF-8 at byte 19"),
            ("null", "no text"),
            ("not_text", "no UTF-8 at byte 0"),
        ]
        assert [(row["doc"], row["text"]) for row in found] == [(1, "Tan")]
    ids = [row["id"] for row in people.find_all(["x", "Tan"], ids=column([b"caf\xe9", b"y"])).status]
    assert ids == ["caf\ufffd", "y"]


def test_a_column_of_nothing_but_missing_floats(people: Gazetteer) -> None:
    for texts in (pd.Series([math.nan, math.nan]), pl.Series([None, None], dtype=pl.Float64)):
        assert [row["status"] for row in people.find_all(texts).status] == ["null", "null"]
        assert len(people.find_all(texts[:0]).status) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pa.array([1, 2]), "must be a column of strings, got Int64"),
        (lambda: pd.Series([1.5, math.nan]), "must be a column of strings, got Float64"),
        (lambda: pa.array([b"Tan"]), "must be a column of strings, got Binary"),
        (lambda: pa.array([["Tan"]]), "must be a column of strings, got List"),
        (lambda: pa.array([1, 2]).dictionary_encode(), "must be a column of strings, got Int64"),
        (lambda: pa.RunEndEncodedArray.from_arrays([2], ["Tan"]), "must be a column of strings, got RunEndEncoded"),
        (lambda: pa.chunked_array([[True], [False]]), "must be a column of strings, got Boolean"),
        (lambda: pl.Series([1.5]), "must be a column of strings, got Float64"),
        (lambda: pl.Series([datetime.date(2020, 1, 1)]), "must be a column of strings, got Date32"),
        (lambda: pd.Series([1, 2]), "must be a column of strings, got Int64"),
        (lambda: pa.table({"url": ["u"], "body": ["Tan"]}), "is a table with the columns url, body; give one"),
        (lambda: pa.record_batch({"body": ["Tan"]}), "is a table with the columns body; give one column"),
        (lambda: pl.DataFrame({"url": ["u"], "body": ["Tan"]}), "is a table with the columns url, body; give one"),
        (lambda: pd.DataFrame({"body": ["Tan"]}), "is a table with the columns body; give one column of it"),
        (lambda: duckdb.sql("select 'Tan' as body"), "is a table with the columns body; give one column of it"),
        (lambda: pa.scalar("Tan"), "must be an iterable of str or an Arrow column of strings, got StringScalar"),
    ],
)
def test_wrong_columns_of_texts(people: Gazetteer, make: Callable[[], Any], message: str) -> None:
    for call in (people.find_all, Attributor(people).read_all):
        with pytest.raises(TypeError, match=f"^texts {message}"):
            call(make())


@pytest.mark.parametrize(
    "make",
    [
        lambda: pa.array(["1", None, "3"]),
        lambda: pa.array(["x", "1", None, "3"], pa.string_view()).slice(1),
        lambda: pa.chunked_array([[1], [None, 3]]),
        lambda: pa.array(["1", None, "3"]).dictionary_encode(),
        lambda: pl.Series(["1", None, "3"]),
        lambda: pl.Series([1, None, 3]),
        lambda: pd.Series(["1", None, "3"]),
        lambda: pd.Series(["1", None, "3"], dtype=object),
        lambda: np.array([1, None, 3], dtype=object),
    ],
)
def test_columns_of_ids(people: Gazetteer, make: Callable[[], Any]) -> None:
    for found in (people.find_all(["Tan"] * 3, ids=make()), Attributor(people).read_all(["“No.”"] * 3, ids=make())):
        assert [row["id"] for row in found] == [row["id"] for row in found.status] == ["1", None, "3"]
    with pytest.raises(ValueError, match="3 ids for 2 texts"):
        people.find_all(pa.array(["Tan"] * 2), ids=make())
    with pytest.raises(ValueError, match="3 ids for more texts"):
        people.find_all(pa.array(["Tan"] * 4), ids=make())


@pytest.mark.parametrize(
    "make", [lambda: pa.table({"id": ["a"]}), lambda: pl.DataFrame({"id": ["a"]}), lambda: pd.DataFrame({"id": ["a"]})]
)
def test_table_of_ids(people: Gazetteer, make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="ids is a table with the columns id; give one column of it"):
        people.find_all(["Tan"], ids=make())


def test_missing_id_of_a_pandas_number_column(people: Gazetteer) -> None:
    for ids in (pd.Series([1, None]), [1, pd.NA], np.array([1, math.nan], dtype=object), [1, np.float32("nan")]):
        found = people.find_all(["Tan"] * 2, ids=ids)
        assert [row["id"] for row in found][1] is None


def test_dictionary_columns_take_linear_time(people: Gazetteer) -> None:
    def seconds(n: int) -> float:
        texts = pa.array(["Tan", "x"] * (n // 2)).dictionary_encode()
        start = time.perf_counter()
        assert len(people.find_all(texts, n_threads=1)) == n // 2
        return time.perf_counter() - start

    short, long = seconds(5_000), seconds(40_000)
    # Eight times the rows.
    assert long < 24 * short + 0.1
