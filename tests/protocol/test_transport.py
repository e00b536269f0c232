"""How long a host waits for a key that says it is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.wire import default_wire

WIRE = default_wire()
BUSY_INTERVAL, BUSY_LIMIT = WIRE.profile.seconds("busy_interval"), WIRE.profile.seconds("busy_limit")


class SilentLink:
    """A link to nobody; the test speaks for the key."""

    name = "nobody"
    info = b""
    max_packet = 244

    def __init__(self) -> None:
        self.say: Callable[[bytes], None] = lambda packet: None
        self.written = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def send(self, packet: bytes, *, confirm: bool = False) -> None:
        self.written.set()

    def listen(self, on_packet: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self.say = on_packet

    async def delete_bond(self) -> None:
        pass


async def test_busy_keeps_a_host_waiting_beyond_the_next_busy_and_never_beyond_the_limit() -> None:
    link = SilentLink()
    transport = PacketTransport(link, WIRE)
    request = asyncio.create_task(transport.encrypted(m.Envelope(1, 1, bytes(8)), timeout=BUSY_INTERVAL))
    await link.written.wait()
    waiting = transport._waiting[1]
    started = asyncio.get_running_loop().time()
    (busy,) = fragment(WIRE, PacketKind.CONTROL, WIRE.from_key.build(m.Busy(1)), 20)
    link.say(busy)
    ends = waiting.deadline.when()
    assert ends is not None
    # The next BUSY travels too: a host that gave up at the very moment it is due would give up too soon.
    assert ends - started > BUSY_INTERVAL + 1
    waiting.extend(started + BUSY_LIMIT)
    ends = waiting.deadline.when()
    assert ends is not None
    assert ends - started <= BUSY_LIMIT
    request.cancel()
