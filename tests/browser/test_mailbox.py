"""The mailbox's page in a browser: what arrives appears by itself, and hostile HTML does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage

import pytest
from playwright.async_api import Browser, Page, expect

from hideez_bench.emulator.hes.mail.letter import activation_letter
from hideez_bench.emulator.hes.mail.mailbox import Mailbox, MailboxServer
from tests.browser.conftest import WAIT_MS
from tests.hes_mail.servers import CODE, odd_server

HOSTILE = """
<script>document.title = "script"; parent.document.title = "script"</script>
<img src=x onerror="document.body.dataset.done = 'handler'">
<img src="http://ELSEWHERE/pixel.png">
<link rel="stylesheet" href="http://ELSEWHERE/style.css">
<meta http-equiv="refresh" content="0; url=http://ELSEWHERE/refresh">
<iframe src="http://ELSEWHERE/frame"></iframe>
<form id="form" action="http://ELSEWHERE/form"><button id="send">Send</button></form>
<a id="away" href="http://ELSEWHERE/away" target="_top">Away</a>
<svg><script>parent.postMessage("x", "*")</script></svg>
<p id="last">The end</p>
"""


@dataclass
class Visit:
    server: MailboxServer
    mailbox: Mailbox
    page: Page
    port_elsewhere: int
    reached: list[bytes]

    def hostile_mail(self) -> None:
        letter = EmailMessage()
        letter["Subject"] = "<img src=x onerror=alert(1)>"
        letter.set_content(HOSTILE.replace("ELSEWHERE", f"127.0.0.1:{self.port_elsewhere}"), subtype="html")
        self.mailbox.take("a@b.c", ["<script>alert(1)</script>@b.c"], letter.as_bytes())


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    mailbox = Mailbox()
    reached: list[bytes] = []

    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.append(await reader.readline())
        writer.close()

    async with (
        odd_server(elsewhere) as port_elsewhere,
        MailboxServer(mailbox, smtp_port=0, port=0) as server,
        await browser.new_context() as context,
    ):
        context.set_default_timeout(WAIT_MS)
        made = Visit(server, mailbox, await context.new_page(), port_elsewhere, reached)
        await made.page.goto(server.url)
        yield made


async def test_mail_appears_by_itself_and_goes_when_it_is_deleted(visit: Visit) -> None:
    await expect(visit.page.locator("#empty")).to_be_visible()
    letter = activation_letter("a@b.c", "ann@b.c", "Ann <b>Smith</b>", "HK-1", CODE, "")
    visit.mailbox.take("a@b.c", ["ann@b.c"], letter.as_bytes())
    body = visit.page.frame_locator("#html")
    await expect(body.get_by_text("Ann <b>Smith</b>")).to_be_visible()
    await expect(body.locator("img")).to_have_js_property("naturalWidth", 96)
    await expect(body.locator("div")).to_have_text("482913")
    await visit.page.get_by_role("tab", name="Text").click()
    await expect(visit.page.locator("#text")).to_contain_text("Activation code: 482913")
    await visit.page.get_by_role("button", name="Delete all").click()
    await expect(visit.page.locator("#empty")).to_be_visible()
    await expect(visit.page.locator("#message")).to_be_hidden()
    assert visit.reached == []


async def test_hostile_mail_does_nothing(visit: Visit) -> None:
    visit.hostile_mail()
    body = visit.page.frame_locator("#html")
    await expect(body.locator("#last")).to_be_visible()
    await expect(visit.page.locator("#subject")).to_have_text("<img src=x onerror=alert(1)>")
    (frame,) = visit.page.main_frame.child_frames
    await frame.wait_for_load_state()  # with its pictures and styles, had it got them
    await body.locator("#send").click()
    await body.locator("#away").click()
    assert await body.locator("body").get_attribute("data-done") is None
    assert await visit.page.title() == "(1) Mailbox - hideez-bench"
    assert visit.page.url == f"{visit.server.url}/"
    assert visit.reached == []


async def test_html_opened_by_itself_does_nothing_either(visit: Visit) -> None:
    visit.hostile_mail()
    (message,) = visit.mailbox.messages()
    await visit.page.goto(f"{visit.server.url}/api/messages/{message.id}/html")
    await expect(visit.page.locator("#last")).to_be_visible()
    assert await visit.page.title() == ""
    assert await visit.page.evaluate("() => window.origin") == "null"
    assert await visit.page.locator("body").get_attribute("data-done") is None
    assert visit.reached == []


async def test_a_mail_that_does_not_come_is_asked_for_again(visit: Visit) -> None:
    letter = activation_letter("a@b.c", "ann@b.c", "Ann", "HK-1", CODE, "")
    await visit.page.route("**/source", lambda route: route.abort(), times=1)
    async with visit.page.expect_request_finished(lambda request: request.url.endswith("/source")):
        visit.mailbox.take("a@b.c", ["ann@b.c"], letter.as_bytes())
    await expect(visit.page.locator("#message")).to_be_visible()
