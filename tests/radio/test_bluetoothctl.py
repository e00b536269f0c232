"""A stranger on the loopback: BlueZ's own bluetoothctl, as central and as peripheral."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.radio.loopback import LoopbackRadio
from tests.radio.central import Central, on_air
from tests.radio.probe import CONTROL, VALUE, WAIT, Connected, Disconnected, Probe, Subscribed
from tests.radio.radios import needs_loopback

pytestmark = [
    needs_loopback,
    pytest.mark.skipif(shutil.which("bluetoothctl") is None, reason="bluetoothctl is not installed"),
]


class Bluetoothctl:
    """The program in its interactive mode: say something, and wait for what it answers."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._input, self._output = child.stdin, child.stdout
        self._unread = b""

    async def say(self, line: str, expected: str) -> re.Match[bytes]:
        """Say a line, and wait until a pattern appears in what follows."""
        self._input.write(line.encode() + b"\n")
        return await self.expect(expected)

    async def expect(self, expected: str) -> re.Match[bytes]:
        async with asyncio.timeout(WAIT):
            while not (found := re.search(expected.encode(), self._unread, re.DOTALL)):
                more = await self._output.read(4096)
                assert more, f"bluetoothctl ended before it said {expected!r}"
                self._unread += more
        self._unread = self._unread[found.end() :]
        return found


@pytest.fixture
async def bluetoothctl() -> AsyncIterator[Bluetoothctl]:
    async with LoopbackRadio() as radio, radio.joined():
        child = await asyncio.create_subprocess_exec(
            "bluetoothctl", stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=os.environ | {"TERM": "dumb"}
        )
        started = Bluetoothctl(child)
        try:
            await started.expect("Agent registered")
            yield started
        finally:
            if child.returncode is None:
                child.kill()
            await child.communicate()


async def test_is_a_central_of_a_key(bluetoothctl: Bluetoothctl) -> None:
    probe = Probe()
    async with on_air(BlessServer(probe, "hci0")) as server:
        await bluetoothctl.say("select 00:00:5E:00:53:01", "Controller 00:00:5E:00:53:01")
        found = await bluetoothctl.say("scan le", r"Device ([0-9A-F:]{17}) HB-contract")
        address = found[1].decode()
        await bluetoothctl.say("scan off", "Discovery stopped")
        await bluetoothctl.say(f"connect {address}", "Connection successful")
        came = await probe.expect(Connected)
        assert came.central == "00:00:5E:00:53:01"

        await bluetoothctl.say("menu gatt", "Menu gatt")
        await bluetoothctl.say("list-attributes", CONTROL)
        await bluetoothctl.say(f"select-attribute {VALUE}", "char[0-9a-f]{4}")
        await bluetoothctl.say("read", "61 20 76 61 6c 75 65")
        await bluetoothctl.say(f"select-attribute {CONTROL}", "char[0-9a-f]{4}")
        await bluetoothctl.say("notify on", "Notify started")
        await probe.expect(Subscribed)
        server.notify(CONTROL, b"hello")
        await bluetoothctl.expect("68 65 6c 6c 6f")
        await bluetoothctl.say("write '0x01 0x02'", "Attempting to write")
        assert (await probe.next_write()).value == b"\1\2"
        await bluetoothctl.say("notify off", "Notify stopped")
        await probe.expect(Subscribed)
        await bluetoothctl.say("back", "Menu main")

        await bluetoothctl.say(f"pair {address}", "Failed to pair: org.bluez.Error.NotSupported")
        await bluetoothctl.say(f"disconnect {address}", "Successful disconnected")
        await probe.expect(Disconnected)
        await bluetoothctl.say(f"remove {address}", "Device has been removed")


async def test_switches_an_adapter(bluetoothctl: Bluetoothctl) -> None:
    await bluetoothctl.say("power off", "Changing power off succeeded")
    await bluetoothctl.say("power on", "Changing power on succeeded")
    await bluetoothctl.say("system-alias desk", "Changing desk succeeded")


async def test_is_a_peripheral_that_bleak_finds(bluetoothctl: Bluetoothctl) -> None:
    await bluetoothctl.say("menu advertise", "Menu advertise")
    await bluetoothctl.say("name HB-stranger", "HB-stranger")
    await bluetoothctl.say("back", "Menu main")
    await bluetoothctl.say("advertise on", "Advertising object registered")
    central = Central.on_adapter("hci1")
    async with await central.client("HB-stranger") as client:
        assert list(client.services) == []
        await bluetoothctl.say("quit", "")
        await central.wait_lost()
