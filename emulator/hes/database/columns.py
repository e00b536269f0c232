"""Types of columns that mean the same in every database: text that is compared exactly, and moments.

SQLite and PostgreSQL keep text of any length. Others want to know it, and some compare without regard to case.
"""

from __future__ import annotations

from collections.abc import Callable
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

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """What is done to a text on its way to the database. Oracle takes an empty one for NULL."""
        return _for_oracle if dialect.name == "oracle" else self.impl_instance.bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], Any] | None:
        """And back; nothing elsewhere, since lists have ten thousands of texts."""
        return (
            _from_oracle
            if dialect.name == "oracle"
            else self.impl_instance.result_processor(dialect, coltype)
        )


def _for_oracle(value: str | None) -> str | None:
    return _NOTHING if value == "" else value


def _from_oracle(value: str | None) -> str | None:
    return "" if value == _NOTHING else value


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
