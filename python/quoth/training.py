"""Training a model of attributions on gold data, and what a model says of itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from quoth import _core
from quoth.errors import FileFormatError

__all__ = ["model_info", "train"]

_HEADER = 16
_Spans = list[tuple[int, int]]
_Gold = tuple[str, list[tuple[_Spans, _Spans, _Spans]]]


def train(
    gold: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    *,
    epochs: int = 12,
    seed: int = 1,
    threshold: float = 0.5,
    trained_on: str | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Trains a model for `Attributor(model=OUTPUT)`: two conditional random fields, one for cues and one
    for the source and content of a cue.

    The same gold, options and seed give the same file, bit for bit.

    Args:
        gold: JSON Lines files, one document a line: `text`, and `attributions` with `content`, `cue`
            and `source` as lists of [start, end] in code points. Attributions that stand in
            another's content are left out.
        output: The model's file; one that is there is replaced once the new one is complete.
        epochs: Passes over the data.
        seed: Of the order of the texts, and of the features left out at a time.
        threshold: Attributions that are less sure are left out by the model, 0 to 1.
        trained_on: What the file says of its data; the names of the files by default.
        progress: Called with what is trained and the epochs done.

    Raises:
        FileFormatError: For a line that is no such document; names the file and line.
        ValueError: For an option out of range, or if there is no attribution with a cue.
        OSError: If a file cannot be read or written.
    """
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs must be an int of 1 or more, got {epochs!r}")
    if not 0.0 <= threshold <= 1.0:
        raise ValueError(f"threshold must be between 0 and 1, got {threshold!r}")
    if not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise ValueError(f"seed must be an int of 0 or more, got {seed!r}")
    paths = [Path(gold)] if isinstance(gold, str | os.PathLike) else [Path(g) for g in gold]
    texts = [document for path in paths for document in _documents(path)]
    if not any(cue for _, attributions in texts for _, cue, _ in attributions):
        raise ValueError("the gold holds no attribution with a cue")
    named = ", ".join(p.name for p in paths) if trained_on is None else trained_on
    model = _core.train(texts, epochs=epochs, seed=seed, threshold=float(threshold), trained_on=named, tick=progress)
    output = Path(output)
    part = output.with_name(output.name + ".part")
    try:
        part.write_bytes(model)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


def model_info(model: str | os.PathLike[str]) -> dict[str, Any]:
    """What the file of a model says of itself: what it was `trained_on`, how many `texts` and
    `attributions` that were, `epochs`, `seed`, and its `threshold`.

    Args:
        model: A file that `train` made.

    Raises:
        FileFormatError: If the file is no model, damaged, or of another version.
        OSError: If it cannot be read.
    """
    data = Path(model).read_bytes()
    # Checks all of it.
    _core.Attributor(None, model=os.fspath(model), types=[], min_score=0.0, top_level=False)
    # After a header of 16 bytes: a length, seven bits a byte, the lowest first, then JSON.
    at, length = _HEADER, 0
    while True:
        length |= (data[at] & 127) << 7 * (at - _HEADER)
        at += 1
        if data[at - 1] < 128:
            break
    info: dict[str, Any] = json.loads(data[at : at + length])
    return info


def _documents(path: Path) -> Iterator[_Gold]:
    with path.open(encoding="utf-8-sig") as file:
        for n, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                text = row["text"]
                if not isinstance(text, str):
                    raise TypeError("'text' must be a string")
                attributions = [_roles(a, len(text)) for a in row["attributions"]]
            except (KeyError, TypeError, ValueError, AttributeError) as e:
                what = f"no {e}" if isinstance(e, KeyError) else str(e)
                raise FileFormatError(f"{path}, line {n}: {what}") from None
            yield text, attributions


def _roles(attribution: dict[str, Any], length: int) -> tuple[_Spans, _Spans, _Spans]:
    found = []
    for role in ("content", "cue", "source"):
        spans = [(int(start), int(end)) for start, end in attribution.get(role) or ()]
        for start, end in spans:
            if not 0 <= start <= end <= length:
                raise ValueError(f"the span [{start}, {end}] of {role!r} is not within the text")
        found.append(spans)
    return found[0], found[1], found[2]
