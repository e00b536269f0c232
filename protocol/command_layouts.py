"""The layouts of the requests of the encrypted channels, and of their replies."""

from __future__ import annotations

from construct import GreedyBytes, GreedyString, Int8ul, Int16ul, Int32ul, Switch

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.fields import (
    MASTER_KEY,
    PIN,
    Fields,
    if_ok,
    optional_master_key,
    optional_pin,
)
from hideez_bench.protocol.layout import Layout, MessageSet, limited, name_of, secret_of
from hideez_bench.protocol.meaning import FieldOf
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.profile import Profile
from hideez_bench.protocol.secret import Otp, StorageData
from hideez_bench.protocol.value_layouts import LOG_CHUNK, STORAGE_CHUNK, STORAGE_RECORDS
from hideez_bench.protocol.values import AccessParams, DeviceInfo, License

TEXT = GreedyString("utf8")


def requests(profile: Profile, fields: Fields, access_params: Layout[AccessParams]) -> MessageSet[m.Request]:
    """What a host asks."""
    key, pin = "key" / MASTER_KEY, "new" / PIN
    locking = (key, "attempts" / fields.attempts, "code" / fields.code)
    record = ("table" / Int8ul, "record" / Int16ul)
    length = profile.size("license")
    return MessageSet(
        profile.numbers("command"),
        [
            Layout(m.Ping, "text" / TEXT),
            Layout(m.GetInfo),
            Layout(m.Link, *locking),
            Layout(m.Access, "time" / Int32ul, key, "params" / access_params.field),
            Layout(m.LockDeviceCode, *locking),
            Layout(m.UnlockDeviceCode, "code" / fields.code),
            Layout(m.CheckPassphrase, key),
            Layout(m.ChangePassphrase, "old" / MASTER_KEY, "new" / MASTER_KEY),
            Layout(m.Unlock, key),
            Layout(m.Wipe, "key" / optional_master_key()),
            Layout(m.SetPin, pin, "old" / optional_pin()),
            Layout(m.ForceSetPin, pin, key),
            Layout(m.EnterPin, "pin" / PIN),
            Layout(m.Confirm, "seconds" / Int8ul),
            Layout(m.GetAccessProfile),
            Layout(m.ReadStorage, *record, "offset" / Int16ul),
            Layout(
                m.WriteStorage,
                *record,
                "flags" / fields.write_flags,
                "offset" / Int16ul,
                "data" / secret_of(GreedyBytes, StorageData),
            ),
            Layout(m.DeleteStorage, *record),
            Layout(m.EnumStorage, "table" / Int8ul, "after" / Int16ul),
            Layout(m.GetOtp, *record),
            Layout(m.LoadLicense, "slot" / fields.slot_or_any, "data" / limited(GreedyBytes, length, length)),
            Layout(m.QueryLicense, "slot" / fields.slot),
            Layout(m.QueryActiveLicense),
            Layout(m.FetchLog, "offset" / Int32ul),
            Layout(m.ClearLog),
            Layout(m.EnterBoot, key),
        ],
    )


def replies(
    profile: Profile,
    fields: Fields,
    device_info: Layout[DeviceInfo],
    access_params: Layout[AccessParams],
    license_: Layout[License],
) -> Layout[m.Reply]:
    """What a key answers; commands that are not named here have no body."""
    bodies = {
        Command.PING: TEXT,
        Command.GET_INFO: device_info.field,
        Command.GET_ACCESS_PROFILE: access_params.field,
        Command.READ_STORAGE: STORAGE_CHUNK.field,
        Command.ENUM_STORAGE: STORAGE_RECORDS.field,
        Command.GET_OTP: secret_of(GreedyBytes, Otp),
        Command.QUERY_LICENSE: license_.field,
        Command.QUERY_ACTIVE_LICENSE: license_.field,
        Command.FETCH_LOG: LOG_CHUNK.field,
    }
    return Layout(
        m.Reply,
        "command" / name_of(Int8ul, Command, profile.numbers("command")),
        "error" / fields.error,
        "body" / if_ok(Switch(FieldOf("command"), bodies)),
    )
