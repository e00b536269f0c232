"""How long a host waits for a key that says it is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import pytest

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import ErrorName, PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.values import InfoCharacteristic, Version
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


ANSWERED: list[tuple[m.ControlRequest, m.FromKey]] = [
    (m.ReadInfo(), m.Info(InfoCharacteristic(0, 1, 512, 8))),
    (m.ReadValue(0x2A19), m.Value(0x2A19, b"\x64")),
    (m.BootInfo(), m.BootDescription(ErrorName.Ok, Version(3, 0, 0), 131072, 480)),
    (m.BootErase(), m.BootErased(ErrorName.Ok)),
    (m.BootWrite(0, b"x"), m.BootWritten(ErrorName.BOOT_STATUS_ERASE_REQ)),
    (m.BootVerify(1, bytes(32), bytes(64)), m.BootVerified(ErrorName.BOOT_STATUS_BAD_SIGNATURE)),
    (m.BootRun(), m.BootStarted(ErrorName.BOOT_STATUS_PARTIAL)),
]


@pytest.mark.parametrize(("request_", "answer"), ANSWERED, ids=lambda message: type(message).__name__)
async def test_every_control_request_has_its_own_answer(
    request_: m.ControlRequest, answer: m.FromKey
) -> None:
    link = SilentLink()
    transport = PacketTransport(link, WIRE)
    asked = asyncio.create_task(transport.control(request_, timeout=5))
    await link.written.wait()
    others = [other for _, other in ANSWERED if other.command is not answer.command]
    for message in (*others, answer):  # an answer to what nobody asked does not count
        for packet in fragment(WIRE, PacketKind.CONTROL, WIRE.from_key.build(message), link.max_packet):
            link.say(packet)
    assert await asked == answer
