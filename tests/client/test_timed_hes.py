"""No call to the server waits for ever. In virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from hideez_bench.harness.client.timed_hes import TimedHes
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesConnection,
    HesError,
    HesErrorCode,
    HwVaultInfoFromClient,
    WorkstationInfo,
)

pytestmark = pytest.mark.virtual_time
INFO = HwVaultInfoFromClient("HK1", ConnectionState.ONLINE, False, False, False, 100, "3.5.2", 0)
CALLS: dict[str, tuple[Any, ...]] = {
    "register_workstation_info": (WorkstationInfo("desk"),),
    "save_client_events": ([],),
    "get_hw_vault_info_by_rfid": ("42",),
    "get_hw_vault_info_by_mac": ("1CFDB7000001",),
    "get_hw_vault_info_by_serial_no": ("HK1",),
    "update_hw_vault_properties": (INFO, True),
    "update_hw_vault_status": (INFO,),
    "get_hw_vault_licenses": ("HK1",),
    "get_new_hw_vault_licenses": ("HK1",),
    "hw_vault_license_applied": ("HK1", "licence"),
    "auth_hw_vault": ("HK1",),
    "update_hw_vault_accounts": ("HK1", True),
}


class Slow:
    """A server that answers each call after so many seconds with what it was asked."""

    is_connected = True

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __getattr__(self, name: str) -> Callable[..., Awaitable[tuple[Any, ...]]]:
        async def call(*arguments: Any) -> tuple[Any, ...]:
            await asyncio.sleep(self._seconds)
            return (name, *arguments)

        return call


def timed(seconds: float, name: str) -> Awaitable[object]:
    return cast(Awaitable[object], getattr(TimedHes(cast(HesConnection, Slow(seconds))), name)(*CALLS[name]))


def test_these_are_all_calls() -> None:
    names = {name for name in vars(HesConnection) if not name.startswith("_")} - {"is_connected"}
    assert CALLS.keys() == names


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_has_30_seconds(name: str) -> None:
    answer = await timed(29.9, name)
    assert answer in ((name, *CALLS[name]), None)
    with pytest.raises(HesError) as late:
        await timed(30.1, name)
    assert late.value.code is HesErrorCode.HesRequestTimeout
    assert asyncio.get_running_loop().time() == pytest.approx(59.9)
