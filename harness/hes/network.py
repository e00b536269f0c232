"""The server over a network: REST for the administrator's calls, hubs for the client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import VaultImport
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.mailbox_codes import code_from_mailbox
from hideez_bench.harness.hes.server import Employee, Vault
from hideez_bench.harness.hes.signalr_client import OpenSocket
from hideez_bench.harness.hes.web_socket import WebSockets
from hideez_bench.harness.hes.workstation_key import workstation_name
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import (
    SESSION_COOKIE,
    HesConnection,
    HesError,
    HesErrorCode,
    Workstation,
    WorkstationInfo,
)
from hideez_bench.protocol.secret import ActivationCode, LoginCode, Password, WorkstationKey
from hideez_bench.protocol.wire import Wire

APPROVAL_SECONDS = 300.0
MAIL_SECONDS = 300.0
ASK_AGAIN = 2.0
REQUEST_SECONDS = 15.0
_SCHEMES = ("http", "https")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

T = TypeVar("T")


class NotOffered(BenchError):
    """The server has no such call: what the bench adds to REST is on no other server."""


class SecondFactorWanted(BenchError):
    """The password was right, and the server wants a code of an authenticator app besides."""


class ServerUnreachable(BenchError):
    """Nothing answers at the address. It may later."""


class AnotherServer(BenchError):
    """What answers there is no Hideez Enterprise Server, or one that speaks otherwise."""


@dataclass(frozen=True)
class Login:
    """How the bench logs in, and who helps where a server does not offer what is needed.

    Attributes:
        mailbox: the address of the mailbox's page, where activation codes are looked for.
        ask_otp: asks whoever sits there for the code of their authenticator app; None where nobody does.
        ask_code: asks whoever sits there for the code of a key; None where nobody does.
    """

    user: str
    password: Password
    mailbox: str | None = None
    ask_code: Callable[[str], Awaitable[ActivationCode | None]] | None = None
    ask_otp: Callable[[], Awaitable[LoginCode | None]] | None = None


class NetworkServer:
    """A `HesServer` behind a URL. `open` logs in; `tell` is told what the administrator does.

    `warn` is told what somebody must know or do; `tell` where there is no other.
    """

    def __init__(
        self,
        url: str,
        login: Login,
        key: WorkstationKey,
        wire: Wire,
        *,
        tell: Callable[[str], None],
        warn: Callable[[str], None] | None = None,
        http: httpx.AsyncBaseTransport | None = None,
        open_socket: OpenSocket | None = None,
    ) -> None:
        """`http` and `open_socket` carry requests and WebSockets elsewhere than over the network, for tests.

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
                base_url=url, timeout=REQUEST_SECONDS, trust_env=False, transport=http
            )
        except (ValueError, httpx.InvalidURL):
            raise no_address from None
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.query:
            raise no_address
        self._login = login
        self._key = key
        self._wire = wire
        self._tell, self._warn = tell, warn or tell
        self._open_socket = open_socket or WebSockets(url)
        self._name = parts.netloc
        self._connections: list[HubConnection] = []
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            self._warn(
                f"warns: there is no TLS on the way to {parts.hostname}; passwords and codes can be read there"
            )

    @property
    def workstation(self) -> str:
        """See `HesServer.workstation`."""
        return workstation_name(self._key)

    async def open(self) -> None:
        """Log in.

        Raises:
            BenchError: the server cannot be reached (`ServerUnreachable`), does not let this user in, or is another
                (`AnotherServer`).
        """
        try:
            answer = await self._log_in()
        except SecondFactorWanted:
            code = await self._login.ask_otp() if self._login.ask_otp else None
            if code is None:
                raise
            answer = await self._log_in(code.reveal().decode())
        except NotOffered:
            raise self._another() from None
        if SESSION_COOKIE not in answer.cookies:
            raise self._another()

    async def _log_in(self, otp: str = "") -> httpx.Response:
        login = self._login
        body = {"email": login.user, "password": login.password.reveal().decode(), "otp": otp}
        return await self._request("POST", "/api/Identity/Login", body)

    async def vaults(self) -> list[Vault]:
        """See `HesServer.vaults`."""
        path = "/api/HardwareVaults/GetHardwareVaults"
        return await self._ask("GET", path, lambda found: [_vault(one) for one in found])

    async def vault(self, serial: str) -> Vault:
        """See `HesServer.vault`."""
        path = f"/api/HardwareVaults/GetHardwareVaultById/{quote(serial, safe='')}"
        return await self._ask("GET", path, _vault)

    async def import_vault(self, record: VaultImport) -> None:
        """See `HesServer.import_vault`; the real server imports in its pages only."""
        device = {
            "deviceId": record.id,
            "mac": record.mac,
            "model": record.model,
            "rfid": record.rfid,
            "firmware": record.firmware,
            "rootKey": base64.b64encode(record.root_key).decode() if record.root_key else None,
        }
        licenses = [
            {
                "id": licence.id,
                "licenseOrderId": licence.license_order_id,
                "deviceId": record.id,
                "endDate": licence.end_date.isoformat(),
                "data": base64.b64encode(licence.data).decode() if licence.data is not None else None,
            }
            for licence in record.licenses
        ]
        body = {"devicesDto": [device], "deviceLicensesDto": licenses}
        try:
            await self._request("POST", "/api/bench/ImportHardwareVaults", body)
        except NotOffered:
            raise BenchError(
                f"The server does not know key {record.id}, and takes no keys from programs; "
                "import it in the server's pages first."
            ) from None
        self._tell(f"imports key {record.id}")

    async def employees(self) -> list[Employee]:
        """See `HesServer.employees`."""
        path = "/api/Employees/GetEmployees"
        return await self._ask("GET", path, lambda found: [_employee(one) for one in found])

    async def create_employee(self, first_name: str, last_name: str, email: str) -> str:
        """See `HesServer.create_employee`."""
        body = {"firstName": first_name, "lastName": last_name, "email": email}
        path = "/api/Employees/CreateEmployee"
        created = await self._ask("POST", path, lambda found: str(found["id"]), body)
        self._tell(f"enters employee {first_name} {last_name}")
        return created

    async def assign(self, employee_id: str, serial: str) -> None:
        """See `HesServer.assign`."""
        body = {"employeeId": employee_id, "hardwareVaultId": serial}
        await self._request("POST", "/api/Employees/AddHardwareVault", body)
        self._tell(f"assigns key {serial}")

    async def activate(self, serial: str) -> None:
        """See `HesServer.activate`; the real server does so in its pages only."""
        try:
            await self._request("POST", f"/api/bench/ActivateHardwareVault/{quote(serial, safe='')}", {})
        except NotOffered:
            raise BenchError(
                f"The server activates key {serial} in its pages only; press Activate there, and start again "
                "without --reactivate."
            ) from None
        self._tell(f"activates key {serial}")

    async def activation_code(self, serial: str) -> ActivationCode:
        """See `HesServer.activation_code`: from the mailbox if there is one, else from the server, else asked for."""
        if self._login.mailbox:
            return await self._mailed(self._login.mailbox, serial)
        try:
            path = f"/api/bench/GetActivationCode/{quote(serial, safe='')}"
            return await self._ask("GET", path, lambda found: ActivationCode.from_text(found["code"]))
        except NotOffered:
            pass
        code = await self._login.ask_code(serial) if self._login.ask_code else None
        if code is None:
            raise BenchError(
                f"The server does not give the code of key {serial} to programs; name the mailbox that it is sent to "
                "(--mailbox), or type it (--code)."
            )
        return code

    async def connect(self, workstation: Workstation) -> HesConnection:
        """See `HesServer.connect`: approves the workstation, or waits until somebody has."""
        connection = HubConnection(self._open_socket, workstation, self._key, self._wire)
        self._connections.append(connection)
        await connection.connect()
        info = WorkstationInfo(workstation.id, machine_name="hideez-bench")
        if await _is_let_in(connection, info):
            return connection
        try:
            path = f"/api/Workstations/ApproveWorkstation/{workstation.id}"
            body = {"id": workstation.id, "departmentId": None, "rfidEnabled": False}
            await self._request("PUT", path, body)
            self._tell(f"approves workstation {workstation.id}")
        except NotOffered:
            self._warn(f"must approve workstation {workstation.id} in the server's pages; waiting for that")
        try:
            async with asyncio.timeout(APPROVAL_SECONDS):
                while not await _is_let_in(connection, info):  # noqa: ASYNC110 - it is approved elsewhere
                    await asyncio.sleep(ASK_AGAIN)
        except TimeoutError:
            raise BenchError(
                f"Workstation {workstation.id} was not approved within {APPROVAL_SECONDS:g} s; "
                "nothing was sent to a key."
            ) from None
        return connection

    async def close(self) -> None:
        """See `HesServer.close`."""
        for connection in self._connections:
            await connection.close()
        await self._http.aclose()

    async def _mailed(self, mailbox: str, serial: str) -> ActivationCode:
        """Have the code mailed now, so that no mail with an older code is taken for it, and read the mail."""
        since = datetime.now(UTC)
        try:
            await self._request("POST", f"/api/bench/SendActivationCode/{quote(serial, safe='')}", {})
            self._tell(f"has the code of key {serial} mailed")
        except NotOffered:
            since = datetime.min.replace(tzinfo=UTC)  # it may have been mailed before
            self._warn(f"must have the code of key {serial} mailed; waiting for it in {mailbox}")
        return await code_from_mailbox(mailbox, serial, since, MAIL_SECONDS)

    async def _ask(self, method: str, path: str, read: Callable[[Any], T], body: object = None) -> T:
        """What a request is answered with, as `read` takes it."""
        answer = await self._request(method, path, body)
        try:
            return read(answer.json())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._another() from None

    async def _request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """A request, and its answer if it is no refusal."""
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
                f"The server wants a code of an authenticator app from {self._login.user}, and there is nobody to type "
                "one; name by --hes-user somebody without two-factor sign-in, or start this at a terminal."
            )
        if answer.status_code == 401:
            raise BenchError(f"The server does not let {self._login.user} in ({reason or 'status 401'}).")
        if answer.status_code in (404, 405) and reason in ("Not Found", "Method Not Allowed", ""):
            raise NotOffered(f"The server at {self._name} has no {path}.")
        raise BenchError(f"The server at {self._name} refused: {reason or f'status {answer.status_code}'}")

    def _another(self) -> AnotherServer:
        return AnotherServer(
            f"What answers at {self._name} is no Hideez Enterprise Server, or one of a version that this bench does "
            "not know; nothing was sent to a key."
        )


async def _is_let_in(connection: HubConnection, info: WorkstationInfo) -> bool:
    try:
        await connection.register_workstation_info(info)
    except HesError as error:
        if error.code is HesErrorCode.HesWorkstationNotApproved:
            return False
        raise
    return True


def _vault(found: dict[str, Any]) -> Vault:
    return Vault(found["id"], VaultStatus(found["status"]))


def _employee(found: dict[str, Any]) -> Employee:
    name = f"{found['firstName']} {found['lastName']}".strip()
    return Employee(found["id"], name, len(found.get("hardwareVaults") or ()))


def _reason(answer: httpx.Response) -> str:
    """What the server says in its refusal; nothing where it says it in another form."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) else ""
