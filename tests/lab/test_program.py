"""Which commands run in the process that has everything imported. (In the guest; the decision is tested here.)"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from hideez_bench.harness.lab.guest import program


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scripts, as an environment has it."""
    (tmp_path / "python").symlink_to(sys.executable)
    (tmp_path / "pytest").write_text(f"#!{tmp_path}/python\nprint()\n")
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    for name in ("pytest", "tool"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("LAB_PYTHON", sys.executable)
    monkeypatch.setenv("LAB_SCRIPTS", str(tmp_path))
    for name in program.NEEDS_OWN_PYTHON:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def action(file: Path, *words: str) -> tuple[Callable[..., object], tuple[object, ...]] | None:
    found = program.python_action(file, list(words))
    assert found is None or isinstance(found, partial)
    return (found.func, found.args) if found else None


def test_python_runs_a_module_here(scripts: Path) -> None:
    expected = (program.run_module, ("pytest", ["-q"]))
    assert action(scripts / "python", "-m", "pytest", "-q") == expected
    assert action(scripts / "python", "-u", "-m", "pytest", "-q") == expected


def test_python_runs_code_and_scripts_here(scripts: Path) -> None:
    assert action(scripts / "python", "-c", "1", "a") == (program.run_code, ("1", ["a"]))
    assert action(scripts / "python", "x.py", "-a") == (program.run_script, ("x.py", ["-a"]))


def test_a_script_of_this_python_runs_here(scripts: Path) -> None:
    assert action(scripts / "pytest", "-q") == (program.run_script, (str(scripts / "pytest"), ["-q"]))


@pytest.mark.parametrize("words", [(), ("-i",), ("-X", "dev", "x.py"), ("-I", "-c", "1")])
def test_python_with_other_options_is_started_afresh(scripts: Path, words: tuple[str, ...]) -> None:
    assert action(scripts / "python", *words) is None


def test_other_programs_are_started_as_they_are(scripts: Path) -> None:
    assert action(scripts / "tool", "a") is None


def test_settings_that_only_a_new_python_reads_need_one(
    scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    assert action(scripts / "python", "-c", "1") is None


def test_a_launcher_stands_for_the_environment_s_own_script(
    scripts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launchers = scripts / "launchers"
    launchers.mkdir()
    (launchers / "pytest").write_text("")
    (launchers / "pytest").chmod(0o755)
    monkeypatch.setattr(program, "LAUNCHERS", launchers)
    monkeypatch.setenv("PATH", f"{launchers}:/usr/bin")
    assert program.find("pytest") == scripts / "pytest"
    assert program.find("sh") == Path("/usr/bin/sh")
    assert program.find("no-such-program") is None
