from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

from hideez_bench.harness.lab.cache import cache_folder
from hideez_bench.harness.lab.errors import LabUnavailable
from hideez_bench.harness.lab.install import install, require_installed


class Lab(Protocol):
    """Runs `hideez-bench lab run` with some options, `--`, and a command."""

    def __call__(self, *words: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]: ...


LAB_RUN = [sys.executable, "-c", "from hideez_bench.harness.cli import main; main()", "lab", "run"]


@pytest.fixture(scope="session")
def installed_lab() -> None:
    """The lab is there. Where CI=true it is installed if need be, and no test is skipped."""
    in_ci = os.environ.get("CI") == "true"
    try:
        install(print) if in_ci else require_installed(cache_folder())
    except LabUnavailable as reason:
        (pytest.fail if in_ci else pytest.skip)(str(reason))


@pytest.fixture
def lab(installed_lab: None, tmp_path: Path) -> Lab:
    def run(*words: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*LAB_RUN, *words],
            cwd=folder or tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    return run
