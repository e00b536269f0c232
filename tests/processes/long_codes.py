"""hideez-bench with activation codes of eight digits, as a program: six turn up by chance in serial numbers and hex.

The first argument names a file for the logs of every library, or is empty; the others are the console script's.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from hideez_bench.emulator.hes import draw
from hideez_bench.harness.cli.main import main
from hideez_bench.protocol.channel import Random
from hideez_bench.protocol.secret import ActivationCode

LENGTH = 8


def program(log: Path | None = None) -> list[str]:
    """How to start it."""
    return [sys.executable, __file__, str(log or "")]


def long_code(random: Random) -> ActivationCode:
    """Eight digits, none of them a zero or a two, of which serial numbers and years are made."""
    return ActivationCode.from_text("".join("13456789"[byte % 8] for byte in random(LENGTH)))


if __name__ == "__main__":
    log = sys.argv.pop(1)
    if log:
        logging.basicConfig(level=1, filename=log)
    draw.activation_code = long_code
    main()
