"""A database of an earlier version becomes one of this version, with all that was in it.

SQLite's tables are made anew, since it cannot alter them enough, and elsewhere they are altered. It is one transaction
where the database can make tables in one; elsewhere each step looks at what is there already, so that the next start
goes on where one was cut off.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, ForeignKeyConstraint, MetaData, insert, inspect, select, text, update
from sqlalchemy.schema import AddConstraint, CreateColumn

from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.org_models import Company, Department, Position

_NEW_IN_VERSION_2: dict[str, dict[str, Any]] = {
    "employees": {"phone_number": ""},
    "hardware_vaults": {"access_given": False},
    "workstations": {
        "name": "",
        "domain": "",
        "os": "",
        "client_version": "",
        "ip": "",
        "rfid_enabled": False,
    },
}
"""What columns hold in rows from before they were there, by table; others are NULL."""

EARLIER = ("1", "2", "3")

TAKEN_OVER = "Taken over"
"""The company of departments from before there were companies: they were texts, which are id and name now."""


def take_over(connection: Connection, found: str, version: str) -> None:
    """Bring a database of version `found`, one of `EARLIER`, to today's tables, and note `version` last."""
    departments, positions = _texts(connection) if found == "2" else (set(), set())
    if found == "3":  # version 4 has new tables, and no others changed
        models.Row.metadata.create_all(connection)
    elif found == "1" or connection.dialect.name == "sqlite":
        kept = _emptied(connection)
        models.Row.metadata.create_all(connection)
        _make_rows_of(connection, departments, positions)
        _put_back(connection, kept, _NEW_IN_VERSION_2 if found == "1" else {})
    else:
        models.Row.metadata.create_all(connection)
        _make_rows_of(connection, departments, positions)
        _alter(connection)
    settings = models.AppSetting
    connection.execute(update(settings).where(settings.id == "schema_version").values(value=version))


def _texts(connection: Connection) -> tuple[set[str], set[str]]:
    """What was kept as departments and positions; an empty text was none."""
    found: dict[str, set[str]] = {"department_id": set(), "position_id": set()}
    for table in (models.Row.metadata.tables[name] for name in ("employees", "workstations")):
        for name in found.keys() & set(table.columns.keys()):
            column = table.columns[name]
            connection.execute(update(table).where(column == "").values({name: None}))
            found[name] |= set(connection.scalars(select(column).where(column.is_not(None)).distinct()))
    return found["department_id"], found["position_id"]


def _make_rows_of(connection: Connection, departments: set[str], positions: set[str]) -> None:
    wanted: list[tuple[type[models.Row], list[dict[str, str]]]] = [
        (Company, [{"id": TAKEN_OVER, "name": TAKEN_OVER}] if departments else []),
        (Department, [{"id": one, "name": one, "company_id": TAKEN_OVER} for one in sorted(departments)]),
        (Position, [{"id": one, "name": one} for one in sorted(positions)]),
    ]
    for row, new in wanted:
        table = row.__table__
        there = set(connection.scalars(select(table.columns["id"])))
        if lacking := [each for each in new if each["id"] not in there]:
            connection.execute(insert(row), lacking)


def _emptied(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """All rows, by table; the tables are gone. Reflected, so that values stay as they are, secrets included."""
    old = MetaData()
    old.reflect(connection)
    kept = {
        one.name: [dict(row) for row in connection.execute(select(one)).mappings()]
        for one in old.sorted_tables
    }
    old.drop_all(connection)
    return kept


def _put_back(
    connection: Connection, kept: dict[str, list[dict[str, Any]]], new: dict[str, dict[str, Any]]
) -> None:
    today = MetaData()
    today.reflect(connection)
    for table in today.sorted_tables:
        if rows := kept.get(table.name):
            connection.execute(insert(table), [new.get(table.name, {}) | row for row in rows])


def _alter(connection: Connection) -> None:
    """Add the columns and foreign keys that are not there yet."""
    quoted = connection.dialect.identifier_preparer.format_table
    # A copy, since a constraint that was added on its own is left out where its table is made next.
    today = MetaData()
    for one in models.Row.metadata.sorted_tables:
        one.to_metadata(today)
    for table in today.sorted_tables:
        there = {one["name"] for one in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                definition = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f"ALTER TABLE {quoted(table)} ADD {definition}"))
        bound = {
            tuple(one["constrained_columns"]) for one in inspect(connection).get_foreign_keys(table.name)
        }
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint) and tuple(constraint.column_keys) not in bound:
                connection.execute(AddConstraint(constraint))
