"""What a scenario is: a trouble that people have, told in words, and a function that plays it out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hideez_bench.harness.client.workstation import Stack

if TYPE_CHECKING:
    from hideez_bench.harness.scenarios.scene import Scene

Play = Callable[["Scene"], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """A trouble that people have.

    Attributes:
        name: what the command line calls it.
        symptom: what the person sees, in a few words.
        why: where it comes from.
        remedy: what helps; the scenario carries it out.
        behaviours: the ids of what it shows (docs/scenarios.md).
        play: plays it out; raises `WentOtherwise` where it does not go as it should.
        stack: over which Bluetooth the client reaches the key.
        realistic: the key lives as one on sale does, which only the in-process radio can carry: the other has neither
            pairing nor signal.
    """

    name: str
    symptom: str
    why: str
    remedy: str
    behaviours: tuple[str, ...]
    play: Play
    stack: Stack = Stack.SYSTEM
    realistic: bool = False


def scenario(
    name: str,
    *,
    symptom: str,
    why: str,
    remedy: str,
    behaviours: tuple[str, ...],
    stack: Stack = Stack.SYSTEM,
    realistic: bool = False,
) -> Callable[[Play], Scenario]:
    """Make a scenario of the function that plays it."""
    return lambda play: Scenario(name, symptom, why, remedy, behaviours, play, stack, realistic)
