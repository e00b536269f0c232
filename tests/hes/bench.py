"""A server with one key, one employee and one approved workstation, and ways to bring them where a test starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from hideez_bench.emulator.hes.names import VaultStatus, VaultStatusReason
from hideez_bench.emulator.hes.records import (
    EmployeeDetails,
    EmployeeView,
    HesEvent,
    LicenseImport,
    VaultImport,
    VaultView,
)
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesConnection,
    HesError,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
)
from tests.hes.fake_key import FakeKey, FakeWorkstation

SERIAL = "HK-1"
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Of passwords, for a test and not for a burglar."""

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Where a vault can be, as far as the rules tell apart: a status, and whether the key has received what it requires.
PLACES = {
    "Ready": (VaultStatus.Ready, False),
    "Reserved": (VaultStatus.Reserved, False),
    "Reserved applied": (VaultStatus.Reserved, True),
    "Active": (VaultStatus.Active, True),
    "Locked": (VaultStatus.Locked, True),
    "Suspended": (VaultStatus.Suspended, False),
    "Suspended applied": (VaultStatus.Suspended, True),
    "Deactivated": (VaultStatus.Deactivated, True),
    "Compromised": (VaultStatus.Compromised, True),
}


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def vault_import(serial: str = SERIAL, licenses: tuple[LicenseImport, ...] = ()) -> VaultImport:
    return VaultImport(serial, mac=f"mac {serial}", rfid=f"rfid {serial}", licenses=licenses)


@dataclass
class Bench:
    store_url: str = "sqlite://"
    strict_compat: bool = False
    code_life: timedelta | None = None
    clock: Clock = field(default_factory=Clock)
    events: list[HesEvent] = field(default_factory=list)
    key: FakeKey = field(default_factory=FakeKey)

    def __post_init__(self) -> None:
        self.hes = Hes(
            self.store_url,
            utc=self.clock,
            observe=self.events.append,
            strict_compat=self.strict_compat,
            code_life=self.code_life,
            password_hasher=QUICK_HASHER,
        )
        self.workstation = FakeWorkstation("PC-1", self.key)
        self.client = self.hes.connect(self.workstation)
        self.connection: HesConnection = self.client

    def set_up(self) -> None:
        self.hes.vaults.import_vaults([vault_import()])
        self.employee: EmployeeView = self.hes.employees.create(
            EmployeeDetails("Ann", "Smith", "ann@example.org")
        )
        self.hes.workstations.approve(self.workstation.id)

    @property
    def vault(self) -> VaultView:
        return self.hes.vaults.get(SERIAL)

    def texts(self) -> list[str]:
        return [event.text for event in self.events]

    def report(self, state: ConnectionState = ConnectionState.INITIALIZING) -> HwVaultInfoFromClient:
        """What the client tells of the key as it is now."""
        key = self.key
        return HwVaultInfoFromClient(
            key.serial, state, key.link_required, key.locked, key.can_unlock, 77, "3.1.0", 5
        )

    async def arrive(self) -> None:
        """The key is connected to the workstation."""
        await self.connection.update_hw_vault_properties(self.report(), return_info=False)

    async def leave(self) -> None:
        """The key is gone from the workstation."""
        self.key.forget_channel()
        report = self.report(ConnectionState.OFFLINE)
        await self.connection.update_hw_vault_properties(report, return_info=False)

    async def update(self) -> HwVaultInfoFromHes:
        """The client has the server bring key and vault together."""
        return await self.connection.update_hw_vault_status(self.report())

    async def assign(self) -> None:
        await self.hes.employees.add_hardware_vault(self.employee.id, SERIAL)

    async def be_active(self) -> None:
        await self.assign()
        await self.arrive()
        await self.update()
        self.key.take()
        await self.update()
        await self.leave()

    async def go(self, place: str) -> None:
        """Bring the vault to one of `PLACES`; the key is left disconnected, and its commands forgotten."""
        match place:
            case "Ready":
                pass
            case "Reserved":
                await self.assign()
            case "Reserved applied":
                await self.assign()
                await self.arrive()
                await self.update()
                await self.leave()
            case "Active":
                await self.be_active()
            case "Locked":
                await self.be_active()
                await self.arrive()
                self.key.take(locked=True)
                with pytest.raises(HesError):
                    await self.update()
                await self.leave()
            case "Suspended":
                await self.be_active()
                await self.hes.vaults.suspend(SERIAL)
            case "Suspended applied":
                await self.be_active()
                await self.hes.vaults.suspend(SERIAL)
                await self.arrive()
                await self.update()
                await self.leave()
            case "Deactivated":
                await self.be_active()
                await self.hes.employees.remove_hardware_vault(SERIAL)
            case "Compromised":
                await self.be_active()
                await self.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)
        assert (self.vault.status, self.vault.is_status_applied) == PLACES[place]
        self.key.commands.clear()
        self.events.clear()
