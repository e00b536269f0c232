"""What the server says of a key, and what becomes of those that do not belong to it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from hideez_bench.emulator.hes.names import VaultStatus, VaultStatusReason
from hideez_bench.harness.scenarios.scenario import scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Voice
from hideez_bench.protocol.hes import HesErrorCode


@scenario(
    "not-assigned",
    symptom="The client says that nobody owns the key.",
    why="The server knows the key, and nobody owns it: the administrator forgot to assign it, or took it back.",
    remedy="The administrator assigns the key to an employee; that makes a code.",
    behaviours=("D-018", "A-009"),
)
async def not_assigned(scene: Scene) -> None:
    """A key that was taken back before it was ever used."""
    with scene.story.preface("The administrator has taken the key back before it was ever used."):
        await scene.hes.employees.remove_hardware_vault(scene.serial)
    scene.stands(VaultStatus.Ready)
    result = await scene.connect()
    scene.ended(result, HesErrorCode.HesDeviceNotAssignedToAnyUser)
    scene.fact(not scene.key.view.linked, "The key is as new: it was not linked.")
    scene.story.remedy_begins()
    await scene.administrator.assign(scene.serial)
    await scene.activate()


@scenario(
    "linked-to-another-server",
    symptom="The client says that the key is linked to another server.",
    why="A key is linked to one server, which alone has its master key. This server knows the serial number, but "
    "the key was linked elsewhere.",
    remedy="The server that linked it takes the key back from its user, which wipes it at the next connection. Where "
    "that server is gone, wipe the key by hand. Then this server can assign it.",
    behaviours=("D-014", "D-009", "D-010"),
)
async def linked_to_another_server(scene: Scene) -> None:
    """Two servers, one key."""
    here = scene.bench
    with scene.story.preface("This server knows the key, and nobody owns it here."):
        await scene.hes.employees.remove_hardware_vault(scene.serial)
    async with AsyncExitStack() as stack:
        with scene.story.preface("Another server has linked and activated it."):
            elsewhere = scene.bench = await stack.enter_async_context(scene.make_bench())
            await scene.administrator.import_vault(scene.serial, str(scene.key.identity.firmware))
            await scene.administrator.assign(scene.serial)
            await scene.activate()
        scene.bench = here
        scene.ended(await scene.connect(), HesErrorCode.HesDeviceLinkedToAnotherServer)
        scene.fact(scene.key.view.linked, "The key is as it was; nothing was written to it.")
        scene.story.remedy_begins()
        scene.story.tell(
            Voice.PERSON, "asks the administrator of the other server, and connects the key there"
        )
        await elsewhere.hes.employees.remove_hardware_vault(scene.serial)
        scene.bench = elsewhere
        scene.ended(await scene.connect(), HesErrorCode.DeviceHasBeenWiped)
        scene.fact(not scene.key.view.linked, "The key is wiped, and as new.")
    scene.story.tell(Voice.PERSON, "asks the administrator of this server, and connects the key here")
    scene.bench = here
    await here.administrator.assign(scene.serial)
    await scene.activate()


@scenario(
    "manually-wiped",
    symptom="The client says that the key was wiped by hand.",
    why="Somebody wiped the key by hand. The server still has it as Active, and does not link it again by itself.",
    remedy="The administrator removes the key from its user and assigns it again; that makes a new code.",
    behaviours=("D-016", "D-009", "D-011"),
)
async def manually_wiped(scene: Scene) -> None:
    """A key in use, wiped by a long hold of its button."""
    with scene.story.preface("The key was activated, and is in use."):
        await scene.activate()
    await scene.wipe_by_hand()
    result = await scene.connect()
    scene.ended(result, HesErrorCode.HesVaultWasManuallyWiped)
    scene.stands(VaultStatus.Active)
    scene.story.remedy_begins()
    await scene.hes.employees.remove_hardware_vault(scene.serial)
    scene.ended(await scene.connect(), HesErrorCode.DeviceHasBeenWiped)
    scene.stands(VaultStatus.Ready)
    await scene.administrator.assign(scene.serial)
    await scene.activate()


@scenario(
    "wiped-before-its-code",
    symptom="A key that was wiped ahead of its first code asks for it all the same.",
    why="The server had linked the key, and waits for its code. It finds it as new, and links it again with that "
    "code.",
    remedy="None is needed: the code from the mail is still right.",
    behaviours=("D-017",),
)
async def wiped_before_its_code(scene: Scene) -> None:
    """Linked, wiped, linked."""
    with scene.story.preface("The key was linked, and nobody typed its code yet."):
        await scene.connect()
    scene.fact(scene.key.view.linked, "The key is linked.")
    code = await scene.code()
    await scene.wipe_by_hand()
    scene.story.remedy_begins()
    scene.fact(code == await scene.code(), "The code is the same.")
    await scene.activate()


@scenario(
    "unknown-to-the-server",
    symptom="The client says that the server does not know the key.",
    why="The server never imported this key: the client has the address of a wrong server, or the key was "
    "forgotten.",
    remedy="Look at the server's address in the client; or the administrator imports the key, and assigns it.",
    behaviours=("D-015",),
)
async def unknown_to_the_server(scene: Scene) -> None:
    """The wrong server, then the right one."""
    right = scene.bench
    async with AsyncExitStack() as stack:
        with scene.story.preface(
            "The client has the address of another server, which never imported the key."
        ):
            scene.bench = await stack.enter_async_context(scene.make_bench())
        scene.ended(await scene.connect(), HesErrorCode.HesDeviceNotFound)
    scene.bench = right
    scene.story.remedy_begins()
    scene.story.tell(Voice.PERSON, "sets the address of the right server")
    scene.reach_server()
    await scene.activate()


@scenario(
    "reported-as-lost",
    symptom="A key that was found again is refused for good.",
    why="It was reported as lost. The server has thrown its master key away (Compromised), so that nobody can use "
    "it, the server included.",
    remedy="Wipe the key by hand, so that nothing is left on it, and give the person another: it stays Compromised.",
    behaviours=("D-013",),
)
async def reported_as_lost(scene: Scene) -> None:
    """Lost, reported, found."""
    with scene.story.preface("The key was activated, and is in use."):
        await scene.activate()
    await scene.hes.vaults.compromise(scene.serial, reason=VaultStatusReason.Lost, retyped_id=scene.serial)
    scene.stands(VaultStatus.Compromised)
    result = await scene.connect()
    scene.ended(result, HesErrorCode.HesDeviceLinkedToAnotherServer)
    scene.story.remedy_begins()
    await scene.wipe_by_hand()
    scene.stands(VaultStatus.Compromised)


@scenario(
    "remote-channel-times-out",
    symptom="After a while the client says that the server did not reach the key.",
    why="The server speaks to the key through the client, on a channel of its own. It has 20 s to open; here the "
    "way was stuck. Nothing was changed on either side.",
    remedy="Wait, and connect the key again; if it stays so, look at the network between client and server.",
    behaviours=("E-010",),
)
async def remote_channel_times_out(scene: Scene) -> None:
    """Stuck, then free."""
    scene.workstation.is_stuck = True
    began = scene.story.elapsed
    result = await scene.connect()
    scene.ended(result, HesErrorCode.RemoteConnectionTimedOut)
    scene.took(began, 20)
    scene.stands(VaultStatus.Reserved)
    scene.fact(not scene.key.view.linked, "The key was not linked.")
    scene.story.remedy_begins()
    scene.workstation.is_stuck = False
    scene.story.tell(Voice.PERSON, "waits 30 s, and connects the key again")
    await asyncio.sleep(30)
    await scene.activate()
