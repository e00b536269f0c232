"""Types of columns that mean the same in every database: text that is compared exactly, and moments.

SQLite and PostgreSQL keep text of any length. Others want to know it, and some compare without regard to case.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, String, Text
from sqlalchemy.dialects import mssql, mysql, oracle
from sqlalchemy.types import TypeDecorator, TypeEngine

NAME_LENGTH = 256
"""Characters of a name, or an identifier; so short that it can be in an index everywhere."""

NOTE_LENGTH = 1000

_NOTHING = "\0"


class ExactText(TypeDecorator[str]):
    """Text that equals none but itself: case and accents count, and every character can be in it.

    `length` is in characters; None is text of any length, which cannot be in an index.
    """

    impl = String
    cache_ok = True

    def __init__(self, length: int | None = NAME_LENGTH) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type."""
        length = self.length
        kind: TypeEngine[Any]
        match dialect.name:
            case "sqlite" | "postgresql":
                kind = String()
            case "mysql" | "mariadb":
                exact = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
                kind = mysql.VARCHAR(length, **exact) if length else mysql.MEDIUMTEXT(**exact)
            case "mssql":
                kind = mssql.NVARCHAR(length, collation="Latin1_General_100_BIN2")  # None is its "max"
            case _:
                kind = String(length) if length else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database. Oracle takes an empty text for NULL."""
        return _NOTHING if value == "" and dialect.name == "oracle" else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """From the database."""
        return "" if value == _NOTHING and dialect.name == "oracle" else value


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, timezone-aware, stored as UTC, to the microsecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type; what some call a moment has only seconds."""
        kind: TypeEngine[Any]
        match dialect.name:
            case "mysql" | "mariadb":
                kind = mysql.DATETIME(fsp=6)
            case "mssql":
                kind = mssql.DATETIME2(6)  # type: ignore[no-untyped-call]
            case "oracle":
                kind = oracle.TIMESTAMP()
            case _:
                kind = DateTime()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)
