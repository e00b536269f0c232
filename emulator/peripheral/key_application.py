"""A key behind GATT: its services, and the timer that lets it act when nobody writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.life import Audience
from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.emulator.peripheral.gatt import GattServer
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.profile import Profile
from hideez_bench.protocol.services import DEVICE_INFORMATION, key_services

# A notification that fits one radio packet with data length extension; a larger one would gain nothing.
LARGEST_PACKET = 244
ATT_HEADER = 3
SMALLEST_MTU = 23


class KeyDoor:
    """A key's own decision on who may connect and bond; `settle` is called after each that may have changed it."""

    def __init__(self, key: Key, settle: Callable[[], None]) -> None:
        self._key = key
        self._settle = settle

    def admits(self, central: str, *, secure: bool) -> bool:
        """See `Door.admits`."""
        return self._key.admits(central, secure=secure)

    def is_bonded(self, central: str) -> bool:
        """See `Door.is_bonded`."""
        return self._key.is_bonded(central)

    def pairing_asked(self, central: str, answer: Callable[[bool], None]) -> None:
        """See `Door.pairing_asked`."""
        self._key.pair(central, answer)
        self._settle()

    def pairing_given_up(self, central: str) -> None:
        """See `Door.pairing_given_up`."""
        self._key.give_up_pairing(central)
        self._settle()


class KeyApplication:
    """Hosts one `Key` on one `GattServer`.

    `make_server` is handed this application and returns the server that puts it on the air. Used as a context
    manager; inside, the key can be found and connected.
    """

    def __init__(
        self, key: Key, *, profile: Profile, make_server: Callable[[KeyApplication], GattServer]
    ) -> None:
        self.key = key
        self.services = key_services(profile)
        self._main = profile.uuid("main")
        self._battery = profile.uuid("battery_level")
        self._readable: dict[str, Callable[[], bytes]] = {
            profile.uuid("info"): key.info_characteristic,
            self._battery: lambda: bytes([key.battery]),
        }
        for name in DEVICE_INFORMATION:
            self._readable[profile.uuid(name)] = partial(self._device_information, name)
        self._links: dict[str, KeyLink] = {}
        self._mtu: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._dropping: asyncio.Task[None] | None = None
        self._told_battery = key.battery
        self._bonds = key.bonds
        self._is_advertised = False
        self._advertising: asyncio.Task[None] | None = None
        self.door = KeyDoor(key, self._tick)
        self.server = make_server(self)

    async def __aenter__(self) -> KeyApplication:
        self._is_advertised = self._wants_to_be_heard
        await self.server.start(advertise=self._is_advertised)
        self._tick()
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._timer:
            self._timer.cancel()
        if busy := [task for task in (self._advertising, self._dropping) if task]:
            await asyncio.wait(busy)
        await self.server.stop()
        for central in list(self._links):
            self.disconnected(central)
        if self._timer:
            self._timer.cancel()

    @property
    def name(self) -> str:
        """See `GattApplication.name`."""
        return self.key.local_name

    def press(self, button: Button) -> None:
        """A finger on the key's button."""
        self.key.press(button)
        self._tick()

    async def press_for(self, seconds: float) -> None:
        """A finger that stays on the key's button for so long."""
        self.key.finger.down()
        self._tick()
        await asyncio.sleep(seconds)
        self.key.finger.up()
        self._tick()

    def connected(self, central: str) -> None:
        """See `GattApplication.connected`."""
        if central in self._links:
            return
        self._mtu[central] = SMALLEST_MTU
        self._links[central] = self.key.connect(
            central,
            lambda packet: self.server.notify(self._main, packet),
            lambda: min(self._mtu[central] - ATT_HEADER, LARGEST_PACKET),
            self._drop_links,
        )
        self._tick()

    def disconnected(self, central: str) -> None:
        """See `GattApplication.disconnected`."""
        link = self._links.pop(central, None)
        if link:
            link.disconnected()
        self._tick()

    def subscribed(self, central: str, uuid: str, enabled: bool) -> None:
        """See `GattApplication.subscribed`. The server itself keeps notifications from who did not subscribe."""

    def read(self, central: str, uuid: str) -> bytes:
        """See `GattApplication.read`."""
        return self._readable[uuid]()

    def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
        """See `GattApplication.write`."""
        self.connected(central)
        self._mtu[central] = max(mtu, SMALLEST_MTU)
        self._links[central].receive(value)
        self._tick()

    def _device_information(self, name: str) -> bytes:
        return self.key.device_information[name].encode()

    def _drop_links(self) -> None:
        """The key restarts, and so ends all its links: each of them asks for it."""
        if self._dropping is None or self._dropping.done():
            self._dropping = asyncio.create_task(self.server.disconnect())

    def _tick(self) -> None:
        """Let the key do what is due, and come back when it next wants to."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due = self.key.tick()
        bonds, self._bonds = self._bonds, self.key.bonds
        for host in bonds - self._bonds:
            self.server.forget(host)
        if self.key.battery != self._told_battery:
            self._told_battery = self.key.battery
            self.server.notify(self._battery, bytes([self._told_battery]))
        if due is not None:
            self._timer = asyncio.get_running_loop().call_at(due, self._tick)
        if self._wants_to_be_heard != self._is_advertised and self._advertising is None:
            self._advertising = asyncio.get_running_loop().create_task(self._advertise())

    @property
    def _wants_to_be_heard(self) -> bool:
        return self.key.audience is not Audience.NOBODY

    async def _advertise(self) -> None:
        """Have the server follow the key, which may change its mind meanwhile."""
        try:
            while self._wants_to_be_heard != self._is_advertised:
                self._is_advertised = self._wants_to_be_heard
                await self.server.advertise(self._is_advertised)
        finally:
            self._advertising = None
