"""CONFIRM: a request that waits for a press."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Button, ErrorName
from hideez_bench.protocol.values import Error
from tests.key.desk import Desk, Host, asked_to_wipe, refusal, settled, until


@pytest.fixture
async def host(desk: Desk) -> AsyncIterator[Host]:
    await desk.bring_to("U")
    async with desk.host() as host:
        yield host


async def asked(host: Host, device: KeyDevice, seconds: int = 15) -> asyncio.Task[Error]:
    """A request for a press that the key is waiting for."""
    before = host.controls.count(m.Busy(device.channel))
    task = asyncio.create_task(refusal(device.confirm(seconds)))
    await until(lambda: host.controls.count(m.Busy(device.channel)) > before)
    return task


async def test_a_single_press_confirms(desk: Desk, host: Host) -> None:
    answer = await asked(host, await host.open())
    desk.key.press(Button.DOUBLE)
    await settled()
    assert not answer.done()
    desk.key.press(Button.SINGLE)
    assert await answer is ErrorName.Ok


async def test_the_key_says_every_five_seconds_that_it_waits_and_gives_up(desk: Desk, host: Host) -> None:
    answer = await asked(host, await host.open(2), seconds=12)
    desk.advance(11.9)
    await settled()
    assert host.controls.count(m.Busy(2)) == 3
    assert not answer.done()
    desk.advance(0.1)
    assert await answer is ErrorName.ERR_TIMEOUT
    desk.key.press(Button.SINGLE)


async def test_a_long_press_cancels(desk: Desk, host: Host) -> None:
    answer = await asked(host, await host.open())
    desk.key.press(Button.LONG)
    assert await answer is ErrorName.ERR_OPERATION_CANCELED
    assert m.Cancelled() in host.controls


async def test_the_host_cancels(host: Host) -> None:
    answer = await asked(host, await host.open())
    await host.transport.start()
    assert await answer is ErrorName.ERR_OPERATION_CANCELED


async def test_channels_do_not_wait_for_each_other(desk: Desk, host: Host) -> None:
    first, second, third = await host.open(1), await host.open(2), await host.open(3)
    short = await asked(host, first, seconds=5)
    long = await asked(host, second, seconds=60)
    assert await third.ping("meanwhile") == "meanwhile"
    desk.advance(5)
    assert await short is ErrorName.ERR_TIMEOUT
    again = await asked(host, first)
    desk.key.press(Button.SINGLE)
    assert (await long, await again) == (ErrorName.Ok, ErrorName.Ok)


async def test_a_press_that_keeps_the_key_from_being_wiped_confirms_nothing(desk: Desk, host: Host) -> None:
    confirmation = await asked(host, await host.open(1))
    wipe = await asked_to_wipe(desk, await host.open(2))
    desk.key.press(Button.SINGLE)
    assert await wipe is ErrorName.ERR_OPERATION_CANCELED
    await settled()
    assert not confirmation.done()
    desk.key.press(Button.SINGLE)
    assert await confirmation is ErrorName.Ok


async def test_the_end_of_the_link_ends_the_waiting(desk: Desk, host: Host) -> None:
    async with desk.host("other") as other:
        answer = await asked(other, await other.open())
        answer.cancel()
        await settled()
    desk.key.press(Button.SINGLE)
    assert desk.key.view.connections == 1


@pytest.mark.parametrize("seconds", [0, 91])
async def test_no_time_and_more_than_a_host_waits_are_refused(host: Host, seconds: int) -> None:
    device = await host.open()
    assert await refusal(device.confirm(seconds)) is ErrorName.ERR_INVALID_PARAMETER
    assert await device.ping("free") == "free"
