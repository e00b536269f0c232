"""Connections that are kept open by saying little: each is ended, and there are never too many."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from hideez_bench.emulator.hes.web.connections import BoundedServer, ConnectionLimits
from hideez_bench.harness.cli.hes_serve import _is_worth_a_line

ASKED = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
LARGE = 32 * 1024 * 1024
"""More than the buffers of a connection take."""


@dataclass
class Peer:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self) -> bytes:
        """A whole request; its answer."""
        self.writer.write(ASKED)
        return await self.reader.readuntil(b"\r\nok")

    async def is_ended(self) -> bool:
        """To be asked where it must be: it waits for the end."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True


class Served:
    """A server whose seconds are counted by the test."""

    def __init__(self, server: BoundedServer, port: int) -> None:
        self._server = server
        self._port = port
        self._opened: list[asyncio.StreamWriter] = []

    async def connect(self, *, limit: int = 2**16) -> Peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=limit)
        self._opened.append(writer)
        return Peer(reader, writer)

    async def at(self, seconds: float) -> None:
        """The server looks after its connections at this time, when all that was sent so far has arrived."""
        # Connections are taken and bytes are read in turn, so a whole answer says that those before have been.
        assert b"ok" in await (await self.connect()).ask()
        self._server.waiting.look(self._server.server_state.connections, seconds)

    def close(self) -> None:
        for writer in self._opened:
            writer.close()


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    if scope["path"] == "/large":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(LARGE)})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def served(limits: ConnectionLimits) -> AsyncIterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(_app, lifespan="off", log_config=None, timeout_keep_alive=600)
        # The server's own looks are all at one time.
        server = BoundedServer(config, limits, clock=lambda: 0.0)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        made = Served(server, listening.getsockname()[1])
        try:
            yield made
        finally:
            made.close()
            server.should_exit = True
            await serving


@pytest.fixture
async def site() -> AsyncIterator[Served]:
    async with served(ConnectionLimits(patience=20)) as made:
        yield made


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost: a\r\nx: ",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\nx",
        b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nx",
        ASKED,
    ],
    ids=["nothing", "half a head", "half a body", "half a chunk", "another head"],
)
async def test_who_does_not_ask_is_ended(site: Served, sent: bytes) -> None:
    peer = await site.connect()
    if sent == ASKED:
        await peer.ask()
        sent = ASKED[:-3]
    peer.writer.write(sent)
    await site.at(0)
    peer.writer.write(b"y")  # a byte now and then helps nobody
    await site.at(19)
    assert not peer.reader.at_eof()
    peer.writer.write(b"y")
    await site.at(20)
    assert await peer.is_ended()


async def test_who_asks_now_and_then_is_not_ended(site: Served) -> None:
    peer = await site.connect()
    for seconds in range(0, 100, 15):
        await peer.ask()
        await site.at(seconds)
    assert await peer.ask()


async def test_who_takes_no_answer_is_ended(site: Served) -> None:
    peer = await site.connect(limit=100)  # reads little more than the head
    peer.writer.write(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
    await peer.reader.readuntil(b"\n")
    for seconds in range(0, 200, 20):  # buffers between here and there may take some more at first
        await site.at(seconds)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await peer.reader.readexactly(LARGE)


async def test_one_too_many_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    async with served(ConnectionLimits(most=2)) as site:
        first, second = await site.connect(), await site.connect()
        await first.ask()
        for _ in range(2):
            refused = await site.connect()
            assert (await refused.reader.read()).startswith(b"HTTP/1.1 503 ")
        assert await second.ask()
        assert caplog.text.count("more are refused") == 1
        second.writer.close()
        await second.writer.wait_closed()
        await first.ask()
        assert await (await site.connect()).ask()


async def test_strangers_fill_no_log(site: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for sent in (b"x\r\n\r\n", b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"):
        peer = await site.connect()
        peer.writer.write(sent)
        peer.writer.write_eof()
        await peer.reader.read()
    said = [
        record for record in caplog.records if record.name == "uvicorn.error" and _is_worth_a_line(record)
    ]
    assert [record for record in said if record.levelno >= logging.WARNING] == []
