"""The server in this very process."""

from __future__ import annotations

from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.harness.hes.server import Employee, Vault
from hideez_bench.protocol.hes import HesConnection, Workstation
from hideez_bench.protocol.secret import ActivationCode


class InProcessServer:
    """A `HesServer` around an `Hes` of ours. A workstation is let in as it connects."""

    workstation = "bench"

    def __init__(self, hes: Hes) -> None:
        self.hes = hes

    async def vaults(self) -> list[Vault]:
        """See `HesServer.vaults`."""
        return [Vault(view.id, view.status) for view in self.hes.vaults.list()]

    async def vault(self, serial: str) -> Vault:
        """See `HesServer.vault`."""
        return Vault(serial, self.hes.vaults.get(serial).status)

    async def import_vault(self, record: VaultImport) -> None:
        """See `HesServer.import_vault`."""
        self.hes.vaults.import_vaults([record])

    async def employees(self) -> list[Employee]:
        """See `HesServer.employees`."""
        return [Employee(view.id, view.full_name, len(view.vault_ids)) for view in self.hes.employees.list()]

    async def create_employee(self, first_name: str, last_name: str, email: str) -> str:
        """See `HesServer.create_employee`."""
        return self.hes.employees.create(EmployeeDetails(first_name, last_name, email)).id

    async def assign(self, employee_id: str, serial: str) -> None:
        """See `HesServer.assign`."""
        await self.hes.employees.add_hardware_vault(employee_id, serial)

    async def activate(self, serial: str) -> None:
        """See `HesServer.activate`."""
        await self.hes.vaults.activate(serial)

    async def activation_code(self, serial: str) -> ActivationCode:
        """See `HesServer.activation_code`."""
        return self.hes.vaults.activation_code(serial)

    async def connect(self, workstation: Workstation) -> HesConnection:
        """See `HesServer.connect`."""
        connection = self.hes.connect(workstation)
        self.hes.workstations.approve(workstation.id)
        return connection

    async def close(self) -> None:
        """See `HesServer.close`."""
        await self.hes.close()


class NoServer(InProcessServer):
    """For keys that belong to no server: one that knows nothing, and that no client reaches."""

    def __init__(self) -> None:
        super().__init__(Hes("sqlite://"))

    async def connect(self, workstation: Workstation) -> HesConnection:
        """See `HesServer.connect`: a connection that is closed already."""
        connection = self.hes.connect(workstation)
        connection.close()
        return connection
