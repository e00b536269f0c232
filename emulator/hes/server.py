"""Hideez Enterprise Server as a whole: its parts on one database, and how clients connect."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from argon2 import PasswordHasher

from hideez_bench.emulator.hes.administration.accounts import Accounts
from hideez_bench.emulator.hes.administration.dashboard import Dashboard
from hideez_bench.emulator.hes.administration.employees import Employees
from hideez_bench.emulator.hes.administration.org_structure import OrgStructure
from hideez_bench.emulator.hes.administration.profiles import Profiles
from hideez_bench.emulator.hes.administration.shared_accounts import SharedAccounts
from hideez_bench.emulator.hes.administration.templates import Templates
from hideez_bench.emulator.hes.administration.vaults import Vaults
from hideez_bench.emulator.hes.administration.workstations import Workstations
from hideez_bench.emulator.hes.admission import Admission
from hideez_bench.emulator.hes.audit.log import Audit
from hideez_bench.emulator.hes.audit.reports import Reports
from hideez_bench.emulator.hes.audit.summaries import Summaries
from hideez_bench.emulator.hes.clients import Clients
from hideez_bench.emulator.hes.compat import Quirk, quirks
from hideez_bench.emulator.hes.connection import ClientConnection
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.store import Store
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.keys.remote import RemoteDevices, RemoteLimits
from hideez_bench.emulator.hes.keys.status_update import StatusUpdate
from hideez_bench.emulator.hes.logins import Logins
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.passwords import Passwords
from hideez_bench.emulator.hes.protection import ITERATIONS, Protection
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.two_factor import TwoFactor
from hideez_bench.emulator.hes.users import Users
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.device import Traffic
from hideez_bench.protocol.hes import Workstation
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
        strict_compat: be like the vendor's server also where that is a fault (`compat.Quirk`).
        code_life: how old an activation code may be when a key is unlocked by it; without a limit, as with the vendor.
        wire: the format that keys speak.
        limits: how long the server waits for its channel to a key.
        on_keys: is told the keys of the server's channel, each time that it opens.
        password_hasher: argon2id with other parameters, for tests; by default those of RFC 9106.
        protection_iterations: of PBKDF2 for data protection, for tests.

    Attributes:
        vaults, employees, accounts, shared_accounts, profiles, workstations, org_structure, templates: what an
            administrator does with each.
        dashboard: how much of everything there is.
        admission: which workstation a caller may speak for.
        audit: what happened, to be looked up.
        reports, summaries: what clients reported, and who worked where for how long.
        users: those who may log in, and their sessions.
        logins: who somebody is, by password and second factor.
        two_factor: their second factors.
        protection: whether secrets are sealed in the database.
    """

    def __init__(
        self,
        store_url: str = "sqlite://",
        *,
        utc: Callable[[], datetime] = lambda: datetime.now(UTC),
        random: Random = secrets.token_bytes,
        observe: Callable[[HesEvent], None] | None = None,
        observe_traffic: Callable[[str, bool, Traffic], None] = lambda serial, to_key, message: None,
        strict_compat: bool = False,
        code_life: timedelta | None = None,
        wire: Wire | None = None,
        limits: RemoteLimits | None = None,
        on_keys: KeysMade = lambda request, answer, keys: None,
        password_hasher: PasswordHasher | None = None,
        protection_iterations: int = ITERATIONS,
    ) -> None:
        self.wire = wire = wire or default_wire()
        core = Core(Store(store_url), utc, random, observe or _log, quirks(strict_compat), code_life)
        self._core = core
        self._remotes = RemoteDevices(core, wire, limits or RemoteLimits(), observe_traffic, on_keys)
        self._status_update = StatusUpdate(core, self._remotes)
        self._accounts_update = AccountsUpdate(core, self._remotes, wire)
        self._clients = Clients()
        self._connections: list[ClientConnection] = []
        self.admission = Admission(core)
        self.workstations = Workstations(core, self._clients, self.admission)
        updates = (self._status_update, self._accounts_update)
        self.vaults = Vaults(core, self._remotes, *updates, self.workstations)
        self.employees = Employees(core, *updates, self.workstations)
        self.accounts = Accounts(core, self._accounts_update)
        self.shared_accounts = SharedAccounts(core, self._accounts_update)
        self.profiles = Profiles(core, self._accounts_update)
        self.org_structure = OrgStructure(core)
        self.templates = Templates(core)
        self.dashboard = Dashboard(core, self._clients)
        self.audit = Audit(core)
        self.reports = Reports(core)
        self.summaries = Summaries(core)
        passwords = Passwords(password_hasher or PasswordHasher())
        self.users = Users(core, passwords)
        self.logins = Logins(core, passwords, self.users)
        self.two_factor = TwoFactor(core, self.users, self.logins)
        self.protection = Protection(core, protection_iterations)

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
        self.audit.write()
        self._core.store.close()

    async def settled(self) -> None:
        """Wait until nothing runs in the background any more."""
        await self._core.settled()

    def tell(self, kind: HesEventKind, vault_id: str, text: str) -> None:
        """Something happened around the server that its observers should know; `text` holds no secret."""
        self._core.tell(kind, vault_id, text)

    def subscribe(self, observer: Callable[[HesEvent], None]) -> Callable[[], None]:
        """Tell a further observer what happens, from now until the answer is called."""
        return self._core.subscribe(observer)

    def connect(self, workstation: Workstation) -> ClientConnection:
        """A client connects. A workstation that was never here is stored, and waits for approval.

        The connection is a `protocol.hes.HesConnection` with a `close()`; calls of a workstation that is not approved
        answer `HesWorkstationNotApproved`.
        """
        self.workstations.seen(workstation.id)
        self._connections = [open_one for open_one in self._connections if open_one.is_connected]
        connection = ClientConnection(
            self._core,
            self._remotes,
            self._status_update,
            self._accounts_update,
            self.workstations,
            self._clients,
            self.audit,
            workstation,
        )
        self._connections.append(connection)
        return connection

    @property
    def alarm(self) -> bool:
        """Whether the alarm is on."""
        with self._core.store.transaction() as rows:
            return rows.alarm

    def set_alarm(self, on: bool) -> None:
        """Raise or end the alarm: clients are told, and while it lasts, every call of theirs answers `HesAlarm`."""
        self.workstations.set_alarm(on)

    @property
    def quirks(self) -> frozenset[Quirk]:
        """Which of the vendor's peculiarities hold."""
        return self._core.quirks


def _log(event: HesEvent) -> None:
    level = logging.WARNING if event.kind is HesEventKind.FAILED else logging.INFO
    _logger.log(level, "%s %s", event.serial or "-", event.text)
