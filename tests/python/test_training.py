"""Tests of training, of the bundled model, and of models from files."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import quoth
from quoth import Attributor, FileFormatError
from quoth.cli import main

DATA = Path(__file__).parents[2] / "data"
TEXT = "“The bridge is safe,” Mayor Ann Lee said. She denied that it had moved."


@pytest.fixture(scope="module")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gold") / "some.jsonl"
    lines = (DATA / "written-dev.jsonl").read_text(encoding="utf-8").splitlines()[:9]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(gold: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "own.model"
    told: list[tuple[str, int]] = []
    quoth.train(gold, path, epochs=2, progress=lambda what, done: told.append((what, done)))
    assert told[-1] == ("whole", 2)
    assert {what for what, _ in told} == {"cues", "roles", "whole"}
    return path


def test_the_bundled_model() -> None:
    doc = Attributor(model="en").read(TEXT)
    assert [a.content for a in doc.attributions] == ["“The bridge is safe,”", "that it had moved"]
    assert [a.speaker and a.speaker.name for a in doc.attributions] == ["Ann Lee", "Ann Lee"]
    assert doc.attributions[1].polarity == "negative"


def test_own_model(model: Path, gold: Path, tmp_path: Path) -> None:
    attributor = Attributor(model=model, min_score=0.1)
    found = attributor.read_all([TEXT, "", None])
    assert [row["doc"] for row in found].count(0) >= 1
    again = pickle.loads(pickle.dumps(attributor))
    assert repr(again) == repr(attributor)
    assert [*again.read_all([TEXT, "", None])] == [*found]
    quoth.train([gold], tmp_path / "twin.model", epochs=2)
    assert (tmp_path / "twin.model").read_bytes() == model.read_bytes(), "the same gold and seed, the same model"
    quoth.train([gold], tmp_path / "other.model", epochs=2, seed=2)
    assert (tmp_path / "other.model").read_bytes() != model.read_bytes()


def test_models_pickle_by_their_absolute_path(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = tmp_path / "moved.model"
    moved.write_bytes(model.read_bytes())
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(Attributor(model="moved.model"))
    monkeypatch.chdir("/")
    assert repr(str(moved)) in repr(pickle.loads(data))
    moved.unlink()
    with pytest.raises(FileNotFoundError, match=r"gone: .*moved\.model"):
        pickle.loads(data)


def test_thresholds_are_chosen_on_development_data(gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "tuned.model"
    quoth.train(gold, out, dev=gold, epochs=1, n_threads=1, trained_on="some")
    about = quoth.model_info(out)
    assert (about["data"], about["documents"]) == (["some"], 9)
    assert 0.3 < about["figures"]["f1"] <= 1
    assert "written for quoth" in quoth.model_info()["data"][0]


def test_damaged_models(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.model"
    path.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match=r"bad\.model: .*checksum"):
        Attributor(model=path)
    path.write_bytes(b"text")
    with pytest.raises(FileFormatError, match=r"bad\.model: .*not a model"):
        quoth.model_info(path)
    with pytest.raises(ValueError, match="model must be one of 'rules', 'en', or a file"):
        Attributor(model=tmp_path / "none.model")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "line 2: "),
        ('{"text": "x"}', "line 2: no 'attributions'"),
        ('{"text": 1, "attributions": []}', "line 2: 'text' must be a string"),
        (
            '{"text": "x", "attributions": [{"cue": [[0, 5]]}]}',
            "the span .0, 5. of 'cue' of attribution 0 is not",
        ),
        ('{"text": "x", "attributions": [{"cue": [0]}]}', "line 2: 'cue' of attribution 0 must be a list of"),
        ('{"text": "x", "attributions": [{}, {"cue": 3}]}', "line 2: 'cue' of attribution 1 must be a list of"),
        ('{"text": "x", "attributions": [3]}', "line 2: attribution 0 must be an object, got int"),
        (r'{"text": "\ud800", "attributions": []}', "line 2: 'text' holds a lone surrogate"),
        ("[]", "line 2: expected an object, got list"),
        ("caf\udce9", "line 2: not utf-8"),
    ],
)
def test_bad_gold(tmp_path: Path, line: str, says: str) -> None:
    good: dict[str, Any] = {"text": "Ann said no.", "attributions": [{"cue": [[4, 8]], "content": [[9, 11]]}]}
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(good) + "\n" + line + "\n", errors="surrogateescape")
    with pytest.raises(FileFormatError, match=says):
        quoth.train(path, tmp_path / "out.model")
    assert not (tmp_path / "out.model").exists()


def test_bad_arguments(gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.model"
    with pytest.raises(ValueError, match="epochs"):
        quoth.train(gold, out, epochs=0)
    with pytest.raises(ValueError, match="threshold"):
        quoth.train(gold, out, threshold=2)
    for threshold in ("x", True):
        with pytest.raises(TypeError, match="threshold must be a number, got"):
            quoth.train(gold, out, threshold=threshold)
    with pytest.raises(ValueError, match="n_threads"):
        quoth.train(gold, out, n_threads=0)
    with pytest.raises(ValueError, match="seed"):
        quoth.train(gold, out, seed=-1)
    with pytest.raises(FileNotFoundError):
        quoth.train(tmp_path / "none.jsonl", out)
    empty = tmp_path / "empty.jsonl"
    empty.write_text('{"text": "x", "attributions": []}\n')
    with pytest.raises(ValueError, match="no attribution with a cue"):
        quoth.train(empty, out)


def test_an_output_that_cannot_be_written(gold: Path, tmp_path: Path) -> None:
    def trains(what: str, _done: int) -> None:
        pytest.fail(f"{what} was trained")

    for out, error in ((tmp_path / "none" / "out.model", FileNotFoundError), (tmp_path, IsADirectoryError)):
        with pytest.raises(error, match=str(out)):
            quoth.train(gold, out, progress=trains)
        run = CliRunner().invoke(main, ["train", str(gold), "-o", str(out)])
        assert run.exit_code != 0
        assert str(out) in run.output
    assert list(tmp_path.iterdir()) == []


def test_stopping(gold: Path, tmp_path: Path) -> None:
    def stop(_what: str, _done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quoth.train(gold, tmp_path / "out.model", progress=stop)
    assert not (tmp_path / "out.model").exists()


def test_the_command(gold: Path, tmp_path: Path) -> None:
    out, predictions = tmp_path / "out.model", tmp_path / "pred.jsonl"
    run = CliRunner().invoke(main, ["train", str(gold), "-o", str(out), "--epochs", "1"])
    assert run.exit_code == 0, run.output
    assert "9 documents" in run.output
    run = CliRunner().invoke(main, ["info", str(out)])
    assert run.exit_code == 0, run.output
    assert "trained on some.jsonl (9 documents" in run.output
    run = CliRunner().invoke(main, ["predict", str(gold), "-o", str(predictions), "--model", str(out)])
    assert run.exit_code == 0, run.output
    assert len(predictions.read_text(encoding="utf-8").splitlines()) == 9
    run = CliRunner().invoke(main, ["predict", str(gold), "-o", str(predictions), "--model", "fr"])
    assert run.exit_code == 1
    assert "model must be one of" in run.output
