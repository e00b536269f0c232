"""The server behind a URL: logging in, what it does not offer, codes from elsewhere, and the workstation's key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.hes import network
from hideez_bench.harness.hes.network import Login, NetworkServer
from hideez_bench.harness.hes.rest import AnotherServer
from hideez_bench.harness.hes.workstation_key import workstation_key, workstation_name
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hub import WORKSTATION_ID
from hideez_bench.protocol.secret import ActivationCode, LoginCode, Password
from hideez_bench.protocol.wire import default_wire
from tests.hes.app import SECRET, app_code
from tests.hes.bench import NOON
from tests.hes.fake_key import FakeWorkstation
from tests.hubs.flow_rig import PASSWORD, USER, AsTheVendor, enter_administrator, network_server
from tests.hubs.rig import application, new_key
from tests.hubs.sockets import MemorySockets

pytestmark = pytest.mark.virtual_time
SERIAL = "ST1032026000203"


@pytest.fixture
async def hes() -> AsyncIterator[Hes]:
    async with Hes("sqlite://", utc=lambda: NOON) as made:
        await enter_administrator(made)
        yield made


@pytest.fixture
def sockets(hes: Hes) -> MemorySockets:
    return MemorySockets(application(hes))


def administrator(server: NetworkServer) -> Administrator:
    return Administrator(server, Timeline(lambda: 0.0, lambda event: None), default_wire())


async def reserved(hes: Hes, sockets: MemorySockets, **more: object) -> NetworkServer:
    """A server that knows a key, somebody has it; the returned one is without what the real one lacks."""
    able = network_server(hes, sockets)
    await able.open()
    admin = administrator(able)
    await admin.import_vault(SERIAL, "3.5.2")
    await admin.assign(SERIAL)
    await able.close()
    server = network_server(hes, sockets, http=AsTheVendor, **more)  # type: ignore[arg-type]  # they are its own
    await server.open()
    return server


async def test_an_administrator_imports_assigns_and_reads_the_code(hes: Hes, sockets: MemorySockets) -> None:
    server = network_server(hes, sockets)
    await server.open()
    admin = administrator(server)
    assert not await admin.knows(SERIAL)
    await admin.import_vault(SERIAL, "3.5.2", b"\x02" + bytes(32))
    assert await admin.knows(SERIAL)
    found = await admin.find("00203")
    assert found
    assert found.serial == SERIAL
    await admin.assign(SERIAL)
    assert await admin.code(SERIAL) == hes.vaults.activation_code(SERIAL)
    assert [employee.keys for employee in await server.employees()] == [1]
    # The same employee again, once the key was taken away.
    await hes.employees.remove_hardware_vault(SERIAL)
    await admin.assign(SERIAL)
    with pytest.raises(BenchError) as caught:
        await admin.assign(SERIAL)
    assert "refused" in str(caught.value)
    await server.close()


NO_ADDRESSES = (
    "",
    "127.0.0.1:8470",
    "ftp://x",
    "http://",
    "http://ann:pw@host",
    "http://host?x=1",
    "http://[::1",
    "http://host:99999",
    "http://host:port",
    "http://a\x7f",
    "http://xn--a.b.c-\u00e9\u00e9",
)


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(BenchError) as caught:
        NetworkServer(url, Login(USER, PASSWORD), new_key(), default_wire(), tell=lambda text: None)
    assert "address" in str(caught.value)
    assert "ann:pw" not in str(caught.value)


def test_who_sends_a_password_without_tls_is_warned() -> None:
    told: list[str] = []
    warned: list[str] = []
    for url in ("http://127.0.0.1:1", "https://hes.example.org", "http://hes.example.org"):
        login = Login(USER, PASSWORD)
        NetworkServer(url, login, new_key(), default_wire(), tell=told.append, warn=warned.append)
    assert len(warned) == 1
    assert "TLS" in warned[0]
    assert told == []


async def test_a_wrong_password_is_one_sentence(hes: Hes, sockets: MemorySockets) -> None:
    server = network_server(hes, sockets, login=Login(USER, Password.from_text("wrong")))
    with pytest.raises(BenchError) as caught:
        await server.open()
    assert "does not let ann@example.org in" in str(caught.value)
    assert "wrong" not in str(caught.value)
    await server.close()


@pytest.mark.parametrize("typed", [None, "", "000000", "right"])
async def test_a_server_that_wants_a_second_factor(
    hes: Hes, sockets: MemorySockets, typed: str | None
) -> None:
    """Whoever sits there types the code; without anybody it is one sentence."""
    (user,) = hes.users.list()
    hes.two_factor.turn_on(user, SECRET, app_code(SECRET, NOON, seconds=-30))
    right = app_code(SECRET, NOON)

    async def ask() -> LoginCode:
        return right if typed == "right" else LoginCode.from_text(typed or "")

    login = Login(USER, PASSWORD, ask_otp=None if typed is None else ask)
    server = network_server(hes, sockets, login=login)
    if typed == "right":
        await server.open()
        assert await server.employees() == []
    else:
        with pytest.raises(BenchError) as caught:
            await server.open()
        told = "InvalidAuthenticatorCode" if typed else "somebody without two-factor sign-in"
        assert told in str(caught.value)
    await server.close()


async def test_a_server_that_is_not_there_is_one_sentence() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    login = Login(USER, PASSWORD)
    http = httpx.MockTransport(refuse)
    server = NetworkServer(
        "http://127.0.0.1:1", login, new_key(), default_wire(), tell=lambda text: None, http=http
    )
    with pytest.raises(BenchError) as caught:
        await server.open()
    assert "cannot be reached" in str(caught.value)
    await server.close()


def answering(answer: Callable[[httpx.Request], httpx.Response]) -> NetworkServer:
    """A server of which nothing is known but what it answers."""
    login, http = Login(USER, PASSWORD), httpx.MockTransport(answer)
    return NetworkServer(
        "http://127.0.0.1:1", login, new_key(), default_wire(), tell=lambda text: None, http=http
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (httpx.Response(200, text="<html>Welcome</html>"), "no Hideez Enterprise Server"),
        (httpx.Response(200), "no Hideez Enterprise Server"),
        (httpx.Response(404, text="<html>Not here</html>"), "no Hideez Enterprise Server"),
        (
            httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
            "https://elsewhere.example/",
        ),
        (httpx.Response(401, json={"error": "TwoFactorRequired"}), "somebody without two-factor sign-in"),
        (httpx.Response(401, content=b"\xff\xfe{"), "status 401"),
        (httpx.Response(500, json={"error": "It broke."}), "It broke."),
        (httpx.Response(503, text="<html>Later</html>"), "status 503"),
    ],
)
async def test_what_is_no_server_or_an_unwell_one_is_one_sentence(answer: httpx.Response, told: str) -> None:
    server = answering(lambda request: answer)
    with pytest.raises(BenchError) as caught:
        await server.open()
    assert told in str(caught.value)
    assert "correct horse" not in str(caught.value)
    await server.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"<html>",
        b"\xff\xfe{",
        b'{"value": []}',
        b'[{"Id": "X"}]',
        b'[{"id": "X", "status": 42}]',
        b"[3]",
    ],
)
async def test_a_server_of_another_version_is_one_sentence(content: bytes) -> None:
    """It lets us in, and then speaks of keys and people in some other way."""
    cookie = {"set-cookie": ".AspNetCore.Identity.Application=x"}
    server = answering(
        lambda request: httpx.Response(
            200, content=b"" if "Login" in request.url.path else content, headers=cookie
        )
    )
    await server.open()
    calls: list[Callable[[], Awaitable[object]]] = [
        server.vaults,
        partial(server.vault, SERIAL),
        server.employees,
        partial(server.create_employee, "Ann", "Smith", ""),
        partial(server.activation_code, SERIAL),
    ]
    for call in calls:
        with pytest.raises(AnotherServer) as caught:
            await call()
        assert "nothing was sent to a key" in str(caught.value)
    await server.close()


async def test_what_the_real_server_does_not_offer_is_said(hes: Hes, sockets: MemorySockets) -> None:
    server = await reserved(hes, sockets)
    admin = administrator(server)
    for call, told in (
        (partial(admin.import_vault, "ST-2", "1"), "pages"),
        (partial(server.activate, SERIAL), "press Activate"),
        (partial(admin.code, SERIAL), "--mailbox"),
    ):
        with pytest.raises(BenchError) as caught:
            await call()
        assert told in str(caught.value)
    await server.close()


async def test_the_code_is_asked_of_who_sits_there(hes: Hes, sockets: MemorySockets) -> None:
    async def ask(serial: str) -> ActivationCode:
        assert serial == SERIAL
        return ActivationCode.from_text("123456")

    server = await reserved(hes, sockets, login=Login(USER, PASSWORD, ask_code=ask))
    assert await administrator(server).code(SERIAL) == ActivationCode.from_text("123456")
    await server.close()


async def test_approval_is_waited_for_where_rest_does_not_give_it(hes: Hes, sockets: MemorySockets) -> None:
    told: list[str] = []

    def tell(text: str) -> None:
        told.append(text)
        asyncio.get_running_loop().call_later(10, hes.workstations.approve, server.workstation)

    server = network_server(
        hes, sockets, tell=tell, http=lambda inner: AsTheVendor(inner, "/api/Workstations/")
    )
    await server.open()
    connection = await server.connect(FakeWorkstation(server.workstation))
    assert connection.is_connected
    assert told == [f"must approve workstation {server.workstation} in the server's pages; waiting for that"]
    await server.close()


async def test_approval_that_never_comes_is_given_up(
    hes: Hes, sockets: MemorySockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "ASK_AGAIN", 50.0)
    server = network_server(hes, sockets, http=lambda inner: AsTheVendor(inner, "/api/Workstations/"))
    await server.open()
    with pytest.raises(BenchError) as caught:
        await server.connect(FakeWorkstation(server.workstation))
    assert "approved within 300 s" in str(caught.value)
    await server.close()


# --- the workstation's key ---


def test_a_key_is_made_once_and_for_one_s_own_eyes(tmp_path: Path) -> None:
    path = tmp_path / "workstation.key"
    key = workstation_key(path)
    assert workstation_key(path) == key
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert WORKSTATION_ID.fullmatch(workstation_name(key))
    assert workstation_name(key) != workstation_name(workstation_key(tmp_path / "other"))


@pytest.mark.parametrize("text", ["", "00", "zz" * 32])
def test_a_file_that_holds_no_key_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "workstation.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(BenchError) as caught:
        workstation_key(path)
    assert "holds no workstation's key" in str(caught.value)


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "workstation.key"
    path.write_text("00" * 32)
    path.chmod(0o644)
    with pytest.raises(BenchError) as caught:
        workstation_key(path)
    assert "Others" in str(caught.value)


def test_a_key_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(BenchError):
        workstation_key(tmp_path / "missing" / "workstation.key")
