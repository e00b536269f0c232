"""The air between the adapters: who is on it, who listens, and what happens when a program goes away."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator

from dbus_fast import Message, MessageFlag, MessageType
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.radio.loopback.adapter import Adapter
from hideez_bench.emulator.radio.loopback.manager import Manager
from hideez_bench.emulator.radio.loopback.objects import PROPERTIES, ObjectTree
from hideez_bench.emulator.radio.loopback.peripheral import ADVERTISEMENT, CHARACTERISTIC, Peripheral

DBUS = "org.freedesktop.DBus"
# A real advertiser is heard at another strength each time; a central takes a change for a sign of life.
_RSSI = (-50, -52, -49, -51)
_FIRST_PAUSE = 0.005  # seconds


class Air:
    """All adapters of one stand-in, and the bus connection over which their objects are reached."""

    def __init__(
        self, bus: MessageBus, adapters: int, mtu: int, announce_every: float, forget_after: float
    ) -> None:
        """Make the adapters and their objects.

        `mtu` is in bytes. An advertisement is heard every `announce_every` seconds while anybody listens, and a
        peripheral is forgotten `forget_after` seconds after it went off the air.
        """
        self.bus = bus
        self.mtu = mtu
        self.forget_after = forget_after
        self.tree = ObjectTree(bus)
        self._announce_every = announce_every
        self._rssi = itertools.cycle(_RSSI)
        self._announcing: asyncio.TimerHandle | None = None
        self._change = asyncio.Event()
        self.adapters = [Adapter(self, index) for index in range(adapters)]
        for item in (Manager(self.tree), *self.adapters):
            self.tree.add(item)

    def open(self) -> None:
        """Begin to answer, and to notice programs that go away."""
        self.bus.add_message_handler(self._handle)
        # arg2 is the new owner: none.
        self._match("AddMatch", f"type='signal',sender='{DBUS}',member='NameOwnerChanged',arg2=''")

    async def close(self) -> None:
        """Stop announcing and answering."""
        if self._announcing is not None:
            self._announcing.cancel()
        for adapter in self.adapters:
            adapter.close()
        await self.tree.close()

    # Who is on the air

    def on_air(self) -> Iterator[tuple[Adapter, Peripheral]]:
        """Every peripheral that advertises, and its adapter."""
        for adapter in self.adapters:
            for peripheral in adapter.peripherals.values():
                if adapter.powered and peripheral.advertisements:
                    yield adapter, peripheral

    def find(self, address: str) -> tuple[Adapter, Peripheral] | None:
        """The peripheral with an address, if it advertises, and its adapter."""
        return next((found for found in self.on_air() if found[1].address == address), None)

    def change(self) -> None:
        """Wake those who wait for a change on the air."""
        self._change.set()
        self._change = asyncio.Event()

    async def changed(self) -> None:
        """Return when a peripheral came on the air or left it, or a program gave up a connection."""
        await self._change.wait()

    def announce(self) -> None:
        """Let all who listen hear all who advertise: now, soon again, and then at the usual pace.

        Soon again, because bleak begins to look at what it hears only a moment after it began to listen.
        """
        if self._announcing is not None:
            self._announcing.cancel()
        self._announce(_FIRST_PAUSE)

    def _announce(self, pause: float) -> None:
        self._announcing = None
        listeners = [adapter for adapter in self.adapters if adapter.discovery.active]
        for adapter in listeners:
            for _, peripheral in self.on_air():
                adapter.hear(peripheral, next(self._rssi))
        if listeners:
            longer = min(2 * pause, self._announce_every)
            self._announcing = asyncio.get_running_loop().call_later(pause, self._announce, longer)

    def forget_the_gone(self) -> None:
        """Start the clocks of those that went off the air."""
        for adapter in self.adapters:
            adapter.forget_gone()

    # Programs

    def watch(self, owner: str, *, enabled: bool) -> None:
        """Hear the changed properties of a program, which are its notifications, or no more."""
        rule = f"type='signal',sender='{owner}',interface='{PROPERTIES}',member='PropertiesChanged'"
        self._match("AddMatch" if enabled else "RemoveMatch", rule)

    def _match(self, member: str, rule: str) -> None:
        quiet = MessageFlag.NO_REPLY_EXPECTED
        body = [rule]
        self.bus.send(
            Message(DBUS, "/org/freedesktop/DBus", DBUS, member, flags=quiet, signature="s", body=body)
        )

    def _handle(self, message: Message) -> bool:
        if message.message_type is not MessageType.SIGNAL:
            return self.tree.handle(message)
        # Calls begin in tasks of their own: a signal must not overtake those that came before it.
        asyncio.get_running_loop().call_soon(self._signal, message)
        return False

    def _signal(self, message: Message) -> None:
        if message.member == "NameOwnerChanged" and message.sender == DBUS:
            self._program_gone(message.body[0])
        elif message.member == "PropertiesChanged" and message.interface == PROPERTIES:
            self._program_says(message)

    def _program_gone(self, name: str) -> None:
        self.tree.viewers.discard(name)
        for adapter in self.adapters:
            adapter.program_gone(name)

    def _program_says(self, message: Message) -> None:
        interface, changed, _ = message.body
        for adapter in self.adapters:
            peripheral = adapter.peripherals.get(message.sender or "")
            if peripheral is None:
                continue
            if interface == CHARACTERISTIC and "Value" in changed:
                peripheral.notify(message.path or "", bytes(changed["Value"].value))
            elif interface == ADVERTISEMENT and message.path in peripheral.advertisements:
                peripheral.advertisements[message.path].update(changed)
                self.announce()
