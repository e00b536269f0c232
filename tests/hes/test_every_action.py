"""Every action of an administrator in every status, two at once, and with a database that fails at every statement."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.errors import HesRuleError, StoreError
from hideez_bench.emulator.hes.names import HardwareVaultActivationStatus, HesCode, VaultStatusReason
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.protocol.hes import HesError
from hideez_bench.protocol.names import Command
from hideez_bench.protocol.secret import Password
from tests.hes.bench import PLACES, SERIAL, Bench
from tests.hes.fake_key import FakeWorkstation
from tests.hes.faults import dump, failing_at

BOB = EmployeeDetails("Bob", "Jones")


async def assign(bench: Bench) -> None:
    (bob,) = (who for who in bench.hes.employees.list() if who.first_name == "Cid")
    await bench.hes.employees.add_hardware_vault(bob.id, SERIAL)


async def hire(bench: Bench) -> None:
    await bench.hes.employees.hire(BOB, SERIAL, AccountDetails("PC", "bob", password=Password(b"x")))


async def suspend(bench: Bench) -> None:
    await bench.hes.vaults.suspend(SERIAL, "on leave")


async def activate(bench: Bench) -> None:
    await bench.hes.vaults.activate(SERIAL, "forgot it")


async def remove(bench: Bench) -> None:
    await bench.hes.employees.remove_hardware_vault(SERIAL, VaultStatusReason.Broken)


async def remove_without_push(bench: Bench) -> None:
    await bench.hes.employees.remove_hardware_vault(SERIAL, push=False)


async def compromise(bench: Bench) -> None:
    await bench.hes.vaults.compromise(SERIAL, reason=VaultStatusReason.Stolen, retyped_id=SERIAL)


async def forget_root_key(bench: Bench) -> None:
    await bench.hes.vaults.forget_root_key(SERIAL)


async def set_profile(bench: Bench) -> None:
    await bench.hes.vaults.set_profile(SERIAL, "default")


async def delete_employee(bench: Bench) -> None:
    bench.hes.employees.delete(bench.employee.id)


async def read_code(bench: Bench) -> None:
    bench.hes.vaults.activation_code(SERIAL)


async def edit_rfid(bench: Bench) -> None:
    bench.hes.vaults.edit_rfid(SERIAL, "another")


async def delete_profile(bench: Bench) -> None:
    bench.hes.profiles.delete("default")


IN_HANDS = ("Reserved", "Reserved applied", "Active", "Locked", "Suspended", "Suspended applied")
WITH_CODE = ("Reserved", "Reserved applied", "Suspended", "Suspended applied")
REMOVED = {place: "Ready" if place == "Reserved" else "Deactivated" for place in IN_HANDS}


@dataclass(frozen=True)
class Action:
    """What an administrator does: how it is refused, and where it leads from the places in which it is allowed."""

    do: Callable[[Bench], Awaitable[None]]
    refusal: HesCode
    moves: dict[str, str] = field(default_factory=dict)


ACTIONS = {
    action.do.__name__: action
    for action in [
        Action(assign, HesCode.HardwareVaultCannotReserve, {"Ready": "Reserved"}),
        Action(hire, HesCode.HardwareVaultCannotReserve, {"Ready": "Reserved"}),
        Action(suspend, HesCode.None_, {"Active": "Suspended"}),
        Action(activate, HesCode.None_, {"Locked": "Suspended"}),
        Action(remove, HesCode.HardwareVaultDoesNotAllowToRemove, REMOVED),
        Action(remove_without_push, HesCode.HardwareVaultDoesNotAllowToRemove, REMOVED),
        Action(compromise, HesCode.None_, dict.fromkeys(IN_HANDS, "Compromised")),
        Action(forget_root_key, HesCode.None_, {"Ready": "Ready", "Deactivated": "Ready"}),
        Action(set_profile, HesCode.None_, {"Active": "Active"}),
        Action(
            delete_employee,
            HesCode.HardwareVaultUntieBeforeRemove,
            {place: place for place in PLACES if place not in IN_HANDS},
        ),
        Action(read_code, HesCode.ActivationCodeNotFound, {place: place for place in WITH_CODE}),
        Action(edit_rfid, HesCode.None_, {place: place for place in PLACES}),
        Action(delete_profile, HesCode.CannotDeleteDefaultProfile),
    ]
}


async def prepare(bench: Bench, place: str) -> None:
    """A vault there, with an account and a workstation that it unlocks; and somebody else without a key."""
    bench.hes.employees.create(EmployeeDetails("Cid"))
    bench.hes.accounts.create(bench.employee.id, AccountDetails("PC", "ann", password=Password(b"x")))
    bench.hes.workstations.add_proximity_vault("PC-1", SERIAL)
    await bench.go(place)


def one_pending_at_most(bench: Bench) -> bool:
    statuses = [row[-1] for row in dump(bench)["hardware_vault_activations"]]
    return statuses.count(HardwareVaultActivationStatus.Pending) <= 1


@pytest.mark.parametrize("place", PLACES)
async def test_what_is_refused_there(bench: Bench, place: str) -> None:
    """By name, and without a trace."""
    await prepare(bench, place)
    before, told = dump(bench), len(bench.events)
    for action in ACTIONS.values():
        if place not in action.moves:
            with pytest.raises(HesRuleError) as raised:
                await action.do(bench)
            assert raised.value.code is action.refusal
            assert dump(bench) == before
    assert len(bench.events) == told
    assert bench.key.commands == []


@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name, action in ACTIONS.items() for place in action.moves]
)
async def test_what_is_allowed_there(bench: Bench, name: str, place: str) -> None:
    await prepare(bench, place)
    await ACTIONS[name].do(bench)
    assert bench.vault.status is PLACES[ACTIONS[name].moves[place]][0]
    assert one_pending_at_most(bench)
    assert bench.key.commands == []  # the key is not connected


TWO_AT_ONCE = ("suspend", "activate", "remove", "compromise", "set_profile", "assign")
PAIRS = [(one, other) for number, one in enumerate(TWO_AT_ONCE) for other in TWO_AT_ONCE[number:]]


@pytest.mark.parametrize(
    ("place", "one", "other"),
    [
        (place, *pair)
        for place in ("Ready", "Reserved", "Active", "Locked")
        for pair in PAIRS
        if any(place in ACTIONS[name].moves for name in pair)
    ],
)
async def test_two_administrators_at_once(bench: Bench, place: str, one: str, other: str) -> None:
    """What comes of it is what one after the other would have made."""
    await bench.go(place)
    bench.hes.employees.create(EmployeeDetails("Cid"))
    results = await asyncio.gather(ACTIONS[one].do(bench), ACTIONS[other].do(bench), return_exceptions=True)
    assert {type(result) for result in results} <= {type(None), HesRuleError}
    possible = set()
    for first, second in ((one, other), (other, one)):
        after = ACTIONS[first].moves.get(place, place)
        possible.add(PLACES[ACTIONS[second].moves.get(after, after)][0])
    assert bench.vault.status in possible
    assert one_pending_at_most(bench)


async def test_two_workstations_at_once(bench: Bench) -> None:
    """Both have the key and ask for it: it is linked once, and each is answered."""
    second = bench.hes.connect(FakeWorkstation("PC-2", bench.key))
    bench.hes.workstations.approve("PC-2")
    await bench.assign()
    await bench.arrive()
    await second.update_hw_vault_properties(bench.report(), return_info=False)
    report = bench.report()
    answers = await asyncio.gather(
        bench.connection.update_hw_vault_status(report),
        second.update_hw_vault_status(report),
        return_exceptions=True,
    )
    assert bench.key.commands.count(Command.LINK) == 1
    assert bench.vault.is_status_applied
    # One key has one channel 4: who opened it last may have ended the other's, and is told so.
    assert any(not isinstance(answer, BaseException) for answer in answers)
    assert all(isinstance(answer, HesError) or not isinstance(answer, BaseException) for answer in answers)


# --- whole or not at all ---


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("assign", "Ready"),
        ("hire", "Ready"),
        ("suspend", "Active"),
        ("activate", "Locked"),
        ("remove", "Reserved"),
        ("remove", "Active"),
        ("compromise", "Suspended"),
        ("set_profile", "Active"),
    ],
)
async def test_a_move_is_whole_or_not_at_all(bench: Bench, name: str, place: str) -> None:
    await prepare(bench, place)
    before = dump(bench)
    for number in range(1, 40):
        with failing_at(bench, number) as written:
            try:
                await ACTIONS[name].do(bench)
            except StoreError:
                assert len(written) == number
            else:
                break
        assert dump(bench) == before
    assert number == len(written) + 1 >= 4
    assert written.count("COMMIT") == 1  # all of it is one transaction
    assert bench.vault.status is PLACES[ACTIONS[name].moves[place]][0]


@pytest.mark.parametrize(
    ("place", "flags", "after"),
    [
        ("Reserved", {"link_required": True}, "Reserved applied"),
        ("Reserved applied", {}, "Active"),
        ("Suspended", {}, "Suspended applied"),
        ("Suspended applied", {}, "Active"),
        ("Active", {"locked": True}, "Locked"),
        ("Deactivated", {}, "Ready"),
    ],
)
async def test_what_a_key_brings_about_is_whole_or_not_at_all(
    bench: Bench, place: str, flags: dict[str, bool], after: str
) -> None:
    await bench.go(place)
    await bench.arrive()

    def state() -> tuple[object, ...]:
        vault = bench.vault
        return vault.status, vault.is_status_applied, vault.activation

    before = state()
    failures = 0
    for number in range(1, 40):
        bench.key.take(**flags)
        bench.hes.audit.write()
        with failing_at(bench, number):
            try:
                await bench.connection.update_hw_vault_status(bench.report())
            except HesError as error:
                if str(error) != "cut":
                    break
                failures += 1
            else:
                break
        assert state() == before
    assert failures
    assert bench.vault.status is PLACES[after][0]
