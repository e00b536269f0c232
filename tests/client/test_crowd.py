"""Several keys at each of several workstations, all in one process, over the hubs of one server. In virtual time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.client.advertisements import Advertisement, Scan
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.client.met_key import Standing
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.client.user_interface import CodePrompt
from hideez_bench.harness.hes.hub_connection import HubConnection
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.people import ScriptedPerson
from hideez_bench.harness.stage import make_key
from hideez_bench.harness.timeline import Timeline
from hideez_bench.protocol.secret import ActivationCode
from tests.flow.rig import WIRE
from tests.hubs.rig import application, new_key
from tests.hubs.sockets import MemorySockets

WORKSTATIONS, KEYS = 5, 3
PATIENCE = 600.0


class Reader(ScriptedPerson):
    """Types the code of whichever key is asked for."""

    def __init__(self, administrator: Administrator) -> None:
        super().__init__((), lambda: administrator.code(""))
        self._administrator = administrator

    async def get_activation_code(self, prompt: CodePrompt) -> ActivationCode | None:
        self.prompts.append(prompt)
        return await self._administrator.code(prompt.serial)


@dataclass
class Room:
    """A workstation, and the keys that it hears."""

    service: ClientService
    person: Reader
    serials: list[str]

    @property
    def online(self) -> list[str]:
        return sorted(key.serial for key in self.service.keys.values() if key.standing is Standing.ONLINE)


async def open_room(number: int, hes: Hes, sockets: MemorySockets, stack: AsyncExitStack) -> Room:
    """A workstation on the server's hubs with keys that are new, out of the others' reach."""
    radio = MemoryRadio()
    timeline = Timeline(asyncio.get_running_loop().time)
    administrator = Administrator(InProcessServer(hes), timeline, WIRE)
    identities = [Identity.numbered(100 * number + index) for index in range(KEYS)]
    for identity in identities:
        key = make_key(identity, MemoryNvram(), WIRE)
        await stack.enter_async_context(KeyApplication(key, profile=WIRE.profile, make_server=radio.server))
        await administrator.import_vault(identity.serial, str(identity.firmware))
        await administrator.assign(identity.serial)
    workstation = RelayingWorkstation(f"workstation-{number}", WIRE)
    connection = HubConnection(sockets, workstation, new_key(), WIRE)
    await connection.connect()
    stack.push_async_callback(connection.close)
    hes.workstations.approve(workstation.id)
    backend = radio.backend()
    options = BleakOptions({"backend": backend.scanner}, {"backend": backend.client})

    def links(advertisement: Advertisement) -> OpenLink:
        return lambda seconds: BleakLink(
            advertisement.name,
            profile=WIRE.profile,
            timeout=seconds,
            options=options,
            device=advertisement.device,
        )

    person = Reader(administrator)
    service = ClientService(
        workstation=workstation,
        hes=connection,
        ui=person,
        timeline=timeline,
        links=links,
        wire=WIRE,
        quiet=lambda: scan.paused(),
    )
    scan = Scan(service.airwaves, WIRE.profile, options)
    await stack.enter_async_context(service)
    await stack.enter_async_context(scan)
    return Room(service, person, [identity.serial for identity in identities])


@pytest.mark.virtual_time
async def test_several_keys_come_online_at_each_of_several_workstations_and_nobody_meets_anothers() -> None:
    async with AsyncExitStack() as stack:
        hes = await stack.enter_async_context(Hes("sqlite://", wire=WIRE))
        sockets = MemorySockets(application(hes))
        rooms = [await open_room(number, hes, sockets, stack) for number in range(1, WORKSTATIONS + 1)]
        async with asyncio.timeout(PATIENCE):
            while any(room.online != room.serials for room in rooms):  # noqa: ASYNC110 - the clock is virtual
                await asyncio.sleep(0.5)
        for room in rooms:
            assert sorted(prompt.serial for prompt in room.person.prompts) == room.serials
            assert all(hes.vaults.get(serial).status is VaultStatus.Active for serial in room.serials)
            assert all(hes.vaults.get(serial).is_online for serial in room.serials)
        deliverers = {
            (socket.headers["WorkstationId"], socket.headers["DeviceId"])
            for path, socket in sockets.opened
            if path == "/deviceHub"
        }
        assert deliverers == {
            (f"workstation-{number}", serial)
            for number, room in enumerate(rooms, start=1)
            for serial in room.serials
        }
