"""What the API answers when it refuses: one shape, one code for each status, no word of what was sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from saferoom.errors import BadInputError, SaferoomError, StaleVersionError, TooManyError
from saferoom.hub.web.shell.disks import disk_error
from saferoom.hub.web.texts import errors as texts

STALE = "stale-version"


class Problem(BaseModel):
    """Why a call was refused."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    code: str
    """A stable word, as ``forbidden`` or ``stale-version``."""
    message: str
    """A sentence for a person."""
    field: str | None = None
    """Which field of the body or address is wrong, as ``terms.until``."""


class Refusal(BaseModel):
    """The answer to a call that was refused."""

    error: Problem


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": texts.HEADINGS[status]}
    for status in (401, 403, 404, 409, 413, 422, 429, 503)
}


def add_handlers(app: FastAPI) -> None:
    """Let `app` answer every error as a `Refusal`."""
    app.add_exception_handler(SaferoomError, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(RequestValidationError, _misaddressed)
    app.add_exception_handler(OSError, disk_error(_refused))
    app.add_exception_handler(Exception, _defect)


def retry_after(error: Exception) -> dict[str, str]:
    """Return the header that says when to try again, where waiting helps."""
    return {"Retry-After": str(error.after)} if isinstance(error, TooManyError) and error.after else {}


def _answer(status: int, message: str, field: str = "", code: str = "") -> Response:
    problem = Problem(code=code or texts.CODES.get(status, "error"), message=message, field=field or None)
    body = Refusal(error=problem).model_dump(exclude_none=True)
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return JSONResponse(body, status_code=status, headers=headers)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, SaferoomError):
        return await _defect(_request, error)
    field = error.field if isinstance(error, BadInputError) else ""
    code = STALE if isinstance(error, StaleVersionError) else ""
    answer = _answer(error.http_status, error.message, field, code)
    answer.headers.update(retry_after(error))
    return answer


async def _not_routed(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _answer(status, texts.API_SENTENCES.get(status, texts.NOT_POSSIBLE))


async def _misaddressed(_request: Request, error: Exception) -> Response:
    """Answer to parameters of the address that are wrong; bodies were checked before."""
    places = [one["loc"] for one in error.errors()] if isinstance(error, RequestValidationError) else []
    field = str(places[0][-1]) if places else ""
    return _answer(422, f"the parameter '{field}' of the address is missing or not one that can be", field)


async def _defect(_request: Request, _error: Exception) -> Response:
    return _answer(500, texts.API_DEFECT, code="defect")
