"""How a flow can end: what the person sees, and what becomes of bond and link, as one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.errors import (
    TEXTS,
    ClientError,
    ConnectTimeout,
    FlowCancelled,
    FlowMessage,
    VaultFailedToAuthorize,
    WorkflowError,
    WorkstationUnlockFailed,
)
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesKeyRefused, HesNetworkError
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.transport import KeyRefused, NoAnswer


class Told(Enum):
    """What the person reads."""

    ERROR = "the error"
    NETWORK_LOST = "network lost"
    NETWORK_ERROR = "network error, with its number"
    NOTHING = "nothing"
    CLEARED = "nothing, messages cleared"


class Bond(Enum):
    """What becomes of this computer's bond with the key."""

    KEPT = "kept"
    DELETED = "deleted"
    DELETED_ON_DONGLE = "deleted on the dongle"


OTHER_HIDEEZ_ERROR = "any other Hideez error"
ANYTHING_ELSE = "anything else"


@dataclass(frozen=True)
class Row:
    """Errors by the vendor's names, and how each of them ends a flow. The link always ends, if there was one."""

    errors: tuple[str, ...]
    told: Told
    bond: Bond = Bond.KEPT


ROWS = (
    Row(
        (
            "DeviceIsLocked",
            "DeviceNotAssignedToUser",
            "HesDeviceNotFound",
            "HesDeviceCompromised",
            "HesDeviceLinkedToAnotherServer",
        ),
        Told.ERROR,
        Bond.DELETED_ON_DONGLE,
    ),
    Row(("DeviceHasBeenWiped",), Told.ERROR, Bond.DELETED),
    Row(("ButtonConfirmationTimeout", "GetPinTimeout", "GetActivationCodeTimeout"), Told.CLEARED),
    Row(("HesNotConnected",), Told.NETWORK_LOST),
    Row((OTHER_HIDEEZ_ERROR,), Told.ERROR),
    Row(("VaultFailedToAuthorizeException",), Told.ERROR),
    Row(
        ("WorkstationUnlockFailedException", "OperationCanceledException", "TimeoutException"),
        Told.NOTHING,
    ),
    Row(("WebSocketException",), Told.NETWORK_ERROR),
    Row(("WorkflowException", ANYTHING_ELSE), Told.ERROR),
)
"""The client's table, in its order. Note the pairs: HesDeviceLocked and HesDeviceNotAssignedToAnyUser come from the
server and keep the bond; DeviceIsLocked and DeviceNotAssignedToUser come from the device and do not."""

WITHOUT_SERVER = Row(("DeviceIsLocked", "DeviceNotAssignedToUser"), Told.ERROR, Bond.DELETED)
"""What the standalone flow has ahead of `ROWS`."""

_NAMES: dict[type[BenchError], str] = {
    VaultFailedToAuthorize: "VaultFailedToAuthorizeException",
    WorkstationUnlockFailed: "WorkstationUnlockFailedException",
    FlowCancelled: "OperationCanceledException",
    LinkLost: "OperationCanceledException",
    ConnectTimeout: "TimeoutException",
    HesNetworkError: "WebSocketException",
    WorkflowError: "WorkflowException",
    NoAnswer: ErrorName.BleResponseTimeout,
    ChannelError: ErrorName.ChannelVerificationFailed,
}
_HIDEEZ_ERRORS = (HesError, ClientError, KeyRefused, NoAnswer, ChannelError)
_BARE_ERRORS = (KeyRefused, NoAnswer, ChannelError)
"""Their texts say what happened on the wire, and not what to do."""

_CONNECT_AGAIN = "connect the key again"
_WIPED = "it was wiped meanwhile and belongs to nobody now, ask the administrator to assign it"
"""Of a key that has no owner's key any more, in a flow that had begun with one."""


@dataclass(frozen=True)
class EndState:
    """What a flow left: its row, and whether the bond was to be deleted. A flow that succeeded has no row."""

    row: Row | None = None
    delete_bond: bool = False

    @property
    def silent(self) -> bool:
        """The person is told nothing."""
        return self.row is None or self.row.told in (Told.NOTHING, Told.CLEARED)


def vendor_name(error: BenchError) -> str:
    """What the vendor calls this error; `ANYTHING_ELSE` where it has no name of its own."""
    if isinstance(error, KeyRefused | HesKeyRefused):
        return str(error.error)
    if isinstance(error, HesError | ClientError):
        return str(error.code)
    for kind, name in _NAMES.items():
        if isinstance(error, kind):
            return name
    return ANYTHING_ELSE


def row_of(error: BenchError, rows: tuple[Row, ...] = ROWS) -> Row:
    """The first row that an error falls into."""
    name = vendor_name(error)
    if isinstance(error, _HIDEEZ_ERRORS) and not any(name in row.errors for row in rows):
        name = OTHER_HIDEEZ_ERROR
    return next(row for row in rows if name in row.errors)


def end_state(error: BenchError, stack: Stack, rows: tuple[Row, ...] = ROWS) -> EndState:
    """How an error ends a flow over a stack."""
    row = row_of(error, rows)
    over_dongle = row.bond is Bond.DELETED_ON_DONGLE and stack is Stack.DONGLE
    return EndState(row, delete_bond=row.bond is Bond.DELETED or over_dongle)


def text_of(error: BenchError, row: Row, serial: str, behaviour: Behaviour = MEANT) -> str:
    """What the person reads of an error, with the key's serial number where it is known; empty if nothing."""
    match row.told:
        case Told.NOTHING | Told.CLEARED:
            return ""
        case Told.NETWORK_LOST:
            text = TEXTS[FlowMessage.LOST_NETWORK_CONNECTION]
        case Told.NETWORK_ERROR:
            number = error.number if isinstance(error, HesNetworkError) else 0
            text = f"{TEXTS[FlowMessage.NETWORK_ERROR]} (Error {number}.)"
        case Told.ERROR:
            text = str(error)
            if isinstance(error, _BARE_ERRORS):
                is_wiped = vendor_name(error) == ErrorName.ERR_NOT_INITIALIZED
                text = f"{text[0].upper()}{text[1:]}; {_WIPED if is_wiped else _CONNECT_AGAIN}."
            if behaviour.errors_by_code_alone and isinstance(error, _HIDEEZ_ERRORS):
                text = f"{vendor_name(error)}."
            if isinstance(error, HesError):
                text = f"From the server: {text}"
    return f"{text} (Serial number {serial}.)" if serial else text
