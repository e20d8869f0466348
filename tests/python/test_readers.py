"""Tests of quoth.readers: every format, its defaults, its errors, and the batching."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from quoth import readers

BOM = b"\xef\xbb\xbf"


def write(path: Path, data: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = data.encode() if isinstance(data, str) else data
    path.write_bytes(gzip.compress(raw) if path.name.lower().endswith(".gz") else raw)
    return path


def jsonl(*records: Any) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def rows(*paths: Path, **options: Any) -> list[tuple[str, str | None]]:
    batches = readers.read_batches(list(paths), **options)
    return [row for batch in batches for row in zip(batch.ids, batch.texts, strict=True)]


def message(*paths: Path, **options: Any) -> str:
    with pytest.raises(ValueError) as caught:
        rows(*paths, **options)
    return str(caught.value)


# --- expand and count_bytes ----------------------------------------------------------------------


def test_expand_keeps_files_in_the_order_given(tmp_path: Path) -> None:
    b, a = write(tmp_path / "b.txt", "b"), write(tmp_path / "a.CSV.GZ", "text\n")
    assert readers.expand([b, str(a)]) == [b, a]


def test_expand_folder_is_recursive_and_sorted(tmp_path: Path) -> None:
    names = ["z.txt", "a/2.jsonl.gz", "a/1.csv", "b/c/d.tsv", "e.ndjson", "f.parquet", "g.tsv.gz"]
    for name in [*names, "no.md", "a/no.json", "no.parquet.gz", "b/.txt"]:
        write(tmp_path / name, "")
    found = [path.relative_to(tmp_path).as_posix() for path in readers.expand([tmp_path])]
    assert found == sorted(names)


def test_expand_errors_name_the_path(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.txt"):
        readers.expand([tmp_path / "gone.txt"])
    with pytest.raises(ValueError, match=r"page\.html.*\.txt.*\.jsonl.*\.csv\.gz.*\.parquet"):
        readers.expand([write(tmp_path / "page.html", "")])
    with pytest.raises(ValueError, match="bare"):
        readers.expand([write(tmp_path / "bare", "")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty.*no readable file"):
        readers.expand([tmp_path / "empty"])


def test_bad_paths_are_reported_before_iteration(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        readers.read_batches([tmp_path / "gone.txt"])
    with pytest.raises(ValueError, match="batch_bytes"):
        readers.read_batches([], batch_bytes=0)


def test_no_paths_no_batches() -> None:
    assert rows() == []


def test_count_bytes(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.txt", "12345"), write(tmp_path / "b.txt", "é")
    assert readers.count_bytes([a, b]) == 7


# --- txt -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz", "A.TXT", "a.Txt.Gz"])
def test_txt_is_one_document(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, "“Oui”, dit-il.\r\nFin.\n")
    assert rows(path) == [(str(path), "“Oui”, dit-il.\r\nFin.\n")]


def test_txt_id_is_the_path_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "news" / "may" / "a.txt", "x")
    monkeypatch.chdir(tmp_path)
    assert rows(Path("news")) == [(str(Path("news/may/a.txt")), "x")]


def test_txt_bom_and_empty(tmp_path: Path) -> None:
    bom = write(tmp_path / "bom.txt", BOM + "café noir".encode())
    empty = write(tmp_path / "empty.txt", "")
    assert rows(bom, empty) == [(str(bom), "café noir"), (str(empty), "")]


@pytest.mark.skipif(sys.platform != "linux", reason="needs file names that are not UTF-8")
def test_txt_name_that_is_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "caf\udce9.txt", "x")
    assert rows(path) == [(str(tmp_path / "caf\ufffd.txt"), "x")]


# --- jsonl ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.jsonl.gz", "a.ndjson.gz"])
def test_jsonl(tmp_path: Path, name: str) -> None:
    data = jsonl({"id": "x", "text": "é\u2028b"}, {"id": 7, "text": None}, {"text": "c"})
    path = write(tmp_path / name, data)
    assert rows(path) == [("x", "é\u2028b"), ("7", None), (f"{path}:3", "c")]


def test_jsonl_bom_blank_lines_and_no_last_newline(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", BOM + b'{"text":"a"}\r\n\n  \n{"text":"b"}')
    assert rows(path) == [(f"{path}:1", "a"), (f"{path}:4", "b")]


def test_jsonl_bom_alone_and_blank_first_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", BOM + b'\n{"text":"b"}\n')
    assert rows(path, write(tmp_path / "b.jsonl", BOM)) == [(f"{path}:2", "b")]


def test_jsonl_lone_surrogate_becomes_a_replacement(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", r'{"id":"\udfff","text":"a\ud800b \ud83d\ude00"}')
    assert rows(path) == [("\ufffd", "a\ufffdb \U0001f600")]


def test_jsonl_later_object_without_text_is_null(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", jsonl({"id": "1", "body": "a"}, {"id": "2"}))
    assert rows(path) == [("1", "a"), ("2", None)]


@pytest.mark.parametrize("line", ['{"text": "a"', "nope", "{" * 100_000, '{"n":' + "9" * 5000])
def test_jsonl_malformed_line(tmp_path: Path, line: str) -> None:
    path = write(tmp_path / "a.jsonl", jsonl({"text": "a"}) + "\n" + line + "\n")
    assert f"{path}: line 3: malformed JSON" in message(path)


def test_jsonl_deep_nesting_is_an_error_not_a_crash(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"text":"a","x":' + "[" * 200_000)
    assert f"{path}: line 1: malformed JSON" in message(path)


def test_jsonl_line_that_is_no_object(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", jsonl({"text": "a"}, ["b"]))
    assert f"{path}: line 2: expected a JSON object, found list" in message(path)


@pytest.mark.parametrize("value", [1, 1.5, True, ["a"], {"a": 1}])
def test_jsonl_text_of_the_wrong_type(tmp_path: Path, value: Any) -> None:
    path = write(tmp_path / "a.jsonl", jsonl({"body": "a"}, {"body": value}))
    assert f"{path}: line 2: field 'body'" in message(path)


@pytest.mark.parametrize("value", [True, ["a"], {"a": 1}])
def test_jsonl_id_of_the_wrong_type(tmp_path: Path, value: Any) -> None:
    path = write(tmp_path / "a.jsonl", jsonl({"url": value, "text": "a"}))
    assert f"{path}: line 1: field 'url'" in message(path)


def test_jsonl_endless_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MAX_FIELD", 100)
    path = write(tmp_path / "a.jsonl", jsonl({"text": "a"}, {"text": "b" * 100}))
    assert f"{path}: line 2: longer than 100 characters" in message(path)


# --- csv and tsv ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz", "a.tsv.gz"])
def test_csv(tmp_path: Path, name: str) -> None:
    data = 'id,text\nx,"« Oui »\r\n""dit""-il"\n\n,b\nz,\n'
    path = write(tmp_path / name, data.replace(",", "\t") if ".tsv" in name else data)
    expected = [("x", '« Oui »\r\n"dit"-il'), (f"{path}:2", "b"), ("z", "")]
    assert rows(path) == expected


def test_csv_bom(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", BOM + '"text"\r\ncafé\r\n'.encode())
    assert rows(path) == [(f"{path}:1", "café")]


def test_csv_field_above_the_usual_limit(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)
    path = write(tmp_path / "a.csv", f"id,text\n1,{'é' * 300_000}\n")
    assert rows(path) == [("1", "é" * 300_000)]


def test_csv_short_row_has_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text\n1\n2,b\n")
    assert rows(path) == [("1", None), ("2", "b")]


def test_csv_long_row(tmp_path: Path) -> None:
    fine = write(tmp_path / "fine.csv", "id,text\n1,a,,\n")
    assert rows(fine) == [("1", "a")]
    path = write(tmp_path / "a.csv", 'id,text\n1,"a\nb"\n2,"Yes", he said\n')
    assert f"{path}: line 4: 3 fields where the header has 2" in message(path)


def test_csv_first_of_two_columns_of_one_name(tmp_path: Path) -> None:
    assert rows(write(tmp_path / "a.csv", "id,text,text\n1,a,b\n")) == [("1", "a")]


def test_csv_needs_a_header(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "")
    assert f"{path}: the file is empty; a header row is required" in message(path)
    assert rows(write(tmp_path / "b.csv", "text\n")) == []


@pytest.mark.parametrize("bad", ['2,"never closed\nx\n', '2,"Yes" he said\n'])
def test_csv_malformed_row_loses_no_quotation_mark_in_silence(tmp_path: Path, bad: str) -> None:
    path = write(tmp_path / "a.csv", 'id,text\n1,"a\nb"\n' + bad)
    assert f"{path}: malformed CSV in the row at line 4" in message(path)


# --- columns -------------------------------------------------------------------------------------


def test_default_columns_in_order_of_preference(tmp_path: Path) -> None:
    texts, ids = ["text", "body", "content", "article"], ["id", "url", "uri", "doc_id"]
    for first in range(4):
        header = [*reversed(texts[first:]), *reversed(ids[first:])]
        record = dict(zip(header, header, strict=True))
        table = ",".join(header) + "\n" + ",".join(header) + "\n"
        expected = [(ids[first], texts[first])]
        assert rows(write(tmp_path / "a.csv", table)) == expected
        assert rows(write(tmp_path / "a.jsonl", jsonl(record))) == expected


def test_named_columns(tmp_path: Path) -> None:
    record = {"id": "1", "text": "no", "key": "k", "story": "yes"}
    a = write(tmp_path / "a.jsonl", jsonl(record))
    b = write(tmp_path / "b.csv", "id,text,key,story\n1,no,k,yes\n")
    assert rows(a, b, text="story", id="key") == [("k", "yes"), ("k", "yes")]
    assert rows(a, b, text="key", id="key") == [("k", "k"), ("k", "k")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv"])
def test_missing_columns(tmp_path: Path, name: str) -> None:
    data = jsonl({"title": "a", "date": "b"}) if name == "a.jsonl" else "title,date\na,b\n"
    path = write(tmp_path / name, data)
    listed = "the columns are title, date"
    assert message(path, text="story") == f"{path}: no column 'story'; {listed}"
    assert message(path, text="title", id="key") == f"{path}: no column 'key'; {listed}"
    assert message(path) == f"{path}: no text column (text, body, content, article); {listed}"


# --- encodings -----------------------------------------------------------------------------------

ENCODED = {
    "a.txt": ("“Où?”\nIt said.", "byte 0"),
    "a.txt.gz": ("“Où?”", "byte 0"),
    "a.jsonl": ('{"text": "No."}\n{"text": "“Où?”"}\n', "line 2"),
    "a.csv": ('id,text\n1,"No.\n“Où?”"\n', "line 2"),
    "header.tsv": ("text\tété\nNo.\t1\n", "line 1"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_another_encoding(tmp_path: Path, name: str) -> None:
    data, place = ENCODED[name]
    expected = [text for _, text in rows(write(tmp_path / name, data))]
    path = write(tmp_path / name, data.encode("cp1252"))
    assert f"{path}: {place}: not utf-8; is it in another encoding?" in message(path)
    assert f"{path}: {place}: not utf-8" in message(path, encoding="UTF8").replace("UTF8", "utf-8")
    for encoding in ("cp1252", "utf-16", "utf-16-be", "utf-8-sig"):
        path = write(tmp_path / name, data.encode(encoding))
        assert [text for _, text in rows(path, encoding=encoding)] == expected
    assert str(path) in message(write(path, b"\x00\xd8\x00" + data.encode()), encoding="utf-16-le")
    for encoding in ("nothing", "base64"):
        with pytest.raises(ValueError, match=f"no encoding '{encoding}'"):
            readers.read_batches([path], encoding=encoding)


# --- gzip ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt.gz", "a.jsonl.gz", "a.csv.gz"])
def test_damaged_gzip(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    whole = gzip.compress(jsonl(*({"text": str(n)} for n in range(5000))).encode())
    for data in (whole[:-20], b"not gzip", whole[:100] + b"\xff" * 50 + whole[150:]):
        path.write_bytes(data)
        assert str(path) in message(path, text='{"text": "0"}' if "csv" in name else None)


def test_concatenated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(b"".join(gzip.compress(jsonl({"text": t}).encode()) for t in "ab"))
    assert rows(path) == [(f"{path}:1", "a"), (f"{path}:2", "b")]


# --- batches and progress ------------------------------------------------------------------------


def sizes(batches: Sequence[readers.Batch]) -> list[int]:
    return [len(batch.ids) for batch in batches]


def test_batches_cross_files_and_keep_order(tmp_path: Path) -> None:
    for number in range(10):
        write(tmp_path / f"{number}.txt", "abcd")
    batches = list(readers.read_batches([tmp_path], batch_bytes=12))
    assert sizes(batches) == [3, 3, 3, 1]
    names = [Path(doc_id).stem for batch in batches for doc_id in batch.ids]
    assert names == [str(number) for number in range(10)]


def test_large_document_ends_its_batch(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", jsonl(*({"text": t} for t in ("a", "b" * 50, "c"))))
    assert sizes(list(readers.read_batches([path], batch_bytes=10))) == [2, 1]


def test_nulls_do_not_make_an_endless_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_MAX_ROWS", 4)
    path = write(tmp_path / "a.jsonl", '{"text":null}\n' * 10)
    batches = list(readers.read_batches([path]))
    assert sizes(batches) == [4, 4, 2]
    assert batches[0].texts == [None] * 4


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".csv", ".csv.gz"])
def test_on_bytes_rises_to_the_total(tmp_path: Path, suffix: str) -> None:
    line = jsonl({"text": "word " * 20}) if "json" in suffix else "word " * 20 + "\n"
    head = "" if "json" in suffix else "text\n"
    paths = [write(tmp_path / f"{n}{suffix}", head + line * 5000) for n in range(2)]
    told: list[int] = []
    batches = readers.read_batches(paths, batch_bytes=50_000, on_bytes=told.append)
    next(batches)
    assert told == []
    assert len(list(batches)) > 10
    assert told == sorted(told)
    assert told[-1] == readers.count_bytes(paths)
    assert 0 < told[0] < told[-1]


def test_on_bytes_without_documents(tmp_path: Path) -> None:
    told: list[int] = []
    path = write(tmp_path / "a.csv", "text\n")
    assert list(readers.read_batches([path], on_bytes=told.append)) == []
    assert told == [5]


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".csv.gz"])
def test_memory_stays_bounded(tmp_path: Path, suffix: str) -> None:
    text = "word " * 200
    line = jsonl({"text": text}) if "json" in suffix else text + "\n"
    path = write(tmp_path / f"a{suffix}", ("" if "json" in suffix else "text\n") + line * 20_000)
    tracemalloc.start()
    try:
        count = sum(len(b.ids) for b in readers.read_batches([path], batch_bytes=100_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 3_000_000


# --- parquet -------------------------------------------------------------------------------------


def parquet(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    arrow, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(arrow.table(columns), path, **options)
    return path


def test_parquet(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "a.parquet",
        {"x": [1, 2, 3], "url": ["u", None, ""], "body": ["é", None, ""]},
    )
    assert rows(path) == [("u", "é"), (f"{path}:2", None), (f"{path}:3", "")]
    assert rows(path, id="x")[0] == ("1", "é")
    assert rows(path, text="url", id="url")[0] == ("u", "u")


@pytest.mark.parametrize("kind", ["string", "large_string", "binary", "dictionary", "null"])
def test_parquet_types_of_text(tmp_path: Path, kind: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    values = [None, None] if kind == "null" else ["é", None]
    if kind == "dictionary":
        column = arrow.array(values).dictionary_encode()
    else:
        column = arrow.array(values, type=getattr(arrow, kind)())
    path = parquet(tmp_path / "a.parquet", {"text": column, "n": [1, 2]})
    assert [text for _, text in rows(path)] == values


@pytest.mark.parametrize("kind", ["string", "large_string", "dictionary"])
def test_parquet_bad_bytes(tmp_path: Path, kind: str) -> None:
    arrow = pytest.importorskip("pyarrow")
    large = kind == "large_string"
    raw = arrow.array([b"caf\xe9", None, b"ok"], arrow.large_binary() if large else arrow.binary())
    column = raw.view(arrow.large_string() if large else arrow.string())
    column = column.dictionary_encode() if kind == "dictionary" else column
    path = parquet(tmp_path / "a.parquet", {"text": column})
    assert f"{path}: row 1: field 'text': not utf-8" in message(path)


def test_parquet_row_groups_batches_and_progress(tmp_path: Path) -> None:
    texts = [f"text {number:05}" for number in range(3000)]
    path = parquet(tmp_path / "a.parquet", {"text": texts}, row_group_size=700)
    told: list[int] = []
    batches = list(readers.read_batches([path], batch_bytes=10_000, on_bytes=told.append))
    assert sizes(batches) == [1000, 1000, 1000]
    assert [text for batch in batches for text in batch.texts] == texts
    assert batches[2].ids[-1] == f"{path}:3000"
    size = path.stat().st_size
    assert told[0] == size // 3
    assert told[-1] == size


def test_parquet_errors(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", {"title": ["a"], "n": [1], "tags": [["t"]]})
    assert message(path, text="story") == (f"{path}: no column 'story'; the columns are title, n, tags")
    assert f"{path}: row 1: field 'n'" in message(path, text="n")
    assert f"{path}: row 1: field 'tags'" in message(path, text="title", id="tags")
    whole = path.read_bytes()
    path.write_bytes(b"not parquet at all")
    assert f"{path}: damaged Parquet file" in message(path)
    path.write_bytes(whole[:4] + b"\xff" * 40 + whole[44:])
    assert str(path) in message(path, text="title")


def test_parquet_without_rows(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    column = arrow.array([], type=arrow.string())
    assert rows(parquet(tmp_path / "a.parquet", {"text": column})) == []


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    path = write(tmp_path / "a.parquet", "")
    with pytest.raises(ImportError, match=r'pip install "quoth\[files\]"'):
        readers.read_batches([path])


def test_parquet_reads_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{number} {hash(str(number))} " * 40 for number in range(10_000)]
    columns = {"text": texts, "other": texts}
    path = parquet(tmp_path / "a.parquet", columns, compression="none", use_dictionary=False)
    assert path.stat().st_size > 15_000_000
    consumed: list[int] = []

    class Spy(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            consumed.append(len(data))
            return data

    monkeypatch.setattr(Path, "open", lambda self, mode: Spy(self, mode))
    assert len(rows(path)) == 10_000
    assert max(consumed) < 4_000_000
    assert sum(consumed) < 0.6 * path.stat().st_size
