"""What is said on the appHub, as JSON: every call and notice, one description for both directions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hideez_bench.protocol import hes
from hideez_bench.protocol.json_codec import (
    BOOLEAN,
    BYTE,
    BYTES,
    INT32,
    INTEGER,
    MOMENT,
    TEXT,
    UINT32,
    Codec,
    integer,
    optional,
    record,
    sequence,
)
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.signalr import Json, Malformed
from hideez_bench.protocol.values import UnknownError


def _state_from_json(value: Json) -> hes.ConnectionState:
    try:
        return hes.ConnectionState(INTEGER.from_json(value))
    except ValueError:
        raise Malformed("A connection state was expected.") from None


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
