"""Tests of quoth.scoring: every measure on small documents worked out by hand, and the errors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from quoth import scoring

Json = dict[str, Any]

TEXT = "Ana Bell said taxes will rise again soon. “We lost,” Tom Reed admitted. Critics doubt that “any plan” works.\n"


def span(text: str, part: str) -> list[int]:
    start = text.index(part)
    return [start, start + len(part)]


def attribution(text: str, content: str | Sequence[str], cue: str = "", source: str = "", **fields: Any) -> Json:
    """Builds an attribution from the first occurrence of each part."""
    pieces = [content] if isinstance(content, str) else content
    return {
        "content": [span(text, piece) for piece in pieces],
        "cue": [span(text, cue)] if cue else [],
        "source": [span(text, source)] if source else [],
        **fields,
    }


def document(text: str, *attributions: Json, id: str = "d") -> Json:
    return {"id": id, "text": text, "attributions": list(attributions)}


def write(path: Path, *documents: Json) -> Path:
    path.write_text("".join(json.dumps(d) + "\n" for d in documents), encoding="utf-8")
    return path


def score(folder: Path, gold: Json | list[Json], pred: Json | list[Json], **options: Any) -> Json:
    golds, preds = (x if isinstance(x, list) else [x] for x in (gold, pred))
    gold_file, pred_file = write(folder / "gold", *golds), write(folder / "pred", *preds)
    return scoring.score_files(gold_file, pred_file, **options)


def prf(p: float, r: float, n_pred: int, n_gold: int) -> Any:
    f1 = 2 * p * r / (p + r) if p + r else 0.0
    return pytest.approx({"p": p, "r": r, "f1": f1, "n_pred": n_pred, "n_gold": n_gold})


def kind(folder: Path, text: str, *parts: str) -> str:
    """Returns the type that one attribution (content, cue, source) gets."""
    pair = document(text, attribution(text, *parts))
    (found,) = set(score(folder, pair, pair)["content_exact"]) - {"all"}
    return str(found)


# --- one document, three attributions, all measures ----------------------------------------------

GOLD = document(
    TEXT,
    attribution(TEXT, "taxes will rise again soon", "said", "Ana Bell"),
    attribution(
        TEXT,
        "“We lost,”",
        "admitted",
        "Tom Reed",
        speaker="Tom Reed",
        speaker_aliases=["Tom"],
        quote_type="Explicit",
    ),
    attribution(TEXT, "that “any plan” works", "doubt", "Critics"),
)
PRED = document(
    TEXT,
    # Three of five words (IoU .6), half the source, the right cue.
    attribution(TEXT, "taxes will rise", "said", "Bell"),
    # Equal but for the quotation marks.
    attribution(TEXT, "We lost", "admitted", "Tom Reed", speaker="Mr. TOM"),
    # One of four words (IoU .25): indirect, where the gold is mixed.
    attribution(TEXT, "works", "doubt", "Critics"),
)


@pytest.fixture
def report(tmp_path: Path) -> Json:
    return score(tmp_path, GOLD, PRED)


def test_keys(report: Json) -> None:
    assert list(report) == [
        "gold_has_sources",
        "documents",
        "documents_without_prediction",
        "content_exact",
        "content_exact_with_punctuation",
        "content_soft",
        "AR",
        "AR_strict",
        "AR_all_exact",
        "aligned_pairs",
        "cue",
        "source",
        "direct_quotes",
        "speaker_direct",
        "speaker_direct_mapped_labels",
        "speaker_any_type",
        "agr_any_overlap",
        "citron_metrics",
        "role_spans",
        "predicted_documents_not_in_gold",
    ]


def test_attributions_by_type(report: Json) -> None:
    assert report["gold_has_sources"] is True
    assert report["aligned_pairs"] == 2
    assert report["AR"] == {
        "all": prf(2 / 3, 2 / 3, 3, 3),
        "direct": prf(1, 1, 1, 1),
        "indirect": prf(1 / 2, 1, 2, 1),
        "mixed": prf(0, 0, 0, 1),
    }
    assert report["AR_strict"]["all"] == prf(1 / 3, 1 / 3, 3, 3)
    assert report["AR_all_exact"]["all"] == prf(1 / 3, 1 / 3, 3, 3)


def test_contents(report: Json) -> None:
    assert report["content_exact"]["all"] == prf(1 / 3, 1 / 3, 3, 3)
    assert report["content_exact_with_punctuation"]["all"] == prf(0, 0, 3, 3)
    # Every predicted word is in the gold; of the gold 3/5, 2/2 and 1/4 are found.
    assert report["content_soft"]["all"] == prf(1, (3 / 5 + 1 + 1 / 4) / 3, 3, 3)
    assert report["content_soft"]["mixed"] == prf(0, 1 / 4, 0, 1)
    assert report["agr_any_overlap"]["all"] == prf(1, 1, 3, 3)


def test_cues_and_sources(report: Json) -> None:
    # The third pair is not aligned: right by itself, it counts only end to end, as wrong.
    assert report["cue"]["exact"]["all"] == prf(1, 1, 2, 2)
    assert report["cue"]["e2e_exact"]["all"] == prf(2 / 3, 2 / 3, 3, 3)
    assert report["source"]["exact"]["all"] == prf(1 / 2, 1 / 2, 2, 2)
    assert report["source"]["soft"]["all"] == prf(1, (1 / 2 + 1) / 2, 2, 2)
    assert report["source"]["e2e_soft"]["all"] == prf(2 / 3, (1 / 2 + 1) / 3, 3, 3)


def test_direct_quotes(report: Json) -> None:
    whole = prf(1, 1, 1, 1)
    names = ("exact", "iou50", "span_exact", "span_iou50")
    assert report["direct_quotes"] == dict.fromkeys(names, whole)


def test_speaker_with_title_case_and_alias(report: Json) -> None:
    right = {
        "accuracy": 1.0,
        "n_gold": 1,
        "detected": 1.0,
        "accuracy_on_detected": 1.0,
        "accuracy_iou50": 1.0,
    }
    assert report["speaker_direct"] == {"all": right, "explicit": right}
    assert report["speaker_direct_mapped_labels"] == {"accuracy": 1.0, "n_gold": 1}
    assert report["speaker_any_type"] == {"accuracy": 1.0, "n_gold": 1, "detected": 1.0}


def test_citron(report: Json) -> None:
    # Tokens of contents with punctuation: 3 + 2 + 1 predicted, 5 + 5 + 6 gold.
    assert report["citron_metrics"] == {
        "cue_exact": prf(1, 1, 3, 3),
        "source_exact": prf(2 / 3, 2 / 3, 3, 3),
        "content_exact": prf(0, 0, 3, 3),
        "quote_exact": prf(0, 0, 3, 3),
        "cue_overlap": prf(1, 1, 3, 3),
        "source_overlap": prf(1, 4 / 5, 4, 5),
        "content_overlap": prf(1, 6 / 16, 6, 16),
        "quote_overlap": prf(1, 13 / 24, 13, 24),
    }


def test_role_spans(report: Json) -> None:
    assert report["role_spans"] == {
        "content": {"exact": prf(0, 0, 3, 3), "tokens": prf(1, 6 / 16, 6, 16)},
        "cue": {"exact": prf(1, 1, 3, 3), "tokens": prf(1, 1, 3, 3)},
        "source": {"exact": prf(2 / 3, 2 / 3, 3, 3), "tokens": prf(1, 4 / 5, 4, 5)},
    }


def test_gold_against_itself(tmp_path: Path) -> None:
    report = score(tmp_path, GOLD, GOLD)
    measures = [
        *(report[key]["all"] for key in ("AR", "AR_strict", "AR_all_exact", "content_soft")),
        *(report[role][key]["all"] for role in ("cue", "source") for key in report["cue"]),
        *report["direct_quotes"].values(),
        *report["citron_metrics"].values(),
    ]
    assert {row["f1"] for row in measures} == {1.0}


# --- documents -----------------------------------------------------------------------------------


def test_missing_and_extra_documents(tmp_path: Path) -> None:
    missing, extra = {**GOLD, "id": "missing"}, {**PRED, "id": "extra"}
    report = score(tmp_path, [GOLD, missing], [extra, PRED])
    assert report["documents"] == 2
    assert report["documents_without_prediction"] == 1
    assert report["predicted_documents_not_in_gold"] == 1
    # The missing document's attributions lower recall, the extra one's do not lower precision.
    assert report["AR"]["all"] == prf(2 / 3, 2 / 6, 3, 6)


def test_no_documents(tmp_path: Path) -> None:
    report = score(tmp_path, [], [])
    assert report["documents"] == 0
    assert report["AR"] == {"all": prf(0, 0, 0, 0)}
    assert report["speaker_direct"] == {}
    assert "0 documents" in scoring.format_report(report)


def test_predictions_need_only_ids_and_spans(tmp_path: Path) -> None:
    (tmp_path / "gold").write_text("\ufeff" + json.dumps(GOLD) + "\n\n", encoding="utf-8")
    bare = {"id": "d", "attributions": [{"content": GOLD["attributions"][0]["content"]}]}
    pred = write(tmp_path / "pred", bare)
    report = scoring.score_files(str(tmp_path / "gold"), str(pred))
    assert report["content_exact"]["all"] == prf(1, 1 / 3, 1, 3)


def test_contents_without_tokens_do_not_count(tmp_path: Path) -> None:
    empty: Json = {"content": [[8, 9]], "cue": [], "source": []}  # the space after "Ana Bell"
    report = score(tmp_path, GOLD, document(TEXT, empty, {"content": None}))
    assert report["AR"]["all"] == prf(0, 0, 0, 3)


def test_content_of_marks_only_is_compared_by_marks(tmp_path: Path) -> None:
    text = "“?!” he said."
    report = score(
        tmp_path,
        document(text, attribution(text, "?!", "said", "he")),
        document(text, attribution(text, "?!", "said", "he")),
    )
    assert report["AR_strict"]["direct"] == prf(1, 1, 1, 1)


# --- matching ------------------------------------------------------------------------------------

WORDS = "one two three four five six seven eight nine ten"


def test_a_gold_attribution_is_found_once(tmp_path: Path) -> None:
    gold = attribution(WORDS, "two three four", source="one")
    twice = document(WORDS, gold, gold)
    report = score(tmp_path, document(WORDS, gold), twice)
    assert report["AR"]["all"] == prf(1 / 2, 1, 2, 1)
    assert report["content_exact"]["all"] == prf(1 / 2, 1, 2, 1)


def test_matching_is_the_largest_possible(tmp_path: Path) -> None:
    # The first prediction is most like the first gold content (1 against 4/6) and must leave it
    # to the second, which is like no other (2/4 against 2/6).
    gold = document(
        WORDS,
        attribution(WORDS, "one two three four"),
        attribution(WORDS, "one two three four five six"),
    )
    pred = document(WORDS, attribution(WORDS, "one two three four"), attribution(WORDS, "one two"))
    assert score(tmp_path, gold, pred)["AR"]["all"] == prf(1, 1, 2, 2)


def test_an_attempt_that_fails_leaves_the_matching_as_it_was(tmp_path: Path) -> None:
    gold = document(WORDS, attribution(WORDS, "one two"), attribution(WORDS, "six seven"))
    pred = document(
        WORDS,
        attribution(WORDS, "one two"),
        attribution(WORDS, "one two three"),
        attribution(WORDS, "six"),
    )
    assert score(tmp_path, gold, pred)["AR"]["all"] == prf(2 / 3, 1, 3, 2)


def test_a_long_chain_of_moves_needs_no_recursion(tmp_path: Path) -> None:
    # Each prediction is three words and equal to a gold content, but also half like the next one.
    # The last prediction is like the first gold content only: all others must move on by one.
    n = 3000
    text = " ".join("a" for _ in range(n + 3))
    triples = [{"content": [[2 * k, 2 * k + 5]]} for k in range(n + 1)]
    gold = document(text, *triples)
    pred = document(text, *triples[:-1], {"content": [[0, 3]]})
    assert score(tmp_path, gold, pred)["AR"]["all"] == prf(1, 1, n + 1, n + 1)


def test_half_of_the_words_is_enough(tmp_path: Path) -> None:
    gold = document(WORDS, attribution(WORDS, "one two three four"))
    half = document(WORDS, attribution(WORDS, "one two"))
    less = document(WORDS, attribution(WORDS, "two three four five six seven eight"))
    assert score(tmp_path, gold, half)["aligned_pairs"] == 1
    assert score(tmp_path, gold, less)["aligned_pairs"] == 0  # 3 of 8


def test_soft_coverage_of_a_nested_content_is_at_most_one(tmp_path: Path) -> None:
    outer, inner = attribution(WORDS, "one two three four"), attribution(WORDS, "three four")
    report = score(tmp_path, document(WORDS, outer, inner), document(WORDS, outer))
    # Words three and four are covered twice: 6 of 4 words, cut to 1.
    assert report["content_soft"]["all"] == prf(1, 1, 1, 2)


# --- sources -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold", "pred", "same"),
    [
        ("the mayor of York", "the mayor", True),
        ("the mayor of York", "mayor of", True),
        ("the mayor of York", "the", False),  # only a stopword is shared
        ("the mayor of York", "", False),
        ("", "the mayor", False),
        ("", "", True),
        ("who", "York who", True),  # the gold has only a stopword: it will do
        ("who", "York", False),
    ],
)
def test_sources_that_count_as_the_same(tmp_path: Path, gold: str, pred: str, same: bool) -> None:
    text = "Yesterday the mayor of York who said that it rained."
    content = "that it rained"
    other = attribution(text, "Yesterday", source="said")  # so that the gold has a source
    report = score(
        tmp_path,
        document(text, attribution(text, content, source=gold), other),
        document(text, attribution(text, content, source=pred)),
    )
    assert report["AR"]["all"]["p"] == same


def test_gold_without_sources_is_compared_by_content(tmp_path: Path) -> None:
    text = "“Come in now,” Ana said."
    gold = document(text, attribution(text, "“Come in now,”"))
    pred = document(text, attribution(text, "“Come in now,”", "said", "Ana"))
    report = score(tmp_path, gold, pred)
    assert report["gold_has_sources"] is False
    for measure in ("AR", "AR_strict", "AR_all_exact"):
        assert report[measure]["all"] == prf(1, 1, 1, 1)
    assert report["source"]["e2e_exact"]["all"] == prf(0, 0, 1, 0)


# --- types ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "content", "expected"),
    [
        ("“Go home,” she said.", "“Go home,”", "direct"),
        ("“Go home,” she said.", "Go home", "direct"),
        ("“Go home,” she said.", "Go home,” she", "mixed"),
        ("“Go home,” she said.", "she", "indirect"),
        ('"Go home," she said. "Now."', "Now", "direct"),
        ('"Go home," she said. "Now."', "she said", "indirect"),
        ("``Go home,'' she said.", "Go home", "direct"),
        ("``Go home,'' she said.", "she said", "indirect"),
        ("''Go home,'' she said.", "Go home", "direct"),
        ("«Go home», she said.", "Go home", "direct"),
        ("”Go home,” she said.", "Go home", "direct"),  # the wrong way round
        ("“Go home, she said. “Now.”", "Go home", "direct"),  # closing mark missing
        ("“Go home,\n“and stay”, she said.", "and stay", "direct"),  # reopened on a new line
        ('"Go home,\n"and stay", she said.', "and stay", "direct"),
        ("“Go home.\n\nShe left.", "She left", "indirect"),  # ends with the paragraph
        ('A 5"pipe broke.', "pipe", "direct"),  # a straight mark opens unless a space follows
        ('A pipe of 5" broke.', "broke", "indirect"),  # inches
        ("It is 'a con', Trump's aides' notes say.", "'a con'", "direct"),
        ("It is 'a con', Trump's aides' notes say.", "notes say", "indirect"),
        ("‘Go home,’ said the boys’ aunt. ‘It’s late.’", "said the boys", "indirect"),
        ("‘Go home,’ said the boys’ aunt. ‘It’s late.’", "It’s late", "direct"),
        ("'Tis the boys' aunt.", "aunt", "indirect"),
        ("‘Go home.\n\nShe left.", "Go home", "direct"),  # single marks are the main ones: open
        ("“No,” he said. She said ‘go home.", "go home", "indirect"),  # here they are not
    ],
)
def test_type_by_quotation_marks(tmp_path: Path, text: str, content: str, expected: str) -> None:
    assert kind(tmp_path, text, content) == expected


def test_marks_around_the_whole_attribution_do_not_count(tmp_path: Path) -> None:
    text = "“Ana said taxes rose,” Tom recalled."
    assert kind(tmp_path, text, "taxes rose", "said", "Ana") == "indirect"
    assert kind(tmp_path, text, "taxes rose", "", "Ana") == "indirect"
    assert kind(tmp_path, text, "Ana said taxes rose", "recalled", "Tom") == "direct"


def test_prediction_takes_a_gold_type_that_no_marks_show(tmp_path: Path) -> None:
    text = "— Come in now, said Ana."
    gold = document(text, attribution(text, "Come in now", "said", "Ana", type="direct"))
    pred = document(text, attribution(text, "Come in", "said", "Ana", type="indirect"))
    report = score(tmp_path, gold, pred)
    assert report["AR"] == {"all": prf(1, 1, 1, 1), "direct": prf(1, 1, 1, 1)}
    assert report["direct_quotes"]["iou50"] == prf(1, 1, 1, 1)
    assert report["direct_quotes"]["exact"] == prf(0, 0, 1, 1)


def test_equal_contents_prefer_the_same_type(tmp_path: Path) -> None:
    text = "“Ana said taxes rose,” Tom said."
    own = attribution(text, "taxes rose", "said", "Ana")  # indirect: the marks are Tom's
    his = attribution(text, "taxes rose")  # direct
    report = score(tmp_path, document(text, own, his), document(text, his))
    assert report["content_exact"]["direct"] == prf(1, 1, 1, 1)
    assert report["content_exact"]["indirect"] == prf(0, 0, 0, 1)


# --- direct quotes -------------------------------------------------------------------------------


def test_pieces_of_direct_quotes(tmp_path: Path) -> None:
    text = "“We lost,” Tom said, “but we fought on.”"
    gold = document(text, attribution(text, ["“We lost,”", "“but we fought on.”"]))
    pred = document(text, attribution(text, "“We lost,”"), attribution(text, "but we fought"))
    direct = score(tmp_path, gold, pred)["direct_quotes"]
    # Whole contents: 2 of 6 and 3 of 6 words. Pieces: 2 of 2 and 3 of 4.
    assert direct["exact"] == prf(0, 0, 2, 1)
    assert direct["iou50"] == prf(1 / 2, 1, 2, 1)
    assert direct["span_exact"] == prf(1 / 2, 1 / 2, 2, 2)
    assert direct["span_iou50"] == prf(1, 1, 2, 2)


def test_pieces_with_only_marks_between_them_are_one_span(tmp_path: Path) -> None:
    text = "“We lost. And we left,” Tom said."
    gold = document(text, attribution(text, "We lost. And we left"))
    pred = document(text, attribution(text, ["We lost", "And we left"]))
    assert score(tmp_path, gold, pred)["direct_quotes"]["span_exact"] == prf(1, 1, 1, 1)


# --- speakers ------------------------------------------------------------------------------------

NOVEL = "“One two three four.” “Five six seven eight.” “Nine ten.” “Eleven.”"


def spoken(content: str | Sequence[str], speaker: str | None, **fields: Any) -> Json:
    return attribution(NOVEL, content, speaker=speaker, **fields)


def test_speakers_by_quote_type(tmp_path: Path) -> None:
    gold = document(
        NOVEL,
        spoken("“One two three four.”", "Ana", quote_type="explicit"),
        spoken("“Five six seven eight.”", "Tom", quote_type="Implicit"),
        spoken("“Nine ten.”", "Ana", quote_type="implicit"),
        spoken("“Eleven.”", None),  # no speaker in the gold: not counted
    )
    pred = document(
        NOVEL,
        spoken("“One two three four.”", "Ana"),
        spoken(["“Five six seven eight.”", "“Nine ten.”"], "Ana"),
        spoken("“Eleven.”", "Eve"),
    )
    report = score(tmp_path, gold, pred)
    # The joined prediction shares all words of its two gold quotes, so both are detected; it is
    # aligned to one of them (4 of 6 words), where it is wrong.
    assert report["speaker_direct"] == {
        "all": pytest.approx(
            {
                "accuracy": 2 / 3,
                "n_gold": 3,
                "detected": 1.0,
                "accuracy_on_detected": 2 / 3,
                "accuracy_iou50": 1 / 3,
            }
        ),
        "explicit": {
            "accuracy": 1.0,
            "n_gold": 1,
            "detected": 1.0,
            "accuracy_on_detected": 1.0,
            "accuracy_iou50": 1.0,
        },
        "implicit": {
            "accuracy": 1 / 2,
            "n_gold": 2,
            "detected": 1.0,
            "accuracy_on_detected": 1 / 2,
            "accuracy_iou50": 0.0,
        },
    }


def test_undetected_quotes_lower_accuracy(tmp_path: Path) -> None:
    gold = document(NOVEL, spoken("One two three four", "Ana"), spoken("Nine ten", "Tom"))
    pred = document(NOVEL, spoken("One two", "Ana"))
    found = score(tmp_path, gold, pred)["speaker_direct"]["all"]
    assert found["accuracy"] == found["detected"] == 1 / 2
    assert found["accuracy_on_detected"] == 1.0


def test_the_prediction_that_shares_most_words_names_the_speaker(tmp_path: Path) -> None:
    gold = document(NOVEL, spoken("One two three four", "Ana"))
    pred = document(
        NOVEL,
        spoken("One two", "Tom"),
        spoken("One two three four", None),
        spoken("One two three four", "Ana"),  # as many words, and it has a speaker
    )
    assert score(tmp_path, gold, pred)["speaker_direct"]["all"]["accuracy"] == 1.0


def test_labels_mapped_one_to_one(tmp_path: Path) -> None:
    quotes = ["One two three four", "Five six seven eight", "Nine ten", "Eleven"]
    gold = document(NOVEL, *map(spoken, quotes, ["Ana", "Ana", "Tom", "Tom"]))
    pred = document(NOVEL, *map(spoken, quotes, ["S1", "S1", "S1", "S2"]))
    report = score(tmp_path, gold, pred)
    # S1 is Ana (two quotes), S2 is Tom (one); the third quote stays wrong.
    assert report["speaker_direct_mapped_labels"] == {"accuracy": 3 / 4, "n_gold": 4}
    assert report["speaker_direct"]["all"]["accuracy"] == 0.0


def test_speakers_of_any_type(tmp_path: Path) -> None:
    text = "Ana said taxes rose."
    gold = document(text, attribution(text, "taxes rose", "said", "Ana", speaker="Ana"))
    report = score(tmp_path, gold, gold)
    assert report["speaker_any_type"] == {"accuracy": 1.0, "n_gold": 1, "detected": 1.0}
    assert report["speaker_direct"] == {}


@pytest.mark.parametrize(
    ("gold", "pred", "right"),
    [
        ("Ana Bell", "ANA  BELL", True),
        ("Ana Bell", "Ana", False),
        ("Mrs. Bell", "Bell", True),
        ("Mrs. Bell", "Mr. Bell", True),
        ("Mrs. Bell", "Mrs.", False),
        ("The Captain", "Captain", True),  # the last word stays
        ("D’Arcy", "D'Arcy", True),
        ("Ana_Bell", "Ana Bell", True),
        ("Ægir", "aegir", True),
        ("...", "...", False),  # nothing is left
    ],
)
def test_names(tmp_path: Path, gold: str, pred: str, right: bool) -> None:
    report = score(
        tmp_path,
        document(NOVEL, spoken("Nine ten", gold)),
        document(NOVEL, spoken("Nine ten", pred)),
    )
    assert report["speaker_direct"]["all"]["accuracy"] == right


# --- Citron and CofeNet --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gold_cue", "pred_cue", "touches"),
    [("said", "he said", True), ("said", "today", True), ("said", "he", False)],
)
def test_citron_cues_touch_on_one_side(tmp_path: Path, gold_cue: str, pred_cue: str, touches: bool) -> None:
    text = "Now he said today that taxes rose."
    gold = document(text, attribution(text, "taxes rose", gold_cue, "Now"))
    pred = document(text, attribution(text, "taxes rose", pred_cue, "Now"))
    citron = score(tmp_path, gold, pred)["citron_metrics"]
    assert citron["cue_exact"]["f1"] == 0.0
    assert citron["source_exact"] == citron["content_exact"] == prf(float(touches), float(touches), 1, 1)


def test_citron_counts_quotes_without_a_cue_as_wrong(tmp_path: Path) -> None:
    pair = document(WORDS, attribution(WORDS, "two three", "", "one"))
    citron = score(tmp_path, pair, pair)["citron_metrics"]
    for name in ("cue", "source", "content", "quote"):
        assert citron[f"{name}_exact"] == prf(0, 0, 1, 1)


def test_a_span_in_two_attributions_counts_once_in_role_spans(tmp_path: Path) -> None:
    both = document(
        WORDS,
        attribution(WORDS, "three four", "two", "one"),
        attribution(WORDS, "five six", "two", "one"),
    )
    report = score(tmp_path, both, both)
    assert report["role_spans"]["source"]["exact"] == prf(1, 1, 1, 1)
    assert report["role_spans"]["content"]["tokens"] == prf(1, 1, 4, 4)
    # Citron counts tokens by multiplicity: 2 x 2 shared, of 2 predicted.
    assert report["citron_metrics"]["source_overlap"] == prf(2, 2, 2, 2)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "JSON nested too deeply"),
        ("[]", "document: expected an object, got []"),
        ("{}", "id: missing"),
        ('{"id": 7}', "id: expected a string, got 7"),
        ('{"id": "x"}', "text: missing"),
        ('{"id": "x", "text": 1}', "text: expected a string"),
        ('{"id": "x", "text": "", "attributions": {}}', "attributions: expected a list"),
        ('{"id": "x", "text": "", "attributions": [{}, 3]}', "attributions[1]: expected an object"),
    ],
)
def test_malformed_gold_line(tmp_path: Path, line: str, expected: str) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(f"{json.dumps(GOLD)}\n\n{line}\n", encoding="utf-8")
    pred = write(tmp_path / "pred.jsonl", PRED)
    with pytest.raises(ValueError) as caught:
        scoring.score_files(gold, pred)
    assert str(caught.value).startswith(f"{gold}:3: {expected}")


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("content", "taxes", "content"),
        ("content", [[1, 2], [3]], "content[1]"),
        ("content", [[1, 2, 3]], "content[0]"),
        ("content", [[5, 2]], "content[0]"),
        ("content", [[-1, 2]], "content[0]"),
        ("cue", [[1.0, 2.0]], "cue[0]"),
        ("source", [[False, True]], "source[0]"),
        ("source", [["1", "2"]], "source[0]"),
        ("speaker", {"name": "Ana"}, "speaker"),
        ("speaker_aliases", "Ana", "speaker_aliases"),
        ("speaker_aliases", ["Ana", None], "speaker_aliases[1]"),
        ("type", 1, "type"),
        ("quote_type", [], "quote_type"),
        ("score", "0.5", "score"),
        ("score", True, "score"),
        ("score", 1.5, "score"),
    ],
)
def test_malformed_field(tmp_path: Path, field: str, value: object, place: str) -> None:
    broken = document(TEXT, {"content": [[0, 3]]}, {"content": [[0, 3]], field: value})
    with pytest.raises(ValueError) as caught:
        score(tmp_path, GOLD, broken)
    place = f"{tmp_path / 'pred'}:1: attributions[1].{place}: expected "
    assert str(caught.value).startswith(place)


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    pred = tmp_path / "pred"
    pred.write_bytes(b'{"id": "\xff"}\n')
    with pytest.raises(ValueError, match="pred:1: 'utf-8' codec"):
        scoring.score_files(write(tmp_path / "gold", GOLD), pred)


def test_two_predictions_with_one_id(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pred:2: id: 'd' is already on line 1"):
        score(tmp_path, GOLD, [PRED, PRED])


def test_different_text(tmp_path: Path) -> None:
    other = {**PRED, "text": TEXT + "More."}
    with pytest.raises(ValueError, match=r"pred:1: text: differs .* 'd' \(lenient"):
        score(tmp_path, GOLD, other)
    with pytest.warns(UserWarning, match="text: differs"):
        report = score(tmp_path, GOLD, other, lenient=True)
    assert report["AR"]["all"] == prf(2 / 3, 2 / 3, 3, 3)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scoring.score_files(tmp_path / "none", write(tmp_path / "pred", PRED))


# --- calibration ---------------------------------------------------------------------------------


def scored(*parts: tuple[str, float | None]) -> Json:
    return document(WORDS, *(attribution(WORDS, content, score=score) for content, score in parts))


def test_calibration(tmp_path: Path) -> None:
    gold = document(WORDS, *(attribution(WORDS, content) for content in ("one two", "four five", "nine")))
    pred = scored(
        ("one two", 0.9),  # on the border: in the lower bin, and above the threshold
        ("four five", 0.85),
        ("seven", 0.85),  # wrong
        ("ten", 0.05),  # wrong
        ("nine", None),  # right, but without a score
    )
    report = score(tmp_path, gold, pred)
    calibration = report["calibration"]
    assert calibration["bins"] == [
        pytest.approx({"from": 0.0, "to": 0.1, "n": 1, "score": 0.05, "right": 0.0}),
        pytest.approx({"from": 0.8, "to": 0.9, "n": 3, "score": 2.6 / 3, "right": 2 / 3}),
    ]
    assert calibration["n"] == 4
    assert calibration["ece"] == pytest.approx((1 * 0.05 + 3 * (2.6 / 3 - 2 / 3)) / 4)
    thresholds = calibration["by_threshold"]
    assert list(thresholds) == [f"0.{k}" for k in range(1, 10)]
    assert thresholds["0.1"] == thresholds["0.8"] == prf(2 / 3, 2 / 3, 3, 3)
    assert thresholds["0.9"] == prf(1, 1 / 3, 1, 3)
    # The measures that know no scores are as they were.
    assert report["AR"]["all"] == prf(3 / 5, 1, 5, 3)


def test_a_less_sure_twin_takes_no_gold_from_what_is_above_the_threshold(tmp_path: Path) -> None:
    pred = scored(("one two", 0.2), ("one two", 0.8))
    thresholds = score(tmp_path, document(WORDS, attribution(WORDS, "one two")), pred)["calibration"]["by_threshold"]
    assert thresholds["0.2"] == prf(1 / 2, 1, 2, 1)
    assert thresholds["0.3"] == prf(1, 1, 1, 1)
    assert thresholds["0.9"] == prf(0, 0, 0, 1)


def test_calibration_in_the_report(tmp_path: Path) -> None:
    gold = document(WORDS, attribution(WORDS, "one two"))
    plain = scoring.format_report(score(tmp_path, gold, scored(("one two", None))))
    assert "score" not in plain
    table = scoring.format_report(score(tmp_path, gold, scored(("one two", 0.75))))
    assert table.startswith(plain)
    added = [line.split() for line in table[len(plain) :].splitlines() if line]
    assert added[:3] == [
        ["score", "right", "pred"],
        ["score", "0.7", "to", "0.8", "75.00", "100.00", "1"],
        ["expected", "calibration", "error", "25.00", "1"],
    ]
    assert added[3:] == [
        ["AR,", "score", ">=", f"0.{k}", *(["100.00"] * 3 if k < 8 else ["0.00"] * 3), str(int(k < 8)), "1"]
        for k in range(1, 10)
    ]


def test_scores_of_the_gold_do_not_count(tmp_path: Path) -> None:
    gold = document(WORDS, attribution(WORDS, "one two", score="sure"))
    assert "calibration" not in score(tmp_path, gold, document(WORDS, attribution(WORDS, "one two")))


# --- report --------------------------------------------------------------------------------------


def test_report_is_a_table(report: Json) -> None:
    lines = scoring.format_report(report).splitlines()
    assert lines[0] == "1 documents, 0 without prediction; 0 predicted but not in the gold"
    header = next(line for line in lines if line.split() == ["P", "R", "F1", "pred", "gold"])
    row = next(line for line in lines if line.startswith("AR (content"))
    assert row.split()[-5:] == ["66.67", "66.67", "66.67", "3", "3"]
    assert len(row) == len(header)
    speaker = next(line for line in lines if line.startswith("speaker, direct"))
    assert speaker.split()[-5:] == ["100.00", "100.00", "100.00", "100.00", "1"]


def test_report_without_sources_and_speakers(tmp_path: Path) -> None:
    pair = document(WORDS, attribution(WORDS, "one two"))
    table = scoring.format_report(score(tmp_path, pair, pair))
    assert "The gold names no sources" in table
    assert "speaker" not in table
