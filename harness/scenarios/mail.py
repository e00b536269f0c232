"""Trouble with the mail that should bring the code."""

from __future__ import annotations

from hideez_bench.emulator.hes.mail.delivery import send_code
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailError, MailSettings, Tls
from hideez_bench.emulator.hes.records import EmployeeDetails
from hideez_bench.harness.client.errors import ClientErrorCode
from hideez_bench.harness.scenarios.person import Waits
from hideez_bench.harness.scenarios.scenario import scenario
from hideez_bench.harness.scenarios.scene import Scene
from hideez_bench.harness.scenarios.story import Voice
from hideez_bench.harness.timeline import Kind


@scenario(
    "mail-never-arrives",
    symptom="The mail with the code never arrives.",
    why="No mail server is set up, or the employee has no address. The vendor's server says nothing about either, "
    "so that the administrator believes the mail is on its way. The server here says what is wrong.",
    remedy="The administrator opens the dialog with the code, which is there all the same, and passes it on in "
    "another way.",
    behaviours=("A-014", "A-015"),
)
async def mail_never_arrives(scene: Scene) -> None:
    """No mail server, no address, and a telephone."""
    await _is_not_sent(scene, None)
    _forget_address(scene)
    await _is_not_sent(scene, MailSender(MailSettings("localhost", "hes@example.com", tls=Tls.NONE)))
    result = await scene.connect(Waits("waits for the mail"))
    scene.ended(result, ClientErrorCode.GetActivationCodeTimeout)
    scene.story.remedy_begins()
    scene.story.tell(
        Voice.ADMINISTRATOR, "opens the dialog with the code, and reads it out over the telephone"
    )
    await scene.activate()


def _forget_address(scene: Scene) -> None:
    owner = scene.hes.vaults.get(scene.serial).employee_id
    if owner:
        scene.hes.employees.edit(owner, EmployeeDetails("Ada", "Lovelace"))
    scene.story.tell(Voice.ADMINISTRATOR, "sets a mail server up; but the employee has no address")


async def _is_not_sent(scene: Scene, sender: MailSender | None) -> None:
    scene.story.tell(Voice.ADMINISTRATOR, "has the code sent by mail")
    failed = False
    try:
        await send_code(scene.hes, sender, scene.serial)
    except MailError as error:
        failed = True
        scene.story.tell(Voice.SERVER, str(error), Kind.BAD)
    scene.fact(failed, "No mail was sent.")
