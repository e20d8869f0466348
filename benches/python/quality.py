"""How good quoth is, how sure, how fast: regenerates benches/quality.md.

    python benches/python/quality.py GOLD_FOLDER [-o benches/quality.md]
    python benches/python/quality.py --quick

GOLD_FOLDER holds gold files with licences of their own: polnear-train.jsonl, polnear-dev.jsonl,
gum-dev.jsonl, litbank-dev.jsonl, clic-dev.jsonl, pdnc-dev.jsonl; those that are missing are left
out. --quick reads a tenth of data/ alone, and prints. All but the speed is the same on every run.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import quoth
from quoth import cli, scoring

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
OUTPUT = ROOT / "benches" / "quality.md"

KINDS = ("direct", "mixed", "indirect")
ROLES = ("content", "cue", "source")
NEWS = {"polnear-dev": "PolNeAR dev", "written-dev": "data/written-dev.jsonl"}
FICTION = {"litbank-dev": "LitBank dev", "clic-dev": "CLiC dev", "pdnc-dev": "PDNC dev"}
GUM = "gum-dev"

# Figures that no run of this program measures.
# AR F1 on PolNeAR dev: all, direct, mixed, indirect. The same file and scorer, measured once.
AR_ELSEWHERE = {
    "two human annotators against each other, on 20 articles": (75.4, 98, 89, 67),
    "prototype of the method, with tags, WordNet and word clusters": (65.5, 89, 75, 56),
    "prototype of the method, without": (64.1, 89, 73, 54),
    "Citron, retrained on PolNeAR train": (52.1, 65, 63, 45),
    "Gender Gap Tracker (spaCy, medium model)": (43.0, 57, 56, 33),
    "textacy (spaCy, medium model), by paragraph": (25.1, 62, 0, 0),
}
# F1 of exact spans: content, cue, source. CofeNet's as its authors published them.
ROLES_ELSEWHERE = {
    "two human annotators against each other, on 20 articles": (69, 71, 78),
    "prototype of the method": (63, 72, 76),
    "BERT tagger of CofeNet, on PolNeAR's test part": (73, 75, 83),
    "BiLSTM-CRF of CofeNet, on PolNeAR's test part": (59, 67, 70),
}

RUNS = 4  # of every size of the learning curve
FOLDS = 10  # of the development articles


@dataclass
class Bench:
    """Predicts and scores; everything it writes goes to one folder."""

    folder: Path
    gold: dict[str, Path]  # the files that there are, by name
    systems: dict[str, str] = field(default_factory=dict)  # what they are called, and the model
    _reports: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def train(self, gold: Path, model: str, *, dev: Sequence[Path] = (), seed: int = 1) -> str:
        """Makes a model by the recipe of `en`."""
        tell(f"training {model} with seed {seed}")
        quoth.train(gold, self.folder / model, dev=dev, seed=seed)
        return str(self.folder / model)

    def predict(self, model: str, name: str) -> Path:
        """Reads a gold file as users do; in news only top-level attributions."""
        out = self.folder / "pred.jsonl"
        top_level = ["--top-level"] if name in NEWS else []
        cli.main(["predict", str(self.gold[name]), "-o", str(out), "--model", model, *top_level], standalone_mode=False)
        return out

    def report(self, system: str, name: str) -> dict[str, Any]:
        """What `quoth score` says; asked once."""
        if (system, name) not in self._reports:
            tell(f"{system} on {name}")
            pred = self.predict(self.systems[system], name)
            self._reports[system, name] = scoring.score_files(self.gold[name], pred)
        return self._reports[system, name]

    def present(self, names: Iterable[str]) -> list[str]:
        """Those of which there is a file."""
        return [name for name in names if name in self.gold]


def tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---", *["--:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def attributions(bench: Bench, name: str) -> str:
    def row(system: str) -> list[str]:
        found = bench.report(system, name)["AR"]
        kinds = (percent(found[kind]["f1"]) if kind in found else "" for kind in KINDS)
        return [system, *(percent(found["all"][key]) for key in ("p", "r", "f1")), *kinds]

    rows = [row(system) for system in bench.systems]
    if name == "polnear-dev":
        rows += [[f"*{system}*", "", "", *(f"*{f1}*" for f1 in figures)] for system, figures in AR_ELSEWHERE.items()]
    report = bench.report("rules", name)
    size = f"{report['documents']} articles, {report['AR']['all']['n_gold']:,} attributions"
    return f"### {NEWS[name]}: {size}\n\n" + table(["", "P", "R", "F1", *KINDS], rows)


def role_spans(bench: Bench, name: str) -> str:
    def row(system: str) -> list[str]:
        found = bench.report(system, name)["role_spans"]
        return [system, *(percent(found[role]["exact"]["f1"]) for role in ROLES)]

    rows = [row(system) for system in bench.systems]
    if name == "polnear-dev":
        rows += [[f"*{system}*", *(f"*{f1}*" for f1 in figures)] for system, figures in ROLES_ELSEWHERE.items()]
    return f"### {NEWS[name]}\n\n" + table(["", *ROLES], rows)


def other_genres(bench: Bench) -> str:
    measures: list[tuple[str, str, Callable[[dict[str, Any]], float]]] = [
        (GUM, "GUM dev, recall of attributions", lambda report: report["AR"]["all"]["r"])
    ]
    for name, title in FICTION.items():
        measures.append((name, f"{title}, F1 of quotations", lambda r: r["direct_quotes"]["span_iou50"]["f1"]))
    measures = [measure for measure in measures if measure[0] in bench.gold]
    rows = [
        [system, *(percent(figure(bench.report(system, name))) for name, _, figure in measures)]
        for system in bench.systems
    ]
    return table(["", *(title for _, title, _ in measures)], rows)


def speakers(bench: Bench) -> str:
    names = bench.present(["written-dev", GUM, "litbank-dev", "pdnc-dev"])
    rows = [
        [system, *(percent(bench.report(system, name)["speaker_direct"]["all"]["accuracy"]) for name in names)]
        for system in bench.systems
    ]
    titles = {**NEWS, GUM: "GUM dev", **FICTION}
    return table(["", *(titles[name] for name in names)], rows)


def calibration(bench: Bench) -> str:
    names = bench.present(NEWS)
    rows = [
        [system, *(percent(bench.report(system, name)["calibration"]["ece"]) for name in names)]
        for system in bench.systems
    ]
    return table(["", *(NEWS[name] for name in names)], rows)


# --- the learning curve --------------------------------------------------------------------------

Counts = tuple[int, int, int]  # right, predicted, gold


@dataclass
class Point:
    """One training: on how many articles, and what it got right in each fold of the development articles."""

    articles: int
    folds: list[Counts]

    def f1(self, without: int | None = None) -> float:
        """AR in percent, of all folds or all but one."""
        right, pred, gold = (sum(c[k] for i, c in enumerate(self.folds) if i != without) for k in range(3))
        return 200 * right / max(1, pred + gold)


def learning_curve(bench: Bench, written: Path) -> str:
    """Trains on one, two, three and four quarters of the articles, four times each."""
    articles = written.read_text(encoding="utf-8").splitlines(keepends=True)
    names = bench.present(NEWS)
    folds = {name: split(bench, name) for name in names}
    points: dict[str, list[Point]] = {name: [] for name in names}
    part = bench.folder / "part.jsonl"
    for quarters in range(1, 5):
        for run in range(RUNS):
            chosen = [article for i, article in enumerate(articles) if (i - run) % 4 < quarters]
            part.write_text("".join(chosen), encoding="utf-8")
            model = bench.train(part, f"{len(chosen)}-articles.model", seed=run + 1)
            for name in names:
                pred = bench.predict(model, name)
                points[name].append(Point(len(chosen), [counts(gold, pred) for gold in folds[name]]))
    rows = []
    for quarters in range(1, 5):
        at = slice((quarters - 1) * RUNS, quarters * RUNS)
        some = [points[name][at] for name in names]
        sizes = sorted({p.articles for p in some[0]})
        rows.append(["–".join(map(str, sizes[:: max(1, len(sizes) - 1)])), *(spread(p.f1() for p in s) for s in some)])
    sentences = [doubling(NEWS[name], points[name], len(articles)) for name in names]
    return "\n\n".join([table(["articles", *(NEWS[name] for name in names)], rows), *sentences])


def split(bench: Bench, name: str) -> list[Path]:
    """The articles of a gold file in folds, one file each."""
    lines = bench.gold[name].read_text(encoding="utf-8").splitlines(keepends=True)
    paths = []
    for k in range(min(FOLDS, len(lines))):
        path = bench.folder / f"{name}-{k}.jsonl"
        path.write_text("".join(lines[k::FOLDS]), encoding="utf-8")
        paths.append(path)
    return paths


def counts(gold: Path, pred: Path) -> Counts:
    found = scoring.score_files(gold, pred)["AR"]["all"]
    return round(found["p"] * found["n_pred"]), found["n_pred"], found["n_gold"]


def spread(values: Iterable[float]) -> str:
    all_of_them = list(values)
    return f"{statistics.mean(all_of_them):.1f} ({min(all_of_them):.1f}–{max(all_of_them):.1f})"


def slope(points: Sequence[Point], without: int | None = None) -> tuple[float, float]:
    """Points of F1 a doubling of the articles gives, by least squares, and the standard error."""
    x, y = [math.log2(p.articles) for p in points], [p.f1(without) for p in points]
    gain, start = statistics.linear_regression(x, y)
    rest = sum((b - start - gain * a) ** 2 for a, b in zip(x, y, strict=True))
    return gain, math.sqrt(rest / (len(x) - 2) / (statistics.pvariance(x) * len(x)))


def doubling(title: str, points: Sequence[Point], n: int) -> str:
    """What twice the articles would give, in a sentence."""
    gain, error_of_training = slope(points)
    # Other development articles would give another gain: the jackknife over folds.
    others = [slope(points, without=k)[0] for k in range(len(points[0].folds))]
    error_of_articles = math.sqrt((len(others) - 1) * statistics.pvariance(others))
    error = 2 * math.hypot(error_of_training, error_of_articles)
    half, whole = (statistics.mean(p.f1() for p in points[k * RUNS : (k + 1) * RUNS]) for k in (1, 3))
    decay, start = statistics.linear_regression(
        [math.log2(p.articles) for p in points], [math.log(100 - p.f1()) for p in points]
    )
    power_law = 100 - math.exp(start + decay * math.log2(2 * n)) - whole
    verdict = "Whether more articles of this kind would pay here is open."
    if gain + error < 1:
        verdict = "More articles of this kind would hardly pay here."
    elif gain > error:
        few, some, many = (round(n * (2 ** (1 / g) - 1)) for g in (gain + error, gain, gain - error))
        verdict = f"More articles of this kind pay here: by the line, a point for {some} ({few} to {many}) more."
    return (
        f"**{title}**: each doubling of the articles gave {signed(gain)} ± {error:.1f} points, the last one, from "
        f"{n // 2} to {n} articles, {signed(whole - half)}. Doubling them again, to {2 * n}, would give "
        f"{signed(gain)} if the line goes on, {signed(power_law)} if the error falls by a power law, "
        f"{signed(whole - half)} if it does what the last doubling did. {verdict}"
    )


def signed(points: float) -> str:
    return f"{round(points, 1) + 0.0:+.1f}"


# --- speed ---------------------------------------------------------------------------------------


def speed(bench: Bench, *, mb: float, runs: int) -> str:
    name = bench.present(NEWS)[0]
    texts = [json.loads(line)["text"] for line in bench.gold[name].open(encoding="utf-8")]
    size = sum(len(text.encode()) for text in texts) / 1e6
    times = math.ceil(mb / size)
    rows = []
    for system, model in bench.systems.items():
        tell(f"speed of {system}")
        work = quoth.Attributor(model=model)
        seconds = []
        for _ in range(runs):
            start = time.perf_counter()
            work.read_all(texts * times, n_threads=1, progress=False)
            seconds.append(time.perf_counter() - start)
        rows.append([system, f"{size * times / statistics.median(seconds):.1f}"])
    return f"Texts of {NEWS[name]}, no gazetteer.\n\n" + table(["", "MB/s"], rows)


def document(bench: Bench, written: Path, *, mb: float, runs: int) -> str:
    names = bench.present(NEWS)
    sections = [
        "# How good quoth is",
        "`python benches/python/quality.py GOLD_FOLDER` makes this page again. Figures in percent. `rules` and `en` "
        "come with quoth; `en` is trained on `data/written-train.jsonl`. The PolNeAR model is the method of `en` "
        "trained on PolNeAR's training part in the same run: it measures the method, and is never shipped. "
        "The gold files but those of `data/` have licences of their own and are not part of this repository. "
        "The rules were tuned on the development files.",
        "*In italics: from elsewhere, not measured by this command*. CofeNet's are published, the others were "
        "measured once with the same scorer.",
        "## Attributions in news",
        "AR: content overlaps the gold one by at least half, and the source shares a word with it. Top-level "
        "attributions are predicted; the gold of `data/` has nested ones too, which are thus missed.",
        *(attributions(bench, name) for name in names),
        "## Exact spans in news",
        "F1 of the spans of each role, regardless of what belongs together.",
        *(role_spans(bench, name) for name in names),
    ]
    if bench.present([GUM, *FICTION]):
        sections += [
            "## Other genres",
            "GUM annotates only some attributions, so recall counts. In fiction: direct quotations, overlap of at "
            "least half, whoever speaks.",
            other_genres(bench),
        ]
    sections += [
        "## Speakers",
        "Of the direct quotations of the gold whose speaker is known, those that are found and have the right one: his "
        "name or another that the gold has for him. Without a list of characters or a gazetteer.",
        speakers(bench),
        "## How far the score can be trusted",
        "Expected calibration error over ten bins (Guo et al. 2017): by how much the score differs from the share of "
        "right attributions (AR). 0 is best. `quoth score GOLD.jsonl PRED.jsonl` prints the bins.",
        calibration(bench),
        "## Would more articles pay?",
        "F1 (AR) of the recipe of `en` trained on one, two, three and four quarters of `data/written-train.jsonl`: the "
        "mean of four trainings, each on other quarters and with another seed, and the least and greatest. On all "
        "articles only the seed differs. Below, a line is laid through F1 over the logarithm of the articles; after "
        "± stand two standard errors, of the trainings and (by a jackknife over tenths) of the development articles. "
        "The trainings share articles, so the errors are rather too small.",
        learning_curve(bench, written),
        "## Speed on one thread",
        speed(bench, mb=mb, runs=runs),
    ]
    return "\n\n".join(sections) + "\n"


def tenth(path: Path, folder: Path) -> Path:
    part = folder / path.name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    part.write_text("".join(lines[::10]), encoding="utf-8")
    return part


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", nargs="?", type=Path, metavar="GOLD_FOLDER")
    parser.add_argument("-o", "--output", type=Path, help="default: benches/quality.md, or with --quick the terminal")
    parser.add_argument("--quick", action="store_true", help="a tenth of data/ alone, to see that it runs")
    args = parser.parse_args()
    if not args.quick and (args.gold is None or not args.gold.is_dir()):
        parser.error("a folder of gold files is needed, or --quick")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        written, dev = DATA / "written-train.jsonl", DATA / "written-dev.jsonl"
        gold: dict[str, Path] = {}
        if args.quick:
            written, dev = (tenth(path, folder) for path in (written, dev))
        else:
            names = ("polnear-train", "polnear-dev", GUM, *FICTION)
            gold = {name: path for name in names if (path := args.gold / f"{name}.jsonl").is_file()}
        bench = Bench(folder, gold | {"written-dev": dev}, {"rules": "rules", "en": "en"})
        if "polnear-train" in gold:
            bench.systems["PolNeAR model (not shipped)"] = bench.train(
                gold["polnear-train"], "polnear.model", dev=[gold["polnear-dev"]] if "polnear-dev" in gold else ()
            )
        page = document(bench, written, mb=0.1 if args.quick else 4, runs=1 if args.quick else 3)
    output = args.output or (None if args.quick else OUTPUT)
    if output is None:
        print(page)
    else:
        output.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
