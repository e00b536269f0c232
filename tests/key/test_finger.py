"""From the button going down and up to the code that hosts are told."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.key.finger import Finger
from hideez_bench.protocol.names import Button
from tests.key.desk import WIRE, Desk, settled

GAP = WIRE.profile.seconds("tap_gap")
LONG = WIRE.profile.seconds("long_press")
SUPER_LONG = WIRE.profile.seconds("super_long_press")
SHORT = 0.1


class Hand:
    """A finger, and time that passes as it is told."""

    def __init__(self) -> None:
        self.now = 50.0
        self.told: list[Button] = []
        self.finger = Finger(clock=lambda: self.now, profile=WIRE.profile, press=self.told.append)

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (due := self.finger.next_due) is not None and due <= end:
            self.now = due
            self.finger.tick()
        self.now = end

    def hold(self, seconds: float) -> None:
        self.finger.down()
        self.wait(seconds)
        self.finger.up()

    def tap(self, times: int, gap: float = GAP / 2) -> None:
        for number in range(times):
            if number:
                self.wait(gap)
            self.hold(SHORT)


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.parametrize(
    ("taps", "code"),
    [
        (1, Button.SINGLE),
        (2, Button.DOUBLE),
        (3, Button.TRIPLE),
        (4, Button.QUAD),
        (5, Button.PENTA),
        (6, Button.HEXA),
        (7, Button.HEPTA),
        (8, Button.OCTA),
        (9, Button.MULTI),
        (30, Button.MULTI),
    ],
)
def test_taps_in_a_row_are_one_code(hand: Hand, taps: int, code: Button) -> None:
    hand.tap(taps)
    hand.wait(GAP * 0.99)
    assert hand.told == []
    hand.wait(GAP)
    assert hand.told == [code]
    assert hand.finger.next_due is None


def test_taps_too_far_apart_are_singles(hand: Hand) -> None:
    hand.tap(3, gap=GAP)
    hand.wait(GAP)
    assert hand.told == [Button.SINGLE] * 3


@pytest.mark.parametrize(
    ("seconds", "codes"),
    [
        (LONG * 0.99, [Button.SINGLE]),
        (LONG, [Button.LONG]),
        (SUPER_LONG * 0.99, [Button.LONG]),
        (SUPER_LONG, [Button.SUPER_LONG]),
        (SUPER_LONG * 3, [Button.SUPER_LONG]),
    ],
)
def test_holds(hand: Hand, seconds: float, codes: list[Button]) -> None:
    hand.hold(seconds)
    hand.wait(1)
    assert hand.told == codes


def test_a_super_long_press_is_told_while_it_lasts(hand: Hand) -> None:
    hand.finger.down()
    hand.wait(SUPER_LONG)
    assert hand.told == [Button.SUPER_LONG]


def test_taps_right_before_a_hold_do_not_count(hand: Hand) -> None:
    hand.tap(2)
    hand.wait(GAP / 2)
    hand.hold(LONG)
    hand.wait(1)
    assert hand.told == [Button.LONG]


def test_a_clock_that_nobody_looked_at_makes_no_difference(hand: Hand) -> None:
    hand.tap(1)
    hand.now += GAP
    hand.finger.down()
    hand.now += SUPER_LONG
    hand.finger.up()
    assert hand.told == [Button.SINGLE, Button.SUPER_LONG]


def test_down_twice_and_up_twice_are_once(hand: Hand) -> None:
    hand.finger.up()
    hand.finger.down()
    hand.finger.down()
    hand.finger.up()
    hand.finger.up()
    hand.wait(GAP)
    assert hand.told == [Button.SINGLE]


async def test_hosts_are_told_the_code(desk: Desk) -> None:
    async with desk.host("pc") as host:
        desk.key.finger.down()
        desk.advance(SHORT)
        desk.key.finger.up()
        desk.advance(GAP)
        await settled()
        assert [status.state.button for status in host.statuses] == [Button.SINGLE]
