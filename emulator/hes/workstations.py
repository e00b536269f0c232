"""What an administrator does with workstations: let their clients in, and shut them out."""

from __future__ import annotations

from hideez_bench.emulator.hes import models
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind
from hideez_bench.emulator.hes.records import WorkstationView


class Workstations:
    """The computers with a client. A call about one that was never here raises `HesRuleError` WorkstationNotFound."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def seen(self, workstation_id: str) -> None:
        """A client calls from there. A workstation that was never here is stored, and waits for approval."""
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            row = rows.workstation(workstation_id)
            if row is None:
                rows.add(models.Workstation(id=workstation_id, approved=False, last_seen=now))
            else:
                row.last_seen = now

    def approve(self, workstation_id: str) -> None:
        """Let a workstation's client in."""
        self._set_approved(workstation_id, True)
        self._core.tell(HesEventKind.ADMIN, "", f"approves workstation {workstation_id}")

    def unapprove(self, workstation_id: str) -> None:
        """Shut a workstation's client out."""
        self._set_approved(workstation_id, False)
        self._core.tell(HesEventKind.ADMIN, "", f"no longer approves workstation {workstation_id}")

    def _set_approved(self, workstation_id: str, approved: bool) -> None:
        with self._core.store.transaction() as rows:
            row = rows.workstation(workstation_id)
            if row is None:
                raise HesRuleError(
                    HesCode.WorkstationNotFound, f"The server never saw a workstation {workstation_id}."
                )
            row.approved = approved

    def list(self) -> list[WorkstationView]:
        """Every workstation that was ever here, by name."""
        with self._core.store.transaction() as rows:
            return [WorkstationView(row.id, row.approved, row.last_seen) for row in rows.workstations()]
