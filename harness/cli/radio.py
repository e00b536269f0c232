"""`hideez-bench radio`: a Bluetooth stand-in that several programs can share."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from hideez_bench.emulator.radio.loopback import LoopbackRadio
from hideez_bench.protocol.errors import BenchError

VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"


@click.command()
@click.option(
    "--adapters", type=click.IntRange(1, 16), default=2, show_default=True, help="How many: hci0, hci1, …"
)
@click.option(
    "--address-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the address to this file; it is removed at the end.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def radio(adapters: int, address_file: Path | None, command: tuple[str, ...]) -> None:
    """Start a stand-in for BlueZ on a message bus of its own; it needs no adapter and no root.

    Without COMMAND, print the bus address when it is ready and run until Ctrl-C. Every program that has the
    address in its environment is on this radio: bless, bleak, bluetoothctl. With COMMAND, run that with the
    address in its environment, end with it, and return its status.

    \b
    Try:  hideez-bench radio -- bluetoothctl list
          hideez-bench radio --address-file radio.env
          and elsewhere:  export $(cat radio.env); bluetoothctl scan on
    """
    sys.exit(asyncio.run(_radio(adapters, address_file, command)))


async def _radio(adapters: int, address_file: Path | None, command: Sequence[str]) -> int:
    enough = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, enough.set)
    async with LoopbackRadio(adapters=adapters) as opened:
        with _published(opened.address, address_file):
            if command:
                return await _run(command, opened.address, enough)
            click.echo(f"{VARIABLE}={opened.address}")
            await _serve(opened, enough)
            return 0


@contextmanager
def _published(address: str, file: Path | None) -> Iterator[None]:
    """Keep the address in a file of the user's own, whole or not at all."""
    if file is None:
        yield
        return
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 0600
        with os.fdopen(handle, "w") as draft:
            draft.write(f"{VARIABLE}={address}\n")
        Path(name).replace(file)
    except OSError as error:
        raise BenchError(f"The address cannot be written to {file}: {error.strerror}.") from error
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


async def _serve(opened: LoopbackRadio, enough: asyncio.Event) -> None:
    """Run until the user has had enough.

    Raises:
        BenchError: the bus went away before.
    """
    waits = {asyncio.create_task(enough.wait()), asyncio.create_task(opened.wait_ended())}
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    if not enough.is_set():
        raise BenchError("The bus that carries the radio was ended from outside; start the radio again.")


async def _run(command: Sequence[str], address: str, enough: asyncio.Event) -> int:
    """Run a command on the radio. It gets the signals that are meant for it, and its status is ours."""
    try:
        child = await asyncio.create_subprocess_exec(*command, env=os.environ | {VARIABLE: address})
    except OSError as error:
        raise BenchError(f"The command {command[0]} cannot be run: {error.strerror}.") from error
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # the terminal sends it to the command as well
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, child.send_signal, number)
    if enough.is_set():
        child.terminate()  # what came before there was anybody to pass it on to
    status = await child.wait()
    return status if status >= 0 else 128 - status
