"""What `hideez-bench client` shows where nothing may move: plain lines for people and logs, JSON lines for machines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.client_person import Question
from hideez_bench.harness.cli.client_scene import Scene, ticking
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.timeline import Event, Kind

PATIENCE_SECONDS = 5.0
"""Plain lines tell so often that something is still waited for."""


class PlainScreen:
    """One line for whatever happens: nothing moves and nothing is coloured, for screen readers and logs."""

    def __init__(self, verbose: bool) -> None:
        self.scene: Scene | None = None
        self._verbose = verbose
        self._told: dict[str, str] = {}
        self._question: Question | None = None
        self._hint = ""
        self._seconds_told: set[int] = set()
        self._waiting_since = 0.0

    def tell(self, event: Event) -> None:
        """See `Screen.tell`."""
        if event.kind is not Kind.TRAFFIC or self._verbose:
            self.say(story.line(event))

    def say(self, text: str) -> None:
        """A line."""
        self._waiting_since = asyncio.get_running_loop().time()
        _print(text)

    def radio(self, text: str, *, is_there: bool) -> None:
        """See `Screen.radio`."""
        del is_there
        self.say(text)

    def changed(self) -> None:
        """See `Screen.changed`."""
        if self.scene is None:
            return
        for key, is_near in self.scene.rows():
            state = "out of reach" if not is_near else str(key.standing)
            if self._told.get(key.name) != state:
                self._told[key.name] = state
                if key.standing is not Standing.WORKING:
                    self.say(f"{key.name}: {self.scene.state(key, is_near=is_near)}.".replace("..", "."))
        self._tell_question(self.scene)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """See `Screen.shown`."""
        scene = self.scene
        assert scene is not None  # noqa: S101 - set by the command before
        for text in (scene.place, scene.help, "Waiting for a key in reach."):
            self.say(text)

        def tick() -> None:
            self.changed()
            self._tell_patience(scene)

        with ticking(tick):
            yield

    def _tell_question(self, scene: Scene) -> None:
        question = scene.person.question
        if question is not self._question:
            self._question, self._hint, self._seconds_told = question, "", set()
            if question:
                attempts = f", {question.attempts} left" if question.attempts is not None else ""
                self.say(
                    f"{question.title}: {question.rule}{attempts}, {scene.left(question)} s. It is not shown; Enter "
                    "confirms, Esc gives up."
                )
        if question is None:
            return
        if question.hint not in ("", self._hint):
            self.say(question.hint)
        self._hint = question.hint
        left = scene.left(question)
        if left in (20, 10, 5) and left not in self._seconds_told:
            self._seconds_told.add(left)
            self.say(f"{left} s left.")

    def _tell_patience(self, scene: Scene) -> None:
        if scene.person.question or scene.clock() - self._waiting_since < PATIENCE_SECONDS:
            return
        working = [key for key, _ in scene.rows() if key.standing is Standing.WORKING]
        for key in working:
            self.say(f"{key.name}: still at it: {key.doing}, {scene.clock() - key.since:.0f} s.")


class JsonScreen:
    """One JSON object a line: `key` when one changes, `step` of a flow, `question`, `answered`, `bluetooth`, `said`."""

    def __init__(self, verbose: bool) -> None:
        self.scene: Scene | None = None
        self._verbose = verbose
        self._told: dict[str, dict[str, object]] = {}
        self._question: Question | None = None
        self._hint = ""

    def tell(self, event: Event) -> None:
        """See `Screen.tell`."""
        if event.kind is not Kind.TRAFFIC or self._verbose:
            to = event.to.value if event.to else None
            self._print(
                "step",
                at=round(event.at, 3),
                actor=event.actor.value,
                to=to,
                kind=event.kind,
                text=event.text,
            )

    def say(self, text: str) -> None:
        """See `Screen.say`."""
        self._print("said", text=text)

    def radio(self, text: str, *, is_there: bool) -> None:
        """See `Screen.radio`."""
        self._print("bluetooth", there=is_there, text=text)

    def changed(self) -> None:
        """See `Screen.changed`."""
        if self.scene is None:
            return
        for key, is_near in self.scene.rows():
            facts = _facts(key, is_near=is_near)
            if self._told.get(key.name) != facts:
                self._told[key.name] = facts
                self._print("key", **facts)
        question = self.scene.person.question
        if question is self._question:
            self._tell_hint(question)
            return
        self._question, self._hint = question, ""
        if question:
            seconds = self.scene.left(question)
            self._print("question", title=question.title, attempts=question.attempts, seconds=seconds)
        else:
            self._print("answered")

    def _tell_hint(self, question: Question | None) -> None:
        if question and question.hint not in ("", self._hint):
            self._hint = question.hint
            self.say(question.hint)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """See `Screen.shown`."""
        self.radio("Keys are looked for.", is_there=True)
        with ticking(self.changed):
            yield

    def _print(self, what: str, **facts: object) -> None:
        _print(json.dumps({"event": what, **facts}))


def _print(text: str) -> None:
    """A line. Where nobody reads them any more, as after `| head`, the program is asked to end."""
    try:
        click.echo(text)
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # what ends in order may have more to say
        os.close(nowhere)
        os.kill(os.getpid(), signal.SIGTERM)


def _facts(key: MetKey, *, is_near: bool) -> dict[str, object]:
    """What a machine is told of a key. The signal is not in it: it would be new all the time."""
    return {
        "name": key.name,
        "address": key.advertisement.address,
        "standing": str(key.standing) if is_near else "out of reach",
        "serial": key.serial or None,
        "owner": key.owner or None,
        "battery": key.battery,
        "locked": key.is_locked,
        "error": str(key.error) if key.error else None,
    }
