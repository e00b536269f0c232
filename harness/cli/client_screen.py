"""How a terminal shows what there is to be seen at `hideez-bench client`: a live view."""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.control import Control
from rich.live import Live
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hideez_bench.harness.cli import story
from hideez_bench.harness.cli.client_person import Question
from hideez_bench.harness.cli.client_scene import Scene, ticking
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.client.user_interface import NoticeKind
from hideez_bench.harness.timeline import Event, Kind

STYLES = {Kind.GOOD: "green", Kind.BAD: "red", Kind.WARNING: "yellow", Kind.TRAFFIC: "dim"}
STANDING_STYLES = {Standing.ONLINE: "green", Standing.STOPPED: "red", Standing.WORKING: "yellow"}
NOTICE_STYLES = {
    NoticeKind.PROGRESS: "",
    NoticeKind.PRESS_BUTTON: "bold yellow",
    NoticeKind.ERROR: "bold red",
}
SOON_SECONDS = 0.03
BARS = "▁▂▄▆█"
LOW_BATTERY = 25
ROOM_FOR_ALL = 90
"""Columns of a terminal; on a narrower one there is a key's name and state, and no more."""

LONGEST_OWNER = 16
LINES_KEPT = 200
"""Lines of what happened that can be shown anew when the window has another size."""

BETWEEN_LETTERS = "   "
FEW_KEYS = 3
"""In a low window so many keys are shown before the help gives way."""


class LiveScreen:
    """A table of keys and the question below what happened; drawn anew several times a second."""

    def __init__(self, verbose: bool) -> None:
        self.scene: Scene | None = None
        self._verbose = verbose
        self._redraw: asyncio.TimerHandle | None = None
        self._said: deque[Text] = deque(maxlen=LINES_KEPT)
        self._live = Live(console=Console(highlight=False), auto_refresh=False, get_renderable=self._draw)

    def tell(self, event: Event) -> None:
        """See `Screen.tell`."""
        if event.kind is not Kind.TRAFFIC or self._verbose:
            self.say(story.line(event), STYLES.get(event.kind, ""))

    def say(self, text: str, style: str = "") -> None:
        """A line above the table, that stays."""
        self._said.append(Text(text, style))
        self._live.console.print(self._said[-1])

    def radio(self, text: str, *, is_there: bool) -> None:
        """See `Screen.radio`."""
        self.say(text, STYLES[Kind.GOOD if is_there else Kind.BAD])

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
        loop = asyncio.get_running_loop()
        with self._live, ticking(self._live.refresh):
            loop.add_signal_handler(signal.SIGWINCH, self._resized)
            try:
                yield
            finally:
                loop.remove_signal_handler(signal.SIGWINCH)
                if self._redraw:
                    self._redraw.cancel()

    def _resized(self) -> None:
        """The window has another size: what stands there was laid out for the old one, and is drawn anew as a whole."""
        console = self._live.console
        room = console.height - self._height(self._draw())
        lines: list[Text] = []
        for line in reversed(self._said):
            room -= self._height(line)
            if room < 0:
                break
            lines.insert(0, line)
        console.control(Control.clear(), Control.home())
        if lines:
            console.print(*lines, sep="\n")
        else:
            self._live.refresh()

    def _height(self, what: RenderableType) -> int:
        return _height(what, self._live.console)

    def _draw(self) -> RenderableType:
        return picture(self.scene, self._live.console) if self.scene else Text("Starting …")


def picture(scene: Scene, console: Console) -> RenderableType:
    """As much of a scene as a terminal has room for: first keys give way, then the help; the question never."""
    rows = len(scene.rows())
    few = min(rows, FEW_KEYS)
    sizes = [(count, True) for count in range(min(rows, console.height), few, -1)]
    sizes += [(few, True), *((count, False) for count in range(few, 0, -1))]
    for keys, with_help in sizes:
        drawn = _picture(scene, console.width, keys, with_help=with_help)
        if _height(drawn, console) <= console.height:
            return drawn
    question = scene.person.question
    return Group(*_question(question, scene.left(question))) if question else drawn


def _height(what: RenderableType, console: Console) -> int:
    return len(console.render_lines(what))


def _picture(scene: Scene, width: int, keys: int, *, with_help: bool) -> RenderableType:
    """All of it, with so many keys at most."""
    question, notice = scene.person.question, scene.person.notice
    parts: list[RenderableType] = [
        Rule(Text(scene.title, "dim"), style="dim"),
        _table(scene, width, keys),
        Text(""),
    ]
    is_working = any(key.standing is Standing.WORKING for key in scene.service.keys.values())
    if notice and is_working and not (question and notice.kind is NoticeKind.PROGRESS):
        parts.append(Text(notice.text, NOTICE_STYLES[notice.kind]))
    if question:
        parts += _question(question, scene.left(question))
    if with_help:
        parts.append(_help(scene, width))
    return Group(*parts)


def _table(scene: Scene, width: int, keys: int) -> RenderableType:
    rows = scene.rows()
    left_out = len(rows) - keys
    if left_out > 0:
        rows = sorted(rows, key=lambda row: row[0].standing is not Standing.WORKING)[:keys]
    if not rows:
        return Text("Waiting for a key in reach. Is it on? Press its button once.", "yellow")
    columns = ["Key"]
    if width >= ROOM_FOR_ALL:
        columns += ["Serial number", "Owner", "Battery", "Signal"]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for title in columns:
        table.add_column(title, no_wrap=True, max_width=LONGEST_OWNER if title == "Owner" else None)
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
    if left_out <= 0:
        return table
    return Group(table, Text(f"… and {left_out} more; make the window higher to see them.", "dim"))


def _help(scene: Scene, width: int) -> Text:
    """What each letter does, in lines that break between two letters only."""
    text, used = Text(style="dim"), 0
    for letter, meaning in scene.letters.items():
        size = len(letter) + 1 + len(meaning)
        if used:
            breaks = used + len(BETWEEN_LETTERS) + size > width
            text.append("\n" if breaks else BETWEEN_LETTERS)
            used = 0 if breaks else used + len(BETWEEN_LETTERS)
        text.append(f"{letter} ", "bold")
        text.append(meaning)
        used += size
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
