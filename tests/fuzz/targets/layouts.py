"""Every layout of the wire: any bytes give a value that has bytes again, or one defined error."""

from __future__ import annotations

from collections.abc import Iterator

from hideez_bench.protocol.layout import Layout, MessageSet, WireError
from hideez_bench.protocol.wire import default_wire
from tests.protocol.golden import load

WIRE = default_wire()
LAYOUTS = {name: part for name, part in sorted(vars(WIRE).items()) if isinstance(part, Layout | MessageSet)}
NAMES = list(LAYOUTS)


def seeds() -> Iterator[bytes]:
    """Each golden message behind the number of its layout."""
    for golden in load():
        yield bytes([NAMES.index(golden.layer)]) + golden.data


def run(data: bytes) -> None:
    """The first byte chooses the layout, the others are parsed."""
    if not data:
        return
    layout = LAYOUTS[NAMES[data[0] % len(NAMES)]]
    try:
        value = layout.parse(data[1:])
    except WireError as error:
        assert 0 <= error.offset <= len(error.data) == len(data) - 1
        return
    built = layout.build(value)
    assert layout.parse(built) == value
    assert layout.build(layout.parse(built)) == built
