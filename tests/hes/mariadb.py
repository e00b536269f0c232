"""A MariaDB server of our own, in a folder that goes with it, reached by a Unix socket."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pymysql
import pytest

PASSWORD = "only-for-tests"  # noqa: S105
PROGRAM = Path("/usr/sbin/mariadbd")
TABLES = Path("/usr/share/mysql/mysql_system_tables.sql")


class Server:
    """A server that runs; `database()` is the URL of a new, empty database in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    def database(self) -> str:
        self._made += 1
        name = f"hes{self._made}"
        # What a database may well be set to: it must not matter.
        self.execute("mysql", f"CREATE DATABASE {name} CHARACTER SET latin1 COLLATE latin1_swedish_ci")
        return f"mariadb+pymysql://hes:{PASSWORD}@localhost/{name}?unix_socket={self.folder}/socket"

    def execute(self, name: str, statement: str) -> None:
        with self.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def connect(self, name: str) -> pymysql.Connection[Any]:
        socket = str(self.folder / "socket")
        return pymysql.connect(
            unix_socket=socket, user="hes", password=PASSWORD, database=name, autocommit=True
        )


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start one, and stop it in the end. Without MariaDB the test is left out."""
    if not (PROGRAM.exists() and TABLES.exists()):
        pytest.skip("MariaDB is not installed (apt-get install mariadb-server-core)")
    # MariaDB does not run as root. A short path, since that of a socket may have 107 characters.
    owner: dict[str, Any] = {}
    folder = Path(tempfile.mkdtemp(prefix="hes-my-"))
    if os.getuid() == 0:
        record = pwd.getpwnam("nobody")
        owner = {"user": record.pw_uid, "group": record.pw_gid, "extra_groups": []}
    data = folder / "data"
    data.mkdir()
    first = folder / "first.sql"  # in a folder that is the server's alone
    first.write_text(
        f"CREATE USER hes@localhost IDENTIFIED BY '{PASSWORD}';\nGRANT ALL ON *.* TO hes@localhost WITH GRANT OPTION;\n"
    )
    if owner:
        for path in (folder, data, first):
            os.chown(path, owner["user"], owner["group"])
    command = [str(PROGRAM), "--no-defaults", f"--datadir={data}", "--innodb-flush-method=nosync"]
    command += ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M"]
    tables = "CREATE DATABASE mysql;\nUSE mysql;\n" + TABLES.read_text()
    made = [*command, "--bootstrap"]
    subprocess.run(made, **owner, input=tables, check=True, capture_output=True, text=True, cwd=folder)
    command += ["--skip-networking", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
    command += [f"--init-file={first}"]
    with subprocess.Popen(command, **owner, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stderr
        # Read to the end, for it must not stop because nobody reads what it says.
        reader = Thread(target=process.stderr.read, daemon=True)
        try:
            assert any("ready for connections" in line for line in process.stderr)
            reader.start()
            yield Server(folder)
        finally:
            process.kill()  # nothing of it is wanted any more
            process.wait(timeout=250)
            shutil.rmtree(folder)
