"""The package's types: a typed program passes, wrong ones do not, the stub is what is compiled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import quoth

HERE = Path(__file__).parent


def mypy(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # Away from the sources, so that the installed package is what is checked.
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)


def test_a_typed_program_passes_and_runs(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text((HERE / "typed_program.py").read_text(encoding="utf-8"), encoding="utf-8")
    checked = mypy("mypy", "--strict", str(program), cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    ran = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["GazetteerError", "0 Q1 1 20 1 direct assertion"]


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        ("quoth.Attributor().read(3)", "read"),
        ("quoth.Attributor(types=['spoken'])", "types|List item"),
        ("quoth.Gazetteer(['a'], case='lower')", "case"),
        ("quoth.Gazetteer(['a']).find('a').start", "start"),
    ],
)
def test_wrong_programs_do_not(wrong: str, argument: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"import quoth\n\n{wrong}\n", encoding="utf-8")
    checked = mypy("mypy", "--strict", str(program), cwd=tmp_path)
    assert checked.returncode == 1
    assert any(a in checked.stdout for a in argument.split("|")), checked.stdout


def test_only_public_names_are_listed() -> None:
    assert dir(quoth) == sorted(quoth.__all__)
    assert all(hasattr(quoth, name) for name in dir(quoth))


def test_the_stub_is_what_is_compiled(tmp_path: Path) -> None:
    checked = mypy("mypy.stubtest", "quoth._core", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
