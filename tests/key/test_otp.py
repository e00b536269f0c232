"""GET_OTP: the one-time passwords of RFC 6238."""

from __future__ import annotations

import pytest

from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import Otp, StorageData
from tests.key.desk import MASTER_KEY, STARTED, Desk, profile_of, refusal

SECRET = StorageData(b"12345678901234567890")
TABLE = 4

RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
]
"""Appendix B, SHA-1. Twenty billion seconds, its last time, is beyond the clock of 32 bits."""


@pytest.mark.parametrize(("time", "digits"), RFC_6238)
async def test_the_vectors_of_the_rfc(desk: Desk, time: int, digits: str) -> None:
    """They have eight digits; those of six are their last ones (RFC 4226, 5.3: the number modulo a power of ten)."""
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(time, MASTER_KEY, profile_of())
        await device.write_storage(TABLE, 1, SECRET)
        assert await device.get_otp(TABLE, 1) == Otp(digits[-6:].encode())


async def test_it_changes_every_thirty_seconds_by_the_clock_of_the_key(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        await device.access(1111111080, MASTER_KEY, profile_of())
        await device.write_storage(TABLE, 1, SECRET)
        for seconds, digits in ((29, b"081804"), (1, b"050471"), (29, b"050471")):
            desk.now += seconds
            assert await device.get_otp(TABLE, 1) == Otp(digits)


async def test_without_clock_or_secret_there_is_none(desk: Desk) -> None:
    await desk.bring_to("U")
    async with desk.device() as device:
        assert await refusal(device.get_otp(TABLE, 1)) is ErrorName.ERR_NO_DATA
        await device.write_storage(TABLE, 1, SECRET)
        assert await refusal(device.get_otp(TABLE, 1)) is ErrorName.ERR_NOT_INITIALIZED
        await device.access(STARTED, MASTER_KEY, profile_of())
        await device.write_storage(TABLE, 1, StorageData(b""))
        assert await refusal(device.get_otp(TABLE, 1)) is ErrorName.ERR_NO_DATA
