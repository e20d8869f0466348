"""Marking, replacing and counting mentions."""

from __future__ import annotations

import doctest
import sys

import pytest

import quoth
from quoth import Gazetteer, annotate, annotate_html, replace

PEOPLE = [{"id": "Q1", "name": "Ruth Tan", "aliases": ["Tan"], "label": "PERSON"}, {"id": "Q2", "name": "A<b>"}]
TEXT = "👍 Ruth Tan’s plan; Tan & A<b> agree."


def test_replace_and_annotate() -> None:
    found = Gazetteer(PEOPLE).find(TEXT)
    assert replace(TEXT, found, "[{label}]") == "👍 [PERSON]’s plan; [PERSON] & [] agree."
    assert replace(TEXT, reversed(found), lambda m: m.id.lower()) == "👍 q1’s plan; q1 & q2 agree."
    assert annotate(TEXT, found) == "👍 [Ruth Tan](Q1)’s plan; [Tan](Q1) & [A<b>](Q2) agree."
    assert replace(TEXT, [], "x") == TEXT
    mark = '<mark data-id="Q1" data-label="PERSON" title="Ruth Tan">'
    assert annotate_html(TEXT, found) == (
        f"👍 {mark}Ruth Tan</mark>’s plan; {mark}Tan</mark> &amp; "
        '<mark data-id="Q2" data-label="" title="A&lt;b&gt;">A&lt;b&gt;</mark> agree.'
    )


def test_of_mentions_that_overlap_the_longest_is_marked() -> None:
    found = Gazetteer(PEOPLE, overlapping=True).find("Ruth Tan")
    assert len(found) == 2
    assert replace("Ruth Tan", found, "{id}") == "Q1"


def test_wrong_arguments() -> None:
    gazetteer = Gazetteer(PEOPLE)
    with pytest.raises(ValueError, match="offsets"):
        replace(TEXT, gazetteer.find(TEXT, offsets="bytes"), "x")
    for template in ("{name.x}", "{other}", "{}"):
        with pytest.raises(ValueError, match="may hold"):
            replace(TEXT, gazetteer.find(TEXT), template)


def test_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    mentions = Gazetteer(PEOPLE).find_all(["Tan Tan A<b>", None, "Ruth Tan", "nobody"], progress=False)
    counts = mentions.counts()
    assert counts.shape == (4, 2)
    cells = zip(counts.docs, counts.entries, counts.counts, strict=True)
    assert {(d, counts.ids[e]): n for d, e, n in cells} == {(0, "Q1"): 2, (0, "Q2"): 1, (2, "Q1"): 1}
    assert counts.ids == ["Q1", "Q2"], "in the order in which they are met"
    scipy = pytest.importorskip("scipy")
    assert counts.to_scipy().toarray().tolist() == [[2, 1], [0, 0], [1, 0], [0, 0]], scipy
    assert Gazetteer(PEOPLE).find_all([], progress=False).counts().shape == (0, 0)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(ImportError, match="needs scipy: pip install scipy$"):
        counts.to_scipy()


@pytest.mark.parametrize("module", ["annotate", "attributor", "gazetteer", None])
def test_the_examples_in_the_documentation(module: str | None) -> None:
    tested = quoth if module is None else __import__(f"quoth.{module}", fromlist=["x"])
    failed, tried = doctest.testmod(tested, extraglobs=vars(quoth))
    assert tried > 0
    assert failed == 0
