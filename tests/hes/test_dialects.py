"""Databases that are not at hand: their tables can be written, and how servers wait for one another there."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Dialect, dialects, make_url
from sqlalchemy.schema import CreateIndex, CreateTable

import hideez_bench.emulator.hes.server  # noqa: F401 - all tables
from hideez_bench.emulator.hes.database import engine
from hideez_bench.emulator.hes.database.columns import ExactText
from hideez_bench.emulator.hes.database.models import Row

URLS = {name: f"{name}://" for name in dialects.__all__} | {"mariadb": "mariadb+pymysql://"}


def dialect_of(name: str) -> Dialect:
    return make_url(URLS[name]).get_dialect()()


def test_all_dialects_are_here() -> None:
    assert set(URLS) >= {"mssql", "mysql", "mariadb", "oracle", "postgresql", "sqlite"}


@pytest.mark.parametrize("name", URLS)
def test_tables_compile(name: str) -> None:
    dialect = dialect_of(name)
    assert len(Row.metadata.tables) > 10
    for table in Row.metadata.sorted_tables:
        text = str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect))
        if name in ("mysql", "mariadb"):
            assert "DATETIME" not in text.replace("DATETIME(6)", "")
            assert text.count("utf8mb4_bin") == len(
                [1 for one in table.columns if isinstance(one.type, ExactText)]
            )


def test_empty_text_in_oracle() -> None:
    """Oracle takes it for NULL, which most columns refuse."""
    oracle, text = dialect_of("oracle"), ExactText()
    to_oracle, from_oracle = text.bind_processor(oracle), text.result_processor(oracle, None)
    assert to_oracle
    assert from_oracle
    assert to_oracle("")
    assert [from_oracle(to_oracle(kept)) for kept in ("", "a", None)] == ["", "a", None]
    mysql = dialect_of("mysql")
    assert (text.bind_processor(mysql), text.result_processor(mysql, None)) == (None, None)


@pytest.mark.parametrize("name", URLS)
def test_who_locks_a_row_by_reading_it(name: str) -> None:
    """SQL Server leaves FOR UPDATE out without a word; its row is written instead. SQLite has a way of its own."""
    connection: Any = SimpleNamespace(
        dialect=dialect_of(name), connection=SimpleNamespace(dbapi_connection=None)
    )
    assert engine._locks_by_reading(connection) == (name not in ("mssql", "sqlite"))
