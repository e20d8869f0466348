"""How a document shows itself in a notebook: its text with the roles marked, and a table."""

from __future__ import annotations

import itertools
import re
from html import escape

from quoth.results import Attribution, Document, Span

__all__ = ["document_html"]

_LONGEST = 20_000
_COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf")


def document_html(document: Document) -> str:
    """HTML of a document: contents tinted by speaker, sources bold, cues underlined; then a table.

    Works on light and dark backgrounds; needs no script. Texts of more than 20,000 characters show
    their table only.
    """
    colours = {s.name: _COLOURS[n % len(_COLOURS)] for n, s in enumerate(document.speakers)}
    parts = ["<div class='quoth' style='line-height:1.6'>"]
    if len(document.text) <= _LONGEST and document.offsets == "chars":
        parts.append(f"<div style='white-space:pre-wrap;max-width:60em'>{_marked(document, colours)}</div>")
    rows = "".join(_row(n, a, colours) for n, a in enumerate(document.attributions))
    head = "".join(f"<th style='text-align:left'>{h}</th>" for h in ("", "speaker", "type", "cue", "content", "score"))
    parts.append(f"<table style='margin-top:1em'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")
    parts.append(f"<p>{escape(repr(document))}</p></div>")
    # A lone surrogate cannot be sent to a browser.
    return re.sub("[\ud800-\udfff]", "\ufffd", "".join(parts))


def _colour(attribution: Attribution, colours: dict[str, str]) -> str:
    return "#7f7f7f" if attribution.speaker is None else colours[attribution.speaker.name]


def _row(n: int, a: Attribution, colours: dict[str, str]) -> str:
    speaker = "" if a.speaker is None else escape(a.speaker.name)
    nested = "" if a.parent is None else f" <small>(in {a.parent})</small>"
    cells = (
        f"<span style='white-space:nowrap'><span style='color:{_colour(a, colours)}'>&#9632;</span> {n}{nested}</span>",
        speaker + (f" <small>{escape(a.speaker.id)}</small>" if a.speaker and a.speaker.id else ""),
        a.type + (" <small>(denied)</small>" if a.polarity == "negative" else ""),
        escape(a.cue),
        escape(a.content),
        f"{a.score:.2f}",
    )
    return "<tr>" + "".join(f"<td style='text-align:left;vertical-align:top'>{c}</td>" for c in cells) + "</tr>"


def _marked(document: Document, colours: dict[str, str]) -> str:
    """The text with nested marks: every boundary closes and opens all styles that hold there."""
    layers: list[tuple[Span, str, str]] = []
    for n, a in enumerate(document.attributions):
        who = "somebody" if a.speaker is None else a.speaker.name
        title = escape(f"{n}: {who} ({a.type})", quote=True)
        colour = _colour(a, colours)
        layers += [(s, f"background-color:{colour}33", title) for s in a.content_spans]
        layers += [(s, f"border-bottom:2px solid {colour}", title) for s in a.cue_spans]
        layers += [(s, f"font-weight:bold;color:{colour}", title) for s in a.source_spans]
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for k, (span, _, _) in enumerate(layers):
        starts.setdefault(span[0], []).append(k)
        ends.setdefault(span[1], []).append(k)
    borders = sorted({0, len(document.text), *starts, *ends})
    active: list[int] = []
    out = []
    for start, end in itertools.pairwise(borders):
        active = [k for k in active if k not in ends.get(start, ())] + starts.get(start, [])
        piece = escape(document.text[start:end])
        if active:
            style = ";".join(layers[k][1] for k in active)
            piece = f"<span style='{style}' title='{layers[active[-1]][2]}'>{piece}</span>"
        out.append(piece)
    return "".join(out)
