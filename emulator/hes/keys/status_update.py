"""Bringing a key and its vault together: table B carried out, and the server's word for a host."""

from __future__ import annotations

from collections.abc import Callable

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.administration import vault_rules
from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.rows import Rows, master_key_of, vault_for_client
from hideez_bench.emulator.hes.errors import hes_error
from hideez_bench.emulator.hes.keys.remote import RemoteDevices
from hideez_bench.emulator.hes.keys.status_tables import Action, KeyState, action_for, check_ownership
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesError, HesErrorCode

CODE_ATTEMPTS = 3
"""What the server grants with every code."""


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
                vault = vault_for_client(rows, serial)
            state = KeyState.of(info.link_required, info.locked, info.can_unlock)
            had_access = vault.access_given or Quirk.NO_ACCESS_AFTER_SUSPENSION in self._core.quirks
            match action_for(serial, vault.status, vault.is_status_applied, state, had_access):
                case Action.NOTHING:
                    pass
                case Action.LINK:
                    await self._link(device, vault)
                case Action.ACCESS_AND_SET_ACTIVE:
                    await self._refuse_old_code(device, vault)
                    await self._give_access(device, vault)
                    self._record(vault, _set_active_with_access)
                case Action.SET_ACTIVE:
                    await self._refuse_old_code(device, vault)
                    self._record(vault, vault_rules.set_active)
                case Action.SET_LOCKED:
                    self._record(vault, lambda rows, fresh: vault_rules.set_locked(fresh))
                case Action.LOCK_DEVICE_CODE:
                    await self._lock(device, vault)
                case Action.WIPE_AND_SET_READY:
                    if not info.link_required:
                        await device.wipe(master_key_of(vault))
                        self._core.tell(HesEventKind.KEY, serial, "wipes the key")
                    now = self._core.utc()
                    self._record(vault, lambda rows, fresh: vault_rules.set_ready(rows, fresh, now))
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

    async def _refuse_old_code(self, device: KeyDevice, vault: models.HardwareVault) -> None:
        """Where codes have an age limit, lock a key again that was unlocked by one that is older.

        Raises:
            HesError: the code was too old.
        """
        life, now = self._core.code_life, self._core.utc()
        with self._core.store.transaction() as rows:
            pending = rows.pending_activation(vault.id)
        if life is None or pending is None or now - pending.created_at <= life:
            return
        code = draw.activation_code(self._core.random)
        suspended = self._record(
            vault, lambda rows, fresh: vault_rules.refuse_old_code(rows, fresh, code, now)
        )
        await self._lock(device, suspended)
        raise HesError(
            HesErrorCode.HesDeviceLocked,
            f"The activation code of key {vault.id} was too old, and the key is locked again; "
            "ask the administrator for the new code.",
        )

    async def _link(self, device: KeyDevice, vault: models.HardwareVault) -> None:
        with self._core.store.transaction() as rows:
            code = vault_rules.pending_code(rows, vault.id)
        await device.link(master_key_of(vault), code, CODE_ATTEMPTS)
        self._core.tell(HesEventKind.KEY, vault.id, "links the key, which is locked by its code from now on")
        self._record(vault, _set_applied)

    async def _lock(self, device: KeyDevice, vault: models.HardwareVault) -> None:
        with self._core.store.transaction() as rows:
            code = vault_rules.pending_code(rows, vault.id)
        await device.lock_device_code(master_key_of(vault), code, CODE_ATTEMPTS)
        self._core.tell(HesEventKind.KEY, vault.id, "locks the key with a new code")
        self._record(vault, _set_applied)

    async def _give_access(self, device: KeyDevice, vault: models.HardwareVault) -> None:
        # Q7: a key that another server linked refuses the master key here, and the vault stays Reserved.
        now = int(self._core.utc().timestamp())
        await device.access(now, master_key_of(vault), vault.profile.access_params())
        self._core.tell(HesEventKind.KEY, vault.id, "sets the key's clock and access profile")

    def _record(
        self, before: models.HardwareVault, change: Callable[[Rows, models.HardwareVault], None]
    ) -> models.HardwareVault:
        """Keep what has become of a vault, and return it.

        Raises:
            HesError: another process moved the vault while the key was spoken to.
        """
        with self._core.store.transaction() as rows:
            vault = vault_for_client(rows, before.id)
            if (vault.status, vault.master_key) != (before.status, before.master_key):
                raise HesError(
                    HesErrorCode.HesUnknownError,
                    f"Key {before.id} was changed on the server while the key was spoken to; that change was kept, "
                    "connect the key again.",
                )
            change(rows, vault)
        if vault.status is not before.status:
            self._core.tell(HesEventKind.STATUS, vault.id, f"sets the vault {vault.status.name}")
        return vault


def _set_applied(rows: Rows, vault: models.HardwareVault) -> None:
    vault.is_status_applied = True


def _set_active_with_access(rows: Rows, vault: models.HardwareVault) -> None:
    vault_rules.set_active(rows, vault)
    vault.access_given = True
