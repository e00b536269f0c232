"""The server over its hubs: a `HesConnection` whose calls are SignalR messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hideez_bench.harness.hes.device_relay import relay
from hideez_bench.harness.hes.signalr_client import CallRefused, Disconnected, HubClient, OpenSocket
from hideez_bench.protocol.background import Background
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import (
    HesError,
    HesErrorCode,
    HesNetworkError,
    HwVaultInfoFromClient,
    HwVaultInfoFromHes,
    HwVaultLicense,
    HwVaultShortInfo,
    Workstation,
    WorkstationEvent,
    WorkstationInfo,
)
from hideez_bench.protocol.hub import APP_CALLS, ESTABLISH, NOTICES, result_of
from hideez_bench.protocol.secret import WorkstationKey
from hideez_bench.protocol.signalr import Json, Malformed
from hideez_bench.protocol.wire import Wire

_NOTICES = {method.target: name for name, method in NOTICES.items()}


class HubConnection:
    """A `HesConnection`. Made unconnected; `connect` connects, and does so again where the connection was lost.

    What the server calls goes to the workstation, also while one of our own calls waits.
    """

    def __init__(
        self, open_socket: OpenSocket, workstation: Workstation, key: WorkstationKey, wire: Wire
    ) -> None:
        self._open_socket = open_socket
        self._workstation = workstation
        self._wire = wire
        self._headers = {"WorkstationId": workstation.id, "Authorization": f"Bearer {key.to_text()}"}
        self._hub: HubClient | None = None
        # As the vendor's client: the server hears nothing of what fails there, and its time limit tells it.
        self._relays = Background("A relay between the server and a key", expected=(BenchError,))

    async def connect(self) -> None:
        """Connect, where there is no connection.

        Raises:
            HesError: HesNotConnected, the server cannot be reached or does not admit this workstation.
        """
        if self.is_connected:
            return
        await self.close()
        try:
            self._hub = await HubClient.connect(
                self._open_socket,
                "/appHub",
                self._headers,
                on_call=self._called,
                on_closed=self._relays.cancel,
            )
        except Disconnected as error:
            raise HesError(HesErrorCode.HesNotConnected, str(error)) from error

    async def close(self) -> None:
        """End the connection, and every relay with it."""
        await self._relays.close()
        if self._hub:
            await self._hub.close()

    @property
    def is_connected(self) -> bool:
        """Whether the server can be called now."""
        return self._hub is not None and self._hub.is_open

    async def register_workstation_info(self, info: WorkstationInfo) -> None:
        """See `HesConnection.register_workstation_info`. The workstation learns by it whether it is approved."""
        try:
            await self._call("register_workstation_info", info)
        except HesError as error:
            if error.code is HesErrorCode.HesWorkstationNotApproved:
                self._workstation.workstation_unapproved()
            raise
        self._workstation.workstation_approved()

    async def save_client_events(self, events: Sequence[WorkstationEvent]) -> None:
        """See `HesConnection.save_client_events`."""
        await self._call("save_client_events", events)

    async def get_hw_vault_info_by_rfid(self, rfid: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_rfid`."""
        found: HwVaultShortInfo = await self._call("get_hw_vault_info_by_rfid", rfid)
        return found

    async def get_hw_vault_info_by_mac(self, mac: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_mac`."""
        found: HwVaultShortInfo = await self._call("get_hw_vault_info_by_mac", mac)
        return found

    async def get_hw_vault_info_by_serial_no(self, serial: str) -> HwVaultShortInfo:
        """See `HesConnection.get_hw_vault_info_by_serial_no`."""
        found: HwVaultShortInfo = await self._call("get_hw_vault_info_by_serial_no", serial)
        return found

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        """See `HesConnection.update_hw_vault_properties`."""
        told: HwVaultInfoFromHes | None = await self._call("update_hw_vault_properties", info, return_info)
        return told

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        """See `HesConnection.update_hw_vault_status`."""
        told: HwVaultInfoFromHes = await self._call("update_hw_vault_status", info)
        return told

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """See `HesConnection.get_hw_vault_licenses`."""
        found: list[HwVaultLicense] = await self._call("get_hw_vault_licenses", serial)
        return found

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """See `HesConnection.get_new_hw_vault_licenses`."""
        found: list[HwVaultLicense] = await self._call("get_new_hw_vault_licenses", serial)
        return found

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        """See `HesConnection.hw_vault_license_applied`."""
        await self._call("hw_vault_license_applied", serial, license_id)

    async def auth_hw_vault(self, serial: str) -> None:
        """See `HesConnection.auth_hw_vault`."""
        await self._call("auth_hw_vault", serial)

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        """See `HesConnection.update_hw_vault_accounts`."""
        await self._call("update_hw_vault_accounts", serial, only_os_accounts)

    async def _call(self, name: str, *values: object) -> Any:
        method = APP_CALLS[name]
        if self._hub is None:
            raise HesError(HesErrorCode.HesNotConnected, "There is no connection to the server yet.")
        try:
            answer = await self._hub.invoke(method.target, method.arguments_to_json(values))
            return result_of(method, answer)
        except Disconnected as error:
            if error.number is not None:
                raise HesNetworkError(error.number, str(error)) from error
            raise HesError(HesErrorCode.HesNotConnected, str(error)) from error
        except (CallRefused, Malformed) as error:
            raise HesError(HesErrorCode.HesUnknownError, str(error)) from error

    def _called(self, target: str, arguments: tuple[Json, ...]) -> None:
        if target == ESTABLISH.target:
            serial, channel = ESTABLISH.arguments_from_json(arguments)
            self._relays.spawn(
                relay(self._open_socket, self._headers, self._workstation, serial, channel, self._wire)
            )
        elif name := _NOTICES.get(target):
            getattr(self._workstation, name)(*NOTICES[name].arguments_from_json(arguments))
