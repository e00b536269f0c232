"""What is fuzzed, one module each.

A target has `seeds()`, inputs that reach deep, and `run(data)`, which feeds one input to the code under test. `run`
returns when the code did what it promises, its own defined errors included, and raises when it did not.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

NAMES = ("layouts", "reassembler", "envelopes", "serial_framing", "profile_file", "capture", "host", "key")


class Target(Protocol):
    """A module of this package."""

    def seeds(self) -> Iterable[bytes]:
        """Inputs to begin with."""
        ...

    def run(self, data: bytes) -> None:
        """Feed one input; raises if a promise is broken."""
        ...


def load(name: str) -> Target:
    """The target of a name. It is imported here and not above, so that a fuzzer can watch it being imported."""
    return cast(Target, import_module(f"{__name__}.{name}"))
