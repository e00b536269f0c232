"""The layouts of the values that messages carry. What a field means stands with its class in `values.py`."""

from __future__ import annotations

from construct import Const, GreedyBytes, Int8sl, Int8ul, Int16ul, Int32ul, PaddedString, PrefixedArray

from hideez_bench.protocol.fields import SIGNATURE, VERSION, Fields
from hideez_bench.protocol.layout import Converted, Layout, lv, secret_of
from hideez_bench.protocol.meaning import AsItIs, Text
from hideez_bench.protocol.profile import Profile
from hideez_bench.protocol.secret import StorageData
from hideez_bench.protocol.values import (
    AccessParams,
    AccountRecord,
    DeviceInfo,
    DeviceState,
    InfoCharacteristic,
    License,
    LogChunk,
    StorageChunk,
    StorageRecords,
)

LICENSE_WITHOUT_TEXT = 4 + 2 + 2 + 4 + 16 + 64
"""Bytes of a licence around its text, which takes up the rest."""

INFO = Layout(
    InfoCharacteristic,
    "mode_byte" / Int8ul,
    "wire_major" / Int8ul,
    "max_message" / Int16ul,
    "channels" / Int8ul,
)
STORAGE_CHUNK = Layout(StorageChunk, "total" / Int16ul, "data" / secret_of(GreedyBytes, StorageData))
STORAGE_RECORDS = Layout(
    StorageRecords, "records" / Converted(PrefixedArray(Int8ul, Int16ul), tuple, list, AsItIs())
)
LOG_CHUNK = Layout(LogChunk, "total" / Int32ul, "data" / GreedyBytes)


def license_layout(profile: Profile) -> Layout[License]:
    """A licence (modelled); the authority signs all that comes before the signature."""
    return Layout(
        License,
        "magic" / Const(b"HKLC"),
        "issuer" / Int16ul,
        "features" / Int16ul,
        "expires" / Int32ul,
        "serial" / PaddedString(16, "utf8"),
        "text" / PaddedString(profile.size("license") - LICENSE_WITHOUT_TEXT, "utf8"),
        "signature" / SIGNATURE,
    )


def account_layout(fields: Fields) -> Layout[AccountRecord]:
    """A record of the table Accounts (modelled)."""
    return Layout(
        AccountRecord,
        "flags" / fields.account_flags,
        *(name / Converted(lv(), bytes.decode, str.encode, Text()) for name in ("name", "urls", "apps")),
    )


def device_state_layout(fields: Fields) -> Layout[DeviceState]:
    """What STATUS carries."""
    return Layout(
        DeviceState,
        "battery" / Int8sl,
        "rssi" / Int8sl,
        "pin_attempts" / Int8ul,
        "storage_update_counter" / fields.storage_counter,
        "button" / fields.button,
        "access_level" / fields.access_level,
        "other_connections" / Int8sl,
    )


def device_info_layout(fields: Fields) -> Layout[DeviceInfo]:
    """What GET_INFO answers."""
    return Layout(
        DeviceInfo,
        "serial" / Converted(lv(), bytes.decode, str.encode, Text()),
        "firmware" / VERSION,
        "bootloader" / VERSION,
        "battery" / Int8sl,
        "access_level" / fields.access_level,
        "lock" / fields.lock,
        "unlock_attempts" / Int8ul,
        "pin_attempts" / Int8ul,
        "pin_min_length" / Int8ul,
        "license_info" / Int16ul,
        "storage_total" / Int32ul,
        "storage_free" / Int32ul,
        "storage_timestamp" / Int32ul,
        "storage_update_counter" / fields.storage_counter,
        "time" / Int32ul,
        "max_message" / Int16ul,
    )


def access_params_layout(fields: Fields) -> Layout[AccessParams]:
    """What ACCESS sets and GET_ACCESS_PROFILE answers."""
    return Layout(
        AccessParams,
        "conditions" / fields.conditions,
        "pin_min_length" / Int8ul,
        "pin_max_tries" / Int8ul,
        "pin_expiration" / Int32ul,
        "button_expiration" / Int32ul,
        "master_key_expiration" / Int32ul,
    )
