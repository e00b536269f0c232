"""LOAD_LICENSE and QUERY_LICENSE."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.protocol.channel import private_key, sign
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.values import License
from tests.key.desk import IDENTITY, MASTER_KEY, STARTED, WIRE, Desk, profile_of, refusal

LATER = 2_000_000_000


def licence(expires: int = LATER, serial: str = IDENTITY.serial) -> bytes:
    return issue_license(serial, expires, text="for tests")


async def test_a_licence_comes_back_as_it_was_issued_and_outlasts_the_power(desk: Desk) -> None:
    async with desk.device() as device:
        await device.load_license(licence())
        assert (await device.refresh_device_info()).license_info == 1
    desk.switch_on()
    async with desk.device() as device:
        loaded = await device.query_license(0)
    assert (loaded.serial, loaded.expires, loaded.text) == (IDENTITY.serial, LATER, "for tests")


async def test_without_a_slot_the_same_licence_keeps_its_own_and_another_takes_the_first_free(
    desk: Desk,
) -> None:
    async with desk.device() as device:
        await device.load_license(licence(LATER), 1)
        await device.load_license(licence(LATER))
        assert (await device.refresh_device_info()).license_info == 0b10
        await device.load_license(licence(LATER + 1))
        await device.load_license(licence(LATER + 2))
        assert (await device.refresh_device_info()).license_info == 0b111
        assert (await device.query_license(2)).expires == LATER + 2


async def test_a_given_slot_is_overwritten(desk: Desk) -> None:
    async with desk.device() as device:
        await device.load_license(licence(LATER), 7)
        await device.load_license(licence(LATER + 1), 7)
        assert (await device.query_license(7)).expires == LATER + 1


async def test_eight_licences_fill_the_key(desk: Desk) -> None:
    async with desk.device() as device:
        for number in range(8):
            await device.load_license(licence(LATER + number))
        assert (await device.refresh_device_info()).license_info == 0xFF
        assert await refusal(device.load_license(licence(LATER + 8))) is ErrorName.ERR_UNSUPPORTED
        await device.load_license(licence(LATER + 7))


async def test_an_empty_slot_has_no_licence(desk: Desk) -> None:
    async with desk.device() as device:
        assert await refusal(device.query_license(5)) is ErrorName.ERR_NO_LICENSE


async def test_a_licence_that_has_expired_is_taken_all_the_same(desk: Desk) -> None:
    async with desk.device() as device:
        await device.load_license(licence(1))
        assert (await device.refresh_device_info()).license_info == 1


def forged() -> bytes:
    unsigned = WIRE.license.build(License(1, 1, LATER, IDENTITY.serial, "", bytes(64)))[:64]
    return unsigned + sign(private_key(lambda size: b"\x05" * size), unsigned)


def flipped(at: int) -> bytes:
    data = bytearray(licence())
    data[at] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(licence(serial="ST103202600204"), id="for another key"),
        pytest.param(forged(), id="of another authority"),
        pytest.param(flipped(0), id="another magic"),
        pytest.param(flipped(8), id="another expiry"),
        pytest.param(flipped(127), id="another signature"),
        pytest.param(licence()[:64] + bytes(64), id="no signature"),
        pytest.param(bytes(128), id="zeros"),
        pytest.param(b"\xff" * 128, id="ones"),
    ],
)
async def test_what_the_authority_did_not_issue_for_this_key_is_refused(desk: Desk, data: bytes) -> None:
    async with desk.device() as device:
        for slot in (None, 0):
            assert await refusal(device.load_license(data, slot)) is ErrorName.ERR_INVALID_LICENSE
        assert (await device.refresh_device_info()).license_info == 0


@pytest.mark.parametrize(("slot", "size"), [(8, 128), (0xFE, 128), (0, 127), (0, 129), (0xFF, 0)])
async def test_a_slot_or_length_that_does_not_exist_is_malformed(desk: Desk, slot: int, size: int) -> None:
    number = WIRE.profile.number("command", Command.LOAD_LICENSE)
    async with desk.device() as device:
        reply = await device.request_raw(bytes([number, slot]) + bytes(size))
    assert reply.error is ErrorName.ERR_INVALID_PARAMETER


async def test_the_active_licence_is_the_first_that_has_not_expired_by_the_clock_of_the_key(
    desk: Desk,
) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        assert await refusal(device.query_active_license()) is ErrorName.ERR_NO_LICENSE
        for slot, days in ((1, 20), (3, 10), (5, 30)):
            await device.load_license(licence(expires=STARTED + days * 86400), slot)
        for days, active in ((0, 20), (19, 20), (20, 30), (29, 30)):
            await device.access(STARTED + days * 86400, MASTER_KEY, profile_of())
            assert (await device.query_active_license()).expires == STARTED + active * 86400
        await device.access(STARTED + 30 * 86400, MASTER_KEY, profile_of())
        assert await refusal(device.query_active_license()) is ErrorName.ERR_LICENSE_EXPIRED


async def test_without_a_clock_no_licence_has_expired(desk: Desk) -> None:
    async with desk.device() as device:
        await device.load_license(licence(expires=1))
        assert (await device.query_active_license()).expires == 1
