"""Step 3: connect the key, in the attempts that its Bluetooth stack has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hideez_bench.harness.client.errors import ConnectTimeout, FlowMessage, WorkflowError
from hideez_bench.harness.client.session import ConnectRequest, Mode, Session
from hideez_bench.harness.client.workstation import ConnectionId, Stack
from hideez_bench.harness.links.bleak_link import NoBluetooth
from hideez_bench.harness.timeline import Actor, Kind
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.link import Link, LinkTimeout

OpenLink = Callable[[float], Link]
"""Makes a link, not entered, that has so many seconds to connect."""


@dataclass(frozen=True)
class Attempt:
    """One attempt: its seconds, what the person reads, and what instead after an LTK error.

    An attempt that failed for another reason than time is taken for one: a bond (long-term key) that does not hold.
    """

    seconds: float
    message: FlowMessage
    after_ltk_error: FlowMessage
    rebond: bool = False


FIRST = (FlowMessage.STAGE_1, FlowMessage.STAGE_1)
SECOND = (FlowMessage.STAGE_2, FlowMessage.STAGE_2_LTK_ERROR)
THIRD = (FlowMessage.STAGE_3_PRESS_BUTTON, FlowMessage.STAGE_3_LTK_ERROR)

SYSTEM = (Attempt(16.0, *FIRST), Attempt(8.0, FlowMessage.STAGE_2, FlowMessage.STAGE_2))
SYSTEM_ATTEMPTS = tuple(attempt.seconds for attempt in SYSTEM)
DONGLE = (Attempt(8.0, *FIRST), Attempt(4.0, *SECOND))
DONGLE_REBOND = (*DONGLE, Attempt(8.0, *THIRD, rebond=True))
DONGLE_RECONNECT = (Attempt(8.0, *FIRST),)

SYSTEM_PAUSES = (0.1, 0.3, 0.6)
"""Seconds ahead of each new try inside one attempt, over the system's Bluetooth only."""

BUTTON_HINTS = {FlowMessage.STAGE_1_PRESS_BUTTON, *THIRD}


def attempts_of(request: ConnectRequest) -> tuple[Attempt, ...]:
    """The attempts of a request.

    Raises:
        BenchError: the system's Bluetooth does not reconnect.
    """
    attempts: tuple[Attempt, ...]
    match request.stack, request.mode:
        case Stack.SYSTEM, Mode.RECONNECT:
            raise BenchError("The system's Bluetooth cannot reconnect a key (NotSupportedException).")
        case Stack.SYSTEM, _:
            attempts = SYSTEM
        case Stack.DONGLE, Mode.CONNECT_AND_UNLOCK:
            attempts = DONGLE_REBOND
        case Stack.DONGLE, Mode.RECONNECT:
            attempts = DONGLE_RECONNECT
        case _:
            attempts = DONGLE
    if request.seconds is None:
        return attempts
    return tuple(
        replace(attempt, seconds=seconds) for seconds, attempt in zip(request.seconds, attempts, strict=False)
    )


async def connect(session: Session, open_link: OpenLink) -> Link:
    """An entered link.

    Raises:
        WorkflowError: no attempt led to one; the last one's error is its cause.
        ConnectTimeout: the third attempt took too long, as shipped.
        BenchError: the system's Bluetooth was asked to reconnect.
    """
    failed: BenchError | None = None
    last: Link | None = None
    for number, attempt in enumerate(attempts_of(session.request), start=1):
        if attempt.rebond and last is not None:
            await _forget(session, last)
        link = last = open_link(attempt.seconds)
        _tell(session, link, number, attempt, failed)
        try:
            return await _enter(session, link, open_link, attempt.seconds)
        except BenchError as error:
            failed = error
            session.timeline.tell(Actor.CLIENT, f"did not connect: {error}", kind=Kind.BAD)
            if (
                attempt.rebond
                and isinstance(error, LinkTimeout)
                and session.behaviour.third_timeout_is_silent
            ):
                raise ConnectTimeout from error
    over_dongle = session.request.stack is Stack.DONGLE
    message = FlowMessage.CONNECTION_FAILED_DONGLE if over_dongle else FlowMessage.CONNECTION_FAILED
    raise WorkflowError(message, str(failed)) from failed


async def _enter(session: Session, link: Link, open_link: OpenLink, seconds: float) -> Link:
    """One attempt: over the dongle one try, over the system's Bluetooth up to four, all within the same seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    for pause in SYSTEM_PAUSES if session.request.stack is Stack.SYSTEM else ():
        try:
            return await link.__aenter__()
        except (LinkTimeout, NoBluetooth):
            raise
        except BenchError:
            left = round(end - loop.time() - pause, 1)
            if left <= 0:
                raise
            session.timeline.tell(Actor.CLIENT, f"tries again in {pause:g} s")
        await asyncio.sleep(pause)
        link = open_link(left)
    return await link.__aenter__()


def _tell(session: Session, link: Link, number: int, attempt: Attempt, failed: BenchError | None) -> None:
    """Say which attempt this is, and whether the key's button must be pressed for it."""
    session.timeline.tell(Actor.CLIENT, f"connects to {link.name} (attempt {number})", to=Actor.KEY)
    bonded = ConnectionId(link.name, session.request.stack) in session.workstation.state.bonds
    ltk_error = failed is not None and not isinstance(failed, LinkTimeout)
    message = attempt.after_ltk_error if ltk_error else attempt.message
    if message is FlowMessage.STAGE_1 and session.request.stack is Stack.DONGLE and not bonded:
        message = FlowMessage.STAGE_1_PRESS_BUTTON
    if message in BUTTON_HINTS:
        session.ask_to_press(message)
    else:
        session.progress(message)


async def _forget(session: Session, link: Link) -> None:
    """Delete the bond with a key that could not be connected, so that the next attempt makes a new one."""
    session.timeline.tell(Actor.CLIENT, "forgets the key, to make a new bond")
    session.workstation.state.bonds.pop(ConnectionId(link.name, session.request.stack), None)
    try:
        await link.delete_bond()
    except BenchError as error:
        session.timeline.tell(Actor.CLIENT, str(error), kind=Kind.BAD)
