"""What is asked of the database: which rows, a part of them, and how many they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, true
from sqlalchemy.orm import InstrumentedAttribute

from hideez_bench.emulator.hes.database.models import Row
from hideez_bench.emulator.hes.database.store import Store


@dataclass(frozen=True)
class Part:
    """The rows from number `start` on, `size` of them; None for all."""

    start: int = 0
    size: int | None = None


ALL = Part()


def equals(column: InstrumentedAttribute[Any], wanted: object) -> ColumnElement[bool]:
    """Whether a column is what is looked for; None finds all."""
    return true() if wanted is None else column == wanted


def between(
    column: InstrumentedAttribute[Any], start: datetime | None, end: datetime | None
) -> ColumnElement[bool]:
    """Whether a moment is in a span, both ends included; none is in no span that has an end."""
    return and_(
        true() if start is None else column >= start,
        true() if end is None else column <= end,
    )


def read(
    store: Store, query: Select[*tuple[Any, ...]], condition: ColumnElement[bool], part: Part
) -> Sequence[Any]:
    """A part of those of a query's rows that are so."""
    wanted = query.where(condition).limit(part.size).offset(part.start or None)
    with store.session() as session:
        return session.execute(wanted).all()


def count(store: Store, table: type[Row], condition: ColumnElement[bool]) -> int:
    """How many rows of a table are so."""
    with store.session() as session:
        return session.scalar(select(func.count()).select_from(table).where(condition)) or 0
