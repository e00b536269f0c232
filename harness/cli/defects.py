"""`defects`: the mistakes that a virtual key can be given on purpose."""

from __future__ import annotations

import json

import click

from hideez_bench.emulator.key.defects.catalogue import CATALOGUE
from hideez_bench.harness.cli import story


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def defects(as_json: bool) -> None:
    """List the mistakes that a virtual key can be given on purpose, to see whether a test notices.

    Each with its name, the behaviour that it breaks, and what is wrong.

    \b
    hideez-bench defects
    hideez-bench activate --defect one-attempt-more --code wrong --code wrong --code wrong
    """
    if as_json:
        rows = [
            {"name": defect.name, "breaks": defect.breaks, "summary": defect.summary}
            for defect in CATALOGUE.values()
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    width = max(map(len, CATALOGUE))
    for defect in CATALOGUE.values():
        story.say(f"{defect.name:<{width}}  {defect.breaks}  {defect.summary}")
