"""The way to BlueZ that bless uses: dbus_next's connection, put right, and the choice of the adapter."""

from __future__ import annotations

from collections.abc import Iterable

from dbus_next.aio import MessageBus
from dbus_next.constants import BusType, MessageType
from dbus_next.errors import AuthError, InvalidAddressError
from dbus_next.message import Message

from hideez_bench.emulator.peripheral.patient_socket import PatientSocket
from hideez_bench.protocol.errors import BenchError

BLUEZ = "org.bluez"
ADAPTER = "org.bluez.Adapter1"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"


class BluezBus(MessageBus):  # type: ignore[misc]  # dbus_next ships no types
    """dbus_next's connection to the system bus, without its leaks and its impatience."""

    def __init__(self) -> None:
        super().__init__(bus_type=BusType.SYSTEM)
        self._writer.sock = PatientSocket(self._sock)

    def _setup_socket(self) -> None:
        try:
            super()._setup_socket()
        except OSError:
            self.free()
            raise

    async def _auth_readline(self) -> str:
        """One line of the greeting. dbus_next's never returns when the bus hangs up."""
        line = b""
        while not line.endswith(b"\r\n"):
            byte = await self._loop.sock_recv(self._sock, 1)
            if not byte:
                raise AuthError("the bus hung up")
            line += byte
        return line[:-2].decode()

    async def ask(self, path: str, interface: str, member: str) -> Message:
        """Call a method of BlueZ that takes nothing; the reply may be an error."""
        return await self.call(Message(destination=BLUEZ, path=path, interface=interface, member=member))

    async def add_match(self, rule: str) -> None:
        """Ask the bus for the signals that a rule describes."""
        bus = "org.freedesktop.DBus"
        await self.call(Message(bus, "/org/freedesktop/DBus", bus, "AddMatch", signature="s", body=[rule]))

    def shut(self) -> None:
        """Begin to disconnect; nothing if the connection has ended."""
        if not self._disconnected:
            self.disconnect()

    def free(self) -> None:
        """Give the socket back."""
        self._stream.close()
        self._sock.close()


async def _leave_name_alone(*_: object) -> None:
    """Stands where bless would set the adapter's name."""


async def connect() -> BluezBus:
    """Connect to the system bus, or to the one that DBUS_SYSTEM_BUS_ADDRESS names."""
    hint = "start it, or use the loopback radio (`hideez-bench radio`)"
    try:
        bus = BluezBus()
    except (OSError, InvalidAddressError) as error:
        raise BenchError(f"There is no D-Bus system bus to reach BlueZ over ({error}); {hint}.") from error
    try:
        await bus.connect()
    except (OSError, EOFError, AuthError) as error:
        bus.free()
        raise BenchError(f"The D-Bus system bus does not let this user in ({error}); {hint}.") from error
    return bus


async def find_adapter(bus: BluezBus, wanted: str | None) -> str:
    """The object path of the wanted adapter, or of the first that is switched on."""
    reply = await bus.ask("/", OBJECT_MANAGER, "GetManagedObjects")
    if reply.message_type is MessageType.ERROR:
        raise BenchError(
            f"bluetoothd does not run, so there is no Bluetooth here ({error_text(reply)}); start it."
        )
    adapters: dict[str, bool] = {
        path.rsplit("/", 1)[-1]: interfaces[ADAPTER]["Powered"].value
        for path, interfaces in reply.body[0].items()
        if ADAPTER in interfaces and "org.bluez.GattManager1" in interfaces
    }
    if not adapters:
        raise BenchError("BlueZ knows no Bluetooth adapter: plug one in, or use the loopback radio.")
    if wanted is not None and wanted not in adapters:
        raise BenchError(f"There is no Bluetooth adapter {wanted}; there is {_listed(adapters)}.")
    chosen = wanted or next((name for name in _in_order(adapters) if adapters[name]), None)
    if chosen is None or not adapters[chosen]:
        off = chosen or _listed(adapters)
        raise BenchError(
            f"The Bluetooth adapter {off} is switched off; `bluetoothctl power on` switches it on."
        )
    return f"/org/bluez/{chosen}"


def _in_order(names: Iterable[str]) -> list[str]:
    """hci2 before hci10."""
    return sorted(names, key=lambda name: (len(name), name))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_in_order(names))


def error_text(reply: Message) -> str:
    """What an error reply says."""
    return str(reply.body[0]) if reply.body else str(reply.error_name)
