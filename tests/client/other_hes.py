"""A server of a test's own making, in front of the real one: it writes down what is called, and may be overridden."""

from __future__ import annotations

from collections.abc import Sequence

from hideez_bench.protocol.hes import (
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
    HwVaultLicense,
    HwVaultShortInfo,
    WorkstationEvent,
    WorkstationInfo,
)
from tests.flow.rig import Rig


class OtherHes:
    """A `HesConnection` that passes every call on to the rig's server, and keeps a list of them."""

    def __init__(self, rig: Rig) -> None:
        self.calls: list[str] = []
        self.is_up = True
        self.server = rig.bench.hes.connect(rig.bench.workstation)

    @property
    def is_connected(self) -> bool:
        return self.is_up and self.server.is_connected

    async def register_workstation_info(self, info: WorkstationInfo) -> None:
        await self.server.register_workstation_info(info)

    async def save_client_events(self, events: Sequence[WorkstationEvent]) -> None:
        await self.server.save_client_events(events)

    async def get_hw_vault_info_by_rfid(self, rfid: str) -> HwVaultShortInfo:
        self.calls.append("by rfid")
        return await self.server.get_hw_vault_info_by_rfid(rfid)

    async def get_hw_vault_info_by_mac(self, mac: str) -> HwVaultShortInfo:
        return await self.server.get_hw_vault_info_by_mac(mac)

    async def get_hw_vault_info_by_serial_no(self, serial: str) -> HwVaultShortInfo:
        return await self.server.get_hw_vault_info_by_serial_no(serial)

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        self.calls.append(f"properties {info.connection_state.name}")
        return await self.server.update_hw_vault_properties(info, return_info)

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        self.calls.append("status")
        return await self.server.update_hw_vault_status(info)

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        self.calls.append("licences")
        return await self.server.get_hw_vault_licenses(serial)

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        self.calls.append("new licences")
        return await self.server.get_new_hw_vault_licenses(serial)

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        self.calls.append("applied")
        await self.server.hw_vault_license_applied(serial, license_id)

    async def auth_hw_vault(self, serial: str) -> None:
        self.calls.append("auth")
        await self.server.auth_hw_vault(serial)

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        self.calls.append(f"accounts {'os' if only_os_accounts else 'other'}")
        await self.server.update_hw_vault_accounts(serial, only_os_accounts)
