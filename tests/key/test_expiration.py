"""What was given to satisfy the access profile is asked anew when its time is up."""

from __future__ import annotations

import pytest

from hideez_bench.protocol.names import AccessLevel, Button, Condition
from hideez_bench.protocol.values import AccessParams
from tests.key.desk import MASTER_KEY, STARTED, Desk

NOTHING = AccessLevel(0)


def asking(condition: Condition, *, button: int = 0, master_key: int = 0) -> AccessParams:
    return AccessParams(condition, 4, 10, 0, button, master_key)


@pytest.mark.parametrize("condition", [Condition.MASTER_KEY_BOND, Condition.MASTER_KEY_CONNECT])
async def test_the_master_key_expires(desk: Desk, condition: Condition) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, asking(condition, master_key=3600))
        await device.check_passphrase(MASTER_KEY)
        desk.now += 3599
        assert (await device.refresh_device_info()).access_level == NOTHING
        desk.now += 1
        assert (await device.refresh_device_info()).access_level == AccessLevel.MASTER_KEY_REQUIRED
        await device.check_passphrase(MASTER_KEY)
        assert (await device.refresh_device_info()).access_level == NOTHING


async def test_a_press_expires(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(STARTED, MASTER_KEY, asking(Condition.BUTTON_CONNECT, button=60))
        desk.key.press(Button.SINGLE)
        desk.now += 59
        assert (await device.refresh_device_info()).access_level == NOTHING
        desk.now += 1
        assert (await device.refresh_device_info()).access_level == AccessLevel.BUTTON_REQUIRED


async def test_without_an_expiration_nothing_expires(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        conditions = Condition.MASTER_KEY_BOND | Condition.BUTTON_CONNECT
        await device.access(STARTED, MASTER_KEY, asking(conditions))
        await device.check_passphrase(MASTER_KEY)
        desk.key.press(Button.SINGLE)
        desk.now += 10 * 365 * 86400
        assert (await device.refresh_device_info()).access_level == NOTHING
