"""What one text gives: mentions, attributions, speakers, and the document that holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Attribution", "Class", "Document", "Entry", "Mention", "Polarity", "Span", "Speaker", "Type"]

Span = tuple[int, int]
"""Half open: `text[start:end]`. Code points, or UTF-8 bytes where `offsets="bytes"` was asked for."""
Type = Literal["direct", "indirect", "mixed"]
Class = Literal["assertion", "belief", "fact", "eventuality"]
Polarity = Literal["positive", "negative"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a gazetteer knows.

    Attributes:
        id: The user's identifier.
        label: PERSON, ORG, GPE …; "" where none was given.
        name: The canonical name.
        names: Further names (aliases).
        priority: Which entry comes first where several have the found name; higher first.
        properties: Whatever else the record held.
        related: Ids of entries that it belongs with.
    """

    id: str
    label: str
    name: str
    names: tuple[str, ...] = ()
    priority: float = 0.0
    properties: Mapping[str, Any] = field(default_factory=dict, hash=False)
    related: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """A gazetteer's name, found in a text.

    Attributes:
        start: First code point (or byte, on request).
        end: One past the last.
        text: `text[start:end]` of the text searched.
        entry: The entry that has this name; the best where several have it.
        candidates: All entries that have this name, best first.
        score: How well the text has the name: 1 as the options say, 0.9 a short form that the
            document gives, less by the share of letters where there are mistakes.
    """

    start: int
    end: int
    text: str
    entry: Entry
    candidates: tuple[Entry, ...] = field(repr=False)
    score: float = 1.0

    @property
    def id(self) -> str:
        """The entry's id."""
        return self.entry.id

    @property
    def label(self) -> str:
        """The entry's label."""
        return self.entry.label

    @property
    def name(self) -> str:
        """The entry's canonical name."""
        return self.entry.name


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person or body that says something in a document.

    Attributes:
        name: The canonical name: the gazetteer's where linked, else the fullest in the document.
        label: PERSON, ORG, GPE …; "" where unknown.
        id: The id of the gazetteer's entry; None where not linked.
        mention_spans: Where the document names this speaker, by pronouns too.
    """

    name: str
    label: str
    id: str | None
    mention_spans: tuple[Span, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Attribution:
    """A source says, thinks or wants a content.

    Attributes:
        content: What is said; pieces are joined by a space.
        content_spans: Its pieces, in order; never empty.
        cue: The words that report it; "" for a quotation that nothing introduces.
        cue_spans: Where they stand.
        source: The words that name who says it here; "" where the text names nobody.
        source_spans: Where they stand.
        speaker: Who the source is; None where unknown.
        addressee: Whom it is said to, where named; else None.
        addressee_span: Where.
        type: "direct" (all in quotation marks), "indirect" (none) or "mixed" (some).
        class_: The attitude (PARC 3, Pareti 2012): "assertion" (said), "belief" (thinks), "fact"
            (knows) or "eventuality" (wants, ordered).
        polarity: "negative" where the source denies or does not say it; else "positive".
        parent: Index, in the document's attributions, of the one that this is nested in; or None.
        score: How sure, 0 to 1.
    """

    content: str
    content_spans: tuple[Span, ...] = field(repr=False)
    cue: str
    cue_spans: tuple[Span, ...] = field(repr=False)
    source: str
    source_spans: tuple[Span, ...] = field(repr=False)
    speaker: Speaker | None
    addressee: str | None
    addressee_span: Span | None = field(repr=False)
    type: Type
    class_: Class
    polarity: Polarity
    parent: int | None
    score: float


@dataclass(frozen=True, slots=True)
class Document:
    """One text, read: who said what, about whom. Shows itself in a notebook.

    Attributes:
        text: The text.
        attributions: Who said what, in text order.
        speakers: The people and bodies that said it, in the order they first speak.
        mentions: The gazetteer's names, in text order; empty without a gazetteer.
        offsets: The unit of all spans: "chars" (code points) or "bytes" (UTF-8).
    """

    text: str = field(repr=False)
    attributions: tuple[Attribution, ...] = field(repr=False)
    speakers: tuple[Speaker, ...] = field(repr=False)
    mentions: tuple[Mention, ...] = field(repr=False)
    offsets: Literal["chars", "bytes"] = "chars"

    def __repr__(self) -> str:
        """Says how much was found."""
        return (
            f"Document({len(self.text)} characters, {len(self.attributions)} attributions, "
            f"{len(self.speakers)} speakers, {len(self.mentions)} mentions)"
        )

    def _repr_html_(self) -> str:
        from quoth.display import document_html

        return document_html(self)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the text as plain dicts and lists, ready for `json.dumps`."""
        return {
            # As the tables call it; Python has no name `class`.
            "attributions": [{k.rstrip("_"): v for k, v in asdict(a).items()} for a in self.attributions],
            "speakers": [asdict(s) for s in self.speakers],
            "mentions": [
                {
                    "start": m.start,
                    "end": m.end,
                    "text": m.text,
                    "id": m.id,
                    "name": m.name,
                    "label": m.label,
                    "candidates": [c.id for c in m.candidates],
                    "score": m.score,
                }
                for m in self.mentions
            ],
        }

    def to_json(self, *, indent: int | None = None) -> str:
        """`to_dict` as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)
