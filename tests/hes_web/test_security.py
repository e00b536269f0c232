"""Who may ask for what."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, create_app
from hideez_bench.emulator.hes.web.rest.openapi import document
from hideez_bench.emulator.hes.web.security import OPEN_PATHS, SAFE_METHODS, SECURITY_HEADERS, VIEWER_MAY_POST
from tests.hes_web.conftest import Site

with_every_route = pytest.mark.parametrize(
    ("method", "path"),
    [
        (method.upper(), path)
        for path, methods in document(create_app(WebContext(Hes())))["paths"].items()
        for method in methods
    ],
)


@with_every_route
async def test_nothing_but_login_answers_without_a_session(site: Site, method: str, path: str) -> None:
    answer = await site.stranger.request(method, path, json={})
    if path in OPEN_PATHS:
        assert answer.status_code in (200, 400)
    else:
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value


@with_every_route
async def test_a_viewer_changes_nothing(site: Site, method: str, path: str) -> None:
    may = method in SAFE_METHODS or path in VIEWER_MAY_POST
    answer = await site.viewer.request(method, path, json={})
    assert (answer.status_code != 403) == (may and "ActivationCode" not in path)
