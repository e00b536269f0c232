"""Keys within reach, as their advertisements come in: bleak's scanner as a stream that several can follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from hideez_bench.harness.links.bleak_link import BleakOptions, NoBluetooth, scan_errors
from hideez_bench.protocol.profile import Profile

FAINTEST, STRONGEST = -100, -50
GONE_SECONDS = 10.0
"""After so long without an advertisement a key counts as out of reach (modelled)."""

SILENCE_SECONDS = 3.0
"""A scan that has heard nothing at all for so long is begun anew: nothing tells that a scan has died."""

Listener = Callable[["Advertisement"], None]


def proximity_percent(rssi: int) -> float:
    """How near a signal of so many dBm is, in percent.

    Modelled: the client's formula is not public. This is the usual one for signal quality, a straight line from
    -100 dBm (0 %) to -50 dBm (100 %), by which the default threshold of 70 % is -65 dBm.
    """
    return max(0.0, min(100.0, (rssi - FAINTEST) * 100 / (STRONGEST - FAINTEST)))


@dataclass(frozen=True)
class Advertisement:
    """A key said that it is there: local name, address, signal in dBm and in percent.

    `device` is bleak's, by which it can be connected without another search.
    """

    name: str
    address: str
    rssi: int
    proximity: float
    device: BLEDevice | None = field(default=None, repr=False, compare=False)

    @classmethod
    def heard(cls, name: str, address: str, rssi: int, device: BLEDevice | None = None) -> Advertisement:
        """One whose proximity follows from its signal."""
        return cls(name, address, rssi, proximity_percent(rssi), device)

    def is_of(self, *, serial: str = "", mac: str = "") -> bool:
        """Whether this is the key of a serial number or address (12 hexadecimal digits, with or without separators).

        The local name ends with the last five digits of the serial number.
        """
        if mac and mac.replace(":", "").upper() == self.address.replace(":", "").upper():
            return True
        return bool(serial) and serial[-5:] == self.name[-5:]


class Airwaves:
    """Who is within reach, and who wants to know. Fed by a `Scan`, or by a test."""

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._listeners: dict[Listener, None] = {}
        self._deaf_since: float | None = None
        self._deaf_for = 0.0
        self._latest: dict[str, tuple[float, Advertisement]] = {}

    def hear(self, advertisement: Advertisement) -> None:
        """Tell everybody."""
        self._latest[advertisement.address] = (self.time_listened(), advertisement)
        for listener in list(self._listeners):
            listener(advertisement)

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """Inside, the listener is called at each advertisement."""
        self._listeners[listener] = None
        try:
            yield
        finally:
            del self._listeners[listener]

    def in_reach(self) -> list[Advertisement]:
        """The latest advertisement of each key that is not out of reach."""
        earliest = self.time_listened() - GONE_SECONDS
        self._latest = {address: heard for address, heard in self._latest.items() if heard[0] >= earliest}
        return [advertisement for _, advertisement in self._latest.values()]

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Inside, nothing can be heard: no key gets out of reach by saying nothing."""
        began = self._deaf_since = self._now()
        try:
            yield
        finally:
            self._deaf_for += self._now() - began
            self._deaf_since = None

    def time_listened(self) -> float:
        """Seconds on a clock that stands still while nothing can be heard."""
        now = self._now() if self._deaf_since is None else self._deaf_since
        return now - self._deaf_for

    async def wait_for(
        self, matches: Callable[[Advertisement], bool], *, timeout: float
    ) -> Advertisement | None:
        """The first advertisement from now on that matches; None if there is none within `timeout` seconds."""
        found: asyncio.Future[Advertisement] = asyncio.get_running_loop().create_future()

        def look(advertisement: Advertisement) -> None:
            if not found.done() and matches(advertisement):
                found.set_result(advertisement)

        with self.listening(look):
            try:
                async with asyncio.timeout(timeout):
                    return await found
            except TimeoutError:
                return None

    def _now(self) -> float:
        return (self._clock or asyncio.get_running_loop().time)()


class Scan:
    """Inside, what keys advertise on this radio comes into `airwaves`. `only` is the one name or address wanted.

    Where Bluetooth goes away meanwhile, it is looked for until it is back; `on_radio` is told of both, with the reason
    why it is gone, or with None.

    Raises:
        NoBluetooth: there is nothing to scan with at the beginning.
    """

    def __init__(
        self,
        airwaves: Airwaves,
        profile: Profile,
        options: BleakOptions | None = None,
        *,
        only: str = "",
        on_radio: Callable[[NoBluetooth | None], None] = lambda gone: None,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._silence = silence
        self._airwaves = airwaves
        self._on_radio = on_radio
        self._is_there = True
        self._heard_at = 0.0
        self._turn = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None
        self._services = {profile.uuid("hideez_service"), profile.uuid("hideez_service_second")}
        self._only = only.upper()
        self._scanner_options = (options or BleakOptions()).scanner
        self._scanner: BleakScanner | None = None

    async def __aenter__(self) -> Self:
        await self._start()
        self._watching = asyncio.get_running_loop().create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watching, self._watching = self._watching, None
        if watching:
            watching.cancel()
            await asyncio.wait([watching])
        await self._stop()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Inside, nothing is scanned for: BlueZ does not connect, nor speak to a key, as well while it scans."""
        async with self._turn:
            had_died = await self._stop()
            try:
                with self._airwaves.deaf():
                    yield
            finally:
                if self._watching:
                    await self._begin_anew(had_died)

    async def _watch(self) -> None:
        """Begin the scan anew whenever it was silent, which brings it back if it had died."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(max(self._heard_at + self._silence - loop.time(), 0.1))
            async with self._turn:
                if loop.time() - self._heard_at >= self._silence:
                    await self._begin_anew(await self._stop())

    async def _begin_anew(self, had_died: bool) -> None:
        try:
            await self._start()
        except NoBluetooth as error:
            self._heard_at = asyncio.get_running_loop().time()
            self._tell_radio(error)
        else:
            if had_died:  # and with the scan all that hung on the radio
                self._tell_radio(NoBluetooth("Bluetooth on this machine was gone for a moment."))
            self._tell_radio(None)

    def _tell_radio(self, gone: NoBluetooth | None) -> None:
        """Once when it goes, once when it is back."""
        if self._is_there is (gone is not None):
            self._is_there = gone is None
            self._on_radio(gone)

    async def _start(self) -> None:
        with scan_errors():
            self._scanner = BleakScanner(self._heard, **self._scanner_options)
            await self._scanner.start()
        self._heard_at = asyncio.get_running_loop().time()

    async def _stop(self) -> bool:
        """Whether it had ended by itself."""
        scanner, self._scanner = self._scanner, None
        try:
            if scanner:
                await scanner.stop()
        except (BleakError, EOFError, OSError):
            return True
        return False

    def _heard(self, device: BLEDevice, data: AdvertisementData) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        name = data.local_name or device.name or ""
        # By name alone one might take a mouse for a key: a scanner may show a name that it remembers.
        if not self._services & set(data.service_uuids):
            return
        if self._only and self._only not in (name.upper(), device.address.upper()):
            return
        self._airwaves.hear(Advertisement.heard(name, device.address, data.rssi, device))
