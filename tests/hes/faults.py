"""A database that fails at a statement, and what it holds then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from hideez_bench.emulator.hes.database.models import Row
from hideez_bench.emulator.hes.errors import StoreError
from tests.hes.bench import Bench


def dump(bench: Bench) -> dict[str, list[Any]]:
    """All that the database holds."""
    bench.hes.audit.write()
    with bench.hes._core.store.session() as session:
        return {
            table.name: [tuple(row) for row in session.execute(table.select())]
            for table in Row.metadata.sorted_tables
        }


@contextmanager
def failing_at(bench: Bench, number: int) -> Iterator[list[str]]:
    """A database in which the write of that number cannot be carried out, a commit of writes among them.

    Gives what was written, in order.
    """
    engine = bench.hes._core.store._engine
    written: list[str] = []

    def count(text: str) -> None:
        written.append(text)
        if len(written) == number:
            raise StoreError("cut")

    def statement(connection: Any, cursor: Any, text: str, *more: Any) -> None:
        if text.startswith(("INSERT", "UPDATE", "DELETE")):
            count(text)

    def commit(connection: Any) -> None:
        if written and written[-1] != "COMMIT":
            count("COMMIT")

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield written
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
