"""/api/HardwareVaults, of access profiles: what a key asks for before it lets somebody in."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field, StrictBool

from hideez_bench.emulator.hes.records import ProfileDetails, ProfileView
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Id, IsNumber, Needed
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/HardwareVaults", tags=["HardwareVaults"])


class ProfileBody(Body):
    """An access profile. `buttonBonding` is always true and `masterKeyNewChannel` always false, whatever is sent."""

    name: Needed
    button_bonding: StrictBool = True
    button_connection: StrictBool = False
    button_new_channel: StrictBool = False
    pin_bonding: StrictBool = False
    pin_connection: StrictBool = False
    pin_new_channel: StrictBool = False
    master_key_connection: StrictBool = False
    master_key_new_channel: StrictBool = False
    pin_expiration: Annotated[int, Field(ge=60, le=172800), IsNumber] = 86400
    pin_length: Annotated[int, Field(ge=4, le=8), IsNumber] = 4
    pin_try_count: Annotated[int, Field(ge=3, le=10), IsNumber] = 10

    def details(self) -> ProfileDetails:
        """For the server."""
        return ProfileDetails(
            name=self.name,
            button_connection=self.button_connection,
            button_storage_access=self.button_new_channel,
            pin_pairing=self.pin_bonding,
            pin_connection=self.pin_connection,
            pin_storage_access=self.pin_new_channel,
            master_key_connection=self.master_key_connection,
            pin_expiration=self.pin_expiration,
            pin_length=self.pin_length,
            pin_try_count=self.pin_try_count,
        )


class EditProfileBody(ProfileBody):
    """The same, with the id once more."""

    id: Needed


class ProfileAnswer(Answer):
    """An access profile. Pairing is a new bond, storage access a further channel; expiration in seconds."""

    id: str
    name: str
    button_pairing: bool
    button_connection: bool
    button_storage_access: bool
    pin_pairing: bool
    pin_connection: bool
    pin_storage_access: bool
    master_key_pairing: bool
    master_key_connection: bool
    master_key_storage_access: bool
    pin_expiration: int
    pin_length: int
    pin_try_count: int


@router.get("/GetProfiles")
async def get_profiles(hes: TheHes) -> list[ProfileAnswer]:
    """Every profile."""
    return [_answer(view) for view in hes.profiles.list()]


@router.get("/GetProfileById/{id}")
async def get_profile_by_id(hes: TheHes, id: Id) -> ProfileAnswer:
    """One profile."""
    return _answer(hes.profiles.get(id))


@router.post("/CreateProfile", status_code=201)
async def create_profile(hes: TheHes, body: ProfileBody, response: Response) -> ProfileAnswer:
    """A new profile."""
    created = _answer(hes.profiles.create(body.details()))
    response.headers["location"] = f"/api/HardwareVaults/GetProfileById/{created.id}"
    return created


@router.put("/EditProfile/{id}", status_code=204)
async def edit_profile(hes: TheHes, id: Id, body: EditProfileBody) -> None:
    """Change a profile; its keys hear of it as soon as they can."""
    check_same_id(id, body.id)
    hes.profiles.edit(id, body.details())


@router.delete("/DeleteProfile/{id}", status_code=204)
async def delete_profile(hes: TheHes, id: Id) -> None:
    """Delete a profile that no key has."""
    hes.profiles.delete(id)


def _answer(view: ProfileView) -> ProfileAnswer:
    return ProfileAnswer.model_validate(view)
