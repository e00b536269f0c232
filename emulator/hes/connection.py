"""The server as one client calls it: its appHub, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from hideez_bench.emulator.hes.administration.workstations import Workstations
from hideez_bench.emulator.hes.audit.log import Audit
from hideez_bench.emulator.hes.clients import Clients
from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.columns import NAME_LENGTH
from hideez_bench.emulator.hes.database.models import HardwareVault
from hideez_bench.emulator.hes.database.rows import vault_for_client
from hideez_bench.emulator.hes.errors import hes_error
from hideez_bench.emulator.hes.keys import licenses, tasks
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.keys.remote import RemoteDevices
from hideez_bench.emulator.hes.keys.status_tables import KeyState, needs_status_update
from hideez_bench.emulator.hes.keys.status_update import StatusUpdate
from hideez_bench.emulator.hes.names import HesEventKind, VaultStatus
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesError,
    HesErrorCode,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
    HwVaultLicense,
    HwVaultShortInfo,
    Workstation,
    WorkstationEvent,
    WorkstationInfo,
)

T = TypeVar("T")

_UNRECORDED_LINK = (
    "reports the key as linked, which the server has no record of: "
    "if it is removed before it is active, it must be wiped by hand"
)


_SOUGHT_BY = {"rfid": "of radio tag ", "mac": "of address ", "id": ""}


class ClientConnection:
    """A `protocol.hes.HesConnection`. A client that gives up waiting does not stop what the server does for it."""

    def __init__(
        self,
        core: Core,
        remotes: RemoteDevices,
        status_update: StatusUpdate,
        accounts_update: AccountsUpdate,
        workstations: Workstations,
        clients: Clients,
        audit: Audit,
        workstation: Workstation,
    ) -> None:
        self._core = core
        self._remotes = remotes
        self._status_update = status_update
        self._accounts_update = accounts_update
        self._workstations = workstations
        self._clients = clients
        self._audit = audit
        self._workstation = workstation
        clients.join(self, workstation)
        self._open = True

    @property
    def is_connected(self) -> bool:
        """Whether the server can be called now."""
        return self._open

    def close(self) -> None:
        """The client is gone: its keys cannot be reached through it any more, and its calls are refused."""
        was_open, self._open = self._open, False
        self._clients.leave(self)
        self._remotes.unregister_all(self)
        if was_open and not self._clients.is_online(self._workstation.id):
            self._audit.end_sessions(self._workstation.id)

    def lose_key(self, serial: str) -> None:
        """The way to a key through this client broke: until it is reported again, nothing is asked of it there."""
        self._remotes.lost(serial, self._workstation.id, owner=self)

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        """See `HesConnection.update_hw_vault_properties`."""

        def look_whether_gone() -> None:
            # Gone is gone, whoever may say so: it goes in the alarm, and when its workstation is approved no more.
            if info.connection_state is ConnectionState.OFFLINE:
                self._remotes.unregister(info.serial, self._workstation.id)

        async def work() -> HwVaultInfoFromHes | None:
            self._store_properties(info)
            if info.connection_state is ConnectionState.INITIALIZING:
                self._remotes.register(info.serial, self._workstation, owner=self)
            return self._info_for_client(info) if return_info else None

        return await self._answer("update_hw_vault_properties", info.serial, work, first=look_whether_gone)

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        """See `HesConnection.update_hw_vault_status`."""

        async def work() -> HwVaultInfoFromHes:
            await self._status_update.run(info.serial, self._workstation.id)
            # Q1: from what the client sent before; so the call that locks a vault answers HesDeviceLocked itself.
            return self._info_for_client(info)

        return await self._answer("update_hw_vault_status", info.serial, work)

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """See `HesConnection.get_hw_vault_licenses`."""

        async def work() -> list[HwVaultLicense]:
            with self._core.store.transaction() as rows:
                return licenses.active(rows, serial, self._core.utc())

        return await self._answer("get_hw_vault_licenses", serial, work)

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """See `HesConnection.get_new_hw_vault_licenses`."""

        async def work() -> list[HwVaultLicense]:
            with self._core.store.transaction() as rows:
                return licenses.new(rows, serial)

        return await self._answer("get_new_hw_vault_licenses", serial, work)

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        """See `HesConnection.hw_vault_license_applied`."""

        async def work() -> None:
            with self._core.store.transaction() as rows:
                licenses.applied(rows, vault_for_client(rows, serial), license_id, self._core.utc())

        await self._answer("hw_vault_license_applied", serial, work)

    async def auth_hw_vault(self, serial: str) -> None:
        """See `HesConnection.auth_hw_vault`."""

        async def work() -> None:
            await self._status_update.check_passphrase(serial, self._workstation.id)

        await self._answer("auth_hw_vault", serial, work)

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        """See `HesConnection.update_hw_vault_accounts`."""

        async def work() -> None:
            await self._accounts_update.run(serial, self._workstation.id, only_os=only_os_accounts)

        await self._answer("update_hw_vault_accounts", serial, work)

    async def register_workstation_info(self, info: WorkstationInfo) -> None:
        """See `HesConnection.register_workstation_info`."""

        async def work() -> None:
            self._core.tell(HesEventKind.CLIENT, "", f"runs on workstation {self._workstation.id}")
            self._workstations.push_settings(self._workstation.id)

        await self._answer(
            "register_workstation_info",
            "",
            work,
            first=lambda: self._workstations.register(self._workstation, info),
        )

    async def save_client_events(self, events: Sequence[WorkstationEvent]) -> None:
        """See `HesConnection.save_client_events`."""

        async def work() -> None:
            self._audit.save_client_events(self._workstation.id, events)

        await self._answer("save_client_events", "", work)

    async def get_hw_vault_info_by_rfid(self, rfid: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_rfid`."""
        return await self._short_info("rfid", rfid)

    async def get_hw_vault_info_by_mac(self, mac: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_mac`."""
        return await self._short_info("mac", mac)

    async def get_hw_vault_info_by_serial_no(self, serial: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_serial_no`."""
        return await self._short_info("id", serial)

    async def _short_info(self, field: str, value: str) -> HwVaultShortInfo:
        async def work() -> HwVaultShortInfo:
            with self._core.store.transaction() as rows:
                vault = rows.vault_with(**{field: value})
                if vault is None and Quirk.UNKNOWN_KEY_IS_A_FAULT in self._core.quirks:
                    raise HesError(HesErrorCode.HesUnknownError, "The server could not answer.")
                if vault is None:
                    raise hes_error(HesErrorCode.HesDeviceNotFound, serial=f"{_SOUGHT_BY[field]}{value}")
                return HwVaultShortInfo(**_whose(vault))

        return await self._answer(f"get_hw_vault_info_by_{field}", value, work)

    async def _answer(
        self,
        call: str,
        serial: str,
        work: Callable[[], Awaitable[T]],
        first: Callable[[], None] = lambda: None,
    ) -> T:
        """Let the server do its work for a call, and take the answer, or its error.

        `first` is done for every client that is connected, before it is looked at whether it is let in.
        """

        async def answered() -> T:
            try:
                self._require_open()
                first()
                self._admit()
                return await work()
            except BenchError as error:
                self._core.tell(HesEventKind.FAILED, serial, f"answers {call} with: {error}")
                if isinstance(error, HesError):
                    raise
                raise HesError(HesErrorCode.HesUnknownError, str(error)) from error

        task = self._core.spawn(answered())
        await asyncio.wait({task})
        if task.cancelled():
            raise hes_error(HesErrorCode.HesNotConnected, workstation=self._workstation.id)
        return task.result()

    def _require_open(self) -> None:
        if not self._open:
            raise hes_error(HesErrorCode.HesNotConnected, workstation=self._workstation.id)

    def _admit(self) -> None:
        name = self._workstation.id
        with self._core.store.transaction() as rows:
            row = rows.workstation(name)
            if row is None or not row.approved:
                raise hes_error(HesErrorCode.HesWorkstationNotApproved, workstation=name)
            if rows.alarm:
                raise hes_error(HesErrorCode.HesAlarm)

    def _store_properties(self, info: HwVaultInfoFromClient) -> None:
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            vault = vault_for_client(rows, info.serial)
            vault.timestamp = info.storage_timestamp
            vault.battery = info.battery
            vault.firmware = info.firmware_version[:NAME_LENGTH]
            vault.last_synced = now
            if info.connection_state is ConnectionState.OFFLINE and vault.employee:
                vault.employee.last_seen = now
        if info.connection_state is ConnectionState.INITIALIZING and _is_link_unrecorded(vault, info):
            self._core.tell(HesEventKind.CLIENT, info.serial, _UNRECORDED_LINK)

    def _info_for_client(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        with self._core.store.transaction() as rows:
            vault = vault_for_client(rows, info.serial)
            state = KeyState.of(info.is_link_required, info.is_locked, info.is_can_unlock)
            takes_accounts = (
                vault.status is VaultStatus.Active or Quirk.ACCOUNTS_OF_ANY_STATUS in self._core.quirks
            )
            return HwVaultInfoFromHes(
                **_whose(vault),
                need_update_license=vault.has_new_license,
                need_state_update=needs_status_update(
                    vault.id, vault.status, vault.master_key is not None, state
                ),
                need_update_os_accounts=takes_accounts and tasks.first(rows, vault.id, os=True) is not None,
                need_update_non_os_accounts=takes_accounts
                and tasks.first(rows, vault.id, os=False) is not None,
            )


def _whose(vault: models.HardwareVault) -> dict[str, str]:
    """The fields of a `HwVaultShortInfo`."""
    owner = vault.employee
    return {
        "owner_name": owner.full_name if owner else "",
        "owner_email": owner.email if owner else "",
        "vault_mac": vault.mac,
        "vault_serial": vault.id,
        "vault_rfid": vault.rfid,
    }


def _is_link_unrecorded(vault: HardwareVault, info: HwVaultInfoFromClient) -> bool:
    """Whether the way broke when the key had just been linked (B-011), or another server linked it (Q7)."""
    is_to_be_linked = vault.status is VaultStatus.Reserved and not vault.is_status_applied
    return is_to_be_linked and not info.is_link_required
