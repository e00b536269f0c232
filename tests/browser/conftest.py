"""A server that a real browser opens, and the browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

from hideez_bench.emulator.hes.mail.mailbox import Mailbox, MailboxServer
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailSettings, Tls
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.hes.web.app import WebContext, WebSettings, create_app
from hideez_bench.protocol.secret import Password
from tests.hes.bench import QUICK_HASHER
from tests.hubs.served import served

ADMINISTRATOR = "admin@example.org"
PASSWORD = "correct horse battery staple"  # noqa: S105 - of these tests
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WAIT_MS = 120_000
"""How long a step may take. On a busy machine a large page's script keeps it from answering for half a minute."""

# A page's own patience does not hold for `expect`, which would give up after 5 s.
expect.set_options(timeout=WAIT_MS)


@dataclass
class Site:
    """A running server and mailbox."""

    hes: Hes
    url: str
    mailbox_url: str


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    hes = Hes(observe=lambda event: None, password_hasher=QUICK_HASHER)
    await hes.users.create(ADMINISTRATOR, Password.from_text(PASSWORD), Role.ADMINISTRATOR)
    async with hes, MailboxServer(Mailbox(), smtp_port=0, port=0) as mailbox:
        mail = MailSettings("127.0.0.1", "hes@example.org", port=mailbox.smtp_port, tls=Tls.NONE)
        context = WebContext(hes, WebSettings(), MailSender(mail))
        async with served(create_app(context)) as url:
            yield Site(hes, url, mailbox.url)
            context.stopping.set()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=list(FLAGS), timeout=WAIT_MS
        )
        yield browser
        await browser.close()


@dataclass
class Person:
    """Somebody at a browser. `complaints` are what its console says of scripts that fail or are not let run."""

    page: Page
    site: Site
    pictures: list[Path]
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.context.set_default_timeout(WAIT_MS)  # the whole context's, for further tabs
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)

    def _said(self, message: ConsoleMessage) -> None:
        # A refusal is an answer of 409, and without a session there are no news; the browser mentions both.
        expected = ("Failed to load resource", "EventSource's response")
        if message.type == "error" and not message.text.startswith(expected):
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        await self.page.goto(self.site.url + path)

    async def log_in(self) -> None:
        await self.go("/login")
        await self.page.get_by_label("E-mail").fill(ADMINISTRATOR)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Log in").click()
        await self.page.wait_for_url("**/vaults")

    async def next(self, step: str) -> None:
        """Press the wizard's Next, and be at this step: each has a button of that name."""
        await self.page.get_by_role("button", name="Next").click()
        await self.is_at(step)

    async def is_at(self, step: str) -> None:
        """The wizard shows this step, and its scripts have run."""
        await expect(self.page.locator("[aria-current=step]")).to_have_text(step)
        await self.is_ready()

    async def told(self, text: str) -> None:
        """Be on the page that says what was done, and not on the one where a row shows it already."""
        await expect(self.page.locator("main > .notice[data-told]")).to_contain_text(text)
        await self.is_ready()

    async def is_ready(self) -> None:
        """The page's scripts have run: before that a button opens a page and no dialog."""
        await self.page.wait_for_load_state()

    async def stop_time(self) -> None:
        """The page's timers wait from now on: a code stays in sight, however long the machine takes."""
        await self.page.clock.install(time=0)
        await self.page.clock.pause_at(60 * 60)

    async def picture(self, name: str) -> None:
        """Keep a screenshot with the test's files, and in the folder that HIDEEZ_SCREENSHOTS names."""
        first, *others = [folder / f"{name}.png" for folder in self.pictures]
        await self.page.screenshot(path=first)
        for other in others:
            other.write_bytes(first.read_bytes())

    async def is_too_wide(self) -> bool:
        """Whether the page must be moved sideways to be read."""
        return (
            await self.page.evaluate(
                "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            )
            is True
        )


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Where screenshots go."""
    folders = [tmp_path]
    if wanted := os.environ.get("HIDEEZ_SCREENSHOTS"):
        folders.append(Path(wanted))
        folders[-1].mkdir(parents=True, exist_ok=True)
    return folders


async def person_in(context: BrowserContext, site: Site, pictures: list[Path]) -> Person:
    return Person(await context.new_page(), site, pictures)


@pytest.fixture
async def person(browser: Browser, site: Site, pictures: list[Path]) -> AsyncIterator[Person]:
    """Somebody at a desk."""
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        person = await person_in(context, site, pictures)
        yield person
        assert person.complaints == []
