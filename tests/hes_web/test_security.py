"""Who may ask for what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, create_app
from hideez_bench.emulator.hes.web.rest.openapi import document
from hideez_bench.emulator.hes.web.security.door import SECURITY_HEADERS
from hideez_bench.emulator.hes.web.security.forms import LARGEST_BODY_OF_A_STRANGER, csrf_token
from hideez_bench.emulator.hes.web.security.paths import OPEN_PATHS, SAFE_METHODS, VIEWER_MAY_POST
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import Password, SessionToken
from tests.hes_web.conftest import ADMINISTRATOR, URL, Site, visitor
from tests.hes_web.pages import Page

# One server for all of them: that is what takes time.
ROUTES = [
    (method.upper(), path)
    for path, methods in document(create_app(WebContext(Hes())))["paths"].items()
    for method in methods
]


async def test_nothing_but_login_answers_without_a_session(site: Site) -> None:
    for method, path in ROUTES:
        answer = await site.stranger.request(method, path, json={})
        if path in OPEN_PATHS:
            # This one refuses whatever is sent, and says so in its answer.
            is_fido2 = path == "/api/Identity/LoginWithFido2"
            assert answer.status_code == (200 if is_fido2 else 400), path
        else:
            assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"}), path
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value


async def test_a_viewer_changes_nothing(site: Site) -> None:
    for method, path in ROUTES:
        if path == "/api/Identity/Logout":
            continue
        may = method in SAFE_METHODS or path in VIEWER_MAY_POST
        answer = await site.viewer.request(method, path, json={})
        assert (answer.status_code != 403) == (may and "ActivationCode" not in path), path


@pytest.mark.parametrize(
    "name",
    [
        "evil.example",
        "evil.example:8470",
        "127.0.0.1.evil.example",
        "",
        "[",
        "10.0.0.1",
        "me@127.0.0.1",
        "127.0.0.1#.evil.example",
        "127.0.0.1/",
        "localhost:999999",
    ],
)
@pytest.mark.parametrize("path", ["/login", "/api/Employees/GetEmployees", "/appHub"])
async def test_another_name_is_not_answered(site: Site, path: str, name: str) -> None:
    answer = await site.administrator.get(path, headers={"host": name})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    "name", ["127.0.0.1:8470", "localhost:8470", "[::1]:8470", "LOCALHOST", "localhost:1"]
)
async def test_names_of_this_machine_are_answered(site: Site, name: str) -> None:
    answer = await site.administrator.get("/api/Employees/GetEmployees", headers={"host": name})
    assert answer.status_code == 200


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "http://localhost:8470"},
    {"origin": "null"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_page_of_another_site_changes_nothing(site: Site, headers: dict[str, str]) -> None:
    for method, path in ROUTES:
        answer = await site.administrator.request(method, path, json={}, headers=headers)
        assert (answer.status_code == 403) == (method not in SAFE_METHODS), path


async def test_own_pages_may_ask(site: Site) -> None:
    own = {"origin": URL, "sec-fetch-site": "same-origin"}
    answer = await site.administrator.put("/api/bench/SetAlarm", json={"isOn": True}, headers=own)
    assert answer.status_code == 204


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_rest_takes_json_alone(site: Site, kind: str) -> None:
    """What a form on another page could send without asking first is no JSON."""
    answer = await site.administrator.put(
        "/api/bench/SetAlarm", content='{"isOn": true}', headers={"content-type": kind}
    )
    assert (answer.status_code, site.bench.hes.alarm) == (415, False)


@pytest.mark.parametrize("announced", ["1048577", "9" * 5000])
async def test_a_body_that_announces_too_much_is_not_read(site: Site, announced: str) -> None:
    answer = await site.stranger.post(
        "/api/Identity/Login", content=b"{}", headers={"content-length": announced}
    )
    assert answer.status_code == 413


async def test_a_body_without_an_announcement_is_read_so_far(site: Site) -> None:
    handed_out = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal handed_out
        while True:
            handed_out += 65536
            yield bytes(65536)

    answer = await site.stranger.post("/api/Identity/Login", content=endless())
    assert answer.status_code == 413
    assert handed_out <= LARGEST_BODY_OF_A_STRANGER + 2 * 65536


@pytest.mark.parametrize("path", ["/appHub", "/deviceHub"])
@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"host": "evil.example"}], ids=str)
async def test_a_web_socket_of_another_site_is_not_opened(
    site: Site, path: str, headers: dict[str, str]
) -> None:
    sent = await web_socket(site, path, {"host": "127.0.0.1:8470"} | headers)
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_a_web_socket_anywhere_else_needs_a_session(site: Site) -> None:
    sent = await web_socket(site, "/events", {"host": "127.0.0.1:8470"})
    assert [message["type"] for message in sent] == ["websocket.close"]


async def web_socket(site: Site, path: str, headers: dict[str, str]) -> list[MutableMapping[str, Any]]:
    """Knock; what is answered."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "path": path, "headers": raw, "query_string": b"", "subprotocols": []}
    await site.app(scope, receive, send)
    return sent


class TestForms:
    """The token that every form of a page carries."""

    @pytest.fixture(autouse=True)
    def page(self, site: Site) -> None:
        async def form(request: Request) -> Response:
            if request.method == "GET":
                return PlainTextResponse(csrf_token(request))
            async with request.form() as sent:
                return PlainTextResponse(str(sent["name"]))

        # Before the pages' own.
        site.app.router.routes.insert(0, Route("/form", form, methods=["GET", "POST"]))
        site.app.router.routes.insert(0, Route("/login", form, methods=["GET", "POST"]))

    async def test_a_form_with_its_token_is_taken(self, site: Site) -> None:
        token = (await site.administrator.get("/form")).text
        for sent in (
            await site.administrator.post("/form", data={"csrf_token": token, "name": "Ann"}),
            await site.administrator.post(
                "/form", data={"csrf_token": token, "name": "Ann"}, files={"file": b"x"}
            ),
            await site.administrator.post("/form", data={"name": "Ann"}, headers={"x-csrf-token": token}),
        ):
            assert (sent.status_code, sent.text) == (200, "Ann")

    async def test_a_form_without_its_token_is_refused(self, site: Site) -> None:
        others = (await site.viewer.get("/form")).text
        for data in (
            {"name": "Ann"},
            {"name": "Ann", "csrf_token": ""},
            {"name": "Ann", "csrf_token": others},
        ):
            assert (await site.administrator.post("/form", data=data)).status_code == 403
        assert (await site.administrator.post("/form", json={"name": "Ann"})).status_code == 403

    async def test_the_login_page_has_a_token_too(self, site: Site) -> None:
        shown = await site.stranger.get("/login")
        assert "HttpOnly" in shown.headers["set-cookie"]
        sent = await site.stranger.post("/login", data={"csrf_token": shown.text, "name": "Ann"})
        assert (sent.status_code, sent.text) == (200, "Ann")
        assert (await site.stranger.post("/login", data={"name": "Ann"})).status_code == 403
        assert (await site.visitor().post("/login", data={"csrf_token": shown.text})).status_code == 403

    async def test_a_stranger_is_sent_to_the_login_page(self, site: Site) -> None:
        answer = await site.stranger.get("/form")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert (await site.stranger.post("/form", data={"name": "Ann"})).status_code == 401


async def test_a_fault_tells_nothing(site: Site) -> None:
    async def fail(request: Request) -> Response:
        raise ValueError("the master key is 1234")

    site.app.router.routes.insert(0, Route("/fail", fail))
    answer = await site.administrator.get("/fail")
    assert (answer.status_code, answer.json()) == (500, {"error": "The server failed; its log says why."})
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value


@pytest.mark.parametrize("cookie", ["a,b=1", "a/b=1", "a=1; @x=2", 'hes.form="\\377"', "=;=", "é=é"])
async def test_cookies_of_other_servers_on_this_machine_do_no_harm(site: Site, cookie: str) -> None:
    """A browser sends them to every port."""
    assert (
        await site.stranger.get("/login", headers=[(b"cookie", cookie.encode("latin-1"))])
    ).status_code == 200


PART = b'--a\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=", b"x", 400),
        ("multipart/form-data; boundary=a", b"x", 400),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data\r\n\r\nx\r\n--a--", 400),
        ("multipart/form-data; boundary=a; charset=punycode", PART + b"\xff-\xff\r\n--a--\r\n", 415),
        ("multipart/form-data; boundary=a; charset=unicode_escape", PART + b"\\ud800\r\n--a--\r\n", 415),
        ("multipart/form-data; boundary=a; charset=UTF-8", PART + b"\xed\xa0\x80\r\n--a--\r\n", 403),
        ("application/x-www-form-urlencoded", b"a&" * 2000, 400),
        ("application/x-www-form-urlencoded", b"csrf_token=%ed%a0%80", 403),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"x-csrf-token": "wrong"}], ids=["field", "header"])
async def test_what_is_no_form_is_refused(
    site: Site, kind: str, body: bytes, status: int, headers: dict[str, str]
) -> None:
    answer = await site.stranger.post("/login", content=body, headers={"content-type": kind} | headers)
    assert answer.status_code == status


async def test_half_a_character_is_no_password(site: Site) -> None:
    for path in ("/api/Identity/Login", "/api/Identity/LoginWithPassword"):
        answer = await site.stranger.post(
            path, content=rb'{"email":"a","password":"\ud800"}', headers={"content-type": "application/json"}
        )
        assert (answer.status_code, answer.json()) == (400, {"error": "CredentialsNull"})


async def test_a_stranger_can_send_little(site: Site) -> None:
    for path in ("/login", "/api/Identity/Login"):
        answer = await site.stranger.post(path, content=bytes(LARGEST_BODY_OF_A_STRANGER + 1))
        assert answer.status_code == 413


async def test_a_database_that_fails_is_told_before_a_role_is_known(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(token: object) -> None:
        raise StoreError("The database is in use by another process.")

    monkeypatch.setattr(site.context.hes.users, "session", fail)
    for path in ("/vaults", "/api/Employees/GetEmployees"):
        answer = await site.administrator.get(path)
        assert (answer.status_code, answer.json()) == (
            503,
            {"error": "The database is in use by another process."},
        )


async def test_style_and_scripts_do_not_ask_the_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(token: object) -> None:
        raise StoreError("The database is in use by another process.")

    monkeypatch.setattr(site.context.hes.users, "session", fail)
    assert (await site.administrator.get("/static/style.css")).status_code == 200


class TestWhoAsksUntilTheBodyIsWhole:
    """A body may come late, and what happens to its sender meanwhile counts."""

    @pytest.fixture(params=["logged out", "demoted", "deleted", "another password", "expired", "kept"])
    def meanwhile(self, site: Site, request: pytest.FixtureRequest) -> Callable[[], Awaitable[None]]:
        users = site.bench.hes.users

        async def happens() -> None:
            asker = next(one for one in users.list() if one.email == ADMINISTRATOR)
            match request.param:
                case "logged out":
                    await visitor(site.app, **site.administrator.cookies).post("/api/Identity/Logout")
                case "demoted":
                    users.set_role(asker, Role.VIEWER)
                case "deleted":
                    users.delete(asker)
                case "another password":
                    await users.set_password(asker, Password.from_text("another one of these"))
                case "expired":
                    site.bench.clock.move(days=14)

        self.is_kept = request.param == "kept"
        return happens

    @pytest.fixture(autouse=True)
    async def second_administrator(self, site: Site) -> None:
        """Or the only one could not be sent away."""
        password = Password.from_text("never typed here")
        await site.bench.hes.users.create("second@example.org", password, Role.ADMINISTRATOR)

    async def test_over_rest(self, site: Site, meanwhile: Callable[[], Awaitable[None]]) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b'{"isOn": '
            await meanwhile()
            yield b"true}"

        answer = await site.administrator.put(
            "/api/bench/SetAlarm", content=body(), headers={"content-type": "application/json"}
        )
        assert (answer.status_code, site.bench.hes.alarm) == ((204, True) if self.is_kept else (401, False))

    async def test_on_a_page(self, site: Site, meanwhile: Callable[[], Awaitable[None]]) -> None:
        form = Page(await site.administrator.get("/workstations/alarm")).forms["/workstations/alarm"]

        async def body() -> AsyncIterator[bytes]:
            sent = urlencode(form).encode()
            yield sent[:10]
            await meanwhile()
            yield sent[10:]

        answer = await site.administrator.post(
            "/workstations/alarm",
            content=body(),
            headers={"content-type": "application/x-www-form-urlencoded", "accept": "text/html"},
        )
        assert (answer.status_code, site.bench.hes.alarm) == ((303, True) if self.is_kept else (401, False))
        assert ("Your session has ended, so nothing was changed" in answer.text) is not self.is_kept

    async def test_a_login_needs_no_session_that_was(self, site: Site) -> None:
        token = SessionToken.from_text(site.viewer.cookies[SESSION_COOKIE])

        async def body() -> AsyncIterator[bytes]:
            yield b'{"email": "second@example.org", '
            site.bench.hes.users.close_session(token)
            yield b'"password": "never typed here"}'

        answer = await site.viewer.post(
            "/api/Identity/Login", content=body(), headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200
