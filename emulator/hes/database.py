"""A database behind an SQLAlchemy URL: SQLite or PostgreSQL, set up so that one transaction at a time runs in it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from hideez_bench.emulator.hes.errors import StoreError

PATIENCE = 1.0
"""Seconds that a transaction waits for another process. The event loop stands still meanwhile."""

_STEP = 0.001
"""Seconds between two looks whether SQLite's file is free."""

_REACH = 5
"""Seconds for connecting to a database server."""

_CAUSES = {
    "SQLITE_NOTADB": "is not a database of this server, or is damaged; name another file, or restore it",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy",
    "SQLITE_READONLY": "cannot be written to; make it writable",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and may be written to",
    "SQLITE_FULL": "has no room left on its disk; free some",
    "SQLITE_IOERR": "cannot be read or written; check the disk",
    "SQLITE_BUSY": "is in use by another process; try again",
    # PostgreSQL's SQLSTATE, by its beginning.
    "08": "cannot be reached any more; check its server",
    "25006": "cannot be written to; make it writable",
    "42501": "does not allow this user what the server needs; let it create and change tables there",
    "53100": "has no room left on its disk; free some",
    "55P03": "is in use by another process; try again",
    "57P": "has been shut down; start its server again",
}
"""What a failure means, by the driver's name or number of it."""


def parse(url: str) -> URL:
    """An SQLAlchemy URL of a database that this server can use.

    Raises:
        StoreError: it is none. The text holds nothing of the URL but its first word: the rest may be a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(
            "The server's database has no usable URL; name one such as sqlite:///hes.db or "
            "postgresql+psycopg://user:password@host/database."
        ) from None
    if parsed.host and "@" in parsed.host:
        raise StoreError("In the URL of the server's database an @ of the password must be written as %40.")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"The server keeps its database in SQLite or PostgreSQL, and not in {parsed.get_backend_name()}; "
            "name one such as postgresql+psycopg://user:password@host/database."
        )
    return parsed.set(drivername="postgresql+psycopg") if parsed.drivername == "postgresql" else parsed


def connect(url: URL) -> Engine:
    """An engine for a URL; nothing is opened yet, but for the file of SQLite, which is made private.

    Raises:
        StoreError: the driver is not installed, or the file cannot be made.
    """
    try:
        return _sqlite(url) if is_sqlite(url) else _postgresql(url)
    except ImportError as error:
        raise StoreError(
            f"The server's database {url.drivername} needs the Python package {error.name or url.get_driver_name()}, "
            "which is not installed in full; install psycopg[binary], and name the database postgresql+psycopg://…"
        ) from None
    except NoSuchModuleError:
        raise StoreError(f"The server's database has an unknown driver, {url.drivername}.") from None


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file, or memory."""
    return url.get_backend_name() == "sqlite"


def cause(error: SQLAlchemyError) -> str:
    """What a failure means, to follow the database's name.

    Not the driver's own text where it can be helped: PostgreSQL shows in it the row that it did not take.
    """
    original = getattr(error, "orig", None)
    name = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    for start, sentence in _CAUSES.items():
        if name.startswith(start):
            return sentence
    return f"failed ({type(error).__name__}: {words(error)})"


def words(error: SQLAlchemyError) -> str:
    """The driver's own words in one line, without the details in which PostgreSQL shows the row."""
    original = getattr(error, "orig", None)
    primary = getattr(getattr(original, "diag", None), "message_primary", None)
    return " ".join(str(primary or original or "see the log").split())


def forget_deleted(engine: Engine, tables: Iterable[str]) -> None:
    """Have the database rewrite its files, so that nothing that was overwritten is left in them."""
    connection = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            connection.cursor().execute("VACUUM")
        else:
            _outside_transactions(connection, f"VACUUM FULL {', '.join(tables)}")
    except engine.dialect.loaded_dbapi.Error as error:
        raise DBAPIError(None, None, error) from error
    finally:
        connection.close()


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {}
    if url.database in (None, "", ":memory:"):
        options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
    elif url.database and not url.database.startswith("file:"):
        _create_private_file(Path(url.database))
    given = url.query.get("timeout", "")
    patience = float(given) if isinstance(given, str) and given else PATIENCE
    options["connect_args"] = options.get("connect_args", {}) | {"timeout": patience}
    # Parameters of a failed statement may be codes and master keys.
    engine = create_engine(url.difference_update_query(["timeout"]), hide_parameters=True, **options)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", lambda connection: _begin_alone(connection, patience))
    return engine


def _postgresql(url: URL) -> Engine:
    options = {} if "connect_timeout" in url.query else {"connect_timeout": _REACH}
    # READ COMMITTED, so that a transaction that has waited for its turn sees what the one before it did.
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args=options,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
    )
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _create_private_file(path: Path) -> None:
    """The file must be nobody else's from its first byte on; SQLite gives its journal the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"The server's database {path} cannot be opened: {error.strerror}.") from error


def _set_up_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    """Leave transactions to us, and leave nothing of a deleted secret in the file, or in a temporary one."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")


def _begin_alone(connection: Connection, patience: float) -> None:
    """Begin a transaction that no other can run beside, so that what a rule reads is still so when it writes.

    SQLite itself would wait in steps of up to 0.1 s, and never get in beside a busy process.
    """
    driver = connection.connection.cursor()
    driver.execute("PRAGMA busy_timeout = 0")
    until = time.monotonic() + patience
    try:
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise DBAPIError("BEGIN IMMEDIATE", None, error) from error
                time.sleep(_STEP)
            else:
                return
    finally:
        # A commit may have to wait for somebody who reads.
        driver.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
        driver.close()


def _set_up_postgresql(connection: PoolProxiedConnection, record: ConnectionPoolEntry) -> None:
    _outside_transactions(connection, f"SET lock_timeout = '{PATIENCE}s'")


def _outside_transactions(connection: Any, statement: str) -> None:
    """A statement that a roll back must not undo, or that runs in no transaction."""
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.autocommit = False
