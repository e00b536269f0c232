"""F-020: whatever arrives, the key neither falls over nor changes."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.state import load_state
from hideez_bench.protocol.names import Command, ErrorName, PacketKind
from hideez_bench.protocol.packets import fragment
from hideez_bench.protocol.transport import KeyRefused
from tests.key.desk import IDENTITY, WIRE, Desk

NUMBERS = sorted(WIRE.profile.numbers("command").values())
COSTLY = WIRE.profile.number("command", Command.UNLOCK_DEVICE_CODE)


def waiting_desk() -> Desk:
    desk = Desk()
    asyncio.run(desk.bring_to("W"))
    return desk


@settings(deadline=None, max_examples=150)
@given(st.lists(st.binary(max_size=40), max_size=30))
def test_f020_random_packets(packets: list[bytes]) -> None:
    desk = waiting_desk()
    before = load_state(desk.nvram)
    answers: list[bytes] = []
    link = desk.key.connect("pc", answers.append, lambda: 20)
    for packet in packets:
        link.receive(packet)
        desk.advance(0.1)
    assert load_state(desk.nvram) == before
    for packet in answers:
        WIRE.packet.parse(packet)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(NUMBERS), st.binary(max_size=140))
def test_f020_random_bodies_of_every_command_on_a_verified_channel(number: int, body: bytes) -> None:
    desk = waiting_desk()
    before = load_state(desk.nvram)

    async def send() -> None:
        async with desk.device() as device:
            if number == WIRE.profile.number("command", Command.WIPE) and body == b"\0":
                return  # a request for a press, which is no accident
            try:
                reply = await device.request_raw(bytes([number]) + body)
            except KeyRefused:
                return
            assert reply.error in set(ErrorName)

    asyncio.run(send())
    after = load_state(desk.nvram)
    if number == COSTLY and len(body) in (7, 8, 9) and body[0] == len(body) - 1:
        return  # well-formed, and so an attempt like any other
    assert after == before


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.sampled_from(range(0x40, 0x45)).flatmap(lambda n: st.binary(max_size=18).map(bytes([n]).__add__))
    )
)
def test_f020_random_messages_in_boot_mode(messages: list[bytes]) -> None:
    memory = MemoryNvram()
    memory.commit({"boot.runs": b"1"})
    desk = Desk(memory)
    answers: list[bytes] = []
    link = desk.key.connect("pc", answers.append, lambda: 20)
    for message in messages:
        for packet in fragment(WIRE, PacketKind.CONTROL, message, 20):
            link.receive(packet)
    for packet in answers:
        WIRE.packet.parse(packet)
    assert desk.switch_on().device_information["firmware"] == str(IDENTITY.firmware)
