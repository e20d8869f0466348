"""The gazetteer: entries, and finding their names in texts."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, Unpack, get_args

from quoth import _core, geonames, lists, matching, sources, wikidata
from quoth.errors import FileFormatError
from quoth.matching import Case, Matching
from quoth.progress import Bar
from quoth.results import Entry, Mention
from quoth.sources import Entries, OnError
from quoth.tables import Mentions, Status

__all__ = ["Case", "Gazetteer", "Matching", "OffsetUnit"]

OffsetUnit = Literal["chars", "bytes"]


class Gazetteer:
    """A set of entries, indexed for search.

    Names are found as whole words, the longest at a place, whatever the style of their apostrophes
    and hyphens; `U.S.` and `US` are one name; a possessive ending stays outside. A gazetteer does
    not change (`add` and `remove` give another); it is safe to share between threads, and it pickles.

    Args:
        entries: One mapping an entry (`id`, `name`, and optionally `aliases` as a list or a string
            with "|" between them, `label`, `priority`, `related`: ids of entries that it belongs with, by
            which candidates of one name are told apart; other fields are kept as properties, which
            are JSON: NaN and infinities in them are null), or a plain name, which is its own id.
            Mappings of one id and label are one entry. Or one mapping of ids to a name, to a list of
            names, the canonical first, or to such a mapping without its id. Or a table of any Arrow
            library with these columns, as in `from_arrow`.
        **options: How names match: `case`, `fold_accents`, `overlapping`, `whole_words`, `plural`,
            `derive`, `stop_names`, `min_length`, `max_edits`, `min_edit_length`; see `Matching`.

    Raises:
        GazetteerError: For an entry that cannot be used; names the entry and what is wrong.
        TypeError: If `entries` are no many entries.
        ValueError: For an option that is none of the choices.

    Example:
        >>> gaz = Gazetteer([{"id": "Q1", "name": "Ruth Tan", "aliases": ["Tan"], "label": "PERSON"}])
        >>> [(m.start, m.end, m.id) for m in gaz.find("Tan's plan")]
        [(0, 3, 'Q1')]
    """

    __slots__ = ("_entries", "_inner", "_path", "_skipped")

    def __init__(
        self,
        entries: Entries = (),
        **options: Unpack[Matching],
    ) -> None:
        reader = sources.Rows(sources.Columns(), "raise")
        self._build(reader.of(entries), reader, options)

    def _build(self, rows: Iterable[sources.Row], reader: sources.Rows, options: Mapping[str, Any]) -> None:
        encoded = matching.encode(options)
        self._inner = _core.Gazetteer(rows, plain=reader.plain(), options=encoded, refused=reader.refuse)
        self._entries: dict[int, Entry | sources.Record] = {}
        self._path: str | None = None
        self._skipped = tuple(reader.skipped)

    @classmethod
    def _from(
        cls,
        rows: sources.Located,
        columns: sources.Columns,
        on_error: OnError,
        options: Mapping[str, Any],
    ) -> Gazetteer:
        new = cls.__new__(cls)
        reader = sources.Rows(columns, on_error)
        new._build(reader.located(rows), reader, options)
        return new

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was left out when it was built with `on_error="skip"`: where it stands, and why."""
        return self._skipped

    @classmethod
    def from_records(
        cls,
        records: Entries,
        *,
        id: str = "id",
        name: str = "name",
        aliases: str = "aliases",
        label: str = "label",
        priority: str = "priority",
        related: str = "related",
        separator: str = "|",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from mappings whose fields have names of their own.

        Args:
            records: One mapping an entry, or a plain name; or what else the class takes.
            id: Field of the identifier.
            name: Field of the canonical name.
            aliases: Field of further names: a list, or a string with `separator` between them.
            label: Field of the label.
            priority: Field of the priority (a number, higher first).
            related: Field of the ids of entries that it belongs with, alike.
            separator: Parts aliases that come as one string.
            on_error: "raise" for an entry that cannot be used, or "skip" it and say so in `skipped`.
            **options: How names match, as in the class.

        Raises:
            GazetteerError: For an entry that cannot be used; names its row.
            TypeError: If `records` are no many entries.
        """
        columns = sources.Columns(id, name, aliases, label, priority, related, separator)
        new = cls.__new__(cls)
        reader = sources.Rows(columns, on_error)
        new._build(reader.of(records), reader, options)
        return new

    @classmethod
    def from_csv(
        cls,
        path: str | os.PathLike[str],
        *,
        id: str = "id",
        name: str = "name",
        aliases: str = "aliases",
        label: str = "label",
        priority: str = "priority",
        related: str = "related",
        separator: str = "|",
        delimiter: str | None = None,
        encoding: str = "utf-8",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from a CSV or TSV file with a header (also .gz, .bz2, .zip); arguments as in `from_records`.

        Cells are parted by `delimiter`: a tab in .tsv, else a comma, where it is not given. The file
        is in `encoding`, e.g. "cp1252", "utf-16"; a BOM of UTF-8 is passed over.

        Raises:
            FileFormatError: If a required column is missing; names the file and its columns. For a
                row that is not in the encoding; names the file and line.
            GazetteerError: For a row that cannot be used; names the file and line.
            ValueError: If there is no such encoding.
            OSError: If the file cannot be read.
        """
        columns = sources.Columns(id, name, aliases, label, priority, related, separator)
        rows = sources.csv_records(path, columns, delimiter=delimiter, encoding=encoding)
        return cls._from(rows, columns, on_error, options)

    @classmethod
    def from_jsonl(
        cls,
        path: str | os.PathLike[str],
        *,
        id: str = "id",
        name: str = "name",
        aliases: str = "aliases",
        label: str = "label",
        priority: str = "priority",
        related: str = "related",
        separator: str = "|",
        encoding: str = "utf-8",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from JSON Lines, one object an entry (also .gz, .bz2, .zip); arguments as in `from_csv`.

        Raises:
            FileFormatError: For a line that is no JSON object, or not in the encoding; names the file
                and line.
            GazetteerError: For an entry that cannot be used; names the file and line.
            ValueError: If there is no such encoding.
            OSError: If the file cannot be read.
        """
        columns = sources.Columns(id, name, aliases, label, priority, related, separator)
        rows = sources.jsonl_records(path, encoding)
        return cls._from(rows, columns, on_error, options)

    @classmethod
    def from_parquet(
        cls,
        path: str | os.PathLike[str],
        *,
        id: str = "id",
        name: str = "name",
        aliases: str = "aliases",
        label: str = "label",
        priority: str = "priority",
        related: str = "related",
        separator: str = "|",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from a Parquet file, read batch by batch; arguments as in `from_records`.

        Raises:
            OSError: If the file cannot be read.
            FileFormatError: If it is no Parquet file, damaged, or without a required column.
            GazetteerError: For a row that cannot be used; names the file and row, from 0.
            ImportError: Without pyarrow.
        """
        columns = sources.Columns(id, name, aliases, label, priority, related, separator)
        rows = sources.parquet_records(path, columns)
        return cls._from(rows, columns, on_error, options)

    @classmethod
    def from_arrow(
        cls,
        table: Any,
        *,
        id: str = "id",
        name: str = "name",
        aliases: str = "aliases",
        label: str = "label",
        priority: str = "priority",
        related: str = "related",
        separator: str = "|",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from any Arrow table (polars, pyarrow, pandas, duckdb); arguments as in `from_records`.

        Raises:
            GazetteerError: If a required column is missing, or for a row that cannot be used.
            ImportError: Without pyarrow.
        """
        columns = sources.Columns(id, name, aliases, label, priority, related, separator)
        rows = sources.arrow_records(table, columns)
        return cls._from(rows, columns, on_error, options)

    @classmethod
    def from_names(
        cls,
        names: str | os.PathLike[str] | Iterable[str],
        *,
        label: str = "",
        encoding: str = "utf-8",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from names alone; a name is its own id.

        Args:
            names: Names, or the path of a text file of one a line (also .gz, .bz2, .zip).
            label: The label of all.
            encoding: That of the file, as in `from_csv`.
            on_error: As in `from_records`.
            **options: How names match, as in the class.

        Raises:
            GazetteerError: For a name that cannot be used; names the file and line, or its number.
            TypeError: If `names` are neither.
            FileFormatError: For a line that is not in the encoding, or if a packed file is damaged.
            ValueError: If there is no such encoding.
            OSError: If the file cannot be read.
        """
        many = hasattr(names, "__iter__") and not isinstance(names, Mapping) and not sources.is_table(names)
        if not many and not isinstance(names, os.PathLike):
            raise TypeError(f"names must be many names or a path, got {type(names).__name__}")
        return cls._from(lists.name_records(names, label, encoding), sources.Columns(), on_error, options)

    @classmethod
    def from_geonames(
        cls,
        path: str | os.PathLike[str],
        *,
        feature_classes: Collection[str] | None = None,
        min_population: int = 0,
        alternate_names: bool | str | os.PathLike[str] = True,
        languages: Iterable[str] | None = None,
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from a GeoNames dump: allCountries, cities500 and their like, .txt or .zip.

        A dump has 19 columns parted by tabs, no header and no quotation. The id is GeoNames's, the
        label GPE (classes A and P) or LOC (all others), the priority the population, so that of two
        places of one name the larger comes first. Aliases are the name in ASCII and the alternate
        names. Properties: country_code, admin1_code, feature_code, population, latitude, longitude.

        Args:
            path: The file.
            feature_classes: Only places of these classes, e.g. "AP"; all by default.
            min_population: Only places with so many people. GeoNames gives many 0 people for want of
                a figure.
            alternate_names: True for those in the dump, of all languages at once; False for none; or
                the path of GeoNames's alternateNamesV2 (.txt or .zip), which has them by language.
            languages: Of that file, only names in these languages, e.g. ("en", ""), where "" is for
                names without one. By default all, but no codes and links.
            on_error: As in `from_records`.
            **options: How names match, as in the class.

        Raises:
            FileFormatError: For a line with another number of columns, a population or coordinate
                that is no number, or that is no UTF-8; names the file and line. If a packed file is
                damaged.
            GazetteerError: For an entry that cannot be used; names the file and line.
            ValueError: For a class that there is not, or languages without their file.
            OSError: If the file cannot be read.
        """
        tags = None if languages is None else wikidata.check_languages(languages)
        if tags is not None and isinstance(alternate_names, bool):
            raise ValueError("languages are those of a file of alternate_names; the dump does not tell them apart")
        rows = geonames.geonames_records(
            path,
            feature_classes=geonames.check_feature_classes(feature_classes),
            min_population=min_population,
            alternate_names=alternate_names,
            languages=tags,
        )
        return cls._from(rows, sources.Columns(), on_error, options)

    @classmethod
    def from_wikidata(
        cls,
        path: str | os.PathLike[str],
        *,
        languages: Iterable[str] = ("en",),
        labels: Iterable[str] | None = None,
        min_sitelinks: int = 0,
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from a Wikidata dump (one JSON entity a line; .gz, .bz2) or the CSV of a SPARQL query.

        The first line says which it is. From a dump: labels and aliases of items in `languages` and
        those for all languages ("mul"); the label PERSON, ORG, GPE or LOC by "instance of" (P31; the
        classes of `quoth.wikidata.LABELS`, not their subclasses), "" for others; the priority the
        number of sitelinks; properties: instance_of, description. Items without a name in these
        languages are left out, and so are properties and lexemes.

        From CSV: the columns `item` (a URI or an id) and `itemLabel`, and where they are
        `itemAltLabel` (names with ", " between them, as the label service gives them),
        `itemDescription`, `sitelinks` (a number) and `label` (PERSON …); others are properties.
        Several rows of an item are one entry, with the label and properties of the first.

        Args:
            path: The file.
            languages: Which labels and aliases of a dump; the canonical name is of the first.
            labels: Only entries with one of these labels, e.g. ("PERSON", "ORG").
            min_sitelinks: Only entries with so many sitelinks. A full dump has over 100 million
                items; these two say which are worth their memory.
            on_error: As in `from_records`.
            **options: How names match, as in the class.

        Raises:
            FileFormatError: For a file or line that is neither, or no UTF-8, or a missing column;
                names file and line. If a packed file is damaged.
            GazetteerError: For an entry that cannot be used; names the file and line.
            OSError: If the file cannot be read.
        """
        rows = wikidata.wikidata_records(
            path,
            languages=wikidata.check_languages(languages),
            labels=None if labels is None else frozenset(_labels(labels) or ()),
            min_sitelinks=min_sitelinks,
        )
        return cls._from(rows, sources.Columns(), on_error, options)

    @classmethod
    def from_entity_ruler(
        cls,
        path: str | os.PathLike[str],
        *,
        encoding: str = "utf-8",
        on_error: OnError = "raise",
        **options: Unpack[Matching],
    ) -> Gazetteer:
        """Builds from patterns of spaCy's EntityRuler (JSON Lines of `label`, `pattern`, `id`).

        Patterns of one id and label are one entry; without an id, it is "LABEL:text". A pattern is a
        text, or tokens that say no more than their text (LOWER, TEXT, ORTH), which are joined with
        spaces, but not at hyphens and before apostrophes. How case counts is for `case` to say, not
        for LOWER or TEXT.

        Raises:
            FileFormatError: For a line that is no such pattern; names the file and line.
            GazetteerError: For an entry that cannot be used, e.g. one id with two labels; names the
                file and line.
            OSError: If the file cannot be read.
        """
        return cls._from(lists.entity_ruler_records(path, encoding), sources.Columns(), on_error, options)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, verify: bool = False) -> Gazetteer:
        """Opens a saved gazetteer by memory map: in milliseconds, and processes share the memory.

        It pickles by its path, so that workers open the same file. The file must not be changed
        while it is open; `save` to the same path replaces it and leaves open ones as they are.

        Args:
            path: A file that `save` wrote.
            verify: Whether to read all of it and compare its checksum. The header is always
                checked; without this, a file damaged inside finds too little or too much, or is a
                FileFormatError once an entry is read.

        Raises:
            OSError: If the file cannot be read.
            FileFormatError: If it is no saved gazetteer, truncated, damaged, or of another version
                or byte order.
        """
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        new = cls.__new__(cls)
        try:
            new._inner = _core.Gazetteer.open(path, bool(verify))
        except FileFormatError as e:
            raise FileFormatError(f"{os.fspath(path)}: {e}") from None
        new._entries = {}
        new._path = os.path.abspath(path)
        new._skipped = ()
        return new

    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves the index to one file, which `open` opens; a file that is there is replaced.

        Raises:
            OSError: If the file cannot be written.
        """
        self._inner.save(path)

    @property
    def nbytes(self) -> int:
        """Bytes of memory, or of the file, that it takes."""
        return self._inner.nbytes

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._inner)

    @property
    def labels(self) -> dict[str, int]:
        """How many entries have each label, the commonest first; "" where none was given."""
        return dict(sorted(self._inner.labels(), key=lambda label: -label[1]))

    def __iter__(self) -> Iterator[Entry]:
        """The entries, in the order they were given."""
        return (self._entry(n) for n in self._inner.positions())

    def __contains__(self, id: object) -> bool:
        """Whether an entry has this id."""
        return isinstance(id, str) and self._inner.get(id) is not None

    def __getitem__(self, id: str) -> Entry:
        """The entry with this id.

        Raises:
            KeyError: If there is none.
        """
        record = self._inner.get(id)
        if record is None:
            raise KeyError(id)
        return self._made(record)

    def _entry(self, position: int) -> Entry:
        kept = self._entries.get(position)
        if kept is None:
            record = self._inner.entry(position)
            # One with properties is made again each time: they are the user's, who may change them.
            kept = self._entries.setdefault(position, record if record[5] else self._made(record))
        return kept if isinstance(kept, Entry) else self._made(kept)

    def _made(self, record: sources.Record) -> Entry:
        id, label, name, names, priority, properties, related = record
        try:
            parsed: dict[str, Any] = json.loads(properties) if properties else {}
        except (RecursionError, ValueError) as e:
            place = self._path or "the saved gazetteer"
            raise FileFormatError(f"{place} is damaged: the properties of {id!r:.60} are no JSON: {e}") from None
        # Rows of one entry may each have its name again.
        further = tuple(n for n in dict.fromkeys(names) if n != name)
        return Entry(id, label, name, further, priority, parsed, tuple(related))

    def _mention(self, start: int, end: int, text: str, entries: Sequence[int], score: float) -> Mention:
        candidates = tuple(self._entry(n) for n in entries)
        return Mention(start, end, text, candidates[0], candidates, score)

    @property
    def n_spellings(self) -> int:
        """Number of different spellings that are searched for."""
        return self._inner.n_spellings

    def find(self, text: str, *, labels: Iterable[str] | None = None, offsets: OffsetUnit = "chars") -> list[Mention]:
        """Finds the mentions in one text.

        Args:
            text: The text.
            labels: Only entries with one of these labels; all by default. An entry that is left out
                hides no other.
            offsets: "chars": code points, so that `text[m.start:m.end] == m.text`. "bytes": UTF-8.

        Returns:
            The mentions by start, longest first.

        Raises:
            TypeError: If `text` is no str.
            ValueError: If it has 4 GiB or more, or `offsets` is none of the choices.
        """
        found = self._inner.find(text, labels=_labels(labels), bytes=_bytes(offsets))
        return [self._mention(*m) for m in found]

    def find_all(
        self,
        texts: Any,
        *,
        ids: Any = None,
        labels: Iterable[str] | None = None,
        properties: bool = False,
        offsets: OffsetUnit = "chars",
        n_threads: int | None = None,
        progress: bool | None = None,
    ) -> Mentions:
        """Finds the mentions in many texts, in parallel.

        Args:
            texts: An iterable of str (None for a missing text), or any Arrow column of strings
                (a polars or pandas Series, a pyarrow array …).
            ids: One id a text, alike; kept as strings.
            labels: As in `find`.
            properties: Whether to give a column `properties` too, the entry's as a JSON object.
            offsets: As in `find`.
            n_threads: Threads; one a core by default. The result does not depend on it.
            progress: True for a progress bar, False for none; by default one comes after a second
                where someone is looking.

        Returns:
            A table, one row a mention; its `status` says of every text whether it could be read.

        Raises:
            TypeError: If `texts` is one str, bytes, a mapping or no iterable.
            ValueError: If there are not as many ids as texts, an option is out of range, or what is
                found in few texts passes 2 GiB.
            KeyboardInterrupt: On Ctrl-C, between chunks of a few MB.
        """
        with Bar("Finding names", texts, show=progress) as bar:
            mentions, status = self._inner.find_all(
                texts,
                ids=ids,
                labels=_labels(labels),
                properties=bool(properties),
                bytes=_bytes(offsets),
                n_threads=_threads(n_threads),
                tick=bar,
            )
        return Mentions(mentions, Status(status))

    def add(self, entries: Entries) -> Gazetteer:
        """Gives a gazetteer with more entries; this one stays as it is.

        An id that is there already gets the new names too. It costs little beside the entries
        changed since the gazetteer was built; `save` makes one index of all.

        Args:
            entries: As in the class.

        Raises:
            GazetteerError: For an entry that cannot be used; names its number.
            TypeError: If `entries` are no many entries.
        """
        reader = sources.Rows(sources.Columns(), "raise")
        rows = (reader.convert(n, row) for n, row in enumerate(reader.of(entries)))
        return self._changed([row for row in rows if row is not None], set())

    def remove(self, ids: Iterable[str]) -> Gazetteer:
        """Gives a gazetteer without the entries with these ids; this one stays as it is.

        Raises:
            KeyError: If there is no entry with one of them.
        """
        gone = {ids} if isinstance(ids, str) else set(ids)
        for id in gone:
            if id not in self:
                raise KeyError(id)
        return self._changed([], gone)

    def _changed(self, add: list[sources.Record], remove: set[str]) -> Gazetteer:
        new = type(self).__new__(type(self))
        new._inner = self._inner.with_changes(add, remove)
        new._entries = {}
        new._path = None
        new._skipped = ()
        return new

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles by its path where it was opened from a file, else as bytes."""
        if self._path is not None:
            return (_open, (type(self), self._path))
        return (_unpickle, (type(self), self._inner.to_bytes()))

    def __repr__(self) -> str:
        """Says how many names it holds and how it matches."""
        options = "".join(f", {name}={value!r:.60}" for name, value in self.options.items())
        return f"Gazetteer({len(self):,} entries, {self.n_spellings:,} spellings{options})"

    @property
    def options(self) -> dict[str, Any]:
        """How its names match, as far as it is not the default; see `Matching`."""
        return matching.decode(self._inner.options())


def _unpickle(kind: type[Gazetteer], data: bytes) -> Gazetteer:
    new = kind.__new__(kind)
    new._inner = _core.Gazetteer.from_bytes(data)
    new._entries = {}
    new._path = None
    new._skipped = ()
    return new


def _open(kind: type[Gazetteer], path: str) -> Gazetteer:
    return kind.open(path)


def _labels(labels: Iterable[str] | None) -> list[str] | None:
    if labels is None:
        return None
    if isinstance(labels, str):
        return [labels]
    if not hasattr(labels, "__iter__"):
        raise TypeError(f"labels must be strings, got {type(labels).__name__}")
    listed = list(labels)
    for label in listed:
        if not isinstance(label, str):
            raise TypeError(f"labels must be strings, got {type(label).__name__}")
    return listed


def _threads(n_threads: int | None) -> int | None:
    if n_threads is None:
        return None
    if not isinstance(n_threads, int):
        raise TypeError(f"n_threads must be an int or None, got {type(n_threads).__name__}")
    if not 1 <= n_threads <= 1024:
        raise ValueError(f"n_threads must be 1 to 1024, got {n_threads}")
    return n_threads


def _bytes(offsets: OffsetUnit) -> bool:
    if offsets not in get_args(OffsetUnit):
        raise ValueError(f"offsets must be 'chars' or 'bytes', got {offsets!r}")
    return offsets == "bytes"
