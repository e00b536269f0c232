"""The attempts to connect, over both stacks. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Self

import pytest

from hideez_bench.harness.client.behaviour import AS_SHIPPED
from hideez_bench.harness.client.connecting import attempts_of
from hideez_bench.harness.client.errors import ConnectTimeout, FlowMessage, WorkflowError
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.links.bleak_link import BleakLink, ConnectionFailed, KeyNotFound
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.protocol.names import Button
from tests.client.dongle import Desk, desk, presser
from tests.flow.rig import RIGHT, WIRE, Rig

pytestmark = pytest.mark.virtual_time


@pytest.fixture
async def at() -> AsyncIterator[Desk]:
    """A new key, the dongle, a person."""
    async with desk() as made:
        yield made


def shown(person: ScriptedPerson) -> list[FlowMessage | None]:
    return [notice.message for notice in person.notices]


async def test_over_the_system_an_attempt_of_16_seconds_and_one_of_8(rig: Rig) -> None:
    await rig.application.server.stop()
    person = rig.person()
    started = asyncio.get_running_loop().time()
    async with rig.client(person, flow_type=ConnectionFlow) as flow:
        result = await flow.run()
    assert asyncio.get_running_loop().time() - started == pytest.approx(24, abs=0.1)
    assert isinstance(result.error, WorkflowError)
    assert shown(person) == [FlowMessage.STAGE_1, FlowMessage.STAGE_2, FlowMessage.CONNECTION_FAILED]


class Stubborn(BleakLink):
    """Fails at so many tries, each after a while."""

    fails = 0
    after = 0.0
    tried: ClassVar[list[tuple[float, float]]] = []

    async def __aenter__(self) -> Self:
        self.tried.append((asyncio.get_running_loop().time(), self._timeout))
        if len(self.tried) <= self.fails:
            await asyncio.sleep(self.after)
            raise ConnectionFailed("It broke off.")
        return await super().__aenter__()


@pytest.mark.parametrize(
    ("fails", "after", "starts"),
    [
        (3, 0.0, [0, 0.1, 0.4, 1.0]),  # the fourth try of the first attempt
        (4, 0.0, [0, 0.1, 0.4, 1.0, 1.0]),  # the first of the second
        (8, 0.0, [0, 0.1, 0.4, 1.0, 1.0, 1.1, 1.4, 2.0]),
        (8, 7.0, [0, 7.1, 14.4, 21.4, 28.5]),  # no try begins once the 16 s, the 8 s are over
    ],
)
async def test_over_the_system_an_attempt_has_four_tries(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, fails: int, after: float, starts: list[float]
) -> None:
    monkeypatch.setattr(Stubborn, "fails", fails)
    monkeypatch.setattr(Stubborn, "after", after)
    tried: list[tuple[float, float]] = []
    monkeypatch.setattr(Stubborn, "tried", tried)
    flow = rig.client(
        rig.person(RIGHT),
        flow_type=ConnectionFlow,
        open_link=lambda seconds: Stubborn(
            rig.identity.local_name, profile=WIRE.profile, timeout=seconds, options=rig._options
        ),
    )
    began = asyncio.get_running_loop().time()
    async with flow:
        result = await flow.run()
    assert [round(time - began, 1) for time, _ in tried] == starts
    assert result.succeeded is (fails < len(tried))
    if fails == 3:
        assert [seconds for _, seconds in tried] == [16, 15.9, 15.6, 15]
    stages = [event.text for event in rig.timeline.events if event.text.startswith("connects to")]
    assert len(stages) == (1 if fails == 3 else 2)


async def test_over_the_dongle_an_attempt_has_one_try(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(link: BleakLink) -> BleakLink:
        raise ConnectionFailed("It broke off.")

    monkeypatch.setattr(BleakLink, "__aenter__", fails)
    await at.connect(presser(at.rig, [], attentive=False))
    assert at.seconds == [8, 4, 8]


async def test_a_bond_that_cannot_be_deleted_keeps_nobody_from_the_third_attempt(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(link: BleakLink) -> BleakLink:
        raise ConnectionFailed("It broke off.")

    async def refused(link: BleakLink) -> None:
        raise ConnectionFailed("This host could not forget the key.")

    monkeypatch.setattr(BleakLink, "__aenter__", fails)
    monkeypatch.setattr(BleakLink, "delete_bond", refused)
    result = await at.connect(presser(at.rig, [], attentive=False))
    assert at.seconds == [8, 4, 8]
    assert isinstance(result.error, WorkflowError)
    await at.rig.told("could not forget")


async def test_a_third_attempt_that_fails_otherwise_is_told_as_shipped_too(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(link: BleakLink) -> BleakLink:
        raise ConnectionFailed("It broke off.")

    monkeypatch.setattr(BleakLink, "__aenter__", fails)
    result = await at.connect(presser(at.rig, [], attentive=False), behaviour=AS_SHIPPED)
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.CONNECTION_FAILED_DONGLE


async def test_over_the_system_nobody_is_asked_to_press(rig: Rig) -> None:
    person = rig.person(RIGHT)
    async with rig.client(person, flow_type=ConnectionFlow) as flow:
        assert (await flow.run()).succeeded
    assert FlowMessage.STAGE_1_PRESS_BUTTON not in shown(person)


async def test_over_the_system_there_is_no_reconnect(rig: Rig) -> None:
    request = ConnectRequest(Stack.SYSTEM, Mode.RECONNECT)
    async with rig.client(rig.person(), flow_type=ConnectionFlow, request=request) as flow:
        result = await flow.run()
    assert "NotSupported" in result.message
    assert not any(event.to == "Key" for event in rig.timeline.events)


async def test_over_the_dongle_a_new_key_is_bonded_by_pressing(at: Desk) -> None:
    person = presser(at.rig, [RIGHT])
    result = await at.connect(person)
    assert result.succeeded, result.error
    assert shown(person)[0] is FlowMessage.STAGE_1_PRESS_BUTTON
    assert at.seconds == [8]
    assert at.bonded


async def test_over_the_dongle_a_known_key_needs_no_press(at: Desk) -> None:
    await at.activate()
    person = presser(at.rig, [])
    result = await at.connect(person)
    assert result.succeeded, result.error
    assert shown(person)[0] is FlowMessage.STAGE_1


@pytest.mark.parametrize(
    ("mode", "seconds"),
    [(Mode.CONNECT, [8, 4]), (Mode.CONNECT_AND_UNLOCK, [8, 4, 8]), (Mode.RECONNECT, [8])],
    ids=lambda value: getattr(value, "name", None),
)
async def test_over_the_dongle_a_key_that_is_away(at: Desk, mode: Mode, seconds: list[float]) -> None:
    await at.activate()
    await at.rig.application.server.stop()
    person = presser(at.rig, [], attentive=False)
    started = asyncio.get_running_loop().time()
    result = await at.connect(person, mode)
    assert asyncio.get_running_loop().time() - started == pytest.approx(sum(seconds), abs=0.1)
    assert at.seconds == seconds
    assert isinstance(result.error, WorkflowError)
    assert result.error.message is FlowMessage.CONNECTION_FAILED_DONGLE
    assert isinstance(result.error.__cause__, KeyNotFound)
    expected = [FlowMessage.STAGE_1, FlowMessage.STAGE_2, FlowMessage.STAGE_3_PRESS_BUTTON]
    assert shown(person) == [*expected[: len(seconds)], FlowMessage.CONNECTION_FAILED_DONGLE]


async def test_as_shipped_a_third_attempt_that_takes_too_long_is_silent(at: Desk) -> None:
    await at.rig.application.server.stop()
    person = presser(at.rig, [], attentive=False)
    result = await at.connect(person, behaviour=AS_SHIPPED)
    assert isinstance(result.error, ConnectTimeout)
    assert (result.message, result.end.silent) == ("", True)


async def test_f010_a_dongle_that_lost_its_bond_is_rebonded_by_the_third_attempt(at: Desk) -> None:
    await at.activate()
    at.radio.bonded.clear()
    person = presser(at.rig, [])
    result = await at.connect(person)
    assert result.succeeded, result.error
    assert shown(person)[:3] == [
        FlowMessage.STAGE_1,
        FlowMessage.STAGE_2,
        FlowMessage.STAGE_3_PRESS_BUTTON,
    ]
    assert at.bonded
    assert len(at.rig.key.bonds) == 1


async def test_a_bond_that_only_one_side_has_is_an_ltk_error(at: Desk) -> None:
    await at.activate()
    at.rig.key.forget_hosts()
    at.rig.application.press(Button.SINGLE)
    person = presser(at.rig, [])
    result = await at.connect(person)
    assert result.succeeded, result.error
    assert shown(person)[:3] == [
        FlowMessage.STAGE_1,
        FlowMessage.STAGE_2_LTK_ERROR,
        FlowMessage.STAGE_3_LTK_ERROR,
    ]


async def test_only_to_unlock_a_bond_is_made_anew(at: Desk) -> None:
    await at.activate()
    at.rig.key.forget_hosts()
    at.rig.application.press(Button.SINGLE)
    result = await at.connect(presser(at.rig, []), Mode.CONNECT)
    assert isinstance(result.error, WorkflowError)
    assert isinstance(result.error.__cause__, ConnectionFailed)
    assert at.bonded  # the dongle's side of it


async def test_nobody_presses_at_the_third_attempt(at: Desk) -> None:
    await at.activate()
    at.rig.key.forget_hosts()
    at.rig.application.press(Button.SINGLE)
    result = await at.connect(presser(at.rig, [], attentive=False))
    assert isinstance(result.error, WorkflowError)
    assert not at.bonded
    assert at.rig.bench.workstation.state.bonds == {}  # so that it is to be pressed at the next first attempt


def test_a_request_may_bring_its_own_seconds() -> None:
    request = ConnectRequest(seconds=(3.0,))
    assert [attempt.seconds for attempt in attempts_of(request)] == [3.0]
