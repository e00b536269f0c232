"""Reads a page of docs/: the tables and examples that are marked for checking.

A table follows a comment that says what it is: `<!-- numbers: error -->`. An example is a fenced block that begins with
`hex` and its name; in it, `#` begins a remark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
MARK = re.compile(r"<!-- (\w+): ([\w ]+) -->\n\n?((?:\|.*\n)+)")
EXAMPLE = re.compile(r"```hex (.+)\n((?:.*\n)*?)```")
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Table:
    """A marked table: what it is, of what, and its rows by the words of its head."""

    kind: str
    subject: str
    rows: list[dict[str, str]]


def tables(page: str) -> list[Table]:
    """The marked tables of a page, as `wire.md`."""
    found = []
    for kind, subject, text in MARK.findall(_read(page)):
        head, _, *rows = [
            [cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines()
        ]
        found.append(Table(kind, subject, [dict(zip(head, row, strict=True)) for row in rows]))
    return found


def examples(page: str) -> dict[str, bytes]:
    """The examples of a page by name."""
    blocks = EXAMPLE.findall(_read(page))
    names = [name for name, _ in blocks]
    assert len(set(names)) == len(names)
    return {name: bytes.fromhex(re.sub(r"#.*", "", text)) for name, text in blocks}


def code(cell: str) -> list[str]:
    """What stands between backticks in a cell."""
    return CODE.findall(cell)


def _read(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")
