"""From packets to a timeline."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from itertools import islice

import pytest

from hideez_bench.harness.capture.btsnoop import read_btsnoop
from hideez_bench.harness.capture.conversation import Kind
from hideez_bench.harness.capture.decode import Decoder, Entry, Handles, read_frames
from hideez_bench.harness.capture.frames import Frame
from tests.capture import by_hand
from tests.capture.by_hand import (
    ACTIVATION,
    CANCEL,
    GET_ROOT_KEY,
    SIMPLE_TEXTS,
    STATUS,
    WIRE,
    activation_keys,
    btsnoop,
    btsnoop_monitor,
    connect,
    decode,
    disconnect,
    discovery,
    from_key,
    to_key,
)


def said(entries: list[Entry]) -> list[str]:
    return [entry.text.split(" ")[0] for entry in entries]


# --- a capture of the real thing ---


def test_every_packet_of_an_activation_is_named() -> None:
    entries = decode(ACTIVATION, keys=activation_keys(), every_status=True)
    kinds = {entry.kind for entry in entries}
    assert kinds.isdisjoint({Kind.DAMAGE, Kind.ENCRYPTED, Kind.NOTE, Kind.REFUSED})
    assert not [entry.text for entry in entries if "Unknown" in entry.text]
    commands = [
        entry.detail["message"] for entry in entries if entry.kind is Kind.REQUEST and entry.adapter == 1
    ]
    assert [command for command in commands if command != "GET_INFO"] == [
        "LOAD_LICENSE",
        "LINK",
        "UNLOCK_DEVICE_CODE",
        "ACCESS",
        "CHECK_PASSPHRASE",
    ]


def values_of_main(frame: Frame) -> int:
    """How many values of the main characteristic (handle 60 in this capture) a packet carries."""
    if frame.kind != by_hand.ACL or frame.data[6:8] != b"\x04\x00":
        return 0
    pdu = frame.data[8:]
    if pdu[0] in (0x12, 0x52, 0x1B):
        return int(pdu[1:3] == b"\x3c\x00")
    # BlueZ puts several notifications into one message.
    count, place = 0, 1
    while pdu[0] == 0x23 and place < len(pdu):
        count += pdu[place : place + 2] == b"\x3c\x00"
        place += 4 + int.from_bytes(pdu[place + 2 : place + 4], "little")
    return count


def test_every_attribute_value_of_the_key_is_in_the_timeline() -> None:
    frames = read_btsnoop(io.BytesIO(ACTIVATION[8:]), ACTIVATION[:8])
    expected = {frame.number: count for frame in frames if (count := values_of_main(frame))}
    entries = decode(ACTIVATION, keys=activation_keys(), every_status=True)
    talk = (Kind.CONTROL, Kind.STATUS, Kind.REQUEST, Kind.REPLY)
    assert Counter(entry.frame for entry in entries if entry.kind in talk) == expected
    assert sum(expected.values()) > 100


def test_both_adapters_tell_the_same() -> None:
    kept = (Kind.CONTROL, Kind.STATUS, Kind.REQUEST, Kind.REPLY)
    entries = decode(ACTIVATION, keys=activation_keys(), every_status=True)
    host, key = (
        [(entry.to_key, entry.text) for entry in entries if entry.kind in kept and entry.adapter == adapter]
        for adapter in (1, 0)
    )
    assert sorted(host) == sorted(key)
    assert [entry.detail["side"] for entry in entries if entry.kind is Kind.CONNECTED] == ["host", "key"] * 2


def test_without_keys_envelopes_stay_closed() -> None:
    entries = [entry for entry in decode(ACTIVATION) if entry.kind is Kind.ENCRYPTED]
    assert len(entries) == 64
    assert entries[0].text == "channel 1 #1, 14 bytes, encrypted"
    assert entries[0].detail == {"channel": 1, "counter": 1, "bytes": 14}


def test_the_wrong_keys_open_nothing() -> None:
    strange = {
        (channel, bytes(16), key_nonce): keys for (channel, _, key_nonce), keys in activation_keys().items()
    }
    assert decode(ACTIVATION, keys=strange) == decode(ACTIVATION)


# --- connections ---


def test_connections_are_kept_apart() -> None:
    half = bytes.fromhex("8204") + b"\x01" * 10
    entries = decode(
        btsnoop(
            [
                connect(0x40),
                connect(0x41, peer="c0de00000002"),
                *discovery(0x40),
                *discovery(0x41),
                *to_key(0x40, half),
                *to_key(0x41, CANCEL),
                *from_key(0x40, STATUS),
                disconnect(0x41),
                *to_key(0x40, CANCEL),
            ]
        )
    )
    talk = [(entry.connection, entry.text.split(" ")[0]) for entry in entries[6:]]
    assert talk == [(2, "CANCEL"), (1, "STATUS"), (2, "disconnected:"), (1, "CANCEL")]


def test_pieces_of_both_directions_may_alternate() -> None:
    ours, theirs = to_key(0x40, CANCEL, pieces=2), from_key(0x40, STATUS, pieces=2)
    capture = btsnoop([connect(0x40), *discovery(0x40), ours[0], theirs[0], theirs[1], ours[1]])
    assert said(decode(capture)[3:]) == ["STATUS", "CANCEL"]


def test_a_key_as_the_one_that_records() -> None:
    """On the key's own machine the host's writes are received."""
    write = by_hand.att(0x40, b"\x12\x12\x00" + CANCEL, received=True)
    notify = by_hand.att(0x40, b"\x1b\x12\x00" + STATUS, received=False)
    packets = [connect(0x40, central=False), *discovery(0x40, host_here=False), *write, *notify]
    entries = decode(btsnoop(packets))
    assert [(entry.text.split(" ")[0], entry.to_key) for entry in entries[3:]] == [
        ("CANCEL", True),
        ("STATUS", False),
    ]


def test_a_host_that_knows_the_key_does_not_discover_it_again() -> None:
    packets = [connect(0x40), *discovery(0x40), disconnect(0x40), connect(0x41), *to_key(0x41, CANCEL)]
    assert decode(btsnoop(packets))[-1].text == "CANCEL"


def test_another_device_is_not_taken_for_the_key() -> None:
    other = connect(0x41, peer="c0de000000ff")
    packets = [connect(0x40), *discovery(0x40), disconnect(0x40), other, *to_key(0x41, CANCEL)]
    assert said(decode(btsnoop(packets)))[-1] == "connected"


def test_handles_that_are_named() -> None:
    packets = [*to_key(0x40, CANCEL), *from_key(0x40, STATUS)]
    assert decode(btsnoop(packets)) == []
    assert said(decode(btsnoop(packets), handles=Handles(main=by_hand.MAIN))) == ["CANCEL", "STATUS"]


def test_a_capture_that_begins_in_the_middle_is_not_damaged() -> None:
    rest = bytes.fromhex("0a") + b"\x02" * 10  # the third fragment of something
    packets = [
        by_hand.Packet(by_hand.ACL, True, b"\x40\x10\x02\x00\xaa\xbb"),  # goes on, of what is not known
        *from_key(0x40, rest),
        *from_key(0x40, STATUS),
        *from_key(0x40, rest),
    ]
    kinds = [entry.kind for entry in decode(btsnoop(packets), handles=Handles(main=by_hand.MAIN))]
    assert kinds == [Kind.NOTE, Kind.STATUS, Kind.DAMAGE]


def test_a_long_write_and_a_read() -> None:
    prepare = by_hand.att(0x40, b"\x16\x12\x00\x00\x00" + GET_ROOT_KEY, received=False)
    execute = by_hand.att(0x40, b"\x18\x01", received=False)
    ask = by_hand.att(0x40, b"\x0a\x15\x00", received=False)
    answer = by_hand.att(0x40, b"\x0b\x00\x01\x00\x02\x08", received=True)
    subscribe = by_hand.att(0x40, b"\x12\x13\x00\x01\x00", received=False)
    packets = [connect(0x40), *discovery(0x40), *ask, *answer, *subscribe, *prepare, *execute]
    assert [entry.text for entry in decode(btsnoop(packets))[3:]] == [
        "info characteristic: mode APPLICATION, wire 1, messages of 512 bytes, 8 channels",
        "notifications of the main characteristic on",
        "GET_ROOT_KEY",
    ]


def test_an_att_error_is_told() -> None:
    ask = by_hand.att(0x40, b"\x0a\x15\x00", received=False)
    refused = by_hand.att(0x40, b"\x01\x0a\x15\x00\x05", received=True)
    entry = decode(btsnoop([connect(0x40), *discovery(0x40), *ask, *refused]))[-1]
    assert (entry.kind, entry.detail["att_error"]) == (Kind.REFUSED, 5)


# --- STATUS ---


def test_a_status_that_says_nothing_new_is_counted() -> None:
    weaker = bytes.fromhex("020264b00000000100")
    locked = bytes.fromhex("020264ce0000002000")
    states = [STATUS, STATUS, weaker, locked, locked]
    packets = [
        connect(0x40),
        *discovery(0x40),
        *(p for s in states for p in from_key(0x40, s)),
        disconnect(0x40),
    ]
    shown = decode(btsnoop(packets))[3:]
    assert [entry.detail.get("unchanged_before") for entry in shown] == [0, 2, 1]
    assert len(decode(btsnoop(packets), every_status=True)[3:]) == len(states) + 1


# --- what is wrong ---


def test_what_follows_something_damaged_is_decoded() -> None:
    wrong = bytes.fromhex("0277")
    packets = [connect(0x40), *discovery(0x40), *to_key(0x40, wrong), *to_key(0x40, CANCEL)]
    damage, after = decode(btsnoop(packets))[3:]
    assert (damage.kind, damage.frame) == (Kind.DAMAGE, 4)
    assert "unknown command 0x77" in damage.text
    assert after.text == "CANCEL"


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (by_hand.Packet(by_hand.ACL, True, b"\x40\x20\x09\x00\x01"), "has 1 of them"),
        (by_hand.Packet(by_hand.ACL, True, b"\x40"), "too short"),
        (by_hand.Packet(by_hand.ACL, True, b"\x40\x10\x01\x00\x01"), "never begun"),
        (by_hand.Packet(by_hand.ACL, True, b"\x40\x20\x06\x00\x01\x00\x04\x00\x02\x00"), "has 6"),
        (by_hand.Packet(by_hand.ACL, True, b"\x40\x20\x05\x00\x01\x00\x04\x00\xee"), "unknown kind"),
        (by_hand.Packet(by_hand.ACL, True, b"\x40\x20\x05\x00\x01\x00\x04\x00\x1b"), "too short"),
        (by_hand.Packet(by_hand.EVENT, True, b"\x3e\x01\x01"), "too short"),
        (by_hand.Packet(by_hand.EVENT, True, b"\x05\x09\x00"), "another length"),
    ],
)
def test_damage_below_the_packets_of_the_key(packet: by_hand.Packet, why: str) -> None:
    *_, damage = decode(btsnoop([connect(0x40), packet]))
    assert damage.kind is Kind.DAMAGE
    assert damage.frame == 2
    assert why in damage.text


def test_packets_that_the_recording_program_lost() -> None:
    first, second = from_key(0x40, bytes.fromhex("8202") + STATUS[2:6]), from_key(0x40, b"\x06" + STATUS[6:])
    capture = btsnoop(
        [connect(0x40), *discovery(0x40), *first, *second, *from_key(0x40, STATUS)], drops={4: 3, 5: 3}
    )
    lost, middle, status = decode(capture)[3:]
    assert (lost.kind, lost.frame) == (Kind.DAMAGE, 5)
    assert "lost 3 packets" in lost.text
    assert (middle.kind, status.kind) == (Kind.NOTE, Kind.STATUS)


# --- size ---


def many(packets: int) -> Iterator[Frame]:
    """A long day: connections come and go, and keys say how they are."""
    number = 0
    while number < packets:
        # Every peer is another, and every handle at some time the latest of a connection that never ended.
        handle = number % 0xE00
        capture = [connect(handle, peer=f"{number:012x}"), *discovery(handle), *to_key(handle, CANCEL)]
        for battery in range(60):
            capture += from_key(handle, bytes([2, 2, battery, *STATUS[3:]]))
        for packet in capture:
            number += 1
            yield Frame(number, 0, number * 1000, 0, packet.kind, packet.received, packet.data)


def test_memory_stays_flat() -> None:
    timeline = Decoder(WIRE).decode(many(200_000))
    # Everything that is remembered is full by then: connections, peers, messages.
    assert len(list(islice(timeline, 180_000))) == 180_000
    tracemalloc.start()
    try:
        shown = sum(1 for _ in timeline)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert shown > 10_000
    # What was remembered before the tracing gives way to what was traced; a leak of 50 bytes a packet would not fit.
    assert max(kept, peak) < 1_000_000


def test_twenty_thousand_packets_a_second() -> None:
    capture = ACTIVATION + ACTIVATION[16:] * 20
    start = time.process_time()
    decoder = Decoder(WIRE, keys=activation_keys())
    shown = sum(1 for _ in decoder.decode(read_frames(io.BytesIO(capture))))
    seconds = time.process_time() - start
    assert shown > 2000
    # Of the processor's time: what else the machine does is no matter. Ten times as many are usual.
    assert decoder.frames / seconds > 20_000


def test_monitors_number_their_adapters() -> None:
    packets = [connect(0x40, adapter=3), *discovery(0x40, adapter=3), connect(0x40, adapter=1)]
    entries = decode(btsnoop_monitor(packets))
    assert [(entry.adapter, entry.connection) for entry in entries] == [(3, 1), (3, 1), (3, 1), (1, 2)]
    assert [entry.text for entry in entries[:3]] == SIMPLE_TEXTS[:3]
