"""Whole messages over a link: fragments, answers to their requests, and what a key says unasked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Protocol, cast

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.link import Link, LinkLost
from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.packets import Reassembler, fragment
from hideez_bench.protocol.values import Error
from hideez_bench.protocol.wire import Wire

ControlRequest = m.GetRootKey | m.VerifyEncryption | m.ResetEncryption
"""What can be asked over any transport; a link of one's own carries all of `m.ControlRequest`."""


class KeyRefused(BenchError):
    """The key answered with an error; `error` names it."""

    def __init__(self, what: str, error: Error) -> None:
        super().__init__(f"the key answered {what} with {error}")
        self.what = what
        self.error = error


class NoAnswer(BenchError):
    """The key did not answer in time."""


class MessageTransport(Protocol):
    """Carries whole messages to one key: over a link of one's own, or relayed by somebody who has one."""

    async def control(self, request: ControlRequest, timeout: float) -> m.Answer:
        """Send a control message and wait up to `timeout` seconds for its answer.

        Raises:
            KeyRefused: the key could not take the message.
            NoAnswer: nothing came in time.
            LinkLost: the link is gone.
        """
        ...

    async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
        """Send an envelope and wait for the one that answers it on the same channel; raises as `control`."""
        ...


@dataclass
class _Waiting:
    """A request whose answer is due."""

    answer: asyncio.Future[m.Answer | m.Envelope]
    deadline: asyncio.Timeout
    latest: float
    patience: float

    def extend(self, now: float) -> None:
        """The key is busy: wait as long again once the next BUSY is due, but never beyond the limit."""
        self.deadline.reschedule(min(now + self.patience, self.latest))


@dataclass
class Events:
    """Who is told of what the key says unasked. Called from the event loop."""

    status: list[Callable[[m.Status], None]] = field(default_factory=list)
    cancelled: list[Callable[[], None]] = field(default_factory=list)
    wipe_status: list[Callable[[m.WipeStatus], None]] = field(default_factory=list)
    lost: list[Callable[[], None]] = field(default_factory=list)
    traffic: list[Callable[[bool, m.ToKey | m.FromKey], None]] = field(default_factory=list)
    """Every control message; True where it goes to the key."""


class PacketTransport:
    """Messages over a `Link` of our own."""

    def __init__(self, link: Link, wire: Wire) -> None:
        self.events = Events()
        self.lost = asyncio.Event()
        self._link = link
        self._wire = wire
        self._incoming = Reassembler(wire)
        self._busy_interval = wire.profile.seconds("busy_interval")
        self._busy_limit = wire.profile.seconds("busy_limit")
        self._waiting: dict[Hashable, _Waiting] = {}
        self._turns: defaultdict[Hashable, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sending = asyncio.Lock()
        link.listen(self._packet, self._link_lost)

    async def start(self) -> None:
        """Send the first write, CANCEL; before it a key says nothing.

        Raises:
            LinkLost: the link is gone.
        """
        await self._send(PacketKind.CONTROL, self._wire.to_key.build(m.Cancel()), confirm=True)
        self._tell(True, m.Cancel())

    async def control(self, request: m.ControlRequest, timeout: float) -> m.Answer:
        """See `MessageTransport.control`."""
        message = self._wire.to_key.build(request)
        self._tell(True, request)
        return cast(m.Answer, await self._exchange(request.command, PacketKind.CONTROL, message, timeout))

    async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
        """See `MessageTransport.encrypted`."""
        message = self._wire.envelope.build(envelope)
        return cast(
            m.Envelope, await self._exchange(envelope.channel, PacketKind.ENCRYPTED, message, timeout)
        )

    async def _exchange(
        self, key: Hashable, kind: PacketKind, message: bytes, timeout: float
    ) -> m.Answer | m.Envelope:
        async with self._turns[key]:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[m.Answer | m.Envelope] = loop.create_future()
            try:
                async with asyncio.timeout(timeout) as deadline:
                    latest = loop.time() + self._busy_limit
                    self._waiting[key] = _Waiting(answer, deadline, latest, self._busy_interval + timeout)
                    await self._send(kind, message)
                    return await answer
            except TimeoutError:
                raise NoAnswer(f"the key did not answer within {timeout:g} s") from None
            finally:
                del self._waiting[key]

    async def _send(self, kind: PacketKind, message: bytes, *, confirm: bool = False) -> None:
        # Shielded: half a message on the wire would cost the next one its first fragment.
        sending = asyncio.ensure_future(self._send_fragments(kind, message, confirm))
        sending.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.shield(sending)

    async def _send_fragments(self, kind: PacketKind, message: bytes, confirm: bool) -> None:
        async with self._sending:
            for packet in fragment(self._wire, kind, message, self._link.max_packet):
                if self.lost.is_set():
                    raise LinkLost("The link to the key was lost.")
                await self._link.send(packet, confirm=confirm)

    def _packet(self, packet: bytes) -> None:
        try:
            complete = self._incoming.add(packet)
            if complete is None:
                return
            kind, message = complete
            if kind is PacketKind.ENCRYPTED:
                envelope = self._wire.envelope.parse(message)
                self._answer(envelope.channel, envelope)
            else:
                self._control_message(self._wire.from_key.parse(message))
        except WireError as error:
            self._fail_latest(error)

    def _control_message(self, message: m.FromKey) -> None:
        self._tell(False, message)
        match message:
            case m.ControlError(error):
                self._fail_latest(KeyRefused("a message", error))
            case m.Busy(channel):
                if waiting := self._waiting.get(channel):
                    waiting.extend(asyncio.get_running_loop().time())
            case m.Status():
                for told in self.events.status:
                    told(message)
            case m.Cancelled():
                for called in self.events.cancelled:
                    called()
            case m.WipeStatus():
                for heard in self.events.wipe_status:
                    heard(message)
            case _:
                self._answer(message.command, message)

    def _answer(self, key: Hashable, answer: m.Answer | m.Envelope) -> None:
        waiting = self._waiting.get(key)
        if waiting and not waiting.answer.done():
            waiting.answer.set_result(answer)

    def _fail_latest(self, error: BenchError) -> None:
        # An ERROR does not say what it answers. Packets are sent one message at a time, so it is the latest.
        for waiting in reversed(self._waiting.values()):
            if not waiting.answer.done():
                waiting.answer.set_exception(error)
                return

    def _link_lost(self) -> None:
        self.lost.set()
        for waiting in self._waiting.values():
            if not waiting.answer.done():
                waiting.answer.set_exception(LinkLost("The link to the key was lost before it answered."))
        for told in self.events.lost:
            told()

    def _tell(self, to_key: bool, message: m.ToKey | m.FromKey) -> None:
        for told in self.events.traffic:
            told(to_key, message)
