"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from hideez_bench.protocol.profile import Profile, default_profile
from hideez_bench.protocol.profile_file import load_profile
from hideez_bench.protocol.wire import Wire, default_wire

F = TypeVar("F", bound=Callable[..., Any])


def profile_option(command: F) -> F:
    """`--profile FILE`: the command takes `profile`, which is the shipped one where no file is named."""
    return _option("profile", lambda path: load_profile(path) if path else default_profile())(command)


def wire_option(command: F) -> F:
    """`--profile FILE`: the command takes `wire`, the format by that profile."""
    return _option("wire", lambda path: Wire(load_profile(path)) if path else default_wire())(command)


def _option(name: str, load: Callable[[Path | None], Profile | Wire]) -> Callable[[F], F]:
    return click.option(
        "--profile",
        name,
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=lambda context, parameter, path: load(path),
        help="A wire profile: UUIDs, numbers and sizes in place of those shipped (hideez-bench profile show).",
    )
