"""Step 13: ask the person for the activation code until the key is unlocked, or locked for good."""

from __future__ import annotations

import asyncio

from hideez_bench.harness.client.errors import (
    FlowCancelled,
    FlowMessage,
    GetActivationCodeTimeout,
    WorkflowError,
)
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.client.user_interface import CodePrompt, attempts
from hideez_bench.harness.timeline import Actor, Kind
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import KeyRefused

PROMPT_SECONDS = 30.0
SHORTEST, LONGEST = 6, 8
"""Bytes of a code that the client sends; any other length is sent back to the person, and costs nothing."""


async def activate(session: Session) -> None:
    """Unlock the key with what the person types. Does nothing to a key that is not waiting for a code.

    The server is told how it ended, unless the flow was cancelled from outside. After a failure, a failure of that
    report changes nothing (as shipped, its error takes the place of the first).

    Raises:
        WorkflowError: the key is locked and no code can help.
        GetActivationCodeTimeout: nobody typed for 30 s.
        FlowCancelled: the person gave up.
        HesError: the server could not be told that the key is unlocked.
    """
    info = session.info
    if info.locked and info.can_unlock:
        try:
            await _ask_until_unlocked(session)
        except LinkLost:
            raise
        except BenchError as error:
            await _report_failure(session, error)
            raise
        await _report(session)
        info = await session.device.refresh_device_info()
    if info.locked:
        online = session.hes.is_connected
        raise WorkflowError(FlowMessage.VAULT_IS_LOCKED if online else FlowMessage.VAULT_IS_LOCKED_NO_NETWORK)


async def _ask_until_unlocked(session: Session) -> None:
    while session.info.locked:
        code = await _ask(session)
        if len(code.reveal()) < SHORTEST:
            session.show(FlowMessage.CODE_TOO_SHORT)
        elif len(code.reveal()) > LONGEST:
            session.show(FlowMessage.CODE_TOO_LONG)
        else:
            await _try(session, code)
    session.timeline.tell(Actor.KEY, "takes the code and unlocks", kind=Kind.GOOD)
    session.ui.clear()


async def _ask(session: Session) -> ActivationCode:
    left = session.info.unlock_attempts
    prompt = CodePrompt(session.serial, left, PROMPT_SECONDS)
    session.timeline.tell(
        Actor.CLIENT, f"asks for the activation code ({attempts(left)} left)", to=Actor.PERSON
    )
    try:
        async with asyncio.timeout(PROMPT_SECONDS):
            code = await session.ui.get_activation_code(prompt)
            if code is None and session.behaviour.cancel_does_nothing:
                session.timeline.tell(Actor.PERSON, "presses Cancel, which nobody hears", to=Actor.CLIENT)
                await asyncio.Event().wait()
    except TimeoutError:
        raise GetActivationCodeTimeout from None
    if code is None:
        raise FlowCancelled("No code was given; the attempts stay as they are.")
    session.timeline.tell(Actor.PERSON, "types a code", to=Actor.CLIENT)
    return code


async def _try(session: Session, code: ActivationCode) -> None:
    session.timeline.tell(Actor.CLIENT, "tries the code", to=Actor.KEY)
    was_last = False
    try:
        await session.device.unlock_device_code(code)
    except KeyRefused as refused:
        was_last = refused.error is ErrorName.ERR_DEVICE_LOCKED_BY_CODE
        if not was_last and refused.error is not ErrorName.ERR_PIN_WRONG:
            raise
    info = await session.device.refresh_device_info()
    # A key may call its last attempt merely wrong, or say nothing at all: what counts is how it stands then.
    if was_last or (info.locked and not (info.can_unlock and info.unlock_attempts)):
        session.timeline.tell(Actor.KEY, "refuses the code and locks itself", kind=Kind.BAD)
        raise WorkflowError(FlowMessage.LOCKED_BY_INVALID_ATTEMPTS)
    if info.locked:
        session.timeline.tell(Actor.KEY, "refuses the code", kind=Kind.BAD)
        session.show(FlowMessage.INVALID_CODE, f"{attempts(info.unlock_attempts)} left.")


async def _report_failure(session: Session, error: BenchError) -> None:
    try:
        await _report(session)
    except BenchError as second:
        if session.behaviour.report_replaces_error:
            raise
        session.timeline.tell(Actor.HES, f"answers the report with: {second}", kind=Kind.BAD, to=Actor.CLIENT)


async def _report(session: Session) -> None:
    if session.hes.is_connected:
        session.timeline.tell(Actor.CLIENT, "reports how it ended", to=Actor.HES)
        session.hes_info = await session.hes.update_hw_vault_status(session.connected.report())
