"""What only the loopback has: several programs and keys on one bus, adapters that are switched, programs that die."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import bless
import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakDBusError, BleakError
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.radio.loopback import LoopbackRadio, peripheral
from hideez_bench.protocol.errors import BenchError
from tests.clocks import an_hour_passes
from tests.radio.central import Central, Inbox, on_air
from tests.radio.probe import CONTROL, FIRST, STRICT, VALUE, WAIT, Connected, Disconnected, Probe, Subscribed
from tests.radio.radios import needs_loopback

pytestmark = needs_loopback

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
SOON = 0.3
"""Seconds of scanning after which a peripheral that is not there counts as not found."""


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackRadio]:
    async with LoopbackRadio(adapters=3) as opened, opened.joined():
        yield opened


class Program:
    """Some other program on the bus, that speaks D-Bus itself."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.signals: asyncio.Queue[Message] = asyncio.Queue()
        bus.add_message_handler(self._take)

    def _take(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            self.signals.put_nowait(message)

    async def call(
        self, path: str, interface: str, member: str, signature: str = "", body: list[Any] | None = None
    ) -> Message:
        message = Message("org.bluez", path, interface, member, signature=signature, body=body or [])
        return await self.bus.call(message)

    async def error(self, path: str, interface: str, member: str, *arguments: Any) -> str | None:
        """The name of the error that a call gives."""
        signature, body = (arguments[0], list(arguments[1:])) if arguments else ("", [])
        return (await self.call(path, interface, member, signature, body)).error_name

    async def set(self, path: str, interface: str, name: str, value: Variant) -> Message:
        return await self.call(path, PROPERTIES, "Set", "ssv", [interface, name, value])

    async def objects(self) -> dict[str, dict[str, dict[str, Variant]]]:
        reply = await self.call("/", OBJECT_MANAGER, "GetManagedObjects")
        found: dict[str, dict[str, dict[str, Variant]]] = reply.body[0]
        return found

    async def devices(self, adapter: str) -> list[str]:
        below = f"/org/bluez/{adapter}/dev_"
        return [path for path in await self.objects() if path.startswith(below) and path.count("/") == 4]

    async def wait_signal(self, member: str, path: str) -> Message:
        """Wait for the coming, going or change of an object."""
        async with asyncio.timeout(WAIT):
            while True:
                message = await self.signals.get()
                subject = message.body[0] if message.member != "PropertiesChanged" else message.path
                if message.member == member and subject == path:
                    return message


@asynccontextmanager
async def program(address: str) -> AsyncIterator[Program]:
    bus = await MessageBus(bus_address=address).connect()
    rule = "type='signal',sender='org.bluez'"
    await bus.call(
        Message(
            "org.freedesktop.DBus",
            "/org/freedesktop/DBus",
            "org.freedesktop.DBus",
            "AddMatch",
            signature="s",
            body=[rule],
        )
    )
    try:
        yield Program(bus)
    finally:
        if bus.connected:
            bus.disconnect()
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


@pytest.fixture
async def stranger(loopback: LoopbackRadio) -> AsyncIterator[Program]:
    async with program(loopback.address) as other:
        yield other


@asynccontextmanager
async def python(source: str, address: str) -> AsyncIterator[Process]:
    """Another process on the radio, killed at the end. Its first line of output means that it is ready."""
    env = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": address}
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", source, stdout=PIPE, env=env)
    try:
        assert child.stdout is not None
        async with asyncio.timeout(WAIT):
            assert await child.stdout.readline() == b"ready\n"
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


KEY = """
import asyncio
from hideez_bench.emulator.peripheral.bless_server import BlessServer
from tests.radio.probe import Probe
async def main():
    await BlessServer(Probe()).start()
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""
HOST = """
import asyncio
from tests.clocks import an_hour_passes
from tests.radio.central import Central, Inbox
from tests.radio.probe import CONTROL
async def main():
    client = await Central.on_adapter("hci1").client()
    await client.connect()
    await client.start_notify(CONTROL, Inbox())
    print("ready", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


# Keys and centrals


@pytest.mark.usefixtures("loopback")
async def test_bless_and_bleak_meet_on_the_adapter_that_both_take_by_default() -> None:
    probe = Probe()
    async with on_air(BlessServer(probe)), await Central.on_adapter(None).client() as client:
        came = await probe.expect(Connected)
        assert await client.read_gatt_char(VALUE) == b"a value"
        assert probe.readers == [came.central]
    assert await probe.next() == Disconnected(came.central)
    assert probe.events.empty()


@pytest.mark.usefixtures("loopback")
async def test_several_keys_on_one_adapter_have_addresses_and_links_of_their_own() -> None:
    probes = [Probe("HB-left"), Probe("HB-right")]
    central = Central.on_adapter("hci1")
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(on_air(BlessServer(probe, "hci0"))) for probe in probes]
        clients = [await stack.enter_async_context(await central.client(probe.name)) for probe in probes]
        assert clients[0].address != clients[1].address
        came = [await probe.expect(Connected) for probe in probes]
        assert came[0] == came[1]
        await servers[0].disconnect()
        await probes[0].expect(Disconnected)
        assert await clients[1].read_gatt_char(VALUE) == b"a value"
        assert probes[1].events.empty()


@pytest.mark.usefixtures("loopback")
async def test_a_key_keeps_its_address_over_a_restart() -> None:
    central = Central.on_adapter("hci1")
    addresses = set()
    for _ in range(2):
        async with on_air(BlessServer(Probe())):
            device = await central.find()
            assert device is not None
            addresses.add(device.address)
    assert len(addresses) == 1


@pytest.mark.usefixtures("loopback")
async def test_centrals_on_two_adapters_have_links_of_their_own() -> None:
    probe = Probe()
    async with on_air(BlessServer(probe, "hci0")) as server, AsyncExitStack() as stack:
        inboxes = [Inbox(), Inbox()]
        clients: list[BleakClient] = []
        for adapter, inbox in zip(("hci1", "hci2"), inboxes, strict=True):
            client = await stack.enter_async_context(await Central.on_adapter(adapter).client())
            await client.start_notify(CONTROL, inbox)
            clients.append(client)
        first = await probe.expect(Connected)
        await probe.expect(Subscribed)
        second = await probe.expect(Connected)
        assert first.central != second.central

        server.notify(CONTROL, b"both")
        assert [await inbox.next() for inbox in inboxes] == [b"both", b"both"]
        for client, came in zip(clients, (first, second), strict=True):
            await client.write_gatt_char(STRICT, b"who?", response=True)
            assert (await probe.next_write()).central == came.central

        await clients[0].disconnect()
        assert await probe.next() == Disconnected(first.central)
        server.notify(CONTROL, b"one")
        assert await inboxes[1].next() == b"one"
        assert inboxes[0].empty


async def test_two_programs_on_one_adapter_share_a_link(loopback: LoopbackRadio, stranger: Program) -> None:
    probe = Probe()
    async with on_air(BlessServer(probe, "hci0")):
        client = await Central.on_adapter("hci1").client()
        await client.connect()
        await probe.expect(Connected)
        [path] = await stranger.devices("hci1")
        async with program(loopback.address) as other:
            assert await other.error(path, DEVICE, "Connect") is None
        # The other program went, and the link is still this one's.
        assert await client.read_gatt_char(VALUE) == b"a value"
        assert await stranger.error(path, DEVICE, "Disconnect") is None
        await probe.expect(Disconnected)
        assert not client.is_connected
        await client.disconnect()


async def test_plain_bless_works_as_it_is(loopback: LoopbackRadio, stranger: Program) -> None:
    server = bless.BlessServer(name="plain")
    server.read_request_func = lambda characteristic, **_: characteristic.value

    def write(characteristic: Any, value: bytes, **_: Any) -> None:
        characteristic.value = value
        server.update_value(FIRST, CONTROL)

    server.write_request_func = write
    flags, permissions = bless.GATTCharacteristicProperties, bless.GATTAttributePermissions
    await server.add_new_service(FIRST)
    await server.add_new_characteristic(
        FIRST,
        CONTROL,
        flags.read | flags.write | flags.notify,
        bytearray(b"plain"),
        permissions.readable | permissions.writeable,
    )
    await server.start()
    inbox = Inbox()
    async with await Central.on_adapter(None).client("plain") as client:
        assert await client.read_gatt_char(CONTROL) == b"plain"
        await client.start_notify(CONTROL, inbox)
        await client.write_gatt_char(CONTROL, b"new", response=True)
        assert await inbox.next() == b"new"
    await server.stop()
    server.bus.disconnect()  # which bless leaves to its user
    await server.bus.wait_for_disconnect()
    server.bus._stream.close()
    server.bus._sock.close()


async def test_the_smallest_mtu_cuts_notifications_and_reads_values_in_parts() -> None:
    probe, inbox, value = Probe(), Inbox(), bytes(range(256)) * 2
    probe.values[VALUE] = value
    async with (
        LoopbackRadio(mtu=23) as radio,
        radio.joined(),
        on_air(BlessServer(probe)) as server,
        await Central.on_adapter(None).client() as client,
    ):
        assert await client.read_gatt_char(VALUE) == value
        await client.start_notify(CONTROL, inbox)
        await probe.expect(Connected)
        await probe.expect(Subscribed)
        server.notify(CONTROL, value)
        assert await inbox.next() == value[:20]


# Programs that die


async def test_a_program_that_does_not_answer_is_not_waited_for_for_ever(
    stranger: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peripheral, "REQUEST_TIMEOUT", 0.05)
    stranger.bus.add_message_handler(lambda message: message.message_type is MessageType.METHOD_CALL)
    hci0, gatt = "/org/bluez/hci0", "org.bluez.GattManager1"
    error = await stranger.error(hci0, gatt, "RegisterApplication", "oa{sv}", "/", {})
    assert error == "org.bluez.Error.Failed"


async def test_a_key_that_hangs_loses_its_link(
    loopback: LoopbackRadio, monkeypatch: pytest.MonkeyPatch
) -> None:
    central = Central.on_adapter("hci1")
    async with python(KEY, loopback.address) as key, await central.client() as client:
        key.send_signal(signal.SIGSTOP)
        monkeypatch.setattr(peripheral, "REQUEST_TIMEOUT", 0.1)
        with pytest.raises(BleakError):
            await client.read_gatt_char(VALUE)
        await central.wait_lost()


async def test_a_killed_key_is_lost_at_once_and_can_be_started_again(loopback: LoopbackRadio) -> None:
    central = Central.on_adapter("hci1")
    for _ in range(2):
        async with python(KEY, loopback.address) as key:
            client = await central.client()
            await client.connect()
            key.kill()
            await central.wait_lost()
            with pytest.raises(BleakError):
                await client.read_gatt_char(VALUE)
            await client.disconnect()  # bleak frees its own means only now
            assert await central.find(timeout=SOON) is None


async def test_a_killed_host_is_gone_with_its_subscriptions(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    probe = Probe()
    async with on_air(BlessServer(probe, "hci0")):
        async with python(HOST, loopback.address) as host:
            came = await probe.expect(Connected)
            await probe.expect(Subscribed)
            host.kill()
            assert await probe.next() == Subscribed(came.central, CONTROL, enabled=False)
            assert await probe.next() == Disconnected(came.central)
        assert not (await stranger.objects())["/org/bluez/hci1"][ADAPTER]["Discovering"].value


async def test_a_radio_leaves_nothing_behind() -> None:
    async with LoopbackRadio() as radio:
        socket = Path(radio.address.removeprefix("unix:path=").split(",")[0])
        assert socket.parent.stat().st_mode & 0o777 == 0o700
    assert not socket.parent.exists()


async def test_the_bus_dies_with_its_owner() -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from hideez_bench.harness.cli import main; main()", "radio", stdout=PIPE
    )
    assert owner.stdout is not None
    address = (await owner.stdout.readline()).decode().strip().split("=", 1)[1]
    async with program(address) as other:
        owner.kill()
        async with asyncio.timeout(WAIT):
            with pytest.raises(EOFError):
                await other.bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
    await owner.communicate()
    shutil.rmtree(Path(address.removeprefix("unix:path=").split(",")[0]).parent)


# Switching, and the passing of time


async def test_an_adapter_that_is_switched_off_is_silent_and_comes_back(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    probe, central = Probe(), Central.on_adapter("hci1")
    async with on_air(BlessServer(probe, "hci0")):
        async with await central.client():
            await stranger.set("/org/bluez/hci0", ADAPTER, "Powered", Variant("b", False))
            await central.wait_lost()
            await probe.expect(Connected)
            await probe.expect(Disconnected)
        assert await central.find(timeout=SOON) is None
        assert (
            await stranger.error("/org/bluez/hci0", ADAPTER, "StartDiscovery") == "org.bluez.Error.NotReady"
        )
        await stranger.set("/org/bluez/hci0", ADAPTER, "Powered", Variant("b", True))
        async with await central.client() as client:
            assert await client.read_gatt_char(VALUE) == b"a value"


async def test_a_switched_off_central_loses_its_links_and_its_scan(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    probe, central = Probe(), Central.on_adapter("hci1")
    async with on_air(BlessServer(probe, "hci0")), await central.client():
        await probe.expect(Connected)
        await stranger.call("/org/bluez/hci1", ADAPTER, "StartDiscovery")
        await stranger.set("/org/bluez/hci1", ADAPTER, "Powered", Variant("b", False))
        await central.wait_lost()
        await probe.expect(Disconnected)
        assert not (await stranger.objects())["/org/bluez/hci1"][ADAPTER]["Discovering"].value


async def test_a_device_is_forgotten_some_time_after_it_went_off_the_air(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    async with on_air(BlessServer(Probe(), "hci0")):
        await Central.on_adapter("hci1").find()
        [path] = await stranger.devices("hci1")
    an_hour_passes()
    await stranger.wait_signal("InterfacesRemoved", path)
    assert await stranger.devices("hci1") == []


async def test_a_connection_waits_for_a_key_that_is_silent(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    central = Central.on_adapter("hci1")
    async with on_air(BlessServer(Probe(), "hci0")):
        client = await central.client()
        [path] = await stranger.devices("hci1")
    connecting = asyncio.create_task(client.connect())
    async with on_air(BlessServer(Probe(), "hci0")):
        await connecting
        assert await client.read_gatt_char(VALUE) == b"a value"
        await client.disconnect()
    an_hour_passes()
    await stranger.wait_signal("InterfacesRemoved", path)


async def test_a_connection_that_waits_can_be_given_up(loopback: LoopbackRadio, stranger: Program) -> None:
    async with on_air(BlessServer(Probe(), "hci0")):
        await Central.on_adapter("hci1").find()
        [path] = await stranger.devices("hci1")
    calls = (stranger.call(path, DEVICE, "Connect"), stranger.call(path, DEVICE, "Disconnect"))
    reply, _ = await asyncio.gather(*calls)
    assert reply.error_name == "org.bluez.Error.Failed"
    assert reply.body == ["le-connection-abort-by-local"]


# BlueZ's rules


async def test_only_who_listens_hears_and_only_what_passes_the_filter(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    hci1, hci2 = "/org/bluez/hci1", "/org/bluez/hci2"
    async with on_air(BlessServer(Probe("HB-left"), "hci0")), on_air(BlessServer(Probe("HB-right"), "hci0")):
        wanted = {"Pattern": Variant("s", "HB-r"), "Transport": Variant("s", "le"), "RSSI": Variant("n", -90)}
        assert await stranger.error(hci1, ADAPTER, "SetDiscoveryFilter", "a{sv}", wanted) is None
        assert await stranger.error(hci1, ADAPTER, "StartDiscovery") is None
        assert await stranger.error(hci2, ADAPTER, "StartDiscovery") is None
        async with asyncio.timeout(WAIT):
            while len(await stranger.devices("hci2")) < 2:
                await stranger.signals.get()
        [heard] = await stranger.devices("hci1")
        assert (await stranger.objects())[heard][DEVICE]["Name"].value == "HB-right"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ({"Transport": Variant("s", "smoke")}, "org.bluez.Error.InvalidArguments"),
        ({"UUIDs": Variant("s", "no list")}, "org.bluez.Error.InvalidArguments"),
        ({"Colour": Variant("s", "red")}, "org.bluez.Error.InvalidArguments"),
    ],
)
async def test_a_wrong_filter_is_refused(stranger: Program, wanted: dict[str, Variant], error: str) -> None:
    assert await stranger.error("/org/bluez/hci0", ADAPTER, "SetDiscoveryFilter", "a{sv}", wanted) == error


async def test_wrong_use_is_refused_as_by_bluez(stranger: Program) -> None:
    hci0, freedesktop = "/org/bluez/hci0", "org.freedesktop.DBus.Error."
    gatt, advertising = "org.bluez.GattManager1", "org.bluez.LEAdvertisingManager1"
    wrong: list[tuple[str, tuple[Any, ...]]] = [
        ("org.bluez.Error.Failed", (hci0, ADAPTER, "StopDiscovery")),
        ("org.bluez.Error.DoesNotExist", (hci0, ADAPTER, "RemoveDevice", "o", "/org/bluez/hci0/dev_none")),
        ("org.bluez.Error.Failed", (hci0, gatt, "RegisterApplication", "oa{sv}", "/nothing", {})),
        ("org.bluez.Error.DoesNotExist", (hci0, gatt, "UnregisterApplication", "o", "/nothing")),
        ("org.bluez.Error.Failed", (hci0, advertising, "RegisterAdvertisement", "oa{sv}", "/nothing", {})),
        ("org.bluez.Error.DoesNotExist", (hci0, advertising, "UnregisterAdvertisement", "o", "/nothing")),
        (freedesktop + "UnknownMethod", (hci0, ADAPTER, "Dance")),
        (freedesktop + "InvalidArgs", (hci0, ADAPTER, "StartDiscovery", "s", "please")),
        (freedesktop + "UnknownObject", ("/org/bluez/hci9", ADAPTER, "StartDiscovery")),
        (freedesktop + "UnknownProperty", (hci0, PROPERTIES, "Get", "ss", ADAPTER, "Mood")),
        (
            freedesktop + "PropertyReadOnly",
            (hci0, PROPERTIES, "Set", "ssv", ADAPTER, "Address", Variant("s", "")),
        ),
    ]
    for expected, call in wrong:
        assert await stranger.error(*call) == expected, call
    assert await stranger.error(hci0, ADAPTER, "StartDiscovery") is None
    assert await stranger.error(hci0, ADAPTER, "StartDiscovery") == "org.bluez.Error.InProgress"


async def test_pairing_is_refused_in_words(loopback: LoopbackRadio) -> None:
    async with on_air(BlessServer(Probe(), "hci0")), await Central.on_adapter("hci1").client() as client:
        with pytest.raises(BleakDBusError, match="does not pair"):
            await client.pair()


async def test_what_is_read_is_shown_as_a_changed_value_as_by_bluez(
    loopback: LoopbackRadio, stranger: Program
) -> None:
    async with on_air(BlessServer(Probe(), "hci0")), await Central.on_adapter("hci1").client() as client:
        characteristic = client.services.get_characteristic(VALUE)
        assert characteristic is not None
        await client.read_gatt_char(characteristic)
        changed = await stranger.wait_signal("PropertiesChanged", characteristic.obj[0])
        assert changed.body[1]["Value"].value == b"a value"


# Several radios, and none


async def test_two_radios_do_not_hear_each_other() -> None:
    central = Central.on_adapter("hci1")
    async with LoopbackRadio() as one, LoopbackRadio() as other:
        async with one.joined():
            server = BlessServer(Probe(), "hci0")
            await server.start()
        async with other.joined():
            assert await central.find(timeout=SOON) is None
        async with one.joined():
            assert await central.find() is not None
            await server.stop()


async def test_the_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (None, "unix:path=/nowhere"):
        monkeypatch.delenv("DBUS_SYSTEM_BUS_ADDRESS", raising=False)
        if before:
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", before)
        async with LoopbackRadio() as radio, radio.joined():
            assert os.environ["DBUS_SYSTEM_BUS_ADDRESS"] == radio.address
            await BleakScanner.discover(0)
        assert os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") == before


async def test_without_a_dbus_daemon_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BenchError, match="install the package `dbus`"):
        async with LoopbackRadio():
            pass
