"""Where programs meet: a loopback radio of its own, or the machine's BlueZ."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from dbus_fast import Message
from dbus_fast.aio import MessageBus

from tests.processes.programs import Finished, Program, hideez_bench, run, running

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"


@dataclass
class Surroundings:
    """A radio that programs share: a key goes on the first adapter, a central on the second."""

    env: Mapping[str, str]
    stack: AsyncExitStack

    async def adapter_address(self, adapter: str) -> str:
        """The Bluetooth address of an adapter, as `hci1`."""
        bus = MessageBus(bus_address=self.env.get("DBUS_SYSTEM_BUS_ADDRESS", SYSTEM_BUS))
        await bus.connect()
        properties = "org.freedesktop.DBus.Properties"
        body = ["org.bluez.Adapter1", "Address"]
        reply = await bus.call(
            Message("org.bluez", f"/org/bluez/{adapter}", properties, "Get", signature="ss", body=body)
        )
        bus.disconnect()
        await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        assert reply is not None
        return str(reply.body[0].value)

    async def start_key(self, *arguments: str, name: str = "HK-00203") -> Program:
        """A key as a process of its own, on the air."""
        command = [hideez_bench(), "emulate", "--name", name, "--adapter", "hci0", *arguments]
        program = await self.stack.enter_async_context(running(command, self.env))
        await program.expect("is on the air")
        return program

    def activate_command(self, *arguments: str, name: str = "HK-00203", adapter: str = "hci1") -> list[str]:
        return [hideez_bench(), "activate", "--target", f"ble:{name}", "--adapter", adapter, *arguments]

    async def activate(self, *arguments: str, name: str = "HK-00203", adapter: str = "hci1") -> Finished:
        """The client as a process of its own, run to its end."""
        return await run(self.activate_command(*arguments, name=name, adapter=adapter), self.env)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "surroundings" in metafunc.fixturenames:
        wanted = metafunc.config.getoption("--radio") or ["loopback"]
        metafunc.parametrize("surroundings", [name for name in wanted if name != "memory"], indirect=True)


@pytest.fixture
async def surroundings(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Surroundings]:
    """A radio for several programs, and a home of their own."""
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    async with AsyncExitStack() as stack:
        if request.param == "loopback":
            if shutil.which("dbus-daemon") is None:
                pytest.skip("dbus-daemon is not installed")
            radio = await stack.enter_async_context(
                running([hideez_bench(), "radio", "--adapters", "3"], env)
            )
            address = (await radio.expect(r"DBUS_SYSTEM_BUS_ADDRESS=(\S+)\n"))[1]
            env["DBUS_SYSTEM_BUS_ADDRESS"] = address
        yield Surroundings(env, stack)
