"""One target under atheris, in a process of its own: `python -m tests.fuzz.guided TARGET LIBFUZZER-OPTIONS...`."""

from __future__ import annotations

import sys

import atheris

from tests.fuzz import targets

WATCHED = ["hideez_bench", "construct"]
"""Whose branches guide the search."""


def main() -> None:
    """Search until libFuzzer's options say to stop; the process ends with its exit status."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=WATCHED):
        target = targets.load(name)
    atheris.Setup([name, *options], target.run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
