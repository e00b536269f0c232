"""Step 11: bring the key's licences up to date; without one the enterprise flow stops."""

from __future__ import annotations

from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.timeline import Actor
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.transport import KeyRefused

LOCKED = (ErrorName.ERR_DEVICE_LOCKED_BY_CODE, ErrorName.ERR_DEVICE_LOCKED_BY_PIN)


async def update_licenses(session: Session) -> None:
    """Download and load what is missing.

    Raises:
        WorkflowError: there is no licence to be had, or the server sent one that is none.
    """
    info = session.info
    if session.hes.is_connected and (info.link_required or session.hes_info.need_update_license):
        session.progress(FlowMessage.UPDATING_LICENSE)
        await _download(session, every=info.link_required)
        info = await session.device.refresh_device_info()
    if info.license_info == 0:
        online = session.hes.is_connected
        raise WorkflowError(
            FlowMessage.NO_LICENSES_AVAILABLE if online else FlowMessage.CANNOT_DOWNLOAD_LICENSE
        )


async def _download(session: Session, *, every: bool) -> None:
    fetch = session.hes.get_hw_vault_licenses if every else session.hes.get_new_hw_vault_licenses
    for index, sent in enumerate(await fetch(session.serial)):
        if sent.data is None:
            raise WorkflowError(FlowMessage.EMPTY_LICENSE_DATA)
        if sent.id is None:
            raise WorkflowError(FlowMessage.EMPTY_LICENSE_ID)
        await _load(session, sent.data, index)
        session.timeline.tell(Actor.CLIENT, "loads a licence", to=Actor.KEY)
        await session.hes.hw_vault_license_applied(session.serial, sent.id)


async def _load(session: Session, data: bytes, index: int) -> None:
    try:
        await session.device.load_license(data)
    except KeyRefused as refused:
        if refused.error not in LOCKED:
            raise
        # A locked key chooses no slot itself, but takes a licence into one that is named.
        await session.device.load_license(data, slot=index)
