"""Steps 15 and 16: have the server write the accounts to the key."""

from __future__ import annotations

from hideez_bench.harness.client.session import Session
from hideez_bench.harness.timeline import Actor, Kind
from hideez_bench.protocol.hes import HesKeyRefused
from hideez_bench.protocol.names import ErrorName


async def update_os_accounts(session: Session) -> None:
    """The accounts of the operating system, if the server said that there is something to write; raises HesError."""
    if session.hes_info.need_update_os_accounts:
        await _update(session, only_os_accounts=True)


async def update_other_accounts(session: Session) -> None:
    """All others; raises as `update_os_accounts`."""
    if session.hes_info.need_update_non_os_accounts:
        await _update(session, only_os_accounts=False)


async def _update(session: Session, *, only_os_accounts: bool) -> None:
    if not session.hes.is_connected:
        return
    what = "operating system accounts" if only_os_accounts else "accounts"
    session.timeline.tell(Actor.CLIENT, f"asks the server to bring the {what} up to date", to=Actor.HES)
    try:
        await session.hes.update_hw_vault_accounts(session.serial, only_os_accounts)
    except HesKeyRefused as refused:
        if refused.error is not ErrorName.ERR_LICENSE_EXPIRED:
            raise
        session.timeline.tell(
            Actor.CLIENT, "goes on without the accounts: the key's licence has expired", kind=Kind.BAD
        )
    await session.device.refresh_device_info()
