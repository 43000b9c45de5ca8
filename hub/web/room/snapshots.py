"""The rooms' API for snapshots: a query over a table that was made in the room.

The body is one line of JSON, ``{"query": ...}``, and after the line's end the table as Parquet. Nothing of the table is
looked at here; it is read inside the evaluator's sandbox.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from saferoom.errors import BadInputError
from saferoom.hub.evaluator.runner import MOST_SNAPSHOT_BYTES
from saferoom.hub.web.room.api import EvaluationBody, Living, evaluated, read_body
from saferoom.hub.web.shell.bodies import parse_json
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rates import Rate

PATH = "/api/room/snapshots"
_MOST_HEAD = 1 << 20
MOST_BYTES = MOST_SNAPSHOT_BYTES + _MOST_HEAD
_MEBIBYTE = 1 << 20
router = APIRouter(prefix=PATH)


@router.post("")
async def evaluate(request: Request, who: Living) -> dict[str, Any]:
    """Compute and judge a query over a snapshot; the snapshot is kept with the evaluation."""
    parts = parts_of(request)
    parts.rates.spend(Rate.EVALUATIONS, who.username)
    data = await parts.intake.read(request, who.username)
    parts.rates.spend(Rate.FILE_MEBIBYTES, who.username, 1 + len(data) // _MEBIBYTE)
    end = data.find(b"\n", 0, _MOST_HEAD)
    if end < 0:
        raise BadInputError("send one line of JSON with the query, then the snapshot as Parquet")
    body = read_body(EvaluationBody, parse_json(data[:end]))
    return await run_in_threadpool(evaluated, parts, who, body.query, data[end + 1 :])
