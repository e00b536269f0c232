"""Where a field stands, and what it is called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from construct import Construct

from hideez_bench.protocol.errors import BenchError


class UnknownElementError(BenchError):
    """A layout holds something that the dissector cannot be generated for."""


@dataclass(frozen=True)
class Place:
    """Where a field stands: its key (`device_state.battery`), what to call it, and the fields before it."""

    key: str
    label: str
    about: str
    siblings: Mapping[str, Construct]

    def inner(self, name: str) -> Place:
        """A field within this one."""
        return Place(f"{self.key}.{name}", spoken(name), self.about, self.siblings)


def snake(name: str) -> str:
    """A class's or command's name as field names have it: `device_state`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def spoken(name: str) -> str:
    """A name as people read it: `device state`."""
    return name.replace("_", " ")
