"""What only the in-process radio has, beyond the contract: many hosts, exact times, errors that do not vary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from hideez_bench.emulator.peripheral.gatt import AttError, GattServer
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.emulator.radio.virtual_time import DeadlockError, VirtualTimeLoop
from hideez_bench.protocol.errors import BenchError
from tests.radio.probe import (
    CONTROL,
    EVENTS,
    FIRST,
    SECOND,
    STRICT,
    VALUE,
    Connected,
    Probe,
    Subscribed,
    Written,
)

pytestmark = pytest.mark.virtual_time

ADDRESS = "C0:FF:EE:00:00:01"
ALICE = "02:00:00:00:00:0A"
BOB = "02:00:00:00:00:0B"


class Echo(Probe):
    """Answers each write with a notification of the same value, from within the write."""

    server: GattServer

    def write(self, central: str, uuid: str, value: bytes, mtu: int) -> None:
        super().write(central, uuid, value, mtu)
        self.server.notify(CONTROL, value)


@pytest.fixture
def radio() -> MemoryRadio:
    return MemoryRadio()


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
async def server(radio: MemoryRadio, probe: Probe) -> AsyncIterator[GattServer]:
    server = radio.server(probe, ADDRESS)
    await server.start()
    yield server
    await server.stop()


async def find(radio: MemoryRadio, central: str = ALICE) -> BLEDevice:
    device = await BleakScanner.find_device_by_address(ADDRESS, backend=radio.backend(central).scanner)
    assert device is not None
    return device


async def client_of(radio: MemoryRadio, central: str = ALICE, **options: Any) -> BleakClient:
    return BleakClient(await find(radio, central), backend=radio.backend(central).client, **options)


def now() -> float:
    return asyncio.get_running_loop().time()


# Scanning


@pytest.mark.usefixtures("server")
async def test_is_heard_at_once_and_then_at_each_interval(radio: MemoryRadio) -> None:
    heard: list[tuple[float, str, int]] = []
    async with BleakScanner(
        lambda device, advert: heard.append((round(now(), 6), device.address, advert.rssi)),
        backend=radio.backend().scanner,
    ):
        await asyncio.sleep(0.15)
        radio.rssi(ADDRESS.lower(), -91)
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.0)
    assert heard == [(0.0, ADDRESS, -60), (0.1, ADDRESS, -60), (0.2, ADDRESS, -91)]


async def test_a_peripheral_that_starts_during_a_scan_is_heard_at_once(
    radio: MemoryRadio, probe: Probe
) -> None:
    times: list[float] = []
    async with BleakScanner(lambda _device, _advert: times.append(now()), backend=radio.backend().scanner):
        await asyncio.sleep(0.03)
        await radio.server(probe).start()
        await asyncio.sleep(0.03)
    assert times == [0.03]


def test_the_radio_has_no_timer_while_nobody_scans() -> None:
    async def main() -> None:
        radio = MemoryRadio()
        server = radio.server(Probe(), ADDRESS)
        await server.start()
        async with await client_of(radio):
            await server.wait_closed()

    with asyncio.Runner(loop_factory=partial(VirtualTimeLoop, patience=0.01)) as runner:
        with pytest.raises(DeadlockError):
            runner.run(main())
        assert runner.get_loop().time() < 1.0


@pytest.mark.usefixtures("server")
async def test_a_scanner_hears_nothing_once_it_stopped_and_others_hear_on(radio: MemoryRadio) -> None:
    heard: dict[str, list[float]] = {ALICE: [], BOB: []}
    async with BleakScanner(lambda _, __: heard[BOB].append(now()), backend=radio.backend(BOB).scanner):
        async with BleakScanner(
            lambda _, __: heard[ALICE].append(now()), backend=radio.backend(ALICE).scanner
        ):
            pass
        await asyncio.sleep(0.25)
    assert heard == {ALICE: [], BOB: pytest.approx([0.0, 0.1, 0.2])}


async def test_a_second_scan_starts_afresh(radio: MemoryRadio, server: GattServer) -> None:
    scanner = BleakScanner(backend=radio.backend().scanner)
    async with scanner:
        await asyncio.sleep(0.05)
    assert [device.address for device in scanner.discovered_devices] == [ADDRESS]
    await server.stop()
    async with scanner:
        await asyncio.sleep(0.05)
    assert scanner.discovered_devices == []


@pytest.mark.usefixtures("server")
async def test_the_uuid_filter_keeps_others_out(radio: MemoryRadio) -> None:
    discover = partial(BleakScanner.discover, 1.0, backend=radio.backend().scanner)
    assert [device.address for device in await discover(service_uuids=[FIRST.upper()])] == [ADDRESS]
    assert await discover(service_uuids=[SECOND]) == []


@pytest.mark.usefixtures("server")
async def test_two_radios_do_not_hear_each_other() -> None:
    assert await BleakScanner.discover(1.0, backend=MemoryRadio().backend().scanner) == []


async def test_peripherals_without_an_address_get_different_ones(radio: MemoryRadio) -> None:
    assert len({radio.server(Probe()).address for _ in range(300)}) == 300


async def test_an_address_is_on_the_air_once(radio: MemoryRadio, server: GattServer) -> None:
    other = radio.server(Probe(), ADDRESS.lower())
    with pytest.raises(BenchError, match="on the air already"):
        await other.start()
    await server.stop()
    await other.start()


# Connecting


@pytest.mark.usefixtures("server")
async def test_connects_by_address_alone(radio: MemoryRadio) -> None:
    async with BleakClient(ADDRESS.lower(), backend=radio.backend().client) as client:
        assert await client.read_gatt_char(VALUE) == b"a value"
        assert client.name == "HB-contract"


async def test_an_unknown_address_is_not_found(radio: MemoryRadio) -> None:
    client = BleakClient(ADDRESS, backend=radio.backend().client, timeout=30.0)
    with pytest.raises(BleakDeviceNotFoundError):
        await client.connect()
    assert now() == pytest.approx(30.0)


async def test_a_known_but_silent_peripheral_times_out(radio: MemoryRadio, server: GattServer) -> None:
    client = await client_of(radio, timeout=20.0)
    await server.stop()
    with pytest.raises(TimeoutError):
        await client.connect()
    assert now() == pytest.approx(20.0)
    assert not client.is_connected


async def test_a_connection_waits_for_the_peripheral_to_appear(
    radio: MemoryRadio, server: GattServer
) -> None:
    client = await client_of(radio)
    await server.stop()
    asyncio.get_running_loop().call_later(5.0, asyncio.create_task, server.start())
    async with client:
        assert now() == pytest.approx(5.0)


@pytest.mark.usefixtures("server")
async def test_a_client_connects_once(radio: MemoryRadio) -> None:
    async with await client_of(radio) as client:
        with pytest.raises(BleakError, match="already connected"):
            await client.connect()
        second = await client_of(radio)
        with pytest.raises(BleakError, match="another client"):
            await second.connect()
        assert client.is_connected


@pytest.mark.usefixtures("server")
async def test_a_client_can_ask_for_some_services_only(radio: MemoryRadio) -> None:
    async with await client_of(radio, services=[SECOND]) as client:
        assert [service.uuid for service in client.services] == [SECOND]


@pytest.mark.usefixtures("server")
async def test_handles_are_the_same_whatever_was_asked_for(radio: MemoryRadio) -> None:
    async with await client_of(radio, ALICE) as one, await client_of(radio, BOB, services=[SECOND]) as two:
        handles = {
            characteristic.uuid: handle for handle, characteristic in one.services.characteristics.items()
        }
        assert len(handles) == 4
        assert list(two.services.characteristics) == [handles[EVENTS]]


@pytest.mark.usefixtures("server")
async def test_the_callback_of_a_client_comes_when_it_disconnects_itself(radio: MemoryRadio) -> None:
    lost: list[BleakClient] = []
    client = await client_of(radio, disconnected_callback=lost.append)
    async with client:
        assert lost == []
    assert lost == [client]
    with pytest.raises(BleakError):
        await client.read_gatt_char(VALUE)
    await client.disconnect()
    assert lost == [client]


# Bonds


@pytest.mark.usefixtures("server")
async def test_pairing_makes_a_bond_of_one_host(radio: MemoryRadio) -> None:
    async with await client_of(radio, ALICE) as client, await client_of(radio, BOB, pair=True):
        assert radio.bonded == {(BOB, ADDRESS)}
        await client.pair()
        assert radio.bonded == {(ALICE, ADDRESS), (BOB, ADDRESS)}
    assert radio.bonded == {(ALICE, ADDRESS), (BOB, ADDRESS)}, "a bond outlives its link"
    with pytest.raises(BleakError, match="Not connected"):
        await client.pair()


@pytest.mark.usefixtures("server")
async def test_unpair_forgets_the_device(radio: MemoryRadio) -> None:
    lost = asyncio.Event()
    device = await find(radio)
    client = BleakClient(device, lambda _: lost.set(), pair=True, backend=radio.backend(ALICE).client)
    await client.connect()
    await client.unpair()
    assert lost.is_set()
    assert not client.is_connected
    assert radio.known == set()
    assert radio.bonded == set()
    with pytest.raises(BleakDeviceNotFoundError):
        await client.unpair()
    with pytest.raises(BleakDeviceNotFoundError):
        await BleakClient(device, backend=radio.backend(ALICE).client).connect()
    async with client:
        assert radio.known == {(ALICE, ADDRESS)}, "found anew, by its address"


# Values


@pytest.mark.parametrize("mtu", [23, 247, 517])
async def test_the_mtu_bounds_writes_without_response_and_notifications(mtu: int) -> None:
    radio, probe, inbox = MemoryRadio(mtu=mtu), Probe(), asyncio.Queue[bytes]()
    server = radio.server(probe, ADDRESS)
    await server.start()
    async with await client_of(radio) as client:
        assert client.mtu_size == mtu
        await client.start_notify(CONTROL, lambda _, value: inbox.put_nowait(bytes(value)))
        size = min(mtu - 3, 512)
        await client.write_gatt_char(CONTROL, bytes(size), response=False)
        with pytest.raises(BleakError):
            await client.write_gatt_char(CONTROL, bytes(mtu - 2), response=False)
        server.notify(CONTROL, bytes(600))
        assert len(await inbox.get()) == mtu - 3
    events = [probe.events.get_nowait() for _ in range(3)]
    assert events[2] == Written(ALICE, CONTROL, bytes(size), mtu)


@pytest.mark.parametrize("mtu", [22, 518])
def test_an_impossible_mtu_is_refused(mtu: int) -> None:
    with pytest.raises(BenchError, match="23 to 517"):
        MemoryRadio(mtu=mtu)


@pytest.mark.usefixtures("server")
async def test_values_longer_than_an_attribute_are_refused(radio: MemoryRadio, probe: Probe) -> None:
    probe.values[VALUE] = bytes(513)
    async with await client_of(radio) as client:
        for refused in (
            client.read_gatt_char(VALUE),
            client.write_gatt_char(STRICT, bytes(513), response=True),
        ):
            with pytest.raises(BleakGATTProtocolError) as error:
                await refused
            assert error.value.code == BleakGATTProtocolErrorCode.INVALID_ATTRIBUTE_VALUE_LENGTH
        await client.write_gatt_char(STRICT, bytes(512), response=True)


@pytest.mark.usefixtures("server")
async def test_a_write_without_response_needs_its_property(radio: MemoryRadio, probe: Probe) -> None:
    async with await client_of(radio) as client:
        with pytest.raises(BleakGATTProtocolError) as error:
            await client.write_gatt_char(STRICT, b"x", response=False)
        assert error.value.code == BleakGATTProtocolErrorCode.REQUEST_NOT_SUPPORTED
    assert not any(isinstance(probe.events.get_nowait(), Written) for _ in range(probe.events.qsize()))


async def test_an_application_can_notify_from_within_a_write(radio: MemoryRadio) -> None:
    echo = Echo()
    echo.server = radio.server(echo, ADDRESS)
    await echo.server.start()
    heard: list[tuple[int, bytes]] = []
    async with await client_of(radio) as client:
        await client.start_notify(CONTROL, lambda _, value: heard.append((echo.events.qsize(), bytes(value))))
        for number in range(3):
            await client.write_gatt_char(CONTROL, bytes([number]), response=True)
        # Each answer came after its write had ended, and before the next.
        assert heard == [(3, b"\0"), (4, b"\1"), (5, b"\2")]


@pytest.mark.usefixtures("server")
async def test_a_failure_of_the_application_is_an_unlikely_error_and_is_reported(
    radio: MemoryRadio, probe: Probe
) -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
    del probe.values[VALUE]
    async with await client_of(radio) as client:
        with pytest.raises(BleakGATTProtocolError) as error:
            await client.read_gatt_char(VALUE)
    assert error.value.code == BleakGATTProtocolErrorCode.UNLIKELY_ERROR
    assert [type(report["exception"]) for report in reports] == [KeyError]


@pytest.mark.usefixtures("server")
async def test_the_refusal_of_a_write_without_response_reaches_nobody(
    radio: MemoryRadio, probe: Probe
) -> None:
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
    probe.errors[CONTROL] = AttError(0x80)
    async with await client_of(radio) as client:
        await client.write_gatt_char(CONTROL, b"x", response=False)
        assert [await probe.next(), await probe.next()][1] == Written(ALICE, CONTROL, b"x", 247)
    assert reports == []


@pytest.mark.usefixtures("server")
async def test_the_configuration_descriptor_tells_of_the_subscription(
    radio: MemoryRadio, probe: Probe
) -> None:
    async with await client_of(radio) as client:
        (configuration,) = [
            d for d in client.services.descriptors.values() if d.characteristic_uuid == EVENTS
        ]
        assert await client.read_gatt_descriptor(configuration) == b"\0\0"
        with pytest.raises(BleakError, match="No notify session"):
            await client.stop_notify(EVENTS)
        await client.start_notify(EVENTS, lambda *_: None)
        await client.start_notify(EVENTS, lambda *_: None)
        assert await client.read_gatt_descriptor(configuration) == b"\1\0"
        await client.stop_notify(EVENTS)
    seen = [probe.events.get_nowait() for _ in range(3)]
    assert seen[1:] == [Subscribed(ALICE, EVENTS, enabled=True), Subscribed(ALICE, EVENTS, enabled=False)]


# Many


async def test_two_centrals_on_one_peripheral_are_told_apart(
    radio: MemoryRadio, server: GattServer, probe: Probe
) -> None:
    heard: dict[str, list[bytes]] = {ALICE: [], BOB: []}
    async with await client_of(radio, ALICE) as alice, await client_of(radio, BOB.lower()) as bob:
        assert [await probe.next(), await probe.next()] == [Connected(ALICE), Connected(BOB)]
        await bob.start_notify(CONTROL, lambda _, value: heard[BOB].append(bytes(value)))
        server.notify(CONTROL, b"for Bob")
        await alice.start_notify(CONTROL, lambda _, value: heard[ALICE].append(bytes(value)))
        server.notify(CONTROL, b"for both")
        await alice.write_gatt_char(CONTROL, b"from Alice", response=True)
        await bob.write_gatt_char(CONTROL, b"from Bob", response=True)
        events = [await probe.next() for _ in range(4)]
        assert [event.central for event in events] == [BOB, ALICE, ALICE, BOB]
    assert heard == {ALICE: [b"for both"], BOB: [b"for Bob", b"for both"]}


async def test_a_hundred_peripherals_and_a_hundred_centrals(radio: MemoryRadio) -> None:
    count = 100

    async def one(number: int) -> list[bytes]:
        host, heard = radio.backend(f"02:00:00:00:01:{number:02X}"), list[bytes]()
        device = await BleakScanner.find_device_by_name(f"HB-{number}", backend=host.scanner)
        assert device is not None
        async with BleakClient(device, backend=host.client) as client:
            await client.start_notify(CONTROL, lambda _, value: heard.append(bytes(value)))
            for turn in range(5):
                await client.write_gatt_char(CONTROL, bytes([number, turn]), response=True)
        return heard

    async with AsyncExitStack() as stack:
        for number in range(count):
            echo = Echo(f"HB-{number}")
            echo.server = radio.server(echo)
            await echo.server.start()
            stack.push_async_callback(echo.server.stop)
        heard = await asyncio.gather(*map(one, range(count)))
    assert heard == [[bytes([number, turn]) for turn in range(5)] for number in range(count)]
