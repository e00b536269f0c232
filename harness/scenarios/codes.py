"""Trouble with the activation code: the prompt, wrong codes, and codes of another day or another person."""

from __future__ import annotations

from hideez_bench.emulator.hes.names import VaultStatus
from hideez_bench.emulator.key.identity import Identity
from hideez_bench.harness.client.errors import ClientErrorCode, FlowMessage
from hideez_bench.harness.people import Choice
from hideez_bench.harness.scenarios.person import Cancels, Types, Waits
from hideez_bench.harness.scenarios.scenario import scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Voice
from hideez_bench.protocol.hes import HesErrorCode

RIGHT, WRONG = Choice.RIGHT, Choice.WRONG


@scenario(
    "prompt-times-out",
    symptom="The prompt for the code disappears without a word.",
    why="Each prompt has 30 s. When nobody types, the client ends silently and disconnects. No attempt is spent.",
    remedy="Have the code at hand, connect the key again, and type it.",
    behaviours=("C-009",),
)
async def prompt_times_out(scene: Scene) -> None:
    """Nobody types; then somebody does."""
    began = scene.story.elapsed
    result = await scene.connect(Waits())
    scene.ended(result, ClientErrorCode.GetActivationCodeTimeout)
    scene.took(began, 30)
    scene.fact(scene.key.view.unlock_attempts == 3, "The key still has 3 attempts.")
    scene.stands(VaultStatus.Reserved)
    scene.story.remedy_begins()
    await scene.activate()


@scenario(
    "three-wrong-codes",
    symptom="After three wrong codes the key is Locked.",
    why="The key counts, not the client or the server. With no attempt left it takes no code at all, not even the "
    "right one, and the server then refuses it at each connection.",
    remedy="Ask the administrator to press Activate, and for the new code. The bond stays: no new pairing is needed.",
    behaviours=("C-003", "C-004", "D-006", "D-007"),
)
async def three_wrong_codes(scene: Scene) -> None:
    """Locked, refused, activated again."""
    result = await scene.connect(WRONG, WRONG, WRONG)
    shipped = scene.behaviour.report_replaces_error
    scene.ended(result, HesErrorCode.HesDeviceLocked if shipped else FlowMessage.LOCKED_BY_INVALID_ATTEMPTS)
    scene.fact(scene.key.view.unlock_attempts == 0, "The key has no attempt left.")
    scene.stands(VaultStatus.Locked)
    result = await scene.connect(RIGHT)
    scene.ended(result, HesErrorCode.HesDeviceLocked)
    scene.fact(not scene.person.prompts, "Nobody is asked for a code any more.")
    scene.fact(not result.end.delete_bond, "The bond is kept.")
    scene.story.remedy_begins()
    await scene.administrator.reactivate(scene.serial)
    scene.stands(VaultStatus.Suspended)
    await scene.activate()


@scenario(
    "old-code",
    symptom="A code that worked before is rejected.",
    why="A suspended key has a new code; the one before is void. Typing it costs an attempt, as any wrong code "
    "does.",
    remedy="Ask the administrator for the code of now.",
    behaviours=("C-016", "D-002", "D-004"),
)
async def old_code(scene: Scene) -> None:
    """The code of the first activation, typed after a suspension."""
    old = await scene.code()
    with scene.story.preface("The key was activated, and is in use."):
        await scene.activate()
    await scene.hes.vaults.suspend(scene.serial)
    result = await scene.connect(
        Types("the code of the first activation", old), Waits("asks the administrator")
    )
    scene.said(FlowMessage.INVALID_CODE)
    scene.ended(result, ClientErrorCode.GetActivationCodeTimeout)
    scene.fact(scene.key.view.unlock_attempts == 2, "The attempt is spent: 2 are left.")
    scene.story.remedy_begins()
    await scene.activate()


@scenario(
    "someone-elses-code",
    symptom="The code in the mail is rejected.",
    why="Each key has a code of its own. That of a colleague's key is wrong for this one, and costs an attempt.",
    remedy="Compare the serial number in the mail with that at the prompt, and type the code of this key.",
    behaviours=("C-001", "C-002"),
)
async def someone_elses_code(scene: Scene) -> None:
    """A colleague's code, then the right one."""
    colleague = Identity.numbered(204)
    with scene.story.preface("A colleague has been given a key, too."):
        await scene.administrator.import_vault(colleague.serial, str(colleague.firmware))
        await scene.administrator.assign(colleague.serial)
    code = await scene.bench.server.activation_code(colleague.serial)
    if code == await scene.code():  # once in 900 000 times
        await scene.hes.employees.remove_hardware_vault(colleague.serial)
        await scene.administrator.assign(colleague.serial)
        code = await scene.bench.server.activation_code(colleague.serial)
    result = await scene.connect(Types("the colleague's code", code), Waits("looks at the mail again"))
    scene.said(FlowMessage.INVALID_CODE)
    scene.ended(result, ClientErrorCode.GetActivationCodeTimeout)
    scene.fact(scene.key.view.unlock_attempts == 2, "The attempt is spent: 2 are left.")
    scene.story.remedy_begins()
    await scene.activate()


@scenario(
    "cancel-does-nothing",
    symptom="Cancel at the prompt does nothing (the shipped client).",
    why="In the shipped client the dialog sends one message and the service waits for another, so that the prompt "
    "stays for its 30 s. Here the client ends at once, as it was meant; --as-shipped shows the other.",
    remedy="Wait until the prompt disappears, or hold the key's button, which cancels. No attempt is spent.",
    behaviours=("C-011", "E-020"),
)
async def cancel_does_nothing(scene: Scene) -> None:
    """Cancel, and how long it takes."""
    began = scene.story.elapsed
    result = await scene.connect(Cancels())
    scene.silent(result)
    shipped = scene.behaviour.cancel_does_nothing
    waited = scene.story.elapsed - began
    if shipped:
        scene.fact(waited >= 30, "Nobody heard it: the prompt has stayed for its 30 s.")
    else:
        scene.fact(waited < 30, "The flow ended at once.")
    scene.fact(scene.key.view.unlock_attempts == 3, "The key still has 3 attempts.")
    scene.story.remedy_begins()
    began = scene.story.elapsed
    result = await scene.connect(Waits("holds the key's button", scene.hold))
    scene.silent(result)
    scene.fact(scene.story.elapsed - began < 30, "That ended the flow at once.")
    scene.story.tell(Voice.PERSON, "connects the key again")
    await scene.activate()
