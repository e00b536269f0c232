"""The whole story in three programs, server, mailbox and client, with every logger on: no secret is left about."""

from __future__ import annotations

import base64
import json
import os
import signal
import sqlite3
from pathlib import Path

import httpx

from tests.hes_web.pages import Visitor
from tests.processes.long_codes import LENGTH, program
from tests.processes.programs import run, running
from tests.processes.test_over_hubs import key_file, text_of
from tests.processes.test_secrecy import secrets_of

MINE = {
    "account": "Zeppelin-77-Wasser",
    "user": "Birnbaum-52-Leiter",
    "protection": "Kaktus-31-Fahrrad",
    "one-time": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
}
SHOWN = (
    *("/vaults", "/vaults/ST1032026000203", "/vaults/ST1032026000203/code", "/employees", "/workstations"),
    *("/audit", "/settings", "/login", "/nowhere", "/swagger", "/swagger/v1/swagger.json"),
    *("/api/bench/GetEvents", "/api/HardwareVaults/GetHardwareVaults", "/api/Employees/GetEmployees"),
    *("/api/Workstations/GetWorkstations", "/api/Employees/GetAccountById/nobody"),
)


async def test_nothing_that_is_printed_shown_or_stored_holds_a_secret(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    logs = {name: tmp_path / f"{name}.log" for name in ("server", "mailbox", "client")}
    shown: list[str] = []

    async def note(response: httpx.Response) -> None:
        await response.aread()
        shown.append(f"{response.url} {response.text}")

    async with running(
        [*program(logs["mailbox"]), "hes", "mailbox", "--smtp-port", "0", "--port", "0", "--json"], env
    ) as mail:
        box = json.loads((await mail.expect(r'\{"smtp.*?\}\n'))[0])
        serve = [
            *program(logs["server"]),
            "hes",
            "serve",
            "--port",
            "0",
            "--json",
            "-v",
            "--smtp",
            box["smtp"],
        ]
        async with running(serve, env) as server:
            facts = json.loads((await server.expect(r'\{"url.*?\}\n'))[0])
            password = text_of(Path(facts["password_file"]))
            database = Path(facts["password_file"]).parent / "hes-server.db"
            arguments = ["--hes", facts["url"], "--mailbox", box["url"], "--target", "emulator:memory", "-v"]
            arguments += ["--hes-password-file", facts["password_file"], "--code", "wrong", "--code", "right"]
            client = await run([*program(logs["client"]), "activate", *arguments], env)
            assert client.status == 0, client.everything
            async with httpx.AsyncClient(
                base_url=facts["url"], trust_env=False, timeout=60, event_hooks={"response": [note]}
            ) as http:
                login = {"email": facts["email"], "password": password}
                assert (
                    await http.post("/api/Identity/Login", json=login | {"password": 1})
                ).status_code == 400
                (await http.post("/api/Identity/Login", json=login)).raise_for_status()
                session = next(iter(http.cookies.values()))
                (ada,) = (await http.get("/api/Employees/GetEmployees")).json()
                account = {"name": "Mail", "employeeId": ada["id"], "login": "ada"}
                account |= {"password": MINE["account"], "otpSecret": MINE["one-time"]}
                (await http.post("/api/Employees/CreateAccount", json=account)).raise_for_status()
                person = Visitor(http)
                user = {"email": "eve@example.org", "password": MINE["user"]}
                await person.send("/settings", "/settings/users/new", **user)
                await http.post("/api/bench/SuspendHardwareVault/ST1032026000203", json={})
                found = secrets_of(database)
                assert {len(secret) for secret in found} == {LENGTH, 32}
                both = {"new_password": MINE["protection"], "repeated": MINE["protection"]}
                done = await person.send("/settings", "/settings/protection/enable", **both)
                assert "Data protection is on" in done.words
                for path in SHOWN:
                    await person.open(path)
            server.process.send_signal(signal.SIGINT)
            assert server.process.stdout
            rest = (await server.process.stdout.read()).decode()
    texts = {*MINE.values(), password, session, text_of(key_file(tmp_path))}
    binary = {secret for secret in found if len(secret) == 32}
    texts |= {secret.decode() for secret in found if len(secret) == LENGTH}
    texts |= {secret.hex() for secret in binary} | {base64.b64encode(secret).decode() for secret in binary}
    printed = {"server": server.seen + rest, "mailbox": mail.seen, "client": client.everything}
    printed |= {f"log of the {name}": text_of(log) for name, log in logs.items()}
    printed["pages and answers"] = "\n".join(shown)
    for where, text in printed.items():
        assert [secret for secret in texts if secret in text] == [], where
        assert "Traceback" not in text, where
    with sqlite3.connect(database) as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    # A user's password and a session are hashes there, and a workstation's key too.
    texts |= {text.encode().hex() for text in texts} | {secret.decode("latin-1") for secret in binary}
    assert [secret for secret in texts if secret in dump or secret.upper() in dump] == []
    raw = database.read_bytes().decode("latin-1")
    assert [secret for secret in texts if secret in raw] == []
