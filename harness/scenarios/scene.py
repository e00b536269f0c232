"""The stage of a scenario: a key, a server, a client and a person, and what can be done with them and said of them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from hideez_bench.emulator.hes.connection import ClientConnection
from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.hes.server import Hes
from hideez_bench.emulator.key.key import Key
from hideez_bench.emulator.key.view import KeyView, Led
from hideez_bench.emulator.peripheral.key_application import KeyApplication
from hideez_bench.emulator.radio.memory import CENTRAL, MemoryRadio
from hideez_bench.emulator.radio.memory_server import MemoryServer
from hideez_bench.harness.administration import Administrator
from hideez_bench.harness.bench import Bench
from hideez_bench.harness.client.behaviour import MEANT, Behaviour
from hideez_bench.harness.client.errors import ClientErrorCode, ConnectTimeout, FlowMessage, WorkflowError
from hideez_bench.harness.client.outcome import vendor_name
from hideez_bench.harness.client.relay import RelayingWorkstation
from hideez_bench.harness.client.run import FlowResult
from hideez_bench.harness.client.session import ConnectRequest, Mode
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.links.bleak_link import BleakLink, BleakOptions
from hideez_bench.harness.people import Choice
from hideez_bench.harness.scenarios.person import Move, Person, Waits
from hideez_bench.harness.scenarios.scenario import Scenario
from hideez_bench.harness.scenarios.story import Story, Voice
from hideez_bench.harness.stage import Stage, open_stage
from hideez_bench.harness.targets import EmulatorTarget, Radio
from hideez_bench.harness.timeline import Kind, Timeline
from hideez_bench.protocol.device import KeyDevice
from hideez_bench.protocol.errors import BenchError
from hideez_bench.protocol.hes import HesErrorCode
from hideez_bench.protocol.names import Button
from hideez_bench.protocol.secret import ActivationCode
from hideez_bench.protocol.transport import MessageTransport, PacketTransport
from hideez_bench.protocol.wire import Wire

Ending = FlowMessage | HesErrorCode | ClientErrorCode

TYPING_SECONDS = 4.0
"""What a person takes to answer a prompt, where waiting costs nothing."""


class WentOtherwise(BenchError):
    """A scenario did not go as it should."""


class ScenarioWorkstation(RelayingWorkstation):
    """A workstation whose way for the server to a key can be stuck."""

    is_stuck = False

    async def establish_remote_hw_vault_connection(self, serial: str, channel: int) -> MessageTransport:
        """See `Workstation.establish_remote_hw_vault_connection`; stuck, it never answers."""
        if self.is_stuck:
            await asyncio.get_running_loop().create_future()
        return await super().establish_remote_hw_vault_connection(serial, channel)


class Scene:
    """A factory key within reach, known to the server and somebody's, and a client that has not connected yet.

    Attributes:
        story: what is told.
        bench: the server and the client.
        person: whoever sits in front of the client, the last time that it connected.
        attentive: they press the key's button when asked to, and when it blinks green.
        options: how the client's computer reaches the radio.
    """

    def __init__(
        self, stage: Stage, story: Story, wire: Wire, behaviour: Behaviour, stack: Stack, *, realistic: bool
    ) -> None:
        self.stage = stage
        self.story = story
        self.wire = wire
        self.behaviour = behaviour
        self.stack = stack
        self.attentive = True
        self.options = stage.options
        if (
            realistic and stack is Stack.DONGLE
        ):  # the dongle pairs by itself; the system is told to in its settings
            self.options = BleakOptions(stage.options.scanner, {**stage.options.client, "pair": True})
        self.workstation = ScenarioWorkstation("bench", wire)
        self.timeline = Timeline(asyncio.get_running_loop().time, story.hear)
        self.bench = self.make_bench()
        self.person = self._person()
        self._cutting: asyncio.Task[None] | None = None

    def make_bench(self) -> Bench:
        """A server, and this client."""
        return Bench(
            open_link=self._link, timeline=self.timeline, wire=self.wire, workstation=self.workstation
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
    def memory(self) -> MemoryRadio:
        """The radio, for a scenario that is played on the in-process one only."""
        if self.stage.memory is None:
            raise RuntimeError("this is not the in-process radio")
        return self.stage.memory

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
    def host_has_bond(self) -> bool:
        """Whether the client's computer has its side of a bond."""
        return any(central == CENTRAL for central, _ in self.memory.bonded)

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
        async with self._link(16) as link:
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

    async def activate(self) -> None:
        """Have the key taken up and activated by its code."""
        result = await self.connect(Choice.RIGHT)
        self.online(result)
        self.stands(VaultStatus.Active)

    async def pair_in_settings(self, host: str = CENTRAL) -> bool:
        """The person presses the key and pairs it in a computer's Bluetooth settings; whether there is a bond now."""
        self.press()
        self.story.tell(Voice.PERSON, "pairs it in the computer's Bluetooth settings")
        backend = self.memory.backend(host)
        device = await BleakScanner.find_device_by_name(self.stage.name, backend=backend.scanner)
        paired = device is not None
        if device:
            try:
                async with BleakClient(device, backend=backend.client) as client:
                    await client.pair()
            except BleakError:
                paired = False
        told = ("The key is paired.", Kind.STEP) if paired else ("The key could not be paired.", Kind.BAD)
        self.story.tell(Voice.SETTINGS, *told)
        return paired

    def lose_server(self) -> None:
        """The client loses the server."""
        if isinstance(self.bench.connection, ClientConnection):
            self.bench.connection.close()
        self.story.tell(Voice.SERVER, "cannot be reached any more")

    def reach_server(self) -> None:
        """The server is there again."""
        self.bench.connection = self.hes.connect(self.workstation)
        self.story.tell(Voice.SERVER, "can be reached again")

    async def unpair_in_settings(self) -> None:
        """The person removes the key in the computer's Bluetooth settings."""
        self.story.tell(Voice.PERSON, "removes the key in the computer's Bluetooth settings")
        server = self.application.server
        if isinstance(server, MemoryServer):
            await BleakClient(server.address, backend=self.memory.backend().client).unpair()

    # --- what is so ---

    def fact(self, holds: bool, text: str) -> None:
        """Tell something that was looked at.

        Raises:
            WentOtherwise: it is not so.
        """
        if not holds:
            raise WentOtherwise(f"This is not so: {text}")
        self.story.tell(Voice.FACT, text)

    def stands(self, status: VaultStatus) -> None:
        """Look at the server's status of the key."""
        found = self.status
        if found is not status:
            raise WentOtherwise(
                f"The server should have the key as {status.name}, and has it as {found.name}."
            )
        kind = Kind.GOOD if status is VaultStatus.Active else Kind.STEP
        self.story.tell(Voice.FACT, f"The server has the key as {status.name}.", kind)

    def online(self, result: FlowResult) -> None:
        """The flow came to its good end."""
        if result.error:
            raise WentOtherwise(f"The key should be online; instead: {result.error}")
        self.story.tell(Voice.FACT, "The key is online.", Kind.GOOD)

    def ended(self, result: FlowResult, ending: Ending) -> None:
        """The flow ended so, and the person was told, or nothing where that is how it ends."""
        error = result.error
        if error is None:
            raise WentOtherwise(f"The flow should have ended with {ending}; the key is online.")
        name = error.message if isinstance(error, WorkflowError) else vendor_name(error)
        if name != ending:
            raise WentOtherwise(f"The flow should have ended with {ending}; it ended with {name}: {error}")
        if result.end.silent:
            self.silent(result)

    def silent(self, result: FlowResult) -> None:
        """The flow ended without a word."""
        if result.error is None or result.message:
            raise WentOtherwise(f"The flow should have ended without a word; it said: {result.message}")
        self.story.tell(Voice.FACT, "The client says nothing.")

    def not_connected(self, result: FlowResult) -> None:
        """No attempt over the dongle led to a link; as shipped, a last one that takes too long ends without a word."""
        if isinstance(result.error, ConnectTimeout):
            self.silent(result)
        else:
            self.ended(result, FlowMessage.CONNECTION_FAILED_DONGLE)

    def said(self, message: FlowMessage) -> None:
        """The person has read this during the last connection."""
        if message not in [notice.message for notice in self.person.notices]:
            raise WentOtherwise(f"The person should have read {message}.")

    def took(self, since: float, seconds: float) -> None:
        """About so many seconds have passed since a time of the story."""
        passed = self.story.elapsed - since
        if not seconds - 0.1 <= passed <= seconds + 2:
            raise WentOtherwise(f"This should have taken {seconds:g} s; it took {passed:.1f} s.")

    # --- inside ---

    def _person(self, *moves: Move) -> Person:
        pace = TYPING_SECONDS if self.stage.memory else 0.0
        return Person(self.story, moves, self.code, self._asked_to_press, pace=pace)

    def _asked_to_press(self) -> None:
        if self.attentive:
            self.press()

    def saw(self, view: KeyView) -> None:
        """The key has changed before somebody's eyes."""
        if view.led is Led.GREEN_BLINKS:
            self.story.tell(Voice.KEY, "blinks green: press within 15 s to pair")
            if self.attentive:
                self.press()

    def _link(self, seconds: float) -> BleakLink:
        return BleakLink(self.stage.name, profile=self.wire.profile, timeout=seconds, options=self.options)


@asynccontextmanager
async def open_scene(
    scenario: Scenario, radio: Radio, wire: Wire, story: Story, behaviour: Behaviour = MEANT
) -> AsyncIterator[Scene]:
    """The stage of a scenario, set; its key is Reserved.

    Raises:
        BenchError: the radio is not on this machine, or cannot carry the scenario.
    """
    if scenario.realistic and radio is not Radio.MEMORY:
        raise BenchError(
            f"{scenario.name} is about pairing and bonds, which the {radio} radio does not have; use --radio memory."
        )
    scenes: list[Scene] = []

    def saw(view: KeyView) -> None:
        for scene in scenes:
            scene.saw(view)

    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(
            open_stage(EmulatorTarget(radio), wire, realistic=scenario.realistic, on_change=saw)
        )
        scene = Scene(stage, story, wire, behaviour, scenario.stack, realistic=scenario.realistic)
        scenes.append(scene)
        with story.preface("The key is new; the server knows it, and gave it to somebody."):
            await stack.enter_async_context(scene.bench)
            await scene.administrator.import_vault(scene.serial, str(scene.key.identity.firmware))
            await scene.administrator.assign(scene.serial)
        yield scene
