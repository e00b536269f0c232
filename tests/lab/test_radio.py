"""The guest's air, without a guest: two controllers, and the control line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from bumble import hci

from hideez_bench.harness.lab.guest.radio import Air, LabController, serve
from hideez_bench.harness.lab.radio_control import RadioControl
from hideez_bench.protocol.errors import BenchError

KEY_ADDRESS = "C0:00:00:00:00:01"


class Host:
    """The host's end of a controller: keeps what comes up."""

    def __init__(self) -> None:
        self.packets: list[Any] = []

    def on_packet(self, packet: bytes) -> None:
        self.packets.append(hci.HCI_Packet.from_bytes(packet))

    def reports(self) -> list[tuple[int, bytes, int]]:
        """Kind, data and signal strength of each advertisement that was heard."""
        events = [
            packet for packet in self.packets if isinstance(packet, hci.HCI_LE_Advertising_Report_Event)
        ]
        return [(report.event_type, report.data, report.rssi) for event in events for report in event.reports]


class Bench:
    """A key (hci0) that advertises, and a scanner (hci1)."""

    def __init__(self) -> None:
        self.air = Air()
        self.hosts = [Host(), Host()]
        for number, host in enumerate(self.hosts):
            name = f"hci{number}"
            self.air.adapters[name] = LabController(name, host_sink=host, link=self.air)
        self.key, self.scanner = self.air.adapters.values()
        self.key.random_address = hci.Address(KEY_ADDRESS)
        self.scanner.random_address = hci.Address("C0:00:00:00:00:02")
        advertiser = self.key.le_legacy_advertiser
        advertiser.own_address_type = hci.OwnAddressType.RANDOM
        advertiser.advertising_interval_min = 10
        advertiser.advertising_data, advertiser.scan_response_data = b"advertised", b"answered"
        advertiser.start()

    def scan(self, *, active: bool) -> None:
        self.scanner.le_scan_type = int(active)
        self.scanner.le_scan_enable = True

    def connect(self) -> None:
        command = hci.HCI_LE_Create_Connection_Command(
            *(0x60, 0x30, 0, hci.Address.RANDOM_DEVICE_ADDRESS, hci.Address(KEY_ADDRESS)),
            *(hci.OwnAddressType.RANDOM, 24, 40, 0, 42, 0, 0),
        )
        self.scanner.on_hci_le_create_connection_command(command)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.001)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    yield made
    made.key.le_legacy_advertiser.stop()


@pytest.fixture
async def control(bench: Bench, tmp_path: Path) -> AsyncIterator[RadioControl]:
    path = tmp_path / "radio.sock"
    server = asyncio.create_task(serve(bench.air, str(path)))
    await until(path.exists)
    line = await asyncio.to_thread(RadioControl, str(path))
    yield line
    line.close()
    server.cancel()
    await asyncio.gather(server, return_exceptions=True)


async def test_an_active_scanner_hears_the_scan_response_too(bench: Bench) -> None:
    bench.scan(active=True)
    await until(lambda: len(bench.hosts[1].reports()) >= 2)
    assert bench.hosts[1].reports()[:2] == [(0, b"advertised", -50), (4, b"answered", -50)]


async def test_a_passive_scanner_does_not(bench: Bench) -> None:
    bench.scan(active=False)
    await until(lambda: len(bench.hosts[1].reports()) >= 3)
    assert {data for _, data, _ in bench.hosts[1].reports()} == {b"advertised"}


async def test_who_does_not_scan_is_told_nothing(bench: Bench) -> None:
    bench.scan(active=True)
    await until(bench.hosts[1].reports)
    assert bench.hosts[0].packets == []


async def test_a_muted_adapter_is_not_heard_until_it_speaks_again(
    bench: Bench, control: RadioControl
) -> None:
    await asyncio.to_thread(control.mute, "hci0")
    bench.scan(active=True)
    await asyncio.to_thread(control.links)  # some intervals go by
    assert bench.hosts[1].reports() == []
    await asyncio.to_thread(control.mute, "hci0", muted=False)
    await until(bench.hosts[1].reports)


async def test_signal_strength_is_what_was_set(bench: Bench, control: RadioControl) -> None:
    await asyncio.to_thread(control.rssi, -91, "hci0")
    bench.scan(active=False)
    await until(bench.hosts[1].reports)
    assert bench.hosts[1].reports()[0][2] == -91


async def test_a_cut_ends_the_link_on_both_ends(bench: Bench, control: RadioControl) -> None:
    bench.connect()
    await until(lambda: bench.key.le_connections)
    assert await asyncio.to_thread(control.links) == {"hci0": 1, "hci1": 1}
    assert await asyncio.to_thread(control.cut) == 1
    assert await asyncio.to_thread(control.links) == {"hci0": 0, "hci1": 0}
    for host in bench.hosts:
        (lost,) = [
            packet for packet in host.packets if isinstance(packet, hci.HCI_Disconnection_Complete_Event)
        ]
        assert lost.reason == hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR


async def test_a_cancelled_connection_ends_with_its_event_and_another_can_begin(bench: Bench) -> None:
    bench.key.le_legacy_advertiser.stop()
    bench.connect()
    bench.scanner.on_hci_le_create_connection_cancel_command(hci.HCI_LE_Create_Connection_Cancel_Command())

    def completed() -> list[Any]:
        packets = bench.hosts[1].packets
        return [packet for packet in packets if isinstance(packet, hci.HCI_LE_Connection_Complete_Event)]

    await until(completed)
    assert completed()[0].status == hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
    bench.key.le_legacy_advertiser.start()
    bench.connect()
    await until(lambda: bench.key.le_connections)


async def test_what_the_radio_cannot_do_is_one_sentence(control: RadioControl) -> None:
    with pytest.raises(BenchError, match=r"refused 'mute': there is no 'hci9'\.$"):
        await asyncio.to_thread(control.mute, "hci9")
    with pytest.raises(BenchError, match=r"refused 'rssi': a level is -127 to 20 dBm\.$"):
        await asyncio.to_thread(control.rssi, 99)


def test_outside_of_the_guest_there_is_no_radio(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="in the lab's guest only"):
        RadioControl(str(tmp_path / "none"))
