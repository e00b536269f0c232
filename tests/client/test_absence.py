"""The computer is locked when the key that unlocked it goes. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.met_key import Standing
from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.people import Choice, ScriptedPerson
from hideez_bench.protocol.hes import ProximitySettings
from hideez_bench.protocol.secret import ActivationCode
from tests.client.office import Computer, KeyOnAir, Office, open_office

pytestmark = pytest.mark.virtual_time

NEAR, FAR = -60, -90
"""dBm: 80 % and 20 %."""


class Screen:
    """A lock screen that is up, and lets everybody in."""

    async def raise_and_wait(self) -> None:
        pass

    async def unlock(self, serial: str) -> bool:
        return True


def now() -> float:
    return asyncio.get_running_loop().time()


def about(seconds: int) -> object:
    """STATUS comes twice a second, and the test looks ten times a second."""
    return pytest.approx(seconds, abs=0.7)


def is_locked(computer: Computer) -> bool:
    return computer.workstation.state.session_locked


async def lock_by_absence(computer: Computer) -> float:
    """The seconds until the computer is locked."""
    began = now()
    await computer.until(lambda: is_locked(computer))
    return now() - began


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office() as opened:
        yield opened


class Slow(ScriptedPerson):
    """Takes 20 s for each code."""

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        await asyncio.sleep(20)
        return await super().get_activation_code(prompt)


async def unlocked(
    office: Office, stack: Stack = Stack.SYSTEM, *, codes: int = 1
) -> tuple[Computer, KeyOnAir]:
    """A computer that a key has unlocked, and somebody who types so many codes."""
    key = await office.key(rssi=FAR)
    person = Slow([Choice.RIGHT] * codes, lambda: office.administrator.code(key.serial))
    computer = await office.computer(person, stack=stack)
    state = computer.workstation.state
    state.lock_screen = Screen()
    state.lock_session()
    computer.workstation.update_proximity_settings([ProximitySettings(key.serial, "")])
    key.moves(NEAR)
    await computer.until_standing(key, Standing.ONLINE)
    assert not is_locked(computer)
    assert office.vault(key).status is VaultStatus.Active
    return computer, key


@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name)
async def test_a_key_that_is_carried_away_locks_the_computer_after_five_seconds(
    office: Office, stack: Stack
) -> None:
    computer, key = await unlocked(office, stack)
    key.moves(FAR)
    assert await lock_by_absence(computer) == about(5)
    await computer.until_standing(key, Standing.IN_REACH)
    assert computer.told("stayed away") == 1
    assert not office.vault(key).is_online


async def test_a_key_that_is_out_of_reach_locks_the_computer(office: Office) -> None:
    computer, key = await unlocked(office)
    key.hides()
    assert await lock_by_absence(computer) == about(5)


async def test_what_says_so_is_the_key_and_not_an_advertisement_in_its_name(office: Office) -> None:
    computer, key = await unlocked(office)
    heard = computer.met(key).advertisement
    key.hides()
    for _ in range(6):
        computer.service.airwaves.hear(heard)
        await asyncio.sleep(1)
    assert is_locked(computer)


async def test_a_key_that_is_near_again_in_time_leaves_it_unlocked(office: Office) -> None:
    computer, key = await unlocked(office)
    for _ in range(3):  # each absence has seconds of its own
        key.moves(FAR)
        await asyncio.sleep(4)
        assert computer.service.absence.left is not None
        key.moves(NEAR)
        await asyncio.sleep(2)
    assert computer.service.absence.left is None
    assert not is_locked(computer)
    assert computer.told("is back") == 3


@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name)
async def test_a_key_whose_link_breaks_is_connected_again_in_time(office: Office, stack: Stack) -> None:
    computer, key = await unlocked(office, stack)
    key.cut()
    await computer.until_standing(key, Standing.IN_REACH)
    await computer.until_standing(key, Standing.ONLINE)
    await asyncio.sleep(10)
    assert not is_locked(computer)
    assert (computer.told("locks the computer in 5 s"), computer.told("is back")) == (1, 1)


async def test_a_key_that_is_connected_again_and_waits_for_a_code_is_not_back(office: Office) -> None:
    computer, key = await unlocked(office, codes=2)
    key.cut()
    await computer.until_standing(key, Standing.IN_REACH)
    began = now()
    await computer.until(lambda: not office.vault(key).is_online)
    await office.hes.vaults.suspend(key.serial)
    await computer.until(lambda: computer.told("asks for the activation code") == 2)
    assert not is_locked(computer)
    await lock_by_absence(computer)
    assert now() - began == about(5)


async def test_a_key_that_is_taken_from_the_client_locks_the_computer(office: Office) -> None:
    computer, _ = await unlocked(office)
    computer.workstation.workstation_unapproved()
    assert await lock_by_absence(computer) == about(5)


async def test_a_key_that_goes_before_its_flow_has_ended_locks_the_computer(office: Office) -> None:
    """The computer is unlocked in step 15; step 16 is still to come."""
    key = await office.key(rssi=FAR)
    computer = await office.computer(office.types(key))
    state = computer.workstation.state
    state.lock_screen = Screen()
    state.lock_session()
    computer.workstation.update_proximity_settings([ProximitySettings(key.serial, "")])
    computer.service.timeline.follow(
        lambda event: key.hides() if event.text == "unlocks the computer" else None
    )
    key.moves(NEAR)
    await computer.until_standing(key, Standing.STOPPED)
    assert state.unlocked_by == key.serial
    assert await lock_by_absence(computer) == about(5)


async def test_the_server_says_how_far_and_how_long_is_away(office: Office) -> None:
    computer, key = await unlocked(office)
    pushed = ProximitySettings(key.serial, "", lock_proximity=10, lock_timeout=20)
    computer.workstation.update_proximity_settings([pushed])
    key.moves(FAR)
    await asyncio.sleep(60)
    assert not is_locked(computer)
    key.moves(-96)
    assert await lock_by_absence(computer) == about(20)


@pytest.mark.parametrize("how", ["by hand", "never locked"])
async def test_a_computer_that_no_key_unlocked_stays_unlocked(office: Office, how: str) -> None:
    key = await office.key()
    computer = await office.computer(office.types(key))
    if how == "by hand":
        computer.workstation.state.lock_session()
        computer.service.unlock_session()
    await computer.until_standing(key, Standing.ONLINE)
    key.hides()
    await asyncio.sleep(60)
    assert not is_locked(computer)


async def test_another_key_counts_neither_way(office: Office) -> None:
    computer, key = await unlocked(office)
    other = await office.key()
    await computer.until(lambda: other.address in computer.service.keys)
    await computer.until_standing(other, Standing.STOPPED)  # nobody types its code
    other.moves(FAR)
    await asyncio.sleep(10)
    assert not is_locked(computer)
    other.moves(NEAR)
    key.moves(FAR)
    assert await lock_by_absence(computer) == about(5)


async def test_locking_by_hand_meanwhile_is_not_told_again(office: Office) -> None:
    computer, key = await unlocked(office)
    key.moves(FAR)
    await computer.until(lambda: computer.service.absence.left is not None)
    computer.workstation.state.lock_session()
    assert computer.service.absence.left is None
    assert computer.workstation.state.unlocked_by == ""
    await asyncio.sleep(10)
    assert computer.told("stayed away") == 0


async def test_a_service_that_ends_locks_nothing(office: Office) -> None:
    computer, _ = await unlocked(office)
    await computer.service.__aexit__(None, None, None)
    await asyncio.sleep(10)
    assert not is_locked(computer)
