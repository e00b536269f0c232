"""Which attribute values are a key's, and which are somebody else's."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from click.testing import CliRunner

from hideez_bench.harness.cli.decode import decode
from tests.dissector.recording import BATTERY, HANDLE, INFO, MAIN, WRITE_REQUEST, Recording
from tests.dissector.tshark import PASSES, Frame, columns, frames

BUSY, STATUS = bytes.fromhex("02 06 01"), bytes.fromhex("02 02 64 c4 0a 05 01 20 01")
BOOT = bytes.fromhex("64 01 0002 08")


@pytest.fixture
def recording() -> Recording:
    recording = Recording()
    recording.connect()
    recording.discover()
    return recording


def test_what_carries_no_value_is_left_to_wireshark(
    script: Path, tmp_path: Path, recording: Recording
) -> None:
    write = recording.to_key(b"\x02\x01", opcode=WRITE_REQUEST)
    answer = recording.write_response()
    found = frames(script, recording.save(tmp_path / "x"))
    assert not found[answer].is_hideez
    assert found[write].values("hideez.control.command") == ["0x01"]


def test_several_notifications_in_one_message(script: Path, tmp_path: Path, recording: Recording) -> None:
    number = recording.notify([(MAIN, BUSY), (BATTERY, b"\x64"), (MAIN, STATUS)])
    capture = recording.save(tmp_path / "x")
    frame = frames(script, capture)[number]
    assert columns(script, capture)[number] == "BUSY, STATUS"
    assert frame.values("hideez.busy.channel") == ["1"]
    assert frame.values("hideez.device_state.rssi") == ["-60"]
    assert frame.faults == []


def test_several_notifications_that_are_cut_short(script: Path, tmp_path: Path, recording: Recording) -> None:
    whole = recording.notify([(MAIN, BUSY), (MAIN, STATUS)])
    capture = recording.save(tmp_path / "x")
    data = bytearray(capture.read_bytes())
    # The length of the second value, which now says more than is there.
    data[-len(STATUS) - 2] = 0xFF
    capture.write_bytes(data)
    frame = frames(script, capture)[whole]
    assert frame.values("hideez.control.command") == ["0x06", "0x02"]


def test_an_empty_value(script: Path, tmp_path: Path, recording: Recording) -> None:
    number = recording.from_key(b"")
    frame = frames(script, recording.save(tmp_path / "x"))[number]
    assert "an empty value" in frame.faults[0]


def test_discovery_while_the_other_side_asks_too(script: Path, tmp_path: Path) -> None:
    recording = Recording()
    recording.connect()
    recording.discover(interrupted=True)
    number = recording.from_key(BUSY)
    frame = frames(script, recording.save(tmp_path / "x"))[number]
    assert frame.values("hideez.busy.channel") == ["1"]


def test_a_handle_of_the_other_side_is_another(script: Path, tmp_path: Path, recording: Recording) -> None:
    number = recording.peer_writes(BUSY)
    assert not frames(script, recording.save(tmp_path / "x"))[number].is_hideez


def test_a_known_key_that_is_not_discovered_again(script: Path, tmp_path: Path, recording: Recording) -> None:
    recording.disconnect()
    recording.connect(HANDLE + 1, peer=HANDLE)
    number = recording.from_key(BUSY, HANDLE + 1)
    frame = frames(script, recording.save(tmp_path / "x"))[number]
    assert frame.values("hideez.busy.channel") == ["1"]


def test_another_connection_has_handles_of_its_own(
    script: Path, tmp_path: Path, recording: Recording
) -> None:
    recording.connect(HANDLE + 1)
    number = recording.from_key(BUSY, HANDLE + 1)
    assert not frames(script, recording.save(tmp_path / "x"))[number].is_hideez


def test_the_info_characteristic(script: Path, tmp_path: Path, recording: Recording) -> None:
    number = recording.read_info(BOOT)
    capture = recording.save(tmp_path / "x")
    frame = frames(script, capture)[number]
    assert columns(script, capture)[number] == "info characteristic"
    assert "BOOT_ALTERNATIVE" in frame.lines("hideez.info_characteristic.mode_byte")[0]
    assert frame.values("hideez.info_characteristic.max_message") == ["512"]


def test_a_capture_that_starts_after_discovery(script: Path, tmp_path: Path) -> None:
    recording = Recording()
    number = recording.from_key(BUSY)
    info = recording.read_info(BOOT)
    capture = recording.save(tmp_path / "x")
    assert not any(frame.is_hideez for frame in frames(script, capture).values())
    handles = ("-o", f"hideez.main_handle:{MAIN}", "-o", f"hideez.info_handle:{INFO}")
    found = frames(script, capture, *handles)
    assert found[number].values("hideez.busy.channel") == ["1"]
    assert found[info].values("hideez.info_characteristic.channels") == ["8"]


def test_connections_of_which_the_capture_has_no_beginning(script: Path, tmp_path: Path) -> None:
    recording = Recording()
    first, second = bytes.fromhex("82 04 0000 01"), bytes.fromhex("06 03")
    recording.from_key(first, HANDLE)
    recording.from_key(first, HANDLE + 1)
    numbers = [recording.from_key(second + bytes(112), connection) for connection in (HANDLE, HANDLE + 1)]
    found = frames(script, recording.save(tmp_path / "x"), "-o", f"hideez.main_handle:{MAIN}")
    assert [found[number].values("hideez.reassembled_length") for number in numbers] == [["117"], ["117"]]


@pytest.mark.parametrize("passes", PASSES)
def test_an_activation_on_bluez(script: Path, passes: tuple[str, ...]) -> None:
    """Both adapters' sides, as btmon recorded them: Wireshark sees what our own decoder sees, packet by packet."""
    capture = files("hideez_bench.fixtures").joinpath("captures", "activation_bluez.btsnoop")
    with as_file(capture) as path:
        found = {n: f for n, f in frames(script, path, *passes).items() if f.is_hideez}
        decoded = said(path)
    assert [frame.faults for frame in found.values() if frame.faults] == []
    assert {n: shown(frame) for n, frame in found.items()} == decoded
    assert len(decoded) > 100


def shown(frame: Frame) -> list[str]:
    """What tshark names in a packet: control messages, envelopes, the info characteristic."""
    commands = [line.split(": ")[1].split(" (")[0] for line in frame.lines("hideez.control.command")]
    channels = frame.values("hideez.envelope.channel")
    envelopes = [
        f"channel {c} #{n}" for c, n in zip(channels, frame.values("hideez.envelope.counter"), strict=True)
    ]
    info = ["info" for _mode in frame.values("hideez.info_characteristic.mode_byte")]
    return sorted(commands + envelopes + info)


def said(capture: Path) -> dict[int, list[str]]:
    """The same, as `hideez-bench decode` has it."""
    result = CliRunner().invoke(decode, ["--json", "--verbose", str(capture)], catch_exceptions=False)
    decoded: dict[int, list[str]] = {}
    for line in result.stdout.splitlines():
        entry = json.loads(line)
        detail = entry["detail"]
        match entry["kind"]:
            case "control" | "status":
                text = detail["message"]
            case "encrypted":
                text = f"channel {detail['channel']} #{detail['counter']}"
            case "read" if detail["characteristic"] == "info":
                text = "info"
            case _:
                continue
        decoded.setdefault(entry["frame"], []).append(text)
    return {number: sorted(texts) for number, texts in decoded.items()}
