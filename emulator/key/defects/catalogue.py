"""All defects by name, and the key that has some of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from hideez_bench.emulator.key.channel import Channel
from hideez_bench.emulator.key.channels import Channels
from hideez_bench.emulator.key.defects import (
    attempts,
    bonding,
    codes,
    contents,
    encryption,
    licences,
    locks,
    talking,
    wiping,
)
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.life import Life
from hideez_bench.emulator.key.link import KeyLink
from hideez_bench.emulator.key.pairing import Pairing
from hideez_bench.protocol.channel import Opener, Sealer
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.packets import Reassembler

T = TypeVar("T")


@dataclass(frozen=True)
class Defect:
    """One mistake.

    Attributes:
        name: as one types it, like `attempts-in-ram`.
        summary: what is wrong, in one sentence.
        breaks: the behaviour that it breaks, like `C-013`.
        part: the class that has it, in place of the part of the key that it is derived from.
    """

    name: str
    summary: str
    breaks: str
    part: type


def _catalogue(*groups: Mapping[type, str]) -> dict[str, Defect]:
    found = {}
    for group in groups:
        for part, breaks in group.items():
            name = re.sub(r"(?<=.)(?=[A-Z])", "-", part.__name__).lower()
            found[name] = Defect(name, part.__doc__ or "", breaks, part)
    return found


CATALOGUE = _catalogue(
    attempts.DEFECTS,
    codes.DEFECTS,
    locks.DEFECTS,
    wiping.DEFECTS,
    encryption.DEFECTS,
    talking.DEFECTS,
    licences.DEFECTS,
    contents.DEFECTS,
    bonding.DEFECTS,
)
"""Every defect by its name."""


def defective(names: Iterable[str]) -> type[Key]:
    """The class of a key with these defects; `Key` itself for none.

    Raises:
        BenchError: there is no defect of such a name.
    """
    parts = [find(name).part for name in names]
    if not parts:
        return Key
    channel = _mixed(Channel, parts, opener_type=_mixed(Opener, parts), sealer_type=_mixed(Sealer, parts))
    channels = _mixed(Channels, parts, channel_type=channel)
    reassembler = _mixed(Reassembler, parts)
    link = _mixed(KeyLink, parts, channels_type=channels, reassembler_type=reassembler)
    return _mixed(
        Key,
        parts,
        firmware_type=_mixed(Firmware, parts),
        link_type=link,
        life_type=_mixed(Life, parts),
        pairing_type=_mixed(Pairing, parts),
    )


def find(name: str) -> Defect:
    """The defect of a name.

    Raises:
        BenchError: there is none.
    """
    if name not in CATALOGUE:
        raise BenchError(f"There is no defect {name!r}; `hideez-bench defects` lists those that there are.")
    return CATALOGUE[name]


def _mixed(base: type[T], parts: Iterable[type], **attributes: Any) -> type[T]:
    """A class with the defects that are derived from `base`, which call one another as they call `base`."""
    bases = (*(part for part in parts if issubclass(part, base)), base)
    return cast("type[T]", type(base.__name__, bases, attributes))
