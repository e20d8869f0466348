"""The command line: read, extract, build, info, find, demo, score, predict, train."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TextIO, get_args

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table as RichTable
from rich.text import Text as RichText

import quoth
from quoth import Attributions, Attributor, Document, FileFormatError, Gazetteer, QuothError, __version__, readers
from quoth.attributor import Preset
from quoth.files import Format, at, codec, guess
from quoth.matching import Case
from quoth.sources import OnError, objects
from quoth.tables import Table

__all__ = ["main"]

_GAZETTEER_SUFFIXES = (".quoth", ".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".txt", ".json")


class _Group(click.Group):
    """Turns the errors that users can mend into one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (QuothError, OSError, ValueError, ImportError) as e:
            if isinstance(e, BrokenPipeError):
                # The reader of our output has seen enough (`| head`). What is not written yet goes nowhere.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                ctx.exit(0)
            raise click.ClickException(str(e)) from e


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="quoth")
def main() -> None:
    """Who said what, about whom."""


def _gazetteer(path: Path | None) -> Gazetteer | None:
    if path is None:
        return None
    suffix = path.suffix.lower()
    if suffix == ".quoth":
        return Gazetteer.open(path)
    return _built(path)


_BUILDERS: dict[Format, Callable[..., Gazetteer]] = {
    "csv": Gazetteer.from_csv,
    "jsonl": Gazetteer.from_jsonl,
    "parquet": Gazetteer.from_parquet,
    "names": Gazetteer.from_names,
    "geonames": Gazetteer.from_geonames,
    "wikidata": Gazetteer.from_wikidata,
    "entity-ruler": Gazetteer.from_entity_ruler,
}
# Options of `quoth build` that only some formats have, as the formats' functions call them.
_FORMAT_OPTIONS = {
    "encoding": ("csv", "jsonl", "names", "entity-ruler"),
    "label": ("names",),
    "languages": ("geonames", "wikidata"),
    "labels": ("wikidata",),
    "min_sitelinks": ("wikidata",),
    "feature_classes": ("geonames",),
    "min_population": ("geonames",),
    "alternate_names": ("geonames",),
}


def _built(path: Path, form: Format | None = None, **options: Any) -> Gazetteer:
    form = form or guess(path, options.get("encoding", "utf-8"))
    if form is None:
        known = ", ".join(_GAZETTEER_SUFFIXES)
        raise click.BadParameter(f"{path}: a gazetteer is a file with one of the suffixes {known}; see --format")
    for option, forms in _FORMAT_OPTIONS.items():
        if option in options and form not in forms:
            raise click.BadParameter(f"{path} is read as {form}; {option} is only for {', '.join(forms)}")
    return _BUILDERS[form](path, **options)


_gazetteer_option = click.option(
    "-g",
    "--gazetteer",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Names to find and link speakers to: a file of `quoth build`, or its source.",
)
_model_option = click.option(
    "--model",
    default="en",
    show_default=True,
    metavar="[en|rules|FILE]",
    help="How attributions are found: by the bundled model, by rules, or by a model of `quoth train`.",
)


class _MinScore(click.ParamType[Any]):
    """A number from 0 to 1, or the name of a preset."""

    name = "min_score"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | Preset:
        if value in get_args(Preset):
            preset: Preset = value
            return preset
        return click.FloatRange(0, 1).convert(value, param, ctx)


_min_score_option = click.option(
    "--min-score",
    type=_MinScore(),
    default="balanced",
    show_default=True,
    metavar=f"[{'|'.join(get_args(Preset))}|0..1]",
    help="Leave out less sure ones.",
)
_top_level_option = click.option("--top-level", is_flag=True, help="Leave out attributions nested in another.")
_encoding_option = click.option(
    "--encoding", default="utf-8", show_default=True, help="That of the texts, e.g. cp1252."
)


def _text(file: Any, encoding: str) -> str:
    try:
        text: str = file.read().decode(codec(encoding))
    except UnicodeDecodeError as e:
        raise ValueError(f"{file.name}: not {encoding} at byte {e.start}; see --encoding") from None
    return text


@main.command()
@click.argument("file", type=click.File("rb"))
@_gazetteer_option
@_model_option
@_min_score_option
@_top_level_option
@_encoding_option
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON instead of a table.")
def read(
    file: Any,
    gazetteer: Path | None,
    model: str,
    min_score: float | Preset,
    top_level: bool,
    encoding: str,
    as_json: bool,
) -> None:
    """Read one text FILE (- for standard input) and show who said what."""
    text = _text(file, encoding)
    attributor = Attributor(_gazetteer(gazetteer), model=model, min_score=min_score, top_level=top_level)
    document = attributor.read(text)
    if as_json:
        click.echo(document.to_json(indent=2))
    else:
        _show(document)


class _Console(Console):
    """A console that leaves a broken pipe to the group of commands, which knows what it means."""

    def on_broken_pipe(self) -> None:
        raise


def _show(document: Document) -> None:
    console = _Console()
    if not console.is_terminal:
        # Piped into a file or pager: long contents should not be cut to 80 columns.
        console = _Console(width=160)
    table = RichTable(show_lines=True, title=None, header_style="bold")
    table.add_column("speaker", max_width=30)
    table.add_column("cue", max_width=24)
    table.add_column("content", ratio=1)
    table.add_column("type")
    table.add_column("score", justify="right")
    for a in document.attributions:
        name = "?" if a.speaker is None else a.speaker.name
        speaker = RichText(name, style="bold")
        if a.speaker is not None and a.speaker.id is not None:
            speaker.append(f" [{a.speaker.id}]", style="cyan")
        if a.source and a.source != name:
            speaker.append(f"\n{a.source}", style="dim")
        kind = a.type if a.polarity == "positive" else f"{a.type}, denied"
        table.add_row(speaker, RichText(a.cue), RichText(a.content), kind, f"{a.score:.2f}")
    console.print(table)
    mentions = f", {len(document.mentions)} mentions" if document.mentions else ""
    console.print(f"{len(document.attributions)} attributions, {len(document.speakers)} speakers{mentions}")


_table_path = click.Path(path_type=Path, dir_okay=False)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    required=True,
    type=_table_path,
    help="OUT.parquet or OUT.jsonl",
)
@_gazetteer_option
@_model_option
@_min_score_option
@_top_level_option
@click.option("--text", "text_column", help="Column of the texts; default text, body, content or article.")
@click.option("--id", "id_column", help="Column of the ids; default id, url, uri or doc_id.")
@_encoding_option
@click.option("--mentions", type=_table_path, help="Write the gazetteer's mentions too: .parquet or .jsonl.")
@click.option("--status", type=_table_path, help="Write whether each text could be read too: .parquet or .jsonl.")
@click.option(
    "--on-error",
    type=click.Choice(get_args(OnError)),
    default="raise",
    show_default=True,
    help="skip: leave out rows that are malformed, and say which.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Threads; one a core by default.")
def extract(
    files: tuple[Path, ...],
    output: Path,
    gazetteer: Path | None,
    model: str,
    min_score: float | Preset,
    top_level: bool,
    text_column: str | None,
    id_column: str | None,
    encoding: str,
    mentions: Path | None,
    status: Path | None,
    on_error: OnError,
    threads: int | None,
) -> None:
    """Read many texts from FILES and write their attributions to one table.

    FILES are texts (.txt), tables (.jsonl, .csv, .tsv, .parquet) or folders of them.
    """
    attributor = Attributor(_gazetteer(gazetteer), model=model, min_score=min_score, top_level=top_level)
    paths = readers.expand(files)
    outputs = [o for o in (output, mentions, status) if o is not None]
    inputs = {p.resolve() for p in paths}
    for o in outputs:
        if o.resolve() in inputs:
            raise click.BadParameter(f"{o} is one of the inputs")
    if len({o.resolve() for o in outputs}) < len(outputs):
        raise click.BadParameter("two of the outputs are one file")
    console = Console(stderr=True)
    columns = (TextColumn("Reading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    rows = texts = unread = skipped = 0

    def tell(what: str) -> None:
        console.print(what, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def skip(error: ValueError) -> None:
        nonlocal skipped
        skipped += 1
        tell(f"skipped {error}")

    with ExitStack() as stack:
        write = stack.enter_context(_Writer(output))
        write_mentions = None if mentions is None else stack.enter_context(_Writer(mentions))
        write_status = None if status is None else stack.enter_context(_Writer(status))
        # An input without a text still gives tables.
        _write(attributor.read_all([]), write, write_mentions, write_status)
        progress = stack.enter_context(
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        )
        task = progress.add_task("", total=readers.count_bytes(paths))
        batches = readers.read_batches(
            files,
            text=text_column,
            id=id_column,
            encoding=encoding,
            on_bytes=lambda n: progress.update(task, completed=n),
            on_error=skip if on_error == "skip" else None,
        )
        for batch in batches:
            found = attributor.read_all(batch.texts, ids=batch.ids, n_threads=threads, progress=False)
            for failure in found.status.failures:
                unread += 1
                tell(f"{failure['id']}: {failure['status']}: {failure['message']}")
            _write(found, write, write_mentions, write_status)
            rows += len(found)
            texts += len(batch.texts)
    summary = f"{rows:,} attributions from {texts:,} texts in {output}"
    summary += f"; {unread:,} texts could not be read" if unread else ""
    console.print(summary + (f"; {skipped:,} errors skipped" if skipped else ""))


def _check_folder(output: Path) -> None:
    if not output.parent.is_dir():
        raise click.BadParameter(f"{output.parent}: no such folder")


def _write(found: Attributions, attributions: _Writer, mentions: _Writer | None, status: _Writer | None) -> None:
    attributions(found)
    if mentions is not None:
        mentions(found.mentions)
    if status is not None:
        status(found.status)


class _Writer:
    """Writes tables to one Parquet or JSONL file, which appears only once it is whole."""

    def __init__(self, output: Path) -> None:
        if output.suffix.lower() not in (".parquet", ".jsonl", ".ndjson"):
            raise click.BadParameter(f"{output}: the output must end in .parquet or .jsonl")
        _check_folder(output)
        self._output = output
        self._part = output.with_name(output.name + ".part")
        self._parquet: Any = None
        self._lines: TextIO | None = None

    def __enter__(self) -> _Writer:
        if self._output.suffix.lower() == ".parquet":
            import_parquet()
        else:
            self._lines = self._part.open("w", encoding="utf-8")
        return self

    def __call__(self, rows: Table) -> None:
        if self._lines is not None:
            for row in rows:
                self._lines.write(json.dumps(row, ensure_ascii=False) + "\n")
            return
        table = rows.to_arrow()
        if self._parquet is None:
            self._parquet = import_parquet().ParquetWriter(self._part, table.schema, compression="zstd")
        self._parquet.write_table(table)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._parquet is not None:
            self._parquet.close()
        if self._lines is not None:
            self._lines.close()
        if kind is None:
            self._part.replace(self._output)
        else:
            self._part.unlink(missing_ok=True)


def import_parquet() -> Any:
    """The module `pyarrow.parquet`, or an error that says how to get it."""
    try:
        import pyarrow.parquet
    except ImportError as e:
        raise ImportError('Parquet files need pyarrow: pip install "quoth[files]"') from e
    return pyarrow.parquet


@main.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.quoth")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", *_BUILDERS]),
    default="auto",
    show_default=True,
    help="What SOURCE is; auto: by its suffix and first line.",
)
@click.option("--case", type=click.Choice(get_args(Case)), default="fold", show_default=True, help="How case counts.")
@click.option("--fold-accents", is_flag=True, help="Zoe finds Zoë.")
@click.option("--overlapping", is_flag=True, help="Find names inside longer names too.")
@click.option("--inside-words", is_flag=True, help="Find names inside words too.")
@click.option("--plural", is_flag=True, help="Democrats finds Democrat.")
@click.option("--derive", is_flag=True, help="Derive names by label: surnames, names without Inc., …")
@click.option("--no-common-words", is_flag=True, help="Leave out names that are common English words.")
@click.option("--min-length", type=click.IntRange(0), default=0, help="Letters that a name must have.")
@click.option("--max-edits", type=click.IntRange(0, 2), default=0, help="Spelling mistakes that a name may have.")
@click.option("--encoding", help="csv, jsonl, names, entity-ruler: that of SOURCE; default utf-8.")
@click.option("--label", help="names: the label of all.")
@click.option(
    "--language", "languages", multiple=True, help="wikidata, or geonames with --alternate-names; repeatable."
)
@click.option("--only-label", "labels", multiple=True, help="wikidata: only entries with this label; repeatable.")
@click.option("--min-sitelinks", type=click.IntRange(0), help="wikidata: only entries with so many.")
@click.option("--feature-classes", help="geonames: only places of these classes, e.g. AP.")
@click.option("--min-population", type=click.IntRange(0), help="geonames: only places with so many people.")
@click.option(
    "--alternate-names",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="geonames: names by language, a file alternateNamesV2.",
)
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be used, and say which.")
def build(
    source: Path,
    output: Path,
    form: Literal["auto"] | Format,
    inside_words: bool,
    no_common_words: bool,
    skip_bad: bool,
    **options: Any,
) -> None:
    """Build a gazetteer from SOURCE and save its index to one file.

    SOURCE is a table with the columns id, name, aliases, label, priority, related (.csv, .tsv,
    .jsonl, .parquet); a list of names, one a line (.txt); a GeoNames dump (.txt, .zip); a Wikidata
    dump (.json) or the CSV of a SPARQL query; or patterns of spaCy's EntityRuler (.jsonl). All but
    Parquet may be packed (.gz, .bz2, .zip).
    """
    if output.suffix.lower() != ".quoth":
        raise click.BadParameter(f"{output}: the output must end in .quoth")
    _check_folder(output)
    options |= {"whole_words": not inside_words, "stop_names": no_common_words}
    # Those that were not given are left to the format.
    options = {name: value for name, value in options.items() if name not in _FORMAT_OPTIONS or value not in (None, ())}
    gazetteer = _built(source, None if form == "auto" else form, **options, on_error="skip" if skip_bad else "raise")
    for skipped in gazetteer.skipped:
        click.echo(f"skipped {skipped}", err=True)
    gazetteer.save(output)
    click.echo(f"{output}: {gazetteer!r}, {gazetteer.nbytes:,} bytes")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--verify", is_flag=True, help="Read all of it and compare the checksum.")
def info(file: Path, verify: bool) -> None:
    """Say what is in a saved gazetteer or model."""
    with file.open("rb") as start:
        if start.read(8) == b"QUOTHMOD":
            click.echo(f"{file}: {_model_line(file)}")
            return
    gazetteer = Gazetteer.open(file, verify=verify)
    click.echo(f"{gazetteer!r}, {gazetteer.nbytes:,} bytes" + (", undamaged" if verify else ""))
    labels = (f"{label or '(none)'} {n:,}" for label, n in gazetteer.labels.items())
    click.echo(f"labels: {', '.join(labels)}")


@main.command()
@click.argument("gazetteer", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("file", type=click.File("rb"))
@_encoding_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object a mention.")
def find(gazetteer: Path, file: Any, encoding: str, as_json: bool) -> None:
    """Find the names of GAZETTEER in one text FILE (- for standard input)."""
    names = _gazetteer(gazetteer)
    if names is None:
        return
    text = _text(file, encoding)
    for m in names.find(text):
        if as_json:
            row = {name: getattr(m, name) for name in ("start", "end", "text", "id", "name", "label", "score")}
            click.echo(json.dumps(row, ensure_ascii=False))
        else:
            click.echo(f"{m.start}\t{m.end}\t{m.text}\t{m.id}\t{m.name}\t{m.label}".replace("\n", " "))


@main.command()
def demo() -> None:
    """Read a bundled article with a bundled gazetteer."""
    data = resources.files("quoth") / "data"
    text = (data / "article.txt").read_text(encoding="utf-8")
    with resources.as_file(data / "gazetteer.csv") as path:
        gazetteer = Gazetteer.from_csv(path)
    _show(Attributor(gazetteer).read(text))


@main.command()
@click.argument("gold", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("pred", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--lenient", is_flag=True, help="Score documents whose text differs from the gold's all the same.")
def score(gold: Path, pred: Path, as_json: bool, lenient: bool) -> None:
    """Score predictions PRED against GOLD (JSON Lines, one document a line)."""
    from quoth import scoring

    report = scoring.score_files(gold, pred, lenient=lenient)
    click.echo(json.dumps(report, indent=2) if as_json else scoring.format_report(report))


@main.command()
@click.argument("gold", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="PRED.jsonl")
@_gazetteer_option
@_model_option
@_min_score_option
@_top_level_option
def predict(
    gold: Path, output: Path, gazetteer: Path | None, model: str, min_score: float | Preset, top_level: bool
) -> None:
    """Read the texts of GOLD.jsonl and write predictions for `quoth score`."""
    attributor = Attributor(_gazetteer(gazetteer), model=model, min_score=min_score, top_level=top_level)
    part = output.with_name(output.name + ".part")
    try:
        with part.open("w", encoding="utf-8") as out:
            for name, text in _gold_texts(gold):
                attributions = [_prediction(n, a) for n, a in enumerate(attributor.read(text).attributions)]
                out.write(json.dumps({"id": name, "attributions": attributions}, ensure_ascii=False) + "\n")
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)


@main.command()
@click.argument("gold", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="OUT.model")
@click.option(
    "--dev",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Gold that is not trained on, to choose thresholds by; may be given again.",
)
@click.option("--epochs", type=click.IntRange(1), default=12, show_default=True, help="Passes over the data.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same gives the same model.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Least score; default: 0.2, or what serves --dev best.")
@click.option("--trained-on", help="What the model says of its data; default: the names of the files.")
@click.option("--threads", type=click.IntRange(1), help="One a core by default.")
def train(
    gold: tuple[Path, ...],
    output: Path,
    dev: tuple[Path, ...],
    epochs: int,
    seed: int,
    threshold: float | None,
    trained_on: str | None,
    threads: int | None,
) -> None:
    """Train a model on GOLD.jsonl, for `--model`."""
    with Progress(TextColumn("{task.description}"), BarColumn(), console=Console(stderr=True)) as bar:
        totals = dict.fromkeys(("cues", "roles", "whole"), epochs) | ({"thresholds": 10} if dev else {})
        tasks = {what: bar.add_task(what, total=total) for what, total in totals.items()}

        def tick(what: str, done: int) -> None:
            bar.update(tasks[what], completed=done)

        quoth.train(
            gold,
            output,
            dev=dev,
            epochs=epochs,
            seed=seed,
            threshold=threshold,
            trained_on=trained_on,
            n_threads=threads,
            progress=tick,
        )
    click.echo(f"{output}: {output.stat().st_size:,} bytes, {_model_line(output)}")


def _model_line(path: Path) -> str:
    about = quoth.model_info(path)
    figures = "".join(f", {name} {value:.3f}" for name, value in about["figures"].items())
    counts = f"{about['documents']:,} documents, {about['attributions']:,} attributions"
    return f"trained on {', '.join(about['data'])} ({counts}){figures}"


def _gold_texts(path: Path) -> Iterator[tuple[str, str]]:
    for where, row in objects(path):
        if "id" not in row or not isinstance(row.get("text"), str):
            raise FileFormatError(f"{at(where)}: not a document with id and text")
        yield str(row["id"]), row["text"]


def _prediction(n: int, a: Any) -> dict[str, Any]:
    return {
        "id": f"a{n}",
        "content": a.content_spans,
        "cue": a.cue_spans,
        "source": a.source_spans,
        "type": a.type,
        "speaker": None if a.speaker is None else a.speaker.name,
        "score": round(a.score, 4),
    }


if __name__ == "__main__":
    main()
