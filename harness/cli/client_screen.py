"""What `hideez-bench client` shows, and how a terminal shows it: a live view."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.client_person import Question, TypingPerson
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.client.user_interface import NoticeKind
from hideez_bench.harness.timeline import Event, Kind

STYLES = {Kind.GOOD: "green", Kind.BAD: "red", Kind.TRAFFIC: "dim"}
STANDING_STYLES = {Standing.ONLINE: "green", Standing.STOPPED: "red", Standing.WORKING: "yellow"}
NOTICE_STYLES = {
    NoticeKind.PROGRESS: "",
    NoticeKind.PRESS_BUTTON: "bold yellow",
    NoticeKind.ERROR: "bold red",
}
REFRESH_SECONDS = 0.25
SOON_SECONDS = 0.03
BARS = "▁▂▄▆█"
LOW_BATTERY = 25
ROOM_FOR_ALL = 90
"""Columns of a terminal; on a narrower one there is a key's name and state, and no more."""


@contextmanager
def ticking(tick: Callable[[], None]) -> Iterator[None]:
    """Inside, `tick` is called several times a second."""

    async def run() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            tick()

    task = asyncio.get_running_loop().create_task(run())
    try:
        yield
    finally:
        task.cancel()


@dataclass
class Scene:
    """What there is to be seen.

    Attributes:
        place: one line on workstation, server and radio.
        letters: what each letter does.
    """

    service: ClientService
    person: TypingPerson
    place: str
    letters: dict[str, str]
    clock: Callable[[], float]
    is_server_there: Callable[[], bool]

    def rows(self) -> list[tuple[MetKey, bool]]:
        """The keys, by name, and whether each is within reach."""
        near = {advertisement.address for advertisement in self.service.airwaves.in_reach()}
        keys = sorted(self.service.keys.items(), key=lambda item: item[1].name)
        return [
            (key, address in near or key.standing in (Standing.ONLINE, Standing.WORKING))
            for address, key in keys
        ]

    @property
    def title(self) -> str:
        """Where all this is, and what is out of the ordinary with it."""
        unusual = []
        if not self.is_server_there():
            unusual.append("the server cannot be reached")
        if self.service.state.session_locked:
            unusual.append("computer locked")
        return " · ".join([*unusual, self.place])

    def state(self, key: MetKey, *, is_near: bool) -> str:
        """How it stands with a key, in a few words."""
        if not is_near:
            return "out of reach"
        match key.standing:
            case Standing.WORKING if self.person.question:
                return "waits for an answer, below"
            case Standing.WORKING:
                return f"{key.doing}, {self.clock() - key.since:.0f} s"
            case Standing.STOPPED:
                return f"stopped: {key.error}"
            case Standing.ONLINE if key.is_locked:
                return "online, locked: its code is asked for when it connects again"
            case _:
                return str(key.standing)

    @property
    def help(self) -> str:
        """What the letters do, in one sentence."""
        return f"Keys: {', '.join(f'{letter} {meaning}' for letter, meaning in self.letters.items())}."

    def left(self, question: Question) -> int:
        """Whole seconds that are left for an answer."""
        return max(0, round(question.deadline - self.clock()))


class Screen(Protocol):
    """Shows a scene."""

    scene: Scene | None

    def tell(self, event: Event) -> None:
        """Something happened."""
        ...

    def say(self, text: str) -> None:
        """Put a sentence before the person."""
        ...

    def changed(self) -> None:
        """Something about keys or questions may be new."""
        ...

    def shown(self) -> AbstractContextManager[None]:
        """Inside, the scene is shown."""
        ...


class LiveScreen:
    """A table of keys and the question below what happened; drawn anew several times a second."""

    def __init__(self, verbose: bool) -> None:
        self.scene: Scene | None = None
        self._verbose = verbose
        self._redraw: asyncio.TimerHandle | None = None
        self._live = Live(console=Console(highlight=False), auto_refresh=False, get_renderable=self._draw)

    def tell(self, event: Event) -> None:
        """See `Screen.tell`."""
        if event.kind is not Kind.TRAFFIC or self._verbose:
            self.say(story.line(event), STYLES.get(event.kind, ""))

    def say(self, text: str, style: str = "") -> None:
        """A line above the table, that stays."""
        self._live.console.print(Text(text, style))

    def changed(self) -> None:
        """See `Screen.changed`. Much may change at once; it is drawn together, a moment later."""
        if self._redraw is None:
            self._redraw = asyncio.get_running_loop().call_later(SOON_SECONDS, self._draw_now)

    def _draw_now(self) -> None:
        self._redraw = None
        self._live.refresh()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """See `Screen.shown`."""
        with self._live, ticking(self._live.refresh):
            try:
                yield
            finally:
                if self._redraw:
                    self._redraw.cancel()

    def _draw(self) -> RenderableType:
        if self.scene is None:
            return Text("Starting …")
        scene = self.scene
        question, notice = scene.person.question, scene.person.notice
        parts: list[RenderableType] = [
            Rule(Text(scene.title, "dim"), style="dim"),
            _table(scene, self._live.console.width),
            Text(""),
        ]
        is_working = any(key.standing is Standing.WORKING for key in scene.service.keys.values())
        if notice and is_working and not (question and notice.kind is NoticeKind.PROGRESS):
            parts.append(Text(notice.text, NOTICE_STYLES[notice.kind]))
        if question:
            parts += _question(question, scene.left(question))
        parts.append(_help(scene))
        return Group(*parts)


def _table(scene: Scene, width: int) -> RenderableType:
    rows = scene.rows()
    if not rows:
        return Text("Waiting for a key in reach. Is it on? Press its button once.", "yellow")
    columns = ["Key"]
    if width >= ROOM_FOR_ALL:
        columns += ["Serial number", "Owner", "Battery", "Signal"]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in columns:
        table.add_column(title, no_wrap=True)
    table.add_column("State", overflow="fold")
    for key, is_near in rows:
        facts: dict[str, RenderableType] = {
            "Key": key.name,
            "Serial number": key.serial or "-",
            "Owner": key.owner or "-",
            "Battery": _battery(key),
            "Signal": _signal(key) if is_near else "-",
        }
        style = STANDING_STYLES.get(key.standing, "") if is_near else "dim"
        state = Text(scene.state(key, is_near=is_near), style)
        table.add_row(*(facts[title] for title in columns), state)
    return table


def _help(scene: Scene) -> Text:
    text = Text(style="dim")
    for letter, meaning in scene.letters.items():
        text.append(f"{letter} ", "bold")
        text.append(f"{meaning}   ")
    return text


def _battery(key: MetKey) -> Text:
    if key.battery is None:
        return Text("-")
    return Text(f"{key.battery} %", "red" if key.battery <= LOW_BATTERY else "")


def _signal(key: MetKey) -> str:
    bar = BARS[min(int(key.proximity / 100 * len(BARS)), len(BARS) - 1)]
    return f"{bar} {key.proximity:.0f} %"


def _question(question: Question, left: int) -> list[RenderableType]:
    line = Text(question.title, "bold")
    line.append(": ")
    line.append("•" * len(question.typed) or "_", "bold cyan")
    attempts = f", {question.attempts} left" if question.attempts is not None else ""
    line.append(f"   {question.rule}{attempts}, ")
    line.append(f"{left} s", "bold red" if left <= 10 else "bold")
    help_line = Text("Enter confirms, Esc gives up; what is typed is not shown.", "dim")
    return [line, Text(question.hint, "red"), help_line] if question.hint else [line, help_line]
