"""Hypothesis strategies for every value that the wire carries."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from hypothesis import strategies as st

from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import (
    AccessLevel,
    AccountFlag,
    Button,
    Command,
    Condition,
    ErrorName,
    Lock,
    PacketKind,
    WipeResult,
    WriteFlag,
)
from hideez_bench.protocol.secret import ActivationCode, MasterKey, Otp, Pin, StorageData
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
    UnknownError,
    Version,
)
from hideez_bench.protocol.wire import Header, Packet

u8, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
i8 = st.integers(-128, 127)


def raw(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


def flags(kind: Any) -> st.SearchStrategy[Any]:
    return st.sets(st.sampled_from(list(kind))).map(lambda some: reduce(or_, some, kind(0)))


master_keys = st.lists(st.integers(1, 255), min_size=32, max_size=32).map(lambda some: MasterKey(bytes(some)))
codes = st.binary(min_size=6, max_size=8).map(ActivationCode)
pins = st.binary(min_size=1, max_size=40).map(Pin)
storage_data = st.binary(max_size=200).map(StorageData)
otps = st.text("0123456789", min_size=1, max_size=10).map(lambda digits: Otp(digits.encode()))
attempts = st.integers(3, 15)
errors = st.sampled_from([e for e in ErrorName if e is not ErrorName.Ok]) | st.integers(0x0900, 0xFFFF).map(
    UnknownError
)
# PaddedString ends at the first NUL, and counts bytes.
short_text = st.text(st.characters(min_codepoint=1, codec="ascii"), max_size=16)
versions = st.builds(Version, u8, u8, u8)
states = st.builds(
    DeviceState,
    battery=i8,
    rssi=i8,
    pin_attempts=u8,
    storage_update_counter=st.integers(0, 63),
    button=st.sampled_from(Button),
    access_level=flags(AccessLevel),
    other_connections=i8,
)
infos = st.builds(
    DeviceInfo,
    serial=st.text(max_size=40),
    firmware=versions,
    bootloader=versions,
    battery=i8,
    access_level=flags(AccessLevel),
    lock=flags(Lock),
    unlock_attempts=u8,
    pin_attempts=u8,
    pin_min_length=u8,
    license_info=u16,
    storage_total=u32,
    storage_free=u32,
    storage_timestamp=u32,
    storage_update_counter=st.integers(0, 63),
    time=u32,
    max_message=u16,
)
params = st.builds(AccessParams, flags(Condition), u8, u8, u32, u32, u32)
licenses = st.builds(License, u16, u16, u32, short_text, short_text, raw(64))

info_characteristics = st.builds(InfoCharacteristic, u8, u8, u16, u8)

to_key = st.one_of(
    st.builds(m.Cancel),
    st.builds(m.GetRootKey),
    st.builds(m.VerifyEncryption, u8, raw(33), raw(16)),
    st.builds(m.ResetEncryption, u8),
    st.builds(m.ReadInfo),
    st.builds(m.ReadValue, u16),
    st.builds(m.BootInfo),
    st.builds(m.BootErase),
    st.builds(m.BootWrite, u32, st.binary(min_size=1, max_size=400)),
    st.builds(m.BootVerify, u32, raw(32), raw(64)),
    st.builds(m.BootRun),
)
from_key = st.one_of(
    st.builds(m.Status, states),
    st.builds(m.RootKey, st.just(ErrorName.Ok), raw(33)),
    st.builds(m.RootKey, errors),
    st.builds(m.EncryptionVerified, st.just(ErrorName.Ok), u8, raw(33), raw(16), raw(64)),
    st.builds(m.EncryptionVerified, errors),
    st.builds(m.EncryptionReset, st.just(ErrorName.Ok), u8),
    st.builds(m.EncryptionReset, errors),
    st.builds(m.Busy, u8),
    st.builds(m.Cancelled),
    st.builds(m.WipeStatus, st.sampled_from(WipeResult)),
    st.builds(m.Info, info_characteristics),
    st.builds(m.Value, u16, st.binary(max_size=100)),
    st.builds(m.BootDescription, st.just(ErrorName.Ok), versions, u32, u16),
    *(
        st.builds(answer, errors)
        for answer in (m.BootDescription, m.BootErased, m.BootWritten, m.BootVerified, m.BootStarted)
    ),
    *(
        st.builds(answer, st.just(ErrorName.Ok))
        for answer in (m.BootErased, m.BootWritten, m.BootVerified, m.BootStarted)
    ),
    st.builds(m.ControlError, errors),
)
requests = st.one_of(
    st.builds(m.Ping, st.text(max_size=100)),
    st.builds(m.GetInfo),
    st.builds(m.Link, master_keys, attempts, codes),
    st.builds(m.Access, u32, master_keys, params),
    st.builds(m.LockDeviceCode, master_keys, attempts, codes),
    st.builds(m.UnlockDeviceCode, codes),
    st.builds(m.CheckPassphrase, master_keys),
    st.builds(m.ChangePassphrase, master_keys, master_keys),
    st.builds(m.Unlock, master_keys),
    st.builds(m.Wipe, st.none() | master_keys),
    st.builds(m.SetPin, pins, st.none() | pins),
    st.builds(m.ForceSetPin, pins, master_keys),
    st.builds(m.EnterPin, pins),
    st.builds(m.Confirm, u8),
    st.builds(m.GetAccessProfile),
    st.builds(m.ReadStorage, u8, u16, u16),
    st.builds(m.WriteStorage, u8, u16, flags(WriteFlag), u16, storage_data),
    st.builds(m.DeleteStorage, u8, u16),
    st.builds(m.EnumStorage, u8, u16),
    st.builds(m.GetOtp, u8, u16),
    st.builds(m.LoadLicense, st.none() | st.integers(0, 7), raw(128)),
    st.builds(m.QueryLicense, st.integers(0, 7)),
    st.builds(m.QueryActiveLicense),
    st.builds(m.FetchLog, u32),
    st.builds(m.ClearLog),
    st.builds(m.EnterBoot, master_keys),
)
with_body: dict[Command, st.SearchStrategy[Any]] = {
    Command.PING: st.text(max_size=100),
    Command.GET_INFO: infos,
    Command.GET_ACCESS_PROFILE: params,
    Command.READ_STORAGE: st.builds(StorageChunk, u16, storage_data),
    Command.ENUM_STORAGE: st.builds(StorageRecords, st.lists(u16, max_size=200).map(tuple)),
    Command.GET_OTP: otps,
    Command.QUERY_LICENSE: licenses,
    Command.QUERY_ACTIVE_LICENSE: licenses,
    Command.FETCH_LOG: st.builds(LogChunk, u32, st.binary(max_size=200)),
}
replies = st.one_of(
    st.builds(m.Reply, st.sampled_from(Command), errors),
    st.builds(m.Reply, st.sampled_from([c for c in Command if c not in with_body])),
    *(st.builds(m.Reply, st.just(command), body=body) for command, body in with_body.items()),
)
envelopes = st.builds(m.Envelope, u8, u32, st.binary(min_size=8, max_size=500))
packets = st.builds(
    Packet,
    st.builds(Header, st.booleans(), st.integers(0, 31), st.sampled_from(PacketKind)),
    st.binary(min_size=1, max_size=243),
)

BY_LAYER: dict[str, st.SearchStrategy[Any]] = {
    "packet": packets,
    "info": info_characteristics,
    "device_state": states,
    "device_info": infos,
    "access_params": params,
    "license": licenses,
    "account": st.builds(
        AccountRecord, flags(AccountFlag), *(st.text(max_size=60) for _ in ("name", "urls", "apps"))
    ),
    "to_key": to_key,
    "from_key": from_key,
    "envelope": envelopes,
    "request": requests,
    "reply": replies,
}
