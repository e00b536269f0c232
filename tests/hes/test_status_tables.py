"""Tables A and B, each cell, written out once more as the documents have them."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.keys.status_tables import KeyState
from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import Command
from tests.hes.bench import PLACES, SERIAL, Bench

FLAGS = {
    KeyState.LINK_REQUIRED: {"link_required": True},
    KeyState.UNLOCKED: {},
    KeyState.CAN_UNLOCK: {"locked": True, "can_unlock": True},
    KeyState.CANNOT_UNLOCK: {"locked": True},
}
WIPED = HesErrorCode.HesVaultWasManuallyWiped
OTHER = HesErrorCode.HesDeviceLinkedToAnotherServer
LOCKED = HesErrorCode.HesDeviceLocked
UNASSIGNED = HesErrorCode.HesDeviceNotAssignedToAnyUser
COMPROMISED = HesErrorCode.HesDeviceCompromised
BEEN_WIPED = HesErrorCode.DeviceHasBeenWiped

# place -> the answer for: link required, unlocked, locked and can unlock, locked and cannot
TABLE_A: dict[str, tuple[bool | HesErrorCode, ...]] = {
    "Ready": (UNASSIGNED, OTHER, OTHER, OTHER),  # Q3
    "Reserved": (True, True, False, True),
    "Reserved applied": (True, True, False, True),
    "Active": (WIPED, False, True, True),  # Q6
    "Locked": (WIPED, LOCKED, LOCKED, LOCKED),
    "Suspended": (WIPED, True, False, True),
    "Suspended applied": (WIPED, True, False, True),
    "Deactivated": (True, True, True, True),
    "Compromised": (COMPROMISED, OTHER, OTHER, OTHER),  # Q2
}

Done = tuple[Command | None, str, bool | HesErrorCode]
"""What the key is told, where the vault is then, and what the client is answered."""

# The answer is table A's for the vault as it is then and the key as it was before (Q1).
TABLE_B: dict[str, tuple[Done, Done, Done, Done]] = {
    "Ready": ((None, "Ready", UNASSIGNED),) * 4,
    "Reserved": (
        (Command.LINK, "Reserved applied", True),
        (Command.ACCESS, "Active", False),
        (None, "Reserved", False),
        (None, "Locked", LOCKED),
    ),
    "Reserved applied": (
        (Command.LINK, "Reserved applied", True),
        (Command.ACCESS, "Active", False),
        (None, "Reserved applied", False),
        (None, "Locked", LOCKED),
    ),
    "Active": (
        (None, "Active", WIPED),
        (None, "Active", False),
        (None, "Locked", LOCKED),
        (None, "Locked", LOCKED),
    ),
    "Locked": ((None, "Locked", LOCKED),) * 4,
    "Suspended": (
        (Command.LOCK_DEVICE_CODE, "Suspended applied", WIPED),
        (Command.LOCK_DEVICE_CODE, "Suspended applied", True),
        (Command.LOCK_DEVICE_CODE, "Suspended applied", False),
        (Command.LOCK_DEVICE_CODE, "Suspended applied", True),
    ),
    "Suspended applied": (
        (None, "Active", WIPED),
        (None, "Active", False),  # Q4
        (None, "Suspended applied", False),
        (None, "Locked", LOCKED),
    ),
    "Deactivated": (
        (None, "Ready", BEEN_WIPED),
        (Command.WIPE, "Ready", BEEN_WIPED),
        (Command.WIPE, "Ready", BEEN_WIPED),
        (Command.WIPE, "Ready", BEEN_WIPED),
    ),
    "Compromised": ((None, "Compromised", COMPROMISED),) * 4,
}


def cells() -> list[tuple[str, int]]:
    return [(place, column) for place in PLACES for column in range(4)]


@pytest.mark.parametrize(("place", "column"), cells())
async def test_table_a(bench: Bench, place: str, column: int) -> None:
    await bench.go(place)
    bench.key.take(**FLAGS[list(KeyState)[column]])
    before = bench.vault.status
    expected = TABLE_A[place][column]
    if isinstance(expected, HesErrorCode):
        with pytest.raises(HesError) as raised:
            await bench.connection.update_hw_vault_properties(bench.report(), return_info=True)
        assert raised.value.code is expected
        assert SERIAL in str(raised.value)
    else:
        told = await bench.connection.update_hw_vault_properties(bench.report(), return_info=True)
        assert told is not None
        assert told.need_state_update is expected
    assert bench.vault.status is before
    assert bench.key.commands == []


@pytest.mark.parametrize(("place", "column"), cells())
async def test_table_b(bench: Bench, place: str, column: int) -> None:
    await bench.go(place)
    await bench.arrive()
    bench.key.take(**FLAGS[list(KeyState)[column]])
    command, after, answer = TABLE_B[place][column]
    if isinstance(answer, HesErrorCode):
        with pytest.raises(HesError) as raised:
            await bench.update()
        assert raised.value.code is answer
    else:
        assert (await bench.update()).need_state_update is answer
    assert bench.key.commands == ([command] if command else [])
    status, applied = PLACES[after]
    assert bench.vault.status is status
    if place == "Reserved" and status is not VaultStatus.Reserved:
        applied = False  # moves to Active and Locked leave it as it was
    assert bench.vault.is_status_applied is applied


async def test_unknown_vault(bench: Bench) -> None:
    bench.key.serial = "HK-9"
    with pytest.raises(HesError) as raised:
        await bench.arrive()
    assert raised.value.code is HesErrorCode.HesDeviceNotFound
    with pytest.raises(HesError) as raised:
        await bench.update()
    assert raised.value.code is HesErrorCode.DeviceNotConnectedToAnyHost
