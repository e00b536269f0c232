"""Long lists in parts, which are reached by plain links that keep the filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

PAGE_ROWS = 200

Row = TypeVar("Row")


@dataclass(frozen=True)
class Paging:
    """Where in a list a page stands.

    Attributes:
        start, size: the rows that are shown, of `total`; the first row of all is number 0.
        before, after: the addresses of the neighbouring pages, empty where there is none.
    """

    pages: int
    start: int
    size: int
    total: int
    before: str
    after: str

    @property
    def last(self) -> int:
        """How many rows there are up to the end of this page."""
        return min(self.start + self.size, self.total)


def paging_of(request: Request, total: int) -> Paging:
    """The page of `total` rows that the address asks for, or the nearest that there is."""
    asked = request.query_params.get("page", "")
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(int(asked), pages) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 1
    page = max(1, page)
    return Paging(
        pages=pages,
        start=(page - 1) * PAGE_ROWS,
        size=PAGE_ROWS,
        total=total,
        before=_address(request, page - 1) if page > 1 else "",
        after=_address(request, page + 1) if page < pages else "",
    )


def part_of(request: Request, rows: Sequence[Row]) -> tuple[Sequence[Row], Paging]:
    """The rows of the page that the address asks for."""
    paging = paging_of(request, len(rows))
    return rows[paging.start : paging.start + paging.size], paging


def _address(request: Request, page: int) -> str:
    return f"{request.url.path}?{urlencode({**request.query_params, 'page': str(page)})}"
