"""`emulate`: virtual keys as a process of their own, for any Bluetooth central in reach."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.signal import Wandering
from hideez_bench.emulator.key.sqlite_nvram import SqliteNvram
from hideez_bench.emulator.key.view import KeyView
from hideez_bench.emulator.peripheral.bless_server import BlessServer
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.evidence import Evidence, evidence_options, leave_evidence
from hideez_bench.harness.cli.fleet import AT_ONCE, activate_fleet
from hideez_bench.harness.cli.keyboard import HELP, strokes
from hideez_bench.harness.cli.options import defect_option, wire_option
from hideez_bench.harness.fleet import numbered_from
from hideez_bench.harness.stage import make_key
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.wire import Wire

MOST_ADAPTERS = 16


@click.command()
@click.option("--name", default="HK-00203", show_default=True, help="The local name: HK-00203, HK4-00203.")
@click.option("--state", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The key's memory, kept in this file. [default: none, a new key each time]")  # fmt: skip
@click.option(
    "--adapter", metavar="HCI", help="The Bluetooth adapter to use. [default: the first that is on]"
)
@click.option("--realistic", is_flag=True, help="Live as a key on sale: off until it is pressed, and "
              "bonded by a press. [default: anybody reaches it at any time, and pairs without a press]")  # fmt: skip
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True,
              help="So many keys, numbered from the name on, each on an adapter of its own from --adapter on and "
              "with its number added to the name of its FILE.")  # fmt: skip
@click.option("--radio", type=click.Choice(["system", "memory"]), default="system", show_default=True,
              help="With memory the keys live on a radio inside this process, each with a host of its own that "
              "activates it, as with `hideez-bench fleet`; then it ends.")  # fmt: skip
@defect_option
@wire_option
@evidence_options
def emulate(
    name: str,
    state: Path | None,
    adapter: str | None,
    realistic: bool,
    count: int,
    radio: str,
    key_type: type[Key],
    wire: Wire,
    capture: Path | None,
    keylog: Path | None,
) -> None:
    """Start a virtual key that any Bluetooth central can reach, until Ctrl-C.

    It needs an adapter, or a stand-in for one: `hideez-bench radio`. With --realistic, the keyboard is the finger
    on its button: p presses it, which opens its pairing window, and once more confirms a pairing.

    \b
    hideez-bench emulate --name HK-00203 --state key.db
    hideez-bench activate --target ble:HK-00203          (in another terminal)
    hideez-bench emulate --count 100 --radio memory      (a fleet, activated in this process)
    """
    first = Identity.from_local_name(name)
    if radio == "memory":
        if state or adapter or realistic or capture or keylog or key_type is not Key:
            raise BenchError(
                "The memory radio takes --name, --count and --profile alone; nothing was started."
            )
        sys.exit(activate_fleet(first, count, AT_ONCE, wire))
    if count > MOST_ADAPTERS:
        raise BenchError(
            f"{count} keys need as many adapters, and a machine has {MOST_ADAPTERS} at the most; nothing was started. "
            "With --radio memory there is room for all."
        )
    orders = _orders(first, state, adapter, count)
    with leave_evidence(capture, keylog, wire.profile) as evidence:
        asyncio.run(_serve(orders, wire, evidence, key_type, realistic=realistic))


@dataclass(frozen=True)
class _Order:
    """One key that is wanted."""

    identity: Identity
    state: Path | None
    adapter: str | None


def _orders(first: Identity, state: Path | None, adapter: str | None, count: int) -> list[_Order]:
    """The keys that are wanted; several get a number at the end of file name and adapter.

    Raises:
        BenchError: the adapter's name has no number to count from, or there are not so many keys.
    """
    if count == 1:
        return [_Order(first, state, adapter)]
    counted = re.fullmatch(r"(\D*)(\d+)", adapter or "hci0")
    if counted is None:
        raise BenchError(f"{adapter!r} has no number to count adapters from; name one such as hci0.")
    return [
        _Order(
            identity,
            state.with_stem(f"{state.stem}-{identity.serial[-5:]}") if state else None,
            f"{counted[1]}{int(counted[2]) + index}",
        )
        for index, identity in enumerate(numbered_from(first, count))
    ]


async def _serve(
    orders: list[_Order], wire: Wire, evidence: Evidence, key_type: type[Key], *, realistic: bool
) -> None:
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    async with AsyncExitStack() as stack:
        applications = []
        for order in orders:
            application = _application(order, wire, evidence, stack, key_type, realistic=realistic)
            applications.append(await stack.enter_async_context(application))
            _introduce(order, realistic=realistic)

        def press(button: Button) -> None:
            for application in applications:
                application.press(button)

        if realistic and stack.enter_context(strokes(press)):
            story.say(f"Keys: {HELP}.")
        await _until_ended(applications, asked_to_end)


def _application(
    order: _Order,
    wire: Wire,
    evidence: Evidence,
    stack: AsyncExitStack,
    key_type: type[Key],
    *,
    realistic: bool,
) -> KeyApplication:
    nvram = stack.enter_context(closing(SqliteNvram(order.state) if order.state else MemoryNvram()))
    name = order.identity.local_name
    key = make_key(
        order.identity,
        nvram,
        wire,
        on_keys=evidence.on_keys,
        on_change=_Panel(name).show if realistic else lambda view: None,
        realistic=realistic,
        key_type=key_type,
        signal=Wandering(seed=int(order.identity.serial[-5:])) if realistic else None,
    )
    on_adapter = partial(BlessServer, adapter=order.adapter)
    return KeyApplication(key, profile=wire.profile, make_server=lambda app: evidence.server(on_adapter, app))


def _introduce(order: _Order, *, realistic: bool) -> None:
    kept = f"its memory is {order.state}" if order.state else "it forgets all when it ends"
    off = "; without a bond it is off until it is pressed" if realistic else ""
    identity = order.identity
    story.say(f"{identity.local_name} ({identity.serial}) is on the air{off}; {kept}. Ctrl-C ends it.")


class _Panel:
    """Prints a key's light and mode when they change."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = ""

    def show(self, view: KeyView) -> None:
        """One line, if anything on it is new."""
        light = view.led.name.lower().replace("_", " ")
        text = f"{self._name}: {view.mode}; light {light}; bonds {view.bonds}"
        if text != self._shown:
            self._shown = text
            story.say(text)


async def _until_ended(applications: list[KeyApplication], asked: asyncio.Event) -> None:
    """Wait until the user has had enough.

    Raises:
        BenchError: Bluetooth went away under a key.
    """
    wanted = asyncio.ensure_future(asked.wait())
    losses = [asyncio.ensure_future(application.server.wait_closed()) for application in applications]
    done, pending = await asyncio.wait([wanted, *losses], return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    if wanted not in done:
        raise BenchError(
            "Bluetooth on this machine stopped, and the key with it; what it has counted is kept where it has a "
            "memory (--state). Start bluetoothd, or the radio, and start the key again."
        )
