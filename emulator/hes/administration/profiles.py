"""Access profiles, as an administrator keeps them. A change reaches a key as a task."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import select

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration.views import profile_view
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows, profile_for_admin
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, VaultStatus
from hideez_bench.emulator.hes.records import ProfileDetails, ProfileView

RANGES = {"pin_expiration": (60, 172800), "pin_length": (4, 8), "pin_try_count": (3, 10)}
"""The vendor's, both ends included; seconds, digits, tries."""

TOLD_OF_CHANGES = (VaultStatus.Active, VaultStatus.Locked, VaultStatus.Suspended)
"""Vaults that get a task when their profile is edited. The others get the profile itself when they become Active."""


class Profiles:
    """The access profiles. A call about one that is not there raises `HesRuleError` HardwareVaultProfileNotFound."""

    def __init__(self, core: Core, accounts_update: AccountsUpdate) -> None:
        self._core = core
        self._accounts_update = accounts_update

    def get(self, profile_id: str) -> ProfileView:
        """A profile."""
        with self._core.store.transaction() as rows:
            return profile_view(rows, profile_for_admin(rows, profile_id))

    def create(self, details: ProfileDetails) -> ProfileView:
        """A new profile.

        Raises:
            HesRuleError: ProfileNameAlreadyInUse; no name or a value out of its range (no code).
        """
        with self._core.store.transaction() as rows:
            profile = models.HardwareVaultProfile(id=draw.identifier(self._core.random))
            _fill(rows, profile, details)
            rows.add(profile)
            view = profile_view(rows, profile)
        self._core.tell(HesEventKind.ADMIN, "", f"makes the access profile {details.name}")
        return view

    def edit(self, profile_id: str, details: ProfileDetails) -> None:
        """Change a profile, the default one too; its keys hear of it as soon as they can. Raises as `create`."""
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            profile = profile_for_admin(rows, profile_id)
            _fill(rows, profile, details)
            told = _vaults_to_tell(rows, profile_id)
            for vault in told:
                tasks.add_profile(rows, vault, now)
        self._core.tell(HesEventKind.ADMIN, "", f"changes the access profile {details.name}")
        for vault in told:
            self._accounts_update.start(vault.id)

    def delete(self, profile_id: str) -> None:
        """Delete a profile that no key has.

        Raises:
            HesRuleError: CannotDeleteDefaultProfile; no code where a key has it.
        """
        with self._core.store.transaction() as rows:
            profile = profile_for_admin(rows, profile_id)
            if profile_id == models.DEFAULT_PROFILE:
                raise HesRuleError(
                    HesCode.CannotDeleteDefaultProfile, "The default access profile cannot be deleted."
                )
            if vault_ids := profile_view(rows, profile).vault_ids:
                raise HesRuleError(
                    HesCode.None_,
                    f"Key {vault_ids[0]} has the access profile {profile.name}; give it another before deleting it.",
                )
            rows.session.delete(profile)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes the access profile {profile.name}")

    def list(self) -> list[ProfileView]:
        """Every profile, by name."""
        with self._core.store.transaction() as rows:
            query = select(models.HardwareVaultProfile).order_by(models.HardwareVaultProfile.name)
            return [profile_view(rows, row) for row in rows.session.scalars(query)]


def _fill(rows: Rows, profile: models.HardwareVaultProfile, details: ProfileDetails) -> None:
    if not details.name:
        raise HesRuleError(HesCode.None_, "An access profile needs a name; nothing was changed.")
    for field, (low, high) in RANGES.items():
        if not low <= getattr(details, field) <= high:
            raise HesRuleError(
                HesCode.None_,
                f"The access profile's {field} must be from {low} to {high}; nothing was changed.",
            )
    with rows.session.no_autoflush:
        named = rows.session.scalar(select(models.HardwareVaultProfile).filter_by(name=details.name))
    if named is not None and named.id != profile.id:
        raise HesRuleError(
            HesCode.ProfileNameAlreadyInUse, f"There is an access profile {details.name} already."
        )
    for field, value in asdict(details).items():
        setattr(profile, field, value)
    # The vendor forces these at every start, and its page the last.
    profile.button_pairing = profile.master_key_pairing = True
    profile.master_key_storage_access = False
    profile.pin_pairing = details.pin_pairing or details.pin_connection


def _vaults_to_tell(rows: Rows, profile_id: str) -> list[models.HardwareVault]:
    vault = models.HardwareVault
    having_it = select(vault).where(vault.profile_id == profile_id, vault.status.in_(TOLD_OF_CHANGES))
    return list(rows.session.scalars(having_it.order_by(vault.id)))
