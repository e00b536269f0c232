"""The enterprise connection flow: what Hideez Client does with a key, from connect to online, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from hideez_bench.harness.client.activation import activate
from hideez_bench.harness.client.authorization import authorize
from hideez_bench.harness.client.connecting import (
    SYSTEM_ATTEMPTS,
    OpenLink,
    check_mode,
    connect,
    initialize,
)
from hideez_bench.harness.client.errors import FlowCancelled
from hideez_bench.harness.client.licensing import update_licenses
from hideez_bench.harness.client.outcome import EndState, end_state
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.client.state_update import update_state
from hideez_bench.harness.client.user_interface import UserInterface
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.describe import describe
from hideez_bench.protocol.device import KeyDevice, Traffic
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import ConnectionState, HesConnection, HesError
from hideez_bench.protocol.link import Link, LinkLost
from hideez_bench.protocol.messages import FromKey, Status, ToKey
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.values import DeviceInfo
from hideez_bench.protocol.wire import Wire


@dataclass(frozen=True)
class FlowResult:
    """How a flow ended: `error` is None when the key is online. `info` is the last that was read of the key."""

    error: BenchError | None
    info: DeviceInfo | None
    end: EndState

    @property
    def succeeded(self) -> bool:
        """The key is online."""
        return self.error is None


class ConnectionFlow:
    """One run of the flow with one key. Leaving the context ends the link and reports the key offline."""

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
        attempts: Sequence[float] = SYSTEM_ATTEMPTS,
        stack: Stack = Stack.SYSTEM,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        self._open_link = open_link
        self._hes = hes
        self._workstation = workstation
        self._ui = ui
        self._timeline = timeline
        self._wire = wire
        self._random = random
        self._attempts = attempts
        self._stack = stack
        self._on_keys = on_keys
        self._link: Link | None = None
        self._session: Session | None = None
        self._cancel_reason = ""
        self._refreshing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._disconnect()

    @property
    def session(self) -> Session:
        """The connected key; only after the flow came that far."""
        if self._session is None:
            raise RuntimeError("the flow has not initialised the key")
        return self._session

    async def run(self) -> FlowResult:
        """Go through the steps; never raises what a user can meet, but tells it in the result."""
        steps = asyncio.ensure_future(self._steps())
        try:
            await asyncio.wait([steps])
        finally:
            steps.cancel()
        try:
            await steps
        except asyncio.CancelledError:
            return await self._failed(FlowCancelled(self._cancel_reason))
        except LinkLost as lost:
            return await self._failed(FlowCancelled(str(lost)))
        except BenchError as error:
            return await self._failed(error)
        return FlowResult(None, self.session.device.info, EndState())

    async def _steps(self) -> None:
        timeline = self._timeline
        self._link = link = await connect(self._open_link, self._attempts, timeline)
        check_mode(link.info, self._wire)
        transport = PacketTransport(link, self._wire)
        self._watch(transport, asyncio.current_task())
        device = KeyDevice(
            transport,
            self._wire.profile.channel("MAIN"),
            wire=self._wire,
            random=self._random,
            observe=self._command_seen,
            on_keys=self._on_keys,
        )
        info = await initialize(transport, device)
        timeline.tell(Actor.CLIENT, f"has an encrypted channel to key {info.serial}", to=Actor.KEY)
        session = self._session = Session(link, transport, device, self._hes, self._ui, timeline)
        self._workstation.key_connected(info.serial, transport)
        if self._hes.is_connected:
            told = await self._hes.update_hw_vault_properties(session.report(), return_info=True)
            session.hes_info = told or session.hes_info
        await update_licenses(session)
        await update_state(session)
        await activate(session)
        await authorize(session)
        session.state = ConnectionState.ONLINE
        if self._hes.is_connected:
            await self._hes.update_hw_vault_properties(session.report(), return_info=False)
        timeline.tell(Actor.CLIENT, f"has key {info.serial} online", kind=Kind.GOOD)

    def _watch(self, transport: PacketTransport, steps: asyncio.Task[None] | None) -> None:
        """A lost link and a long press end the flow at once, wherever it is."""

        def cancel(reason: str) -> None:
            self._cancel_reason = self._cancel_reason or reason
            if steps:
                steps.cancel()

        transport.events.lost.append(
            lambda: cancel("The link to the key was lost; what it has counted stays counted.")
        )
        transport.events.cancelled.append(
            lambda: cancel("The key was pressed long, which ends it; attempts stay as they are.")
        )
        transport.events.status.append(self._status_seen)
        transport.events.traffic.append(self._control_seen)

    async def _failed(self, error: BenchError) -> FlowResult:
        end = end_state(error, self._stack)
        info = self._session.device.info if self._session else None
        kind = Kind.STEP if end.silent else Kind.BAD
        self._timeline.tell(Actor.CLIENT, str(error), kind=kind, to=None if end.silent else Actor.PERSON)
        if end.delete_bond and self._link:
            self._timeline.tell(Actor.CLIENT, "forgets the key")
            try:
                await self._link.delete_bond()
            except BenchError as failed:
                self._timeline.tell(Actor.CLIENT, str(failed), kind=Kind.BAD)
        await self._disconnect()
        return FlowResult(error, info, end)

    async def _disconnect(self) -> None:
        if self._refreshing:
            self._refreshing.cancel()
        session, self._session = self._session, None
        link, self._link = self._link, None
        if session:
            session.state = ConnectionState.OFFLINE
            self._workstation.key_gone(session.serial)
            await self._report_offline(session)
        if link:
            await link.__aexit__(None, None, None)

    async def _report_offline(self, session: Session) -> None:
        if not self._hes.is_connected:
            return
        try:
            await self._hes.update_hw_vault_properties(session.report(), return_info=False)
        except HesError as error:
            # A server that does not know the key has nothing to register off either.
            self._timeline.tell(Actor.HES, str(error), to=Actor.CLIENT)

    def _status_seen(self, status: Status) -> None:
        """A key that changes while it is online, as when the server locks it, is read again."""
        session = self._session
        if session is None or session.state is not ConnectionState.ONLINE:
            return
        changed = status.state.access_level != session.device.info.access_level
        if changed and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.ensure_future(self._refresh(session))

    async def _refresh(self, session: Session) -> None:
        try:
            info = await session.device.refresh_device_info()
        except BenchError as error:
            self._timeline.tell(Actor.CLIENT, f"could not read the key again: {error}", kind=Kind.BAD)
            return
        state = "is locked now" if info.locked else "has changed"
        self._timeline.tell(Actor.CLIENT, f"sees that the key {state}", to=Actor.PERSON)

    def _command_seen(self, to_key: bool, message: Traffic) -> None:
        channel = self._wire.profile.channel("MAIN")
        self._traffic(to_key, f"[{channel}] {describe(message)}")

    def _control_seen(self, to_key: bool, message: ToKey | FromKey) -> None:
        if not isinstance(message, Status):
            self._traffic(to_key, describe(message))

    def _traffic(self, to_key: bool, text: str) -> None:
        sender, receiver = (Actor.CLIENT, Actor.KEY) if to_key else (Actor.KEY, Actor.CLIENT)
        self._timeline.tell(sender, text, kind=Kind.TRAFFIC, to=receiver)
