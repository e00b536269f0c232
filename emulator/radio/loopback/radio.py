"""The loopback radio as a whole: a bus, the stand-in for BlueZ on it, and the proof that it answers."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any, Self

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.peripheral.patient_socket import PatientSocket
from hideez_bench.emulator.radio.loopback.adapter import ADAPTER
from hideez_bench.emulator.radio.loopback.air import Air
from hideez_bench.emulator.radio.loopback.bus import PrivateBus
from hideez_bench.emulator.radio.loopback.environment import system_bus
from hideez_bench.emulator.radio.loopback.objects import OBJECT_MANAGER
from hideez_bench.protocol.errors import BenchError


class LoopbackRadio:
    """Adapters hci0, hci1, … that hear one another, on a bus that unmodified bless and bleak take for the system's.

    Enter it as a context. The stand-in runs in the event loop that entered it, and must be let run; bless and
    bleak may be in the same loop (inside `joined()`) or in other processes (with `address` in
    DBUS_SYSTEM_BUS_ADDRESS).
    """

    def __init__(
        self, adapters: int = 2, *, mtu: int = 247, announce_every: float = 0.1, forget_after: float = 10.0
    ) -> None:
        """`mtu` is the ATT MTU in bytes, the times are in seconds: see `Air`."""
        self._count = adapters
        self._mtu = mtu
        self._announce_every = announce_every
        self._forget_after = forget_after
        self._stack = AsyncExitStack()
        self._bus: PrivateBus | None = None
        self._daemon = AsyncExitStack()
        self.address = ""
        """The bus address, once entered."""

    async def __aenter__(self) -> Self:
        """Start the bus and the stand-in; done when a client of it has seen the adapters.

        Raises:
            BenchError: there is no dbus-daemon, or it does not work.
        """
        async with AsyncExitStack() as stack:
            self._bus = await stack.enter_async_context(PrivateBus())
            self.address = self._bus.address
            stack.push_async_callback(self.stop_daemon)
            await self.start_daemon()
            await self._check()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """End it; whatever is still connected loses its bus."""
        await self._stack.aclose()

    async def stop_daemon(self) -> None:
        """The stand-in dies, as bluetoothd does in a crash: its bus goes on, and nobody is told of anything."""
        await self._daemon.aclose()

    async def start_daemon(self) -> None:
        """The stand-in begins, as new: it knows no device and no application of before."""
        async with AsyncExitStack() as stack:
            connection = await _connect(self.address, stack)
            air = Air(connection, self._count, self._mtu, self._announce_every, self._forget_after)
            air.open()
            stack.push_async_callback(air.close)
            await connection.request_name("org.bluez")
            self._daemon = stack.pop_all()

    def joined(self) -> AbstractAsyncContextManager[None]:
        """A context in which bless and bleak in this process are on this radio. Leave it before the radio ends."""
        return system_bus(self.address)

    async def wait_ended(self) -> None:
        """Return when the bus has gone down by itself."""
        if self._bus is not None:
            await self._bus.wait_ended()

    async def _check(self) -> None:
        """Come as a stranger and look."""
        async with AsyncExitStack() as stack:
            client = await _connect(self.address, stack)
            reply = await client.call(Message("org.bluez", "/", OBJECT_MANAGER, "GetManagedObjects"))
            seen = reply.body[0].values() if reply.message_type is MessageType.METHOD_RETURN else ()
            if sum(ADAPTER in interfaces for interfaces in seen) != self._count:
                raise BenchError("The loopback radio started, but a client does not see its adapters.")


async def _connect(address: str, stack: AsyncExitStack) -> MessageBus:
    """Connect to the bus, until the stack unwinds."""
    bus = await MessageBus(bus_address=address).connect()
    writer: Any = bus._writer  # noqa: SLF001  # there is no public way in
    writer.sock = PatientSocket(writer.sock)
    stack.push_async_callback(_disconnect, bus)
    return bus


async def _disconnect(bus: MessageBus) -> None:
    if bus.connected:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
