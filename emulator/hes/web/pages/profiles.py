"""The access profiles."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from hideez_bench.emulator.hes.database.models import DEFAULT_PROFILE
from hideez_bench.emulator.hes.records import ProfileDetails, ProfileView
from hideez_bench.emulator.hes.web.pages.page import Pages, fields, way_back
from hideez_bench.protocol.errors import BenchError

LIST = "/profiles"
_CHECKS = (
    "button_connection",
    "button_storage_access",
    "pin_pairing",
    "pin_connection",
    "pin_storage_access",
    "master_key_connection",
)
_NUMBERS = {
    "pin_expiration": "time until the PIN is asked anew",
    "pin_length": "PIN length",
    "pin_try_count": "PIN tries",
}


@dataclass(frozen=True)
class ProfileRow:
    """A profile in the list: what is asked for when, in words."""

    profile: ProfileView
    is_default: bool
    pairing: str
    connection: str
    storage_access: str
    pin: str
    vaults: int


class ProfilePages:
    """`/profiles` and below."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._profiles = pages.hes.profiles

    def routes(self) -> list[BaseRoute]:
        """What is answered here."""
        route = self._pages.route
        return [
            route(LIST, self.all, viewers=True),
            route("/profiles/new", self.new_form),
            route("/profiles/new", self.create, methods=["POST"]),
            route("/profiles/{profile_id}/edit", self.edit_form),
            route("/profiles/{profile_id}/edit", self.edit, methods=["POST"]),
            route("/profiles/{profile_id}/delete", self.delete_form),
            route("/profiles/{profile_id}/delete", self.delete, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """The list."""
        rows = [_row(profile) for profile in self._profiles.list()]
        return self._pages.show(request, "profiles.html", rows=rows)

    async def new_form(self, request: Request) -> Response:
        """An empty profile, which is as the default one."""
        return await self._form(request, None, asdict(ProfileDetails(name="")))

    async def create(self, request: Request) -> Response:
        """Enter a profile."""
        typed = await fields(request)
        try:
            profile = self._profiles.create(_details(typed))
        except BenchError as refusal:
            return await self._form(request, None, _typed(typed), str(refusal))
        return self._pages.onward(
            request, await way_back(request, LIST), f"The profile {profile.name} was created."
        )

    async def edit_form(self, request: Request) -> Response:
        """A profile, to be changed."""
        profile = self._profiles.get(request.path_params["profile_id"])
        return await self._form(request, profile, asdict(profile))

    async def edit(self, request: Request) -> Response:
        """Change a profile."""
        profile = self._profiles.get(request.path_params["profile_id"])
        typed = await fields(request)
        try:
            self._profiles.edit(profile.id, _details(typed))
        except BenchError as refusal:
            return await self._form(request, profile, _typed(typed), str(refusal))
        return self._pages.onward(request, await way_back(request, LIST), "The profile was changed.")

    async def delete_form(self, request: Request) -> Response:
        """Ask once more."""
        return await self._delete_form(request)

    async def delete(self, request: Request) -> Response:
        """Delete a profile that no vault has."""
        profile = self._profiles.get(request.path_params["profile_id"])
        try:
            self._profiles.delete(profile.id)
        except BenchError as refusal:
            return await self._delete_form(request, str(refusal))
        return self._pages.onward(
            request, await way_back(request, LIST), f"The profile {profile.name} was deleted."
        )

    async def _form(
        self, request: Request, profile: ProfileView | None, typed: dict[str, Any], refusal: str = ""
    ) -> Response:
        return self._pages.form(
            request,
            "profile_edit.html",
            title="Edit the access profile" if profile else "Create an access profile",
            action=f"{LIST}/{profile.id}/edit" if profile else f"{LIST}/new",
            typed=typed,
            back=await way_back(request, LIST),
            refusal=refusal,
        )

    async def _delete_form(self, request: Request, refusal: str = "") -> Response:
        profile = self._profiles.get(request.path_params["profile_id"])
        text = f"The profile {profile.name} is deleted. One that a vault has stays."
        return self._pages.confirm(
            request,
            await way_back(request, LIST),
            "Delete the access profile",
            text,
            "Delete",
            danger=True,
            refusal=refusal,
        )


def _row(profile: ProfileView) -> ProfileRow:
    def asked(when: str) -> str:
        names = {"button": "button", "pin": "PIN", "master_key": "server"}
        return (
            ", ".join(name for what, name in names.items() if getattr(profile, f"{what}_{when}")) or "nothing"
        )

    return ProfileRow(
        profile=profile,
        is_default=profile.id == DEFAULT_PROFILE,
        pairing=asked("pairing"),
        connection=asked("connection"),
        storage_access=asked("storage_access"),
        pin=f"{profile.pin_length} digits, {profile.pin_try_count} tries, {_span(profile.pin_expiration)}",
        vaults=len(profile.vault_ids),
    )


def _span(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


def _typed(typed: dict[str, str]) -> dict[str, Any]:
    """What was typed, as the form shows it again."""
    checks = {name: name in typed for name in _CHECKS}
    numbers = {name: typed.get(name, "") for name in _NUMBERS}
    return {"name": typed.get("name", ""), **checks, **numbers}


def _details(typed: dict[str, str]) -> ProfileDetails:
    """What was typed; its limits are the rules' to check.

    Raises:
        BenchError: no number where one is asked for.
    """

    def number(name: str) -> int:
        text = typed.get(name, "")
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise BenchError(f"The {_NUMBERS[name]} must be a number; nothing was changed.")
        return int(text)

    return ProfileDetails(
        name=typed.get("name", ""),
        button_connection="button_connection" in typed,
        button_storage_access="button_storage_access" in typed,
        pin_pairing="pin_pairing" in typed,
        pin_connection="pin_connection" in typed,
        pin_storage_access="pin_storage_access" in typed,
        master_key_connection="master_key_connection" in typed,
        pin_expiration=number("pin_expiration"),
        pin_length=number("pin_length"),
        pin_try_count=number("pin_try_count"),
    )
