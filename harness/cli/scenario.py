"""`scenario`: what users struggle with, listed, and played out on a virtual key."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Sequence

import click

from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.options import wire_option
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT
from hideez_bench.harness.scenarios.catalogue import SCENARIOS, find
from hideez_bench.harness.scenarios.play import Outcome, play, refuse_radio
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.harness.scenarios.story import Line, Part, Voice
from hideez_bench.harness.targets import Radio
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.wire import Wire

WIDTH = 110
"""Columns of a line at most."""
NARROWEST = 24
VOICE_WIDTH = max(len(voice) for voice in Voice)
INDENT = 2 + 7 + 4 + VOICE_WIDTH + 2
"""Columns before the text of a line: margin, seconds, unit, voice."""


@click.group()
def scenario() -> None:
    """What users of a Hideez Key struggle with, played out: what they see, why, and what helps.

    \b
    hideez-bench scenario list
    hideez-bench scenario run three-wrong-codes
    """


@scenario.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def list_scenarios(as_json: bool) -> None:
    """List the scenarios: name, what the user sees, and the behaviours that each shows.

    \b
    hideez-bench scenario list
    hideez-bench scenario list --json      for a program
    """
    if as_json:
        click.echo(json.dumps([_described(one) for one in SCENARIOS], indent=2))
        return
    name = max(len(one.name) for one in SCENARIOS)
    behaviours = max(len(_behaviours(one)) for one in SCENARIOS)
    longest = max(len(one.symptom) for one in SCENARIOS)
    symptom = max(NARROWEST, min(longest, shutil.get_terminal_size().columns - name - behaviours - 4))
    story.say(f"{'Name':<{name}}  {'What the user sees':<{symptom}}  Behaviours", bold=True)
    for one in SCENARIOS:
        first, *others = textwrap.wrap(one.symptom, symptom)
        story.say(f"{one.name:<{name}}  {first:<{symptom}}  {_behaviours(one)}")
        for line in others:
            story.say(" " * (name + 2) + line)


@scenario.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "run_all", is_flag=True, help="Every one, a line each; with -v their stories too.")
@click.option("--radio", type=click.Choice([Radio.MEMORY.value, Radio.LOOPBACK.value]), default=Radio.MEMORY.value,
              show_default=True, help="What stands in for Bluetooth. Only memory has pairing, a signal, and time that "
              "nobody waits for.")  # fmt: skip
@click.option("--as-shipped", is_flag=True, help="With the mistakes of the shipped client.")
@wire_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else: a list with --all.")
@click.option("-v", "--verbose", is_flag=True, help="Show every step, and the decoded exchange.")
def run(
    names: Sequence[str],
    run_all: bool,
    radio: str,
    as_shipped: bool,
    wire: Wire,
    as_json: bool,
    verbose: bool,
) -> None:
    """Play a scenario: the trouble, why it is, and what helps.

    Exit status: 0 everything went as it should, 1 something did not, 2 wrong use or surroundings.

    \b
    hideez-bench scenario run missed-green-press
    hideez-bench scenario run cancel-does-nothing --as-shipped
    hideez-bench scenario run --all
    """
    if run_all == bool(names):
        raise BenchError("Name a scenario, or say --all; hideez-bench scenario list has their names.")
    wanted = [find(name) for name in names] or [one for one in SCENARIOS if _fits(one, radio)]
    for one in wanted:
        refuse_radio(one, Radio(radio))  # before anything is told
    tells = not as_json and (verbose or not run_all)
    outcomes: dict[Scenario, Outcome] = {}
    for one in wanted:
        if tells:
            _announce(one)
        teller = _Teller(one, verbose=verbose)
        outcomes[one] = play(
            one,
            wire,
            radio=Radio(radio),
            behaviour=AS_SHIPPED if as_shipped else MEANT,
            sink=teller.tell if tells else lambda line: None,
        )
        if not as_json:
            _conclude(one, outcomes[one], radio, short=not tells)
    if as_json:
        reports = [_report(one, outcome, radio, as_shipped) for one, outcome in outcomes.items()]
        click.echo(json.dumps(reports if run_all or len(reports) > 1 else reports[0], indent=2))
    elif run_all:
        _sum_up(outcomes, radio)
    sys.exit(1 if any(outcome.error for outcome in outcomes.values()) else 0)


class _Teller:
    """Prints the lines of a story as they come, and says why between the trouble and what helps."""

    def __init__(self, one: Scenario, *, verbose: bool) -> None:
        self._scenario = one
        self._verbose = verbose
        self._part = Part.TROUBLE

    def tell(self, line: Line) -> None:
        """Print one line of the story."""
        if line.part is not self._part:
            self._part = line.part
            _paragraph("Why", self._scenario.why)
            _paragraph("What helps", self._scenario.remedy)
            story.say("")
        if not line.detail or self._verbose:
            story.say(
                _wrapped(f"  {line.at:7.1f} s  {line.voice:<{VOICE_WIDTH}}  ", line.text, " " * INDENT),
                fg=story.COLOURS.get(line.kind),
                dim=line.detail,
            )


def _announce(one: Scenario) -> None:
    story.say(f"\n{one.name}  (behaviours: {_behaviours(one)})", bold=True)
    _paragraph("What the user sees", one.symptom)
    story.say("")


def _conclude(one: Scenario, outcome: Outcome, radio: str, *, short: bool) -> None:
    time = f"{outcome.seconds:.1f} s{' simulated' if radio == Radio.MEMORY else ''}"
    if short:
        good = f"ok      {one.name}  ({time})"
        text = f"FAILED  {one.name}  {outcome.error}" if outcome.error else good
        story.say(text, fg="red" if outcome.error else None)
    elif outcome.error:
        story.say(f"\nIt did not go as it should. {outcome.error}", fg="red", bold=True)
    else:
        story.say(f"\nIt went as it should ({time}).", fg="green", bold=True)


def _sum_up(outcomes: dict[Scenario, Outcome], radio: str) -> None:
    failed = sum(outcome.error is not None for outcome in outcomes.values())
    left_out = len(SCENARIOS) - len(outcomes)
    if left_out:
        story.say(f"\n{left_out} left out: the {radio} radio has neither pairing nor signal.")
    text = f"\n{len(outcomes) - failed} of {len(outcomes)} went as they should."
    story.say(text, fg="red" if failed else "green", bold=True)


def _behaviours(one: Scenario) -> str:
    return " ".join(one.behaviours) or "none"


def _fits(one: Scenario, radio: str) -> bool:
    return radio == Radio.MEMORY or not one.realistic


def _paragraph(head: str, text: str) -> None:
    story.say(f"\n{head}", bold=True)
    story.say(_wrapped("  ", text, "  "))


def _wrapped(first: str, text: str, others: str) -> str:
    width = max(INDENT + NARROWEST, min(WIDTH, shutil.get_terminal_size().columns))
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _described(one: Scenario) -> dict[str, object]:
    return {
        "name": one.name,
        "symptom": one.symptom,
        "why": one.why,
        "remedy": one.remedy,
        "behaviours": list(one.behaviours),
        "radios": [radio.value for radio in (Radio.MEMORY, Radio.LOOPBACK) if _fits(one, radio)],
    }


def _report(one: Scenario, outcome: Outcome, radio: str, as_shipped: bool) -> dict[str, object]:
    """How it went, for a machine."""
    return {
        **_described(one),
        "radio": radio,
        "as_shipped": as_shipped,
        "as_it_should": outcome.error is None,
        "error": str(outcome.error) if outcome.error else None,
        "seconds": round(outcome.seconds, 3),
        "story": [
            {"at": round(line.at, 3), "part": line.part, "who": line.voice, "text": line.text}
            for line in outcome.lines
            if not line.detail
        ],
    }
