"""`emulate`: a virtual key as a process of its own, for any Bluetooth central in reach."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.sqlite_nvram import SqliteNvram
from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.harness.cli.evidence import Evidence, evidence_options, leave_evidence
from hideez_bench.harness.cli.options import wire_option
from hideez_bench.harness.stage import make_key
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire


@click.command()
@click.option("--name", default="HK-00203", show_default=True, help="The local name: HK-00203, HK4-00203.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The key's memory, kept in this file. [default: none, a new key each time]")  # fmt: skip
@click.option(
    "--adapter", metavar="HCI", help="The Bluetooth adapter to use. [default: the first that is on]"
)
@click.option("--realistic", is_flag=True, help="Live as a key on sale: off until it is pressed, and "
              "bonded by a press. [default: anybody reaches it at any time, and pairs without a press]")  # fmt: skip
@wire_option
@evidence_options
def emulate(
    name: str,
    state: Path | None,
    adapter: str | None,
    realistic: bool,
    wire: Wire,
    capture: Path | None,
    keylog: Path | None,
) -> None:
    """Start a virtual key that any Bluetooth central can reach, until Ctrl-C.

    It needs an adapter, or a stand-in for one: `hideez-bench radio`.

    \b
    hideez-bench emulate --name HK-00203 --state key.db
    hideez-bench activate --target ble:HK-00203          (in another terminal)
    """
    identity = Identity.from_local_name(name)
    with leave_evidence(capture, keylog, wire.profile) as evidence:
        asyncio.run(_serve(identity, state, adapter, wire, evidence, realistic=realistic))


async def _serve(
    identity: Identity,
    state: Path | None,
    adapter: str | None,
    wire: Wire,
    evidence: Evidence,
    *,
    realistic: bool,
) -> None:
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    nvram = SqliteNvram(state) if state else MemoryNvram()
    try:
        key = make_key(identity, nvram, wire, on_keys=evidence.on_keys, realistic=realistic)
        application = KeyApplication(
            key,
            profile=wire.profile,
            make_server=lambda app: evidence.server(lambda seen: BlessServer(seen, adapter=adapter), app),
        )
        async with application:
            kept = f"its memory is {state}" if state else "it forgets all when it ends"
            click.echo(f"{identity.local_name} ({identity.serial}) is on the air; {kept}. Ctrl-C ends it.")
            await _until_ended(application, asked_to_end)
    finally:
        nvram.close()


async def _until_ended(application: KeyApplication, asked: asyncio.Event) -> None:
    """Wait until the user has had enough.

    Raises:
        BenchError: Bluetooth went away under the key.
    """
    ends = [asyncio.ensure_future(asked.wait()), asyncio.ensure_future(application.server.wait_closed())]
    done, pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if ends[0] not in done:
        raise BenchError(
            "Bluetooth on this machine stopped, and the key with it; what it has counted is kept where it has a "
            "memory (--state). Start bluetoothd, or the radio, and start the key again."
        )
