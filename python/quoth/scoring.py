"""Scores a file of predicted attributions against a file of gold ones."""

from __future__ import annotations

import json
import os
import re
import reprlib
import unicodedata
import warnings
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

__all__ = ["format_report", "score_files"]

_Span = tuple[int, int]
_Indices = tuple[int, ...]  # of tokens, ascending
_Matching = dict[int, int]  # prediction -> gold, one to one
_Side = Literal["pred", "gold"]

_TYPES = ("direct", "indirect", "mixed")
_ROLES = ("content", "cue", "source")


def score_files(gold: str | os.PathLike[str], pred: str | os.PathLike[str], *, lenient: bool = False) -> dict[str, Any]:
    """Scores predicted attributions against gold ones.

    Both files are JSON Lines, one document a line, with offsets in code points, half open:
    `{"id", "text", "attributions": [{"content": [[start, end], ...], "cue": [...],
    "source": [...], "type", "speaker", "speaker_aliases", "quote_type"}]}`. Predictions need no
    text, and of each attribution only the spans, the speaker and the score (0 to 1) count. A gold
    document without a prediction counts as one in which nothing was found; predicted documents
    that are not in the gold are counted but not scored.

    Args:
        gold: The file with the right answers.
        pred: The file with the predictions.
        lenient: Where a prediction's text differs from the gold text, warn and score it all the
            same.

    Returns:
        The measures by name; those of spans as p, r, f1, n_pred and n_gold. p, r, f1 and the
        accuracies lie between 0 and 1. Where predictions have scores, `calibration` says whether
        these are how often predictions are right (AR): the expected calibration error `ece` (Guo
        et al. 2017, "On Calibration of Modern Neural Networks") over the `n` with a score, the
        `bins` of scores that it is made of, and AR of what has a score of .1, .2 … .9 or more
        (`by_threshold`).

    Raises:
        OSError: A file cannot be read.
        ValueError: A line is malformed, two predictions have the same id, or (unless `lenient`)
            the texts differ. The message names file, line and field.
    """
    predictions = _by_id(pred)
    documents = list(_read(gold, needs_text=True))
    _compare_texts(documents, predictions, pred, lenient=lenient)
    has_sources = any(record.source for document in documents for record in document.records)
    scorer = _Scorer(has_sources)
    for document in documents:
        prediction = predictions.get(document.id)
        scorer.add(_Pair(document.text, document.records, prediction.records if prediction else ()))
    ids = {document.id for document in documents}
    return {
        "gold_has_sources": has_sources,
        "documents": len(documents),
        "documents_without_prediction": sum(d.id not in predictions for d in documents),
        **scorer.result(),
        "predicted_documents_not_in_gold": sum(id not in ids for id in predictions),
    }


# --- reading -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Record:
    """One attribution as the file has it."""

    content: tuple[_Span, ...]
    cue: tuple[_Span, ...]
    source: tuple[_Span, ...]
    kind: str | None
    speaker: str | None
    aliases: tuple[str, ...]
    quote_type: str | None
    score: float | None


@dataclass(frozen=True, slots=True)
class _Document:
    """One line of a file; `text` is "" where a prediction has none (`has_text`)."""

    line: int
    id: str
    text: str
    has_text: bool
    records: tuple[_Record, ...]


def _by_id(path: str | os.PathLike[str]) -> dict[str, _Document]:
    documents: dict[str, _Document] = {}
    for document in _read(path, needs_text=False):
        if document.id in documents:
            first = documents[document.id].line
            raise ValueError(f"{os.fspath(path)}:{document.line}: id: {document.id!r} is already on line {first}")
        documents[document.id] = document
    return documents


def _compare_texts(
    documents: Iterable[_Document],
    predictions: Mapping[str, _Document],
    path: str | os.PathLike[str],
    *,
    lenient: bool,
) -> None:
    for document in documents:
        prediction = predictions.get(document.id)
        if prediction is None or not prediction.has_text or prediction.text == document.text:
            continue
        where = f"{os.fspath(path)}:{prediction.line}: text"
        problem = f"{where}: differs from the gold text of document {document.id!r}"
        if not lenient:
            raise ValueError(f"{problem} (lenient scores it all the same)")
        warnings.warn(problem, stacklevel=3)


def _read(path: str | os.PathLike[str], *, needs_text: bool) -> Iterator[_Document]:
    with open(path, "rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield _document(_parse(line), number, needs_text=needs_text)
            except ValueError as error:
                raise ValueError(f"{os.fspath(path)}:{number}: {error}") from error


def _parse(line: bytes) -> object:
    try:
        return json.loads(line.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error


def _document(value: object, line: int, *, needs_text: bool) -> _Document:
    fields = _object(value, "document")
    id = _string(fields, "id")
    if id is None:
        raise ValueError("id: missing")
    text = _string(fields, "text")
    if text is None and needs_text:
        raise ValueError("text: missing")
    records = tuple(
        _record(attribution, f"attributions[{i}]", is_gold=needs_text)
        for i, attribution in enumerate(_list(fields, "attributions"))
    )
    return _Document(line, id, text or "", text is not None, records)


def _record(value: object, where: str, *, is_gold: bool) -> _Record:
    fields = _object(value, where)
    within = f"{where}."
    return _Record(
        content=_spans(fields, "content", within),
        cue=_spans(fields, "cue", within),
        source=_spans(fields, "source", within),
        kind=_string(fields, "type", within),
        speaker=_string(fields, "speaker", within),
        aliases=_strings(fields, "speaker_aliases", within),
        quote_type=_string(fields, "quote_type", within),
        score=None if is_gold else _share(fields, "score", within),
    )


def _object(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _unexpected(where, "an object", value)
    return value


def _string(fields: Mapping[str, object], name: str, within: str = "") -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise _unexpected(within + name, "a string", value)
    return value


def _share(fields: Mapping[str, object], name: str, within: str) -> float | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise _unexpected(within + name, "a number from 0 to 1", value)
    return float(value)


def _list(fields: Mapping[str, object], name: str, within: str = "") -> list[object]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _unexpected(within + name, "a list", value)
    return value


def _strings(fields: Mapping[str, object], name: str, within: str) -> tuple[str, ...]:
    strings = []
    for i, value in enumerate(_list(fields, name, within)):
        if not isinstance(value, str):
            raise _unexpected(f"{within}{name}[{i}]", "a string", value)
        strings.append(value)
    return tuple(strings)


def _spans(fields: Mapping[str, object], name: str, within: str) -> tuple[_Span, ...]:
    spans = []
    for i, value in enumerate(_list(fields, name, within)):
        match value:
            # bool is an int to Python, but no offset
            case [int(start), int(end)] if 0 <= start <= end and bool not in map(type, value):
                spans.append((start, end))
            case _:
                raise _unexpected(f"{within}{name}[{i}]", "[start, end] with start <= end", value)
    return tuple(spans)


def _unexpected(where: str, expected: str, value: object) -> ValueError:
    return ValueError(f"{where}: expected {expected}, got {reprlib.repr(value)}")


# --- quotation marks -----------------------------------------------------------------------------

_BLANK_LINES = re.compile(r"\n[ \t\r\f]*\n\s*")
_NEWLINES = re.compile(r"\n+")
_DOUBLE_MARK = re.compile(r"``|''|[“„‟«”»\"]")
_SINGLE_MARK = re.compile(r"[‘’'‛]")

# What looks like an opening mark before these is an apostrophe: 'tis, 'em, '90s.
_ELIDED = re.compile(
    r"(?:bout|cause|cept|em|fraid|gainst|mongst|n|neath|nuff|pon|til|till|tis|tother|twas|twere"
    r"|twill|twould|\d\ds?)\b",
    re.IGNORECASE,
)

# Used only to see which marks the text prefers.
_DOUBLE_OPENING = re.compile(r"[“„«]|(?<!\w)\"(?=\w)|``")
_SINGLE_OPENING = re.compile(r"(?<![\w’'])[‘'](?=[A-Z])")

_BEFORE_SINGLE_OPENING = frozenset('([{—–-“„"«_*…')
_AFTER_SINGLE_OPENING = frozenset('…“"_*(—-.[‘')
_BEFORE_SINGLE_CLOSING = frozenset('.,!?;:—–-…)_*"”')
_AFTER_DOUBLE_CLOSING = frozenset(",.;:!?)")

# Where single marks are not the main ones, a closing mark must come within the first distance,
# and after a doubtful one ("dogs' owners") the search goes on if another mark is within the second.
_LONGEST_SINGLE = 600
_NEXT_SINGLE = 200


class _Quotations:
    """The stretches of a text inside quotation marks of one kind, in order, without overlap."""

    def __init__(self, spans: list[_Span]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def around(self, position: int) -> _Span | None:
        i = bisect_right(self._starts, position) - 1
        return self._spans[i] if i >= 0 and position < self._spans[i][1] else None


def _quotations(text: str) -> tuple[_Quotations, _Quotations]:
    """Returns what stands in double and what in single marks, the marks included."""
    doubles, singles = (sum(1 for _ in opening.finditer(text)) for opening in (_DOUBLE_OPENING, _SINGLE_OPENING))
    prefers_single = singles > 2 * doubles
    in_double: list[_Span] = []
    in_single: list[_Span] = []
    for paragraph in _paragraphs(text):
        in_double += _in_double_marks(text, paragraph)
        in_single += _in_single_marks(text, paragraph, main=prefers_single)
    return _Quotations(in_double), _Quotations(in_single)


def _paragraphs(text: str) -> Iterator[_Span]:
    """Splits at blank lines or, in a text without any, at every line."""
    gap = _BLANK_LINES if _BLANK_LINES.search(text) else _NEWLINES
    start = 0
    for found in gap.finditer(text):
        if start < found.start():
            yield start, found.start()
        start = found.end()
    if start < len(text):
        yield start, len(text)


def _neighbours(text: str, paragraph: _Span, mark: _Span) -> tuple[str, str]:
    """Returns the characters beside a mark; a space at the borders of the paragraph."""
    before = text[mark[0] - 1] if mark[0] > paragraph[0] else " "
    after = text[mark[1]] if mark[1] < paragraph[1] else " "
    return before, after


def _in_double_marks(text: str, paragraph: _Span) -> Iterator[_Span]:
    opened: int | None = None
    for mark in _DOUBLE_MARK.finditer(text, *paragraph):
        before, after = _neighbours(text, paragraph, mark.span())
        first = mark.start() == paragraph[0]
        action = _double_action(mark[0], before, after, is_open=opened is not None, first=first)
        if action == "open":
            if opened is not None:  # its closing mark is missing
                yield opened, mark.start()
            opened = mark.start()
        elif action == "close" and opened is not None:
            yield opened, mark.end()
            opened = None
    if opened is not None:
        yield opened, paragraph[1]


def _double_action(
    mark: str, before: str, after: str, *, is_open: bool, first: bool
) -> Literal["open", "close", "skip"]:
    """Says what a double mark does; marks are often missing, straight or the wrong way round."""
    looks_opening = before.isspace() and not after.isspace()
    if mark == "``":
        return "open"
    if mark == "''":
        return "close" if is_open else "skip" if after.isspace() else "open"
    if mark in "“„‟«":
        # On a new line it continues the same speech.
        return "skip" if is_open and before == "\n" else "open"
    if mark in "”»":
        return "close" if is_open else "open" if first or looks_opening else "skip"
    if not is_open:
        # After a word and before a space: a stray closing mark, or inches.
        return "skip" if before.isalnum() and after.isspace() else "open"
    if looks_opening and after not in _AFTER_DOUBLE_CLOSING:
        return "skip" if before == "\n" else "open"
    return "close"


def _in_single_marks(text: str, paragraph: _Span, *, main: bool) -> Iterator[_Span]:
    marks = [mark.start() for mark in _SINGLE_MARK.finditer(text, *paragraph)]
    done = paragraph[0]
    for i, start in enumerate(marks):
        if start < done or not _opens_single(text, paragraph, start):
            continue
        closing = _closing_single(text, paragraph, marks, i, main=main)
        if closing is None and not main:
            continue
        done = paragraph[1] if closing is None else closing + 1
        yield start, done


def _opens_single(text: str, paragraph: _Span, position: int) -> bool:
    mark = text[position]
    before, after = _neighbours(text, paragraph, (position, position + 1))
    if mark == "’" or before == "'" or (mark == after == "'"):
        return False
    if not (before.isspace() or before in _BEFORE_SINGLE_OPENING):
        return False
    if not (after.isalnum() or after in _AFTER_SINGLE_OPENING):
        return False
    return not (mark == "'" and _ELIDED.match(text, position + 1))


def _closing_single(text: str, paragraph: _Span, marks: Sequence[int], opening: int, *, main: bool) -> int | None:
    """Finds the mark that closes `marks[opening]`.

    A mark that punctuation precedes or no space follows closes for sure; any other may be the
    apostrophe of a plural and is taken only where no sure one comes.
    """
    start = marks[opening]
    doubtful: int | None = None
    for i in range(opening + 1, len(marks)):
        position = marks[i]
        if text[position] == "‘":
            if main and doubtful is None:
                continue
            break
        before, after = _neighbours(text, paragraph, (position, position + 1))
        if before.isspace() or after.isalnum():
            continue
        if not main and position - start > _LONGEST_SINGLE:
            break
        if before in _BEFORE_SINGLE_CLOSING or not after.isspace():
            return position
        if doubtful is None:
            doubtful = position
            following = marks[i + 1 : i + 2]
            if not main and not (following and following[0] - start < _NEXT_SINGLE):
                break
    return doubtful


# --- tokens --------------------------------------------------------------------------------------

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")

# Sources that share only these do not name the same speaker.
_STOPWORD_LIST = """
    a an and are as at be been but by for from her hers his in is its my of on or our s that the
    their theirs these this those to was were which who whom whose with your
"""
_STOPWORDS = frozenset(_STOPWORD_LIST.split())


class _Text:
    """The tokens of a text (words, and other marks one by one) and its quotations."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._middles: list[int] = []
        self._is_word: list[bool] = []
        self._is_stopword: list[bool] = []
        for token in _TOKEN.finditer(text):
            start, end = token.span()
            self._starts.append(start)
            self._middles.append((start + end - 1) // 2)
            self._is_word.append(_is_word_character(text[start]))
            self._is_stopword.append(token[0].lower() in _STOPWORDS)
        self._quotations = _quotations(text)

    def tokens(self, spans: Iterable[_Span]) -> _Indices:
        """Returns the tokens whose middle lies in one of the spans."""
        found: set[int] = set()
        for start, end in spans:
            found.update(range(bisect_left(self._middles, start), bisect_left(self._middles, end)))
        return tuple(sorted(found))

    def words(self, tokens: _Indices) -> _Indices:
        """Returns those that are words; all where none is, so that `!` can still be found."""
        return tuple(i for i in tokens if self._is_word[i]) or tokens

    def without_stopwords(self, tokens: _Indices) -> frozenset[int]:
        return frozenset(i for i in tokens if not self._is_stopword[i])

    def runs(self, tokens: _Indices) -> list[_Indices]:
        """Cuts into stretches of words with no word between them that is not in `tokens`."""
        words = tuple(i for i in tokens if self._is_word[i])
        cuts = [
            k
            for k, (i, j) in enumerate(pairwise(words), 1)
            if any(self._is_word[between] for between in range(i + 1, j))
        ]
        borders = pairwise([0, *cuts, len(words)])
        return [words[start:end] for start, end in borders if start < end]

    def token_spans(self, spans: Iterable[_Span]) -> tuple[_Span, ...]:
        """Returns the spans, in order, as first token and one past the last."""
        found = (self.tokens([span]) for span in sorted(spans))
        return tuple((tokens[0], tokens[-1] + 1) for tokens in found if tokens)

    def kind(self, record: _Record) -> str:
        """Returns the type: direct if all words stand in quotation marks, indirect if none does.

        Marks that also enclose the cue (the source, if there is no cue) do not count: there
        someone else quotes the whole attribution.
        """
        words = self.words(self.tokens(record.content))
        anchors = record.cue or record.source
        quoted = sum(self._is_quoted(self._starts[i], anchors) for i in words)
        if quoted == 0:
            return "indirect"
        return "direct" if quoted == len(words) else "mixed"

    def _is_quoted(self, position: int, anchors: Sequence[_Span]) -> bool:
        for quotations in self._quotations:
            quotation = quotations.around(position)
            if quotation and not any(quotation[0] <= start and end <= quotation[1] for start, end in anchors):
                return True
        return False


def _is_word_character(character: str) -> bool:
    # A combining mark that follows no letter is a token of its own.
    return character.isalnum() or unicodedata.category(character).startswith("M")


# --- names ---------------------------------------------------------------------------------------

_TITLE_LIST = """
    aunt baron baroness brother capt captain col colonel count countess dame detective doctor dr
    duchess duke father gen general gov governor hon honorable honourable inspector judge justice
    king lady lieutenant lord lt m madame mademoiselle maj major master miss missus mister mistress
    mlle mme monsieur mother mr mrs ms officer president prince princess prof professor queen rep
    representative rev reverend sen senator sergeant sgt sir sister st the uncle
"""
_TITLES = frozenset(_TITLE_LIST.split())
_FOLDED = str.maketrans({"’": "'", "_": " ", "æ": "ae", "œ": "oe"} | dict.fromkeys('.,;:!?"“”()[]*', " "))


def _fold_name(name: str) -> str:
    """Folds case, space, punctuation and titles; a title stays where nothing else would."""
    words = unicodedata.normalize("NFKC", name).casefold().translate(_FOLDED).split()
    while len(words) > 1 and words[0] in _TITLES:
        del words[0]
    return " ".join(words)


def _is_right_speaker(predicted: _Record, gold: _Record) -> bool:
    if not predicted.speaker or not gold.speaker:
        return False
    name = _fold_name(predicted.speaker)
    return name != "" and name in map(_fold_name, (gold.speaker, *gold.aliases))


# --- a document's gold and predicted attributions ------------------------------------------------


@dataclass(slots=True)
class _Item:
    """An attribution in tokens; content, cue and source are words, `tokens` has all marks."""

    record: _Record
    kind: str
    kind_is_odd: bool
    tokens: _Indices
    content: _Indices
    cue: _Indices
    source: _Indices
    source_names: frozenset[int]
    runs: list[_Indices]


class _Pair:
    """The gold and the predicted attributions of one document, compared by content.

    Attributes:
        text: The tokens of the text.
        gold: The gold attributions.
        pred: The predicted ones.
        shared: For each prediction, how many words it shares with which gold attribution.
        similar: For each prediction, the gold attributions with IoU of at least half, best first.
    """

    def __init__(self, text: str, gold: Iterable[_Record], pred: Iterable[_Record]) -> None:
        self.text = _Text(text)
        self.gold = self._items(gold, is_gold=True)
        self.pred = self._items(pred, is_gold=False)
        pred_contents = [item.content for item in self.pred]
        gold_contents = [item.content for item in self.gold]
        self.shared = _shared(pred_contents, gold_contents)
        self.similar = _similar(pred_contents, gold_contents, self.shared)
        self._adopt_odd_kinds()

    def match(self, fits: Callable[[_Item, _Item], bool], only: Sequence[bool] | None = None) -> _Matching:
        """Matches predictions (all, or some only) to similar gold ones that fit, as many as possible."""
        wanted = [True] * len(self.pred) if only is None else only
        return _largest_matching(
            [
                [j for j in similar if is_wanted and fits(predicted, self.gold[j])]
                for predicted, similar, is_wanted in zip(self.pred, self.similar, wanted, strict=True)
            ]
        )

    def _items(self, records: Iterable[_Record], *, is_gold: bool) -> list[_Item]:
        items = (_item(self.text, record, is_gold=is_gold) for record in records)
        return [item for item in items if item.content]

    def _adopt_odd_kinds(self) -> None:
        # The gold may know of direct speech that no marks show (a dash, as in Joyce). Predictions
        # of the same content take its type, else they would count under the wrong one.
        for predicted, shared, similar in zip(self.pred, self.shared, self.similar, strict=True):
            for j in shared:
                if self.gold[j].kind_is_odd and j in similar:
                    predicted.kind = self.gold[j].kind


def _item(text: _Text, record: _Record, *, is_gold: bool) -> _Item:
    tokens = text.tokens(record.content)
    source = text.words(text.tokens(record.source))
    computed = text.kind(record)
    kind = record.kind if is_gold and record.kind in _TYPES else computed
    return _Item(
        record=record,
        kind=kind,
        kind_is_odd=kind != computed,
        tokens=tokens,
        content=text.words(tokens),
        cue=text.words(text.tokens(record.cue)),
        source=source,
        source_names=text.without_stopwords(source),
        runs=text.runs(tokens),
    )


def _shared(pred: Iterable[_Indices], gold: Iterable[_Indices]) -> list[Counter[int]]:
    """Counts, for each prediction, the tokens that it shares with each gold one it touches."""
    owners: defaultdict[int, list[int]] = defaultdict(list)
    for j, tokens in enumerate(gold):
        for token in tokens:
            owners[token].append(j)
    return [Counter(j for token in tokens for j in owners.get(token, ())) for tokens in pred]


def _iou(pred: _Indices, gold: _Indices, shared: int) -> float:
    return shared / (len(pred) + len(gold) - shared)


def _similar(pred: Sequence[_Indices], gold: Sequence[_Indices], shared: Sequence[Counter[int]]) -> list[list[int]]:
    """Lists, for each prediction, the gold ones with IoU of at least half, best first."""
    ranked = (
        sorted((-_iou(tokens, gold[j], n), j) for j, n in counts.items())
        for tokens, counts in zip(pred, shared, strict=True)
    )
    return [[j for negative, j in row if negative <= -0.5] for row in ranked]


def _largest_matching(candidates: Sequence[Iterable[int]]) -> _Matching:
    """Matches as many as possible, by augmenting paths (Kuhn's algorithm).

    Args:
        candidates: For each left node the right ones it may get, best first.

    Returns:
        The right node of each left node that got one.
    """
    owner: dict[int, int] = {}
    for left in range(len(candidates)):
        _augment(left, candidates, owner)
    return {left: right for right, left in owner.items()}


def _augment(left: int, candidates: Sequence[Iterable[int]], owner: dict[int, int]) -> None:
    """Gives `left` a right node, moving others to their next choice where that helps."""
    tried: set[int] = set()
    path = [left]
    options = [iter(candidates[left])]
    wanted: list[int] = []  # wanted[k] is what path[k] would get
    while path:
        right = next((option for option in options[-1] if option not in tried), None)
        if right is None:
            path.pop()
            options.pop()
            if wanted:
                wanted.pop()
            continue
        tried.add(right)
        wanted.append(right)
        if right not in owner:
            owner.update(zip(wanted, path, strict=True))
            return
        path.append(owner[right])
        options.append(iter(candidates[owner[right]]))


# --- measures ------------------------------------------------------------------------------------


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _prf(right_pred: float, n_pred: int, right_gold: float, n_gold: int) -> dict[str, Any]:
    """Precision over the predictions, recall over the gold, and their harmonic mean."""
    p, r = _ratio(right_pred, n_pred), _ratio(right_gold, n_gold)
    return {"p": p, "r": r, "f1": _ratio(2 * p * r, p + r), "n_pred": n_pred, "n_gold": n_gold}


class _Tally:
    """Adds up scores of predictions (for precision) and of gold (for recall), by type."""

    def __init__(self) -> None:
        self._score: defaultdict[tuple[_Side, str], float] = defaultdict(float)
        self._count: Counter[tuple[_Side, str]] = Counter()

    def add(self, side: _Side, kind: str, score: float) -> None:
        for key in ("all", kind):
            self._score[side, key] += score
            self._count[side, key] += 1

    def add_matching(self, pred: Iterable[str], gold: Iterable[str], matching: _Matching) -> None:
        """Adds 1 for what is matched and 0 for the rest; `pred` and `gold` are the types."""
        for i, kind in enumerate(pred):
            self.add("pred", kind, i in matching)
        found = set(matching.values())
        for j, kind in enumerate(gold):
            self.add("gold", kind, j in found)

    def add_pair(self, pair: _Pair, matching: _Matching) -> None:
        pred, gold = ((item.kind for item in items) for items in (pair.pred, pair.gold))
        self.add_matching(pred, gold, matching)

    def overall(self) -> dict[str, Any]:
        return self._prf("all")

    def by_type(self) -> dict[str, dict[str, Any]]:
        seen = {kind for _, kind in self._count}
        return {kind: self._prf(kind) for kind in ("all", *_TYPES) if kind == "all" or kind in seen}

    def _prf(self, kind: str) -> dict[str, Any]:
        pred: tuple[_Side, str] = ("pred", kind)
        gold: tuple[_Side, str] = ("gold", kind)
        return _prf(self._score[pred], self._count[pred], self._score[gold], self._count[gold])


class _Contents:
    """Contents alone: exact, and soft, the mean share of a content that the other side covers.

    Both as in Pareti et al. 2013, "Automatically Detecting and Attributing Indirect Quotations".
    """

    def __init__(self) -> None:
        self.exact = _Tally()
        self.exact_with_punctuation = _Tally()
        self.soft = _Tally()
        self.any_overlap = _Tally()

    def add(self, pair: _Pair) -> None:
        self.exact.add_pair(pair, _match_equal(pair, lambda item: item.content))
        self.exact_with_punctuation.add_pair(pair, _match_equal(pair, lambda item: item.tokens))
        covered = [0.0] * len(pair.gold)
        for predicted, shared in zip(pair.pred, pair.shared, strict=True):
            share = shared.total() / len(predicted.content)
            self._add("pred", predicted.kind, share)
            for j, n in shared.items():
                covered[j] += n / len(pair.gold[j].content)
        for item, share in zip(pair.gold, covered, strict=True):
            self._add("gold", item.kind, share)

    def _add(self, side: _Side, kind: str, share: float) -> None:
        # Nested contents may cover a word twice.
        self.soft.add(side, kind, min(1.0, share))
        self.any_overlap.add(side, kind, share > 0)


def _match_equal(pair: _Pair, key: Callable[[_Item], _Indices]) -> _Matching:
    """Matches attributions with the same key, of the same type where there is a choice."""
    unmatched: defaultdict[_Indices, list[int]] = defaultdict(list)
    for j, item in enumerate(pair.gold):
        unmatched[key(item)].append(j)
    matching: _Matching = {}
    for i, predicted in enumerate(pair.pred):
        equal = unmatched.get(key(predicted))
        if equal:
            same_kind = (j for j in equal if pair.gold[j].kind == predicted.kind)
            matching[i] = next(same_kind, equal[0])
            equal.remove(matching[i])
    return matching


class _Attributions:
    """Whole attributions: content and source together, and cue too in `all_exact`.

    Gold that names no source anywhere (fiction) is compared by content only.
    """

    def __init__(self, has_sources: bool) -> None:
        self._has_sources = has_sources
        self.half = _Tally()
        self.strict = _Tally()
        self.all_exact = _Tally()
        self.calibration = _Calibration()

    def add(self, pair: _Pair) -> None:
        right = pair.match(self._same_source)
        self.half.add_pair(pair, right)
        self.calibration.add(pair, right, self._same_source)
        self.strict.add_pair(pair, pair.match(self._same_content_and_source))
        self.all_exact.add_pair(pair, pair.match(self._same_in_all))

    def _same_source(self, predicted: _Item, gold: _Item) -> bool:
        if not self._has_sources:
            return True
        if not gold.source or not predicted.source:
            return not gold.source and not predicted.source
        if not gold.source_names:  # "who", "her": any shared word will do
            return not set(gold.source).isdisjoint(predicted.source)
        return not gold.source_names.isdisjoint(predicted.source_names)

    def _same_content_and_source(self, predicted: _Item, gold: _Item) -> bool:
        return predicted.content == gold.content and self._same_source(predicted, gold)

    def _same_in_all(self, predicted: _Item, gold: _Item) -> bool:
        if predicted.content != gold.content:
            return False
        same_roles = predicted.source == gold.source and predicted.cue == gold.cue
        return same_roles or not self._has_sources


class _Calibration:
    """How often predictions of a score are right, and what is left above a score.

    The expected calibration error is that of Guo et al. 2017, "On Calibration of Modern Neural
    Networks": bins of equal width, with their upper borders; the distance between their mean score
    and their share of right predictions, averaged over the predictions.
    """

    _BORDERS = tuple(k / 10 for k in range(1, 10))  # of the bins; the thresholds too

    def __init__(self) -> None:
        self._bins: list[list[tuple[float, bool]]] = [[] for _ in range(len(self._BORDERS) + 1)]
        self._above = {least: [0, 0] for least in self._BORDERS}  # right ones, all
        self._n_gold = 0

    def add(self, pair: _Pair, right: _Matching, fits: Callable[[_Item, _Item], bool]) -> None:
        self._n_gold += len(pair.gold)
        scores = [item.record.score for item in pair.pred]
        for i, score in enumerate(scores):
            if score is not None:
                self._bins[bisect_left(self._BORDERS, score)].append((score, i in right))
        for least, counts in self._above.items():
            above = [score is not None and score >= least for score in scores]
            # As if the others had never been predicted: they take no gold from those above.
            matching = pair.match(fits, above)
            _add_to(counts, (len(matching), sum(above)))

    def result(self) -> dict[str, Any] | None:
        """Returns None where no prediction has a score."""
        n = sum(map(len, self._bins))
        if not n:
            return None
        borders = pairwise((0.0, *self._BORDERS, 1.0))
        bins = [_bin(low, high, found) for (low, high), found in zip(borders, self._bins, strict=True) if found]
        return {
            "ece": sum(row["n"] * abs(row["score"] - row["right"]) for row in bins) / n,
            "n": n,
            "bins": bins,
            "by_threshold": {
                str(least): _prf(right, n_above, right, self._n_gold) for least, (right, n_above) in self._above.items()
            },
        }


def _bin(low: float, high: float, found: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    n = len(found)
    return {
        "from": low,
        "to": high,
        "n": n,
        "score": sum(score for score, _ in found) / n,
        "right": sum(right for _, right in found) / n,
    }


class _Role:
    """Cues or sources, over the pairs aligned by content and end to end (over all)."""

    def __init__(self, words: Callable[[_Item], _Indices]) -> None:
        self._words = words
        self._exact, self._soft = _Tally(), _Tally()
        self._exact_of_all, self._soft_of_all = _Tally(), _Tally()

    def add(self, pair: _Pair, aligned: _Matching) -> None:
        self._add_side("pred", pair.pred, pair.gold, aligned)
        self._add_side("gold", pair.gold, pair.pred, {j: i for i, j in aligned.items()})

    def _add_side(self, side: _Side, items: Sequence[_Item], others: Sequence[_Item], partners: _Matching) -> None:
        for i, item in enumerate(items):
            words = self._words(item)
            if not words:
                continue
            other = self._words(others[partners[i]]) if i in partners else ()
            exact, soft = words == other, len({*words} & {*other}) / len(words)
            self._exact_of_all.add(side, item.kind, exact)
            self._soft_of_all.add(side, item.kind, soft)
            if i in partners:
                self._exact.add(side, item.kind, exact)
                self._soft.add(side, item.kind, soft)

    def result(self) -> dict[str, Any]:
        return {
            "exact": self._exact.by_type(),
            "soft": self._soft.by_type(),
            "e2e_exact": self._exact_of_all.by_type(),
            "e2e_soft": self._soft_of_all.by_type(),
        }


class _DirectQuotes:
    """Direct quotations whoever speaks: whole contents, and their uninterrupted stretches."""

    def __init__(self) -> None:
        self._tallies = {name: _Tally() for name in ("exact", "iou50", "span_exact", "span_iou50")}

    def add(self, pair: _Pair) -> None:
        pred, gold = ([item for item in items if item.kind == "direct"] for items in (pair.pred, pair.gold))
        self._add("", [item.content for item in pred], [item.content for item in gold])
        self._add("span_", _all_runs(pred), _all_runs(gold))

    def _add(self, prefix: str, pred: Sequence[_Indices], gold: Sequence[_Indices]) -> None:
        similar = _similar(pred, gold, _shared(pred, gold))
        equal = [[j for j in row if gold[j] == tokens] for tokens, row in zip(pred, similar, strict=True)]
        pred_kinds, gold_kinds = ["direct"] * len(pred), ["direct"] * len(gold)
        for name, candidates in (("exact", equal), ("iou50", similar)):
            matching = _largest_matching(candidates)
            self._tallies[prefix + name].add_matching(pred_kinds, gold_kinds, matching)

    def result(self) -> dict[str, Any]:
        return {name: tally.overall() for name, tally in self._tallies.items()}


def _all_runs(items: Iterable[_Item]) -> list[_Indices]:
    return sorted({run for item in items for run in item.runs})


class _Accuracy:
    """How many gold speakers there are, how many quotations were found, how many are right."""

    def __init__(self) -> None:
        self._gold = self._detected = self._right = self._right_iou50 = 0

    def add(self, *, detected: bool, right: bool, right_iou50: bool) -> None:
        self._gold += 1
        self._detected += detected
        self._right += right
        self._right_iou50 += right_iou50

    def short(self) -> dict[str, Any]:
        return {
            "accuracy": _ratio(self._right, self._gold),
            "n_gold": self._gold,
            "detected": _ratio(self._detected, self._gold),
        }

    def result(self) -> dict[str, Any]:
        return {
            **self.short(),
            "accuracy_on_detected": _ratio(self._right, self._detected),
            "accuracy_iou50": _ratio(self._right_iou50, self._gold),
        }


class _Speakers:
    """Speakers by name, end to end: the quotation must be found too."""

    def __init__(self) -> None:
        self._any_type = _Accuracy()
        self._direct: defaultdict[str, _Accuracy] = defaultdict(_Accuracy)
        self._n_direct = 0
        self._mapped = 0

    def add(self, pair: _Pair, aligned: _Matching) -> None:
        best = _best_predictions(pair)
        partners = {j: i for i, j in aligned.items()}
        labels: Counter[tuple[str, str]] = Counter()
        for j, item in enumerate(pair.gold):
            speaker = item.record.speaker
            if not speaker:
                continue
            found = pair.pred[best[j]].record if j in best else None
            partner = pair.pred[partners[j]].record if j in partners else None
            self._add(item, found, partner)
            if item.kind == "direct":
                self._n_direct += 1
                if found and found.speaker:
                    labels[found.speaker, speaker] += 1
        self._mapped += _right_if_mapped(labels)

    def _add(self, item: _Item, found: _Record | None, partner: _Record | None) -> None:
        accuracies = [self._any_type]
        if item.kind == "direct":
            accuracies.append(self._direct["all"])
            if item.record.quote_type:
                accuracies.append(self._direct[item.record.quote_type.lower()])
        right = found is not None and _is_right_speaker(found, item.record)
        right_iou50 = partner is not None and _is_right_speaker(partner, item.record)
        for accuracy in accuracies:
            accuracy.add(detected=found is not None, right=right, right_iou50=right_iou50)

    def result(self) -> dict[str, Any]:
        return {
            "speaker_direct": {key: value.result() for key, value in sorted(self._direct.items())},
            "speaker_direct_mapped_labels": {
                "accuracy": _ratio(self._mapped, self._n_direct),
                "n_gold": self._n_direct,
            },
            "speaker_any_type": self._any_type.short(),
        }


def _best_predictions(pair: _Pair) -> dict[int, int]:
    """Finds, for each gold attribution, the prediction that shares most of its words.

    It must share half the words of the shorter one; the speaker of a long speech is known even
    where only one of its pieces was found, or several were joined.
    """
    best: dict[int, tuple[int, float, bool, int]] = {}
    for i, (predicted, shared) in enumerate(zip(pair.pred, pair.shared, strict=True)):
        for j, n in shared.items():
            pred, gold = predicted.content, pair.gold[j].content
            if 2 * n >= min(len(pred), len(gold)):
                rank = (n, _iou(pred, gold, n), bool(predicted.record.speaker), -i)
                best[j] = max(rank, best.get(j, rank))
    return {j: -rank[3] for j, rank in best.items()}


def _right_if_mapped(labels: Counter[tuple[str, str]]) -> int:
    """Maps predicted labels to gold speakers one to one, most frequent first; counts the right."""
    used_pred: set[str] = set()
    used_gold: set[str] = set()
    right = 0
    for (pred, gold), n in sorted(labels.items(), key=lambda entry: (-entry[1], entry[0])):
        if pred not in used_pred and gold not in used_gold:
            used_pred.add(pred)
            used_gold.add(gold)
            right += n
    return right


class _Citron:
    """The measures of Citron (BBC, github.com/bbc/citron, citron/metrics.py), over our tokens.

    Citron has one cue span a quote; here all the spans of a cue must be equal. Its "quote
    overlap" prints precision and recall swapped; here they are the right way round.
    """

    _EXACT = ("cue", "source", "content", "quote")
    _OVERLAP = ("cue", "source", "content")

    def __init__(self) -> None:
        self._exact = {name: [0, 0, 0, 0] for name in self._EXACT}
        self._overlap = {role: [0, 0, 0] for role in self._OVERLAP}

    def add(self, pair: _Pair) -> None:
        pred, gold = ([_Quote.of(pair.text, item.record) for item in items] for items in (pair.pred, pair.gold))
        for name, counts in self._exact.items():
            pred_keys = [quote.keys(name, reach=0) for quote in pred]
            gold_keys = [quote.keys(name, reach=1) for quote in gold]
            _add_to(counts, _citron_exact(pred_keys, gold_keys))
        for role, counts in self._overlap.items():
            _add_to(counts, _citron_overlap(_cover(pred, role), _cover(gold, role)))

    def result(self) -> dict[str, Any]:
        result = {f"{name}_exact": _prf(*counts) for name, counts in self._exact.items()}
        total = [0, 0, 0]
        for role, (shared, n_pred, n_gold) in self._overlap.items():
            result[f"{role}_overlap"] = _prf(shared, n_pred, shared, n_gold)
            _add_to(total, (shared, n_pred, n_gold))
        result["quote_overlap"] = _prf(total[0], total[1], total[0], total[2])
        return result


@dataclass(frozen=True, slots=True)
class _Quote:
    """An attribution as Citron sees it: token spans, punctuation included."""

    content: tuple[_Span, ...]
    cue: tuple[_Span, ...]
    source: tuple[_Span, ...]

    @classmethod
    def of(cls, text: _Text, record: _Record) -> _Quote:
        return cls(
            text.token_spans(record.content),
            text.token_spans(record.cue),
            text.token_spans(record.source),
        )

    def keys(self, name: str, *, reach: int) -> set[object]:
        """Returns keys of which a prediction and a gold quote share one if they agree in `name`.

        Sources and contents agree if they are equal and the cues touch. For Citron a cue touches
        if it starts right after the gold one, but not if it ends right before: hence `reach`, by
        which the gold cues are longer.
        """
        if not self.cue:
            return set()
        if name == "cue":
            return {self.cue}
        if name == "quote":
            return {self}
        spans = self.source if name == "source" else self.content
        return {(spans, token) for start, end in self.cue for token in range(start, end + reach)}


def _citron_exact(pred: Sequence[set[object]], gold: Sequence[set[object]]) -> tuple[int, ...]:
    in_pred, in_gold = (set[object]().union(*side) for side in (pred, gold))
    right = sum(not in_gold.isdisjoint(keys) for keys in pred)
    missed = sum(in_pred.isdisjoint(keys) for keys in gold)
    # Citron's recall mixes the two sides: right predictions, missed gold.
    return right, len(pred), right, right + missed


def _citron_overlap(pred: Counter[int], gold: Counter[int]) -> tuple[int, ...]:
    shared = sum(n * gold[token] for token, n in pred.items())
    return shared, pred.total(), gold.total()


def _cover(quotes: Iterable[_Quote], role: str) -> Counter[int]:
    """Counts how many spans of the role cover each token."""
    return Counter(_tokens_of(span for quote in quotes for span in getattr(quote, role)))


def _tokens_of(spans: Iterable[_Span]) -> Iterator[int]:
    return (token for start, end in spans for token in range(start, end))


def _add_to(totals: list[int], counts: Iterable[int]) -> None:
    for k, n in enumerate(counts):
        totals[k] += n


class _RoleSpans:
    """Spans of one role as a set, and the tokens in them, without links between the roles.

    The measure of CofeNet (Wang et al. 2022, "CofeNet: Context and Former-Label Enhanced Net for
    Complicated Quotation Extraction").
    """

    def __init__(self, role: str) -> None:
        self._role = role
        self._spans = [0, 0, 0]
        self._tokens = [0, 0, 0]

    def add(self, pair: _Pair) -> None:
        pred, gold = (
            {span for item in items for span in pair.text.token_spans(getattr(item.record, self._role))}
            for items in (pair.pred, pair.gold)
        )
        _add_to(self._spans, (len(pred & gold), len(pred), len(gold)))
        pred_tokens, gold_tokens = set(_tokens_of(pred)), set(_tokens_of(gold))
        shared = len(pred_tokens & gold_tokens)
        _add_to(self._tokens, (shared, len(pred_tokens), len(gold_tokens)))

    def result(self) -> dict[str, Any]:
        return {
            name: _prf(shared, n_pred, shared, n_gold)
            for name, (shared, n_pred, n_gold) in (
                ("exact", self._spans),
                ("tokens", self._tokens),
            )
        }


class _Scorer:
    """All measures, fed one document at a time."""

    def __init__(self, has_sources: bool) -> None:
        self._contents = _Contents()
        self._attributions = _Attributions(has_sources)
        self._aligned = 0
        self._cue = _Role(lambda item: item.cue)
        self._source = _Role(lambda item: item.source)
        self._direct = _DirectQuotes()
        self._speakers = _Speakers()
        self._citron = _Citron()
        self._role_spans = {role: _RoleSpans(role) for role in _ROLES}

    def add(self, pair: _Pair) -> None:
        aligned = pair.match(lambda predicted, gold: True)
        self._aligned += len(aligned)
        for role in (self._cue, self._source):
            role.add(pair, aligned)
        self._speakers.add(pair, aligned)
        for measure in (self._contents, self._attributions, self._direct, self._citron):
            measure.add(pair)
        for spans in self._role_spans.values():
            spans.add(pair)

    def result(self) -> dict[str, Any]:
        calibration = self._attributions.calibration.result()
        return {
            "content_exact": self._contents.exact.by_type(),
            "content_exact_with_punctuation": self._contents.exact_with_punctuation.by_type(),
            "content_soft": self._contents.soft.by_type(),
            "AR": self._attributions.half.by_type(),
            "AR_strict": self._attributions.strict.by_type(),
            "AR_all_exact": self._attributions.all_exact.by_type(),
            "aligned_pairs": self._aligned,
            "cue": self._cue.result(),
            "source": self._source.result(),
            "direct_quotes": self._direct.result(),
            **self._speakers.result(),
            "agr_any_overlap": self._contents.any_overlap.by_type(),
            "citron_metrics": self._citron.result(),
            "role_spans": {role: spans.result() for role, spans in self._role_spans.items()},
            **({} if calibration is None else {"calibration": calibration}),
        }


# --- report --------------------------------------------------------------------------------------

_WIDTH = 38
_BY_TYPE = {
    "AR": "AR (content IoU >= .5, source)",
    "AR_strict": "AR, content equal",
    "AR_all_exact": "AR, content, source and cue equal",
    "content_exact": "content, exact words",
    "content_exact_with_punctuation": "content, exact with punctuation",
    "content_soft": "content, soft",
    "agr_any_overlap": "content, any overlap",
}
_VARIANTS = {
    "exact": "exact",
    "soft": "soft",
    "e2e_exact": "exact, end to end",
    "e2e_soft": "soft, end to end",
}
_DIRECT_QUOTES = {
    "exact": "direct quotes, exact",
    "iou50": "direct quotes, IoU >= .5",
    "span_exact": "direct quotes, spans, exact",
    "span_iou50": "direct quotes, spans, IoU >= .5",
}


def format_report(report: dict[str, Any]) -> str:
    """Lays a report out as tables for the terminal, in percent.

    Args:
        report: What `score_files` returned.

    Returns:
        Lines without a newline at the end.
    """
    blocks = [
        _summary_lines(report),
        [f"{'':{_WIDTH}}{'P':>7}{'R':>7}{'F1':>7}{'pred':>8}{'gold':>8}"],
        *([*_type_lines(title, report[key])] for key, title in _BY_TYPE.items()),
        [
            _prf_line(f"{role}, {title}", report[role][key]["all"])
            for role in ("cue", "source")
            for key, title in _VARIANTS.items()
        ],
        [_prf_line(title, report["direct_quotes"][key]) for key, title in _DIRECT_QUOTES.items()],
        [_prf_line(f"Citron's {key.replace('_', ', ')}", row) for key, row in report["citron_metrics"].items()],
        [
            _prf_line(f"{role} spans, {key}", row)
            for role, rows in report["role_spans"].items()
            for key, row in rows.items()
        ],
        _speaker_lines(report),
        *_calibration_blocks(report),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines)


def _summary_lines(report: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{report['documents']} documents, {report['documents_without_prediction']} without "
        f"prediction; {report['predicted_documents_not_in_gold']} predicted but not in the gold",
        f"{report['aligned_pairs']} pairs aligned by content (IoU >= .5)",
    ]
    if not report["gold_has_sources"]:
        lines.append("The gold names no sources: AR compares contents only.")
    return lines


def _type_lines(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for kind, row in rows.items():
        yield _prf_line(title if kind == "all" else f"  {kind}", row)


def _prf_line(title: str, row: Mapping[str, Any]) -> str:
    shares = "".join(f"{100 * row[key]:7.2f}" for key in ("p", "r", "f1"))
    return f"{title:{_WIDTH}}{shares}{row['n_pred']:8}{row['n_gold']:8}"


def _speaker_lines(report: Mapping[str, Any]) -> list[str]:
    """Lays out the accuracies; nothing where the gold names no speakers."""
    rows = [("speaker, direct" if key == "all" else f"  {key}", row) for key, row in report["speaker_direct"].items()]
    if rows:
        rows.append(("  labels mapped 1:1", report["speaker_direct_mapped_labels"]))
    if report["speaker_any_type"]["n_gold"]:
        rows.append(("speaker, any type", report["speaker_any_type"]))
    if not rows:
        return []
    # "found": the quotation was; "of found": right among these.
    columns = {
        "accuracy": "right",
        "detected": "found",
        "accuracy_on_detected": "of found",
        "accuracy_iou50": "IoU .5",
    }
    header = "".join(f"{title:>10}" for title in columns.values())
    return [
        f"{'':{_WIDTH}}{header}{'gold':>8}",
        *(f"{title:{_WIDTH}}{_accuracies(row, columns)}{row['n_gold']:8}" for title, row in rows),
    ]


def _accuracies(row: Mapping[str, Any], keys: Iterable[str]) -> str:
    return "".join(f"{100 * row[key]:10.2f}" if key in row else " " * 10 for key in keys)


def _calibration_blocks(report: Mapping[str, Any]) -> Iterator[list[str]]:
    """Lays out scores against what is right; nothing where the predictions have none."""
    calibration = report.get("calibration")
    if not calibration:
        return
    yield [
        f"{'':{_WIDTH}}{'score':>7}{'right':>7}{'':7}{'pred':>8}",
        *(
            f"{'score {from:.1f} to {to:.1f}'.format(**row):{_WIDTH}}"
            f"{100 * row['score']:7.2f}{100 * row['right']:7.2f}{'':7}{row['n']:8}"
            for row in calibration["bins"]
        ),
        f"{'expected calibration error':{_WIDTH}}{100 * calibration['ece']:7.2f}{'':14}{calibration['n']:8}",
    ]
    yield [_prf_line(f"AR, score >= {least}", row) for least, row in calibration["by_threshold"].items()]
