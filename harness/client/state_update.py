"""Step 12: have the server bring key and vault together; a factory key is linked here."""

from __future__ import annotations

from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.timeline import Actor


async def update_state(session: Session) -> None:
    """Ask the server for its part, if it said that there is one.

    Raises:
        WorkflowError: the key still belongs to nobody afterwards.
    """
    online = session.hes.is_connected
    if online and session.hes_info.need_state_update:
        session.timeline.tell(Actor.CLIENT, "reports the key's state and asks for an update", to=Actor.HES)
        session.hes_info = await session.hes.update_hw_vault_status(session.connected.report())
        await session.device.refresh_device_info()
    if session.info.link_required:
        raise WorkflowError(FlowMessage.NOT_ASSIGNED_TO_USER if online else FlowMessage.CANNOT_LINK_TO_USER)
