"""`profile show`: every value of the wire format, and where it comes from."""

from __future__ import annotations

import json
from itertools import groupby

import click

from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.options import profile_option
from hideez_bench.protocol.profile import Item, Profile, Tag
from hideez_bench.protocol.profile_rules import FLAG_BITS

TAGS = {
    Tag.PUBLISHED: "published by the vendor",
    Tag.INFERRED: "inferred from what is published",
    Tag.MODELLED: "modelled here, until the vendor's value is known",
}
COLOURS = {Tag.PUBLISHED: "green", Tag.INFERRED: "yellow", Tag.MODELLED: None}
REPLACED = "*"


@click.group()
def profile() -> None:
    """Look at the wire profile: UUIDs, command and error numbers, bits, sizes and times.

    \b
    hideez-bench profile show
    """


@profile.command()
@profile_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list and nothing else.")
def show(profile: Profile, as_json: bool) -> None:
    """Print every item with its value, its tag and its source.

    \b
    hideez-bench profile show
    hideez-bench profile show --profile mine.toml           what mine.toml replaces is marked
    """
    if as_json:
        click.echo(json.dumps([_for_machines(profile, item) for item in profile.items.values()], indent=2))
        return
    name_width = max(len(item.name) for item in profile.items.values())
    for section, items in groupby(profile.items.values(), lambda item: item.section):
        story.say(f"\n[{section}]", bold=True)
        shown = [(item, value_text(item)) for item in items]
        value_width = max(len(text) for _, text in shown)
        for item, text in shown:
            mark = REPLACED if _is_replaced(profile, item) else " "
            line = f"{mark} {item.name:<{name_width}}  {text:<{value_width}}  {item.tag}  {item.source}"
            story.say(line, fg=COLOURS[item.tag], bold=_is_replaced(profile, item))
    story.say("")
    for tag, meaning in TAGS.items():
        count = sum(item.tag is tag for item in profile.items.values())
        story.say(f"{tag}  {meaning}: {count} of {len(profile.items)}", fg=COLOURS[tag])
    if profile.replaced:
        story.say(f"{REPLACED}  replaced by the profile file: {len(profile.replaced)}")


def value_text(item: Item) -> str:
    """A value as people write it: numbers of things in hexadecimal, amounts in decimal with their unit."""
    match item.section:
        case "uuid":
            return str(item.value)
        case "timing":
            return f"{item.value} ms"
        case "size" | "channel" | "packet_kind":
            return str(item.value)
        case "error":
            return f"0x{item.value:04x}"
        case section if section in FLAG_BITS:
            return f"bit {item.value}"
        case _:
            return f"0x{item.value:02x}"


def _is_replaced(profile: Profile, item: Item) -> bool:
    return (item.section, item.name) in profile.replaced


def _for_machines(profile: Profile, item: Item) -> dict[str, object]:
    return {**vars(item), "replaced": _is_replaced(profile, item)}
