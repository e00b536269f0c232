"""Plain data as a Lua table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Plain = str | int | bool | Mapping[str, "Plain"] | Mapping[int, "Plain"] | Sequence["Plain"]
RESERVED = re.compile(
    "and|break|do|else|elseif|end|false|for|function|goto|if|in|local|nil|not|or|repeat|return|then|true|until|while"
)


def literal(data: object, indent: int = 0) -> str:
    """Lua source for some data, one entry a line, short tables on one."""
    match data:
        case bool():
            return str(data).lower()
        case int():
            return str(data)
        case str():
            return _text(data)
        case Mapping():
            return _table(
                [f"{_key(key)} = {literal(value, indent + 1)}" for key, value in data.items()], indent
            )
        case Sequence():
            return _table([literal(value, indent + 1) for value in data], indent)
    raise TypeError(f"Lua has no literal for {type(data).__name__}")


def _text(text: str) -> str:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f]", lambda found: f"\\{ord(found[0]):03d}", quoted) + '"'


def _key(key: str | int) -> str:
    if isinstance(key, str) and key.isidentifier() and key.isascii() and not RESERVED.fullmatch(key):
        return key
    return f"[{literal(key)}]"


def _table(entries: list[str], indent: int) -> str:
    line = "{" + ", ".join(entries) + "}"
    if len(line) <= 100 and "\n" not in line:
        return line
    inner = "    " * (indent + 1)
    return "{\n" + "".join(f"{inner}{entry},\n" for entry in entries) + "    " * indent + "}"
