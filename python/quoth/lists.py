"""Reads entries of a gazetteer from lists of names and from patterns of spaCy's EntityRuler."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable

from quoth.errors import FileFormatError, GazetteerError
from quoth.files import at, lines
from quoth.sources import Located, Row, jsonl_records

__all__ = ["entity_ruler_records", "name_records"]


def name_records(names: str | os.PathLike[str] | Iterable[str], label: str, encoding: str) -> Located:
    """Reads names that are here, or a file of one a line; a name is its own id.

    Blank lines of a file are skipped; a line that is not in the encoding comes as an error.
    """
    if isinstance(names, str | os.PathLike):
        for where, line in lines(names, encoding):
            if isinstance(line, FileFormatError):
                yield where, line
            elif name := line.strip():
                yield where, _named(name, label)
        return
    for n, name in enumerate(names):
        where = ("name", n)
        if isinstance(name, str):
            yield where, _named(name, label)
        else:
            yield where, GazetteerError(f"{at(where)}: expected a str, got {type(name).__name__}")


def _named(name: str, label: str) -> Row:
    return {"id": name, "name": name, "label": label} if label else name


def entity_ruler_records(path: str | os.PathLike[str], encoding: str) -> Located:
    """Reads patterns of spaCy's EntityRuler: JSON Lines of `label`, `pattern` and perhaps `id`.

    A pattern is a text, or a list of tokens that say no more than their text (LOWER, TEXT or ORTH);
    any other token pattern comes as an error. Without an `id` it is the label and the text.
    """
    for where, pattern in jsonl_records(path, encoding):
        if isinstance(pattern, FileFormatError):
            yield where, pattern
            continue
        label = pattern.get("label")
        if "pattern" not in pattern or not isinstance(label, str) or not label:
            yield where, FileFormatError(f"{at(where)}: expected 'label' and 'pattern', got {', '.join(pattern)}")
            continue
        name = _pattern_text(pattern["pattern"])
        if not name:
            shown = json.dumps(pattern["pattern"], ensure_ascii=False)
            yield where, FileFormatError(f"{at(where)}: not a pattern of texts alone: {shown:.80}")
            continue
        id = pattern.get("id")
        yield where, {"id": f"{label}:{name}" if id in (None, "") else str(id), "name": name, "label": label}


def _pattern_text(pattern: object) -> str | None:
    if isinstance(pattern, str):
        return pattern
    if not isinstance(pattern, list):
        return None
    words = []
    for token in pattern:
        if not isinstance(token, dict) or len(token) != 1:
            return None
        [(attribute, value)] = token.items()
        if attribute.upper() not in ("LOWER", "TEXT", "ORTH") or not isinstance(value, str):
            return None
        words.append(value)
    # spaCy makes three tokens of al-Assad, and two of Tan's.
    return re.sub(r" ([-‐‑–]) | (?=['’])", r"\1", " ".join(words))
