"""Reading codes out of the mailbox, as `activate --mailbox` does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from hideez_bench.emulator.hes.mail.letter import activation_letter
from hideez_bench.emulator.hes.mail.mailbox import Mailbox, MailboxServer
from hideez_bench.emulator.hes.mail.mailbox_page import mailbox_app
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.names import Role
from hideez_bench.emulator.hes.web.app import WebContext, create_app
from hideez_bench.harness.hes.mailbox_codes import MailboxError, code_from_mailbox
from hideez_bench.harness.hes.network import Login, NetworkServer
from hideez_bench.protocol.secret import ActivationCode, Password, WorkstationKey
from hideez_bench.protocol.wire import default_wire
from tests.hes.bench import SERIAL, Bench
from tests.hes_mail.servers import settings

URL = "http://127.0.0.1:8026"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "ST1032026000203"


class Post:
    """A mailbox at a time of the test's choosing."""

    def __init__(self) -> None:
        self.now = NOON
        self.mailbox = Mailbox(lambda: self.now)
        self.transport = httpx.ASGITransport(mailbox_app(self.mailbox, 8026))

    def arrive(self, code: str, vault_id: str = KEY, name: str = "Ann", seconds: float = 1) -> None:
        self.now += timedelta(seconds=seconds)
        letter = activation_letter("a@b.c", "ann@b.c", name, vault_id, ActivationCode.from_text(code), "")
        self.mailbox.take("a@b.c", ["ann@b.c"], letter.as_bytes())

    async def read(self, after: datetime = NOON, timeout: float = 10) -> str:
        code = await code_from_mailbox(URL, KEY, after, timeout, transport=self.transport)
        return code.reveal().decode()


@pytest.fixture
def post() -> Post:
    return Post()


async def test_newest_mail_about_the_key_counts(post: Post) -> None:
    post.arrive("111111")
    post.arrive("222222")
    post.arrive("333333", vault_id="ST1032026000204")
    post.mailbox.take("eve@b.c", ["ann@b.c"], b"Subject: buy\r\n\r\nKey: ST1032026000203 is great")
    assert await post.read() == "222222"


@pytest.mark.parametrize("code", ["482913", "1234567", "abcdefgh"])
async def test_any_code_that_a_person_could_type(post: Post, code: str) -> None:
    post.arrive(code)
    assert await post.read() == code


@pytest.mark.virtual_time
async def test_name_imitates_nothing(post: Post) -> None:
    post.arrive("111111", vault_id="ST1032026000204", name=f"x\n\nKey: {KEY}\nActivation code: 666666")
    with pytest.raises(MailboxError, match="No mail"):
        await post.read()


@pytest.mark.virtual_time
async def test_old_mail_does_not_count(post: Post) -> None:
    post.arrive("111111")
    with pytest.raises(MailboxError, match=f"No mail with a code for key {KEY} came to {URL} within 30 s"):
        await post.read(after=NOON + timedelta(seconds=2), timeout=30)


@pytest.mark.virtual_time
async def test_waits_for_the_mail(post: Post) -> None:
    looks = 0

    class Late(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal looks
            looks += 1
            if looks == 20:
                post.arrive("482913")
            return await post.transport.handle_async_request(request)

    code = await code_from_mailbox(URL, KEY, NOON, 30, transport=Late())
    assert code == ActivationCode.from_text("482913")
    assert looks == 21


@pytest.mark.virtual_time
async def test_mail_thrown_away_meanwhile(post: Post) -> None:
    post.arrive("111111")

    class Sweeping(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await post.transport.handle_async_request(request)
            if post.now < NOON + timedelta(seconds=2):  # once
                post.mailbox.clear()
                post.arrive("222222")
            return answer

    code = await code_from_mailbox(URL, KEY, NOON, 10, transport=Sweeping())
    assert code == ActivationCode.from_text("222222")


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'[{"id": 1}]', b'[{"at": "noon", "id": "1"}]', b"[1]"])
async def test_something_else_answers(answer: bytes) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=answer))
    with pytest.raises(MailboxError, match="is no mailbox"):
        await code_from_mailbox(URL, KEY, NOON, 10, transport=transport)


async def test_nothing_answers() -> None:
    with pytest.raises(MailboxError, match=r"cannot be read \(ConnectError\)"):
        await code_from_mailbox("http://127.0.0.1:1", KEY, NOON, 10)


@pytest.fixture
async def server() -> AsyncIterator[MailboxServer]:
    async with MailboxServer(Mailbox(), smtp_port=0, port=0) as opened:
        yield opened


async def test_from_the_server_s_mail_over_the_network(server: MailboxServer) -> None:
    before = datetime.now(UTC)
    sent = ActivationCode.from_text("482913")
    sender = MailSender(settings(server.smtp_port))
    await sender.send_activation_code("ann@example.org", "Ann", KEY, sent)
    assert await code_from_mailbox(server.url, KEY, before, 10) == sent


async def test_a_client_has_the_code_mailed_and_takes_no_older_one(server: MailboxServer) -> None:
    sender = MailSender(settings(server.smtp_port))
    await sender.send_activation_code("ann@example.org", "Ann", SERIAL, ActivationCode.from_text("000000"))
    bench, told = Bench(), list[str]()
    bench.set_up()
    password = Password.from_text("a password for this test alone")
    async with bench.hes as hes:
        await hes.users.create("admin@example.org", password, Role.ADMINISTRATOR)
        app = create_app(WebContext(hes, mail=sender))
        login = Login("admin@example.org", password, mailbox=server.url)
        key = WorkstationKey(bytes(32))
        transport = httpx.ASGITransport(app)
        office = NetworkServer(
            "http://127.0.0.1:8470", login, key, default_wire(), tell=told.append, http=transport
        )
        await office.open()
        await bench.assign()
        code = await office.activation_code(SERIAL)
        assert code == hes.vaults.activation_code(SERIAL)
        await office.close()
    assert told == [f"has the code of key {SERIAL} mailed"]
