"""`activate` and `demo`: take a key through activation and say how it ended."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.key.key import Key
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.bench import Bench, Ending, Verdict
from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.evidence import Evidence, evidence_options, leave_evidence
from hideez_bench.harness.cli.hes_choice import HesChoice, hes_options
from hideez_bench.harness.cli.options import Amount, defect_option, wire_option
from hideez_bench.harness.cli.terminal import ask_hidden, is_a_person_there, show
from hideez_bench.harness.client.connecting import SYSTEM_ATTEMPTS
from hideez_bench.harness.client.user_interface import UserInterface
from hideez_bench.harness.links.bleak_link import ConnectionFailed, KeyNotFound, NoBluetooth
from hideez_bench.harness.people import Choice, Entry, ScriptedPerson, TerminalPerson, parse_entry
from hideez_bench.harness.stage import Stage, open_stage
from hideez_bench.harness.targets import BleTarget, EmulatorTarget, Radio, Target, parse_target
from hideez_bench.harness.timeline import Event, Timeline
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire

NAME_DIGITS = 5
NO_CHOICE = HesChoice()


@click.command()
@click.option("--target", default="emulator", show_default=True, help="Which key: emulator, emulator:memory, "
              "emulator:loopback, ble:HK-00203 or ble:AA:BB:CC:DD:EE:FF.")  # fmt: skip
@click.option("--code", "codes", multiple=True, metavar="CODE", help="A code to type: digits, or the word right or "
              "wrong. Repeat it to type several in turn. [default: ask at a terminal, else right]")  # fmt: skip
@click.option("--adapter", metavar="HCI", help="The Bluetooth adapter to use, as hci1.")
@click.option("--timeout", type=Amount(min=0, min_open=True), metavar="SECONDS",
              help="How long to look for the key. [default: 16, then once more 8]")  # fmt: skip
@hes_options
@click.option(
    "--reactivate", is_flag=True, help="Press Activate on a Locked key first, which makes a new code."
)
@defect_option
@wire_option
@evidence_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("-v", "--verbose", is_flag=True, help="Show the decoded exchange too.")
def activate(
    target: str,
    codes: Sequence[str],
    adapter: str | None,
    timeout: float | None,
    hes: HesChoice,
    reactivate: bool,
    key_type: type[Key],
    wire: Wire,
    capture: Path | None,
    keylog: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Take a key through activation, from the assignment to Active.

    Exit status: 0 the key is Active, 1 it is not, 2 wrong use or surroundings.

    \b
    hideez-bench activate                                     a virtual key, the right code
    hideez-bench activate --code wrong --code right           a slip, then the right code
    hideez-bench activate --target ble:HK-00203 -v            a key in reach, with the decoded exchange
    hideez-bench activate --hes http://127.0.0.1:8470         a server that runs (hideez-bench hes serve)
    """
    wanted = parse_target(target)
    if key_type is not Key and not isinstance(wanted, EmulatorTarget):
        raise BenchError(
            f"--defect is for a key that this command starts, and {target} is there already; start one with "
            "hideez-bench emulate --defect."
        )
    run = _Run(
        target=wanted,
        wire=wire,
        entries=[parse_entry(code) for code in codes],
        adapter=adapter,
        attempts=(timeout,) if timeout else SYSTEM_ATTEMPTS,
        hes=hes,
        reactivate=reactivate,
        key_type=key_type,
        sink=(lambda event: None) if as_json else story.printer(verbose),
        announce=(lambda text: None) if as_json else story.say,
    )
    with leave_evidence(capture, keylog, wire.profile) as evidence:
        stage_name, verdict = asyncio.run(run(evidence))
    if as_json:
        click.echo(json.dumps(run.report(stage_name, verdict), indent=2))
    else:
        story.conclude(stage_name, verdict)
    sys.exit(0 if verdict.ending is Ending.ACTIVE else 1)


@click.command()
@click.option("--radio", type=click.Choice([radio.value for radio in Radio]), default=Radio.AUTO.value,
              show_default=True, help="What stands in for Bluetooth.")  # fmt: skip
@wire_option
@evidence_options
@click.option("-v", "--verbose", is_flag=True, help="Show the decoded exchange too.")
def demo(radio: str, wire: Wire, capture: Path | None, keylog: Path | None, verbose: bool) -> None:
    """Show both endings: a key that is activated, and one that locks itself after three wrong codes.

    \b
    hideez-bench demo
    hideez-bench demo --radio memory -v
    """
    endings = (
        ("A new employee types the right code", [Choice.RIGHT], Ending.ACTIVE),
        ("Somebody types three wrong codes", [Choice.WRONG] * 3, Ending.LOCKED),
    )
    with leave_evidence(capture, keylog, wire.profile) as evidence:
        for title, entries, expected in endings:
            story.say(f"\n{title}\n", bold=True)
            run = _Run(
                target=EmulatorTarget(Radio(radio)),
                wire=wire,
                entries=entries,
                sink=story.printer(verbose),
                announce=story.say,
            )
            name, verdict = asyncio.run(run(evidence))
            story.conclude(name, verdict)
            if verdict.ending is not expected:
                raise BenchError(
                    f"This should have ended as {expected}, and ended as {verdict.ending}: {verdict.error}"
                )


class _Run:
    """One walk through activation with one key."""

    def __init__(
        self,
        *,
        target: Target,
        wire: Wire,
        entries: Sequence[Entry],
        sink: Callable[[Event], None],
        announce: Callable[[str], None],
        adapter: str | None = None,
        attempts: Sequence[float] = SYSTEM_ATTEMPTS,
        hes: HesChoice = NO_CHOICE,
        reactivate: bool = False,
        key_type: type[Key] = Key,
    ) -> None:
        self._target = target
        self._wire = wire
        self._entries = entries
        self._sink = sink
        self._announce = announce
        self._adapter = adapter
        self._attempts = attempts
        self._hes = hes
        self._reactivate = reactivate
        self._key_type = key_type
        self._radio = ""
        self._seconds = 0.0

    async def __call__(self, evidence: Evidence) -> tuple[str, Verdict]:
        timeline = Timeline(asyncio.get_running_loop().time, self._sink)
        async with open_stage(
            self._target, self._wire, adapter=self._adapter, key_type=self._key_type
        ) as stage:
            self._radio = stage.radio
            self._announce(f"Key {stage.name}, radio {stage.radio}\n")
            bench = Bench(
                open_link=evidence.link(stage.open_link),
                timeline=timeline,
                wire=self._wire,
                server=await self._hes.open_network_server(self._wire, timeline),
                store_url=self._hes.store_url(kept=isinstance(self._target, BleTarget)),
                attempts=self._attempts,
                on_keys=evidence.on_keys,
            )
            async with bench:
                serial = await self._prepare(bench, stage)
                async with bench.flow(self._person(bench, serial)) as flow:
                    result = await flow.run()
                cause = result.error.__cause__ if result.error else None
                if isinstance(cause, KeyNotFound | ConnectionFailed | NoBluetooth):
                    raise cause
                self._seconds = timeline.elapsed
                return stage.name, await bench.verdict(serial, result)

    def report(self, name: str, verdict: Verdict) -> dict[str, object]:
        """The outcome for a machine."""
        return {
            "verdict": verdict.ending,
            "message": story.conclusion(name, verdict),
            "key": name,
            "serial": verdict.serial,
            "vault_status": verdict.vault_status.name,
            "attempts_remaining": verdict.attempts_remaining,
            "error": str(verdict.error) if verdict.error else None,
            "radio": self._radio,
            "seconds": round(self._seconds, 3),
        }

    async def _prepare(self, bench: Bench, stage: Stage) -> str:
        """Have the server know the key and somebody own it; return the serial number."""
        if stage.identity:
            serial = stage.identity.serial
            if not await bench.administrator.knows(serial):
                await bench.administrator.import_vault(serial, str(stage.identity.firmware))
        elif (known := await bench.administrator.find(stage.name[-NAME_DIGITS:])) and ":" not in stage.name:
            serial = known.serial
        else:
            serial = await bench.import_from_key()
        if (await bench.server.vault(serial)).status is VaultStatus.Ready:
            await bench.administrator.assign(serial)
        if self._reactivate:
            await bench.administrator.reactivate(serial)
        return serial

    def _person(self, bench: Bench, serial: str) -> UserInterface:
        if not self._entries and is_a_person_there():
            return TerminalPerson(
                ask_hidden, lambda: _show_code(bench.administrator, serial), lambda text: show(f"{text}\n")
            )
        return ScriptedPerson(self._entries or [Choice.RIGHT], lambda: bench.administrator.code(serial))


async def _show_code(administrator: Administrator, serial: str) -> None:
    try:
        code = await administrator.code(serial)
    except BenchError as error:
        show(f"{error}\n")
    else:
        show(f"{code.reveal().decode()}\n")
