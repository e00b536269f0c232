"""What a layout's fields stand for, written where they are declared, so that programs can read it.

construct's converters and conditions are functions: they work, but do not tell what they do. Each one here says it in
data, for whoever describes the format to others (harness/dissector). Nothing in here changes a byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Names:
    """A number that stands for a name; any other is an error if `closed`, else kept."""

    by_number: Mapping[int, str]
    closed: bool = True


@dataclass(frozen=True)
class ErrorNames(Names):
    """The number of an error, 0 for none."""


@dataclass(frozen=True)
class Bits:
    """Names by the bit's mask; any other bit is an error."""

    by_mask: Mapping[int, str]


@dataclass(frozen=True)
class Record:
    """Fields that make up one value of this class."""

    value: type


@dataclass(frozen=True)
class Text:
    """Bytes that are UTF-8 text."""


@dataclass(frozen=True)
class Dotted:
    """Bytes that people write as numbers with dots between: a version."""


@dataclass(frozen=True)
class Hidden:
    """A secret: never to be shown."""


@dataclass(frozen=True)
class AsItIs:
    """The same as on the wire, in another of Python's types."""


Meaning = Names | Bits | Record | Text | Dotted | Hidden | AsItIs


@dataclass(frozen=True)
class FieldOf:
    """The value of a field that came before in the same struct, to switch on."""

    name: str

    def __call__(self, context: Any) -> Any:
        """The value, from construct's context."""
        return context[self.name]


@dataclass(frozen=True)
class FieldIs:
    """Whether a field that came before in the same struct is `value` itself."""

    name: str
    value: object

    def __call__(self, context: Any) -> bool:
        """Yes or no, from construct's context."""
        return context[self.name] is self.value
