"""`fleet`: many virtual keys in one process, taken through activation before one server."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from statistics import median

import click

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.hes_choice import HesChoice, hes_options
from hideez_bench.harness.cli.options import wire_option
from hideez_bench.harness.fleet import Outcome, open_fleet
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.hes.server import HesServer
from hideez_bench.harness.timeline import Event, Kind, Timeline
from hideez_bench.protocol.wire import Wire

AT_ONCE = 10
OF_OUR_OWN = HesChoice()
LINES = 10
"""How many lines tell of the progress."""


@click.command()
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many keys."
)
@click.option(
    "--name", default="HK-00203", show_default=True, help="The local name of the first; the others follow."
)
@click.option("--at-once", type=click.IntRange(min=1), default=AT_ONCE, show_default=True,
              help="How many are activated at a time; all are on the air.")  # fmt: skip
@click.option("--each", type=click.IntRange(1, 100), default=1, show_default=True,
              help="How many keys connect to one workstation, one after another.")  # fmt: skip
@hes_options
@wire_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def fleet(count: int, name: str, at_once: int, each: int, hes: HesChoice, wire: Wire, as_json: bool) -> None:
    """Activate many virtual keys in this process, on the in-process radio, before one server.

    With --hes URL that is a server that runs, which gets all of them as new keys of new employees.

    Exit status: 0 all are Active, 1 some are not, 2 wrong use.

    \b
    hideez-bench fleet --count 100
    hideez-bench fleet --count 1000 --at-once 50 --json
    hideez-bench fleet --count 200 --at-once 20 --each 10 --hes http://127.0.0.1:8470
    """
    first = Identity.from_local_name(name)
    sys.exit(activate_fleet(first, count, at_once, wire, hes=hes, each=each, as_json=as_json))


def activate_fleet(
    first: Identity,
    count: int,
    at_once: int,
    wire: Wire,
    *,
    hes: HesChoice = OF_OUR_OWN,
    each: int = 1,
    as_json: bool = False,
) -> int:
    """Activate so many keys, tell how it went, and return the exit status."""
    run = asyncio.run(_activate(first, count, at_once, wire, hes, each, quiet=as_json))
    if as_json:
        click.echo(json.dumps(run.report(), indent=2))
    else:
        run.conclude()
    return 0 if not run.failed else 1


@dataclass
class _Run:
    """What became of a fleet."""

    seconds: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def failed(self) -> list[Outcome]:
        """The keys that are not Active."""
        return [outcome for outcome in self.outcomes if not outcome.is_active]

    def report(self) -> dict[str, object]:
        """The outcome for a machine."""
        return {
            "keys": len(self.outcomes),
            "active": len(self.outcomes) - len(self.failed),
            "seconds": round(self.seconds, 3),
            "activations_per_second": round(len(self.outcomes) / self.seconds, 1),
            "seconds_each": round(median(outcome.seconds for outcome in self.outcomes), 3),
            "failed": {outcome.name: _why(outcome) for outcome in self.failed},
        }

    def conclude(self) -> None:
        """Print the outcome for a person."""
        for outcome in self.failed:
            story.say(f"{outcome.name} ({outcome.serial}) is not activated: {_why(outcome)}", fg="red")
        count, active = len(self.outcomes), len(self.outcomes) - len(self.failed)
        story.say(
            f"\n{active} of {count} keys are Active, after {self.seconds:.1f} s: {count / self.seconds:.1f} a second.",
            fg="red" if self.failed else "green",
            bold=True,
        )


def _why(outcome: Outcome) -> str:
    return str(outcome.error) if outcome.error else f"its vault is {outcome.status.name}"


async def _server(hes: HesChoice, wire: Wire) -> HesServer:
    """The server that was chosen, or one of our own that remembers nothing."""

    def tell(event: Event) -> None:
        if event.kind is Kind.WARNING:  # and not what the administrator does for each key
            click.echo(f"The administrator {event.text}", err=True)

    timeline = Timeline(asyncio.get_running_loop().time, tell)
    elsewhere = await hes.open_network_server(wire, timeline, may_ask_code=False)
    return elsewhere or InProcessServer(Hes(hes.store_url(kept=False), wire=wire))


async def _activate(
    first: Identity, count: int, at_once: int, wire: Wire, hes: HesChoice, each: int, *, quiet: bool
) -> _Run:
    run = _Run()
    server = await _server(hes, wire)
    started = time.perf_counter()
    async with open_fleet(first, count, wire, server=server, each=each) as opened:
        if not quiet:
            last = opened.identities[-1]
            story.say(f"{count} keys are on the air, {first.local_name} to {last.local_name}.\n")
        async for outcome in opened.activate(at_once=at_once):
            run.outcomes.append(outcome)
            run.seconds = time.perf_counter() - started
            done = len(run.outcomes)
            if not quiet and done * LINES // count != (done - 1) * LINES // count:
                story.say(f"{run.seconds:7.2f} s  {done} of {count}, the last one {outcome.name}")
    return run
