"""What the server over bless does beyond the contract: its manners on the machine, and what it says when it cannot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bleak.exc import BleakGATTProtocolError
from dbus_fast import Message, Variant
from dbus_fast.aio import MessageBus

from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.radio.loopback import LoopbackRadio
from hideez_bench.emulator.radio.loopback.air import Air
from hideez_bench.emulator.radio.loopback.bus import PrivateBus
from hideez_bench.emulator.radio.loopback.environment import system_bus
from hideez_bench.protocol.errors import BenchError
from tests.radio.central import Central, Inbox, on_air
from tests.radio.probe import CONTROL, VALUE, WAIT, Connected, Disconnected, Probe, Subscribed
from tests.radio.radios import needs_loopback

pytestmark = needs_loopback

ADAPTER = "org.bluez.Adapter1"
DBUS = "org.freedesktop.DBus"


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackRadio]:
    async with LoopbackRadio() as opened, opened.joined():
        yield opened


@contextlib.asynccontextmanager
async def bus_at(address: str) -> AsyncIterator[MessageBus]:
    bus = await MessageBus(bus_address=address).connect()
    try:
        yield bus
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


@pytest.fixture
async def bus(loopback: LoopbackRadio) -> AsyncIterator[MessageBus]:
    async with bus_at(loopback.address) as other:
        yield other


async def adapter_value(bus: MessageBus, name: str) -> Any:
    call = Message(
        "org.bluez", "/org/bluez/hci0", f"{DBUS}.Properties", "Get", signature="ss", body=[ADAPTER, name]
    )
    return (await bus.call(call)).body[0].value


async def programs(bus: MessageBus) -> set[str]:
    reply = await bus.call(Message(DBUS, "/org/freedesktop/DBus", DBUS, "ListNames"))
    return {name for name in reply.body[0] if name.startswith(":")}


async def power_off(bus: MessageBus, adapter: str) -> None:
    body = [ADAPTER, "Powered", Variant("b", False)]
    call = Message(
        "org.bluez", f"/org/bluez/{adapter}", f"{DBUS}.Properties", "Set", signature="ssv", body=body
    )
    await bus.call(call)


# Manners


async def test_the_adapter_keeps_its_name_and_every_service_is_primary_and_outside_of_bluez(
    bus: MessageBus,
) -> None:
    before, known = await adapter_value(bus, "Alias"), await programs(bus)
    async with on_air(BlessServer(Probe(), "hci0")):
        assert await adapter_value(bus, "Alias") == before
        [key] = await programs(bus) - known
        reply = await bus.call(Message(key, "/", f"{DBUS}.ObjectManager", "GetManagedObjects"))
        services = {
            path: interfaces["org.bluez.GattService1"]["Primary"].value
            for path, interfaces in reply.body[0].items()
            if "org.bluez.GattService1" in interfaces
        }
        assert list(services.values()) == [True, True]
        assert not any(path.startswith("/org/bluez") for path in reply.body[0])
    assert await adapter_value(bus, "Alias") == before


async def test_each_start_and_stop_leaves_no_connection_open(bus: MessageBus) -> None:
    known = await programs(bus)
    for _ in range(5):
        async with on_air(BlessServer(Probe(), "hci0")):
            assert len(await programs(bus)) == len(known) + 1
        assert await programs(bus) == known


async def test_nothing_is_printed_or_logged(
    loopback: LoopbackRadio, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    central = Central.on_adapter("hci1")
    async with on_air(BlessServer(Probe("HB-Ключ"), "hci0")), await central.client("HB-Ключ") as client:
        await client.read_gatt_char(VALUE)
    assert capfd.readouterr() == ("", "")
    # Not BlueZ's version, which bleak asks bluetoothctl for.
    assert [
        record.getMessage() for record in caplog.records if "bluetoothctl" not in record.getMessage()
    ] == []


@pytest.mark.usefixtures("loopback")
async def test_a_mistake_of_the_application_is_shown_here_and_an_unlikely_error_there() -> None:
    probe, shown = Probe(), list[dict[str, Any]]()
    del probe.values[VALUE]
    asyncio.get_running_loop().set_exception_handler(lambda _, context: shown.append(context))
    async with on_air(BlessServer(probe, "hci0")), await Central.on_adapter("hci1").client() as client:
        with pytest.raises(BleakGATTProtocolError) as error:
            await client.read_gatt_char(VALUE)
        assert error.value.code == 0x0E
    assert [type(context["exception"]) for context in shown] == [KeyError]


@pytest.mark.usefixtures("loopback")
async def test_a_server_that_is_not_on_the_air_is_harmless() -> None:
    server = BlessServer(Probe(), "hci0")
    server.notify(CONTROL, b"nobody")
    await server.disconnect()
    await server.stop()


@pytest.mark.usefixtures("loopback")
async def test_more_notifications_than_the_socket_holds_are_waited_for() -> None:
    probe, inbox = Probe(), Inbox()
    async with (
        on_air(BlessServer(probe, "hci0")) as server,
        await Central.on_adapter("hci1").client() as client,
    ):
        await client.start_notify(CONTROL, inbox)
        await probe.expect(Connected)
        await probe.expect(Subscribed)
        sent = [number.to_bytes(2, "big") * 50 for number in range(4000)]
        for value in sent:
            server.notify(CONTROL, value)
        assert [await inbox.next() for _ in sent] == sent


# The way out


async def test_it_is_closed_when_the_bus_goes_away() -> None:
    probe = Probe()
    async with LoopbackRadio() as radio, radio.joined():
        server = BlessServer(probe, "hci0")
        await server.start()
        client = await Central.on_adapter("hci1").client()
        await client.connect()
        await probe.expect(Connected)
        await radio.__aexit__()
        async with asyncio.timeout(WAIT):
            await server.wait_closed()
        await probe.expect(Disconnected)
        server.notify(CONTROL, b"nobody")
        await server.stop()
        await client.disconnect()


async def test_it_is_closed_when_bluetoothd_goes_away() -> None:
    async with PrivateBus() as private, system_bus(private.address):
        async with bus_at(private.address) as bluetoothd:
            air = Air(bluetoothd, adapters=1, mtu=247, announce_every=0.1, forget_after=1)
            air.open()
            await bluetoothd.request_name("org.bluez")
            server = BlessServer(Probe())
            await server.start()
            await air.close()
        async with asyncio.timeout(WAIT):
            await server.wait_closed()
        await server.stop()


# What is wrong, in one sentence


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("unix:path=/nowhere/socket", "There is no D-Bus system bus"),
        ("smoke:signals", "There is no D-Bus system bus"),
    ],
)
async def test_without_a_bus(address: str, sentence: str) -> None:
    async with system_bus(address):
        with pytest.raises(BenchError, match=sentence):
            await BlessServer(Probe()).start()


async def test_a_bus_that_hangs_up(tmp_path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    socket = tmp_path / "socket"
    async with await asyncio.start_unix_server(hang_up, socket), system_bus(f"unix:path={socket}"):
        with pytest.raises(BenchError, match="does not let this user in"):
            await BlessServer(Probe()).start()


async def test_without_bluetoothd() -> None:
    async with PrivateBus() as bus, system_bus(bus.address):
        with pytest.raises(BenchError, match="bluetoothd does not run"):
            await BlessServer(Probe()).start()


@pytest.mark.usefixtures("loopback")
async def test_without_the_adapter_that_is_wanted() -> None:
    with pytest.raises(BenchError, match="There is no Bluetooth adapter hci7; there is hci0, hci1"):
        await BlessServer(Probe(), "hci7").start()


async def test_with_the_adapters_switched_off(bus: MessageBus) -> None:
    await power_off(bus, "hci0")
    with pytest.raises(BenchError, match="The Bluetooth adapter hci0 is switched off"):
        await BlessServer(Probe(), "hci0").start()
    async with on_air(BlessServer(Probe())):  # takes the one that is on
        pass
    await power_off(bus, "hci1")
    with pytest.raises(BenchError, match="switched off"):
        await BlessServer(Probe()).start()


@pytest.mark.usefixtures("loopback")
async def test_when_bluez_refuses() -> None:
    async with contextlib.AsyncExitStack() as stack:
        for number in range(16):
            await stack.enter_async_context(on_air(BlessServer(Probe(f"HB-{number}"), "hci0")))
        with pytest.raises(
            BenchError, match="BlueZ refused to put HB-contract on the air: Maximum advertisements"
        ):
            await BlessServer(Probe(), "hci0").start()
