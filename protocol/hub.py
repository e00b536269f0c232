"""What the hubs say, as JSON: every call, notice and relayed message, one description for both directions.

Names go out as the vendor's, in camelCase, and come in whatever their case; what is missing has its type's default, and
what is unknown is passed over, as the vendor's framework does. Byte strings travel in base64.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from hideez_bench.protocol import hes
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.signalr import Json, Malformed
from hideez_bench.protocol.values import UnknownError

T = TypeVar("T")


@dataclass(frozen=True)
class Codec(Generic[T]):
    """One type of value: to JSON, and from it (`Malformed` where it is something else)."""

    to_json: Callable[[T], Json]
    from_json: Callable[[Json], T]


def _same(kind: type[T], name: str, default: T) -> Codec[T]:
    def from_json(value: Json) -> T:
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Malformed(f"{name} was expected.")
        return value

    return Codec(lambda value: value, from_json)  # type: ignore[arg-type, return-value]  # T is one of JSON's own


TEXT = _same(str, "A text", "")
BOOLEAN = _same(bool, "true or false", default=False)
_INTEGER = _same(int, "A whole number", 0)


def integer(low: int, high: int) -> Codec[int]:
    """A whole number within these bounds."""

    def from_json(value: Json) -> int:
        number = _INTEGER.from_json(value)
        if not low <= number <= high:
            raise Malformed(f"A number from {low} to {high} was expected.")
        return number

    return Codec(lambda value: value, from_json)


def optional(codec: Codec[T]) -> Codec[T | None]:
    """A value, or null."""
    return Codec(
        lambda value: None if value is None else codec.to_json(value),
        lambda value: None if value is None else codec.from_json(value),
    )


def sequence(codec: Codec[T]) -> Codec[Sequence[T]]:
    """A list of values."""

    def from_json(value: Json) -> list[T]:
        if value is not None and not isinstance(value, list):
            raise Malformed("A list was expected.")
        return [codec.from_json(item) for item in value or []]

    return Codec(lambda values: [codec.to_json(value) for value in values], from_json)


def _bytes_from_json(value: Json) -> bytes:
    try:
        return base64.b64decode(TEXT.from_json(value), validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("Base64 was expected.") from None


def _moment_from_json(value: Json) -> datetime:
    if value is None:
        return datetime.min.replace(tzinfo=UTC)
    try:
        moment = datetime.fromisoformat(TEXT.from_json(value))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Malformed("A date and time was expected.") from None


def _state_from_json(value: Json) -> hes.ConnectionState:
    try:
        return hes.ConnectionState(_INTEGER.from_json(value))
    except ValueError:
        raise Malformed("A connection state was expected.") from None


INT32 = integer(-(2**31), 2**31 - 1)
UINT32 = integer(0, 2**32 - 1)
BYTE = integer(0, 255)
BYTES: Codec[bytes] = Codec(lambda value: base64.b64encode(value).decode(), _bytes_from_json)
MOMENT: Codec[datetime] = Codec(
    lambda value: value.astimezone(UTC).isoformat().replace("+00:00", "Z"), _moment_from_json
)


def record(kind: type[T], **fields: tuple[str, Codec[Any]]) -> Codec[T]:
    """An object with the fields of a dataclass; each under its JSON name."""
    by_key = {key.lower(): (name, codec) for name, (key, codec) in fields.items()}

    def to_json(value: T) -> Json:
        return {key: codec.to_json(getattr(value, name)) for name, (key, codec) in fields.items()}

    def from_json(value: Json) -> T:
        if not isinstance(value, dict):
            raise Malformed("An object was expected.")
        given = {key.lower(): item for key, item in value.items()}
        found = {name: codec.from_json(given.get(key)) for key, (name, codec) in by_key.items()}
        return kind(**found)

    return Codec(to_json, from_json)


INFO_FROM_CLIENT = record(
    hes.HwVaultInfoFromClient,
    serial=("vaultSerialNo", TEXT),
    connection_state=("connectionState", Codec(int, _state_from_json)),
    is_link_required=("isLinkRequired", BOOLEAN),
    is_locked=("isLocked", BOOLEAN),
    is_can_unlock=("isCanUnlock", BOOLEAN),
    battery=("battery", integer(-128, 255)),
    firmware_version=("firmwareVersion", TEXT),
    storage_timestamp=("storageTimestamp", UINT32),
)
_WHOSE: dict[str, tuple[str, Codec[Any]]] = {
    "owner_name": ("ownerName", TEXT),
    "owner_email": ("ownerEmail", TEXT),
    "vault_mac": ("vaultMac", TEXT),
    "vault_serial": ("vaultSerialNo", TEXT),
    "vault_rfid": ("vaultRfid", TEXT),
}
SHORT_INFO = record(hes.HwVaultShortInfo, **_WHOSE)
INFO_FROM_HES = record(
    hes.HwVaultInfoFromHes,
    **_WHOSE,
    need_update_license=("needUpdateLicense", BOOLEAN),
    need_state_update=("needStateUpdate", BOOLEAN),
    need_update_os_accounts=("needUpdateOSAccounts", BOOLEAN),
    need_update_non_os_accounts=("needUpdateNonOSAccounts", BOOLEAN),
)
LICENSE = record(
    hes.HwVaultLicense,
    id=("id", optional(TEXT)),
    serial=("deviceId", TEXT),
    imported_at=("importedAt", MOMENT),
    applied_at=("appliedAt", optional(MOMENT)),
    end_date=("endDate", MOMENT),
    license_order_id=("licenseOrderId", TEXT),
    data=("data", optional(BYTES)),
)
WORKSTATION_INFO = record(
    hes.WorkstationInfo,
    id=("id", TEXT),
    machine_name=("machineName", TEXT),
    domain=("domain", TEXT),
    os_name=("osName", TEXT),
    app_version=("appVersion", TEXT),
    ip=("ip", TEXT),
    is_alarm_turn_on=("isAlarmTurnOn", BOOLEAN),
)
WORKSTATION_EVENT = record(
    hes.WorkstationEvent,
    id=("id", TEXT),
    date=("date", MOMENT),
    event_id=("eventId", INT32),
    severity_id=("severityId", INT32),
    note=("note", TEXT),
    workstation_id=("workstationId", TEXT),
    user_session=("userSession", TEXT),
    serial=("deviceId", TEXT),
    account_name=("accountName", TEXT),
    account_login=("accountLogin", TEXT),
    workstation_session_id=("workstationSessionId", TEXT),
)
PROXIMITY = record(
    hes.ProximitySettings,
    serial=("serialNo", TEXT),
    mac=("mac", TEXT),
    lock_proximity=("lockProximity", INT32),
    unlock_proximity=("unlockProximity", INT32),
    lock_timeout=("lockTimeout", INT32),
)


@dataclass(frozen=True)
class Method:
    """A method of a hub: its name there, what it takes, and what stands in its `HesResponse` (None: nothing does).

    Attributes:
        defaults: what the last arguments are where a caller leaves them out.
    """

    target: str
    arguments: tuple[Codec[Any], ...] = ()
    result: Codec[Any] | None = None
    defaults: tuple[Any, ...] = ()

    def arguments_to_json(self, values: Sequence[Any]) -> tuple[Json, ...]:
        """The arguments of a call."""
        return tuple(codec.to_json(value) for codec, value in zip(self.arguments, values, strict=True))

    def arguments_from_json(self, given: Sequence[Json]) -> list[Any]:
        """The arguments of a call that came in.

        Raises:
            Malformed: they are too few, too many, or not what the method takes.
        """
        missing = len(self.arguments) - len(given)
        if not 0 <= missing <= len(self.defaults):
            raise Malformed(
                f"{self.target} takes {len(self.arguments)} arguments and was given {len(given)}."
            )
        values = [codec.from_json(item) for codec, item in zip(self.arguments, given, strict=False)]
        return values + list(self.defaults[len(self.defaults) - missing :])


APP_CALLS = {
    "register_workstation_info": Method("RegisterWorkstationInfo", (WORKSTATION_INFO,)),
    "save_client_events": Method("SaveClientEvents", (sequence(WORKSTATION_EVENT),)),
    "get_hw_vault_info_by_rfid": Method("GetHwVaultInfoByRfid", (TEXT,), SHORT_INFO),
    "get_hw_vault_info_by_mac": Method("GetHwVaultInfoByMac", (TEXT,), SHORT_INFO),
    "get_hw_vault_info_by_serial_no": Method("GetHwVaultInfoBySerialNo", (TEXT,), SHORT_INFO),
    "update_hw_vault_properties": Method(
        "UpdateHwVaultProperties", (INFO_FROM_CLIENT, BOOLEAN), optional(INFO_FROM_HES), defaults=(False,)
    ),
    "update_hw_vault_status": Method("UpdateHwVaultStatus", (INFO_FROM_CLIENT,), INFO_FROM_HES),
    "auth_hw_vault": Method("AuthHwVault", (TEXT,)),
    "update_hw_vault_accounts": Method("UpdateHwVaultAccounts", (TEXT, BOOLEAN)),
    "get_new_hw_vault_licenses": Method("GetNewHwVaultLicenses", (TEXT,), sequence(LICENSE)),
    "get_hw_vault_licenses": Method("GetHwVaultLicenses", (TEXT,), sequence(LICENSE)),
    "hw_vault_license_applied": Method("HwVaultLicenseApplied", (TEXT, TEXT)),
}
"""Client to server on the appHub, by the names of `hes.HesConnection`."""

NOTICES = {
    "set_alarm_state": Method("SetAlarmState", (BOOLEAN,)),
    "workstation_approved": Method("WorkstationApproved"),
    "workstation_unapproved": Method("WorkstationUnapproved"),
    "update_proximity_settings": Method("UpdateProximitySettings", (sequence(PROXIMITY),)),
    "update_rfid_indicator_state": Method("UpdateRFIDIndicatorState", (BOOLEAN,)),
    "lock_hw_vault_storage": Method("LockHwVaultStorage", (TEXT,)),
    "lift_hw_vault_storage_lock": Method("LiftHwVaultStorageLock", (TEXT,)),
}
"""Server to client on the appHub, by the names of `hes.Workstation`."""

ESTABLISH = Method("EstablishRemoteHwVaultConnection", (TEXT, BYTE))
"""Server to client on the appHub: open a deviceHub for this key and channel."""


def success(method: Method, result: Any) -> Json:
    """The `HesResponse` of a call that went well (its fields are modelled)."""
    answer: dict[str, Json] = {"succeeded": True, "errorCode": "Ok", "errorMessage": ""}
    return answer if method.result is None else answer | {"value": method.result.to_json(result)}


def failure(error: hes.HesError) -> Json:
    """The `HesResponse` of a call that did not. A key's own error stands under its own name, or number."""
    code: Json = error.code.value
    if isinstance(error, hes.HesKeyRefused):
        code = error.error.number if isinstance(error.error, UnknownError) else error.error.value
    return {"succeeded": False, "errorCode": code, "errorMessage": str(error), "value": None}


def result_of(method: Method, response: Json) -> Any:
    """What a `HesResponse` holds.

    Raises:
        HesError: it is a failure. A code that nobody knows is `HesUnknownError`, and named in its text.
        Malformed: it is no `HesResponse`.
    """
    if not isinstance(response, dict):
        raise Malformed("A HesResponse was expected.")
    fields = {key.lower(): value for key, value in response.items()}
    if BOOLEAN.from_json(fields.get("succeeded")):
        return None if method.result is None else method.result.from_json(fields.get("value"))
    code, text = fields.get("errorcode"), TEXT.from_json(fields.get("errormessage"))
    if isinstance(code, int):
        raise hes.HesKeyRefused(UnknownError(code), text)
    if code in set(hes.HesErrorCode):
        raise hes.HesError(hes.HesErrorCode(code), text)
    if code in set(ErrorName):
        raise hes.HesKeyRefused(ErrorName(code), text)
    raise hes.HesError(
        hes.HesErrorCode.HesUnknownError, f"{text} ({code})" if text else f"The server answered {code}."
    )


WORKSTATION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a workstation may be called: it stands in a header, in events and on pages."""
