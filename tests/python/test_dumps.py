"""Tests of gazetteers from GeoNames, Wikidata, EntityRuler patterns and lists of names."""

from __future__ import annotations

import bz2
import csv
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from quoth import FileFormatError, Gazetteer, GazetteerError
from quoth.cli import main


def place(number: int, name: str, others: str = "", kind: str = "P", population: str = "5") -> str:
    cells = [str(number), name, name, others, "47.5", "8.25", kind, "PPL", "XX", "", "07", "", "", "", population]
    return "\t".join([*cells, "", "400", "Europe/Zurich", "2020-01-01"])


PLACES = [
    place(1, "Halden", "Haldene,Aldena", population="9000"),
    place(2, "Mount Tan", kind="T", population="0"),
    place(3, "Brugg"),
]


def entity(id: str, label: str, *aliases: str, of: str | None = None, links: int = 0) -> dict[str, Any]:
    claim = {"mainsnak": {"datavalue": {"value": {"id": of}}}}
    return {
        "id": id,
        "labels": {"en": {"value": label}, "de": {"value": label + "en"}},
        "aliases": {"en": [{"value": a} for a in aliases]},
        "descriptions": {"en": {"value": "a thing"}},
        "claims": {"P31": [claim]} if of else {},
        "sitelinks": {f"w{n}": {} for n in range(links)},
    }


ENTITIES = [
    entity("Q1", "Ruth Tan", "R. Tan", of="Q5", links=3),
    entity("Q2", "Halden", of="Q515", links=9),
    entity("Q3", "Hale Ltd", of="Q4830453"),
    entity("Q4", "love"),
]


def written(path: Path, lines: list[str]) -> Path:
    text = "\n".join(lines) + "\n"
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    elif path.suffix == ".bz2":
        path.write_bytes(bz2.compress(text.encode()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "not this one")
            archive.writestr("XX.txt", text)
    else:
        path.write_text(text, encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("suffix", [".txt", ".zip", ".gz"])
def test_geonames(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"XX{suffix}", PLACES)
    gazetteer = Gazetteer.from_geonames(path)
    assert [(e.id, e.name, e.label, e.priority) for e in gazetteer] == [
        ("1", "Halden", "GPE", 9000),
        ("2", "Mount Tan", "LOC", 0),
        ("3", "Brugg", "GPE", 5),
    ]
    assert gazetteer["1"].names == ("Haldene", "Aldena")
    assert gazetteer["1"].properties == {
        "country_code": "XX",
        "admin1_code": "07",
        "feature_code": "PPL",
        "population": 9000,
        "latitude": 47.5,
        "longitude": 8.25,
    }
    large = Gazetteer.from_geonames(path, min_population=100, alternate_names=False, case="exact")
    assert [(e.id, e.names) for e in large] == [("1", ())]
    assert large.options == {"case": "exact"}
    assert [e.id for e in Gazetteer.from_geonames(path, feature_classes="T")] == ["2"]


def test_bad_geonames(tmp_path: Path) -> None:
    path = written(tmp_path / "XX.txt", [PLACES[0], "1\tHalden", place(9, "x", population="many"), place(8, "")])
    with pytest.raises(FileFormatError, match=r"XX.txt, line 2: 2 columns; a GeoNames dump has 19"):
        Gazetteer.from_geonames(path)
    skipping = Gazetteer.from_geonames(path, on_error="skip")
    assert [e.id for e in skipping] == ["1"]
    assert [s.partition(", ")[2].partition(":")[0] for s in skipping.skipped] == ["line 2", "line 3", "line 4"]
    with pytest.raises(ValueError, match="feature_classes must be letters"):
        Gazetteer.from_geonames(path, feature_classes=["PPL"])
    with pytest.raises(FileFormatError, match=r"bad.zip"):
        Gazetteer.from_geonames(written(tmp_path / "bad.txt", ["no archive"]).rename(tmp_path / "bad.zip"))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(FileFormatError, match="it holds none"):
        Gazetteer.from_geonames(tmp_path / "empty.zip")


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".json.bz2"])
def test_wikidata_dump(tmp_path: Path, suffix: str) -> None:
    lines = ["[", *(json.dumps(e) + "," for e in ENTITIES), "]"]
    path = written(tmp_path / f"dump{suffix}", lines)
    gazetteer = Gazetteer.from_wikidata(path)
    assert [(e.id, e.name, e.label, e.priority) for e in gazetteer] == [
        ("Q1", "Ruth Tan", "PERSON", 3),
        ("Q2", "Halden", "GPE", 9),
        ("Q3", "Hale Ltd", "ORG", 0),
        ("Q4", "love", "", 0),
    ]
    assert gazetteer["Q1"].names == ("R. Tan",)
    assert gazetteer["Q1"].properties == {"instance_of": ["Q5"], "description": "a thing"}
    german = Gazetteer.from_wikidata(path, languages=["de", "en"])
    assert (german["Q2"].name, german["Q2"].names) == ("Haldenen", ("Halden",))
    assert len(Gazetteer.from_wikidata(path, languages="fr")) == 0


def test_bad_wikidata(tmp_path: Path) -> None:
    odd = entity("Q9", "x") | {"labels": {"en": "x"}}
    path = written(tmp_path / "d.json", [json.dumps(ENTITIES[0]), "{", "[]", json.dumps(odd), "1"])
    with pytest.raises(FileFormatError, match=r"d.json, line 2: "):
        Gazetteer.from_wikidata(path)
    skipping = Gazetteer.from_wikidata(path, on_error="skip")
    assert [e.id for e in skipping] == ["Q1"]
    assert len(skipping.skipped) == 4
    assert "Q9 is not as Wikidata has entities" in skipping.skipped[2]


def test_wikidata_query(tmp_path: Path) -> None:
    path = tmp_path / "query.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "itemLabel", "itemAltLabel", "born"])
        writer.writerow(["http://www.wikidata.org/entity/Q1", "Ruth Tan", "R. Tan, Tan", "1960"])
        writer.writerow(["http://www.wikidata.org/entity/Q1", "Ruth Tan", "Ruthie", "1960"])
        writer.writerow(["http://www.wikidata.org/entity/Q2", "Kim, Jo", "", ""])
    gazetteer = Gazetteer.from_wikidata(path)
    assert [(e.id, e.name) for e in gazetteer] == [("Q1", "Ruth Tan"), ("Q2", "Kim, Jo")]
    assert {m.text for m in gazetteer.find("R. Tan, Ruthie, Tan, Kim, Jo")} == {"R. Tan", "Ruthie", "Tan", "Kim, Jo"}
    assert gazetteer["Q1"].properties == {"born": "1960"}
    path.write_text("id,name\n1,x\n")
    with pytest.raises(FileFormatError, match="no column 'item'; the columns are id, name"):
        Gazetteer.from_wikidata(path)


def test_entity_ruler(tmp_path: Path) -> None:
    patterns: list[dict[str, Any]] = [
        {"label": "ORG", "pattern": "Hale Ltd", "id": "hale"},
        {"label": "ORG", "pattern": [{"LOWER": "hale"}, {"TEXT": "Limited"}], "id": "hale"},
        {"label": "GPE", "pattern": "Halden"},
    ]
    path = written(tmp_path / "p.jsonl", [json.dumps(p) for p in patterns])
    gazetteer = Gazetteer.from_entity_ruler(path)
    assert [(m.text, m.id, m.label) for m in gazetteer.find("Hale Limited, Hale Ltd of Halden")] == [
        ("Hale Limited", "hale", "ORG"),
        ("Hale Ltd", "hale", "ORG"),
        ("Halden", "GPE:Halden", "GPE"),
    ]
    bad = {"label": "X", "pattern": [{"LOWER": {"REGEX": "a+"}}]}
    path = written(tmp_path / "q.jsonl", ["", json.dumps(patterns[0]), json.dumps(bad), "[]", "{"])
    with pytest.raises(FileFormatError, match=r"q.jsonl, line 3: not a pattern of texts alone: \[\{"):
        Gazetteer.from_entity_ruler(path)
    assert len(Gazetteer.from_entity_ruler(path, on_error="skip").skipped) == 3


def test_names(tmp_path: Path) -> None:
    path = written(tmp_path / "names.txt", ["Ruth Tan", "", "  Kim  "])
    assert [e.id for e in Gazetteer.from_names(path)] == ["Ruth Tan", "Kim"]
    path = written(tmp_path / "bad.txt", ["Ruth Tan", "”"])
    with pytest.raises(GazetteerError, match=r"bad.txt, line 2: "):
        Gazetteer.from_names(path)
    assert len(Gazetteer.from_names(path, on_error="skip")) == 1
    with pytest.raises(FileNotFoundError):
        Gazetteer.from_names(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("form", "lines", "entries"),
    [
        ("geonames", PLACES, 3),
        ("wikidata", [json.dumps(e) for e in ENTITIES], 4),
        ("entity-ruler", ['{"label": "ORG", "pattern": "Hale"}'], 1),
        ("names", ["Ruth Tan"], 1),
    ],
)
def test_build(tmp_path: Path, form: str, lines: list[str], entries: int) -> None:
    source, output = written(tmp_path / "source.dump", lines), tmp_path / "out.quoth"
    run = CliRunner().invoke(main, ["build", str(source), "-o", str(output), "--format", form, "--plural"])
    assert run.exit_code == 0, run.output
    built = Gazetteer.open(output)
    assert (len(built), built.options) == (entries, {"plural": True})
    unknown = CliRunner().invoke(main, ["build", str(source), "-o", str(output)])
    assert unknown.exit_code == 2
