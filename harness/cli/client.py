"""`client`: Hideez Client at the terminal, for every key in reach."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hideez_bench.emulator.key.key import Key
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.cli.client_desk import Desk
from hideez_bench.harness.cli.client_lines import JsonScreen, PlainScreen
from hideez_bench.harness.cli.client_scene import Screen
from hideez_bench.harness.cli.client_screen import LiveScreen
from hideez_bench.harness.cli.evidence import Evidence, evidence_options, leave_evidence
from hideez_bench.harness.cli.hes_choice import HesChoice, hes_options
from hideez_bench.harness.cli.keyboard import keyboard
from hideez_bench.harness.cli.options import defect_option, wire_option
from hideez_bench.harness.cli.state_folder import state_folder
from hideez_bench.harness.client.access_note import AccessNote
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.device_log import DeviceLogs
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.hes.in_process import NoServer
from hideez_bench.harness.hes.server import HesServer
from hideez_bench.harness.stage import Stage, open_stage
from hideez_bench.harness.targets import BleTarget, EmulatorTarget, Target, parse_target
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire

if TYPE_CHECKING:
    from hideez_bench.harness.cli.client_reach import ServerReach

ANY_KEY = "ble"


@click.command()
@click.option("--target", default="emulator", show_default=True, help="Which keys: emulator, emulator:memory, "
              "emulator:loopback (one that is started here), ble (every key in reach), ble:HK-00203 or "
              "ble:AA:BB:CC:DD:EE:FF.")  # fmt: skip
@click.option("--adapter", metavar="HCI", help="The Bluetooth adapter to use, as hci1.")
@click.option("--dongle", is_flag=True, help="As if the keys were reached over the vendor's dongle: by a tap, or by "
              "proximity where the server allows it, and brought back when they are lost.")  # fmt: skip
@hes_options
@click.option(
    "--workstation", metavar="NAME", help="The name of this workstation. [default: the server's choice]"
)
@click.option("--adopt", is_flag=True, help="With ble: import keys that the server does not know, and give those that "
              "nobody owns to somebody invented. For keys of your own only: they are linked to this server then. "
              "[default for all other targets]")  # fmt: skip
@click.option("--standalone", is_flag=True, help="For keys that belong to no server: you choose a master password for "
              "a new key, and enter it where the key asks for it.")  # fmt: skip
@click.option("--device-logs", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Read each key's log when it connects, and add what is new to its file in this folder.")  # fmt: skip
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
    hes: HesChoice,
    workstation: str | None,
    adopt: bool,
    standalone: bool,
    device_logs: Path | None,
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

    A server in this process assigns keys and makes codes, unless --hes names one that runs. What is typed is never
    shown.

    \b
    hideez-bench client                  a virtual key to try everything with
    hideez-bench client --target ble     every key in reach that the server knows
    hideez-bench client --once --plain   one key, in plain lines
    hideez-bench client --standalone     a key of your own, without a server
    """
    wanted = BleTarget("") if target == ANY_KEY else parse_target(target)
    if key_type is not Key and not isinstance(wanted, EmulatorTarget):
        raise BenchError(
            f"--defect is for a key that this command starts, and {target} is there already; start one with "
            "hideez-bench emulate --defect."
        )
    if standalone and (hes.url or hes.path or workstation or adopt):
        raise click.UsageError("--standalone needs no server: leave out --hes, --workstation and --adopt.")
    run = _Run(
        target=wanted,
        wire=wire,
        adapter=adapter,
        stack=Stack.DONGLE if dongle else Stack.SYSTEM,
        hes=hes,
        workstation=workstation,
        adopt=adopt or target != ANY_KEY,
        standalone=standalone,
        take_log=DeviceLogs(device_logs) if device_logs else None,
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
    hes: HesChoice
    workstation: str | None
    adopt: bool
    standalone: bool
    take_log: Callable[[str, bytes], None] | None
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
                timeline = Timeline(asyncio.get_running_loop().time, self.screen.tell)
                bench = Bench(
                    open_link=stage.open_link,
                    timeline=timeline,
                    wire=self.wire,
                    server=await self._server(timeline),
                    workstation=self.workstation,
                    store_url=self.hes.store_url(kept=isinstance(self.target, BleTarget)),
                    on_keys=evidence.on_keys,
                )
                async with bench:
                    return await self._serve(stage, bench, evidence, enough)

    async def _server(self, timeline: Timeline) -> HesServer | None:
        """The server; one over a network need not be there yet, unless one flow is all there is."""
        if self.standalone:
            return NoServer()
        if self.hes.url is None or self.once:
            return await self.hes.open_network_server(self.wire, timeline, may_ask_code=False)
        return self.hes.patient_server(self.wire, timeline)

    def _desk(
        self,
        stage: Stage,
        bench: Bench,
        evidence: Evidence,
        enough: asyncio.Future[int],
        reach: Callable[[], Awaitable[bool]] | None,
    ) -> Desk:
        where = f"server at {self.hes.url}" if self.hes.url else "server in this process"
        if self.standalone:
            where = "no server"
        return Desk(
            stage=stage,
            bench=bench,
            wire=self.wire,
            evidence=evidence,
            screen=self.screen,
            stack=self.stack,
            behaviour=self.behaviour,
            adopt=self.adopt,
            standalone=self.standalone,
            take_log=self.take_log,
            once=self.once,
            enough=enough,
            where=where,
            reach=reach,
        )

    def _reach(
        self, bench: Bench, enough: asyncio.Future[int], back: Callable[[], None]
    ) -> ServerReach | None:
        """What keeps a server over a network reached."""
        if self.hes.url is None or self.once:
            return None
        # Imported late: the server in this process needs neither HTTP nor WebSockets.
        from hideez_bench.harness.cli.client_reach import ServerReach
        from hideez_bench.harness.hes.hub_connection import HubConnection
        from hideez_bench.harness.hes.network import PatientServer

        assert isinstance(bench.server, PatientServer)  # noqa: S101 - see `_server`
        assert isinstance(bench.connection, HubConnection)  # noqa: S101

        def failed(error: BenchError) -> None:
            if not enough.done():
                enough.set_exception(error)

        workstation = bench.workstation
        note = AccessNote(state_folder("XDG_STATE_HOME"), self.hes.url, workstation.id)
        return ServerReach(
            bench.server,
            bench.connection,
            workstation.id,
            workstation.state,
            note,
            say=self.screen.say,
            back=back,
            failed=failed,
        )

    async def _serve(
        self, stage: Stage, bench: Bench, evidence: Evidence, enough: asyncio.Future[int]
    ) -> int:
        reach = self._reach(bench, enough, lambda: desk.service.server_is_back())
        desk = self._desk(stage, bench, evidence, enough, reach.now if reach else None)
        if reach:
            await reach.first(enough)
        person = desk.person
        async with desk, desk.service, desk.scan:
            with keyboard(person.type, person.end) as has_keyboard, self.screen.shown():
                if not has_keyboard:
                    person.end()
                async with reach.kept() if reach else nullcontext():
                    return await enough


@contextmanager
def _signals(enough: asyncio.Future[int]) -> Iterator[None]:
    """Inside, Ctrl-C and SIGTERM are a way to have had enough, with the status that they have in a shell."""
    loop = asyncio.get_running_loop()

    def end(number: int) -> None:
        if not enough.done():
            enough.set_result(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, end, number)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
