"""Messages for programs: nothing that is secret is in them."""

from __future__ import annotations

import json

from hypothesis import given

from hideez_bench.harness.capture.plain import plain
from hideez_bench.protocol import messages as m
from hideez_bench.protocol.describe import describe
from hideez_bench.protocol.names import Command, ErrorName
from hideez_bench.protocol.secret import Otp, Secret, StorageData
from hideez_bench.protocol.values import StorageChunk, UnknownError
from tests.protocol.strategies import requests


def secrets_in(value: object) -> list[bytes]:
    found = []
    for name in getattr(value, "__dataclass_fields__", ()):
        field = getattr(value, name)
        found += [field.reveal()] if isinstance(field, Secret) else secrets_in(field)
    return found


@given(requests)
def test_requests_keep_their_secrets(request: m.Request) -> None:
    shown = plain(request)
    assert isinstance(shown, dict)
    for name in type(request).__dataclass_fields__:
        if isinstance(getattr(request, name), Secret):
            assert shown[name] == "***"
    for secret in secrets_in(request):
        if len(secret) >= 6:
            assert secret.hex() not in json.dumps(shown)
            assert secret.hex() not in describe(request)


def test_replies_keep_their_secrets() -> None:
    chunk = m.Reply(Command.READ_STORAGE, body=StorageChunk(9, StorageData(b"pass word")))
    assert plain(chunk) == {"command": "READ_STORAGE", "error": "Ok", "body": {"total": 9, "data": "***"}}
    assert plain(m.Reply(Command.GET_OTP, body=Otp(b"123456"))) == {
        "command": "GET_OTP",
        "error": "Ok",
        "body": "***",
    }


def test_an_error_without_a_name_keeps_its_number() -> None:
    reply = m.Reply(Command.PING, UnknownError(0x4711))
    assert plain(reply) == {"command": "PING", "error": f"{ErrorName.FwUnknownError} (0x4711)", "body": None}
