"""A PostgreSQL server of our own, in a folder that goes with it, reached by a Unix socket."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

PASSWORD = "only-for-tests"  # noqa: S105
FOLDERS = "/usr/lib/postgresql/*/bin"


class Server:
    """A server that runs; `database()` is the URL of a new, empty database in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def database(self) -> str:
        self._made += 1
        name = f"hes{self._made}"
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://hes:{PASSWORD}@/{name}?host={self.folder}"

    def dsn(self, name: str) -> str:
        return f"host={self.folder} user=hes password={PASSWORD} dbname={name}"


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start one, and stop it in the end. Without PostgreSQL the test is left out."""
    programs = sorted(Path("/").glob(FOLDERS.lstrip("/")))
    if not programs:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    # PostgreSQL does not run as root. A short path, since that of a socket may have 107 characters.
    owner: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="hes-pg-"))
    if os.getuid() == 0:
        owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        record = pwd.getpwnam("postgres")
        os.chown(folder, record.pw_uid, record.pw_gid)
    data = folder / "data"
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)  # in a folder that is the server's alone
    initdb = [str(programs[-1] / "initdb"), "--no-sync", "--auth=scram-sha-256", "--username=hes"]
    initdb += [f"--pwfile={secret}", f"--pgdata={data}", "--encoding=UTF8", "--no-locale"]
    subprocess.run(initdb, **owner, check=True, capture_output=True, cwd=folder)
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off"}
    command = [str(programs[-1] / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with subprocess.Popen(command, **owner, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stderr
        # Read to the end, for it must not stop because nobody reads what it says.
        reader = Thread(target=process.stderr.read, daemon=True)
        try:
            assert any("ready to accept connections" in line for line in process.stderr)
            reader.start()
            yield Server(folder)
        finally:
            process.send_signal(signal.SIGINT)  # at once, whoever is still connected
            process.wait(timeout=250)
            shutil.rmtree(folder)
