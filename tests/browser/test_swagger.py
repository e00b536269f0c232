"""The page to try REST, under the server's own Content-Security-Policy."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Person


async def test_a_route_can_be_tried(person: Person) -> None:
    await person.log_in()
    await person.go("/swagger")
    route = person.page.locator(".opblock", has_text="/api/HardwareVaults/GetHardwareVaults")
    await route.locator(".opblock-summary-control").click()
    await route.get_by_role("button", name="Try it out").click()
    await route.get_by_role("button", name="Execute").click()
    await expect(route.locator(".live-responses-table .response-col_status").last).to_have_text("200")
    await person.picture("swagger")
