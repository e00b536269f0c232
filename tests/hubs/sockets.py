"""WebSockets to an application in this process, without a network: an `OpenSocket`, so that time may be virtual."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from starlette.types import ASGIApp

from hideez_bench.harness.hes.signalr_client import Disconnected
from hideez_bench.protocol.signalr import HandshakeResponse, Message, build, parse, parse_handshake_response

Event = MutableMapping[str, Any]


class MemorySockets:
    """Opens WebSockets to an application.

    Attributes:
        opened: every socket so far, with the path that it leads to.
        allow: a path that is not allowed cannot be reached.
        on_text: may change or swallow (None) what a client sends to a path.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.opened: list[tuple[str, MemorySocket]] = []
        self.allow: Callable[[str], bool] = lambda path: True
        self.on_text: Callable[[str, str], str | None] = lambda path, text: text

    async def __call__(self, path: str, headers: Mapping[str, str]) -> MemorySocket:
        if not self.allow(path):
            raise Disconnected("The server cannot be reached.")
        socket = MemorySocket(self.app, path, headers, lambda to, text: self.on_text(to, text))
        self.opened.append((path, socket))
        await socket.open()
        return socket

    def on(self, path: str) -> list[MemorySocket]:
        """The sockets to a path, in the order in which they were opened."""
        return [socket for opened, socket in self.opened if opened == path]


class MemorySocket:
    """One WebSocket.

    Attributes:
        headers: what the client said of itself.
        passed: every text so far, in both directions.
        mute: what a client sends gets lost; `deaf`: what is sent to it.
        refusal: the status and the sentence with which the connection was refused.
        served: the application's end of it.
    """

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        headers: Mapping[str, str],
        on_text: Callable[[str, str], str | None] = lambda path, text: text,
    ) -> None:
        path, _, query = path.partition("?")
        self._path = path
        self._on_text = on_text
        self._to_app: asyncio.Queue[Event] = asyncio.Queue()
        self._from_app: asyncio.Queue[Event] = asyncio.Queue()
        self._closed = False
        self.headers = headers
        self.passed: list[str] = []
        self.mute = False
        self.deaf = False
        self.refusal: tuple[int, str] | None = None
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                (name.lower().encode(), value.encode())
                for name, value in {"Host": "127.0.0.1:8470", **headers}.items()
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8470),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        self._reads = asyncio.Event()
        self._reads.set()
        self.served = asyncio.ensure_future(self._serve(app, scope))

    async def open(self) -> None:
        """Connect, or be refused: `Disconnected`."""
        await self._to_app.put({"type": "websocket.connect"})
        first = await self._from_app.get()
        if first["type"] == "websocket.accept":
            return
        self._closed = True
        if first["type"] == "websocket.http.response.start":
            body = await self._from_app.get()
            self.refusal = first["status"], json.loads(body["body"])["error"]
        else:
            self.refusal = 403, first["reason"]
        await self.served
        raise Disconnected(f"The server refused the connection: {self.refusal[1]}")

    async def send(self, text: str) -> None:
        """A text message to the server."""
        if self._closed:
            raise Disconnected("The connection to the server was lost.")
        changed = None if self.mute else self._on_text(self._path, text)
        if changed is not None:
            self.passed.append(changed)
            await self._to_app.put({"type": "websocket.receive", "text": changed})

    async def receive(self) -> str | bytes:
        """The next message of the server."""
        event = await self._from_app.get()
        while self.deaf and event["type"] == "websocket.send":
            event = await self._from_app.get()
        if event["type"] == "websocket.send":
            text: str = event["text"]
            self.passed.append(text)
            return text
        self._from_app.put_nowait(event)
        self._closed = True
        raise Disconnected("The connection to the server was lost.")

    async def close(self) -> None:
        """End it, as a program does that is done, or that was killed."""
        self.hang_up()
        await asyncio.shield(self.served)

    async def _serve(self, app: ASGIApp, scope: Event) -> None:
        await app(scope, self._to_app.get, self._take)
        self._from_app.put_nowait({"type": "websocket.close"})

    async def _take(self, event: Event) -> None:
        await self._reads.wait()
        await self._from_app.put(event)

    def stall(self) -> None:
        """Read no more, as a peer whose cable was pulled: what the server sends is stuck."""
        self._reads.clear()

    def hang_up(self) -> None:
        """End it, and do not wait for anything."""
        self._closed = True
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        self._from_app.put_nowait({"type": "websocket.close"})

    # --- for tests that speak the protocol by hand ---

    async def say(self, *messages: Message) -> None:
        """Messages in one piece."""
        await self.send("".join(build(message) for message in messages))

    async def hear_handshake(self) -> HandshakeResponse:
        """What the server answers to a handshake."""
        text = await self.receive()
        assert isinstance(text, str)
        return parse_handshake_response(text.removesuffix("\x1e"))

    async def heard(self) -> list[Message]:
        """Everything from now until the server ends the connection."""
        messages: list[Message] = []
        while True:
            try:
                text = await self.receive()
            except Disconnected:
                return messages
            assert isinstance(text, str)
            messages += [parse(record) for record in text.split("\x1e")[:-1]]

    async def hear(self) -> Message:
        """The next message; the server sends one at a time."""
        text = await self.receive()
        assert isinstance(text, str)
        return parse(text.removesuffix("\x1e"))
