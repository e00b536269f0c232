"""Who may connect to the hubs, and as whom."""

from __future__ import annotations

import json

import httpx
import pytest

from hideez_bench.emulator.hes.admission import MOST_UNAPPROVED
from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.web.hubs import negotiation
from hideez_bench.emulator.hes.web.hubs.negotiation import TOKEN_SECONDS, NotAdmitted, Tokens
from hideez_bench.harness.hes.signalr_client import Disconnected
from hideez_bench.protocol.hes import HesError, HesErrorCode, WorkstationInfo
from hideez_bench.protocol.signalr import Close, Completion, HandshakeRequest, Invocation, build
from tests.hes.fake_key import FakeWorkstation
from tests.hubs.rig import HubBench, application, headers, new_key
from tests.hubs.sockets import MemorySocket, MemorySockets

pytestmark = pytest.mark.virtual_time


async def refused(bench: HubBench, path: str, sent: dict[str, str]) -> tuple[int, str]:
    socket = MemorySocket(bench.app, path, sent)
    with pytest.raises(Disconnected):
        await socket.open()
    assert socket.refusal
    return socket.refusal


@pytest.mark.parametrize("path", ["/appHub", "/deviceHub"])
@pytest.mark.parametrize(
    "change",
    [
        {"WorkstationId": ""},
        {"WorkstationId": "two words"},
        {"WorkstationId": "x" * 65},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer 00"},
        {"Authorization": "Basic " + "00" * 32},
        {"Authorization": "Bearer " + "00" * 32},
    ],
)
async def test_without_a_name_and_its_key_nobody_gets_in(
    bench: HubBench, path: str, change: dict[str, str]
) -> None:
    sent = headers(bench.workstation.id, bench.workstation_key, DeviceId="HK-1") | change
    status, _ = await refused(bench, path, sent)
    assert status == 401
    async with client(bench) as http:
        answer = await http.post(f"{path}/negotiate?negotiateVersion=1", headers=sent)
    assert answer.status_code == 401
    assert list(answer.json()) == ["error"]


def client(bench: HubBench) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(bench.app), base_url="http://127.0.0.1:8470")


async def test_the_first_key_speaks_for_a_workstation_from_then_on(bench: HubBench) -> None:
    first = bench.connect_as(FakeWorkstation("PC-9"), key := new_key())
    await first.connect()
    await first.close()
    with pytest.raises(HesError) as caught:
        await bench.connect_as(FakeWorkstation("PC-9"), new_key()).connect()
    assert caught.value.code is HesErrorCode.HesNotConnected
    assert "Another key" in str(caught.value)
    again = bench.connect_as(FakeWorkstation("PC-9"), key)
    await again.connect()
    await again.close()
    assert bench.texts().count("shows a key for workstation PC-9") == 1


async def test_two_first_keys_at_once_are_not_both_taken(bench: HubBench) -> None:
    one, two = (MemorySocket(bench.app, "/appHub", headers("PC-9", new_key())) for _ in range(2))
    await one.open()
    await two.open()
    await one.send(build(HandshakeRequest()))
    await one.hear_handshake()
    await two.send(build(HandshakeRequest()))
    await two.hear_handshake()
    (close,) = await two.heard()
    assert "Another key" in str(close)
    await one.close()


async def test_a_key_for_a_name_that_was_approved_before_must_be_approved_itself(bench: HubBench) -> None:
    bench.hes.connect(FakeWorkstation("PC-9"))
    bench.hes.workstations.approve("PC-9")
    stranger = bench.connect_as(FakeWorkstation("PC-9"), new_key())
    await stranger.connect()
    with pytest.raises(HesError) as caught:
        await stranger.get_hw_vault_info_by_serial_no("HK-1")
    assert caught.value.code is HesErrorCode.HesWorkstationNotApproved
    await stranger.close()


async def test_a_new_workstation_waits_for_approval_and_is_seen(bench: HubBench) -> None:
    newcomer = bench.connect_as(FakeWorkstation("PC-9"), new_key())
    await newcomer.connect()
    with pytest.raises(HesError) as caught:
        await newcomer.get_hw_vault_info_by_serial_no("HK-1")
    assert caught.value.code is HesErrorCode.HesWorkstationNotApproved
    assert [view.approved for view in bench.hes.workstations.list() if view.id == "PC-9"] == [False]
    bench.hes.workstations.approve("PC-9")
    assert (await newcomer.get_hw_vault_info_by_serial_no("HK-1")).vault_serial == "HK-1"
    await newcomer.close()


async def test_nobody_registers_another_workstation(bench: HubBench) -> None:
    await bench.hub.register_workstation_info(WorkstationInfo(bench.workstation.id, machine_name="pc"))
    with pytest.raises(HesError):
        await bench.hub.register_workstation_info(WorkstationInfo("PC-8"))
    assert [view.id for view in bench.hes.workstations.list()] == [bench.workstation.id]


async def test_strangers_fill_the_list_but_no_more(bench: HubBench) -> None:
    for number in range(MOST_UNAPPROVED + 5):
        stranger = bench.connect_as(FakeWorkstation(f"S-{number}"), new_key())
        bench.clock.move(seconds=1)
        await stranger.connect()
        await stranger.close()
    names = [view.id for view in bench.hes.workstations.list()]
    assert len(names) == MOST_UNAPPROVED + 1
    assert bench.workstation.id in names
    assert "S-0" not in names
    assert f"S-{MOST_UNAPPROVED + 4}" in names


async def test_a_page_of_another_site_is_refused(bench: HubBench) -> None:
    for path in ("/appHub", "/deviceHub"):
        sent = headers(bench.workstation.id, bench.workstation_key, Origin="https://evil.example")
        assert (await refused(bench, path, sent))[0] == 403


async def test_a_token_is_good_once_for_who_fetched_it(bench: HubBench) -> None:
    sent = headers(bench.workstation.id, bench.workstation_key)
    async with client(bench) as http:
        first = await http.post("/appHub/negotiate?negotiateVersion=1", headers=sent)
        second = await http.post("/appHub/negotiate", headers=sent)
        third = await http.post("/deviceHub/negotiate?negotiateVersion=1", headers=sent)
    assert first.json()["negotiateVersion"] == 1
    assert first.json()["connectionToken"] != first.json()["connectionId"]
    assert first.json()["availableTransports"] == [
        {"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}
    ]
    assert second.json()["negotiateVersion"] == 0
    assert "connectionToken" not in second.json()
    token, other = (answer.json()["connectionToken"] for answer in (first, third))
    old = second.json()["connectionId"]
    socket = MemorySocket(bench.app, f"/appHub?id={token}", sent)
    await socket.open()
    assert (await refused(bench, f"/appHub?id={token}", sent))[0] == 404
    assert (await refused(bench, f"/appHub?id={other}", sent))[0] == 404
    assert (await refused(bench, f"/appHub?id={old}", headers("PC-9", new_key())))[0] == 404
    later = MemorySocket(bench.app, f"/appHub?id={old}", sent)  # who it was kept from has not used it up
    await later.open()
    await later.close()
    await socket.close()


async def test_a_token_outlasts_thousands_that_strangers_fetch() -> None:
    tokens = Tokens(lambda: 0.0)
    honest = tokens.issue("PC-1")
    fetched = [tokens.issue("PC-9") for _ in range(5000)]
    for one in fetched:
        tokens.redeem(one, "PC-9")
    tokens.redeem(honest, "PC-1")


async def test_no_token_is_good_twice_or_for_longer() -> None:
    now = 100.0
    tokens = Tokens(lambda: now)
    first, second = tokens.issue("PC-1"), tokens.issue("PC-1")
    now += TOKEN_SECONDS
    tokens.redeem(first, "PC-1")
    now += 0.001
    forged = ".".join([str(10**9), *second.split(".")[1:]])
    for refused_one in (first, second, forged, first + "0", first.upper(), "", ".", "..", "\u00e9.\u00e9"):
        with pytest.raises(NotAdmitted) as caught:
            tokens.redeem(refused_one, "PC-1")
        assert caught.value.status == 404
    other_hub = Tokens(lambda: now)
    with pytest.raises(NotAdmitted):
        other_hub.redeem(tokens.issue("PC-1"), "PC-1")


async def test_used_tokens_are_forgotten_when_they_are_over() -> None:
    now = 0.0
    tokens = Tokens(lambda: now)
    for _ in range(100):
        token = tokens.issue("PC-1")
        tokens.redeem(token, "PC-1")
        with pytest.raises(NotAdmitted):
            tokens.redeem(token, "PC-1")
        now += 1
    assert len(tokens) <= TOKEN_SECONDS + 2


async def test_strict_compat_goes_by_the_name_alone(bench: HubBench) -> None:
    app = application(bench.hes, strict_compat=True)
    socket = MemorySocket(app, "/appHub", {"WorkstationId": bench.workstation.id})
    await socket.open()
    await socket.send(build(HandshakeRequest()))
    await socket.hear_handshake()
    await socket.say(Invocation("GetHwVaultInfoBySerialNo", ("HK-1",), "1"))
    answer = await socket.hear()
    assert isinstance(answer, Completion)
    assert '"succeeded": true' in json.dumps(answer.result)
    await socket.close()


async def test_strict_compat_lets_who_has_no_name_connect_and_call_in_vain(bench: HubBench) -> None:
    sockets = MemorySockets(application(bench.hes, strict_compat=True))
    socket = await sockets("/appHub", {})
    await socket.send(build(HandshakeRequest()))
    await socket.hear_handshake()
    await socket.say(Invocation("GetHwVaultInfoBySerialNo", ("HK-1",), "1"))
    answer = await socket.hear()
    assert isinstance(answer, Completion)
    assert isinstance(answer.result, dict)
    assert answer.result["succeeded"] is False
    await socket.close()
    assert [view.id for view in bench.hes.workstations.list()] == [bench.workstation.id]


@pytest.mark.parametrize("path", ["/appHub", "/deviceHub"])
async def test_a_database_that_fails_is_told_and_nothing_breaks(
    bench: HubBench, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> bool:
        raise StoreError("The server's database is damaged. Nothing was kept.")

    sent = headers("PC-9", new_key())
    with monkeypatch.context() as broken:
        broken.setattr(bench.hes.admission, "allows", fail)
        assert await refused(bench, path, sent) == (
            503,
            "The server's database is damaged. Nothing was kept.",
        )
    with monkeypatch.context() as broken:
        broken.setattr(bench.hes.admission, "bind", fail)
        socket = MemorySocket(bench.app, "/appHub", sent)
        await socket.open()
        await socket.send(build(HandshakeRequest()))
        await socket.hear_handshake()
        assert await socket.heard() == [Close("The server's database is damaged. Nothing was kept.")]
        await socket.served
    assert bench.hub.is_connected


async def test_an_old_connection_is_not_approved_with_the_next_owner_of_its_name(bench: HubBench) -> None:
    """A stranger takes a name, has it forgotten, and stays: whoever is approved under that name later is not it."""
    waiting = bench.connect_as(FakeWorkstation("PC-9"), new_key())
    await waiting.connect()
    for number in range(MOST_UNAPPROVED):
        bench.clock.move(seconds=1)
        stranger = bench.connect_as(FakeWorkstation(f"S-{number}"), new_key())
        await stranger.connect()
        await stranger.close()
    rightful = bench.connect_as(FakeWorkstation("PC-9"), new_key())
    await rightful.connect()
    bench.hes.workstations.approve("PC-9")
    with pytest.raises(HesError) as caught:
        await waiting.get_hw_vault_info_by_serial_no("HK-1")
    assert caught.value.code is HesErrorCode.HesNotConnected
    assert (await rightful.get_hw_vault_info_by_serial_no("HK-1")).vault_serial == "HK-1"
    await rightful.close()
    await waiting.close()


async def test_strangers_take_no_more_than_their_share_of_connections(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(negotiation, "MOST_OF_STRANGERS", 2)
    sockets = [MemorySocket(bench.app, "/appHub", headers(f"S-{n}", new_key())) for n in range(2)]
    for socket in sockets:
        await socket.open()
    status, sentence = await refused(bench, "/appHub", headers("S-2", new_key()))
    assert (status, sentence) == (503, "Too many workstations wait for approval; try again later.")
    # Who is approved gets in as before.
    approved = bench.socket()
    await approved.open()
    await approved.close()
    # One goes, another may come.
    await sockets[0].close()
    late = MemorySocket(bench.app, "/appHub", headers("S-3", new_key()))
    await late.open()
    for socket in (late, sockets[1]):
        await socket.close()


async def test_one_workstation_does_not_take_all_connections(
    bench: HubBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The client's own is one.
    monkeypatch.setattr(negotiation, "MOST_OF_A_WORKSTATION", 2)
    second = bench.socket()
    await second.open()
    sent = headers(bench.workstation.id, bench.workstation_key)
    assert await refused(bench, "/appHub", sent) == (503, "This workstation has too many connections.")
    await second.close()
    third = bench.socket()
    await third.open()
    await third.close()


@pytest.mark.parametrize("version", [0, 1, 2])
def test_what_is_told_with_a_token(version: int) -> None:
    answer = negotiation.answer_of("public", "secret", version)
    assert answer["negotiateVersion"] == min(version, 1)
    assert answer["connectionToken" if version else "connectionId"] == "secret"
    assert answer["availableTransports"] == [
        {"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}
    ]
