"""What the administrator does in Hideez Enterprise Server, as far as an activation needs it."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.records import LicenseImport, VaultImport
from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.harness.client.connecting import SYSTEM_ATTEMPTS, OpenLink
from hideez_bench.harness.hes.server import HesServer, Vault
from hideez_bench.harness.timeline import Actor, Timeline
from hideez_bench.protocol.channel import KeysMade, Random
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.wire import Wire

LICENSE_LIFE = timedelta(days=365)


class Administrator:
    """Somebody with the right to import, assign and activate."""

    def __init__(self, server: HesServer, timeline: Timeline, wire: Wire) -> None:
        self._server = server
        self._timeline = timeline
        self._wire = wire

    async def find(self, last_digits: str) -> Vault | None:
        """The one vault whose serial number ends so; None if there is none, or more than one."""
        found = [vault for vault in await self._server.vaults() if vault.serial.endswith(last_digits)]
        return found[0] if len(found) == 1 else None

    async def knows(self, serial: str) -> bool:
        """Whether the server has this key."""
        return any(vault.serial == serial for vault in await self._server.vaults())

    async def import_vault(
        self, serial: str, firmware: str, root_key: bytes | None = None, *, rfid: str = ""
    ) -> None:
        """Take the key over into the server, with a licence of the bench's own authority (modelled)."""
        until = datetime.now(UTC) + LICENSE_LIFE
        licence = LicenseImport(
            id=secrets.token_hex(8),
            end_date=until,
            data=issue_license(serial, int(until.timestamp()), wire=self._wire),
        )
        # A key does not tell its radio frequency id, and the address is the host's matter: both are invented.
        await self._server.import_vault(
            VaultImport(
                id=serial,
                mac=secrets.token_hex(6).upper(),
                rfid=rfid or str(secrets.randbelow(10**10)).zfill(10),
                firmware=firmware,
                licenses=(licence,),
                root_key=root_key,
            )
        )

    async def assign(self, serial: str) -> None:
        """Give a Ready key to an employee of the bench's own who has none; a code is made."""
        employees = {employee.name: employee for employee in await self._server.employees()}
        last_name = f"Lovelace ({serial})" if employees else "Lovelace"  # two people cannot have one name
        known = employees.get(f"Ada {last_name}")
        if known and not known.keys:
            employee_id = known.id
        else:
            employee_id = await self._server.create_employee("Ada", last_name, "ada@example.com")
        await self._server.assign(employee_id, serial)

    async def reactivate(self, serial: str) -> None:
        """Press Activate on a Locked key; a new code is made.

        Raises:
            BenchError: the key is not Locked.
        """
        vault = await self._server.vault(serial)
        if vault.status is not VaultStatus.Locked:
            raise BenchError(
                f"The key {serial} is {vault.status.name}; only a Locked one can be activated again."
            )
        await self._server.activate(serial)

    async def code(self, serial: str) -> ActivationCode:
        """Open the dialog with the activation code, or have it from wherever else the server gives it."""
        code = await self._server.activation_code(serial)
        self._timeline.tell(
            Actor.ADMINISTRATOR, "reads the activation code and passes it on", to=Actor.PERSON
        )
        return code


async def import_from_key(
    administrator: Administrator,
    open_link: OpenLink,
    wire: Wire,
    *,
    seconds: float = SYSTEM_ATTEMPTS[0],
    random: Random = secrets.token_bytes,
    on_keys: KeysMade = lambda request, answer, keys: None,
) -> str:
    """Ask the key itself who it is, and take it over into the server. Returns its serial number.

    Raises:
        BenchError: it cannot be reached, or belongs to a server that is not this one.
    """
    async with open_link(seconds) as link:
        transport = PacketTransport(link, wire)
        await transport.start()
        main = wire.profile.channel("MAIN")
        device = KeyDevice(transport, main, wire=wire, random=random, on_keys=on_keys)
        info = await device.verify_and_initialize()
    if not await administrator.knows(info.serial):
        if not info.link_required:
            raise BenchError(
                f"The key {info.serial} is linked already, by a server that this one knows nothing of, so no code "
                "was tried and no attempt spent. Use that server's file (--hes), or wipe the key first."
            )
        await administrator.import_vault(info.serial, str(info.firmware), device.root_key)
    return info.serial
