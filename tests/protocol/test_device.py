"""The host's view of a key: whole records and logs, in as many messages as they take, from a key that may lie."""

from __future__ import annotations

import secrets
from collections.abc import Callable

import pytest

from hideez_bench.protocol import channel as ch
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.channel import ChannelError
from hideez_bench.protocol.device import LOCAL, REMOTE, KeyDevice, Timeouts
from hideez_bench.protocol.names import Command, Condition, ErrorName, WriteFlag
from hideez_bench.protocol.secret import Otp, StorageData
from hideez_bench.protocol.transport import ControlRequest
from hideez_bench.protocol.values import AccessParams, LogChunk, StorageChunk, StorageRecords
from hideez_bench.protocol.wire import default_wire
from tests.protocol.golden import load

WIRE = default_wire()
ROOT = ch.private_key(secrets.token_bytes)
INFO = next(golden.value.body for golden in load() if golden.name.startswith("GET_INFO replied"))
LIMIT = WIRE.profile.size("max_message")


class ScriptedKey:
    """A `MessageTransport` to a key that answers each request as the test says."""

    def __init__(self, answer: Callable[[m.Request], m.Body]) -> None:
        self.requests: list[m.Request] = []
        self._answer = answer

    async def control(self, request: ControlRequest, timeout: float) -> m.Answer:
        if isinstance(request, m.VerifyEncryption):
            answer, keys = ch.answer_handshake(request, ROOT, secrets.token_bytes)
            self._opener = ch.Opener(request.channel, ch.HOST_TO_KEY, keys.host_to_key)
            self._sealer = ch.Sealer(request.channel, ch.KEY_TO_HOST, keys.key_to_host)
            return answer
        return m.RootKey(ErrorName.Ok, ch.public_bytes(ROOT))

    async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
        assert len(WIRE.envelope.build(envelope)) <= LIMIT
        request = WIRE.request.parse(self._opener.open(envelope))
        if isinstance(request, m.GetInfo):
            body: m.Body = INFO
        else:
            self.requests.append(request)
            body = self._answer(request)
        return self._sealer.seal(WIRE.reply.build(m.Reply(request.command, body=body)))


async def device_of(key: ScriptedKey) -> KeyDevice:
    device = KeyDevice(key, 1, wire=WIRE, random=secrets.token_bytes)
    assert await device.verify_and_initialize() == INFO
    return device


def storage_of(record: bytes, step: int) -> Callable[[m.Request], m.Body]:
    def answer(request: m.Request) -> m.Body:
        if isinstance(request, m.FetchLog):
            return LogChunk(len(record), record[request.offset : request.offset + step])
        assert isinstance(request, m.ReadStorage)
        piece = StorageData(record[request.offset : request.offset + step])
        return StorageChunk(len(record), piece)

    return answer


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 1000])
async def test_a_record_and_the_log_are_read_to_their_end(length: int) -> None:
    content = secrets.token_bytes(length)
    key = ScriptedKey(storage_of(content, 100))
    device = await device_of(key)
    assert await device.read_storage(34, 7) == StorageData(content)
    assert len(key.requests) == max(1, -(-length // 100))
    assert await device.fetch_log() == content


@pytest.mark.parametrize("length", [0, 1, 490, 491, 492, 982, 1500])
async def test_a_record_is_written_in_pieces_that_fill_a_message(length: int) -> None:
    content = secrets.token_bytes(length)
    key = ScriptedKey(lambda request: None)
    await (await device_of(key)).write_storage(34, 7, StorageData(content))
    written = b""
    for request in key.requests:
        assert isinstance(request, m.WriteStorage)
        assert (request.table, request.record, request.offset) == (34, 7, len(written))
        written += request.data.reveal()
        more = len(written) < length
        assert request.flags == (WriteFlag.MORE_FOLLOWS if more else WriteFlag(0))
    assert written == content
    # Envelope: 5 bytes before and 8 after; the request: 7 bytes before its data.
    assert len(key.requests) == max(1, -(-length // (LIMIT - 13 - 7)))


async def test_records_are_listed_until_there_are_no_more() -> None:
    numbers = [1, 2, 3, 500, 65535]

    def answer(request: m.Request) -> m.Body:
        assert isinstance(request, m.EnumStorage)
        return StorageRecords(tuple(number for number in numbers if number > request.after)[:2])

    assert await (await device_of(ScriptedKey(answer))).enum_records(34) == numbers


async def test_simple_questions_have_their_answers() -> None:
    profile = AccessParams(Condition.PIN_CONNECT, 6, 3, 3600, 0, 0)
    answers: dict[Command, m.Body] = {Command.GET_OTP: Otp(b"940587"), Command.GET_ACCESS_PROFILE: profile}
    device = await device_of(ScriptedKey(lambda request: answers[request.command]))
    assert await device.get_otp(4, 1) == Otp(b"940587")
    assert await device.get_access_profile() == profile


@pytest.mark.parametrize(
    "body",
    [StorageChunk(10, StorageData(b"")), StorageChunk(10, StorageData(bytes(11)))],
    ids=["nothing more", "more than all"],
)
async def test_a_key_that_never_comes_to_the_end_of_a_record_is_given_up(body: StorageChunk) -> None:
    with pytest.raises(ChannelError, match="READ_STORAGE"):
        await (await device_of(ScriptedKey(lambda request: body))).read_storage(34, 1)


async def test_a_key_that_lists_the_same_records_again_is_given_up() -> None:
    key = ScriptedKey(lambda request: StorageRecords((1, 2)))
    with pytest.raises(ChannelError, match="out of order"):
        await (await device_of(key)).enum_records(34)


@pytest.mark.parametrize(
    ("size", "local", "remote"), [(0, 5, 10), (128, 5, 10), (129, 5, 20), (256, 5, 20), (257, 5, 30)]
)
def test_a_long_command_has_more_time_through_a_relay(size: int, local: float, remote: float) -> None:
    assert (LOCAL.of_command(size), REMOTE.of_command(size)) == (local, remote)


@pytest.mark.parametrize(("timeouts", "expected"), [(LOCAL, [5, 5]), (REMOTE, [10, 30])])
async def test_the_time_for_an_answer_goes_by_the_size_of_the_sealed_command(
    timeouts: Timeouts, expected: list[float]
) -> None:
    waits: list[float] = []

    class Watched(ScriptedKey):
        async def encrypted(self, envelope: m.Envelope, timeout: float) -> m.Envelope:
            waits.append(timeout)
            return await super().encrypted(envelope, timeout)

    key = Watched(lambda request: None)
    device = KeyDevice(key, 1, wire=WIRE, random=secrets.token_bytes, timeouts=timeouts)
    await device.verify_and_initialize()
    await device.write_storage(1, 1, StorageData(bytes(300)))
    assert waits == expected
