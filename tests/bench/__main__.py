"""`python -m tests.bench [PART]...`: prints how long things take, side by side. docs/benchmarks.md explains."""

from __future__ import annotations

import click

from tests.bench import activation, codec, decode, hubs, lists, startup

PARTS = {
    "codec": codec.main,
    "activation": activation.main,
    "hubs": hubs.main,
    "lists": lists.main,
    "decode": decode.main,
    "startup": startup.main,
}


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice(list(PARTS)), metavar="[PART]...")
def main(parts: tuple[str, ...]) -> None:
    """Measure all parts, or those named: codec, activation, hubs, lists, decode, startup."""
    for name in parts or PARTS:
        PARTS[name]()


if __name__ == "__main__":
    main()
