"""What happens, as it happens: a list of events that tells the story, actor by actor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Who does something."""

    ADMINISTRATOR = "Administrator"
    HES = "HES"
    CLIENT = "Client"
    PERSON = "Person"
    KEY = "Key"


class Kind(StrEnum):
    """How much an event matters to a reader."""

    STEP = "step"
    GOOD = "good"
    BAD = "bad"
    WARNING = "warning"
    """Somebody must know it, or do something, before this goes on."""
    TRAFFIC = "traffic"


@dataclass(frozen=True)
class Event:
    """One thing that happened, `at` seconds from the start. Its text holds no secret."""

    at: float
    actor: Actor
    text: str
    kind: Kind = Kind.STEP
    to: Actor | None = None


class Timeline:
    """Collects events and hands each one on as it comes."""

    def __init__(
        self, clock: Callable[[], float], sink: Callable[[Event], None] = lambda event: None
    ) -> None:
        self._clock = clock
        self._start = clock()
        self._sinks = [sink]
        self.events: list[Event] = []

    @property
    def elapsed(self) -> float:
        """Seconds from the start."""
        return self._clock() - self._start

    def follow(self, sink: Callable[[Event], None]) -> None:
        """Hand each event from now on to this one too."""
        self._sinks.append(sink)

    def tell(self, actor: Actor, text: str, *, kind: Kind = Kind.STEP, to: Actor | None = None) -> None:
        """Something happened."""
        event = Event(self.elapsed, actor, text, kind, to)
        self.events.append(event)
        for sink in self._sinks:
            sink(event)
