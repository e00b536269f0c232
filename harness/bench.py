"""One server, one client, one key: the path of an activation code, from the assignment to the verdict."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hideez_bench.emulator.hes.names import HesEventKind, VaultStatus
from hideez_bench.emulator.hes.records import HesEvent
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.harness.administration import Administrator, import_from_key
from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.connecting import SYSTEM_ATTEMPTS, OpenLink
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest
from hideez_bench.harness.client.user_interface import UserInterface
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.hes.server import HesServer
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.describe import describe
from hideez_bench.protocol.device import Traffic
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesConnection
from hideez_bench.protocol.wire import Wire

_ACTORS = {HesEventKind.ADMIN: Actor.ADMINISTRATOR, HesEventKind.CLIENT: Actor.CLIENT}


class Ending(StrEnum):
    """What became of the key."""

    ACTIVE = "active"
    LOCKED = "locked"
    WAITING = "waiting for its code"
    FAILED = "failed"


@dataclass(frozen=True)
class Verdict:
    """How a run ended: the vault's status on the server, and what the flow said."""

    ending: Ending
    serial: str
    vault_status: VaultStatus
    attempts_remaining: int | None
    error: BenchError | None


class Bench:
    """A server and a workstation that it trusts, in front of whatever key `open_link` leads to.

    Used as a context manager; it connects to the server, and closes it. `timeline` is told what every actor does,
    `on_keys` the keys of each channel that opens. Without `server` there is one in this process, on `store_url`.

    Attributes:
        connection: the client's, while the context lasts.
    """

    connection: HesConnection

    def __init__(
        self,
        *,
        open_link: OpenLink,
        timeline: Timeline,
        wire: Wire,
        server: HesServer | None = None,
        workstation: str | RelayingWorkstation | None = None,
        store_url: str = "sqlite://",
        random: Random = secrets.token_bytes,
        attempts: Sequence[float] = SYSTEM_ATTEMPTS,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        self.timeline = timeline
        self._wire = wire
        self._on_keys = on_keys
        self._hes = None if server else self._own_server(store_url)
        self.server = server or InProcessServer(self.hes)
        self.administrator = Administrator(self.server, timeline, wire)
        if not isinstance(workstation, RelayingWorkstation):
            workstation = RelayingWorkstation(workstation or self.server.workstation, wire)
        self.workstation = workstation
        self._open_link = open_link
        self._random = random
        self._attempts = attempts

    @property
    def hes(self) -> Hes:
        """The server itself, where it is one of our own."""
        if self._hes is None:
            raise RuntimeError("the server runs elsewhere")
        return self._hes

    async def __aenter__(self) -> Bench:
        try:
            self.connection = await self.server.connect(self.workstation)
        except BaseException:
            await self.server.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.server.close()

    def flow(
        self, ui: UserInterface, request: ConnectRequest | None = None, behaviour: Behaviour = MEANT
    ) -> ConnectionFlow:
        """A connection of the client to the key, with somebody in front of it."""
        return ConnectionFlow(
            open_link=self._open_link,
            hes=self.connection,
            workstation=self.workstation,
            ui=ui,
            timeline=self.timeline,
            wire=self._wire,
            random=self._random,
            request=request or ConnectRequest(seconds=tuple(self._attempts)),
            behaviour=behaviour,
            on_keys=self._on_keys,
        )

    async def import_from_key(self) -> str:
        """Ask the key itself who it is, and take it over into the server. Returns its serial number.

        Raises:
            BenchError: it cannot be reached, or belongs to a server that is not this one.
        """
        return await import_from_key(
            self.administrator,
            self._open_link,
            self._wire,
            seconds=self._attempts[0],
            random=self._random,
            on_keys=self._on_keys,
        )

    async def verdict(self, serial: str, result: FlowResult) -> Verdict:
        """What a flow came to."""
        status = (await self.server.vault(serial)).status
        if result.succeeded and status is VaultStatus.Active:
            ending = Ending.ACTIVE
        elif status is VaultStatus.Locked:
            ending = Ending.LOCKED
        elif status in (VaultStatus.Reserved, VaultStatus.Suspended) and result.end.silent:
            ending = Ending.WAITING
        else:
            ending = Ending.FAILED
        attempts = result.info.unlock_attempts if result.info else None
        return Verdict(ending, serial, status, attempts, result.error)

    def _own_server(self, store_url: str) -> Hes:
        return Hes(
            store_url,
            observe=self._hes_event,
            observe_traffic=self._hes_traffic,
            wire=self._wire,
            on_keys=self._on_keys,
        )

    def _hes_event(self, event: HesEvent) -> None:
        actor = _ACTORS.get(event.kind, Actor.HES)
        kind = Kind.BAD if event.kind is HesEventKind.FAILED else Kind.STEP
        to = Actor.KEY if event.kind is HesEventKind.KEY else None
        self.timeline.tell(actor, event.text, kind=kind, to=to)

    def _hes_traffic(self, serial: str, to_key: bool, message: Traffic) -> None:
        sender, receiver = (Actor.HES, Actor.KEY) if to_key else (Actor.KEY, Actor.HES)
        channel = self._wire.profile.channel("HES")
        self.timeline.tell(sender, f"[{channel}] {describe(message)}", kind=Kind.TRAFFIC, to=receiver)
