"""Texts with their mentions marked or replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from quoth.results import Mention

__all__ = ["annotate", "annotate_html", "replace"]


def replace(text: str, mentions: Iterable[Mention], by: str | Callable[[Mention], str]) -> str:
    """Replaces mentions: to redact, to pseudonymise, to link.

    Args:
        text: The text that was searched.
        mentions: What `Gazetteer.find` gave, in code points. Of mentions that overlap the first and
            longest is replaced.
        by: The new text, in which {text}, {id}, {name} and {label} stand for the mention's own, or a
            function of the mention.

    Returns:
        The text with the mentions replaced; all else is as it was.

    Raises:
        ValueError: If a mention does not fit the text (another text, or offsets in bytes), or `by`
            names something else in braces.

    Example:
        >>> gaz = Gazetteer([{"id": "Q1", "name": "Ruth Tan", "label": "PERSON"}])
        >>> replace("Ruth Tan left.", gaz.find("Ruth Tan left."), "[{label}]")
        '[PERSON] left.'
    """
    return _walk(text, mentions, lambda m: by(m) if callable(by) else _filled(by, m), str)


def _walk(text: str, mentions: Iterable[Mention], mark: Callable[[Mention], str], rest: Callable[[str], str]) -> str:
    out: list[str] = []
    end = 0
    for m in sorted(mentions, key=lambda m: (m.start, -m.end)):
        if text[m.start : m.end] != m.text:
            raise ValueError(f"{m.text!r} is not at {m.start} to {m.end} of the text; are its offsets bytes?")
        if m.start < end:
            continue
        out += rest(text[end : m.start]), mark(m)
        end = m.end
    out.append(rest(text[end:]))
    return "".join(out)


def _filled(template: str, m: Mention) -> str:
    try:
        return template.format(text=m.text, id=m.id, name=m.name, label=m.label)
    except (KeyError, IndexError, AttributeError) as e:
        raise ValueError(f"{template!r} may hold {{text}}, {{id}}, {{name}} and {{label}}, not {e}") from None


def annotate(text: str, mentions: Iterable[Mention], template: str = "[{text}]({id})") -> str:
    """Marks mentions inside the text; arguments, result and errors as in `replace`.

    Example:
        >>> gaz = Gazetteer([{"id": "Q1", "name": "Ruth Tan"}])
        >>> annotate("Ruth Tan left.", gaz.find("Ruth Tan left."))
        '[Ruth Tan](Q1) left.'
    """
    return replace(text, mentions, template)


def annotate_html(text: str, mentions: Iterable[Mention]) -> str:
    """The text as HTML with every mention in a `<mark>` that has its id and label; errors as in `replace`."""

    def mark(m: Mention) -> str:
        of = f'data-id="{escape(m.id)}" data-label="{escape(m.label)}" title="{escape(m.name)}"'
        return f"<mark {of}>{escape(m.text)}</mark>"

    return _walk(text, mentions, mark, escape)
