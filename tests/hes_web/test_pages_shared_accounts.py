"""The accounts that several employees use, on pages."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from hideez_bench.emulator.hes.account_records import AccountDetails, SharedAccountView
from hideez_bench.emulator.hes.names import LoginType
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.protocol.secret import Password
from tests.hes_web.conftest import Site
from tests.hes_web.pages import Visitor

SECRET = "a password that nobody sees"  # noqa: S105 - of these tests
OTP = "JBSWY3DPEHPK3PXP"
LIST = "/shared-accounts"


@pytest.fixture
def team(site: Site) -> SharedAccountView:
    """A shared account that nobody has."""
    details = AccountDetails(name="Team", login="team", password=Password.from_text(SECRET))
    return site.bench.hes.shared_accounts.create(details)


async def test_from_creation_to_deletion(site: Site, admin: Visitor) -> None:
    shared = site.bench.hes.shared_accounts
    assert "There are no shared accounts yet." in (await admin.open(LIST)).words
    page = await admin.send(f"{LIST}/new", name="Wiki", login="all", password=SECRET, otp_secret=OTP)
    (made,) = shared.list()
    at = f"{LIST}/{made.id}"
    assert page.response.url.path == at
    assert "The shared account Wiki was created." in page.words
    assert "Nobody has it yet." in page.words
    assert (await admin.open(f"{at}/edit")).forms[f"{at}/edit"]["login"] == "all"
    await admin.send(f"{at}/edit", name="Handbook", login_type="Domain", domain="D")
    await admin.send(f"{at}/password", password="another one")  # noqa: S106 - of this test
    await admin.send(f"{at}/otp", otp_secret="")
    made = shared.get(made.id)
    assert (made.name, made.login_type, made.has_otp) == ("Handbook", LoginType.Domain, False)
    gone = await admin.send(f"{at}/delete")
    assert gone.response.url.path == LIST
    assert shared.list() == []


async def test_who_has_it(site: Site, admin: Visitor, team: SharedAccountView) -> None:
    hes, ann = site.bench.hes, site.bench.employee
    at = f"{LIST}/{team.id}"
    page = await admin.send(f"{at}/give", employee_id=ann.id)
    assert "Ann Smith has the account now." in page.words
    assert f'<a href="/employees/{ann.id}">Ann Smith</a>' in page.text
    assert "Everybody has it already." in (await admin.open(f"{at}/give")).words
    # The employee's page leads here, as changing it for one is not possible.
    assert f'href="{at}"' in (await admin.open(f"/employees/{ann.id}")).text
    assert "from 1 employee and their keys" in (await admin.open(f"{at}/delete")).words

    await admin.send(f"{at}/edit", login="everybody")
    (account,) = hes.accounts.list(ann.id)
    assert account.login == "everybody"
    page = await admin.send(f"/employees/{ann.id}/accounts/{account.id}/delete?back={at}")
    assert page.response.url.path == at
    assert hes.shared_accounts.holders(team.id) == []


async def test_what_is_refused_stays_in_the_form(site: Site, admin: Visitor, team: SharedAccountView) -> None:
    at = f"{LIST}/new"
    page = await admin.send(at, name="Team", login="other", password=SECRET, otp_secret=OTP)
    assert page.refusal == "There is a shared account Team already."
    assert page.forms[at]["login"] == "other"
    at = f"{LIST}/{team.id}"
    assert (await admin.send(f"{at}/give", employee_id="nobody")).status == 409
    assert "base32" in (await admin.send(f"{at}/otp", otp_secret=f"{OTP}!")).refusal
    assert (await admin.send(f"{at}/password", password="")).status == 409
    assert (await admin.open(f"{LIST}/none")).status == 404


async def test_no_secret_is_in_any_page(site: Site, admin: Visitor, team: SharedAccountView) -> None:
    at = f"{LIST}/{team.id}"
    pages = [
        await admin.open(LIST),
        await admin.open(at),
        *[await admin.open(f"{at}/{form}") for form in ("edit", "password", "otp", "give", "delete")],
        await admin.send(f"{LIST}/new", name="Team", password=SECRET, otp_secret=OTP),
    ]
    assert not [page for page in pages if SECRET in page.text or OTP in page.text]


@pytest.mark.parametrize(("search", "is_there"), [("tea", True), ("wiki.example", True), ("none", False)])
async def test_search(
    site: Site, admin: Visitor, team: SharedAccountView, search: str, is_there: bool
) -> None:
    details = AccountDetails("Team 2", "x", "https://wiki.example", password=Password.from_text(SECRET))
    site.bench.hes.shared_accounts.create(details)
    page = await admin.open(f"{LIST}?search={search}")
    assert ("Team" in page.words) is is_there
    assert ("No shared account fits." in page.words) is not is_there


async def test_a_viewer_sees_who_has_it_and_changes_nothing(
    site: Site, viewer: Visitor, team: SharedAccountView
) -> None:
    hes = site.bench.hes
    bob = hes.employees.create(EmployeeDetails("Bob"))
    hes.accounts.add_shared(bob.id, team.id)
    for path in (LIST, f"{LIST}/{team.id}"):
        page = await viewer.open(path)
        assert page.status == 200
        assert not [to for to in page.forms if to.startswith((f"{LIST}/", "/employees/"))]
    assert "Bob" in page.words
    assert (await viewer.open(f"{LIST}/{team.id}/password")).status == 403


async def test_many_holders_take_as_many_questions_as_one(
    site: Site, admin: Visitor, team: SharedAccountView
) -> None:
    """The database is asked once for all of them, and not for each."""
    hes = site.bench.hes
    asked: list[str] = []

    def note(*statement: object) -> None:
        asked.append(str(statement[2]))

    engine = hes._core.store._engine
    event.listen(engine, "before_cursor_execute", note)
    counts = []
    for name in ("Bob", "Cid", "Dan"):
        hes.accounts.add_shared(hes.employees.create(EmployeeDetails(name)).id, team.id)
        asked.clear()
        page = await admin.open(f"{LIST}/{team.id}")
        assert name in page.words
        counts.append(len(asked))
    event.remove(engine, "before_cursor_execute", note)
    assert counts[0] == counts[2]
