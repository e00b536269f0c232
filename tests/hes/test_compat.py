"""What is mended by default, and comes back with `strict_compat`; and codes with an age limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import Command, ErrorName
from tests.hes.bench import SERIAL, Bench


@pytest.fixture
async def strict() -> AsyncIterator[Bench]:
    made = Bench(strict_compat=True)
    made.set_up()
    async with made.hes:
        yield made


async def test_flags(bench: Bench, strict: Bench) -> None:
    assert (bench.hes.quirks, strict.hes.quirks) == (frozenset(), frozenset(Quirk))


async def revive(bench: Bench) -> None:
    """Lock the key for good during its first activation, and have the administrator give it another chance."""
    await bench.go("Reserved applied")
    await bench.arrive()
    bench.key.take(locked=True)
    with pytest.raises(HesError):
        await bench.update()
    await bench.hes.vaults.activate(SERIAL)
    await bench.hes.settled()
    bench.key.take()
    bench.key.commands.clear()
    await bench.update()
    assert bench.vault.status is VaultStatus.Active


async def test_q4_a_key_that_never_had_its_access_profile_gets_it(bench: Bench) -> None:
    await revive(bench)
    assert bench.key.commands == [Command.ACCESS]
    assert bench.key.access_params == bench.hes.vaults.access_params(SERIAL)
    # D-004: once is enough.
    await bench.hes.vaults.suspend(SERIAL)
    await bench.hes.settled()
    bench.key.take()
    bench.key.commands.clear()
    await bench.update()
    assert (bench.key.commands, bench.vault.status) == ([], VaultStatus.Active)


async def test_q4_strict(strict: Bench) -> None:
    await revive(strict)
    assert strict.key.commands == []


async def test_q4_after_a_wipe_the_key_has_none_again(bench: Bench) -> None:
    await bench.go("Deactivated")
    await bench.arrive()
    with pytest.raises(HesError):
        await bench.update()
    await revive(bench)
    assert bench.key.commands == [Command.ACCESS]


async def test_q8_strict_removal_by_rest_waits_for_the_next_contact(strict: Bench) -> None:
    await strict.go("Active")
    await strict.arrive()
    await strict.hes.employees.remove_hardware_vault(SERIAL, push=False)
    await strict.hes.settled()
    assert (strict.key.commands, strict.vault.status) == ([], VaultStatus.Deactivated)
    await strict.leave()
    await strict.arrive()
    with pytest.raises(HesError) as raised:
        await strict.update()
    assert raised.value.code is HesErrorCode.DeviceHasBeenWiped
    assert (strict.key.commands, strict.vault.status) == ([Command.WIPE], VaultStatus.Ready)


@pytest.mark.parametrize(("strictly", "code"), [(False, "HesDeviceNotFound"), (True, "HesUnknownError")])
async def test_q11_unknown_keys(strictly: bool, code: str) -> None:
    made = Bench(strict_compat=strictly)
    made.set_up()
    async with made.hes:
        client = made.connection
        for call in (
            client.get_hw_vault_info_by_rfid,
            client.get_hw_vault_info_by_mac,
            client.get_hw_vault_info_by_serial_no,
        ):
            with pytest.raises(HesError) as raised:
                await call("none")
            assert raised.value.code == code


async def test_q12_assigning_a_connected_key_does_not_touch_it(bench: Bench) -> None:
    await bench.arrive()
    await bench.assign()
    await bench.hes.settled()
    assert (bench.key.commands, bench.key.handshakes) == ([], 0)


async def test_q12_strict(strict: Bench) -> None:
    """The server proves the master key to a key that has none; that this fails is only told."""
    await strict.arrive()
    strict.key.refuse = {Command.CHECK_PASSPHRASE: ErrorName.ERR_NOT_INITIALIZED}
    await strict.assign()
    await strict.hes.settled()
    assert strict.key.commands == [Command.CHECK_PASSPHRASE]
    assert "ERR_NOT_INITIALIZED" in strict.events[-1].text
    assert strict.events[-1].kind == "failed"


# --- A-020 ---


@pytest.fixture
async def hour() -> AsyncIterator[Bench]:
    """A server whose codes may be an hour old."""
    made = Bench(code_life=timedelta(hours=1))
    made.set_up()
    async with made.hes:
        yield made


async def test_code_in_time(hour: Bench) -> None:
    await hour.go("Reserved applied")
    await hour.arrive()
    hour.key.take()
    hour.clock.move(hours=1)
    await hour.update()
    assert hour.vault.status is VaultStatus.Active


@pytest.mark.parametrize("place", ["Reserved applied", "Suspended applied"])
async def test_code_too_old(hour: Bench, place: str) -> None:
    """The key is locked again, with a new code, which then does."""
    await hour.go(place)
    old = hour.hes.vaults.activation_code(SERIAL)
    await hour.arrive()
    hour.key.take()
    hour.clock.move(hours=1, seconds=1)
    with pytest.raises(HesError, match="too old") as raised:
        await hour.update()
    assert raised.value.code is HesErrorCode.HesDeviceLocked
    assert hour.key.commands == [Command.LOCK_DEVICE_CODE]
    assert (hour.vault.status, hour.vault.is_status_applied) == (VaultStatus.Suspended, True)
    new = hour.hes.vaults.activation_code(SERIAL)
    assert new != old
    assert hour.key.code == new
    hour.key.take()
    hour.key.commands.clear()
    await hour.update()
    assert hour.vault.status is VaultStatus.Active
    # Its first activation was not completed, so the key has no access profile yet.
    assert hour.key.commands == ([Command.ACCESS] if place == "Reserved applied" else [])


async def test_old_code_where_the_key_cannot_be_locked_at_once(hour: Bench) -> None:
    await hour.go("Suspended applied")
    await hour.arrive()
    hour.key.take()
    hour.clock.move(hours=2)
    hour.key.hold = Command.LOCK_DEVICE_CODE
    call = asyncio.create_task(hour.update())
    await hour.key.reached.wait()
    hour.key.lost = True
    hour.key.released.set()
    with pytest.raises(HesError):
        await call
    hour.key.lost, hour.key.hold = False, None
    assert (hour.vault.status, hour.vault.is_status_applied) == (VaultStatus.Suspended, False)
    await hour.update()
    assert hour.key.commands[-1] is Command.LOCK_DEVICE_CODE
    assert hour.vault.is_status_applied


async def test_no_limit_by_default(bench: Bench) -> None:
    await bench.go("Reserved applied")
    await bench.arrive()
    bench.key.take()
    bench.clock.move(days=4000)
    await bench.update()
    assert bench.vault.status is VaultStatus.Active
