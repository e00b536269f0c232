"""Steps 2 and 15: unlock a computer that is locked, where that is what the flow was started for."""

from __future__ import annotations

import asyncio

from hideez_bench.harness.client.accounts import update_os_accounts
from hideez_bench.harness.client.errors import FlowMessage, WorkstationUnlockFailed
from hideez_bench.harness.client.session import Mode, Session
from hideez_bench.harness.client.user_authorization import authorize_user
from hideez_bench.harness.timeline import Actor, Kind

LOCK_SCREEN_TIMEOUT = 5.0
LOGON_TIMEOUT = 5.0
"""Seconds that the lock screen has to come up, and to let the person in."""


async def raise_lock_screen(session: Session) -> None:
    """Step 2: if the computer is locked, have its lock screen ready; without it the key is connected all the same."""
    state = session.workstation.state
    if not state.session_locked or state.lock_screen is None:
        return
    try:
        async with asyncio.timeout(LOCK_SCREEN_TIMEOUT):
            await state.lock_screen.raise_and_wait()
    except TimeoutError:
        session.timeline.tell(
            Actor.CLIENT, "goes on without the lock screen, which did not come up", kind=Kind.BAD
        )
        return
    session.unlocks = session.request.mode is Mode.CONNECT_AND_UNLOCK


async def unlock_with_accounts(session: Session) -> None:
    """Step 15: the operating system's accounts come to the key while the person proves themselves; then unlock.

    Raises:
        WorkstationUnlockFailed: the computer stays locked.
        BenchError: as `update_os_accounts` and `authorize_user`.
    """
    accounts = asyncio.get_running_loop().create_task(update_os_accounts(session))
    try:
        if session.unlocks:
            await authorize_user(session)
        await accounts
    finally:
        if not accounts.done():
            accounts.cancel()
            await asyncio.wait([accounts])
    if session.unlocks:
        await _unlock(session)


async def _unlock(session: Session) -> None:
    state = session.workstation.state
    session.progress(FlowMessage.UNLOCKING)
    try:
        async with asyncio.timeout(LOGON_TIMEOUT):
            is_unlocked = state.lock_screen is not None and await state.lock_screen.unlock(session.serial)
    except TimeoutError:
        is_unlocked = False
    if not is_unlocked:
        raise WorkstationUnlockFailed
    state.unlock_session(by=session.serial)
    session.timeline.tell(Actor.CLIENT, "unlocks the computer", kind=Kind.GOOD)
