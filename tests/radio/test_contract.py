"""What every radio promises to a GATT server and to bleak. The same tests run on each of them (`--radio`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from hideez_bench.emulator.peripheral.gatt import AttError, GattServer
from tests.radio.central import Central, Inbox, on_air
from tests.radio.probe import (
    CONTROL,
    EVENTS,
    FIRST,
    NAME,
    SECOND,
    STRICT,
    VALUE,
    WAIT,
    Connected,
    Disconnected,
    Probe,
    Subscribed,
)
from tests.radio.radios import RadioUnderTest

pytestmark = pytest.mark.bluez

GONE = 1.0
"""Seconds of scanning after which a silent peripheral counts as not found."""
LARGEST_WRITE = 510
"""Bytes: BlueZ takes no longer value from a central, whatever the MTU."""


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def server(radio: RadioUnderTest, probe: Probe) -> AsyncIterator[GattServer]:
    async with on_air(radio.make_server(probe)) as started:
        yield started


@pytest.fixture
async def central(radio: RadioUnderTest) -> Central:
    return Central(radio.scanner_kwargs(), radio.client_kwargs())


@pytest.fixture
async def client(server: GattServer, probe: Probe, central: Central) -> AsyncIterator[BleakClient]:
    """A connected client; the event of its connection is already taken."""
    async with await central.client() as connected:
        await probe.expect(Connected)
        yield connected


# Advertising


@pytest.mark.usefixtures("server")
async def test_is_found_by_name_and_tells_its_first_service(radio: RadioUnderTest) -> None:
    found = asyncio.Queue[list[str]]()
    async with BleakScanner(
        lambda _, advert: found.put_nowait(advert.service_uuids) if advert.local_name == NAME else None,
        **radio.scanner_kwargs(),
    ):
        async with asyncio.timeout(WAIT):
            assert FIRST in await found.get()


@pytest.mark.usefixtures("server")
async def test_is_found_by_the_uuid_of_its_first_service(radio: RadioUnderTest) -> None:
    device = await BleakScanner.find_device_by_filter(
        lambda _, advert: advert.local_name == NAME,
        WAIT,
        service_uuids=[FIRST],
        **radio.scanner_kwargs(),
    )
    assert device is not None
    assert device.name == NAME


@pytest.mark.parametrize("name", ["HB-Ключ", "HB-a key/with:anything"])
async def test_any_name_can_be_advertised(radio: RadioUnderTest, central: Central, name: str) -> None:
    async with on_air(radio.make_server(Probe(name))):
        assert await central.find(name) is not None


async def test_is_not_found_once_stopped_and_found_again_once_restarted(
    radio: RadioUnderTest, probe: Probe, central: Central
) -> None:
    server = radio.make_server(probe)
    await server.start()
    assert await central.find(NAME) is not None
    await server.stop()
    await server.stop()
    assert await central.find(NAME, GONE) is None
    async with on_air(radio.make_server(probe)):
        assert await central.find(NAME) is not None


async def test_stop_drops_the_link(radio: RadioUnderTest, probe: Probe, central: Central) -> None:
    async with on_air(radio.make_server(probe)):
        client = await central.client()
        await client.connect()
    await central.wait_lost()
    await client.disconnect()  # bleak frees its own means only now


# Discovery of services


async def test_all_services_and_characteristics_are_discovered(client: BleakClient) -> None:
    found = {
        characteristic.uuid: (service.uuid, set(characteristic.properties))
        for service in client.services
        for characteristic in service.characteristics
        if service.uuid in {FIRST, SECOND}
    }
    assert found == {
        CONTROL: (FIRST, {"write", "write-without-response", "notify"}),
        VALUE: (FIRST, {"read"}),
        STRICT: (FIRST, {"write"}),
        EVENTS: (SECOND, {"read", "notify"}),
    }


# Reading and writing


async def test_a_read_is_answered_by_the_application(client: BleakClient, probe: Probe) -> None:
    assert await client.read_gatt_char(VALUE) == b"a value"
    probe.values[VALUE] = bytes(range(256)) * 2
    assert await client.read_gatt_char(VALUE) == bytes(range(256)) * 2
    probe.values[VALUE] = b""
    assert await client.read_gatt_char(VALUE) == b""


async def test_the_application_knows_who_reads_and_writes(
    server: GattServer, probe: Probe, central: Central
) -> None:
    async with await central.client() as client:
        connected = await probe.expect(Connected)
        await client.read_gatt_char(VALUE)
        await client.write_gatt_char(STRICT, b"x", response=True)
        written = await probe.next_write()
    assert probe.readers == [connected.central]
    assert written.central == connected.central
    assert written.mtu > 23


async def test_writes_with_and_without_response_arrive_in_order(client: BleakClient, probe: Probe) -> None:
    sent = [bytes([number]) * (number % 20) for number in range(60)]
    for number, value in enumerate(sent):
        await client.write_gatt_char(CONTROL, value, response=number % 3 == 0)
    assert [(await probe.next_write()).value for _ in sent] == sent


async def test_the_largest_write_without_response_arrives_and_a_longer_one_is_refused(
    client: BleakClient, probe: Probe
) -> None:
    characteristic = client.services.get_characteristic(CONTROL)
    assert characteristic is not None
    limit = characteristic.max_write_without_response_size
    largest = bytes(min(limit, LARGEST_WRITE))
    await client.write_gatt_char(characteristic, largest, response=False)
    written = await probe.next_write()
    assert written.value == largest
    assert written.mtu == limit + 3
    with pytest.raises(BleakError):
        await client.write_gatt_char(characteristic, bytes(limit + 1), response=False)


async def test_a_write_with_response_may_be_longer_than_one_packet(client: BleakClient, probe: Probe) -> None:
    value = bytes(range(250)) * 2
    await client.write_gatt_char(STRICT, value, response=True)
    assert (await probe.next_write()).value == value


async def test_a_write_longer_than_an_attribute_is_refused(client: BleakClient, probe: Probe) -> None:
    with pytest.raises(BleakError):
        await client.write_gatt_char(STRICT, bytes(513), response=True)
    await client.write_gatt_char(STRICT, b"short", response=True)
    assert (await probe.next_write()).value == b"short"


@pytest.mark.parametrize("code", [0x80, 0x9F, 0x08, 0x0D])
async def test_an_error_of_the_application_reaches_the_central(
    client: BleakClient, probe: Probe, code: int
) -> None:
    probe.errors = {VALUE: AttError(code), STRICT: AttError(code)}
    with pytest.raises(BleakGATTProtocolError) as read:
        await client.read_gatt_char(VALUE)
    assert read.value.code == code
    with pytest.raises(BleakGATTProtocolError) as write:
        await client.write_gatt_char(STRICT, b"x", response=True)
    assert write.value.code == code
    probe.errors = {}
    assert await client.read_gatt_char(VALUE) == b"a value"


async def test_what_the_properties_do_not_allow_is_refused(client: BleakClient, probe: Probe) -> None:
    with pytest.raises(BleakGATTProtocolError) as read:
        await client.read_gatt_char(STRICT)
    assert read.value.code == BleakGATTProtocolErrorCode.READ_NOT_PERMITTED
    with pytest.raises(BleakGATTProtocolError) as write:
        await client.write_gatt_char(VALUE, b"x", response=True)
    assert write.value.code == BleakGATTProtocolErrorCode.WRITE_NOT_PERMITTED
    with pytest.raises(BleakError):
        await client.start_notify(VALUE, Inbox())
    assert probe.readers == []
    assert probe.events.empty()


# Notifications


async def test_notifications_come_only_while_subscribed(
    client: BleakClient, server: GattServer, probe: Probe
) -> None:
    control, events = Inbox(), Inbox()
    server.notify(CONTROL, b"nobody listens")
    await client.start_notify(CONTROL, control)
    event = await probe.expect(Subscribed)
    assert (event.uuid, event.enabled) == (CONTROL, True)
    await client.start_notify(EVENTS, events)
    event = await probe.expect(Subscribed)
    assert (event.uuid, event.enabled) == (EVENTS, True)

    server.notify(CONTROL, b"heard")
    assert await control.next() == b"heard"

    await client.stop_notify(CONTROL)
    event = await probe.expect(Subscribed)
    assert (event.uuid, event.enabled) == (CONTROL, False)
    server.notify(CONTROL, b"nobody listens")
    server.notify(EVENTS, b"still heard")
    assert await events.next() == b"still heard"
    assert control.empty


async def test_a_burst_of_notifications_arrives_complete_and_in_order(
    client: BleakClient, server: GattServer, probe: Probe
) -> None:
    inbox = Inbox()
    await client.start_notify(CONTROL, inbox)
    await probe.expect(Subscribed)
    sent = [number.to_bytes(2, "big") * 10 for number in range(400)]
    for value in sent:
        server.notify(CONTROL, value)
    assert [await inbox.next() for _ in sent] == sent
    # The server lives on.
    await client.write_gatt_char(STRICT, b"alive", response=True)
    assert (await probe.next_write()).value == b"alive"


async def test_equal_and_empty_values_are_notified_each_time(
    client: BleakClient, server: GattServer, probe: Probe
) -> None:
    inbox = Inbox()
    await client.start_notify(CONTROL, inbox)
    await probe.expect(Subscribed)
    for value in (b"same", b"same", b"", b"", b"last"):
        server.notify(CONTROL, value)
    assert [await inbox.next() for _ in range(5)] == [b"same", b"same", b"", b"", b"last"]


async def test_each_write_can_be_answered_by_a_notification(
    client: BleakClient, server: GattServer, probe: Probe
) -> None:
    inbox = Inbox()
    await client.start_notify(CONTROL, inbox)
    await probe.expect(Subscribed)
    for number in range(50):
        await client.write_gatt_char(CONTROL, bytes([number]), response=False)
        server.notify(CONTROL, (await probe.next_write()).value + b"!")
        assert await inbox.next() == bytes([number]) + b"!"


# Links


async def test_the_peripheral_sees_the_central_come_and_go(
    server: GattServer, probe: Probe, central: Central
) -> None:
    centrals = set()
    for _ in range(3):
        client = await central.client()
        await client.connect()
        came = await probe.expect(Connected)
        await client.disconnect()
        assert await probe.next() == Disconnected(came.central)
        assert not client.is_connected
        centrals.add(came.central)
    assert len(centrals) == 1, "the same central has one name"


async def test_the_central_sees_the_peripheral_go(
    client: BleakClient, server: GattServer, probe: Probe, central: Central
) -> None:
    await server.disconnect()
    await central.wait_lost()
    await probe.expect(Disconnected)
    assert not client.is_connected
    with pytest.raises(BleakError):
        await client.write_gatt_char(CONTROL, b"x", response=True)
    assert await central.find(NAME) is not None, "it advertises again"


async def test_a_subscription_does_not_survive_its_link(
    server: GattServer, probe: Probe, central: Central
) -> None:
    first, second = Inbox(), Inbox()
    async with await central.client() as client:
        came = await probe.expect(Connected)
        await client.start_notify(CONTROL, first)
        assert await probe.next() == Subscribed(came.central, CONTROL, enabled=True)
    assert await probe.next() == Subscribed(came.central, CONTROL, enabled=False)
    assert await probe.next() == Disconnected(came.central)
    async with await central.client() as client:
        assert await probe.next() == came
        await client.start_notify(EVENTS, second)
        assert await probe.next() == Subscribed(came.central, EVENTS, enabled=True)
        server.notify(CONTROL, b"nobody listens")
        server.notify(EVENTS, b"heard")
        assert await second.next() == b"heard"
        assert first.empty


async def test_two_peripherals_do_not_hear_each_other(radio: RadioUnderTest, central: Central) -> None:
    if radio.peripherals < 2:
        pytest.skip("this radio has adapters for one peripheral only")
    probes = [Probe("HB-left"), Probe("HB-right")]
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(on_air(radio.make_server(probe, i)))
            for i, probe in enumerate(probes)
        ]
        clients, inboxes = [], [Inbox(), Inbox()]
        for probe, inbox in zip(probes, inboxes, strict=True):
            client = await stack.enter_async_context(await central.client(probe.name))
            await probe.expect(Connected)
            await client.start_notify(CONTROL, inbox)
            await probe.expect(Subscribed)
            clients.append(client)
        for number in range(20):
            for side in (0, 1):
                await clients[side].write_gatt_char(CONTROL, bytes([side, number]), response=False)
                servers[side].notify(CONTROL, bytes([side, number, 1]))
        for side in (0, 1):
            written = [await probes[side].next_write() for _ in range(20)]
            assert [write.value for write in written] == [bytes([side, number]) for number in range(20)]
            assert [await inboxes[side].next() for _ in range(20)] == [bytes([side, n, 1]) for n in range(20)]
            assert probes[side].events.empty()
            assert inboxes[side].empty
