"""The guest's air: Bumble's virtual Bluetooth controllers on /dev/vhci, which hear one another, and faults on demand.

`python -m guest.radio COUNT` makes the adapters hci0 to hci(COUNT-1), and answers `RadioControl` on a socket.
BlueZ's own emulator (btvirt) loses every second connection, since it sends an advertisement once per scan only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

from bumble import hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport import open_transport

SOCKET = "/run/radio.sock"
ACL_BYTES = 251  # Bumble's default of 27 cuts a 512-byte value into 20 packets
# With these BlueZ would use commands that Bumble does not have in full.
LEFT_OUT = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
Report = hci.HCI_LE_Advertising_Report_Event.Report
Kind = hci.HCI_LE_Advertising_Report_Event.EventType


class LabController(Controller):  # type: ignore[misc]  # Bumble ships no types
    """Bumble's controller, with scan responses of their own, signal strength, and a cancel that ends."""

    rssi = -50
    muted = False
    pending_le_connection: Any

    def on_advertising_pdu(self, pdu: Any) -> None:
        """Report what a scanner hears. Bumble would repeat the advertisement as scan response, without the name."""
        advertiser = self.link.advertiser(pdu.advertiser_address)
        if self.le_scan_enable and advertiser:
            self._report(Kind.ADV_IND, pdu, pdu.data, advertiser.rssi)
            if self.le_scan_type == 1:
                self._report(
                    Kind.SCAN_RSP, pdu, advertiser.le_legacy_advertiser.scan_response_data, advertiser.rssi
                )
        pending = self.pending_le_connection
        if pending and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def on_hci_le_create_connection_cancel_command(self, command: Any) -> Any:
        """End a pending connection with the event that the host waits for (Bumble's keeps it pending for ever)."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        cancelled = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, cancelled)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def _report(self, kind: Any, pdu: Any, data: bytes, rssi: int) -> None:
        address = pdu.advertiser_address
        report = Report(
            event_type=kind, address_type=address.address_type, address=address, data=data, rssi=rssi
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))


class Air(LocalLink):  # type: ignore[misc]  # as above
    """What carries packets between the controllers, with faults."""

    def __init__(self) -> None:
        super().__init__()
        self.adapters: dict[str, LabController] = {}
        self.delay = 0.0

    def advertiser(self, address: Any) -> LabController | None:
        """Who advertises under an address."""
        found = (adapter for adapter in self.adapters.values() if adapter.le_legacy_advertiser.enabled)
        return next((adapter for adapter in found if adapter.le_legacy_advertiser.address == address), None)

    def send_advertising_pdu(self, sender_controller: Any, packet: Any) -> None:
        """To those who listen only; a muted adapter's advertisements are heard by nobody."""
        if sender_controller.muted and isinstance(packet, ll.AdvInd):
            return
        loop = asyncio.get_running_loop()
        for adapter in self.adapters.values():
            listens = (
                adapter.le_scan_enable
                or adapter.pending_le_connection
                or adapter.le_legacy_advertiser.enabled
            )
            if adapter is not sender_controller and listens:
                loop.call_soon(adapter.on_ll_advertising_pdu, packet)

    def send_acl_data(self, *packet: Any) -> None:
        """After the delay, if one is set; packets stay in order, as timers of equal length do."""
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, super().send_acl_data, *packet)
        else:
            super().send_acl_data(*packet)

    def cut(self) -> int:
        """Drop all links with a supervision timeout on both ends."""
        ends = [
            (adapter, link) for adapter in self.adapters.values() for link in adapter.le_connections.values()
        ]
        for adapter, link in ends:
            adapter.on_le_disconnected(link, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
        return len(ends) // 2

    def set_rssi(self, level: int, adapter: str | None) -> None:
        """Set the strength at which one adapter, or all, are heard."""
        if not -127 <= level <= 20:
            raise ValueError("a level is -127 to 20 dBm")
        for one in [self.adapters[adapter]] if adapter else self.adapters.values():
            one.rssi = level

    def set_muted(self, adapter: str, *, muted: bool) -> None:
        """Silence an adapter's advertisements, or end that."""
        self.adapters[adapter].muted = muted

    def set_delay(self, seconds: float) -> None:
        """Hold back the packets of links."""
        self.delay = seconds

    def links(self) -> dict[str, int]:
        """How many links each adapter has."""
        return {name: len(adapter.le_connections) for name, adapter in self.adapters.items()}


async def serve(air: Air, path: str = SOCKET) -> None:
    """Answer control requests, one line of JSON each, for ever."""
    operations: dict[str, Callable[..., object]] = {
        "cut": air.cut,
        "rssi": air.set_rssi,
        "mute": air.set_muted,
        "delay": air.set_delay,
        "links": air.links,
    }

    def answer(line: bytes) -> dict[str, object]:
        try:
            request = json.loads(line)
            return {"result": operations[request.pop("operation")](**request)}
        except KeyError as error:
            return {"error": f"there is no {error}"}
        except (TypeError, ValueError) as error:
            return {"error": str(error)}

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(json.dumps(answer(line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_unix_server(client, path)
    await server.serve_forever()


async def main(count: int) -> None:
    """Make the adapters, and serve."""
    air = Air()
    transports = []
    for number in range(count):
        transport = await open_transport("vhci")
        transports.append(transport)
        name = f"hci{number}"
        adapter = LabController(name, host_source=transport.source, host_sink=transport.sink, link=air)
        adapter.le_features &= ~LEFT_OUT
        adapter.le_acl_data_packet_length = ACL_BYTES
        air.adapters[name] = adapter
    await serve(air)


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(int(sys.argv[1])))
