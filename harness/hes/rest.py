"""The server's REST as a program calls it: one session, and every answer that is none told in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from hideez_bench.harness.hes.server import ServerUnreachable
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import LoginCode, Password

REQUEST_SECONDS = 15.0
_SCHEMES = ("http", "https")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

T = TypeVar("T")


class NotOffered(BenchError):
    """The server has no such call: what the bench adds to REST is on no other server."""


class SecondFactorWanted(BenchError):
    """The password was right, and the server wants a code of an authenticator app besides."""


class AnotherServer(BenchError):
    """What answers there is no Hideez Enterprise Server, or one that speaks otherwise."""


class Rest:
    """Requests to the server at a URL, for one user.

    Attributes:
        lacks_tls: the host whose traffic others can read on its way; None where they cannot.
    """

    def __init__(self, url: str, user: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        """`transport` carries requests elsewhere than over the network, for tests.

        Raises:
            BenchError: the URL is none.
        """
        if "@" in url:
            raise BenchError(
                "A server's address holds no user and no password; give them by --hes-user and --hes-password-file."
            )
        no_address = BenchError(f"{url} is no server's address; name one as http://127.0.0.1:8470.")
        try:
            parts = urlsplit(url)
            parts.port  # noqa: B018 - raises where it is no number, or too large
            # No proxy, as for the hubs: requests carry a password.
            self._http = httpx.AsyncClient(
                base_url=url, timeout=REQUEST_SECONDS, trust_env=False, transport=transport
            )
        except (ValueError, httpx.InvalidURL):
            raise no_address from None
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.query:
            raise no_address
        self._name = parts.netloc
        self._user = user
        is_readable = parts.scheme == "http" and parts.hostname not in _LOOPBACK
        self.lacks_tls = parts.hostname if is_readable else None

    async def log_in(self, password: Password, code: LoginCode | None = None) -> None:
        """Open a session.

        Raises:
            BenchError: the server cannot be reached (`ServerUnreachable`), does not let this user in, wants a code
                (`SecondFactorWanted`), or is another (`AnotherServer`).
        """
        otp = code.reveal().decode() if code else ""
        body = {"email": self._user, "password": password.reveal().decode(), "otp": otp}
        try:
            answer = await self.send("POST", "/api/Identity/Login", body)
        except NotOffered:
            raise self._another() from None
        if SESSION_COOKIE not in answer.cookies:
            raise self._another()

    async def ask(self, method: str, path: str, read: Callable[[Any], T], body: object = None) -> T:
        """What a request is answered with, as `read` takes it.

        Raises:
            BenchError: as `send`; `AnotherServer` where `read` cannot take it.
        """
        answer = await self.send(method, path, body)
        try:
            return read(answer.json())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._another() from None

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A request, and its answer.

        Raises:
            BenchError: it is a refusal, or there is none (`ServerUnreachable`), or no such call (`NotOffered`).
        """
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise ServerUnreachable(
                f"The server at {self._name} cannot be reached ({str(error) or type(error).__name__}); is it running?"
            ) from None
        if answer.is_success:
            return answer
        if answer.is_redirect:
            elsewhere = answer.headers["location"]
            raise BenchError(
                f"The server at {self._name} sends on to {elsewhere}; name that server's address, if you trust it."
            )
        reason = _reason(answer)
        if answer.status_code == 401 and reason == "TwoFactorRequired":
            raise SecondFactorWanted(
                f"The server wants a code of an authenticator app from {self._user}, and there is nobody to type "
                "one; name by --hes-user somebody without two-factor sign-in, or start this at a terminal."
            )
        if answer.status_code == 401:
            raise BenchError(f"The server does not let {self._user} in ({reason or 'status 401'}).")
        if answer.status_code in (404, 405) and reason in ("Not Found", "Method Not Allowed", ""):
            raise NotOffered(f"The server at {self._name} has no {path}.")
        raise BenchError(f"The server at {self._name} refused: {reason or f'status {answer.status_code}'}")

    async def close(self) -> None:
        """End its connections."""
        await self._http.aclose()

    def _another(self) -> AnotherServer:
        return AnotherServer(
            f"What answers at {self._name} is no Hideez Enterprise Server, or one of a version that this bench does "
            "not know; nothing was sent to a key."
        )


def _reason(answer: httpx.Response) -> str:
    """What the server says in its refusal; nothing where it says it in another form."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else ""
