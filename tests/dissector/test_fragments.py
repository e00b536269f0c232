"""Wireshark puts messages together as a key does, in one pass and in two."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideez_bench.protocol.names import PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.wire import default_wire
from tests.dissector.recording import HANDLE, Recording
from tests.dissector.tshark import PASSES, Frame, columns, frames

WIRE = default_wire()
ANSWER = bytes.fromhex("04 0000 01" + "03" + "aa" * 32 + "bb" * 16 + "cc" * 64)
"""VERIFY_ENCRYPTION answered: 117 bytes."""

REQUEST = bytes.fromhex("04 01" + "02" + "dd" * 32 + "ee" * 16)
STATUS = bytes.fromhex("02 02 64 c4 0a 05 01 20 01")
INFO = bytes.fromhex("00 01 0002 08")
OTHER = HANDLE + 1


def cut(message: bytes, size: int = 20, kind: PacketKind = PacketKind.CONTROL) -> list[bytes]:
    return list(fragment(WIRE, kind, message, size))


def connected(*connections: int) -> Recording:
    recording = Recording()
    for connection in connections or (HANDLE,):
        recording.connect(connection)
        recording.discover(connection)
    return recording


@pytest.fixture(params=PASSES, ids=["one pass", "second pass", "two passes"])
def passes(request: pytest.FixtureRequest) -> tuple[str, ...]:
    chosen: tuple[str, ...] = request.param
    return chosen


def test_fragments_make_a_message(script: Path, tmp_path: Path, passes: tuple[str, ...]) -> None:
    recording = connected()
    numbers = [recording.from_key(packet) for packet in cut(ANSWER)]
    found = frames(script, recording.save(tmp_path / "x"), *passes)
    last = found[numbers[-1]]
    assert last.values("hideez.encryption_verified.proof") == [":".join(["cc"] * 64)]
    assert last.values("hideez.fragment") == [str(number) for number in numbers]
    assert last.values("hideez.reassembled_length") == [str(len(ANSWER))]
    assert all(frame.faults == [] for frame in found.values())
    assert [found[n].values("hideez.control.command") for n in numbers[:-1]] == [[]] * (len(numbers) - 1)


def test_a_fragment_tells_where_its_message_is_whole(script: Path, tmp_path: Path) -> None:
    recording = connected()
    numbers = [recording.from_key(packet) for packet in cut(ANSWER)]
    found = frames(script, recording.save(tmp_path / "x"), "-2", "-R", "frame")
    whole = [found[number].values("hideez.reassembled_in") for number in numbers[:-1]]
    assert whole == [[str(numbers[-1])]] * (len(numbers) - 1)


def test_directions_and_connections_do_not_mix(script: Path, tmp_path: Path, passes: tuple[str, ...]) -> None:
    recording = connected(HANDLE, OTHER)
    ends: list[int] = []
    lanes = [
        (recording.to_key, HANDLE, cut(REQUEST)),
        (recording.to_key, OTHER, cut(REQUEST)),
        (recording.from_key, HANDLE, cut(ANSWER)),
        (recording.from_key, OTHER, cut(ANSWER, size=25)),
    ]
    for turn in range(8):
        for send, connection, packets in lanes:
            if turn < len(packets):
                number = send(packets[turn], connection)
                ends += [number] if turn == len(packets) - 1 else []
    found = frames(script, recording.save(tmp_path / "x"), *passes)
    assert all(frame.faults == [] for frame in found.values())
    assert [found[number].values("hideez.reassembled_length") for number in ends] == [
        [str(len(REQUEST))],
        [str(len(REQUEST))],
        [str(len(ANSWER))],
        [str(len(ANSWER))],
    ]


def test_more_fragments_than_numbers(script: Path, tmp_path: Path, passes: tuple[str, ...]) -> None:
    recording = connected()
    envelope = bytes.fromhex("04 0a000000") + bytes(400) + bytes(8)
    numbers = [recording.to_key(p) for p in cut(envelope, size=10, kind=PacketKind.ENCRYPTED)]
    assert len(numbers) > 32
    found = frames(script, recording.save(tmp_path / "x"), *passes)
    last = found[numbers[-1]]
    assert last.values("hideez.envelope.counter") == ["10"]
    assert last.values("hideez.envelope.ciphertext") == [":".join(["00"] * 400)]
    assert last.values("hideez.envelope.tag") == [":".join(["00"] * 8)]
    assert all(frame.faults == [] for frame in found.values())


def test_cancel_drops_what_is_half_received(script: Path, tmp_path: Path, passes: tuple[str, ...]) -> None:
    recording = connected()
    recording.to_key(cut(REQUEST)[0])
    recording.to_key(b"\x02\x01")
    numbers = [recording.to_key(packet) for packet in cut(REQUEST)]
    capture = recording.save(tmp_path / "x")
    found = frames(script, capture, *passes)
    assert all(frame.faults == [] for frame in found.values())
    assert columns(script, capture, *passes)[numbers[-1]] == "VERIFY_ENCRYPTION request"


def test_a_fragment_that_is_missing(script: Path, tmp_path: Path, passes: tuple[str, ...]) -> None:
    recording = connected()
    first, _lost, third, *_rest = cut(ANSWER)
    recording.from_key(first)
    number = recording.from_key(third)
    after = recording.from_key(STATUS)
    found = frames(script, recording.save(tmp_path / "x"), *passes)
    assert "fragment 2 came where 1 was due" in found[number].faults[0]
    assert found[after].faults == []
    assert found[after].values("hideez.device_state.rssi") == ["-60"]


def test_a_message_that_is_too_long(script: Path, tmp_path: Path) -> None:
    recording = connected()
    recording.from_key(b"\x82" + bytes(300))
    number = recording.from_key(b"\x86" + bytes(300))
    found = frames(script, recording.save(tmp_path / "x"))
    assert "longer than 512 bytes" in found[number].faults[0]


@pytest.mark.parametrize("kind", [b"\x81\xaa", b"\x83\xaa", b"\x80\xaa"])
def test_fragments_of_another_kind(script: Path, tmp_path: Path, kind: bytes) -> None:
    recording = connected()
    recording.from_key(cut(ANSWER)[0])
    number = recording.from_key(bytes([kind[0] | 4]) + kind[1:])
    after = recording.from_key(STATUS)
    found = frames(script, recording.save(tmp_path / "x"))
    assert found[number].faults
    assert found[after].values("hideez.control.command") == ["0x02"]


def test_a_link_that_breaks_within_a_message(script: Path, tmp_path: Path, passes: tuple[str, ...]) -> None:
    recording = connected()
    recording.from_key(cut(ANSWER)[0])
    recording.disconnect()
    recording.connect()
    recording.discover()
    recording.read_info(INFO)
    number = recording.from_key(STATUS)
    found = frames(script, recording.save(tmp_path / "x"), *passes)
    assert found[number].faults == []
    assert found[number].values("hideez.control.command") == ["0x02"]


@pytest.mark.parametrize("two", PASSES[1:])
def test_two_passes_say_what_one_says(script: Path, tmp_path: Path, two: tuple[str, ...]) -> None:
    recording = connected()
    recording.read_info(INFO)
    recording.to_key(b"\x02\x01")
    for packet in [*cut(ANSWER), STATUS, b"\x0e\x55", b"\x02\x55"]:
        recording.from_key(packet)
    capture = recording.save(tmp_path / "x")
    assert columns(script, capture) == columns(script, capture, *two)
    once, twice = ({n: without_hints(f) for n, f in frames(script, capture, *p).items()} for p in ((), two))
    assert once == twice


def without_hints(frame: Frame) -> list[tuple[str, str]]:
    """The dissector's fields but for those that need the whole capture to be read first."""
    hints = ("hideez.reassembled_in",)
    return [(f.name, f.line) for f in frame.fields if f.name.startswith("hideez.") and f.name not in hints]
