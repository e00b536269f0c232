"""What an administrator can do with a vault, by its status: the buttons, and the forms behind them."""

from __future__ import annotations

from dataclasses import dataclass

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import VaultView

_IN_USE = frozenset({VaultStatus.Reserved, VaultStatus.Active, VaultStatus.Locked, VaultStatus.Suspended})


@dataclass(frozen=True, kw_only=True)
class VaultButton:
    """A button beside a vault, which opens the page `/vaults/…/name`.

    Attributes:
        statuses: where the vendor's page offers it.
        is_first: it stands alone in a list; the others stand together behind one button.
    """

    name: str
    label: str
    statuses: frozenset[VaultStatus]
    css: str = ""
    is_first: bool = False


@dataclass(frozen=True, kw_only=True)
class VaultAction(VaultButton):
    """A button whose page is a form that changes the vault.

    Attributes:
        text: what it does, for whoever is about to do it.
        button: what sends the form.
        done: what is told afterwards; the vault's serial number goes into it.
    """

    title: str
    text: str
    button: str
    done: str
    asks_description: bool = False


# Its page changes nothing, and is in code.py.
CODE = VaultButton(
    name="code",
    label="Activation code",
    statuses=frozenset({VaultStatus.Reserved, VaultStatus.Suspended}),
    css="primary",
    is_first=True,
)
ACTIVATE = VaultAction(
    name="activate",
    label="Activate",
    statuses=frozenset({VaultStatus.Locked}),
    title="Activate the vault",
    text="The vault becomes Suspended, and a new activation code is made. The key asks for it when it connects next.",
    button="Activate",
    done="Key {} was given another chance: pass on its new activation code.",
    css="primary",
    asks_description=True,
    is_first=True,
)
SUSPEND = VaultAction(
    name="suspend",
    label="Suspend",
    statuses=frozenset({VaultStatus.Active}),
    title="Suspend the vault",
    text="The key locks itself, at once if it is connected, and asks for a new activation code.",
    button="Suspend",
    done="Key {} was suspended, and a new activation code was made.",
    asks_description=True,
    is_first=True,
)
PROFILE = VaultAction(
    name="profile",
    label="Change profile",
    statuses=frozenset({VaultStatus.Active}),
    title="Change the access profile",
    text="What the key asks for, and when. It reaches the key when it is connected.",
    button="Change",
    done="Key {} was given another access profile.",
)
RFID = VaultAction(
    name="rfid",
    label="Edit RFID",
    statuses=frozenset(VaultStatus),
    title="Edit the RFID",
    text="The number that a reader sees. No two vaults can have the same.",
    button="Save",
    done="Key {} was given another RFID.",
)
REMOVE = VaultAction(
    name="remove",
    label="Remove",
    statuses=_IN_USE,
    title="Remove the vault from its employee",
    text="A key that was linked is wiped, at once if it is connected. One that never was is free again right away.",
    button="Remove",
    done="Key {} was taken from its employee.",
    css="danger",
)
COMPROMISE = VaultAction(
    name="compromise",
    label="Compromised",
    statuses=_IN_USE,
    title="Report the vault as compromised",
    text="For keys that are lost or stolen. This cannot be undone: the server forgets the key's secret, so it can "
    "neither use nor wipe the key any more, not even if it is found.",
    button="Report as compromised",
    done="Key {} was reported as compromised, and can never be used again.",
    css="danger",
    asks_description=True,
)
FORGET_ROOT_KEY = VaultAction(
    name="forget-root-key",
    label="Forget root key",
    statuses=frozenset({VaultStatus.Ready, VaultStatus.Deactivated}),
    title="Forget the root key",
    text="For a key for which something else was taken when it came first. Whatever shows itself next under this "
    "serial number is taken for the key; import it with its root key right afterwards, if you have that. A Deactivated "
    "vault becomes Ready, and its secret is forgotten: a key that was linked can then be wiped by hand only.",
    button="Forget",
    done="The root key of key {} was forgotten. Connect the key again, or import it with its root key.",
    css="danger",
)

ACTIONS = (ACTIVATE, SUSPEND, PROFILE, RFID, REMOVE, COMPROMISE, FORGET_ROOT_KEY)
BUTTONS: tuple[VaultButton, ...] = (CODE, *ACTIONS)

MEANINGS = {
    VaultStatus.Ready: "it is nobody's, and can be assigned",
    VaultStatus.Reserved: "it is assigned, and waits to be activated with its code",
    VaultStatus.Active: "it is in use",
    VaultStatus.Locked: "the key locked itself, after too many wrong codes or PINs",
    VaultStatus.Suspended: "it must be activated anew, with a new code",
    VaultStatus.Deactivated: "it was taken from its employee, and is wiped when it connects next",
    VaultStatus.Compromised: "it was reported lost or stolen",
}


def offered(vault: VaultView) -> list[VaultButton]:
    """The buttons of a vault."""
    return [button for button in BUTTONS if vault.status in button.statuses]
