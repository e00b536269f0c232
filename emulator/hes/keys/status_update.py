"""Bringing a key and its vault together: table B carried out, and the server's word for a host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration import vault_rules
from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows, master_key_of, vault_for_client
from hideez_bench.emulator.hes.errors import hes_error
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.remote import RemoteDevices
from hideez_bench.emulator.hes.keys.status_tables import Action, KeyState, action_for, check_ownership
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.values import AccessParams

CODE_ATTEMPTS = 3
"""What the server grants with every code."""


@dataclass(frozen=True)
class _Seen:
    """A vault and its pending activation, as they were when it was decided what to do about the key."""

    vault: models.HardwareVault
    activation: models.HardwareVaultActivation | None

    @classmethod
    def now(cls, rows: Rows, serial: str) -> _Seen:
        """As they are."""
        return cls(vault_for_client(rows, serial), rows.pending_activation(serial))

    def is_same(self, other: _Seen) -> bool:
        """Whether nobody has moved the vault in between, not even there and back with another code."""
        return self._identity() == other._identity()

    def _identity(self) -> tuple[object, ...]:
        vault, activation = self.vault, self.activation
        return vault.status, vault.master_key, activation and activation.id


class _MovedMeanwhile(HesError):
    """Another process moved the vault while the key was spoken to."""

    def __init__(self, serial: str) -> None:
        super().__init__(
            HesErrorCode.HesUnknownError,
            f"Key {serial} was changed on the server while the key was spoken to; that change was kept, "
            "connect the key again.",
        )


class StatusUpdate:
    """Speaks to keys on the server's channel. One run at a time for a vault; an administrator's move waits for it."""

    def __init__(self, core: Core, remotes: RemoteDevices) -> None:
        self._core = core
        self._remotes = remotes

    async def run(self, serial: str, workstation_id: str) -> None:
        """Do for a key what table B says. The database follows once the key has answered Ok, and never before.

        Raises:
            HesError: the key cannot be reached or used, refused a command (`HesKeyRefused`), or has just been wiped.
        """
        await self._remotes.open(serial, workstation_id)
        async with self._core.vault_locks[serial], self._remotes.device(serial, workstation_id) as device:
            info = await device.refresh_device_info()
            with self._core.store.transaction() as rows:
                seen = _Seen.now(rows, serial)
            vault = seen.vault
            state = KeyState.of(info.link_required, info.locked, info.can_unlock)
            had_access = vault.access_given or Quirk.NO_ACCESS_AFTER_SUSPENSION in self._core.quirks
            match action_for(serial, vault.status, vault.is_status_applied, state, had_access):
                case Action.NOTHING:
                    pass
                case Action.LINK:
                    await self._link(device, seen)
                case Action.ACCESS_AND_SET_ACTIVE:
                    await self._refuse_old_code(device, seen)
                    given = await self._give_access(device, vault)
                    now = self._core.utc()
                    self._record(seen, lambda rows, fresh: _set_active_with_access(rows, fresh, given, now))
                case Action.SET_ACTIVE:
                    await self._refuse_old_code(device, seen)
                    self._record(seen, vault_rules.set_active)
                case Action.SET_LOCKED:
                    self._record(seen, lambda rows, fresh: vault_rules.set_locked(fresh))
                case Action.LOCK_DEVICE_CODE:
                    await self._lock(device, seen)
                case Action.WIPE_AND_SET_READY:
                    if not info.link_required:
                        await device.wipe(master_key_of(vault))
                        self._core.tell(HesEventKind.KEY, serial, "wipes the key")
                    now = self._core.utc()
                    self._record(seen, lambda rows, fresh: vault_rules.set_ready(rows, fresh, now))
                    raise hes_error(HesErrorCode.DeviceHasBeenWiped, serial=serial)

    async def wipe_before_loss(self, vault: models.HardwareVault) -> None:
        """Wipe a connected key while there is a master key for it. What fails is told as an event.

        The caller holds the vault's lock.
        """
        workstation_id = self._remotes.any_workstation(vault.id)
        if workstation_id is None:
            return
        try:
            async with self._remotes.device(vault.id, workstation_id) as device:
                info = await device.refresh_device_info()
                if not info.link_required:
                    await device.wipe(master_key_of(vault))
                    self._core.tell(HesEventKind.KEY, vault.id, "wipes the key")
        except BenchError as error:
            self._core.tell(HesEventKind.FAILED, vault.id, f"could not wipe the compromised key: {error}")

    async def check_passphrase(self, serial: str, workstation_id: str) -> None:
        """Confirm a host to a key, with the master key.

        Raises:
            HesError: as `run`, and by the checks ahead of table A.
        """
        with self._core.store.transaction() as rows:
            vault_for_client(rows, serial)  # an unknown key is told as such, wherever it hangs
        await self._remotes.open(serial, workstation_id)
        async with self._core.vault_locks[serial], self._remotes.device(serial, workstation_id) as device:
            info = await device.refresh_device_info()
            with self._core.store.transaction() as rows:
                vault = vault_for_client(rows, serial)
            check_ownership(serial, vault.status, vault.master_key is not None, info.link_required)
            await device.check_passphrase(master_key_of(vault))
            self._core.tell(HesEventKind.KEY, serial, "confirms the host to the key with the master key")

    def start(self, serial: str) -> None:
        """Run in the background if the key hangs on some workstation. What fails is told as an event."""
        workstation_id = self._remotes.any_workstation(serial)
        if workstation_id is not None:
            self._core.spawn_told(serial, "a status update", lambda: self.run(serial, workstation_id))

    async def _refuse_old_code(self, device: KeyDevice, seen: _Seen) -> None:
        """Where codes have an age limit, lock a key again that was unlocked by one that is older.

        Raises:
            HesError: the code was too old.
        """
        life, now, pending = self._core.code_life, self._core.utc(), seen.activation
        if life is None or pending is None or now - pending.created_at <= life:
            return
        code = draw.activation_code(self._core.random)
        suspended = self._record(
            seen, lambda rows, fresh: vault_rules.refuse_old_code(rows, fresh, code, now)
        )
        await self._lock(device, suspended)
        raise HesError(
            HesErrorCode.HesDeviceLocked,
            f"The activation code of key {seen.vault.id} was too old, and the key is locked again; "
            "ask the administrator for the new code.",
        )

    async def _link(self, device: KeyDevice, seen: _Seen) -> None:
        serial, key = seen.vault.id, master_key_of(seen.vault)
        await device.link(key, self._pending_code(serial), CODE_ATTEMPTS)
        self._core.tell(HesEventKind.KEY, serial, "links the key, which is locked by its code from now on")
        try:
            self._record(seen, _set_applied)
        except _MovedMeanwhile:
            with self._core.store.transaction() as rows:
                is_key_lost = vault_for_client(rows, serial).master_key != key
            if is_key_lost:
                # Nobody else has it: without this the key could only be wiped by hand.
                await device.wipe(key)
                self._core.tell(HesEventKind.KEY, serial, "wipes the key")
            raise

    async def _lock(self, device: KeyDevice, seen: _Seen) -> None:
        serial = seen.vault.id
        await device.lock_device_code(master_key_of(seen.vault), self._pending_code(serial), CODE_ATTEMPTS)
        self._core.tell(HesEventKind.KEY, serial, "locks the key with a new code")
        self._record(seen, _set_applied)

    def _pending_code(self, serial: str) -> ActivationCode:
        with self._core.store.transaction() as rows:
            return vault_rules.pending_code(rows, serial)

    async def _give_access(self, device: KeyDevice, vault: models.HardwareVault) -> AccessParams:
        """Set the key's clock and access profile; what it has now."""
        # Q7: a key that another server linked refuses the master key here, and the vault stays Reserved.
        now, given = int(self._core.utc().timestamp()), vault.profile.access_params()
        await device.access(now, master_key_of(vault), given)
        self._core.tell(HesEventKind.KEY, vault.id, "sets the key's clock and access profile")
        return given

    def _record(self, before: _Seen, change: Callable[[Rows, models.HardwareVault], None]) -> _Seen:
        """Keep what has become of a vault, and return it.

        Raises:
            _MovedMeanwhile: somebody else did, and that stays.
        """
        serial = before.vault.id
        with self._core.store.transaction() as rows:
            fresh = _Seen.now(rows, serial)
            if not fresh.is_same(before):
                raise _MovedMeanwhile(serial)
            change(rows, fresh.vault)
            after = _Seen.now(rows, serial)
        if after.vault.status is not before.vault.status:
            self._core.tell(HesEventKind.STATUS, serial, f"sets the vault {after.vault.status.name}")
        return after


def _set_applied(rows: Rows, vault: models.HardwareVault) -> None:
    vault.is_status_applied = True


def _set_active_with_access(
    rows: Rows, vault: models.HardwareVault, given: AccessParams, now: datetime
) -> None:
    vault_rules.set_active(rows, vault)
    vault.access_given = True
    # An administrator may have changed the profile while the key was told of it, and a Reserved vault gets no task.
    if vault.profile.access_params() != given:
        tasks.add_profile(rows, vault, now)
