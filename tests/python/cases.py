"""Case files shared with the Rust tests, their inline marks, and texts that are hard to read."""

from __future__ import annotations

import tomllib
from collections.abc import Set
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

FOLDER = Path(__file__).parents[1] / "cases"


def cases(file: str, required: Set[str], optional: Set[str] = frozenset()) -> list[Json]:
    """The cases of `tests/cases/{file}.toml`; an unknown key is a case that would test less than it says."""
    content = tomllib.loads((FOLDER / f"{file}.toml").read_text(encoding="utf-8"))
    assert set(content) == {"case"}
    found: list[Json] = content["case"]
    for case in found:
        assert required <= set(case) <= required | optional, case.get("name")
    assert len({case["name"] for case in found}) == len(found), "two cases of one name"
    return found


def gazetteer_marks(text: str) -> tuple[str, list[tuple[int, int, list[str]]]]:
    """Takes out `⟦…→ids⟧`: the text, and start, end and ids of the mentions as they are sorted."""
    plain, spans, opened = "", [], []
    rest = iter(text)
    for char in rest:
        if char == "⟦":
            opened.append(len(plain))
        elif char == "→":
            ids = "".join(iter(lambda: next(rest), "⟧"))
            spans.append((opened.pop(), len(plain), ids.split(",")))
        else:
            plain += char
    assert not opened
    return plain, sorted(spans, key=lambda s: (s[0], -s[1]))


def attribution_marks(text: str) -> tuple[str, list[tuple[str, int, int]]]:
    """Takes out `⟦role …⟧`: the text, and role (x1, c1, s1 …), start and end of every mark."""
    plain, spans, opened = "", [], []
    rest = iter(text)
    for char in rest:
        if char == "⟦":
            opened.append(("".join(iter(lambda: next(rest), " ")), len(plain)))
        elif char == "⟧":
            role, start = opened.pop()
            spans.append((role, start, len(plain)))
        else:
            plain += char
    assert not opened
    return plain, sorted(spans)


def readable(text: str) -> str:
    """The text as it is searched: a lone surrogate, which UTF-8 does not have, stands as U+FFFD."""
    return "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)


_MARKS = [*" .,?!…—:;()[]\"“”„‘’'`«»‹›「」", " ", " ", "\n", "\n\n", "\r\n", "\t", "--", "``", "''"]
_WORDS = [
    *("Kim", "Ruth Tan", "Zoë", "東京", "👍", "he", "she", "who", "the minister", "Mr.", "U.S.", "I", "A", "X"),
    *("said", "says", "told reporters", "denied", "according to", "did not say", "asked", "wants", "said:"),
    *("that", "to", "but", "and", "’s", "s’", "’tis", "don't", "1,500", "No."),
]
_ODD = ["İ", "ß", "ﬁ", "e\u0301", "\xad", "\u200b", "\u200d", "\ufeff", "\0", "\ufffd", "👩‍👧", "שלום", "قال", "\ud800"]


def tricky_texts() -> st.SearchStrategy[str]:
    """Texts made of marks, cues, names and odd characters, and any text at all."""
    piece = st.sampled_from(_MARKS) | st.sampled_from(_WORDS) | st.sampled_from(_ODD)
    return st.lists(piece, max_size=60).map("".join) | st.text(max_size=40)
