"""Training a model of attributions on gold data, and what a model says of itself."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from quoth import _core
from quoth.errors import FileFormatError
from quoth.files import at, undecoded
from quoth.matching import number
from quoth.sources import objects

__all__ = ["model_info", "train"]

_Path = str | os.PathLike[str]
_Spans = list[tuple[int, int]]
_Gold = tuple[str, list[tuple[_Spans, _Spans, _Spans]]]


def train(
    gold: _Path | Iterable[_Path],
    output: _Path,
    *,
    dev: _Path | Iterable[_Path] = (),
    epochs: int = 12,
    seed: int = 1,
    threshold: float | None = None,
    trained_on: str | None = None,
    n_threads: int | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    """Trains a model for `Attributor(model=OUTPUT)`: two conditional random fields, one for cues and one
    for the source and content of a cue (Lafferty, McCallum, Pereira 2001), by AdaGrad with feature
    dropout.

    The same gold, options and seed give the same file, bit for bit, on any number of threads.

    Args:
        gold: JSON Lines files, one document a line: `text`, and `attributions` with `content`, `cue`
            and `source` as lists of [start, end] in code points. Attributions that stand in
            another's content are left out.
        output: The model's file; one that is there is replaced once the new one is complete.
        dev: Further files of gold, not trained on. Training stops once they have not become likelier
            for two epochs, and the model's thresholds are chosen by them; how well the model does on
            them stands in the file (`model_info`).
        epochs: Passes over the data, at most.
        seed: Of the order of the texts, and of the features left out at a time.
        threshold: Attributions that are less sure are left out by the model, 0 to 1; 0.2 where
            neither this nor `dev` is given. With `dev`, where the search for the best one starts.
        trained_on: What the file says of its data; the names of the files by default.
        n_threads: Threads to train on; one a core by default.
        progress: Called with what is done ("cues", "roles", "whole"; with `dev` then "thresholds")
            and the epochs or measurements so far.

    Raises:
        FileFormatError: For a line that is no such document; names the file, line and attribution.
        TypeError: For an option of another type.
        ValueError: For an option out of range, or if there is no attribution with a cue.
        OSError: If a file cannot be read, or `output` not be written, which is tried first.
    """
    if not isinstance(epochs, int) or epochs < 1:
        raise ValueError(f"epochs must be an int of 1 or more, got {epochs!r}")
    if threshold is not None and not 0.0 <= number("threshold", threshold) <= 1.0:
        raise ValueError(f"threshold must be between 0 and 1, got {threshold!r}")
    if not isinstance(seed, int) or not 0 <= seed < 2**64:
        raise ValueError(f"seed must be an int of 0 or more, got {seed!r}")
    if n_threads is not None and (not isinstance(n_threads, int) or n_threads < 1):
        raise ValueError(f"n_threads must be None or an int of 1 or more, got {n_threads!r}")
    # Opened first: training takes long, and should not be in vain.
    with _replaced(Path(output)) as file:
        paths = _paths(gold)
        texts = [document for path in paths for document in _documents(path)]
        if not any(cue for _, attributions in texts for _, cue, _ in attributions):
            raise ValueError("the gold holds no attribution with a cue")
        model = _core.train(
            texts,
            [document for path in _paths(dev) for document in _documents(path)],
            data=[p.name for p in paths] if trained_on is None else [trained_on],
            epochs=epochs,
            seed=seed,
            threshold=None if threshold is None else float(threshold),
            n_threads=n_threads or os.cpu_count() or 1,
            tick=progress,
        )
        file.write(model)


@contextmanager
def _replaced(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` once it is whole."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def model_info(model: _Path = "en") -> dict[str, Any]:
    """What a model says of itself: the `data` it was trained on, how many `documents` and
    `attributions` that were, `epochs`, `seed`, and `figures` measured on development data, if any.

    Args:
        model: "en", the model that comes with quoth, or a file that `train` made.

    Raises:
        FileFormatError: If the file is no model, damaged, or of another version.
        OSError: If it cannot be read.
    """
    info: dict[str, Any] = json.loads(_core.model_info(os.fspath(model)))
    return info


def _paths(files: _Path | Iterable[_Path]) -> list[Path]:
    return [Path(files)] if isinstance(files, str | os.PathLike) else [Path(f) for f in files]


def _documents(path: Path) -> Iterator[_Gold]:
    for where, row in objects(path):
        try:
            text = row["text"]
            if not isinstance(text, str):
                raise TypeError("'text' must be a string")
            if undecoded(text):
                raise ValueError("'text' holds a lone surrogate")
            attributions = [_roles(n, a, len(text)) for n, a in enumerate(row["attributions"])]
        except (KeyError, TypeError, ValueError) as e:
            what = f"no {e}" if isinstance(e, KeyError) else str(e)
            raise FileFormatError(f"{at(where)}: {what}") from None
        yield text, attributions


def _roles(n: int, attribution: Any, length: int) -> tuple[_Spans, _Spans, _Spans]:
    if not isinstance(attribution, dict):
        raise TypeError(f"attribution {n} must be an object, got {type(attribution).__name__}")
    found = []
    for role in ("content", "cue", "source"):
        try:
            spans = [(int(start), int(end)) for start, end in attribution.get(role) or ()]
        except (TypeError, ValueError):
            raise TypeError(f"{role!r} of attribution {n} must be a list of [start, end]") from None
        for start, end in spans:
            if not 0 <= start <= end <= length:
                raise ValueError(f"the span [{start}, {end}] of {role!r} of attribution {n} is not within the text")
        found.append(spans)
    return found[0], found[1], found[2]
