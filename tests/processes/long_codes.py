"""Activation codes that tests can search for, six digits turn up by chance in serial numbers, ids and hex; and
hideez-bench with such codes, as a program.

The program's first argument is the kind of code, and the second names a file for the logs of every library, or is
empty; the others are the console script's.
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


def program(log: Path | None = None, *, typed: bool = False) -> list[str]:
    """How to start it. Codes that are typed at a prompt are digits; what it prints must then hold no hex."""
    return [sys.executable, __file__, "digits" if typed else "letters", str(log or "")]


def digits(random: Random) -> ActivationCode:
    """Eight digits, none of them a zero or a two, of which serial numbers and years are made."""
    return ActivationCode.from_text("".join("13456789"[byte % 8] for byte in random(LENGTH)))


def letters(random: Random) -> ActivationCode:
    """Seven letters that hex has not, and a digit, since a wrong code differs from the right one in the last digit."""
    *first, last = random(LENGTH)
    return ActivationCode.from_text("".join("ghjkmpqrstuvwxyz"[byte % 16] for byte in first) + str(last % 10))


KINDS = {"digits": digits, "letters": letters}


if __name__ == "__main__":
    kind, log = sys.argv[1:3]
    del sys.argv[1:3]
    if log:
        logging.basicConfig(level=1, filename=log)
    draw.activation_code = KINDS[kind]
    main()
