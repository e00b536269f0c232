"""The stream that tells open pages that something changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from hideez_bench.emulator.hes.errors import StoreError
from hideez_bench.emulator.hes.web.pages.live import MOST_OF_A_SESSION, Live
from hideez_bench.protocol.hes import SESSION_COOKIE
from hideez_bench.protocol.secret import SessionToken
from tests.hes.bench import SERIAL
from tests.hes_web.conftest import Site


def token(site: Site) -> SessionToken:
    return SessionToken.from_text(site.viewer.cookies[SESSION_COOKIE])


def cookies(visitor: httpx.AsyncClient) -> list[tuple[bytes, bytes]]:
    return [(b"cookie", f"{SESSION_COOKIE}={visitor.cookies[SESSION_COOKIE]}".encode())]


async def listen(site: Site, live: Live) -> AsyncIterator[str | bytes | memoryview]:
    """The stream of the viewer, from its second line on."""
    response = await live.stream(Request({"type": "http", "headers": cookies(site.viewer)}))
    assert isinstance(response, StreamingResponse)
    assert response.media_type == "text/event-stream"
    news = aiter(response.body_iterator)
    assert await anext(news) == "retry: 2000\n\n"
    return news


@pytest.fixture
def live(site: Site) -> Live:
    return Live(site.context)


async def test_tells_which_key_changed_and_nothing_else(site: Site, live: Live) -> None:
    news = await listen(site, live)
    await site.bench.assign()
    code = site.bench.hes.vaults.activation_code(SERIAL).reveal().decode()
    told = await anext(news)
    assert told == f'event: changed\ndata: ["{SERIAL}"]\n\n'
    assert code not in str(told)


async def test_news_that_come_while_others_are_sent_are_not_lost(site: Site, live: Live) -> None:
    news = await listen(site, live)
    await site.bench.assign()
    await anext(news)
    site.bench.hes.set_alarm(True)
    assert await anext(news) == 'event: changed\ndata: [""]\n\n'


async def test_ends_with_the_session(site: Site, live: Live) -> None:
    news = await listen(site, live)
    waiting = asyncio.ensure_future(anext(news))
    await asyncio.sleep(0)
    site.bench.hes.users.close_session(token(site))
    live.session_ended(token(site))
    assert await waiting == "event: ended\ndata:\n\n"
    assert [told async for told in news] == []


async def test_ends_with_the_server(site: Site, live: Live) -> None:
    news = await listen(site, live)
    site.context.stopping.set()
    assert [told async for told in news] == []


async def test_a_silent_stream_lives_and_notices_an_ended_session(site: Site) -> None:
    news = await listen(site, Live(site.context, heartbeat=0))
    assert await anext(news) == ": nothing new\n\n"
    site.bench.hes.users.close_session(token(site))
    assert await anext(news) == "event: ended\ndata:\n\n"


async def test_logging_out_ends_it(site: Site) -> None:
    answer = await site.stranger.get("/events")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_one_session_does_not_take_all_streams(site: Site, live: Live) -> None:
    opened = [await listen(site, live) for _ in range(MOST_OF_A_SESSION)]
    refused = await live.stream(Request({"type": "http", "headers": cookies(site.viewer)}))
    assert refused.status_code == 503
    other = await live.stream(Request({"type": "http", "headers": cookies(site.administrator)}))
    assert other.status_code == 200
    site.context.stopping.set()
    for news in opened:
        assert [told async for told in news] == []


async def test_a_database_that_fails_ends_it_in_peace(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(token: object) -> None:
        raise StoreError("The database is in use by another process.")

    news = await listen(site, Live(site.context))
    monkeypatch.setattr(site.context.hes.users, "session", fail)
    assert [told async for told in news] == []
