"""Access profiles: the vendor's rules and ranges, and which keys hear of a change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, VaultStatus
from hideez_bench.emulator.hes.records import ProfileDetails
from hideez_bench.protocol.names import Command, Condition, ErrorName
from tests.hes.bench import PLACES, SERIAL, Bench

PIN = ProfileDetails("PIN", pin_connection=True, pin_length=6, pin_try_count=5, pin_expiration=3600)


async def test_create_and_edit(bench: Bench) -> None:
    profiles = bench.hes.profiles
    made = profiles.create(PIN)
    assert profiles.get(made.id) == made
    # What the vendor forces, whatever was asked for.
    assert (made.button_pairing, made.master_key_pairing, made.master_key_storage_access) == (
        True,
        True,
        False,
    )
    assert made.pin_pairing
    assert (made.pin_length, made.pin_try_count, made.pin_expiration) == (6, 5, 3600)
    profiles.edit(made.id, replace(PIN, name="None", pin_connection=False))
    assert not profiles.get(made.id).pin_pairing
    assert [profile.name for profile in profiles.list()] == ["Default", "None"]
    profiles.delete(made.id)
    assert [profile.name for profile in profiles.list()] == ["Default"]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("pin_expiration", (60, 172800), (0, 59, 172801)),
        ("pin_length", (4, 8), (3, 9)),
        ("pin_try_count", (3, 10), (2, 11)),
    ],
)
async def test_ranges(bench: Bench, field: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    made = bench.hes.profiles.create(PIN)
    for value in good:
        bench.hes.profiles.edit(made.id, replace(PIN, **{field: value}))  # type: ignore[arg-type]
        assert getattr(bench.hes.profiles.get(made.id), field) == value
    kept = bench.hes.profiles.get(made.id)
    for value in bad:
        with pytest.raises(HesRuleError, match=field) as raised:
            bench.hes.profiles.edit(made.id, replace(PIN, **{field: value}))  # type: ignore[arg-type]
        assert raised.value.code is HesCode.None_
    assert bench.hes.profiles.get(made.id) == kept


async def test_refusals(bench: Bench) -> None:
    profiles = bench.hes.profiles
    made = profiles.create(PIN)
    await bench.go("Active")
    await bench.hes.vaults.set_profile(SERIAL, made.id)
    calls: list[tuple[Callable[[], object], HesCode]] = [
        (lambda: profiles.create(PIN), HesCode.ProfileNameAlreadyInUse),
        (lambda: profiles.edit("default", PIN), HesCode.ProfileNameAlreadyInUse),
        (lambda: profiles.create(ProfileDetails("")), HesCode.None_),
        (lambda: profiles.get("none"), HesCode.HardwareVaultProfileNotFound),
        (lambda: profiles.edit("none", PIN), HesCode.HardwareVaultProfileNotFound),
        (lambda: profiles.delete("none"), HesCode.HardwareVaultProfileNotFound),
        (lambda: profiles.delete("default"), HesCode.CannotDeleteDefaultProfile),
        (lambda: profiles.delete(made.id), HesCode.None_),  # in use
    ]
    for call, code in calls:
        with pytest.raises(HesRuleError) as raised:
            call()
        assert raised.value.code is code
    with pytest.raises(HesRuleError) as raised:
        await bench.hes.vaults.set_profile(SERIAL, "none")
    assert raised.value.code is HesCode.HardwareVaultProfileNotFound
    assert profiles.get(made.id).vault_ids == (SERIAL,)


@pytest.mark.parametrize("place", PLACES)
async def test_which_vaults_hear_of_an_edit(bench: Bench, place: str) -> None:
    await bench.go(place)
    bench.hes.profiles.edit("default", ProfileDetails("Default", button_connection=True))
    told = PLACES[place][0] in (VaultStatus.Active, VaultStatus.Locked, VaultStatus.Suspended)
    assert bench.vault.need_sync is told


async def test_a_profile_reaches_the_key_as_it_is_then(bench: Bench) -> None:
    await bench.go("Active")
    await bench.arrive()
    bench.key.refuse = {Command.ACCESS: ErrorName.ERR_DEVICE_BUSY}
    made = bench.hes.profiles.create(PIN)
    await bench.hes.vaults.set_profile(SERIAL, made.id)
    await bench.hes.settled()
    assert bench.vault.need_sync
    bench.key.refuse = {}
    bench.key.commands.clear()
    bench.hes.profiles.edit(made.id, replace(PIN, pin_length=8))
    await bench.hes.settled()
    assert bench.key.commands == [Command.ACCESS]  # two tasks have become one
    assert bench.key.access_params == bench.hes.vaults.access_params(SERIAL)
    assert bench.key.access_params is not None
    assert (bench.key.access_params.pin_min_length, bench.key.access_params.pin_max_tries) == (8, 5)
    assert Condition.PIN_CONNECT in bench.key.access_params.conditions
    assert not bench.vault.need_sync


async def test_a_suspended_key_hears_of_it_when_it_is_active_again(bench: Bench) -> None:
    await bench.go("Suspended applied")
    bench.hes.profiles.edit("default", ProfileDetails("Default", pin_length=7))
    await bench.arrive()
    bench.key.take()
    info = await bench.update()
    assert info.need_update_non_os_accounts
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert bench.key.access_params is not None
    assert bench.key.access_params.pin_min_length == 7


async def test_ready_again_means_the_default_profile(bench: Bench) -> None:
    await bench.go("Active")
    await bench.hes.vaults.set_profile(SERIAL, bench.hes.profiles.create(PIN).id)
    await bench.hes.employees.remove_hardware_vault(SERIAL)
    await bench.arrive()
    with pytest.raises(Exception, match="has now been wiped"):
        await bench.update()
    assert (bench.vault.profile_id, bench.vault.need_sync) == ("default", False)


async def test_an_edit_while_the_key_is_told_reaches_it_too(bench: Bench) -> None:
    await bench.go("Active")
    await bench.arrive()
    made = bench.hes.profiles.create(PIN)
    bench.key.hold = Command.ACCESS
    await bench.hes.vaults.set_profile(SERIAL, made.id)
    await bench.key.reached.wait()  # with the profile as it was
    bench.key.hold = None
    bench.hes.profiles.edit(made.id, replace(PIN, pin_length=8))
    bench.key.released.set()
    await bench.hes.settled()
    assert bench.key.commands == [Command.ACCESS, Command.ACCESS]
    assert bench.key.access_params == bench.hes.vaults.access_params(SERIAL)
    assert not bench.vault.need_sync


async def test_an_edit_while_a_key_becomes_active_is_told_afterwards(bench: Bench) -> None:
    await bench.go("Reserved applied")
    await bench.arrive()
    bench.key.take()
    bench.key.hold = Command.ACCESS
    updating = asyncio.create_task(bench.update())
    await bench.key.reached.wait()
    bench.key.hold = None
    bench.hes.profiles.edit("default", ProfileDetails("Default", pin_length=7))
    bench.key.released.set()
    assert (await updating).need_update_non_os_accounts
    assert bench.vault.status is VaultStatus.Active
    await bench.connection.update_hw_vault_accounts(SERIAL, only_os_accounts=False)
    assert bench.key.access_params == bench.hes.vaults.access_params(SERIAL)
    assert not bench.vault.need_sync
