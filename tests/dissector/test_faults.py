"""What is wrong with a packet is said at the field where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dissector.recording import Recording
from tests.dissector.tshark import Frame, columns, frames

FAULTS = {
    # packet from the key: what tshark complains of
    "02 55": "control.command: unknown command 0x55",
    "02 02 64": "device_state.rssi: too few bytes",
    "02 02 64 c4 0a 45 01 20 01": "device_state.storage_update_counter: 69 is not within 0 and 63",
    "02 02 64 c4 0a 05 77 20 01": "device_state.button: not a value of this field",
    "02 02 64 c4 0a 05 01 c0 01": "device_state.access_level: no name for bits 0xc0",
    "02 02 64 c4 0a 05 01 20 01 ff": "status: bytes left over: 1",
    "02 03 0000 02": "root_key.root_public: too few bytes",
    "02 08 03": "wipe_status.result: not a value of this field",
    "02 7f 01": "control_error.error: too few bytes",
    "02": "packet.body: 0 is not within 1 and 65536",
    "00 01": "header.kind: not a value of this field",
    "03 01": "header.kind: not a value of this field",
    "01 01": "envelope.counter: too few bytes",
    "01 01 01000000 aabb": "envelope.sealed: 2 is not within 8 and 65536",
}
IN_CLEAR = {
    # request in clear, without its number of fragments, channel and counter
    "06 05 3132333435": "unlock_device_code.code: 5 is not within 6 and 8",
    "06 08 313233343536": "unlock_device_code.code: too few bytes",
    "16 08": "query_license.slot: 8 is not within 0 and 7",
    "15 09 00": "load_license.slot: not a value of this field",
    "09 aabb": "unlock.key: too few bytes",
    "fe": "request.command: unknown command 0xfe",
}


def one_packet(script: Path, folder: Path, packet: bytes, *options: str, to_key: bool = False) -> Frame:
    recording = Recording()
    recording.connect()
    recording.discover()
    number = recording.to_key(packet) if to_key else recording.from_key(packet)
    return frames(script, recording.save(folder / "x.btsnoop"), *options)[number]


@pytest.mark.parametrize(("packet", "fault"), FAULTS.items())
def test_malformed(script: Path, tmp_path: Path, packet: str, fault: str) -> None:
    frame = one_packet(script, tmp_path, bytes.fromhex(packet))
    assert [line for line in frame.faults if fault in line]


@pytest.mark.parametrize(("message", "fault"), IN_CLEAR.items())
def test_malformed_in_clear(script: Path, tmp_path: Path, message: str, fault: str) -> None:
    packet = bytes.fromhex("01 01 01000000") + bytes.fromhex(message) + bytes(8)
    frame = one_packet(script, tmp_path, packet, "-o", "hideez.clear:TRUE", to_key=True)
    assert [line for line in frame.faults if fault in line]


def test_a_secret_is_not_shown(script: Path, tmp_path: Path) -> None:
    packet = bytes.fromhex("01 01 01000000 06 06") + b"271828" + bytes(8)
    frame = one_packet(script, tmp_path, packet, "-o", "hideez.clear:TRUE", to_key=True)
    field = next(f for f in frame.fields if f.name == "hideez.unlock_device_code.code")
    assert "271828" not in field.value + field.line
    assert "6 bytes" in field.line


def test_a_refusal_is_told_and_nothing_is_missed(script: Path, tmp_path: Path) -> None:
    frame = one_packet(script, tmp_path, bytes.fromhex("02 04 0701"))
    assert "ERR_INVALID_PARAMETER" in frame.lines("hideez.refused")[0]
    assert frame.values("hideez.error") == ["0x0107"]
    assert frame.faults == []


def test_one_filter_finds_a_channel_in_all_messages(script: Path, tmp_path: Path) -> None:
    recording = Recording()
    recording.connect()
    recording.discover()
    for packet in ("02 06 04", "02 06 01", "01 04 0a000000 c0ffee 1122334455667788"):
        recording.from_key(bytes.fromhex(packet))
    recording.to_key(bytes.fromhex("02 05 04"))
    found = columns(script, recording.save(tmp_path / "x"), "-Y", "hideez.channel == 4")
    assert list(found.values()) == ["BUSY", "encrypted, channel 4 #10", "RESET_ENCRYPTION request"]
