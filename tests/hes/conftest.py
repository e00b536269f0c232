"""The server that most tests start with, and the databases that it may use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.hes import mariadb, postgresql
from tests.hes.bench import Bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    made.set_up()
    async with made.hes:
        yield made


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    with postgresql.server() as running:
        yield running


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.Server]:
    with mariadb.server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: a file, one in PostgreSQL, and one in MariaDB."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hes.db'}"
    running: postgresql.Server | mariadb.Server = request.getfixturevalue(f"{request.param}_server")
    return running.database()


@pytest.fixture(params=["postgresql", "mariadb"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database in a database server."""
    running: postgresql.Server | mariadb.Server = request.getfixturevalue(f"{request.param}_server")
    return running.database()
