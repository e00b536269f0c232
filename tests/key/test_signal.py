"""How well a key is heard, steady or wandering, as STATUS tells it."""

from __future__ import annotations

import itertools

from hideez_bench.emulator.key.signal import Wandering, steady
from tests.key.desk import Desk, settled


def walk(seed: int, seconds: int = 3600) -> list[int]:
    signal = Wandering(seed)
    return [signal(float(time)) for time in range(seconds)]


def test_steady_is_steady() -> None:
    assert {steady(-70)(time) for time in (0.0, 1.0, 1e9)} == {-70}


def test_a_walk_swings_as_the_documentation_says_and_is_the_same_for_its_seed() -> None:
    values = walk(1)
    assert 30 <= max(values) - min(values) <= 40
    assert walk(1) == values != walk(2)
    assert max(abs(after - before) for before, after in itertools.pairwise(values)) <= 8


def test_asking_twice_at_one_time_is_asking_once() -> None:
    signal = Wandering(3)
    assert signal(10.0) == signal(10.0) == signal(10.2)


async def test_status_tells_it_unless_the_link_says_otherwise() -> None:
    desk = Desk(signal=Wandering(4))
    async with desk.host("pc") as host:
        desk.advance(60)
        await settled()
        told = [status.state.rssi for status in host.statuses]
        assert len(set(told)) > 5
        assert told[-1] == desk.key.rssi
        host.link.key_side.rssi = -33
        desk.advance(1)
        await settled()
        assert host.statuses[-1].state.rssi == -33


async def test_by_default_it_is_the_same_always(desk: Desk) -> None:
    async with desk.host("pc") as host:
        desk.advance(60)
        await settled()
    assert {status.state.rssi for status in host.statuses} == {-50}
