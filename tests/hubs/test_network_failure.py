"""How a network fails under a call, over real sockets: with a number that the person can report, or without one."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve

from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.web_socket import WebSockets
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode, HesNetworkError, WorkstationInfo
from hideez_bench.protocol.wire import default_wire
from tests.hes.fake_key import FakeWorkstation
from tests.hubs.rig import new_key

End = Callable[[ServerConnection], Awaitable[None]]
RESET_AT_ONCE = struct.pack("ii", 1, 0)


def closed_with(code: int | None) -> End:
    async def end(connection: ServerConnection) -> None:
        await (connection.close() if code is None else connection.close(code, "for a test"))

    return end


async def cut(connection: ServerConnection) -> None:
    """As where the server's process dies: the end of the stream, and no Close frame."""
    connection.transport.close()


async def reset(connection: ServerConnection) -> None:
    """As where the server's machine has forgotten the connection."""
    real: socket.socket = connection.transport.get_extra_info("socket")
    real.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
    connection.transport.abort()


async def failure(end: End) -> BenchError:
    """What a call raises whose answer the server does not give, but an end of the connection."""

    async def hub(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send("{}\x1e")
        await connection.recv()
        await end(connection)

    async with serve(hub, "127.0.0.1", 0, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        open_socket = WebSockets(f"http://127.0.0.1:{port}")
        client = HubConnection(open_socket, FakeWorkstation("W"), new_key(), default_wire())
        await client.connect()
        async with asyncio.timeout(30):
            with pytest.raises(BenchError) as caught:
                await client.register_workstation_info(WorkstationInfo("W"))
        await client.close()
    return caught.value


@pytest.mark.parametrize(
    ("end", "number"),
    [
        (closed_with(1002), 1002),
        (closed_with(1008), 1008),
        (closed_with(1011), 1011),
        (closed_with(4000), 4000),
        (reset, errno.ECONNRESET),
    ],
    ids=["protocol error", "policy", "internal error", "the server's own", "reset"],
)
async def test_a_failure_with_a_number_is_a_network_error(end: End, number: int) -> None:
    error = await failure(end)
    assert isinstance(error, HesNetworkError)
    assert error.number == number


@pytest.mark.parametrize(
    "end",
    [closed_with(1000), closed_with(1001), closed_with(1012), cut],
    ids=["normal", "going away", "restart", "cut"],
)
async def test_a_connection_that_merely_ends_is_lost(end: End) -> None:
    error = await failure(end)
    assert isinstance(error, HesError)
    assert error.code is HesErrorCode.HesNotConnected
    assert str(error).endswith("; what it has answered stands, connect again when it is back.")


async def test_a_server_that_cannot_be_reached_is_not_connected() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen, nor may anybody else
        open_socket = WebSockets(f"http://127.0.0.1:{taken.getsockname()[1]}")
        client = HubConnection(open_socket, FakeWorkstation("W"), new_key(), default_wire())
        with pytest.raises(HesError) as caught:
            await client.connect()
    assert caught.value.code is HesErrorCode.HesNotConnected
