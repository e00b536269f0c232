"""`hideez-bench dissector`: a Wireshark dissector for what a key and its host say."""

from __future__ import annotations

import click

from hideez_bench.harness.cli.options import wire_option
from hideez_bench.harness.dissector.generate import dissector as source_of
from hideez_bench.protocol.wire import Wire


@click.command()
@wire_option
def dissector(wire: Wire) -> None:
    """Print a dissector for Wireshark and tshark, in Lua, made from the format that this program speaks.

    \b
    Example:  hideez-bench dissector > hideez.lua
              tshark -X lua_script:hideez.lua -r capture.btsnoop -Y hideez
    """
    click.echo(source_of(wire), nl=False)
