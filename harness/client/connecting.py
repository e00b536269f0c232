"""Steps 3 to 8: connect, initialise, and see that the key is one that the enterprise flow can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from hideez_bench.harness.client.errors import FlowMessage, WorkflowError
from hideez_bench.harness.timeline import Actor, Kind, Timeline
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.layout import WireError
from hideez_bench.protocol.link import Link
from hideez_bench.protocol.transport import KeyRefused, NoAnswer, PacketTransport
from hideez_bench.protocol.values import DeviceInfo, Mode
from hideez_bench.protocol.wire import Wire

SYSTEM_ATTEMPTS = (16.0, 8.0)
"""Seconds for each attempt over the system's Bluetooth (client VaultConnectionProcessor, WinBle rows)."""

INITIALIZATION_TIMEOUT = 15.0

OpenLink = Callable[[float], Link]
"""Makes a link, not entered, that has so many seconds to connect."""


async def connect(open_link: OpenLink, attempts: Sequence[float], timeline: Timeline) -> Link:
    """An entered link; each attempt has its own time.

    Raises:
        BenchError: what the last attempt failed with.
    """
    for number, seconds in enumerate(attempts, start=1):
        link = open_link(seconds)
        timeline.tell(Actor.CLIENT, f"connects to {link.name} (attempt {number})", to=Actor.KEY)
        try:
            return await link.__aenter__()
        except BenchError as error:
            if number == len(attempts):
                raise
            timeline.tell(Actor.CLIENT, f"did not connect: {error}", kind=Kind.BAD)
    raise ValueError("at least one attempt is needed")


def check_mode(info_characteristic: bytes, wire: Wire) -> None:
    """Refuse a key in firmware update mode, before anything is sent to it.

    Raises:
        WorkflowError: it is in that mode, or the characteristic cannot be read.
    """
    try:
        mode = wire.mode(wire.info.parse(info_characteristic))
    except WireError as error:
        raise WorkflowError(
            FlowMessage.CONNECTION_FAILED, f"Its info characteristic is malformed ({error})."
        ) from None
    if mode is Mode.BOOT:
        raise WorkflowError(FlowMessage.VAULT_IN_BOOTLOADER_MODE)


async def initialize(transport: PacketTransport, device: KeyDevice) -> DeviceInfo:
    """Make the main channel ready, within 15 s.

    Raises:
        WorkflowError: it took too long, or the key is set up for use without a server.
    """
    try:
        async with asyncio.timeout(INITIALIZATION_TIMEOUT):
            await transport.start()
            info = await device.verify_and_initialize()
    except (TimeoutError, NoAnswer):
        raise WorkflowError(FlowMessage.INITIALIZATION_FAILED) from None
    except (KeyRefused, ChannelError) as error:
        raise WorkflowError(FlowMessage.DEVICE_INITIALIZATION_ERROR, f"({error})") from None
    if info.license_info == 0 and not info.link_required:
        raise WorkflowError(FlowMessage.VAULT_IN_STANDALONE_MODE)
    return info
