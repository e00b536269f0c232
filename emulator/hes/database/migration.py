"""A database of an earlier version becomes one of this version, in one transaction, with all that was in it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, MetaData, insert, select, update

from hideez_bench.emulator.hes.database import models

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


def from_version_1(connection: Connection, version: str) -> None:
    """Make all tables anew and put the rows back, so that the database is as one that was made today."""
    old = MetaData()
    old.reflect(connection)
    kept = {table.name: connection.execute(select(table)).mappings().all() for table in old.sorted_tables}
    old.drop_all(connection)
    models.Row.metadata.create_all(connection)
    # Reflected again, so that values go back as they are, secrets included.
    new = MetaData()
    new.reflect(connection)
    for name, rows in kept.items():
        if rows:
            added = _NEW_IN_VERSION_2.get(name, {})
            connection.execute(insert(new.tables[name]), [added | dict(row) for row in rows])
    settings = models.AppSetting
    connection.execute(update(settings).where(settings.id == "schema_version").values(value=version))
