"""What REST answers, as the vendor's does."""

from __future__ import annotations

import base64
import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from hideez_bench.emulator.hes import logins
from hideez_bench.emulator.hes.names import Role, VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.emulator.hes.web.rest.openapi import document
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.secret import Password
from tests.hes.bench import SERIAL, Bench, vault_import
from tests.hes.fake_key import FakeKey
from tests.hes_web.conftest import ADMINISTRATOR, PASSWORD, Site, visitor
from tests.hes_web.pages import Visitor

LOGIN = "/api/Identity/Login"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
async def ann(site: Site) -> dict[str, Any]:
    """The employee whom every test starts with."""
    (found,) = (await site.administrator.get("/api/Employees/GetEmployees")).json()
    return dict(found)


async def add_vault(site: Site, ann: dict[str, Any]) -> httpx.Response:
    body = {"EmployeeId": ann["id"], "HardwareVaultId": SERIAL}
    return await site.administrator.post("/api/Employees/AddHardwareVault", json=body)


class TestIdentity:
    async def test_login_answers_nothing_but_a_cookie(self, site: Site) -> None:
        visitor = site.visitor()
        answer = await visitor.post(LOGIN, json={"Email": ADMINISTRATOR, "PASSWORD": PASSWORD, "otp": None})
        assert (answer.status_code, answer.content) == (200, b"")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{SESSION_COOKIE}=")
        assert {"HttpOnly", "SameSite=strict", "Max-Age=1209600"} <= set(cookie.split("; "))
        visitor.cookies.set(SESSION_COOKIE, cookie.split("=", 1)[1].split(";")[0])
        assert (await visitor.get("/api/Employees/GetEmployees")).status_code == 200
        assert (await visitor.post("/api/Identity/Logout")).status_code == 200
        visitor.cookies.set(SESSION_COOKIE, cookie.split("=", 1)[1].split(";")[0])
        assert (await visitor.get("/api/Employees/GetEmployees")).status_code == 401

    @pytest.mark.parametrize(
        "body", [b"", b"null", b"{}", b'{"email": "a@b"}', b'{"email": null, "password": "x"}']
    )
    async def test_missing_credentials(self, site: Site, body: bytes) -> None:
        answer = await site.stranger.post(LOGIN, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()) == (400, {"error": "CredentialsNull"})

    async def test_ten_wrong_passwords_lock_the_user_out(self, site: Site) -> None:
        wrong = {"email": ADMINISTRATOR, "password": "wrong"}
        errors = [(await site.stranger.post(LOGIN, json=wrong)).json()["error"] for _ in range(10)]
        assert errors == ["Unauthorized"] * 9 + ["UserIsLockedout"]
        right = {"email": ADMINISTRATOR, "password": PASSWORD}
        answer = await site.stranger.post(LOGIN, json=right)
        assert (answer.status_code, answer.json()) == (401, {"error": "UserIsLockedout"})
        told = (await site.stranger.post("/api/Identity/LoginWithPassword", json=right)).json()
        assert (told["failed"], told["isLockedOut"], told["cookie"]) == (True, True, None)
        site.bench.clock.move(minutes=16)
        assert (await site.stranger.post(LOGIN, json=right)).status_code == 200

    async def test_the_vendors_page_logs_in_by_an_answer(self, site: Site) -> None:
        right = {"email": ADMINISTRATOR, "password": PASSWORD, "rememberMe": True}
        answer = await site.stranger.post("/api/Identity/LoginWithPassword", json=right)
        assert answer.json()["succeeded"]
        assert answer.json()["user"]["email"] == ADMINISTRATOR
        assert answer.json()["cookie"] is None
        assert SESSION_COOKIE in answer.headers["set-cookie"]

    async def test_a_refreshed_session_ends_the_former(self, site: Site) -> None:
        former = dict(site.administrator.cookies)
        assert (await site.administrator.post("/api/Identity/RefreshSignIn")).status_code == 200
        assert (await site.visitor(**former).get("/api/Employees/GetEmployees")).status_code == 401


async def test_a_key_is_assigned_and_taken_away(site: Site, ann: dict[str, Any]) -> None:
    assert (await add_vault(site, ann)).status_code == 204
    vault = (await site.administrator.get(f"/api/HardwareVaults/GetHardwareVaultById/{SERIAL}")).json()
    assert (vault["status"], vault["employeeId"]) == (VaultStatus.Reserved, ann["id"])
    told = (await site.administrator.get(f"/api/bench/GetActivationCode/{SERIAL}")).json()
    assert told == {
        "vaultId": SERIAL,
        "code": site.bench.hes.vaults.activation_code(SERIAL).reveal().decode(),
    }
    hidden = await site.viewer.get(f"/api/bench/GetActivationCode/{SERIAL}")
    assert (hidden.status_code, told["code"] in hidden.text) == (403, False)
    reserved = {"status": 1, "battery": "high", "EMPLOYEE": ann["firstName"]}
    found = await site.viewer.post("/api/HardwareVaults/GetFilteredHardwareVaults", json=reserved)
    assert [one["id"] for one in found.json()] == [SERIAL]
    refused = await site.administrator.delete(f"/api/Employees/DeleteEmployee/{ann['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "HardwareVaultUntieBeforeRemove")
    body = {"hardwareVaultId": SERIAL, "reason": 3, "isNeedBackup": False}
    taken = await site.administrator.request("DELETE", "/api/Employees/RemoveHardwareVault", json=body)
    assert taken.status_code == 204
    gone = await site.administrator.get(f"/api/bench/GetActivationCode/{SERIAL}")
    assert (gone.status_code, gone.json()["code"]) == (404, "ActivationCodeNotFound")
    assert (await site.administrator.delete(f"/api/Employees/DeleteEmployee/{ann['id']}")).status_code == 200


@pytest.mark.parametrize(("strictly", "commands"), [(False, [Command.WIPE]), (True, [])])
async def test_q8_removal_wipes_a_connected_key(strictly: bool, commands: list[Command]) -> None:
    bench = Bench(strict_compat=strictly)
    bench.set_up()
    async with bench.hes as hes:
        await bench.go("Active")
        await bench.arrive()
        user = await hes.users.create(ADMINISTRATOR, Password.from_text(PASSWORD), Role.ADMINISTRATOR)
        cookie = {SESSION_COOKIE: hes.users.open_session(user).reveal().decode()}
        app = create_app(WebContext(hes, WebSettings(strict_compat=strictly)))
        async with visitor(app, **cookie) as administrator:
            body = {"hardwareVaultId": SERIAL, "reason": 3}
            taken = await administrator.request("DELETE", "/api/Employees/RemoveHardwareVault", json=body)
        assert taken.status_code == 204
        await hes.settled()
        assert bench.key.commands == commands


@pytest.mark.parametrize("name", [{}, {"lastName": None}, {"lastName": ""}])
async def test_an_employee_has_a_last_name_as_with_the_vendor(
    site: Site, name: dict[str, str | None]
) -> None:
    body = {"firstName": "Bob"} | name
    answer = await site.administrator.post("/api/Employees/CreateEmployee", json=body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["lastName"])


async def test_a_null_vault_is_not_found(site: Site, ann: dict[str, Any]) -> None:
    answer = await site.administrator.post("/api/Employees/AddHardwareVault", json={"employeeId": ann["id"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "HardwareVaultNotFound")
    assert answer.json()["error"].startswith("The server knows no key without a serial number;")


async def test_what_is_created_says_where_it_is(site: Site, ann: dict[str, Any]) -> None:
    account = {
        "EmployeeId": ann["id"],
        "Name": "Mail",
        "Login": "ann",
        "Password": "s3cret-7",
        "OtpSecret": None,
    }
    for path, body in (
        ("/api/Employees/CreateEmployee", {"FirstName": "Bob", "LastName": "Ross"}),
        ("/api/Employees/CreateAccount", account),
        ("/api/HardwareVaults/CreateProfile", {"Name": "Strict", "PinLength": 6}),
    ):
        created = await site.administrator.post(path, json=body)
        assert created.status_code == 201, path
        shown = await site.administrator.get(created.headers["location"])
        assert shown.json() == created.json()
        assert "s3cret-7" not in shown.text


async def test_authn_tells_whose_password_it_is_and_opens_no_session(site: Site) -> None:
    at = "/api/Identity/AuthN"
    answer = await site.stranger.post(at, json={"email": ADMINISTRATOR, "password": PASSWORD})
    assert (answer.status_code, answer.json()["email"]) == (200, ADMINISTRATOR)
    assert set(answer.json()) == {"firstName", "lastName", "email", "phoneNumber"}
    assert "set-cookie" not in answer.headers
    empty = await site.stranger.post(at, json={})
    assert (empty.status_code, empty.json()) == (400, {"error": "CredentialsNullException"})
    wrong = {"email": ADMINISTRATOR, "password": "wrong"}
    errors = [(await site.stranger.post(at, json=wrong)).json()["error"] for _ in range(10)]
    assert errors == ["UnauthorizedException"] * 9 + ["UserIsLockedoutException"]


async def test_fido2_is_refused(site: Site) -> None:
    answer = await site.stranger.post("/api/Identity/LoginWithFido2", json={"anything": 1})
    assert (answer.status_code, answer.json()["succeeded"]) == (200, False)
    assert (answer.json()["failed"], answer.json()["code"]) == (True, "Unauthorized")
    assert "set-cookie" not in answer.headers


async def test_a_shared_account_is_made_given_and_taken(site: Site, ann: dict[str, Any]) -> None:
    shared = {"name": "Printer", "login": "office", "password": "s3cret-7"}
    made = (await site.administrator.post("/api/SharedAccounts/CreateSharedAccount", json=shared)).json()
    body = {"EmployeeId": ann["id"], "SharedAccountId": made["id"]}
    given = await site.administrator.post("/api/Employees/AddSharedAccount", json=body)
    assert (given.status_code, given.json()["type"]) == (201, 1)
    edited = {"id": made["id"], "name": "Scanner", "login": "office", "loginType": 1}
    for path, more in (
        ("EditSharedAccount", edited),
        ("EditSharedAccountPassword", {"id": made["id"], "password": "s3cret-8"}),
        ("EditSharedAccountOtp", {"id": made["id"], "otpSecret": "JBSWY3DPEHPK3PXP"}),
    ):
        put = await site.administrator.put(f"/api/SharedAccounts/{path}/{made['id']}", json=more)
        assert put.status_code == 204
    theirs = await site.administrator.get(f"/api/Employees/GetAccountsByEmployeeId/{ann['id']}")
    (account,) = theirs.json()
    assert (account["name"], account["loginType"], account["hasOtp"]) == ("Scanner", 1, True)
    told = (await site.administrator.get(f"/api/SharedAccounts/GetSharedAccountById/{made['id']}")).json()
    assert (told["name"], told["hasOtp"], "password" in told) == ("Scanner", True, False)
    deleted = await site.administrator.delete(f"/api/SharedAccounts/DeleteSharedAccount/{made['id']}")
    assert deleted.status_code == 200
    left = await site.administrator.get(f"/api/Employees/GetAccountsByEmployeeId/{ann['id']}")
    assert (left.status_code, left.json()) == (200, [])


@pytest.mark.parametrize(
    "path",
    [
        "/api/Employees/EditEmployee/{id}",
        "/api/Employees/EditAccount/{id}",
        "/api/Employees/EditAccountPassword/{id}",
        "/api/Employees/EditAccountOtp/{id}",
        "/api/HardwareVaults/EditHardwareVaultRfid/{id}",
        "/api/HardwareVaults/EditProfile/{id}",
        "/api/Workstations/EditWorkstation/{id}",
        "/api/Workstations/ApproveWorkstation/{id}",
    ],
)
async def test_an_id_that_differs_is_refused(site: Site, path: str) -> None:
    body = {"id": "one", "firstName": "a", "lastName": "a", "name": "a", "password": "a", "rfid": "a"}
    answer = await site.administrator.put(path.format(id="another"), json=body)
    assert (answer.status_code, "not the one in the address" in answer.json()["error"]) == (400, True)
    assert (await site.administrator.put(path.format(id="one"), json=body)).status_code == 404


async def test_a_workstation_that_is_not_approved_cannot_be_changed(site: Site) -> None:
    site.bench.hes.workstations.seen("PC-2")
    body = {"id": "PC-2", "departmentId": None, "rfidEnabled": True}
    assert (
        await site.administrator.put("/api/Workstations/EditWorkstation/PC-2", json=body)
    ).status_code == 400
    assert (
        await site.administrator.put("/api/Workstations/ApproveWorkstation/PC-2", json=body)
    ).status_code == 204
    shown = (await site.administrator.get("/api/Workstations/GetWorkstationById/PC-2")).json()
    assert (shown["approved"], shown["rfid"]) == (True, True)


async def test_vaults_come_in_the_licence_servers_words(site: Site) -> None:
    device = {"DeviceId": "HK-7", "MAC": "A0", "Model": "ST102", "RFID": "77", "Firmware": "3.0.0"}
    licence = {
        "Id": "l",
        "LicenseOrderId": "o",
        "DeviceId": "HK-7",
        "EndDate": "2027-01-01T00:00:00",
        "Data": "AAEC",
    }
    body = {"DevicesDto": [device], "DeviceLicensesDto": [licence], "LicenseOrdersDto": []}
    path = "/api/bench/ImportHardwareVaults"
    assert (await site.administrator.post(path, json=body)).json() == {"imported": ["HK-7"]}
    assert (await site.administrator.post(path, json=body)).json() == {"imported": []}
    newer = {"DeviceId": "HK-8", "MAC": "A8", "Model": "ST102", "RFID": "78", "Firmware": "3.0.0"}
    for devices, licences, sentence in (
        ([newer | {"MAC": "A0"}], [], "Key HK-8 comes with the address of key HK-7"),
        ([newer | {"RFID": "77"}], [], "Key HK-8 comes with the radio tag of key HK-7"),
        (
            [newer, newer | {"DeviceId": "HK-9", "MAC": "A9"}],
            [],
            "Key HK-9 comes with the radio tag of key HK-8",
        ),
        ([newer], [licence | {"DeviceId": "HK-8"}], "Licence l is for key HK-8 and for key HK-7"),
    ):
        body |= {"DevicesDto": devices, "DeviceLicensesDto": licences}
        refused = await site.administrator.post(path, json=body)
        assert refused.status_code == 409
        assert refused.json()["error"] == f"{sentence}; nothing was imported. Correct one of them."
    assert len(site.bench.hes.vaults.list()) == 2
    shown = (await site.administrator.get("/api/HardwareVaults/GetHardwareVaultById/HK-7")).json()
    assert (shown["hasNewLicense"], shown["mac"]) == (True, "A0")


@pytest.mark.parametrize("serial", ["", ".", "..", "a/b", "a b", "\u00e4", "a\n", "x" * 65])
async def test_a_serial_number_that_no_client_and_no_address_could_name_is_not_imported(
    site: Site, serial: str
) -> None:
    device = {"deviceId": serial, "mac": "m", "model": "m", "rfid": "r", "firmware": "f"}
    answer = await site.administrator.post("/api/bench/ImportHardwareVaults", json={"devicesDto": [device]})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["devicesDto.0.deviceId"])


async def test_a_root_key_is_forgotten(site: Site) -> None:
    path = f"/api/bench/ForgetRootKey/{SERIAL}"
    device = {"deviceId": SERIAL, "mac": "m", "model": "ST102", "rfid": "r", "firmware": "3"}

    async def learns(root_key: bytes) -> int:
        body = {"devicesDto": [device | {"rootKey": base64.b64encode(root_key).decode()}]}
        return (await site.administrator.post("/api/bench/ImportHardwareVaults", json=body)).status_code

    assert await learns(FakeKey().root_key) == 200
    assert [(await who.post(path)).status_code for who in (site.stranger, site.viewer)] == [401, 403]
    assert await learns(FakeKey().root_key) == 409
    assert (await site.administrator.post(path)).status_code == 204
    assert await learns(FakeKey().root_key) == 200
    await site.bench.assign()
    assert (await site.administrator.post(path)).status_code == 409
    assert (await site.administrator.post("/api/bench/ForgetRootKey/none")).status_code == 404


async def test_events_are_counted(site: Site) -> None:
    await site.administrator.put("/api/bench/SetAlarm", json={"isOn": True})
    events = (await site.administrator.get("/api/bench/GetEvents")).json()
    last = events[-1]
    assert "alarm" in last["text"]
    path = "/api/bench/GetEvents"
    assert (await site.administrator.get(path, params={"after": last["number"]})).json() == []
    for no_number in ("", "0.0", "1_0", "+1", "-1", " 1", "\u0661"):
        assert (await site.administrator.get(path, params={"after": no_number})).status_code == 400


@pytest.mark.parametrize("sent", ["0", "1800000000", "-5", " ", "now", 0, True])
async def test_a_number_is_no_date(site: Site, sent: object) -> None:
    wanted = {"lastSeenStartDate": sent}
    answer = await site.administrator.post("/api/Employees/GetFilteredEmployees", json=wanted)
    assert answer.status_code == 400
    assert "lastSeenStartDate" in answer.json()["errors"]


async def test_strict_compatibility_answers_refusals_as_the_vendor() -> None:
    async with Hes() as hes:
        user = await hes.users.create("a@example.org", Password.from_text(PASSWORD), Role.ADMINISTRATOR)
        session = {SESSION_COOKIE: hes.users.open_session(user).reveal().decode()}
        app = create_app(WebContext(hes, WebSettings(strict_compat=True)))
        async with visitor(app, **session) as administrator:
            assert (await administrator.get("/api/Employees/GetEmployeeById/x")).status_code == 404
            refused = await administrator.delete("/api/Employees/DeleteEmployee/x")
            assert (refused.status_code, refused.json()["code"]) == (500, "EmployeeNotFound")


async def test_no_answer_has_the_master_key(site: Site, ann: dict[str, Any]) -> None:
    await add_vault(site, ann)
    for path in ("/api/HardwareVaults/GetHardwareVaults", "/api/Employees/GetEmployees"):
        text = (await site.administrator.get(path)).text
        assert SERIAL in text
        assert not re.search('master(password|key)"', text, re.IGNORECASE)


async def test_secrets_stand_in_no_log_and_no_error(
    site: Site, ann: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "hunter2-s3cret"  # noqa: S105 - of this test
    answers = [
        await site.stranger.post(LOGIN, json={"email": ADMINISTRATOR, "password": secret}),
        await site.stranger.post(LOGIN, json={"email": {}, "password": [secret]}),
        await site.administrator.post("/api/Employees/CreateAccount", json={"password": {"x": secret}}),
        await site.administrator.post("/api/Employees/CreateAccount", json={"otpSecret": secret * 100}),
        await site.administrator.put(
            "/api/Employees/EditAccountPassword/x", json={"id": "x", "password": secret}
        ),
    ]
    await add_vault(site, ann)
    code = (await site.administrator.get(f"/api/bench/GetActivationCode/{SERIAL}")).json()["code"]
    session = site.administrator.cookies[SESSION_COOKIE]
    told = caplog.text + "".join(answer.text for answer in answers) + repr(site.bench.events)
    for hidden in (secret, code, session):
        assert hidden not in told


async def test_the_page_to_try_rest_loads_nothing_from_elsewhere(site: Site) -> None:
    page = await site.viewer.get("/swagger")
    loaded = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    assert len(loaded) == 4
    for path in [*loaded, "/swagger/v1/swagger.json"]:
        assert (await site.viewer.get(path)).status_code == 200
        assert (await site.stranger.get(path)).status_code in (303, 401)
    assert "<script>" not in page.text
    assert "style=" not in page.text


async def test_what_is_not_there_is_not_found(site: Site) -> None:
    for path in ("/Saml/Metadata", "/Saml/Login", "/api/Groups/GetGroups"):
        assert (await site.stranger.get(path)).status_code in (303, 401)  # strangers learn nothing
        assert (await site.administrator.get(path)).status_code == 404


def test_the_documentation_lists_every_route() -> None:
    text = (ROOT / "docs/hes-rest.md").read_text()
    listed = set(re.findall(r"^\| (GET|POST|PUT|DELETE) \| `(/api/[^`]*)`", text, re.MULTILINE))
    there = {
        (method.upper(), path)
        for path, methods in document(create_app(WebContext(Hes())))["paths"].items()
        for method in methods
    }
    assert listed == there


async def test_a_crowd_at_the_login_is_told_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "MOST_LOGINS", 0)
    login = {"email": ADMINISTRATOR, "password": PASSWORD}
    for path in ("/api/Identity/Login", "/api/Identity/LoginWithPassword"):
        answer = await site.stranger.post(path, json=login)
        assert (answer.status_code, list(answer.json())) == (503, ["error"])
    page = await Visitor(site.stranger).send("/login", **login)
    assert (page.status, "try again" in page.refusal) == (503, True)


async def test_lists_take_as_few_queries_however_long_they_are(site: Site) -> None:
    hes = site.bench.hes
    selects: list[str] = []

    def note(connection: object, cursor: object, statement: str, *more: object) -> None:
        if statement.startswith("SELECT"):  # events are written in between
            selects.append(statement)

    async def queries() -> list[int]:
        counted = []
        for path in ("/api/Employees/GetEmployees", "/api/HardwareVaults/GetHardwareVaults"):
            selects.clear()
            assert (await site.administrator.get(path)).status_code == 200
            counted.append(len(selects))
        return counted

    async def enter(first: int, last: int) -> None:
        for number in range(first, last):
            hes.vaults.import_vaults([vault_import(f"HK-{number}")])
            employee = hes.employees.create(EmployeeDetails(f"No {number}", "Smith", ""))
            await hes.employees.add_hardware_vault(employee.id, f"HK-{number}")

    event.listen(Engine, "before_cursor_execute", note)
    try:
        await enter(10, 12)
        few = await queries()
        await enter(20, 30)
        assert await queries() == few
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "wrong", [b"", bytes(33), b"\x02" + b"\xff" * 32, b"\x02", FakeKey().root_key + b"\x00"], ids=len
)
async def test_what_is_no_root_key_is_not_imported(site: Site, wrong: bytes) -> None:
    """It would be pinned, and no key could ever show it."""
    device = {"deviceId": "HK-7", "mac": "m", "model": "m", "rfid": "r", "firmware": "f"}
    refused = 409 if len(wrong) == 33 else 400
    for root_key, status in ((wrong, refused), (FakeKey().root_key, 200), (FakeKey().root_key, 409)):
        body = {"devicesDto": [device | {"rootKey": base64.b64encode(root_key).decode()}]}
        answer = await site.administrator.post("/api/bench/ImportHardwareVaults", json=body)
        assert answer.status_code == status
