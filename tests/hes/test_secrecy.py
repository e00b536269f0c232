"""A-018: codes and master keys are in nothing that the server shows, logs, tells or raises."""

from __future__ import annotations

import logging
import sqlite3
import traceback
from pathlib import Path

import pytest

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.device import Traffic
from hideez_bench.protocol.hes import HesKeyRefused
from hideez_bench.protocol.names import Command, ErrorName
from tests.hes.bench import SERIAL, Bench, vault_import


def forms(secret: bytes) -> list[str]:
    return [repr(secret)[2:-1], secret.hex(), secret.hex(" ")]


@pytest.mark.usefixtures("searchable_codes")
async def test_nothing_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    traffic: list[str] = []

    def observe_traffic(serial: str, to_key: bool, message: Traffic) -> None:
        traffic.append(f"{serial} {to_key} {message} {message!r}")

    bench = Bench()
    # The default observer logs; the bench's own one is left aside.
    bench.hes = Hes(utc=bench.clock, observe_traffic=observe_traffic)
    bench.connection = bench.hes.connect(bench.workstation)
    bench.set_up()
    async with bench.hes as hes:
        await bench.assign()
        codes = [hes.vaults.activation_code(SERIAL)]
        await bench.arrive()
        await bench.update()
        assert bench.key.master_key is not None
        bench.key.take()
        bench.key.refuse = {Command.ACCESS: ErrorName.ERR_KEY_WRONG}
        with pytest.raises(HesKeyRefused) as refused:
            await bench.update()
        bench.key.refuse = {}
        await bench.update()
        await hes.vaults.suspend(SERIAL)
        await hes.settled()
        codes.append(hes.vaults.activation_code(SERIAL))
        with hes._core.store.transaction() as rows:
            row = rows.vault(SERIAL)
            activation = rows.pending_activation(SERIAL)
        shown = [
            caplog.text,
            *traffic,
            *map(str, codes),
            *map(repr, codes),
            f"{codes[0]} {codes[0]!s:>8}",
            repr(hes),
            repr(hes.vaults.get(SERIAL)),
            repr(hes.employees.list()),
            repr(bench.connection),
            f"{row!r} {activation!r}",
            *traceback.format_exception(refused.value),
        ]
        secrets = [code.reveal() for code in codes] + [bench.key.master_key.reveal()]
    assert "links the key" in caplog.text
    assert any("Link(" in line for line in traffic)
    for secret in secrets:
        for form in forms(secret):
            assert not [text for text in shown if form in text]


@pytest.mark.parametrize(
    ("failing", "secret"),
    [
        ("INSERT ON hardware_vault_activations", str(100_000 + 0x010203).encode()),
        ("UPDATE ON hardware_vaults", bytes(range(1, 33))),
    ],
)
async def test_failed_statement_does_not_show_its_parameters(
    tmp_path: Path, failing: str, secret: bytes
) -> None:
    path = tmp_path / "hes.db"
    async with Hes(f"sqlite:///{path}", random=lambda size: bytes(range(1, size + 1))) as hes:
        hes.vaults.import_vaults([vault_import()])
        employee = hes.employees.create(EmployeeDetails("Ann"))
        connection = sqlite3.connect(path)
        connection.execute(f"CREATE TRIGGER cut BEFORE {failing} BEGIN SELECT RAISE(ABORT, 'cut'); END")
        connection.close()
        with pytest.raises(StoreError, match="cut") as raised:
            await hes.employees.add_hardware_vault(employee.id, SERIAL)
        assert raised.value.__suppress_context__
        text = "".join(traceback.format_exception(raised.value.__context__))
        assert "hide_parameters" in text
        for form in forms(secret):
            assert form not in text
