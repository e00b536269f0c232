"""A way to a key without any radio: `protocol.Link` over a `Key` in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.protocol.link import LinkLost


class DirectLink:
    """Packets go to the key at once, and come from it through the event loop.

    `sent` keeps every packet that went to the key, `received` every one that came from it.
    """

    def __init__(self, key: Key, host: str = "pc", max_packet: int = 20) -> None:
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self._key = key
        self._host = host
        self._max_packet = max_packet
        self._key_side: KeyLink | None = None
        self._on_packet: Callable[[bytes], None] = lambda packet: None
        self._on_lost: Callable[[], None] = lambda: None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def send(packet: bytes) -> None:
            self.received.append(packet)
            loop.call_soon(self._on_packet, packet)

        def drop() -> None:
            loop.call_soon(lambda: self._on_lost())

        self._key_side = self._key.connect(self._host, send, lambda: self._max_packet, drop)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._key_side is not None:
            self._key_side.disconnected()
            self._key_side = None

    @property
    def key_side(self) -> KeyLink:
        """The key's end of the link."""
        if self._key_side is None:
            raise LinkLost("The link to the key is closed.")
        return self._key_side

    @property
    def name(self) -> str:
        return self._key.local_name

    @property
    def info(self) -> bytes:
        return self._key.info_characteristic()

    @property
    def max_packet(self) -> int:
        return self._max_packet

    async def send(self, packet: bytes, *, confirm: bool = False) -> None:
        self.sent.append(packet)
        self.key_side.receive(packet)

    def listen(self, on_packet: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        self._on_packet, self._on_lost = on_packet, on_lost

    async def drop(self) -> None:
        """Lose the link, as a key does that goes out of range."""
        await self.__aexit__(None, None, None)
        self._on_lost()

    async def delete_bond(self) -> None:
        self._key.forget_host(self._host)
        await self.drop()
