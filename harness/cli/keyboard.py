"""Single keys of the keyboard, unseen: a finger on the button of a virtual key, or whatever a program makes of them."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hideez_bench.harness.cli.echo import given_back, is_ours
from hideez_bench.protocol.names import Button

STROKES = {
    "p": Button.SINGLE,
    "d": Button.DOUBLE,
    "t": Button.TRIPLE,
    "l": Button.LONG,
    "w": Button.SUPER_LONG,
}
HELP = "p press, d double, t triple, l long, w hold 10 s"


@contextmanager
def strokes(press: Callable[[Button], None]) -> Iterator[bool]:
    """Tell `press` of every stroke while the context lasts; yields whether there is a keyboard.

    That is a terminal, or a pipe from another program.
    """

    def typed(keys: str) -> None:
        for key in keys.lower():
            if key in STROKES:
                press(STROKES[key])

    with keyboard(typed) as is_there:
        yield is_there


@contextmanager
def keyboard(typed: Callable[[str], None], ended: Callable[[], None] = lambda: None) -> Iterator[bool]:
    """Tell `typed` of every key, or of several that came together; `ended`, when no more can come.

    Yields whether there is a keyboard: a terminal, or a pipe from another program. A terminal shows nothing of what is
    typed while the context lasts.
    """
    source = sys.stdin.fileno()
    if not _can_be_waited_for(source):
        yield False
        return
    loop = asyncio.get_running_loop()

    def read() -> None:
        keys = os.read(source, 64).decode(errors="replace")
        if keys:
            typed(keys)
        else:
            loop.remove_reader(source)
            ended()

    with _one_by_one(source):
        loop.add_reader(source, read)
        try:
            yield True
        finally:
            loop.remove_reader(source)


def _can_be_waited_for(handle: int) -> bool:
    try:
        kind = os.fstat(handle).st_mode
    except OSError:
        return False
    return os.isatty(handle) or stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)


@contextmanager
def _one_by_one(keyboard: int) -> Iterator[None]:
    """A terminal hands on every key at once, and does not show it."""
    if not is_ours(keyboard):
        yield
        return
    with given_back(keyboard):
        tty.setcbreak(keyboard, termios.TCSADRAIN)
        yield
