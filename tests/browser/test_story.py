"""The whole story in a browser: from a new employee to an Active key, and from three wrong codes back to Active."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Page, expect

from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.web_socket import WebSockets
from hideez_bench.harness.people import Entry, ScriptedPerson, wrong_code
from hideez_bench.harness.stage import Stage, open_stage
from hideez_bench.harness.targets import EmulatorTarget, Radio
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.device import KeyDevice, Timeouts
from hideez_bench.protocol.hes import WorkstationInfo
from hideez_bench.protocol.secret import ActivationCode, WorkstationKey
from hideez_bench.protocol.wire import default_wire
from tests.browser.conftest import Person, Site

WIRE = default_wire()
HIDDEN = "••••••"
WHEN_SHOWN = """hidden => {
    const text = document.querySelector("[data-code-value]").textContent;
    return text !== hidden && text;
}"""


class Client:
    """Hideez Client on a workstation, which reaches the server over its hubs, and a factory-new key before it."""

    def __init__(self, stage: Stage, connection: HubConnection, workstation: RelayingWorkstation) -> None:
        assert stage.identity
        self.identity: Identity = stage.identity
        self._stage = stage
        self._connection = connection
        self._workstation = workstation

    async def register(self) -> None:
        """Tell the server of the workstation."""
        await self._connection.register_workstation_info(
            WorkstationInfo(self._workstation.id, machine_name="PC-204")
        )

    async def connect(self, *codes: Entry) -> FlowResult:
        """Connect the key, type these codes as they are asked for, and disconnect."""

        async def no_code() -> ActivationCode:
            raise AssertionError("it knows the codes that it was told, and no other")

        flow = ConnectionFlow(
            open_link=self._stage.open_link,
            hes=self._connection,
            workstation=self._workstation,
            ui=ScriptedPerson(codes, no_code),
            timeline=Timeline(asyncio.get_running_loop().time, lambda event: None),
            wire=WIRE,
            random=secrets.token_bytes,
        )
        async with flow:
            return await flow.run()


@asynccontextmanager
async def client_of(site: Site) -> AsyncIterator[Client]:
    async with open_stage(EmulatorTarget(Radio.MEMORY), WIRE) as stage:
        workstation = RelayingWorkstation("pc-204", WIRE)
        key = WorkstationKey(secrets.token_bytes(32))
        connection = HubConnection(WebSockets(site.url), workstation, key, WIRE)
        await connection.connect()
        try:
            yield Client(stage, connection, workstation)
        finally:
            await connection.close()


def licence_file(serial: str) -> str:
    """What the licence server would answer of this key."""
    licence = base64.b64encode(issue_license(serial, 1_900_000_000)).decode()
    device = {
        "deviceId": serial,
        "mac": "1CFDB71000CB",
        "model": "ST103",
        "rfid": "2000000203",
        "firmware": "3.5.2",
    }
    until = "2030-03-17T17:46:40Z"
    licences = [{"id": "licence-1", "deviceId": serial, "endDate": until, "data": licence}]
    return json.dumps({"devicesDto": [device], "deviceLicensesDto": licences})


async def code_in_dialog(page: Page) -> ActivationCode:
    """Open the dialog with the button, read the code, and close it."""
    await page.get_by_role("button", name="Activation code").click()
    dialog = page.get_by_role("dialog")
    code = await shown_code(page)
    await dialog.get_by_role("link", name="Close").click()
    await expect(dialog).to_have_count(0)
    return code


async def shown_code(page: Page) -> ActivationCode:
    """Have the code shown, and read it at the moment when it appears: it hides itself after a while."""
    await expect(page.locator("[data-code-value]")).to_have_text(HIDDEN)
    # With a key: a click that takes its time is a hold, and lets go of the code.
    await page.get_by_role("button", name="Hold to show").press("Enter")
    shown = await page.wait_for_function(WHEN_SHOWN, arg=HIDDEN)
    return ActivationCode.from_text(await shown.json_value())


async def becomes(page: Page, serial: str, status: str) -> None:
    """The row of a vault shows a status, without the page being loaded anew."""
    row = page.locator(f'#vault-{serial}[data-status="{status}"]')
    await expect(row).to_be_visible()
    await expect(row.locator(".badge")).to_have_text(status)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits for a key's answer as long as the machine takes, which is this test's and not the key's."""
    defaults = KeyDevice.__init__.__kwdefaults__
    assert defaults
    monkeypatch.setitem(defaults, "timeouts", Timeouts(60, 60, 60))


@pytest.mark.usefixtures("patience")
async def test_story(person: Person, site: Site) -> None:
    page = person.page
    async with client_of(site) as client:
        serial = client.identity.serial
        await person.log_in()

        # The client's workstation waits for approval.
        await person.go("/workstations")
        await page.get_by_role("button", name="Approve").click()
        await page.get_by_role("dialog").get_by_role("button", name="Approve").click()
        await person.told("is approved")
        await expect(page.locator(".badge")).to_have_text("Approved")
        await client.register()
        await expect(page.get_by_role("rowheader")).to_contain_text("PC-204")

        # Import, by pasting.
        await person.go("/vaults")
        await page.get_by_role("button", name="Import").click()
        await page.get_by_label("Or the text itself").fill(licence_file(serial))
        await page.get_by_role("dialog").get_by_role("button", name="Import").click()
        await person.told("1 vault was imported")
        await becomes(page, serial, "Ready")

        # The wizard.
        await person.go("/employees")
        await page.get_by_role("link", name="Create employee").click()
        await page.get_by_label("First name").fill("Ada")
        await page.get_by_label("Last name").fill("Lovelace")
        await page.get_by_label("E-mail").fill("ada@example.org")
        await person.picture("wizard-profile")
        await person.next("Hardware vault")
        await page.get_by_label(serial).check()
        await person.next("Workstation account")
        await person.next("Overview")
        await page.get_by_role("button", name="Create").click()
        await person.is_at("Activation")
        code = await shown_code(page)
        await person.picture("wizard-activation")
        await page.get_by_role("button", name="Copy").click()
        await expect(page.get_by_text("The code is on the clipboard.")).to_be_visible()
        assert ActivationCode.from_text(await page.evaluate("navigator.clipboard.readText()")) == code
        await expect(page.get_by_label("E-mail")).to_have_value("ada@example.org")
        await page.get_by_role("button", name="Send e-mail").click()
        await person.told("The code was sent to ada@example.org.")
        await page.reload()
        assert len(site.hes.employees.list()) == 1

        # The same code in the other places.
        await page.get_by_role("link", name="Finish").click()
        await expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
        await person.is_ready()
        assert await code_in_dialog(page) == code
        await person.picture("employee")
        await page.goto(site.mailbox_url)
        await page.get_by_role("tab", name="Text").click()
        await expect(page.locator("pre#text")).to_contain_text(code.reveal().decode())
        await person.go("/vaults")
        assert await code_in_dialog(page) == code

        # The person types it; the row follows by itself.
        await page.evaluate("window.isTheSamePage = true")
        result = await client.connect(code)
        assert result.succeeded, result.error
        await becomes(page, serial, "Active")
        await expect(page.get_by_role("button", name="Suspend")).to_be_visible()
        await expect(page.locator("#announcer")).to_have_text(f"Key {serial} is now Active.")
        assert await page.evaluate("window.isTheSamePage")
        await person.picture("vaults-active")

        # Suspended, and three wrong codes.
        await page.get_by_role("button", name="Suspend").click()
        await page.get_by_label("Description").fill("on leave")
        await person.picture("suspend")
        await page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
        await person.told("was suspended")
        await becomes(page, serial, "Suspended")
        wrong = wrong_code(await code_in_dialog(page))
        assert not (await client.connect(wrong, wrong, wrong)).succeeded
        await becomes(page, serial, "Locked")
        await person.picture("vaults-locked")

        # The administrator's Activate, and the new code.
        await page.get_by_role("button", name="Activate").click()
        await page.get_by_role("dialog").get_by_role("button", name="Activate").click()
        await person.told("was given another chance")
        await becomes(page, serial, "Suspended")
        new = await code_in_dialog(page)
        assert new != code
        result = await client.connect(new)
        assert result.succeeded, result.error
        await becomes(page, serial, "Active")

        # Who logs out hears no more.
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_url("**/login")
