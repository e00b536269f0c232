"""The server against the firmware model itself: what the script of the other tests promises, the key does."""

from __future__ import annotations

import pytest

from hideez_bench.emulator.hes.account_records import AccountDetails
from hideez_bench.emulator.hes.connection import ClientConnection
from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import EmployeeDetails, VaultImport
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import (
    ConnectionState,
    HesError,
    HesErrorCode,
    HesKeyRefused,
    HwVaultInfoFromClient,
)
from hideez_bench.protocol.names import AccountFlag, ErrorName
from hideez_bench.protocol.secret import ActivationCode, OtpSecret, Password
from hideez_bench.protocol.transport import KeyRefused, MessageTransport
from hideez_bench.protocol.wire import default_wire
from tests.hes.fake_key import Notices
from tests.key.desk import IDENTITY, Desk

SERIAL = IDENTITY.serial


class Relay(Notices):
    """A workstation with one key on it."""

    id = "PC-1"

    def __init__(self, transport: MessageTransport) -> None:
        super().__init__()
        self.transport = transport

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        assert (serial, channel) == (SERIAL, 4)
        return self.transport


async def report(main: KeyDevice) -> HwVaultInfoFromClient:
    info = await main.refresh_device_info()
    flags = (info.link_required, info.locked, info.can_unlock)
    state = ConnectionState.INITIALIZING
    return HwVaultInfoFromClient(
        SERIAL, state, *flags, info.battery, str(info.firmware), info.storage_timestamp
    )


async def arrive(hes: Hes, transport: MessageTransport, main: KeyDevice) -> ClientConnection:
    client = hes.connect(Relay(transport))
    hes.workstations.approve("PC-1")
    await client.update_hw_vault_properties(await report(main), return_info=False)
    return client


async def test_a_key_s_whole_life() -> None:
    async with Hes() as hes, Desk().host() as host:
        hes.vaults.import_vaults([VaultImport(SERIAL, IDENTITY.mac, IDENTITY.rfid)])
        employee = hes.employees.create(EmployeeDetails("Ann"))
        await hes.employees.add_hardware_vault(employee.id, SERIAL)
        main = await host.open()
        client = await arrive(hes, host.transport, main)

        # Link, code, Access
        await client.update_hw_vault_status(await report(main))
        assert ((await main.refresh_device_info()).unlock_attempts, main.info.can_unlock) == (3, True)
        first_code = hes.vaults.activation_code(SERIAL)
        await main.unlock_device_code(first_code)
        await client.update_hw_vault_status(await report(main))
        assert hes.vaults.get(SERIAL).status is VaultStatus.Active
        await client.auth_hw_vault(SERIAL)

        # Suspend; the old code is dead, and three of them lock the key
        await hes.vaults.suspend(SERIAL)
        await hes.settled()
        for error in (ErrorName.ERR_PIN_WRONG, ErrorName.ERR_PIN_WRONG, ErrorName.ERR_DEVICE_LOCKED_BY_CODE):
            with pytest.raises(KeyRefused) as refused:
                await main.unlock_device_code(first_code)
            assert refused.value.error is error
        with pytest.raises(HesError) as raised:
            await client.update_hw_vault_status(await report(main))
        assert raised.value.code is HesErrorCode.HesDeviceLocked
        assert hes.vaults.get(SERIAL).status is VaultStatus.Locked

        # Activate
        await hes.vaults.activate(SERIAL)
        await hes.settled()
        await main.unlock_device_code(hes.vaults.activation_code(SERIAL))
        await client.update_hw_vault_status(await report(main))
        assert hes.vaults.get(SERIAL).status is VaultStatus.Active

        # Remove: wiped at once
        await hes.employees.remove_hardware_vault(SERIAL)
        await hes.settled()
        assert hes.vaults.get(SERIAL).status is VaultStatus.Ready


async def test_an_account_gets_to_a_key_and_is_deleted_there() -> None:
    """The key asks for the master key after Access, and the server proves it."""
    async with Hes() as hes, Desk().host() as host:
        hes.vaults.import_vaults([VaultImport(SERIAL, IDENTITY.mac, IDENTITY.rfid)])
        mail = AccountDetails(
            "Mail", "ann", password=Password(b"open sesame"), otp_secret=OtpSecret(b"GEZDGNBVGY3TQOJQ")
        )
        ann = await hes.employees.hire(EmployeeDetails("Ann"), SERIAL, mail)
        main = await host.open()
        client = await arrive(hes, host.transport, main)
        await client.update_hw_vault_status(await report(main))
        await main.unlock_device_code(hes.vaults.activation_code(SERIAL))
        told = await client.update_hw_vault_status(await report(main))
        assert told.need_update_os_accounts
        await client.update_hw_vault_accounts(SERIAL, only_os_accounts=True)
        assert not hes.vaults.get(SERIAL).need_sync
        await client.auth_hw_vault(SERIAL)
        tables = default_wire().profile.numbers("storage_table")
        entry = default_wire().account.parse((await main.read_storage(tables["Accounts"], 1)).reveal())
        assert (entry.name, entry.flags) == ("Mail", AccountFlag.READ_ONLY | AccountFlag.PRIMARY)
        assert (await main.read_storage(tables["Passwords"], 1)).reveal() == b"open sesame"
        assert len((await main.get_otp(tables["OtpSecrets"], 1)).reveal()) == 6

        (account,) = hes.accounts.list(ann.id)
        hes.accounts.delete(account.id)
        await hes.settled()
        for table in tables.values():
            assert await main.enum_records(table) == []


async def test_key_that_another_server_linked() -> None:
    """Q7: the key refuses this server's master key, and the vault stays Reserved."""
    desk = Desk()
    await desk.bring_to("U")
    async with Hes() as hes, desk.host() as host:
        hes.vaults.import_vaults([VaultImport(SERIAL, IDENTITY.mac, IDENTITY.rfid)])
        await hes.employees.add_hardware_vault(hes.employees.create(EmployeeDetails("Ann")).id, SERIAL)
        main = await host.open()
        client = await arrive(hes, host.transport, main)
        with pytest.raises(HesKeyRefused) as refused:
            await client.update_hw_vault_status(await report(main))
        assert refused.value.error is ErrorName.ERR_KEY_WRONG
        assert hes.vaults.get(SERIAL).status is VaultStatus.Reserved
        assert isinstance(hes.vaults.activation_code(SERIAL), ActivationCode)
