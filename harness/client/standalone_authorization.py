"""What stands in for the server where there is none: the person's master password links, unlocks and confirms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from hideez_bench.harness.client.errors import FlowCancelled, FlowMessage, WorkflowError
from hideez_bench.harness.client.master_password import SHORTEST, Derivation
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.client.user_interface import PasswordPrompt
from hideez_bench.harness.timeline import Actor
from hideez_bench.protocol.names import Condition, ErrorName
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Password
from hideez_bench.protocol.transport import KeyRefused
from hideez_bench.protocol.values import AccessParams

PROMPT_SECONDS = 120.0
CODE = ActivationCode(b"123456")
"""The vendor's constant: whoever holds a key between its LINK and its unlocking knows it."""
CODE_ATTEMPTS = 3
ACCESS = AccessParams(
    conditions=Condition.MASTER_KEY_BOND,
    pin_min_length=0,
    pin_max_tries=0,
    pin_expiration=0,
    button_expiration=0,
    master_key_expiration=0,
)

UseKey = Callable[[MasterKey], Awaitable[None]]


def refuse_enterprise(session: Session) -> None:
    """Leave alone a key that a server has given a licence.

    Raises:
        WorkflowError: it has one.
    """
    if session.info.license_info > 0:
        raise WorkflowError(FlowMessage.VAULT_IN_ENTERPRISE_MODE)


async def authorize_by_password(
    session: Session, derivation: Derivation, now: Callable[[], datetime]
) -> None:
    """Link a new key, unlock a locked one, and confirm this computer to it, by the master password.

    Raises:
        WorkflowError: the key still asks for the master key afterwards.
        FlowCancelled: no password was given.
    """
    known: MasterKey | None = None
    if session.info.link_required:
        known = await _link(session, derivation, now)
    elif session.info.locked:
        known = await _with_password(session, derivation, session.device.unlock)
    if session.info.master_key_required:
        if known is None:
            await _with_password(session, derivation, session.device.check_passphrase)
        else:
            await session.device.check_passphrase(known)
            await session.device.refresh_device_info()
    if session.info.master_key_required:
        raise WorkflowError(FlowMessage.AUTH_FAILED)


async def _link(session: Session, derivation: Derivation, now: Callable[[], datetime]) -> MasterKey:
    key = derivation.master_key(await _ask(session, is_new=True), session.serial)
    device = session.device
    session.timeline.tell(Actor.CLIENT, "links the key with the master password", to=Actor.KEY)
    await device.link(key, CODE, CODE_ATTEMPTS)
    if (await device.refresh_device_info()).locked:
        await device.unlock_device_code(CODE)
    await device.access(_clock(session, now()), key, ACCESS)
    await device.refresh_device_info()
    return key


def _clock(session: Session, now: datetime) -> int:
    """Unix seconds for the key's clock; as shipped, as if local time were UTC."""
    offset = now.utcoffset()
    seconds = int(now.timestamp())
    if session.behaviour.standalone_clock_is_local and offset is not None:
        seconds += int(offset.total_seconds())
    return seconds


async def _with_password(session: Session, derivation: Derivation, use: UseKey) -> MasterKey:
    """Ask until the key takes what the password makes."""
    while True:
        key = derivation.master_key(await _ask(session, is_new=False), session.serial)
        try:
            await use(key)
        except KeyRefused as refused:
            if refused.error is not ErrorName.ERR_KEY_WRONG:
                raise
            session.show(FlowMessage.INVALID_PASSWORD)
        else:
            session.ui.clear()
            await session.device.refresh_device_info()
            return key


async def _ask(session: Session, *, is_new: bool) -> Password:
    prompt = PasswordPrompt(session.serial, is_new, SHORTEST, PROMPT_SECONDS)
    while True:
        try:
            async with asyncio.timeout(PROMPT_SECONDS):
                password = await session.ui.get_master_password(prompt)
        except TimeoutError:
            raise FlowCancelled("Nobody entered the master password in time.") from None
        if password is None:
            raise FlowCancelled("No master password was given.")
        if not is_new or len(password.reveal().decode()) >= SHORTEST:
            return password
        session.show(FlowMessage.PASSWORD_TOO_SHORT)
