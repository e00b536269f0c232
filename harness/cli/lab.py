"""`hideez-bench lab`: run a command on a real Linux Bluetooth stack, in a guest."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from hideez_bench.harness.cli.options import Amount
from hideez_bench.harness.lab import install, runner, status
from hideez_bench.harness.lab.cache import cache_folder, clean
from hideez_bench.harness.lab.errors import GuestFailed
from hideez_bench.harness.lab.job import Job
from hideez_bench.harness.lab.termination import ended_by_signals


@click.group()
def lab() -> None:
    """Run a command on a real Linux Bluetooth stack, in a guest.

    The guest is a small emulated Linux with a kernel, bluetoothd and virtual adapters; this machine needs no Bluetooth.

    \b
    Try:  hideez-bench lab install
          hideez-bench lab run -- bluetoothctl list
    """


def say(sentence: str) -> None:
    """Tell the user what takes its time."""
    click.echo(sentence, err=True)


@lab.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--timeout",
    type=Amount(min=0.1),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="Kill the command then.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep what the command writes to /out here.",
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="The folder to start in, seen read-only at the same path.  [default: this folder]",
)
@click.option(
    "--adapters",
    type=click.IntRange(1, 16),
    default=3,
    show_default=True,
    help="How many Bluetooth adapters there are.",
)
@click.option("--cold", is_flag=True, help="Boot the guest instead of resuming its snapshot.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run_command(
    command: tuple[str, ...],
    timeout: float,
    out: Path | None,
    project: Path,
    adapters: int,
    cold: bool,
) -> None:
    """Run COMMAND in the guest, pass its output on as it comes, and end with its status.

    python, pytest and hideez-bench are those of this environment. The status is 124 when the time was up, 125 when
    the guest itself failed, 128 + n when signal n ended the command.

    \b
    Example:  hideez-bench lab run --out results -- pytest tests -m bluez --junitxml=/out/junit.xml
    """
    if out:
        out.mkdir(parents=True, exist_ok=True)
    job = Job(list(command), project.resolve(), out.resolve() if out else None)
    try:
        with ended_by_signals():
            status_number = runner.run(
                job,
                adapters=adapters,
                timeout=timeout,
                cold=cold,
                out=sys.stdout.buffer,
                err=sys.stderr.buffer,
                say=say,
            )
    except GuestFailed as failure:
        click.echo(
            "\n".join([f"hideez-bench: {failure}", *(f"  guest: {line}" for line in failure.console)]),
            err=True,
        )
        sys.exit(runner.GUEST_FAILED)
    if status_number == runner.TIMED_OUT:
        click.echo(
            f"hideez-bench: The command did not end within {timeout:g} seconds, and was killed.", err=True
        )
    sys.exit(status_number)  # not context.exit: it would be lost where click runs without its standalone mode


@lab.command("install")
def install_command() -> None:
    """Install what the lab needs: packages through apt (as root), and the guest's kernel.

    \b
    Example:  sudo hideez-bench lab install
    """
    kernel = install.install(say)
    click.echo(f"The lab is installed; its guest runs {kernel.name.removeprefix('kernel-')}.")


@lab.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status_command(as_json: bool) -> None:
    """Say what of the lab is there, and what lacks.

    \b
    Example:  hideez-bench lab status --json
    """
    facts = status.facts(cache_folder())
    click.echo(json.dumps(facts.as_json(), indent=2) if as_json else facts.as_text())


@lab.command("clean")
def clean_command() -> None:
    """Remove the lab's kernel, images and snapshots; packages stay installed.

    \b
    Example:  hideez-bench lab clean
    """
    cache = cache_folder()
    clean(cache)
    click.echo(f"Emptied {cache}.")
