"""What comes next for a vault, told where its code is: by its status, and by what stands in an activation's way."""

from __future__ import annotations

from hideez_bench.emulator.hes.administration.filters import WorkstationFilter
from hideez_bench.emulator.hes.names import VaultLicenseStatus, VaultStatus
from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.hes.server import Hes

_TYPE_IT = (
    "The code is typed when Hideez Client asks for it, within 30 seconds. If the prompt is gone, connect the key "
    "again; nothing is lost. After three wrong codes the key locks itself."
)
_PAIR_IT = (
    "At an approved workstation the key's button is pressed shortly to pair it (a new key is off until then), and "
    "again within 15 seconds when it blinks green."
)
_TOO_OLD = (
    "The code was good until {}. A key that is unlocked with it is locked again, and a new code stands here then: pass "
    "that one on."
)
_STEPS: dict[VaultStatus, list[str]] = {
    VaultStatus.Ready: ["Add the vault to an employee, on the employee's page; that makes its code."],
    VaultStatus.Reserved: [
        "Pass the code on to the employee.",
        _PAIR_IT,
        _TYPE_IT,
    ],
    VaultStatus.Active: ["Nothing: the key is in use, and its code is used up. Suspend makes a new one."],
    VaultStatus.Locked: [
        "Press Activate, on the vault's page or in the list: that makes a new code.",
        "Pass the new code on, and have the key connected again; the code before is of no use any more.",
    ],
    VaultStatus.Suspended: [
        "Pass the new code on to the employee; every code before it is wrong now.",
        "The key asks for it when it connects next, not in the midst of a connection. It need not be paired again.",
        _TYPE_IT,
    ],
    VaultStatus.Deactivated: [
        "Have the key connected to an approved workstation once: it is wiped, and the vault is Ready for somebody else."
    ],
    VaultStatus.Compromised: ["Nothing more can be done with this key: give its employee another vault."],
}


def next_steps(hes: Hes, vault: VaultView) -> list[str]:
    """Sentences for an administrator, in the order in which things are to be done."""
    return _obstacles(hes, vault) + _STEPS[vault.status]


def _obstacles(hes: Hes, vault: VaultView) -> list[str]:
    """What must be done before a code can help."""
    if vault.status not in (VaultStatus.Reserved, VaultStatus.Suspended):
        return []
    found = []
    if vault.status is VaultStatus.Reserved and not vault.is_status_applied and not vault.has_new_license:
        if vault.license_end_date is None:
            found.append(
                "The server has no licence for this key, and without one no code is asked for: import it."
            )
        elif vault.license_status is VaultLicenseStatus.Expired:
            found.append(
                "The key's licence has ended, and without one no code is asked for: import a new one."
            )
    if not hes.workstations.list(WorkstationFilter(approved=True)):
        found.append(
            "No workstation is approved: approve the employee's, under Workstations, once its client shows it."
        )
    good = hes.vaults.code_good_until(vault.id)
    if good is not None:
        at = good.until.strftime("%Y-%m-%d %H:%M UTC")
        found.append(f"The code is good until {at}." if good.is_now else _TOO_OLD.format(at))
    return found
