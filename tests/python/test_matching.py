"""Tests of the options of matching, of changes to a gazetteer, and of what users of others ask for."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path
from typing import Any

import pytest

from quoth import Gazetteer, GazetteerError


def found(gazetteer: Gazetteer, text: str) -> list[tuple[str, str]]:
    return [(m.text, m.id) for m in gazetteer.find(text)]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"case": "upper"}, ValueError, "case must be one of 'fold', 'exact', 'smart'"),
        ({"plurals": True}, TypeError, "no option 'plurals'; the options are case, "),
        ({"max_edits": 3}, ValueError, "max_edits must be from 0 to 2, got 3"),
        ({"max_edits": True}, TypeError, "max_edits must be an int, got bool"),
        ({"min_length": "3"}, TypeError, "min_length must be an int, got str"),
        ({"min_edit_length": 0}, ValueError, "min_edit_length must be from 1"),
        ({"stop_names": "Will"}, TypeError, "stop_names must be a bool or many names, got str"),
        ({"stop_names": ["Will", 1]}, TypeError, "stop_names must be strings, got int"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        Gazetteer(["a"], **options)
    with pytest.raises(error, match=says):
        Gazetteer.from_records(["a"], **options)


def test_options_are_told_and_kept(tmp_path: Path) -> None:
    options: dict[str, Any] = {"plural": True, "max_edits": 1, "stop_names": ["Tan"], "min_length": 2}
    gazetteer = Gazetteer(["Ruth Tan"], **options)
    gazetteer.save(tmp_path / "a.quoth")
    for g in (gazetteer, pickle.loads(pickle.dumps(gazetteer)), Gazetteer.open(tmp_path / "a.quoth")):
        assert g.options == options
        assert found(g, "Ruth Tann and Ruth Tans") == [("Ruth Tann", "Ruth Tan"), ("Ruth Tans", "Ruth Tan")]
    assert "max_edits=1" in repr(gazetteer)
    assert Gazetteer(["a"], stop_names=True).options == {"stop_names": True}
    assert Gazetteer(["a"]).options == {}


def test_scores() -> None:
    gazetteer = Gazetteer([{"id": "t", "name": "Ruth Tan", "label": "PERSON"}], max_edits=1, derive=True)
    text = "Ruth Tan and Rutth Tan; Tan left."
    scores = [(m.text, round(m.score, 3)) for m in gazetteer.find(text)]
    assert scores == [("Ruth Tan", 1.0), ("Rutth Tan", 0.875), ("Tan", 0.9)]
    table = gazetteer.find_all([text]).to_arrow()
    assert [round(s, 3) for s in table["score"].to_pylist()] == [1.0, 0.875, 0.9]


def test_related_entries_choose_the_candidate() -> None:
    cities: list[dict[str, Any]] = [
        {"id": "paris", "name": "Paris", "priority": 9, "related": ["fr"]},
        {"id": "paris-tx", "name": "Paris", "related": "tx|us"},
        {"id": "fr", "name": "France"},
        {"id": "tx", "name": "Texas"},
        {"id": "us", "name": "United States"},
    ]
    gazetteer = Gazetteer(cities)
    assert [m.id for m in gazetteer.find("Paris, Texas")] == ["paris-tx", "tx"]
    assert [m.id for m in gazetteer.find("Paris, France")] == ["paris", "fr"]
    assert [m.id for m in gazetteer.find("Paris")] == ["paris"]
    assert gazetteer["paris-tx"].related == ("tx", "us")
    assert gazetteer["tx"].related == ("paris-tx",), "in either direction"


def test_properties_on_request() -> None:
    gazetteer = Gazetteer([{"id": "a", "name": "Ann", "born": 1960}, "Bob"])
    assert "properties" not in gazetteer.find_all(["Ann"]).columns
    table = gazetteer.find_all(["Ann met Bob"], properties=True)
    values = [row["properties"] for row in table]
    assert [v and json.loads(v) for v in values] == [{"born": 1960}, None]


def test_properties_are_the_users(tmp_path: Path) -> None:
    Gazetteer([{"id": "a", "name": "Ann", "parts": [1]}]).save(tmp_path / "a.quoth")
    gazetteer = Gazetteer.open(tmp_path / "a.quoth")
    for entry in (gazetteer.find("Ann")[0].entry, *gazetteer, gazetteer["a"]):
        properties: Any = entry.properties
        properties["parts"].append(2)
        properties["more"] = True
    assert gazetteer.find("Ann")[0].entry.properties == {"parts": [1]}
    assert [e.properties for e in gazetteer] == [gazetteer["a"].properties] == [{"parts": [1]}]


def test_properties_are_json() -> None:
    row = {"id": "a", "name": "Ann", "most": math.inf, "none": math.nan, "parts": [{"x": (1.5, -math.inf, math.nan)}]}
    expected = {"most": None, "parts": [{"x": [1.5, None, None]}]}
    gazetteer = Gazetteer([row])
    assert gazetteer["a"].properties == expected
    [found] = gazetteer.find_all(["Ann"], properties=True)
    assert json.loads(found["properties"], parse_constant=pytest.fail) == expected
    circle: list[Any] = []
    circle.append(circle)
    for bad in (circle, {(1, 2): 3}, {math.nan: 1}):
        with pytest.raises(GazetteerError, match="entry 0: its properties cannot be JSON"):
            Gazetteer([{"id": "a", "name": "Ann", "bad": bad}])


def test_adding_and_removing(tmp_path: Path) -> None:
    base = Gazetteer([{"id": "a", "name": "Ann", "priority": 1}, {"id": "b", "name": "Bob"}])
    more = base.add([{"id": "c", "name": "Ann"}, {"id": "b", "name": "Robert"}, "Dee"])
    text = "Ann, Bob, Robert, Dee"
    assert found(base, text) == [("Ann", "a"), ("Bob", "b")], "the first stays as it is"
    assert found(more, text) == [("Ann", "a"), ("Bob", "b"), ("Robert", "b"), ("Dee", "Dee")]
    assert [c.id for c in more.find("Ann")[0].candidates] == ["a", "c"]
    less = more.remove(["a", "Dee"])
    assert found(less, text) == [("Ann", "c"), ("Bob", "b"), ("Robert", "b")]
    assert (len(base), len(more), len(less)) == (2, 4, 2)
    ann = {"id": "o", "name": "Ann Ltd", "label": "ORG"}
    assert [list(g.labels.items()) for g in (Gazetteer(), base, base.add([ann]), base.add([ann]).remove(["a"]))] == [
        [],
        [("", 2)],
        [("", 2), ("ORG", 1)],
        [("", 1), ("ORG", 1)],
    ]
    assert {e.id for e in less} == {"b", "c"}
    assert "a" not in less
    assert "a" in more
    assert less["b"].names == ("Robert",)
    less.save(tmp_path / "less.quoth")
    for again in (Gazetteer.open(tmp_path / "less.quoth"), pickle.loads(pickle.dumps(less))):
        assert found(again, text) == found(less, text)
        assert {e.id for e in again} == {"b", "c"}
    assert [row["entry_id"] for row in less.find_all([text])] == ["c", "b", "b"]
    assert found(less.add([{"id": "a", "name": "Ann"}]), "Ann")[0] == ("Ann", "c")


def test_wrong_changes() -> None:
    base = Gazetteer([{"id": "a", "name": "Ann", "label": "PERSON"}])
    with pytest.raises(KeyError, match="'b'"):
        base.remove(["b"])
    with pytest.raises(GazetteerError, match="entry 0: no 'name'"):
        base.add([{"id": "c"}])
    with pytest.raises(GazetteerError, match="stands for"):
        base.add([{"id": "a", "name": "Anna", "label": "ORG"}])
    with pytest.raises(TypeError, match="entries must be many"):
        base.add("Ann")


def test_changes_with_every_option() -> None:
    people = [{"id": "r", "name": "Ruth Tan", "label": "PERSON"}]
    text = "Ruth Tan met Ann Lee. Tan and Lee left. Ruht Tan"
    gazetteer = Gazetteer(people, derive=True, max_edits=1).add([{"id": "l", "name": "Ann Lee", "label": "PERSON"}])
    assert [m.id for m in gazetteer.find(text)] == ["r", "l", "r", "l", "r"]
    inside = Gazetteer(["port"], whole_words=False).add(["trans"])
    assert found(inside, "transports") == [("trans", "trans"), ("port", "port")]


COMPLAINTS = [
    ("whole words", ["art"], {}, "party art", [("art", "art")]),
    ("folding keeps offsets", ["Tan"], {}, "İİİ Tan", [("Tan", "Tan")]),
    ("letters outside ASCII are letters", ["Bill"], {}, "Billé éBill Bill", [("Bill", "Bill")]),
    ("the really longest match", ["New", "New York", "York Times"], {}, "New York Times", [("New York", "New York")]),
    ("longest after the word test", ["New", "New York"], {}, "New Yorkers", [("New", "New")]),
    (
        "names with a full stop",
        ["U.S.", "St. Louis"],
        {},
        "the U.S. and St. Louis.",
        [("U.S.",) * 2, ("St. Louis",) * 2],
    ),
    ("accents", ["Zoë"], {"fold_accents": True}, "Zoe", [("Zoe", "Zoë")]),
    ("a line break inside a name", ["Ruth Tan"], {}, "Ruth\nTan", [("Ruth\nTan", "Ruth Tan")]),
    ("no scripts without spaces are lost", ["東京"], {}, "私は東京に", [("東京", "東京")]),
    ("mistakes", ["Netanyahu"], {"max_edits": 1}, "Netanyaho", [("Netanyaho", "Netanyahu")]),
    (
        "acronyms keep their case",
        ["WHO", "Obama"],
        {"case": "smart"},
        "who WHO obama",
        [("WHO",) * 2, ("obama", "Obama")],
    ),
    ("not across paragraphs", ["Ruth Tan"], {}, "Ruth\n\nTan", []),
    ("stop words", ["Will", "Obama"], {"stop_names": True}, "Will Obama", [("Obama", "Obama")]),
    ("names that begin with a mark", ["‘Ajlūn"], {}, "in ‘Ajlūn", [("Ajlūn", "‘Ajlūn")]),
    ("possessives", ["Clinton"], {}, "Clinton's Clinton’s", [("Clinton", "Clinton")] * 2),
]


@pytest.mark.parametrize(("what", "names", "options", "text", "expected"), COMPLAINTS, ids=[c[0] for c in COMPLAINTS])
def test_what_users_of_others_ask_for(
    what: str, names: list[str], options: dict[str, Any], text: str, expected: list[tuple[str, str]]
) -> None:
    gazetteer = Gazetteer(names, **options)
    for g in (gazetteer, pickle.loads(pickle.dumps(gazetteer))):
        assert found(g, text) == expected
        assert all(text[m.start : m.end] == m.text for m in g.find(text))
