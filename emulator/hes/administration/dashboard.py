"""How the server is, at a glance: how much of everything there is, and what somebody should look at."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from sqlalchemy import ColumnElement, func, select

from hideez_bench.emulator.hes.administration.filters import LOW_BATTERY
from hideez_bench.emulator.hes.administration.views import vault_views
from hideez_bench.emulator.hes.clients import Clients
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import HardwareVaultTask
from hideez_bench.emulator.hes.database.workstation_models import WorkstationSession
from hideez_bench.emulator.hes.names import SessionSwitchSubject, VaultLicenseStatus, VaultStatus
from hideez_bench.emulator.hes.records import Notice, TaskView

LONG_PENDING = timedelta(days=1)
LONG_OPEN = timedelta(hours=12)
LATELY = timedelta(days=1)
RUNNING_OUT = (VaultLicenseStatus.Warning, VaultLicenseStatus.Critical, VaultLicenseStatus.Expired)


class Dashboard:
    """Figures of the moment in which they are asked for."""

    def __init__(self, core: Core, clients: Clients) -> None:
        self._core = core
        self._clients = clients

    def server_version(self) -> str:
        """The version of this server, which is the bench's."""
        return version("hideez-bench")

    def tasks(self) -> list[TaskView]:
        """What keys have yet to be told, the oldest first."""
        table = HardwareVaultTask
        with self._core.store.transaction() as rows:
            found = rows.session.scalars(select(table).order_by(table.created_at, table.id))
            return [
                TaskView(str(row.id), row.operation, row.created_at, row.hardware_vault_id, row.account_id)
                for row in found
            ]

    def tasks_count(self) -> int:
        """How many tasks wait."""
        return self._count(HardwareVaultTask)

    def employees_count(self) -> int:
        """How many employees there are."""
        return self._count(models.Employee)

    def open_sessions_count(self) -> int:
        """At how many workstations somebody works now."""
        return self._count(WorkstationSession, WorkstationSession.end_date.is_(None))

    def vaults_count(self) -> int:
        """How many vaults there are."""
        return self._count(models.HardwareVault)

    def free_vaults_count(self) -> int:
        """How many of them are nobody's."""
        return self._count(models.HardwareVault, models.HardwareVault.employee_id.is_(None))

    def workstations_count(self) -> int:
        """How many workstations were ever here."""
        return self._count(models.Workstation)

    def online_workstations_count(self) -> int:
        """How many of them have a client that is connected now."""
        return len(self._clients.online())

    def server_notices(self) -> list[Notice]:
        """What should be looked at of the server itself."""
        old = HardwareVaultTask.created_at <= self._core.utc() - LONG_PENDING
        return _told(
            ("Tasks that have waited for more than a day", self._count(HardwareVaultTask, old), "/vaults")
        )

    def employees_notices(self) -> list[Notice]:
        """What should be looked at of people at work."""
        now, table = self._core.utc(), WorkstationSession
        without = self._count(
            table, table.start_date >= now - LATELY, table.unlocked_by == SessionSwitchSubject.NonHideez
        )
        long = self._count(table, table.start_date <= now - LONG_OPEN, table.end_date.is_(None))
        return _told(
            ("Unlocked without a key in the last 24 hours", without, "/audit"),
            ("Sessions open for more than 12 hours", long, "/audit"),
        )

    def vaults_notices(self) -> list[Notice]:
        """What should be looked at of the vaults."""
        with self._core.store.transaction() as rows:
            vaults = list(vault_views(rows, self._core.utc(), is_online=lambda vault_id: False))
        running_out = Counter(vault.license_status for vault in vaults)
        return _told(
            ("Low battery", sum(vault.battery <= LOW_BATTERY for vault in vaults), "/vaults"),
            ("Locked", sum(vault.status == VaultStatus.Locked for vault in vaults), "/vaults?status=Locked"),
            *((f"Licence: {each.name.lower()}", running_out[each], "/vaults") for each in RUNNING_OUT),
        )

    def workstations_notices(self) -> list[Notice]:
        """What should be looked at of the workstations."""
        waiting = self._count(models.Workstation, models.Workstation.approved.is_(False))
        return _told(("Waiting for approval", waiting, "/workstations"))

    def _count(self, table: type[models.Row], *where: ColumnElement[Any]) -> int:
        with self._core.store.transaction() as rows:
            return rows.session.scalar(select(func.count()).select_from(table).where(*where)) or 0


def _told(*facts: tuple[str, int, str]) -> list[Notice]:
    """Those of which there is any."""
    return [Notice(message, count, page) for message, count, page in facts if count]
