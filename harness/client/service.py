"""Hideez Client as a service: one workstation, every key within its reach, one flow at a time.

Nothing is shared between two services; several can run in one process, each as a computer of its own.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from functools import partial
from types import TracebackType
from typing import Self

from hideez_bench.harness.client.absence import AbsenceLock
from hideez_bench.harness.client.advertisements import Advertisement, Airwaves
from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.connected import ConnectedKey
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.client.pairs import Pairs
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.retry import is_over_with_the_server, may_be_tried_again
from hideez_bench.harness.client.rfid import find_by_rfid
from hideez_bench.harness.client.run import KeyFlow
from hideez_bench.harness.client.session import ConnectRequest, Mode, Session
from hideez_bench.harness.client.trigger_set import TriggerSet
from hideez_bench.harness.client.triggers import RECONNECT_SECONDS, RETRY_SECONDS, Surroundings, Why
from hideez_bench.harness.client.user_interface import UserInterface
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.timeline import Actor, Event, Kind, Timeline
from hideez_bench.protocol.background import Background
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import ConnectionState, HesConnection
from hideez_bench.protocol.messages import Status, WipeStatus
from hideez_bench.protocol.names import WipeResult
from hideez_bench.protocol.wire import Wire

REST_SECONDS = 1.5
"""For so long after a flow no advertisement starts another: time to take the key away from the dongle."""


class ClientService:
    """One workstation. Inside the context its triggers run, and what `airwaves` hears can start a flow.

    Args:
        workstation: what the server calls, and the state of the computer.
        hes: the server.
        ui: the person.
        timeline: is told what the flows do.
        links: the way to the key of an advertisement.
        stack: which Bluetooth that is; it decides which triggers there are.
        on_change: is called when anything about a key may have changed.
        prepare: is awaited before the flow of each key; a `BenchError` of it ends that flow.
        quiet: is entered for the duration of each flow: in it nobody scans.
        take_log: see `ConnectRequest`.
        flow_type: which flow the keys go through.
    """

    def __init__(
        self,
        *,
        workstation: RelayingWorkstation,
        hes: HesConnection,
        ui: UserInterface,
        timeline: Timeline,
        links: Callable[[Advertisement], OpenLink],
        wire: Wire,
        random: Random = secrets.token_bytes,
        stack: Stack = Stack.SYSTEM,
        behaviour: Behaviour = MEANT,
        on_change: Callable[[], None] = lambda: None,
        on_keys: KeysMade = lambda request, answer, keys: None,
        prepare: Callable[[Advertisement], Awaitable[object]] | None = None,
        quiet: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
        take_log: Callable[[str, bytes], None] | None = None,
        flow_type: type[KeyFlow] = ConnectionFlow,
    ) -> None:
        self.state = workstation.state
        self.airwaves = Airwaves()
        self.pairs = Pairs(lambda: self.state.proximity.values())
        self.keys: dict[str, MetKey] = {}
        """Every key that was met, by address."""
        self._clock = asyncio.get_running_loop().time
        self.timeline = timeline
        timeline.follow(self._told)
        self.absence = AbsenceLock(self.state, self.pairs, self.keys, timeline)
        self._flow = partial(
            flow_type,
            hes=hes,
            workstation=workstation,
            ui=ui,
            timeline=timeline,
            wire=wire,
            random=random,
            behaviour=behaviour,
            on_keys=on_keys,
        )
        self._links = links
        self._bluetooth = stack
        self._on_change = on_change
        self._prepare = prepare
        self._take_log = take_log
        self._quiet = quiet
        self._working: MetKey | None = None
        self._rests_until = 0.0
        self._session: Session | None = None
        self._background = Background("the client's service")
        self._stack = ExitStack()
        around = Surroundings(self.airwaves, self.pairs, self._connect, lambda: self.state.session_locked)
        self.triggers = TriggerSet(around, stack, lambda tag: find_by_rfid(hes, tag, behaviour))

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self.airwaves.listening(self._heard))
        self._stack.enter_context(self.state.listening(lambda what: self._changed()))
        self.triggers.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.triggers.stop()
        self.absence.stop()
        self._stack.close()
        await self._background.close()
        await self.state.disconnect_all()

    async def settled(self) -> None:
        """Wait until nothing runs in the background any more."""
        await self._background.settled()

    # --- what people do ---

    def connect(self, key: MetKey, why: Why = Why.COMMAND_LINK) -> bool:
        """Somebody asks for this key by hand; whether a flow was started.

        False: another flow runs, or the flow of this key has ended well already.
        """
        self.triggers.take_notice_again(key.advertisement.address)
        return self._connect(key.advertisement, why)

    def unlock_session(self) -> None:
        """Somebody unlocks the computer without a key: those near are taken up again."""
        self.state.unlock_session()
        for key in self.keys.values():
            self.triggers.take_notice_again(key.advertisement.address)
        self._changed()

    def server_is_back(self) -> None:
        """The server can be used again: keys near that it was wanted for, or that had to go, are taken up again.

        Not those that somebody gave up, and none while the computer is locked: its keys went with its session.
        """
        if self.state.session_locked:
            return
        for key in self.keys.values():
            if not key.is_wiped and (key.error is None or is_over_with_the_server(key.error)):
                self.triggers.take_notice_again(key.advertisement.address)

    def radio_gone(self) -> None:
        """Bluetooth went away, and every link with it, though nothing may tell of that."""
        for key in self.keys.values():
            if key.connected and key.standing is Standing.ONLINE:
                self._lost(key, key.connected)

    # --- what starts a flow ---

    def _heard(self, advertisement: Advertisement) -> None:
        key = self.keys.setdefault(advertisement.address, MetKey(advertisement))
        key.advertisement = advertisement
        if key.standing is not Standing.ONLINE:
            key.signal = advertisement.rssi
        if self._clock() < self._rests_until:
            return
        self.triggers.heard(advertisement)

    def _connect(self, advertisement: Advertisement, why: Why) -> bool:
        """Start a flow, unless one runs or this key's has ended well: a request is dropped then, and not kept."""
        key = self.keys.setdefault(advertisement.address, MetKey(advertisement))
        if self._working or self.state.flow_runs or key.standing is Standing.ONLINE:
            return False
        self._working = key
        self._background.spawn(self._take_up(key, why))
        return True

    async def _take_up(self, key: MetKey, why: Why) -> None:
        key.standing, key.error, key.is_lost, key.is_wiped = Standing.WORKING, None, False, False
        self.timeline.tell(Actor.CLIENT, f"takes up {key.name}: {why}")
        try:
            async with self._quiet():
                key.error = await self._run(key, why)
        finally:
            self._working = self._session = None
            self._rests_until = self._clock() + REST_SECONDS
            key.doing = ""
        if key.error is None:
            key.standing = Standing.ONLINE
        else:
            key.standing, key.connected = Standing.STOPPED, None
            is_trouble = key.is_lost or may_be_tried_again(key.error)
            self.triggers.leave_alone(
                key.advertisement.address, seconds=RETRY_SECONDS if is_trouble else None
            )
        self._changed()

    async def _run(self, key: MetKey, why: Why) -> BenchError | None:
        try:
            if self._prepare:
                await self._prepare(key.advertisement)
        except BenchError as error:
            self.timeline.tell(Actor.CLIENT, str(error), kind=Kind.BAD, to=Actor.PERSON)
            return error
        mode = Mode.RECONNECT if why is Why.RECONNECT else Mode.CONNECT_AND_UNLOCK
        request = ConnectRequest(stack=self._bluetooth, mode=mode, take_log=self._take_log)
        flow = self._flow(open_link=self._links(key.advertisement), request=request)
        self._session = flow.session
        result = await flow.run()
        self._look(key)
        return result.error

    # --- what a connected key says ---

    def _look(self, key: MetKey) -> None:
        """See what the flow has learned of its key, and listen to it from the first moment on."""
        session = self._session
        if session is None or session.key is None:
            return
        if session.key is not key.connected:
            key.connected = connected = session.key
            events = connected.transport.events
            events.status.append(lambda status: self._status(key, status))
            events.wipe_status.append(lambda wipe: self._wipe_status(key, wipe))
            events.lost.append(lambda: self._lost(key, connected))
        if session.key.serial:
            key.info = session.info
            key.serial, key.battery = key.info.serial, key.info.battery
            owner = self.state.owners.get(key.serial)
            key.owner = owner.owner_name if owner else ""

    def _status(self, key: MetKey, status: Status) -> None:
        key.battery, key.signal = status.state.battery, status.state.rssi
        if key.connected and key.connected.serial:
            key.info = key.connected.device.info
        self._changed()

    def _wipe_status(self, key: MetKey, wipe: WipeStatus) -> None:
        key.is_wiped = key.is_wiped or wipe.result is WipeResult.WIPE_OK

    def _lost(self, key: MetKey, connected: ConnectedKey) -> None:
        if key.connected is not connected:
            return
        # Where the client itself parts with a key, it is offline before its link ends.
        key.is_lost = connected.state is not ConnectionState.OFFLINE
        if key.standing is Standing.ONLINE:
            key.standing, key.connected = Standing.IN_REACH, None
            comes_back = key.is_lost and not key.is_wiped
            # At once: its next advertisement may be here already.
            self.triggers.leave_alone(
                key.advertisement.address, seconds=RECONNECT_SECONDS if comes_back else None
            )
            self.absence.look()
            self._background.spawn(self._gone(key, connected, comes_back=comes_back))

    async def _gone(self, key: MetKey, connected: ConnectedKey, *, comes_back: bool) -> None:
        """A key whose flow had ended well is not connected any more; from now on it is as one never met."""
        await connected.disconnect()
        self._on_change()
        if comes_back:
            await self.triggers.reconnect.lost(key.advertisement)

    # --- inside ---

    def _changed(self) -> None:
        self.absence.look()
        self._on_change()

    def _told(self, event: Event) -> None:
        if self._working:
            if event.actor is Actor.CLIENT and event.kind is not Kind.TRAFFIC:
                self._working.doing, self._working.since = event.text, self._clock()
            self._look(self._working)
        self._on_change()
