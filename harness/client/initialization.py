"""Steps 4 to 8: make the channel ready, and see that the key is one that the flow can serve."""

from __future__ import annotations

import asyncio

from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.harness.client.session import Session
from hideez_bench.harness.timeline import Actor, Kind
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.transport import KeyRefused, NoAnswer
from hideez_bench.protocol.values import Mode
from hideez_bench.protocol.wire import Wire

INITIALIZATION_TIMEOUT = 15.0


def refuse_boot_mode(session: Session, wire: Wire) -> None:
    """Step 5, before anything is sent: a key in boot mode has no channel that step 4 could make ready.

    Raises:
        WorkflowError: it is in that mode, or its info characteristic cannot be read.
    """
    try:
        mode = wire.mode(wire.info.parse(session.connected.link.info))
    except WireError as error:
        raise WorkflowError(
            FlowMessage.CONNECTION_FAILED, f"Its info characteristic is malformed ({error})."
        ) from None
    if mode is Mode.BOOT:
        raise WorkflowError(FlowMessage.VAULT_IN_BOOTLOADER_MODE)


async def initialize(session: Session) -> None:
    """Step 4: open the main channel and read the key, within 15 s.

    Raises:
        WorkflowError: it took too long, or the key reported an error.
    """
    key = session.connected
    if key.serial:  # connected by a flow that never finished
        await key.device.refresh_device_info()
        return
    session.progress(FlowMessage.WAITING_INITIALIZATION)
    try:
        async with asyncio.timeout(INITIALIZATION_TIMEOUT):
            await key.transport.start()
            info = await key.device.verify_and_initialize()
    except (TimeoutError, NoAnswer):
        raise WorkflowError(FlowMessage.INITIALIZATION_FAILED) from None
    except (KeyRefused, ChannelError, WireError) as error:
        raise WorkflowError(FlowMessage.DEVICE_INITIALIZATION_ERROR, f"({error})") from None
    key.serial = info.serial
    session.timeline.tell(Actor.CLIENT, f"has an encrypted channel to key {info.serial}", to=Actor.KEY)


def refuse_standalone(session: Session) -> None:
    """Step 6.

    Raises:
        WorkflowError: the key is set up for use without a server.
    """
    if session.info.license_info == 0 and not session.info.link_required:
        raise WorkflowError(FlowMessage.VAULT_IN_STANDALONE_MODE)


async def fetch_log(session: Session) -> None:
    """Step 7: read the key's log, if somebody wants it; that it cannot be read stops nothing.

    Raises:
        LinkLost: the link is gone.
    """
    if session.request.take_log is None:
        return
    try:
        session.request.take_log(session.serial, await session.device.fetch_log())
    except LinkLost:
        raise
    except BenchError as error:
        session.timeline.tell(Actor.CLIENT, f"could not read the key's log: {error}", kind=Kind.BAD)


def refuse_second_connection(session: Session) -> None:
    """Step 8.

    Raises:
        WorkflowError: the same key is connected to this workstation another way, as over the other stack.
    """
    here = session.connected
    for other in session.workstation.state.keys.values():
        if other.id != here.id and other.serial == here.serial:
            raise WorkflowError(FlowMessage.VAULT_ALREADY_CONNECTED)
