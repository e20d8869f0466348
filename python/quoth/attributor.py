"""The attributor: who said what, in one text, in many, in a stream."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args

from quoth import _core
from quoth.gazetteer import Gazetteer, OffsetUnit, _bytes, _threads
from quoth.matching import number
from quoth.progress import Bar
from quoth.results import Attribution, Document, Span, Speaker, Type
from quoth.tables import Attributions, Mentions, Speakers, Status

__all__ = ["Attributor", "Model", "Preset"]

Model = Literal["rules", "en"]
Preset = Literal["balanced", "precision", "recall"]

# What each asks for at least; "recall" lets a model propose more besides.
_PRESETS: dict[str, float] = {"balanced": 0.0, "precision": 0.65, "recall": 0.0}


class Attributor:
    """Finds who said what, and links speakers to a gazetteer.

    Safe to share between threads; pickles, so that it ships to workers.

    Args:
        gazetteer: Names to find and to link speakers to; none by default.
        model: How cues, sources and contents are found. "en": by a learned model that has the rules'
            findings among its features. "rules": by a lexicon of cues and the order of phrases around
            them; four times as fast, and finds less. A path: by a model that `train` made.
        types: Which attributions to give. Direct ones alone are found six times as fast: by
            rules, which find them nearly as well as the model that comes with quoth.
        min_score: Leave out attributions that are less sure, 0 to 1; with a learned model the score is
            how many of those that sure were right on development data. "balanced": what serves
            precision and recall alike. "precision": only what is 0.65 sure. "recall": a learned model
            proposes what is less sure too.
        top_level: Leave out attributions that are nested in another's content.

    Raises:
        TypeError: If `gazetteer` is no Gazetteer, or an option of another type.
        ValueError: For an option that is none of the choices or out of range.
        FileFormatError: If the model's file is none, damaged, or of another version.

    Example:
        >>> doc = Attributor().read("“The bridge is safe,” Ann Lee told reporters.")
        >>> doc.attributions[0].speaker.name, doc.attributions[0].content
        ('Ann Lee', '“The bridge is safe,”')
    """

    __slots__ = ("_gazetteer", "_inner", "_options")

    def __init__(
        self,
        gazetteer: Gazetteer | None = None,
        *,
        model: Model | str | os.PathLike[str] = "en",
        types: Iterable[Type] = ("direct", "indirect", "mixed"),
        min_score: float | Preset = "balanced",
        top_level: bool = False,
    ) -> None:
        if gazetteer is not None and not isinstance(gazetteer, Gazetteer):
            raise TypeError(f"gazetteer must be a Gazetteer or None, got {type(gazetteer).__name__}")
        model = os.fspath(model)
        if model not in get_args(Model) and not os.path.exists(model):
            names = ", ".join(map(repr, get_args(Model)))
            raise ValueError(f"model must be one of {names}, or a file that train() made, got {model!r}")
        if model not in get_args(Model):
            # As gazetteers do, so that it pickles to workers in other folders.
            model = os.path.abspath(model)
        if not hasattr(types, "__iter__"):
            raise TypeError(f"types must be many of {', '.join(map(repr, get_args(Type)))}, got {types!r}")
        wanted = (types,) if isinstance(types, str) else tuple(types)
        for kind in wanted:
            if kind not in get_args(Type):
                raise ValueError(f"types must be among {', '.join(map(repr, get_args(Type)))}, got {kind!r}")
        if isinstance(min_score, str):
            if min_score not in _PRESETS:
                names = ", ".join(map(repr, _PRESETS))
                raise ValueError(f"min_score must be a number or one of {names}, got {min_score!r}")
            least = _PRESETS[min_score]
        else:
            least = min_score = number("min_score", min_score)
            if not 0.0 <= least <= 1.0:
                raise ValueError(f"min_score must be between 0 and 1, got {min_score!r}")
        self._gazetteer = gazetteer
        self._options: dict[str, Any] = {
            "model": model,
            "types": wanted,
            "min_score": min_score,
            "top_level": bool(top_level),
        }
        self._inner = _core.Attributor(
            None if gazetteer is None else gazetteer._inner,
            model=model,
            types=list(wanted),
            min_score=least,
            eager=min_score == "recall",
            top_level=bool(top_level),
        )

    @property
    def gazetteer(self) -> Gazetteer | None:
        """The gazetteer that speakers are linked to."""
        return self._gazetteer

    def read(self, text: str, *, offsets: OffsetUnit = "chars") -> Document:
        """Reads one text.

        Args:
            text: The text.
            offsets: "chars": code points, so that `text[start:end]` is what a span names. "bytes":
                UTF-8.

        Raises:
            TypeError: If `text` is no str.
            ValueError: If it has 4 GiB or more, or `offsets` is none of the choices.
        """
        found = self._inner.read(text, bytes=_bytes(offsets))
        speakers = tuple(self._speaker(*s) for s in found["speakers"])
        attributions = tuple(_attribution(a, speakers) for a in found["attributions"])
        mentions = () if self._gazetteer is None else tuple(self._gazetteer._mention(*m) for m in found["mentions"])
        return Document(text, attributions, speakers, mentions, offsets)

    def _speaker(self, name: str, label: str, entry: int | None, spans: list[Span]) -> Speaker:
        linked = None if entry is None or self._gazetteer is None else self._gazetteer._entry(entry).id
        return Speaker(name, label, linked, tuple(spans))

    def read_all(
        self,
        texts: Any,
        *,
        ids: Any = None,
        offsets: OffsetUnit = "chars",
        n_threads: int | None = None,
        progress: bool | None = None,
    ) -> Attributions:
        """Reads many texts, in parallel.

        Args:
            texts: An iterable of str (None for a missing text), or any Arrow column of strings
                (a polars or pandas Series, a pyarrow array …).
            ids: One id a text, alike; kept as strings.
            offsets: As in `read`.
            n_threads: Threads; one a core by default. The result does not depend on it.
            progress: True for a progress bar, False for none; by default one comes after a second
                where someone is looking.

        Returns:
            A table, one row an attribution. Its `mentions`, `speakers` and `status` are tables of
            the same texts; a text that cannot be read has a row in `status` that says why.

        Raises:
            TypeError: If `texts` is one str, bytes, a mapping or no iterable.
            ValueError: If there are not as many ids as texts, an option is out of range, or what is
                found in few texts passes 2 GiB.
            KeyboardInterrupt: On Ctrl-C, between chunks of a few MB.
        """
        with Bar("Reading", texts, show=progress) as bar:
            attributions, mentions, speakers, status = self._inner.read_all(
                texts, ids=ids, bytes=_bytes(offsets), n_threads=_threads(n_threads), tick=bar
            )
        statuses = Status(status)
        return Attributions(attributions, Mentions(mentions, statuses), Speakers(speakers), statuses)

    def stream(
        self,
        batches: Any,
        *,
        text: str = "text",
        id: str | None = None,
        offsets: OffsetUnit = "chars",
        n_threads: int | None = None,
    ) -> Iterator[Attributions]:
        """Reads a stream of Arrow batches with bounded memory: gives a table out for every batch in.

        Args:
            batches: Anything with `__arrow_c_stream__` (a `pyarrow.RecordBatchReader`, a dataset's
                scanner, a polars DataFrame …), or an iterable of Arrow tables or record batches.
            text: Column of the texts.
            id: Column of the ids; none by default.
            offsets: As in `read`.
            n_threads: As in `read_all`.

        Returns:
            For every batch the attributions; `doc` counts from 0 in each.

        Raises:
            ValueError: For an option that is out of range. While iterating: if a column is missing;
                names those there are.
            TypeError: If `batches` are none.
            ImportError: Without pyarrow.
        """
        _bytes(offsets)
        _threads(n_threads)

        def read(batch: Any) -> Attributions:
            names = batch.schema.names
            for column in (text,) if id is None else (text, id):
                if column not in names:
                    raise ValueError(f"no column {column!r}; the columns are {', '.join(names)}")
            return self.read_all(
                batch.column(text),
                ids=None if id is None else batch.column(id),
                offsets=offsets,
                n_threads=n_threads,
                progress=False,
            )

        return map(read, _record_batches(batches))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the gazetteer and the options, of which a model that is a file goes by its path."""
        return (_unpickle, (type(self), self._gazetteer, self._options))

    def __repr__(self) -> str:
        """Says how it reads."""
        options = ", ".join(f"{k}={v!r}" for k, v in self._options.items())
        return f"Attributor(gazetteer={self._gazetteer!r}, {options})"


def _unpickle(kind: type[Attributor], gazetteer: Gazetteer | None, options: dict[str, Any]) -> Attributor:
    model = options["model"]
    if model not in get_args(Model) and not os.path.exists(model):
        raise FileNotFoundError(errno.ENOENT, "the model of a pickled Attributor is gone", model)
    return kind(gazetteer, **options)


def _attribution(a: dict[str, Any], speakers: tuple[Speaker, ...]) -> Attribution:
    speaker = a.pop("speaker")
    for role in ("content_spans", "cue_spans", "source_spans"):
        a[role] = tuple(a[role])
    return Attribution(speaker=None if speaker is None else speakers[speaker], **a)


def _record_batches(batches: Any) -> Iterator[Any]:
    try:
        import pyarrow
    except ImportError as e:
        raise ImportError('streams need pyarrow: pip install "quoth[files]"') from e
    if hasattr(batches, "__arrow_c_stream__"):
        return iter(pyarrow.RecordBatchReader.from_stream(batches))
    if isinstance(batches, (str, bytes)) or not hasattr(batches, "__iter__"):
        raise TypeError(f"batches must be a stream or many batches of Arrow, got {type(batches).__name__}")

    def each() -> Iterator[Any]:
        for batch in batches:
            if hasattr(batch, "__arrow_c_array__"):
                yield pyarrow.record_batch(batch)
            else:
                yield from pyarrow.RecordBatchReader.from_stream(batch)

    return each()
