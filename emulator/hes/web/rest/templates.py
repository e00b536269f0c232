"""/api/Templates: applications whose addresses and programs need not be typed again."""

# ruff: noqa: A002 - `id` is the name in the vendor's routes

from __future__ import annotations

from fastapi import APIRouter, Response

from hideez_bench.emulator.hes.account_records import TemplateDetails, TemplateView
from hideez_bench.emulator.hes.web.rest.bodies import Answer, Body, Id, Needed, Text
from hideez_bench.emulator.hes.web.rest.wiring import TheHes, check_same_id

router = APIRouter(prefix="/Templates", tags=["Templates"])


class TemplateBody(Body):
    """A template; several addresses or programs are separated by `;`."""

    name: Needed
    urls: Text | None = None
    apps: Text | None = None

    def details(self) -> TemplateDetails:
        """For the server."""
        return TemplateDetails(name=self.name, urls=self.urls or "", apps=self.apps or "")


class EditTemplateBody(TemplateBody):
    """The same, with the id once more."""

    id: Needed


class TemplateAnswer(Answer):
    """A template; of the addresses the hosts are left."""

    id: str
    name: str
    urls: str
    apps: str


@router.get("/GetTemplates")
async def get_templates(hes: TheHes) -> list[TemplateAnswer]:
    """Every template."""
    return [_answer(view) for view in hes.templates.list()]


@router.get("/GetTemplateById/{id}")
async def get_template_by_id(hes: TheHes, id: Id) -> TemplateAnswer:
    """One template."""
    return _answer(hes.templates.get(id))


@router.post("/CreateTemplate", status_code=201)
async def create_template(hes: TheHes, body: TemplateBody, response: Response) -> TemplateAnswer:
    """A new template."""
    created = _answer(hes.templates.create(body.details()))
    response.headers["location"] = f"/api/Templates/GetTemplateById/{created.id}"
    return created


@router.put("/EditTemplate/{id}", status_code=204)
async def edit_template(hes: TheHes, id: Id, body: EditTemplateBody) -> None:
    """Change a template."""
    check_same_id(id, body.id)
    hes.templates.edit(id, body.details())


@router.delete("/DeleteTemplate/{id}")
async def delete_template(hes: TheHes, id: Id) -> TemplateAnswer:
    """Delete a template."""
    deleted = _answer(hes.templates.get(id))
    hes.templates.delete(id)
    return deleted


def _answer(view: TemplateView) -> TemplateAnswer:
    return TemplateAnswer.model_validate(view)
