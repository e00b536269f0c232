"""What only a browser shows: keys instead of a mouse, a phone, the dark, and a code that hides itself."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, ViewportSize, expect

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.emulator.hes.web.pages import paging
from hideez_bench.protocol.secret import Password
from tests.browser.conftest import ADMINISTRATOR, PASSWORD, Person, Site, person_in

SERIALS = [f"ST10320260002{number:02}" for number in range(3, 8)]
HIDDEN = "••••••"
# A phone that is small today.
PHONE = ViewportSize(width=390, height=844)
# What is left of 1280 at a zoom of 400 %.
NARROW = ViewportSize(width=320, height=844)


@pytest.fixture(autouse=True)
async def company(searchable_codes: None, site: Site) -> None:
    """Five keys, three of them assigned, one to somebody with a long name; everybody has two accounts."""
    hes = site.hes
    department = hes.org_structure.create_department(
        "Research", hes.org_structure.create_company("Example").id
    )
    position = hes.org_structure.create_position("Engineer")
    details = AccountDetails("Team", "team", password=Password.from_text("a password"))
    shared = hes.shared_accounts.create(details)
    hes.vaults.import_vaults([VaultImport(serial, f"mac {serial}", f"rfid {serial}") for serial in SERIALS])
    people = [
        ("Ada", "Lovelace"),
        ("Wolfeschlegelsteinhausenbergerdorff" * 2, "<script>alert(1)</script>"),
        ("Grace", "Hopper"),
    ]
    for (first, last), serial in zip(people, SERIALS, strict=False):
        employee = hes.employees.create(
            EmployeeDetails(first, last, "somebody@example.org", "", department.id, position.id)
        )
        await hes.employees.add_hardware_vault(employee.id, serial)
        account = AccountDetails("Mail", f"{first}@example.org", password=Password.from_text("a password"))
        hes.accounts.create(employee.id, account)
        hes.accounts.add_shared(employee.id, shared.id)
    hes.workstations.seen("W" * 120)
    hes.workstations.approve("W" * 120)
    hes.workstations.add_proximity_vault("W" * 120, SERIALS[0])


def code(site: Site) -> str:
    return site.hes.vaults.activation_code(SERIALS[0]).reveal().decode()


async def open_code(person: Person) -> Locator:
    row = person.page.locator(f"#vault-{SERIALS[0]}")
    await row.get_by_role("button", name="Activation code").click()
    shown = person.page.get_by_role("dialog").locator("[data-code-value]")
    await expect(shown).to_have_text(HIDDEN)
    await person.stop_time()
    return shown


class TestCode:
    async def test_is_shown_while_the_button_is_held(self, person: Person, site: Site) -> None:
        await person.log_in()
        shown = await open_code(person)
        assert code(site) not in await person.page.content()
        await person.page.get_by_role("button", name="Hold to show").hover()
        await person.page.mouse.down()
        await expect(shown).to_have_text(code(site))
        # What makes a press a hold is that it takes its time.
        await person.page.clock.run_for(500)
        await person.page.mouse.up()
        await expect(shown).to_have_text(HIDDEN)
        assert code(site) not in await person.page.content()

    async def test_hides_after_a_while(self, person: Person, site: Site) -> None:
        await person.log_in()
        shown = await open_code(person)
        await person.page.get_by_role("button", name="Hold to show").click()
        await expect(shown).to_have_text(code(site))
        await person.page.clock.run_for(9_900)
        await expect(shown).to_have_text(code(site))
        await person.page.clock.run_for(200)
        await expect(shown).to_have_text(HIDDEN)

    @pytest.mark.parametrize("leave", ["Tab", "window", "Escape"])
    async def test_hides_when_one_turns_away(self, person: Person, site: Site, leave: str) -> None:
        await person.log_in()
        shown = await open_code(person)
        await person.page.get_by_role("button", name="Hold to show").press("Enter")
        await expect(shown).to_have_text(code(site))
        if leave == "window":
            await person.page.evaluate("window.dispatchEvent(new Event('blur'))")
        else:
            await person.page.keyboard.press(leave)
        if leave != "Escape":
            await expect(shown).to_have_text(HIDDEN)
        await expect(person.page.get_by_text(code(site))).to_have_count(0)

    async def test_an_ended_session_gives_no_code(self, person: Person, site: Site) -> None:
        await person.log_in()
        await open_code(person)
        (user,) = site.hes.users.list()
        site.hes.users.close_all_sessions(user)
        await person.page.get_by_role("button", name="Hold to show").click()
        said = person.page.locator("[data-code-said]")
        await expect(said).to_have_text(re.compile("log in again|Unauthorized"))


class TestKeyboard:
    async def test_everything_can_be_reached_and_focus_is_seen(self, person: Person, site: Site) -> None:
        page = person.page
        await person.go("/login")
        await expect(page.get_by_label("E-mail")).to_be_focused()
        await page.keyboard.type(ADMINISTRATOR)
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/vaults")
        await page.keyboard.press("Tab")
        skip = page.get_by_role("link", name="Skip to the content")
        await expect(skip).to_be_focused()
        await expect(skip).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(page.locator("#main")).to_be_focused()

        row = page.locator(f"#vault-{SERIALS[0]}")
        button = row.get_by_role("button", name="Activation code")
        await self.tab_to(person, button)
        assert "3px" in await button.evaluate("element => getComputedStyle(element).outline")
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Activation code")
        await expect(dialog).to_be_visible()
        await self.tab_to(person, page.get_by_role("button", name="Hold to show"))
        await person.stop_time()
        await page.keyboard.press("Space")
        await expect(dialog.locator("[data-code-value]")).to_have_text(code(site))
        await person.picture("keyboard")
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await page.clock.resume()
        await expect(button).to_be_focused()

        more = row.locator("summary")
        await self.tab_to(person, more)
        await page.keyboard.press("Enter")
        remove = row.get_by_role("button", name="Remove")
        await self.tab_to(person, remove)
        await page.keyboard.press("Escape")
        await expect(remove).to_be_hidden()
        await expect(more).to_be_focused()
        # The row is drawn anew below the hands of who is in it.
        await site.hes.employees.remove_hardware_vault(SERIALS[0])
        await expect(row.locator(".badge")).to_have_text("Ready")
        await expect(more).to_be_focused()

    async def test_the_wizard_needs_no_mouse(self, person: Person, site: Site) -> None:
        page = person.page
        await person.log_in()
        await person.go("/employees/new")
        await expect(page.get_by_label("First name")).to_be_focused()
        await page.keyboard.type("Mary")
        await page.keyboard.press("Enter")
        await person.is_at("Hardware vault")
        await self.tab_to(person, page.get_by_label("None for now"))
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_label(SERIALS[3])).to_be_checked()
        await page.keyboard.press("Enter")
        await person.is_at("Workstation account")
        await self.tab_to(person, page.get_by_label("Name of the account"))
        await page.keyboard.press("Enter")
        await person.is_at("Overview")
        await self.tab_to(person, page.get_by_role("button", name="Create"))
        await page.keyboard.press("Enter")
        await person.is_at("Activation")
        assert site.hes.vaults.get(SERIALS[3]).employee_name == "Mary"

    async def tab_to(self, person: Person, wanted: Locator) -> None:
        for _ in range(60):
            await person.page.keyboard.press("Tab")
            if await wanted.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"{wanted} cannot be reached with the Tab key")


async def test_a_refusal_stays_in_the_dialog_with_what_was_typed(person: Person, site: Site) -> None:
    page = person.page
    await person.log_in()
    row = page.locator(f"#vault-{SERIALS[0]}")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Compromised").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Stolen").check()
    await dialog.get_by_label("Type the serial number").fill("wrong")
    await dialog.get_by_label("Description").fill("from a desk")
    await dialog.get_by_role("button", name="Report as compromised").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("was not retyped")
    await expect(dialog.get_by_label("Description")).to_have_value("from a desk")
    await expect(dialog.get_by_label("Stolen")).to_be_checked()
    await person.picture("refused")
    await dialog.get_by_label("Type the serial number").fill(SERIALS[0])
    await dialog.get_by_role("button", name="Report as compromised").click()
    await expect(row.locator(".badge")).to_have_text("Compromised")
    # One goes on at the row, and the notice is in sight.
    await expect(row).to_be_focused()
    await expect(page.locator("#announcer")).to_contain_text("was reported as compromised")
    await expect(page.locator("main > .notice.good")).to_be_in_viewport(ratio=1)


async def test_after_an_action_one_is_at_the_row_on_the_same_page(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 30)
    many = [f"HK-{number:03}" for number in range(60)]
    site.hes.vaults.import_vaults([VaultImport(serial, f"m {serial}", f"r {serial}") for serial in many])
    page = person.page
    await person.log_in()
    await person.go("/vaults?search=hk&page=2")
    row = page.locator("#vault-HK-055")
    for rfid in ("first", "second"):  # the second time the address names the row already
        await row.locator("summary").click()
        await row.get_by_role("button", name="Edit RFID").click()
        await page.get_by_role("dialog").get_by_label("RFID").fill(rfid)
        await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        # As soon as the dialog has gone with its page.
        await expect(row).to_be_focused()
        await expect(page.locator("main > .notice.good")).to_be_in_viewport(ratio=1)
        await expect(row).to_be_in_viewport(ratio=1)
        await expect(page).to_have_url(f"{site.url}/vaults?search=hk&page=2#vault-HK-055")
        assert site.hes.vaults.get("HK-055").rfid == rfid
    # The row is drawn anew, and stays the one that is marked.
    mary = site.hes.employees.create(EmployeeDetails("Mary"))
    await site.hes.employees.add_hardware_vault(mary.id, "HK-055")
    await expect(row.locator(".badge")).to_have_text("Reserved")
    await expect(row).to_be_focused()
    await expect(row).to_have_class(re.compile("here"))
    await row.get_by_role("link", name="HK-055").click()
    await page.get_by_role("main").get_by_role("link", name="Hardware vaults").click()
    await expect(page).to_have_url(f"{site.url}/vaults?search=hk&page=2#vault-HK-055")
    await expect(row).to_be_focused()


async def test_what_was_typed_outlives_the_session(person: Person, site: Site) -> None:
    """In the wizard and in a dialog: log in again in another tab, and press the button once more."""
    page = person.page
    await person.log_in()
    (user,) = site.hes.users.list()
    await person.go("/employees/new")
    await page.get_by_label("First name").fill("Mary")
    site.hes.users.close_all_sessions(user)
    await page.get_by_role("button", name="Next").click()
    ended = page.get_by_role("alert")
    await expect(ended).to_contain_text("What you typed is still here")
    await expect(page.get_by_label("First name")).to_have_value("Mary")
    await log_in_elsewhere(person, ended)
    await person.next("Hardware vault")

    await person.go("/vaults")
    row = page.locator(f"#vault-{SERIALS[0]}")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Edit RFID").click()
    await page.get_by_role("dialog").get_by_label("RFID").fill("kept")
    site.hes.users.close_all_sessions(user)
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await log_in_elsewhere(person, page.get_by_role("dialog").get_by_role("alert"))
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await person.told("was given another RFID")
    assert site.hes.vaults.get(SERIALS[0]).rfid == "kept"


async def log_in_elsewhere(person: Person, notice: Locator) -> None:
    async with person.page.context.expect_page() as opened:
        await notice.get_by_role("link", name="Log in").click()
    tab = await opened.value
    await tab.get_by_label("E-mail").fill(ADMINISTRATOR)
    await tab.get_by_label("Password").fill(PASSWORD)
    await tab.get_by_role("button", name="Log in").click()
    await expect(tab.get_by_role("button", name="Log out")).to_be_visible()
    await tab.close()


async def test_a_page_that_lost_its_news_says_so_and_catches_up(person: Person, site: Site) -> None:
    page = person.page
    await page.route("**/events", lambda route: route.abort())
    await person.log_in()
    await expect(page.locator("#stale")).to_contain_text("no news from the server")
    mary = site.hes.employees.create(EmployeeDetails("Mary"))
    await site.hes.employees.add_hardware_vault(mary.id, SERIALS[3])
    site.hes.set_alarm(True)
    await expect(page.locator(f"#vault-{SERIALS[3]} .badge")).to_have_text("Ready")
    await page.unroute("**/events")
    await expect(page.locator("#stale")).to_be_hidden()
    await expect(page.locator(f"#vault-{SERIALS[3]} .badge")).to_have_text("Reserved")
    await expect(page.locator("#alarm")).to_contain_text("The alarm is on")


async def test_a_page_and_its_form_say_that_the_session_has_ended(person: Person, site: Site) -> None:
    page = person.page
    await person.log_in()
    row = page.locator(f"#vault-{SERIALS[0]}")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Edit RFID").click()
    await page.get_by_role("dialog").get_by_label("RFID").fill("kept")
    (user,) = site.hes.users.list()
    site.hes.users.close_all_sessions(user)
    site.hes.set_alarm(True)  # news, which are not told any more
    await expect(page.locator("#stale")).to_contain_text("Your session has ended")
    await expect(page.locator("#stale a")).to_have_attribute("href", "/login?next=%2Fvaults")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("log in again")
    await expect(page.get_by_role("dialog").get_by_label("RFID")).to_have_value("kept")


@pytest.fixture(params=["phone", "dark"])
async def elsewhere(
    request: pytest.FixtureRequest, browser: Browser, site: Site, pictures: list[Path]
) -> AsyncIterator[tuple[str, Person]]:
    """Somebody with a phone, and somebody in the dark."""
    name: str = request.param
    if name == "phone":
        context = await browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    else:
        context = await browser.new_context(color_scheme="dark", viewport={"width": 1280, "height": 800})
    async with context:
        person = await person_in(context, site, pictures)
        yield name, person
        assert person.complaints == []


async def test_every_page_fits(elsewhere: tuple[str, Person], site: Site) -> None:
    name, person = elsewhere
    await person.log_in()
    employees = [employee.id for employee in site.hes.employees.list()]
    account = f"/employees/{employees[-1]}/accounts/{site.hes.accounts.list(employees[-1])[0].id}"
    (shared,) = site.hes.shared_accounts.list()
    paths = {
        "vaults": "/vaults",
        "vault": f"/vaults/{SERIALS[1]}",
        "code": f"/vaults/{SERIALS[1]}/code",
        "compromise": f"/vaults/{SERIALS[1]}/compromise",
        "import": "/vaults/import",
        "employees": "/employees",
        "employee": f"/employees/{employees[-1]}",
        "account": f"{account}/edit",
        "account-password": f"{account}/password",
        "own-password": "/password",
        "two-factor": "/two-factor",
        "wizard": "/employees/new",
        "shared-accounts": "/shared-accounts",
        "shared-account": f"/shared-accounts/{shared.id}",
        "organisation": "/org-structure",
        "profiles": "/profiles",
        "profile": "/profiles/new",
        "workstations": "/workstations",
        "workstation": f"/workstations/edit?id={'W' * 120}",
        "proximity": f"/workstations/proximity?id={'W' * 120}",
        "settings": "/settings",
        "events": "/audit",
        "client-events": "/audit/clients",
        "sessions": "/audit/sessions",
    }
    await person.page.locator(f"#vault-{SERIALS[-1]} summary").click()
    last = person.page.locator(f"#vault-{SERIALS[-1]}").get_by_role("button", name="Edit RFID")
    await expect(last).to_be_in_viewport(ratio=1)
    too_wide = []
    for what, path in paths.items():
        await person.go(path)
        await expect(person.page.locator("h1").first).to_be_visible()
        await person.picture(f"{name}-{what}")
        if await person.is_too_wide():
            too_wide.append(what)
        if name == "phone":
            await person.page.set_viewport_size(NARROW)
            await expect(person.page.locator("html")).to_have_js_property("clientWidth", NARROW["width"])
            if await person.is_too_wide():
                too_wide.append(f"{what}, narrow")
            await person.page.set_viewport_size(PHONE)
    assert too_wide == []
    ground = await person.page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(int(part) for part in re.findall(r"\d+", ground)) / 3
    assert (light < 60) is (name == "dark")
