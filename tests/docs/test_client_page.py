"""docs/client.md says what the client's code does."""

from __future__ import annotations

from dataclasses import fields

import pytest

from hideez_bench.harness.client import workstation
from hideez_bench.harness.client.behaviour import AS_SHIPPED, MEANT, Behaviour
from hideez_bench.harness.client.connecting import attempts_of
from hideez_bench.harness.client.outcome import ROWS
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.workstation import Interruption, Stack
from hideez_bench.protocol.errors import BenchError
from tests.docs.page import code, tables

TABLES = {table.subject: table.rows for table in tables("client.md")}


def words(name: str) -> str:
    return name.lower().replace("_", " ")


def test_the_ends_of_a_flow() -> None:
    expected = [
        {
            "error": ", ".join(name if " " in name else f"`{name}`" for name in row.errors),
            "the person is told": row.told.value,
            "bond": row.bond.value,
        }
        for row in ROWS
    ]
    assert TABLES["ends"] == expected


def test_the_attempts_to_connect() -> None:
    told = {(row["stack"], row["for"]) for row in TABLES["attempts"]}
    for stack in Stack:
        for mode in Mode:
            here = (words(stack.name), words(mode.name))
            rows = [row for row in TABLES["attempts"] if (row["stack"], row["for"]) == here]
            if here not in told:
                with pytest.raises(BenchError, match="NotSupported"):
                    attempts_of(ConnectRequest(stack, mode))
                continue
            assert [
                (
                    row["attempt"],
                    row["seconds"],
                    code(row["the person reads"]),
                    code(row["after an LTK error"]),
                )
                for row in rows
            ] == [
                (str(number), f"{attempt.seconds:g}", [attempt.message], [attempt.after_ltk_error])
                for number, attempt in enumerate(attempts_of(ConnectRequest(stack, mode)), start=1)
            ]


def test_what_happens_to_the_computer() -> None:
    interruptions = {
        name: value for name, value in vars(workstation).items() if isinstance(value, Interruption)
    }
    assert TABLES["interruptions"] == [
        {
            "what happens": f"`{name}`",
            "disconnected": "yes" if what.disconnects else "no",
            "bonds": "deleted" if what.deletes_bonds else "kept",
        }
        for name, what in interruptions.items()
    ]


def test_the_differences_between_shipped_and_meant() -> None:
    assert [code(row["difference"]) for row in TABLES["differences"]] == [
        [field.name] for field in fields(Behaviour)
    ]
    for field in fields(Behaviour):
        assert (getattr(AS_SHIPPED, field.name), getattr(MEANT, field.name)) == (True, False)
