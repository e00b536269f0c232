"""What an administrator can look up later."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import event, select

from hideez_bench.emulator.hes.audit import log
from hideez_bench.emulator.hes.audit.queries import Part
from hideez_bench.emulator.hes.database import workstation_models as tables
from hideez_bench.emulator.hes.database.columns import NOTE_LENGTH
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.hes import HesError, WorkstationEvent
from tests.hes.bench import NOON, SERIAL, Bench, vault_import


def reported(number: int, **more: str) -> WorkstationEvent:
    return WorkstationEvent(f"E-{number}", NOON, number, 1, workstation_id="PC-9", serial=SERIAL, **more)


async def test_server_events(bench: Bench) -> None:
    await bench.assign()
    assert bench.hes.audit.server_events() == bench.events[::-1]
    assert [found.text for found in bench.hes.audit.server_events(part=Part(size=1))] == [
        "sets the vault Reserved"
    ]


async def test_server_events_outlive_the_server(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/hes.db"
    async with Hes(url) as hes:
        hes.vaults.import_vaults([vault_import()])
    async with Hes(url) as hes:
        (found,) = hes.audit.server_events()
        assert (found.kind, found.serial, found.text) == (HesEventKind.ADMIN, SERIAL, "imports key HK-1")


def test_without_an_event_loop() -> None:
    hes = Hes()
    hes.vaults.import_vaults([vault_import()])
    assert len(hes.audit.server_events()) == 1


async def test_client_events(bench: Bench) -> None:
    await bench.connection.save_client_events([reported(1, note="n"), reported(2, account_login="ann")])
    await bench.connection.save_client_events([reported(2), reported(3)])  # it is not sure that 2 arrived
    found = list(bench.hes.reports.events())
    assert [each.event_id for each in found] == [3, 2, 1]
    assert {each.involved.workstation.id for each in found} == {
        "PC-1"
    }  # that of the connection, whatever it says
    assert (found[2].id, found[2].note, found[2].serial, found[2].date) == ("E-1", "n", SERIAL, NOON)
    with bench.hes._core.store.session() as session:
        assert list(session.scalars(select(tables.WorkstationEvent.account_login))) == ["", "ann", ""]
    bench.hes.workstations.unapprove("PC-1")
    with pytest.raises(HesError):
        await bench.connection.save_client_events([reported(4)])
    assert bench.hes.reports.count_events() == 3


async def test_both_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MOST_EVENTS", 5)
    monkeypatch.setattr(log, "DROP_AT", 1)
    monkeypatch.setattr(log, "MOST_AT_ONCE", 7)
    await bench.connection.save_client_events([reported(n, note="x" * 10_000) for n in range(10)])
    found = list(bench.hes.reports.events())
    assert [each.event_id for each in found] == [6, 5, 4, 3, 2]
    assert {len(each.note) for each in found} == {NOTE_LENGTH}
    for number in range(10):
        bench.hes.vaults.import_vaults([vault_import(f"HK-{number + 2}")])
    assert [each.serial for each in bench.hes.audit.server_events()] == [f"HK-{n}" for n in range(11, 6, -1)]


async def test_a_database_that_fails_does_not_stop_the_server(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.hes.audit.write()
    with bench.hes._core.store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE server_events")
    with caplog.at_level(logging.WARNING):
        await bench.be_active()
        bench.hes.audit.write()
    assert "were not kept" in caplog.text


async def test_sessions_that_cannot_be_ended_do_not_stop_it_either(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    with bench.hes._core.store._engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE workstation_sessions")
    with caplog.at_level(logging.WARNING):
        bench.client.close()
    assert "were not ended" in caplog.text


async def test_a_long_import_is_one_transaction_more(bench: Bench) -> None:
    bench.hes.audit.write()
    begun: list[object] = []
    event.listen(bench.hes._core.store._engine, "begin", begun.append)
    bench.hes.vaults.import_vaults(vault_import(f"HK-{number}") for number in range(100, 200))
    bench.hes.audit.write()
    assert len(begun) == 2


async def test_an_event_is_one_line_and_not_a_long_one(bench: Bench) -> None:
    """What a client or a person may put into it forges no line of a log, and no terminal obeys it."""
    with pytest.raises(HesError):
        await bench.connection.get_hw_vault_info_by_mac("x\n12:00:00 approves\x1b[2J\u202e" + "y" * 30_000)
    event = bench.events[-1]
    assert event.serial.isprintable()
    assert event.text.isprintable()
    assert len(event.serial) == len(event.text) == NOTE_LENGTH


async def test_a_stranger_cannot_push_out_what_administrators_did(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "MOST_EVENTS", 10)
    monkeypatch.setattr(log, "DROP_AT", 1)
    bench.hes.set_alarm(True)
    for _ in range(30):
        with pytest.raises(HesError):
            await bench.connection.auth_hw_vault(SERIAL)
        bench.hes.audit.write()
    found = bench.hes.audit.server_events()
    assert "raises the alarm" in [event.text for event in found]
    assert [event.kind for event in found].count(HesEventKind.FAILED) == 10
