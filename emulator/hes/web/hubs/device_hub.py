"""deviceHub: what a client brings back from a key."""

from __future__ import annotations

from hideez_bench.emulator.hes.web.hubs.workstation import DeviceTransport
from hideez_bench.protocol.device_hub import RESPONSES
from hideez_bench.protocol.hub import success
from hideez_bench.protocol.signalr import Json, Malformed

_RESPONSES = {target.lower(): target for target in RESPONSES}


class DeviceHub:
    """One key's deviceHub connection."""

    def __init__(self, transport: DeviceTransport) -> None:
        self._transport = transport

    async def invoke(self, target: str, arguments: tuple[Json, ...]) -> Json:
        """Take an answer.

        Raises:
            Malformed: there is no such method, it takes something else, or nothing was asked.
        """
        name = _RESPONSES.get(target.lower())
        if name is None:
            raise Malformed(f"The hub has no method {target!r}.")
        self._transport.brought(name, arguments)
        return success(RESPONSES[name], None)
