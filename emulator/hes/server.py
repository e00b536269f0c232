"""Hideez Enterprise Server: what an administrator does with it, and how clients connect."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from hideez_bench.emulator.hes import draw, licenses, models, vault_rules
from hideez_bench.emulator.hes.connection import ClientConnection
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import (
    HesCode,
    HesEventKind,
    VaultStatusReason,
)
from hideez_bench.emulator.hes.records import (
    EmployeeView,
    HesEvent,
    LicenseImport,
    VaultImport,
    VaultView,
    WorkstationView,
)
from hideez_bench.emulator.hes.remote import RemoteDevices, RemoteLimits
from hideez_bench.emulator.hes.status_update import StatusUpdate
from hideez_bench.emulator.hes.store import Rows, Store, vault_for_admin
from hideez_bench.emulator.hes.views import employee_view, vault_view
from hideez_bench.protocol.channel import KeysMade
from hideez_bench.protocol.device import Traffic
from hideez_bench.protocol.hes import Workstation
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.values import AccessParams
from hideez_bench.protocol.wire import Wire, default_wire

_logger = logging.getLogger(__name__)


class Hes:
    """One server on one database. Use as `async with Hes(...) as hes`; leaving it ends what runs in the background.

    Calls that move a vault from one status to another are awaited: they wait until the server has ended what it
    is doing with that key. Every refusal is a `HesRuleError` with the vendor's code, and changes nothing; a
    database that cannot be used is a `StoreError`.

    Args:
        store_url: an SQLAlchemy URL. `sqlite://` is memory, `sqlite:///hes.db` a file (mode 0600).
        utc: the clock, timezone-aware.
        random: gives so many bytes from a cryptographic source; codes, master keys, ids and handshakes use it.
        observe: is told what happens, free of secrets; called from the event loop. By default it is logged.
        observe_traffic: is told each command to a key (True) and reply (False) of the server's channel, with the
            key's serial number.
        wire: the format that keys speak.
        limits: how long the server waits for its channel to a key.
        on_keys: is told the keys of the server's channel, each time that it opens.
    """

    def __init__(
        self,
        store_url: str = "sqlite://",
        *,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Callable[[int], bytes] = secrets.token_bytes,
        observe: Callable[[HesEvent], None] | None = None,
        observe_traffic: Callable[[str, bool, Traffic], None] = lambda serial, to_key, message: None,
        wire: Wire | None = None,
        limits: RemoteLimits | None = None,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        wire = wire or default_wire()
        self._core = Core(Store(store_url), utc, random, observe or _log)
        self._remotes = RemoteDevices(self._core, wire, limits or RemoteLimits(), observe_traffic, on_keys)
        self._status_update = StatusUpdate(self._core, self._remotes)
        self._connections: list[ClientConnection] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the background work, disconnect the clients and close the database."""
        for connection in self._connections:
            connection.close()
        await self._core.close()
        self._core.store.close()

    async def settled(self) -> None:
        """Wait until nothing runs in the background any more."""
        await self._core.settled()

    # --- clients ---

    def connect(self, workstation: Workstation) -> ClientConnection:
        """A client connects. A workstation that was never here is stored, and waits for approval.

        The connection is a `protocol.hes.HesConnection` with a `close()`; calls of a workstation that is not approved
        answer `HesWorkstationNotApproved`.
        """
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            row = rows.workstation(workstation.id)
            if row is None:
                rows.add(models.Workstation(id=workstation.id, approved=False, last_seen=now))
            else:
                row.last_seen = now
        self._connections = [open_one for open_one in self._connections if open_one.is_connected]
        connection = ClientConnection(self._core, self._remotes, self._status_update, workstation)
        self._connections.append(connection)
        return connection

    def approve_workstation(self, workstation_id: str) -> None:
        """Let a workstation's client in.

        Raises:
            HesRuleError: WorkstationNotFound.
        """
        self._set_approved(workstation_id, True)
        self._core.tell(HesEventKind.ADMIN, "", f"approves workstation {workstation_id}")

    def unapprove_workstation(self, workstation_id: str) -> None:
        """Shut a workstation's client out; raises as `approve_workstation`."""
        self._set_approved(workstation_id, False)
        self._core.tell(HesEventKind.ADMIN, "", f"no longer approves workstation {workstation_id}")

    def set_alarm(self, on: bool) -> None:
        """Raise or end the alarm: while it lasts, every client's call answers `HesAlarm`."""
        with self._core.store.transaction() as rows:
            rows.alarm = on
        self._core.tell(HesEventKind.ADMIN, "", "raises the alarm" if on else "ends the alarm")

    # --- vaults, employees, licences ---

    def import_vaults(self, records: Iterable[VaultImport]) -> list[str]:
        """Take over keys and their licences; known serial numbers are skipped. Returns the new ones."""
        new: list[str] = []
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            for record in records:
                if rows.vault(record.id) is None:
                    vault = vault_rules.imported(record, now)
                    rows.add(vault)
                    licenses.take_over(rows, vault, record.licenses, now)
                    new.append(record.id)
        for vault_id in new:
            self._core.tell(HesEventKind.ADMIN, vault_id, f"imports key {vault_id}")
        return new

    def import_licenses(self, vault_id: str, records: Iterable[LicenseImport]) -> None:
        """Take over further licences of a known key.

        Raises:
            HesRuleError: HardwareVaultNotFound.
        """
        with self._core.store.transaction() as rows:
            vault = vault_for_admin(rows, vault_id)
            licenses.take_over(rows, vault, records, self._core.utc())
        self._core.tell(HesEventKind.ADMIN, vault_id, f"imports licences for key {vault_id}")

    def create_employee(self, first_name: str, last_name: str = "", email: str = "") -> EmployeeView:
        """Enter somebody.

        Raises:
            HesRuleError: EmployeeAlreadyExist (the name is taken); no first name or an odd address (no code).
        """
        name = f"{first_name} {last_name}".strip()
        if not first_name:
            raise HesRuleError(HesCode.None_, "An employee needs a first name; nobody was entered.")
        if email and not _is_address(email):
            raise HesRuleError(HesCode.None_, f"{email} is no e-mail address; {name} was not entered.")
        with self._core.store.transaction() as rows:
            if rows.employee_named(first_name, last_name):
                raise HesRuleError(HesCode.EmployeeAlreadyExist, f"There is an employee {name} already.")
            employee = models.Employee(
                id=draw.identifier(self._core.random), first_name=first_name, last_name=last_name, email=email
            )
            rows.add(employee)
            view = employee_view(employee)
        self._core.tell(HesEventKind.ADMIN, "", f"enters employee {name}")
        return view

    def vault(self, vault_id: str) -> VaultView:
        """A vault.

        Raises:
            HesRuleError: HardwareVaultNotFound.
        """
        with self._core.store.transaction() as rows:
            return self._view(rows, vault_for_admin(rows, vault_id))

    def vaults(self) -> list[VaultView]:
        """Every vault, by serial number."""
        with self._core.store.transaction() as rows:
            return [self._view(rows, vault) for vault in rows.vaults()]

    def employee(self, employee_id: str) -> EmployeeView:
        """An employee.

        Raises:
            HesRuleError: EmployeeNotFound.
        """
        with self._core.store.transaction() as rows:
            return employee_view(_employee_for_admin(rows, employee_id))

    def employees(self) -> list[EmployeeView]:
        """Every employee, by name."""
        with self._core.store.transaction() as rows:
            return [employee_view(employee) for employee in rows.employees()]

    def workstations(self) -> list[WorkstationView]:
        """Every workstation that was ever here, by name."""
        with self._core.store.transaction() as rows:
            return [WorkstationView(row.id, row.approved, row.last_seen) for row in rows.workstations()]

    def access_params(self, vault_id: str) -> AccessParams:
        """The access profile of a vault, as the key gets it.

        Raises:
            HesRuleError: HardwareVaultNotFound.
        """
        with self._core.store.transaction() as rows:
            return vault_for_admin(rows, vault_id).profile.access_params()

    def get_activation_code(self, vault_id: str) -> ActivationCode:
        """The code that the employee must type. Reading it changes nothing, however often (Q14).

        Raises:
            HesRuleError: ActivationCodeNotFound, when none is pending.
        """
        with self._core.store.transaction() as rows:
            return vault_rules.pending_code(rows, vault_id)

    # --- moves from status to status ---

    async def add_hardware_vault(self, employee_id: str, vault_id: str) -> None:
        """Assign a Ready vault: Reserved, with a new master key and a pending code.

        Raises:
            HesRuleError: EmployeeNotFound, OneHardwareVaultConstraint, HardwareVaultNotFound or
                HardwareVaultCannotReserve, looked at in this order.
        """
        key = draw.master_key(self._core.random)
        code = draw.activation_code(self._core.random)
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                employee = _employee_for_admin(rows, employee_id)
                if employee.hardware_vaults:
                    raise HesRuleError(
                        HesCode.OneHardwareVaultConstraint,
                        f"{employee.full_name} has key {employee.hardware_vaults[0].id} already.",
                    )
                vault = vault_for_admin(rows, vault_id)
                vault_rules.reserve(rows, vault, employee, key, code, self._core.utc())
            self._moved(vault, f"assigns key {vault_id} to {employee.full_name}")

    async def suspend(self, vault_id: str, description: str = "") -> None:
        """Suspend an Active vault, with a new code. A connected key is locked at once, in the background.

        Raises:
            HesRuleError: HardwareVaultNotFound; no code where the vault is not Active.
        """
        code = draw.activation_code(self._core.random)
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                vault_rules.suspend(rows, vault, description, code, self._core.utc())
            self._moved(vault, f"suspends key {vault_id}")
        self._status_update.start(vault_id)

    async def activate(self, vault_id: str, description: str = "") -> None:
        """Give a Locked vault another chance: Suspended, with a new code; raises as `suspend`."""
        code = draw.activation_code(self._core.random)
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                vault_rules.activate(rows, vault, description, code, self._core.utc())
            self._moved(vault, f"activates key {vault_id}")
        self._status_update.start(vault_id)

    async def remove_hardware_vault(
        self, vault_id: str, reason: VaultStatusReason = VaultStatusReason.Withdrawal
    ) -> None:
        """Take a vault from its employee: Deactivated, and wiped at its next contact; a key never linked is Ready.

        Raises:
            HesRuleError: HardwareVaultNotFound, HardwareVaultDoesNotAllowToRemove.
        """
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                vault_rules.remove(rows, vault, reason, self._core.utc())
            self._moved(vault, f"takes key {vault_id} from its employee")
        self._status_update.start(vault_id)

    async def compromise(
        self, vault_id: str, *, reason: VaultStatusReason, retyped_id: str, description: str = ""
    ) -> None:
        """Report a vault Lost or Stolen, for good. Its master key is gone with it, so it can never be wiped (Q13).

        Raises:
            HesRuleError: HardwareVaultNotFound; no code where the serial number was retyped wrongly, for another
                reason, or where the vault is neither Reserved, Active, Locked nor Suspended.
        """
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                if retyped_id != vault_id:
                    raise HesRuleError(
                        HesCode.None_,
                        f"The serial number was not retyped as {vault_id}; the key stays as it is.",
                    )
                vault_rules.compromise(rows, vault, reason, description)
            self._moved(vault, f"reports key {vault_id} as compromised")
        self._status_update.start(vault_id)

    def _moved(self, vault: models.HardwareVault, what: str) -> None:
        self._core.tell(HesEventKind.ADMIN, vault.id, what)
        self._core.tell(HesEventKind.STATUS, vault.id, f"sets the vault {vault.status.name}")

    def _view(self, rows: Rows, vault: models.HardwareVault) -> VaultView:
        is_online = self._remotes.any_workstation(vault.id) is not None
        return vault_view(vault, rows.latest_activation(vault.id), is_online=is_online)

    def _set_approved(self, workstation_id: str, approved: bool) -> None:
        with self._core.store.transaction() as rows:
            row = rows.workstation(workstation_id)
            if row is None:
                raise HesRuleError(
                    HesCode.WorkstationNotFound, f"The server never saw a workstation {workstation_id}."
                )
            row.approved = approved


def _employee_for_admin(rows: Rows, employee_id: str) -> models.Employee:
    employee = rows.employee(employee_id)
    if employee is None:
        raise HesRuleError(
            HesCode.EmployeeNotFound, f"The server knows no employee {employee_id}; nothing was changed."
        )
    return employee


def _is_address(text: str) -> bool:
    """As much as the vendor looks at: one @, neither first nor last."""
    return text.count("@") == 1 and not text.startswith("@") and not text.endswith("@")


def _log(event: HesEvent) -> None:
    level = logging.WARNING if event.kind is HesEventKind.FAILED else logging.INFO
    _logger.log(level, "%s %s", event.serial or "-", event.text)
