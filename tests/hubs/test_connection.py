"""One hub connection spoken by hand: handshake, pings, silence, and every way to misbehave."""

from __future__ import annotations

import asyncio

import pytest

from hideez_bench.emulator.hes.web.hubs.connection import HubLimits
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
    Ping,
    StreamInvocation,
    build,
)
from tests.hubs.rig import HubBench
from tests.hubs.sockets import MemorySocket

pytestmark = pytest.mark.virtual_time

LIMITS = HubLimits()
UNKNOWN_KEY = Invocation("GetHwVaultInfoBySerialNo", ("HK-404",), "7")


async def shaken(bench: HubBench) -> MemorySocket:
    """A socket after its handshake."""
    socket = bench.socket()
    await socket.open()
    await socket.send(build(HandshakeRequest()))
    assert await socket.hear_handshake() == HandshakeResponse()
    return socket


async def last_words(socket: MemorySocket) -> str:
    """The reason in the Close message with which the server ends a connection."""
    heard = await socket.heard()
    assert isinstance(heard[-1], Close)
    await socket.served
    return heard[-1].error or ""


@pytest.mark.parametrize("version", [1, 2])
async def test_a_call_is_answered_on_either_version(bench: HubBench, version: int) -> None:
    socket = bench.socket()
    await socket.open()
    # The first call may come in the handshake's own piece.
    await socket.send(build(HandshakeRequest(version=version)) + build(UNKNOWN_KEY))
    assert await socket.hear_handshake() == HandshakeResponse()
    answer = await socket.hear()
    assert isinstance(answer, Completion)
    assert answer.invocation_id == "7"
    assert isinstance(answer.result, dict)
    assert answer.result["errorCode"] == "HesDeviceNotFound"
    await socket.close()


@pytest.mark.parametrize(
    ("first", "told"),
    [
        (build(HandshakeRequest("messagepack")), "messagepack"),
        (build(HandshakeRequest(version=3)), "version 3"),
        (build(UNKNOWN_KEY), "no handshake"),
        ("nonsense\x1e", "not JSON"),
        ("[]\x1e", "not an object"),
    ],
    ids=["another protocol", "another version", "a call", "nonsense", "no object"],
)
async def test_without_a_right_handshake_it_ends(bench: HubBench, first: str, told: str) -> None:
    socket = bench.socket()
    await socket.open()
    await socket.send(first)
    refused = await socket.hear_handshake()
    assert told in (refused.error or "")
    assert await socket.heard() == []
    await socket.served


async def test_who_says_nothing_has_no_handshake_in_time(bench: HubBench) -> None:
    socket = bench.socket()
    await socket.open()
    started = asyncio.get_running_loop().time()
    assert (await socket.hear_handshake()).error
    assert asyncio.get_running_loop().time() - started == pytest.approx(LIMITS.handshake)


async def test_a_silent_client_gets_pings_and_is_gone_after_thirty_seconds(bench: HubBench) -> None:
    socket = await shaken(bench)
    started = asyncio.get_running_loop().time()
    heard = await socket.heard()
    assert heard[0] == Ping()
    assert isinstance(heard[-1], Close)
    assert asyncio.get_running_loop().time() - started == pytest.approx(LIMITS.timeout)


async def test_pings_keep_a_connection_alive(bench: HubBench) -> None:
    socket = await shaken(bench)
    for _ in range(10):
        await asyncio.sleep(15)
        await socket.say(Ping())
    await socket.say(UNKNOWN_KEY)
    heard = [await socket.hear() for _ in range(9)]
    assert set(map(type, heard)) <= {Ping, Completion}
    await socket.close()


async def test_a_client_of_ours_stays_connected(bench: HubBench) -> None:
    await asyncio.sleep(600)
    assert bench.hub.is_connected


async def test_a_client_of_ours_notices_a_dead_server(bench: HubBench) -> None:
    bench.sockets.on("/appHub")[0].deaf = True
    await asyncio.sleep(46)
    assert not bench.hub.is_connected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x" * (MAX_MESSAGE + 1), "longer than"),
        (build(Invocation("AuthHwVault", ("x" * MAX_MESSAGE,))), "longer than"),
        ("{\x1e", "not JSON"),
        ("[" * 20_000 + "\x1e", "not JSON"),
        ('{"type":1,"target":"\\ud800","arguments":[]}\x1e', "not JSON"),
        ('{"type":6,"x":1e999}\x1e', "not JSON"),
        ("{}\x1e", "no type"),
        ('{"type":true}\x1e', "no type"),
        ('{"type":1,"arguments":[]}\x1e', "no method"),
        ('{"type":1,"target":"AuthHwVault"}\x1e', "no list"),
        ('{"type":1,"target":"A","arguments":[],"streamIds":["1"]}\x1e', "streams"),
        (build(Completion("1", None)), "never made"),
        (build(Invocation("A", invocation_id="x" * 200)), "too long"),
        (build(Ping()) * 2000, "Too many messages"),
    ],
)
async def test_misbehaviour_ends_this_connection_and_no_other(
    bench: HubBench, text: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await shaken(bench)
    await socket.send(text)
    assert told in await last_words(socket)
    assert bench.hub.is_connected
    await bench.arrive()
    assert not caplog.records


async def test_too_many_calls_at_once_end_it(bench: HubBench) -> None:
    await bench.assign()
    await bench.arrive()
    bench.sockets.allow = lambda path: path != "/deviceHub"
    socket = await shaken(bench)
    lock = bench.hes._core.vault_locks["HK-1"]
    async with lock:
        report: Json = {"vaultSerialNo": "HK-1", "connectionState": 1}
        await socket.say(*(Invocation("UpdateHwVaultStatus", (report,), str(number)) for number in range(50)))
        assert "at the same time" in await last_words(socket)


async def test_one_id_for_two_calls_ends_it(bench: HubBench) -> None:
    socket = await shaken(bench)
    await socket.say(UNKNOWN_KEY, UNKNOWN_KEY)
    assert "in use" in await last_words(socket)


async def test_a_client_that_does_not_read_is_let_go(bench: HubBench) -> None:
    socket = await shaken(bench)
    socket.stall()
    for batch in range(LIMITS.outbox // 16 + 2):
        await socket.say(*(Invocation("NoSuchMethod", (), f"{batch}-{number}") for number in range(16)))
        await asyncio.sleep(0.1)
    await asyncio.sleep(LIMITS.parting)
    assert socket.served.done()
    assert bench.hub.is_connected


async def test_a_call_that_makes_no_sense_is_answered_and_the_connection_goes_on(bench: HubBench) -> None:
    socket = await shaken(bench)
    for call in (
        Invocation("NoSuchMethod", (), "1"),
        Invocation("AuthHwVault", (), "1"),
        Invocation("AuthHwVault", (1,), "1"),
        Invocation("AuthHwVault", ("HK-1", "HK-2"), "1"),
        Invocation("UpdateHwVaultStatus", ({"connectionState": 9},), "1"),
        Invocation("UpdateHwVaultStatus", ({"storageTimestamp": 10**30},), "1"),
        Invocation("SaveClientEvents", ([{"date": "yesterday"}],), "1"),
        Invocation("__class__", (), "1"),
        Invocation("close", (), "1"),
        StreamInvocation("1", "GetHwVaultLicenses", ("HK-1",)),
    ):
        await socket.say(call)
        answer = await socket.hear()
        assert isinstance(answer, Completion)
        assert answer.invocation_id == "1"
        assert answer.error
    await socket.say(Invocation("NoSuchMethod"), CancelInvocation("1"), Ignored(8), UNKNOWN_KEY)
    answer = await socket.hear()
    assert isinstance(answer, Completion)
    assert answer.invocation_id == "7"
    await socket.say(Close())
    # It is said goodbye to, and not cut off, which a client would take for a failure.
    assert await socket.heard() == [Close()]
    await socket.served


async def test_names_come_in_whatever_their_case(bench: HubBench) -> None:
    socket = await shaken(bench)
    report: Json = {
        "VaultSerialNo": "HK-1",
        "CONNECTIONSTATE": 1,
        "isLinkRequired": True,
        "somethingElse": [1],
    }
    await socket.say(Invocation("updateHwVaultPROPERTIES", (report,), "1"))
    answer = await socket.hear()
    assert isinstance(answer, Completion)
    assert answer.result == {"succeeded": True, "errorCode": "Ok", "errorMessage": "", "value": None}
    assert bench.vault.is_online
    await socket.close()
    assert not bench.vault.is_online
