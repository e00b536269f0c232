"""Step 15: have the person prove themselves to the key, by a press and a PIN, to unlock the computer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hideez_bench.harness.client.errors import (
    ClientError,
    ClientErrorCode,
    FlowCancelled,
    FlowMessage,
    VaultFailedToAuthorize,
    WorkflowError,
)
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.client.user_interface import PinPrompt, attempts
from hideez_bench.protocol.messages import Status
from hideez_bench.protocol.names import AccessLevel, ErrorName
from hideez_bench.protocol.secret import Pin
from hideez_bench.protocol.transport import KeyRefused

WAIT_SECONDS = 120.0
"""For each press, and for each PIN."""

BY_PERSON = AccessLevel.BUTTON_REQUIRED | AccessLevel.PIN_REQUIRED | AccessLevel.NEW_PIN_REQUIRED


async def authorize_user(session: Session) -> None:
    """Button, PIN, button, as far as the key asks for each; a PIN may make it ask for a press once more.

    Raises:
        ClientError: ButtonConfirmationTimeout, GetPinTimeout.
        WorkflowError: too many wrong PINs.
        FlowCancelled: the person gave up.
        VaultFailedToAuthorize: the key still asks.
    """
    await _button(session)
    await _pin(session)
    await _button(session)
    if session.info.access_level & BY_PERSON:
        raise VaultFailedToAuthorize


async def _button(session: Session) -> None:
    if AccessLevel.BUTTON_REQUIRED not in session.info.access_level:
        return
    pressed = asyncio.Event()

    def seen(status: Status) -> None:
        if AccessLevel.BUTTON_REQUIRED not in status.state.access_level:
            pressed.set()

    session.connected.transport.events.status.append(seen)
    try:
        session.ask_to_press(FlowMessage.PRESS_BUTTON)
        async with asyncio.timeout(WAIT_SECONDS):
            await pressed.wait()
    except TimeoutError:
        raise ClientError(ClientErrorCode.ButtonConfirmationTimeout) from None
    finally:
        session.connected.transport.events.status.remove(seen)
    await session.device.refresh_device_info()


async def _pin(session: Session) -> None:
    device = session.device
    while AccessLevel.NEW_PIN_REQUIRED in session.info.access_level:
        await _try(session, await _ask(session, is_new=True), device.set_pin)
    while AccessLevel.PIN_REQUIRED in session.info.access_level:
        await _try(session, await _ask(session, is_new=False), device.enter_pin)


async def _ask(session: Session, *, is_new: bool) -> Pin:
    info = session.info
    prompt = PinPrompt(session.serial, is_new, info.pin_min_length, info.pin_attempts, WAIT_SECONDS)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            pin = await session.ui.get_pin(prompt)
    except TimeoutError:
        raise ClientError(ClientErrorCode.GetPinTimeout) from None
    if pin is None:
        raise FlowCancelled("No PIN was given; the attempts stay as they are.")
    return pin


async def _try(session: Session, pin: Pin, send: Callable[[Pin], Awaitable[None]]) -> None:
    """Wrong and too short are shown alike where a PIN is entered, so that its length does not show."""
    is_new = AccessLevel.NEW_PIN_REQUIRED in session.info.access_level
    left = max(session.info.pin_attempts - 1, 0)
    try:
        await send(pin)
    except KeyRefused as refused:
        if refused.error is ErrorName.ERR_DEVICE_LOCKED_BY_PIN:
            raise WorkflowError(FlowMessage.LOCKED_BY_INVALID_PINS) from None
        if refused.error not in (ErrorName.ERR_PIN_WRONG, ErrorName.ERR_PIN_TOO_SHORT):
            raise
        if not is_new:
            session.show(FlowMessage.INVALID_PIN, f"{attempts(left)} left.")
        elif refused.error is ErrorName.ERR_PIN_TOO_SHORT:
            session.show(FlowMessage.PIN_TOO_SHORT)
        else:
            session.show(FlowMessage.INVALID_PIN)
    else:
        session.ui.clear()
    await session.device.refresh_device_info()
