"""The prompt for the activation code: when it appears, what it costs, how long it waits. In virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.errors import (
    ClientError,
    ClientErrorCode,
    FlowCancelled,
    FlowMessage,
    GetActivationCodeTimeout,
    WorkflowError,
)
from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.people import Entry, ScriptedPerson
from hideez_bench.harness.timeline import Event
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Button, ErrorName, Lock
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import KeyRefused
from hideez_bench.protocol.values import DeviceInfo
from tests.flow.rig import RIGHT, WRONG, Rig, last_info

pytestmark = pytest.mark.virtual_time


async def never() -> ActivationCode | None:
    """Somebody who does not type."""
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def no_code() -> ActivationCode:
    raise AssertionError("this person types no code by name")


class SlowPerson(ScriptedPerson):
    """Takes so many seconds for each code."""

    def __init__(self, rig: Rig, *delays: float) -> None:
        entries = [*[WRONG] * (len(delays) - 1), RIGHT]
        super().__init__(entries, lambda: rig.bench.administrator.code(rig.serial))
        self._delays = iter(delays)

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        await asyncio.sleep(next(self._delays))
        return await super().get_activation_code(prompt)


@pytest.mark.parametrize("text", ["", "1", "12345", "123456789", "1" * 255])
async def test_c007_a_code_of_the_wrong_length_is_not_sent_and_costs_nothing(rig: Rig, text: str) -> None:
    person = rig.person(ActivationCode.from_text(text))
    async with rig.bench.flow(person) as flow:
        result = await flow.run()
    assert [prompt.attempts_remaining for prompt in person.prompts] == [3, 3]
    assert last_info(result).unlock_attempts == 3
    assert rig.count("UNLOCK_DEVICE_CODE") == 0


@pytest.mark.parametrize(("length", "sent"), [(5, 0), (6, 1), (8, 1), (9, 0)])
async def test_six_to_eight_bytes_are_sent(rig: Rig, length: int, sent: int) -> None:
    await rig.connect(ActivationCode(b"x" * length))
    assert rig.count("UNLOCK_DEVICE_CODE") == sent


async def test_c003_a_key_that_calls_its_last_attempt_merely_wrong_is_locked_all_the_same(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = KeyDevice.unlock_device_code

    async def merely_wrong(device: KeyDevice, code: ActivationCode) -> None:
        try:
            await honest(device, code)
        except KeyRefused as refused:
            raise KeyRefused(refused.what, ErrorName.ERR_PIN_WRONG) from None

    monkeypatch.setattr(KeyDevice, "unlock_device_code", merely_wrong)
    person = rig.person(WRONG, WRONG, WRONG, RIGHT)
    async with rig.bench.flow(person) as flow:
        result = await flow.run()
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.LOCKED_BY_INVALID_ATTEMPTS
    assert len(person.prompts) == 3


@pytest.mark.parametrize(
    ("attempts", "can_unlock", "asked"), [(2, True, 2), (0, True, 1), (2, False, 1)], ids=str
)
async def test_a_code_that_the_key_takes_and_stays_locked_is_told_as_a_wrong_one(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, attempts: int, can_unlock: bool, asked: int
) -> None:
    """The vendor's defensive branch: what counts is how the key stands afterwards, not what it answered."""
    refresh = KeyDevice.refresh_device_info

    async def says_nothing(device: KeyDevice, code: ActivationCode) -> None:
        async def locked_still(device: KeyDevice) -> DeviceInfo:
            lock = Lock.BY_CODE | (Lock.CAN_UNLOCK if can_unlock else Lock(0))
            device._info = replace(await refresh(device), unlock_attempts=attempts, lock=lock)
            return device._info

        monkeypatch.setattr(KeyDevice, "refresh_device_info", locked_still)

    monkeypatch.setattr(KeyDevice, "unlock_device_code", says_nothing)
    person = rig.person(RIGHT)
    async with rig.bench.flow(person) as flow:
        result = await flow.run()
    assert len(person.prompts) == asked
    told = [notice for notice in person.notices if notice.message is FlowMessage.INVALID_CODE]
    if asked == 2:
        assert [notice.text for notice in told] == ["That is not the code. 2 attempts left."]
    else:
        assert isinstance(result.error, WorkflowError)
        assert result.error.message is FlowMessage.LOCKED_BY_INVALID_ATTEMPTS


async def test_any_other_answer_to_a_code_ends_the_flow_and_is_reported(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(device: KeyDevice, code: ActivationCode) -> None:
        raise KeyRefused("UNLOCK_DEVICE_CODE", ErrorName.ERR_DEVICE_BUSY)

    monkeypatch.setattr(KeyDevice, "unlock_device_code", busy)
    person = rig.person(RIGHT)
    async with rig.bench.flow(person) as flow:
        result = await flow.run()
    assert isinstance(result.error, KeyRefused)
    assert "ERR_DEVICE_BUSY" in result.message
    assert len(person.prompts) == 1
    assert any("reports how it ended" in event.text for event in rig.timeline.events)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (ActivationCode(b"12345"), FlowMessage.CODE_TOO_SHORT),
        (ActivationCode(b"123456789"), FlowMessage.CODE_TOO_LONG),
        (ActivationCode("öäü€".encode()), FlowMessage.CODE_TOO_LONG),  # four characters, nine bytes
        (WRONG, FlowMessage.INVALID_CODE),
    ],
    ids=["short", "long", "bytes count", "wrong"],
)
async def test_what_is_wrong_with_a_code_is_shown_until_the_next_is_right(
    rig: Rig, typed: Entry, message: FlowMessage
) -> None:
    shown: list[FlowMessage | None] = []

    class Looks(ScriptedPerson):
        async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
            shown.append(self.shown.message if self.shown else None)
            return await super().get_activation_code(prompt)

    person = Looks([typed, RIGHT], rig.code)

    def unlocked(event: Event) -> None:
        if "reports how it ended" in event.text:
            shown.append(person.shown.message if person.shown else None)

    rig.listeners.append(unlocked)
    async with rig.bench.flow(person) as flow:
        assert (await flow.run()).succeeded
    assert shown[1:] == [message, None]
    if message is FlowMessage.INVALID_CODE:
        assert "That is not the code. 2 attempts left." in [notice.text for notice in person.notices]


async def test_c009_nobody_types_for_30_seconds(rig: Rig) -> None:
    started = asyncio.get_running_loop().time()
    async with rig.bench.flow(SlowPerson(rig, 30.5)) as flow:
        result = await flow.run()
    assert 30 <= asyncio.get_running_loop().time() - started < 31
    assert isinstance(result.error, GetActivationCodeTimeout)
    assert result.end.silent
    assert not result.end.delete_bond
    assert last_info(result).unlock_attempts == 3
    assert rig.vault().status is VaultStatus.Reserved


async def test_c010_every_prompt_has_its_own_30_seconds(rig: Rig) -> None:
    async with rig.bench.flow(SlowPerson(rig, 20, 20, 20)) as flow:
        result = await flow.run()
    assert result.succeeded, result.error
    assert asyncio.get_running_loop().time() >= 60


async def test_c011_giving_up_is_silent_and_costs_nothing(rig: Rig) -> None:
    result = await rig.connect()
    assert isinstance(result.error, FlowCancelled)
    assert result.end.silent
    assert last_info(result).unlock_attempts == 3


async def test_without_anybody_to_ask_the_flow_ends_and_says_so(rig: Rig) -> None:
    class NoWindow(ScriptedPerson):
        async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
            raise ClientError(ClientErrorCode.NoConnectedUI)

    async with rig.bench.flow(NoWindow([], no_code)) as flow:
        result = await flow.run()
    assert isinstance(result.error, ClientError)
    assert "Nobody can be asked" in result.message
    assert last_info(result).unlock_attempts == 3
    await rig.told("reports how it ended")


async def test_e020_a_long_press_ends_the_prompt_silently(rig: Rig) -> None:
    class Presses(ScriptedPerson):
        async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
            rig.application.press(Button.LONG)
            return await never()

    async with rig.bench.flow(Presses([], no_code)) as flow:
        result = await flow.run()
    assert isinstance(result.error, FlowCancelled)
    assert "long" in str(result.error)
    assert result.end.silent


async def test_e021_a_key_that_goes_out_of_reach_ends_the_prompt_and_keeps_its_count(rig: Rig) -> None:
    class WalksAway(ScriptedPerson):
        async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
            self.prompts.append(prompt)
            if len(self.prompts) == 1:
                return ActivationCode.from_text("000000")
            await rig.application.server.disconnect()
            return await never()

    async with rig.bench.flow(WalksAway([], no_code)) as flow:
        result = await flow.run()
    assert isinstance(result.error, FlowCancelled)
    assert "lost" in str(result.error)
    person = rig.person(RIGHT)
    async with rig.bench.flow(person) as flow:
        assert (await flow.run()).succeeded
    assert [prompt.attempts_remaining for prompt in person.prompts] == [2]


async def test_b015_an_active_key_is_not_asked_again(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded
    person = rig.person(WRONG)
    async with rig.bench.flow(person) as flow:
        assert (await flow.run()).succeeded
    assert person.prompts == []
    # B-016: on a bond that the server has confirmed, the master key is not asked for again.
    assert rig.count("CHECK_PASSPHRASE") == 1


async def test_d002_a_key_suspended_while_away_is_locked_and_asked_in_the_same_connection(rig: Rig) -> None:
    assert (await rig.connect(RIGHT)).succeeded
    await rig.bench.hes.vaults.suspend(rig.serial)
    await rig.bench.hes.settled()
    assert rig.count("LOCK_DEVICE_CODE") == 0
    person = rig.person(RIGHT)
    async with rig.bench.flow(person) as flow:
        assert (await flow.run()).succeeded
    assert rig.count("LOCK_DEVICE_CODE") == 1
    assert len(person.prompts) == 1
    assert rig.vault().status is VaultStatus.Active
