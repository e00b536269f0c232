"""Trouble with the key's button and with bonds, which have two sides: the key's, and the computer's."""

from __future__ import annotations

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.harness.client.errors import ClientErrorCode, FlowMessage
from hideez_bench.harness.client.workstation import Stack
from hideez_bench.harness.people import Choice
from hideez_bench.harness.scenarios.scenario import scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Voice

IN_USE = "The key was paired and activated, and is in use."


@scenario(
    "new-key-asleep",
    symptom="A new key does nothing; the client finds none.",
    why="A new key is off, and advertises nothing, until its button is pressed. (On a real one: pull out the "
    "plastic strip of the battery first.)",
    remedy="Press the button: for 30 s any computer can find it.",
    behaviours=("F-001", "F-002"),
    realistic=True,
)
async def new_key_asleep(scene: Scene) -> None:
    """Never pressed, then pressed."""
    began = scene.story.elapsed
    result = await scene.connect()
    scene.ended(result, FlowMessage.CONNECTION_FAILED)
    scene.took(began, 24)
    scene.story.remedy_begins()
    scene.fact(await scene.pair_in_settings(), "The key and the computer have a bond.")
    await scene.activate()


@scenario(
    "missed-green-press",
    symptom="Pairing fails, and then the key is not found.",
    why="Pairing needs two presses: one that lets the key be found, and one within 15 s while it blinks green. "
    "Without the second the key goes back to where it was: off, if it has no bond.",
    remedy="Press the key again, start pairing again, and press when it blinks green.",
    behaviours=("F-003", "F-002"),
    realistic=True,
)
async def missed_green_press(scene: Scene) -> None:
    """Nobody looks at the light; then somebody does."""
    scene.hands.attentive = False
    began = scene.story.elapsed
    scene.fact(not await scene.pair_in_settings(), "Nobody pressed: the key refused the pairing.")
    scene.took(began, scene.wire.profile.seconds("pairing_confirmation"))
    scene.fact(not scene.bonds, "The key has no bond, and is off again.")
    scene.ended(await scene.connect(), FlowMessage.CONNECTION_FAILED)
    scene.story.remedy_begins()
    scene.hands.attentive = True
    scene.fact(await scene.pair_in_settings(), "The key and the computer have a bond.")
    await scene.activate()


@scenario(
    "lost-bond-on-host",
    symptom="The key connects endlessly and not at all.",
    why="The computer has lost its side of the bond, by a reset or another dongle. The key insists on the bond, "
    "and asks for a green press that nobody expects.",
    remedy="Over the dongle the third attempt makes a new bond: press when it says so, and when the key blinks "
    "green.",
    behaviours=("F-010",),
    stack=Stack.DONGLE,
    realistic=True,
)
async def lost_bond_on_host(scene: Scene) -> None:
    """Nobody presses; then somebody does."""
    with scene.story.preface(IN_USE):
        await scene.activate()
    scene.bluetooth.memory.bonded.clear()
    scene.story.tell(Voice.CLIENT, "has lost its side of the bond")
    scene.hands.attentive = False
    result = await scene.connect()
    scene.said(FlowMessage.STAGE_3_PRESS_BUTTON)
    scene.not_connected(result)
    scene.fact(scene.bonds == 1, "The key still has its side of the bond.")
    scene.story.remedy_begins()
    scene.hands.attentive = True
    scene.online(await scene.connect())
    scene.fact(scene.bluetooth.has_bond and scene.bonds == 1, "Both sides have one bond again.")


@scenario(
    "ltk-error",
    symptom="The client speaks of an LTK error, and the key does not connect.",
    why="Only the computer still has the bond: the key has dropped its own, by its menu or by a wipe. The long- "
    "term key (LTK) of the computer fits nothing any more.",
    remedy="Over the dongle the client forgets the key and makes a new bond: press when it says so, and again at "
    "green.",
    behaviours=("F-010",),
    stack=Stack.DONGLE,
    realistic=True,
)
async def ltk_error(scene: Scene) -> None:
    """Bonds removed from the key's menu."""
    with scene.story.preface(IN_USE):
        await scene.activate()
    scene.forget_on_key()
    scene.press()
    scene.hands.attentive = False
    result = await scene.connect()
    scene.said(FlowMessage.STAGE_2_LTK_ERROR)
    scene.said(FlowMessage.STAGE_3_LTK_ERROR)
    scene.not_connected(result)
    scene.story.remedy_begins()
    scene.hands.attentive = True
    scene.online(await scene.connect())
    scene.fact(scene.bluetooth.has_bond and scene.bonds == 1, "Both sides have one bond again.")


@scenario(
    "lost-bond-on-key",
    symptom="Over the computer's own Bluetooth the key no longer connects, whatever is pressed.",
    why="The key has dropped its side of the bond, and the computer keeps its own. The client cannot make a new "
    "bond over the computer's Bluetooth, as it does over the dongle.",
    remedy="Remove the key in the computer's Bluetooth settings and the bonds in the key's menu, and pair anew.",
    behaviours=("F-011",),
    realistic=True,
)
async def lost_bond_on_key(scene: Scene) -> None:
    """Bonds removed from the key's menu; then from the computer too."""
    with scene.story.preface(IN_USE):
        await scene.pair_in_settings()
        await scene.activate()
    scene.forget_on_key()
    scene.press()
    result = await scene.connect()
    scene.ended(result, FlowMessage.CONNECTION_FAILED)
    scene.fact(scene.bluetooth.has_bond and not scene.bonds, "The computer has a bond, and the key has none.")
    scene.story.remedy_begins()
    await scene.bluetooth.unpair()
    scene.fact(await scene.pair_in_settings(), "The key and the computer have a bond.")
    scene.online(await scene.connect())


@scenario(
    "bonds-full",
    symptom="A key that was paired with many computers refuses one more.",
    why="The key keeps a table of bonds, and it is full (8 in this model; the size of the real one is not "
    "public). Old ones do not go by themselves.",
    remedy="Remove all bonds in the key's menu, and pair with the computers that are still in use.",
    behaviours=(),
    realistic=True,
)
async def bonds_full(scene: Scene) -> None:
    """As many computers as there is room for, and one more."""
    room = scene.wire.profile.size("bonds")
    with scene.story.preface(f"The key was paired with {room} other computers over the years."):
        for number in range(room):
            await scene.pair_in_settings(f"02:00:00:00:01:{number:02X}")
    scene.fact(scene.bonds == room, f"The key has {room} bonds.")
    scene.fact(not await scene.pair_in_settings(), "The key refused the pairing at once; it did not blink.")
    scene.story.remedy_begins()
    scene.forget_on_key()
    scene.fact(await scene.pair_in_settings(), "The key and the computer have a bond.")
    await scene.activate()


@scenario(
    "alarm-deletes-bonds",
    symptom="After an alarm the keys are gone, and want to be pressed again.",
    why="An alarm makes every client disconnect its keys and delete its side of their bonds. While it lasts, no "
    "key can be connected.",
    remedy="The administrator ends the alarm; then press each key when the client asks for it, and at green. No code "
    "is asked.",
    behaviours=("E-002",),
    stack=Stack.DONGLE,
    realistic=True,
)
async def alarm_deletes_bonds(scene: Scene) -> None:
    """Raised, refused, ended, pressed."""
    with scene.story.preface(IN_USE):
        await scene.activate()
    scene.hes.set_alarm(True)
    await scene.workstation.state.settled()
    scene.fact(not scene.bluetooth.has_bond, "The computer has forgotten the key.")
    scene.ended(await scene.connect(), ClientErrorCode.HesAlarm)
    scene.story.remedy_begins()
    scene.hes.set_alarm(False)
    scene.online(await scene.connect())
    scene.said(FlowMessage.STAGE_1_PRESS_BUTTON)
    scene.fact(not scene.person.prompts, "Nobody was asked for a code.")


@scenario(
    "offline-with-master-key",
    symptom="The key works at the office, and not away from it.",
    why="By its access profile the key asks for the master key at each new bond (or, if set so, at each "
    "connection). Only the server has it, so that a new bond made offline is of no use.",
    remedy="Connect once where the server can be reached: it confirms the computer to the key, and then it works "
    "offline.",
    behaviours=("B-017", "B-018", "B-016"),
    stack=Stack.DONGLE,
    realistic=True,
)
async def offline_with_master_key(scene: Scene) -> None:
    """A new bond, offline and online."""
    with scene.story.preface("The key is in use; its bond was removed, at the key and at the computer."):
        await scene.activate()
        scene.forget_on_key()
        scene.bluetooth.memory.bonded.clear()
        scene.workstation.state.bonds.clear()
    scene.story.tell(Voice.PERSON, "uses the key away from the office")
    scene.lose_server()
    scene.ended(await scene.connect(), FlowMessage.AUTH_FAILED_NO_NETWORK)
    scene.fact(
        scene.bluetooth.has_bond and scene.bonds == 1, "There is a bond; the key does not trust it yet."
    )
    scene.story.remedy_begins()
    scene.reach_server()
    scene.online(await scene.connect())
    scene.lose_server()
    scene.online(await scene.connect())
    scene.stands(VaultStatus.Active)


@scenario(
    "unstable-link",
    symptom="The prompt is there, and gone, and there again.",
    why="The link breaks again and again, as over a weak adapter or the computer's own Bluetooth. The client ends "
    "the flow silently; what the key has counted stays counted, and nothing is lost.",
    remedy="Come nearer, or use another adapter, and connect again. Update firmware only over a link that holds.",
    behaviours=("E-021", "C-012"),
)
async def unstable_link(scene: Scene) -> None:
    """Two lost links, one of them after a wrong code."""
    scene.silent(await scene.connect(scene.link_breaks()))
    scene.fact(scene.key.view.unlock_attempts == 3, "The key still has 3 attempts.")
    scene.silent(await scene.connect(Choice.WRONG, scene.link_breaks()))
    scene.fact(scene.key.view.unlock_attempts == 2, "The wrong code was counted: 2 attempts are left.")
    scene.story.remedy_begins()
    await scene.activate()
