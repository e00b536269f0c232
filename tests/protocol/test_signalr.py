"""SignalR's messages and the hubs' JSON: known texts, every value there and back, and anything at all coming in."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideez_bench.protocol import hes, hub, json_codec
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.device_hub import (
    COMMANDS,
    RESPONSES,
    answer_from_json,
    answer_to_json,
    command_from_json,
    command_to_json,
    error_to_json,
)
from hideez_bench.protocol.link import LinkLost
from hideez_bench.protocol.names import ErrorName
from hideez_bench.protocol.signalr import (
    MAX_MESSAGE,
    CancelInvocation,
    Close,
    Completion,
    HandshakeRequest,
    HandshakeResponse,
    Ignored,
    Invocation,
    Json,
    Malformed,
    Message,
    Ping,
    RecordReader,
    StreamInvocation,
    StreamItem,
    build,
    parse,
    parse_handshake_request,
    parse_handshake_response,
)
from hideez_bench.protocol.transport import KeyRefused, NoAnswer
from hideez_bench.protocol.values import UnknownError
from hideez_bench.protocol.wire import default_wire

WIRE = default_wire()

# From the protocol's description: the text of each message, without its separator.
GOLDEN: list[tuple[Message, str]] = [
    (
        Invocation("Send", (42, "Text"), "123"),
        '{"type":1,"invocationId":"123","target":"Send","arguments":[42,"Text"]}',
    ),
    (Invocation("Send", (42, "Text")), '{"type":1,"target":"Send","arguments":[42,"Text"]}'),
    (StreamItem("123", 42), '{"type":2,"invocationId":"123","item":42}'),
    (Completion("123", 42), '{"type":3,"invocationId":"123","result":42}'),
    (Completion("123"), '{"type":3,"invocationId":"123","result":null}'),
    (Completion("123", error="No!"), '{"type":3,"invocationId":"123","error":"No!"}'),
    (
        StreamInvocation("123", "Send", (42,)),
        '{"type":4,"invocationId":"123","target":"Send","arguments":[42]}',
    ),
    (CancelInvocation("123"), '{"type":5,"invocationId":"123"}'),
    (Ping(), '{"type":6}'),
    (Close(), '{"type":7}'),
    (Close("Over.", allow_reconnect=True), '{"type":7,"error":"Over.","allowReconnect":true}'),
    (Ignored(8), '{"type":8}'),
]

TEXTS = st.text(max_size=20)
IDS = st.text(min_size=1, max_size=20)
JSONS: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.lists(JSONS, max_size=3).map(tuple)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Invocation, IDS, ARGUMENTS, st.none() | IDS),
    st.builds(StreamInvocation, IDS, IDS, ARGUMENTS),
    st.builds(StreamItem, IDS, JSONS),
    st.builds(Completion, IDS, JSONS),
    st.builds(Completion, IDS, st.none(), TEXTS),
    st.builds(CancelInvocation, IDS),
    st.just(Ping()),
    st.builds(Close, st.none() | TEXTS, st.booleans()),
    st.builds(Ignored, st.integers(8, 100)),
)


@pytest.mark.parametrize(("message", "text"), GOLDEN)
def test_known_texts(message: Message, text: str) -> None:
    assert build(message) == text + "\x1e"
    assert parse(text) == message


@given(MESSAGES)
def test_a_message_survives_the_way(message: Message) -> None:
    (record,) = RecordReader(10**6).feed(build(message))
    assert parse(record) == message


@given(st.lists(MESSAGES, max_size=4), st.data())
def test_records_come_whole_however_they_are_cut(messages: list[Message], data: st.DataObject) -> None:
    stream = "".join(map(build, messages)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader = RecordReader(10**6)
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert [parse(record) for piece in pieces for record in reader.feed(piece)] == messages


def test_a_record_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert list(RecordReader().feed("x" * MAX_MESSAGE + "\x1e")) == ["x" * MAX_MESSAGE]
    for piece in ("x" * (MAX_MESSAGE + 1), "x" * (MAX_MESSAGE + 1) + "\x1e", b"\xff\x1e"):
        with pytest.raises(Malformed):
            list(RecordReader().feed(piece))
    dripping = RecordReader()
    assert list(dripping.feed(b"x" * MAX_MESSAGE)) == []
    with pytest.raises(Malformed):
        list(dripping.feed(b"x"))


@given(st.text(max_size=60) | JSONS.map(json.dumps))
def test_anything_is_a_message_or_malformed(text: str) -> None:
    try:
        message = parse(text)
    except Malformed:
        return
    assert parse(build(message).removesuffix("\x1e")) == message


@given(st.text(max_size=60) | JSONS.map(json.dumps))
def test_anything_is_a_handshake_or_malformed(text: str) -> None:
    for read in (parse_handshake_request, parse_handshake_response):
        try:
            read(text)
        except Malformed:
            continue


def test_handshakes_there_and_back() -> None:
    assert build(HandshakeRequest()) == '{"protocol":"json","version":1}\x1e'
    assert build(HandshakeResponse()) == "{}\x1e"
    for asked in (HandshakeRequest(), HandshakeRequest("messagepack", 2)):
        assert parse_handshake_request(build(asked)[:-1]) == asked
    for answer in (HandshakeResponse(), HandshakeResponse("no")):
        assert parse_handshake_response(build(answer)[:-1]) == answer


# --- the hubs ---

SMALL = st.integers(-(2**31), 2**31 - 1)
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
DTOS: dict[str, tuple[json_codec.Codec[Any], st.SearchStrategy[Any]]] = {
    "from client": (
        hub.INFO_FROM_CLIENT,
        st.builds(
            hes.HwVaultInfoFromClient,
            TEXTS,
            st.sampled_from(hes.ConnectionState),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            st.integers(0, 100),
            TEXTS,
            st.integers(0, 2**32 - 1),
        ),
    ),
    "from server": (
        hub.INFO_FROM_HES,
        st.builds(
            hes.HwVaultInfoFromHes,
            TEXTS,
            TEXTS,
            TEXTS,
            TEXTS,
            TEXTS,
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
    ),
    "short": (hub.SHORT_INFO, st.builds(hes.HwVaultShortInfo, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)),
    "licence": (
        hub.LICENSE,
        st.builds(
            hes.HwVaultLicense,
            st.none() | TEXTS,
            TEXTS,
            MOMENTS,
            st.none() | MOMENTS,
            MOMENTS,
            TEXTS,
            st.none() | st.binary(max_size=50),
        ),
    ),
    "workstation": (hub.WORKSTATION_INFO, st.builds(hes.WorkstationInfo, TEXTS, TEXTS, TEXTS)),
    "event": (hub.WORKSTATION_EVENT, st.builds(hes.WorkstationEvent, TEXTS, MOMENTS, SMALL, SMALL, TEXTS)),
    "proximity": (hub.PROXIMITY, st.builds(hes.ProximitySettings, TEXTS, TEXTS, SMALL, SMALL, SMALL)),
}


def _shouted(value: Json) -> Json:
    """The same with every name in capitals, and with one more that nobody knows."""
    if isinstance(value, dict):
        return {name.upper(): _shouted(item) for name, item in value.items()} | {"More": 1}
    return [_shouted(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", DTOS)
@given(data=st.data())
def test_a_value_survives_the_way_in_any_case(name: str, data: st.DataObject) -> None:
    codec, values = DTOS[name]
    value = data.draw(values)
    text = json.loads(json.dumps(codec.to_json(value)))
    assert codec.from_json(text) == value
    assert codec.from_json(_shouted(text)) == value


@pytest.mark.parametrize("name", DTOS)
@given(anything=JSONS)
def test_anything_is_a_value_or_malformed(name: str, anything: Json) -> None:
    codec, _ = DTOS[name]
    try:
        codec.from_json(anything)
    except Malformed:
        return


def test_what_is_missing_has_its_default() -> None:
    assert hub.INFO_FROM_CLIENT.from_json({}) == hes.HwVaultInfoFromClient(
        "", hes.ConnectionState.OFFLINE, False, False, False, 0, "", 0
    )


def test_the_vendor_s_names() -> None:
    info = hes.HwVaultInfoFromClient(
        "HK-1", hes.ConnectionState.INITIALIZING, True, False, False, 90, "3.0.0", 7
    )
    assert hub.INFO_FROM_CLIENT.to_json(info) == {
        "vaultSerialNo": "HK-1",
        "connectionState": 1,
        "isLinkRequired": True,
        "isLocked": False,
        "isCanUnlock": False,
        "battery": 90,
        "firmwareVersion": "3.0.0",
        "storageTimestamp": 7,
    }
    imported, end = datetime(2025, 1, 2, 3, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    licence = hes.HwVaultLicense("1", "HK-1", imported, None, end, "order", b"\x00\xff")
    assert hub.LICENSE.to_json(licence) == {
        "id": "1",
        "deviceId": "HK-1",
        "importedAt": "2025-01-02T03:00:00Z",
        "appliedAt": None,
        "endDate": "2026-01-02T00:00:00Z",
        "licenseOrderId": "order",
        "data": "AP8=",
    }
    assert json_codec.MOMENT.from_json("2026-01-02T03:04:05.1234567+02:00") == datetime(
        2026, 1, 2, 1, 4, 5, 123456, UTC
    )


UPDATE = hub.APP_CALLS["update_hw_vault_status"]


@pytest.mark.parametrize("error", [ErrorName.ERR_KEY_WRONG, UnknownError(321)])
def test_the_error_of_a_key_keeps_its_name(error: ErrorName | UnknownError) -> None:
    with pytest.raises(hes.HesKeyRefused) as caught:
        hub.result_of(UPDATE, hub.failure(hes.HesKeyRefused(error, "no")))
    assert caught.value.error == error


@pytest.mark.parametrize("code", hes.HesErrorCode)
def test_every_error_keeps_its_code(code: hes.HesErrorCode) -> None:
    with pytest.raises(hes.HesError) as caught:
        hub.result_of(UPDATE, hub.failure(hes.HesError(code, "no")))
    assert (caught.value.code, str(caught.value)) == (code, "no")


def test_an_error_that_nobody_knows_is_named() -> None:
    with pytest.raises(hes.HesError) as caught:
        hub.result_of(UPDATE, {"Succeeded": False, "ErrorCode": "SomethingNew", "ErrorMessage": None})
    assert caught.value.code is hes.HesErrorCode.HesUnknownError
    assert "SomethingNew" in str(caught.value)


ENVELOPE = m.Envelope(4, 7, bytes(20))


@pytest.mark.parametrize(
    "request_",
    [m.GetRootKey(), m.VerifyEncryption(4, b"\x02" + bytes(32), bytes(16)), m.ResetEncryption(4), ENVELOPE],
    ids=lambda request: type(request).__name__,
)
def test_a_command_survives_the_way(request_: m.Envelope | m.GetRootKey) -> None:
    target, arguments, response = command_to_json(WIRE, request_)
    command = command_from_json(WIRE, target, arguments)
    assert (command.request, command.response) == (request_, response)


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("GetRootKeyCommandResponse", m.RootKey(ErrorName.Ok, b"\x02" + bytes(32))),
        ("GetRootKeyCommandResponse", m.RootKey(ErrorName.ERR_NO_DATA)),
        ("RemoteCommandResponse", ENVELOPE),
    ],
)
def test_an_answer_survives_the_way(target: str, answer: m.RootKey | m.Envelope) -> None:
    response = RESPONSES[target]
    assert answer_from_json(WIRE, response, answer_to_json(WIRE, response, answer)) == answer


@pytest.mark.parametrize("target", RESPONSES)
@pytest.mark.parametrize(
    "error",
    [
        KeyRefused("it", ErrorName.ERR_ENCRYPTION_REQ),
        KeyRefused("it", UnknownError(77)),
        NoAnswer("nothing"),
        LinkLost("gone"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_way(target: str, error: KeyRefused | NoAnswer | LinkLost) -> None:
    response = RESPONSES[target]
    with pytest.raises(type(error)) as caught:
        answer_from_json(WIRE, response, error_to_json(response, error))
    if isinstance(error, KeyRefused):
        assert isinstance(caught.value, KeyRefused)
        assert caught.value.error == error.error


@pytest.mark.parametrize("target", [*COMMANDS, "Other"])
@given(arguments=ARGUMENTS)
def test_anything_is_a_command_or_malformed(target: str, arguments: tuple[Json, ...]) -> None:
    _or_malformed(lambda: command_from_json(WIRE, target, arguments))


@pytest.mark.parametrize("target", RESPONSES)
@given(arguments=ARGUMENTS)
def test_anything_is_an_answer_or_a_known_error(target: str, arguments: tuple[Json, ...]) -> None:
    _or_malformed(lambda: answer_from_json(WIRE, RESPONSES[target], arguments))


def _or_malformed(read: Callable[[], object]) -> None:
    try:
        read()
    except (Malformed, KeyRefused, NoAnswer, LinkLost):
        return


@pytest.mark.parametrize(
    "data",
    ["", "AA==", "not base64", WIRE.to_key.build(m.Cancel()).hex()],
    ids=["none", "short", "text", "cancel"],
)
def test_nothing_but_what_a_relay_carries_is_a_control_message(data: str) -> None:
    with pytest.raises(Malformed):
        command_from_json(WIRE, "SendControlRemoteCommand", ({"data": data},))
    with pytest.raises(Malformed):
        command_from_json(WIRE, "SendRemoteCommand", ({"buffer": {"channelNo": 1, "data": data}},))
