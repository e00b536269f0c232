"""/swagger: the OpenAPI document of /api, and a page to try it. Nothing is loaded from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path

from hideez_bench.emulator.hes.web.rest.bodies import Refusal
from hideez_bench.emulator.hes.web.security.door import SECURITY_HEADERS
from hideez_bench.emulator.hes.web.security.paths import OPEN_PATHS
from hideez_bench.protocol.hes import SESSION_COOKIE

HERE = Path(__file__).parent
DOCUMENT = "/swagger/v1/swagger.json"

ALWAYS = {
    401: "There is no session.",
    403: "Not for this role, or asked from a page of another site.",
    421: "The server does not answer to that name.",
    500: "The server failed; with strict compatibility also what the rules refuse.",
    503: "The database cannot be used, or too many log in just now; nothing was kept.",
}
WITH_A_BODY = {
    400: "The request cannot be understood.",
    413: "The body is too large.",
    415: "The body is no JSON.",
}
NOT_THERE = {404: "There is no such thing."}
AGAINST_THE_RULES = {409: "The rules do not allow it; nothing was changed."}


def routes() -> list[BaseRoute]:
    """The page, its files and the document."""
    return [
        Route("/swagger", _page),
        Route(DOCUMENT, _document),
        Route("/swagger/start.js", lambda request: FileResponse(HERE / "swagger.js")),
        Mount("/swagger/ui", StaticFiles(directory=swagger_ui_path)),
    ]


async def _page(request: Request) -> Response:
    # Its style sheet holds its pictures.
    policy = SECURITY_HEADERS["content-security-policy"] + "; img-src 'self' data:"
    return FileResponse(HERE / "swagger.html", headers={"content-security-policy": policy})


async def _document(request: Request) -> Response:
    return JSONResponse(document(request.app))


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document: every route below /api, with every answer that it can give."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        openapi_version="3.0.3",  # swagger-ui-bundle's page knows nothing newer
        title="Hideez Enterprise Server, a stand-in",
        version="1",
        description="The vendor's routes, and /api/bench for what the vendor has in its pages.",
        routes=app.routes,
    )
    schemas = made["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Refusal"] = Refusal.model_json_schema(by_alias=True, ref_template="#/components/schemas/{model}")
    made["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE}
    }
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    described: dict[str, Any] = _nullable(made)
    return described


def _nullable(node: Any) -> Any:
    """What may be null, as OpenAPI 3.0 writes it; pydantic writes it as 3.1 does."""
    if isinstance(node, list):
        return [_nullable(part) for part in node]
    if not isinstance(node, dict):
        return node
    node = {name: _nullable(part) for name, part in node.items()}
    options = node.get("anyOf", [])
    if {"type": "null"} not in options:
        return node
    del node["anyOf"]
    (schema,) = (option for option in options if option != {"type": "null"})
    return node | ({"allOf": [schema]} if "$ref" in schema else schema) | {"nullable": True}


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    operation["security"] = [] if path in OPEN_PATHS else [{"session": []}]
    answers: dict[int, str] = dict(ALWAYS)
    if "requestBody" in operation or "parameters" in operation:
        answers |= {400: WITH_A_BODY[400]}
    if "requestBody" in operation:
        answers |= WITH_A_BODY
    if method != "get":
        answers |= {413: WITH_A_BODY[413], 415: WITH_A_BODY[415]}
    if "{" in path or (method != "get" and "requestBody" in operation):
        answers |= NOT_THERE
    if method != "get":
        answers |= AGAINST_THE_RULES
    operation["responses"].pop("422", None)
    for status, text in answers.items():
        operation["responses"][str(status)] = {
            "description": text,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
        }
