"""The accounts of an employee, on pages."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails, AccountView
from hideez_bench.emulator.hes.names import LoginType
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.protocol.secret import Password
from tests.hes_web.conftest import Site
from tests.hes_web.pages import Visitor

SECRET = "a password that nobody sees"  # noqa: S105 - of these tests
OTP = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def base(site: Site) -> str:
    return f"/employees/{site.bench.employee.id}"


def accounts(site: Site) -> list[AccountView]:
    return site.bench.hes.accounts.list(site.bench.employee.id)


async def mail(site: Site, admin: Visitor, base: str) -> AccountView:
    await admin.send(f"{base}/accounts/new", name="Mail", login="ann", password=SECRET, otp_secret=OTP)
    (made,) = accounts(site)
    return made


async def test_from_adding_to_deletion(site: Site, admin: Visitor, base: str) -> None:
    account = await mail(site, admin, base)
    assert (account.name, account.login, account.has_otp) == ("Mail", "ann", True)
    at = f"{base}/accounts/{account.id}"
    asked = await admin.open(f"{at}/edit")
    assert asked.forms[f"{at}/edit"]["login"] == "ann"
    page = await admin.send(
        f"{at}/edit", name="Post", urls="https://a.example;https://b.example", login_type="Domain", domain="D"
    )
    assert page.response.url.path == base
    assert "Post" in page.words
    await admin.send(f"{at}/password", password="another one")  # noqa: S106 - of this test
    await admin.send(f"{at}/otp", otp_secret="")
    await admin.send(f"{at}/primary")
    (account,) = accounts(site)
    assert (account.urls, account.login_type) == ("https://a.example;https://b.example", LoginType.Domain)
    assert (account.has_otp, account.is_primary) == (False, True)
    await admin.send(f"{at}/delete")
    assert accounts(site) == []


async def test_no_secret_is_in_any_page(site: Site, admin: Visitor, base: str) -> None:
    account = await mail(site, admin, base)
    at = f"{base}/accounts/{account.id}"
    pages = [await admin.open(f"{at}/{form}") for form in ("edit", "password", "otp", "primary", "delete")]
    pages.append(await admin.send(f"{base}/accounts/new", name="Mail", login="ann", password=SECRET))
    pages.append(await admin.send(f"{at}/otp", otp_secret=f"{OTP}!"))
    assert [page.status for page in pages[-2:]] == [409, 409]
    pages.append(await admin.open(base))
    assert not [page for page in pages if SECRET in page.text or OTP in page.text]


async def test_a_refused_account_keeps_what_was_typed(site: Site, admin: Visitor, base: str) -> None:
    at = f"{base}/accounts/new"
    page = await admin.send(at, name="Mail", login="ann", urls="https://a.example", password="")
    assert "needs a password" in page.refusal
    assert page.forms[at].items() >= {"name": "Mail", "login": "ann", "urls": "https://a.example"}.items()
    assert page.forms[at]["password"] == ""
    assert accounts(site) == []


async def test_a_shared_account_is_given_once(site: Site, admin: Visitor, base: str) -> None:
    at = f"{base}/accounts/shared"
    assert at not in (await admin.open(at)).forms
    details = AccountDetails(name="Team", login="team", password=Password.from_text(SECRET))
    shared = site.bench.hes.shared_accounts.create(details)
    page = await admin.send(at, shared_account_id=shared.id)
    (account,) = accounts(site)
    assert account.shared_account_id == shared.id
    # It is changed for all, so there is no button to change it for one.
    assert f"{base}/accounts/{account.id}/edit" not in page.forms
    assert at not in (await admin.open(at)).forms


async def test_the_account_of_another_is_not_found(site: Site, admin: Visitor, base: str) -> None:
    account = await mail(site, admin, base)
    other = site.bench.hes.employees.create(EmployeeDetails(first_name="Bob"))
    page = await admin.open(f"/employees/{other.id}/accounts/{account.id}/delete")
    assert page.status == 404


async def test_a_viewer_sees_names_and_changes_nothing(
    site: Site, admin: Visitor, viewer: Visitor, base: str
) -> None:
    account = await mail(site, admin, base)
    page = await viewer.open(base)
    assert "Mail" in page.words
    assert not [action for action in page.forms if "/accounts/" in action]
    assert (await viewer.open(f"{base}/accounts/{account.id}/password")).status == 403
