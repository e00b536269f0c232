"""The walk that the README describes, as four programs: a server, its mailbox, a key, and a client that is typed at."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.hes.mailbox_codes import code_from_mailbox
from tests.processes.conftest import Surroundings
from tests.processes.long_codes import program
from tests.processes.programs import Program, Terminal, at_terminal, hideez_bench, running

SERIAL = "ST1032026000203"
MAIL_SECONDS = 100.0


class Walk:
    """A server with a mailbox beside it, a key on the air, and an administrator who is logged in."""

    def __init__(self, facts: dict[str, str], mailbox: str, http: httpx.AsyncClient) -> None:
        self.url = facts["url"]
        self.password_file = facts["password_file"]
        self._mailbox = mailbox
        self._http = http

    async def post(self, path: str, body: object = None) -> None:
        """The administrator does something."""
        answer = await self._http.post(path, json=body or {})
        assert answer.is_success, answer.text

    async def mailed_code(self) -> str:
        """The code as the person reads it in a mail that is sent now."""
        since = datetime.now(UTC)
        await self.post(f"/api/bench/SendActivationCode/{SERIAL}")
        code = await code_from_mailbox(self._mailbox, SERIAL, since, MAIL_SECONDS)
        return code.reveal().decode()

    async def status(self) -> VaultStatus:
        answer = await self._http.get(f"/api/HardwareVaults/GetHardwareVaultById/{SERIAL}")
        return VaultStatus(answer.json()["status"])


async def facts_of(program: Program) -> dict[str, Any]:
    """The line for machines in which a program says where it is."""
    facts: dict[str, Any] = json.loads((await program.expect(r"\{[^}]*\}"))[0])
    return facts


@pytest.fixture
async def walk(surroundings: Surroundings) -> AsyncIterator[Walk]:
    async with AsyncExitStack() as stack:

        async def start(*command: str) -> Program:
            return await stack.enter_async_context(
                running([*program(typed=True), *command], surroundings.env)
            )

        mailbox = await facts_of(await start("hes", "mailbox", "--smtp-port", "0", "--port", "0", "--json"))
        server = await start("hes", "serve", "--port", "0", "--smtp", mailbox["smtp"], "--json")
        facts = await facts_of(server)
        await surroundings.start_key()
        client = httpx.AsyncClient(base_url=facts["url"], trust_env=False, timeout=60)
        http = await stack.enter_async_context(client)
        made = Walk(facts, mailbox["url"], http)
        login = {"email": facts["email"], "password": text_of(Path(facts["password_file"]))}
        await made.post("/api/Identity/Login", login)
        yield made


def text_of(path: Path) -> str:
    return path.read_text().strip()


def wrong(code: str) -> str:
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def interrupt(terminal: Terminal) -> None:
    """Ctrl-C where a password is asked for."""
    await terminal.expect("Password")
    terminal.press("\x03")
    assert await terminal.finish() == 130
    assert terminal.shows_what_is_typed
    assert "Interrupted; nothing more was sent." in terminal.screen
    assert "Traceback" not in terminal.screen


async def test_ctrl_c_ends_a_server_that_asks_for_its_first_password(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    async with at_terminal([hideez_bench(), "hes", "serve", "--port", "0"], env) as terminal:
        await terminal.expect("E-mail address of the first administrator")
        terminal.type("")
        await interrupt(terminal)


async def test_ctrl_c_ends_a_client_that_asks_for_the_servers_password(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    command = [hideez_bench(), "client", "--target", "ble", "--hes", "http://127.0.0.1:1"]
    async with at_terminal(command, env) as terminal:
        await interrupt(terminal)


async def test_from_nothing_to_active_then_locked_and_back(walk: Walk, surroundings: Surroundings) -> None:
    command = [hideez_bench(), "client", "--target", "ble:HK-00203", "--adopt", "--adapter", "hci1"]
    command += ["--hes", walk.url, "--hes-password-file", walk.password_file]
    async with running(command, surroundings.env) as client:
        await client.expect(f"Activation code for {SERIAL}: .*3 left")
        first = await walk.mailed_code()
        await client.say(first)
        await client.expect("HK-00203: online.")
        assert await walk.status() is VaultStatus.Active

        await walk.post(f"/api/bench/SuspendHardwareVault/{SERIAL}", {"description": "lost"})
        await client.expect("sees that the key is locked now")
        await client.say("l")
        await client.expect("HK-00203: in reach")
        await client.say("t")
        second = await walk.mailed_code()
        assert second != first
        for left in (3, 2, 1):
            await client.expect(f"Activation code for {SERIAL}: .*{left} left")
            await client.say(wrong(second))
        await client.expect("HK-00203: stopped: .*ask the administrator to activate it")
        assert await walk.status() is VaultStatus.Locked

        await walk.post(f"/api/bench/ActivateHardwareVault/{SERIAL}")
        await client.say("t")
        await client.expect(f"Activation code for {SERIAL}: .*3 left")
        await client.say(await walk.mailed_code())
        await client.expect("HK-00203: online.")
        assert await walk.status() is VaultStatus.Active
        await client.say("q")
        assert await client.process.wait() == 0
    assert first not in client.seen
    assert second not in client.seen
