from __future__ import annotations

from pathlib import Path

import pytest

from hideez_bench.harness.lab import install, tier


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HIDEEZ_BENCH_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "FOLDERS", ())
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("ci", "status"), [(None, 0), ("", 0), ("true", 1)])
def test_a_tier_that_cannot_run_says_so_and_fails_in_ci_only(
    bare_machine: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ci: str | None,
    status: int,
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    assert tier.main() == status
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("The lab tier (real BlueZ) was left out: The lab lacks qemu-system-x86_64")


def test_only_files_that_use_the_marker_go_to_the_guest(tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "flow" / "test_a.py").write_text("pytestmark = pytest.mark" + ".bluez\n")
    (tmp_path / "test_b.py").write_text("pass\n")
    assert tier.marked_files(tmp_path) == [str(tmp_path / "flow" / "test_a.py")]
