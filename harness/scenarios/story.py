"""What a scenario tells as it is played: line by line, first the trouble and then what helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from hideez_bench.harness.timeline import Actor, Event, Kind


class Voice(StrEnum):
    """Whose line it is."""

    SCREEN = "Screen"
    SETTINGS = "Settings"
    PERSON = "Person"
    KEY = "Key"
    CLIENT = "Client"
    SERVER = "Server"
    ADMINISTRATOR = "Administrator"
    FACT = "Fact"


class Part(StrEnum):
    """Which part of the story."""

    TROUBLE = "trouble"
    REMEDY = "remedy"


VOICES = {
    Actor.PERSON: Voice.PERSON,
    Actor.KEY: Voice.KEY,
    Actor.CLIENT: Voice.CLIENT,
    Actor.HES: Voice.SERVER,
    Actor.ADMINISTRATOR: Voice.ADMINISTRATOR,
}


@dataclass(frozen=True)
class Line:
    """One line, `at` seconds from the start. `detail` is for those who want to see everything."""

    at: float
    voice: Voice
    text: str
    part: Part
    kind: Kind = Kind.STEP
    detail: bool = False


class Story:
    """The lines of one scenario, handed on as they come; `clock` gives the seconds."""

    def __init__(self, clock: Callable[[], float], sink: Callable[[Line], None] = lambda line: None) -> None:
        self._clock = clock
        self._start = clock()
        self._sink = sink
        self._part = Part.TROUBLE
        self._is_preface = False
        self.lines: list[Line] = []

    @property
    def elapsed(self) -> float:
        """Seconds from the start."""
        return self._clock() - self._start

    def tell(self, voice: Voice, text: str, kind: Kind = Kind.STEP, *, detail: bool = False) -> None:
        """One more line."""
        told = Line(self.elapsed, voice, text, self._part, kind, detail or self._is_preface)
        self.lines.append(told)
        self._sink(told)

    def hear(self, event: Event) -> None:
        """An event of the timeline: some of them matter to whoever reads the story, the others are details.

        What is said to the person, or done by the person, the screen and the person tell themselves.
        """
        if event.to is Actor.PERSON or event.actor is Actor.PERSON:
            return
        told = event.actor in (Actor.ADMINISTRATOR, Actor.KEY) or (
            event.actor is Actor.CLIENT and event.kind is Kind.BAD
        )
        matters = told and event.kind is not Kind.TRAFFIC
        to = f"-> {event.to}: " if event.to else ""
        self.tell(VOICES[event.actor], f"{to}{event.text}", event.kind, detail=not matters)

    def remedy_begins(self) -> None:
        """From here on it is about what helps."""
        self._part = Part.REMEDY

    @contextmanager
    def preface(self, text: str) -> Iterator[None]:
        """Inside happens what went before, and is no more than a detail; `text` says what it came to."""
        self._is_preface = True
        try:
            yield
        finally:
            self._is_preface = False
        self.tell(Voice.FACT, text)
