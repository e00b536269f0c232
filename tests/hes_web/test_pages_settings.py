"""Profiles, workstations, the alarm and settings."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.names import ProtectionState, Role
from tests.hes.bench import SERIAL
from tests.hes_web.conftest import ADMINISTRATOR, VIEWER, Site
from tests.hes_web.pages import Visitor

PASSWORD = "a long enough password"  # noqa: S105 - of these tests


def state(site: Site) -> ProtectionState:
    return site.bench.hes.protection.state


def alarm(site: Site) -> bool:
    return site.bench.hes.alarm


class TestProfiles:
    async def test_create_change_and_delete(self, site: Site, admin: Visitor) -> None:
        await admin.send("/profiles/new", name="Strict", pin_connection="on", pin_length="8")
        profiles = {profile.name: profile for profile in site.bench.hes.profiles.list()}
        strict = profiles["Strict"]
        assert (strict.pin_connection, strict.pin_length, strict.button_connection) == (True, 8, False)
        page = await admin.send(f"/profiles/{strict.id}/edit", name="Stricter", pin_try_count="3")
        assert "Stricter" in page.words
        assert site.bench.hes.profiles.get(strict.id).pin_try_count == 3
        assert site.bench.hes.profiles.get(strict.id).pin_connection
        await admin.send(f"/profiles/{strict.id}/delete")
        assert [profile.name for profile in site.bench.hes.profiles.list()] == ["Default"]

    @pytest.mark.parametrize(
        "typed",
        [
            {"name": "Default"},
            {"name": ""},
            {"pin_length": "3"},
            {"pin_length": "x"},
            {"pin_try_count": "99"},
        ],
    )
    async def test_refusals_are_told_in_place(
        self, site: Site, admin: Visitor, typed: dict[str, str]
    ) -> None:
        page = await admin.send("/profiles/new", **{"name": "Strict", "button_connection": "on"} | typed)
        assert page.status == 409
        assert page.refusal
        kept = page.forms["/profiles/new"]
        assert kept.items() >= typed.items()
        assert kept["button_connection"] == "on"
        assert len(site.bench.hes.profiles.list()) == 1

    async def test_the_default_one_stays(self, admin: Visitor) -> None:
        page = await admin.open("/profiles")
        assert "/profiles/default/delete" not in page.forms
        assert (await admin.send("/profiles/default/delete")).status == 409


class TestWorkstations:
    async def test_approve_and_unapprove(self, site: Site, admin: Visitor) -> None:
        workstations = site.bench.hes.workstations
        workstations.seen("PC 9/x")
        assert "/workstations/approve" in (await admin.open("/workstations")).forms
        await admin.send("/workstations/approve?id=PC+9%2Fx")
        assert workstations.get("PC 9/x").approved
        await admin.send("/workstations/unapprove?id=PC+9%2Fx")
        assert not workstations.get("PC 9/x").approved
        assert (await admin.open("/workstations/approve?id=none")).status == 404

    async def test_the_alarm_is_asked_about_first_and_shown_everywhere(
        self, site: Site, admin: Visitor
    ) -> None:
        asked = await admin.open("/workstations/alarm")
        assert "Every client locks its computer" in asked.words
        assert not alarm(site)
        await admin.send("/workstations/alarm")
        assert alarm(site)
        assert "The alarm is on" in (await admin.open("/vaults")).words
        # Whoever sends an old form of the other kind changes nothing.
        await site.administrator.post("/workstations/alarm", data=asked.forms["/workstations/alarm"])
        assert alarm(site)
        await admin.send("/workstations/alarm")
        assert not alarm(site)

    async def test_proximity_vaults(self, site: Site, admin: Visitor) -> None:
        await site.bench.assign()
        at = "/workstations/proximity?id=PC-1"
        added = await admin.send(at, "/workstations/proximity/add", vault_id=SERIAL)
        assert "30 %, 70 %" in added.words
        refused = await site.administrator.post(
            "/workstations/proximity/add", data=added.forms["/logout"] | {"id": "PC-1", "vault_id": SERIAL}
        )
        assert refused.status_code == 409
        to = "/workstations/proximity/edit"
        for wrong in ({"lock": "80"}, {"unlock": "101"}, {"timeout": "x"}, {"timeout": "3601"}):
            told = await admin.send(at, to, **wrong)
            assert told.status == 409
            assert "nothing was changed" in told.refusal
            assert "30 %, 70 %" in told.words
        edited = await admin.send(at, to, lock="20", unlock="60", timeout="9")
        assert "20 %, 60 %" in edited.words
        gone = await admin.send(at, "/workstations/proximity/delete")
        assert "20 %, 60 %" not in gone.words


class TestProtection:
    @pytest.fixture(autouse=True)
    def quick(self, site: Site) -> None:
        site.bench.hes.protection._iterations = 10

    async def test_from_off_to_off(self, site: Site, admin: Visitor) -> None:
        to = "/settings/protection"
        await admin.send("/settings", f"{to}/enable", new_password=PASSWORD, repeated=PASSWORD)
        assert state(site) is ProtectionState.ACTIVATED
        other = f"{PASSWORD} 2"
        refused = await admin.send("/settings", f"{to}/disable", password=other)
        assert refused.refusal
        await admin.send("/settings", f"{to}/change", password=PASSWORD, new_password=other, repeated=other)
        await admin.send("/settings", f"{to}/disable", password=other)
        assert state(site) is ProtectionState.OFF

    async def test_two_different_passwords_change_nothing(self, site: Site, admin: Visitor) -> None:
        page = await admin.send(
            "/settings", "/settings/protection/enable", new_password=PASSWORD, repeated="another password"
        )
        assert page.refusal == "The two passwords differ; nothing was changed."
        assert PASSWORD not in page.text
        assert state(site) is ProtectionState.OFF


class TestUsers:
    async def test_from_entry_to_deletion(self, site: Site, admin: Visitor) -> None:
        users = site.bench.hes.users
        added = await admin.send(
            "/settings", "/settings/users/new", email="new@example.org", password=PASSWORD, role="Viewer"
        )
        assert "new@example.org may log in." in added.words
        user = next(one for one in users.list() if one.email == "new@example.org")
        assert user.role is Role.VIEWER
        await admin.send("/settings", f"/settings/users/{user.id}/role")
        assert next(one for one in users.list() if one.id == user.id).role is Role.ADMINISTRATOR
        at = f"/settings/users/{user.id}/password"
        assert (await admin.send(at, new_password=PASSWORD, repeated="x")).status == 409
        await admin.send(at, new_password=f"{PASSWORD} 2", repeated=f"{PASSWORD} 2")
        other = Visitor(site.visitor())
        page = await other.send("/login", email="new@example.org", password=f"{PASSWORD} 2")
        assert page.response.url.path == "/vaults"
        await admin.send(f"/settings/users/{user.id}/delete")
        assert (await other.open("/vaults")).response.url.path == "/login"

    async def test_a_refused_user_keeps_what_was_typed_but_the_password(self, admin: Visitor) -> None:
        page = await admin.send("/settings", "/settings/users/new", email=VIEWER, password=PASSWORD)
        assert page.refusal == f"There is a user {VIEWER} already."
        assert page.forms["/settings/users/new"]["email"] == VIEWER
        assert PASSWORD not in page.text

    async def test_the_only_administrator_stays_one(self, site: Site, admin: Visitor) -> None:
        user = next(one for one in site.bench.hes.users.list() if one.email == ADMINISTRATOR)
        page = await admin.send("/settings", f"/settings/users/{user.id}/role")
        assert "This is the only administrator" in page.refusal
        assert (
            "This is the only administrator"
            in (await admin.send(f"/settings/users/{user.id}/delete")).refusal
        )
