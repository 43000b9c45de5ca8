"""The rooms' API for files: a file comes as the bare body of a request, and is opened and screened before it is kept.

As elsewhere in this API the person and the project come from the token. What the request says of the body's type is not
looked at: the type is told from the bytes.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.errors import BadInputError
from saferoom.hub.web.room import answers
from saferoom.hub.web.room.api import Living
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.ids import EvaluationId
from saferoom.projects.airlock.uploads import Upload, check_size, tidy_name

PATH = "/api/room/files"
router = APIRouter(prefix=PATH)
_MEBIBYTE = 1 << 20


@router.post("", status_code=201)
async def upload(request: Request, who: Living) -> dict[str, Any]:
    """Take a file, open it, screen it, and keep it with what was found.

    ``?name=`` is the file's name; ``?evaluation=`` names the statistic whose numbers the file holds, if it does.
    """
    parts = parts_of(request)
    parts.rates.spend(Rate.FILES, who.username)
    name, query_of = _asked(request)
    data = await parts.intake.read(request, who.username)
    check_size(data)
    parts.rates.spend(Rate.FILE_MEBIBYTES, who.username, 1 + len(data) // _MEBIBYTE)
    return await run_in_threadpool(_upload, parts, Upload(who.username, who.project, name, data, query_of))


def _asked(request: Request) -> tuple[str, EvaluationId | None]:
    """Return the file's name and the statistic it holds, from the address."""
    pairs = request.query_params.multi_items()
    asked = dict(pairs)
    if len(asked) != len(pairs) or not set(asked) <= {"name", "evaluation"} or "name" not in asked:
        raise BadInputError("name the file once, as ?name=...; ?evaluation=... may name the statistic it holds")
    evaluation = asked.get("evaluation")
    return tidy_name(asked["name"]), EvaluationId(evaluation[:100]) if evaluation else None


def _upload(parts: Parts, upload: Upload) -> dict[str, Any]:
    screened = parts.screener.screen(upload)
    record = parts.instance.airlock.record_file(upload, screened)
    return answers.file(record, screened.report)


@router.get("")
async def uploads(request: Request, who: Living) -> list[dict[str, Any]]:
    """List the person's own uploads in this project, newest first."""
    parts = parts_of(request)
    parts.rates.spend(Rate.CALLS, who.username)
    found = await run_in_threadpool(parts.instance.airlock.files_of, who.username, who.project)
    return [answers.file(record, report) for record, report in found]
