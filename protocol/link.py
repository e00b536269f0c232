"""What carries packets between a host and a key, as the host sees it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self

from hideez_bench.protocol.errors import BenchError


class LinkLost(BenchError):
    """The link to the key is gone."""


class LinkTimeout(BenchError):
    """The time to connect was over: the key was not heard, or did not let itself be connected."""


class Link(Protocol):
    """An open way to one key. Entered, it is connected and listening; left, it is closed.

    Entering reads the info characteristic and subscribes to the main one; it writes nothing. A link is entered
    once. `send` may be called from one task at a time.
    """

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            LinkTimeout: the key is not there, or did not let itself be connected in time.
            BenchError: anything else stood in the way, as a bond that only one side has.
        """
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; nothing is raised when the link is gone already."""
        ...

    @property
    def name(self) -> str:
        """What a person calls this key: its local name or address."""
        ...

    @property
    def info(self) -> bytes:
        """The info characteristic as it was read."""
        ...

    @property
    def max_packet(self) -> int:
        """The largest packet that `send` takes, in bytes; at least 20."""
        ...

    async def send(self, packet: bytes, *, confirm: bool = False) -> None:
        """Write one packet; `confirm` asks the key's Bluetooth stack to acknowledge it.

        Raises:
            LinkLost: the link is gone.
        """
        ...

    def listen(self, on_packet: Callable[[bytes], None], on_lost: Callable[[], None]) -> None:
        """Name who is told of packets that arrive and, once, of a link that is lost. Called before any `send`."""
        ...

    async def delete_bond(self) -> None:
        """Make this host forget the key; the link ends with it. A link that found the key can do so after its end."""
        ...
