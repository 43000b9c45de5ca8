"""Calls with an Idempotency-Key: done once, answered as often as they come."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub.store.answers import Answer
from saferoom.hub.web.shell.parts import parts_of
from saferoom.projects.tokens.model import Holder

HEADER = "Idempotency-Key"
REPEATED = "Idempotent-Replayed"
LONGEST = 255
TOLD_ONCE = "no-store"
"""As the ``Cache-Control`` of an answer: there is a secret in it, and it is not kept."""
_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST}}}")


async def once(request: Request, holder: Holder, body: bytes, do: Callable[[], Awaitable[Response]]) -> Response:
    """Return the answer of `do`, or the answer that the same call was given before.

    Refusals are not kept: nothing was done, so the next call with the key is a new one. What broke off in a way that
    leaves open how far it came is not done again; the caller has to look.
    """
    key = _key_of(request)
    if key is None:
        return await do()
    answers = parts_of(request).instance.answers
    address = f"{request.method} {request.url.path}?{request.url.query}\n"
    before = await run_in_threadpool(answers.begin, holder.token, key, address.encode() + body)
    if before is not None:
        return _response(before)
    try:
        response = await do()
    except (RequestValidationError, HTTPException):
        await run_in_threadpool(answers.give_back, holder.token, key)
        raise
    except SaferoomError as error:
        if error.http_status < 500:
            await run_in_threadpool(answers.give_back, holder.token, key)
        raise
    if response.headers.get("Cache-Control") == TOLD_ONCE:
        # The key stays taken, so a repeat is refused rather than done again.
        return response
    answer = Answer(response.status_code, bytes(response.body).decode())
    await run_in_threadpool(answers.keep, holder.token, key, answer)
    return response


def _key_of(request: Request) -> str | None:
    keys = request.headers.getlist(HEADER)
    if request.method != "POST" or not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise BadInputError(f"the {HEADER} must be 1 to {LONGEST} visible ASCII characters, once", field=HEADER)
    return keys[0]


def _response(answer: Answer) -> Response:
    headers = {REPEATED: "true", "Cache-Control": "no-store"}
    return Response(answer.body, status_code=answer.status, media_type="application/json", headers=headers)
