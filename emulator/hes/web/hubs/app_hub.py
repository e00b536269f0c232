"""appHub: what a client calls, and through which the server calls it."""

from __future__ import annotations

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.hubs.connection import HubConnection
from hideez_bench.emulator.hes.web.hubs.negotiation import Caller
from hideez_bench.emulator.hes.web.hubs.workstation import HubWorkstation
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesError,
    HesErrorCode,
    HwVaultInfoFromClient,
    WorkstationInfo,
)
from hideez_bench.protocol.hub import APP_CALLS, failure, success
from hideez_bench.protocol.signalr import Json, Malformed

# The vendor's framework finds a method whatever the case of its name.
_CALLS = {method.target.lower(): name for name, method in APP_CALLS.items()}


class AppHub:
    """One client on the appHub.

    Attributes:
        key: by which it was let in; None with the vendor's admission.
        end: ends its connection, with a reason.
    """

    def __init__(self, hes: Hes, caller: Caller, connection: HubConnection) -> None:
        self.key = caller.key
        self.end = connection.end
        self.workstation = HubWorkstation(caller.workstation_id, connection.notify)
        self._client = hes.connect(self.workstation)

    async def invoke(self, target: str, arguments: tuple[Json, ...]) -> Json:
        """Carry out a call; what goes wrong on the server is a `HesResponse` too.

        Raises:
            Malformed: there is no such method, or it takes something else.
        """
        name = _CALLS.get(target.lower())
        if name is None:
            raise Malformed(f"The hub has no method {target!r}.")
        method = APP_CALLS[name]
        values = method.arguments_from_json(arguments)
        try:
            self._check(values)
            result = success(method, await getattr(self._client, name)(*values))
        except HesError as error:
            result = failure(error)
        self._look_at(values)
        return result

    def lose_key(self, serial: str) -> None:
        """The client ended the deviceHub connection of a key."""
        self._client.lose_key(serial)

    def close(self) -> None:
        """The client is gone, and its keys with it."""
        self.workstation.drop_all("The client's appHub connection has ended.")
        self._client.close()

    def _check(self, values: list[object]) -> None:
        for value in values:
            if isinstance(value, WorkstationInfo) and value.id != self.workstation.id:
                text = f"This connection is workstation {self.workstation.id}'s; nothing was stored for {value.id!r}."
                raise HesError(HesErrorCode.HesUnknownError, text)

    def _look_at(self, values: list[object]) -> None:
        """A key that is reported gone cannot be reached any more."""
        for value in values:
            if isinstance(value, HwVaultInfoFromClient) and value.connection_state is ConnectionState.OFFLINE:
                self.workstation.drop(value.serial, "The key was reported offline.")


async def nobody(target: str, arguments: tuple[Json, ...]) -> Json:
    """As the vendor, for a client that did not say who it is: it may connect, and every call fails."""
    text = "This connection did not say which workstation it is."
    return failure(HesError(HesErrorCode.HesNotConnected, text))
