"""The pages as somebody without scripts meets them: vaults, employees, codes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails, LicenseImport, VaultImport
from hideez_bench.protocol.hes import ConnectionState, HwVaultInfoFromClient, WorkstationEvent
from tests.hes.bench import PLACES, SERIAL
from tests.hes_web.conftest import ADMINISTRATOR, PASSWORD, Site
from tests.hes_web.pages import Visitor

WRONG = "not this one"
HOSTILE = """<script>alert("1")</script> & 'x' {{ 7 * 7 }}"""
PAGES = [
    "/vaults",
    f"/vaults/{SERIAL}",
    "/employees",
    "/shared-accounts",
    "/org-structure",
    "/profiles",
    "/workstations",
    "/audit",
    "/audit/clients",
    "/audit/sessions",
    "/settings",
]
BUTTONS = {
    "Ready": {"rfid", "forget-root-key"},
    "Reserved": {"rfid", "code", "remove", "compromise"},
    "Active": {"rfid", "suspend", "profile", "remove", "compromise"},
    "Locked": {"rfid", "activate", "remove", "compromise"},
    "Suspended": {"rfid", "code", "remove", "compromise"},
    "Deactivated": {"rfid", "forget-root-key"},
    "Compromised": {"rfid"},
}


def status(site: Site) -> VaultStatus:
    return site.bench.vault.status


def code(site: Site) -> str:
    return site.bench.hes.vaults.activation_code(SERIAL).reveal().decode()


class TestLogin:
    async def test_logs_in_and_out(self, site: Site) -> None:
        somebody = Visitor(site.stranger)
        page = await somebody.send("/login", email=ADMINISTRATOR, password=PASSWORD)
        assert page.response.url.path == "/vaults"
        assert ADMINISTRATOR in page.words
        gone = await somebody.send("/vaults", "/logout")
        assert gone.response.url.path == "/login"
        assert (await somebody.open("/vaults")).response.url.path == "/login"

    async def test_a_wrong_password_is_told_in_place_and_the_address_kept(self, site: Site) -> None:
        page = await Visitor(site.stranger).send("/login", email=ADMINISTRATOR, password=WRONG)
        assert page.status == 401
        assert page.refusal == "E-mail or password is wrong."
        assert page.forms["/login"]["email"] == ADMINISTRATOR
        assert WRONG not in page.text

    async def test_leads_to_the_page_that_was_asked_for(self, site: Site) -> None:
        asked = await site.stranger.get("/vaults?status=Locked", headers={"accept": "text/html"})
        page = await Visitor(site.stranger).open(asked.headers["location"])
        values = page.forms["/login"] | {"email": ADMINISTRATOR, "password": PASSWORD}
        answer = await site.stranger.post("/login", data=values)
        assert answer.headers["location"] == "/vaults?status=Locked"

    @pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "x"])
    async def test_leads_to_no_other_site(self, site: Site, to: str) -> None:
        somebody = Visitor(site.stranger)
        page = await somebody.open("/login")
        values = page.forms["/login"] | {"email": ADMINISTRATOR, "password": PASSWORD, "next": to}
        answer = await somebody.client.post("/login", data=values)
        assert (answer.status_code, answer.headers["location"]) == (303, "/vaults")


class TestEveryPage:
    @pytest.mark.parametrize("path", [*PAGES, "/employees/new", "/vaults/import"])
    async def test_opens_for_administrators_and_has_nothing_inline(self, admin: Visitor, path: str) -> None:
        page = await admin.open(path)
        assert page.status == 200
        assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", page.text)
        assert page.response.headers["content-security-policy"].startswith("default-src 'self'")
        assert '<a class="skip" href="#main">' in page.text

    @pytest.mark.parametrize("path", PAGES[:-1])
    async def test_a_viewer_sees_no_buttons(self, site: Site, viewer: Visitor, path: str) -> None:
        await site.bench.go("Reserved")
        page = await viewer.open(path)
        assert page.status == 200
        searches = {path, "/logout", "/password", "/two-factor"}
        assert [to for to in page.forms if to not in searches] == []

    @pytest.mark.parametrize(
        "path",
        [
            "/settings",
            "/employees/new",
            *(f"/vaults/{SERIAL}/{to}" for to in ("code", "suspend", "forget-root-key")),
        ],
    )
    async def test_a_viewer_does_not_come_to_what_changes_things(self, viewer: Visitor, path: str) -> None:
        page = await viewer.open(path)
        assert page.status == 403
        assert "Only an administrator may do this." in page.words

    @pytest.mark.parametrize("path", ["/vaults/none", "/employees/none", "/profiles/none/edit"])
    async def test_what_is_not_there_is_a_page_too(self, admin: Visitor, path: str) -> None:
        page = await admin.open(path)
        assert page.status == 404
        assert "That did not work" in page.words

    @pytest.mark.parametrize("name", ["style.css", "page.js", "code.js", "live.js", "icon.svg"])
    async def test_style_and_scripts_are_there_for_everybody(self, site: Site, name: str) -> None:
        answer = await site.stranger.get(f"/static/{name}")
        assert answer.status_code == 200
        assert (
            await site.stranger.get(f"/static/{name}", headers={"if-none-match": answer.headers["etag"]})
        ).status_code == 304

    async def test_a_form_that_is_out_of_date_is_refused_with_a_page(self, site: Site) -> None:
        answer = await site.administrator.post(
            f"/vaults/{SERIAL}/rfid", data={"rfid": "1"}, headers={"accept": "text/html"}
        )
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
        assert "This page is out of date; load it again, and nothing was changed." in answer.text

    async def test_a_form_without_a_session_says_what_to_do(self, site: Site) -> None:
        answer = await site.stranger.post(
            f"/vaults/{SERIAL}/rfid", data={"rfid": "1"}, headers={"accept": "text/html"}
        )
        assert answer.status_code == 401
        assert "Your session has ended, so nothing was changed; log in again." in answer.text

    async def test_hostile_names_are_shown_as_text(self, site: Site, admin: Visitor) -> None:
        hes = site.bench.hes
        somebody = hes.employees.create(EmployeeDetails(HOSTILE, "x", "a@b"))
        hes.vaults.import_vaults([VaultImport("HK-2", mac=HOSTILE, rfid=HOSTILE, model=HOSTILE)])
        await hes.employees.add_hardware_vault(somebody.id, "HK-2")
        hes.workstations.seen(HOSTILE)
        for path in (
            *PAGES,
            "/vaults/HK-2",
            f"/employees/{somebody.id}",
            f"/employees/{somebody.id}/edit",
            "/vaults/HK-2/code",
        ):
            page = await admin.open(path)
            assert page.status == 200
            assert "<script>alert" not in page.text
        assert HOSTILE in (await admin.open("/vaults")).words
        assert HOSTILE in (await admin.open("/workstations")).words


class TestVaults:
    @pytest.mark.parametrize("place", BUTTONS)
    async def test_buttons_by_status(self, site: Site, admin: Visitor, place: str) -> None:
        await site.bench.go(place)
        for path in ("/vaults", f"/vaults/{SERIAL}"):
            page = await admin.open(path)
            assert {
                to.rpartition("/")[2] for to in page.forms if to.startswith(f"/vaults/{SERIAL}/")
            } == BUTTONS[place]
            assert f'<span class="badge {place}">{place}</span>' in page.text

    @pytest.mark.parametrize(
        ("query", "is_there"),
        [("search=hk-1", True), ("search=nobody", False), ("status=Ready", True), ("status=Active", False)],
    )
    async def test_search_and_filter(self, admin: Visitor, query: str, is_there: bool) -> None:
        page = await admin.open(f"/vaults?{query}")
        assert (f'id="vault-{SERIAL}"' in page.text) is is_there

    async def test_suspend_activate_and_the_way_back(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Active")
        page = await admin.send(
            f"/vaults/{SERIAL}/suspend?back=/vaults%3Fstatus%3DActive", description="on leave"
        )
        assert str(page.response.url).endswith("/vaults?status=Active")
        assert f"Key {SERIAL} was suspended" in page.words
        assert status(site) is VaultStatus.Suspended
        assert "on leave" in (await admin.open(f"/vaults/{SERIAL}")).words

    async def test_activate_a_locked_one(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Locked")
        await admin.send(f"/vaults/{SERIAL}/activate")
        assert status(site) is VaultStatus.Suspended

    async def test_two_administrators(self, site: Site, admin: Visitor) -> None:
        """The form was opened while the vault was Active; another was quicker."""
        await site.bench.go("Active")
        page = await admin.open(f"/vaults/{SERIAL}/suspend")
        await site.bench.hes.vaults.suspend(SERIAL)
        values = page.forms[f"/vaults/{SERIAL}/suspend"] | {"description": "kept text"}
        answer = await site.administrator.post(f"/vaults/{SERIAL}/suspend", data=values)
        assert answer.status_code == 409
        assert f"Key {SERIAL} is Suspended; only one that is Active can be suspended." in answer.text
        assert "kept text" in answer.text

    async def test_compromised_wants_the_serial_number(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Active")
        at = f"/vaults/{SERIAL}/compromise"
        refused = await admin.send(at, reason="Lost", retyped_id="HK-2", description="in a taxi")
        assert refused.status == 409
        assert "was not retyped" in refused.refusal
        assert refused.forms[at]["retyped_id"] == "HK-2"
        assert refused.forms[at]["description"] == "in a taxi"
        assert refused.forms[at]["reason"] == "Lost"
        assert status(site) is VaultStatus.Active
        await admin.send(at, reason="Lost", retyped_id=SERIAL)
        assert status(site) is VaultStatus.Compromised

    async def test_compromised_wants_a_reason(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Active")
        page = await admin.send(f"/vaults/{SERIAL}/compromise", retyped_id=SERIAL)
        assert "as Lost or Stolen only" in page.refusal

    async def test_a_root_key_is_forgotten_once_nobody_has_the_key(self, site: Site, admin: Visitor) -> None:
        at = f"/vaults/{SERIAL}/forget-root-key"
        await site.bench.go("Active")
        assert at not in (await admin.open(f"/vaults/{SERIAL}")).text
        assert "Take it from its employee first." in (await admin.send(at)).refusal
        await admin.send(f"/vaults/{SERIAL}/remove", reason="Broken")
        assert at in (await admin.open(f"/vaults/{SERIAL}")).text
        page = await admin.send(at)
        assert f"The root key of key {SERIAL} was forgotten." in page.words
        assert status(site) is VaultStatus.Ready

    async def test_rfid_profile_and_removal(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Active")
        await admin.send(f"/vaults/{SERIAL}/rfid", rfid="42")
        assert site.bench.vault.rfid == "42"
        await admin.send("/profiles/new", name="Strict", pin_length="6")
        (strict,) = [p for p in site.bench.hes.profiles.list() if p.name == "Strict"]
        await admin.send(f"/vaults/{SERIAL}/profile", profile_id=strict.id)
        assert site.bench.vault.profile_id == strict.id
        await admin.send(f"/vaults/{SERIAL}/remove", reason="Broken")
        assert status(site) is VaultStatus.Deactivated
        assert site.bench.vault.status_reason.name == "Broken"

    @pytest.mark.parametrize("how", ["text", "file"])
    async def test_import(self, site: Site, admin: Visitor, how: str) -> None:
        page = await admin.open("/vaults/import")
        answer = {
            "devicesDto": [
                {"DeviceId": "HK-7", "MAC": "m7", "Model": "ST102", "RFID": "r7", "Firmware": "3"}
            ],
            "deviceLicensesDto": [
                {"id": "l", "deviceId": "HK-7", "endDate": "2030-01-01T00:00:00Z", "data": "AAAA"}
            ],
        }
        text = json.dumps(answer)
        values = page.forms["/vaults/import"] | {"text": text if how == "text" else ""}
        files = {"file": ("vaults.json", text if how == "file" else "", "application/json")}
        done = await site.administrator.post(
            "/vaults/import", data=values, files=files, follow_redirects=True
        )
        assert "1 vault was imported." in done.text
        assert site.bench.hes.vaults.get("HK-7").has_new_license

    @pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"devicesDto": [{"deviceId": "x"}]}', "<script>"])
    async def test_import_of_something_else(self, site: Site, admin: Visitor, text: str) -> None:
        page = await admin.send("/vaults/import", text=text)
        assert page.status == 409
        assert "nothing was imported" in page.refusal
        assert page.forms["/vaults/import"]["text"] == text
        assert len(site.bench.hes.vaults.list()) == 1

    async def test_history_names_what_happened_to_this_key(self, site: Site, admin: Visitor) -> None:
        site.bench.hes.vaults.import_vaults([VaultImport("HK-2", mac="m2", rfid="r2")])
        await site.bench.hes.employees.add_hardware_vault(site.bench.employee.id, SERIAL)
        page = await admin.open(f"/vaults/{SERIAL}")
        assert f"assigns key {SERIAL} to Ann Smith" in page.words
        assert "HK-2" not in page.words
        assert "HK-2" in (await admin.open("/audit")).words

    async def test_what_clients_report_can_be_looked_up(self, site: Site, admin: Visitor) -> None:
        event = WorkstationEvent("e1", datetime(2026, 3, 1, tzinfo=UTC), 7, 2, note=HOSTILE, serial=SERIAL)
        await site.bench.connection.save_client_events([event])
        page = await admin.open("/audit/clients")
        assert f"2026-03-01 00:00:00 UTC PC-1 Event (7), 2 {SERIAL} – {HOSTILE}" in page.words
        assert "<script>alert" not in page.text

    async def test_licence_and_connection_are_shown(self, site: Site, admin: Visitor) -> None:
        licence = LicenseImport("l1", datetime(2030, 1, 1, tzinfo=UTC), b"data")
        site.bench.hes.vaults.import_vaults([VaultImport("HK-3", mac="m3", rfid="r3", licenses=(licence,))])
        report = HwVaultInfoFromClient(
            "HK-3", ConnectionState.INITIALIZING, True, False, False, 55, "3.1.0", 5
        )
        await site.bench.connection.update_hw_vault_properties(report, return_info=False)
        words = (await admin.open("/vaults?search=HK-3")).words
        for word in ("55 %", "3.1.0", "Online", "Not on the key yet"):
            assert word in words


class TestCode:
    @pytest.mark.usefixtures("searchable_codes")
    @pytest.mark.parametrize("place", ["Reserved", "Suspended"])
    async def test_the_code_is_asked_for_and_in_no_page(self, site: Site, admin: Visitor, place: str) -> None:
        await site.bench.go(place)
        secret = code(site)
        at = f"/vaults/{SERIAL}/code"
        for path in ("/vaults", f"/vaults/{SERIAL}", at, f"/employees/{site.bench.employee.id}", "/audit"):
            assert secret not in (await admin.open(path)).text
        values = (await admin.open(at)).forms[at]
        answer = await site.administrator.post(at, data=values)
        assert answer.json() == {"code": secret}
        assert answer.headers["cache-control"] == "no-store"

    async def test_nobody_but_an_administrator_gets_it(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Reserved")
        at = f"/vaults/{SERIAL}/code"
        token = (await Visitor(site.viewer).open("/vaults")).forms["/logout"]["csrf_token"]
        assert (await site.viewer.post(at, data={"csrf_token": token})).status_code == 403
        assert (await site.administrator.post(at, data={})).status_code == 403
        assert (await site.administrator.post(at, data={"csrf_token": token})).status_code == 403
        assert (await site.stranger.post(at, data={"csrf_token": token})).status_code == 401

    async def test_without_a_code_the_dialog_says_so(self, site: Site, admin: Visitor) -> None:
        page = await admin.open(f"/vaults/{SERIAL}/code")
        assert page.status == 409
        assert "There is no activation code" in page.refusal
        token = page.forms["/logout"]
        answer = await site.administrator.post(f"/vaults/{SERIAL}/code", data=token)
        assert answer.status_code == 409
        assert "There is no activation code" in answer.json()["error"]

    async def test_without_a_mail_server_there_is_no_button(self, site: Site, admin: Visitor) -> None:
        await site.bench.go("Reserved")
        page = await admin.open(f"/vaults/{SERIAL}/code")
        assert f"/vaults/{SERIAL}/code/send" not in page.forms
        assert "without a mail server" in page.words


async def test_places_are_all_statuses() -> None:
    assert set(BUTTONS) == {place.split(" ")[0] for place in PLACES}
