"""What an administrator does with workstations, and what their clients are told of it."""

from __future__ import annotations

from sqlalchemy import select

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration.filters import ALL_WORKSTATIONS, WorkstationFilter
from hideez_bench.emulator.hes.administration.org_structure import department_of
from hideez_bench.emulator.hes.administration.views import proximity_view, workstation_view
from hideez_bench.emulator.hes.admission import Admission
from hideez_bench.emulator.hes.clients import Clients
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows, vault_for_admin
from hideez_bench.emulator.hes.database.workstation_models import WorkstationHardwareVaultPair
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind
from hideez_bench.emulator.hes.records import ProximityVaultView, WorkstationSettings, WorkstationView
from hideez_bench.protocol.hes import ProximitySettings, Workstation, WorkstationInfo

LONGEST_TEXT = 255
"""Characters that are kept of what a client says of its computer."""

LONGEST_LOCK_TIMEOUT = 3600
"""Seconds; modelled."""


class Workstations:
    """The computers with a client. A call about one that was never here raises `HesRuleError` WorkstationNotFound."""

    def __init__(self, core: Core, clients: Clients, admission: Admission) -> None:
        self._core = core
        self._clients = clients
        self._admission = admission

    # --- clients ---

    def seen(self, workstation_id: str) -> None:
        """A client calls from there. A workstation that was never here is stored, and waits for approval."""
        self._admission.make_room(workstation_id)
        with self._core.store.transaction() as rows:
            self._seen(rows, workstation_id)

    def register(self, workstation: Workstation, info: WorkstationInfo) -> None:
        """A client says who calls. It is stored whether or not it is approved; an approved one hears of the alarm."""
        self._admission.make_room(workstation.id)
        with self._core.store.transaction() as rows:
            row = self._seen(rows, workstation.id)
            row.name = info.machine_name[:LONGEST_TEXT]
            row.domain = info.domain[:LONGEST_TEXT]
            row.os = info.os_name[:LONGEST_TEXT]
            row.client_version = info.app_version[:LONGEST_TEXT]
            row.ip = info.ip[:LONGEST_TEXT]
            alarm = rows.alarm
        if row.approved and alarm is not info.is_alarm_turn_on:
            workstation.set_alarm_state(alarm)

    def push_settings(self, workstation_id: str) -> None:
        """Tell a workstation's clients what an administrator has set for it."""
        with self._core.store.transaction() as rows:
            row = _for_admin(rows, workstation_id)
        self._clients.tell(
            {workstation_id}, lambda client: client.update_rfid_indicator_state(row.rfid_enabled)
        )
        self.push_proximity([workstation_id])

    def push_proximity(self, workstation_ids: list[str]) -> None:
        """Tell the clients of approved workstations which keys unlock them by coming near."""
        for workstation_id in workstation_ids:
            with self._core.store.transaction() as rows:
                row = _for_admin(rows, workstation_id)
                settings = [
                    ProximitySettings(
                        serial=pair.hardware_vault_id,
                        mac=pair.hardware_vault.mac,
                        lock_proximity=pair.lock_proximity,
                        unlock_proximity=pair.unlock_proximity,
                        lock_timeout=pair.lock_timeout,
                    )
                    for pair in _pairs(rows, workstation_id)
                ]
            if row.approved:
                # Each of them has its own list, and may keep it.
                self._clients.tell(
                    {workstation_id},
                    lambda client, settings=settings: client.update_proximity_settings(list(settings)),  # type: ignore[misc]
                )

    # --- administrators ---

    def get(self, workstation_id: str) -> WorkstationView:
        """A workstation."""
        with self._core.store.transaction() as rows:
            return self._view(_for_admin(rows, workstation_id))

    def edit(self, workstation_id: str, settings: WorkstationSettings) -> None:
        """Change what is set for a workstation; its client hears of it.

        Raises:
            HesRuleError: DepartmentNotFound; no code where it is not approved.
        """
        with self._core.store.transaction() as rows:
            row = _for_admin(rows, workstation_id)
            if not row.approved:
                raise HesRuleError(
                    HesCode.None_, f"Workstation {workstation_id} is not approved; nothing was changed."
                )
            _set(rows, row, settings)
        self._tell_set(workstation_id, settings)

    def approve(
        self, workstation_id: str, settings: WorkstationSettings | None = None, *, push: bool = True
    ) -> None:
        """Let a workstation's client in, with other settings if they are given: both, or neither.

        With `push` the client is told at once, as from the vendor's page, not by its REST.

        Raises:
            HesRuleError: DepartmentNotFound.
        """
        with self._core.store.transaction() as rows:
            row = _for_admin(rows, workstation_id)
            row.approved = True
            if settings:
                _set(rows, row, settings)
            alarm = rows.alarm
        self._core.tell(HesEventKind.ADMIN, "", f"approves workstation {workstation_id}")
        if push:
            self._clients.tell({workstation_id}, lambda client: client.workstation_approved())
            # It may have been raised or ended while this one heard nothing.
            self._clients.tell({workstation_id}, lambda client: client.set_alarm_state(alarm))
        if settings:
            self._tell_set(workstation_id, settings)
        if push:
            self.push_settings(workstation_id)

    def unapprove(self, workstation_id: str) -> None:
        """Shut a workstation's client out, and tell it."""
        with self._core.store.transaction() as rows:
            _for_admin(rows, workstation_id).approved = False
        self._core.tell(HesEventKind.ADMIN, "", f"no longer approves workstation {workstation_id}")
        self._clients.tell({workstation_id}, lambda client: client.workstation_unapproved())

    def set_alarm(self, on: bool) -> None:
        """Raise or end the alarm, and tell every approved client."""
        with self._core.store.transaction() as rows:
            rows.alarm = on
            approved = {row.id for row in rows.workstations() if row.approved}
        self._core.tell(HesEventKind.ADMIN, "", "raises the alarm" if on else "ends the alarm")
        self._clients.tell(approved, lambda client: client.set_alarm_state(on))

    # --- keys that unlock by coming near ---

    def proximity_vaults(self, workstation_id: str) -> list[ProximityVaultView]:
        """The keys that unlock a workstation, by serial number."""
        with self._core.store.transaction() as rows:
            _for_admin(rows, workstation_id)
            return [proximity_view(pair) for pair in _pairs(rows, workstation_id)]

    def proximity_vault(self, pair_id: str) -> ProximityVaultView:
        """One of them.

        Raises:
            HesRuleError: WorkstationHardwareVaultPairNotFound.
        """
        with self._core.store.transaction() as rows:
            return proximity_view(_pair_for_admin(rows, pair_id))

    def add_proximity_vault(self, workstation_id: str, vault_id: str) -> ProximityVaultView:
        """Have a key unlock a workstation by coming near, by the vendor's percentages.

        Raises:
            HesRuleError: WorkstationNotFound, HardwareVaultNotFound, WorkstationHardwareVaultPairAlreadyExist.
        """
        with self._core.store.transaction() as rows:
            _for_admin(rows, workstation_id)
            vault = vault_for_admin(rows, vault_id)
            if any(pair.hardware_vault_id == vault_id for pair in _pairs(rows, workstation_id)):
                raise HesRuleError(
                    HesCode.WorkstationHardwareVaultPairAlreadyExist,
                    f"Key {vault_id} unlocks workstation {workstation_id} already.",
                )
            pair = WorkstationHardwareVaultPair(
                id=draw.identifier(self._core.random), workstation_id=workstation_id, hardware_vault=vault
            )
            rows.add(pair)
            view = proximity_view(pair)
        self._core.tell(
            HesEventKind.ADMIN, vault_id, f"lets key {vault_id} unlock workstation {workstation_id}"
        )
        self.push_proximity([workstation_id])
        return view

    def edit_proximity_vault(self, pair_id: str, lock: int, unlock: int, timeout: int) -> None:
        """Change how near a key locks and unlocks: percent, percent, seconds.

        Raises:
            HesRuleError: as `proximity_vault`; numbers that make no sense (no code).
        """
        if not (0 <= lock < unlock <= 100 and 0 <= timeout <= LONGEST_LOCK_TIMEOUT):
            raise HesRuleError(
                HesCode.None_,
                "A key locks at fewer percent than it unlocks, both from 0 to 100, after "
                f"{LONGEST_LOCK_TIMEOUT} s at the most; nothing was changed.",
            )
        with self._core.store.transaction() as rows:
            pair = _pair_for_admin(rows, pair_id)
            pair.lock_proximity, pair.unlock_proximity, pair.lock_timeout = lock, unlock, timeout
        text = f"changes how near key {pair.hardware_vault_id} unlocks workstation {pair.workstation_id}"
        self._core.tell(HesEventKind.ADMIN, pair.hardware_vault_id, text)
        self.push_proximity([pair.workstation_id])

    def delete_proximity_vault(self, pair_id: str) -> None:
        """Have a key no longer unlock a workstation; raises as `proximity_vault`."""
        with self._core.store.transaction() as rows:
            pair = _pair_for_admin(rows, pair_id)
            rows.session.delete(pair)
        text = f"no longer lets key {pair.hardware_vault_id} unlock workstation {pair.workstation_id}"
        self._core.tell(HesEventKind.ADMIN, pair.hardware_vault_id, text)
        self.push_proximity([pair.workstation_id])

    def _seen(self, rows: Rows, workstation_id: str) -> models.Workstation:
        row = rows.workstation(workstation_id)
        if row is not None:
            row.last_seen = self._core.utc()
            return row
        row = models.Workstation(id=workstation_id, last_seen=self._core.utc())
        rows.add(row)
        return row

    def _tell_set(self, workstation_id: str, settings: WorkstationSettings) -> None:
        self._core.tell(HesEventKind.ADMIN, "", f"changes workstation {workstation_id}")
        self._clients.tell(
            {workstation_id}, lambda client: client.update_rfid_indicator_state(settings.rfid_enabled)
        )

    def _view(self, row: models.Workstation) -> WorkstationView:
        return workstation_view(row, is_online=self._clients.is_online(row.id))

    def list(self, wanted: WorkstationFilter = ALL_WORKSTATIONS) -> list[WorkstationView]:
        """The workstations that were ever here, by id."""
        online = self._clients.online()
        with self._core.store.transaction() as rows:
            views = [workstation_view(row, is_online=row.id in online) for row in rows.workstations()]
        return [view for view in views if wanted.finds(view)]


def _for_admin(rows: Rows, workstation_id: str) -> models.Workstation:
    row = rows.workstation(workstation_id)
    if row is None:
        raise HesRuleError(
            HesCode.WorkstationNotFound, f"The server never saw a workstation {workstation_id}."
        )
    return row


def _set(rows: Rows, row: models.Workstation, settings: WorkstationSettings) -> None:
    row.department = department_of(rows, settings.department_id)
    row.rfid_enabled = settings.rfid_enabled


def _pairs(rows: Rows, workstation_id: str) -> list[WorkstationHardwareVaultPair]:
    pairs = WorkstationHardwareVaultPair
    query = select(pairs).filter_by(workstation_id=workstation_id).order_by(pairs.hardware_vault_id)
    return list(rows.session.scalars(query))


def _pair_for_admin(rows: Rows, pair_id: str) -> WorkstationHardwareVaultPair:
    pair = rows.session.get(WorkstationHardwareVaultPair, pair_id)
    if pair is None:
        raise HesRuleError(
            HesCode.WorkstationHardwareVaultPairNotFound,
            f"No key unlocks a workstation under the id {pair_id}.",
        )
    return pair
