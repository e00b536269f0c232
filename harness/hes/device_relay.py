"""The client's end of a deviceHub: carries the server's messages to one key, one at a time, and brings its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hideez_bench.harness.hes.signalr_client import HubClient, OpenSocket
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import REMOTE
from hideez_bench.protocol.device_hub import (
    Answer,
    Command,
    Request,
    answer_to_json,
    command_from_json,
    error_to_json,
)
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import Workstation
from hideez_bench.protocol.signalr import Json
from hideez_bench.protocol.transport import MessageTransport
from hideez_bench.protocol.wire import Wire

_Call = tuple[str, tuple[Json, ...]]


async def relay(
    open_socket: OpenSocket,
    headers: Mapping[str, str],
    workstation: Workstation,
    serial: str,
    channel: int,
    wire: Wire,
) -> None:
    """Relay between the server and a key that is connected here, until either has enough.

    Raises:
        HesError: the key is not connected here, or the channel is not the server's.
        Disconnected: the deviceHub cannot be reached.
        Malformed: the server asked for what is not to be relayed.
    """
    transport = await workstation.establish_remote_hw_vault_connection(serial, channel)
    calls: asyncio.Queue[_Call | None] = asyncio.Queue()
    hub = await HubClient.connect(
        open_socket,
        "/deviceHub",
        {**headers, "DeviceId": serial},
        on_call=lambda target, arguments: calls.put_nowait((target, arguments)),
        on_closed=lambda: calls.put_nowait(None),
    )
    try:
        while call := await calls.get():
            await _carry(hub, transport, wire, command_from_json(wire, *call))
    finally:
        await hub.close()


async def _carry(hub: HubClient, transport: MessageTransport, wire: Wire, command: Command) -> None:
    try:
        answer = await _ask(transport, command.request)
    except BenchError as error:
        if command.response:
            await hub.send(command.response.target, error_to_json(command.response, error))
        return
    if command.response:
        await hub.send(command.response.target, answer_to_json(wire, command.response, answer))


async def _ask(transport: MessageTransport, request: Request) -> Answer:
    match request:
        case m.Envelope():
            return await transport.encrypted(request, REMOTE.of_command(len(request.sealed)))
        case m.GetRootKey():
            return await transport.control(request, REMOTE.root_key)
        case m.VerifyEncryption() | m.ResetEncryption():
            return await transport.control(request, REMOTE.verify)
