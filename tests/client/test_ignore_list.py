"""The list of advertisements that start nothing for now. On a clock of its own."""

from __future__ import annotations

import pytest

from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.harness.client.ignore_list import AdvertisementIgnoreList

KEY = "C0:DE:00:00:00:01"
NEAR, FAR = (Advertisement.heard("HK-00203", KEY, rssi) for rssi in (-40, -90))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ignored(clock: Clock) -> AdvertisementIgnoreList:
    return AdvertisementIgnoreList(clock, lambda heard: heard.rssi > -60, clear_after=3)


def test_a_key_is_ignored(ignored: AdvertisementIgnoreList) -> None:
    assert not ignored.is_ignored(KEY)
    ignored.ignore(KEY)
    assert ignored.is_ignored(KEY)
    assert not ignored.is_ignored("C0:DE:00:00:00:02")


def test_a_key_is_ignored_for_a_time(ignored: AdvertisementIgnoreList, clock: Clock) -> None:
    ignored.ignore_for(KEY, 5)
    clock.now += 4.9
    assert ignored.is_ignored(KEY)


def test_when_the_time_is_over_it_is_not_ignored(ignored: AdvertisementIgnoreList, clock: Clock) -> None:
    ignored.ignore_for(KEY, 5)
    clock.now += 5
    assert not ignored.is_ignored(KEY)


@pytest.mark.parametrize("heard", [None, FAR])
def test_a_key_that_was_away_is_not_ignored(
    ignored: AdvertisementIgnoreList, clock: Clock, heard: Advertisement | None
) -> None:
    ignored.ignore(KEY)
    for _ in range(3):
        clock.now += 1
        if heard:
            ignored.heard(heard)
    assert not ignored.is_ignored(KEY)
    ignored.heard(NEAR)
    assert not ignored.is_ignored(KEY)


def test_a_key_that_stays_near_stays_ignored(ignored: AdvertisementIgnoreList, clock: Clock) -> None:
    ignored.ignore(KEY)
    for _ in range(10):
        clock.now += 2.9
        ignored.heard(NEAR)
        assert ignored.is_ignored(KEY)
    ignored.forget(KEY)
    assert not ignored.is_ignored(KEY)


def test_staying_near_does_not_prolong_a_time(ignored: AdvertisementIgnoreList, clock: Clock) -> None:
    ignored.ignore_for(KEY, 5)
    for _ in range(5):
        clock.now += 1
        ignored.heard(NEAR)
    assert not ignored.is_ignored(KEY)
