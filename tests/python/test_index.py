"""Saved gazetteers: from the command line, in other processes, damaged."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from quoth import FileFormatError, Gazetteer
from quoth.cli import main

ROWS = [
    {"id": "Q1", "name": "Ruth Tan", "aliases": "Tan", "label": "PERSON"},
    {"id": "Q2", "name": "United States", "aliases": "U.S.", "label": "GPE"},
]
TEXT = "Tan’s U.S. visit"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "names.quoth"
    Gazetteer(ROWS).save(path)
    return path


def found(gazetteer: Gazetteer) -> list[tuple[int, int, str]]:
    return [(m.start, m.end, m.id) for m in gazetteer.find(TEXT)]


def test_every_source_builds_the_same(tmp_path: Path) -> None:
    fields = list(ROWS[0])
    rows = "\n".join(",".join(r.values()) for r in ROWS)
    (tmp_path / "a.csv").write_text(",".join(fields) + "\n" + rows)
    (tmp_path / "a.tsv").write_text("\t".join(fields) + "\n" + rows.replace(",", "\t"))
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    for suffix in ("csv", "tsv", "jsonl", "parquet"):
        output = tmp_path / f"{suffix}.quoth"
        result = CliRunner().invoke(main, ["build", str(tmp_path / f"a.{suffix}"), "-o", str(output)])
        assert result.exit_code == 0, result.output
        assert "2 entries, 4 spellings" in result.output
        assert found(Gazetteer.open(output, verify=True)) == [(0, 3, "Q1"), (6, 10, "Q2")]


def test_find_and_info(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    lines = CliRunner().invoke(main, ["find", str(saved), str(tmp_path / "text.txt")]).output.splitlines()
    assert lines == ["0\t3\tTan\tQ1\tRuth Tan\tPERSON", "6\t10\tU.S.\tQ2\tUnited States\tGPE"]
    rows = CliRunner().invoke(main, ["find", "--json", str(saved), "-"], input=TEXT.encode()).output.splitlines()
    assert [json.loads(r)["id"] for r in rows] == ["Q1", "Q2"]
    fields = {"start": 0, "end": 3, "text": "Tan", "id": "Q1", "name": "Ruth Tan", "label": "PERSON", "score": 1.0}
    assert json.loads(rows[0]) == fields
    info = CliRunner().invoke(main, ["info", "--verify", str(saved)])
    assert info.exit_code == 0
    assert "2 entries" in info.output
    assert "undamaged" in info.output
    assert "labels: PERSON 1, GPE 1" in info.output


def test_a_saved_gazetteer_pickles_by_its_path(saved: Path) -> None:
    gazetteer = Gazetteer.open(saved)
    data = pickle.dumps(gazetteer)
    assert len(data) < 300
    assert found(pickle.loads(data)) == found(gazetteer)
    program = "import pickle, sys; print([m.id for m in pickle.load(sys.stdin.buffer).find('Tan in the US')])"
    other = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    assert other.stdout.decode().strip() == "['Q1', 'Q2']"
    saved.unlink()
    with pytest.raises(FileNotFoundError, match="names"):
        pickle.loads(data)


def test_an_open_gazetteer_outlives_a_new_one_at_its_path(saved: Path) -> None:
    old = Gazetteer.open(saved)
    Gazetteer(["Other"]).save(saved)
    assert found(old) == [(0, 3, "Q1"), (6, 10, "Q2")]
    assert found(Gazetteer.open(saved)) == []
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_damage_is_refused(saved: Path, tmp_path: Path) -> None:
    whole = saved.read_bytes()
    damaged = tmp_path / "damaged.quoth"
    cases = {
        "not a saved gazetteer": b"id,name\n1,Tan\n",
        "truncated": whole[:-1],
        "follow its end": whole + b"x",
        "format version": whole[:8] + b"\x63\0\0\0" + whole[12:],
        "byte order": whole[:12] + whole[12:16][::-1] + whole[16:],
        "header": whole[:40] + bytes([whole[40] ^ 1]) + whole[41:],
    }
    for reason, data in cases.items():
        damaged.write_bytes(data)
        with pytest.raises(FileFormatError, match=f"damaged.quoth.*{reason}"):
            Gazetteer.open(damaged)
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(FileFormatError, match=r"checksum|JSON|expected|EOF|key"):
        Gazetteer.open(damaged, verify=True)
    damaged.write_bytes(b"")
    with pytest.raises((FileFormatError, OSError)):
        Gazetteer.open(damaged)


def test_damage_that_is_met_later(tmp_path: Path) -> None:
    path = tmp_path / "damaged.quoth"
    Gazetteer([{"id": "Q1", "name": "Tan", "born": 1960}, "Lee"]).save(path)
    path.write_bytes(path.read_bytes().replace(b'{"born": 1960}', b'{"born"; 1960}'))
    damaged = Gazetteer.open(path)
    for call in (lambda: damaged.find("Tan"), lambda: list(damaged), lambda: damaged["Q1"]):
        with pytest.raises(FileFormatError, match=r"damaged\.quoth is damaged: the properties of 'Q1'"):
            call()
    assert [m.id for m in damaged.find("Lee")] == ["Lee"]


def test_errors_name_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing\.quoth"):
        Gazetteer.open(tmp_path / "missing.quoth")
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        Gazetteer.open(tmp_path)
    with pytest.raises(FileNotFoundError, match="no-folder"):
        Gazetteer(["Tan"]).save(tmp_path / "no-folder" / "x.quoth")
    (tmp_path / "bad.parquet").write_bytes(b"no parquet")
    with pytest.raises(FileFormatError, match=r"bad\.parquet"):
        Gazetteer.from_parquet(tmp_path / "bad.parquet")
    result = CliRunner().invoke(main, ["build", str(tmp_path / "bad.parquet"), "-o", "x.csv"])
    assert result.exit_code != 0
    assert "must end in .quoth" in result.output
    (tmp_path / "a.txt").write_text("”")
    result = CliRunner().invoke(main, ["build", str(tmp_path / "a.txt"), "-o", str(tmp_path / "none" / "x.quoth")])
    assert "none: no such folder" in result.output, "before the names are read"


def test_bad_rows_are_skipped_on_request(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    lines = [json.dumps(ROWS[0]), "{", "[]", '{"id": "a"}', '{"id": "b", "name": "”"}', json.dumps(ROWS[1])]
    path.write_text("\n".join(lines), encoding="utf-8")
    gazetteer = Gazetteer.from_jsonl(path, on_error="skip")
    assert found(gazetteer) == [(0, 3, "Q1"), (6, 10, "Q2")]
    assert [s.split(": ")[0] for s in gazetteer.skipped] == [f"{path}, line {n}" for n in (2, 3, 4, 5)]
    with pytest.raises(FileFormatError, match="line 2"):
        Gazetteer.from_jsonl(path)
    result = CliRunner().invoke(main, ["build", str(path), "-o", str(tmp_path / "x.quoth"), "--skip-bad"])
    assert result.exit_code == 0
    assert "line 4" in result.output
    with pytest.raises(ValueError, match="on_error"):
        Gazetteer.from_jsonl(path, on_error="ignore")
