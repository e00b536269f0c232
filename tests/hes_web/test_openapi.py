"""Every route of the OpenAPI document, called with whatever its schema allows and does not allow."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import unquote

import schemathesis
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.users import User
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.emulator.hes.web.security.sessions import SESSION_COOKIE
from hideez_bench.protocol.secret import Password
from tests.hes.bench import QUICK_HASHER

CONFIG = {
    # Each call brings a session of its own.
    "generation": {"with-security-parameters": False},
    # A list that is too long may be a body that is too large.
    "checks": {"negative_data_rejection": {"expected-statuses": ["400", "404", "409", "413", "415"]}},
}


def session(hes: Hes, user: User) -> dict[str, str]:
    return {"cookie": f"{SESSION_COOKIE}={hes.users.open_session(user).reveal().decode()}"}


hes = Hes(password_hasher=QUICK_HASHER)
user = asyncio.run(hes.users.create("a@example.org", Password.from_text("x" * 20), Role.ADMINISTRATOR))
app = create_app(WebContext(hes, WebSettings(hosts=frozenset({"testserver"}))))
schema = schemathesis.openapi.from_asgi(
    "/swagger/v1/swagger.json",
    app,
    headers=session(hes, user),
    config=SchemathesisConfig.from_dict(CONFIG),
)


@schema.parametrize()
@settings(max_examples=5)
def test_answers_are_as_documented(case: schemathesis.Case[Any]) -> None:
    body, in_path = case.body, case.path_parameters.get("id")
    if isinstance(body, dict) and isinstance(body.get("id"), str) and isinstance(in_path, str):
        body["id"] = unquote(in_path)  # another one would be refused, and rightly so
    case.call_and_validate(headers=session(hes, user))
