"""Runs tshark with a dissector and reads what it makes of a capture."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

PASSES: tuple[tuple[str, ...], ...] = ((), ("-2",), ("-2", "-R", "frame"))
"""Once through the capture; twice, seeing nothing the first time; twice with all seen, as Wireshark's window does."""

ROOT_WARNING = 'Running as user "root"'


@dataclass(frozen=True)
class Shown:
    """A field as tshark shows it: its filter's value, and its line in the tree."""

    name: str
    value: str
    line: str


@dataclass(frozen=True)
class Frame:
    """What the dissector says of one packet of a capture."""

    number: int
    fields: tuple[Shown, ...]

    def values(self, name: str) -> list[str]:
        return [field.value for field in self.fields if field.name == name]

    def lines(self, name: str) -> list[str]:
        return [field.line for field in self.fields if field.name == name]

    @property
    def faults(self) -> list[str]:
        """What the dissector complains of: bytes or fragments, not refusals."""
        kinds = ("hideez.malformed", "hideez.fragments")
        return [field.line for field in self.fields if field.name in kinds]

    @property
    def is_hideez(self) -> bool:
        return any(field.name.startswith("hideez") for field in self.fields)


def frames(script: Path, capture: Path, *options: str) -> dict[int, Frame]:
    """Every packet of a capture, by its number."""
    document = ElementTree.fromstring(run(script, capture, "-T", "pdml", *options))  # noqa: S314 - tshark's
    found = {}
    for number, packet in enumerate(document.iter("packet"), start=1):
        shown = (
            Shown(each.get("name", ""), each.get("show", ""), each.get("showname", ""))
            for each in packet.iter()
            if each.tag in ("field", "proto")
        )
        found[number] = Frame(number, tuple(shown))
    return found


def columns(script: Path, capture: Path, *options: str) -> dict[int, str]:
    """The Info column of every packet."""
    lines = run(script, capture, "-T", "fields", "-e", "_ws.col.Info", *options).splitlines()
    return dict(enumerate(lines, start=1))


def run(script: Path, capture: Path, *options: str) -> str:
    """tshark's output; it must have nothing to complain of."""
    program = shutil.which("tshark")
    if not program:
        pytest.skip("tshark is not installed")
    # -n: names of hosts are asked of nobody.
    command = [program, "-n", "-X", f"lua_script:{script}", "-r", str(capture), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)
    complaints = [line for line in done.stderr.splitlines() if line and not line.startswith(ROOT_WARNING)]
    assert (done.returncode, complaints) == (0, [])
    assert "Lua Error" not in done.stdout
    return done.stdout
