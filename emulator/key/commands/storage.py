"""The record store, and one-time passwords made from what is in it."""

from __future__ import annotations

from hideez_bench.emulator.key.access import Caller
from hideez_bench.emulator.key.firmware import Firmware
from hideez_bench.emulator.key.refusal import Refused
from hideez_bench.emulator.key.storage import Place, space_taken
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.secret import Otp, StorageData
from hideez_bench.protocol.totp import one_time_password
from hideez_bench.protocol.values import StorageChunk, StorageRecords


def read_storage(firmware: Firmware, caller: Caller, request: m.ReadStorage) -> StorageChunk:
    """READ_STORAGE; at the end of a record there is nothing more, beyond it nothing to ask for."""
    data = _record(firmware, request.table, request.record).reveal()
    if request.offset > len(data):
        raise Refused(ErrorName.ERR_INVALID_PARAMETER)
    room = firmware.reply_room(Command.READ_STORAGE) - 2  # the total
    return StorageChunk(len(data), StorageData(data[request.offset : request.offset + room]))


def write_storage(firmware: Firmware, caller: Caller, request: m.WriteStorage) -> None:
    """WRITE_STORAGE; the record changes with its last piece."""
    data = firmware.drafts.add(caller, request)
    if data is None:
        return
    records = {**firmware.state.records, (request.table, request.record): data}
    if space_taken(records) > firmware.identity.storage_size:
        raise Refused(ErrorName.ERR_MESSAGE_TOO_LONG)
    _store(firmware, records)


def delete_storage(firmware: Firmware, caller: Caller, request: m.DeleteStorage) -> None:
    """DELETE_STORAGE."""
    _record(firmware, request.table, request.record)
    deleted = (request.table, request.record)
    _store(firmware, {place: data for place, data in firmware.state.records.items() if place != deleted})


def enum_storage(firmware: Firmware, caller: Caller, request: m.EnumStorage) -> StorageRecords:
    """ENUM_STORAGE."""
    found = sorted(
        record
        for table, record in firmware.state.records
        if table == request.table and record > request.after
    )
    fit = (firmware.reply_room(Command.ENUM_STORAGE) - 1) // 2  # behind their count, two bytes each
    return StorageRecords(tuple(found[: min(fit, 0xFF)]))


def get_otp(firmware: Firmware, caller: Caller, request: m.GetOtp) -> Otp:
    """GET_OTP (RFC 6238); the record holds the bytes of the secret."""
    secret = _record(firmware, request.table, request.record).reveal()
    if not secret:
        raise Refused(ErrorName.ERR_NO_DATA)
    if not firmware.time:
        raise Refused(ErrorName.ERR_NOT_INITIALIZED)
    return one_time_password(secret, firmware.time)


def _record(firmware: Firmware, table: int, record: int) -> StorageData:
    data = firmware.state.records.get((table, record))
    if data is None:
        raise Refused(ErrorName.ERR_NO_DATA)
    return data


def _store(firmware: Firmware, records: dict[Place, StorageData]) -> None:
    counter = (firmware.state.storage_counter + 1) % firmware.wire.profile.size("storage_counter")
    firmware.change(records=records, storage_counter=counter, storage_time=firmware.time)
