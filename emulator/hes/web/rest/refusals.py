"""How refusals and failures become answers: one shape, `Refusal`, for all of them."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from hideez_bench.emulator.hes.errors import HesRuleError, StoreConflict, StoreError, TooManyLogins
from hideez_bench.emulator.hes.mail.settings import MailError
from hideez_bench.emulator.hes.web.rest.bodies import Refusal
from hideez_bench.emulator.hes.web.security.door import SECURITY_HEADERS
from hideez_bench.emulator.hes.web.security.paths import OPEN_PATHS, SAFE_METHODS
from hideez_bench.emulator.hes.web.security.refusals import is_browsed, refusal_page

# What the framework says in two words, for people.
_SENTENCES = {
    "Not Found": "There is no such page.",
    "Method Not Allowed": "This address cannot be used in that way; nothing was changed.",
}


def answer_refusals(app: FastAPI, *, strict_compat: bool) -> None:
    """Have the application answer what its parts raise."""

    async def by_rule(request: Request, error: Exception) -> Response:
        code = error.code.name.rstrip("_") if isinstance(error, HesRuleError) else None
        status = 404 if code and "NotFound" in code else 409
        if strict_compat and (status == 409 or request.method not in SAFE_METHODS):
            status = 500
        return _answer(request, status, Refusal(error=str(error), code=code))

    async def of_mail(request: Request, error: Exception) -> Response:
        return _answer(request, 409, Refusal(error=str(error)))

    async def of_store(request: Request, error: Exception) -> Response:
        conflict = 500 if strict_compat else 409
        return _answer(
            request, conflict if isinstance(error, StoreConflict) else 503, Refusal(error=str(error))
        )

    async def of_crowd(request: Request, error: Exception) -> Response:
        return _answer(request, 503, Refusal(error=str(error)))

    async def of_request(request: Request, error: Exception) -> Response:
        if request.url.path in OPEN_PATHS:
            is_hidden = request.url.path == "/api/Identity/AuthN"
            return _answer(request, 400, Refusal(error="CredentialsNull" + "Exception" * is_hidden))
        wrong: dict[str, list[str]] = {}
        for fault in error.errors() if isinstance(error, RequestValidationError) else ():
            # Never what was sent: it may be a password.
            where = ".".join(str(part) for part in fault["loc"][1:]) or "body"
            wrong.setdefault(where, []).append(str(fault["msg"]))
        return _answer(
            request,
            400,
            Refusal(error="The request cannot be understood; nothing was changed.", errors=wrong),
        )

    async def of_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
        answer = _answer(request, error.status_code, Refusal(error=error.detail))
        answer.headers.update(error.headers or {})
        return answer

    async def of_ours(request: Request, error: Exception) -> Response:
        """The log has the fault; the asker learns nothing of it. This answer bypasses `Security`."""
        answer = _answer(request, 500, Refusal(error="The server failed; its log says why."))
        answer.headers.update(SECURITY_HEADERS)
        return answer

    app.add_exception_handler(HesRuleError, by_rule)
    app.add_exception_handler(MailError, of_mail)
    app.add_exception_handler(StoreError, of_store)
    app.add_exception_handler(TooManyLogins, of_crowd)
    app.add_exception_handler(RequestValidationError, of_request)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(Exception, of_ours)


def _answer(request: Request, status: int, refusal: Refusal) -> Response:
    """JSON; a page where a browser asks for one."""
    if is_browsed(request.scope):
        sentence = _SENTENCES.get(refusal.error, refusal.error)
        return HTMLResponse(refusal_page(sentence), status)
    return JSONResponse(refusal.model_dump(by_alias=True, exclude_none=True), status)
