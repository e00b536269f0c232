"""The stage of a scenario: a key, a server, a client and a person, and what can be done with them and said of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hideez_bench.emulator.hes.connection import ClientConnection
from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import CENTRAL
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.client.advertisements import Scan
from hideez_bench.harness.client.behaviour import Behaviour
from hideez_bench.harness.client.errors import FlowMessage
from hideez_bench.harness.client.met_key import Standing
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.people import Choice
from hideez_bench.harness.scenarios.bluetooth import Bluetooth
from hideez_bench.harness.scenarios.hands import Hands
from hideez_bench.harness.scenarios.person import Move, Person, Waits
from hideez_bench.harness.scenarios.story import Story, Voice
from hideez_bench.harness.scenarios.witness import WentOtherwise, Witness
from hideez_bench.harness.stage import Stage
from hideez_bench.harness.timeline import Kind, Timeline
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import MessageTransport, PacketTransport
from hideez_bench.protocol.wire import Wire

TYPING_SECONDS = 4.0
"""What a person takes to answer a prompt, where waiting costs nothing."""


class ScenarioWorkstation(RelayingWorkstation):
    """A workstation whose way for the server to a key can be stuck."""

    is_stuck = False

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        """See `Workstation.establish_remote_hw_vault_connection`; stuck, it never answers."""
        if self.is_stuck:
            await asyncio.get_running_loop().create_future()
        return await super().establish_remote_hw_vault_connection(serial, channel)


class Scene(Witness):
    """A factory key within reach, known to the server and somebody's, and a client that has not connected yet.

    Attributes:
        story: what is told.
        bench: the server and the client.
        person: whoever sits in front of the client, the last time that it connected.
        hands: theirs, on the key's button.
        bluetooth: that of the client's computer.
    """

    def __init__(
        self, stage: Stage, story: Story, wire: Wire, behaviour: Behaviour, stack: Stack, *, realistic: bool
    ) -> None:
        super().__init__(story)
        self.stage = stage
        self.wire = wire
        self.behaviour = behaviour
        self.stack = stack
        self.hands = Hands(self.press, self._blinks)
        self.bluetooth = Bluetooth(stage, story, wire, pairs=realistic and stack is Stack.DONGLE)
        self.workstation = ScenarioWorkstation("bench", wire)
        self.timeline = Timeline(asyncio.get_running_loop().time, story.hear)
        self.bench = self.make_bench()
        self.person = self._person()
        self._changed = asyncio.Event()
        self._cutting: asyncio.Task[None] | None = None

    def make_bench(self) -> Bench:
        """A server, and this client."""
        return Bench(
            open_link=self.bluetooth.link,
            timeline=self.timeline,
            wire=self.wire,
            workstation=self.workstation,
        )

    # --- who is there ---

    @property
    def serial(self) -> str:
        """The key's serial number."""
        return self.key.identity.serial

    @property
    def key(self) -> Key:
        """The key itself."""
        return self.application.key

    @property
    def application(self) -> KeyApplication:
        """The key on the air."""
        if self.stage.application is None:
            raise RuntimeError("a scenario has a key of its own")
        return self.stage.application

    @property
    def hes(self) -> Hes:
        """The server."""
        return self.bench.hes

    @property
    def administrator(self) -> Administrator:
        """The administrator of the server."""
        return self.bench.administrator

    @property
    def bonds(self) -> int:
        """How many hosts the key has a bond with."""
        return len(self.key.bonds)

    @property
    def status(self) -> VaultStatus:
        """How the key stands on the server."""
        return self.hes.vaults.get(self.serial).status

    async def code(self) -> ActivationCode:
        """The code that is pending on the server."""
        return await self.bench.server.activation_code(self.serial)

    # --- what is done ---

    def press(self) -> None:
        """A short press of the key's button."""
        self.story.tell(Voice.PERSON, "presses the key's button")
        self.application.press(Button.SINGLE)

    def hold(self) -> None:
        """A long press of the key's button, which cancels."""
        self.application.press(Button.LONG)

    def link_breaks(self) -> Waits:
        """At the prompt, instead of typing: the link to the key is lost."""

        def cut() -> None:
            self._cutting = asyncio.get_running_loop().create_task(self.application.server.disconnect())

        return Waits("is about to type, when the link to the key breaks", cut)

    def forget_on_key(self) -> None:
        """The person removes all bonds in the key's menu."""
        self.story.tell(Voice.PERSON, "removes all bonds in the key's menu")
        self.key.forget_hosts()

    async def wipe_by_hand(self) -> None:
        """Somebody asks for a wipe without the master key, and confirms it by holding the button for 11 s."""
        self.story.tell(Voice.PERSON, "asks for a wipe, and holds the key's button for 11 s")
        async with self.bluetooth.link(16) as link:
            transport = PacketTransport(link, self.wire)
            await transport.start()
            device = KeyDevice(
                transport, self.wire.profile.channel("MAIN"), wire=self.wire, random=secrets.token_bytes
            )
            await device.verify_and_initialize()
            wiping = asyncio.create_task(device.wipe(None))
            await asyncio.sleep(0.5)
            await self.application.press_for(11)
            await asyncio.wait([wiping])
        self.fact(not self.key.view.linked, "The key is wiped, and as new.")

    async def connect(self, *moves: Move) -> FlowResult:
        """The client goes through its flow with the key, the person makes these moves, and the key is disconnected."""
        self.person = self._person(*moves)
        request = ConnectRequest(self.stack, Mode.CONNECT_AND_UNLOCK)
        async with self.bench.flow(self.person, request, self.behaviour) as flow:
            return await flow.run()

    @asynccontextmanager
    async def service(self) -> AsyncIterator[ClientService]:
        """The client as a service, which takes keys up by itself."""
        self.person = self._person()
        service = ClientService(
            workstation=self.workstation,
            hes=self.bench.connection,
            ui=self.person,
            timeline=self.timeline,
            links=self.bluetooth.links,
            wire=self.wire,
            stack=self.stack,
            behaviour=self.behaviour,
            on_change=self._changed.set,
            quiet=lambda: scan.paused(),
        )
        scan = Scan(service.airwaves, self.wire.profile, self.bluetooth.options)
        async with service, scan:
            yield service

    async def comes_online(self, service: ClientService, seconds: float) -> bool:
        """Whether the service has the key online within so many seconds."""
        return await self._becomes(
            lambda: any(key.standing is Standing.ONLINE for key in service.keys.values()), seconds
        )

    async def is_locked(self, seconds: float) -> bool:
        """Whether the computer, with a service at work, is locked within so many seconds."""
        return await self._becomes(lambda: self.workstation.state.session_locked, seconds)

    async def activate(self) -> None:
        """Have the key taken up and activated by its code."""
        result = await self.connect(Choice.RIGHT)
        self.online(result)
        self.stands(VaultStatus.Active)

    async def pair_in_settings(self, host: str = CENTRAL) -> bool:
        """The person presses the key and pairs it in a computer's Bluetooth settings; whether there is a bond now."""
        self.hands.begin_to_pair()
        return await self.bluetooth.pair(host)

    def lose_server(self) -> None:
        """The client loses the server."""
        if isinstance(self.bench.connection, ClientConnection):
            self.bench.connection.close()
        self.story.tell(Voice.SERVER, "cannot be reached any more")

    def reach_server(self) -> None:
        """The server is there again."""
        self.bench.connection = self.hes.connect(self.workstation)
        self.story.tell(Voice.SERVER, "can be reached again")

    # --- what is so ---

    def stands(self, status: VaultStatus) -> None:
        """Look at the server's status of the key."""
        found = self.status
        if found is not status:
            raise WentOtherwise(
                f"The server should have the key as {status.name}, and has it as {found.name}."
            )
        kind = Kind.GOOD if status is VaultStatus.Active else Kind.STEP
        self.story.tell(Voice.FACT, f"The server has the key as {status.name}.", kind)

    def said(self, message: FlowMessage) -> None:
        """The person has read this during the last connection."""
        if message not in [notice.message for notice in self.person.notices]:
            raise WentOtherwise(f"The person should have read {message}.")

    # --- inside ---

    async def _becomes(self, what: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                while not what():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def _person(self, *moves: Move) -> Person:
        pace = TYPING_SECONDS if self.stage.memory else 0.0
        return Person(self.story, moves, self.code, self.hands.asked, pace=pace)

    def _blinks(self) -> None:
        seconds = self.wire.profile.seconds("pairing_confirmation")
        self.story.tell(Voice.KEY, f"blinks green: press within {seconds:g} s to pair")
