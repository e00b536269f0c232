"""The key's log: what happened to it and when, one line each, never with a secret in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from hideez_bench.emulator.key.state import State

LOG_SIZE = 4096
"""Bytes. When a line does not fit any more, the oldest go."""


class EventLog:
    """A log, as the bytes that FETCH_LOG reads."""

    def __init__(self, text: bytes = b"") -> None:
        self.text = text

    def add(self, time: int, events: Iterator[str] | tuple[str, ...]) -> EventLog:
        """The log with these events at its end; `time` is in Unix seconds, 0 while the clock is not set."""
        when = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else "-"
        text = self.text + b"".join(f"{when} {event}\n".encode() for event in events)
        if len(text) > LOG_SIZE:
            text = text[-LOG_SIZE:]
            text = text[text.index(b"\n") + 1 :]
        return EventLog(text)


def events_between(old: State, new: State) -> Iterator[str]:
    """What a change of state means to a person. Changes of the storage are too many to be told."""
    if old.linked and not new.linked:
        yield "wiped"
        return
    if new.master_key != old.master_key:
        yield "master key changed" if old.linked else "linked"
    if new.access != old.access:
        yield "access profile set"
    yield from _of_the_code(old, new)
    yield from _of_the_pin(old, new)
    for slot, data in new.licenses.items():
        if data != old.licenses.get(slot):
            yield f"licence loaded into slot {slot}"


def _of_the_code(old: State, new: State) -> Iterator[str]:
    if new.code != old.code:
        yield f"locked by code, attempts: {new.attempts}"
    elif new.attempts < old.attempts:
        yield f"code tried, attempts left: {new.attempts}"
    if old.locked_by_code and not new.locked_by_code:
        yield "unlocked"


def _of_the_pin(old: State, new: State) -> Iterator[str]:
    if new.pin != old.pin:
        yield "PIN set"
    elif new.pin_failures > old.pin_failures:
        yield "PIN tried"
    elif new.pin_failures < old.pin_failures:
        yield "all PIN tries restored"
    if new.locked_by_pin != old.locked_by_pin:
        yield "locked by PIN" if new.locked_by_pin else "no longer locked by PIN"
