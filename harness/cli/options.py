"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.profile_file import load_profile
from hideez_bench.protocol.wire import Wire, default_wire

if TYPE_CHECKING:
    from hideez_bench.emulator.key.key import Key

F = TypeVar("F", bound=Callable[..., Any])


class Amount(click.FloatRange):
    """A number within a range; neither `nan`, which is in every range, nor `inf`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As a `FloatRange`, but finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number that can be counted to.", param, ctx)
        return number


def profile_option(command: F) -> F:
    """`--profile FILE`: the command takes `profile`, which is the shipped one where no file is named."""
    return _option("profile", lambda path: load_profile(path) if path else default_profile())(command)


def wire_option(command: F) -> F:
    """`--profile FILE`: the command takes `wire`, the format by that profile."""
    return _option("wire", lambda path: Wire(load_profile(path)) if path else default_wire())(command)


def defect_option(command: F) -> F:
    """`--defect NAME`, repeatable: the command takes `key_type`, the class of a key with these defects."""
    return click.option(
        "--defect",
        "key_type",
        multiple=True,
        metavar="NAME",
        callback=lambda context, parameter, names: _key_type(names),
        help="Give the virtual key a mistake on purpose (hideez-bench defects). Repeat it for several.",
    )(command)


def _key_type(defects: tuple[str, ...]) -> type[Key]:
    # Imported late: the other commands that have options need nothing of a key, and start sooner without.
    from hideez_bench.emulator.key.defects.catalogue import defective

    return defective(defects)


def _option(name: str, load: Callable[[Path | None], Profile | Wire]) -> Callable[[F], F]:
    return click.option(
        "--profile",
        name,
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=lambda context, parameter, path: load(path),
        help="A wire profile: UUIDs, numbers and sizes in place of those shipped (hideez-bench profile show).",
    )
