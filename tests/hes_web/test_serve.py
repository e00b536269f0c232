"""`hideez-bench hes serve` as people and machines start it: a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from websockets.sync.client import connect

from hideez_bench.harness.cli import hes_serve
from hideez_bench.harness.cli.hes import hes
from hideez_bench.protocol.errors import BenchError
from tests.processes.programs import Here, hideez_bench

PASSWORD = "correct horse battery staple"  # noqa: S105 - of these tests


# What is open may take longer to close, on a slow machine, than a person would wait.
PATIENT = """
from hideez_bench.harness.cli import hes_serve
from hideez_bench.harness.cli.main import main
hes_serve.SECONDS_TO_END = 60
main()
"""


def command(*arguments: str, patient: bool = False) -> list[str]:
    program = [sys.executable, "-c", PATIENT] if patient else [hideez_bench()]
    return [*program, "hes", "serve", *arguments]


@pytest.fixture
def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., str]:
    """One that should not even start; gives the one sentence why."""

    def run(*arguments: str) -> str:
        here = Here(monkeypatch, capsys)
        ended = here("hes", "serve", *arguments, env={"XDG_STATE_HOME": str(tmp_path)})
        assert ended.status == 2
        assert ended.errors.count("\n") == 1
        return ended.errors

    return run


@contextlib.contextmanager
def served(
    state: Path, *arguments: str, patient: bool = False
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server, and what it tells machines."""
    started = subprocess.Popen(
        command("--json", "--port", "0", *arguments, patient=patient),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"XDG_STATE_HOME": str(state)},
    )
    with started:
        try:
            assert started.stdout
            yield started, json.loads(started.stdout.readline())
        finally:
            started.kill()


@pytest.mark.parametrize(
    ("options", "life", "strictly"),
    [([], None, False), (["--code-hours", "1.5", "--strict-compat"], timedelta(minutes=90), True)],
)
def test_options_reach_the_server(
    monkeypatch: pytest.MonkeyPatch, options: list[str], life: timedelta | None, strictly: bool
) -> None:
    made: dict[str, Any] = {}

    def server(store_url: str, **given: Any) -> None:
        made.update(given, store_url=store_url)
        raise BenchError("That is enough.")

    monkeypatch.setattr(hes_serve, "Hes", server)
    finished = CliRunner().invoke(hes, ["serve", "--port", "0", "--db", "sqlite://", *options])
    assert isinstance(finished.exception, BenchError)
    assert (made["store_url"], made["code_life"], made["strict_compat"]) == ("sqlite://", life, strictly)


def test_the_first_password_is_in_a_file_of_ones_own(tmp_path: Path) -> None:
    with served(tmp_path) as (_, facts):
        path = Path(facts["password_file"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((path.parent / "hes-server.db").stat().st_mode) == 0o600
        credentials = {"email": facts["email"], "password": path.read_text().strip()}
        with httpx.Client(base_url=facts["url"], timeout=60) as client:
            assert client.post("/api/Identity/Login", json=credentials).status_code == 200
            answer = client.get("/api/Employees/GetEmployees")
            assert (answer.status_code, answer.json()) == (200, [])
            assert "server" not in answer.headers
    with served(tmp_path) as (_, again):
        assert (again["email"], again["password_file"]) == (None, None)
    # Another database makes no other password: nobody could log in to the first one any more.
    with served(tmp_path, "--db", "sqlite://") as (_, other):
        assert other["password_file"] == str(path)
        assert path.read_text().strip() == credentials["password"]
        answer = httpx.post(other["url"] + "/api/Identity/Login", json=credentials, trust_env=False)
        assert answer.status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_at_once_with_everything_open(tmp_path: Path, number: signal.Signals) -> None:
    given = tmp_path / "password"
    given.write_text(PASSWORD)
    options = ("--db", "sqlite://", "--admin-password-file", str(given))
    with served(tmp_path, *options, patient=True) as (process, facts):
        credentials = {"email": facts["email"], "password": PASSWORD}
        with httpx.Client(base_url=facts["url"], timeout=60) as client:
            assert client.post("/api/Identity/Login", json=credentials).status_code == 200
            hub = facts["url"].replace("http", "ws") + "/appHub"
            headers = {"WorkstationId": "PC-1", "Authorization": f"Bearer {'a1' * 32}"}
            with client.stream("GET", "/events") as stream, connect(hub, additional_headers=headers):
                assert stream.status_code == 200
                process.send_signal(number)
                _, said = process.communicate(timeout=250)
    # It would say so if something had to be cancelled because it did not end.
    assert (process.returncode, said) == (0, "")


def test_a_flood_of_connections_is_one_sentence(tmp_path: Path) -> None:
    given = tmp_path / "password"
    given.write_text(PASSWORD)
    with served(tmp_path, "--db", "sqlite://", "--admin-password-file", str(given)) as (process, facts):
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (40, 40))
        port = int(facts["url"].rpartition(":")[2])
        assert process.stderr
        with flood(port):
            assert process.stderr.readline() == (
                "There are more connections than this process may have; others wait.\n"
            )
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(facts["url"] + "/login", timeout=0.5, trust_env=False)
        assert httpx.get(facts["url"] + "/login", timeout=250, trust_env=False).status_code == 200
        with flood(port):
            process.send_signal(signal.SIGINT)
            # So slow a machine that it is time to listen again before the server has ended.
            process.send_signal(signal.SIGSTOP)
            with pytest.raises(httpx.ReadTimeout):
                httpx.get(facts["url"] + "/login", timeout=1.2, trust_env=False)
            process.send_signal(signal.SIGCONT)
            assert process.wait(250) == 0
        # uvicorn may say that it closed connections that came while it ended.
        assert "Exception" not in process.stderr.read()


@contextlib.contextmanager
def flood(port: int) -> Iterator[None]:
    """More connections than the server may have."""
    with contextlib.ExitStack() as held:
        for _ in range(60):
            held.enter_context(socket.create_connection(("127.0.0.1", port)))
        yield


def test_a_port_that_is_taken_is_one_sentence(refused: Callable[..., str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused("--port", str(port))
    assert told.startswith(f"hideez-bench: Port {port} of 127.0.0.1 cannot be had (Address already in use)")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--db", "nonsense"), "no usable URL"),
        (("--db", "sqlite:////nowhere/at/all.db"), "cannot be opened"),
        (("--host", "0.0.0.0"), "--allow-host"),  # noqa: S104 - it is refused
        (("--admin-password-file", "/nowhere"), "cannot be read"),
        (("--host", "no.such.name.invalid", "--allow-host", "x"), "cannot be had"),
    ],
    ids=["no URL", "no folder", "no name", "no password", "no address"],
)
def test_what_cannot_be_is_one_sentence(
    refused: Callable[..., str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("--port", "0", *arguments)


def test_a_full_disk_is_one_sentence(refused: Callable[..., str]) -> None:
    refused("--port", "0", "--db", "sqlite:////dev/full")
