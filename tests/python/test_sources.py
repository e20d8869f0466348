"""Tests of what gazetteers are read from: files packed, damaged, empty or unlike their names; names; Arrow."""

from __future__ import annotations

import bz2
import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from click.testing import CliRunner, Result
from test_dumps import ENTITIES, PLACES, entity, place, written

from quoth import FileFormatError, Gazetteer, GazetteerError
from quoth.cli import main
from quoth.files import guess

QUERY = ["item,itemLabel,itemAltLabel", 'http://www.wikidata.org/entity/Q1,Ruth Tan,"R. Tan, Tan"']
PATTERN = {"label": "ORG", "pattern": "Hale", "id": "h"}
# Lines, how they are read, and the ids in them.
KINDS: dict[str, tuple[list[str], Callable[..., Gazetteer], list[str]]] = {
    "a.csv": (["id,name", "a,Ann", "b,Bo"], Gazetteer.from_csv, ["a", "b"]),
    "a.tsv": (["id\tname", "a\tAnn"], Gazetteer.from_csv, ["a"]),
    "a.jsonl": (['{"id":"a","name":"Ann"}', "", '{"id":"b","name":"Bo"}'], Gazetteer.from_jsonl, ["a", "b"]),
    "names.txt": (["Ann", "Bo"], Gazetteer.from_names, ["Ann", "Bo"]),
    "places.txt": (PLACES, Gazetteer.from_geonames, ["1", "2", "3"]),
    "d.json": (
        ["[", json.dumps(ENTITIES[0]) + ",", json.dumps(ENTITIES[1]), "]"],
        Gazetteer.from_wikidata,
        ["Q1", "Q2"],
    ),
    "q.csv": (QUERY, Gazetteer.from_wikidata, ["Q1"]),
    "p.jsonl": ([json.dumps(PATTERN)], Gazetteer.from_entity_ruler, ["h"]),
}
FORMATS = ["csv", "csv", "jsonl", "names", "geonames", "wikidata", "wikidata", "entity-ruler"]


def ids(gazetteer: Gazetteer) -> list[str]:
    return [e.id for e in gazetteer]


def build(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["build", *map(str, arguments)])


def packed(path: Path, lines: list[str], line_end: str = "\n", encoding: str = "utf-8-sig") -> Path:
    data = (line_end.join(lines) + line_end).encode(encoding)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("readme.txt", "about")
            archive.writestr(path.stem, data)
    else:
        pack = {".gz": gzip.compress, ".bz2": bz2.compress}.get(path.suffix, bytes)
        path.write_bytes(pack(data))
    return path


# --- files packed, damaged, empty ----------------------------------------------------------------


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("pack", ["", ".gz", ".bz2", ".zip"])
@pytest.mark.parametrize("kind", KINDS)
def test_packed_files_with_a_bom(tmp_path: Path, kind: str, pack: str, line_end: str) -> None:
    lines, read, expected = KINDS[kind]
    path = packed(tmp_path / (kind + pack), lines, line_end)
    assert ids(read(path)) == expected
    assert ids(read(str(path))) == expected


@pytest.mark.parametrize("pack", [".gz", ".bz2", ".zip"])
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(tmp_path: Path, kind: str, pack: str) -> None:
    lines, read, _ = KINDS[kind]
    path = packed(tmp_path / (kind + pack), lines * 40)
    whole = path.read_bytes()
    middle = len(whole) // 2
    for data in (whole[:middle], whole[: middle - 9] + b"\xff" * 18 + whole[middle + 9 :], b"not packed", b"PK"):
        path.write_bytes(data)
        # Not skipped: nobody knows how much is missing.
        with pytest.raises(FileFormatError) as caught:
            read(path, on_error="skip")
        assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(FileNotFoundError, match="gone"):
        read(tmp_path / f"gone{pack}")


@pytest.mark.parametrize("content", [[], ["", " "]], ids=["empty", "blank"])
@pytest.mark.parametrize("kind", KINDS)
def test_empty_files(tmp_path: Path, kind: str, content: list[str]) -> None:
    read = KINDS[kind][1]
    path = packed(tmp_path / kind, content)
    if kind == "places.txt" and content:
        with pytest.raises(FileFormatError, match="line 2: 1 columns"):
            read(path)
    elif kind.endswith((".csv", ".tsv")):
        with pytest.raises(FileFormatError, match="no column 'i(d|tem)'"):
            read(path)
    else:
        assert len(read(path)) == 0


def test_archives(tmp_path: Path) -> None:
    def archive(*members: str) -> Path:
        with zipfile.ZipFile(tmp_path / "XX.zip", "w") as out:
            for name in members:
                out.writestr(name, "" if name.endswith("/") else PLACES[0])
        return tmp_path / "XX.zip"

    for members in (
        ["a.txt"],
        ["other.txt", "XX.txt"],
        ["iso-languagecodes.txt", "b.txt"],
        ["f/", "f/README.txt", "f/c.txt"],
    ):
        assert ids(Gazetteer.from_geonames(archive(*members))) == ["1"]
    for members, held in ((["a.txt", "b.txt"], "it holds a.txt, b.txt"), (["readme.txt"], "it holds none")):
        with pytest.raises(FileFormatError, match=held):
            Gazetteer.from_geonames(archive(*members))


@pytest.mark.parametrize("kind", ["a.jsonl", "names.txt", "places.txt", "d.json", "p.jsonl"])
def test_bad_lines_are_named_where_they_stand(tmp_path: Path, kind: str) -> None:
    lines, read, expected = KINDS[kind]
    bad = "”" if kind == "names.txt" else "{"
    path = packed(tmp_path / f"{kind}.gz", [*lines, "", bad])
    with pytest.raises(ValueError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}, line {len(lines) + 2}: ")
    skipping = read(path, on_error="skip")
    assert ids(skipping) == expected
    assert [s.partition(": ")[0] for s in skipping.skipped] == [f"{path}, line {len(lines) + 2}"]


# Lines of two entries, of which the second is not ASCII.
NOT_ASCII: dict[str, tuple[list[str], Callable[..., Gazetteer]]] = {
    "a.csv": (["id,name", "a,Ann", "b,José"], Gazetteer.from_csv),
    "a.jsonl": (['{"id":"a","name":"Ann"}', '{"id":"b","name":"José"}'], Gazetteer.from_jsonl),
    "names.txt": (["Ann", "José"], Gazetteer.from_names),
    "p.jsonl": ([json.dumps(PATTERN), '{"label":"ORG","pattern":"Hále"}'], Gazetteer.from_entity_ruler),
    "places.txt": ([place(1, "Halden"), place(2, "Haldén")], Gazetteer.from_geonames),
    "d.json": (
        [json.dumps(entity("Q1", "Ann")), json.dumps(entity("Q2", "José"), ensure_ascii=False)],
        Gazetteer.from_wikidata,
    ),
    "q.csv": (["item,itemLabel", "Q1,Ann", "Q2,José"], Gazetteer.from_wikidata),
}


@pytest.mark.parametrize("pack", ["", ".gz", ".zip"])
@pytest.mark.parametrize("kind", NOT_ASCII)
def test_another_encoding(tmp_path: Path, kind: str, pack: str) -> None:
    lines, read = NOT_ASCII[kind]
    path = tmp_path / (kind + pack)
    bad = f"{path}, line {len(lines)}: not utf-8; is the file in another encoding?"
    expected = list(read(packed(path, lines)))
    packed(path, lines, encoding="latin-1")
    with pytest.raises(FileFormatError) as caught:
        read(path)
    assert str(caught.value) == bad
    skipping = read(path, on_error="skip")
    assert (list(skipping), skipping.skipped) == (expected[:1], (bad,))
    if read in (Gazetteer.from_geonames, Gazetteer.from_wikidata):
        return
    for encoding in ("latin-1", "utf-16", "utf-16-le", "UTF8"):
        assert list(read(packed(path, lines, encoding=encoding), encoding=encoding)) == expected
    with pytest.raises(FileFormatError, match="utf-16|UTF-16"):
        read(packed(path, lines, encoding="latin-1"), encoding="utf-16")
    with pytest.raises(ValueError, match="no encoding 'base64'"):
        read(path, encoding="base64")


def test_a_header_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for header, read in (("id,name,prénom", Gazetteer.from_csv), ("item,itemLabel,prénom", Gazetteer.from_wikidata)):
        path.write_bytes(f"{header}\na,Ann,A\n".encode("latin-1"))
        with pytest.raises(FileFormatError, match=r"a\.csv, line 1: not utf-8"):
            read(path, on_error="skip")


# --- GeoNames ------------------------------------------------------------------------------------


def test_alternate_names_by_language(tmp_path: Path) -> None:
    places = packed(tmp_path / "XX.txt", [*PLACES, place(4, "Old Tan", "Not these", kind="S")])
    rows = [
        "11\t1\ten\tHaldon\t1\t\t\t\t\t",
        "12\t1\tfr\tHaldène\t\t\t\t\t\t",
        "13\t1\t\tHaldn\t\t\t\t\t",
        "14\t1\tlink\thttps://example.org/Halden\t\t\t\t\t\t",
        "15\t2\ten\tTan Peak\t\t\t\t",
        "16\t999\ten\tElsewhere\t\t\t\t\t\t",
        "17\t4\ten\tTan the Elder\t\t\t\t\t\t",
    ]
    names = packed(tmp_path / "alternateNamesV2.txt", rows)

    def read(**options: Any) -> dict[str, tuple[str, ...]]:
        found = Gazetteer.from_geonames(places, alternate_names=names, feature_classes="PT", **options)
        assert found["1"].priority == found["1"].properties["population"] == 9000
        return {e.id: e.names for e in found}

    assert read() == {"1": ("Haldon", "Haldène", "Haldn"), "2": ("Tan Peak",), "3": ()}
    assert read(languages=("en", "")) == {"1": ("Haldon", "Haldn"), "2": ("Tan Peak",), "3": ()}
    assert read(languages="fr") == {"1": ("Haldène",), "2": (), "3": ()}
    with pytest.raises(ValueError, match="languages are those of a file of alternate_names"):
        Gazetteer.from_geonames(places, languages=["en"])
    with pytest.raises(TypeError, match="languages must be strings, got int"):
        read(languages=[1])
    packed(names, [rows[0], "12\t1\tfr"])
    with pytest.raises(FileFormatError, match=r"alternateNamesV2.txt, line 2: 3 columns"):
        read()
    skipping = Gazetteer.from_geonames(places, alternate_names=names, on_error="skip")
    assert (skipping["1"].names, len(skipping.skipped)) == (("Haldon",), 1)


def test_coordinates_that_are_no_numbers(tmp_path: Path) -> None:
    none, bad = (PLACES[0].replace("47.5", latitude) for latitude in ("", "north"))
    path = packed(tmp_path / "XX.txt", [none])
    assert "latitude" not in Gazetteer.from_geonames(path)["1"].properties
    packed(path, [none, bad])
    with pytest.raises(FileFormatError, match=r"line 2: .* not all numbers: '9000', 'north', '8.25'"):
        Gazetteer.from_geonames(path)


def test_the_larger_place_comes_first(tmp_path: Path) -> None:
    path = packed(tmp_path / "XX.txt", [place(1, "Halden", population="10"), place(2, "Halden", population="9000")])
    [mention] = Gazetteer.from_geonames(path).find("Halden")
    assert [c.id for c in mention.candidates] == ["2", "1"]


# --- Wikidata ------------------------------------------------------------------------------------


def test_names_for_all_languages(tmp_path: Path) -> None:
    ruth = entity("Q1", "x") | {"labels": {"mul": {"value": "Ruth Tan"}}, "aliases": {"mul": [{"value": "R. Tan"}]}}
    both = entity("Q2", "Halden") | {"aliases": {"mul": [{"value": "Haldens"}]}}
    path = written(tmp_path / "d.json", [json.dumps(ruth), json.dumps(both)])
    found = Gazetteer.from_wikidata(path, languages=("en",))
    assert [(e.name, e.names) for e in found] == [("Ruth Tan", ("R. Tan",)), ("Halden", ("Haldens",))]


def test_which_items_of_wikidata(tmp_path: Path) -> None:
    former = entity("Q6", "Jo", of="Q5")
    former["claims"]["P31"][0]["rank"] = "deprecated"
    unknown = entity("Q7", "Bo", of="Q5")
    unknown["claims"]["P31"].insert(0, {"mainsnak": {"snaktype": "somevalue"}, "rank": "normal"})
    property = entity("P31", "instance of") | {"type": "property"}
    lists = entity("Q8", "Flo") | {"claims": [], "aliases": [], "sitelinks": []}
    rows = [*ENTITIES, former, unknown, property, lists]
    path = written(tmp_path / "d.json", ["", "[", ",\n".join(map(json.dumps, rows)), "]"])
    assert {e.id: e.label for e in Gazetteer.from_wikidata(path)} == {
        "Q1": "PERSON", "Q2": "GPE", "Q3": "ORG", "Q4": "", "Q6": "", "Q7": "PERSON", "Q8": "",
    }  # fmt: skip
    assert ids(Gazetteer.from_wikidata(path, labels=["PERSON", "ORG"])) == ["Q1", "Q3", "Q7"]
    assert ids(Gazetteer.from_wikidata(path, labels="GPE")) == ["Q2"]
    assert ids(Gazetteer.from_wikidata(path, min_sitelinks=4)) == ["Q2"]
    written(path, ["", json.dumps(ENTITIES[0]), "{"])
    with pytest.raises(FileFormatError, match=r"d.json, line 3: "):
        Gazetteer.from_wikidata(path)


def test_rows_of_a_query(tmp_path: Path) -> None:
    rows = [
        "item,itemLabel,itemAltLabel,itemDescription,sitelinks,label,born",
        'http://www.wikidata.org/entity/Q1,Ruth Tan,"R. Tan, Tan",minister,12,PERSON,1960',
        "http://www.wikidata.org/entity/Q1,Ruth Tan,Ruthie,minister,12,PERSON,1961",
        # What the label service gives for an item without a name.
        "http://www.wikidata.org/entity/Q2,Q2,,,,,",
        "Q3,Q3,Kim,,,,",
    ]
    path = packed(tmp_path / "query.csv", rows)
    found = Gazetteer.from_wikidata(path)
    assert [(e.id, e.name, e.label, e.priority) for e in found] == [
        ("Q1", "Ruth Tan", "PERSON", 12),
        ("Q3", "Kim", "", 0),
    ]
    assert found["Q1"].names == ("R. Tan", "Tan", "Ruthie")
    assert found["Q1"].properties == {"born": "1960", "description": "minister"}
    assert (
        ids(Gazetteer.from_wikidata(path, min_sitelinks=3))
        == ids(Gazetteer.from_wikidata(path, labels="PERSON"))
        == ["Q1"]
    )
    packed(path, ["", rows[0], "Q1,,,,,,", "Q2,B,,,many,,", "Q3,C,,,,,,,", "Q4,D,,,,,"])
    with pytest.raises(GazetteerError, match=r"query.csv, line 3: no 'name'"):
        Gazetteer.from_wikidata(path)
    skipping = Gazetteer.from_wikidata(path, on_error="skip")
    assert ids(skipping) == ["Q4"]
    assert [s.removeprefix(f"{path}, ")[:7] for s in skipping.skipped] == ["line 3:", "line 4:", "line 5:"]
    packed(path, [*rows[:2], 'Q3,"C'])
    with pytest.raises(FileFormatError, match=r"query.csv, line 3: "):
        Gazetteer.from_wikidata(path)


def test_content_says_what_a_file_of_wikidata_is(tmp_path: Path) -> None:
    assert ids(Gazetteer.from_wikidata(packed(tmp_path / "query.txt", QUERY))) == ["Q1"]
    assert ids(Gazetteer.from_wikidata(packed(tmp_path / "dump.csv", [json.dumps(ENTITIES[0])]))) == ["Q1"]
    for line in ("Ruth Tan", "<html>", PLACES[0]):
        with pytest.raises(FileFormatError, match=r"a\.txt: neither a dump of Wikidata .* nor the CSV of a query"):
            Gazetteer.from_wikidata(packed(tmp_path / "a.txt", [line]), on_error="skip")


# --- EntityRuler ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ([{"LOWER": "hale"}, {"ORTH": "Ltd."}], "Hale Ltd."),
        ([{"lower": "hale"}], "HALE"),
        ([{"LOWER": "al"}, {"ORTH": "-"}, {"LOWER": "assad"}], "al-Assad"),
        ([{"LOWER": "tan"}, {"LOWER": "'s"}, {"LOWER": "grill"}], "Tan’s Grill"),
    ],
)
def test_tokens_are_joined(tmp_path: Path, pattern: list[dict[str, str]], text: str) -> None:
    path = packed(tmp_path / "p.jsonl", [json.dumps({"label": "ORG", "pattern": pattern, "id": "h"})])
    assert [m.text for m in Gazetteer.from_entity_ruler(path).find(f"The {text} and")] == [text]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"pattern": "Hale"}, "expected 'label' and 'pattern', got pattern"),
        ({"label": "", "pattern": "Hale"}, "expected 'label'"),
        ({"label": "ORG"}, "expected 'label' and 'pattern', got label"),
        ({"label": "ORG", "pattern": []}, "not a pattern of texts alone: \\[\\]"),
        ({"label": "ORG", "pattern": ""}, "not a pattern of texts alone"),
        ({"label": "ORG", "pattern": [{}]}, "not a pattern of texts alone"),
        ({"label": "ORG", "pattern": [{"LOWER": "hale", "OP": "?"}]}, "not a pattern of texts alone"),
        ({"label": "ORG", "pattern": [{"LEMMA": "hale"}]}, "not a pattern of texts alone"),
        ({"label": "GPE", "pattern": "Hale", "id": "h"}, 'the id "h" stands for a "ORG" and for a "GPE"'),
        ([PATTERN], "expected an object, got list"),
    ],
)
def test_bad_patterns(tmp_path: Path, row: Any, message: str) -> None:
    path = packed(tmp_path / "p.jsonl", [json.dumps(PATTERN), json.dumps(row)])
    with pytest.raises(ValueError, match=rf"p\.jsonl, line 2: .*{message}"):
        Gazetteer.from_entity_ruler(path)
    skipping = Gazetteer.from_entity_ruler(path, on_error="skip")
    assert (ids(skipping), len(skipping.skipped)) == (["h"], 1)


# --- names ---------------------------------------------------------------------------------------


def test_names_that_are_here() -> None:
    found = Gazetteer.from_names((n for n in ("Ruth Tan", "Kim", "Kim")), label="PERSON", case="exact")
    assert [(e.id, e.name, e.label) for e in found] == [("Ruth Tan", "Ruth Tan", "PERSON"), ("Kim", "Kim", "PERSON")]
    assert found.options == {"case": "exact"}
    for bad, message in ((3, "expected a str, got int"), ("”", "no letter, digit or symbol"), ("", "")):
        with pytest.raises(GazetteerError, match=f"name 1: .*{message}"):
            Gazetteer.from_names(["Kim", bad])  # type: ignore[list-item]
    skipping = Gazetteer.from_names(["Kim", None, "Jo"], on_error="skip")  # type: ignore[list-item]
    assert (ids(skipping), len(skipping.skipped)) == (["Kim", "Jo"], 1)
    with pytest.raises(TypeError, match="names must be many names or a path, got int"):
        Gazetteer.from_names(3)  # type: ignore[arg-type]


def test_a_file_of_names_with_a_label(tmp_path: Path) -> None:
    path = packed(tmp_path / "n.txt", ["Ruth Tan", " ", "Kim"])
    assert [(e.id, e.label) for e in Gazetteer.from_names(path, label="PERSON")] == [
        ("Ruth Tan", "PERSON"),
        ("Kim", "PERSON"),
    ]


# --- mappings and tables -------------------------------------------------------------------------


def test_entries_by_id() -> None:
    given = {
        "Q1": "Ann Lee",
        "Q2": ["Bo Hale", "Bo"],
        "Q3": {"name": "Cy Tan", "aliases": "Cy|Tan", "label": "PERSON", "born": 1960},
        4: ("Dee",),
        "Q5": {"id": "Q5", "name": "Eve"},
    }
    expected = [
        {"id": "Q1", "name": "Ann Lee"},
        {"id": "Q2", "name": "Bo Hale", "aliases": ["Bo"]},
        {"id": "Q3", **given["Q3"]},
        {"id": 4, "name": "Dee"},
        {"id": "Q5", "name": "Eve"},
    ]
    for mapping in (given, MappingProxyType(given)):
        for built in (Gazetteer(mapping), Gazetteer.from_records(mapping), Gazetteer().add(mapping)):
            assert list(built) == list(Gazetteer(expected))
    named = Gazetteer.from_records({"Q1": {"title": "Ann"}, "Q2": ["Bo", "B"]}, id="key", name="title", aliases="also")
    assert [(e.id, e.name, e.names) for e in named] == [("Q1", "Ann", ()), ("Q2", "Bo", ("B",))]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "'Q1': expected a name, names or a record, got int"),
        (b"Ann", "'Q1': expected a name, names or a record, got bytes"),
        ([], "no 'name'"),
        ({"id": "Q2", "name": "Ann"}, "'Q1': its record has the id 'Q2'"),
        ({"label": "PERSON"}, "no 'name'"),
    ],
)
def test_bad_entries_by_id(value: Any, message: str) -> None:
    given = {"Q1": value, "Q3": "Bo"}
    with pytest.raises(GazetteerError, match=message):
        Gazetteer(given)
    skipping = Gazetteer.from_records(given, on_error="skip")
    assert (ids(skipping), len(skipping.skipped)) == (["Q3"], 1)


@pytest.mark.parametrize("one", [{"id": "Q1", "name": "Ann"}, {"id": ["Q1", "Q2"], "name": ["Ann", "Bo"]}])
def test_one_record_is_not_many(one: dict[str, Any]) -> None:
    for call in (Gazetteer, Gazetteer.from_records, Gazetteer().add):
        with pytest.raises(TypeError, match="entries must be many; a mapping is of ids to names"):
            call(one)


def test_tables_are_tables_and_columns_are_names() -> None:
    arrow, pandas, polars = (pytest.importorskip(name) for name in ("pyarrow", "pandas", "polars"))
    columns = {"id": ["1", "2"], "name": ["Ann", "Bo"]}
    table = arrow.table(columns)
    for make in (pandas.DataFrame, polars.DataFrame, arrow.table, lambda c: table.to_batches()[0]):
        for call in (Gazetteer, Gazetteer.from_records, Gazetteer().add):
            assert [(e.id, e.name) for e in call(make(columns))] == [("1", "Ann"), ("2", "Bo")]
        with pytest.raises(TypeError, match="names must be many names or a path"):
            Gazetteer.from_names(make(columns))
    assert ids(Gazetteer(table.to_reader())) == ["1", "2"]
    assert ids(Gazetteer.from_records(table.rename_columns(["k", "n"]), id="k", name="n")) == ["1", "2"]
    for series in (pandas.Series(["Ann", "Bo"]), polars.Series(["Ann", "Bo"])):
        assert ids(Gazetteer(series)) == ids(Gazetteer.from_names(series)) == ["Ann", "Bo"]
    with pytest.raises(GazetteerError, match="no column 'id'; the columns are name"):
        Gazetteer(polars.DataFrame({"name": ["Ann"]}))
    with pytest.raises(GazetteerError, match="Arrow cannot hold the table: .*id"):
        Gazetteer(pandas.DataFrame({"id": ["1", 2], "name": ["Ann", "Bo"]}))


@pytest.mark.parametrize("missing", ["None", "nan", "float32", "NA", "NaT", "datetime64"])
def test_what_numpy_and_pandas_have_for_nothing(missing: str) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    nothing = {
        "None": None,
        "nan": float("nan"),
        "float32": numpy.float32("nan"),
        "NA": pandas.NA,
        "NaT": pandas.NaT,
        "datetime64": numpy.datetime64("NaT"),
    }[missing]
    full = {"id": "Q1", "name": "Ann", "aliases": "A", "label": "PERSON", "priority": 2, "related": "Q2", "born": 1960}
    for field in full:
        row = full | {field: nothing}
        if field in ("id", "name"):
            built = Gazetteer.from_records([row, "Bo"], on_error="skip")
            assert (ids(built), built.skipped[0].partition(";")[0]) == (["Bo"], f"entry 0: no {field!r}")
        else:
            assert list(Gazetteer([row])) == list(Gazetteer([{k: v for k, v in full.items() if k != field}]))
    given = {"id": "Q1", "name": "Ann", "aliases": numpy.array(["A", "B"]), "parts": numpy.array([1.0, 2.0]).tolist()}
    assert Gazetteer([given])["Q1"].names == ("A", "B")


# --- Arrow ---------------------------------------------------------------------------------------


def test_arrow_rows_are_those_of_records() -> None:
    arrow = pytest.importorskip("pyarrow")
    # More than are taken at a time, in batches of odd sizes.
    rows = [
        {
            "id": f"Q{n}",
            "name": f"Name {n}",
            "aliases": [f"A{n}", f"B {n}"] if n % 3 else None,
            "label": "PERSON" if n % 2 else None,
            "priority": n / 2,
            "note": {"k": [n]} if n % 5 else None,
            "born": n,
        }
        for n in range(40_001)
    ]
    table = arrow.Table.from_pylist(rows)
    expected = list(Gazetteer.from_records(rows))
    pieces = arrow.concat_tables([table.slice(0, 7), table.slice(7, 0), table.slice(7, 20_000), table.slice(20_007)])
    encoded = table.set_column(3, "label", table["label"].dictionary_encode())
    for given in (table, pieces, encoded):
        assert list(Gazetteer.from_arrow(given)) == expected
    assert list(Gazetteer.from_arrow(table.slice(0, 0))) == []
    only = table.select(["name", "id"])
    assert list(Gazetteer.from_arrow(only)) == list(Gazetteer.from_records(only.to_pylist()))


def test_bad_arrow_cells_are_named_by_their_row() -> None:
    arrow = pytest.importorskip("pyarrow")
    n = 20_000
    offsets = arrow.py_buffer(b"".join((k).to_bytes(4, "little") for k in range(n + 1)))
    data = bytearray(b"x" * n)
    data[17_000] = 0xFF
    broken = arrow.Array.from_buffers(arrow.string(), n, [None, offsets, arrow.py_buffer(bytes(data))])
    ids_ = arrow.array([f"Q{k}" for k in range(n)])
    table = arrow.table({"id": ids_, "name": arrow.array(["Ann"] * n), "note": broken})
    with pytest.raises(GazetteerError, match=r"^row 17000: .*utf-8"):
        Gazetteer.from_arrow(table)
    skipping = Gazetteer.from_arrow(table, on_error="skip")
    assert (len(skipping), [s[:10] for s in skipping.skipped]) == (n - 1, ["row 17000:"])
    priorities = arrow.array(["1"] * 16_390 + ["x"] + ["1"] * (n - 16_391))
    with pytest.raises(GazetteerError, match="^row 16390: 'priority' must be a finite number, got 'x'"):
        Gazetteer.from_arrow(table.set_column(2, "priority", priorities))


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "a.parquet"
    table = arrow.table({"q": [f"Q{n}" for n in range(40_000)], "name": [f"Name {n}" for n in range(40_000)]})
    parquet.write_table(table, path)
    found = Gazetteer.from_parquet(path, id="q", case="exact")
    assert list(found) == list(Gazetteer.from_arrow(table, id="q"))
    assert found.options == {"case": "exact"}
    with pytest.raises(FileFormatError, match=r"a\.parquet: no column 'id'; the columns are q, name"):
        Gazetteer.from_parquet(path)
    whole = path.read_bytes()
    for data in (b"", b"id,name", whole[:-9], whole[:400] + b"\xff" * 400 + whole[800:]):
        path.write_bytes(data)
        with pytest.raises(FileFormatError, match=r"a\.parquet: "):
            Gazetteer.from_parquet(path, id="q")
    with pytest.raises(FileNotFoundError, match=r"gone\.parquet"):
        Gazetteer.from_parquet(tmp_path / "gone.parquet")
    bad = arrow.table({"id": [str(n) for n in range(20_000)], "name": ["Ann"] * 19_000 + [None] + ["Bo"] * 999})
    parquet.write_table(bad, path)
    result = build(path, "-o", tmp_path / "out.quoth")
    assert result.exit_code == 1
    assert f"{path}, row 19000: no 'name'" in result.output
    result = build(path, "-o", tmp_path / "out.quoth", "--skip-bad")
    assert (result.exit_code, len(Gazetteer.open(tmp_path / "out.quoth"))) == (0, 19_999)


# --- the command line ----------------------------------------------------------------------------


@pytest.mark.parametrize("pack", ["", ".gz", ".bz2", ".zip"])
@pytest.mark.parametrize(("kind", "form"), list(zip(KINDS, FORMATS, strict=True)))
def test_build_says_itself_what_a_file_is(tmp_path: Path, kind: str, form: str, pack: str) -> None:
    lines, _, expected = KINDS[kind]
    source, output = packed(tmp_path / (kind + pack), lines), tmp_path / "out.quoth"
    assert guess(source) == form
    for more in ([], ["--format", "auto"], ["--format", form]):
        result = build(source, "-o", output, *more)
        assert result.exit_code == 0, result.output
        assert ids(Gazetteer.open(output)) == expected


def test_build_does_not_know_every_file(tmp_path: Path) -> None:
    for name in ("a.xlsx", "a.gz", "a"):
        path = packed(tmp_path / name, ["id,name", "a,Ann"])
        assert guess(path) is None
        result = build(path, "-o", tmp_path / "out.quoth")
        assert result.exit_code == 2
        assert name in result.output
    assert guess(packed(tmp_path / "b.csv", [])) == "csv"
    assert guess(packed(tmp_path / "b.jsonl", ["{"])) == "jsonl"
    assert guess(packed(tmp_path / "b.txt", [])) == "names"
    assert not (tmp_path / "out.quoth").exists()


def test_csv_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,name\ra,Ann\rb,Bo\r")
    assert build(path, "-o", tmp_path / "a.quoth").exit_code == 0
    assert ids(Gazetteer.open(tmp_path / "a.quoth")) == ["a", "b"]
    for data in (bytes(range(256)) * 4000, b"x" * 200_000, b'"id\n' * 50_000):
        path.write_bytes(data)
        for result in (
            build(path, "-o", tmp_path / "b.quoth"),
            CliRunner().invoke(main, ["find", str(path), str(path)]),
        ):
            assert result.exit_code == 1
            assert "Traceback" not in result.output
            assert result.output.startswith(f"Error: {path}")


def test_options_of_formats(tmp_path: Path) -> None:
    output = tmp_path / "out.quoth"

    def built(kind: str, *options: str | Path) -> list[tuple[str, str]]:
        result = build(packed(tmp_path / kind, KINDS[kind][0]), "-o", output, *options)
        assert result.exit_code == 0, result.output
        return [(e.id, e.label) for e in Gazetteer.open(output)]

    assert built("names.txt", "--label", "PERSON") == [("Ann", "PERSON"), ("Bo", "PERSON")]
    assert built("places.txt", "--min-population", "9", "--feature-classes", "P") == [("1", "GPE")]
    names = packed(tmp_path / "alternateNamesV2.txt", ["11\t3\ten\tBridge\t\t\t\t\t\t", "12\t3\tfr\tPont\t\t\t\t\t\t"])
    assert len(built("places.txt", "--alternate-names", names, "--language", "en")) == 3
    assert Gazetteer.open(output)["3"].names == ("Bridge",)
    assert built("d.json", "--only-label", "PERSON") == [("Q1", "PERSON")]
    assert built("d.json", "--min-sitelinks", "5", "--language", "de") == [("Q2", "GPE")]
    wrong = build(tmp_path / "names.txt", "-o", output, "--min-population", "0")
    assert wrong.exit_code == 2
    assert "min_population is only for geonames" in wrong.output


@pytest.mark.parametrize("kind", ["a.jsonl", "names.txt", "places.txt", "d.json", "p.jsonl"])
def test_build_names_bad_lines(tmp_path: Path, kind: str) -> None:
    lines, _, expected = KINDS[kind]
    source, output = packed(tmp_path / kind, [*lines, "”"]), tmp_path / "out.quoth"
    failed = build(source, "-o", output)
    assert failed.exit_code == 1
    assert f"{kind}, line {len(lines) + 1}: " in failed.output
    assert not output.exists()
    done = build(source, "-o", output, "--skip-bad")
    assert done.exit_code == 0
    assert f"skipped {source}, line {len(lines) + 1}: " in done.output
    assert ids(Gazetteer.open(output)) == expected


ROWS: list[dict[str, Any]] = [
    {"id": "a", "name": "Ann"},
    {"id": 7, "name": "Ann", "label": None, "aliases": None},
    {"id": True, "name": "Ann", "aliases": ""},
    {"id": "a", "name": "Zoë 😀", "label": "PERSON", "aliases": " Anna |\x1c|\u2003Annie\x1f|Zoë"},
    {"id": "a", "name": "Ann", "aliases": ["Anna", " ", "\x1d", " Zoë "]},
    {"id": "a", "name": "Ann", "label": 3, "aliases": ("Anna",)},
    {"id": "a", "name": "Ann", "born": 1970},
    {"id": "a", "name": "Ann", "priority": "2", "related": "b|c"},
]


@pytest.mark.parametrize("row", ROWS)
def test_dicts_are_read_as_other_mappings_are(row: dict[str, Any]) -> None:
    assert list(Gazetteer([row])) == list(Gazetteer([MappingProxyType(row)]))


@pytest.mark.parametrize("bad", [{"id": "a", "name": None}, {"id": None, "name": "A"}, {"id": "", "name": "A"}, {}, 3])
def test_bad_dicts_are_told_as_other_mappings_are(bad: Any) -> None:
    said = []
    for row in (bad, MappingProxyType(bad) if isinstance(bad, dict) else bad):
        with pytest.raises(GazetteerError, match="entry 1: ") as e:
            Gazetteer(["Bo", row])
        said.append(str(e.value))
    assert said[0] == said[1]


def test_one_field_may_be_two_things() -> None:
    [entry] = Gazetteer.from_records([{"who": "Ann", "born": "1970"}], id="who", name="who")
    assert (entry.id, entry.name, dict(entry.properties)) == ("Ann", "Ann", {"born": "1970"})
    [entry] = Gazetteer.from_records([{"id": "a", "name": "Ann", "aliases": "An/Anna"}], separator="/")
    assert entry.names == ("An", "Anna")
