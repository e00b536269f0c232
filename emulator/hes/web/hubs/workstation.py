"""The server's view of a client on the other end of a hub: its `Workstation`, and the way to a key through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.device_hub import Answer, Request, answer_from_json, command_to_json
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import ProximitySettings
from hideez_bench.protocol.hub import ESTABLISH, NOTICES, Method
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.signalr import Json, Malformed
from hideez_bench.protocol.transport import ControlRequest, MessageTransport, NoAnswer
from hideez_bench.protocol.wire import Wire

ANSWER_SECONDS = 30.0
"""How long the server waits for the answer to one message that it sends a key through a client."""

Notify = Callable[[str, tuple[Json, ...]], None]


class DeviceTransport:
    """A `MessageTransport` over one deviceHub connection; one message at a time, and only on the server's channel.

    Attributes:
        ended: whether we ended the connection, and not the client.
    """

    def __init__(self, wire: Wire, notify: Notify, end: Callable[[str], None]) -> None:
        self.ended = False
        self._wire = wire
        self._channel = wire.profile.channel("HES")
        self._notify = notify
        self._end = end
        self._turn = asyncio.Lock()
        self._lost = False
        self._due: tuple[Method, asyncio.Future[Answer]] | None = None

    async def control(self, request: ControlRequest, timeout: float) -> m.Answer:
        """See `MessageTransport.control`. The time limit is the server's own, 30 s, as the vendor's."""
        return cast(m.Answer, await self._ask(request))

    async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
        """See `MessageTransport.encrypted`; the time limit is that of `control`."""
        return cast(m.Envelope, await self._ask(envelope))

    def brought(self, target: str, arguments: tuple[Json, ...]) -> None:
        """The client brings an answer.

        Raises:
            Malformed: none is due, or another.
        """
        if self._due is None or self._due[0].target != target or self._due[1].done():
            self.close("An answer was brought that was not asked for.")
            raise Malformed(f"{target} was not asked for.")
        response, waiting = self._due
        try:
            waiting.set_result(self._of_our_channel(answer_from_json(self._wire, response, arguments)))
        except Malformed as error:
            waiting.set_exception(ChannelError(f"the client brought no answer of the key: {error}"))
            self.close(str(error))
            raise
        except BenchError as error:
            waiting.set_exception(error)

    def close(self, reason: str) -> None:
        """End the connection from our side."""
        self.ended = True
        self.lose()
        self._end(reason)

    def lose(self) -> None:
        """The connection is gone: what waits for an answer hears of it."""
        self._lost = True
        if self._due and not self._due[1].done():
            self._due[1].set_exception(LinkLost("The deviceHub connection was lost before the key answered."))

    async def _ask(self, request: Request) -> Answer:
        async with self._turn:
            if self._lost:
                raise LinkLost("The deviceHub connection is gone.")
            target, arguments, response = command_to_json(self._wire, request)
            self._notify(target, arguments)
            if response is None:
                # The vendor's SendResetChannel is not answered; what follows it arrives after it.
                return m.EncryptionReset(ErrorName.Ok, self._channel)
            waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            self._due = (response, waiting)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await waiting
            except TimeoutError:
                self.close("An answer was not brought in time.")
                raise NoAnswer(f"the client brought no answer within {ANSWER_SECONDS:g} s") from None
            except asyncio.CancelledError:
                # A late answer must not be taken for that to a later message.
                self.close("The server no longer waits for the answer.")
                raise
            finally:
                self._due = None

    def _of_our_channel(self, answer: Answer) -> Answer:
        channel = getattr(answer, "channel", None)
        if channel not in (None, self._channel):
            raise Malformed(f"An answer is of channel {channel}, which is not the server's.")
        return answer


class HubWorkstation:
    """A `Workstation` behind an appHub connection.

    A deviceHub connection is taken only for a key that was asked for just then.
    """

    def __init__(self, name: str, notify: Notify) -> None:
        self.id = name
        self._notify = notify
        self._asked: dict[str, asyncio.Future[MessageTransport]] = {}
        self._open: dict[str, DeviceTransport] = {}

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        """See `Workstation.establish_remote_hw_vault_connection`: asks the client, and waits for its deviceHub."""
        self.drop(serial, "The server opens its channel to this key anew.")
        asked: asyncio.Future[MessageTransport] = asyncio.get_running_loop().create_future()
        self._asked[serial] = asked
        try:
            self._call(ESTABLISH, serial, channel)
            return await asked
        finally:
            if self._asked.get(serial) is asked:
                del self._asked[serial]

    def awaits(self, serial: str) -> bool:
        """Whether a deviceHub connection for this key is wanted now."""
        return serial in self._asked

    def device_opened(self, serial: str, transport: DeviceTransport) -> bool:
        """A deviceHub connection is there; False where it is wanted no more."""
        asked = self._asked.pop(serial, None)
        if asked is None or asked.done():
            return False
        self._open[serial] = transport
        asked.set_result(transport)
        return True

    def device_closed(self, serial: str, transport: DeviceTransport) -> None:
        """A deviceHub connection is gone."""
        transport.lose()
        if self._open.get(serial) is transport:
            del self._open[serial]

    def drop(self, serial: str, reason: str) -> None:
        """End the deviceHub connection of a key, if there is one."""
        if transport := self._open.pop(serial, None):
            transport.close(reason)

    def drop_all(self, reason: str) -> None:
        """End every deviceHub connection."""
        for serial in list(self._open):
            self.drop(serial, reason)

    def set_alarm_state(self, on: bool) -> None:
        """See `Workstation.set_alarm_state`."""
        self._call(NOTICES["set_alarm_state"], on)

    def workstation_approved(self) -> None:
        """See `Workstation.workstation_approved`."""
        self._call(NOTICES["workstation_approved"])

    def workstation_unapproved(self) -> None:
        """See `Workstation.workstation_unapproved`."""
        self._call(NOTICES["workstation_unapproved"])

    def update_proximity_settings(self, settings: Sequence[ProximitySettings]) -> None:
        """See `Workstation.update_proximity_settings`."""
        self._call(NOTICES["update_proximity_settings"], settings)

    def update_rfid_indicator_state(self, on: bool) -> None:
        """See `Workstation.update_rfid_indicator_state`."""
        self._call(NOTICES["update_rfid_indicator_state"], on)

    def lock_hw_vault_storage(self, serial: str) -> None:
        """See `Workstation.lock_hw_vault_storage`."""
        self._call(NOTICES["lock_hw_vault_storage"], serial)

    def lift_hw_vault_storage_lock(self, serial: str) -> None:
        """See `Workstation.lift_hw_vault_storage_lock`."""
        self._call(NOTICES["lift_hw_vault_storage_lock"], serial)

    def _call(self, method: Method, *values: object) -> None:
        self._notify(method.target, method.arguments_to_json(values))
