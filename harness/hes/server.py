"""The server as the bench needs it, wherever it runs: an administrator's calls, and the way in for clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import VaultImport
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesConnection, Workstation
from hideez_bench.protocol.secret import ActivationCode


class ServerUnreachable(BenchError):
    """Nothing answers at the address. It may later."""


@dataclass(frozen=True)
class Vault:
    """A vault, as far as an activation looks at it."""

    serial: str
    status: VaultStatus


@dataclass(frozen=True)
class Employee:
    """Somebody, and how many keys they carry."""

    id: str
    name: str
    keys: int


class HesServer(Protocol):
    """A server. Its calls raise `BenchError`: it refuses, or cannot be reached."""

    @property
    def workstation(self) -> str:
        """The name of this workstation there."""
        ...

    async def vaults(self) -> Sequence[Vault]:
        """Every vault."""
        ...

    async def vault(self, serial: str) -> Vault:
        """One vault."""
        ...

    async def import_vault(self, record: VaultImport) -> None:
        """Take over a key; one that is known already stays as it is."""
        ...

    async def employees(self) -> Sequence[Employee]:
        """Everybody."""
        ...

    async def create_employee(self, first_name: str, last_name: str, email: str) -> str:
        """Enter somebody; their id."""
        ...

    async def assign(self, employee_id: str, serial: str) -> None:
        """Give a Ready key to somebody; a code is made."""
        ...

    async def activate(self, serial: str) -> None:
        """Give a Locked key another chance; a new code is made."""
        ...

    async def activation_code(self, serial: str) -> ActivationCode:
        """The code of a key, from wherever it can be had."""
        ...

    async def connect(self, workstation: Workstation) -> HesConnection:
        """A client's connection, from a workstation that the server lets in."""
        ...

    async def close(self) -> None:
        """End every connection."""
        ...
