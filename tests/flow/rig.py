"""A key, a server and a client on whatever radio a test is given."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from hideez_bench.emulator.hes.records import VaultView
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.licence_authority import issue_license
from hideez_bench.emulator.key.nvram import MemoryNvram
from hideez_bench.emulator.key.view import KeyView
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.connecting import OpenLink
from hideez_bench.harness.client.flow import ConnectionFlow
from hideez_bench.harness.client.run import FlowResult, KeyFlow
from hideez_bench.harness.client.session import ConnectRequest
from hideez_bench.harness.client.user_interface import UserInterface
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.people import Choice, Entry, ScriptedPerson
from hideez_bench.harness.timeline import Event, Kind, Timeline
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.hes import HesConnection
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import PacketTransport
from hideez_bench.protocol.values import DeviceInfo
from hideez_bench.protocol.wire import default_wire
from tests.radio.radios import Memory, RadioUnderTest

WIRE = default_wire()
F = TypeVar("F", bound=KeyFlow)
RIGHT, WRONG = Choice.RIGHT, Choice.WRONG
_numbers = itertools.count(secrets.randbelow(100_000))


def unlike_identity() -> Identity:
    """Of no other key of this process, and scarcely of one of an earlier run, which BlueZ may remember."""
    return Identity.numbered(next(_numbers) % 100_000)


class Rig:
    """A factory key on the air, its vault assigned to somebody, and a client that has not connected yet."""

    def __init__(self, radio: RadioUnderTest, *, index: int = 0, realistic: bool = False) -> None:
        self.radio = radio
        self.identity = unlike_identity()
        self.nvram = MemoryNvram()
        self.timeline = Timeline(asyncio.get_running_loop().time, self._heard)
        self.listeners: list[Callable[[Event], None]] = []
        self._awaited: list[tuple[str, asyncio.Future[None]]] = []
        self.key = Key(
            self.nvram,
            identity=self.identity,
            clock=asyncio.get_running_loop().time,
            utc=lambda: 1_763_967_104,
            random=secrets.token_bytes,
            on_change=lambda view: self.on_change(view),
            realistic=realistic,
        )
        self.on_change: Callable[[KeyView], None] = lambda view: None
        self.application = KeyApplication(
            self.key, profile=WIRE.profile, make_server=lambda app: radio.make_server(app, index)
        )
        self._options = BleakOptions(radio.scanner_kwargs(), radio.client_kwargs())
        self.bench = self.make_bench()

    def make_bench(self) -> Bench:
        """The server and the client."""
        return Bench(open_link=self.link, timeline=self.timeline, wire=WIRE)

    vault_until = datetime(2030, 1, 1, tzinfo=UTC)
    """When licences of tests end."""

    @property
    def serial(self) -> str:
        return self.identity.serial

    def vault(self) -> VaultView:
        return self.bench.hes.vaults.get(self.serial)

    def link(self, seconds: float) -> BleakLink:
        return BleakLink(
            self.identity.local_name, profile=WIRE.profile, timeout=seconds, options=self._options
        )

    def license(self) -> bytes:
        """A licence that the key takes."""
        return issue_license(self.serial, int(self.vault_until.timestamp()))

    def person(self, *entries: Entry, **more: Any) -> ScriptedPerson:
        return ScriptedPerson(entries, self.code, **more)

    async def code(self) -> ActivationCode:
        return await self.bench.administrator.code(self.serial)

    def flow(self, *entries: Entry) -> ConnectionFlow:
        return self.bench.flow(self.person(*entries))

    def client(
        self,
        person: UserInterface,
        *,
        hes: HesConnection | None = None,
        request: ConnectRequest | None = None,
        behaviour: Behaviour = MEANT,
        open_link: OpenLink | None = None,
        flow_type: type[F],
    ) -> F:
        """A flow of any kind, put together by hand; without `hes` over a connection of its own to the server."""
        return flow_type(
            open_link=open_link or self.link,
            hes=hes or self.bench.hes.connect(self.bench.workstation),
            workstation=self.bench.workstation,
            ui=person,
            timeline=self.timeline,
            wire=WIRE,
            random=secrets.token_bytes,
            request=request,
            behaviour=behaviour,
        )

    async def connect(self, *entries: Entry) -> FlowResult:
        """Connect, type these codes as they are asked for, and disconnect."""
        async with self.flow(*entries) as flow:
            return await flow.run()

    @asynccontextmanager
    async def open_device(self) -> AsyncIterator[KeyDevice]:
        """The key's main channel, without client or server."""
        async with self.link(20) as link:
            transport = PacketTransport(link, WIRE)
            await transport.start()
            device = KeyDevice(transport, WIRE.profile.channel("MAIN"), wire=WIRE, random=secrets.token_bytes)
            await device.verify_and_initialize()
            yield device

    async def told(self, text: str) -> None:
        """Return when an event of the timeline holds this text, if one has not already."""
        if any(text in event.text for event in self.timeline.events):
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((text, waiting))
        async with asyncio.timeout(30):
            await waiting

    def _heard(self, event: Event) -> None:
        for listener in list(self.listeners):
            listener(event)
        for text, waiting in self._awaited:
            if text in event.text and not waiting.done():
                waiting.set_result(None)

    async def bond(self) -> None:
        """Pair the client's computer with the key, as a person does before its first use."""
        await self.radio.bond(self.identity.local_name)

    async def host_knows_the_key(self) -> bool:
        """Whether the client's computer still has its bond with the key."""
        return await self.radio.host_knows(self.identity.local_name)

    def commands(self, channel: int | None = None) -> list[str]:
        """The commands that went to the key so far, by name, of one channel or of all."""
        sent = (
            event.text.split()
            for event in self.timeline.events
            if event.kind is Kind.TRAFFIC and event.text.startswith("[") and event.to == "Key"
        )
        return [name for number, name, *_ in sent if channel is None or number == f"[{channel}]"]

    def count(self, command: str) -> int:
        """How often a command went to the key so far."""
        return self.commands().count(command)


@asynccontextmanager
async def rig_on(radio: RadioUnderTest, *, index: int = 0, realistic: bool = False) -> AsyncIterator[Rig]:
    """A rig, its vault Reserved."""
    rig = Rig(radio, index=index, realistic=realistic)
    async with rig.application, rig.bench:
        await rig.bench.administrator.import_vault(rig.serial, "3.5.2")
        await rig.bench.administrator.assign(rig.serial)
        yield rig


def last_info(result: FlowResult) -> DeviceInfo:
    assert result.info is not None
    return result.info


def over_dongle(rig: Rig, seconds: float) -> BleakLink:
    """A link through another adapter of the same computer."""
    assert isinstance(rig.radio, Memory)
    host = rig.radio._radio.backend("02:00:00:00:00:0D")
    options = BleakOptions({"backend": host.scanner}, {"backend": host.client, "pair": True})
    return BleakLink(rig.identity.local_name, profile=WIRE.profile, timeout=seconds, options=options)
