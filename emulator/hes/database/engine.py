"""A database behind an SQLAlchemy URL, set up so that one transaction at a time runs in it."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    StaticPool,
    create_engine,
    event,
    literal,
    make_url,
    select,
    update,
)
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from hideez_bench.emulator.hes.errors import StoreError

PATIENCE = 1.0
"""Seconds that a transaction waits for another process. The event loop stands still meanwhile."""

_STEP = 0.001
"""Seconds between two looks whether SQLite's file is free."""

_PATIENCE_WHILE_BLOCKED = 0.02
"""Seconds, after somebody waited in vain and until a transaction gets in again: what holds the file that long is no
server, and each who waited for it would freeze the event loop anew."""

_REACH = 5
"""Seconds for connecting to a database server."""

_SQLITE = b"SQLite format 3\0"
"""What every file of SQLite begins with."""

_READ_COMMITTED: Final = "READ COMMITTED"

_DRIVERS = {
    "postgresql": ("psycopg", "psycopg[binary]"),
    "mysql": ("pymysql", "pymysql"),
    "mariadb": ("pymysql", "pymysql"),
}
"""The driver of a URL that names none, and the package that it is in."""


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
    if parsed.drivername in _DRIVERS:
        return parsed.set(drivername=f"{parsed.drivername}+{_DRIVERS[parsed.drivername][0]}")
    return parsed


def connect(url: URL) -> Engine:
    """An engine for a URL; nothing is opened yet, but for the file of SQLite, which is made private.

    Raises:
        StoreError: the driver is not installed, or cannot be used, or the file cannot be made.
    """
    try:
        engine = _sqlite(url) if is_sqlite(url) else _server(url)
    except ImportError as error:
        missing = error.name or url.get_driver_name()
        backend = url.get_backend_name()
        driver, package = _DRIVERS.get(backend, (url.get_driver_name(), missing))
        raise StoreError(
            f"The server's database {url.drivername} needs the Python package {missing}, which is not installed in "
            f"full; install {package}, and name the database {backend}+{driver}://…"
        ) from None
    except NoSuchModuleError:
        raise StoreError(f"The server's database has an unknown driver, {url.drivername}.") from None
    if engine.dialect.is_async:
        raise StoreError(
            f"The server's database cannot be used by an asynchronous driver, as {url.drivername} is; name another."
        )
    return engine


def is_sqlite(url: URL) -> bool:
    """Whether the database is a file, or memory."""
    return url.get_backend_name() == "sqlite"


def take_turn(session: Session, settings: type[Any], key: str) -> bool:
    """Wait until no other transaction runs; False where the settings lack the row by which all wait for one another.

    A lock on one row, that others read. Where there is none to be had by reading (SQL Server), or where what is read
    after it may be older than it (a database without READ COMMITTED), the row is written, which locks it everywhere.
    """
    connection = session.connection()
    row = select(settings.value).where(settings.id == key)
    if _locks_by_reading(connection):
        return session.scalar(row.with_for_update()) is not None
    written = connection.execute(update(settings).where(settings.id == key).values(value=settings.value))
    return written.rowcount != 0


def forget_deleted(engine: Engine, tables: Iterable[str]) -> None:
    """Have the database rewrite its files, so that nothing that was overwritten is left in them.

    Raises:
        StoreError: this is a database of which it is not known how.
    """
    statements = {
        "sqlite": ["VACUUM"],
        "postgresql": [f"VACUUM FULL {', '.join(tables)}"],
        "mysql": [f"ALTER TABLE {table} FORCE" for table in tables],
        "mariadb": [f"ALTER TABLE {table} FORCE" for table in tables],
    }.get(engine.dialect.name)
    if statements is None:
        raise StoreError(
            f"Of {engine.dialect.name} this server does not know how to have it overwrite what it deleted; have its "
            "administrator rebuild the tables."
        )
    connection = engine.raw_connection()
    try:
        for statement in statements:
            if engine.dialect.name == "postgresql":
                _outside_transactions(connection, statement)
            else:
                connection.cursor().execute(statement)
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
    event.listen(engine, "begin", _SQLiteTurn(patience).begin)
    return engine


def _server(url: URL) -> Engine:
    options: dict[str, Any] = {}
    if url.get_driver_name() in ("psycopg", "pymysql") and "connect_timeout" not in url.query:
        options = {"connect_timeout": _REACH}
    engine = create_engine(url, hide_parameters=True, connect_args=options, pool_pre_ping=True)
    event.listen(engine, "do_connect", _check_options)
    event.listen(engine, "connect", lambda connection, record: _set_up_server(engine.dialect, connection))
    return engine


def _create_private_file(path: Path) -> None:
    """The file must be nobody else's from its first byte on; SQLite gives its journal the same mode.

    What holds something else is not ours to close to others: SQLite will refuse it.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.read(file, len(_SQLITE)) in (b"", _SQLITE):
                os.fchmod(file, 0o600)
        finally:
            os.close(file)
    except OSError as error:
        raise StoreError(f"The server's database {path} cannot be opened: {error.strerror}.") from error


def _set_up_sqlite(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    """Leave transactions to us, and leave nothing of a deleted secret in the file, or in a temporary one."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA temp_store = MEMORY")


class _SQLiteTurn:
    """Begins transactions that no other can run beside, so that what a rule reads is still so when it writes.

    SQLite itself would wait in steps of up to 0.1 s, and never get in beside a busy process.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._is_blocked = False

    def begin(self, connection: Connection) -> None:
        """Begin one, as soon as the file is free."""
        driver = connection.connection.cursor()
        driver.execute("PRAGMA busy_timeout = 0")
        try:
            self._wait(driver)
        finally:
            # A commit may have to wait for somebody who reads.
            driver.execute(f"PRAGMA busy_timeout = {round(self._patience * 1000)}")
            driver.close()

    def _wait(self, driver: DBAPICursor) -> None:
        patience = min(self._patience, _PATIENCE_WHILE_BLOCKED) if self._is_blocked else self._patience
        until = time.monotonic() + patience
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                is_busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() > until:
                    self._is_blocked = is_busy
                    raise DBAPIError("BEGIN IMMEDIATE", None, error) from error
                time.sleep(_STEP)
            else:
                self._is_blocked = False
                return


def _check_options(
    dialect: Dialect, record: ConnectionPoolEntry, args: list[Any], options: dict[str, Any]
) -> Any:
    """Connect. What is behind the ? of a URL, the driver takes as its own arguments."""
    try:
        return dialect.connect(*args, **options)
    except TypeError:
        raise StoreError(
            f"The driver of the server's database, {dialect.name}+{dialect.driver}, does not know what the URL says "
            "behind its question mark; correct it."
        ) from None


def _set_up_server(dialect: Dialect, connection: Any) -> None:
    """What a transaction that has waited for its turn reads is what the one before it wrote; and none waits long."""
    if _READ_COMMITTED in _isolation_levels(dialect, connection):
        dialect.set_isolation_level(connection, _READ_COMMITTED)
    if dialect.name == "postgresql":
        _outside_transactions(connection, f"SET lock_timeout = '{PATIENCE}s'")
    elif dialect.name in ("mysql", "mariadb"):
        patience = max(1, math.ceil(PATIENCE))
        connection.cursor().execute(
            # Tables that have transactions; and a text that is too long is refused, not cut.
            "SET SESSION default_storage_engine = InnoDB, "
            "sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'), "
            f"innodb_lock_wait_timeout = {patience}, lock_wait_timeout = {patience}"
        )
    elif dialect.name == "mssql":
        connection.cursor().execute(f"SET LOCK_TIMEOUT {round(PATIENCE * 1000)}")


def _isolation_levels(dialect: Dialect, connection: Any) -> Sequence[str]:
    try:
        return dialect.get_isolation_level_values(connection)
    except NotImplementedError:
        return []


def _locks_by_reading(connection: Connection) -> bool:
    dialect = connection.dialect
    locked = str(select(literal(1)).with_for_update().compile(dialect=dialect))
    levels = _isolation_levels(dialect, connection.connection.dbapi_connection)
    return "FOR UPDATE" in locked and _READ_COMMITTED in levels


def _outside_transactions(connection: Any, statement: str) -> None:
    """A statement that a roll back must not undo, or that runs in no transaction."""
    connection.autocommit = True
    try:
        connection.cursor().execute(statement)
    finally:
        connection.autocommit = False
