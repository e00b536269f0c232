"""What an administrator does with templates: applications whose addresses and programs need not be typed again."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sqlalchemy import select

from hideez_bench.emulator.hes import draw
from hideez_bench.emulator.hes.account_records import TemplateDetails, TemplateView
from hideez_bench.emulator.hes.core import Core
from hideez_bench.emulator.hes.database.org_models import Template
from hideez_bench.emulator.hes.database.rows import Rows
from hideez_bench.emulator.hes.errors import HesRuleError
from hideez_bench.emulator.hes.names import HesCode, HesEventKind

_HOST = re.compile(r"[\w-]+(\.[\w-]+)*")


class Templates:
    """The templates. A call about one that is not there raises `HesRuleError` TemplateNotFound."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def list(self) -> list[TemplateView]:
        """Every template, by name."""
        with self._core.store.transaction() as rows:
            return [_view(row) for row in rows.session.scalars(select(Template).order_by(Template.name))]

    def get(self, template_id: str) -> TemplateView:
        """A template."""
        with self._core.store.transaction() as rows:
            return _view(_for_admin(rows, template_id))

    def create(self, details: TemplateDetails) -> TemplateView:
        """A new template; of its addresses the hosts are kept, as with the vendor.

        Raises:
            HesRuleError: TemplateExist (the name is taken), IncorrectUrl; no name (no code).
        """
        with self._core.store.transaction() as rows:
            row = Template(id=draw.identifier(self._core.random))
            _fill(rows, row, details)
            rows.add(row)
            view = _view(row)
        self._core.tell(HesEventKind.ADMIN, "", f"enters the template {details.name}")
        return view

    def edit(self, template_id: str, details: TemplateDetails) -> None:
        """Change a template; raises as `create`."""
        with self._core.store.transaction() as rows:
            _fill(rows, _for_admin(rows, template_id), details)
        self._core.tell(HesEventKind.ADMIN, "", f"changes the template {details.name}")

    def delete(self, template_id: str) -> None:
        """Delete a template; accounts that were made with its help keep what they have."""
        with self._core.store.transaction() as rows:
            row = _for_admin(rows, template_id)
            rows.session.delete(row)
        self._core.tell(HesEventKind.ADMIN, "", f"deletes the template {row.name}")


def _fill(rows: Rows, row: Template, details: TemplateDetails) -> None:
    if not details.name.strip():
        raise HesRuleError(HesCode.None_, "A template needs a name; nothing was changed.")
    named = rows.session.scalar(select(Template).filter_by(name=details.name))
    if named is not None and named.id != row.id:
        raise HesRuleError(HesCode.TemplateExist, f"There is a template {details.name} already.")
    row.urls = "; ".join(_host(url.strip()) for url in details.urls.split(";")) if details.urls else ""
    row.name, row.apps = details.name, details.apps


def _host(url: str) -> str:
    """The host that an address names, with or without what stands around it."""
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host):
        raise HesRuleError(
            HesCode.IncorrectUrl,
            "An address of the template names no host; nothing was changed. Separate them by ;.",
        )
    return host


def _for_admin(rows: Rows, template_id: str) -> Template:
    row = rows.session.get(Template, template_id)
    if row is None:
        raise HesRuleError(
            HesCode.TemplateNotFound, f"The server has no template {template_id}; nothing was changed."
        )
    return row


def _view(row: Template) -> TemplateView:
    return TemplateView(id=row.id, name=row.name, urls=row.urls, apps=row.apps)
