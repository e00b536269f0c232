"""A server and a bench, two processes, a network connection between them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes.long_codes import program
from tests.processes.programs import hideez_bench, run, running


def text_of(path: Path) -> str:
    return path.read_text().strip()


def key_file(state: Path) -> Path:
    """The workstation's key, which nobody else may read."""
    (path,) = state.rglob("workstation.key")
    assert path.stat().st_mode & 0o777 == 0o600
    return path


async def test_activation_against_a_running_server(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    async with running([hideez_bench(), "hes", "serve", "--port", "0", "--json"], env) as server:
        facts = json.loads((await server.expect(r"\{[^}]*\}"))[0])
        url, password = facts["url"], Path(facts["password_file"])
        activate = [hideez_bench(), "activate", "--target", "emulator:memory", "--hes", url]
        without = await run([*activate, "--code", "right"], env)
        assert without.status == 2
        assert "HIDEEZ_HES_PASSWORD" in without.errors
        activate += ["--hes-password-file", str(password)]
        done = await run([*activate, "--code", "wrong", "--code", "right", "--json"], env)
        assert done.status == 0, done.everything
        report = json.loads(done.output)
        assert (report["verdict"], report["vault_status"]) == ("active", "Active")
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
            login = {"email": facts["email"], "password": text_of(password)}
            assert (await http.post("/api/Identity/Login", json=login)).status_code == 200
            (vault,) = (await http.get("/api/HardwareVaults/GetHardwareVaults")).json()
            assert (vault["id"], vault["status"]) == (report["serial"], 2)
        # The same virtual key is new again at every start, and its vault is not.
        again = await run([*activate, "--code", "right"], env)
        assert again.status == 1
        assert "wiped by hand" in again.everything
    for secret in (text_of(key_file(tmp_path)), text_of(password)):
        assert secret not in server.seen + done.everything + again.everything
    gone = await run([*activate, "--code", "right"], env)
    assert gone.status == 2
    assert "cannot be reached" in gone.errors


async def test_a_fleet_against_a_running_server(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    async with running([hideez_bench(), "hes", "serve", "--port", "0", "--json"], env) as server:
        facts = json.loads((await server.expect(r"\{[^}]*\}"))[0])
        fleet = [hideez_bench(), "fleet", "--count", "5", "--each", "2", "--json", "--hes", facts["url"]]
        fleet += ["--hes-password-file", facts["password_file"]]
        done = await run(fleet, env)
        assert done.status == 0, done.everything
        report = json.loads(done.output)
        assert (report["keys"], report["active"], report["failed"]) == (5, 5, {})
        async with httpx.AsyncClient(base_url=facts["url"], trust_env=False, timeout=60) as http:
            login = {"email": facts["email"], "password": text_of(Path(facts["password_file"]))}
            assert (await http.post("/api/Identity/Login", json=login)).status_code == 200
            vaults = (await http.get("/api/HardwareVaults/GetHardwareVaults")).json()
            assert [vault["status"] for vault in vaults] == [2] * 5
            assert len({vault["employeeId"] for vault in vaults}) == 5
            assert len((await http.get("/api/Workstations/GetWorkstations")).json()) == 3
        # The keys are new again, and the server knows them: nothing is begun.
        again = await run(fleet, env)
        assert again.status == 2
        assert "knows key ST1032026000203 already" in again.errors


async def test_the_client_goes_on_when_the_server_goes_away(tmp_path: Path) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    async with running([*program(typed=True), "hes", "serve", "--port", "0", "--json"], env) as server:
        facts = json.loads((await server.expect(r"\{[^}]*\}"))[0])
        command = [hideez_bench(), "client", "--target", "emulator:memory", "--hes", facts["url"]]
        async with running([*command, "--hes-password-file", facts["password_file"]], env) as client:
            await client.expect("Activation code for ST1032026000203")
            await client.say("?")
            code = (await client.expect(r"The code of HK-00203 is (\d{8})\."))[1]
            await client.say(code)
            await client.expect("HK-00203: online.")
            await server.kill()
            await client.expect("cannot be reached .* tries again until it is there")
            await client.say("l")
            await client.expect("HK-00203: in reach.")
            await client.say("t")
            await client.expect("unlocks the computer.*HK-00203: online.")
            await client.say("q")
            assert await client.process.wait() == 0
    assert client.seen.count(code) == 1


@pytest.fixture
def nobodys_port() -> Iterator[socket.socket]:
    """A port at which nothing answers, and that nothing else can take, until it listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held


def client_of(port: socket.socket, tmp_path: Path) -> list[str]:
    password = tmp_path / "password.txt"
    password.write_text("a password\n")
    password.chmod(0o600)
    where = ["--hes", f"http://127.0.0.1:{port.getsockname()[1]}", "--hes-password-file", str(password)]
    return [hideez_bench(), "client", "--target", "emulator:memory", *where]


async def test_the_client_takes_keys_up_before_the_server_is_there(
    tmp_path: Path, nobodys_port: socket.socket
) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with running(client_of(nobodys_port, tmp_path), env) as client:
        await client.expect("cannot be reached .* tries again until it is there")
        await client.expect("HK-00203: stopped: This workstation is not approved")
        async with await asyncio.start_server(refuse, sock=nobodys_port):
            await client.expect("does not let admin@hideez.com in")
            assert await client.process.wait() == 2
    assert client.seen.count("tries again until") == 1


async def test_who_waits_for_a_server_can_have_enough(tmp_path: Path, nobodys_port: socket.socket) -> None:
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    async with running(client_of(nobodys_port, tmp_path), env) as client:
        await client.expect("tries again until it is there")
        client.process.send_signal(signal.SIGINT)
        assert await client.process.wait() == 130
    once = await run([*client_of(nobodys_port, tmp_path), "--once"], env)
    assert (once.status, "cannot be reached" in once.errors) == (2, True)
    assert "Traceback" not in client.seen + once.everything
