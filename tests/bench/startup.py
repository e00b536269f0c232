"""From the shell: how long the commands take to start, against Python doing nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from hideez_bench.protocol.errors import BenchError
from tests.bench.timing import side_by_side


def main() -> None:
    """Print the comparison."""
    print("\nFrom the shell")
    program = shutil.which("hideez-bench", path=str(Path(sys.executable).parent))
    if program is None:
        raise BenchError("hideez-bench is not installed beside this Python; run `make bench`.")
    commands = {
        "activate": [program, "activate", "--target", "emulator:memory", "--code", "right", "--json"],
        "--help": [program, "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    ways = {name: partial(_run, command) for name, command in commands.items()}
    side_by_side("hideez-bench", ways)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
