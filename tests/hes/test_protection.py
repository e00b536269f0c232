"""Data protection: what lies in the database, who can open it, and that each change is whole."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, event, select, type_coerce, update

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.cipher import Sealed
from hideez_bench.emulator.hes.database.models import SecretBytes
from hideez_bench.emulator.hes.errors import HesRuleError, StoreError
from hideez_bench.emulator.hes.names import (
    HesCode,
    HesEventKind,
    ProtectionState,
    VaultStatus,
    VaultStatusReason,
)
from hideez_bench.emulator.hes.protection import ITERATIONS, Protection
from hideez_bench.protocol.hes import HesError
from hideez_bench.protocol.secret import OtpSecret, Password, Secret
from tests.hes.bench import SERIAL, Bench

FIRST = Password.from_text("first password")
SECOND = Password.from_text("second password")
WRONG = Password.from_text("wrong password")


def at(url: str, like: Bench | None = None) -> Bench:
    """A server on this database, with a quick derivation of keys."""
    bench = Bench(url) if like is None else Bench(url, key=like.key)
    bench.hes.protection = Protection(bench.hes._core, iterations=10)
    return bench


@pytest.fixture
async def shielded(store_url: str) -> AsyncIterator[Bench]:
    """A server with protection on, and a key that has an owner."""
    bench = at(store_url)
    bench.set_up()
    async with bench.hes:
        await bench.hes.protection.enable(FIRST)
        await bench.assign()
        yield bench


@pytest.fixture
async def restarted(shielded: Bench) -> AsyncIterator[Bench]:
    """The same after a restart, with nobody there to enter the password."""
    bench = at(shielded.store_url, shielded)
    async with bench.hes:
        yield bench


def secrets_of(bench: Bench) -> list[bytes]:
    with bench.hes._core.store.transaction() as rows:
        vault, activation = rows.vault(SERIAL), rows.pending_activation(SERIAL)
        assert vault is not None
        assert vault.master_key is not None
        assert activation is not None
        return [vault.master_key.reveal(), activation.activation_code.reveal()]


def add_accounts(bench: Bench) -> list[bytes]:
    """An account of each kind; their passwords and OTP secrets."""
    password, otp = Password.from_text("the password of an account"), OtpSecret.from_text("JBSWY3DPEHPK3PXP")
    shared, shared_otp = (
        Password.from_text("a password that many share"),
        OtpSecret.from_text("MZXW6YTBOIRGC4TB"),
    )
    own = AccountDetails(name="mail", login="ann", password=password, otp_secret=otp)
    bench.hes.accounts.create(bench.employee.id, own)
    many = AccountDetails(name="wiki", login="all", password=shared, otp_secret=shared_otp)
    view = bench.hes.shared_accounts.create(many)
    bench.hes.accounts.add_shared(bench.employee.id, view.id)
    return [one.reveal() for one in (password, otp, shared, shared_otp)]


def forms(secret: bytes) -> list[bytes]:
    return [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
    ]


def found(folder: Path, secrets: Iterable[bytes]) -> list[str]:
    """Files that hold a secret in some form."""
    return [
        path.name
        for path in folder.iterdir()
        for secret in secrets
        if any(form in path.read_bytes() for form in forms(secret))
    ]


async def refused(call: object, code: HesCode) -> None:
    with pytest.raises(HesRuleError) as raised:
        await call  # type: ignore[misc]
    assert raised.value.code is code


async def test_off_by_default_and_by_the_vendors_words(store_url: str) -> None:
    bench = at(store_url)
    async with bench.hes as hes:
        assert hes.protection.state == "off"
        await refused(hes.protection.activate(FIRST), HesCode.DataProtectionNotEnabled)
        await refused(hes.protection.change_password(FIRST, SECOND), HesCode.DataProtectionNotEnabled)
        await refused(hes.protection.disable(FIRST), HesCode.DataProtectionNotEnabled)
        await refused(hes.protection.enable(Password.from_text("short")), HesCode.None_)
        await hes.protection.enable(FIRST)
        assert hes.protection.state == "activated"
        await refused(hes.protection.enable(FIRST), HesCode.DataProtectionIsAlreadyEnabled)
        await refused(hes.protection.activate(FIRST), HesCode.DataProtectionIsAlreadyActivated)


def test_derivation_is_as_slow_as_advised() -> None:
    assert ITERATIONS >= 600_000


async def test_the_derivation_that_was_chosen_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "hes.db"
    bench = Bench(f"sqlite:///{path}")
    async with bench.hes as hes:
        await hes.protection.enable(FIRST)
    with sqlite3.connect(path) as connection:
        (text,) = connection.execute("SELECT value FROM app_settings WHERE id = 'data_protection'").fetchone()
    connection.close()
    assert json.loads(text)["iterations"] == ITERATIONS
    again = at(f"sqlite:///{path}")
    async with again.hes as hes:
        await hes.protection.activate(FIRST)


@pytest.mark.usefixtures("searchable_codes")
async def test_nothing_lies_in_the_clear(tmp_path: Path) -> None:
    """A-017, from a database that had secrets before, with all that has been overwritten since."""
    bench = at(f"sqlite:///{tmp_path / 'hes.db'}")
    bench.set_up()
    secrets: list[bytes] = []
    async with bench.hes as hes:
        await bench.be_active()
        for _ in range(30):
            await hes.vaults.suspend(SERIAL)
            secrets += secrets_of(bench)
            await bench.arrive()
            await bench.update()
            bench.key.take()
            await bench.update()
            await bench.leave()
        await hes.vaults.suspend(SERIAL)
        secrets += [*add_accounts(bench), *secrets_of(bench)]
        assert found(tmp_path, secrets) == ["hes.db"] * len(secrets), "the test finds what is there"
        await hes.protection.enable(FIRST)
        assert found(tmp_path, secrets) == []
        assert secrets_of(bench) == secrets[-2:]
        await hes.employees.remove_hardware_vault(SERIAL)
        await bench.arrive()
        with pytest.raises(HesError):
            await bench.update()
        await bench.assign()
        secrets += secrets_of(bench)
        assert found(tmp_path, secrets) == []
        await hes.protection.change_password(FIRST, SECOND)
        assert found(tmp_path, [*secrets, FIRST.reveal(), SECOND.reveal()]) == []
        hes._core.store.forget_deleted()
        with sqlite3.connect(tmp_path / "hes.db") as connection:
            dump = "\n".join(connection.iterdump()).lower()
        connection.close()
        for secret in secrets:
            assert not [form for form in forms(secret) if form.decode("latin-1").lower() in dump]
        await hes.protection.disable(SECOND)
        assert found(tmp_path, secrets[-2:]) == ["hes.db"] * 2


@pytest.mark.usefixtures("searchable_codes")
async def test_journal_holds_nothing_in_the_clear(tmp_path: Path) -> None:
    """With protection on, what SQLite writes beside the database while a transaction runs is sealed too."""
    bench = at(f"sqlite:///{tmp_path / 'hes.db'}")
    bench.set_up()
    seen: list[str] = []
    async with bench.hes as hes:
        await hes.protection.enable(FIRST)
        await bench.be_active()

        def look(connection: object) -> None:
            seen.extend(path.name for path in tmp_path.iterdir())
            assert found(tmp_path, secrets) == []

        await hes.vaults.suspend(SERIAL)
        secrets = secrets_of(bench)
        event.listen(hes._core.store._engine, "commit", look)
        await hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Lost, retyped_id=SERIAL)
    assert "hes.db-journal" in seen


async def test_every_secret_column_is_bound_to_its_name() -> None:
    columns = [
        column
        for table in models.Row.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, SecretBytes)
    ]
    assert {f"{column.table.name}.{column.name}" for column in columns} >= {
        "hardware_vaults.master_key",
        "hardware_vault_activations.activation_code",
        "accounts.password",
        "accounts.otp_secret",
        "shared_accounts.password",
        "shared_accounts.otp_secret",
    }
    for column in columns:
        assert isinstance(column.type, SecretBytes)
        assert column.type.column == f"{column.table.name}.{column.name}"


async def test_restart_needs_the_password(restarted: Bench) -> None:
    hes = restarted.hes
    assert hes.protection.state is ProtectionState.NOT_ACTIVATED
    assert restarted.vault.status is VaultStatus.Reserved, "the rest can be looked at"
    assert [view.id for view in hes.vaults.list()] == [SERIAL]
    with pytest.raises(HesRuleError) as raised:
        hes.vaults.activation_code(SERIAL)
    assert raised.value.code is HesCode.DataProtectionNotActivated
    await refused(hes.employees.remove_hardware_vault(SERIAL), HesCode.DataProtectionNotActivated)
    await restarted.arrive()
    with pytest.raises(HesError, match="not been activated"):
        await restarted.update()
    assert not restarted.vault.is_status_applied
    assert restarted.key.commands == []
    await hes.protection.activate(FIRST)
    assert len(hes.vaults.activation_code(SERIAL).reveal()) == 6
    await restarted.update()
    assert restarted.vault.is_status_applied


async def test_nothing_can_be_assigned_before_activation(store_url: str) -> None:
    first = at(store_url)
    first.set_up()
    async with first.hes as hes:
        await hes.protection.enable(FIRST)
    second = at(store_url)
    async with second.hes as hes:
        # This is looked at before anything else, as with the vendor.
        for call in (
            hes.employees.add_hardware_vault(first.employee.id, SERIAL),
            hes.employees.add_hardware_vault("nobody", SERIAL),
            hes.employees.remove_hardware_vault(SERIAL),
            hes.employees.remove_hardware_vault("HK-9"),
        ):
            await refused(call, HesCode.DataProtectionNotActivated)
        assert second.vault.status is VaultStatus.Ready, (
            "the move was undone with the code that could not be kept"
        )
        await hes.protection.activate(FIRST)
        await hes.employees.add_hardware_vault(first.employee.id, SERIAL)


async def test_what_was_read_before_activation_stays_shut(restarted: Bench) -> None:
    with restarted.hes._core.store.transaction() as rows:
        vault = rows.vault(SERIAL)
    assert vault
    assert vault.master_key
    assert "***" in repr(vault.master_key)
    with pytest.raises(HesRuleError):
        vault.master_key.reveal()


async def test_lost_key_can_be_reported_at_any_time(restarted: Bench) -> None:
    await restarted.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL)
    assert restarted.vault.status is VaultStatus.Compromised


async def test_wrong_passwords_are_few(restarted: Bench) -> None:
    protection = restarted.hes.protection
    for _ in range(5):
        await refused(protection.activate(WRONG), HesCode.IncorrectPassword)
        await refused(protection.disable(WRONG), HesCode.IncorrectPassword)
    for call in (protection.activate(FIRST), protection.change_password(FIRST, SECOND)):
        with pytest.raises(HesRuleError, match="15 minutes") as raised:
            await call
        assert raised.value.code is HesCode.IncorrectPassword
    restarted.clock.move(minutes=15)
    await protection.activate(FIRST)
    failures = [one.text for one in restarted.events if one.kind is HesEventKind.FAILED]
    assert failures[0].endswith("9 tries left")


async def test_another_password(shielded: Bench) -> None:
    protection = shielded.hes.protection
    secrets = secrets_of(shielded)
    before = raw_secrets(shielded)
    await refused(protection.change_password(WRONG, SECOND), HesCode.IncorrectPassword)
    assert raw_secrets(shielded) == before
    await protection.change_password(FIRST, SECOND)
    after = raw_secrets(shielded)
    assert {old[:4] for old in before}.isdisjoint(new[:4] for new in after), "another key id"
    assert secrets_of(shielded) == secrets
    again = at(shielded.store_url, shielded)
    async with again.hes as hes:
        await refused(hes.protection.activate(FIRST), HesCode.IncorrectPassword)
        await hes.protection.activate(SECOND)
        assert secrets_of(again) == secrets


async def test_change_of_password_is_whole_or_not_at_all(
    shielded: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after each statement of it in turn, everything is as it was."""
    store, protection = shielded.hes._core.store, shielded.hes.protection
    secrets, before = secrets_of(shielded), raw_secrets(shielded)
    left = 0

    def cut(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StoreError("cut")

    statements = 0
    while True:
        real, waiting = protection._rewrite, statements

        def rewrite(*args: object, waiting: int = waiting, real: object = real) -> None:
            nonlocal left
            left = waiting
            event.listen(store._engine, "before_cursor_execute", cut)
            try:
                real(*args)  # type: ignore[operator]
            finally:
                event.remove(store._engine, "before_cursor_execute", cut)

        monkeypatch.setattr(protection, "_rewrite", rewrite)
        try:
            await protection.change_password(FIRST, SECOND)
        except StoreError:
            assert raw_secrets(shielded) == before
            assert secrets_of(shielded) == secrets
            statements += 1
        else:
            break
        finally:
            monkeypatch.undo()
    assert statements >= 5
    assert raw_secrets(shielded) != before
    assert secrets_of(shielded) == secrets


async def test_one_change_at_a_time(shielded: Bench) -> None:
    protection = shielded.hes.protection
    calls = [protection.change_password(FIRST, SECOND), protection.disable(FIRST)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert answers[0] is None
    assert isinstance(answers[1], HesRuleError)
    assert answers[1].code is HesCode.DataProtectionIsBusy


async def test_two_servers(shielded: Bench) -> None:
    """What one does to the protection, the other learns before it reads or writes again."""
    other = at(shielded.store_url, shielded)
    async with other.hes as hes:
        await hes.protection.activate(FIRST)
        secrets = secrets_of(other)
        await shielded.hes.protection.change_password(FIRST, SECOND)
        assert hes.protection.state is ProtectionState.NOT_ACTIVATED
        with pytest.raises(HesRuleError):
            hes.vaults.activation_code(SERIAL)
        await hes.protection.activate(SECOND)
        assert secrets_of(other) == secrets
        await shielded.hes.protection.disable(SECOND)
        assert secrets_of(other) == secrets
        await shielded.hes.protection.enable(SECOND)
        with pytest.raises(HesRuleError):
            hes.vaults.activation_code(SERIAL)


async def test_two_servers_in_one_process_have_a_key_each(shielded: Bench) -> None:
    plain = at("sqlite://")
    plain.set_up()
    async with plain.hes:
        await plain.assign()
        master_key, code = secrets_of(plain)
        assert raw_secrets(plain) == [master_key, code]
        assert not set(raw_secrets(shielded)) & set(secrets_of(shielded))


@pytest.mark.parametrize("change", ["moved", "flipped", "other key", "cut short"])
async def test_value_changed_in_the_database(shielded: Bench, change: str) -> None:
    """A value that was tampered with, or belongs elsewhere, opens nothing."""
    master_key, code = raw_secrets(shielded)
    match change:
        case "moved":
            value = master_key
        case "flipped":
            value = code[:-1] + bytes([code[-1] ^ 1])
        case "other key":
            value = bytes([code[0] ^ 1]) + code[1:]
        case _:
            value = code[:10]
    column = models.HardwareVaultActivation.__table__.c.activation_code
    with shielded.hes._core.store.session() as session:
        table = models.HardwareVaultActivation.__table__
        session.execute(
            update(models.HardwareVaultActivation).values({column: type_coerce(value, LargeBinary)})
        )
        assert session.execute(select(type_coerce(table.c.activation_code, LargeBinary))).scalar() == value
    with pytest.raises(HesRuleError, match=r"activation_code.*restore") as raised:
        shielded.hes.vaults.activation_code(SERIAL)
    finished = HesCode.DataProtectionNotFinishedPasswordChange
    assert raised.value.code is (finished if change == "other key" else HesCode.None_)
    assert master_key.hex() not in str(raised.value)


def raw_secrets(bench: Bench) -> list[bytes]:
    """Master key and code as they lie in the database."""
    with bench.hes._core.store.session() as session:
        values: list[bytes] = []
        for column in (models.HardwareVault.master_key, models.HardwareVaultActivation.activation_code):
            values += session.scalars(select(type_coerce(column, LargeBinary))).all()
        return values


def test_sealed_secrets_are_secrets() -> None:
    assert issubclass(Sealed, Secret)
