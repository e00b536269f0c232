"""The hand-written side of the benchmark does the same work, or the comparison would mean nothing."""

from __future__ import annotations

import pytest

from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.packets import fragment
from tests.bench import by_hand
from tests.bench.codec import LONG_MESSAGE, PAIRS, WIRE, reassembled


@pytest.mark.parametrize("name", PAIRS)
def test_both_ways_agree(name: str) -> None:
    value, layout, build, parse = PAIRS[name]
    data = layout.build(value)
    assert build(value) == data
    assert parse(data) == value


def test_both_ways_reassemble() -> None:
    packets = list(fragment(WIRE, PacketKind.ENCRYPTED, LONG_MESSAGE, 20))
    assert by_hand.reassemble(packets) == reassembled(packets) == LONG_MESSAGE
