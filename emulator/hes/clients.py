"""Which clients are connected now, and the notices that they get."""

from __future__ import annotations

from collections.abc import Callable, Container

from hideez_bench.protocol.hes import Workstation


class Clients:
    """The connected clients, each under the connection that it came by."""

    def __init__(self) -> None:
        self._workstations: dict[object, Workstation] = {}

    def join(self, connection: object, workstation: Workstation) -> None:
        """A client is here."""
        self._workstations[connection] = workstation

    def leave(self, connection: object) -> None:
        """A client is gone."""
        self._workstations.pop(connection, None)

    def is_online(self, workstation_id: str) -> bool:
        """Whether a client runs there and is connected."""
        return workstation_id in self.online()

    def online(self) -> set[str]:
        """The workstations whose client is connected."""
        return {workstation.id for workstation in self._workstations.values()}

    def tell(self, workstation_ids: Container[str], notice: Callable[[Workstation], None]) -> None:
        """Give the clients of these workstations a notice."""
        for workstation in list(self._workstations.values()):
            if workstation.id in workstation_ids:
                notice(workstation)
