"""The server, called by a client that does not wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TypeVar

from hideez_bench.protocol.hes import (
    HesConnection,
    HesError,
    HesErrorCode,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
    HwVaultLicense,
    HwVaultShortInfo,
    WorkstationEvent,
    WorkstationInfo,
)

T = TypeVar("T")

REQUEST_TIMEOUT = 30.0
"""Seconds (client setting HesRequestTimeout)."""


class TimedHes:
    """A `HesConnection` that answers HesRequestTimeout where the one behind it does not answer in time."""

    def __init__(self, hes: HesConnection) -> None:
        self._hes = hes

    @property
    def is_connected(self) -> bool:
        """See `HesConnection.is_connected`."""
        return self._hes.is_connected

    async def register_workstation_info(self, info: WorkstationInfo) -> None:
        """See `HesConnection.register_workstation_info`."""
        await _in_time(self._hes.register_workstation_info(info))

    async def save_client_events(self, events: Sequence[WorkstationEvent]) -> None:
        """See `HesConnection.save_client_events`."""
        await _in_time(self._hes.save_client_events(events))

    async def get_hw_vault_info_by_rfid(self, rfid: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_rfid`."""
        return await _in_time(self._hes.get_hw_vault_info_by_rfid(rfid))

    async def get_hw_vault_info_by_mac(self, mac: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_mac`."""
        return await _in_time(self._hes.get_hw_vault_info_by_mac(mac))

    async def get_hw_vault_info_by_serial_no(self, serial: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_serial_no`."""
        return await _in_time(self._hes.get_hw_vault_info_by_serial_no(serial))

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        """See `HesConnection.update_hw_vault_properties`."""
        return await _in_time(self._hes.update_hw_vault_properties(info, return_info))

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        """See `HesConnection.update_hw_vault_status`."""
        return await _in_time(self._hes.update_hw_vault_status(info))

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """See `HesConnection.get_hw_vault_licenses`."""
        return await _in_time(self._hes.get_hw_vault_licenses(serial))

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """See `HesConnection.get_new_hw_vault_licenses`."""
        return await _in_time(self._hes.get_new_hw_vault_licenses(serial))

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        """See `HesConnection.hw_vault_license_applied`."""
        await _in_time(self._hes.hw_vault_license_applied(serial, license_id))

    async def auth_hw_vault(self, serial: str) -> None:
        """See `HesConnection.auth_hw_vault`."""
        await _in_time(self._hes.auth_hw_vault(serial))

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        """See `HesConnection.update_hw_vault_accounts`."""
        await _in_time(self._hes.update_hw_vault_accounts(serial, only_os_accounts))


async def _in_time(call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT):
            return await call
    except TimeoutError:
        raise HesError(
            HesErrorCode.HesRequestTimeout,
            f"The server did not answer within {REQUEST_TIMEOUT:g} s; try again after {REQUEST_TIMEOUT:g} s.",
        ) from None
