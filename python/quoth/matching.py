"""How a gazetteer's names are compared with texts: the options, checked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any, Literal, TypedDict, get_args

__all__ = ["Case", "Matching", "decode", "encode", "number"]

Case = Literal["fold", "exact", "smart"]


class Matching(TypedDict, total=False):
    """How names match. All are fixed when a gazetteer is built.

    Attributes:
        case: "fold" (default): case makes no difference. "exact": it must be the same. "smart": as
            "fold", but a name in capitals (WHO) or that is a common word (Will) must match its case.
        fold_accents: Whether Zoe finds Zoë and the reverse.
        overlapping: Whether names inside longer names are given too; by default the longest at a
            place is.
        whole_words: Whether names are found as whole words only (default). False finds them inside
            words too, by an automaton that is built at the first search.
        plural: Whether the English plural of a name is the name: Democrats finds Democrat.
        derive: Whether names are derived from names, by label. PERSON: without middle names, "Last,
            First", and, once the full name was seen in the document, the surname alone or with a
            title, and initials. ORG: without The, Inc., Ltd, plc, GmbH …, and an acronym that the
            text gives in brackets. GPE and LOC: "Springfield, Ill.", and "Springfield" after it.
        stop_names: Names that are not searched: an iterable of them, or True for the built-in list
            of common English words that are also names (Will, Chad, Reading).
        min_length: Letters that a name must have to be searched.
        max_edits: Spelling mistakes that a name may have: 0 (default), 1 or 2. A mistake is a letter
            too many, too few, another, or two swapped; a word may have one for every three letters,
            and numbers none. Exact names go before.
        min_edit_length: Letters that a name must have for one mistake (5 by default); for two, twice
            as many.
    """

    case: Case
    fold_accents: bool
    overlapping: bool
    whole_words: bool
    plural: bool
    derive: bool
    stop_names: bool | Iterable[str]
    min_length: int
    max_edits: int
    min_edit_length: int


_DEFAULTS: dict[str, Any] = {
    "case": "fold",
    "fold_accents": False,
    "overlapping": False,
    "whole_words": True,
    "plural": False,
    "derive": False,
    "stop_names": False,
    "min_length": 0,
    "max_edits": 0,
    "min_edit_length": 5,
}
_LEAST_AND_MOST = {"min_length": (0, 1000), "max_edits": (0, 2), "min_edit_length": (1, 1000)}


def number(name: str, value: object) -> float:
    """An argument that is a number.

    Raises:
        TypeError: If it is none; a bool is none.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    return float(value)


def encode(options: Mapping[str, Any]) -> str:
    """The options as the core reads them.

    Raises:
        TypeError: For an option that there is not, or of another type.
        ValueError: For a value that is none of the choices.
    """
    unknown = [o for o in options if o not in _DEFAULTS]
    if unknown:
        raise TypeError(f"no option {unknown[0]!r}; the options are {', '.join(_DEFAULTS)}")
    full = {**_DEFAULTS, **options}
    if full["case"] not in get_args(Case):
        raise ValueError(f"case must be one of {', '.join(map(repr, get_args(Case)))}, got {full['case']!r}")
    for name, (least, most) in _LEAST_AND_MOST.items():
        value = full[name]
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"{name} must be an int, got {type(value).__name__}")
        if not least <= value <= most:
            raise ValueError(f"{name} must be from {least} to {most}, got {value}")
    stops = full.pop("stop_names")
    full["stop_common_words"] = stops is True
    full["stop_names"] = _stop_names(stops)
    for name in ("fold_accents", "overlapping", "whole_words", "plural", "derive"):
        full[name] = bool(full[name])
    return json.dumps(full)


def _stop_names(value: bool | Iterable[str]) -> list[str]:
    if isinstance(value, bool):
        return []
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"stop_names must be a bool or many names, got {type(value).__name__}")
    names = list(value)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"stop_names must be strings, got {type(name).__name__}")
    return names


def decode(text: str) -> dict[str, Any]:
    """The options that differ from the defaults, as a user writes them."""
    full = json.loads(text)
    common = full.pop("stop_common_words")
    full["stop_names"] = True if common else full["stop_names"] or False
    return {name: full[name] for name, default in _DEFAULTS.items() if full[name] != default}
