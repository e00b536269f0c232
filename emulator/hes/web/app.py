"""Hideez Enterprise Server as one web application: pages for people, REST for machines, hubs for clients."""

from __future__ import annotations

from fastapi import FastAPI

from hideez_bench.emulator.hes.web.context import WebContext, WebSettings
from hideez_bench.emulator.hes.web.events import RecentEvents
from hideez_bench.emulator.hes.web.hubs import routes as hubs
from hideez_bench.emulator.hes.web.pages import routes as pages
from hideez_bench.emulator.hes.web.rest import openapi, refusals
from hideez_bench.emulator.hes.web.rest import routes as rest
from hideez_bench.emulator.hes.web.security.door import Security

__all__ = ["WebContext", "WebSettings", "create_app"]


def create_app(context: WebContext) -> FastAPI:
    """The application around one server. Who makes it closes the server after it."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.context = context
    app.state.events = RecentEvents(context.hes)
    app.add_middleware(Security, context=context)
    refusals.answer_refusals(app, strict_compat=context.settings.strict_compat)
    app.include_router(rest.router())
    app.router.routes += openapi.routes()
    app.router.routes += hubs.routes(context)
    app.router.routes += pages.routes(context)
    return app
