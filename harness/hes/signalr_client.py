"""A small SignalR client: one connection to one hub, over whatever carries its text."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from typing import Protocol, Self

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.signalr import (
    KEEP_ALIVE,
    TIMEOUT,
    Close,
    Completion,
    HandshakeRequest,
    Invocation,
    Json,
    Malformed,
    Message,
    Ping,
    RecordReader,
    build,
    parse,
    parse_handshake_response,
)

OnCall = Callable[[str, tuple[Json, ...]], None]


class Disconnected(BenchError):
    """The connection to the hub is gone, or was never made.

    Attributes:
        number: of the WebSocket's failure, else of the system's; None where nothing but the end is known.
    """

    def __init__(self, text: str, number: int | None = None) -> None:
        super().__init__(text)
        self.number = number


class CallRefused(BenchError):
    """The hub could not make sense of a call."""


class Socket(Protocol):
    """A WebSocket. Each call raises `Disconnected` once the other side is gone."""

    async def send(self, text: str) -> None:
        """Send a text message."""
        ...

    async def receive(self) -> str | bytes:
        """The next message."""
        ...

    async def close(self) -> None:
        """End it; nothing if it has ended."""
        ...


class OpenSocket(Protocol):
    """Opens WebSockets to one server."""

    async def __call__(self, path: str, headers: Mapping[str, str]) -> Socket:
        """A WebSocket to a path of the server; raises `Disconnected` where there is none to be had."""
        ...


class HubClient:
    """A connection to a hub, made by `connect`.

    `on_call` is told what the server calls, `on_closed` once that the connection has ended.
    """

    def __init__(self, socket: Socket, on_call: OnCall, on_closed: Callable[[], None]) -> None:
        self._socket = socket
        self._on_call = on_call
        self._on_closed = on_closed
        self._ids = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._records = RecordReader()
        self._pending: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._open = False

    @classmethod
    async def connect(
        cls,
        open_socket: OpenSocket,
        path: str,
        headers: Mapping[str, str],
        *,
        on_call: OnCall,
        on_closed: Callable[[], None],
    ) -> Self:
        """Connect to a hub and shake hands.

        Raises:
            Disconnected: the hub cannot be reached, or does not want us.
        """
        client = cls(await open_socket(path, headers), on_call, on_closed)
        try:
            await client._shake_hands()
        except BaseException:
            await client._socket.close()
            raise
        return client

    @property
    def is_open(self) -> bool:
        """Whether the hub can be called."""
        return self._open

    async def invoke(self, target: str, arguments: tuple[Json, ...]) -> Json:
        """Call a method of the hub and wait for what it answers, however long that takes.

        Raises:
            Disconnected: the connection ended before the answer came.
            CallRefused: the hub could not make sense of the call.
        """
        identifier = str(next(self._ids))
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = answer
        try:
            await self._send(Invocation(target, arguments, identifier))
            return await answer
        finally:
            del self._waiting[identifier]

    async def send(self, target: str, arguments: tuple[Json, ...]) -> None:
        """Call a method of the hub and do not wait for an answer; raises `Disconnected`."""
        await self._send(Invocation(target, arguments))

    async def close(self) -> None:
        """End the connection."""
        if self._open:
            self._lost(Disconnected("The connection to the server was closed."))
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await self._socket.close()
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault

    async def _shake_hands(self) -> None:
        await self._socket.send(build(HandshakeRequest()))
        try:
            answer = parse_handshake_response(await self._next())
        except Malformed as error:
            raise Disconnected(f"This is no SignalR hub: {error}") from error
        if answer.error:
            raise Disconnected(f"The server refused the connection: {answer.error}")
        self._open = True
        self._tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._keep_alive())]

    async def _next(self) -> str:
        while not self._pending:
            try:
                async with asyncio.timeout(TIMEOUT):
                    piece = await self._socket.receive()
            except TimeoutError:
                raise Disconnected(f"Nothing was heard of the server for {TIMEOUT:g} s.") from None
            self._pending = list(self._records.feed(piece))
        return self._pending.pop(0)

    async def _read(self) -> None:
        try:
            while True:
                self._take(parse(await self._next()))
        except Malformed as error:
            self._lost(Disconnected(f"The server sent what is no message: {error}"))
        except Disconnected as error:
            self._lost(error)
        finally:
            # Also where what `on_call` led to failed: nobody may wait for answers that nobody reads.
            self._lost(Disconnected("The connection to the server has ended."))
        await self._socket.close()

    def _take(self, message: Message) -> None:
        match message:
            case Invocation(target, arguments):
                self._on_call(target, arguments)
            case Completion(identifier, result, error):
                waiting = self._waiting.get(identifier)
                if waiting and not waiting.done():
                    if error is None:
                        waiting.set_result(result)
                    else:
                        waiting.set_exception(CallRefused(f"The server refused the call: {error}"))
            case Close(error):
                reason = error or "it gave no reason"
                raise Disconnected(f"The server ended the connection: {reason}")
            case _:
                pass

    async def _keep_alive(self) -> None:
        try:
            while True:
                await asyncio.sleep(KEEP_ALIVE)
                await self._socket.send(build(Ping()))
        except Disconnected as error:
            self._lost(error)

    async def _send(self, message: Message) -> None:
        if not self._open:
            raise Disconnected("There is no connection to the server.")
        await self._socket.send(build(message))

    def _lost(self, error: Disconnected) -> None:
        if not self._open:
            return
        self._open = False
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(error)
        self._on_closed()
