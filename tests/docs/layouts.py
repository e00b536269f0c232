"""A layout in the words of docs/wire.md: `name type` for each field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import construct as c

from hideez_bench.protocol.layout import Converted, Limited
from hideez_bench.protocol.meaning import Record

NUMBERS = {"B": "u8", "b": "i8", "H": "u16", "I": "u32", "L": "u32"}


def described(fields: Iterable[Any]) -> list[str]:
    """The fields of a layout."""
    return [f"{field.name} {word(field.subcon)}" for field in fields]


def word(it: Any) -> str:
    """The word for the type of one field."""
    match it:
        case c.FormatField():
            return NUMBERS[it.fmtstr[1]]
        case c.BitsInteger():
            return f"bits({it.length})"
        case c.StringEncoded():
            return word(it.subcon).replace("bytes", "text").replace("rest", "text")
        case c.FixedSized():
            return f"bytes({it.length})"
        case c.Bytes():
            return f"bytes({it.length})"
        case c.Prefixed():
            return "lv"
        case c.Const():
            return f"bytes({len(it.value)})"
        case c.FocusedSeq():
            return "list"
        case c.IfThenElse():
            return word(it.thensubcon)
        case c.Switch():
            return "body"
        case Converted(meaning=Record(value)):
            return value.__name__
        case Converted() | Limited():
            return word(it.subcon)
        case _ if it is c.GreedyBytes:
            return "rest"
        case _ if it is c.Flag:
            return "bit"
    raise AssertionError(f"docs/wire.md has no word for {it!r}")
