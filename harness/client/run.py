"""What every flow has around its steps: one at a time, cancelled from outside, and ended as the table says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.connected import ConnectedKey
from hideez_bench.harness.client.connecting import OpenLink, connect
from hideez_bench.harness.client.errors import FlowCancelled, FlowNotStarted
from hideez_bench.harness.client.outcome import ROWS, EndState, Row, Told, end_state, text_of
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.session import ConnectRequest, Session
from hideez_bench.harness.client.timed_hes import TimedHes
from hideez_bench.harness.client.user_interface import Notice, NoticeKind, UserInterface
from hideez_bench.harness.client.workstation import ConnectionId, Interruption
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesConnection
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.values import DeviceInfo
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class FlowResult:
    """How a flow ended.

    Attributes:
        error: None when the key is online.
        info: the last that was read of the key; None if it never came to that.
        end: the row of the table that it ended by.
        message: what the person was told of the error; empty if nothing.
    """

    error: BenchError | None
    info: DeviceInfo | None
    end: EndState
    message: str = ""

    @property
    def succeeded(self) -> bool:
        """The key is online."""
        return self.error is None


class KeyFlow:
    """One run of a flow with one key. Its steps are `steps`; leaving the context disconnects the key.

    A flow that is not used as a context leaves a key that is online with its workstation (`workstation.state.keys`).
    """

    rows: tuple[Row, ...] = ROWS
    """How its errors end it."""

    def __init__(
        self,
        *,
        open_link: OpenLink,
        hes: HesConnection,
        workstation: RelayingWorkstation,
        ui: UserInterface,
        timeline: Timeline,
        wire: Wire,
        random: Random,
        request: ConnectRequest | None = None,
        behaviour: Behaviour = MEANT,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        self._open_link = open_link
        self._wire = wire
        self._random = random
        self._on_keys = on_keys
        self._request = request or ConnectRequest()
        self._id = ConnectionId(open_link(0).name, self._request.stack)
        self._cancel_reason = ""
        self._running: asyncio.Task[None] | None = None
        self.session = Session(TimedHes(hes), workstation, ui, timeline, self._request, behaviour)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.session.key:
            await self.session.key.disconnect()

    async def steps(self, session: Session) -> None:
        """What this flow does, in order; every step raises `BenchError`."""
        raise NotImplementedError

    async def run(self) -> FlowResult:
        """Go through the steps; never raises what a user can meet, but tells it in the result."""
        workstation = self.session.workstation.state
        if workstation.flow_runs:
            return self._not_started("A key is being connected already; this request was dropped.")
        known = workstation.keys.get(self._id)
        if known and known.finished:
            return self._not_started(f"The key {known.serial} is online already; this request was dropped.")
        with workstation.flow(self._workstation_interrupted):
            try:
                return await self._run()
            finally:
                if self.session.key:
                    self.session.key.interrupted = None

    async def connect(self, session: Session) -> None:
        """Step 3: the key, connected; one that still is, from a flow that never finished, is taken as it stands."""
        known = session.workstation.state.keys.get(self._id)
        if isinstance(known, ConnectedKey):
            session.key = known
        else:
            session.key = ConnectedKey(
                self._id,
                await connect(session, self._open_link),
                hes=session.hes,
                workstation=session.workstation,
                timeline=session.timeline,
                wire=self._wire,
                random=self._random,
                on_keys=self._on_keys,
            )
        session.key.interrupted = self._cancel

    def _not_started(self, why: str) -> FlowResult:
        error = FlowNotStarted(why)
        self.session.timeline.tell(Actor.CLIENT, why)
        return FlowResult(error, None, end_state(error, self._request.stack, self.rows))

    async def _run(self) -> FlowResult:
        session = self.session
        self._running = asyncio.get_running_loop().create_task(self.steps(session))
        try:
            await asyncio.wait([self._running])
        except asyncio.CancelledError:
            self._running.cancel()
            await asyncio.wait([self._running])
            raise
        try:
            await self._running
            if self._cancel_reason:  # it came when the last step had just ended
                return await self._failed(FlowCancelled(self._cancel_reason))
        except asyncio.CancelledError:
            return await self._failed(FlowCancelled(self._cancel_reason))
        except LinkLost as lost:
            return await self._failed(FlowCancelled(str(lost)))
        except BenchError as error:
            return await self._failed(error)
        session.ui.clear()
        return FlowResult(None, session.info, EndState())

    def _workstation_interrupted(self, what: Interruption) -> None:
        self._cancel(what.reason)

    def _cancel(self, reason: str) -> None:
        """End the flow at once, wherever it is."""
        self._cancel_reason = self._cancel_reason or reason
        if self._running:
            self._running.cancel()

    async def _failed(self, error: BenchError) -> FlowResult:
        session, key = self.session, self.session.key
        end = end_state(error, self._request.stack, self.rows)
        info = session.info if key and key.serial else None
        message = self._tell(error, end, key.serial if key else "")
        if key:
            if end.delete_bond:
                await key.delete_bond()
            await key.disconnect()
        return FlowResult(error, info, end, message)

    def _tell(self, error: BenchError, end: EndState, serial: str) -> str:
        session = self.session
        text = text_of(error, end.row, serial, session.behaviour) if end.row else ""
        if text:
            session.timeline.tell(Actor.CLIENT, text, kind=Kind.BAD, to=Actor.PERSON)
            session.ui.show(Notice(NoticeKind.ERROR, text, getattr(error, "message", None)))
        else:
            session.timeline.tell(Actor.CLIENT, str(error))
            if end.row and end.row.told is Told.CLEARED:
                session.ui.clear()
        return text
