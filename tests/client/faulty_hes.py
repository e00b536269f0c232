"""A connection to the server that fails at one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import Enum, auto
from typing import TypeVar

from hideez_bench.protocol.hes import (
    ConnectionState,
    HesError,
    HesErrorCode,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
    HwVaultLicense,
)
from tests.client.other_hes import OtherHes
from tests.flow.rig import Rig

T = TypeVar("T")


class Fault(Enum):
    """What happens to the call."""

    LOST_BEFORE = auto()
    """The connection is lost before the call reaches the server."""
    LOST_DURING = auto()
    """It is lost while the server is at work."""
    LOST_AFTER = auto()
    """It is lost when the server has done its work, before the answer arrives."""
    SLOW = auto()
    """The answer takes almost as long as the client waits."""
    TOO_SLOW = auto()
    """The answer takes longer; the server has done its work all the same."""
    NEVER_REACHED = auto()
    """The call hangs on the way; the server never hears of it."""


ALMOST, TOO_LONG = 29.0, 31.0


class FaultyHes(OtherHes):
    """A server that is reached well but for one call, counted from 0; it has accounts for every key.

    Attributes:
        at: the number of the call that fails.
    """

    def __init__(self, rig: Rig, at: int, fault: Fault) -> None:
        super().__init__(rig)
        self.at = at
        self._fault = fault
        self._made = 0

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        async def work() -> HwVaultInfoFromHes | None:
            told = await super_(info, return_info)
            return _with_accounts(told) if told else None

        super_ = super().update_hw_vault_properties
        name = f"properties {ConnectionState(info.connection_state).name}"
        return await self._call(name, work)

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        super_ = super().update_hw_vault_status

        async def work() -> HwVaultInfoFromHes:
            return _with_accounts(await super_(info))

        return await self._call("status", work)

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        super_ = super().get_hw_vault_licenses
        return await self._call("licences", lambda: super_(serial))

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        super_ = super().get_new_hw_vault_licenses
        return await self._call("new licences", lambda: super_(serial))

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        super_ = super().hw_vault_license_applied
        await self._call("applied", lambda: super_(serial, license_id))

    async def auth_hw_vault(self, serial: str) -> None:
        super_ = super().auth_hw_vault
        await self._call("auth", lambda: super_(serial))

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        super_ = super().update_hw_vault_accounts
        await self._call("accounts", lambda: super_(serial, only_os_accounts))

    async def _call(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        number, self._made = self._made, self._made + 1
        if number != self.at:
            return await work()
        match self._fault:
            case Fault.LOST_BEFORE:
                raise self._lost()
            case Fault.LOST_DURING:
                running = asyncio.ensure_future(work())
                await asyncio.wait([running], timeout=0.001)
                self._lost()
                await asyncio.wait([running])
                raise self._lost() from running.exception()
            case Fault.LOST_AFTER:
                await work()
                raise self._lost()
            case Fault.SLOW:
                answer = await work()
                await asyncio.sleep(ALMOST)
                return answer
            case Fault.TOO_SLOW:
                await work()
            case Fault.NEVER_REACHED:
                pass
        await asyncio.sleep(TOO_LONG)
        raise AssertionError("the client waits no longer than this")

    def _lost(self) -> HesError:
        """Both sides see the end of the connection."""
        self.is_up = False
        self.server.close()
        return HesError(HesErrorCode.HesNotConnected, "The connection to the server was lost.")


def _with_accounts(told: HwVaultInfoFromHes) -> HwVaultInfoFromHes:
    return replace(told, need_update_os_accounts=True, need_update_non_os_accounts=True)
