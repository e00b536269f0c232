"""Trouble with what makes the client take a key up: its signal, and the radio tag in it."""

from __future__ import annotations

import asyncio

from hideez_bench.emulator.key.signal import Wandering, steady
from hideez_bench.harness.client.advertisements import Advertisement
from hideez_bench.harness.client.service import ClientService
from hideez_bench.harness.client.triggers import TAP_THRESHOLD
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.scenarios.scenario import scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Voice
from hideez_bench.harness.timeline import Kind
from hideez_bench.protocol.errors import BenchError

PATIENCE = 30.0
FAR, NEAR = -84, -58
"""dBm around which the signal wanders; the client takes a key up from -65 dBm (70 %)."""

NEXT_DOOR = -90
"""dBm; below -85 dBm (30 %) a key counts as away."""


@scenario(
    "weak-signal",
    symptom="The key is there, and the client does not take it up.",
    why="The signal swings by 30 to 40 units, with Wi-Fi nearby, people in between, or a battery that is low. The "
    "client takes a key up where it is heard at 70 % or more (-65 dBm in this model).",
    remedy="Come nearer, take the dongle away from other radios, or change the battery; the administrator can also "
    "lower the threshold of this key at this workstation.",
    behaviours=("F-004",),
    realistic=True,
)
async def weak_signal(scene: Scene) -> None:
    """Far away, then near."""
    with scene.story.preface("The key was paired and activated, and is in use."):
        await scene.pair_in_settings()
        await scene.activate()
    scene.bluetooth.hears(Wandering(1, middle=FAR))
    heard: list[Advertisement] = []
    async with scene.service() as service:
        with service.airwaves.listening(heard.append):
            found = await scene.comes_online(service, PATIENCE)
        low, high = (bound(advertisement.rssi for advertisement in heard) for bound in (min, max))
        percent = max(advertisement.proximity for advertisement in heard)
        text = f"In {PATIENCE:g} s the key was heard from {low} to {high} dBm, at best {percent:.0f} %."
        scene.fact(percent < 70 and high - low >= 15, text)
        scene.fact(not found, "The client left it alone, and says nothing.")
        scene.story.remedy_begins()
        scene.story.tell(Voice.PERSON, "comes nearer with the key")
        scene.bluetooth.hears(Wandering(1, middle=NEAR))
        scene.fact(
            await scene.comes_online(service, PATIENCE), "The client has taken the key up; it is online."
        )


class OpenLockScreen:
    """A lock screen that is up, and lets in whoever the client vouches for."""

    async def raise_and_wait(self) -> None:
        """See `LockScreen.raise_and_wait`."""

    async def unlock(self, serial: str) -> bool:
        """See `LockScreen.unlock`."""
        return True


@scenario(
    "computer-locks-itself",
    symptom="The computer locks itself, though nobody did anything to it.",
    why="The key that unlocked it was away for 5 s: it was heard at less than 30 % (-85 dBm in this model), or its "
    "link was lost. What the vendor's client takes for away is not public; this is modelled.",
    remedy="Keep the key with you and near the computer, and unlock it by the key again. What is shorter than 5 s, "
    "such as a signal that swings, locks nothing.",
    behaviours=(),
    realistic=True,
)
async def computer_locks_itself(scene: Scene) -> None:
    """Unlocked by the key, locked by its absence."""
    with scene.story.preface("The key was paired and activated, and is in use; the computer is locked."):
        await scene.pair_in_settings()
        await scene.activate()
        scene.workstation.state.lock_screen = OpenLockScreen()
        scene.workstation.state.lock_session()
    async with scene.service() as service:
        await _unlock(scene, service)
        scene.story.tell(Voice.PERSON, "goes next door with the key")
        scene.bluetooth.hears(steady(NEXT_DOOR))
        left = scene.story.elapsed
        scene.fact(
            await scene.is_locked(PATIENCE), "The computer has locked itself; the key is disconnected."
        )
        scene.took(left, 5)
        scene.story.remedy_begins()
        scene.story.tell(Voice.PERSON, "comes back with the key")
        scene.bluetooth.hears(steady(NEAR))
        await _unlock(scene, service)
        scene.story.tell(Voice.PERSON, "turns round, and so shades the key for 3 s")
        scene.bluetooth.hears(steady(NEXT_DOOR))
        await asyncio.sleep(3)
        scene.bluetooth.hears(steady(NEAR))
        scene.fact(not await scene.is_locked(PATIENCE), "The computer is still unlocked.")


async def _unlock(scene: Scene, service: ClientService) -> None:
    scene.story.tell(Voice.PERSON, "clicks the link on the lock screen, which looks for a key")
    await service.triggers.command_link.clicked()
    scene.fact(await scene.comes_online(service, PATIENCE), "The key is online.")
    scene.fact(not scene.workstation.state.session_locked, "The computer is unlocked.")


@scenario(
    "radio-tag-does-nothing",
    symptom="The key is laid on the radio tag reader, and nothing happens (the shipped client).",
    why="The shipped client 3.8.18 reads what it knows of the key before it has asked the server whose tag it is, "
    "and fails. Here it asks, as it was meant; --as-shipped shows the other.",
    remedy="Lay the key on the dongle (a tap), or let the client find it by its signal.",
    behaviours=(),
    stack=Stack.DONGLE,
    realistic=True,
)
async def radio_tag_does_nothing(scene: Scene) -> None:
    """The reader, then the dongle."""
    with scene.story.preface("The key was paired and activated, and is in use."):
        await scene.activate()
    async with scene.service() as service:
        scene.story.tell(Voice.PERSON, "lays the key on the radio tag reader")
        try:
            await service.triggers.rfid.read(scene.hes.vaults.get(scene.serial).rfid)
        except BenchError as error:
            scene.story.tell(Voice.CLIENT, str(error), Kind.BAD)
        found = await scene.comes_online(service, PATIENCE)
        if scene.behaviour.rfid_fails:
            scene.fact(not found, f"After {PATIENCE:g} s the client has still not taken the key up.")
        else:
            scene.fact(found, "The client has found the key by its tag; it is online.")
    scene.story.remedy_begins()
    async with scene.service() as service:
        await asyncio.sleep(1)
        scene.story.tell(Voice.PERSON, "lays the key on the dongle")
        scene.bluetooth.hears(steady(TAP_THRESHOLD + 3))
        scene.fact(
            await scene.comes_online(service, PATIENCE), "The client has taken the key up; it is online."
        )
