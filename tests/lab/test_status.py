from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hideez_bench.harness.cli.lab import lab
from hideez_bench.harness.lab import install


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HIDEEZ_BENCH_LAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(install, "FOLDERS", ())
    return tmp_path / "cache"


def test_for_programs(bare_machine: Path) -> None:
    bare_machine.mkdir()
    (bare_machine / "snapshot-1.state").write_bytes(b"12345")
    result = CliRunner().invoke(lab, ["status", "--json"], catch_exceptions=False)
    facts = json.loads(result.output)
    assert facts["ready"] is False
    assert facts["kernel"] is None
    assert facts["programs"]["bluetoothd"] is None
    assert facts["snapshots"] == {"snapshot-1.state": 5}
    assert facts["size"] == 5


def test_for_people(bare_machine: Path) -> None:
    output = CliRunner().invoke(lab, ["status"], catch_exceptions=False).output
    assert "bluetoothd           missing (package bluez)" in output
    assert "snapshot             none yet" in output
    assert "run 'hideez-bench lab install' as root" in output
