"""Before `hideez-bench client` connects a key: the server is reached again, and knows the key and its employee."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.administration import import_from_key
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.cli.client_scene import Screen
from hideez_bench.harness.cli.evidence import Evidence
from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.hes.server import ServerUnreachable
from hideez_bench.harness.stage import Stage
from hideez_bench.protocol.wire import Wire

NAME_DIGITS = 5


class Adoption:
    """How the server behind the client gets to know a key, and the key its employee; only where that is `wanted`."""

    def __init__(
        self,
        stage: Stage,
        bench: Bench,
        wire: Wire,
        evidence: Evidence,
        screen: Screen,
        links: Callable[[Advertisement], OpenLink],
        *,
        wanted: bool,
        reach: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        """`reach` has a server over a network tried again where it is gone, and says whether it is there."""
        self._stage = stage
        self._bench = bench
        self._wire = wire
        self._evidence = evidence
        self._screen = screen
        self._links = links
        self._wanted = wanted
        self._reach = reach

    async def prepare(self, advertisement: Advertisement) -> None:
        """Have the server know the key and somebody own it, where that is wanted and the server can be reached."""
        is_there = await self._reach() if self._reach else self._bench.connection.is_connected
        state = self._bench.workstation.state
        # Nothing goes to a key by radio that the flow would not allow either; the flow says why.
        if not is_there or not self._wanted or state.alarm or not state.approved:
            return
        try:
            await self._adopt(advertisement)
        except ServerUnreachable as error:
            self._screen.say(f"{error} The flow goes on without it.")

    async def _adopt(self, advertisement: Advertisement) -> None:
        administrator = self._bench.administrator
        identity = self._stage.identity
        if identity and not await administrator.knows(identity.serial):
            await administrator.import_vault(identity.serial, str(identity.firmware), rfid=identity.rfid)
        vault = await administrator.find(advertisement.name[-NAME_DIGITS:]) if advertisement.name else None
        if vault:
            serial = vault.serial
        else:
            serial = await import_from_key(
                administrator, self._links(advertisement), self._wire, on_keys=self._evidence.on_keys
            )
        if (await self._bench.server.vault(serial)).status is VaultStatus.Ready:
            await administrator.assign(serial)
