"""After something was done: back to the page, the filter and the row that it was done from, and to no other site."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.protocol.secret import Password
from tests.hes.bench import SERIAL
from tests.hes_web.conftest import URL, Site
from tests.hes_web.pages import Page, Visitor

STRANGE = "PC 1/§?"
"""A workstation's name that is no part of an address as it is."""


def buttons(page: Page, action: str) -> list[str]:
    """Where the forms that open a page lead back to."""
    found = re.findall(
        rf'action="{re.escape(action)}" data-dialog><input [^>]*name="back" value="([^"]*)"', page.text
    )
    return [unescape(back) for back in found]


def led_to(page: Page) -> str:
    """The address that a form was answered with, fragment and all."""
    return str(page.response.history[-1].headers["location"])


def has_row(page: Page, fragment: str) -> bool:
    """Whether a browser finds the row that an address names, either as it stands or decoded."""
    ids = [unescape(one) for one in re.findall(r'\bid="([^"]*)"', page.text)]
    return fragment in ids or unquote(fragment) in ids


async def there_and_back(admin: Visitor, at: str, action: str, row: str, **typed: str) -> Page:
    """Press the button of a row, send the form, and look where that leads."""
    (back,) = buttons(await admin.open(at), action)
    assert back == f"{at}#{row}"
    form = await admin.client.get(
        action, params={"back": back} | {name: typed[name] for name in typed if name == "id"}
    )
    values = Page(form).forms[action] | typed
    assert f'href="{back}" data-close' in unescape(form.text)
    page = Page(await admin.client.post(action, data=values, follow_redirects=True))
    assert page.status == 200
    assert led_to(page) == back
    return page


async def test_from_a_row_of_a_filtered_list(site: Site, admin: Visitor) -> None:
    at = "/vaults?search=hk&page=1"
    page = await there_and_back(admin, at, f"/vaults/{SERIAL}/rfid", f"vault-{SERIAL}", rfid="77")
    assert has_row(page, f"vault-{SERIAL}")
    assert "was given another RFID" in page.words


async def test_a_serial_number_that_is_no_fragment(site: Site, admin: Visitor) -> None:
    site.bench.hes.vaults.import_vaults([VaultImport("X&Y Ü#1", mac="m", rfid="r")])
    row = "vault-X%26Y%20%C3%9C%231"
    page = await there_and_back(admin, "/vaults?search=X%26Y", f"/vaults/{row[6:]}/rfid", row, rfid="78")
    assert has_row(page, row)


async def test_from_a_workstation_with_a_strange_name(site: Site, admin: Visitor) -> None:
    site.bench.hes.workstations.seen(STRANGE)
    row = "workstation-PC%201%2F%C2%A7%3F"
    at = "/workstations?approval=Waiting&search=pc+1"
    page = await there_and_back(admin, at, "/workstations/approve", row, id=STRANGE)
    assert site.bench.hes.workstations.get(STRANGE).approved
    assert not has_row(page, row)  # it waits no longer
    assert has_row(await admin.open("/workstations"), row)


async def test_from_an_account(site: Site, admin: Visitor) -> None:
    hes, ann = site.bench.hes, site.bench.employee
    account = hes.accounts.create(
        ann.id, AccountDetails("Mail", "ann", password=Password.from_text("a password"))
    )
    at, row = f"/employees/{ann.id}", f"account-{account.id}"
    for action, typed in (
        ("edit", {"name": "Post"}),
        ("password", {"password": "another one"}),
        ("primary", {}),
        ("delete", {}),
    ):
        await there_and_back(admin, at, f"{at}/accounts/{account.id}/{action}", row, **typed)
    added = await admin.send(f"{at}/accounts/new", name="Wiki", login="w", password="a password")  # noqa: S106
    (account,) = hes.accounts.list(ann.id)
    assert led_to(added) == f"{at}#account-{account.id}"
    assert has_row(added, f"account-{account.id}")


async def test_from_profiles_and_the_organisation(site: Site, admin: Visitor) -> None:
    hes = site.bench.hes
    company = hes.org_structure.create_company("Example")
    department = hes.org_structure.create_department("Sales", company.id)
    position = hes.org_structure.create_position("Clerk")
    for path, row in (
        (f"companies/{company.id}/edit", f"company-{company.id}"),
        (f"departments/{department.id}/edit", f"department-{department.id}"),
        (f"positions/{position.id}/edit", f"position-{position.id}"),
    ):
        page = await there_and_back(admin, "/org-structure", f"/org-structure/{path}", row, name=f"new {row}")
        assert has_row(page, row)
    await admin.send("/profiles/new", name="Strict")
    (strict,) = [one for one in hes.profiles.list() if one.name == "Strict"]
    row = f"profile-{strict.id}"
    assert has_row(
        await there_and_back(admin, "/profiles", f"/profiles/{strict.id}/edit", row, name="Hard"), row
    )


async def test_from_a_shared_account(site: Site, admin: Visitor) -> None:
    details = AccountDetails("Team", "team", password=Password.from_text("a password"))
    team = site.bench.hes.shared_accounts.create(details)
    at, row = "/shared-accounts?search=te", f"shared-account-{team.id}"
    for action, typed in (("edit", {"name": "Team 2"}), ("otp", {}), ("delete", {})):
        back = f"{at}#{row}"
        (asked,) = buttons(await admin.open(at), f"/shared-accounts/{team.id}/{action}")
        assert asked == back
        page = await admin.send(
            f"/shared-accounts/{team.id}/{action}?back=/shared-accounts%3Fsearch=te%23{row}", **typed
        )
        assert led_to(page) == (back if action != "delete" else at)


@pytest.mark.parametrize("listed", ["/employees", "/vaults", "/shared-accounts"])
async def test_from_one_of_a_list_back_to_it(site: Site, admin: Visitor, listed: str) -> None:
    """By the link above it, to the row; the filter and the page are as they were."""
    details = AccountDetails("Smith 1", "team", password=Password.from_text("a password"))
    site.bench.hes.shared_accounts.create(details)
    await site.bench.assign()
    at = f"{listed}?search={'1' if listed != '/employees' else 'smi'}&page=1"
    page = await admin.open(at)
    (link,) = re.findall(rf'<th scope="row"[^>]*><a href="({listed}/[^"]*)"', page.text)
    one = await admin.open(unescape(link))
    (crumb,) = re.findall(r'<p class="crumb"><a href="([^"]*)"', one.text)
    before, _, row = unescape(crumb).partition("#")
    assert before == at
    assert has_row(page, row)


async def test_who_was_deleted_leads_back_to_the_list_as_it_was(site: Site, admin: Visitor) -> None:
    bob = site.bench.hes.employees.create(EmployeeDetails("Bob"))
    at = f"/employees/{bob.id}?from=%2Femployees%3Fpage%3D1%26search%3Db"
    (back,) = buttons(await admin.open(at), f"/employees/{bob.id}/delete")
    form = Page(await admin.client.get(f"/employees/{bob.id}/delete", params={"back": back}))
    values = form.forms[f"/employees/{bob.id}/delete"]
    gone = Page(await admin.client.post(f"/employees/{bob.id}/delete", data=values, follow_redirects=True))
    assert led_to(gone) == "/employees?page=1&search=b"


ELSEWHERE = [
    "//evil.example/vaults#vault-HK-1",
    "https://evil.example/vaults",
    "/\\evil.example",
    "\\\\evil.example",
    "/vaults\r\nX-Header: 1",
    "/\t/evil.example",
    "javascript:alert(1)#vault-HK-1",
    "evil.example",
]


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
async def test_no_way_leads_to_another_site(site: Site, admin: Visitor, elsewhere: str) -> None:
    employee = site.bench.employee
    account = site.bench.hes.accounts.create(
        employee.id, AccountDetails("Mail", "ann", password=Password.from_text("a password"))
    )
    forms = {
        f"/vaults/{SERIAL}/rfid": {"rfid": "9"},
        f"/employees/{employee.id}/accounts/{account.id}/edit": {"name": "Post"},
        f"/employees/{employee.id}/accounts/{account.id}/delete": {},
        "/profiles/new": {"name": "Strict", "pin_length": "4"},
        "/org-structure/companies/new": {"name": "Example"},
        f"/employees/{employee.id}/delete": {},
    }
    for at, typed in forms.items():
        form = Page(await admin.client.get(at, params={"back": elsewhere}))
        ways = [form.forms[at]["back"], *re.findall(r'href="([^"]*)" data-close', form.text)]
        assert len(ways) == 2
        assert not [way for way in ways if "evil" in way or not way.startswith("/")]
        values = form.forms[at] | typed | {"back": elsewhere}
        answer = await admin.client.post(at, data=values)
        assert answer.status_code == 303
        assert re.fullmatch(
            r"/(vaults|employees|profiles|org-structure)[\w/-]*(#[\w-]*)?", answer.headers["location"]
        )


@pytest.mark.parametrize("elsewhere", [*ELSEWHERE, "/settings", "/employees/../settings", "/vaultsx"])
async def test_a_list_that_is_none_of_ours_is_no_way_back(site: Site, admin: Visitor, elsewhere: str) -> None:
    for at, listed in (
        (f"/vaults/{SERIAL}", "/vaults"),
        (f"/employees/{site.bench.employee.id}", "/employees"),
    ):
        page = Page(await admin.client.get(at, params={"from": elsewhere}))
        (crumb,) = re.findall(r'<p class="crumb"><a href="([^"#]*)', page.text)
        assert crumb == listed


@pytest.mark.parametrize(
    ("referer", "onward"),
    [
        (f"{URL}/employees/new/x/profile?a=1", "%2Femployees%2Fnew%2Fx%2Fprofile%3Fa%3D1"),
        ("https://evil.example/employees", ""),
        ("nonsense", ""),
        ("http://[", ""),
    ],
)
async def test_an_ended_session_leads_over_the_login_to_the_form(
    site: Site, referer: str, onward: str
) -> None:
    headers = {"accept": "text/html", "referer": referer}
    answer = await site.stranger.post("/profiles/new", data={}, headers=headers)
    assert answer.status_code == 401
    assert f'<a class="button" href="/login?next={onward}">Log in</a>' in answer.text
