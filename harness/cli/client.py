"""`client`: Hideez Client at the terminal, for every key in reach."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.key.key import Key
from hideez_bench.harness.administration import import_from_key
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.cli.client_lines import JsonScreen, PlainScreen
from hideez_bench.harness.cli.client_person import END, TypingPerson
from hideez_bench.harness.cli.client_screen import LiveScreen, Scene, Screen
from hideez_bench.harness.cli.evidence import Evidence, evidence_options, leave_evidence
from hideez_bench.harness.cli.keyboard import keyboard
from hideez_bench.harness.cli.options import defect_option, wire_option
from hideez_bench.harness.cli.state_folder import state_folder
from hideez_bench.harness.client.advertisements import Advertisement, Scan
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.client.service import ClientService, MetKey, Standing
from hideez_bench.harness.client.triggers import Why
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.links.bleak_link import BleakLink
from hideez_bench.harness.stage import Stage, open_stage
from hideez_bench.harness.targets import BleTarget, EmulatorTarget, Target, parse_target
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.wire import Wire

NAME_DIGITS = 5
ANY_KEY = "ble"
LETTERS = {
    "q": "quit",
    "t": "tap a key",
    "l": "lock or unlock the computer",
    "?": "show the code",
    "a": "activate a Locked key again",
}
BUTTON_LETTERS = {"p": "press the key's button", "h": "hold it"}


@click.command()
@click.option("--target", default="emulator", show_default=True, help="Which keys: emulator, emulator:memory, "
              "emulator:loopback (one that is started here), ble (every key in reach), ble:HK-00203 or "
              "ble:AA:BB:CC:DD:EE:FF.")  # fmt: skip
@click.option("--adapter", metavar="HCI", help="The Bluetooth adapter to use, as hci1.")
@click.option("--dongle", is_flag=True, help="As if the keys were reached over the vendor's dongle: by a tap, or by "
              "proximity where the server allows it, and brought back when they are lost.")  # fmt: skip
@click.option("--hes", "hes_file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The server's memory: master keys and codes, for your eyes only. "
              "[default for ble: hes.db in your state folder; for emulator: none]")  # fmt: skip
@click.option(
    "--workstation",
    default=InProcessServer.workstation,
    show_default=True,
    help="The name of this workstation.",
)
@click.option("--as-shipped", is_flag=True, help="With the mistakes of the shipped client.")
@click.option("--once", is_flag=True, help="End with the first key's flow: 0 if it is online then, 1 if not.")
@click.option("--plain", is_flag=True, help="Plain lines, as where the output is not a terminal.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@defect_option
@wire_option
@evidence_options
@click.option("-v", "--verbose", is_flag=True, help="Show the decoded exchange too.")
def client(
    target: str,
    adapter: str | None,
    dongle: bool,
    hes_file: Path | None,
    workstation: str,
    as_shipped: bool,
    once: bool,
    plain: bool,
    as_json: bool,
    key_type: type[Key],
    wire: Wire,
    capture: Path | None,
    keylog: Path | None,
    verbose: bool,
) -> None:
    """Connect every key in reach, and ask for its activation code where it waits for one, until q.

    A server in this process assigns keys and makes codes. What is typed is never shown.

    \b
    hideez-bench client                                       a virtual key to try everything with
    hideez-bench client --target ble                          every key in reach
    hideez-bench client --target emulator --once --plain      one key, in plain lines
    """
    wanted = BleTarget("") if target == ANY_KEY else parse_target(target)
    if key_type is not Key and not isinstance(wanted, EmulatorTarget):
        raise BenchError(
            f"--defect is for a key that this command starts, and {target} is there already; start one with "
            "hideez-bench emulate --defect."
        )
    run = _Run(
        target=wanted,
        wire=wire,
        adapter=adapter,
        stack=Stack.DONGLE if dongle else Stack.SYSTEM,
        store_url=_store_url(hes_file, wanted),
        workstation=workstation,
        behaviour=AS_SHIPPED if as_shipped else MEANT,
        once=once,
        key_type=key_type,
        screen=_screen(as_json=as_json, plain=plain, verbose=verbose),
    )
    with leave_evidence(capture, keylog, wire.profile) as evidence:
        sys.exit(asyncio.run(run(evidence)))


def _screen(*, as_json: bool, plain: bool, verbose: bool) -> Screen:
    if as_json:
        return JsonScreen(verbose)
    if plain or not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return PlainScreen(verbose)
    return LiveScreen(verbose)


@dataclass
class _Run:
    """One run of the program."""

    target: Target
    wire: Wire
    adapter: str | None
    stack: Stack
    store_url: str
    workstation: str
    behaviour: Behaviour
    once: bool
    key_type: type[Key]
    screen: Screen

    async def __call__(self, evidence: Evidence) -> int:
        """Run until somebody has had enough; the exit status."""
        enough: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        with _signals(enough):
            async with open_stage(
                self.target, self.wire, adapter=self.adapter, key_type=self.key_type
            ) as stage:
                bench = Bench(
                    open_link=stage.open_link,
                    timeline=Timeline(asyncio.get_running_loop().time, self.screen.tell),
                    wire=self.wire,
                    workstation=self.workstation,
                    store_url=self.store_url,
                    on_keys=evidence.on_keys,
                )
                async with bench:
                    return await self._serve(_Desk(self, stage, bench, evidence, enough), enough)

    async def _serve(self, desk: _Desk, enough: asyncio.Future[int]) -> int:
        person, service = desk.person, desk.service
        scan = Scan(service.airwaves, self.wire.profile, desk.stage.options, only=desk.stage.name)
        async with service, scan:
            with keyboard(person.type, person.end) as has_keyboard, self.screen.shown():
                if not has_keyboard:
                    person.end()
                return await enough


class _Desk:
    """A client, who sits at it, and the server and administrator behind it. It is the client's lock screen, too."""

    def __init__(
        self, run: _Run, stage: Stage, bench: Bench, evidence: Evidence, enough: asyncio.Future[int]
    ) -> None:
        self.stage = stage
        self._run = run
        self._bench = bench
        self._evidence = evidence
        self._enough = enough
        self._tasks: set[asyncio.Task[None]] = set()
        orders: dict[str, Callable[[], None]] = {
            "q": self._quit,
            END: self._quit,
            "t": self._tap,
            "l": self._lock_or_unlock,
            "?": self._show_code,
            "a": self._reactivate,
        }
        letters = LETTERS
        if stage.application:
            orders |= {"p": partial(self._press, Button.SINGLE), "h": partial(self._press, Button.LONG)}
            letters = LETTERS | BUTTON_LETTERS
        self.person = TypingPerson(orders, run.screen.changed, is_terminal=sys.stdin.isatty())
        self.service = ClientService(
            workstation=bench.workstation,
            hes=bench.connection,
            ui=self.person,
            links=self._links,
            wire=run.wire,
            stack=run.stack,
            behaviour=run.behaviour,
            timeline=bench.timeline,
            on_change=self._changed,
            on_keys=evidence.on_keys,
            prepare=self._prepare,
        )
        bench.workstation.state.lock_screen = self
        place = (
            f"Workstation {run.workstation}, server in this process, {stage.radio.partition(':')[0]} radio"
        )
        run.screen.scene = Scene(self.service, self.person, place, letters, asyncio.get_running_loop().time)

    # --- the way to a key ---

    def _links(self, advertisement: Advertisement) -> OpenLink:
        def open_link(seconds: float) -> BleakLink:
            return BleakLink(
                advertisement.name or advertisement.address,
                profile=self._run.wire.profile,
                timeout=seconds,
                options=self.stage.options,
                device=advertisement.device,
            )

        return self._evidence.link(open_link)

    async def _prepare(self, advertisement: Advertisement) -> None:
        """Have the server know the key and somebody own it."""
        administrator = self._bench.administrator
        identity = self.stage.identity
        if identity and not await administrator.knows(identity.serial):
            await administrator.import_vault(identity.serial, str(identity.firmware))
        vault = await administrator.find(advertisement.name[-NAME_DIGITS:]) if advertisement.name else None
        if vault:
            serial = vault.serial
        else:
            serial = await import_from_key(
                administrator, self._links(advertisement), self._run.wire, on_keys=self._evidence.on_keys
            )
        if (await self._bench.server.vault(serial)).status is VaultStatus.Ready:
            await administrator.assign(serial)

    # --- the lock screen ---

    async def raise_and_wait(self) -> None:
        """See `LockScreen.raise_and_wait`; here it is always up."""

    async def unlock(self, serial: str) -> bool:
        """See `LockScreen.unlock`."""
        self._run.screen.say(f"The computer is unlocked, by key {serial}.")
        return True

    # --- what happens ---

    def _changed(self) -> None:
        self._run.screen.changed()
        if not self._run.once or self._enough.done():
            return
        standings = {key.standing for key in self.service.keys.values()}
        if Standing.ONLINE in standings:
            self._enough.set_result(0)
        elif Standing.STOPPED in standings:
            self._enough.set_result(1)

    # --- orders ---

    def _quit(self) -> None:
        if not self._enough.done():
            self._enough.set_result(0)

    def _tap(self) -> None:
        key = self._latest(Standing.STOPPED, Standing.IN_REACH)
        if key is None:
            self._run.screen.say("There is no key in reach that is not connected.")
        elif not self.service.connect(key, Why.TAP):
            self._run.screen.say("Another key is being connected; its turn comes first.")

    def _lock_or_unlock(self) -> None:
        if self.service.state.session_locked:
            self.service.unlock_session()
            self._run.screen.say("The computer is unlocked, by hand.")
        else:
            self.service.state.lock_session()
            self._run.screen.say("The computer is locked; its keys are disconnected. A tap unlocks it again.")

    def _show_code(self) -> None:
        key = self._latest(*Standing)
        if key is None or not key.serial:
            self._run.screen.say("There is no key yet that has a code.")
            return
        self._spawn(self._tell_code(key))

    async def _tell_code(self, key: MetKey) -> None:
        try:
            code = await self._bench.administrator.code(key.serial)
        except BenchError as error:
            self._run.screen.say(str(error))
        else:
            self._run.screen.say(f"The code of {key.name} is {code.reveal().decode()}.")

    def _reactivate(self) -> None:
        key = self._latest(*Standing)
        if key is None or not key.serial:
            self._run.screen.say("There is no key yet that could be activated again.")
            return
        self._spawn(self._activate_again(key))

    async def _activate_again(self, key: MetKey) -> None:
        try:
            await self._bench.administrator.reactivate(key.serial)
        except BenchError as error:
            self._run.screen.say(str(error))
        else:
            self.service.connect(key)

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _press(self, button: Button) -> None:
        if self.stage.application:
            self.stage.application.press(button)

    def _latest(self, *standings: Standing) -> MetKey | None:
        """The key that something happened to last, of those that stand so."""
        keys = [key for key in self.service.keys.values() if key.standing in standings]
        return max(keys, key=lambda key: (key.standing is Standing.WORKING, key.since), default=None)


@contextmanager
def _signals(enough: asyncio.Future[int]) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM are a way to have had enough, with the status that they have in a shell."""
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if not enough.done():
            enough.set_result(128 + number)

    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _store_url(hes_file: Path | None, target: Target) -> str:
    if hes_file is None and isinstance(target, EmulatorTarget):
        return "sqlite://"
    return f"sqlite:///{hes_file or state_folder('--hes') / 'hes.db'}"
