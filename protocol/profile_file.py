"""A wire profile of the user's: a file that says what differs from the shipped one.

It has the shape of `profile.toml`. An item that it gives replaces the shipped one, with its tag and source; without a
tag of its own or of its section it counts as modelled, for nothing is claimed that nobody claims.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.profile import Item, Profile, Tag, default_profile
from hideez_bench.protocol.profile_rules import faults, item_fault

FIELDS = ("value", "tag", "source")


class ProfileError(BenchError):
    """A profile file that cannot be used; nothing was sent or started with it.

    Attributes:
        line: where in the file, from 1; None where that is nowhere in particular.
    """

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        where = f"line {line}: " if line else ""
        super().__init__(f"The wire profile {path} was not used: {where}{reason}.")
        self.line = line


def load_profile(path: Path) -> Profile:
    """The shipped profile with what the file replaces; `replaced` names that.

    Raises:
        ProfileError: the file cannot be read, or says something that is wrong or cannot be so together.
    """
    return _File(path).profile()


class _File:
    """One profile file while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text = self._read()

    def profile(self) -> Profile:
        shipped = default_profile()
        given = {(item.section, item.name): item for item in self._items(shipped)}
        for item in given.values():
            if fault := item_fault(item):
                raise self._error(fault.reason, fault.items)
        profile = Profile({**shipped.items, **given}, frozenset(given))
        for fault in faults(profile):
            raise self._error(fault.reason, [key for key in fault.items if key in given])
        return profile

    def _read(self) -> str:
        try:
            data = self._path.read_bytes()
        except OSError as error:
            raise ProfileError(self._path, None, f"it cannot be read ({error.strerror})") from None
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise ProfileError(self._path, line, "it is not UTF-8 text") from None

    def _tables(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._text)
        except (
            ValueError
        ) as error:  # TOMLDecodeError, and what Python says to a number of thousands of digits
            reason = re.sub(r" \(at .*\)$", "", str(error)).rstrip(".")
            found = re.search(r"\(at line (\d+)", str(error))
            line = int(found[1]) if found else self._text.count("\n") + 1
            raise ProfileError(self._path, line, f"it is not TOML ({reason})") from None

    def _items(self, shipped: Profile) -> Iterable[Item]:
        names: dict[str, list[str]] = {}
        for section, name in shipped.items:
            names.setdefault(section, []).append(name)
        for section, table in self._tables().items():
            if section not in names or not isinstance(table, dict):
                raise self._error(_unknown("section", section, names), [(section, "")])
            common = {field: table.pop(field) for field in ("tag", "source") if field in table}
            for name, entry in table.items():
                if name not in names[section]:
                    reason = _unknown(f"item of [{section}]", name, names[section])
                    raise self._error(reason, [(section, name)])
                own = entry if isinstance(entry, dict) else {"value": entry}
                yield self._item(section, name, {**common, **own})

    def _item(self, section: str, name: str, fields: dict[str, Any]) -> Item:
        where = [(section, name)]
        for field in fields:
            if field not in FIELDS:
                raise self._error(_unknown(f"part of an item ([{section}] {name})", field, FIELDS), where)
        if "value" not in fields:
            raise self._error(f"[{section}] {name} has no value", where)
        tag = fields.get("tag", Tag.MODELLED)
        if tag not in list(Tag):
            raise self._error(f"the tag of [{section}] {name} is not P, I or M", where)
        source = fields.get("source", f"the profile {self._path.name}")
        if not isinstance(source, str):
            raise self._error(f"the source of [{section}] {name} is not a text", where)
        value = fields["value"]
        if isinstance(value, str):
            value = value.lower()  # a UUID; an upper-case one is the same
        return Item(section, name, value, Tag(tag), source)

    def _error(self, reason: str, items: Iterable[tuple[str, str]]) -> ProfileError:
        lines = [line for section, name in items if (line := _line_of(self._text, section, name))]
        return ProfileError(self._path, max(lines, default=None), reason)


def _unknown(kind: str, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    hint = f"perhaps {close[0]} is meant" if close else f"there are {', '.join(known)}"
    return f"{name} is no {kind}; {hint}"


def _line_of(text: str, section: str, name: str) -> int | None:
    """The line that gives an item, else the first of its section; tomllib does not tell."""
    wanted, table, first = f"{section}.{name}.", "", None
    for number, line in enumerate(text.splitlines(), start=1):
        bare = re.sub(r"[\s'\"]", "", line)
        if bare.startswith("["):
            table = bare[1:].partition("]")[0]
            path = f"{table}."
        else:
            path = f"{table}.{bare.partition('=')[0]}.".lstrip(".")
        if path.startswith(wanted):
            return number
        if first is None and path.startswith(f"{section}."):
            first = number
    return first
