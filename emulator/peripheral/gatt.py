"""What a GATT peripheral is made of, and the two sides that it joins.

A `GattApplication` is what stands behind the attributes: it answers reads, takes writes and learns who came and
went. A `GattServer` puts one application on the air. The Hideez Key is one application; bless and the in-process
radio are two servers. The contract that both servers keep is `tests/radio/contract.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol


class Property(Flag):
    """What a central may do with a characteristic (Bluetooth Core 5.4, Vol 3, Part G, 3.3.1.1)."""

    READ = auto()
    WRITE = auto()
    WRITE_WITHOUT_RESPONSE = auto()
    NOTIFY = auto()


@dataclass(frozen=True)
class Characteristic:
    """A characteristic: its 128-bit UUID in lower case with dashes, and its properties."""

    uuid: str
    properties: Property


@dataclass(frozen=True)
class Service:
    """A primary service and its characteristics."""

    uuid: str
    characteristics: tuple[Characteristic, ...]


class GattApplication(Protocol):
    """What stands behind the attributes. Called from the event loop; never blocks.

    `central` names the host, the same for the same host at each of its connections where the stack tells it
    (its Bluetooth address).
    """

    @property
    def name(self) -> str:
        """The complete local name to advertise."""
        ...

    @property
    def services(self) -> Sequence[Service]:
        """The services, in the order in which they are registered; the first is advertised."""
        ...

    def connected(self, central: str) -> None:
        """A central has a link."""
        ...

    def disconnected(self, central: str) -> None:
        """The link of a central is gone, whoever ended it."""
        ...

    def subscribed(self, central: str, uuid: str, enabled: bool) -> None:
        """A central switched the notifications of a characteristic on or off."""
        ...

    def read(self, central: str, uuid: str) -> bytes:
        """The value of a readable characteristic, at most 512 bytes."""
        ...

    def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
        """A value written, with or without response; `mtu` is the ATT MTU of the link in bytes, 23 if unknown."""
        ...


class GattServer(Protocol):
    """Puts one application on the air."""

    async def start(self) -> None:
        """Register the services and advertise. Returns when a central can find and connect.

        Raises:
            BenchError: there is no adapter, or the Bluetooth stack refused.
        """
        ...

    async def stop(self) -> None:
        """Drop the links, stop advertising, remove the services, close what was opened. Safe to call twice."""
        ...

    def notify(self, uuid: str, value: bytes) -> None:
        """Send a notification to every subscribed central, in the order of the calls, none merged or lost.

        `value` is at most `mtu - 3` bytes, `mtu` as `GattApplication.write` told it; a longer one is cut by the link.
        """
        ...

    async def disconnect(self) -> None:
        """End every link from the peripheral's side. Advertising goes on."""
        ...

    async def wait_closed(self) -> None:
        """Return when the server can serve no more, though nobody stopped it (the Bluetooth daemon went away)."""
        ...
