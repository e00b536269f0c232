"""The server's database: opened and checked once, used in short transactions, its failures told in one sentence."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes.database import (  # noqa: F401 - tables
    account_models,
    engine,
    failures,
    migration,
    models,
    org_models,
    user_models,
    workstation_models,
)
from hideez_bench.emulator.hes.database.cipher import Cipher, Ciphers, Clear, Locked, hand_over
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.errors import StoreConflict, StoreError
from hideez_bench.protocol.errors import BenchError

SCHEMA_VERSION = "4"
SCHEMA_VERSION_ID = "schema_version"
PROTECTION_ID = "data_protection"

# Part of every transaction, so built once.
_PROTECTION = select(models.AppSetting.value).where(models.AppSetting.id == PROTECTION_ID)


class Store:
    """The database behind a URL. A transaction is kept as a whole or not at all, and runs alone, whoever else is there.

    Attributes:
        ciphers: what is done to secrets in the transaction that runs.

    Raises:
        StoreError: it cannot be opened, is damaged, is something else's, or of another version.
    """

    def __init__(self, url: str) -> None:
        parsed = engine.parse(url)
        self._password = parsed.password
        self._name = parsed.database or "in memory"
        self._is_sqlite = engine.is_sqlite(parsed)
        self._engine = engine.connect(parsed)
        self._key: tuple[str, Cipher] | None = None
        # Threads share the ciphers, and of a database in memory the connection too.
        self._turn = threading.RLock()
        self.ciphers = Ciphers()
        hand_over(self._engine, self.ciphers)
        with ExitStack() as failed:
            failed.callback(self._engine.dispose)
            self._prepare()
            failed.pop_all()

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Rows to read and change. What is changed is kept when the block ends well, and forgotten otherwise.

        Raises:
            StoreError: the database failed; nothing was kept.
            HesRuleError: DataProtectionNotActivated, where a secret is written and cannot be sealed.
        """
        with self.session() as session:
            yield Rows(session, self.ciphers)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction as SQLAlchemy has it; otherwise as `transaction`."""
        with (
            self._turn,
            self._failures_told(),
            Session(self._engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            self._take_turn(session)
            yield session

    def use_key(self, parameters: str, cipher: Cipher) -> None:
        """Seal and open secrets in this way, for as long as data protection has these parameters."""
        self._key = (parameters, cipher)

    def has_key(self, parameters: str) -> bool:
        """Whether secrets that are protected with these parameters can be opened."""
        return self._key is not None and self._key[0] == parameters

    def forget_deleted(self) -> None:
        """Leave nothing in the database's files that was overwritten.

        Raises:
            StoreError: it could not be done now; nothing else has suffered.
        """
        with self._turn, self._failures_told():
            engine.forget_deleted(self._engine, models.tables_with_secrets())

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _take_turn(self, session: Session) -> None:
        """Wait until no other transaction runs, and learn how secrets are kept: another process may have changed it."""
        if not self._is_sqlite and not engine.take_turn(session, models.AppSetting, SCHEMA_VERSION_ID):
            raise StoreError(
                "The server's database lacks its version, by which servers wait for one another; restore it from "
                "a copy."
            )
        parameters = session.connection().scalar(_PROTECTION)
        if parameters is None:
            self.ciphers.use(Clear())
        elif self._key and self._key[0] == parameters:
            self.ciphers.use(self._key[1])
        else:
            self.ciphers.use(Locked())

    def _prepare(self) -> None:
        try:
            with self._failures_told(f" {self._name}"), self._engine.begin() as connection:
                self._make_or_check(connection)
        except StoreError:
            if self._is_sqlite:
                raise
            # Another server may have made the tables in between.
            with self._failures_told(f" {self._name}"), self._engine.begin() as connection:
                self._make_or_check(connection)

    def _make_or_check(self, connection: Connection) -> None:
        tables = inspect(connection).get_table_names()
        version = None
        if models.AppSetting.__tablename__ in tables:
            query = select(models.AppSetting.value).where(models.AppSetting.id == SCHEMA_VERSION_ID)
            version = connection.scalar(query)
            # With the version written last, a database without is one whose making was cut off, where each table is
            # a transaction of its own.
            unfinished = version is None and set(tables) <= set(models.Row.metadata.tables)
        elif tables:
            raise StoreError(f"The database {self._name} is something else's; name another.")
        else:
            unfinished = True
        if unfinished:
            _make(connection)
        elif version in migration.EARLIER:
            migration.take_over(connection, version, SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            raise StoreError(
                f"The server's database {self._name} is of version {version}, and this server writes version "
                f"{SCHEMA_VERSION}; it was left as it is, use the server that made it."
            )

    @contextmanager
    def _failures_told(self, name: str = "") -> Iterator[None]:
        """Each failure as one sentence. It is not chained: PostgreSQL's own text shows the row that it did not take.

        `name` is the database's, where it is opened; strangers may hear what fails later, and it may be a path.
        """
        try:
            yield
        except StatementError as error:
            if isinstance(error.orig, BenchError):
                # A secret that cannot be sealed now.
                raise error.orig from None
            raise self._told(error, name) from None
        except SQLAlchemyError as error:
            raise self._told(error, name) from None

    def _told(self, error: SQLAlchemyError, name: str) -> StoreError:
        if isinstance(error, IntegrityError):
            return StoreConflict(
                f"Nothing was changed, because the database does not allow it: {failures.words(error)}."
            )
        text = f"The server's database{name} {failures.cause(error)}. Nothing was kept."
        return StoreError(text.replace(self._password, "***") if self._password else text)


def _make(connection: Connection) -> None:
    """All tables and the first rows. The settings are first, by which the database is known as the server's own."""
    settings = models.Row.metadata.tables[models.AppSetting.__tablename__]
    for table in [settings, *models.Row.metadata.sorted_tables]:
        try:
            table.create(connection, checkfirst=True)
        except DBAPIError:
            # Another server may have made it in between, where that does not end the transaction.
            if not inspect(connection).has_table(table.name):
                raise
    with Session(connection) as session:
        session.add(models.AppSetting(id=SCHEMA_VERSION_ID, value=SCHEMA_VERSION))
        session.add(models.HardwareVaultProfile(id=models.DEFAULT_PROFILE, name="Default"))
        session.flush()
