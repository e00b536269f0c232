"""Mailing a code by REST."""

from __future__ import annotations

from dataclasses import replace

from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.web.app import create_app
from tests.hes.bench import SERIAL
from tests.hes_mail.servers import Kept, body, mail_server, settings
from tests.hes_web.conftest import Site, visitor

PATH = f"/api/bench/SendActivationCode/{SERIAL}"


async def test_code_goes_out_and_stays_out_of_the_answer(site: Site) -> None:
    await site.bench.assign()
    kept = Kept()
    async with mail_server(kept) as port:
        app = create_app(replace(site.context, mail=MailSender(settings(port))))
        async with visitor(app, **site.administrator.cookies) as administrator:
            answer = await administrator.post(PATH, json={})
    assert answer.status_code == 200
    assert answer.json() == {"vaultId": SERIAL, "employeeName": "Ann Smith", "address": "ann@example.org"}
    code = site.bench.hes.vaults.activation_code(SERIAL).reveal().decode()
    assert f"Activation code: {code}" in body(kept.letter(), "plain")
    assert code not in answer.text


async def test_a_mail_that_does_not_go_out_is_told(site: Site) -> None:
    await site.bench.assign()
    answer = await site.administrator.post(PATH, json={})
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("No mail server is set up")


async def test_no_code_no_mail(site: Site) -> None:
    answer = await site.administrator.post(PATH, json={})
    assert (answer.status_code, answer.json()["code"]) == (404, "ActivationCodeNotFound")


async def test_administrators_only(site: Site) -> None:
    await site.bench.assign()
    assert (await site.viewer.post(PATH, json={})).status_code == 403
    assert (await site.stranger.post(PATH, json={})).status_code == 401
