"""Tests of quoth.Attributor: the shared cases, documents and how they show, many texts, streams, odd texts."""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from cases import Json, attribution_marks, cases, readable, tricky_texts
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth import Attribution, Attributions, Attributor, Document, Gazetteer

CASES = cases("attribution", {"name", "text", "expect"})
PEOPLE = [
    {"id": "Q1", "name": "Ruth Tan", "aliases": ["Tan"], "label": "PERSON"},
    {"id": "Q2", "name": "Kim Jong Un", "aliases": ["Kim"], "label": "PERSON"},
    {"id": "Q3", "name": "United States", "aliases": ["U.S."], "label": "GPE"},
]
NEWS = (
    "Minister Ruth Tan said the bridge was safe. “It is,” Tan added. Tom Hale denied that Tan had promised "
    "to close it.\n\n“We know 👍,” he told reporters. The U.S. said nothing would change."
)


@pytest.fixture(scope="module")
def who() -> Attributor:
    return Attributor(Gazetteer(PEOPLE))


def describe(a: Attribution) -> str:
    """Says what the `expect` of a case says."""
    parent = "" if a.parent is None else f" in {a.parent + 1}"
    addressee = "" if a.addressee is None else f" to {a.addressee}"
    speaker = "" if a.speaker is None else f" = {a.speaker.name}"
    return f"{a.type} {a.class_} {a.polarity}{parent}{addressee}{speaker}"


def pieces(text: str | bytes, spans: Any) -> str:
    cut = (text[start:end] for start, end in spans)
    return " ".join(c.decode() if isinstance(c, bytes) else c for c in cut)


def check(document: Document) -> None:
    """What holds for every document, whatever its text."""
    text = readable(document.text)
    searched: str | bytes = text.encode() if document.offsets == "bytes" else text
    assert len(text) == len(document.text)
    attributions = document.attributions
    for n, a in enumerate(attributions):
        assert (a.content, a.cue, a.source) == tuple(
            pieces(searched, spans) for spans in (a.content_spans, a.cue_spans, a.source_spans)
        )
        assert a.content_spans
        assert a.content.strip()
        assert (a.addressee is None) == (a.addressee_span is None)
        assert a.addressee_span is None or a.addressee == pieces(searched, [a.addressee_span])
        for spans in (a.content_spans, a.cue_spans, a.source_spans):
            assert all(0 <= start < end <= len(searched) for start, end in spans)
            assert list(spans) == sorted(spans)
        for start, end in (*a.cue_spans, *a.source_spans):
            assert all(end <= s or e <= start for s, e in a.content_spans), "inside its own content"
        assert a.type in ("direct", "indirect", "mixed")
        assert a.class_ in ("assertion", "belief", "fact", "eventuality")
        assert a.polarity in ("positive", "negative")
        assert 0.0 <= a.score <= 1.0
        assert a.speaker is None or any(a.speaker is s for s in document.speakers)
        seen = {n}
        while a.parent is not None:
            assert a.parent not in seen, "a circle of parents"
            seen.add(a.parent)
            a = attributions[a.parent]
    starts = [min(s for s, _ in (*a.content_spans, *a.cue_spans, *a.source_spans)) for a in attributions]
    assert starts == sorted(starts), "text order"
    spoke = list(dict.fromkeys(id(a.speaker) for a in attributions if a.speaker is not None))
    assert spoke == [id(s) for s in document.speakers if id(s) in spoke], "in the order they first speak"
    for speaker in document.speakers:
        assert speaker.name
        assert all(pieces(searched, [span]) for span in speaker.mention_spans)
    for m in document.mentions:
        assert m.text == pieces(searched, [(m.start, m.end)])


def same(document: Document, doc: int, table: Attributions) -> None:
    """`table` says of its text `doc` what `document` says."""

    def rows(part: Any) -> list[Json]:
        return [{k: v for k, v in row.items() if k not in ("doc", "id")} for row in part if row["doc"] == doc]

    number = {id(s): n for n, s in enumerate(document.speakers)}
    spoken: dict[int | None, int] = defaultdict(int)
    expected = []
    for n, a in enumerate(document.attributions):
        s = a.speaker
        speaker_n = None if s is None else number[id(s)]
        spoken[speaker_n] += 1
        expected.append(
            {"n": n, "type": a.type, "class": a.class_, "polarity": a.polarity, "content": a.content}
            | {"cue": a.cue or None, "source": a.source or None, "addressee": a.addressee}
            | {"speaker": s and s.name, "speaker_label": (s and s.label) or None, "speaker_id": s and s.id}
            | {"speaker_n": speaker_n, "parent": a.parent, "score": a.score}
            | {"content_spans": [*a.content_spans], "cue_spans": [*a.cue_spans], "source_spans": [*a.source_spans]}
            | {"addressee_spans": [] if a.addressee_span is None else [a.addressee_span]}
        )
    assert rows(table) == expected
    assert rows(table.speakers) == [
        {"n": n, "name": s.name, "label": s.label or None, "entry_id": s.id}
        | {"n_attributions": spoken[n], "mention_spans": [*s.mention_spans]}
        for n, s in enumerate(document.speakers)
    ]
    assert rows(table.mentions) == [
        {"start": m.start, "end": m.end, "text": m.text, "entry_id": m.id, "name": m.name, "label": m.label}
        | {"n_candidates": len(m.candidates), "score": m.score}
        for m in document.mentions
    ]
    [status] = rows(table.status)
    counts = {"n_mentions": len(document.mentions), "n_attributions": len(document.attributions)}
    assert status == {"status": "ok", "message": None, **counts}


# --- the shared cases ----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: Json) -> None:
    text, marks = attribution_marks(case["text"])
    attributor = Attributor(model="rules")
    document = attributor.read(text)
    found = [
        (f"{role}{n}", start, end)
        for n, a in enumerate(document.attributions, 1)
        for role, spans in (("x", a.content_spans), ("c", a.cue_spans), ("s", a.source_spans))
        for start, end in spans
    ]
    assert sorted(found) == marks
    assert [describe(a) for a in document.attributions] == case["expect"]
    check(document)
    same(document, 0, attributor.read_all([text]))


# --- one text ------------------------------------------------------------------------------------


def test_document(who: Attributor) -> None:
    document = who.read(NEWS)
    check(document)
    assert document.text == NEWS
    assert repr(document) == f"Document({len(NEWS)} characters, 6 attributions, 3 speakers, 4 mentions)"
    assert [describe(a) for a in document.attributions] == [
        "indirect assertion positive = Ruth Tan",
        "direct assertion positive = Ruth Tan",
        "indirect assertion negative = Tom Hale",
        "indirect eventuality positive in 3 = Ruth Tan",
        "direct assertion positive to reporters = Tom Hale",
        "indirect assertion positive = United States",
    ]
    assert repr(document.attributions[1]).startswith("Attribution(content='“It is,”', cue='added', source='Tan', ")
    assert repr(document.speakers[0]) == "Speaker(name='Ruth Tan', label='PERSON', id='Q1')"


def test_addressee_after_a_quotation() -> None:
    [attribution] = Attributor().read("“The bridge is safe,” Ann Lee told reporters.").attributions
    assert attribution.addressee == "reporters"


def test_speakers_are_those_who_say_something() -> None:
    document = Attributor().read("Tom Hale was away. The bridge is safe, his office said.")
    assert [s.name for s in document.speakers] == ["Tom Hale’s office"]


def test_speakers_are_linked_to_the_gazetteer(who: Attributor) -> None:
    document = who.read(NEWS)
    assert [(s.name, s.label, s.id) for s in document.speakers] == [
        ("Ruth Tan", "PERSON", "Q1"),
        ("Tom Hale", "PERSON", None),
        ("United States", "GPE", "Q3"),
    ]
    assert who.gazetteer is not None
    assert [who.gazetteer[m.id] for m in document.mentions] == [m.entry for m in document.mentions]
    assert [m.text for m in document.mentions] == ["Ruth Tan", "Tan", "Tan", "U.S."]
    assert {NEWS[start:end] for start, end in document.speakers[1].mention_spans} == {"Tom Hale", "he"}
    alone = Attributor().read(NEWS)
    assert Attributor().gazetteer is None
    assert alone.mentions == ()
    assert {s.id for s in alone.speakers} == {None}


def test_offsets_in_bytes(who: Attributor) -> None:
    text = f"👍 é שלום. {NEWS}"
    chars, in_bytes = who.read(text), who.read(text, offsets="bytes")
    check(in_bytes)
    assert (chars.offsets, in_bytes.offsets) == ("chars", "bytes")
    assert [a.content for a in chars.attributions] == [a.content for a in in_bytes.attributions] != []
    assert [a.content_spans for a in chars.attributions] != [a.content_spans for a in in_bytes.attributions]
    same(in_bytes, 0, who.read_all([text], offsets="bytes"))


def test_values_are_frozen_hashable_and_pickle(who: Attributor) -> None:
    document = who.read(NEWS)
    assert pickle.loads(pickle.dumps(document)) == document == who.read(NEWS)
    assert len({document, who.read(NEWS), who.read("")}) == 2
    for value, name in ((document, "text"), (document.attributions[0], "cue"), (document.speakers[0], "id")):
        with pytest.raises(AttributeError):
            setattr(value, name, "x")


def test_to_dict_and_json(who: Attributor) -> None:
    document = who.read(NEWS)
    data = json.loads(document.to_json(indent=1))
    assert data == json.loads(json.dumps(document.to_dict()))
    assert list(data) == ["attributions", "speakers", "mentions"]
    assert [a["content"] for a in data["attributions"]] == [a.content for a in document.attributions]
    assert data["attributions"][0]["speaker"] == data["speakers"][0]
    assert data["speakers"][0]["id"] == data["mentions"][0]["candidates"][0] == "Q1"
    assert data["mentions"][0]["score"] == 1.0
    assert [a["class"] for a in data["attributions"]] == [a.class_ for a in document.attributions]
    assert "class_" not in data["attributions"][0], "as the tables call it"
    assert "👍" in document.to_json()


class Page(HTMLParser):
    """The text of a page, the tags in it, and whether they close."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.open = "", set[str](), list[str]()
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        assert {key for key, _ in attrs} <= {"style", "class", "title"}
        self.tags.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert('x')</script>"


def test_html_escapes_text_names_and_ids() -> None:
    gazetteer = Gazetteer([{"id": f"{HOSTILE}&amp;", "name": f"Ann {HOSTILE}", "aliases": ["Ann Lee"], "label": "<b>"}])
    text = f"“It is <b>safe</b> & “{HOSTILE}”,” Ann Lee said. &lt; <i title='"
    document = Attributor(gazetteer).read(text)
    page = Page(document._repr_html_())
    assert page.tags == {"div", "span", "table", "thead", "tbody", "tr", "th", "td", "small", "p"}
    assert page.text.startswith(text)
    assert f"Ann {HOSTILE} {HOSTILE}&amp;" in page.text
    assert repr(document) in page.text
    found = Attributor(gazetteer).read_all([text], ids=["<b>"])
    for table in (found, found.mentions, found.speakers, found.status):
        page = Page(table._repr_html_())
        assert page.tags == {"table", "thead", "tbody", "tr", "th", "td", "p"}
        assert "<b>" in page.text


def test_html_of_many_rows_and_long_texts(who: Attributor) -> None:
    found = who.read_all(["“It is,” Ruth Tan said."] * 1234)
    page = found._repr_html_()
    assert page.count("<tr>") == 11
    assert "1,234 attributions, the first 10 shown" in page
    long = who.read("“It is,” Ruth Tan said. " + "word " * 50_000)
    assert len(long._repr_html_()) < 5_000
    assert "“It is,”" in Page(who.read("“It is,” Ruth Tan said.", offsets="bytes")._repr_html_()).text


def test_html_of_a_lone_surrogate_is_utf8() -> None:
    assert Attributor().read("“No\ud83d,” Ann Lee said.")._repr_html_().encode()


# --- options and errors --------------------------------------------------------------------------


def test_repr_and_pickle() -> None:
    plain = Attributor()
    options = "model='en', types=('direct', 'indirect', 'mixed'), min_score='balanced', top_level=False)"
    assert repr(plain) == f"Attributor(gazetteer=None, {options}"
    other = Attributor(Gazetteer(PEOPLE), types=iter(["direct"]), min_score=1, top_level=True)
    assert repr(other) == (
        "Attributor(gazetteer=Gazetteer(3 entries, 6 spellings), "
        "model='en', types=('direct',), min_score=1.0, top_level=True)"
    )
    for attributor in (plain, other):
        again = pickle.loads(pickle.dumps(attributor))
        assert repr(again) == repr(attributor)
        assert again.read(NEWS) == attributor.read(NEWS)


def test_options_leave_out() -> None:
    everything = Attributor().read(NEWS).attributions
    for types in ("direct", ("indirect", "mixed"), ()):
        kept = Attributor(types=types).read(NEWS)
        check(kept)
        assert [a.content for a in kept.attributions] == [a.content for a in everything if a.type in types]
    top = Attributor(top_level=True).read(NEWS).attributions
    assert [a.content for a in top] == [a.content for a in everything if a.parent is None]
    assert len(top) < len(everything)
    least = sorted(a.score for a in everything)[2]
    sure = Attributor(min_score=least).read(NEWS)
    check(sure)
    assert [a.score for a in sure.attributions] == [a.score for a in everything if a.score >= least]
    assert len(sure.attributions) < len(everything)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda w: Attributor("people.csv"), TypeError, "gazetteer must be a Gazetteer or None, got str"),
        (lambda w: Attributor(None, "rules"), TypeError, "positional"),
        (lambda w: Attributor(model="fr"), ValueError, "model must be one of 'rules', 'en', or a file .*got 'fr'"),
        (lambda w: Attributor(types="quote"), ValueError, "types must be .*'direct', 'indirect', 'mixed', got 'quote'"),
        (lambda w: Attributor(types=["direct", 3]), ValueError, "types must be .* got 3"),
        (lambda w: Attributor(min_score=1.1), ValueError, "min_score must be between 0 and 1, got 1.1"),
        (lambda w: Attributor(min_score=float("nan")), ValueError, "min_score must be .* got nan"),
        (lambda w: w.read(3), TypeError, "text must be a str, got int"),
        (lambda w: w.read(None), TypeError, "text must be a str, got NoneType"),
        (lambda w: w.read("", offsets="words"), ValueError, "offsets must be 'chars' or 'bytes', got 'words'"),
        (lambda w: w.read_all(bytearray(b"No.")), TypeError, "texts must be many texts, got bytearray"),
        (lambda w: w.read_all({"a": 1}), TypeError, "texts must be many texts, got dict"),
        (lambda w: w.read_all("“No.”"), TypeError, "texts must be many texts, got one str"),
        (lambda w: w.read_all(None), TypeError, "texts must be an iterable .*got NoneType"),
        (lambda w: w.read_all([], offsets=None), ValueError, "offsets must be .*got None"),
        (lambda w: w.read_all([], n_threads=0), ValueError, "n_threads must be .*got 0"),
        (lambda w: w.read_all(["a"], ids=["a", "b"]), ValueError, "2 ids for 1 texts"),
        (lambda w: w.read_all(["a", "b"], ids=["a"]), ValueError, "1 ids for more texts"),
    ],
)
def test_wrong_arguments(who: Attributor, call: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(who)


@pytest.mark.parametrize("least", [np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
def test_numbers_of_any_kind(least: Any) -> None:
    assert Attributor(min_score=least)._options["min_score"] == 0.5


@pytest.mark.parametrize("option", [{"types": 3}, {"min_score": "0.5"}, {"min_score": None}, {"min_score": True}])
def test_wrong_options_are_named(option: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(option))):
        Attributor(**option)


# --- odd texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\0", []),
        (" \n\r\n\t", []),
        ("Ruth Tan said", []),
        ("said", []),
        ("”“", []),
        ("\ud800", []),
        ("“No,”\0Ruth Tan said.", ["“No,”"]),
        ("\udc00“No\ud83d,” Ruth Tan said.", ["“No\ufffd,”"]),
        ("\ufeff“No,” Ruth Tan said.", ["“No,”"]),
        ("“No,” Ruth Tan said.\r\n\r\n“Yes,” she added.", ["“No,”", "“Yes,”"]),
        ("👩‍👧 “No 👍,” Ruth Tan said.", ["“No 👍,”"]),
        # Mojibake, whose quotation marks are none.
        ("â€œNo,â€\x9d the café said.", []),
    ],
)
def test_odd_texts(who: Attributor, text: str, expected: list[str]) -> None:
    document = who.read(text)
    check(document)
    assert [a.content for a in document.attributions] == expected
    same(document, 0, who.read_all([text]))
    Page(document._repr_html_())


@pytest.mark.parametrize(
    "text",
    [
        "“It is safe, Ruth Tan said.",
        "Ruth Tan said: “No. It",
        "It is safe,” Ruth Tan said.",
    ],
)
def test_unpaired_marks_still_have_their_speaker(who: Attributor, text: str) -> None:
    document = who.read(text)
    check(document)
    assert [s.id for s in document.speakers] == ["Q1"]


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "é" * 1_000_000,
        "“" * 50_000,
        "'" * 50_000,
        "“No,” he said. " * 5_000,
        "Ruth Tan said Kim said " * 3_000,
        "“" + "word " * 100_000,
        "U.S. " * 20_000,
        "X: y\n" * 10_000,
        "😀" * 50_000,
        "\ud800" * 50_000,
    ],
    ids=lambda text: f"{text[:12]!a}",
)
def test_long_texts(who: Attributor, text: str) -> None:
    ending = ". “No,” Ruth Tan said."
    document = who.read(text + "\n\n" + ending[2:])
    check(document)
    assert document.mentions[-1].id == "Q1"
    assert len(who.read_all([text]).status.failures) == 0


# --- many texts ----------------------------------------------------------------------------------


def test_read_all_agrees_with_read_and_keeps_the_order(who: Attributor) -> None:
    # More texts than a thread takes at a time, and some that cannot be read.
    def text(n: int) -> Any:
        return (
            None if n % 100 == 7 else n if n % 100 == 8 else f"{'👍' * (n % 3)} No. {n}. {NEWS if n % 50 == 0 else ''}"
        )

    one, four = (who.read_all(map(text, range(10_000)), ids=range(10_000), n_threads=n) for n in (1, 4))
    for a, b in ((one, four), (one.mentions, four.mentions), (one.speakers, four.speakers), (one.status, four.status)):
        rows = list(a)
        assert rows == list(b)
        docs = [row["doc"] for row in rows]
        assert docs == sorted(docs)
        assert [row["id"] for row in rows] == list(map(str, docs))
    assert len(one) == 6 * 200
    assert [row["doc"] for row in one.status] == list(range(10_000))
    for doc in (0, 50, 4100, 9950):
        same(who.read(text(doc)), doc, one)
    failures = one.status.failures
    assert [row["doc"] % 100 for row in failures] == [7, 8] * 100
    assert [(row["status"], row["message"]) for row in failures[:2]] == [
        ("null", "no text"),
        ("not_text", "expected str, got int"),
    ]


def test_nothing_to_read(who: Attributor) -> None:
    found = who.read_all([])
    assert [len(t) for t in (found, found.mentions, found.speakers, found.status)] == [0, 0, 0, 0]
    assert repr(found).startswith("Attributions(0 attributions; columns: doc, id, n, type, class, ")
    assert Page(found._repr_html_()).text.endswith("0 attributions")


def test_shared_between_threads(who: Attributor) -> None:
    expected = who.read(NEWS)
    with ThreadPoolExecutor(8) as pool:
        assert all(document == expected for document in pool.map(who.read, [NEWS] * 200))


# --- streams -------------------------------------------------------------------------------------


def test_stream_is_lazy(who: Attributor) -> None:
    arrow = pytest.importorskip("pyarrow")
    taken: list[int] = []

    def batches() -> Iterator[Any]:
        for n in range(1000):
            taken.append(n)
            yield arrow.record_batch({"text": [NEWS, None], "url": [f"u{n}", "x"]})

    stream = who.stream(batches(), id="url")
    assert taken == []
    for n in range(3):
        table = next(stream)
        assert len(taken) == n + 1
        same(who.read(NEWS), 0, table)
        assert {row["id"] for row in table} == {f"u{n}"}
        assert [row["status"] for row in table.status] == ["ok", "null"]


@pytest.mark.parametrize("as_reader", [False, True])
def test_stream_is_bounded(who: Attributor, as_reader: bool) -> None:
    arrow = pytest.importorskip("pyarrow")
    schema = arrow.schema({"body": arrow.large_string()})
    held: list[int] = []

    def batches() -> Iterator[Any]:
        for n in range(60):
            yield arrow.record_batch([[f"“No,” Ruth Tan said {n}. " + "x" * 500_000] * 2], schema=schema)

    source = arrow.RecordBatchReader.from_batches(schema, batches()) if as_reader else batches()
    before = arrow.total_allocated_bytes()
    count = 0
    for table in who.stream(source, text="body", n_threads=1):
        count += len(table)
        held.append(arrow.total_allocated_bytes() - before)
    assert count == 120
    # 60 MB go through; a batch has 1 MB, and pyarrow holds some twice while it makes them.
    assert max(held) < 8_000_000


def test_stream_takes_tables_frames_and_readers(who: Attributor) -> None:
    arrow, polars = pytest.importorskip("pyarrow"), pytest.importorskip("polars")
    table = arrow.table({"text": [NEWS, "No."], "n": [7, None]})
    reader = arrow.RecordBatchReader.from_batches(table.schema, table.to_batches())
    sources: list[Any] = [
        table,
        polars.DataFrame(table),
        reader,
        [table],
        table.to_batches(),
        [polars.DataFrame(table)],
    ]
    for source in sources:
        [found] = who.stream(source, id="n", offsets="bytes", n_threads=2)
        same(who.read(NEWS, offsets="bytes"), 0, found)
        assert [row["id"] for row in found.status] == ["7", None]
    assert list(who.stream([])) == []


def test_stream_errors_name_the_column(who: Attributor) -> None:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"body": [NEWS], "n": [1]})
    for columns, missing in (({}, "text"), ({"text": "body", "id": "url"}, "url")):
        with pytest.raises(ValueError, match=re.escape(f"no column '{missing}'; the columns are body, n")):
            next(who.stream(table, **columns))
    with pytest.raises(TypeError, match="must be a column of strings, got Int64"):
        next(who.stream(table, text="n"))
    for wrong in ([3], ["text"]):
        with pytest.raises(TypeError, match="int|str"):
            next(who.stream(wrong))


def test_stream_complains_at_once(who: Attributor, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TypeError, match="batches must be a stream or many batches of Arrow, got int"):
        who.stream(3)
    with pytest.raises(ValueError, match="offsets must be 'chars' or 'bytes', got 'foo'"):
        who.stream([], offsets="foo")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="n_threads must be .* got 0"):
        who.stream([], n_threads=0)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r'pip install "quoth\[files\]"'):
        who.stream([])


def test_stream_errors_of_the_source_come_through(who: Attributor) -> None:
    arrow = pytest.importorskip("pyarrow")

    def batches() -> Iterator[Any]:
        yield arrow.record_batch({"text": [NEWS]})
        raise LookupError("the database is gone")

    stream = who.stream(batches())
    assert len(next(stream)) == 6
    with pytest.raises(LookupError, match="the database is gone"):
        next(stream)


# --- properties ----------------------------------------------------------------------------------

PROPERTY = settings(max_examples=200, deadline=None)


@PROPERTY
@given(text=tricky_texts(), offsets=st.sampled_from(["chars", "bytes"]))
def test_everything_found_is_in_the_text(text: str, offsets: Any) -> None:
    attributor = Attributor(Gazetteer(PEOPLE))
    document = attributor.read(text, offsets=offsets)
    check(document)
    same(document, 0, attributor.read_all([text], offsets=offsets))
    # The place of every piece is marked only where spans are code points.
    assert offsets == "bytes" or Page(document._repr_html_()).text.startswith(re.sub("[\ud800-\udfff]", "\ufffd", text))


@PROPERTY
@given(texts=st.lists(tricky_texts() | st.none(), max_size=12))
def test_threads_make_no_difference(texts: list[str | None]) -> None:
    attributor = Attributor(Gazetteer(PEOPLE))
    one, four = (attributor.read_all(texts, n_threads=n) for n in (1, 4))
    for a, b in ((one, four), (one.mentions, four.mentions), (one.speakers, four.speakers), (one.status, four.status)):
        assert list(a) == list(b)
