"""What makes the client take a key up, and what does not. In virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from hideez_bench.harness.client.advertisements import Advertisement, Airwaves, proximity_percent
from hideez_bench.harness.client.pairs import Pairs
from hideez_bench.harness.client.triggers import (
    ActivityTrigger,
    AutomaticTrigger,
    CommandLinkTrigger,
    HearingTrigger,
    ProximityTrigger,
    Reconnect,
    RfidTrigger,
    Surroundings,
    TapTrigger,
    Why,
)
from hideez_bench.protocol.hes import HesError, HesErrorCode, HwVaultShortInfo, ProximitySettings

pytestmark = pytest.mark.virtual_time

SERIAL = "ST1032026000203"
ADDRESS = "C0:DE:00:00:00:01"


@dataclass
class Desk:
    """A workstation whose connections are only noted."""

    pushed: list[ProximitySettings] = field(default_factory=list)
    locked: bool = False
    started: list[Why] = field(default_factory=list)
    airwaves: Airwaves = field(default_factory=Airwaves)

    def __post_init__(self) -> None:
        self.pairs = Pairs(lambda: self.pushed)
        self.around = Surroundings(
            self.airwaves,
            self.pairs,
            lambda advertisement, why: self.started.append(why),
            lambda: self.locked,
        )

    def running(self, kind: type[HearingTrigger]) -> HearingTrigger:
        trigger = kind(self.around)
        trigger.start()
        return trigger


@pytest.fixture
def desk() -> Desk:
    return Desk()


def near(percent: float = 100, *, rssi: int = -60, name: str = "HK-00203") -> Advertisement:
    return Advertisement(name, ADDRESS, rssi, percent)


@pytest.mark.parametrize(
    ("rssi", "percent"), [(-120, 0), (-100, 0), (-75, 50), (-65, 70), (-50, 100), (20, 100)]
)
def test_the_modelled_formula(rssi: int, percent: float) -> None:
    assert proximity_percent(rssi) == percent


async def test_a_trigger_that_is_stopped_ignores_what_it_hears(desk: Desk) -> None:
    tap = desk.running(TapTrigger)
    tap.stop()
    tap.heard(near(rssi=-20))
    assert desk.started == []
    tap.start()
    tap.heard(near(rssi=-20))
    assert desk.started == [Why.TAP]


@pytest.mark.parametrize(("rssi", "started"), [(-32, [Why.TAP]), (-33, []), (-34, [])])
async def test_a_tap_is_above_its_threshold(desk: Desk, rssi: int, started: list[Why]) -> None:
    desk.running(TapTrigger).heard(near(rssi=rssi))
    assert desk.started == started


@pytest.mark.parametrize(("percent", "count"), [(70, 1), (69, 0)])
@pytest.mark.parametrize("kind", [ProximityTrigger, AutomaticTrigger])
async def test_the_default_threshold(
    desk: Desk, kind: type[HearingTrigger], percent: float, count: int
) -> None:
    desk.pushed = [ProximitySettings(SERIAL, "")]
    desk.running(kind).heard(near(percent))
    assert len(desk.started) == count


@pytest.mark.parametrize(("percent", "count"), [(55, 1), (54, 0)])
async def test_the_server_sets_the_threshold_of_a_pair(desk: Desk, percent: float, count: int) -> None:
    trigger = desk.running(ProximityTrigger)
    desk.pushed = [
        ProximitySettings("ST1032026000204", "", unlock_proximity=10),
        ProximitySettings("", ADDRESS.replace(":", "").lower(), unlock_proximity=55),
    ]
    trigger.heard(near(percent))
    assert len(desk.started) == count


async def test_by_the_dongle_only_a_key_that_may_unlock_by_proximity(desk: Desk) -> None:
    trigger = desk.running(ProximityTrigger)
    trigger.heard(near())
    assert desk.started == []
    desk.pushed = [ProximitySettings(SERIAL, "")]
    trigger.heard(near())
    assert desk.started == [Why.PROXIMITY]


async def test_automatic_unlocks_a_locked_session_only_if_the_key_may(desk: Desk) -> None:
    trigger = desk.running(AutomaticTrigger)
    desk.locked = True
    trigger.heard(near())
    assert desk.started == []
    desk.pushed = [ProximitySettings(SERIAL, "")]
    trigger.heard(near())
    assert desk.started == [Why.AUTOMATIC]


async def test_an_ignored_key_starts_nothing_until_it_was_away(desk: Desk) -> None:
    trigger = desk.running(AutomaticTrigger)
    trigger.ignored.ignore(ADDRESS)
    for _ in range(5):
        await asyncio.sleep(2)
        trigger.heard(near(50))  # farther than the unlock threshold, yet not away
    assert desk.started == []
    await asyncio.sleep(3)
    trigger.heard(near())
    assert desk.started == [Why.AUTOMATIC]


@pytest.mark.parametrize(
    ("pushed", "percent", "stays"), [(None, 30, True), (None, 29, False), (50, 50, True), (50, 49, False)]
)
async def test_away_is_below_the_lock_threshold_of_the_pair(
    desk: Desk, pushed: int | None, percent: float, stays: bool
) -> None:
    if pushed:
        desk.pushed = [ProximitySettings(SERIAL, "", lock_proximity=pushed)]
    trigger = desk.running(AutomaticTrigger)
    trigger.ignored.ignore(ADDRESS)
    await asyncio.sleep(2)
    trigger.heard(near(percent))
    await asyncio.sleep(2)
    trigger.heard(near())
    assert desk.started == ([] if stays else [Why.AUTOMATIC])


@pytest.mark.parametrize(("rssi", "stays"), [(-32, True), (-33, False)])
async def test_a_tap_is_over_when_the_signal_is_below_its_threshold(
    desk: Desk, rssi: int, stays: bool
) -> None:
    trigger = desk.running(TapTrigger)
    trigger.ignored.ignore(ADDRESS)
    await asyncio.sleep(2)
    trigger.heard(near(rssi=rssi))
    await asyncio.sleep(2)
    trigger.heard(near(rssi=-20))
    assert desk.started == ([] if stays else [Why.TAP])


@pytest.mark.parametrize(("percent", "found"), [(70, True), (69, False)])
async def test_the_command_link_waits_ten_seconds_for_a_key(desk: Desk, percent: float, found: bool) -> None:
    link = CommandLinkTrigger(desk.around)
    assert not await link.clicked()  # it does not run yet
    link.start()
    loop = asyncio.get_running_loop()
    started = loop.time()
    loop.call_later(9, desk.airwaves.hear, near(percent))
    assert await link.clicked() is found
    assert loop.time() - started == pytest.approx(9 if found else 10)
    assert desk.started == ([Why.COMMAND_LINK] if found else [])


async def test_activity_looks_for_nothing_where_no_key_is_allowed_it(desk: Desk) -> None:
    activity = ActivityTrigger(desk.around)
    activity.start()
    asyncio.get_running_loop().call_later(1, desk.airwaves.hear, near())
    assert not await activity.touched()
    assert asyncio.get_running_loop().time() == 0  # it did not even wait


async def test_activity_takes_up_a_key_that_is_allowed_it(desk: Desk) -> None:
    activity = ActivityTrigger(desk.around)
    activity.start()
    desk.pairs.allow_activity(SERIAL)
    loop = asyncio.get_running_loop()
    loop.call_later(1, desk.airwaves.hear, near(name="HK-00204"))
    assert not await activity.touched()
    loop.call_later(1, desk.airwaves.hear, near(1))
    assert await activity.touched()
    assert desk.started == [Why.ACTIVITY]
    desk.pairs.allow_activity(SERIAL, allowed=False)
    assert not await activity.touched()


@pytest.mark.parametrize("by", ["serial", "address"])
async def test_a_tag_leads_to_its_key_by_way_of_the_server(desk: Desk, by: str) -> None:
    info = HwVaultShortInfo(
        "Ada", "", ADDRESS.replace(":", "") if by == "address" else "", SERIAL if by == "serial" else "", "42"
    )

    async def look_up(tag: str) -> HwVaultShortInfo:
        if tag != "42":
            raise HesError(HesErrorCode.HesDeviceNotFound, "There is no such key.")
        return info

    rfid = RfidTrigger(desk.around, look_up)
    assert not await rfid.read("42")
    rfid.start()
    loop = asyncio.get_running_loop()
    loop.call_later(1, desk.airwaves.hear, Advertisement.heard("HK-00999", "C0:DE:00:00:00:02", -40))
    loop.call_later(2, desk.airwaves.hear, near())
    assert await rfid.read("42")
    assert desk.started == [Why.RFID]
    with pytest.raises(HesError) as refused:
        await rfid.read("43")
    assert refused.value.code is HesErrorCode.HesDeviceNotFound


def test_a_key_without_a_serial_number_or_a_name_is_nobodys() -> None:
    nameless = Advertisement.heard("", ADDRESS, -40)
    assert not nameless.is_of()
    assert not nameless.is_of(serial=SERIAL)
    assert nameless.is_of(mac=ADDRESS.lower())


async def test_a_lost_key_is_brought_back_after_a_second_over_the_dongle_only(desk: Desk) -> None:
    reconnect = Reconnect(desk.around)
    await reconnect.lost(near())
    assert desk.started == []
    reconnect.start()
    await reconnect.lost(near())
    assert desk.started == [Why.RECONNECT]
    assert asyncio.get_running_loop().time() == 1


# The wait for an advertisement, as its own tests describe it.

KEYS = [Advertisement.heard(f"HK-0000{number}", f"C0:DE:00:00:00:0{number}", -40) for number in range(3)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (set[int](), None),
        ({1}, KEYS[1]),
        ({2}, KEYS[2]),
        ({0, 1, 2}, KEYS[0]),
    ],
    ids=["nothing matches", "the matching", "the last", "the first of several"],
)
async def test_waiting_for_an_advertisement(wanted: set[int], found: Advertisement | None) -> None:
    airwaves = Airwaves()
    for number, key in enumerate(KEYS):
        asyncio.get_running_loop().call_later(number, airwaves.hear, key)
    assert await airwaves.wait_for(lambda heard: int(heard.name[-1]) in wanted, timeout=5) == found


async def test_waiting_in_vain() -> None:
    assert await Airwaves().wait_for(lambda heard: True, timeout=10) is None
    assert asyncio.get_running_loop().time() == 10


async def test_a_key_that_says_nothing_for_ten_seconds_is_out_of_reach() -> None:
    airwaves = Airwaves()
    airwaves.hear(KEYS[0])
    await asyncio.sleep(6)
    airwaves.hear(KEYS[1])
    assert airwaves.in_reach() == [KEYS[0], KEYS[1]]
    await asyncio.sleep(6)
    assert airwaves.in_reach() == [KEYS[1]]


async def test_nobody_gets_out_of_reach_while_nothing_can_be_heard() -> None:
    airwaves = Airwaves()
    airwaves.hear(KEYS[0])
    await asyncio.sleep(6)
    with airwaves.deaf():
        await asyncio.sleep(60)
        assert airwaves.in_reach() == [KEYS[0]]
    await asyncio.sleep(3)
    assert airwaves.in_reach() == [KEYS[0]]
    await asyncio.sleep(2)
    assert airwaves.in_reach() == []
