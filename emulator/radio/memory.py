"""Bluetooth as an object in this process: no adapter, no message bus, no other clock than the event loop's.

    radio = MemoryRadio()
    server = radio.server(application)
    await server.start()
    host = radio.backend()
    device = await BleakScanner.find_device_by_name("HK-00203", backend=host.scanner)
    async with BleakClient(device, backend=host.client) as client:
        ...

bleak is unmodified: its `backend=` seam takes the two classes of `radio.backend()`. Nothing is shared between
radios. Everything that crosses the air is a loop step of its own, in the order in which it was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bleak.backends.scanner import AdvertisementData

from hideez_bench.emulator.peripheral.gatt import GattApplication
from hideez_bench.emulator.radio.memory_bleak import Backend, MemoryScanner, make_backend
from hideez_bench.emulator.radio.memory_server import MemoryServer
from hideez_bench.protocol.errors import BenchError

if TYPE_CHECKING:
    from hideez_bench.emulator.radio.memory_link import Link

CENTRAL = "02:00:00:00:00:01"
"""The address of a central that was not given one."""


class MemoryRadio:
    """Any number of peripherals and centrals within reach of each other.

    Args:
        mtu: the ATT MTU that every link agrees on, 23 to 517 bytes.
        interval: seconds between two advertisements of a peripheral.
    """

    def __init__(self, *, mtu: int = 247, interval: float = 0.1) -> None:
        if not 23 <= mtu <= 517:
            raise BenchError(f"An ATT MTU has 23 to 517 bytes, not {mtu}; choose one of these.")
        self.mtu = mtu
        self.known: set[tuple[str, str]] = set()
        """(central, peripheral): what each central's host remembers; `unpair` forgets."""
        self.bonded: set[tuple[str, str]] = set()
        """(central, peripheral): what is paired. Take one out, and that bond is lost."""
        self.is_on = True
        self._interval = interval
        self._servers: dict[str, MemoryServer] = {}
        self._scanners: dict[MemoryScanner, None] = {}
        self._next_round: asyncio.TimerHandle | None = None
        self._appearing: dict[str, asyncio.Event] = {}
        self._rssi: dict[str, Callable[[], int]] = {}
        self._muted: set[str] = set()
        self._backends: dict[str, Backend] = {}
        self._addresses = _static_addresses()

    # What one puts on the radio

    def server(self, application: GattApplication, address: str = "") -> MemoryServer:
        """A peripheral that serves `application`; without an address it gets a fresh static random one."""
        return MemoryServer(self, application, (address or next(self._addresses)).upper())

    def backend(self, central: str = CENTRAL) -> Backend:
        """What bleak needs to act as the host whose Bluetooth address is `central`."""
        central = central.upper()
        if central not in self._backends:
            self._backends[central] = make_backend(self, central)
        return self._backends[central]

    # Faults

    def cut(self, central: str | None = None) -> None:
        """Lose the links of one central, or all of them: what was on its way is lost, both sides see it."""
        for link in self._links():
            if central is None or link.central == central.upper():
                link.close()

    def rssi(self, address: str, dbm: int | Callable[[], int]) -> None:
        """Let a peripheral be heard at `dbm` from its next advertisement on (-60 if never said).

        A function is asked at each advertisement.
        """
        self._rssi[address.upper()] = dbm if callable(dbm) else lambda: dbm

    def mute(self, address: str, *, muted: bool = True) -> None:
        """Let nobody hear a peripheral, nor connect to it; the links that it has stay."""
        if muted:
            self._muted.add(address.upper())
        else:
            self._muted.discard(address.upper())
            self._appear(address.upper())

    def close(self) -> None:
        """The Bluetooth stack goes away, for good: links are lost, servers and scanners stop."""
        self.is_on = False
        self.cut()
        for server in list(self._servers.values()):
            server.closed.set()
        self._servers.clear()
        for scanner in list(self._scanners):
            self.stop_scan(scanner)

    # For servers

    def put_on_air(self, server: MemoryServer) -> None:
        """Let a server be heard and connected to.

        Raises:
            BenchError: the radio is closed, or the address is on the air already.
        """
        if not self.is_on:
            raise BenchError("The in-process radio is closed; make a new one.")
        if self._servers.get(server.address, server) is not server:
            raise BenchError(
                f"{server.address} is on the air already; stop the other server, or choose another address."
            )
        self._servers[server.address] = server
        self._appear(server.address)

    def take_off_air(self, server: MemoryServer) -> None:
        """Let a server no longer be heard."""
        if self._servers.get(server.address) is server:
            del self._servers[server.address]

    # For centrals

    def reachable(self, address: str) -> MemoryServer | None:
        """The server that advertises under an address, if one is heard."""
        return None if address in self._muted else self._servers.get(address)

    async def appearance(self, address: str) -> MemoryServer:
        """Wait for as long as it takes until a server is heard under an address."""
        while (server := self.reachable(address)) is None:
            await self._appearing.setdefault(address, asyncio.Event()).wait()
        return server

    def start_scan(self, scanner: MemoryScanner) -> None:
        """Let a scanner hear every peripheral now, and once in each interval."""
        self._scanners[scanner] = None
        for server in self._servers.values():
            self._announce(server, [scanner])
        if self._next_round is None:
            self._schedule_round()

    def stop_scan(self, scanner: MemoryScanner) -> None:
        """Let a scanner hear nothing more; without scanners the radio has no timer."""
        self._scanners.pop(scanner, None)
        if self._next_round is not None and not self._scanners:
            self._next_round.cancel()
            self._next_round = None

    # Inside

    def _links(self) -> Iterator[Link]:
        for server in list(self._servers.values()):
            yield from list(server.links.values())

    def _appear(self, address: str) -> None:
        server = self.reachable(address)
        if server is None:
            return
        waiting = self._appearing.pop(address, None)
        if waiting is not None:
            waiting.set()
        self._announce(server, list(self._scanners))

    def _schedule_round(self) -> None:
        self._next_round = asyncio.get_running_loop().call_later(self._interval, self._round)

    def _round(self) -> None:
        self._schedule_round()
        scanners = list(self._scanners)
        for server in self._servers.values():
            self._announce(server, scanners)

    def _announce(self, server: MemoryServer, scanners: list[MemoryScanner]) -> None:
        if not scanners or server.address in self._muted:
            return
        advertisement = AdvertisementData(
            local_name=server.application.name,
            manufacturer_data={},
            service_data={},
            service_uuids=[service.uuid for service in server.application.services[:1]],
            tx_power=None,
            rssi=self._rssi[server.address]() if server.address in self._rssi else -60,
            platform_data=(),
        )
        loop = asyncio.get_running_loop()
        for scanner in scanners:
            loop.call_soon(scanner.hear, server.address, advertisement)


def _static_addresses() -> Iterator[str]:
    for number in range(1 << 24):
        low = f"{number:06X}"
        yield f"C0:DE:00:{low[:2]}:{low[2:4]}:{low[4:]}"
