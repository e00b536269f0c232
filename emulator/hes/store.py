"""The server's database: opened and checked once, used in short transactions, its failures told in one sentence."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, StaticPool, create_engine, event, inspect, make_url, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from hideez_bench.emulator.hes import account_models, models, user_models, workstation_models  # noqa: F401 - tables
from hideez_bench.emulator.hes.errors import HesRuleError, StoreConflict, StoreError, hes_error
from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, HesCode
from hideez_bench.protocol.hes import HesErrorCode

SCHEMA_VERSION = "2"

_SQLITE_FAILURES = {
    "SQLITE_NOTADB": "is not a database of this server, or is damaged; name another file, or restore it",
    "SQLITE_CORRUPT": "is damaged; restore it from a copy",
    "SQLITE_READONLY": "cannot be written to; make it writable",
    "SQLITE_CANTOPEN": "cannot be opened; check that its folder exists and may be written to",
    "SQLITE_FULL": "has no room left on its disk; free some",
    "SQLITE_IOERR": "cannot be read or written; check the disk",
    "SQLITE_BUSY": "is in use by another process; try again",
}


class Store:
    """The database behind a URL. A transaction is kept as a whole or not at all.

    Raises:
        StoreError: it cannot be opened, is damaged, is something else's, or of another version.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except SQLAlchemyError:
            raise StoreError(
                "The server's database has no usable URL; name one such as sqlite:///hes.db."
            ) from None
        self._name = parsed.database or "in memory"
        self._engine = self._create_engine(parsed)
        try:
            with self._failures_told():
                self._prepare()
        except StoreError:
            self._engine.dispose()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """Rows to read and change. What is changed is kept when the block ends well, and forgotten otherwise.

        Raises:
            StoreError: the database failed; nothing was kept.
        """
        with self.session() as session:
            yield Rows(session)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction as SQLAlchemy has it; otherwise as `transaction`."""
        with self._failures_told(), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def root_key(self, vault_id: str) -> bytes | None:
        """The public root key that a key must show, None before the first contact."""
        with self.transaction() as rows:
            return vault_for_client(rows, vault_id).root_key

    def pin_root_key(self, vault_id: str, root_key: bytes) -> None:
        """Remember the public root key of a key, for good."""
        with self.transaction() as rows:
            vault_for_client(rows, vault_id).root_key = root_key

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _create_engine(self, url: URL) -> Engine:
        options: dict[str, Any] = {}
        is_sqlite = url.get_backend_name() == "sqlite"
        if is_sqlite and url.database in (None, "", ":memory:"):
            options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        elif is_sqlite and url.database and not url.database.startswith("file:"):
            _create_private_file(Path(url.database))
        try:
            # Parameters of a failed statement may be codes and master keys.
            engine = create_engine(url, hide_parameters=True, **options)
        except (SQLAlchemyError, ImportError):
            driver = url.drivername
            raise StoreError(f"The server's database needs {driver}, which is not installed here.") from None
        if is_sqlite:
            event.listen(engine, "connect", _take_over_transactions)
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def _prepare(self) -> None:
        with self._engine.begin() as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                models.Row.metadata.create_all(connection)
                with Session(connection) as session:
                    session.add(models.AppSetting(id="schema_version", value=SCHEMA_VERSION))
                    session.add(models.HardwareVaultProfile(id=models.DEFAULT_PROFILE, name="Default"))
                    session.flush()
                return
            if models.AppSetting.__tablename__ not in tables:
                raise StoreError(f"The database {self._name} is something else's; name another file.")
            query = select(models.AppSetting.value).where(models.AppSetting.id == "schema_version")
            version = connection.scalar(query)
            if version != SCHEMA_VERSION:
                raise StoreError(
                    f"The server's database {self._name} is of version {version}, and this server writes version "
                    f"{SCHEMA_VERSION}; it was left as it is, use the server that made it."
                )

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            raise StoreConflict(
                f"Nothing was changed, because the database does not allow it: {error.orig}."
            ) from error
        except SQLAlchemyError as error:
            raise StoreError(
                f"The server's database {self._name} {_reason(error)}. Nothing was kept."
            ) from error


class Rows:
    """The rows of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def session(self) -> Session:
        """The transaction as SQLAlchemy has it, for the queries of one subject."""
        return self._session

    def add(self, row: models.Row) -> None:
        """A new row."""
        self._session.add(row)
        self._session.flush()

    def vault(self, vault_id: str) -> models.HardwareVault | None:
        """A vault by serial number."""
        return self._session.get(models.HardwareVault, vault_id)

    def vault_with(self, **fields: str) -> models.HardwareVault | None:
        """The vault whose unique fields are these."""
        return self._session.scalar(select(models.HardwareVault).filter_by(**fields))

    def vaults(self) -> list[models.HardwareVault]:
        """Every vault, by serial number."""
        return list(self._session.scalars(select(models.HardwareVault).order_by(models.HardwareVault.id)))

    def employee(self, employee_id: str) -> models.Employee | None:
        """An employee by id."""
        return self._session.get(models.Employee, employee_id)

    def employee_named(self, first_name: str, last_name: str) -> models.Employee | None:
        """The employee of that name."""
        return self._session.scalar(
            select(models.Employee).filter_by(first_name=first_name, last_name=last_name)
        )

    def employees(self) -> list[models.Employee]:
        """Every employee, by name."""
        by_name = (models.Employee.first_name, models.Employee.last_name)
        return list(self._session.scalars(select(models.Employee).order_by(*by_name)))

    def workstation(self, workstation_id: str) -> models.Workstation | None:
        """A workstation by name."""
        return self._session.get(models.Workstation, workstation_id)

    def workstations(self) -> list[models.Workstation]:
        """Every workstation, by name."""
        return list(self._session.scalars(select(models.Workstation).order_by(models.Workstation.id)))

    def pending_activation(self, vault_id: str) -> models.HardwareVaultActivation | None:
        """The activation of a vault whose code is still to be typed."""
        query = select(models.HardwareVaultActivation).filter_by(
            vault_id=vault_id, status=HardwareVaultActivationStatus.Pending
        )
        return self._session.scalar(query)

    def latest_activation(self, vault_id: str) -> models.HardwareVaultActivation | None:
        """The activation of a vault that was made last."""
        query = select(models.HardwareVaultActivation).filter_by(vault_id=vault_id)
        return self._session.scalar(query.order_by(models.HardwareVaultActivation.id.desc()).limit(1))

    def licenses(self, vault_id: str) -> list[models.HardwareVaultLicense]:
        """Every licence of a vault, the one that ends first before the others."""
        query = select(models.HardwareVaultLicense).filter_by(hardware_vault_id=vault_id)
        by_end = (models.HardwareVaultLicense.end_date, models.HardwareVaultLicense.id)
        return list(self._session.scalars(query.order_by(*by_end)))

    @property
    def alarm(self) -> bool:
        """Whether the alarm is on."""
        return self._session.get(models.AppSetting, "alarm") is not None

    @alarm.setter
    def alarm(self, on: bool) -> None:
        row = self._session.get(models.AppSetting, "alarm")
        if on and row is None:
            self.add(models.AppSetting(id="alarm", value="on"))
        elif not on and row is not None:
            self._session.delete(row)


def vault_for_admin(rows: Rows, vault_id: str) -> models.HardwareVault:
    """A vault, or the refusal that an administrator gets."""
    vault = rows.vault(vault_id)
    if vault is None:
        raise HesRuleError(
            HesCode.HardwareVaultNotFound, f"The server does not know key {vault_id}; import it first."
        )
    return vault


def employee_for_admin(rows: Rows, employee_id: str) -> models.Employee:
    """An employee, or the refusal that an administrator gets."""
    employee = rows.employee(employee_id)
    if employee is None:
        raise HesRuleError(
            HesCode.EmployeeNotFound, f"The server knows no employee {employee_id}; nothing was changed."
        )
    return employee


def profile_for_admin(rows: Rows, profile_id: str) -> models.HardwareVaultProfile:
    """An access profile, or the refusal that an administrator gets."""
    profile = rows.session.get(models.HardwareVaultProfile, profile_id)
    if profile is None:
        raise HesRuleError(
            HesCode.HardwareVaultProfileNotFound,
            f"The server has no access profile {profile_id}; nothing was changed.",
        )
    return profile


def vault_for_client(rows: Rows, vault_id: str) -> models.HardwareVault:
    """A vault, or the error that a client gets."""
    vault = rows.vault(vault_id)
    if vault is None:
        raise hes_error(HesErrorCode.HesDeviceNotFound, serial=vault_id)
    return vault


def _create_private_file(path: Path) -> None:
    """The file must be nobody else's from its first byte on; SQLite gives its journal the same mode."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"The server's database {path} cannot be opened: {error.strerror}.") from error


def _take_over_transactions(connection: sqlite3.Connection, record: object) -> None:
    """Let `BEGIN IMMEDIATE` open every transaction, so that what a rule reads is still so when it writes."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def _reason(error: SQLAlchemyError) -> str:
    name = getattr(getattr(error, "orig", None), "sqlite_errorname", "")
    for start, sentence in _SQLITE_FAILURES.items():
        if name.startswith(start):
            return sentence
    return f"failed ({type(error).__name__}: {getattr(error, 'orig', None) or 'see the log'})"
