"""Every route of the OpenAPI document, called with whatever its schema allows and does not allow."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.schemas import BaseSchema

from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import Password
from tests.hes.bench import QUICK_HASHER

CONFIG = {
    # Each call brings a session of its own.
    "generation": {"with-security-parameters": False},
    # A list that is too long may be a body that is too large.
    "checks": {"negative_data_rejection": {"expected-statuses": ["400", "404", "409", "413", "415"]}},
}
AREAS = (
    *("Audit", "Dashboard", "Employees", "HardwareVaults", "Identity", "OrgStructure", "SharedAccounts"),
    *("Templates", "Workstations"),
)
"""Routes by the word after /api, so that several processes share the work of making up their calls."""


@dataclass
class Rest:
    """A server, its one user, and the document."""

    hes: Hes
    user: User
    schema: BaseSchema

    def session(self) -> dict[str, str]:
        """A new one, as a header."""
        return session(self.hes, self.user)


def session(hes: Hes, user: User) -> dict[str, str]:
    return {"cookie": f"{SESSION_COOKIE}={hes.users.open_session(user).reveal().decode()}"}


@pytest.fixture(scope="module")
def rest() -> Iterator[Rest]:
    hes = Hes(password_hasher=QUICK_HASHER)
    user = asyncio.run(hes.users.create("a@example.org", Password.from_text("x" * 20), Role.ADMINISTRATOR))
    app = create_app(WebContext(hes, WebSettings(hosts=frozenset({"testserver"}))))
    config = SchemathesisConfig.from_dict(CONFIG)
    path = "/swagger/v1/swagger.json"
    yield Rest(
        hes, user, schemathesis.openapi.from_asgi(path, app, headers=session(hes, user), config=config)
    )
    asyncio.run(hes.close())


@pytest.fixture
def document(request: pytest.FixtureRequest, rest: Rest) -> BaseSchema:
    # Where schemathesis looks for it, and pytest 9.2 has it no more.
    request.node._nodeid = request.node.nodeid
    return rest.schema


@settings(max_examples=5)
def answers_are_as_documented(case: schemathesis.Case[Any], rest: Rest) -> None:
    body, in_path = case.body, case.path_parameters.get("id")
    is_meant_to_fail = case.meta is not None and case.meta.is_negative_at(ParameterLocation.BODY)
    if isinstance(body, dict) and "id" in body and isinstance(in_path, str) and not is_meant_to_fail:
        body["id"] = unquote(in_path)  # another one would be refused, and rightly so
    case.call_and_validate(headers=rest.session())


# From a fixture, for the calls would be made up while the tests are collected, in every process anew.
ROUTES = schemathesis.pytest.from_fixture("document")
TESTED = {area: ROUTES.include(path_regex=f"^/api/{area}/") for area in AREAS}
TESTED["Others"] = ROUTES.exclude(path_regex=f"^/api/({'|'.join(AREAS)})/")
for area, routes in TESTED.items():
    globals()[f"test_{area}"] = routes.parametrize()(answers_are_as_documented)
