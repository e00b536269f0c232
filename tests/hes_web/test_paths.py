"""What needs a session and what a viewer may ask for goes by route, however an address is written."""

from __future__ import annotations

from itertools import product
from urllib.parse import unquote

import httpx
from starlette.routing import Match, Mount
from starlette.types import Receive, Scope, Send

from hideez_bench.emulator.hes.web.security.paths import HUB_PATHS, OPEN_FOLDER, OPEN_PATHS, VIEWER_MAY_POST
from tests.hes_web.conftest import URL, Site


def leads_somewhere(site: Site, path: str) -> bool:
    """Whether a route takes this path, by any method of ours."""
    kinds = [("http", "GET"), ("http", "POST"), ("websocket", "")]
    return any(
        route.matches({"type": kind, "path": path, "method": method, "headers": [], "root_path": ""})[0]
        is Match.FULL
        for kind, method in kinds
        for route in site.app.router.routes
    )


async def test_each_path_is_one_route_and_no_pattern(site: Site) -> None:
    for path in OPEN_PATHS | VIEWER_MAY_POST:
        check_one_route(site, path)


def check_one_route(site: Site, path: str) -> None:
    assert leads_somewhere(site, path)
    for other in (
        f"{path}x",
        f"{path}/",
        f"{path}/x",
        f"/{path}",
        path.upper(),
        path.rpartition("/")[0] + "/x",
    ):
        assert not leads_somewhere(site, other), other


async def test_what_is_open_by_its_folder_is_files(site: Site) -> None:
    files = [route for route in site.app.router.routes if isinstance(route, Mount)]
    assert [route.path for route in files if OPEN_FOLDER.startswith(route.path)] == ["/static"]
    others = [route for route in site.app.router.routes if not isinstance(route, Mount)]
    for path in (OPEN_FOLDER, f"{OPEN_FOLDER}style.css", f"{OPEN_FOLDER}../vaults", f"{OPEN_FOLDER}api/x"):
        scope = {"type": "http", "path": path, "method": "GET", "headers": [], "root_path": ""}
        assert not [route for route in others if route.matches(scope)[0] is not Match.NONE]


async def ask(
    site: Site, who: httpx.AsyncClient, method: str, target: str, body: object = None
) -> httpx.Response:
    """A request for just this target: httpx would tidy it first, and an attacker does not."""
    path, _, query = target.partition("?")

    async def as_written(scope: Scope, receive: Receive, send: Send) -> None:
        # What uvicorn makes of it.
        written = {"path": unquote(path), "raw_path": path.encode(), "query_string": query.encode()}
        await site.app({**scope, **written}, receive, send)

    transport = httpx.ASGITransport(as_written, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL, cookies=who.cookies) as client:
        return await client.request(method, "/", json=body)


SPELLINGS = [
    "{path}/",
    "{path}//",
    "/{path}",
    "/.{path}",
    "/x/..{path}",
    "{path}/.",
    "{path}/../vaults",
    "{path}%2f",
    "{path}%00",
    "{path}%20",
    "{path};x=1",
    "{path}.json",
    "{path}\\",
    "/static/..{path}",
    "/static/%2e%2e{path}",
    "/static%2f..{path}",
    "/STATIC/..{path}",
    "/login/..{path}",
    "/login%2f..{path}",
    "/login%3f/..{path}",
]
GUARDED = ["/vaults", "/users", "/api/Employees/GetEmployees", "/swagger/v1/swagger.json", "/events"]


async def test_no_spelling_of_an_address_lets_a_stranger_in(site: Site) -> None:
    for spelling, path in product(SPELLINGS, GUARDED):
        for written in {spelling.format(path=path), spelling.format(path=path.upper())}:
            answer = await ask(site, site.stranger, "GET", written)
            assert answer.status_code in (303, 401, 404), written
            assert answer.headers.get("location", "/login").startswith("/login"), written
            posted = await ask(site, site.stranger, "POST", written, {})
            assert posted.status_code in (401, 403, 404, 405, 415), written


CHANGES = [("/api/bench/SetAlarm", "PUT", {"isOn": True}), ("/vaults/import", "POST", {})]
VIEWERS = [
    spelling.replace("{path}", "{own}/..{path}") for spelling in ("{path}", "/{path}", "{path}/", "{path}?x")
] + SPELLINGS


async def test_no_spelling_of_an_address_lets_a_viewer_change_anything(site: Site) -> None:
    for spelling, (path, method, body) in product(VIEWERS, CHANGES):
        for own in ("/password", "/api/Identity/RefreshSignIn"):
            written = spelling.format(path=path, own=own)
            answer = await ask(site, site.viewer, method, written, body)
            assert answer.status_code == 403, written
    assert not site.bench.hes.alarm


async def test_an_encoded_character_is_that_character(site: Site) -> None:
    """The door reads what the router reads, so an address that is written oddly is the same address."""
    for written in ("/%6cogin", "/api/Identity/Log%69n", "/static%2fstyle.css", "/login?/vaults"):
        path = unquote(written.partition("?")[0])
        assert path in OPEN_PATHS or path.startswith(OPEN_FOLDER)
        answer = await ask(site, site.stranger, "GET", written)
        assert answer.status_code in (200, 405)


async def test_hubs_are_those_that_bring_their_own_admission(site: Site) -> None:
    assert HUB_PATHS <= OPEN_PATHS
    for path in HUB_PATHS:
        for spelling in ("{path}/", "/{path}", "{path}/../vaults"):
            answer = await ask(site, site.stranger, "POST", spelling.format(path=path), {})
            assert answer.status_code == 401
