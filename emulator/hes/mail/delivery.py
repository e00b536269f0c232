"""Sending an employee the code of a key: what the pages and REST call."""

from __future__ import annotations

from dataclasses import dataclass

from hideez_bench.emulator.hes.mail.letter import one_line
from hideez_bench.emulator.hes.mail.sender import MailSender
from hideez_bench.emulator.hes.mail.settings import MailError
from hideez_bench.emulator.hes.names import HesEventKind
from hideez_bench.emulator.hes.server import Hes


@dataclass(frozen=True)
class Delivery:
    """A code that the mail server has taken over; whether the person reads it nobody knows."""

    vault_id: str
    employee_name: str
    address: str


async def send_code(hes: Hes, mail: MailSender | None, vault_id: str, to: str | None = None) -> Delivery:
    """Send the pending code of a vault to its employee, or to the address that the administrator typed.

    Sent or not, it is told as an event, without the code. The vendor says nothing where there is no address or the mail
    server fails.

    Raises:
        HesRuleError: HardwareVaultNotFound, ActivationCodeNotFound.
        MailError: no mail server is set up, there is no address, or the mail did not go out.
    """
    code = hes.vaults.activation_code(vault_id)
    vault = hes.vaults.get(vault_id)
    address = to or (hes.employees.get(vault.employee_id).email if vault.employee_id else "")
    try:
        sender = _able(mail, vault.employee_name, address, vault_id)
        await sender.send_activation_code(address, vault.employee_name, vault_id, code)
    except MailError as error:
        hes.tell(
            HesEventKind.FAILED,
            vault_id,
            f"could not mail the code to {_whom(vault.employee_name, address)}: {error}",
        )
        raise
    hes.tell(HesEventKind.ADMIN, vault_id, f"mails the code to {_whom(vault.employee_name, address)}")
    return Delivery(vault_id, vault.employee_name, address)


def _able(mail: MailSender | None, name: str, address: str, vault_id: str) -> MailSender:
    if mail is None:
        raise MailError(
            f"No mail server is set up, so the code of key {vault_id} was not sent; "
            "name one with --smtp, or tell the code in another way."
        )
    if not address:
        raise MailError(
            f"{one_line(name)} has no e-mail address, so the code of key {vault_id} was not sent; "
            "enter one, or tell the code in another way."
        )
    return mail


def _whom(name: str, address: str) -> str:
    return one_line(f"{name} <{address}>" if address else name)
