"""`hideez-bench client` when bluetoothd goes away and comes back while nothing runs."""

from __future__ import annotations

import json
import os
import signal

from hideez_bench.emulator.radio.loopback import LoopbackRadio
from tests.processes.programs import hideez_bench, running
from tests.radio.radios import needs_loopback


@needs_loopback
async def test_each_end_of_bluetooth_and_its_return_is_one_line() -> None:
    command = [hideez_bench(), "client", "--target", "ble", "--adapter", "hci1", "--json"]
    async with (
        LoopbackRadio() as radio,
        running(command, {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": radio.address}) as program,
    ):
        await program.expect('"there": true')
        await radio.stop_daemon()
        await program.expect('"there": false')
        await radio.start_daemon()
        await program.expect('"there": true')
        program.process.send_signal(signal.SIGTERM)
        assert await program.process.wait() == 128 + signal.SIGTERM
    told = [json.loads(line) for line in program.seen.splitlines() if "bluetooth" in line]
    assert [line["there"] for line in told if line["event"] == "bluetooth"] == [True, False, True]
    assert "The client looks for it again" in program.seen
    assert "Bluetooth is back" in program.seen
