"""Writing to keys what waits for them: accounts and access profiles, over the server's own channel."""

from __future__ import annotations

import base64
import binascii

from hideez_bench.emulator.hes.compat import Quirk
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database import models
from hideez_bench.emulator.hes.database.account_models import Account, HardwareVaultTask
from hideez_bench.emulator.hes.database.rows import master_key_of, vault_for_client
from hideez_bench.emulator.hes.keys import tasks
from hideez_bench.emulator.hes.keys.remote import RemoteDevices
from hideez_bench.emulator.hes.keys.status_tables import check_ownership
from hideez_bench.emulator.hes.names import HesEventKind, TaskOperation, VaultStatus
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import HesError, HesErrorCode
from hideez_bench.protocol.names import AccessLevel, AccountFlag, ErrorName, StorageTable
from hideez_bench.protocol.secret import OtpSecret, StorageData
from hideez_bench.protocol.transport import KeyRefused
from hideez_bench.protocol.values import AccountRecord
from hideez_bench.protocol.wire import Wire


class AccountsUpdate:
    """Tells keys what they have yet to be told. One run at a time for a vault, as for a status update."""

    def __init__(self, core: Core, remotes: RemoteDevices, wire: Wire) -> None:
        self._core = core
        self._remotes = remotes
        self._wire = wire

    async def run(self, serial: str, workstation_id: str, *, only_os: bool) -> None:
        """Carry out what waits, in its order; each task is struck off once the key has answered Ok, and never before.

        `only_os` leaves everything but the accounts of the operating system for another time.

        Raises:
            HesError: the vault is not Active; the key cannot be reached or used, or refused a command. What was not
                written waits on.
        """
        os = True if only_os else None
        if self._due(serial, os) is None:
            return
        await self._remotes.open(serial, workstation_id)
        async with self._core.vault_locks[serial]:
            vault = self._due(serial, os)
            if vault is None:
                return
            async with self._remotes.device(serial, workstation_id) as device:
                await self._write(device, vault, os)

    def _due(self, serial: str, os: bool | None) -> models.HardwareVault | None:
        """The vault, if there is something to write to its key."""
        with self._core.store.transaction() as rows:
            vault = vault_for_client(rows, serial)
            waiting = tasks.first(rows, serial, os=os)
        if Quirk.ACCOUNTS_OF_ANY_STATUS in self._core.quirks:
            return vault
        if vault.status is not VaultStatus.Active:
            raise HesError(
                HesErrorCode.HesUnknownError,
                f"Key {serial} is {vault.status.name}; accounts are written to one that is Active only.",
            )
        return vault if waiting else None

    async def _write(self, device: KeyDevice, vault: models.HardwareVault, os: bool | None) -> None:
        await self._authorize(device, vault)
        while True:
            with self._core.store.transaction() as rows:
                # Anew each time: an administrator may have changed a profile or an account meanwhile.
                rows.check_protection()
                vault = vault_for_client(rows, vault.id)
                task = tasks.first(rows, vault.id, os=os)
                account = rows.session.get(Account, task.account_id) if task and task.account_id else None
            if task is None:
                return
            await self._carry_out(device, vault, task, account)
            with self._core.store.transaction() as rows:
                fresh = vault_for_client(rows, vault.id)
                fresh.access_given |= task.operation is TaskOperation.Profile
                tasks.done(rows, fresh, task.id)
            self._core.tell(HesEventKind.KEY, vault.id, _said(task, account))

    async def _authorize(self, device: KeyDevice, vault: models.HardwareVault) -> None:
        """Satisfy what the access profile asks of the master key, if it does."""
        info = await device.refresh_device_info()
        wanted = AccessLevel.MASTER_KEY_REQUIRED
        if Quirk.ACCOUNTS_OF_ANY_STATUS in self._core.quirks:
            wanted |= AccessLevel.LINK_REQUIRED
        else:
            check_ownership(vault.id, vault.status, vault.master_key is not None, info.link_required)
        if info.access_level & wanted:
            await device.check_passphrase(master_key_of(vault))

    async def _carry_out(
        self, device: KeyDevice, vault: models.HardwareVault, task: HardwareVaultTask, account: Account | None
    ) -> None:
        if task.operation is TaskOperation.Profile:
            now = int(self._core.utc().timestamp())
            await device.access(now, master_key_of(vault), vault.profile.access_params())
            # A new profile ends what hosts had satisfied of the old one.
            await self._authorize(device, vault)
        elif account is None:
            return
        elif task.operation is TaskOperation.Delete:
            for table in StorageTable:
                await self._put(device, table, account.record, None)
        elif not account.deleted:
            for table, data in self._records(account):
                await self._put(device, table, account.record, data)

    async def _put(
        self, device: KeyDevice, table: StorageTable, record: int, data: StorageData | None
    ) -> None:
        number = self._wire.profile.number("storage_table", table)
        if data is not None:
            await device.write_storage(number, record, data)
            return
        try:
            await device.delete_storage(number, record)
        except KeyRefused as refused:
            if refused.error is not ErrorName.ERR_NO_DATA:
                raise

    def _records(self, account: Account) -> list[tuple[StorageTable, StorageData | None]]:
        """What an account is on a key, with its entry in the table of accounts last."""
        flags = AccountFlag.READ_ONLY
        if account.is_primary:
            flags |= AccountFlag.PRIMARY
        entry = AccountRecord(flags, account.name, account.urls, account.apps)
        login = f"{account.domain}\\{account.login}" if account.domain else account.login
        otp = account.otp_secret
        return [
            (StorageTable.OtpSecrets, StorageData(otp_bytes(otp)) if otp else None),
            (StorageTable.Passwords, StorageData(account.password.reveal())),
            (StorageTable.Logins, StorageData(login.encode())),
            (StorageTable.Accounts, StorageData(self._wire.account.build(entry))),
        ]

    def start(self, serial: str) -> None:
        """Run in the background if the key hangs on some workstation. What fails is told as an event."""
        workstation_id = self._remotes.any_workstation(serial)
        if workstation_id is None:
            return
        with self._core.store.transaction() as rows:
            vault = vault_for_client(rows, serial)
            due = vault.status is VaultStatus.Active and vault.need_sync
        if due or Quirk.ACCOUNTS_OF_ANY_STATUS in self._core.quirks:
            self._core.spawn_told(
                serial, "an accounts update", lambda: self.run(serial, workstation_id, only_os=False)
            )


def otp_bytes(secret: OtpSecret) -> bytes:
    """The bytes of a secret in base32, whose spaces, case and padding do not matter.

    Raises:
        ValueError: it is not base32.
    """
    text = secret.reveal().replace(b" ", b"").replace(b"-", b"").rstrip(b"=").upper()
    try:
        decoded = base64.b32decode(text + b"=" * (-len(text) % 8))
    except binascii.Error:
        decoded = b""
    if not decoded:
        raise ValueError("a secret of one-time passwords is base32")
    return decoded


def _said(task: HardwareVaultTask, account: Account | None) -> str:
    if task.operation is TaskOperation.Profile:
        return "sets the key's clock and access profile"
    if task.operation is TaskOperation.Delete:
        return "deletes an account from the key"
    return f"writes account {account.name if account else ''} to the key"
