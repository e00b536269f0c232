"""A capture cut anywhere, or with any byte changed: decoded up to there, and never a surprise."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hideez_bench.harness.capture.conversation import Kind
from hideez_bench.harness.capture.decode import Entry
from hideez_bench.harness.capture.frames import NotACapture
from tests.capture import by_hand
from tests.capture.by_hand import ACTIVATION, activation_keys, decode

KEYS = activation_keys()
WHOLE = decode(ACTIVATION, keys=KEYS)
HEADER = 16
# The same packets in the other containers: cheap to decode, so that many places can be tried.
FORMS = {
    "btsnoop": by_hand.btsnoop(by_hand.SIMPLE),
    "monitor": by_hand.btsnoop_monitor(by_hand.SIMPLE),
    "pcap": by_hand.pcap(by_hand.SIMPLE),
    "pcapng": by_hand.pcapng(by_hand.SIMPLE),
}


def before(entries: list[Entry], offset: int) -> list[Entry]:
    """What is completed by packets whose record ends before some byte."""
    starts = [entry.offset for entry in entries if entry.offset <= offset]
    last = max(starts, default=0)
    return [entry for entry in entries if entry.offset < last]


@settings(max_examples=60)
@given(size=st.integers(HEADER, len(ACTIVATION) - 1))
@example(size=HEADER)
def test_cut(size: int) -> None:
    entries = decode(ACTIVATION[:size], keys=KEYS)
    undamaged = [entry for entry in entries if entry.kind is not Kind.DAMAGE]
    assert undamaged == WHOLE[: len(undamaged)]
    assert undamaged[: len(before(WHOLE, size))] == before(WHOLE, size)
    for damage in entries[len(undamaged) :]:
        assert (damage.kind, damage.offset <= size) == (Kind.DAMAGE, True)


def test_a_cut_is_told_unless_it_is_between_two_packets() -> None:
    ends = {HEADER, len(FORMS["btsnoop"])}
    told = set()
    for size in range(HEADER, len(FORMS["btsnoop"])):
        entries = decode(FORMS["btsnoop"][:size])
        if entries and entries[-1].kind is Kind.DAMAGE:
            told.add(size)
            ends.add(entries[-1].offset)
    assert told == set(range(HEADER, len(FORMS["btsnoop"]))) - ends
    assert len(ends) == len(by_hand.SIMPLE) + 1


@settings(max_examples=150)
@given(place=st.integers(HEADER, len(ACTIVATION) - 1), change=st.integers(1, 255))
def test_one_byte_changed(place: int, change: int) -> None:
    capture = bytearray(ACTIVATION)
    capture[place] ^= change
    entries = decode(bytes(capture), keys=KEYS)
    # Up to the packet with the changed byte, nothing is another.
    assert entries[: len(before(WHOLE, place))] == before(WHOLE, place)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=150)
@given(data=st.data())
def test_any_bytes_changed_in_any_form(form: str, data: st.DataObject) -> None:
    capture = bytearray(FORMS[form])
    places = st.dictionaries(st.integers(0, len(capture) - 1), st.integers(0, 255), max_size=8)
    for place, value in data.draw(places).items():
        capture[place] = value
    size = data.draw(st.integers(0, len(capture)))
    try:
        decode(bytes(capture[:size]))
    except NotACapture as error:
        assert str(error)


@settings(max_examples=100)
@given(tail=st.binary(max_size=200), form=st.sampled_from(sorted(FORMS)))
def test_anything_after_a_good_beginning(tail: bytes, form: str) -> None:
    good = decode(FORMS[form])
    assert decode(FORMS[form] + tail)[: len(good)] == good


def test_an_envelope_that_was_changed() -> None:
    sealed = next(
        entry for entry in WHOLE if entry.kind is Kind.REQUEST and entry.detail["message"] == "LINK"
    )
    size = int.from_bytes(ACTIVATION[sealed.offset + 4 : sealed.offset + 8], "big")
    capture = bytearray(ACTIVATION)
    capture[sealed.offset + 24 + size - 1] ^= 1
    damage = [entry for entry in decode(bytes(capture), keys=KEYS) if entry.kind is Kind.DAMAGE]
    assert [(entry.frame, entry.offset) for entry in damage] == [(sealed.frame, sealed.offset)]
    assert "altered" in damage[0].text
