"""The client as a service: several keys, one flow at a time, and keys outside of a flow. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.harness.client.met_key import Standing
from hideez_bench.harness.client.triggers import Why
from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.client.workstation import LOGGED_OFF, SUSPENDED, Interruption, Stack
from hideez_bench.harness.people import Choice, ScriptedPerson
from hideez_bench.harness.timeline import Event
from hideez_bench.protocol.hes import HesError, HesErrorCode, ProximitySettings
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.secret import ActivationCode
from tests.client.office import WIRE, Computer, KeyOnAir, Office, open_office

pytestmark = pytest.mark.virtual_time

AWAY = 11.0
"""Seconds after which a key counts as out of reach."""


class Screen:
    """A lock screen that is up, and lets everybody in."""

    async def raise_and_wait(self) -> None:
        pass

    async def unlock(self, serial: str) -> bool:
        return True


class Slow(ScriptedPerson):
    """Takes 20 s for each code."""

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        typed = await super().get_activation_code(prompt)
        await asyncio.sleep(20)
        return typed


class Sleeper(ScriptedPerson):
    """Types nothing, and does not give up either."""

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        self.prompts.append(prompt)
        never: asyncio.Future[ActivationCode | None] = asyncio.get_running_loop().create_future()
        return await never


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office() as opened:
        yield opened


async def activated(office: Office, *, stack: Stack = Stack.SYSTEM) -> tuple[Computer, KeyOnAir]:
    """A key that is online at a computer."""
    key = await office.key()
    computer = await office.computer(office.types(key), stack=stack)
    if stack is Stack.DONGLE:
        key.moves(-20)
    await computer.until_standing(key, Standing.ONLINE)
    return computer, key


async def test_a_key_in_reach_is_taken_up_and_activated(office: Office) -> None:
    computer, key = await activated(office)
    met = computer.met(key)
    assert office.vault(key).status is VaultStatus.Active
    assert (met.serial, met.owner, met.battery) == (key.serial, "Ada Lovelace", 100)
    assert met.error is None
    assert not met.is_locked
    assert computer.told("it is in reach") == 1


async def test_a_key_that_is_far_is_shown_and_left_alone(office: Office) -> None:
    key = await office.key(rssi=-66)
    computer = await office.computer(office.types(key))
    await asyncio.sleep(30)
    assert computer.met(key).standing is Standing.IN_REACH
    assert computer.met(key).proximity == 68
    key.moves(-65)
    await computer.until_standing(key, Standing.ONLINE)


async def test_e018_a_request_during_a_flow_is_dropped_and_not_kept(office: Office) -> None:
    first, second = await office.key(), await office.key(rssi=-90)
    person = Slow([Choice.RIGHT], lambda: office.administrator.code(first.serial))
    computer = await office.computer(person)
    await computer.until(lambda: bool(person.prompts))
    assert not computer.service.connect(computer.met(second))
    await computer.until_standing(first, Standing.ONLINE)
    await asyncio.sleep(60)
    assert [prompt.serial for prompt in person.prompts] == [first.serial]
    assert computer.met(second).standing is Standing.IN_REACH
    assert computer.service.connect(computer.met(second))


async def test_e019_a_key_whose_flow_has_ended_well_is_ignored(office: Office) -> None:
    computer, key = await activated(office)
    assert not computer.service.connect(computer.met(key))
    assert not computer.service.connect(computer.met(key), Why.TAP)
    await asyncio.sleep(60)
    assert computer.told("takes up") == 1


async def test_several_keys_are_online_at_one_computer(office: Office) -> None:
    keys = [await office.key() for _ in range(3)]
    codes = iter([office.administrator.code(key.serial) for key in keys])  # each is awaited when it is typed
    computer = await office.computer(ScriptedPerson([Choice.RIGHT] * 3, lambda: next(codes)))
    for key in keys:
        await computer.until_standing(key, Standing.ONLINE)
    assert {office.vault(key).status for key in keys} == {VaultStatus.Active}
    assert len(computer.workstation.state.keys) == 3


async def test_a_key_that_was_refused_is_left_alone_until_it_was_away(office: Office) -> None:
    key = await office.key()
    person = office.types(key, Choice.WRONG)
    computer = await office.computer(person)
    await computer.until_standing(key, Standing.STOPPED)
    assert len(person.prompts) == 2  # a wrong code, then nobody types
    await asyncio.sleep(120)
    assert len(person.prompts) == 2
    key.hides()
    await asyncio.sleep(AWAY)
    key.hides(hidden=False)
    await computer.until(lambda: len(person.prompts) == 3)


async def test_keys_that_nobody_has_a_code_for_do_not_take_turns_at_asking(office: Office) -> None:
    first, second = await office.key(), await office.key()
    person = Sleeper([], lambda: office.administrator.code(first.serial))
    computer = await office.computer(person)
    for key in (first, second):
        await computer.until_standing(key, Standing.STOPPED)
    await asyncio.sleep(300)
    assert [prompt.serial for prompt in person.prompts] == [first.serial, second.serial]


async def test_a_key_that_was_refused_is_taken_up_when_somebody_asks(office: Office) -> None:
    key = await office.key()
    computer = await office.computer(office.types(key, Choice.WRONG))
    await computer.until_standing(key, Standing.STOPPED)
    assert computer.service.connect(computer.met(key))
    await computer.service.settled()
    assert computer.told("somebody asked for it") == 1


async def test_a_key_that_does_not_let_itself_be_connected_is_tried_again_after_three_seconds(
    office: Office,
) -> None:
    key = await office.key()
    person = office.types(key)
    computer = await office.computer(person)

    def go_when_called(event: Event) -> None:
        if "takes up" in event.text and not computer.told("did not connect"):
            key.hides()

    computer.service.timeline.follow(go_when_called)
    await computer.until_standing(key, Standing.STOPPED)
    failed = asyncio.get_running_loop().time()
    assert computer.told("did not connect") == 2
    key.hides(hidden=False)
    await computer.until_standing(key, Standing.ONLINE)
    assert 3 <= asyncio.get_running_loop().time() - failed < 4


async def test_a_lost_key_is_offline_at_the_server_and_comes_back_by_itself(office: Office) -> None:
    computer, key = await activated(office)
    assert office.vault(key).is_online
    key.cut()
    await computer.until_standing(key, Standing.IN_REACH)
    lost = asyncio.get_running_loop().time()
    await computer.until(lambda: not office.vault(key).is_online)
    await computer.until_standing(key, Standing.ONLINE)
    assert 1 <= asyncio.get_running_loop().time() - lost < 2
    assert computer.told("its link was lost") == 0  # the system's Bluetooth does not reconnect
    assert office.vault(key).is_online


async def test_over_the_dongle_a_tap_connects_and_a_lost_key_is_brought_back(office: Office) -> None:
    key = await office.key(rssi=-50)
    computer = await office.computer(office.types(key), stack=Stack.DONGLE)
    await asyncio.sleep(10)
    assert computer.told("takes up") == 0
    key.moves(-32)
    await computer.until_standing(key, Standing.ONLINE)
    assert computer.told("it was tapped") == 1
    key.moves(-50)
    key.cut()
    await computer.until_standing(key, Standing.IN_REACH)
    lost = asyncio.get_running_loop().time()
    await computer.until_standing(key, Standing.ONLINE)
    assert asyncio.get_running_loop().time() - lost == pytest.approx(1.1, abs=0.2)
    assert computer.told("its link was lost") == 1


async def test_a_lost_key_is_brought_back_by_one_attempt(office: Office) -> None:
    computer, key = await activated(office, stack=Stack.DONGLE)
    key.hides()
    await computer.until_standing(key, Standing.STOPPED)
    assert computer.told("its link was lost") == 1
    assert (computer.told("(attempt 1)"), computer.told("(attempt 2)")) == (2, 0)


@pytest.mark.parametrize("stack", list(Stack), ids=lambda stack: stack.name)
async def test_what_takes_a_key_up_unlocks_a_locked_computer(office: Office, stack: Stack) -> None:
    key = await office.key(rssi=-90)
    computer = await office.computer(office.types(key), stack=stack)
    computer.workstation.update_proximity_settings([ProximitySettings(key.serial, "")])
    state = computer.workstation.state
    state.session_locked, state.lock_screen = True, Screen()
    key.moves(-20)
    await computer.until_standing(key, Standing.ONLINE)
    assert not state.session_locked


async def test_for_a_moment_after_a_flow_no_other_begins_by_itself(office: Office) -> None:
    keys = [await office.key(), await office.key()]
    codes = iter([office.administrator.code(key.serial) for key in keys])
    computer = await office.computer(ScriptedPerson([Choice.RIGHT] * 2, lambda: next(codes)))
    for key in keys:
        await computer.until_standing(key, Standing.ONLINE)
    events = computer.service.timeline.events
    (ended, _), (_, began) = (
        [event.at for event in events if text in event.text] for text in ("online", "takes up")
    )
    assert 1.5 <= began - ended < 2


async def test_a_key_that_is_lost_in_its_flow_is_tried_again(office: Office) -> None:
    key = await office.key()
    person = Slow([Choice.RIGHT, Choice.RIGHT], lambda: office.administrator.code(key.serial))
    computer = await office.computer(person)
    await computer.until(lambda: bool(person.prompts))
    key.cut()
    await computer.until_standing(key, Standing.STOPPED)
    lost = asyncio.get_running_loop().time()
    await computer.until(lambda: len(person.prompts) == 2)
    assert 3 <= asyncio.get_running_loop().time() - lost < 5


async def test_a_flow_that_somebody_else_runs_here_is_not_disturbed(office: Office) -> None:
    key = await office.key(rssi=-90)
    computer = await office.computer(office.types(key))
    await computer.until(lambda: key.address in computer.service.keys)
    with computer.workstation.state.flow(lambda what: None):
        assert not computer.service.connect(computer.met(key))
        with (
            pytest.raises(RuntimeError, match="one flow"),
            computer.workstation.state.flow(lambda what: None),
        ):
            pass
    assert computer.service.connect(computer.met(key))


async def test_the_signal_of_a_key_that_is_online_is_the_one_it_tells_itself(office: Office) -> None:
    computer, key = await activated(office)
    heard = computer.met(key).advertisement
    computer.service.airwaves.hear(Advertisement.heard(heard.name, heard.address, -99))
    assert computer.met(key).signal != -99


async def test_the_server_says_from_where_on_a_key_is_near(office: Office) -> None:
    key = await office.key(rssi=-75)
    computer = await office.computer(office.types(key), stack=Stack.DONGLE)
    await asyncio.sleep(5)
    assert computer.told("takes up") == 0
    computer.workstation.update_proximity_settings([ProximitySettings(key.serial, "", unlock_proximity=50)])
    await computer.until_standing(key, Standing.ONLINE)
    assert computer.told("it is near") == 1


@pytest.mark.parametrize("what", [None, LOGGED_OFF, SUSPENDED])
async def test_a_locked_session_parts_with_its_keys_until_it_is_unlocked(
    office: Office, what: Interruption | None
) -> None:
    computer, key = await activated(office)
    state = computer.workstation.state
    if what:
        state.interrupt(what)
    else:
        state.lock_session()
    await computer.until_standing(key, Standing.IN_REACH)
    await asyncio.sleep(60)
    assert not office.vault(key).is_online
    assert computer.told("takes up") == 1
    computer.service.unlock_session()
    await computer.until_standing(key, Standing.ONLINE)


async def test_e022_an_alarm_deletes_every_bond_and_lets_no_key_in(office: Office) -> None:
    computer, key = await activated(office)
    assert (computer.central, key.address) in office.radio.known
    computer.workstation.set_alarm_state(True)
    await computer.until_standing(key, Standing.IN_REACH)
    await computer.until(lambda: not computer.workstation.state.bonds)
    computer.service.connect(computer.met(key))
    await computer.until_standing(key, Standing.STOPPED)
    assert "alarm" in str(computer.met(key).error).lower()
    computer.workstation.set_alarm_state(False)
    computer.service.connect(computer.met(key))
    await computer.until_standing(key, Standing.ONLINE)


async def test_a_key_refused_for_want_of_the_server_is_taken_up_when_that_is_back(office: Office) -> None:
    refused, given_up = await office.key(rssi=-95), await office.key()
    computer = await office.computer(ScriptedPerson([], lambda: office.administrator.code(refused.serial)))
    await computer.until_standing(given_up, Standing.STOPPED)
    computer.workstation.workstation_unapproved()
    refused.moves(-60)
    await computer.until(lambda: "approved" in str(computer.met(refused).error))
    computer.workstation.workstation_approved()
    await asyncio.sleep(AWAY)
    assert computer.told("takes up") == 2
    computer.service.server_is_back()
    await computer.until(lambda: "No code was given" in str(computer.met(refused).error))
    await asyncio.sleep(AWAY)
    assert computer.told("takes up") == 3  # for the key that was given up, somebody has to ask


async def test_keys_that_had_to_go_are_taken_up_when_the_server_is_back_unless_the_computer_is_locked(
    office: Office,
) -> None:
    computer, key = await activated(office)
    computer.workstation.workstation_unapproved()
    await computer.until_standing(key, Standing.IN_REACH)
    computer.workstation.workstation_approved()
    computer.service.state.lock_session()
    computer.service.server_is_back()
    await asyncio.sleep(AWAY)
    assert computer.met(key).standing is Standing.IN_REACH
    computer.service.state.unlock_session()
    computer.service.server_is_back()
    await computer.until_standing(key, Standing.ONLINE)


async def test_a_workstation_that_is_no_longer_approved_parts_with_its_keys(office: Office) -> None:
    computer, key = await activated(office)
    computer.workstation.workstation_unapproved()
    await computer.until_standing(key, Standing.IN_REACH)
    computer.service.connect(computer.met(key))
    await computer.until_standing(key, Standing.STOPPED)
    assert "approved" in str(computer.met(key).error)


async def test_a_key_that_wipes_itself_loses_its_bond_and_is_not_brought_back(office: Office) -> None:
    computer, key = await activated(office, stack=Stack.DONGLE)
    met = computer.met(key)
    assert met.connected is not None
    wiping = asyncio.ensure_future(met.connected.device.wipe(None))
    await asyncio.sleep(1)
    key.application.press(Button.SUPER_LONG)
    await wiping
    assert met.is_wiped
    key.cut()
    await computer.until_standing(key, Standing.IN_REACH)
    await asyncio.sleep(60)
    assert computer.told("forgets the key") == 1
    assert computer.told("takes up") == 1


async def test_a_key_that_is_suspended_while_online_is_seen_to_be_locked(office: Office) -> None:
    computer, key = await activated(office)
    await office.hes.vaults.suspend(key.serial)
    await computer.until(lambda: computer.met(key).is_locked)
    assert computer.met(key).standing is Standing.ONLINE


async def test_a_tag_that_is_read_brings_its_key(office: Office) -> None:
    key = await office.key(rssi=-90)
    computer = await office.computer(office.types(key))
    await computer.until(lambda: key.address in computer.service.keys)
    assert await computer.service.triggers.rfid.read(office.vault(key).rfid)
    await computer.until_standing(key, Standing.ONLINE)


async def test_e023_two_keys_are_activated_in_parallel_at_two_computers(office: Office) -> None:
    keys = [await office.key() for _ in range(2)]
    computers = [await office.computer(office.types(key), only=key) for key in keys]
    for computer, key in zip(computers, keys, strict=True):
        await computer.until_standing(key, Standing.ONLINE)
        assert list(computer.service.keys) == [key.address]
        assert [connected.serial for connected in computer.workstation.state.keys.values()] == [key.serial]
    assert {office.vault(key).status for key in keys} == {VaultStatus.Active}


async def test_e024_a_key_that_is_active_asks_for_no_code_at_a_second_computer(office: Office) -> None:
    first, key = await activated(office)
    first.workstation.state.lock_session()
    await first.until_standing(key, Standing.IN_REACH)
    person = office.types(key, Choice.WRONG)
    second = await office.computer(person)
    await second.until_standing(key, Standing.ONLINE)
    assert person.prompts == []
    assert office.vault(key).is_online
    # The server confirms each computer to the key once.
    assert second.told("asks the server to confirm this computer") == 1


async def test_to_a_key_that_is_offline_the_server_is_relayed_no_more(office: Office) -> None:
    computer, key = await activated(office)
    channel = WIRE.profile.channel("HES")
    await computer.workstation.establish_remote_hw_vault_connection(key.serial, channel)
    computer.workstation.state.lock_session()
    await computer.until(lambda: not computer.workstation.state.keys)
    with pytest.raises(HesError) as caught:
        await computer.workstation.establish_remote_hw_vault_connection(key.serial, channel)
    assert caught.value.code is HesErrorCode.DeviceNotConnectedToAnyHost


async def test_a_service_that_ends_parts_with_its_keys(office: Office) -> None:
    computer, key = await activated(office)
    await computer.service.__aexit__(None, None, None)
    assert not office.vault(key).is_online
    assert computer.workstation.state.keys == {}


async def test_nothing_is_scanned_for_during_a_flow(office: Office) -> None:
    key = await office.key()
    computer = await office.computer(Slow([Choice.RIGHT], lambda: office.administrator.code(key.serial)))
    heard: list[float] = []
    with computer.service.airwaves.listening(lambda _: heard.append(asyncio.get_running_loop().time())):
        await computer.until_standing(key, Standing.ONLINE)
        online = asyncio.get_running_loop().time()
        await asyncio.sleep(5)
    assert online >= 20
    assert [time for time in heard if 1 < time < online - 1] == []
    assert [time for time in heard if time > online] != []
