"""What an administrator does with vaults: import, look, suspend, activate, report as lost."""

from __future__ import annotations

from collections.abc import Iterable

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration import vault_rules
from hideez_bench.emulator.hes.administration.filters import ALL_VAULTS, VaultFilter
from hideez_bench.emulator.hes.administration.views import vault_views
from hideez_bench.emulator.hes.administration.workstations import Workstations
from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.rows import profile_for_admin, vault_for_admin
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.keys import licenses
from hideez_bench.emulator.hes.keys.accounts_update import AccountsUpdate
from hideez_bench.emulator.hes.keys.remote import RemoteDevices
from hideez_bench.emulator.hes.keys.status_update import StatusUpdate
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, VaultStatusReason
from hideez_bench.emulator.hes.records import CodeLife, LicenseImport, VaultImport, VaultView
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.values import AccessParams


class Vaults:
    """The vaults. A call about one that the server does not know raises `HesRuleError` HardwareVaultNotFound."""

    def __init__(
        self,
        core: Core,
        remotes: RemoteDevices,
        status_update: StatusUpdate,
        accounts_update: AccountsUpdate,
        workstations: Workstations,
    ) -> None:
        self._core = core
        self._remotes = remotes
        self._status_update = status_update
        self._accounts_update = accounts_update
        self._workstations = workstations

    def import_vaults(self, records: Iterable[VaultImport]) -> list[str]:
        """Take over keys and their licences. Returns the new ones.

        Known serial numbers are skipped, but for a root key of one that has not shown any yet.

        Raises:
            HesRuleError: no code: a known key has another root key, or a new one has the address, the radio tag or a
                licence of another; nothing was imported.
        """
        new: list[str] = []
        now = self._core.utc()
        with self._core.store.transaction() as rows:
            taken = vault_rules.addresses_and_tags(rows)
            for record in records:
                known = rows.vault(record.id)
                if known is not None:
                    vault_rules.learn_root_key(known, record.root_key)
                else:
                    vault_rules.take_address_and_tag(taken, record)
                    vault = vault_rules.imported(record, now)
                    rows.add(vault)
                    licenses.take_over(rows, vault, record.licenses, now)
                    new.append(record.id)
        for vault_id in new:
            self._core.tell(HesEventKind.ADMIN, vault_id, f"imports key {vault_id}")
        return new

    def import_licenses(self, vault_id: str, records: Iterable[LicenseImport]) -> None:
        """Take over further licences of a known key."""
        with self._core.store.transaction() as rows:
            vault = vault_for_admin(rows, vault_id)
            licenses.take_over(rows, vault, records, self._core.utc())
        self._core.tell(HesEventKind.ADMIN, vault_id, f"imports licences for key {vault_id}")

    def get(self, vault_id: str) -> VaultView:
        """A vault."""
        with self._core.store.transaction() as rows:
            vault_for_admin(rows, vault_id)
            return next(vault_views(rows, self._core.utc(), self._is_online, vault_id))

    def access_params(self, vault_id: str) -> AccessParams:
        """The access profile of a vault, as the key gets it."""
        with self._core.store.transaction() as rows:
            return vault_for_admin(rows, vault_id).profile.access_params()

    def activation_code(self, vault_id: str) -> ActivationCode:
        """The code that the employee must type. Reading it changes nothing, however often (Q14).

        Raises:
            HesRuleError: ActivationCodeNotFound, when none is pending.
        """
        with self._core.store.transaction() as rows:
            return vault_rules.pending_code(rows, vault_id)

    def code_good_until(self, vault_id: str) -> CodeLife | None:
        """Until when the code may be typed; None where codes have no age limit, or none is pending."""
        life = self._core.code_life
        with self._core.store.transaction() as rows:
            pending = rows.pending_activation(vault_id)
            if life is None or pending is None:
                return None
            until = pending.created_at + life
        return CodeLife(until, is_now=self._core.utc() <= until)

    def edit_rfid(self, vault_id: str, rfid: str) -> None:
        """Change the radio tag that a key is known by.

        Raises:
            HesRuleError: it is empty, or another key's (no code).
        """
        with self._core.store.transaction() as rows:
            vault = vault_for_admin(rows, vault_id)
            if not rfid:
                raise HesRuleError(HesCode.None_, f"Key {vault_id} needs a radio tag; nothing was changed.")
            other = rows.vault_with(rfid=rfid)
            if other is not None and other.id != vault_id:
                raise HesRuleError(
                    HesCode.None_, f"Key {other.id} has that radio tag already; nothing was changed."
                )
            vault.rfid = rfid
        self._core.tell(HesEventKind.ADMIN, vault_id, f"changes the radio tag of key {vault_id}")

    async def set_profile(self, vault_id: str, profile_id: str) -> None:
        """Give an Active vault another access profile; the key hears of it as soon as it can.

        Raises:
            HesRuleError: HardwareVaultProfileNotFound; no code where the vault is not Active.
        """
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                profile = profile_for_admin(rows, profile_id)
                vault_rules.set_profile(rows, vault, profile, self._core.utc())
            text = f"gives key {vault_id} the access profile {profile.name}"
            self._core.tell(HesEventKind.ADMIN, vault_id, text)
        self._accounts_update.start(vault_id)

    async def suspend(self, vault_id: str, description: str = "") -> None:
        """Suspend an Active vault, with a new code. A connected key is locked at once, in the background.

        Raises:
            HesRuleError: no code where the vault is not Active.
        """
        code = draw.activation_code(self._core.random)
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                vault_rules.suspend(rows, vault, description, code, self._core.utc())
            self._core.tell_move(vault, f"suspends key {vault_id}")
        self._status_update.start(vault_id)

    async def activate(self, vault_id: str, description: str = "") -> None:
        """Give a Locked vault another chance: Suspended, with a new code; raises as `suspend`."""
        code = draw.activation_code(self._core.random)
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                vault_rules.activate(rows, vault, description, code, self._core.utc())
            self._core.tell_move(vault, f"activates key {vault_id}")
        self._status_update.start(vault_id)

    async def compromise(
        self, vault_id: str, *, reason: VaultStatusReason, retyped_id: str, description: str = ""
    ) -> None:
        """Report a vault Lost or Stolen, for good. Its master key goes with it, so it can never be wiped later.

        A connected key is therefore wiped first; where that fails, it is told as an event, and the vault is
        Compromised all the same. The vendor leaves the key alone (Q13).

        Raises:
            HesRuleError: DataProtectionNotActivated, where a connected key is to be wiped; no code where the serial
                number was retyped wrongly, for another reason, or where the vault is neither Reserved, Active, Locked
                nor Suspended.
        """
        leave_alone = Quirk.COMPROMISED_KEY_IS_LEFT_ALONE in self._core.quirks
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                if retyped_id != vault_id:
                    raise HesRuleError(
                        HesCode.None_,
                        f"The serial number was not retyped as {vault_id}; the key stays as it is.",
                    )
                vault_rules.require_can_be_compromised(vault, reason)
                wipe = not leave_alone and self._remotes.any_workstation(vault_id) is not None
                if wipe:
                    rows.check_protection()
            if wipe:
                await self._status_update.wipe_before_loss(vault)
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                workstations = vault_rules.compromise(rows, vault, reason, description)
            self._core.tell_move(vault, f"reports key {vault_id} as compromised")
        self._workstations.push_proximity(workstations)
        if leave_alone:
            self._status_update.start(vault_id)

    async def forget_root_key(self, vault_id: str) -> None:
        """Have the server meet a key as for the first time: the wrong one was pinned. Its open channels end.

        Of a Deactivated vault the master key goes with it, and it is Ready: the key is not wiped.

        Raises:
            HesRuleError: no code where the vault is neither Ready nor Deactivated.
        """
        async with self._core.vault_locks[vault_id]:
            with self._core.store.transaction() as rows:
                vault = vault_for_admin(rows, vault_id)
                moved = vault_rules.forget_root_key(rows, vault, self._core.utc())
            # Before anybody else comes to the lock: what was opened, was opened to the key that is forgotten.
            self._remotes.forget(vault_id)
            text = f"has the root key of key {vault_id} forgotten"
            if moved:
                self._core.tell_move(vault, text)
            else:
                self._core.tell(HesEventKind.ADMIN, vault_id, text)

    def _is_online(self, vault_id: str) -> bool:
        return self._remotes.any_workstation(vault_id) is not None

    def list(self, wanted: VaultFilter = ALL_VAULTS) -> list[VaultView]:
        """The vaults, by serial number."""
        with self._core.store.transaction() as rows:
            views = vault_views(rows, self._core.utc(), self._is_online)
            return [view for view in views if wanted.finds(view)]
