"""What Hideez Client and Hideez Enterprise Server say to one another, by the names of the server's hubs.

The client calls `HesConnection` (the server's appHub); the server calls `Workstation`, and so gets the relayed way
to a key (its deviceHub). In one process these are plain calls; over a network they are SignalR messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Protocol

from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.transport import MessageTransport
from hideez_bench.protocol.values import Error

SESSION_COOKIE = ".AspNetCore.Identity.Application"
"""What a login to the server sets, by the vendor's name (published)."""


class HesErrorCode(StrEnum):
    """Errors that the server returns to the client, by the vendor's names."""

    HesAlarm = "HesAlarm"
    HesDeviceCompromised = "HesDeviceCompromised"
    HesDeviceHubDisconnected = "HesDeviceHubDisconnected"
    HesDeviceLinkedToAnotherServer = "HesDeviceLinkedToAnotherServer"
    HesDeviceLocked = "HesDeviceLocked"
    HesDeviceNotAssignedToAnyUser = "HesDeviceNotAssignedToAnyUser"
    HesDeviceNotFound = "HesDeviceNotFound"
    HesEmptyMasterKey = "HesEmptyMasterKey"
    HesFailedEstablishRemoteDeviceConnection = "HesFailedEstablishRemoteDeviceConnection"
    HesNotConnected = "HesNotConnected"
    HesRequestTimeout = "HesRequestTimeout"
    HesVaultWasManuallyWiped = "HesVaultWasManuallyWiped"
    HesVerificationFailed = "HesVerificationFailed"
    HesWorkstationNotApproved = "HesWorkstationNotApproved"
    HesUnknownError = "HesUnknownError"
    DeviceHasBeenWiped = "DeviceHasBeenWiped"
    DeviceNotConnectedToAnyHost = "DeviceNotConnectedToAnyHost"
    RemoteConnectionTimedOut = "RemoteConnectionTimedOut"


class HesError(BenchError):
    """The server refused a client's call, or could not carry it out."""

    def __init__(self, code: HesErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code


class HesKeyRefused(HesError):
    """The key refused what the server asked of it on the server's channel; `error` is the key's own."""

    def __init__(self, error: Error, text: str) -> None:
        super().__init__(HesErrorCode.HesUnknownError, text)
        self.error = error


class HesNetworkError(BenchError):
    """The network failed under a call to the server; `number` is the WebSocket's, or the system's, of what failed."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(text)
        self.number = number


class ConnectionState(IntEnum):
    """How far the client is with a key."""

    OFFLINE = 0
    INITIALIZING = 1
    FINALIZING = 2
    ONLINE = 3


@dataclass(frozen=True)
class HwVaultInfoFromClient:
    """What the client reports of a key. Battery in percent."""

    serial: str
    connection_state: ConnectionState
    is_link_required: bool
    is_locked: bool
    is_can_unlock: bool
    battery: int
    firmware_version: str
    storage_timestamp: int


@dataclass(frozen=True)
class HwVaultShortInfo:
    """Whose key it is, for a client that has met a key by its address, radio tag or serial number."""

    owner_name: str = ""
    owner_email: str = ""
    vault_mac: str = ""
    vault_serial: str = ""
    vault_rfid: str = ""


@dataclass(frozen=True)
class HwVaultInfoFromHes(HwVaultShortInfo):
    """What the server knows of the key, and what it wants done."""

    need_update_license: bool = False
    need_state_update: bool = False
    need_update_os_accounts: bool = False
    need_update_non_os_accounts: bool = False


@dataclass(frozen=True)
class HwVaultLicense:
    """A licence on its way to a key. `id` or `data` missing is the server's fault and is reported as such.

    Attributes:
        applied_at: when a client reported it as being on the key; None before.
        license_order_id: the order by which the server had it from the licence server.
    """

    id: str | None
    serial: str
    imported_at: datetime
    applied_at: datetime | None
    end_date: datetime
    license_order_id: str
    data: bytes | None


@dataclass(frozen=True)
class WorkstationInfo:
    """What a client says of the computer that it runs on."""

    id: str
    machine_name: str = ""
    domain: str = ""
    os_name: str = ""
    app_version: str = ""
    ip: str = ""
    is_alarm_turn_on: bool = False


class WorkstationEventType(IntEnum):
    """Events by which a server knows when somebody works at a workstation; clients report others too.

    The names are the vendor's. Its numbers are not public: these are modelled.
    """

    HESConnected = 1
    ServiceStarted = 2
    ComputerLock = 3
    ComputerLogoff = 4
    ComputerUnlock = 5
    ComputerLogon = 6


@dataclass(frozen=True)
class WorkstationEvent:
    """Something that happened on a workstation, for its audit; ids of event and severity are the client's."""

    id: str
    date: datetime
    event_id: int
    severity_id: int
    note: str = ""
    workstation_id: str = ""
    user_session: str = ""
    serial: str = ""
    account_name: str = ""
    account_login: str = ""
    workstation_session_id: str = ""


@dataclass(frozen=True)
class ProximitySettings:
    """When a workstation unlocks by a key that comes near and locks when it leaves: percent, percent, seconds."""

    serial: str
    mac: str
    lock_proximity: int = 30
    unlock_proximity: int = 70
    lock_timeout: int = 5


class HesConnection(Protocol):
    """The server, as a client calls it. Every call raises `HesError`, or `HesNetworkError` over a network."""

    @property
    def is_connected(self) -> bool:
        """Whether the server can be called now."""
        ...

    async def register_workstation_info(self, info: WorkstationInfo) -> None:
        """Say who calls. It is stored before anything is refused, so that an administrator can see and approve it."""
        ...

    async def save_client_events(self, events: Sequence[WorkstationEvent]) -> None:
        """Hand over what happened on the workstation."""
        ...

    async def get_hw_vault_info_by_rfid(self, rfid: str) -> HwVaultShortInfo:
        """Whose key has this radio tag."""
        ...

    async def get_hw_vault_info_by_mac(self, mac: str) -> HwVaultShortInfo:
        """Whose key has this address, 12 hexadecimal digits without separators."""
        ...

    async def get_hw_vault_info_by_serial_no(self, serial: str) -> HwVaultShortInfo:
        """Whose key has this serial number."""
        ...

    async def update_hw_vault_properties(
        self, info: HwVaultInfoFromClient, return_info: bool
    ) -> HwVaultInfoFromHes | None:
        """Report a key. `INITIALIZING` registers it on this workstation, which every remote command needs."""
        ...

    async def update_hw_vault_status(self, info: HwVaultInfoFromClient) -> HwVaultInfoFromHes:
        """Have the server bring key and vault together: link, lock, set access, activate or wipe."""
        ...

    async def get_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """All active licences of a vault."""
        ...

    async def get_new_hw_vault_licenses(self, serial: str) -> list[HwVaultLicense]:
        """The licences of a vault that no key has received yet."""
        ...

    async def hw_vault_license_applied(self, serial: str, license_id: str) -> None:
        """A licence is on the key."""
        ...

    async def auth_hw_vault(self, serial: str) -> None:
        """Have the server confirm this host to the key, with the master key."""
        ...

    async def update_hw_vault_accounts(self, serial: str, only_os_accounts: bool) -> None:
        """Have the server bring the key's accounts up to date: those of the operating system only, or the others."""
        ...


class Workstation(Protocol):
    """The client, as the server calls it. What returns nothing is a notice: it must not wait, and answers nothing."""

    @property
    def id(self) -> str:
        """The name of the workstation."""
        ...

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        """A relayed way to a connected key, for one channel. The client carries what it cannot read.

        Raises:
            HesError: the key is not connected here, or the channel is not the server's.
        """
        ...

    def set_alarm_state(self, on: bool) -> None:
        """The administrator has raised the alarm, or ended it."""
        ...

    def workstation_approved(self) -> None:
        """The administrator lets this workstation's client in."""
        ...

    def workstation_unapproved(self) -> None:
        """The administrator no longer lets it in."""
        ...

    def update_proximity_settings(self, settings: Sequence[ProximitySettings]) -> None:
        """The keys that may unlock this workstation by coming near, all of them."""
        ...

    def update_rfid_indicator_state(self, on: bool) -> None:
        """Whether this workstation reads radio tags."""
        ...

    def lock_hw_vault_storage(self, serial: str) -> None:
        """The server is about to write to this key's storage: do not."""
        ...

    def lift_hw_vault_storage_lock(self, serial: str) -> None:
        """The server has ended writing."""
        ...
