"""The wire profile: UUIDs, opcodes, error numbers, bits and sizes, each with its tag and source.

The values themselves stand in `profile.toml`, beside this file; `profile_file.py` reads a file that replaces some.
Code speaks of them by name alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Tag(StrEnum):
    """Where a value comes from."""

    PUBLISHED = "P"
    INFERRED = "I"
    MODELLED = "M"


@dataclass(frozen=True)
class Item:
    """One value of the format."""

    section: str
    name: str
    value: int | str
    tag: Tag
    source: str


@dataclass(frozen=True)
class Profile:
    """Every item of one wire format, by section and name; `replaced` are those that a profile file gave."""

    items: Mapping[tuple[str, str], Item]
    replaced: frozenset[tuple[str, str]] = frozenset()

    def number(self, section: str, name: str) -> int:
        """The value of a numeric item."""
        return int(self.items[section, name].value)

    def numbers(self, section: str) -> dict[str, int]:
        """The values of a numeric section, by name."""
        return {item.name: int(item.value) for item in self.items.values() if item.section == section}

    def uuid(self, name: str) -> str:
        """A UUID in lower case with dashes."""
        return str(self.items["uuid", name].value)

    def size(self, name: str) -> int:
        """A limit, in bytes unless its name says otherwise."""
        return self.number("size", name)

    def seconds(self, name: str) -> float:
        """A time, in seconds."""
        return self.number("timing", name) / 1000

    def channel(self, name: str) -> int:
        """The number of a channel: MAIN or HES."""
        return self.number("channel", name)


@cache
def default_profile() -> Profile:
    """The profile that hideez-bench ships."""
    text = files(__package__).joinpath("profile.toml").read_text(encoding="utf-8")
    items = [
        item for section, table in tomllib.loads(text).items() for item in _section_items(section, table)
    ]
    return Profile({(item.section, item.name): item for item in items})


def _section_items(section: str, table: dict[str, object]) -> list[Item]:
    common = {"tag": table.pop("tag"), "source": table.pop("source")}
    items = []
    for name, entry in table.items():
        own = entry if isinstance(entry, dict) else {"value": entry}
        fields = {**common, **own}
        items.append(Item(section, name, fields["value"], Tag(fields["tag"]), fields["source"]))
    return items
