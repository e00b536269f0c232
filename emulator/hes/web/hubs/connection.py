"""One hub connection over a WebSocket: handshake, calls, pings, limits, and how it ends.

Calls run side by side while further messages are read, so that a call may wait for something that the same client has
yet to say. Whatever a peer does wrong ends its own connection, with a Close message that says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.signalr import (
    KEEP_ALIVE,
    PROTOCOL,
    TIMEOUT,
    VERSIONS,
    CancelInvocation,
    Close,
    Completion,
    HandshakeResponse,
    Ignored,
    Invocation,
    Json,
    Malformed,
    Message,
    Ping,
    RecordReader,
    StreamInvocation,
    StreamItem,
    build,
    parse,
    parse_handshake_request,
)

Invoke = Callable[[str, tuple[Json, ...]], Awaitable[Json]]


@dataclass(frozen=True)
class HubLimits:
    """What one connection may take.

    Attributes:
        keep_alive: seconds of our own silence after which we ping.
        timeout: seconds of the peer's silence after which it is gone.
        handshake: seconds that the peer has for its handshake.
        parting: seconds that a peer has to take our last words.
        calls: how many calls of one peer may run at the same time.
        burst: how many messages may come at once, and how many a second in the long run.
        outbox: how many messages may wait for a peer that does not read.
    """

    keep_alive: float = KEEP_ALIVE
    timeout: float = TIMEOUT
    handshake: float = 15.0
    parting: float = 2.0
    calls: int = 32
    burst: tuple[float, float] = (1000, 500)
    outbox: int = 256


class _Gone(Exception):
    """The peer has ended the connection; there is nobody to tell anything."""


class HubConnection:
    """One connection of one peer; `serve` is its whole life."""

    def __init__(self, websocket: WebSocket, limits: HubLimits) -> None:
        self._websocket = websocket
        self._limits = limits
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._calls: dict[asyncio.Task[None], str | None] = {}
        self._end: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._pace = _Pace(*limits.burst)

    def notify(self, target: str, arguments: tuple[Json, ...]) -> None:
        """Call a method of the peer, without an answer. After the end, nothing happens."""
        self._put(Invocation(target, arguments))

    def end(self, reason: str | None) -> None:
        """End the connection; the peer is told the reason, if there is one."""
        if not self._end.done():
            self._end.set_result(reason)

    async def serve(self, opened: Callable[[], Invoke]) -> None:
        """Speak with the peer until one side has enough.

        `opened` is called after the handshake, and gives what carries out calls: an answer, or `Malformed` where the
        call makes no sense, which the caller is told.
        """
        records = self._records()
        try:
            if await self._shake_hands(records):
                await self._last_words(Close(await self._converse(records, opened)))
        except (_Gone, WebSocketDisconnect):
            pass

    async def _converse(self, records: AsyncIterator[str], opened: Callable[[], Invoke]) -> str | None:
        """Read and write until one side has enough; why it ended, where there is something to say."""
        try:
            invoke = opened()
        except BenchError as refused:
            return str(refused)
        reading = asyncio.ensure_future(self._read(records, invoke))
        writing = asyncio.ensure_future(self._write())
        ends: list[asyncio.Future[Any]] = [reading, writing, self._end]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _stop([reading, writing, *self._calls])
        reason = self._end.result() if self._end.done() else None
        for task in (reading, writing):
            error = None if task.cancelled() else task.exception()
            if isinstance(error, Malformed):
                reason = str(error)
            elif error is not None:
                raise error
        return reason

    async def _shake_hands(self, records: AsyncIterator[str]) -> bool:
        try:
            async with asyncio.timeout(self._limits.handshake):
                asked = parse_handshake_request(await anext(records))
        except (Malformed, TimeoutError) as error:
            await self._last_words(HandshakeResponse(str(error) or "There was no handshake in time."))
            return False
        if asked.protocol != PROTOCOL or asked.version not in VERSIONS:
            text = f"The protocol {asked.protocol!r}, version {asked.version}, is not spoken here."
            await self._last_words(HandshakeResponse(text))
            return False
        self._outbox.put_nowait(build(HandshakeResponse()))
        return True

    async def _read(self, records: AsyncIterator[str], invoke: Invoke) -> None:
        async for record in records:
            self._pace.take(asyncio.get_running_loop().time())
            message = parse(record)
            if isinstance(message, Close):
                return
            self._take(message, invoke)

    async def _records(self) -> AsyncIterator[str]:
        reader = RecordReader()
        while True:
            try:
                async with asyncio.timeout(self._limits.timeout):
                    message = await self._websocket.receive()
            except TimeoutError:
                raise Malformed(f"Nothing was heard for {self._limits.timeout:g} s.") from None
            if message["type"] == "websocket.disconnect":
                raise _Gone
            for record in reader.feed(message.get("text") or message.get("bytes") or b""):
                yield record

    def _take(self, message: Message, invoke: Invoke) -> None:
        match message:
            case Invocation():
                self._start(message, invoke)
            case StreamInvocation(identifier, target):
                self._put(Completion(identifier, error=f"{target} is no method that answers with a stream."))
            case Completion() | StreamItem():
                raise Malformed("An answer came to a call that was never made.")
            case Ping() | CancelInvocation() | Ignored():
                pass

    def _start(self, call: Invocation, invoke: Invoke) -> None:
        if len(self._calls) >= self._limits.calls:
            raise Malformed(f"More than {self._limits.calls} calls run at the same time.")
        if call.invocation_id is not None and call.invocation_id in self._calls.values():
            raise Malformed("An invocation id is in use already.")
        task = asyncio.ensure_future(self._call(call, invoke))
        self._calls[task] = call.invocation_id
        task.add_done_callback(self._called)

    async def _call(self, call: Invocation, invoke: Invoke) -> None:
        try:
            result, error = await invoke(call.target, call.arguments), None
        except Malformed as malformed:
            result, error = None, str(malformed)
        if call.invocation_id is not None:
            self._put(Completion(call.invocation_id, result, error))

    def _called(self, task: asyncio.Task[None]) -> None:
        self._calls.pop(task, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # A fault of ours: the log gets it, the peer learns no more than that.
            facts = {"message": "A call of a hub failed", "exception": error, "task": task}
            task.get_loop().call_exception_handler(facts)
            self.end("The server failed; its log says why.")

    def _put(self, message: Message) -> None:
        if self._outbox.qsize() >= self._limits.outbox:
            self.end("The connection does not take what is sent to it.")
            return
        self._outbox.put_nowait(build(message))

    async def _write(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._limits.keep_alive):
                    text = await self._outbox.get()
            except TimeoutError:
                text = build(Ping())
            await self._websocket.send_text(text)

    async def _last_words(self, message: Close | HandshakeResponse) -> None:
        try:
            async with asyncio.timeout(self._limits.parting):
                while not self._outbox.empty():
                    await self._websocket.send_text(self._outbox.get_nowait())
                await self._websocket.send_text(build(message))
                await self._websocket.close()
        except TimeoutError:
            pass  # it does not read; the WebSocket's server ends the rest


class _Pace:
    """So many messages at once, so many a second: what is more is a flood."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = self._left = burst
        self._per_second = per_second
        self._at = 0.0

    def take(self, now: float) -> None:
        """Count a message.

        Raises:
            Malformed: it is one too many.
        """
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second) - 1
        self._at = now
        if self._left < 0:
            raise Malformed("Too many messages came in too short a time.")


async def _stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
