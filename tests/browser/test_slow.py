"""The pages on a slow machine: scripts that come late, answers that come late, and news while a button is pressed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, Route, expect

from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from tests.browser.conftest import Person, Site

FIRST, SECOND = "ST103200026001", "ST103200026002"


@pytest.fixture(autouse=True)
async def company(site: Site) -> None:
    """Two keys; the first is somebody's."""
    site.hes.vaults.import_vaults(
        [VaultImport(serial, f"mac {serial}", f"rfid {serial}") for serial in (FIRST, SECOND)]
    )
    ada = site.hes.employees.create(EmployeeDetails("Ada"))
    await site.hes.employees.add_hardware_vault(ada.id, FIRST)


@asynccontextmanager
async def held_back(page: Page, url: str) -> AsyncIterator[None]:
    """What is asked for at an address is answered only at the end."""
    end = asyncio.Event()

    async def wait(route: Route) -> None:
        await end.wait()
        await route.continue_()

    await page.route(url, wait)
    try:
        yield
    finally:
        end.set()


async def test_the_buttons_of_a_code_appear_when_they_work(person: Person) -> None:
    page = person.page
    await person.log_in()
    await person.go(f"/vaults/{FIRST}/rfid?back=/vaults/{FIRST}/code")
    await page.get_by_label("RFID").fill("another")
    show = page.get_by_role("button", name="Hold to show")
    async with held_back(page, "**/static/code.js"):
        await page.get_by_role("button", name="Save").click()
        # The script of every page has run: it leads whoever does not see the page to what was done.
        await expect(page.locator(".notice[data-told]")).to_be_focused()
        await expect(page.get_by_role("heading", name="Activation code")).to_be_visible()
        await expect(show).to_be_hidden()
    await expect(show).to_be_visible()


async def test_a_press_outlasts_the_news(person: Person, site: Site) -> None:
    page = person.page
    await person.log_in()
    row = page.locator(f"#vault-{FIRST}")
    await row.locator("summary").hover()
    await page.mouse.down()
    await site.hes.employees.remove_hardware_vault(FIRST)
    site.hes.set_alarm(True)
    await expect(page.locator("#alarm")).to_contain_text("The alarm is on")
    await row.locator("summary").hover()  # which the alarm has pushed down
    await page.mouse.up()
    await expect(row.get_by_role("button", name="Edit RFID")).to_be_visible()
    await expect(row.locator(".badge")).to_have_text("Ready")


async def test_an_answer_comes_up_in_no_other_dialog(person: Person) -> None:
    page = person.page
    await person.log_in()
    dialog = page.get_by_role("dialog")
    first, second = (page.locator(f"#vault-{serial}") for serial in (FIRST, SECOND))
    async with page.expect_response(f"**/{FIRST}/rfid*") as late, held_back(page, f"**/{FIRST}/rfid*"):
        await first.locator("summary").click()
        await first.get_by_role("button", name="Edit RFID").click()
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await second.locator("summary").click()
        await second.get_by_role("button", name="Edit RFID").click()
        await expect(dialog).to_contain_text(SECOND)
    await (await late.value).finished()
    await dialog.get_by_label("RFID").fill("typed")
    await dialog.get_by_role("button", name="Save").click()
    await person.told(f"Key {SECOND} was given another RFID")


async def test_a_double_click_opens_a_dialog_and_leaves_it_open(person: Person) -> None:
    page = person.page
    await person.log_in()
    async with held_back(page, f"**/{FIRST}/code*"):
        await page.get_by_role("button", name="Activation code").dblclick()
    await expect(page.get_by_role("dialog").get_by_role("heading", name="Activation code")).to_be_visible()
    # A click beside it closes it.
    await page.mouse.click(5, 5)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_lost_answer_is_not_taken_for_a_refusal(person: Person, site: Site) -> None:
    page = person.page
    await person.log_in()

    async def lose(route: Route) -> None:
        if route.request.method == "POST":
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route(f"**/{FIRST}/rfid*", lose)
    row = page.locator(f"#vault-{FIRST}")
    await row.locator("summary").click()
    await row.get_by_role("button", name="Edit RFID").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("RFID").fill("another")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("may have been done or not")
    await expect(dialog.get_by_label("RFID")).to_have_value("another")
    assert site.hes.vaults.get(FIRST).rfid == "another"


async def test_without_an_answer_nothing_opens(person: Person) -> None:
    page = person.page
    await person.log_in()
    await page.route(f"**/{FIRST}/code*", lambda route: route.abort())
    await page.get_by_role("button", name="Activation code").click()
    await expect(page.get_by_role("dialog")).to_contain_text("The server cannot be reached. Nothing was sent")
