"""CHANGE_PASSPHRASE, and what a key tells of its access profile."""

from __future__ import annotations

from hideez_bench.protocol.names import AccessLevel, Condition, ErrorName
from hideez_bench.protocol.secret import MasterKey
from tests.key.desk import MASTER_KEY, STARTED, WRONG_KEY, Desk, profile_of, refusal

NEW_KEY = MasterKey(bytes([9]) * 32)


async def test_the_new_master_key_takes_the_place_of_the_old_one(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        assert await refusal(device.change_passphrase(WRONG_KEY, NEW_KEY)) is ErrorName.ERR_KEY_WRONG
        await device.change_passphrase(MASTER_KEY, NEW_KEY)
    desk.switch_on()
    async with desk.device() as device:
        assert await refusal(device.check_passphrase(MASTER_KEY)) is ErrorName.ERR_KEY_WRONG
        await device.check_passphrase(NEW_KEY)


async def test_others_must_give_the_new_one(desk: Desk) -> None:
    await desk.bring_to("U")
    conditions = (Condition.MASTER_KEY_BOND, Condition.MASTER_KEY_CONNECT)
    async with desk.device("pc") as device, desk.device("other") as other:
        await device.access(STARTED, MASTER_KEY, profile_of(*conditions))
        for each in (device, other):
            await each.check_passphrase(MASTER_KEY)
            assert (await each.refresh_device_info()).access_level == AccessLevel(0)
        await device.change_passphrase(MASTER_KEY, NEW_KEY)
        assert (await device.refresh_device_info()).access_level == AccessLevel(0)
        assert (await other.refresh_device_info()).access_level == AccessLevel.MASTER_KEY_REQUIRED


async def test_the_access_profile_is_told_as_it_was_set_even_by_a_locked_key(desk: Desk) -> None:
    await desk.bring_to("U")
    profile = profile_of(Condition.PIN_CONNECT, Condition.MASTER_KEY_BOND)
    async with desk.device() as device:
        assert await refusal(device.get_access_profile()) is ErrorName.ERR_NO_DATA
        await device.access(STARTED, MASTER_KEY, profile)
        assert await device.get_access_profile() == profile
        await device.wipe(MASTER_KEY)
        assert await refusal(device.get_access_profile()) is ErrorName.ERR_NO_DATA
