"""The flow as people read it: one line an event, and a verdict at the end."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from hideez_bench.harness.bench import Ending, Verdict
from hideez_bench.harness.client.user_interface import attempts
from hideez_bench.harness.timeline import Event, Kind

COLOURS = {Kind.GOOD: "green", Kind.BAD: "red", Kind.WARNING: "yellow"}
WIDTH = len("Administrator -> Person")


def printer(verbose: bool) -> Callable[[Event], None]:
    """A sink for a timeline that prints each event; traffic only where it is asked for."""

    def show(event: Event) -> None:
        if event.kind is not Kind.TRAFFIC or verbose:
            say(line(event), fg=COLOURS.get(event.kind), dim=event.kind is Kind.TRAFFIC)

    return show


def line(event: Event) -> str:
    """An event in one line, as `  0.12 s  Client -> Key          tries the code`."""
    who = f"{event.actor} -> {event.to}" if event.to else event.actor
    return f"{event.at:7.2f} s  {who:<{WIDTH}} {event.text}"


def say(text: str, *, fg: str | None = None, dim: bool = False, bold: bool = False) -> None:
    """Print a line; colour only where a terminal shows it and nobody asked for none (NO_COLOR)."""
    plain = "NO_COLOR" in os.environ
    click.echo(text if plain else click.style(text, fg=fg, dim=dim or None, bold=bold or None))


def conclusion(name: str, verdict: Verdict) -> str:
    """The verdict in one sentence."""
    key = f"{name} ({verdict.serial})"
    match verdict.ending:
        case Ending.ACTIVE:
            return f"{key} is Active."
        case Ending.LOCKED:
            return (
                f"{key} is Locked. Only the administrator can bring it back, with a new code (--reactivate)."
            )
        case Ending.WAITING:
            left = verdict.attempts_remaining
            rest = "" if left is None else f", {attempts(left)} left"
            return f"{key} is not activated: it still waits for its code{rest}."
        case Ending.FAILED:
            return f"{key} is not activated (vault {verdict.vault_status.name}): {verdict.error}"


def conclude(name: str, verdict: Verdict) -> None:
    """Print the verdict."""
    good = verdict.ending is Ending.ACTIVE
    say(f"\nVerdict: {conclusion(name, verdict)}", fg="green" if good else "red", bold=True)
