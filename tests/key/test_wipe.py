"""WIPE that the user confirms on the key, and how else it can end: D-020, D-021, F-018."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.key.view import Led
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Button, Command, ErrorName, WipeResult
from tests.key.desk import MASTER_KEY, Desk, Host, asked_to_wipe, refusal, settled
from tests.key.raw_channel import RawChannel


@pytest.fixture
async def linked(desk: Desk) -> Desk:
    """An unlocked key of somebody."""
    await desk.bring_to("U")
    return desk


def wipe_results(host: Host) -> list[WipeResult]:
    return [control.result for control in host.controls if isinstance(control, m.WipeStatus)]


async def test_d021_a_hold_wipes_and_says_so_when_it_starts(linked: Desk) -> None:
    async with linked.host() as host:
        answer = await asked_to_wipe(linked, await host.open())
        linked.key.press(Button.SUPER_LONG)
        assert await answer is ErrorName.Ok
        assert wipe_results(host) == [WipeResult.WIPE_OK]
    assert await linked.state() == "F"
    assert [view.led for view in linked.views].count(Led.YELLOW) == 1
    assert linked.key.view.led is Led.OFF


@pytest.mark.parametrize("button", [Button.SINGLE, Button.LONG])
async def test_d020_a_press_keeps_everything(linked: Desk, button: Button) -> None:
    async with linked.host() as host:
        answer = await asked_to_wipe(linked, await host.open())
        linked.key.press(button)
        assert await answer is ErrorName.ERR_OPERATION_CANCELED
        assert wipe_results(host) == [WipeResult.CANCELLED]
        assert (m.Cancelled() in host.controls) is (button is Button.LONG)
    assert await linked.state() == "U"


async def test_d020_f018_the_key_is_busy_every_five_seconds_until_time_is_up(linked: Desk) -> None:
    async with linked.host() as host:
        device = await host.open(2)
        answer = await asked_to_wipe(linked, device)
        linked.advance(29)
        await settled()
        assert [control for control in host.controls if isinstance(control, m.Busy)] == [m.Busy(2)] * 6
        assert not answer.done()
        linked.advance(1)
        assert await answer is ErrorName.ERR_TIMEOUT
        assert wipe_results(host) == [WipeResult.TIMED_OUT]
        assert await device.ping("free again") == "free again"
    assert await linked.state() == "U"


async def test_cancel_from_the_host_drops_it(linked: Desk) -> None:
    async with linked.host() as host, linked.host("other") as other:
        answer = await asked_to_wipe(linked, await host.open())
        await other.transport.start()
        assert linked.key.view.led is Led.YELLOW
        await host.transport.start()
        assert await answer is ErrorName.ERR_OPERATION_CANCELED
        assert wipe_results(host) == [WipeResult.CANCELLED]
    assert await linked.state() == "U"


async def test_the_end_of_the_link_drops_it(linked: Desk) -> None:
    async with linked.host() as host:
        answer = await asked_to_wipe(linked, await host.open())
        answer.cancel()
        await settled()
    assert linked.key.view.led is Led.OFF
    linked.key.press(Button.SUPER_LONG)
    assert await linked.state() == "U"


async def test_the_end_of_the_channel_drops_it(linked: Desk) -> None:
    async with linked.host() as host:
        answer = await asked_to_wipe(linked, await host.open())
        await host.transport.control(m.ResetEncryption(1), 1.0)
        assert linked.key.view.led is Led.OFF
        assert wipe_results(host) == [WipeResult.CANCELLED]
        linked.key.press(Button.SUPER_LONG)
        answer.cancel()
    assert await linked.state() == "U"


async def test_only_one_wipe_waits_at_a_time_and_other_channels_go_on(linked: Desk) -> None:
    async with linked.host() as host, linked.host("other") as other:
        device, second, elsewhere = await host.open(1), await host.open(2), await other.open(1)
        answer = await asked_to_wipe(linked, device)
        assert await refusal(second.wipe(None)) is ErrorName.ERR_DEVICE_BUSY
        assert await refusal(elsewhere.wipe(None)) is ErrorName.ERR_DEVICE_BUSY
        assert await elsewhere.ping("not held up") == "not held up"
        linked.key.press(Button.SINGLE)
        await answer


async def test_a_second_request_on_a_busy_channel_is_refused(linked: Desk) -> None:
    async with linked.host() as host:
        channel = await RawChannel(host).open()
        for request in (m.Wipe(None), m.Ping("?"), m.Wipe(MASTER_KEY)):
            channel.send(channel.seal(request))
        busy = ErrorName.ERR_CHANNEL_BUSY
        assert channel.replies() == [m.Reply(Command.PING, busy), m.Reply(Command.WIPE, busy)]
        assert linked.key.view.led is Led.YELLOW
    assert await linked.state() == "U"


async def test_wipe_with_the_key_needs_nobody_and_has_no_wipe_status(linked: Desk) -> None:
    async with linked.host() as host:
        device = await host.open(4)
        await device.wipe(MASTER_KEY)
        assert wipe_results(host) == []
        assert (await device.refresh_device_info()).link_required
