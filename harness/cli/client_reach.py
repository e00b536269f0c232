"""How `hideez-bench client` keeps its server reached: keys are taken up with it or without, and it is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from hideez_bench.harness.client.access_note import AccessNote
from hideez_bench.harness.client.workstation import WorkstationState
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.network import MACHINE_NAME, PatientServer
from hideez_bench.harness.hes.server import ServerUnreachable
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import WorkstationInfo

ASK_AGAIN_SECONDS = 2.0
PATIENCE_SECONDS = 10.0
"""A key's flow waits no longer for a server that may be on its way; then it goes on without one."""


class ServerReach:
    """One client's server.

    Args:
        note: what was known at the last start.
        say: is told once when the server is gone, and once when it is there.
        back: is called when the server can be used again: it is reached, lets this workstation in, has no alarm.
        failed: is told of what no waiting helps against, such as a wrong password.
    """

    def __init__(
        self,
        server: PatientServer,
        connection: HubConnection,
        workstation: str,
        state: WorkstationState,
        note: AccessNote,
        *,
        say: Callable[[str], None],
        back: Callable[[], None],
        failed: Callable[[BenchError], None],
    ) -> None:
        self._server = server
        self._connection = connection
        self._workstation = workstation
        self._state = state
        self._note = note
        self._say = say
        self._back = back
        self._failed = failed
        self._trying: asyncio.Task[None] | None = None
        self._is_reached = False
        self._is_usable = False
        self._is_told = False
        note.tell(state)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Inside, the server is kept reached; nobody is asked for anything."""
        keeping = asyncio.ensure_future(self._keep())
        try:
            yield
        finally:
            for task in (keeping, self._trying):
                if task and not task.done():
                    task.cancel()
                    await asyncio.wait([task])

    async def first(self, enough: asyncio.Future[int]) -> None:
        """The first try, which may ask for the code of an authenticator app; ends when somebody has had `enough`."""
        trying = asyncio.ensure_future(self._try(may_ask=True))
        enough.add_done_callback(lambda done: trying.cancel())
        await asyncio.wait([trying])

    async def now(self) -> bool:
        """Whether the server is there; tried at once where it was not, and waited for a little."""
        if self._trying is None or self._trying.done():
            self._trying = asyncio.ensure_future(self._try())
        await asyncio.wait([self._trying], timeout=PATIENCE_SECONDS)
        return self._connection.is_connected

    async def _keep(self) -> None:
        while True:
            await self.now()
            await asyncio.sleep(ASK_AGAIN_SECONDS)

    async def _try(self, *, may_ask: bool = False) -> None:
        """One try, where there is no connection."""
        if not (self._is_reached and self._connection.is_connected):
            self._is_reached = self._is_usable = False
            info = WorkstationInfo(
                self._workstation, machine_name=MACHINE_NAME, is_alarm_turn_on=self._state.alarm
            )
            try:
                await self._server.reach(self._connection, info, may_ask=may_ask)
            except ServerUnreachable as error:
                self._tell_once(error)
                return
            except BenchError as error:
                self._failed(error)
                return
            self._is_reached = True
            if self._is_told:
                self._say("The server is there.")
                self._is_told = False
        with suppress(OSError):  # without the note the next start only knows less
            self._note.take(self._state)
        self._see_whether_usable()

    def _tell_once(self, error: BenchError) -> None:
        if not self._is_told:
            self._say(f"{error} The client goes on without it, and tries again until it is there.")
            self._is_told = True

    def _see_whether_usable(self) -> None:
        before, self._is_usable = self._is_usable, self._state.approved and not self._state.alarm
        if self._is_usable and not before:
            self._back()
