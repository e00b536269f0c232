"""What pages and REST call to mail a code, and what an administrator learns of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.mail.delivery import Delivery, send_code
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind
from hideez_bench.emulator.hes.records import EmployeeDetails, HesEvent
from tests.hes.bench import SERIAL, Bench, vault_import
from tests.hes_mail.servers import Kept, body, mail_server, settings


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    made.set_up()
    async with made.hes:
        yield made


def code_of(bench: Bench) -> str:
    return bench.hes.vaults.activation_code(SERIAL).reveal().decode()


def last(bench: Bench) -> HesEvent:
    """The last event; and none of them holds the code."""
    assert not [text for text in bench.texts() if code_of(bench) in text]
    return bench.events[-1]


async def test_the_pending_code_goes_to_the_employee(bench: Bench) -> None:
    """A-016."""
    await bench.assign()
    kept = Kept()
    async with mail_server(kept) as port:
        delivery = await send_code(bench.hes, MailSender(settings(port)), SERIAL)
    assert delivery == Delivery(SERIAL, "Ann Smith", "ann@example.org")
    assert kept.envelopes[0].rcpt_tos == ["ann@example.org"]
    text = body(kept.letter(), "plain")
    assert f"Activation code: {code_of(bench)}" in text
    assert "Ann Smith" in text
    event = last(bench)
    assert (event.kind, event.serial) == (HesEventKind.ADMIN, SERIAL)
    assert event.text == "mails the code to Ann Smith <ann@example.org>"


async def test_a_new_code_is_the_one_that_goes(bench: Bench) -> None:
    await bench.be_active()
    await bench.hes.vaults.suspend(SERIAL)
    kept = Kept()
    async with mail_server(kept) as port:
        await send_code(bench.hes, MailSender(settings(port)), SERIAL)
    assert f"Activation code: {code_of(bench)}" in body(kept.letter(), "plain")


async def test_to_the_address_that_the_administrator_typed(bench: Bench) -> None:
    await bench.assign()
    kept = Kept()
    async with mail_server(kept) as port:
        await send_code(bench.hes, MailSender(settings(port)), SERIAL, to="private@example.org")
    assert kept.envelopes[0].rcpt_tos == ["private@example.org"]
    assert last(bench).text == "mails the code to Ann Smith <private@example.org>"


async def test_nothing_to_send(bench: Bench) -> None:
    with pytest.raises(HesRuleError) as raised:
        await send_code(bench.hes, MailSender(settings(1)), SERIAL)
    assert raised.value.code is HesCode.ActivationCodeNotFound


async def test_nobody_to_send_it_to(bench: Bench) -> None:
    """A-014; the code can still be read."""
    bench.hes.vaults.import_vaults([vault_import("HK-2")])
    bob = bench.hes.employees.create(EmployeeDetails("Bob"))
    await bench.hes.employees.add_hardware_vault(bob.id, "HK-2")
    with pytest.raises(MailError, match="Bob has no e-mail address, so the code of key HK-2 was not sent"):
        await send_code(bench.hes, MailSender(settings(1)), "HK-2")
    assert bench.events[-1].kind is HesEventKind.FAILED
    assert bench.hes.vaults.activation_code("HK-2").reveal().isdigit()


async def test_no_mail_server_set_up(bench: Bench) -> None:
    await bench.assign()
    with pytest.raises(MailError, match="No mail server is set up"):
        await send_code(bench.hes, None, SERIAL)
    assert last(bench).kind is HesEventKind.FAILED


async def test_failure_is_told(bench: Bench) -> None:
    """A-015, and better: the administrator learns of it."""
    await bench.assign()
    async with mail_server(Kept(answers={"RCPT": "550 no such person"})) as port:
        with pytest.raises(MailError, match="550 no such person"):
            await send_code(bench.hes, MailSender(settings(port)), SERIAL)
    event = last(bench)
    assert (event.kind, event.serial) == (HesEventKind.FAILED, SERIAL)
    assert "could not mail the code to Ann Smith <ann@example.org>: The mail server" in event.text
    assert "550 no such person; the mail was not sent." in event.text
