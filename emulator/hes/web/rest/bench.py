"""/api/bench: what the real server has in its pages only, for programs. None of it is the vendor's REST."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field, StrictBool, WithJsonSchema

from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.mail.delivery import send_code
from hideez_bench.emulator.hes.names import HesCode, HesEventKind, VaultStatusReason
from hideez_bench.emulator.hes.records import LicenseImport, VaultImport
from hideez_bench.emulator.hes.web.rest.bodies import (
    After,
    Answer,
    Body,
    Bytes,
    Description,
    Id,
    IsNumber,
    Moment,
    Needed,
    Serial,
    Text,
)
from hideez_bench.emulator.hes.web.rest.wiring import TheContext, TheEvents, TheHes
from hideez_bench.emulator.hes.web.security.sessions import require_administrator
from hideez_bench.protocol.channel import ChannelError, public_point

router = APIRouter(prefix="/bench", tags=["bench"])


class CodeAnswer(Answer):
    """What the employee must type."""

    vault_id: str
    code: str


class Mailing(Body):
    """Where the code goes; by default to the employee's own address."""

    to: Text | None = None


class MailingAnswer(Answer):
    """A code that the mail server has taken over."""

    vault_id: str
    employee_name: str
    address: str


RootKey = Annotated[
    Bytes,
    Field(min_length=33, max_length=33),
    WithJsonSchema({"type": "string", "pattern": "^[A-Za-z0-9+/]{44}$"}),
]


class Device(Body):
    """A key, as the licence server tells of it. `rootKey` is modelled: the public key that it must show."""

    device_id: Serial
    mac: Needed
    model: Needed
    rfid: Needed
    firmware: Needed
    root_key: RootKey | None = None


class DeviceLicense(Body):
    """A licence for a key."""

    id: Needed
    license_order_id: Text = ""
    device_id: Needed
    end_date: Moment
    data: Bytes | None = None


class Import(Body):
    """What the licence server answers. Its orders are taken and not looked at."""

    devices_dto: list[Device] = Field(max_length=1000)
    device_licenses_dto: list[DeviceLicense] = Field([], max_length=1000)


class ImportAnswer(Answer):
    """The serial numbers that are new."""

    imported: list[str]


class Move(Body):
    """Why a key is moved."""

    description: Description = ""


class Loss(Move):
    """What became of a key: 4 Lost or 5 Stolen, and its serial number once more."""

    reason: Annotated[VaultStatusReason, IsNumber]
    retyped_id: Text


class Alarm(Body):
    """Whether the alarm is on."""

    is_on: StrictBool


class AlarmAnswer(Answer):
    """Whether the alarm is on."""

    is_on: bool


class EventAnswer(Answer):
    """Something that happened. `number` counts from the start of the server."""

    number: int
    at: datetime
    kind: HesEventKind
    serial: str
    text: str


@router.get("/GetActivationCode/{id}", dependencies=[Depends(require_administrator)])
async def get_activation_code(hes: TheHes, id: Id) -> CodeAnswer:
    """The code that the employee must type; an administrator's alone. Reading it changes nothing (Q14)."""
    return CodeAnswer(vault_id=id, code=hes.vaults.activation_code(id).reveal().decode())


@router.post("/SendActivationCode/{id}")
async def send_activation_code(context: TheContext, id: Id, body: Mailing) -> MailingAnswer:
    """Mail the employee the code. A mail that did not go out is 409 with the reason, and an event."""
    delivery = await send_code(context.hes, context.mail, id, body.to)
    return MailingAnswer(**vars(delivery))


@router.post("/ImportHardwareVaults")
async def import_hardware_vaults(hes: TheHes, body: Import) -> ImportAnswer:
    """Take over keys and licences, in the form of the licence server's answer.

    Known keys stay as they are, but learn a root key while they have shown none; another than they have shown is 409,
    as is one that no key could ever show.
    """
    for device in body.devices_dto:
        _check_root_key(device)
    licences: dict[str, list[LicenseImport]] = {}
    for licence in body.device_licenses_dto:
        licences.setdefault(licence.device_id, []).append(
            LicenseImport(licence.id, licence.end_date, licence.data, licence.license_order_id)
        )
    records = [
        VaultImport(
            id=device.device_id,
            mac=device.mac,
            rfid=device.rfid,
            model=device.model,
            firmware=device.firmware,
            licenses=tuple(licences.get(device.device_id, ())),
            root_key=device.root_key,
        )
        for device in body.devices_dto
    ]
    return ImportAnswer(imported=hes.vaults.import_vaults(records))


def _check_root_key(device: Device) -> None:
    if device.root_key is None:
        return
    try:
        public_point(device.root_key)
    except ChannelError:
        # Not a matter of its shape, which a schema could tell.
        raise HesRuleError(
            HesCode.None_,
            f"The root key of key {device.device_id} is no compressed point of P-256; nothing was imported.",
        ) from None


@router.post("/SuspendHardwareVault/{id}", status_code=204)
async def suspend_hardware_vault(hes: TheHes, id: Id, body: Move) -> None:
    """Suspend an Active key, with a new code."""
    await hes.vaults.suspend(id, body.description)


@router.post("/ActivateHardwareVault/{id}", status_code=204)
async def activate_hardware_vault(hes: TheHes, id: Id, body: Move) -> None:
    """Give a Locked key another chance, with a new code."""
    await hes.vaults.activate(id, body.description)


@router.post("/CompromiseHardwareVault/{id}", status_code=204)
async def compromise_hardware_vault(hes: TheHes, id: Id, body: Loss) -> None:
    """Report a key lost or stolen, for good."""
    await hes.vaults.compromise(
        id, reason=body.reason, retyped_id=body.retyped_id, description=body.description
    )


@router.post("/ForgetRootKey/{id}", status_code=204)
async def forget_root_key(hes: TheHes, id: Id) -> None:
    """Meet a Ready or Deactivated key as for the first time. A Deactivated one is not wiped, and is Ready."""
    await hes.vaults.forget_root_key(id)


@router.get("/GetAlarm")
async def get_alarm(hes: TheHes) -> AlarmAnswer:
    """Whether the alarm is on."""
    return AlarmAnswer(is_on=hes.alarm)


@router.put("/SetAlarm", status_code=204)
async def set_alarm(hes: TheHes, body: Alarm) -> None:
    """Raise or end the alarm."""
    hes.set_alarm(body.is_on)


@router.get("/GetEvents")
async def get_events(events: TheEvents, after: After = 0) -> list[EventAnswer]:
    """What happened after the event with this number; of older ones the last thousand are kept."""
    return [EventAnswer(number=kept.number, **vars(kept.event)) for kept in events.after(after)]
