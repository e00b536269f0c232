"""A host whose key says anything: opening a channel ends well or in one sentence, and nothing is left waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import ErrorName, PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.wire import default_wire
from tests.fuzz.tape import Tape, recorded
from tests.protocol.golden import load, read

WIRE = default_wire()
SHAKE = read("golden_handshake.toml")
MOST_PACKETS = 100
TURNS = 5
"""Of the event loop: enough for a host to take an answer and send its next request."""


class ScriptedLink:
    """A link to nobody; `say` and `lose` are the key's part."""

    name = "nobody"
    info = b""
    max_packet = 244

    def __init__(self) -> None:
        self.say: Callable[[bytes], None] = lambda packet: None
        self.lose: Callable[[], None] = lambda: None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, packet: bytes, *, confirm: bool = False) -> None:
        pass

    def listen(self, on_packet: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self.say, self.lose = on_packet, on_lost

    async def delete_bond(self) -> None:
        pass


def golden_random(count: int) -> bytes:
    """Randomness that leads to the golden handshake, whose answers are then right."""
    if count == 16:
        return bytes.fromhex(SHAKE["host_nonce"])
    return (int(SHAKE["host_private"], 16) - 1).to_bytes(count, "big")


def seeds() -> Iterator[bytes]:
    """The golden handshake and the first reply on its channel, and everything else that a key can say."""
    golden: dict[str, Any] = {
        name: bytes.fromhex(each) for name, each in SHAKE.items() if isinstance(each, str)
    }
    parts = (golden[name] for name in ("key_public", "key_nonce", "proof"))
    root = _packets(WIRE.from_key.build(m.RootKey(ErrorName.Ok, golden["root_public"])))
    verified = _packets(WIRE.from_key.build(m.EncryptionVerified(ErrorName.Ok, SHAKE["channel"], *parts)))
    reply = _packets(bytes.fromhex(SHAKE["envelope"][2]["sealed"]), PacketKind.ENCRYPTED)
    yield recorded([*root, *verified, *reply])
    for each in load():
        if each.layer == "from_key":
            yield recorded(
                [*_packets(each.data), *root, *_packets(each.data), *verified, *_packets(each.data)]
            )


def _packets(message: bytes, kind: PacketKind = PacketKind.CONTROL) -> Sequence[bytes]:
    return list(fragment(WIRE, kind, message, ScriptedLink.max_packet))


def run(data: bytes) -> None:
    """The tape holds the packets that the key sends."""
    tape = Tape(data)
    packets: list[bytes] = []
    while tape and len(packets) < MOST_PACKETS:
        packets.append(tape.piece())
    asyncio.run(_meet(packets))


async def _meet(packets: Sequence[bytes]) -> None:
    link = ScriptedLink()
    transport = PacketTransport(link, WIRE)
    await transport.start()
    device = KeyDevice(transport, SHAKE["channel"], wire=WIRE, random=golden_random)
    opening = asyncio.create_task(device.verify_and_initialize())
    for packet in packets:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        link.say(packet)
    for _ in range(TURNS):
        await asyncio.sleep(0)
    link.lose()
    try:
        await opening
    except BenchError as error:
        assert str(error)
