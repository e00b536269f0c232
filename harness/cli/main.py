"""The command line's root: finds the subcommand, and turns errors into one sentence and an exit status."""

from __future__ import annotations

import importlib
import sys

import click

from hideez_bench.harness.cli.echo import typing_unseen
from hideez_bench.protocol.errors import BenchError

# name -> (module, one line for the list of commands)
COMMANDS = {
    "activate": ("activate", "Take a key through activation, from assignment to Active."),
    "client": ("client", "Connect every key in reach, and ask for its code: the client at the terminal."),
    "decode": ("decode", "Show what a host and a key said in a Bluetooth capture."),
    "defects": ("defects", "List the mistakes that a virtual key can be given on purpose."),
    "demo": ("activate", "Show both endings: activated, and locked after three wrong codes."),
    "dissector": ("dissector", "Print a Wireshark dissector for the format, in Lua."),
    "emulate": ("emulate", "Start a virtual key that any Bluetooth central can reach."),
    "fleet": ("fleet", "Activate many virtual keys in one process, before one server."),
    "hes": ("hes", "Start Hideez Enterprise Server with pages, REST and hubs."),
    "lab": ("lab", "Run a command on a real Linux Bluetooth stack, in a guest."),
    "profile": ("profile", "Show every value of the wire format, and where it comes from."),
    "radio": ("radio", "Start a Bluetooth stand-in that several programs can share."),
    "scenario": ("scenario", "Play out what users struggle with: what they see, why, and what helps."),
}

UNSEEN = ("activate", "client")
"""At these a code is typed, perhaps before they ask for it: nothing that is typed shows, while they load already."""


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command behind a name."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name in UNSEEN:
            ctx.with_resource(typing_unseen())
        module = importlib.import_module(f"hideez_bench.harness.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="hideez-bench")
def cli() -> None:
    """A simulated Hideez Key, and a bench that puts any Hideez Key through activation.

    \b
    Try:  hideez-bench demo
    """


def main() -> None:
    """The console command: exit status 0 success, 1 not the wanted end, 2 wrong use or surroundings."""
    try:
        status = cli(standalone_mode=False)
        # click hands back what `Context.exit` was given.
        sys.exit(status if isinstance(status, int) else 0)
    except click.exceptions.Abort:
        click.echo("Interrupted; nothing more was sent.", err=True)
        sys.exit(130)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BenchError as error:
        click.echo(f"hideez-bench: {error}", err=True)
        sys.exit(2)
