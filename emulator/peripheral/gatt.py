"""The two sides that a GATT peripheral joins.

A `GattApplication` is what stands behind the attributes: it answers reads, takes writes and learns who came
and went. A `GattServer` puts one application on the air. The Hideez Key is one application; bless and the
in-process radio are two servers. The contract that both servers keep is `tests/radio/test_contract.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from hideez_bench.protocol.services import Service


class AttError(Exception):
    """Raised by an application in `read` or `write`: the central gets this error code instead of success.

    Every radio can carry the codes 0x02, 0x03, 0x06, 0x07, 0x08, 0x0D and 0x80-0x9F (Bluetooth Core 5.4,
    Vol 3, Part F, 3.4.1.1); any other arrives as 0x0E, unlikely error, where the stack cannot say it. The
    error of a write reaches only a central that waits for a response; where a characteristic can also be
    written without response, BlueZ sends that response before it asks the application.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


class Door(Protocol):
    """Who may connect to a peripheral, and who may bond with it."""

    def admits(self, central: str, *, secure: bool) -> bool:
        """Whether a central may have a link. A server that cannot refuse one ends it at once.

        `secure` says that the central is going to encrypt it, as far as the server can tell.
        """
        ...

    def is_bonded(self, central: str) -> bool:
        """Whether the peripheral's side has a bond with a central."""
        ...

    def pairing_asked(self, central: str, answer: Callable[[bool], None]) -> None:
        """A central starts pairing; `answer` is to be called once, now or later, with whether it may."""
        ...

    def pairing_given_up(self, central: str) -> None:
        """The central broke the pairing off before it was answered."""
        ...


class OpenDoor:
    """Anybody may connect, and bond without being asked anything."""

    def __init__(self) -> None:
        self.bonds: set[str] = set()

    def admits(self, central: str, *, secure: bool) -> bool:
        """See `Door.admits`."""
        return True

    def is_bonded(self, central: str) -> bool:
        """See `Door.is_bonded`."""
        return central in self.bonds

    def pairing_asked(self, central: str, answer: Callable[[bool], None]) -> None:
        """See `Door.pairing_asked`."""
        self.bonds.add(central)
        answer(True)

    def pairing_given_up(self, central: str) -> None:
        """See `Door.pairing_given_up`."""


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

    @property
    def door(self) -> Door:
        """Who may connect and bond."""
        ...

    def connected(self, central: str) -> None:
        """A central has a link."""
        ...

    def disconnected(self, central: str) -> None:
        """The link of a central is gone, whoever ended it."""
        ...

    def subscribed(self, central: str, uuid: str, enabled: bool) -> None:
        """A central switched the notifications of a characteristic on or off.

        The end of a link switches them off too, before `disconnected` tells of it. BlueZ tells of the first
        central to switch them on and the last one to switch them off, and not which one it was: there, of
        several centrals, `central` is the one that connected last.
        """
        ...

    def read(self, central: str, uuid: str) -> bytes:
        """The value of a readable characteristic, at most 512 bytes.

        Raises:
            AttError: the central is to get this error.
        """
        ...

    def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
        """A value written, with or without response.

        `mtu` is the ATT MTU of the link in bytes, 23 if unknown.

        Raises:
            AttError: the central is to get this error, if it asked for a response.
        """
        ...


class GattServer(Protocol):
    """Puts one application on the air."""

    async def start(self, *, advertise: bool = True) -> None:
        """Register the services and advertise. Returns when a central can find and connect.

        Raises:
            BenchError: there is no adapter, or the Bluetooth stack refused.
        """
        ...

    async def advertise(self, enabled: bool) -> None:
        """Begin or cease to advertise, between `start` and `stop`. Links stay as they are.

        Raises:
            BenchError: the Bluetooth stack refused.
        """
        ...

    async def stop(self) -> None:
        """Drop the links, stop advertising, remove the services, close what was opened.

        Safe to call twice. A stopped server cannot be started again: make another.
        """
        ...

    def notify(self, uuid: str, value: bytes) -> None:
        """Send a notification to every subscribed central, in the order of the calls, none merged or lost.

        Nobody gets one that was sent before `subscribed` told of a subscription. `value` is at most `mtu - 3`
        bytes, `mtu` as `GattApplication.write` told it; a longer one is cut by the link.
        """
        ...

    async def disconnect(self) -> None:
        """End every link from the peripheral's side. Advertising goes on."""
        ...

    def forget(self, central: str) -> None:
        """Have the stack remove its bond with a central, once their link has ended.

        The application calls this when it has removed its own.
        """
        ...

    async def wait_closed(self) -> None:
        """Return when the server can serve no more, though nobody stopped it.

        That is when the Bluetooth daemon, or the way to it, went away.
        """
        ...
