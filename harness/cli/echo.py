"""The terminal shows nothing of what is typed, and is given back as it was."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

KEYBOARD = 0
"""Standard input."""

ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that would end the program on the spot, and leave the terminal as it is."""


@contextmanager
def typing_unseen() -> Iterator[None]:
    """For a whole program: nothing that is typed is shown, from now until its end, whatever that is.

    Not even before the program asks, when somebody may type already. What they type is kept.
    """
    if not is_ours(KEYBOARD):
        yield
        return
    with _ending_in_order(), no_echo(KEYBOARD):
        yield


def is_ours(keyboard: int) -> bool:
    """Whether this is a terminal that a program may change: a job in the background would be stopped for it."""
    if not os.isatty(keyboard):
        return False
    try:
        return os.tcgetpgrp(keyboard) == os.getpgrp()
    except OSError:  # not the one that has jobs
        return True


@contextmanager
def no_echo(terminal: int, *, forgets: bool = False) -> Iterator[None]:
    """Inside, nothing that is typed is shown; `forgets` drops what was typed before."""
    with given_back(terminal):
        silent = termios.tcgetattr(terminal)
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSAFLUSH if forgets else termios.TCSADRAIN, silent)
        yield


@contextmanager
def given_back(terminal: int) -> Iterator[None]:
    """Inside, a terminal may be changed; afterwards it is as before."""
    before = termios.tcgetattr(terminal)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Inside, those signals end the program as an error does, by way of all that is to be undone."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    # One that is ignored, as by nohup, stays so.
    mine = [number for number in ENDS if signal.getsignal(number) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)
