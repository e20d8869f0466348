"""Tests of quoth.Gazetteer: the shared cases, what it offers, its errors, and odd texts."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cases import Json, cases, gazetteer_marks, readable, tricky_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth import FileFormatError, Gazetteer, GazetteerError, Mention, Mentions, QuothError

CASES = cases("gazetteer", {"name", "names", "text"}, {"options", "labels"})
PEOPLE = [
    {"id": "Q1", "name": "Ruth Tan", "aliases": ["Tan"], "label": "PERSON", "born": 1960},
    {"id": "Q2", "name": "Kim Jong Un", "aliases": "Kim | Marshal Kim", "label": "PERSON", "priority": 2},
    {"id": "Q3", "name": "Zoë"},
    "東京",
    "👍",
]


@pytest.fixture(scope="module")
def people() -> Gazetteer:
    return Gazetteer(PEOPLE)


def entry(line: str) -> Json:
    """`id [LABEL]@priority: name | alias ~ related, related`."""
    line, _, related = line.partition(" ~ ")
    head, names = line.split(": ", 1)
    head, _, priority = head.partition("@")
    id, _, label = head.partition(" [")
    name, *aliases = names.split(" | ")
    record = {"id": id, "name": name, "aliases": aliases, "label": label.removesuffix("]"), "priority": priority}
    return record | ({"related": related.split(", ")} if related else {})


def spans(mentions: Iterable[Mention]) -> list[tuple[int, int]]:
    return [(m.start, m.end) for m in mentions]


def brief(mentions: Iterable[Mention]) -> list[tuple[Any, ...]]:
    return [(m.start, m.end, m.text, m.id, m.name, m.label, len(m.candidates)) for m in mentions]


def brief_rows(table: Mentions, doc: int) -> list[tuple[Any, ...]]:
    keys = ("start", "end", "text", "entry_id", "name", "label", "n_candidates")
    return [tuple(row[k] for k in keys) for row in table if row["doc"] == doc]


# --- the shared cases ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Json) -> None:
    options = dict(case.get("options", {}))
    if options.pop("stop_common_words", False):
        options["stop_names"] = True
    gazetteer = Gazetteer(map(entry, case["names"]), **options)
    text, expected = gazetteer_marks(case["text"])
    labels = case.get("labels")
    for g in (gazetteer, pickle.loads(pickle.dumps(gazetteer))):
        found = g.find(text, labels=labels)
        assert [(m.start, m.end, [c.id for c in m.candidates]) for m in found] == expected
        assert all(m.text == text[m.start : m.end] and m.entry == m.candidates[0] for m in found)
        assert brief_rows(g.find_all([text], labels=labels), 0) == brief(found)


# --- what it offers ------------------------------------------------------------------------------


def test_repr_and_sizes(people: Gazetteer) -> None:
    assert len(people) == len(PEOPLE)
    three = Gazetteer(PEOPLE[:3])
    assert repr(three) == "Gazetteer(3 entries, 6 spellings)"
    assert (len(three), three.n_spellings) == (3, 6)
    other = Gazetteer(map(str, range(1000)), case="exact", fold_accents=True, overlapping=True)
    expected = "Gazetteer(1,000 entries, 1,000 spellings, case='exact', fold_accents=True, overlapping=True)"
    assert repr(other) == repr(pickle.loads(pickle.dumps(other))) == expected


def test_iteration_lookup_and_containment(people: Gazetteer) -> None:
    assert [e.id for e in people] == ["Q1", "Q2", "Q3", "東京", "👍"]
    ruth, kim = people["Q1"], people["Q2"]
    assert (ruth.name, ruth.names, ruth.label, ruth.priority) == ("Ruth Tan", ("Tan",), "PERSON", 0.0)
    assert (ruth.properties, kim.properties) == ({"born": 1960}, {})
    assert (kim.names, kim.priority) == (("Kim", "Marshal Kim"), 2.0)
    assert (people["東京"].name, people["東京"].label) == ("東京", "")
    assert all(people[e.id] == e for e in people)
    assert "Q1" in people
    assert "Ruth Tan" not in people
    assert 1 not in people
    with pytest.raises(KeyError, match="Q9"):
        people["Q9"]


def test_values_are_frozen_hashable_and_pickle(people: Gazetteer) -> None:
    [mention] = people.find("Tan")
    assert pickle.loads(pickle.dumps(mention)) == mention
    assert hash(mention) == hash(people.find("Tan")[0])
    for value, name in ((mention, "start"), (mention.entry, "id")):
        with pytest.raises(AttributeError):
            setattr(value, name, 1)
    with pytest.raises(AttributeError):
        people.note = 1  # type: ignore[attr-defined]


def test_no_entries() -> None:
    empty = Gazetteer()
    assert (len(empty), list(empty), empty.find("Ruth Tan")) == (0, [], [])
    assert repr(empty) == "Gazetteer(0 entries, 0 spellings)"
    assert len(pickle.loads(pickle.dumps(empty)).find_all(["Ruth Tan"]).status) == 1


def test_sources_give_the_same(tmp_path: Path) -> None:
    arrow, polars, pandas = map(pytest.importorskip, ("pyarrow", "polars", "pandas"))
    rows = [{"q": "1", "n": "Ruth Tan", "a": "Tan; Minister Tan", "l": "PERSON"}, {"q": "2", "n": "Kim", "a": None}]
    roles = {"id": "q", "name": "n", "aliases": "a", "label": "l", "separator": ";"}
    expected = list(Gazetteer.from_records(rows, **roles))
    assert expected[0].names == ("Tan", "Minister Tan")
    csv, jsonl = tmp_path / "a.csv", tmp_path / "a.jsonl"
    csv.write_text("\ufeffq,n,a,l\n1,Ruth Tan,Tan; Minister Tan,PERSON\n2,Kim,,\n", encoding="utf-8")
    table = arrow.Table.from_pylist(rows)
    table.to_pandas().to_json(jsonl, orient="records", lines=True)
    assert list(Gazetteer.from_csv(csv, **roles)) == expected
    assert list(Gazetteer.from_jsonl(jsonl, **roles)) == expected
    for frame in (table, polars.DataFrame(rows), pandas.DataFrame(rows)):
        assert list(Gazetteer.from_arrow(frame, **roles)) == expected


def test_saved_and_opened(people: Gazetteer, tmp_path: Path) -> None:
    path = tmp_path / "people.quoth"
    people.save(path)
    opened = Gazetteer.open(path, verify=True)
    assert list(opened) == list(people)
    assert (repr(opened), opened.nbytes) == (repr(people), path.stat().st_size)
    by_path = pickle.dumps(opened)
    assert len(by_path) < len(pickle.dumps(people))
    text = "Kim met Tan"
    assert brief(pickle.loads(by_path).find(text)) == brief(people.find(text)) != []
    damaged = path.read_bytes()[:-9] + b"*" + path.read_bytes()[-8:]
    for data in (b"", b"no gazetteer", damaged):
        bad = tmp_path / "bad.quoth"
        bad.write_bytes(data)
        with pytest.raises(FileFormatError, match=r"bad\.quoth: "):
            Gazetteer.open(bad, verify=True)
    with pytest.raises(FileNotFoundError, match=r"gone\.quoth"):
        Gazetteer.open(tmp_path / "gone.quoth")
    with pytest.raises(OSError, match="nowhere"):
        people.save(tmp_path / "nowhere" / "a.quoth")


def test_labels(people: Gazetteer) -> None:
    text = "Zoë saw Ruth Tan"
    assert [m.id for m in people.find(text)] == ["Q3", "Q1"]
    for labels in ("PERSON", ["PERSON"], iter(["X", "PERSON"])):
        assert [m.id for m in people.find(text, labels=labels)] == ["Q1"]
    assert people.find(text, labels=[]) == people.find(text, labels=["person"]) == []
    assert [row["entry_id"] for row in people.find_all([text], labels="PERSON")] == ["Q1"]


def test_priority_ranks_candidates() -> None:
    named = [{"id": str(n), "name": "Paris", "priority": p} for n, p in enumerate([0, None, -1, "7.5"])]
    [mention] = Gazetteer(named).find("Paris")
    assert [c.id for c in mention.candidates] == ["3", "0", "1", "2"]
    assert (mention.id, mention.entry.priority) == ("3", 7.5)


# --- errors --------------------------------------------------------------------------------------

BAD_ENTRIES = [
    (1, "expected a mapping or a str, got int"),
    (None, "expected a mapping or a str, got NoneType"),
    ({"id": "b"}, "no 'name'; the fields are id"),
    ({"name": "B", "x": 1}, "no 'id'; the fields are name, x"),
    ({"id": "b", "name": float("nan")}, "no 'name'"),
    ({"id": "b", "name": 3}, "'name' must be a str, got int"),
    ({"id": "b", "name": "B", "aliases": [3]}, "'aliases' must hold strings, got int"),
    ({"id": "b", "name": "B", "aliases": 3}, "'aliases' must hold strings, got int"),
    ({"id": "b", "name": "B", "priority": "x"}, "'priority' must be a finite number, got 'x'"),
    ({"id": "b", "name": "B", "priority": float("inf")}, 'the priority of "b" is inf'),
    ({"id": "b", "name": " ”"}, 'the name " ”" of "b" has no letter, digit or symbol'),
    ({"id": "a", "name": "B", "label": "X"}, 'the id "a" stands for a "" and for a "X"'),
    ("", "the id is empty"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_ENTRIES)
def test_bad_entry_is_named(bad: Any, message: str) -> None:
    with pytest.raises(GazetteerError) as caught:
        Gazetteer(["a", bad])
    assert str(caught.value).startswith("entry 1: ")
    assert message in str(caught.value)
    assert isinstance(caught.value, QuothError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("A\ud800", id="surrogate"),
        pytest.param({"id": "b", "name": "B", "x": "\ud800"}, id="surrogate in a property"),
        pytest.param({"id": "b", "name": "B", "priority": 10**400}, id="priority"),
    ],
)
def test_entry_that_utf8_or_a_float_cannot_hold_is_named(bad: Any) -> None:
    with pytest.raises(GazetteerError, match="entry 1: "):
        Gazetteer(["a", bad])


def test_bad_rows_of_files_are_named(tmp_path: Path) -> None:
    def message(suffix: str, content: str) -> str:
        path = tmp_path / f"a{suffix}"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(QuothError) as caught:
            (Gazetteer.from_csv if suffix in (".csv", ".tsv") else Gazetteer.from_jsonl)(path)
        assert str(caught.value).startswith(str(path))
        return str(caught.value).removeprefix(str(path))

    assert message(".csv", "id,n\na,A\n") == ": no column 'name'; the columns are id, n"
    assert message(".csv", "") == ": no column 'id'; the columns are none"
    assert message(".csv", "id,name\na,A\nb\n") == ", line 3: no 'name'; the fields are id, name"
    assert message(".tsv", "id\tname\na\tA\tB\n") == ", line 2: 2 columns, but the row has more cells"
    assert message(".jsonl", '{"id":"a","name":"A"}\n\n[1]') == ", line 3: expected an object, got list"
    assert message(".jsonl", '\n{"id":"a"}') == ", line 2: no 'name'; the fields are id"
    assert message(".jsonl", "{'id'}").startswith(", line 1: ")
    with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
        Gazetteer.from_csv(tmp_path / "gone.csv")


@pytest.mark.parametrize(("suffix", "line"), [(".csv", 4), (".jsonl", 3)])
def test_rows_that_the_core_refuses_are_named(tmp_path: Path, suffix: str, line: int) -> None:
    path = tmp_path / f"a{suffix}"
    data = {".csv": 'id,name\na,"A\nB"\nb,”\n', ".jsonl": '{"id":"a","name":"A"}\n\n{"id":"b","name":"”"}\n'}
    path.write_text(data[suffix], encoding="utf-8")
    read: Callable[[Path], Gazetteer] = Gazetteer.from_csv if suffix == ".csv" else Gazetteer.from_jsonl
    with pytest.raises(GazetteerError, match=rf"a\{suffix}, line {line}: "):
        read(path)


@pytest.mark.parametrize("line", ["[" * 200_000, '{"n":' + "9" * 5000 + "}"], ids=["deep", "digits"])
def test_json_that_python_refuses_is_a_format_error(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(line)
    with pytest.raises(FileFormatError, match="line 1"):
        Gazetteer.from_jsonl(path)


def test_csv_with_an_unclosed_quotation_mark_loses_no_row_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,name\na,"Ann\nb,Bob\nc,Cy\n')
    with pytest.raises(FileFormatError, match=r"a\.csv, line 2: "):
        Gazetteer.from_csv(path)


def test_bad_arrow_rows_are_named() -> None:
    arrow = pytest.importorskip("pyarrow")
    with pytest.raises(GazetteerError, match="no column 'name'; the columns are id, x"):
        Gazetteer.from_arrow(arrow.table({"id": ["a"], "x": ["A"]}))
    # Rows are counted over all batches.
    table = arrow.concat_tables([arrow.table({"id": ["a", "b"], "name": n}) for n in (["A", "B"], ["C", None])])
    with pytest.raises(GazetteerError, match="row 3: no 'name'"):
        Gazetteer.from_arrow(table)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda g: Gazetteer("Ruth Tan"), TypeError, "entries .*got str"),
        (lambda g: Gazetteer([], case="upper"), ValueError, "case must be .*'fold', 'exact', 'smart', got 'upper'"),
        (lambda g: Gazetteer([], "exact"), TypeError, "positional"),
        (lambda g: g.find(3), TypeError, "text must be a str, got int"),
        (lambda g: g.find(b"Tan"), TypeError, "text must be a str, got bytes"),
        (lambda g: g.find(None), TypeError, "text must be a str, got NoneType"),
        (lambda g: g.find("Tan", offsets="words"), ValueError, "offsets must be 'chars' or 'bytes', got 'words'"),
        (lambda g: g.find_all([], offsets="words"), ValueError, "offsets must be 'chars' or 'bytes', got 'words'"),
        (lambda g: g.find_all("Tan"), TypeError, "texts must be many texts, got one str"),
        (lambda g: g.find_all(b"Tan"), TypeError, "texts must be many texts, got bytes"),
        (lambda g: g.find_all({"a": "Tan"}), TypeError, "texts must be many texts, got dict"),
        (lambda g: g.find_all(3), TypeError, "texts must be an iterable .*got int"),
        (lambda g: g.find_all(["Tan"], n_threads=0), ValueError, "n_threads must be .*got 0"),
        (lambda g: g.find_all(["Tan"], n_threads=5000), ValueError, "n_threads must be .*got 5000"),
        (lambda g: g.find_all(["Tan"], n_threads=1.5), TypeError, "n_threads"),
        (lambda g: g.find("Tan", labels=[3]), TypeError, "labels"),
        (lambda g: g.find_all(["Tan"], ids="a"), TypeError, "ids must hold one id a text, got str"),
        (lambda g: g.find_all(["Tan"], ids=["a", "b"]), ValueError, "2 ids for 1 texts"),
        (lambda g: g.find_all(["Tan", "Tan"], ids=["a"]), ValueError, "1 ids for more texts"),
    ],
)
def test_wrong_arguments(people: Gazetteer, call: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(people)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda g: Gazetteer(3), "entries"),
        (lambda g: g.find("Tan", labels=3), "labels"),
        (lambda g: g.find_all(["Tan"], ids=3), "ids"),
        (lambda g: g.find_all(["Tan"], n_threads=-1), "n_threads"),
        (lambda g: g.find_all(["Tan"], n_threads=2**64), "n_threads"),
    ],
)
def test_wrong_arguments_are_named(people: Gazetteer, call: Callable[[Any], Any], name: str) -> None:
    with pytest.raises((TypeError, ValueError), match=name):
        call(people)


def test_errors_of_the_users_iterator_come_through(people: Gazetteer) -> None:
    def texts(n: int) -> Iterator[str]:
        yield from ["Tan"] * n
        raise LookupError("the database is gone")

    # In the first chunk, and while another is worked on.
    for n in (0, 1, 200_000):
        with pytest.raises(LookupError, match="the database is gone"):
            people.find_all(texts(n), n_threads=2)
    with pytest.raises(GazetteerError, match="entry 1: "):
        Gazetteer(row for row in ("a", {}))


# --- odd texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        "",
        "👍👍 ",
        "👩‍👧‍👦 ",
        "𝒳𝒴 ",
        "שלום עולם ",
        "قال ",
        "e\u0301 ",
        "\ufeff",
        "\0",
        "\xad ",
        "İß ﬁ ",
        "\ud800 ",
        "a\r\n",
        "彼は",
    ],
)
def test_offsets_are_code_points_and_bytes_on_request(people: Gazetteer, before: str) -> None:
    text = f"{before}Ruth Tan in 東京, Zoe\u0308 👍."
    found = people.find(text)
    names = ["Ruth Tan", "東京", "Zoe\u0308", "👍"]
    assert [m.text for m in found if m.start >= len(before)] == names
    assert all(text[m.start : m.end] == m.text for m in found)
    raw = readable(text).encode()
    in_bytes = people.find(text, offsets="bytes")
    assert [m.text for m in in_bytes] == [m.text for m in found]
    assert all(raw[m.start : m.end].decode() == m.text for m in in_bytes)
    assert brief_rows(people.find_all([text], offsets="bytes"), 0) == brief(in_bytes)


@pytest.mark.parametrize("text", ["", " ", "\0", "\n" * 9, "\ud800", "”", "\u0301", "\U0010ffff"])
def test_texts_without_names(people: Gazetteer, text: str) -> None:
    assert people.find(text) == []
    [row] = people.find_all([text]).status
    assert (row["status"], row["message"], row["n_mentions"]) == ("ok", None, 0)


def test_huge_texts(people: Gazetteer) -> None:
    many = people.find("Tan 👍 " * 50_000)
    assert len(many) == 100_000
    assert (many[-1].start, many[-1].end) == (299_998, 299_999)
    for filler in ("x" * 3_000_000, "é" * 3_000_000 + " ", "x " * 1_500_000, "Ruth " * 600_000):
        assert spans(people.find(f"{filler}. Tan")) == [(len(filler) + 2, len(filler) + 5)]
    assert [row["start"] for row in people.find_all(["x" * 3_000_000 + " Tan"])] == [3_000_001]


def test_lone_surrogates_and_what_is_no_text_get_a_row(people: Gazetteer) -> None:
    texts = ["\ud800 Tan", None, "\ude00\ud83d", 3, float("nan"), b"Tan", ["Tan"], "Tan"]
    found = people.find_all(texts, ids=range(len(texts)))
    assert [(row["doc"], row["id"], row["start"], row["text"]) for row in found] == [
        (0, "0", 2, "Tan"),
        (7, "7", 0, "Tan"),
    ]
    states = ["ok", "null", "ok", "not_text", "null", "not_text", "not_text", "ok"]
    assert [row["status"] for row in found.status] == states
    assert [row["doc"] for row in found.status.failures] == [1, 3, 4, 5, 6]
    assert [row["message"] for row in found.status.failures][1::2] == [
        "expected str, got int",
        "expected str, got bytes",
    ]


def test_ideographs_are_no_initials() -> None:
    assert Gazetteer(["東京"]).find("東.京.") == []


# --- many texts ----------------------------------------------------------------------------------


def test_find_all_agrees_with_find_and_keeps_the_order(people: Gazetteer) -> None:
    # More texts than a thread takes at a time.
    texts = [f"{'👍 ' * (n % 3)}Kim {n} met Ruth Tan’s aide in 東京" for n in range(10_000)]
    one, four = (people.find_all(iter(texts), ids=map(str, range(10_000)), n_threads=n) for n in (1, 4))
    rows = list(one)
    assert rows == list(four)
    assert len(rows) == len(one) == sum(n % 3 + 3 for n in range(10_000))
    assert [(r["doc"], r["start"]) for r in rows] == sorted((r["doc"], r["start"]) for r in rows)
    assert all(r["id"] == str(r["doc"]) for r in rows)
    by_doc = {n: brief(people.find(texts[n])) for n in (0, 1, 2, 4095, 4096, 9_999)}
    for doc, expected in by_doc.items():
        assert brief_rows(one, doc) == expected
    counts = [(r["doc"], r["status"], r["n_mentions"]) for r in one.status]
    assert (
        counts
        == [(n, "ok", n % 3 + 3) for n in range(10_000)]
        == [(r["doc"], r["status"], r["n_mentions"]) for r in four.status]
    )


def test_shared_between_threads(people: Gazetteer) -> None:
    texts = [f"{'x ' * n}Tan" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda t: spans(people.find(t)), texts))
        tables = list(pool.map(lambda n: list(people.find_all(texts, n_threads=n)), (1, 2, 3, 4)))
    assert found == [[(2 * n, 2 * n + 3)] for n in range(200)]
    assert all(table == tables[0] for table in tables)


def test_texts_that_search_while_they_are_taken(people: Gazetteer) -> None:
    texts = ("Tan " * len(people.find_all(["Tan"] * 3)) for _ in range(5_000))
    assert len(people.find_all(texts, n_threads=2)) == 15_000


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["a", None], ["a", None]),
        ([1, 2.5], ["1", "2.5"]),
        (iter("ab"), ["a", "b"]),
        (["\ud800", "👍"], ["\ufffd", "👍"]),
        (["a", "a"], ["a", "a"]),
        (None, [None, None]),
        pytest.param(["a", float("nan")], ["a", None]),
    ],
)
def test_ids(people: Gazetteer, ids: Any, expected: list[str | None]) -> None:
    found = people.find_all(["Tan", "Tan"], ids=ids)
    assert [row["id"] for row in found] == [row["id"] for row in found.status] == expected


# --- properties ----------------------------------------------------------------------------------

PROPERTY = settings(max_examples=150, deadline=None)


@PROPERTY
@given(text=tricky_texts(), overlapping=st.booleans())
def test_mentions_slice_back(text: str, overlapping: bool) -> None:
    gazetteer = Gazetteer(PEOPLE, overlapping=overlapping)
    found = gazetteer.find(text)
    searched = readable(text)
    assert len(searched) == len(text)
    for m in found:
        assert m.text == searched[m.start : m.end] != ""
        # What is found is found alone too, where it stands first.
        assert spans(gazetteer.find(m.text))[0] == (0, m.end - m.start)
    places = spans(found)
    assert places == sorted(set(places), key=lambda s: (s[0], -s[1]))
    if not overlapping:
        assert all(a.end <= b.start for a, b in itertools.pairwise(found))


@PROPERTY
@given(texts=st.lists(tricky_texts() | st.none(), max_size=12))
def test_threads_make_no_difference(texts: list[str | None]) -> None:
    gazetteer = Gazetteer(PEOPLE)
    one, four = (gazetteer.find_all(texts, n_threads=n) for n in (1, 4))
    assert list(one) == list(four)
    assert list(one.status) == list(four.status)
    for doc, text in enumerate(texts):
        assert brief_rows(one, doc) == ([] if text is None else brief(gazetteer.find(text)))
