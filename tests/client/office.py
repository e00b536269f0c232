"""An office on one in-process radio: a server, keys, and workstations with a client service each."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.signal import steady
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import MemoryRadio
from hideez_bench.emulator.radio.memory_server import MemoryServer
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.client.advertisements import Advertisement, Scan
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.client.met_key import MetKey, Standing
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.client.user_interface import UserInterface
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.hes.in_process import InProcessServer
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.people import Choice, ScriptedPerson
from hideez_bench.harness.stage import make_key
from hideez_bench.harness.timeline import Event, Timeline
from hideez_bench.protocol.wire import default_wire

WIRE = default_wire()
PATIENCE = 120.0


@dataclass
class KeyOnAir:
    """A key that advertises."""

    identity: Identity
    application: KeyApplication
    radio: MemoryRadio

    @property
    def serial(self) -> str:
        return self.identity.serial

    @property
    def address(self) -> str:
        assert isinstance(self.application.server, MemoryServer)
        return self.application.server.address

    def moves(self, rssi: int) -> None:
        """It is heard so from now on."""
        self.radio.rssi(self.address, rssi)
        self.application.key.moves(steady(rssi))

    def hides(self, *, hidden: bool = True) -> None:
        """It is out of reach: not heard, its links cut; or back again."""
        self.radio.mute(self.address, muted=hidden)
        if hidden:
            self.cut()

    def cut(self) -> None:
        """Its links break."""
        self.radio.cut()


@dataclass
class Computer:
    """A workstation with its client service."""

    service: ClientService
    workstation: RelayingWorkstation
    central: str
    events: list[Event] = field(default_factory=list)

    def met(self, key: KeyOnAir) -> MetKey:
        return self.service.keys[key.address]

    async def until(self, what: Callable[[], bool]) -> None:
        """Wait until something is so; looked at ten times a second."""
        async with asyncio.timeout(PATIENCE):
            while not what():  # noqa: ASYNC110 - not all of this announces itself, and the clock is virtual
                await asyncio.sleep(0.1)

    async def until_standing(self, key: KeyOnAir, standing: Standing) -> None:
        await self.until(lambda: key.address in self.service.keys and self.met(key).standing is standing)

    def told(self, text: str) -> int:
        """How many events hold this text."""
        return sum(text in event.text for event in self.service.timeline.events)


class Office:
    """Everything within reach of everything else."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.radio = MemoryRadio()
        self.hes = Hes("sqlite://", wire=WIRE)
        self.timeline = Timeline(asyncio.get_running_loop().time)
        self.administrator = Administrator(InProcessServer(self.hes), self.timeline, WIRE)
        self._stack = stack
        self._numbers = iter(range(1, 100))

    async def key(self, *, rssi: int = -60) -> KeyOnAir:
        """A factory key on the air; somebody owns it."""
        identity = Identity.numbered(next(self._numbers))
        key = make_key(identity, MemoryNvram(), WIRE)
        application = KeyApplication(key, profile=WIRE.profile, make_server=self.radio.server)
        on_air = KeyOnAir(identity, application, self.radio)
        on_air.moves(rssi)
        await self.administrator.import_vault(identity.serial, str(identity.firmware))
        await self.administrator.assign(identity.serial)
        await self._stack.enter_async_context(application)
        return on_air

    def vault(self, key: KeyOnAir) -> VaultView:
        return self.hes.vaults.get(key.serial)

    def types(self, key: KeyOnAir, *choices: Choice) -> ScriptedPerson:
        """Somebody who types these codes for this key, and gives up then."""
        return ScriptedPerson(choices or [Choice.RIGHT], lambda: self.administrator.code(key.serial))

    async def computer(
        self, person: UserInterface, *, stack: Stack = Stack.SYSTEM, only: KeyOnAir | None = None
    ) -> Computer:
        """A workstation that is approved, its client at work."""
        number = next(self._numbers)
        workstation = RelayingWorkstation(f"workstation-{number}", WIRE)
        connection = self.hes.connect(workstation)
        self.hes.workstations.approve(workstation.id)
        central = f"02:00:00:00:00:{number:02X}"
        host = self.radio.backend(central)
        options = BleakOptions({"backend": host.scanner}, {"backend": host.client})

        def links(advertisement: Advertisement) -> OpenLink:
            return lambda seconds: BleakLink(
                advertisement.name,
                profile=WIRE.profile,
                timeout=seconds,
                options=options,
                device=advertisement.device,
            )

        service = ClientService(
            workstation=workstation,
            hes=connection,
            ui=person,
            timeline=Timeline(asyncio.get_running_loop().time),
            links=links,
            wire=WIRE,
            random=secrets.token_bytes,
            stack=stack,
            quiet=lambda: scan.paused(),
        )
        await self._stack.enter_async_context(service)
        name = only.identity.local_name if only else ""
        scan = Scan(service.airwaves, WIRE.profile, options, only=name)
        await self._stack.enter_async_context(scan)
        return Computer(service, workstation, central)


@asynccontextmanager
async def open_office() -> AsyncIterator[Office]:
    """An office with nobody in it yet."""
    async with AsyncExitStack() as stack:
        office = Office(stack)
        stack.push_async_callback(office.hes.close)
        yield office
        await office.hes.settled()
