"""The command line: what each command does, and how it fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import quoth
from quoth.cli import main

TEXT = "“It is safe,” Ruth Tan told reporters.\n\nTan said that nobody “knew”."


def run(*arguments: str | Path, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text(TEXT, encoding="utf-8")
    (texts / "b.txt").write_text("Nothing is said here.", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text(json.dumps({"id": "j", "text": TEXT}) + "\n", encoding="utf-8")
    (tmp_path / "rows.csv").write_text('id,text\nc,"' + TEXT.replace('"', '""') + '"\n', encoding="utf-8")
    pq.write_table(pa.table({"id": ["p"], "text": [TEXT]}), tmp_path / "rows.parquet")
    (tmp_path / "people.csv").write_text("id,name,aliases,label\nQ1,Ruth Tan,Tan,PERSON\n", encoding="utf-8")
    return tmp_path


def test_read(folder: Path) -> None:
    result = run("read", folder / "texts" / "a.txt", "-g", folder / "people.csv")
    assert result.exit_code == 0
    assert "Ruth Tan [Q1]" in result.output
    assert "2 attributions, 1 speakers, 2 mentions" in result.output
    assert run("read", "-", "-g", folder / "people.csv", text=TEXT).output == result.output
    found = json.loads(run("read", "--json", "-", text=TEXT).output)
    assert [a["type"] for a in found["attributions"]] == ["direct", "mixed"]
    for a in found["attributions"]:
        [(start, end)] = a["content_spans"]
        assert TEXT[start:end] == a["content"]
    least = str(min(a["score"] for a in found["attributions"]) + 0.01)
    assert len(json.loads(run("read", "--json", "--min-score", least, "-", text=TEXT).output)["attributions"]) < 2


@pytest.mark.parametrize("source", ["texts", "rows.jsonl", "rows.csv", "rows.parquet"])
@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_extract(folder: Path, source: str, suffix: str) -> None:
    output = folder / f"out.{suffix}"
    result = run("extract", folder / source, "-o", output, "-g", folder / "people.csv", "--threads", "2")
    assert result.exit_code == 0, result.output
    if suffix == "parquet":
        rows = pq.read_table(output).to_pylist()
    else:
        rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [r["content"] for r in rows] == ["“It is safe,”", "that nobody “knew”"]
    assert {r["speaker_id"] for r in rows} == {"Q1"}
    assert not list(folder.glob("*.part"))


def test_extract_goes_on_where_rows_are_bad(folder: Path) -> None:
    rows, out = folder / "rows.jsonl", folder / "out.jsonl"
    good = rows.read_text(encoding="utf-8")
    rows.write_text("{\n" + good + '{"id": "k", "text": 5}\n[]\n{"id": "n", "text": null}\n', encoding="utf-8")
    with (folder / "rows.csv").open("a", encoding="utf-8") as file:
        file.write('d,No one said "a",b\ne,He left.\nf,"He\n')
    (folder / "texts" / "b.txt").write_bytes(b"caf\xe9")
    (folder / "bad.parquet").write_bytes(b"PAR1")
    sources = [folder / "bad.parquet", rows, folder / "rows.csv", folder / "texts"]
    for source in sources:
        result = run("extract", source, "-o", out)
        assert (result.exit_code, out.exists()) == (1, False)
    result = run("extract", *sources, "-o", out, "--on-error", "skip", "--status", folder / "status.jsonl")
    assert result.exit_code == 0, result.output
    skipped = [line.partition("skipped ")[2] for line in result.output.splitlines() if line.startswith("skipped ")]
    assert [reason.split(": ")[:2] for reason in skipped] == [
        [str(folder / "bad.parquet"), "damaged Parquet file"],
        [str(rows), "line 1"],
        [str(rows), "line 3"],
        [str(rows), "line 4"],
        [str(folder / "rows.csv"), "line 5"],
        [str(folder / "rows.csv"), "malformed CSV in the row at line 7"],
        [str(folder / "texts" / "b.txt"), "byte 3"],
    ]
    assert "; 1 texts could not be read; 7 errors skipped" in result.output.replace("\n", " ")
    ids = [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert ids == ["j", "j", "c", "c", *[str(folder / "texts" / "a.txt")] * 2]
    status = [json.loads(line) for line in (folder / "status.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["status"]) for row in status] == [
        ("j", "ok"),
        ("n", "null"),
        ("c", "ok"),
        ("e", "ok"),
        (str(folder / "texts" / "a.txt"), "ok"),
    ]
    assert run("extract", rows, "-o", out, "--on-error", "skip", "--text", "body").exit_code == 1, "not of one row"


@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_extract_mentions_and_status(folder: Path, suffix: str) -> None:
    def rows(name: str) -> list[dict[str, object]]:
        path = folder / f"{name}.{suffix}"
        if suffix == "parquet":
            return pq.read_table(path).to_pylist()
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    others = [f"--mentions={folder}/mentions.{suffix}", f"--status={folder}/status.{suffix}"]
    arguments = ["extract", folder / "texts", "-o", folder / f"out.{suffix}", *others]
    result = run(*arguments, "-g", folder / "people.csv")
    assert result.exit_code == 0, result.output
    assert [(m["text"], m["entry_id"]) for m in rows("mentions")] == [("Ruth Tan", "Q1"), ("Tan", "Q1")]
    assert [(s["n_mentions"], s["n_attributions"]) for s in rows("status")] == [(2, 2), (0, 0)]
    assert len(rows("out")) == 2
    assert run(*arguments).exit_code == 0
    assert rows("mentions") == []
    result = run("extract", folder / "texts", "-o", folder / "a.jsonl", "--status", folder / "a.jsonl")
    assert "two of the outputs are one file" in result.output
    result = run("extract", folder / "rows.csv", "-o", folder / "a.jsonl", "--status", folder / "rows.csv")
    assert "rows.csv is one of the inputs" in result.output
    assert not list(folder.glob("*.part"))


def test_another_encoding(folder: Path) -> None:
    for path in (folder / "texts" / "a.txt", folder / "rows.csv"):
        path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    (folder / "people.csv").write_bytes("id,name\nQ1,Ruth Tan\nQ2,José\n".encode("cp1252"))
    text, out = folder / "texts" / "a.txt", folder / "out.jsonl"
    for command in (
        ["read", text],
        ["find", folder / "people.quoth", text],
        ["extract", folder / "rows.csv", "-o", out],
    ):
        if command[0] == "find":
            result = run("build", folder / "people.csv", "-o", folder / "people.quoth")
            assert (result.exit_code, "people.csv, line 3: not utf-8" in result.output) == (1, True)
            built = run("build", folder / "people.csv", "-o", folder / "people.quoth", "--encoding", "cp1252")
            assert built.exit_code == 0, built.output
        result = run(*command)
        assert result.exit_code == 1
        assert "not utf-8" in result.output
        assert not out.exists()
        result = run(*command, "--encoding", "cp1252")
        assert result.exit_code == 0, result.output
    assert [json.loads(line)["cue"] for line in out.read_text(encoding="utf-8").splitlines()] == ["told", "said"]
    assert "a.txt: not utf-8 at byte 0; see --encoding" in run("read", text).output
    result = run("read", "-", "--encoding", "nothing", text=TEXT)
    assert (result.exit_code, "no encoding 'nothing'" in result.output) == (1, True)


def test_demo() -> None:
    result = run("demo")
    assert result.exit_code == 0
    assert "Hélène Duffour [K1]" in result.output


def test_predict_and_score(folder: Path) -> None:
    span = [[0, TEXT.index(" Ruth")]]
    attribution = {"id": "x", "content": span, "cue": [[23, 27]], "source": [[14, 22]], "type": "direct"}
    gold = folder / "gold.jsonl"
    gold.write_text(json.dumps({"id": "d", "text": TEXT, "attributions": [attribution]}), encoding="utf-8")
    assert run("predict", gold, "-o", folder / "pred.jsonl", "--top-level").exit_code == 0
    [row] = [json.loads(line) for line in (folder / "pred.jsonl").read_text(encoding="utf-8").splitlines()]
    assert row["id"] == "d"
    assert row["attributions"][0]["content"] == span
    report = json.loads(run("score", gold, folder / "pred.jsonl", "--json").output)
    assert report["AR"]["all"]["r"] == 1.0
    assert report["AR"]["all"]["n_pred"] == 2
    assert "direct" in run("score", gold, folder / "pred.jsonl").output


def test_help_and_version() -> None:
    assert run("--version").output == f"quoth, version {quoth.__version__}\n"
    listed = run("--help").output
    for command in main.commands:
        assert command in listed
        result = run(command, "--help")
        assert result.exit_code == 0
        assert "Usage:" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["read", "missing.txt"], "missing.txt"),
        (["extract", "missing", "-o", "out.jsonl"], "missing"),
        (["extract", "texts", "-o", "out.xlsx"], "out.xlsx"),
        (["extract", "rows.csv", "-o", "out.jsonl", "--text", "body"], "body"),
        (["extract", "rows.jsonl", "-o", "no/out.jsonl"], "no"),
        (["extract", "rows.jsonl", "-o", "rows.jsonl"], "one of the inputs"),
        (["read", "texts/a.txt", "-g", "texts/a.md"], "a.md"),
        (["read", "texts/a.txt", "-g", "rows.csv"], "name"),
        (["read", "texts/a.txt", "--model", "best"], "best"),
        (["read", "texts/a.txt", "--min-score", "2"], "min-score"),
        (["predict", "rows.csv", "-o", "out.jsonl"], "rows.csv"),
        (["predict", "five.jsonl", "-o", "out.jsonl"], "five.jsonl, line 2: not a document with id and text"),
        (["predict", "latin.jsonl", "-o", "out.jsonl"], "latin.jsonl, line 1: not utf-8"),
        (["info", "rows.csv"], "rows.csv"),
        (["nothing"], "nothing"),
    ],
)
def test_errors_are_one_line(folder: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "five.jsonl").write_text('\n{"id": "a", "text": 5}\n')
    (folder / "latin.jsonl").write_bytes(b'{"id": "a", "text": "caf\xe9"}\n')
    result = run(*arguments)
    assert result.exit_code != 0
    assert message in result.output
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert not list(folder.rglob("out.*"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs pipes that break")
@pytest.mark.parametrize("command", [["demo"], ["read", "--json", "long.txt"], ["find", "people.csv", "long.txt"]])
def test_who_has_seen_enough(folder: Path, command: list[str]) -> None:
    (folder / "long.txt").write_text(TEXT * 3000, encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, "-m", "quoth.cli", *command]
    done = subprocess.run(program, cwd=folder, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_as_a_program(folder: Path) -> None:
    command = [sys.executable, "-m", "quoth.cli", "read", "--json", str(folder / "texts" / "a.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert len(json.loads(done.stdout)["attributions"]) == 2
    failed = subprocess.run([*command[:-1], "missing.txt"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
