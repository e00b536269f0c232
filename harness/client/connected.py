"""One key, connected: from the link that leads to it until it is offline again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.workstation import ConnectionId
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.describe import describe
from hideez_bench.protocol.device import KeyDevice, Traffic
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import ConnectionState, HesConnection, HwVaultInfoFromClient
from hideez_bench.protocol.link import Link
from hideez_bench.protocol.messages import FromKey, Status, ToKey, WipeStatus
from hideez_bench.protocol.names import WipeResult
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.wire import Wire

LOST = "The link to the key was lost; what it has counted stays counted."
PRESSED_LONG = "The key was pressed long, which ends it; attempts stay as they are."

GOODBYE_SECONDS = 5.0
"""So long a server may take to answer that a key has gone: nothing here hangs on it but people, who wait."""


class ConnectedKey:
    """A `workstation.Connected` and `Bonded`: the link, its main channel, and what the key says on it.

    Attributes:
        serial: which key it is; empty until step 4 has read that.
        state: how far the client is with it.
        finished: its flow has come to its end (HV_FINISHED_WF). Offline clears it.
        registered: the server was told that it hangs here.
        interrupted: told why, when the key itself ends a flow: by a lost link, or a long press. None without a flow.
    """

    def __init__(
        self,
        connection: ConnectionId,
        link: Link,
        *,
        hes: HesConnection,
        workstation: RelayingWorkstation,
        timeline: Timeline,
        wire: Wire,
        random: Random,
        on_keys: KeysMade = lambda request, answer, keys: None,
    ) -> None:
        self.id = connection
        self.link = link
        self.transport = PacketTransport(link, wire)
        self.device = KeyDevice(
            self.transport,
            wire.profile.channel("MAIN"),
            wire=wire,
            random=random,
            observe=self._command_seen,
            on_keys=on_keys,
        )
        self.serial = ""
        self.state = ConnectionState.INITIALIZING
        self.finished = False
        self.registered = False
        self.interrupted: Callable[[str], None] | None = None
        self._hes = hes
        self._workstation = workstation
        self._timeline = timeline
        self._main = wire.profile.channel("MAIN")
        self._wiped = False
        self._refreshing: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        events = self.transport.events
        events.lost.append(self._lost)
        events.cancelled.append(self._pressed_long)
        events.status.append(self._status_seen)
        events.wipe_status.append(self._wipe_seen)
        events.traffic.append(self._control_seen)
        workstation.state.keys[connection] = self
        workstation.state.bonds[connection] = self

    def report(self) -> HwVaultInfoFromClient:
        """What the server is told of the key."""
        info = self.device.info
        return HwVaultInfoFromClient(
            serial=info.serial,
            connection_state=self.state,
            is_link_required=info.link_required,
            is_locked=info.locked,
            is_can_unlock=info.can_unlock,
            battery=info.battery,
            firmware_version=str(info.firmware),
            storage_timestamp=info.storage_timestamp,
        )

    async def disconnect(self) -> None:
        """See `workstation.Connected.disconnect`."""
        if self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._disconnect())
        await asyncio.shield(self._ending)

    async def delete_bond(self) -> None:
        """See `workstation.Bonded.delete_bond`."""
        self._timeline.tell(Actor.CLIENT, "forgets the key")
        try:
            await self.link.delete_bond()
        except BenchError as failed:
            self._timeline.tell(Actor.CLIENT, str(failed), kind=Kind.BAD, to=Actor.PERSON)
        else:
            self._workstation.state.bonds.pop(self.id, None)

    async def _disconnect(self) -> None:
        if self._refreshing:
            self._refreshing.cancel()
        self.state = ConnectionState.OFFLINE
        self.finished = False
        if self._workstation.state.keys.get(self.id) is self:
            del self._workstation.state.keys[self.id]
        if self.registered:
            self._workstation.key_gone(self.serial)
            await self._report_offline()
        if self._wiped:
            await self.delete_bond()
        await self.link.__aexit__(None, None, None)

    async def _report_offline(self) -> None:
        if not self._hes.is_connected:
            return
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._hes.update_hw_vault_properties(self.report(), return_info=False)
        except TimeoutError:
            self._timeline.tell(
                Actor.CLIENT, f"waits no longer for the server to hear that {self.serial} is gone"
            )
        except BenchError as error:
            # A server that does not know the key has nothing to register off either.
            self._timeline.tell(Actor.HES, str(error), to=Actor.CLIENT)

    # --- what the key says ---

    def _lost(self) -> None:
        if self.interrupted:
            self.interrupted(LOST)
        elif self._ending is None:
            self._timeline.tell(Actor.CLIENT, LOST)
            self._ending = asyncio.get_running_loop().create_task(self._disconnect())

    def _pressed_long(self) -> None:
        if self.interrupted:
            self.interrupted(PRESSED_LONG)

    def _wipe_seen(self, message: WipeStatus) -> None:
        """A wipe that was confirmed on the key ends the bond, once the link has ended."""
        self._wiped = self._wiped or message.result is WipeResult.WIPE_OK

    def _status_seen(self, status: Status) -> None:
        """A key that changes while it is online, as when the server locks it, is read again."""
        if not self.finished:
            return
        changed = status.state.access_level != self.device.info.access_level
        if changed and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())

    async def _refresh(self) -> None:
        before = self.device.info.access_level
        try:
            info = await self.device.refresh_device_info()
        except BenchError as error:
            self._timeline.tell(Actor.CLIENT, f"could not read the key again: {error}", kind=Kind.BAD)
            return
        if info.access_level == before:  # over BlueZ a host also hears what the key tells another one
            return
        state = "is locked now" if info.locked else "has changed"
        self._timeline.tell(Actor.CLIENT, f"sees that the key {state}", to=Actor.PERSON)

    def _command_seen(self, to_key: bool, message: Traffic) -> None:
        self._traffic(to_key, f"[{self._main}] {describe(message)}")

    def _control_seen(self, to_key: bool, message: ToKey | FromKey) -> None:
        if not isinstance(message, Status):
            self._traffic(to_key, describe(message))

    def _traffic(self, to_key: bool, text: str) -> None:
        sender, receiver = (Actor.CLIENT, Actor.KEY) if to_key else (Actor.KEY, Actor.CLIENT)
        self._timeline.tell(sender, text, kind=Kind.TRAFFIC, to=receiver)
