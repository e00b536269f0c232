"""The server over a network: REST for the administrator's calls, hubs for the client."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import VaultImport
from hideez_bench.harness.client.timed_hes import TimedHes
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.mailbox_codes import code_from_mailbox
from hideez_bench.harness.hes.rest import NotOffered, Rest, SecondFactorWanted
from hideez_bench.harness.hes.server import Employee, ServerUnreachable, Vault
from hideez_bench.harness.hes.signalr_client import OpenSocket
from hideez_bench.harness.hes.web_socket import WebSockets
from hideez_bench.harness.hes.workstation_key import workstation_name
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import (
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
MACHINE_NAME = "hideez-bench"


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
        self._rest = Rest(url, login.user, http)
        self._login = login
        self._key = key
        self._wire = wire
        self._tell, self._warn = tell, warn or tell
        self._open_socket = open_socket or WebSockets(url)
        self._connections: list[HubConnection] = []
        if self._rest.lacks_tls:
            self._warn(
                f"warns: there is no TLS on the way to {self._rest.lacks_tls}; passwords and codes can be read there"
            )

    @property
    def workstation(self) -> str:
        """See `HesServer.workstation`."""
        return workstation_name(self._key)

    async def open(self, *, may_ask: bool = True) -> None:
        """Log in; without `may_ask` nobody is asked for the code of an authenticator app.

        Raises:
            BenchError: the server cannot be reached (`ServerUnreachable`), does not let this user in, or is another
                (`AnotherServer`).
        """
        password = self._login.password
        try:
            await self._rest.log_in(password)
        except SecondFactorWanted:
            code = await self._login.ask_otp() if may_ask and self._login.ask_otp else None
            if code is None:
                raise
            await self._rest.log_in(password, code)

    async def vaults(self) -> list[Vault]:
        """See `HesServer.vaults`."""
        path = "/api/HardwareVaults/GetHardwareVaults"
        return await self._rest.ask("GET", path, lambda found: [_vault(one) for one in found])

    async def vault(self, serial: str) -> Vault:
        """See `HesServer.vault`."""
        path = f"/api/HardwareVaults/GetHardwareVaultById/{quote(serial, safe='')}"
        return await self._rest.ask("GET", path, _vault)

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
            await self._rest.send("POST", "/api/bench/ImportHardwareVaults", body)
        except NotOffered:
            raise BenchError(
                f"The server does not know key {record.id}, and takes no keys from programs; "
                "import it in the server's pages first."
            ) from None
        self._tell(f"imports key {record.id}")

    async def employees(self) -> list[Employee]:
        """See `HesServer.employees`."""
        path = "/api/Employees/GetEmployees"
        return await self._rest.ask("GET", path, lambda found: [_employee(one) for one in found])

    async def create_employee(self, first_name: str, last_name: str, email: str) -> str:
        """See `HesServer.create_employee`."""
        body = {"firstName": first_name, "lastName": last_name, "email": email}
        path = "/api/Employees/CreateEmployee"
        created = await self._rest.ask("POST", path, lambda found: str(found["id"]), body)
        self._tell(f"enters employee {first_name} {last_name}")
        return created

    async def assign(self, employee_id: str, serial: str) -> None:
        """See `HesServer.assign`."""
        body = {"employeeId": employee_id, "hardwareVaultId": serial}
        await self._rest.send("POST", "/api/Employees/AddHardwareVault", body)
        self._tell(f"assigns key {serial}")

    async def activate(self, serial: str) -> None:
        """See `HesServer.activate`; the real server does so in its pages only."""
        try:
            await self._rest.send("POST", f"/api/bench/ActivateHardwareVault/{quote(serial, safe='')}", {})
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
            return await self._rest.ask("GET", path, lambda found: ActivationCode.from_text(found["code"]))
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
        connection = self._connection_of(workstation)
        await connection.connect()
        info = WorkstationInfo(workstation.id, machine_name=MACHINE_NAME)
        if await _is_let_in(connection, info):
            return connection
        await self._approve(workstation.id)
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

    def _connection_of(self, workstation: Workstation) -> HubConnection:
        connection = HubConnection(self._open_socket, workstation, self._key, self._wire)
        self._connections.append(connection)
        return connection

    async def _approve(self, workstation: str) -> None:
        try:
            path = f"/api/Workstations/ApproveWorkstation/{workstation}"
            body = {"id": workstation, "departmentId": None, "rfidEnabled": False}
            await self._rest.send("PUT", path, body)
            self._tell(f"approves workstation {workstation}")
        except NotOffered:
            self._warn(f"must approve workstation {workstation} in the server's pages; waiting for that")

    async def close(self) -> None:
        """See `HesServer.close`."""
        for connection in self._connections:
            await connection.close()
        await self._rest.close()

    async def _mailed(self, mailbox: str, serial: str) -> ActivationCode:
        """Have the code mailed now, so that no mail with an older code is taken for it, and read the mail."""
        since = datetime.now(UTC)
        try:
            await self._rest.send("POST", f"/api/bench/SendActivationCode/{quote(serial, safe='')}", {})
            self._tell(f"has the code of key {serial} mailed")
        except NotOffered:
            since = datetime.min.replace(tzinfo=UTC)  # it may have been mailed before
            self._warn(f"must have the code of key {serial} mailed; waiting for it in {mailbox}")
        return await code_from_mailbox(mailbox, serial, since, MAIL_SECONDS)


class PatientServer(NetworkServer):
    """One that need not be there yet: its connections are made by `reach`, and made again where they were lost."""

    _is_logged_in = False
    _was_let_in = False

    async def connect(self, workstation: Workstation) -> HubConnection:
        """A connection that is not made yet."""
        return self._connection_of(workstation)

    async def reach(self, connection: HubConnection, info: WorkstationInfo, *, may_ask: bool) -> None:
        """Log in, if that was never done, and make the connection. A workstation is approved at its first contact only.

        Whether it is let in, and whether there is an alarm, is told to the workstation, and is no error.

        Raises:
            ServerUnreachable: nothing answers, or not with what it was asked for.
            BenchError: as `open`.
        """
        if not self._is_logged_in:
            await self.open(may_ask=may_ask)
            self._is_logged_in = True
        try:
            await connection.connect()
            is_let_in = await _is_let_in(connection, info)
            if not is_let_in and not self._was_let_in:
                await self._approve(info.id)
                is_let_in = await _is_let_in(connection, info)
            self._was_let_in = self._was_let_in or is_let_in
        except HesError as error:
            if error.code is not HesErrorCode.HesAlarm:
                raise ServerUnreachable(str(error)) from error


async def _is_let_in(connection: HubConnection, info: WorkstationInfo) -> bool:
    try:
        await TimedHes(connection).register_workstation_info(info)
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
