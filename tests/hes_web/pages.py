"""A browser without scripts: it opens pages and sends the forms that it finds there."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import httpx


class Forms(HTMLParser):
    """What the forms of a page would send as they are: for each action the names and values of its fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] = {}
        self._select = ""
        self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._form = self.forms.setdefault(values["action"], {})
            case "input" if values.get("name"):
                is_choice = values.get("type") in ("checkbox", "radio")
                if not is_choice or "checked" in values:
                    self._form[values["name"]] = values.get("value", "")
            case "select":
                self._select = values["name"]
            case "option" if self._select and ("selected" in values or self._select not in self._form):
                self._form[self._select] = values.get("value", "")
            case "textarea":
                self._area = values["name"]
                self._form[self._area] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self._form[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""


class Page:
    """A page that was answered."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.status = response.status_code
        self.text = response.text
        self.forms = Forms(response.text).forms

    @property
    def words(self) -> str:
        """What a person reads: the text without tags."""
        text = re.sub(r"<[^>]*>", " ", self.text)
        return re.sub(r"\s+", " ", unescape(text))

    @property
    def refusal(self) -> str:
        """What is told as a refusal."""
        found = re.search(r'<p class="notice bad" role="alert">(.*?)</p>', self.text, re.DOTALL)
        return unescape(found[1]) if found else ""


class Visitor:
    """Somebody with a session."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, path: str) -> Page:
        return Page(await self.client.get(path, follow_redirects=True))

    async def send(self, at: str, to: str = "", **typed: str) -> Page:
        """Open a page, fill in its form (that which goes to `to`, where there are several), send it, and follow."""
        page = await self.open(at)
        values = page.forms[to or at.partition("?")[0]] | typed
        return Page(await self.client.post(to or at.partition("?")[0], data=values, follow_redirects=True))
