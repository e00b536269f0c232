"""`hideez-bench radio`, from the outside."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.radio.loopback.environment import system_bus
from hideez_bench.harness.cli.radio import _run
from tests.radio.central import Central, on_air
from tests.radio.probe import VALUE, WAIT, Probe
from tests.radio.radios import needs_loopback

pytestmark = needs_loopback

COMMAND = (sys.executable, "-c", "from hideez_bench.harness.cli import main; main()", "radio")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def start(*arguments: str, env: dict[str, str] | None = None) -> Process:
    return await asyncio.create_subprocess_exec(*COMMAND, *arguments, stdout=PIPE, stderr=PIPE, env=env)


async def finish(process: Process) -> tuple[int, str, str]:
    async with asyncio.timeout(WAIT):
        output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def address_of(process: Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(WAIT):
        line = (await process.stdout.readline()).decode().strip()
    variable, address = line.split("=", 1)
    assert variable == "DBUS_SYSTEM_BUS_ADDRESS"
    return address


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_prints_its_address_and_runs_until_it_is_told_to_stop(number: signal.Signals) -> None:
    process = await start()
    address = await address_of(process)
    folder = Path(address.removeprefix("unix:path=").split(",")[0]).parent
    assert folder.exists()
    process.send_signal(number)
    assert await finish(process) == (0, "", "")
    assert not folder.exists()


async def test_two_programs_meet_on_it(tmp_path: Path) -> None:
    file = tmp_path / "radio.env"
    process = await start("--adapters", "3", "--address-file", str(file))
    address = await address_of(process)
    assert file.read_text() == f"DBUS_SYSTEM_BUS_ADDRESS={address}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    async with (
        system_bus(address),
        on_air(BlessServer(Probe(), "hci0")),
        await Central.on_adapter("hci2").client() as client,
    ):
        assert await client.read_gatt_char(VALUE) == b"a value"
    process.terminate()
    assert (await finish(process))[0] == 0
    assert not file.exists()


@pytest.mark.parametrize(("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)])
async def test_returns_the_status_of_its_command(script: str, status: int) -> None:
    assert (await finish(await start("--", "sh", "-c", script)))[0] == status


async def test_the_command_has_the_address_and_its_own_options() -> None:
    script = "import os, sys; print(os.environ['DBUS_SYSTEM_BUS_ADDRESS'][:10], sys.argv[1:])"
    status, output, errors = await finish(await start("--", sys.executable, "-c", script, "--adapters", "x"))
    assert (status, output, errors) == (0, "unix:path= ['--adapters', 'x']\n", "")


async def test_a_signal_goes_to_the_command() -> None:
    wait = "signal.pthread_sigmask(signal.SIG_BLOCK, [15]); print('ready', flush=True); signal.sigwait([15])"
    process = await start("--", sys.executable, "-c", f"import signal, sys; {wait}; sys.exit(3)")
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.terminate()
    assert (await finish(process))[0] == 3


async def test_a_signal_that_comes_before_the_command_has_begun_ends_it() -> None:
    enough = asyncio.Event()
    enough.set()
    assert await _run(("sleep", "1000"), "unix:path=/nowhere", enough) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("arguments", "env", "sentence"),
    [
        ("-- no-such-command", None, "The command no-such-command cannot be run: No such file or directory."),
        ("", {"PATH": "/nowhere"}, "install the package `dbus`."),
        ("--address-file /no/such/folder/file", None, "cannot be written to /no/such/folder/file"),
    ],
)
async def test_what_is_wrong_is_said_in_one_sentence(
    arguments: str, env: dict[str, str] | None, sentence: str
) -> None:
    status, output, errors = await finish(await start(*shlex.split(arguments), env=env))
    assert status == 2
    assert output == ""
    assert errors.startswith("hideez-bench: ")
    assert sentence in errors
    assert errors.count("\n") == 1


async def test_a_bus_that_is_ended_from_outside_ends_it_with_a_sentence() -> None:
    process = await start()
    await address_of(process)
    [daemon] = children_of(process.pid)
    os.kill(daemon, signal.SIGKILL)
    status, _, errors = await finish(process)
    assert status == 2
    assert (
        errors
        == "hideez-bench: The bus that carries the radio was ended from outside; start the radio again.\n"
    )
