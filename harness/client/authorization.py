"""Step 14: where the key asks for the master key, have the server confirm this computer to it."""

from __future__ import annotations

from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.timeline import Actor


async def authorize(session: Session) -> None:
    """Ask the server to show the master key to the key, if the key asks for it.

    Raises:
        WorkflowError: the key still asks for it afterwards.
    """
    info = session.info
    if info.master_key_required and session.hes.is_connected:
        session.progress(FlowMessage.AWAITING_HES_AUTH)
        session.timeline.tell(Actor.CLIENT, "asks the server to confirm this computer", to=Actor.HES)
        await session.hes.auth_hw_vault(session.serial)
        info = await session.device.refresh_device_info()
    if info.master_key_required:
        online = session.hes.is_connected
        raise WorkflowError(FlowMessage.AUTH_FAILED if online else FlowMessage.AUTH_FAILED_NO_NETWORK)
